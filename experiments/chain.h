/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * s <- round(s + term), many times: the terms, and the exact distribution of
 * the sum.
 */
#ifndef ULPLAB_EXPERIMENTS_CHAIN_H
#define ULPLAB_EXPERIMENTS_CHAIN_H

#include "gaps.h"

/* A start and positive terms: the same update every time, or 1/1, 1/2, 1/3,
 * ..., each rounded to the format to nearest even. */
typedef struct {
  double start, update;
  bool harmonic;
} ulp_chain;

/* A number, or "harmonic"; a number is added to 1, the series to 0. */
ULP_MUST_CHECK ulp_status ulp_chain_read(ulp_chain *out, const char *word,
                                         ulp_error *e);
/* Term i, from 0 on. */
double ulp_chain_term(const ulp_chain *c, const ulp_gaps *g, int64_t i);

/* Mean and standard deviation of the sum after n terms, over the draws of a
 * stochastic mode: the probability of every value, carried from term to
 * term, without sampling.  What is less likely than 1e-30 is dropped. */
typedef struct {
  double mean, deviation;
} ulp_chain_moments;
ULP_MUST_CHECK ulp_status ulp_chain_expect(ulp_chain_moments *out,
                                           const ulp_chain *c,
                                           const ulp_gaps *g,
                                           const ulp_rounding *r, int64_t n);

#endif
