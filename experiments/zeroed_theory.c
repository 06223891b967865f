/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How many of log-normal numbers become 0 under the amax of their block.
 */
#include <math.h>

#include "adam.h"
#include "lognormal.h"

static double power(double x, int64_t n)
{
  double y = 1;
  for (; n > 0; n /= 2, x *= x)
    if (n % 2)
      y *= x;
  return y;
}

/* Of B independent normal numbers the greatest, y, has the density B P(y)^(B-1)
 * p(y), with P the distribution and p its density; each other is below y - d
 * with the chance P(y - d) / P(y).  In all, of one element,
 *   (B - 1) times the integral of P(y)^(B-2) p(y) P(y - d) dy,
 * here by the trapezoidal rule, which converges geometrically on such
 * integrands (L. N. Trefethen, J. A. C. Weideman, SIAM Review 56(3), 2014). */
double ulp_zeroed_in_blocks(double width, int64_t block, double threshold)
{
  enum { INTERVALS = 240 };
  double sum = 0, step = 18.0 / INTERVALS;
  if (block < 2 || !(threshold > 0) || !(width > 0))
    return 0;
  double d = -ulp_log10(threshold) / width;
  for (int i = 0; i <= INTERVALS; i++) {
    double y = -9 + i * step;
    double density = ulp_exp(-y * y / 2) * 0.39894228040143267794;
    double chance = power(ulp_normal_below(y), block - 2);
    if (chance * density > 0)
      sum += chance * density * ulp_normal_below(y - d);
  }
  return (double)(block - 1) * sum * step;
}
