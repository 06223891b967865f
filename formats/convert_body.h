/* SPDX-License-Identifier: MIT
 *
 * The kernels of convert.h over vectors of LANES 32-bit lanes: the file that
 * includes this defines, for its instructions,
 *
 *   VI M LANES               vectors of int32, masks
 *   v_all(x) v_add v_sub v_and v_or v_xor v_max v_min   (signed)
 *   v_sll v_srl(v, count)    by one number, all shifted out from 32 on
 *   v_sllv v_srlv(v, counts) lane by lane, likewise; counts unsigned
 *   v_gt(a, b) v_above(a, b) v_equal(a, b)              signed, unsigned
 *   m_or m_and m_none() m_bits(m)  lane i of a mask is bit i
 *   v_if(m, a)               a or 0
 *   v_count(v, m)            v + 1 where m
 *   v_pick(m, a, b)          m ? b : a
 *   v_greatest(v)            of the lanes
 *   v_by_sign(x, a, b)       x < 0 ? b : a
 *   load_f32 load_f16 load_bf16(p)   the bits of f32
 *   load_f64(p, over, factor, *inexact)   x or x / factor, to odd
 *   scale_f64(x, over, factor, *inexact)  f32 by a factor in f64, to odd
 *   v_times v_over v_plus(x, y) v_round(x)  f32
 *   store8 store16 store32(p, v)
 *   rng, rng_make(r, index), rng_next(*g)   LANES words
 *
 * encoder.c explains the arithmetic.
 */
#include <string.h>

/* What is constant where they are called is to be constant in them. */
#define KERNEL static inline __attribute__((always_inline))

typedef struct {
  VI last, rest, normal, least_field, parity, above, threshold, flip, limit,
      limit_less, zero_at, code_mask, overflow[2], low_step, trailing_v;
  VI far, normal_bits, sum_step;
  VI most; /* beyond are the infinities and NaNs */
  VI digits_kept, word_kept, word_xor, half_less;
} constants;

/* The greatest f32 also stands for every greater f64. */
KERNEL constants constants_of(const ulp_encoder *e, ulp_source from,
                              ulp_scaling scaling)
{
  bool wide = from == ULP_FROM_F64 || scaling >= ULP_SCALED_TIMES_F64;
  return (constants){
      .last = v_all(e->last),
      .rest = v_all(32 - e->last),
      .normal = v_all(e->normal),
      .least_field = v_all(e->least_field),
      .parity = v_all(e->parity),
      .above = v_all(e->above),
      .threshold = v_all(e->threshold),
      .flip = v_all(e->flip),
      .limit = v_all(e->limit),
      .limit_less = v_all(e->limit_less),
      .zero_at = v_all(e->zero_at),
      .code_mask = v_all(e->code_mask),
      .overflow = {v_all(e->overflow[0]), v_all(e->overflow[1])},
      .low_step = v_all((int32_t)((UINT32_C(1) << e->trailing) - 1)),
      .trailing_v = v_all(e->trailing),
      .far = v_all(e->far),
      .normal_bits = v_all(e->normal_bits),
      .sum_step = v_all(e->sum_step),
      .most = v_all(wide ? 0x7f7ffffe : 0x7f7fffff),
      .digits_kept = v_all((int32_t)e->digits_kept),
      .word_kept = v_all((int32_t)e->word_kept),
      .word_xor = v_all((int32_t)e->word_xor),
      .half_less = v_all((int32_t)e->half_less),
  };
}

/* An element's fields, and the code that cutting it off gives. */
typedef struct {
  VI sign;          /* 0 or 1 */
  VI code, digits;  /* d 2^-32 of the last place is dropped */
  VI step;          /* what rounding up adds, where the format flushes */
  M rare;
} parts;

KERNEL parts cut(const ulp_encoder *e, const constants *k, VI x,
                        const VI *word)
{
  parts p;
  VI magnitude = v_and(x, v_all(INT32_MAX));
  VI field = v_srl(magnitude, 23);
  M low = v_gt(k->normal, field);
  VI s = v_or(v_and(magnitude, v_all(0x7fffff)),
              v_if(v_gt(field, v_all(0)), v_all(0x800000)));
  p.sign = v_srl(x, 31);
  p.rare = v_gt(magnitude, k->most);
  p.step = v_all(0);
  field = v_max(field, k->least_field);
  VI binade = v_max(v_sub(field, k->normal), v_all(0));
  VI place = v_sub(field, binade);
  VI drop = v_sub(k->last, place), rest = v_add(place, k->rest);
  if (e->flushes) { /* only 0 and the least normal value are below it */
    drop = v_add(drop, v_if(low, k->trailing_v));
    rest = v_sub(rest, v_if(low, k->trailing_v));
    p.step = v_if(low, k->low_step);
  }
  p.code = v_add(v_sll(binade, e->trailing), v_srlv(s, drop));
  p.digits = v_sllv(s, rest);
  if (word) {
    p.digits = v_or(p.digits, v_srlv(s, v_sub(v_all(0), rest)));
    if (e->deep_rare) p.rare = m_or(p.rare, v_gt(v_all(0), rest));
  }
  if (e->wide) { /* f32's subnormals are normal there */
    p.code = v_if(v_gt(magnitude, v_all(0)), p.code);
    p.rare = m_or(p.rare,
                  v_above(v_all(0x7fffff), v_sub(magnitude, v_all(1))));
  }
  return p;
}

KERNEL M up_random(const ulp_encoder *e, const constants *k, parts *p,
                          VI word)
{
  VI digits = p->digits;
  VI bar = v_xor(v_and(word, k->word_kept), k->word_xor);
  M carried = m_none();
  if (e->equal_rare) p->rare = m_or(p->rare, v_equal(digits, word));
  if (e->nearest_variant) {
    VI odd = v_and(v_srl(digits, (int)e->half_shift), v_all(1));
    VI rounded = v_add(digits, v_add(k->half_less, odd));
    carried = v_above(digits, rounded);
    digits = rounded;
  }
  return m_or(carried, v_above(v_and(digits, k->digits_kept), bar));
}

KERNEL M up(const ulp_encoder *e, const constants *k, const parts *p)
{
  VI above = k->above, threshold = k->threshold;
  if (e->even) {
    above = v_add(above, v_min(v_and(p->code, k->parity), v_all(1)));
  } else if (e->directed) {
    threshold = v_sub(v_all(INT32_MIN), v_xor(p->sign, k->flip));
  } else if (e->odd) {
    threshold = v_sub(v_all(INT32_MIN), v_and(p->code, v_all(1)));
  }
  return v_gt(v_add(p->digits, above), threshold);
}

/* The magnitude's code, to nearest even. */
KERNEL VI nearest_even(const ulp_encoder *e, const constants *k, VI magnitude)
{
  VI least = v_min(magnitude, k->far);
  VI binade = v_max(v_and(least, v_all(0x7f800000)), k->normal_bits);
  VI beside = v_add(binade, k->sum_step);
  VI units = v_sub(v_plus(least, beside), beside);
  return v_add(units, v_srl(v_sub(binade, k->normal_bits), 23 - e->trailing));
}

/* The magnitude's code in any mode. */
KERNEL VI rounded(const ulp_encoder *e, const constants *k, VI x,
                  const VI *word, M *rare)
{
  parts p = cut(e, k, x, word);
  M higher = word ? up_random(e, k, &p, *word) : up(e, k, &p);
  VI code = v_count(p.code, higher);
  *rare = p.rare;
  return e->flushes ? v_add(code, v_if(higher, p.step)) : code;
}

KERNEL VI with_sign(const ulp_encoder *e, const constants *k,
                    VI sign, VI code)
{
  if (e->integer) {
    VI minus = v_sub(v_all(0), sign);
    return v_and(v_sub(v_xor(code, minus), minus), k->code_mask);
  }
  return v_or(code, v_if(v_gt(code, k->zero_at),
                         v_sll(sign, e->sign_shift)));
}

/* The codes of LANES f32; *rare: those that are to be found otherwise. */
KERNEL VI encode_lanes(const ulp_encoder *e, const constants *k, VI x,
                              const VI *word, M *rare)
{
  if (e->absolute) x = v_and(x, v_all(INT32_MAX));
  VI sign = v_srl(x, 31), limit = k->limit, code;
  if (!word && e->by_sum) {
    VI magnitude = v_and(x, v_all(INT32_MAX));
    *rare = v_gt(magnitude, k->most);
    code = nearest_even(e, k, magnitude);
  } else {
    code = rounded(e, k, x, word, rare);
  }
  if (e->two_limits)
    limit = v_sub(limit, v_and(v_sub(v_all(0), sign), k->limit_less));
  M beyond = v_gt(code, limit);
  return v_pick(beyond, with_sign(e, k, sign, code),
                v_by_sign(x, k->overflow[0], k->overflow[1]));
}

/* ---- arrays --------------------------------------------------------------- */

/* A run of elements with one factor. */
typedef struct {
  const char *in;
  char *out;
  size_t n, at; /* of the job: element `at` is the first */
  double factor;
  VI factor_f32, zero;
} run;

static inline size_t size_of(ulp_source from)
{
  return from == ULP_FROM_F64 ? 8 : from == ULP_FROM_F32 ? 4 : 2;
}

KERNEL VI load(const ulp_encode_job *j, ulp_source from, const run *r,
                      const char *in, M *inexact)
{
  bool over = j->scaling == ULP_SCALED_OVER_F64;
  VI x;
  switch (from) {
  case ULP_FROM_F16: return load_f16(in);
  case ULP_FROM_BF16: return load_bf16(in);
  case ULP_FROM_F64:
    return load_f64(in, j->scaling != ULP_SCALED_NOT, over, r->factor,
                    inexact);
  case ULP_FROM_F32: break;
  }
  x = load_f32(in);
  switch (j->scaling) {
  case ULP_SCALED_NOT: return x;
  case ULP_SCALED_TIMES_F32: x = v_times(x, r->factor_f32); break;
  case ULP_SCALED_OVER_F32: x = v_over(x, r->factor_f32); break;
  case ULP_SCALED_TIMES_F64:
  case ULP_SCALED_OVER_F64: x = scale_f64(x, over, r->factor, inexact);
  }
  if (j->bare_zero) x = v_plus(x, v_all(0));
  if (j->whole) x = v_round(x);
  if (j->zero) x = v_plus(x, r->zero);
  return x;
}

KERNEL void store(const ulp_encoder *e, char *out, VI code)
{
  if (e->to.storage_bytes == 1)
    store8(out, code);
  else if (e->to.storage_bytes == 2)
    store16(out, code);
  else
    store32(out, v_sll(code, e->to.storage_shift));
}

static void __attribute__((noinline))
store_rare(const ulp_encoder *e, const ulp_encode_job *j, char *out,
           size_t at, unsigned lanes)
{
  for (unsigned i = 0; lanes; i++, lanes >>= 1)
    if (lanes & 1) ulp_store_code(&e->to, out, i, j->one(j->context, at + i));
}

KERNEL void encode_vector(const ulp_encoder *e, const constants *k,
                                 const ulp_encode_job *j, ulp_source from,
                                 const run *r, const char *in, char *out,
                                 size_t at, size_t lanes, rng *g)
{
  M inexact = m_none(), rare;
  VI word, x = load(j, from, r, in, &inexact);
  if (g) word = rng_next(g);
  store(e, out, encode_lanes(e, k, x, g ? &word : NULL, &rare));
  if (!e->odd_f64) rare = m_or(rare, inexact);
  unsigned found = m_bits(rare);
  if (__builtin_expect(found != 0, 0))
    store_rare(e, j, out, at, found & (unsigned)((UINT64_C(1) << lanes) - 1));
}

/* What is less than a vector goes through a room of one. */
KERNEL void encode_rest(const ulp_encoder *e, const constants *k,
                               const ulp_encode_job *j, ulp_source from,
                               const run *r, size_t i, rng *g)
{
  char in[LANES * 8] = {0}, out[LANES * 4];
  size_t n = r->n - i, code = e->to.storage_bytes;
  memcpy(in, r->in + i * size_of(from), n * size_of(from));
  encode_vector(e, k, j, from, r, in, out, r->at + i, n, g);
  memcpy(r->out + i * code, out, n * code);
}

KERNEL void encode_run(const ulp_encoder *e, const constants *k,
                              const ulp_encode_job *j, ulp_source from,
                              const run *r, rng *g)
{
  size_t i = 0;
  for (; i + LANES <= r->n; i += LANES)
    encode_vector(e, k, j, from, r, r->in + i * size_of(from),
                  r->out + i * e->to.storage_bytes, r->at + i, LANES, g);
  if (i == r->n) return;
  encode_rest(e, k, j, from, r, i, g);
  if (g && r->at + r->n < j->n) rng_make(g, &e->r, j->index + r->at + r->n);
}

KERNEL void encode_runs(const ulp_encoder *e, const ulp_encode_job *j,
                               ulp_source from, bool random)
{
  constants k = constants_of(e, from, j->scaling);
  size_t every = j->scaling == ULP_SCALED_NOT ? j->n : j->every;
  rng g;
  if (random) rng_make(&g, &e->r, j->index);
  for (size_t at = 0, i = 0; at < j->n; at += every, i++) {
    run r = {.in = (const char *)j->in + at * size_of(from),
             .out = (char *)j->out + at * e->to.storage_bytes,
             .n = j->n - at < every ? j->n - at : every,
             .at = at,
             .factor = j->scaling == ULP_SCALED_NOT ? 1 : j->factor[i]};
    r.factor_f32 = v_all_f32((float)r.factor);
    r.zero = v_all_f32(j->zero ? j->zero[i] : 0);
    encode_run(e, &k, j, from, &r, random ? &g : NULL);
  }
}

static void encode(const ulp_encoder *e, ulp_source from,
                   const ulp_encode_job *j)
{
  switch (from) {
  case ULP_FROM_F32:
    if (e->random)
      encode_runs(e, j, ULP_FROM_F32, true);
    else
      encode_runs(e, j, ULP_FROM_F32, false);
    break;
  case ULP_FROM_F16:
    if (e->random)
      encode_runs(e, j, ULP_FROM_F16, true);
    else
      encode_runs(e, j, ULP_FROM_F16, false);
    break;
  case ULP_FROM_BF16:
    if (e->random)
      encode_runs(e, j, ULP_FROM_BF16, true);
    else
      encode_runs(e, j, ULP_FROM_BF16, false);
    break;
  case ULP_FROM_F64:
    if (e->random)
      encode_runs(e, j, ULP_FROM_F64, true);
    else
      encode_runs(e, j, ULP_FROM_F64, false);
    break;
  }
}

/* ---- the greatest of blocks --------------------------------------------- */

/* Of the bits as signed numbers: the others are below 0. */
KERNEL uint32_t greatest_bits(const float *x, size_t n, int32_t flip,
                              int32_t mask)
{
  VI most = v_all(0);
  int32_t best = 0;
  size_t i = 0;
  for (; i + LANES <= n; i += LANES)
    most = v_max(most, v_and(v_xor(load_f32((const char *)(x + i)),
                                   v_all(flip)),
                             v_all(mask)));
  for (; i < n; i++) {
    int32_t bits;
    memcpy(&bits, x + i, sizeof bits);
    bits = (bits ^ flip) & mask;
    best = bits > best ? bits : best;
  }
  int32_t wide = v_greatest(most);
  return (uint32_t)(wide > best ? wide : best);
}

static void amax(uint32_t *bits, const float *x, size_t blocks, size_t n)
{
  for (size_t i = 0; i < blocks; i++)
    bits[i] = greatest_bits(x + i * n, n, 0, INT32_MAX);
}

static void range(uint32_t *high, uint32_t *low, const float *x, size_t blocks,
                  size_t n)
{
  for (size_t i = 0; i < blocks; i++) {
    high[i] = greatest_bits(x + i * n, n, 0, -1);
    low[i] = greatest_bits(x + i * n, n, INT32_MIN, -1);
  }
}
