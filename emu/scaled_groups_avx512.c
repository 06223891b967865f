/* SPDX-License-Identifier: MIT
 *
 * Groups of FP4 products on AVX-512: vpdpbusd over bytes, then f64.
 */
#include <immintrin.h>
#include <string.h>

#include "scaled_groups.h"

/* gcc does not do it at -O2 by itself. */
#define UNROLL _Pragma("GCC unroll 8")

static inline __m512i group_sum(const ulp_group_row *a,
                                const ulp_group_columns *b, int g)
{
  __m512i sum = _mm512_loadu_si512(b->init[g]);
  UNROLL
  for (int q = 4 * g; q < 4 * g + 4; q++) {
    int32_t four;
    memcpy(&four, a->value + 4 * q, sizeof four);
    sum = _mm512_dpbusd_epi32(
        sum, _mm512_set1_epi32(four),
        _mm512_loadu_si512(b->value.byte + 4 * ULP_GROUP_LANES * q));
  }
  return sum;
}

/* Lanes of half h whose C is inside the bounds. */
static inline __mmask8 inside(const ulp_group_row *a,
                              const ulp_group_columns *b, int h, __m512d c)
{
  __m512d low = _mm512_mul_pd(_mm512_set1_pd(a->low),
                              _mm512_loadu_pd(b->low + 8 * h));
  __m512d high = _mm512_mul_pd(_mm512_set1_pd(a->high),
                               _mm512_loadu_pd(b->high + 8 * h));
  __m512d size = _mm512_abs_pd(c);
  __mmask8 large = _mm512_cmp_pd_mask(size, low, _CMP_GE_OQ);
  __mmask8 zero = _mm512_cmp_pd_mask(c, _mm512_setzero_pd(), _CMP_EQ_OQ);
  return (__mmask8)((large | zero) &
                    _mm512_cmp_pd_mask(size, high, _CMP_LT_OQ));
}

static inline __m512d add_term(const ulp_group_row *a,
                               const ulp_group_columns *b, int g, int h,
                               __m256i sum, __m512d c)
{
  __m512d scale = _mm512_mul_pd(_mm512_set1_pd(a->factor[g]),
                                _mm512_loadu_pd(b->factor[g] + 8 * h));
  return _mm512_fmadd_pd(_mm512_cvtepi32_pd(sum), scale, c);
}

/* To f32 toward zero, in its normal range. */
static inline __m512d cut(__m512d x)
{
  const __m512i keep = _mm512_set1_epi64(-(INT64_C(1) << 29));
  return _mm512_castsi512_pd(
      _mm512_and_si512(_mm512_castpd_si512(x), keep));
}

void ulp_group_tile_avx512(const ulp_group_row *a, const ulp_group_columns *b,
                           size_t chunks, double c[ULP_GROUP_LANES],
                           ulp_group_rest *rest, void *data)
{
  __m512d c0 = _mm512_loadu_pd(c), c1 = _mm512_loadu_pd(c + 8);
  for (size_t l = 0; l < chunks; l++, a++, b++) {
    __m512d d0 = c0, d1 = c1;
    unsigned good = inside(a, b, 0, c0) | (unsigned)inside(a, b, 1, c1) << 8;
    UNROLL
    for (int g = 0; g < ULP_GROUPS; g++) {
      __m512i sum = group_sum(a, b, g);
      d0 = add_term(a, b, g, 0, _mm512_castsi512_si256(sum), d0);
      d1 = add_term(a, b, g, 1, _mm512_extracti64x4_epi64(sum, 1), d1);
    }
    d0 = cut(d0);
    d1 = cut(d1);
    if (good != 0xffff) {
      double from[ULP_GROUP_LANES];
      _mm512_storeu_pd(from, c0);
      _mm512_storeu_pd(from + 8, c1);
      _mm512_storeu_pd(c, d0);
      _mm512_storeu_pd(c + 8, d1);
      rest(data, l, ~good & 0xffff, from, c);
      d0 = _mm512_loadu_pd(c);
      d1 = _mm512_loadu_pd(c + 8);
    }
    c0 = d0;
    c1 = d1;
  }
  _mm512_storeu_pd(c, c0);
  _mm512_storeu_pd(c + 8, c1);
}
