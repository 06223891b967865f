/* SPDX-License-Identifier: MIT
 *
 * Groups of FP4 products on AVX2: vpmaddubsw over bytes, whose sums of 16 stay
 * below 2^15 (24 * 12 * 16), then f64.
 */
#include <immintrin.h>
#include <string.h>

#include "scaled_groups.h"

/* gcc does not do it at -O2 by itself. */
#define UNROLL _Pragma("GCC unroll 8")

enum { QUARTERS = ULP_GROUP_LANES / 4 };

/* Of all 16 columns. */
static inline __m256i group_sum(const ulp_group_row *a,
                                const ulp_group_columns *b, int g)
{
  __m256i sum = _mm256_setzero_si256();
  UNROLL
  for (int p = 8 * g; p < 8 * g + 8; p++) {
    int16_t two;
    memcpy(&two, a->value + 2 * p, sizeof two);
    __m256i w = _mm256_loadu_si256(
        (const void *)(b->value.byte + 2 * ULP_GROUP_LANES * p));
    sum = _mm256_add_epi16(sum, _mm256_maddubs_epi16(_mm256_set1_epi16(two),
                                                     w));
  }
  return sum;
}

/* All ones where C is inside the bounds. */
static inline __m256d inside(const ulp_group_row *a,
                             const ulp_group_columns *b, int h, __m256d c)
{
  __m256d low = _mm256_mul_pd(_mm256_set1_pd(a->low),
                              _mm256_loadu_pd(b->low + 4 * h));
  __m256d high = _mm256_mul_pd(_mm256_set1_pd(a->high),
                               _mm256_loadu_pd(b->high + 4 * h));
  __m256d size = _mm256_andnot_pd(_mm256_set1_pd(-0.0), c);
  __m256d large = _mm256_cmp_pd(size, low, _CMP_GE_OQ);
  __m256d zero = _mm256_cmp_pd(c, _mm256_setzero_pd(), _CMP_EQ_OQ);
  return _mm256_and_pd(_mm256_or_pd(large, zero),
                       _mm256_cmp_pd(size, high, _CMP_LT_OQ));
}

static inline __m256d add_term(const ulp_group_row *a,
                               const ulp_group_columns *b, int g, int h,
                               __m128i sum, __m256d c)
{
  __m256d scale = _mm256_mul_pd(_mm256_set1_pd(a->factor[g]),
                                _mm256_loadu_pd(b->factor[g] + 4 * h));
  __m128i init = _mm_loadu_si128((const void *)(b->init[g] + 4 * h));
  return _mm256_fmadd_pd(_mm256_cvtepi32_pd(_mm_add_epi32(sum, init)), scale,
                         c);
}

/* To f32 toward zero, in its normal range. */
static inline __m256d cut(__m256d x)
{
  const __m256i keep = _mm256_set1_epi64x(-(INT64_C(1) << 29));
  return _mm256_castsi256_pd(
      _mm256_and_si256(_mm256_castpd_si256(x), keep));
}

static inline void add_group(const ulp_group_row *a,
                             const ulp_group_columns *b, int g,
                             __m256d d[QUARTERS])
{
  __m256i sum = group_sum(a, b, g);
  __m128i low = _mm256_castsi256_si128(sum);
  __m128i high = _mm256_extracti128_si256(sum, 1);
  d[0] = add_term(a, b, g, 0, _mm_cvtepi16_epi32(low), d[0]);
  d[1] = add_term(a, b, g, 1, _mm_cvtepi16_epi32(_mm_srli_si128(low, 8)),
                  d[1]);
  d[2] = add_term(a, b, g, 2, _mm_cvtepi16_epi32(high), d[2]);
  d[3] = add_term(a, b, g, 3, _mm_cvtepi16_epi32(_mm_srli_si128(high, 8)),
                  d[3]);
}

void ulp_group_tile_avx2(const ulp_group_row *a, const ulp_group_columns *b,
                         size_t chunks, double c[ULP_GROUP_LANES],
                         ulp_group_rest *rest, void *data)
{
  for (size_t l = 0; l < chunks; l++, a++, b++) {
    __m256d d[QUARTERS];
    unsigned good = 0;
    UNROLL
    for (int h = 0; h < QUARTERS; h++) {
      d[h] = _mm256_loadu_pd(c + 4 * h);
      good |= (unsigned)_mm256_movemask_pd(inside(a, b, h, d[h])) << 4 * h;
    }
    UNROLL
    for (int g = 0; g < ULP_GROUPS; g++)
      add_group(a, b, g, d);
    double from[ULP_GROUP_LANES];
    if (good != 0xffff)
      memcpy(from, c, sizeof from);
    UNROLL
    for (int h = 0; h < QUARTERS; h++)
      _mm256_storeu_pd(c + 4 * h, cut(d[h]));
    if (good != 0xffff)
      rest(data, l, ~good & 0xffff, from, c);
  }
}
