/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/percentile.c: percentiles of a block, exactly.  Those of a whole
 * tensor come from its summary.
 */
#include <math.h>
#include <stdlib.h>

#include "quantizer_internal.h"

static int by_size(const void *a, const void *b)
{
  float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

double ulp_block_percentile(const float *x, size_t n, double p)
{
  float *sorted = malloc(n * sizeof *sorted + 1);
  size_t count = 0;
  if (!sorted) return NAN;
  for (size_t i = 0; i < n; i++)
    if (isfinite(x[i])) sorted[count++] = fabsf(x[i]);
  qsort(sorted, count, sizeof *sorted, by_size);
  double out = 0;
  if (count) {
    double at = p / 100 * (double)(count - 1), whole = floor(at);
    size_t i = (size_t)whole, next = i + 1 < count ? i + 1 : i;
    out = (double)sorted[i] +
          (at - whole) * ((double)sorted[next] - (double)sorted[i]);
    if (!(out > 0)) out = (double)sorted[count - 1];
  }
  free(sorted);
  return out;
}
