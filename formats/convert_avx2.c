/* SPDX-License-Identifier: MIT
 *
 * The kernels of convert.h for AVX2 with F16C.
 */
#include <immintrin.h>

#include "convert_kernels.h"
#include "internal.h"

typedef __m256i VI;
typedef __m256i M; /* lanes of ones */
enum { LANES = 8 };

static inline VI v_all(int32_t x) { return _mm256_set1_epi32(x); }
static inline VI v_add(VI a, VI b) { return _mm256_add_epi32(a, b); }
static inline VI v_sub(VI a, VI b) { return _mm256_sub_epi32(a, b); }
static inline VI v_and(VI a, VI b) { return _mm256_and_si256(a, b); }
static inline VI v_or(VI a, VI b) { return _mm256_or_si256(a, b); }
static inline VI v_xor(VI a, VI b) { return _mm256_xor_si256(a, b); }
static inline VI v_max(VI a, VI b) { return _mm256_max_epi32(a, b); }
static inline VI v_min(VI a, VI b) { return _mm256_min_epi32(a, b); }
static inline VI v_sllv(VI a, VI n) { return _mm256_sllv_epi32(a, n); }
static inline VI v_srlv(VI a, VI n) { return _mm256_srlv_epi32(a, n); }
static inline VI v_sll(VI a, int n)
{
  return _mm256_sll_epi32(a, _mm_cvtsi32_si128(n));
}
static inline VI v_srl(VI a, int n)
{
  return _mm256_srl_epi32(a, _mm_cvtsi32_si128(n));
}
/* Digits are on either side of the 32nd. */
static inline VI v_cut(VI s, VI drop, bool deep, VI *digits)
{
  VI rest = v_sub(v_all(32), drop), more = v_sub(drop, v_all(32));
  *digits = v_sllv(s, rest);
  if (deep) *digits = v_or(*digits, v_srlv(s, more));
  return v_srlv(s, drop);
}
static inline M v_gt(VI a, VI b) { return _mm256_cmpgt_epi32(a, b); }
static inline M v_above(VI a, VI b)
{
  VI top = v_all(INT32_MIN);
  return v_gt(v_xor(a, top), v_xor(b, top));
}
static inline M v_equal(VI a, VI b) { return _mm256_cmpeq_epi32(a, b); }
static inline M m_or(M a, M b) { return v_or(a, b); }
static inline M m_and(M a, M b) { return v_and(a, b); }
static inline M m_none(void) { return _mm256_setzero_si256(); }
static inline unsigned m_bits(M a)
{
  return (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(a));
}
static inline VI v_if(M m, VI a) { return v_and(m, a); }
static inline VI v_count(VI a, M m) { return v_sub(a, m); }
static inline VI v_pick(M m, VI a, VI b) { return _mm256_blendv_epi8(a, b, m); }
static inline int32_t v_greatest(VI v)
{
  __m128i x = _mm_max_epi32(_mm256_castsi256_si128(v),
                            _mm256_extracti128_si256(v, 1));
  x = _mm_max_epi32(x, _mm_shuffle_epi32(x, 0x4e));
  x = _mm_max_epi32(x, _mm_shuffle_epi32(x, 0xb1));
  return _mm_cvtsi128_si32(x);
}
static inline VI v_by_sign(VI x, VI a, VI b)
{
  return _mm256_castps_si256(_mm256_blendv_ps(_mm256_castsi256_ps(a),
                                              _mm256_castsi256_ps(b),
                                              _mm256_castsi256_ps(x)));
}

/* ---- floats ------------------------------------------------------------ */

static inline VI v_all_f32(float x)
{
  return _mm256_castps_si256(_mm256_set1_ps(x));
}
static inline VI v_times(VI x, VI y)
{
  return _mm256_castps_si256(
      _mm256_mul_ps(_mm256_castsi256_ps(x), _mm256_castsi256_ps(y)));
}
static inline VI v_over(VI x, VI y)
{
  return _mm256_castps_si256(
      _mm256_div_ps(_mm256_castsi256_ps(x), _mm256_castsi256_ps(y)));
}
static inline VI v_plus(VI x, VI y)
{
  return _mm256_castps_si256(
      _mm256_add_ps(_mm256_castsi256_ps(x), _mm256_castsi256_ps(y)));
}

static inline VI v_round(VI x)
{
  return _mm256_castps_si256(_mm256_round_ps(
      _mm256_castsi256_ps(x), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

static inline VI load_f32(const char *p)
{
  return _mm256_loadu_si256((const void *)p);
}
static inline VI load_bf16(const char *p)
{
  return _mm256_slli_epi32(
      _mm256_cvtepu16_epi32(_mm_loadu_si128((const void *)p)), 16);
}
static inline VI load_f16(const char *p)
{
  return _mm256_castps_si256(
      _mm256_cvtph_ps(_mm_loadu_si128((const void *)p)));
}

/* The even or the odd 32-bit lanes of a, then those of b. */
#define HALVES(a, b, lanes)                                            \
  _mm256_castpd_si256(_mm256_permute4x64_pd(                           \
      _mm256_castps_pd(_mm256_shuffle_ps(_mm256_castpd_ps(a),          \
                                         _mm256_castpd_ps(b), lanes)), \
      0xd8))

/* Rounded to nearest first, and taken back where that went up. */
static inline VI odd_f32(__m256d a, __m256d b, M *inexact)
{
  const __m256d size = _mm256_castsi256_pd(_mm256_set1_epi64x(INT64_MAX));
  __m128 low = _mm256_cvtpd_ps(a), high = _mm256_cvtpd_ps(b);
  __m256d back_a = _mm256_cvtps_pd(low), back_b = _mm256_cvtps_pd(high);
  VI v = _mm256_castps_si256(_mm256_set_m128(high, low));
  M more = HALVES(_mm256_cmp_pd(_mm256_and_pd(back_a, size),
                                _mm256_and_pd(a, size), _CMP_GT_OQ),
                  _mm256_cmp_pd(_mm256_and_pd(back_b, size),
                                _mm256_and_pd(b, size), _CMP_GT_OQ),
                  0x88);
  *inexact = HALVES(_mm256_cmp_pd(back_a, a, _CMP_NEQ_UQ),
                    _mm256_cmp_pd(back_b, b, _CMP_NEQ_UQ), 0x88);
  return v_or(v_add(v, more), v_and(*inexact, v_all(1)));
}

static inline VI scaled_f64(__m256d a, __m256d b, bool over, double factor,
                            M *inexact)
{
  __m256d f = _mm256_set1_pd(factor);
  if (over) return odd_f32(_mm256_div_pd(a, f), _mm256_div_pd(b, f), inexact);
  return odd_f32(_mm256_mul_pd(a, f), _mm256_mul_pd(b, f), inexact);
}

static inline VI load_f64(const char *p, bool scaled, bool over, double factor,
                          M *inexact)
{
  __m256d a = _mm256_loadu_pd((const double *)(const void *)p);
  __m256d b = _mm256_loadu_pd((const double *)(const void *)(p + 32));
  if (scaled) return scaled_f64(a, b, over, factor, inexact);
  return odd_f32(a, b, inexact);
}

static inline VI scale_f64(VI x, bool over, double factor, M *inexact)
{
  __m256 y = _mm256_castsi256_ps(x);
  return scaled_f64(_mm256_cvtps_pd(_mm256_castps256_ps128(y)),
                    _mm256_cvtps_pd(_mm256_extractf128_ps(y, 1)), over, factor,
                    inexact);
}

/* Codes of 16 bits would saturate as signed numbers, so unsigned. */
static inline __m128i words_of(VI v)
{
  v = v_and(v, v_all(0xffff));
  return _mm_packus_epi32(_mm256_castsi256_si128(v),
                          _mm256_extracti128_si256(v, 1));
}
static inline void store8(char *p, VI v)
{
  __m128i words = words_of(v_and(v, v_all(0xff)));
  _mm_storel_epi64((void *)p, _mm_packus_epi16(words, words));
}
static inline void store16(char *p, VI v)
{
  _mm_storeu_si128((void *)p, words_of(v));
}
static inline void store32(char *p, VI v)
{
  _mm256_storeu_si256((void *)p, v);
}

/* ---- random words ------------------------------------------------------ */

/* Words 0 1 4 5 and 2 3 6 7 of eight, so that their halves shuffle into
 * place; each step skips eight. */
typedef struct {
  __m256i first, second, times, times_high, plus;
} rng;

static void rng_make(rng *g, const ulp_rounding *r, uint64_t index)
{
  int64_t state[LANES];
  ulp_pcg32 one = ulp_pcg32_seed(r->seed, r->stream), leap = one;
  ulp_pcg32_advance(&one, index);
  for (int i = 0; i < LANES; i++) {
    state[i] = (int64_t)one.state;
    (void)ulp_pcg32_next(&one);
  }
  g->first = _mm256_setr_epi64x(state[0], state[1], state[4], state[5]);
  g->second = _mm256_setr_epi64x(state[2], state[3], state[6], state[7]);
  leap.state = 0; /* 8 steps are state -> state * times + plus */
  ulp_pcg32_advance(&leap, LANES);
  uint64_t plus = leap.state;
  g->plus = _mm256_set1_epi64x((int64_t)plus);
  leap.state = 1;
  ulp_pcg32_advance(&leap, LANES);
  g->times = _mm256_set1_epi64x((int64_t)(leap.state - plus));
  g->times_high = _mm256_srli_epi64(g->times, 32);
}

/* Products of 64 bits modulo 2^64, from those of 32. */
static inline __m256i stepped(const rng *g, __m256i s)
{
  __m256i cross =
      _mm256_add_epi64(_mm256_mul_epu32(s, g->times_high),
                       _mm256_mul_epu32(_mm256_srli_epi64(s, 32), g->times));
  return _mm256_add_epi64(
      _mm256_add_epi64(_mm256_mul_epu32(s, g->times), g->plus),
      _mm256_slli_epi64(cross, 32));
}

static inline __m256i shifted(__m256i s)
{
  return _mm256_srli_epi64(_mm256_xor_si256(_mm256_srli_epi64(s, 18), s), 27);
}

#define LANES_OF(a, b, lanes)                                     \
  _mm256_castps_si256(_mm256_shuffle_ps(_mm256_castsi256_ps(a), \
                                        _mm256_castsi256_ps(b), lanes))

static inline VI rng_next(rng *g)
{
  VI word = LANES_OF(shifted(g->first), shifted(g->second), 0x88);
  VI turn = _mm256_srli_epi32(LANES_OF(g->first, g->second, 0xdd), 27);
  VI back = v_sub(v_all(32), turn);
  g->first = stepped(g, g->first);
  g->second = stepped(g, g->second);
  return v_or(v_srlv(word, turn), v_sllv(word, back));
}

/* ---- steps ------------------------------------------------------------- */

/* Levels of 1 to 8, then of 16 and 32, in registers. */
typedef struct {
  VI low[4], high[6], code[2];
  const int *step;
} steps;

static inline VI load_8(const int32_t *p)
{
  return _mm256_loadu_si256((const void *)p);
}

static inline steps steps_of(const ulp_encoder *e, int levels)
{
  steps s;
  s.step = e->step;
  for (int i = 0; i < 2; i++)
    s.code[i] = load_8(e->step_code + 8 * i);
  for (int i = 0; i < 4; i++)
    s.low[i] = load_8(e->step + (1 << i));
  for (int i = 0; i < (levels > 4 ? 6 : 0); i++)
    s.high[i] = load_8(e->step + 16 + 8 * i);
  return s;
}

/* b where bit `bit` of i is set. */
static inline VI by_bit(VI i, int bit, VI a, VI b)
{
  return v_by_sign(_mm256_slli_epi32(i, 31 - bit), a, b);
}

/* Of 8, 16, 32 from s on; bits of i above are ignored. */
static inline VI of_8(VI s, VI i)
{
  return _mm256_permutevar8x32_epi32(s, i);
}
static inline VI of_16(const VI s[2], VI i)
{
  return by_bit(i, 3, of_8(s[0], i), of_8(s[1], i));
}
static inline VI of_32(const VI s[4], VI i)
{
  return by_bit(i, 4, of_16(s, i), of_16(s + 2, i));
}

static inline VI step_at(const steps *s, int level, VI i)
{
  if (level < 4) return of_8(s->low[level], i);
  if (level == 4) return of_16(s->high, i);
  if (level == 5) return of_32(s->high + 2, i);
  return _mm256_i32gather_epi32(s->step + (1 << level), i, 4);
}

static inline VI step_code(const steps *s, VI i) { return of_16(s->code, i); }

/* ---- doubles ----------------------------------------------------------- */

typedef double VD __attribute__((vector_size(sizeof(VI))));
typedef int64_t VL __attribute__((vector_size(sizeof(VI))));
typedef float half_f32 __attribute__((vector_size(sizeof(VI) / 2)));
typedef int32_t half_i32 __attribute__((vector_size(sizeof(VI) / 2)));

static inline half_i32 v_half(VI v, int i)
{
  return (half_i32)(i ? _mm256_extracti128_si256(v, 1)
                      : _mm256_castsi256_si128(v));
}
static inline VI v_join(half_i32 a, half_i32 b)
{
  return _mm256_set_m128i((__m128i)b, (__m128i)a);
}
static inline VD v_of(const double *p, half_i32 i, int levels)
{
  (void)levels;
  return (VD)_mm256_i32gather_pd(p, (__m128i)i, 8);
}

#include "convert_steps.h"

#include "convert_body.h"

/* ---- packing ----------------------------------------------------------- */

enum { WORDS = 4 };
static inline VI w_all(uint64_t x) { return _mm256_set1_epi64x((int64_t)x); }
static inline VI w_sll(VI a, int n)
{
  return _mm256_sll_epi64(a, _mm_cvtsi32_si128(n));
}
static inline VI w_srl(VI a, int n)
{
  return _mm256_srl_epi64(a, _mm_cvtsi32_si128(n));
}
static inline VI twice(const uint8_t *order)
{
  return _mm256_broadcastsi128_si256(_mm_loadu_si128((const void *)order));
}
static inline void store_words(uint8_t *p, VI v, const uint8_t *order,
                               unsigned bytes)
{
  v = _mm256_shuffle_epi8(v, twice(order));
  _mm_storeu_si128((void *)p, _mm256_castsi256_si128(v));
  _mm_storeu_si128((void *)(p + 2 * bytes), _mm256_extracti128_si256(v, 1));
}
static inline VI load_words(const uint8_t *p, const uint8_t *order,
                            unsigned bytes)
{
  VI v = _mm256_set_m128i(_mm_loadu_si128((const void *)(p + 2 * bytes)),
                          _mm_loadu_si128((const void *)p));
  return _mm256_shuffle_epi8(v, twice(order));
}

#include "pack_body.h"

static void decode(float *y, const float value[256], const uint8_t *code,
                   size_t n, const float *factor, const float *zero,
                   size_t every)
{
  ulp_convert_portable.decode(y, value, code, n, factor, zero, every);
}

const ulp_convert_kernels ulp_convert_avx2 = {encode, amax,   range,
                                              decode, pack, unpack, values};
