/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The steps of a compiled formula.
 */
#ifndef ULPLAB_FORMULA_STEPS_H
#define ULPLAB_FORMULA_STEPS_H

#include "formula.h"

typedef enum {
  NUMBER, VARIABLE, ADD, SUBTRACT, MULTIPLY, DIVIDE, NEGATE,
  MIN, MAX, POW2, CEIL2, EVEN, EXP2LOG, CEIL2LOG, RNE, ABS, BF16,
  OK, WHEN, FINITE
} operation;

#endif
