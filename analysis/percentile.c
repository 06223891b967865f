/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/percentile.c: percentiles of a block, exactly.  Those of a whole
 * tensor come from its summary.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "quantizer_internal.h"

/* Number `rank` of n by size, from 0; of magnitudes the order is that of their
 * bits.  Digit by digit only those are kept that begin as it does. */
static float ranked(const uint32_t *from, uint32_t *room, size_t n,
                    size_t rank)
{
  float x;
  for (int shift = 24; shift >= 0; shift -= 8) {
    size_t count[256] = {0}, kept = 0;
    uint32_t digit = 0;
    for (size_t i = 0; i < n; i++)
      count[from[i] >> shift & 255]++;
    while (rank >= count[digit])
      rank -= count[digit++];
    for (size_t i = 0; i < n; i++) {
      room[kept] = from[i];
      kept += (from[i] >> shift & 255) == digit;
    }
    from = room;
    n = kept;
  }
  memcpy(&x, room, sizeof x);
  return x;
}

static size_t finite_magnitudes(uint32_t *bits, const float *x, size_t n)
{
  size_t count = 0;
  for (size_t i = 0; i < n; i++) {
    uint32_t u;
    memcpy(&u, &x[i], sizeof u);
    bits[count] = u & INT32_MAX;
    count += bits[count] < UINT32_C(0x7f800000);
  }
  return count;
}

double ulp_block_percentile(const float *x, size_t n, double p)
{
  uint32_t *bits = malloc(2 * n * sizeof *bits + 1);
  double out = 0;
  if (!bits) return NAN;
  uint32_t *room = bits + n;
  size_t count = finite_magnitudes(bits, x, n);
  if (count) {
    double at = p / 100 * (double)(count - 1), whole = floor(at);
    size_t i = (size_t)whole, next = i + 1 < count ? i + 1 : i;
    double low = (double)ranked(bits, room, count, i);
    out = low +
          (at - whole) * ((double)ranked(bits, room, count, next) - low);
    if (!(out > 0)) out = (double)ranked(bits, room, count, count - 1);
  }
  free(bits);
  return out;
}
