/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Equation numbers are those of M. Abramowitz, I. A. Stegun, Handbook of
 * Mathematical Functions, 1964.
 */
#include "normal_law.h"

#include <math.h>

#include "model.h"

double ulp_normal_density(double x)
{
  return 0.3989422804014327 * ulp_exp(-x * x / 2);
}

/* 26.2.11 near 0, all terms of which have one sign; the continued fraction
 * 26.2.14 beyond. */
double ulp_normal_tail(double x)
{
  if (x < 0)
    return 1 - ulp_normal_tail(-x);
  if (x > 3) {
    double below = x;
    for (int k = 80; k > 0; k--)
      below = x + k / below;
    return ulp_normal_density(x) / below;
  }
  double term = x, sum = x;
  for (int k = 3; k < 100; k += 2) {
    term *= x * x / k;
    sum += term;
  }
  return 0.5 - ulp_normal_density(x) * sum;
}

static double power(double x, int64_t n)
{
  double y = 1;
  for (; n; n >>= 1, x *= x)
    if (n & 1)
      y *= x;
  return y;
}

/* The integral of P(greatest > x), by the trapezoidal rule. */
double ulp_normal_largest(int64_t n)
{
  const double step = 1.0 / 64;
  double sum = 0.5;
  for (int i = 1; i < 9 * 64; i++)
    sum += 1 - power(1 - 2 * ulp_normal_tail(i * step), n);
  return sum * step;
}

/* P(all of a kind are below the first, whose error is `by`). */
static double all_below(const ulp_rivals *r, double by)
{
  double lead = r->lead + by;
  if (!(r->deviation > 0))
    return lead >= 0 || r->count == 0;
  return power(1 - ulp_normal_tail(lead / r->deviation), r->count);
}

/* The integral over the first one's error z sigma, by the trapezoidal rule. */
double ulp_normal_overtaken(double sigma, const ulp_rivals rivals[2])
{
  const double step = 1.0 / 16;
  double sum = 0;
  for (int i = -8 * 16; i <= 8 * 16; i++) {
    double z = i * step;
    double below = all_below(&rivals[0], z * sigma) *
                   all_below(&rivals[1], z * sigma);
    sum += ulp_normal_density(z) * (1 - below);
  }
  return sum * step;
}
