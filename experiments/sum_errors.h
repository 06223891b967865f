/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How far computed sums are from exact ones, and how far theory lets them be.
 */
#ifndef ULPLAB_EXPERIMENTS_SUM_ERRORS_H
#define ULPLAB_EXPERIMENTS_SUM_ERRORS_H

#include "exact_product.h"
#include "experiment.h"
#include "gemm.h"
#include "step_sum.h"

/* Bins of how far outputs are from the exact sum rounded once, in steps on the
 * line of float32 numbers, away from zero counted positive: SUM_MIDDLE is of
 * those that are it, SUM_MIDDLE +- b of 2^(b-1) .. 2^b - 1 steps. */
enum { SUM_MIDDLE = 32, SUM_BINS = 2 * SUM_MIDDLE + 1 };

/* Of one product; x the exact output, e the computed one less x. */
typedef struct {
  uint64_t outputs, nonfinite;
  double exact2, magnitude2;   /* sums of x^2, (sum of |a b|)^2 */
  /* of the finite outputs alone: */
  double e2, x2;               /* sums of e^2, x^2 */
  double outward, x1;          /* sums of e sign(x), |x| */
  double max_ulp;              /* greatest |e| in units of x's last place in
                                  float32 */
  uint64_t digest;             /* of the codes of D (mix.h) */
  uint32_t steps[SUM_BINS];    /* of the finite outputs */
} sum_errors;

/* A unit of x's last place in float32. */
double sum_f32_ulp(double x);

/* d: float32 codes. */
void sum_errors_take(sum_errors *out, const exact_product *p,
                     const uint32_t *d);

/* Over independent repetitions.  Intervals are Student's, of 95 %, over the
 * repetitions' own figures; NaN for fewer than two. */
typedef struct {
  uint64_t outputs, nonfinite;
  double frobenius, frobenius_ci95; /* |D - X| / |X| */
  double bias, bias_ci95;           /* sum of e sign(x) / sum of |x| */
  double max_ulp;
  double condition;                 /* | |A| |B| | / |A B| */
  uint64_t digest;                  /* of the first repetition */
  uint64_t steps[SUM_BINS];
} sum_report;
sum_report sum_report_of(const sum_errors *list, size_t repetitions);

/* How products are added. */
typedef struct {
  enum { SUM_EXACT, SUM_STEP, SUM_ORDER } kind; /* exact: rounded once to f32 */
  step_sum step;
  ulp_gemm gemm;
} sum_way;

/* |computed - exact| <= worst * (sum of |a b|) for each output, and about
 * probable * that where the roundings are independent and of mean 0:
 *
 * A step adds a block of L products to the accumulator: every term is cut to
 * multiples of 2^(E-F), 2^E no more than the greatest of them, and the sum
 * rounded to m bits: d = (L+1) 2^-F + r 2^-m, r = 1/2 to nearest and 1 toward
 * zero (P. Blanchard et al. 2020, SIAM J. Sci. Comput. 42(3), C124-C141,
 * thm 3.2; L = 1, F large: N. J. Higham 2002, Accuracy and Stability, 2nd
 * ed., 3.1, with K u to nearest and 2 K u toward zero).  n steps and the N
 * f32 additions of promotions and slices, all one after the other:
 *   x = n d + N 2^-24,  worst = x / (1 - x), INF where x >= 1
 *   probable = lambda sqrt(n ((L+1) 2^-2F + r^2 2^-2m) + N 2^-48)
 * (Higham and Mary 2019, SIAM J. Sci. Comput. 41(5), A2815-A2835, thm 2.4, to
 * first order).  Neither counts overflow or underflow. */
typedef struct {
  double worst, probable;
} sum_bounds;
sum_bounds sum_bounds_of(const sum_way *w, size_t k, double lambda);

#endif
