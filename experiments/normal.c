/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Equation numbers are those of M. Abramowitz, I. A. Stegun, Handbook of
 * Mathematical Functions, 1964.
 */
#include "normal.h"

#include <math.h>

#include "model.h"

static const double z95 = 1.959963984540054;

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

/* ln(2^k m) = k ln 2 + 2 artanh((m - 1) / (m + 1)), 4.1.27; the first term
 * left out is under 2^-60. */
double ulp_natural_log(double x)
{
  int k;
  double m = frexp(x, &k);
  if (m < 0.7071067811865476) {
    m *= 2;
    k--;
  }
  double z = (m - 1) / (m + 1), square = z * z, sum = 0;
  for (int i = 23; i > 1; i -= 2)
    sum = (sum + 1.0 / i) * square;
  return k * 0x1.62e42fefa39efp-1 + 2 * (z + z * sum);
}

/* Student's quantile, 26.7.5. */
static double t95(double freedom)
{
  double z = z95, z2 = z * z;
  double a = (z2 + 1) * z / 4;
  double b = ((5 * z2 + 16) * z2 + 3) * z / 96;
  double c = (((3 * z2 + 19) * z2 + 17) * z2 - 15) * z / 384;
  return z + (a + (b + c / freedom) / freedom) / freedom;
}

ulp_interval ulp_interval_of(const double *x, size_t n)
{
  double sum = 0, squares = 0;
  for (size_t i = 0; i < n; i++)
    sum += x[i];
  double mean = sum / (double)n;
  for (size_t i = 0; i < n; i++)
    squares += (x[i] - mean) * (x[i] - mean);
  if (n < 2)
    return (ulp_interval){mean, NAN};
  double f = (double)n - 1;
  return (ulp_interval){mean, t95(f) * sqrt(squares / f / (double)n)};
}

void ulp_wilson(double k, double n, double *low, double *high)
{
  double z2 = z95 * z95, p = k / n;
  double middle = (p + z2 / (2 * n)) / (1 + z2 / n);
  double half = z95 * sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n);
  *low = k > 0 ? middle - half : 0;
  *high = k < n ? middle + half : 1;
}

double ulp_log_slope(const double *x, const double *y, size_t n)
{
  double mx = 0, my = 0, xx = 0, xy = 0;
  for (size_t i = 0; i < n; i++) {
    if (!(y[i] > 0) || isinf(y[i]))
      return NAN;
    mx += ulp_natural_log(x[i]) / (double)n;
    my += ulp_natural_log(y[i]) / (double)n;
  }
  for (size_t i = 0; i < n; i++) {
    double dx = ulp_natural_log(x[i]) - mx;
    xx += dx * dx;
    xy += dx * (ulp_natural_log(y[i]) - my);
  }
  return xy / xx;
}
