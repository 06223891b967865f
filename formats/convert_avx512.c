/* SPDX-License-Identifier: MIT
 *
 * The kernels of convert.h for AVX-512 with VBMI.
 */
#include <immintrin.h>

#include "convert_kernels.h"
#include "internal.h"

typedef __m512i VI;
typedef __mmask16 M;
enum { LANES = 16 };

static inline VI v_all(int32_t x) { return _mm512_set1_epi32(x); }
static inline VI v_add(VI a, VI b) { return _mm512_add_epi32(a, b); }
static inline VI v_sub(VI a, VI b) { return _mm512_sub_epi32(a, b); }
static inline VI v_and(VI a, VI b) { return _mm512_and_si512(a, b); }
static inline VI v_or(VI a, VI b) { return _mm512_or_si512(a, b); }
static inline VI v_xor(VI a, VI b) { return _mm512_xor_si512(a, b); }
static inline VI v_max(VI a, VI b) { return _mm512_max_epi32(a, b); }
static inline VI v_min(VI a, VI b) { return _mm512_min_epi32(a, b); }
static inline VI v_sll(VI a, int n)
{
  return _mm512_sll_epi32(a, _mm_cvtsi32_si128(n));
}
static inline VI v_srl(VI a, int n)
{
  return _mm512_srl_epi32(a, _mm_cvtsi32_si128(n));
}
/* Digits are on either side of the 32nd. */
static inline VI v_cut(VI s, VI drop, bool deep, VI *digits)
{
  VI rest = v_sub(v_all(32), drop), more = v_sub(drop, v_all(32));
  *digits = _mm512_sllv_epi32(s, rest);
  if (deep) *digits = v_or(*digits, _mm512_srlv_epi32(s, more));
  return _mm512_srlv_epi32(s, drop);
}
static inline M v_gt(VI a, VI b) { return _mm512_cmpgt_epi32_mask(a, b); }
static inline M v_above(VI a, VI b) { return _mm512_cmpgt_epu32_mask(a, b); }
static inline M v_equal(VI a, VI b) { return _mm512_cmpeq_epi32_mask(a, b); }
static inline M m_or(M a, M b) { return (M)(a | b); }
static inline M m_and(M a, M b) { return (M)(a & b); }
static inline M m_none(void) { return 0; }
static inline unsigned m_bits(M a) { return a; }
static inline VI v_if(M m, VI a) { return _mm512_maskz_mov_epi32(m, a); }
static inline VI v_count(VI a, M m)
{
  return _mm512_mask_sub_epi32(a, m, a, v_all(-1));
}
static inline VI v_pick(M m, VI a, VI b)
{
  return _mm512_mask_mov_epi32(a, m, b);
}
static inline int32_t v_greatest(VI v) { return _mm512_reduce_max_epi32(v); }
static inline VI v_by_sign(VI x, VI a, VI b)
{
  return v_pick(_mm512_movepi32_mask(x), a, b);
}

/* ---- floats ------------------------------------------------------------ */

static inline VI v_all_f32(float x)
{
  return _mm512_castps_si512(_mm512_set1_ps(x));
}
static inline VI v_times(VI x, VI y)
{
  return _mm512_castps_si512(
      _mm512_mul_ps(_mm512_castsi512_ps(x), _mm512_castsi512_ps(y)));
}
static inline VI v_over(VI x, VI y)
{
  return _mm512_castps_si512(
      _mm512_div_ps(_mm512_castsi512_ps(x), _mm512_castsi512_ps(y)));
}
static inline VI v_plus(VI x, VI y)
{
  return _mm512_castps_si512(
      _mm512_add_ps(_mm512_castsi512_ps(x), _mm512_castsi512_ps(y)));
}

static inline VI v_round(VI x)
{
  return _mm512_castps_si512(_mm512_roundscale_ps(
      _mm512_castsi512_ps(x), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

static inline VI load_f32(const char *p) { return _mm512_loadu_si512(p); }
static inline VI load_bf16(const char *p)
{
  return _mm512_slli_epi32(
      _mm512_cvtepu16_epi32(_mm256_loadu_si256((const void *)p)), 16);
}
static inline VI load_f16(const char *p)
{
  return _mm512_castps_si512(
      _mm512_cvtph_ps(_mm256_loadu_si256((const void *)p)));
}

static inline VI odd_f32(__m512d a, __m512d b, M *inexact)
{
  enum { CUT = _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC };
  __m256 low = _mm512_cvt_roundpd_ps(a, CUT);
  __m256 high = _mm512_cvt_roundpd_ps(b, CUT);
  unsigned off_a =
      _mm512_cmp_pd_mask(_mm512_cvtps_pd(low), a, _CMP_NEQ_UQ);
  unsigned off_b =
      _mm512_cmp_pd_mask(_mm512_cvtps_pd(high), b, _CMP_NEQ_UQ);
  VI v = _mm512_inserti64x4(
      _mm512_castsi256_si512(_mm256_castps_si256(low)),
      _mm256_castps_si256(high), 1);
  *inexact = (M)(off_a | off_b << 8);
  return _mm512_mask_or_epi32(v, *inexact, v, v_all(1));
}

static inline VI scaled_f64(__m512d a, __m512d b, bool over, double factor,
                            M *inexact)
{
  __m512d f = _mm512_set1_pd(factor);
  if (over) return odd_f32(_mm512_div_pd(a, f), _mm512_div_pd(b, f), inexact);
  return odd_f32(_mm512_mul_pd(a, f), _mm512_mul_pd(b, f), inexact);
}

static inline VI load_f64(const char *p, bool scaled, bool over, double factor,
                          M *inexact)
{
  __m512d a = _mm512_loadu_pd(p), b = _mm512_loadu_pd(p + 64);
  if (scaled) return scaled_f64(a, b, over, factor, inexact);
  return odd_f32(a, b, inexact);
}

static inline VI scale_f64(VI x, bool over, double factor, M *inexact)
{
  __m512 y = _mm512_castsi512_ps(x);
  return scaled_f64(_mm512_cvtps_pd(_mm512_castps512_ps256(y)),
                    _mm512_cvtps_pd(_mm512_extractf32x8_ps(y, 1)), over,
                    factor, inexact);
}

static inline void store8(char *p, VI v)
{
  _mm_storeu_si128((void *)p, _mm512_cvtepi32_epi8(v));
}
static inline void store16(char *p, VI v)
{
  _mm256_storeu_si256((void *)p, _mm512_cvtepi32_epi16(v));
}
static inline void store32(char *p, VI v) { _mm512_storeu_si512(p, v); }

/* ---- random words ------------------------------------------------------ */

/* Lane l at the state of word index + l; each step skips 16 of them. */
typedef struct {
  __m512i low, high, times, plus;
} rng;

static void rng_make(rng *g, const ulp_rounding *r, uint64_t index)
{
  uint64_t state[LANES];
  ulp_pcg32 one = ulp_pcg32_seed(r->seed, r->stream), leap = one;
  ulp_pcg32_advance(&one, index);
  for (int i = 0; i < LANES; i++) {
    state[i] = one.state;
    (void)ulp_pcg32_next(&one);
  }
  g->low = _mm512_loadu_si512(state);
  g->high = _mm512_loadu_si512(state + 8);
  leap.state = 0; /* 16 steps are state -> state * times + plus */
  ulp_pcg32_advance(&leap, LANES);
  g->plus = _mm512_set1_epi64((int64_t)leap.state);
  leap.state = 1;
  ulp_pcg32_advance(&leap, LANES);
  g->times = _mm512_sub_epi64(_mm512_set1_epi64((int64_t)leap.state), g->plus);
}

static inline __m512i shifted(__m512i s)
{
  return _mm512_srli_epi64(_mm512_xor_si512(_mm512_srli_epi64(s, 18), s), 27);
}

static inline VI rng_next(rng *g)
{
  const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20,
                                         22, 24, 26, 28, 30);
  const __m512i odd = _mm512_add_epi32(even, v_all(1));
  VI word = _mm512_permutex2var_epi32(shifted(g->low), even, shifted(g->high));
  VI turn = _mm512_srli_epi32(
      _mm512_permutex2var_epi32(g->low, odd, g->high), 27);
  g->low = _mm512_add_epi64(_mm512_mullo_epi64(g->low, g->times), g->plus);
  g->high = _mm512_add_epi64(_mm512_mullo_epi64(g->high, g->times), g->plus);
  return _mm512_rorv_epi32(word, turn);
}

/* ---- steps ------------------------------------------------------------- */

/* Levels of 1 to 16, then of 32, 64 and 128. */
typedef struct {
  VI low[5], high[14], code;
} steps;

static inline steps steps_of(const ulp_encoder *e, int levels)
{
  steps s;
  s.code = _mm512_loadu_si512(e->step_code);
  for (int i = 0; i < (levels > 4 ? 5 : 4); i++)
    s.low[i] = _mm512_loadu_si512(e->step + (1 << i));
  for (int i = 0; i < (levels > 4 ? 14 : 0); i++)
    s.high[i] = _mm512_loadu_si512(e->step + 32 + 16 * i);
  return s;
}

/* Of 32 from s on; bits of i above are ignored. */
static inline VI of_32(const VI s[2], VI i)
{
  return _mm512_permutex2var_epi32(s[0], i, s[1]);
}
static inline VI of_64(const VI s[4], VI i)
{
  return v_pick(_mm512_test_epi32_mask(i, v_all(32)), of_32(s, i),
                of_32(s + 2, i));
}

static inline VI step_at(const steps *s, int level, VI i)
{
  if (level < 5) return _mm512_permutexvar_epi32(i, s->low[level]);
  if (level == 5) return of_32(s->high, i);
  if (level == 6) return of_64(s->high + 2, i);
  return v_pick(_mm512_test_epi32_mask(i, v_all(64)), of_64(s->high + 6, i),
                of_64(s->high + 10, i));
}

static inline VI step_code(const steps *s, VI i)
{
  return _mm512_permutexvar_epi32(i, s->code);
}

/* ---- doubles ----------------------------------------------------------- */

typedef double VD __attribute__((vector_size(sizeof(VI))));
typedef int64_t VL __attribute__((vector_size(sizeof(VI))));
typedef float half_f32 __attribute__((vector_size(sizeof(VI) / 2)));
typedef int32_t half_i32 __attribute__((vector_size(sizeof(VI) / 2)));

static inline half_i32 v_half(VI v, int i)
{
  return (half_i32)(i ? _mm512_extracti64x4_epi64(v, 1)
                      : _mm512_castsi512_si256(v));
}
static inline VI v_join(half_i32 a, half_i32 b)
{
  return _mm512_inserti64x4(_mm512_castsi256_si512((__m256i)a), (__m256i)b, 1);
}
static inline VD v_of(const double *p, half_i32 i, int levels)
{
  if (levels > 4) return (VD)_mm512_i32gather_pd((__m256i)i, p, 8);
  return (VD)_mm512_permutex2var_pd(_mm512_loadu_pd(p),
                                    _mm512_cvtepi32_epi64((__m256i)i),
                                    _mm512_loadu_pd(p + 8));
}

#include "convert_steps.h"

#include "convert_body.h"

/* ---- packing ----------------------------------------------------------- */

enum { WORDS = 8 };
static inline VI w_all(uint64_t x) { return _mm512_set1_epi64((int64_t)x); }
static inline VI w_sll(VI a, int n)
{
  return _mm512_sll_epi64(a, _mm_cvtsi32_si128(n));
}
static inline VI w_srl(VI a, int n)
{
  return _mm512_srl_epi64(a, _mm_cvtsi32_si128(n));
}
static inline void store_words(uint8_t *p, VI v, const uint8_t *order,
                               unsigned bytes)
{
  (void)bytes;
  _mm512_storeu_si512(
      p, _mm512_permutexvar_epi8(_mm512_loadu_si512(order), v));
}
static inline VI load_words(const uint8_t *p, const uint8_t *order,
                            unsigned bytes)
{
  (void)bytes;
  return _mm512_permutexvar_epi8(_mm512_loadu_si512(order),
                                 _mm512_loadu_si512(p));
}

#include "pack_body.h"

/* ---- decoding ---------------------------------------------------------- */

/* The upper halves of 256 f32, the third and the fourth byte apart. */
typedef struct {
  __m512i third[4], fourth[4];
} halves;

/* False when a value has more than its upper half. */
static bool split_values(halves *h, const float value[256])
{
  uint8_t third[256], fourth[256];
  uint32_t bits, low = 0;
  for (int i = 0; i < 256; i++) {
    memcpy(&bits, value + i, sizeof bits);
    low |= bits & 0xffff;
    third[i] = (uint8_t)(bits >> 16);
    fourth[i] = (uint8_t)(bits >> 24);
  }
  for (int i = 0; i < 4; i++) {
    h->third[i] = _mm512_loadu_si512(third + 64 * i);
    h->fourth[i] = _mm512_loadu_si512(fourth + 64 * i);
  }
  return low == 0;
}

static inline __m512i look_up(const __m512i t[4], __m512i code, __mmask64 upper)
{
  return _mm512_mask_blend_epi8(
      upper, _mm512_permutex2var_epi8(t[0], code, t[1]),
      _mm512_permutex2var_epi8(t[2], code, t[3]));
}

/* 64 codes, in an order that the unpacking puts right. */
static inline void values_of(__m512i out[4], const halves *h, __m512i code)
{
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10,
                                          14, 3, 7, 11, 15);
  const __m512i zero = _mm512_setzero_si512();
  code = _mm512_permutexvar_epi32(order, code);
  __mmask64 upper = _mm512_movepi8_mask(code);
  __m512i third = look_up(h->third, code, upper);
  __m512i fourth = look_up(h->fourth, code, upper);
  __m512i low = _mm512_unpacklo_epi8(third, fourth);
  __m512i high = _mm512_unpackhi_epi8(third, fourth);
  out[0] = _mm512_unpacklo_epi16(zero, low);
  out[1] = _mm512_unpackhi_epi16(zero, low);
  out[2] = _mm512_unpacklo_epi16(zero, high);
  out[3] = _mm512_unpackhi_epi16(zero, high);
}

/* One factor and what is taken off before it; NULL: neither. */
static inline VI scaled(VI v, const float *factor, const float *zero)
{
  if (zero) v = v_plus(v, v_all_f32(-*zero));
  return factor ? v_times(v, v_all_f32(*factor)) : v;
}

static inline void decode_run(float *y, const halves *h, const uint8_t *code,
                              size_t n, const float *factor, const float *zero)
{
  VI v[4];
  size_t i = 0;
  for (; i + 64 <= n; i += 64) {
    values_of(v, h, _mm512_loadu_si512(code + i));
    for (int k = 0; k < 4; k++)
      store32((char *)(y + i + 16 * k), scaled(v[k], factor, zero));
  }
  for (; i < n; i += 16) {
    size_t left = n - i < 16 ? n - i : 16;
    M some = (M)((1u << left) - 1);
    VI at = _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(some, code + i));
    __mmask64 upper = _mm512_movepi8_mask(at);
    VI third = look_up(h->third, at, upper);
    VI fourth = look_up(h->fourth, at, upper);
    v[0] = v_or(_mm512_slli_epi32(fourth, 24),
                _mm512_srli_epi32(_mm512_slli_epi32(third, 24), 8));
    _mm512_mask_storeu_epi32(y + i, some, scaled(v[0], factor, zero));
  }
}

static void decode(float *y, const float value[256], const uint8_t *code,
                   size_t n, const float *factor, const float *zero,
                   size_t every)
{
  halves h;
  if (n < 256 || !split_values(&h, value)) {
    ulp_convert_portable.decode(y, value, code, n, factor, zero, every);
    return;
  }
  for (size_t at = 0, i = 0; at < n; at += every, i++)
    decode_run(y + at, &h, code + at, n - at < every ? n - at : every,
               factor ? factor + i : NULL, zero ? zero + i : NULL);
}

const ulp_convert_kernels ulp_convert_avx512 = {encode, amax,   range,
                                                decode, pack, unpack, values};
