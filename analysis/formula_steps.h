/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The steps of a compiled formula.
 */
#ifndef ULPLAB_FORMULA_STEPS_H
#define ULPLAB_FORMULA_STEPS_H

#include <math.h>

#include "formula.h"

typedef enum {
  NUMBER, VARIABLE, ADD, SUBTRACT, MULTIPLY, DIVIDE, NEGATE,
  MIN, MAX, POW2, CEIL2, EVEN, EXP2LOG, CEIL2LOG, RNE, ABS, BF16,
  OK, WHEN, FINITE
} operation;

/* The nearest whole number, ties to even, as nearbyint, which is a call. */
static inline double ulp_whole(double x)
{
  double beside = copysign(0x1p52, x), y = copysign((x + beside) - beside, x);
  return fabs(x) < 0x1p52 ? y : x;
}

#endif
