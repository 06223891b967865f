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
    x[i] = (value);               \
  break

/* x becomes x op y. */
LANES_OF void apply(operation op, int lanes, double *x, const double *y)
{
  switch (op) {
  case ADD: EACH(x[i] + y[i]);
  case SUBTRACT: EACH(x[i] - y[i]);
  case MULTIPLY: EACH(x[i] * y[i]);
  case DIVIDE: EACH(x[i] / y[i]);
  case NEGATE: EACH(-x[i]);
  case MIN: EACH(least(x[i], y[i]));
  case MAX: EACH(greatest(x[i], y[i]));
  case POW2: EACH(toward_zero(x[i]));
  case CEIL2: EACH(away(x[i]));
  case EVEN: EACH(even(x[i], y[i]));
  case EXP2LOG: EACH(exp2log(x[i]));
  case CEIL2LOG: EACH(ceil2log(x[i]));
  case RNE: EACH(nearbyint(x[i]));
  case ABS: EACH(fabs(x[i]));
  case BF16: EACH(ulp_round_in(ULP_IN_BF16, x[i]));
  case OK: EACH(x[i] == 0 || !isfinite(x[i]) ? 1 : y[i]);
  case WHEN: EACH(x[i] == 0 ? 0 : y[i]);
  case FINITE: EACH(isfinite(x[i]) ? x[i] : y[i]);
  case NUMBER:
  case VARIABLE: break;
  }
}

LANES_OF void narrow_to(ulp_arithmetic in, int lanes, double *x)
{
  if (in == ULP_IN_F32)
    for (int i = 0; i < lanes; i++)
      x[i] = (double)(float)x[i];
  else if (in == ULP_IN_BF16)
    for (int i = 0; i < lanes; i++)
      x[i] = ulp_round_in(in, x[i]);
}

/* lane[v], where there is one, stands for variable v. */
LANES_OF void eval(const ulp_formula *f, ulp_arithmetic in, int lanes,
                   double *stack, const double variable[ULP_VARIABLES],
                   const double *const *lane)
{
  double *top = stack; /* behind the last operand */
  for (int s = 0; s < f->count; s++) {
    operation op = (operation)f->step[s].op;
    if (op == NUMBER || op == VARIABLE) {
      int v = op == VARIABLE ? (int)f->step[s].value : 0;
      double same = op == VARIABLE ? variable[v] : f->step[s].value;
      const double *each = op == VARIABLE && lane ? lane[v] : NULL;
      for (int i = 0; i < lanes; i++)
        top[i] = each ? each[i] : same;
      top += lanes;
    } else {
      if (is_binary(op)) top -= lanes;
      apply(op, lanes, top - lanes, top);
    }
    narrow_to(in, lanes, top - lanes);
  }
  for (int i = 0; f->count == 0 && i < lanes; i++)
    stack[i] = 1;
}

double ulp_formula_eval(const ulp_formula *f, ulp_arithmetic in,
                        const double variable[ULP_VARIABLES])
{
  double stack[ULP_FORMULA_STEPS + 1];
  eval(f, in, 1, stack, variable, NULL);
  return stack[0];
}

void ulp_formula_eval_many(const ulp_formula *f, ulp_arithmetic in,
                           double out[ULP_FORMULA_LANES],
                           const double variable[ULP_VARIABLES],
                           const double *const lane[ULP_VARIABLES])
{
  double stack[(ULP_FORMULA_STEPS + 1) * ULP_FORMULA_LANES];
  eval(f, in, ULP_FORMULA_LANES, stack, variable, lane);
  memcpy(out, stack, ULP_FORMULA_LANES * sizeof *out);
}
