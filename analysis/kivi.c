/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * KIVI's quantizer: Z. Liu et al., arXiv:2402.02750.  Q(x) = round((x - z) / s)
 * with z = min and s = (max - min) / (2^B - 1), in groups of tokens of a
 * channel (keys) or of channels of a token (values).
 */
#include "model.h"

/* n values, `step` apart; a group without extent is kept. */
static void group_values(float *y, const float *x, int64_t n, int64_t step,
                         int bits)
{
  float low = x[0], high = x[0], most = (float)((1 << bits) - 1);
  for (int64_t i = 1; i < n; i++) {
    low = fminf(low, x[i * step]);
    high = fmaxf(high, x[i * step]);
  }
  float scale = (high - low) / most;
  for (int64_t i = 0; i < n; i++) {
    float q = scale > 0 ? rintf((x[i * step] - low) / scale) : 0;
    y[i * step] = fminf(fmaxf(q, 0), most) * scale + low;
  }
}

void ulp_kivi_values(float *y, const float *x, int64_t tokens, int64_t dim,
                     int bits, int64_t group, bool along_tokens)
{
  int64_t lines = along_tokens ? dim : tokens;
  int64_t length = along_tokens ? tokens : dim;
  int64_t step = along_tokens ? dim : 1, next = along_tokens ? 1 : dim;
  for (int64_t first = 0; first < length; first += group) {
    int64_t n = length - first < group ? length - first : group;
    for (int64_t l = 0; l < lines; l++)
      group_values(y + first * step + l * next, x + first * step + l * next, n,
                   step, bits);
  }
}
