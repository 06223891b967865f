/* SPDX-License-Identifier: MIT
 *
 * Fused multiply-adds on AVX2 with FMA: up to 6 rows by 16 columns in
 * registers.
 */
#include <immintrin.h>

#include "fma_gemm.h"

#define TILE ulp_fma_tile_avx2
#define MOST_ROWS 6
#define MOST_PANELS 1
#define V __m256
#define WIDTH 8
#define v_load(p) _mm256_loadu_ps((const float *)(const void *)(p))
#define v_store(p, v) _mm256_storeu_ps((float *)(void *)(p), v)
#define v_all(p) _mm256_broadcast_ss((const float *)(const void *)(p))
#define v_add(sum, x, w) _mm256_fmadd_ps(x, w, sum)
#include "unit_tile.h"
