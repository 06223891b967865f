/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/nearest_midpoint.c: to the nearest value as implementations with a
 * table of thresholds do it: a value goes up only when it is above the
 * midpoint, which is an f32.  A NaN is above nothing, or not below anything.
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

static double value_at(const ulp_format *f, size_t i)
{
  return f->kind == ULP_CODEBOOK ? (double)f->codebook[code_at(f, i)]
                                 : ulp_decode(f, i);
}

static float midpoint(const ulp_format *f, size_t i)
{
  return (float)((value_at(f, i) + value_at(f, i + 1)) / 2);
}

/* bitsandbytes csrc/kernels.cu, dQuantizeNF4 and dQuantizeFP4, by increasing
 * value or magnitude.  They are near the midpoints: of the first the decimals
 * of numbers 0, 8, 12 and 14 are rounded from just beside a tie. */
static const float bnb_nf4[15] = {
    -0.8480964004993439f,  -0.6106329262256622f,  -0.4599952697753906f,
    -0.33967943489551544f, -0.23460740596055984f, -0.13791173323988914f,
    -0.045525018125772476f, 0.03979014977812767f, 0.1202552504837513f,
    0.2035212516784668f,   0.2920137718319893f,   0.3893125355243683f,
    0.5016634166240692f,   0.6427869200706482f,   0.8614784181118011f,
};
static const float bnb_fp4[7] = {0.00260417f, 0.0859375f, 0.20833333f,
                                 0.29166667f, 0.4166667f, 0.583333f,
                                 0.8333333f};

/* The last of n ascending codes from `first` on whose lower threshold y is
 * above; thresholds NULL: midpoints. */
static size_t search(const ulp_format *f, const float *thresholds,
                     size_t first, size_t n, float y)
{
  size_t low = first, high = first + n - 1;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (y > (thresholds ? thresholds[middle - first] : midpoint(f, middle)))
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* Codes of a format's magnitudes ascend from 0, in a float's lower half and
 * in an ordered codebook's upper one. */
static uint64_t nearest_magnitude(const ulp_format *f, const float *thresholds,
                                  float y)
{
  size_t half = (size_t)ulp_code_count(f) / 2;
  if (f->kind == ULP_CODEBOOK) {
    uint64_t code = code_at(f, search(f, thresholds, half, half, fabsf(y)));
    return y < 0 ? code | half : code;
  }
  uint64_t code = search(f, thresholds, 0, (size_t)f->max_code + 1, fabsf(y));
  return y < 0 && code ? code | half : code;
}

/* The i-th code, of two zeros the lesser first: torch.argsort of the values
 * leaves them in place (bitsandbytes backends/default/ops.py). */
static uint64_t code_by_value(const ulp_format *f, size_t i)
{
  uint64_t code = code_at(f, i), n = ulp_code_count(f), other = code;
  double value = value_at(f, i);
  if (i + 1 < n && value_at(f, i + 1) == value) {
    other = code_at(f, i + 1);
    return other < code ? other : code;
  }
  if (i > 0 && value_at(f, i - 1) == value)
    other = code_at(f, i - 1);
  return other > code ? other : code;
}

/* bitsandbytes csrc/cpu_ops.cpp, norm_to_lut_index and build_quantize_lut: y
 * is looked up in a table of 65536 entries; the compiler fuses the sum. */
static float on_grid(float y)
{
  float clamped = fminf(fmaxf(y, -1), 1);
  if (isnan(y)) return -1;
  unsigned i = (unsigned)fmaf((clamped + 1) * 0.5f, 65535, 0.5f);
  return -1 + (float)(2 * i) / 65535;
}

/* Binary search by bitsandbytes csrc/kernels.cu, dQuantize, ends at an even
 * place, to which both of its ties go. */
static size_t to_even(const ulp_format *f, size_t i, float y)
{
  size_t n = (size_t)ulp_code_count(f);
  return i % 2 && i + 1 < n && y == midpoint(f, i) ? i + 1 : i;
}

uint64_t ulp_encode_midpoints(const ulp_quantizer *q, float y)
{
  const ulp_format *f = &q->element;
  size_t n = (size_t)ulp_code_count(f);
  if (q->ties == ULP_TIES_BNB)
    return f->codebook_order ? nearest_magnitude(f, bnb_fp4, y)
                             : search(f, bnb_nf4, 0, n, y);
  if (q->ties == ULP_TIES_F32_LOW) return nearest_magnitude(f, NULL, y);
  if (isnan(y) && q->nan_last) return code_by_value(f, n - 1);
  if (q->ties == ULP_TIES_F32_GRID) y = on_grid(y);
  size_t i = search(f, NULL, 0, n, y);
  if (q->ties == ULP_TIES_F32_EVEN) i = to_even(f, i, y);
  return code_by_value(f, i);
}
