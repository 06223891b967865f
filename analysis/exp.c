/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * e^x = 2^k e^r with |r| <= ln 2 / 2 (W. J. Cody and W. Waite 1980, Software
 * Manual for the Elementary Functions, ch. 6), e^r by its Taylor series: the
 * first term left out, r^14 / 14!, is under 2^-57.
 */
#include <math.h>
#include <string.h>

#include "exp_terms.h"
#include "model.h"

static double power_of_two(int k)
{
  uint64_t bits = (uint64_t)(k + 1023) << 52;
  double y;
  memcpy(&y, &bits, sizeof y);
  return y;
}

double ulp_exp(double x)
{
  if (!(x > -746)) /* also NaN */
    return isnan(x) ? x : 0;
  if (x > 710)
    return INFINITY;
  double k = rint(x * EXP_INVERSE_LN2);
  double high = x - k * EXP_LN2_HIGH, low = k * EXP_LN2_LOW;
  double r = high - low, lost = (high - r) - low, sum = exp_terms[0];
  for (int i = 1; i < EXP_TERMS; i++)
    sum = sum * r + exp_terms[i];
  double y = 1 + (r + (lost + r * r * sum));
  return k > -1022 && k < 1023 ? y * power_of_two((int)k) : ldexp(y, (int)k);
}
