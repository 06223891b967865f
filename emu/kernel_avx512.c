/* SPDX-License-Identifier: MIT
 *
 * The kernels in AVX-512.
 */
#include <immintrin.h>

enum { W = 16, COLUMNS_F = 2, COLUMNS_D = 4 };

#include "kernel_types.h"

#define NAME(kernel) kernel##_avx512
#define DOWN (_MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC)

static inline vb max_b(vb x, vb y)
{
  return (vb)_mm512_max_epu8((__m512i)x, (__m512i)y);
}

static inline vh max_h(vh x, vh y)
{
  return (vh)_mm512_max_epi16((__m512i)x, (__m512i)y);
}

static inline vi max_i(vi x, vi y)
{
  return (vi)_mm512_max_epi32((__m512i)x, (__m512i)y);
}

/* Where test is not 0 the greater, else x. */
static inline vi max_where(vi test, vi x, vi y)
{
  __mmask16 m = _mm512_test_epi32_mask((__m512i)test, (__m512i)test);
  return (vi)_mm512_mask_max_epi32((__m512i)x, m, (__m512i)x, (__m512i)y);
}

static inline vi splat_i(uint32_t x)
{
  return (vi)_mm512_set1_epi32((int32_t)x);
}

static inline vf splat_f(float x) { return (vf)_mm512_set1_ps(x); }
static inline vd splat_d(double x) { return (vd)_mm512_set1_pd(x); }

static inline vi widen(const int16_t *x)
{
  return (vi)_mm512_cvtepi16_epi32(_mm256_loadu_si256((const void *)x));
}

/* Doubles of lanes 0 .. 7 or 8 .. 15, their words given. */
static inline vd words_of(vi low, vi high, int h)
{
  const __m512i from = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5,
                                         21, 6, 22, 7, 23);
  return (vd)_mm512_permutex2var_epi32(
      (__m512i)low, _mm512_add_epi32(from, _mm512_set1_epi32(8 * h)),
      (__m512i)high);
}

static inline vd to_double(vfh x)
{
  return (vd)_mm512_cvtps_pd((__m256)x);
}

static inline vfh to_float(vd x) { return (vfh)_mm512_cvtpd_ps((__m512d)x); }

static inline vfh cut_to_float(vd x)
{
  return (vfh)_mm512_cvt_roundpd_ps((__m512d)x,
                                    _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
}

static inline vf join(vfh x, vfh y)
{
  return (vf)_mm512_insertf32x8(_mm512_castps256_ps512((__m256)x), (__m256)y,
                                1);
}

static inline bool any_above(vi x, int32_t y)
{
  return _mm512_cmpgt_epu32_mask((__m512i)x, _mm512_set1_epi32(y)) != 0;
}

static inline vf fma_down_f(vf x, vf y, vf z)
{
  return (vf)_mm512_fmadd_round_ps((__m512)x, (__m512)y, (__m512)z, DOWN);
}

static inline vd fma_down_d(vd x, vd y, vd z)
{
  return (vd)_mm512_fmadd_round_pd((__m512d)x, (__m512d)y, (__m512d)z, DOWN);
}

static inline vf minus(vf x, vf y) { return x - y; }

/* n and the bits set in x. */
static inline vi add_ones(vi n, vi x)
{
  return n + (vi)_mm512_popcnt_epi32((__m512i)x);
}

static void fma_avx512(float y[ULP_LANES], const float p[ULP_LANES],
                       const float s[ULP_LANES])
{
  for (int l = 0; l < ULP_LANES; l += W)
    _mm512_storeu_ps(y + l, _mm512_fmadd_ps(_mm512_loadu_ps(p + l),
                                            _mm512_loadu_ps(s + l),
                                            _mm512_loadu_ps(y + l)));
}

#include "kernel_body.h"
#include "kernel_pack.h"

const ulp_kernels ulp_kernels_avx512 = {.narrow = narrow_avx512,
                                        .wide = wide_avx512,
                                        .strange = strange_avx512,
                                        .pack = pack_avx512,
                                        .fma = fma_avx512};
