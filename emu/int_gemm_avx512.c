/* SPDX-License-Identifier: MIT
 *
 * Integers on AVX-512 with VNNI: up to 8 rows by 32 columns in registers.
 * vpdpbusd adds four products, each exact, without saturation: modulo 2^32.
 */
#include <immintrin.h>

#include "int_gemm.h"

/* gcc does not do it at -O2 by itself. */
#define UNROLL _Pragma("GCC unroll 8")

static inline __m512i quad(const uint32_t *x)
{
  return _mm512_set1_epi32((int)*x);
}

/* rows and panels are constants where it is inlined. */
static inline __attribute__((always_inline)) void
tile(uint32_t *y, size_t y_stride, ulp_unit_x units, size_t rows,
     const uint32_t *panel, size_t panel_stride, size_t panels, size_t k)
{
  const uint32_t *x = units.at;
  __m512i sum[ULP_UNIT_MAX_ROWS][ULP_UNIT_MAX_PANELS];
  UNROLL
  for (size_t i = 0; i < rows; i++)
    UNROLL
    for (size_t p = 0; p < panels; p++)
      sum[i][p] = _mm512_loadu_si512(y + i * y_stride + p * ULP_UNIT_COLUMNS);
  for (size_t l = 0; l < k; l++) {
    __m512i w[ULP_UNIT_MAX_PANELS];
    UNROLL
    for (size_t p = 0; p < panels; p++)
      w[p] = _mm512_loadu_si512(panel + p * panel_stride +
                                l * ULP_UNIT_COLUMNS);
    UNROLL
    for (size_t i = 0; i < rows; i++)
      UNROLL
      for (size_t p = 0; p < panels; p++)
        sum[i][p] = _mm512_dpbusd_epi32(
            sum[i][p], quad(x + i * units.row + l * units.step), w[p]);
  }
  UNROLL
  for (size_t i = 0; i < rows; i++)
    UNROLL
    for (size_t p = 0; p < panels; p++)
      _mm512_storeu_si512(y + i * y_stride + p * ULP_UNIT_COLUMNS, sum[i][p]);
}

void ulp_int_tile_avx512(void *y, size_t y_stride, ulp_unit_x x, size_t rows,
                         const void *panel, size_t panel_stride, size_t panels,
                         size_t k)
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
