/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Intervals of 95 %, and how fast errors grow.
 */
#ifndef ULPLAB_EXPERIMENTS_STATISTICS_H
#define ULPLAB_EXPERIMENTS_STATISTICS_H

#include <stddef.h>

/* ---- intervals ---------------------------------------------------------- */

/* The 97.5 % quantile of the normal distribution: the half width of the
 * interval of a figure, in its standard deviations. */
#define ULP_Z95 1.959963984540054

/* Half width of a mean of n values, Student's; NaN of fewer than 2.  The
 * quantile is GSL's. */
double ulp_mean_ci95(const double *x, size_t n);
/* The same with the mean, and a quantile by + - * / alone, whose bits are the
 * same on every machine, but low by up to 0.3 % (five values; 0.01 % of ten). */
typedef struct {
  double mean, ci95;
} ulp_interval;
ulp_interval ulp_interval_of(const double *x, size_t n);

/* Half width of a part p of n, A. Wald's: 0 of none and of all. */
double ulp_wald(double p, double n);
/* The ends of E. B. Wilson's interval (JASA 22, 1927) of k of n. */
void ulp_wilson(double k, double n, double *low, double *high);

/* ---- growth: y ~ x^slope, by least squares of the logarithms ------------ */

/* NaN where a y is not above 0, or infinite. */
double ulp_log_slope(const double *x, const double *y, size_t n);
/* The same to all digits, by MPFR, where every y is. */
double ulp_growth_exponent(const double *x, const double *y, int n);

/* The same of error ~ K^exponent with an interval, Student's, under
 * independent deviations from the line. */
typedef struct {
  double exponent, ci95;
  size_t points;
  double from, to; /* K */
} sum_growth;
/* Of the n points, in order of K, those count with least <= K <= most whose
 * error is above 0 and below 1/4, where the sum has not broken down; NaN for
 * fewer than three. */
sum_growth sum_growth_of(const double *k, const double *error, size_t n,
                         double least, double most);

#endif
