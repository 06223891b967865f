/* SPDX-License-Identifier: MIT
 *
 * A vector of LANES f32 to codes, as encoder.c explains, and, in
 * convert_body.h, arrays of them: the file that includes this defines, for its
 * instructions,
 *
 *   VI M LANES               vectors of int32, masks
 *   v_all(x) v_add v_sub v_and v_or v_xor v_max v_min   (signed)
 *   v_sll v_srl(v, count)    by one number, all shifted out from 32 on
 *   v_cut(s, drop, deep, *digits)  s >> drop, lane by lane, and the 32 binary
 *                            digits that are dropped; s < 2^24, 0 <= drop, and
 *                            drop <= 32 unless deep
 *   v_gt(a, b) v_above(a, b) v_equal(a, b)              signed, unsigned
 *   m_or m_and m_none() m_bits(m)  lane i of a mask is bit i
 *   v_if(m, a)               a or 0
 *   v_count(v, m)            v + 1 where m
 *   v_pick(m, a, b)          m ? b : a
 *   v_greatest(v)            of the lanes
 *   v_by_sign(x, a, b)       x < 0 ? b : a
 *   steps, steps_of(e, levels)       where a step function steps
 *   step_of(&s, key, levels, wide, *close)  the step that key is in; if wide,
 *                            *close: a neighbour of key may be in another
 *   step_code(&s, i)         the code of step i, of up to 16
 *   VD VL half_i32 half_f32  doubles and whole numbers of half the lanes, in
 *                            vectors of GCC's
 *   v_half(v, i) v_join(a, b)        lanes from LANES / 2 * i on; and back
 *   v_of(p, i, levels)       doubles at p + i, i below 2^levels
 *   load_f32 load_f16 load_bf16(p)   the bits of f32
 *   load_f64(p, over, factor, *inexact)   x or x / factor, to odd
 *   scale_f64(x, over, factor, *inexact)  f32 by a factor in f64, to odd
 *   v_times v_over v_plus(x, y) v_round(x)  f32
 *   store8 store16 store32(p, v)
 *   rng, rng_make(r, index), rng_next(*g)   LANES words
 */
#include <math.h>
#include <string.h>

/* What is constant where they are called is to be constant in them. */
#define KERNEL static inline __attribute__((always_inline))

typedef struct {
  VI last, normal, least_field, parity, above, threshold, flip, limit,
      limit_less, zero_at, code_mask, overflow[2], low_step, trailing_v,
      zero_code;
  VI far, normal_bits, sum_step;
  VI most; /* beyond are the infinities and NaNs */
  VI digits_kept, word_kept, word_xor, half_less;
  steps steps;
  VI rare_at;
} constants;

/* The greatest f32 also stands for every greater f64. */
KERNEL constants constants_of(const ulp_encoder *e, ulp_source from,
                              ulp_scaling scaling, int levels)
{
  bool wide = from == ULP_FROM_F64 || scaling >= ULP_SCALED_TIMES_F64;
  if (levels)
    return (constants){.steps = steps_of(e, levels),
                       .rare_at = v_all(e->rare_at),
                       .digits_kept = v_all((int32_t)e->digits_kept),
                       .word_kept = v_all((int32_t)e->word_kept),
                       .word_xor = v_all((int32_t)e->word_xor),
                       .half_less = v_all((int32_t)e->half_less)};
  return (constants){
      .last = v_all(e->last),
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
      .zero_code = v_all(e->zero_code),
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
  VI drop = v_sub(k->last, place);
  if (e->flushes) { /* only 0 and the least normal value are below it */
    drop = v_add(drop, v_if(low, k->trailing_v));
    p.step = v_if(low, k->low_step);
  }
  VI units = v_cut(s, drop, word != NULL, &p.digits);
  p.code = v_add(v_sll(binade, e->trailing), units);
  if (e->no_zero) p.code = v_sub(p.code, v_add(k->low_step, v_all(1)));
  if (word && e->deep_rare) p.rare = m_or(p.rare, v_gt(drop, v_all(32)));
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

/* The magnitude itself, to nearest even. */
KERNEL VI nearest_value(const constants *k, VI magnitude)
{
  VI least = v_min(magnitude, k->far);
  VI binade = v_max(v_and(least, v_all(0x7f800000)), k->normal_bits);
  VI beside = v_add(binade, k->sum_step);
  return v_plus(v_plus(least, beside), v_xor(beside, v_all(INT32_MIN)));
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
    if (e->no_zero) code = v_max(code, v_all(0));
  }
  if (e->two_limits)
    limit = v_sub(limit, v_and(v_sub(v_all(0), sign), k->limit_less));
  M beyond = v_gt(code, limit);
  code = v_pick(beyond, with_sign(e, k, sign, code),
                v_by_sign(x, k->overflow[0], k->overflow[1]));
  return e->no_zero ? v_pick(v_equal(v_add(x, x), v_all(0)), code,
                             k->zero_code)
                    : code;
}

/* Likewise, by steps; what is inexact (an odd f32 between its neighbours) may
 * be beyond one that is close. */
KERNEL VI step_lanes(const ulp_encoder *e, const constants *k, VI x,
                     int levels, bool wide, M *inexact, M *rare)
{
  VI key = v_xor(x, v_by_sign(x, v_all(0), v_all(INT32_MAX)));
  VI magnitude = v_and(x, v_all(INT32_MAX));
  M close = m_none();
  VI i = step_of(&k->steps, key, levels, wide, &close);
  if (wide) *inexact = m_and(*inexact, close);
  *rare = m_or(v_gt(magnitude, v_all(0x7f800000)),
               v_equal(magnitude, k->rare_at));
  return e->ordered || levels > 4 ? i : step_code(&k->steps, i);
}

/* Of x between a value and the next, 2^32 divided by their distance away:
 * whether anything, 32 digits of it, and whether these are uncertain.  The last
 * place of what is beside 1.5 2^52 is 1. */
KERNEL VD magnitudes(VD x) { return (VD)((VL)x & INT64_MAX); }

typedef struct {
  half_i32 some, off, digits;
} half_digits;

KERNEL half_digits digits_of_half(VD x, VD value, VD inverse)
{
  VD t = magnitudes(x - value) * inverse;
  VL fine = (VL)(t < 0x1p32);
  VD c = (VD)((VL)t & fine), sum = c + 0x1.8p52, rest = c - (sum - 0x1.8p52);
  VL some = (VL)(c > 0), near = (VL)(magnitudes(rest) < 0x1p-18);
  VL off = ~fine | (some & (near | (VL)(magnitudes(x) < 0x1p-37)));
  VL digits = (VL)sum + (VL)(rest < 0);
  return (half_digits){__builtin_convertvector(some, half_i32),
                       __builtin_convertvector(off, half_i32),
                       __builtin_convertvector(digits, half_i32)};
}

/* By the sign of v; many are not looked up twice. */
KERNEL VD inverse_of(const ulp_draws *d, VD v, half_i32 at, int levels)
{
  VL minus = (VL)v >> 63;
  if (levels > 4)
    return v_of(d->inverse[0],
                at + (__builtin_convertvector(minus, half_i32) & ULP_STEPS),
                levels);
  VL above = (VL)v_of(d->inverse[0], at, levels);
  VL below = (VL)v_of(d->inverse[1], at, levels);
  return (VD)((above & ~minus) | (below & minus));
}

KERNEL half_digits half_between(const ulp_draws *d, VI x, VI near, int levels,
                                int i)
{
  VD v = __builtin_convertvector((half_f32)v_half(x, i), VD);
  half_i32 at = v_half(near, i);
  return digits_of_half(v, v_of(d->near, at, levels),
                        inverse_of(d, v, at, levels));
}

/* Double arithmetic is right but for 2^-19 of the 32nd digit, so what is within
 * 2^-18 of a whole number is rare; and codebook.c keeps all digits of x from
 * 2^-37 on. */
KERNEL VI digits_between(const ulp_draws *d, VI x, VI near, int levels,
                         M *some, M *rare)
{
  half_digits a = half_between(d, x, near, levels, 0);
  half_digits b = half_between(d, x, near, levels, 1);
  *some = v_gt(v_all(0), v_join(a.some, b.some));
  *rare = v_gt(v_all(0), v_join(a.off, b.off));
  return v_join(a.digits, b.digits);
}

/* Likewise stochastically.  Digits below the 32nd are there, but not known:
 * where they count it is rare. */
KERNEL VI draw_lanes(const ulp_encoder *e, const constants *k, VI x, VI word,
                     int levels, M *rare)
{
  VI key = v_xor(x, v_by_sign(x, v_all(0), v_all(INT32_MAX)));
  M some = m_none();
  VI near = step_of(&k->steps, key, levels, false, &some);
  parts p;
  p.digits = digits_between(e->draws, x, near, levels, &some, &p.rare);
  if (e->deep_rare && e->nearest_variant) {
    VI half = v_add(k->half_less, v_all(1));
    VI low = v_and(p.digits, v_add(k->half_less, half));
    some = m_and(some, v_equal(low, half));
  }
  if (e->deep_rare) p.rare = m_or(p.rare, some);
  M far = up_random(e, k, &p, word);
  VI i = v_add(near, v_if(far, v_by_sign(x, v_all(1), v_all(-1))));
  *rare = p.rare;
  return e->ordered || levels > 4 ? i : step_code(&k->steps, i);
}
