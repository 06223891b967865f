/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What exp.c and lanes_body.h compute e^x of.  Not installed.
 */
#ifndef ULPLAB_EXP_TERMS_H
#define ULPLAB_EXP_TERMS_H

#define EXP_INVERSE_LN2 0x1.71547652b82fep+0
/* ln 2 in two parts, of which the first has 32 bits, so that its product with
 * k is exact. */
#define EXP_LN2_HIGH 0x1.62e42fefp-1
#define EXP_LN2_LOW 0x1.473de6af278edp-34
/* Between these e^x is a normal number. */
#define EXP_LEAST (-708.0)
#define EXP_MOST 709.0

/* (e^r - 1 - r) / r^2, by 1 / 13!, ..., 1 / 2!. */
static inline double exp_terms(double r)
{
  double sum = 1 / 6227020800.;
  sum = sum * r + 1 / 479001600.;
  sum = sum * r + 1 / 39916800.;
  sum = sum * r + 1 / 3628800.;
  sum = sum * r + 1 / 362880.;
  sum = sum * r + 1 / 40320.;
  sum = sum * r + 1 / 5040.;
  sum = sum * r + 1 / 720.;
  sum = sum * r + 1 / 120.;
  sum = sum * r + 1 / 24.;
  sum = sum * r + 1 / 6.;
  return sum * r + 1 / 2.;
}

#endif
