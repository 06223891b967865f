/* SPDX-License-Identifier: MIT
 *
 * What a kernel has to know of a format and a rounding, made once.
 *
 * A kernel sees an element as an f32: its biased exponent `field` (1 for
 * subnormals) and its significand s < 2^24, so |x| = s 2^(field - 150).  With
 * 2^least the format's last place near zero, the places below it are
 *
 *     drop = last - field,  last = least + 150,    field <= normal
 *     drop = 23 - trailing,                        field >= normal
 *
 * and the magnitude's code is (field - normal << trailing) + (s >> drop), the
 * first term only above `normal`: the carry of rounding walks into the next
 * binade, as in round.c.  Integers are such a format with 22 trailing bits:
 * what would be in its second binade is beyond them.  A format without zero
 * (E8M0) has its first binade where others have their subnormals, so that its
 * codes are less by 2^trailing, and at least 0.
 *
 * The fraction that is dropped is d 2^-32.  It goes up if
 *
 *     d + above - 2^31 > threshold - 2^31     (signed, of 32 bits)
 *
 * where `even`, `odd` and `directed` say which of the two the element has a
 * part in.  Stochastic rounding compares d with a random word instead.
 *
 * To nearest even the f32 adder does it sooner, where the format leaves it
 * room: beside 2^(23 + k) the last place of a sum is 2^k.
 */
#include <string.h>

#include "convert.h"
#include "internal.h"

static const int32_t lowest = INT32_MIN;

static void plan_places(ulp_encoder *e)
{
  const ulp_format *f = &e->to;
  int32_t least = ulp_least_exponent(f);
  e->integer = f->kind == ULP_INTEGER;
  e->trailing = e->integer ? 22 : f->man_bits;
  e->last = least + 150;
  e->normal = e->last - (23 - e->trailing);
  e->wide = !e->integer && e->normal < 1;
  e->no_zero = !e->integer && f->zero == ULP_ZERO_NONE;
  e->flushes = !e->integer && !f->subnormals && !e->no_zero;
  /* 32 dropped places hold any s; a random word is compared with more. */
  e->least_field = e->last - 32 + (e->flushes ? e->trailing : 0);
  if (e->least_field < 1 || e->r.mode == ULP_SR) e->least_field = 1;
}

static void plan_signs(ulp_encoder *e)
{
  const ulp_format *f = &e->to;
  static const ulp_exact zero = {.cls = ULP_CLASS_ZERO};
  int32_t most = (int32_t)f->max_code, below = most;
  e->absolute = !e->integer && !f->is_signed &&
                ulp_rounding_profile(&e->r)->magnitude_if_unsigned;
  if (!f->is_signed)
    below = e->no_zero ? -1 : 0;
  else if (e->integer)
    below = most + !f->symmetric;
  e->limit = most;
  e->limit_less = most - below;
  e->two_limits = below != most && !e->absolute;
  e->sign_shift = f->is_signed ? f->bits - 1 : 32;
  e->zero_at = f->zero == ULP_ZERO_SIGNED ? -1 : 0;
  e->code_mask = (int32_t)ulp_mask(f->bits);
  e->zero_code = (int32_t)ulp_round_pack(f, &zero, &e->r, 0);
  for (int negative = 0; negative < 2; negative++) {
    ulp_exact beyond = {.cls = ULP_CLASS_NORMAL, .negative = negative != 0,
                        .exponent = 1 << 20, .significand = 1};
    e->overflow[negative] = (int32_t)ulp_round_pack(f, &beyond, &e->r, 0);
  }
}

static void plan_mode(ulp_encoder *e)
{
  bool ties_up;
  e->threshold = 0;
  e->above = lowest;
  switch (e->r.mode) {
  case ULP_RNE:
    /* Without a trailing bit the code has the parity, or 1.5 goes up. */
    ties_up = !e->integer && e->to.man_bits == 0 &&
              ulp_rounding_profile(&e->r)->binade_ties_up;
    e->even = !ties_up || !e->no_zero;
    e->parity = ties_up ? -1 : 1;
    if (!e->even) e->above = lowest + 1;
    break;
  case ULP_RNA: e->above = lowest + 1; break;
  case ULP_RNZ: break;
  case ULP_RTZ: e->threshold = INT32_MAX; break;
  case ULP_RD:
  case ULP_RU:
    e->directed = true;
    e->flip = e->r.mode == ULP_RD;
    break;
  case ULP_ODD: e->odd = true; break;
  case ULP_SR: e->random = true; break;
  }
}

/* The upper n bits of 32. */
static uint32_t upper(unsigned n) { return n ? UINT32_MAX << (32 - n) : 0; }

/* Up if the digits kept exceed the complement of the random word's, which is
 * whether their sum carries; see stochastic.c. */
static void plan_random(ulp_encoder *e)
{
  unsigned n = e->r.sr_bits;
  e->digits_kept = e->word_kept = n ? upper(n) : UINT32_MAX;
  e->word_xor = n ? UINT32_MAX : 0;
  e->equal_rare = n == 0;
  if (n == 0 || e->r.sr_variant == ULP_SR_A) return;
  if (n < 32 && e->r.sr_variant == ULP_SR_B) {
    e->digits_kept = upper(n + 1);
    e->word_xor = ~(UINT32_C(1) << (31 - n));
    return;
  }
  e->deep_rare = true; /* digits below the 32nd count */
  e->nearest_variant = n < 32;
  e->half_shift = (32 - n) & 31;
  e->half_less = n < 32 ? (UINT32_C(1) << (31 - n)) - 1 : 0;
}

static bool is_fast(const ulp_format *f)
{
  if (f->kind == ULP_INTEGER)
    return f->bits <= 16 && f->bias < 100 && f->bias > -100;
  return f->kind == ULP_FLOAT && f->man_bits <= 23 && f->storage_bytes <= 4 &&
         (f->zero != ULP_ZERO_NONE || !f->is_signed);
}

/* An f32 whose last bit is sticky (Boldo and Melquiond, "Emulation of FMA and
 * correctly rounded sums: proved algorithms using rounding to odd", IEEE
 * Trans. Comput. 57(4), 2008) stands for an f64 where the format is two bits
 * narrower and does not reach beyond f32.  It is so among f32's subnormals too,
 * or these are left to others (`wide`). */
static bool takes_odd_f32(const ulp_encoder *e)
{
  ulp_exact most = ulp_unpack(&e->to, e->to.max_code);
  return !e->random && (e->integer || e->trailing <= 21) &&
         most.exponent + ulp_top_bit(most.significand) <= 127;
}

/* `far` stands for all beyond the format, whose sums might overflow. */
static void plan_sum(ulp_encoder *e)
{
  ulp_exact most = ulp_unpack(&e->to, e->to.max_code);
  int32_t top = most.exponent + ulp_top_bit(most.significand);
  int32_t far = top + 2 + 127, step = 23 - e->trailing;
  e->by_sum = e->r.mode == ULP_RNE && !e->flushes && !e->no_zero &&
              e->normal >= 1 &&
              (e->integer || e->to.man_bits > 0) && step > 1 - e->integer &&
              far > e->normal - 23 && far >= 1 && far + step <= 254 &&
              e->normal + step <= 254;
  if (!e->by_sum) return;
  e->far = far << 23;
  e->normal_bits = e->normal << 23;
  e->sum_step = step << 23;
}

void ulp_encoder_make(ulp_encoder *e, const ulp_format *to,
                      const ulp_rounding *r)
{
  memset(e, 0, sizeof *e);
  e->to = *to;
  e->r = *r;
  e->fast = is_fast(to);
  if (r->mode == ULP_SR) plan_random(e);
  if (!e->fast) return;
  plan_places(e);
  plan_signs(e);
  plan_mode(e);
  plan_sum(e);
  e->odd_f64 = takes_odd_f32(e);
}
