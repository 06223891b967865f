/* SPDX-License-Identifier: MIT
 *
 * The kernels in AVX2 and FMA.
 */
#include <immintrin.h>

enum { W = 8, COLUMNS_F = 2, COLUMNS_D = 2 };

#include "kernel_types.h"

#define NAME(kernel) kernel##_avx2

static inline vb max_b(vb x, vb y)
{
  return (vb)_mm256_max_epu8((__m256i)x, (__m256i)y);
}

static inline vh max_h(vh x, vh y)
{
  return (vh)_mm256_max_epi16((__m256i)x, (__m256i)y);
}

static inline vi max_i(vi x, vi y)
{
  return (vi)_mm256_max_epi32((__m256i)x, (__m256i)y);
}

/* Where test is not 0 the greater, else x. */
static inline vi max_where(vi test, vi x, vi y)
{
  return (vi)_mm256_blendv_epi8((__m256i)max_i(x, y), (__m256i)x,
                                (__m256i)(test == 0));
}

static inline vi splat_i(uint32_t x)
{
  return (vi)_mm256_set1_epi32((int32_t)x);
}

static inline vf splat_f(float x) { return (vf)_mm256_set1_ps(x); }
static inline vd splat_d(double x) { return (vd)_mm256_set1_pd(x); }

static inline vi widen(const int16_t *x)
{
  return (vi)_mm256_cvtepi16_epi32(_mm_loadu_si128((const void *)x));
}

/* Lanes 0 .. 3 or 4 .. 7. */
static inline vl half(vi x, int h)
{
  return (vl)_mm256_cvtepi32_epi64(
      h ? _mm256_extracti128_si256((__m256i)x, 1)
        : _mm256_castsi256_si128((__m256i)x));
}

/* Doubles of these, their words given; the lower ones are not negative. */
static inline vd words_of(vi low, vi high, int h)
{
  return (vd)(half(high, h) << 32 | half(low, h));
}

static inline vd to_double(vfh x) { return (vd)_mm256_cvtps_pd((__m128)x); }
static inline vfh to_float(vd x) { return (vfh)_mm256_cvtpd_ps((__m256d)x); }

static inline vfh cut_to_float(vd x)
{
  return to_float((vd)((vu)x & UINT64_MAX << 29));
}

static inline vf join(vfh x, vfh y)
{
  return (vf)_mm256_set_m128((__m128)y, (__m128)x);
}

static inline bool any_above(vi x, int32_t y)
{
  vi above = (vi)((vw)x > (uint32_t)y);
  return !_mm256_testz_si256((__m256i)above, (__m256i)above);
}

/* In FE_DOWNWARD. */
static inline vf fma_down_f(vf x, vf y, vf z)
{
  return (vf)_mm256_fmadd_ps((__m256)x, (__m256)y, (__m256)z);
}

static inline vd fma_down_d(vd x, vd y, vd z)
{
  return (vd)_mm256_fmadd_pd((__m256d)x, (__m256d)y, (__m256d)z);
}

/* 0, not -0, of equals, in FE_DOWNWARD. */
static inline vf minus(vf x, vf y) { return -(y - x); }

/* n and the bits set in x: of each nibble, then the sum of the bytes. */
static inline vi add_ones(vi n, vi x)
{
  const __m256i table = _mm256_setr_epi8(
      0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3,
      1, 2, 2, 3, 2, 3, 3, 4);
  const __m256i low = _mm256_set1_epi8(15);
  __m256i y = (__m256i)x;
  __m256i of = _mm256_add_epi8(
      _mm256_shuffle_epi8(table, _mm256_and_si256(y, low)),
      _mm256_shuffle_epi8(
          table, _mm256_and_si256(_mm256_srli_epi16(y, 4), low)));
  of = _mm256_maddubs_epi16(of, _mm256_set1_epi8(1));
  return (vi)((vw)n + (vw)_mm256_madd_epi16(of, _mm256_set1_epi16(1)));
}

static void fma_avx2(float y[ULP_LANES], const float p[ULP_LANES],
                     const float s[ULP_LANES])
{
  for (int l = 0; l < ULP_LANES; l += W)
    _mm256_storeu_ps(y + l, _mm256_fmadd_ps(_mm256_loadu_ps(p + l),
                                            _mm256_loadu_ps(s + l),
                                            _mm256_loadu_ps(y + l)));
}

#include "kernel_body.h"
#include "kernel_pack.h"

const ulp_kernels ulp_kernels_avx2 = {.down = true,
                                      .narrow = narrow_avx2,
                                      .wide = wide_avx2,
                                      .strange = strange_avx2,
                                      .pack = pack_avx2,
                                      .fma = fma_avx2};
