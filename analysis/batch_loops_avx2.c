/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/batch_loops_avx2.c: batch_loops.h for AVX2.
 */
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

/* Eight of the row by the lower bits of a code, of the half that the fourth
 * bit names. */
static void look_up_16(float *y, const float *row, const uint8_t *code,
                       size_t n)
{
  const __m256 low = _mm256_loadu_ps(row), high = _mm256_loadu_ps(row + 8);
  size_t k = 0;
  for (; k + 8 <= n; k += 8) {
    __m256i at = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const void *)(code + k)));
    __m256 upper = _mm256_castsi256_ps(_mm256_slli_epi32(at, 28));
    _mm256_storeu_ps(y + k,
                     _mm256_blendv_ps(_mm256_permutevar8x32_ps(low, at),
                                      _mm256_permutevar8x32_ps(high, at),
                                      upper));
  }
  for (; k < n; k++)
    y[k] = row[code[k] & 15];
}

#include "batch_loops_body.h"

const ulp_batch_loops ulp_batch_loops_avx2 = BATCH_LOOPS_TABLE;
