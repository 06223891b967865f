/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The loops of lanes.h that need no intrinsics: lanes_FORM.c includes them to
 * be compiled for its machine.  Nothing here is fused (-ffp-contract=off).
 */
#include <math.h>
#include <string.h>

#include "exp_terms.h"
#include "lanes.h"

/* ulp_exp where it neither overflows nor leaves the normal range; without a
 * branch, so that lanes go side by side.  Below that it is 0, and so are lanes
 * of which `is_odd` says that ulp_exp is to be asked. */
static inline double plain_exp(double x)
{
  /* rint(x / ln 2) is left in the low bits of a sum of 2^52 and more. */
  const double shift = 0x1.8p52;
  double z = x > EXP_LEAST ? x : 0;
  z = z < EXP_MOST ? z : 0;
  double t = z * EXP_INVERSE_LN2 + shift, k = t - shift;
  double high = z - k * EXP_LN2_HIGH, low = k * EXP_LN2_LOW;
  double r = high - low, lost = (high - r) - low;
  double y = 1 + (r + (lost + r * r * exp_terms(r))), power;
  uint64_t bits;
  memcpy(&bits, &t, sizeof bits);
  bits = (bits + 1023) << 52;
  memcpy(&power, &bits, sizeof power);
  return x > EXP_LEAST ? y * power : 0;
}

static inline int is_odd(double x)
{
  return (x >= EXP_MOST) | (x != x) | ((x <= EXP_LEAST) & (x > -746));
}

/* Not of one loop with what is around it, which would keep either from being
 * done side by side.  y may be x. */
static inline void exp_lanes(double *y, const double *x)
{
  double in[ULP_LANES], out[ULP_LANES];
  int odd = 0;
  memcpy(in, x, sizeof in);
  for (int l = 0; l < ULP_LANES; l++) {
    out[l] = plain_exp(in[l]);
    odd |= is_odd(in[l]);
  }
  for (int l = 0; odd && l < ULP_LANES; l++)
    out[l] = ulp_exp(in[l]);
  memcpy(y, out, sizeof out);
}

static void exps(double *y, const double *x, size_t n)
{
  for (; n >= ULP_LANES; n -= ULP_LANES, x += ULP_LANES, y += ULP_LANES)
    exp_lanes(y, x);
  for (size_t i = 0; i < n; i++)
    y[i] = ulp_exp(x[i]);
}

/* y[i] of x[i], ULP_LANES at a time and then one by one. */
#define DEFINE_CAST(NAME, TO, FROM, CAST)                                      \
  static void NAME(TO *y, const FROM *x, size_t n)                             \
  {                                                                            \
    for (; n >= ULP_LANES; n -= ULP_LANES, x += ULP_LANES, y += ULP_LANES) {   \
      FROM in[ULP_LANES];                                                      \
      memcpy(in, x, sizeof in);                                                \
      for (int l = 0; l < ULP_LANES; l++)                                      \
        y[l] = CAST in[l];                                                     \
    }                                                                          \
    for (size_t i = 0; i < n; i++)                                             \
      y[i] = CAST x[i];                                                        \
  }
DEFINE_CAST(narrow, float, double, (float))
DEFINE_CAST(widen, double, float, (double))
DEFINE_CAST(round_f32, double, double, (double)(float))

#define DEFINE_SILU(NAME, REAL)                                                \
  static void NAME(double *x, const double *y, size_t n)                       \
  {                                                                            \
    double g[ULP_LANES], u[ULP_LANES], e[ULP_LANES];                           \
    for (size_t i = 0; i < n; i += ULP_LANES) {                                \
      size_t some = n - i < ULP_LANES ? n - i : ULP_LANES;                     \
      if (some < ULP_LANES) {                                                  \
        memset(g, 0, sizeof g);                                                \
        memset(u, 0, sizeof u);                                                \
      }                                                                        \
      memcpy(g, x + i, some * sizeof *g);                                      \
      memcpy(u, y + i, some * sizeof *u);                                      \
      for (int l = 0; l < ULP_LANES; l++)                                      \
        e[l] = -g[l];                                                          \
      exp_lanes(e, e);                                                         \
      for (int l = 0; l < ULP_LANES; l++) {                                    \
        double sum = (double)(REAL)(1 + (double)(REAL)e[l]);                   \
        u[l] = (double)(REAL)((double)(REAL)(g[l] / sum) * u[l]);              \
      }                                                                        \
      memcpy(x + i, u, some * sizeof *u);                                      \
    }                                                                          \
  }
DEFINE_SILU(silu_f64, double)
DEFINE_SILU(silu_f32, float)

#define DEFINE_SCALE(NAME, REAL)                                               \
  static void NAME(REAL *restrict p, size_t n, REAL scale, REAL *restrict most)\
  {                                                                            \
    REAL m[ULP_LANES];                                                         \
    for (int l = 0; l < ULP_LANES; l++)                                        \
      m[l] = (REAL)-INFINITY;                                                  \
    for (size_t t = 0; t < n; t++)                                             \
      for (int l = 0; l < ULP_LANES; l++) {                                    \
        REAL x = p[t * ULP_LANES + (size_t)l] * scale;                         \
        p[t * ULP_LANES + (size_t)l] = x;                                      \
        m[l] = x > m[l] ? x : m[l];                                            \
      }                                                                        \
    memcpy(most, m, sizeof m);                                                 \
  }
DEFINE_SCALE(scale_f64, double)
DEFINE_SCALE(scale_f32, float)

/* A NaN among a lane's numbers is in its sum, and so in all of them. */
#define DEFINE_SOFTMAX(NAME, REAL)                                             \
  static void NAME(REAL *restrict p, size_t n, const REAL *restrict most)      \
  {                                                                            \
    REAL sum[ULP_LANES] = {0};                                                 \
    double x[ULP_LANES], y[ULP_LANES];                                         \
    for (size_t t = 0; t < n; t++, p += ULP_LANES) {                           \
      for (int l = 0; l < ULP_LANES; l++)                                      \
        x[l] = (double)(REAL)(p[l] - most[l]);                                 \
      exp_lanes(y, x);                                                         \
      for (int l = 0; l < ULP_LANES; l++) {                                    \
        p[l] = (REAL)y[l];                                                     \
        sum[l] += (REAL)y[l];                                                  \
      }                                                                        \
    }                                                                          \
    for (size_t t = 0; t < n; t++) {                                           \
      p -= ULP_LANES;                                                          \
      for (int l = 0; l < ULP_LANES; l++)                                      \
        p[l] /= sum[l];                                                        \
    }                                                                          \
  }
DEFINE_SOFTMAX(softmax_f64, double)
DEFINE_SOFTMAX(softmax_f32, float)

/* The table of a form; its panel_f64 stands before this. */
#define LANES_TABLE                                                            \
  {panel_f64, narrow, widen, round_f32, exps, silu_f64, silu_f32, scale_f64,   \
   scale_f32, softmax_f64, softmax_f32}
