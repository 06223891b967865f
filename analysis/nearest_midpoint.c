/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/nearest_midpoint.c: to the nearest value as implementations with a
 * table of thresholds do it: a value goes up only when it is above the
 * midpoint, which is an f32.
 */
#include <math.h>

#include "quantizer_internal.h"

/* The i-th code by increasing value. */
static uint64_t code_at(const ulp_format *f, size_t i)
{
  if (f->kind == ULP_CODEBOOK)
    return f->codebook_order ? f->codebook_order[i] : i;
  return i;
}

static float midpoint(const ulp_format *f, size_t i)
{
  return (float)((ulp_decode(f, code_at(f, i)) +
                  ulp_decode(f, code_at(f, i + 1))) /
                 2);
}

/* The last of n ascending codes from `first` on whose lower midpoint y is
 * above. */
static size_t search(const ulp_format *f, size_t first, size_t n, float y)
{
  size_t low = first, high = first + n - 1;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (y > midpoint(f, middle))
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* Codes of a format's magnitudes ascend from 0, in a float's lower half and
 * in an ordered codebook's upper one. */
static uint64_t nearest_magnitude(const ulp_format *f, float y)
{
  size_t half = (size_t)ulp_code_count(f) / 2;
  if (f->kind == ULP_CODEBOOK) {
    uint64_t code = code_at(f, search(f, half, half, fabsf(y)));
    return y < 0 ? code | half : code;
  }
  uint64_t code = search(f, 0, (size_t)f->max_code + 1, fabsf(y));
  return y < 0 && code ? code | half : code;
}

uint64_t ulp_encode_midpoints(const ulp_format *f, ulp_ties ties, float y)
{
  if (isnan(y)) y = 0;
  if (ties == ULP_TIES_F32_LOW) return nearest_magnitude(f, y);
  return code_at(f, search(f, 0, (size_t)ulp_code_count(f), y));
}
