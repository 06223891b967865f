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

/* 1 / 13!, ..., 1 / 2!. */
enum { EXP_TERMS = 12 };
static const double exp_terms[EXP_TERMS] = {
    1 / 6227020800., 1 / 479001600., 1 / 39916800., 1 / 3628800.,
    1 / 362880., 1 / 40320., 1 / 5040., 1 / 720., 1 / 120., 1 / 24.,
    1 / 6., 1 / 2.};

#endif
