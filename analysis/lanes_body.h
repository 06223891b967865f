/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The loops of lanes.h that need no intrinsics: lanes_FORM.c includes them,
 * with VECTOR_BYTES, to be compiled for its machine.  Nothing here is fused
 * (-ffp-contract=off).
 */
#include <math.h>
#include <string.h>

#include "exp_terms.h"
#include "lanes.h"

/* ---- e^x ---------------------------------------------------------------- */

typedef double reals __attribute__((vector_size(VECTOR_BYTES)));
typedef int64_t masks __attribute__((vector_size(VECTOR_BYTES)));

enum {
  AT_ONCE = 4, /* vectors: one's next step waits while others' are done */
  WIDTH = VECTOR_BYTES / 8,
  ROWS = 2, /* of ULP_LANES, in a block */
  BLOCK = ROWS * ULP_LANES
};
#define EACH                                                                   \
  _Pragma("GCC unroll 4")                                                      \
  for (int i = 0; i < AT_ONCE; i++)

static inline reals where(masks m, reals x) { return (reals)(m & (masks)x); }

/* ulp_exp of AT_ONCE vectors, and 0 where it may overflow or leave the normal
 * range.  All bits are set in `odd` where it does without being 0. */
static inline masks plain_exps(double *y, const double *x)
{
  /* x / ln 2, rounded, is left in the low bits of a sum of 2^52 and more. */
  const double shift = 0x1.8p52;
  reals r[AT_ONCE], lost[AT_ONCE], t[AT_ONCE], sum[AT_ONCE];
  masks odd = {0}, normal[AT_ONCE];
  EACH
  {
    reals z;
    memcpy(&z, x + i * WIDTH, sizeof z);
    normal[i] = (z > -708.0) & (z < 709.0);
    odd |= ~normal[i] & ~(z <= -746.0);
    z = where(normal[i], z);
    t[i] = z * EXP_INVERSE_LN2 + shift;
    reals k = t[i] - shift;
    reals high = z - k * EXP_LN2_HIGH, low = k * EXP_LN2_LOW;
    r[i] = high - low;
    lost[i] = (high - r[i]) - low;
    sum[i] = (reals){0} + exp_terms[0];
  }
  for (int j = 1; j < EXP_TERMS; j++)
    EACH
    sum[i] = sum[i] * r[i] + exp_terms[j];
  EACH
  {
    reals e = 1.0 + (r[i] + (lost[i] + r[i] * r[i] * sum[i]));
    e = where(normal[i], e * (reals)(((masks)t[i] + 1023) << 52));
    memcpy(y + i * WIDTH, &e, sizeof e);
  }
  return odd;
}

/* y = ulp_exp(x), a block; y is not x. */
static inline void exp_block(double *y, const double *x)
{
  masks odd = {0};
  int64_t any = 0;
  for (int i = 0; i < BLOCK; i += AT_ONCE * WIDTH)
    odd |= plain_exps(y + i, x + i);
  for (int i = 0; i < WIDTH; i++)
    any |= odd[i];
  for (int i = 0; any && i < BLOCK; i++)
    y[i] = ulp_exp(x[i]);
}

static size_t block_of(size_t n) { return n < BLOCK ? n : BLOCK; }

static void exps(double *y, const double *x, size_t n)
{
  double in[BLOCK] = {0}, out[BLOCK];
  for (size_t i = 0; i < n; i += BLOCK) {
    memcpy(in, x + i, block_of(n - i) * sizeof *in);
    exp_block(out, in);
    memcpy(y + i, out, block_of(n - i) * sizeof *out);
  }
}

/* ---- arrays ------------------------------------------------------------- */

/* y may be x where their types are the same. */
#define DEFINE_CAST(NAME, TO, FROM, CAST)                                      \
  static void NAME(TO *y, const FROM *x, size_t n)                             \
  {                                                                            \
    size_t i = 0;                                                              \
    for (; i + ULP_LANES <= n; i += ULP_LANES) {                               \
      FROM in[ULP_LANES];                                                      \
      memcpy(in, x + i, sizeof in);                                            \
      for (int l = 0; l < ULP_LANES; l++)                                      \
        y[i + (size_t)l] = CAST in[l];                                         \
    }                                                                          \
    for (; i < n; i++)                                                         \
      y[i] = CAST x[i];                                                        \
  }
DEFINE_CAST(narrow, float, double, (float))
DEFINE_CAST(widen, double, float, (double))
DEFINE_CAST(round_f32, double, double, (double)(float))

#define DEFINE_SILU(NAME, REAL)                                                \
  static void NAME(double *x, const double *y, size_t n)                       \
  {                                                                            \
    double g[BLOCK] = {0}, u[BLOCK] = {0}, minus[BLOCK], e[BLOCK];             \
    for (size_t i = 0; i < n; i += BLOCK) {                                    \
      memcpy(g, x + i, block_of(n - i) * sizeof *g);                           \
      memcpy(u, y + i, block_of(n - i) * sizeof *u);                           \
      for (int l = 0; l < BLOCK; l++)                                          \
        minus[l] = -g[l];                                                      \
      exp_block(e, minus);                                                     \
      for (int l = 0; l < BLOCK; l++) {                                        \
        double sum = (double)(REAL)(1 + (double)(REAL)e[l]);                   \
        e[l] = (double)(REAL)((double)(REAL)(g[l] / sum) * u[l]);              \
      }                                                                        \
      memcpy(x + i, e, block_of(n - i) * sizeof *e);                           \
    }                                                                          \
  }
DEFINE_SILU(silu_f64, double)
DEFINE_SILU(silu_f32, float)

/* ---- lanes -------------------------------------------------------------- */

#define DEFINE_SCALE(NAME, REAL)                                               \
  static void NAME(REAL *restrict p, size_t n, REAL scale, REAL *restrict most)\
  {                                                                            \
    REAL m[ULP_LANES];                                                         \
    for (int l = 0; l < ULP_LANES; l++)                                        \
      m[l] = (REAL)-INFINITY;                                                  \
    for (size_t t = 0; t < n; t++, p += ULP_LANES)                             \
      for (int l = 0; l < ULP_LANES; l++) {                                    \
        REAL x = p[l] * scale;                                                 \
        p[l] = x;                                                              \
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
    REAL sum[ULP_LANES] = {0}, *row = p;                                       \
    double x[BLOCK] = {0}, y[BLOCK];                                           \
    for (size_t t = 0; t < n; t += ROWS, row += BLOCK) {                       \
      int rows = n - t < ROWS ? (int)(n - t) : ROWS;                           \
      for (int r = 0; r < rows; r++)                                           \
        for (int l = 0; l < ULP_LANES; l++)                                    \
          x[r * ULP_LANES + l] =                                               \
              (double)(REAL)(row[r * ULP_LANES + l] - most[l]);                \
      exp_block(y, x);                                                         \
      for (int r = 0; r < rows; r++)                                           \
        for (int l = 0; l < ULP_LANES; l++) {                                  \
          row[r * ULP_LANES + l] = (REAL)y[r * ULP_LANES + l];                 \
          sum[l] += row[r * ULP_LANES + l];                                    \
        }                                                                      \
    }                                                                          \
    for (size_t t = 0; t < n; t++, p += ULP_LANES)                             \
      for (int l = 0; l < ULP_LANES; l++)                                      \
        p[l] /= sum[l];                                                        \
  }
DEFINE_SOFTMAX(softmax_f64, double)
DEFINE_SOFTMAX(softmax_f32, float)

/* A form's table, after its panel_f64. */
#define LANES_TABLE                                                            \
  {panel_f64, narrow, widen, round_f32, exps, silu_f64, silu_f32, scale_f64,   \
   scale_f32, softmax_f64, softmax_f32}
