/* SPDX-License-Identifier: MIT
 *
 * Integers on AVX2: up to 6 rows by 16 columns in registers.  vpmaddwd adds
 * two products of int16, exact where operands have 9 bits; vpmaddubsw, of
 * bytes, would saturate.
 */
#include <immintrin.h>
#include <stdint.h>

#include "int_gemm.h"

/* Said to be changed where it stands: gcc reorders sums of integers, and spills
 * some (a third slower). */
static inline __m256i add_products(__m256i sum, __m256i x, __m256i w)
{
  sum = _mm256_add_epi32(sum, _mm256_madd_epi16(x, w));
  __asm__("" : "+x"(sum));
  return sum;
}

#define TILE ulp_int_tile_avx2
#define MOST_ROWS 6
#define MOST_PANELS 1
#define V __m256i
#define WIDTH 8
#define v_load(p) _mm256_loadu_si256((const void *)(p))
#define v_store(p, v) _mm256_storeu_si256((void *)(p), v)
#define v_all(p) _mm256_set1_epi32(*(const int32_t *)(const void *)(p))
#define v_add(sum, x, w) add_products(sum, x, w)
#include "unit_tile.h"
