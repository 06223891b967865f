/* SPDX-License-Identifier: MIT
 *
 * The kernels of convert.h in C: vectors of four lanes, in the generic ones of
 * GCC and clang, which any machine has instructions for or can do without.
 * SSE2 (x86-64) has no shift by lanes, nor greatest and least numbers.
 */
#include <math.h>
#include <string.h>

#include "convert_kernels.h"
#include "internal.h"

enum { LANES = 4 };
typedef int32_t VI __attribute__((vector_size(4 * LANES)));
typedef uint32_t VU __attribute__((vector_size(4 * LANES)));
typedef float VF __attribute__((vector_size(4 * LANES)));
typedef VI M; /* lanes of ones */

static inline VI v_all(int32_t x) { return (VI){x, x, x, x}; }
static inline VI v_add(VI a, VI b) { return (VI)((VU)a + (VU)b); }
static inline VI v_sub(VI a, VI b) { return (VI)((VU)a - (VU)b); }
static inline VI v_and(VI a, VI b) { return a & b; }
static inline VI v_or(VI a, VI b) { return a | b; }
static inline VI v_xor(VI a, VI b) { return a ^ b; }
static inline M v_gt(VI a, VI b) { return (M)(a > b); }
static inline M v_above(VI a, VI b)
{
  return v_gt(a ^ v_all(INT32_MIN), b ^ v_all(INT32_MIN));
}
static inline M v_equal(VI a, VI b) { return (M)(a == b); }
static inline M m_or(M a, M b) { return a | b; }
static inline M m_and(M a, M b) { return a & b; }
static inline M m_none(void) { return v_all(0); }
static inline VI v_if(M m, VI a) { return m & a; }
static inline VI v_count(VI a, M m) { return v_sub(a, m); }
static inline VI v_pick(M m, VI a, VI b) { return (a & ~m) | (b & m); }
static inline VI v_max(VI a, VI b) { return v_pick(v_gt(a, b), b, a); }
static inline VI v_min(VI a, VI b) { return v_pick(v_gt(a, b), a, b); }
static inline VI v_sll(VI a, int n)
{
  return (VI)((VU)a << ((uint32_t)n & 31)) & v_all(n < 32 ? -1 : 0);
}
static inline VI v_srl(VI a, int n)
{
  return (VI)((VU)a >> ((uint32_t)n & 31)) & v_all(n < 32 ? -1 : 0);
}
static inline VI v_by_sign(VI x, VI a, VI b) { return v_pick(x >> 31, a, b); }

static inline unsigned m_bits(M a)
{
  uint64_t half[2];
  memcpy(half, &a, sizeof half);
  if (__builtin_expect((half[0] | half[1]) == 0, 1)) return 0;
  a &= (M){1, 2, 4, 8};
  return (unsigned)(a[0] | a[1] | a[2] | a[3]);
}

static inline int32_t v_greatest(VI v)
{
  int32_t most = v[0];
  for (int i = 1; i < LANES; i++)
    most = v[i] > most ? v[i] : most;
  return most;
}

/* By floats, exact as s has 24 bits: s 2^-drop is whole part and fraction, and
 * the fraction, less 1 from a half on, is digits of 32 bits with a sign. */
static inline VI v_cut(VI s, VI drop, bool deep, VI *digits)
{
  if (deep) drop = v_min(drop, v_all(64));
  VF unit = (VF)v_sll(v_sub(v_all(127), drop), 23);
  VF units = __builtin_convertvector(s, VF) * unit;
  VI whole = __builtin_convertvector(units, VI);
  VF fraction = units - __builtin_convertvector(whole, VF);
  VI half = v_gt((VI)fraction, v_all(0x3effffff)); /* below 1/2 */
  fraction -= (VF)v_if(half, v_all(0x3f800000));
  *digits = __builtin_convertvector(fraction * 0x1p32f, VI);
  return whole;
}

/* ---- floats ------------------------------------------------------------ */

static inline VI v_all_f32(float x) { return (VI)(VF){x, x, x, x}; }
static inline VI v_times(VI x, VI y) { return (VI)((VF)x * (VF)y); }
static inline VI v_over(VI x, VI y) { return (VI)((VF)x / (VF)y); }
static inline VI v_plus(VI x, VI y) { return (VI)((VF)x + (VF)y); }

/* From 2^23 on every float is whole; a zero keeps its sign. */
static inline VI v_round(VI x)
{
  VI sign = x & v_all(INT32_MIN);
  VF beside = (VF)(sign | v_all(0x4b000000));
  VI whole = (VI)(((VF)x + beside) - beside) | sign;
  return v_pick(v_gt(v_all(0x4b000000), x & v_all(INT32_MAX)), x, whole);
}

static inline VI load_f32(const char *p)
{
  VI v;
  memcpy(&v, p, sizeof v);
  return v;
}

/* Four of 16 bits. */
static inline VI load_u16(const char *p)
{
  uint16_t h __attribute__((vector_size(2 * LANES)));
  memcpy(&h, p, sizeof h);
  return __builtin_convertvector(h, VI);
}

static inline VI load_bf16(const char *p) { return v_sll(load_u16(p), 16); }

/* The fields moved, then the difference of the biases as a factor, which
 * makes subnormals right too. */
static inline VI load_f16(const char *p)
{
  VI h = load_u16(p);
  VI magnitude = v_sll(h & v_all(0x7fff), 13);
  VI sign = v_sll(h & v_all(0x8000), 16);
  VI finite = v_times(magnitude, v_all_f32(0x1p112f));
  return sign | v_pick(v_gt(magnitude, v_all(0x0f7fffff)), finite,
                       magnitude | v_all(0x7f800000));
}

/* The f32 toward zero, its last bit set if it is not y. */
static inline int32_t odd_f32(double y, int32_t *inexact)
{
  float near = (float)y;
  int32_t v;
  memcpy(&v, &near, sizeof v);
  *inexact = (double)near != y;
  return (v - (fabs((double)near) > fabs(y))) | *inexact;
}

static inline double scaled_f64(double x, bool scaled, bool over, double factor)
{
  return !scaled ? x : over ? x / factor : x * factor;
}

static inline VI odd_lanes(const double x[LANES], bool scaled, bool over,
                           double factor, M *inexact)
{
  int32_t v[LANES], off[LANES];
  for (int i = 0; i < LANES; i++)
    v[i] = odd_f32(scaled_f64(x[i], scaled, over, factor), &off[i]);
  *inexact = -(M){off[0], off[1], off[2], off[3]};
  return (VI){v[0], v[1], v[2], v[3]};
}

static inline VI load_f64(const char *p, bool scaled, bool over, double factor,
                          M *inexact)
{
  double x[LANES];
  memcpy(x, p, sizeof x);
  return odd_lanes(x, scaled, over, factor, inexact);
}

static inline VI scale_f64(VI x, bool over, double factor, M *inexact)
{
  VF y = (VF)x;
  double wide[LANES];
  for (int i = 0; i < LANES; i++)
    wide[i] = (double)y[i];
  return odd_lanes(wide, true, over, factor, inexact);
}

/* Pairs of lanes, side by side in 64 bits, are moved together, whichever of
 * them is the upper one. */
static inline void store8(char *p, VI v)
{
  uint64_t half[2];
  uint16_t pair[2];
  v &= v_all(0xff);
  memcpy(half, &v, sizeof half);
  for (int i = 0; i < 2; i++)
    pair[i] = (uint16_t)(half[i] | half[i] >> 24);
  memcpy(p, pair, sizeof pair);
}
static inline void store16(char *p, VI v)
{
  uint64_t half[2];
  uint32_t pair[2];
  v &= v_all(0xffff);
  memcpy(half, &v, sizeof half);
  for (int i = 0; i < 2; i++)
    pair[i] = (uint32_t)(half[i] | half[i] >> 16);
  memcpy(p, pair, sizeof pair);
}
static inline void store32(char *p, VI v) { memcpy(p, &v, sizeof v); }

/* ---- random words ------------------------------------------------------ */

/* Lane l at the state of word index + l; each step skips LANES of them. */
typedef struct {
  uint64_t state[LANES], times, plus;
} rng;

static inline void rng_make(rng *g, const ulp_rounding *r, uint64_t index)
{
  ulp_pcg32 one = ulp_pcg32_seed(r->seed, r->stream), leap = one;
  ulp_pcg32_advance(&one, index);
  for (int i = 0; i < LANES; i++) {
    g->state[i] = one.state;
    (void)ulp_pcg32_next(&one);
  }
  leap.state = 0; /* LANES steps are state -> state * times + plus */
  ulp_pcg32_advance(&leap, LANES);
  g->plus = leap.state;
  leap.state = 1;
  ulp_pcg32_advance(&leap, LANES);
  g->times = leap.state - g->plus;
}

static inline int32_t word_of(uint64_t s)
{
  uint32_t x = (uint32_t)((s >> 18 ^ s) >> 27), turn = (uint32_t)(s >> 59);
  return (int32_t)(x >> turn | x << (-turn & 31));
}

static inline VI rng_next(rng *g)
{
  VI word = {word_of(g->state[0]), word_of(g->state[1]), word_of(g->state[2]),
             word_of(g->state[3])};
  for (int i = 0; i < LANES; i++)
    g->state[i] = g->state[i] * g->times + g->plus;
  return word;
}

/* ---- steps ------------------------------------------------------------- */

/* Of 16 codes all steps are counted, in vectors; of 256 each lane is looked up
 * for itself. */
typedef struct {
  VI few[15];
  const int32_t *step, *code;
} steps;

static inline steps steps_of(const ulp_encoder *e, int levels)
{
  steps s = {.step = e->step, .code = e->step_code};
  for (int i = 0; i < 15 && levels == 4; i++)
    s.few[i] = v_all(e->step[i + 1]);
  return s;
}

/* The next key is behind the step, or this one just is. */
static inline M is_close(VI key, VI before)
{
  return v_above(v_all(2), v_sub(key, before));
}

static inline VI count_steps(const steps *s, VI key, bool wide, M *close)
{
  VI count = v_all(0);
  for (int i = 0; i < 15; i++) {
    count = v_count(count, v_gt(key, s->few[i]));
    if (wide) *close = m_or(*close, is_close(key, s->few[i]));
  }
  return count;
}

static inline VI step_of(const steps *s, VI key, int levels, bool wide,
                         M *close)
{
  uint32_t i[LANES] = {1, 1, 1, 1};
  if (levels == 4) return count_steps(s, key, wide, close);
  for (int level = 0; level < levels; level++) {
    VI before = {s->step[i[0]], s->step[i[1]], s->step[i[2]], s->step[i[3]]};
    if (wide) *close = m_or(*close, is_close(key, before));
    for (int k = 0; k < LANES; k++)
      i[k] = 2 * i[k] + (key[k] > s->step[i[k]]);
  }
  return v_sub((VI){(int32_t)i[0], (int32_t)i[1], (int32_t)i[2], (int32_t)i[3]},
               v_all(1 << levels));
}

/* ---- doubles ----------------------------------------------------------- */

typedef double VD __attribute__((vector_size(sizeof(VI))));
typedef int64_t VL __attribute__((vector_size(sizeof(VI))));
typedef float half_f32 __attribute__((vector_size(sizeof(VI) / 2)));
typedef int32_t half_i32 __attribute__((vector_size(sizeof(VI) / 2)));

static inline half_i32 v_half(VI v, int i)
{
  return (half_i32){v[2 * i], v[2 * i + 1]};
}
static inline VI v_join(half_i32 a, half_i32 b)
{
  return (VI){a[0], a[1], b[0], b[1]};
}
static inline VD v_of(const double *p, half_i32 i, int levels)
{
  (void)levels;
  return (VD){p[i[0]], p[i[1]]};
}

static inline VI step_code(const steps *s, VI i)
{
  return (VI){s->code[i[0]], s->code[i[1]], s->code[i[2]], s->code[i[3]]};
}

#include "convert_body.h"

static void decode(float *y, const float value[256], const uint8_t *code,
                   size_t n, const float *factor, const float *zero,
                   size_t every)
{
  for (size_t k = 0; !factor && k < n; k++)
    memcpy(y + k, value + code[k], sizeof *y);
  for (size_t at = 0, i = 0; factor && at < n; at += every, i++) {
    size_t end = n - at < every ? n : at + every;
    for (size_t k = at; k < end; k++)
      y[k] = zero ? (value[code[k]] - zero[i]) * factor[i]
                  : value[code[k]] * factor[i];
  }
}

const ulp_convert_kernels ulp_convert_portable = {encode, amax, range,
                                                  decode, NULL, NULL, values};
