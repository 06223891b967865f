/* SPDX-License-Identifier: MIT
 *
 * Integers on AVX2: up to 6 rows by 16 columns in registers.  vpmaddwd adds
 * two products of int16, exact where operands have 9 bits; vpmaddubsw, of
 * bytes, would saturate.
 */
#include <immintrin.h>

#include "int_gemm.h"

/* gcc does not do it at -O2 by itself. */
#define UNROLL _Pragma("GCC unroll 6")

/* rows is a constant where it is inlined. */
static inline __attribute__((always_inline)) void
tile(uint32_t *y, size_t y_stride, ulp_unit_x units, size_t rows,
     const uint32_t *panel, size_t k)
{
  const uint32_t *x = units.at;
  __m256i low[6], high[6];
  UNROLL
  for (size_t i = 0; i < rows; i++) {
    low[i] = _mm256_loadu_si256((const void *)(y + i * y_stride));
    high[i] = _mm256_loadu_si256((const void *)(y + i * y_stride + 8));
  }
  for (size_t l = 0; l < k; l++) {
    const uint32_t *w = panel + l * ULP_UNIT_COLUMNS;
    __m256i w0 = _mm256_loadu_si256((const void *)w);
    __m256i w1 = _mm256_loadu_si256((const void *)(w + 8));
    UNROLL
    for (size_t i = 0; i < rows; i++) {
      __m256i a = _mm256_set1_epi32((int)x[i * units.row + l * units.step]);
      low[i] = _mm256_add_epi32(low[i], _mm256_madd_epi16(a, w0));
      high[i] = _mm256_add_epi32(high[i], _mm256_madd_epi16(a, w1));
    }
  }
  UNROLL
  for (size_t i = 0; i < rows; i++) {
    _mm256_storeu_si256((void *)(y + i * y_stride), low[i]);
    _mm256_storeu_si256((void *)(y + i * y_stride + 8), high[i]);
  }
}

void ulp_int_tile_avx2(void *y, size_t y_stride, ulp_unit_x x, size_t rows,
                       const void *panel, size_t panel_stride, size_t panels,
                       size_t k)
{
  (void)panel_stride, (void)panels; /* one */
  switch (rows) {
  case 1: tile(y, y_stride, x, 1, panel, k); break;
  case 2: tile(y, y_stride, x, 2, panel, k); break;
  case 3: tile(y, y_stride, x, 3, panel, k); break;
  case 4: tile(y, y_stride, x, 4, panel, k); break;
  case 5: tile(y, y_stride, x, 5, panel, k); break;
  case 6: tile(y, y_stride, x, 6, panel, k); break;
  }
}
