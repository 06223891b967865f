/* SPDX-License-Identifier: MIT
 *
 * Fused multiply-adds on AVX2 with FMA: up to 6 rows by 16 columns in
 * registers.
 */
#include <immintrin.h>

#include "fma_gemm.h"

/* Arrays of sums become registers where their loops are gone, which gcc does
 * not do at -O2 by itself. */
#define UNROLL _Pragma("GCC unroll 8")

/* rows is a constant where it is inlined. */
static inline __attribute__((always_inline)) void
tile(float *y, size_t y_stride, const float *x, size_t rows,
     const float *panel, size_t k)
{
  __m256 low[6], high[6];
  UNROLL
  for (size_t i = 0; i < rows; i++) {
    low[i] = _mm256_loadu_ps(y + i * y_stride);
    high[i] = _mm256_loadu_ps(y + i * y_stride + 8);
  }
  for (size_t l = 0; l < k; l++) {
    __m256 w0 = _mm256_loadu_ps(panel + l * ULP_FMA_COLUMNS);
    __m256 w1 = _mm256_loadu_ps(panel + l * ULP_FMA_COLUMNS + 8);
    UNROLL
    for (size_t i = 0; i < rows; i++) {
      __m256 a = _mm256_broadcast_ss(x + l * rows + i);
      low[i] = _mm256_fmadd_ps(a, w0, low[i]);
      high[i] = _mm256_fmadd_ps(a, w1, high[i]);
    }
  }
  UNROLL
  for (size_t i = 0; i < rows; i++) {
    _mm256_storeu_ps(y + i * y_stride, low[i]);
    _mm256_storeu_ps(y + i * y_stride + 8, high[i]);
  }
}

void ulp_fma_tile_avx2(float *y, size_t y_stride, const float *x, size_t rows,
                       const float *panel, size_t panel_stride, size_t panels,
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
