/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/hadamard.c: the 16-point random Hadamard transform that spreads
 * outliers before FP4 (NVIDIA, arXiv:2509.25149, section 4.2).
 */
#include "quantizer.h"

enum { POINTS = 16 };

/* In f64, where a sum of 16 bf16 values of similar magnitude is exact. */
static void butterfly(double v[POINTS])
{
  for (int step = 1; step < POINTS; step *= 2)
    for (int i = 0; i < POINTS; i++) {
      if (i & step) continue;
      double a = v[i], b = v[i + step];
      v[i] = a + b;
      v[i + step] = a - b;
    }
}

ulp_status ulp_hadamard16(float *y, const float *x, size_t n, uint16_t minus,
                          const ulp_format *to)
{
  const ulp_rounding nearest = {.mode = ULP_RNE, .overflow = ULP_OVERFLOW_IEEE};
  if (n % POINTS) return ULP_EINVAL;
  for (size_t at = 0; at < n; at += POINTS) {
    double v[POINTS];
    for (int i = 0; i < POINTS; i++)
      v[i] = (minus >> i & 1 ? -1 : 1) * (double)x[at + (size_t)i];
    butterfly(v);
    for (int i = 0; i < POINTS; i++)
      y[at + (size_t)i] =
          (float)(to ? ulp_decode(to, ulp_encode_f64(to, v[i] / 4, &nearest, 0))
                     : v[i] / 4);
  }
  return ULP_OK;
}
