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
 * done side by side. */
static inline void exp_lanes(double *restrict y, const double *restrict x)
{
  int odd = 0;
  for (int l = 0; l < ULP_LANES; l++) {
    y[l] = plain_exp(x[l]);
    odd |= is_odd(x[l]);
  }
  for (int l = 0; odd && l < ULP_LANES; l++)
    y[l] = ulp_exp(x[l]);
}

static void exps(double *y, const double *x, size_t n)
{
  for (; n >= ULP_LANES; n -= ULP_LANES, x += ULP_LANES, y += ULP_LANES) {
    double in[ULP_LANES], out[ULP_LANES];
    memcpy(in, x, sizeof in);
    exp_lanes(out, in);
    memcpy(y, out, sizeof out);
  }
  for (size_t i = 0; i < n; i++)
    y[i] = ulp_exp(x[i]);
}

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
