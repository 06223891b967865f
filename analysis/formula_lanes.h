/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Formulas on a stack of `real` numbers, many for each operand: included by
 * formula_eval.c for double and for float, with names of their own.  A float
 * is what a double is rounded to in f32 arithmetic (formula.h), so the second
 * does without the rounding.
 */

/* x becomes x op y; y is not read where op has one operand. */
LANES_OF void NAMED(apply)(operation op, int lanes, real *restrict x,
                           const real *restrict y)
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
  case RNE: EACH(ulp_whole((double)x[i]));
  case ABS: EACH(fabs(x[i]));
  case BF16: EACH(ulp_round_in(ULP_IN_BF16, x[i]));
  case OK: EACH(x[i] == 0 || !isfinite(x[i]) ? 1 : y[i]);
  case WHEN: EACH(x[i] == 0 ? 0 : y[i]);
  case FINITE: EACH(isfinite(x[i]) ? x[i] : y[i]);
  case NUMBER:
  case VARIABLE: break;
  }
}

LANES_OF void NAMED(narrow_to)(ulp_arithmetic in, int lanes, real *x)
{
  if (sizeof(real) == sizeof(float))
    return;
  if (in == ULP_IN_F32)
    for (int i = 0; i < lanes; i++)
      x[i] = (real)(float)x[i];
  else if (in == ULP_IN_BF16)
    for (int i = 0; i < lanes; i++)
      x[i] = (real)ulp_round_in(in, x[i]);
}

/* Operands: of each `lanes` numbers, or of one that stands for all. */
typedef struct {
  real *number;
  bool *one;
} NAMED(stack);

LANES_OF void NAMED(spread)(const NAMED(stack) *k, int at, int lanes)
{
  real *x = k->number + at * lanes, first = *x;
  if (!k->one[at]) return;
  k->one[at] = false;
  for (int i = 0; i < lanes; i++)
    x[i] = first;
}

LANES_OF void NAMED(apply_to)(const NAMED(stack) *k, operation op,
                              ulp_arithmetic in,
                       int lanes, int at, int other)
{
  real *x = k->number + at * lanes, *y = k->number + other * lanes;
  if (k->one[at] && k->one[other]) {
    NAMED(apply)(op, 1, x, y);
    NAMED(narrow_to)(in, 1, x);
    return;
  }
  NAMED(spread)(k, at, lanes);
  NAMED(spread)(k, other, lanes);
  NAMED(apply)(op, lanes, x, y);
  NAMED(narrow_to)(in, lanes, x);
}

/* each[v], where there is one, are the values of variable v. */
LANES_OF void NAMED(eval)(const ulp_formula *f, ulp_arithmetic in, int lanes,
                   const NAMED(stack) *k, const double variable[ULP_VARIABLES],
                   const double *const *each)
{
  int n = 0; /* operands */
  for (int s = 0; s < f->count; s++) {
    operation op = (operation)f->step[s].op;
    real *top = k->number + n * lanes;
    int v = op == VARIABLE ? (int)f->step[s].value : 0;
    if (op == NUMBER || op == VARIABLE) {
      bool many = op == VARIABLE && each && each[v];
      k->one[n++] = !many;
      if (many)
        for (int i = 0; i < lanes; i++)
          top[i] = (real)each[v][i];
      else
        *top = (real)(op == VARIABLE ? variable[v] : f->step[s].value);
      NAMED(narrow_to)(in, many ? lanes : 1, top);
    } else {
      int other = --n;
      if (is_binary(op))
        n--;
      NAMED(apply_to)(k, op, in, lanes, n++, other);
    }
  }
  if (n == 0) {
    *k->number = 1;
    *k->one = true;
  }
  NAMED(spread)(k, 0, lanes);
}
