/* SPDX-License-Identifier: MIT
 *
 * Fused multiply-adds on AVX-512: up to 8 rows by 32 columns in registers.
 */
#include <immintrin.h>

#include "fma_gemm.h"

#define TILE ulp_fma_tile_avx512
#define MOST_ROWS 8
#define MOST_PANELS 2
#define V __m512
#define WIDTH 16
#define v_load(p) _mm512_loadu_ps(p)
#define v_store(p, v) _mm512_storeu_ps(p, v)
#define v_all(p) _mm512_set1_ps(*(const float *)(const void *)(p))
#define v_add(sum, x, w) _mm512_fmadd_ps(x, w, sum)
#include "unit_tile.h"
