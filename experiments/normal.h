/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The normal distribution and intervals of means, by + - * / sqrt and
 * ulp_exp, so that their bits are the same on every machine.
 */
#ifndef ULPLAB_EXPERIMENTS_NORMAL_H
#define ULPLAB_EXPERIMENTS_NORMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

double ulp_normal_density(double x);
/* P(z > x). */
double ulp_normal_tail(double x);
/* The mean of the greatest of n magnitudes |z|. */
double ulp_normal_largest(int64_t n);
/* Numbers of which the first, with a normal error of deviation `sigma`, leads
 * each of `count` others, normal with deviation `deviation`, by `lead` in the
 * mean. */
typedef struct {
  double lead, deviation;
  int64_t count;
} ulp_rivals;
/* P(one of the rivals, two kinds of them, is above the first). */
double ulp_normal_overtaken(double sigma, const ulp_rivals rivals[2]);
/* The natural logarithm of a finite x > 0, to about one unit in the last
 * place. */
double ulp_natural_log(double x);

typedef struct {
  double mean, ci95; /* half width, Student's t; NaN of fewer than 2 */
} ulp_interval;
ulp_interval ulp_interval_of(const double *x, size_t n);
/* The ends of E. B. Wilson's interval (JASA 22, 1927) of k of n, 95 %. */
void ulp_wilson(double k, double n, double *low, double *high);
/* The least squares slope of log y against log x; NaN where a y is not above
 * 0. */
double ulp_log_slope(const double *x, const double *y, size_t n);

#endif
