/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/batch_loops_avx512.c: batch_loops.h for AVX-512.
 */
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

/* By the lower four bits of a code. */
static void look_up_16(float *y, const float *row, const uint8_t *code,
                       size_t n)
{
  const __m512 values = _mm512_loadu_ps(row);
  size_t k = 0;
  for (; k + 16 <= n; k += 16) {
    __m512i at =
        _mm512_cvtepu8_epi32(_mm_loadu_si128((const void *)(code + k)));
    _mm512_storeu_ps(y + k, _mm512_permutexvar_ps(at, values));
  }
  for (; k < n; k++)
    y[k] = row[code[k] & 15];
}

#include "batch_loops_body.h"

const ulp_batch_loops ulp_batch_loops_avx512 = BATCH_LOOPS_TABLE;
