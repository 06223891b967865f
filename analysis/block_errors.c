/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/block_errors.c: what blocks clip, and their error statistics.
 */
#include <math.h>

#include "quantizer.h"

/* From the values of the greatest and the lowest code at this scale: that is
 * right whatever formula decodes, as long as it is linear. */
ulp_range ulp_block_clip_range(const ulp_quantizer *q, const ulp_quantized *in,
                               double global, int64_t i)
{
  static const ulp_rounding nearest = {.overflow = ULP_OVERFLOW_SATURATE};
  static const ulp_blocks two = {.size = {1, 1, 2}, .block = {1, 1, 2},
                                 .grid = {1, 1, 1}, .elements = 2, .blocks = 1};
  const ulp_format *f = &q->element;
  double low = ulp_lowest(f), high = ulp_max(f);
  ulp_range unscaled = ulp_clip_range(f, 1);
  unsigned char code[16];
  float y[2];
  ulp_store_code(f, code, 0, ulp_encode_f64(f, low, &nearest, 0));
  ulp_store_code(f, code, 1, ulp_encode_f64(f, high, &nearest, 0));
  ulp_quantized one = {code, NULL, in->zeros ? in->zeros + i : NULL};
  if (in->scales)
    one.scales =
        (unsigned char *)in->scales + (size_t)i * q->scale.storage_bytes;
  ulp_dequantize_blocks(q, &two, y, &one, global, 0, 1);
  double unit = ((double)y[1] - (double)y[0]) / (high - low);
  if (!(fabs(unit) > 0)) return (ulp_range){-INFINITY, INFINITY};
  ulp_range kept = {(double)y[0] - (low - unscaled.low) * unit,
                    (double)y[1] + (unscaled.high - high) * unit};
  return unit > 0 ? kept : (ulp_range){kept.high, kept.low};
}

int64_t ulp_block_runs(const ulp_blocks *b)
{
  return b->size[0] * b->size[1] * b->grid[2];
}

static void add_run(ulp_error_sums *s, const float *x, const float *y,
                    int64_t n, ulp_range kept)
{
  enum { SOME = 256 };
  double wide_x[SOME], wide_y[SOME];
  for (int64_t i = 0; i < n; i += SOME) {
    int64_t some = n - i < SOME ? n - i : SOME;
    for (int64_t k = 0; k < some; k++) {
      wide_x[k] = (double)x[i + k];
      wide_y[k] = (double)y[i + k];
    }
    ulp_error_sums_add(s, wide_x, wide_y, (size_t)some, kept);
  }
}

void ulp_block_errors_add(ulp_error_sums *s, const ulp_blocks *b,
                          const ulp_range *kept, const float *x,
                          const float *y, int64_t first, int64_t n)
{
  for (int64_t run = first; run < first + n; run++) {
    int64_t line = run / b->grid[2], column = run % b->grid[2];
    int64_t plane = line / b->size[1], row = line % b->size[1];
    int64_t block = (plane / b->block[0] * b->grid[1] + row / b->block[1]) *
                        b->grid[2] +
                    column;
    int64_t left = b->size[2] - column * b->block[2];
    int64_t at = line * b->size[2] + column * b->block[2];
    add_run(s, x + at, y + at, left < b->block[2] ? left : b->block[2],
            kept[block]);
  }
}
