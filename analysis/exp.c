/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * e^x = 2^k e^r with |r| <= ln 2 / 2 (W. J. Cody and W. Waite 1980, Software
 * Manual for the Elementary Functions, ch. 6), e^r by its Taylor series: the
 * first term left out, r^14 / 14!, is under 2^-57.
 */
#include <math.h>
#include <string.h>

#include "model.h"

/* ln 2 in two parts, of which the first has 32 bits, so that its product with
 * k is exact. */
static const double ln2_high = 0x1.62e42fefp-1, ln2_low = 0x1.473de6af278edp-34;

static double power_of_two(int k)
{
  uint64_t bits = (uint64_t)(k + 1023) << 52;
  double y;
  memcpy(&y, &bits, sizeof y);
  return y;
}

double ulp_exp(double x)
{
  static const double inverse[] = {/* 1 / 13!, ..., 1 / 2! */
      1 / 6227020800., 1 / 479001600., 1 / 39916800., 1 / 3628800.,
      1 / 362880., 1 / 40320., 1 / 5040., 1 / 720., 1 / 120., 1 / 24.,
      1 / 6., 1 / 2.};
  if (!(x > -746)) /* also NaN */
    return isnan(x) ? x : 0;
  if (x > 710)
    return INFINITY;
  double k = rint(x * 0x1.71547652b82fep+0);
  double high = x - k * ln2_high, low = k * ln2_low;
  double r = high - low, lost = (high - r) - low, sum = inverse[0];
  for (size_t i = 1; i < sizeof inverse / sizeof inverse[0]; i++)
    sum = sum * r + inverse[i];
  double y = 1 + (r + (lost + r * r * sum));
  return k > -1022 && k < 1023 ? y * power_of_two((int)k) : ldexp(y, (int)k);
}
