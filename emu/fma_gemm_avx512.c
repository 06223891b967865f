/* SPDX-License-Identifier: MIT
 *
 * Fused multiply-adds on AVX-512: up to 8 rows by 32 columns in registers.
 */
#include <immintrin.h>

#include "fma_gemm.h"

/* Arrays of sums become registers where their loops are gone, which gcc does
 * not do at -O2 by itself. */
#define UNROLL _Pragma("GCC unroll 8")

/* rows and panels are constants where it is inlined. */
static inline __attribute__((always_inline)) void
tile(float *y, size_t y_stride, const float *x, size_t rows,
     const float *panel, size_t panel_stride, size_t panels, size_t k)
{
  __m512 sum[ULP_FMA_MAX_ROWS][ULP_FMA_MAX_PANELS];
  UNROLL
  for (size_t i = 0; i < rows; i++)
    UNROLL
    for (size_t p = 0; p < panels; p++)
      sum[i][p] = _mm512_loadu_ps(y + i * y_stride + p * ULP_FMA_COLUMNS);
  for (size_t l = 0; l < k; l++) {
    __m512 w[ULP_FMA_MAX_PANELS];
    UNROLL
    for (size_t p = 0; p < panels; p++)
      w[p] = _mm512_loadu_ps(panel + p * panel_stride + l * ULP_FMA_COLUMNS);
    UNROLL
    for (size_t i = 0; i < rows; i++) {
      __m512 a = _mm512_set1_ps(x[l * rows + i]);
      UNROLL
      for (size_t p = 0; p < panels; p++)
        sum[i][p] = _mm512_fmadd_ps(a, w[p], sum[i][p]);
    }
  }
  UNROLL
  for (size_t i = 0; i < rows; i++)
    UNROLL
    for (size_t p = 0; p < panels; p++)
      _mm512_storeu_ps(y + i * y_stride + p * ULP_FMA_COLUMNS, sum[i][p]);
}

void ulp_fma_tile_avx512(float *y, size_t y_stride, const float *x,
                         size_t rows, const float *panel, size_t panel_stride,
                         size_t panels, size_t k)
{
#define CASE(ROWS)                                                             \
  case ROWS:                                                                   \
    if (panels == 2)                                                           \
      tile(y, y_stride, x, ROWS, panel, panel_stride, 2, k);                   \
    else                                                                       \
      tile(y, y_stride, x, ROWS, panel, panel_stride, 1, k);                   \
    break
  switch (rows) {
    CASE(1);
    CASE(2);
    CASE(3);
    CASE(4);
    CASE(5);
    CASE(6);
    CASE(7);
    CASE(8);
  }
#undef CASE
}
