/* SPDX-License-Identifier: MIT
 *
 * Integers on AVX-512 with VNNI: up to 8 rows by 32 columns in registers.
 * vpdpbusd adds four products, each exact, without saturation: modulo 2^32.
 */
#include <immintrin.h>
#include <stdint.h>

#include "int_gemm.h"

#define TILE ulp_int_tile_avx512
#define MOST_ROWS 8
#define MOST_PANELS 2
#define V __m512i
#define WIDTH 16
#define v_load(p) _mm512_loadu_si512(p)
#define v_store(p, v) _mm512_storeu_si512(p, v)
#define v_all(p) _mm512_set1_epi32(*(const int32_t *)(const void *)(p))
#define v_add(sum, x, w) _mm512_dpbusd_epi32(sum, x, w)
#include "unit_tile.h"
