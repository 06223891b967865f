/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/formula_eval.c: formulas evaluated on a stack, for one set of
 * variables or for many at once.
 */
#include <math.h>
#include <string.h>

#include "formula_steps.h"

/* ---- operations --------------------------------------------------------- */

static double toward_zero(double x)
{
  const uint64_t exponent = UINT64_C(0x7ff) << 52;
  uint64_t bits;
  int k;
  memcpy(&bits, &x, sizeof bits);
  if ((bits & exponent) != 0) { /* Inf and NaN stay as they are */
    if ((bits & exponent) != exponent) bits &= UINT64_C(0xfff) << 52;
    memcpy(&x, &bits, sizeof x);
    return x;
  }
  if (x == 0) return x;
  (void)frexp(x, &k);
  return copysign(ldexp(1, k - 1), x);
}

static double away(double x)
{
  double t = toward_zero(x);
  return t == x || x == 0 || !isfinite(x) ? x : 2 * t;
}

/* As the bits of a float do it: the sum of the exponent and significand fields
 * carries; Inf and NaN stay as they are (TorchAO masks them later). */
static double even(double x, double bits)
{
  float narrow = (float)x;
  uint32_t u;
  int m = bits >= 0 && bits < 23 ? (int)bits : 22;
  memcpy(&u, &narrow, sizeof u);
  if (!isfinite(narrow)) return x;
  u = (u + (UINT32_C(1) << (22 - m))) & UINT32_C(0xff800000);
  memcpy(&narrow, &u, sizeof u);
  return (double)narrow;
}

static double least(double x, double y)
{
  return isnan(x) || isnan(y) ? NAN : x < y ? x : y;
}

static double greatest(double x, double y)
{
  return isnan(x) || isnan(y) ? NAN : x > y ? x : y;
}

static double exp2log(double x)
{
  return x > 0 && isfinite(x) ? ldexp(1, (int)floorf(log2f((float)x))) : x;
}

static double ceil2log(double x)
{
  return x > 0 && isfinite(x) ? ldexp(1, (int)ceilf(log2f((float)x))) : x;
}

double ulp_round_in(ulp_arithmetic in, double x)
{
  float narrow = (float)x;
  uint32_t u;
  if (in == ULP_IN_F64) return x;
  if (in == ULP_IN_F32 || !isfinite(narrow)) return (double)narrow;
  memcpy(&u, &narrow, sizeof u);
  u = (u + 0x7fff + (u >> 16 & 1)) & UINT32_C(0xffff0000);
  memcpy(&narrow, &u, sizeof u);
  return (double)narrow;
}

static bool is_binary(operation op)
{
  return (op >= ADD && op <= DIVIDE) || op == MIN || op == MAX || op == EVEN ||
         op == OK || op == WHEN || op == FINITE;
}

/* ---- lanes -------------------------------------------------------------- */

/* Compiled for one lane and for many, so that the compiler can count. */
#define LANES_OF static inline __attribute__((always_inline))
#define EACH(value)               \
  for (int i = 0; i < lanes; i++) \
    x[i] = (real)(value);         \
  break

#define real double
#define NAMED(name) name##_f64
#include "formula_lanes.h"
#undef real
#undef NAMED

#define real float
#define NAMED(name) name##_f32
#include "formula_lanes.h"
#undef real
#undef NAMED

double ulp_formula_eval(const ulp_formula *f, ulp_arithmetic in,
                        const double variable[ULP_VARIABLES])
{
  double number[ULP_FORMULA_STEPS];
  bool one[ULP_FORMULA_STEPS];
  eval_f64(f, in, 1, &(stack_f64){number, one}, variable, NULL);
  return number[0];
}

static void many_f32(const ulp_formula *f, double out[ULP_FORMULA_LANES],
                     const double variable[ULP_VARIABLES],
                     const double *const lane[ULP_VARIABLES])
{
  float number[ULP_FORMULA_STEPS * ULP_FORMULA_LANES];
  bool one[ULP_FORMULA_STEPS];
  eval_f32(f, ULP_IN_F32, ULP_FORMULA_LANES, &(stack_f32){number, one},
           variable, lane);
  for (int i = 0; i < ULP_FORMULA_LANES; i++)
    out[i] = (double)number[i];
}

void ulp_formula_eval_many(const ulp_formula *f, ulp_arithmetic in,
                           double out[ULP_FORMULA_LANES],
                           const double variable[ULP_VARIABLES],
                           const double *const lane[ULP_VARIABLES])
{
  double number[ULP_FORMULA_STEPS * ULP_FORMULA_LANES];
  bool one[ULP_FORMULA_STEPS];
  if (in == ULP_IN_F32) {
    many_f32(f, out, variable, lane);
    return;
  }
  eval_f64(f, in, ULP_FORMULA_LANES, &(stack_f64){number, one}, variable,
           lane);
  memcpy(out, number, ULP_FORMULA_LANES * sizeof *out);
}
