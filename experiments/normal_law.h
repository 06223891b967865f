/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The law of normal numbers: densities, tails, greatest ones; by + - * / sqrt
 * and ulp_exp, so that their bits are the same on every machine.  Numbers that
 * follow it are drawn by normal_draws.h.
 */
#ifndef ULPLAB_EXPERIMENTS_NORMAL_LAW_H
#define ULPLAB_EXPERIMENTS_NORMAL_LAW_H

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
#endif
