/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The natural logarithm by + - * / alone.
 */
#include <math.h>

#include "model.h"

/* ln(2^k m) = k ln 2 + 2 artanh((m - 1) / (m + 1)) (M. Abramowitz, I. A.
 * Stegun, Handbook of Mathematical Functions, 1964, 4.1.27); the first term
 * left out is under 2^-60. */
double ulp_log(double x)
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
