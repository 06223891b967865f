/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From a rung to its code: overflow, the special codes, and the profile's
 * choices.  Where a document prints the rule, it is named.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "oracle.h"

static uint64_t ones(int n) { return (UINT64_C(1) << n) - 1; }

static uint64_t sign_of(const oracle_format *o, bool negative)
{
  return negative && o->sign ? UINT64_C(1) << (o->bits - 1) : 0;
}

static uint64_t rung_code(const oracle_format *o, int64_t rank, bool negative)
{
  if (o->kind == 'c') {
    int code = o->book_code[rank - o->rmin];
    if (o->book[code] == 0 && negative && o->book_negative_zero)
      return (uint64_t)o->book_negative_zero;
    return (uint64_t)code;
  }
  if (o->kind == 'i')
    return (uint64_t)rank & ones(o->bits);
  uint64_t mag = (uint64_t)llabs(rank);
  if (o->flush && mag)
    mag += ones(o->man_bits);
  if (mag == 0 && !o->no_zero && o->negative_zero != '0')
    negative = false;
  return mag | sign_of(o, negative);
}

static uint64_t limit(const oracle_format *o, bool low)
{
  return rung_code(o, low ? o->rmin : o->rmax, low);
}

/* How the format writes NaN: 'i' beyond the code of Inf, 't' on top,
 * 'z' in place of -0, '-' not at all. */
static char nan_kind(const oracle_format *o)
{
  if (o->kind != 'f')
    return '-';
  if (o->negative_zero == 'n')
    return 'z';
  uint64_t top = ones(o->bits - o->sign);
  if (o->max_mag == top || o->inf_mag == top)
    return '-';
  return o->inf_mag && top - o->inf_mag > 1 ? 'i' : 't';
}

static uint64_t plain_nan(const oracle_format *o, bool negative)
{
  switch (nan_kind(o)) {
  case 'i': /* the first significand bit set: IEEE 754 6.2.1 */
    return sign_of(o, negative) | o->inf_mag | UINT64_C(1) << (o->man_bits - 1);
  case 't':
    return sign_of(o, negative) | ones(o->bits - o->sign);
  case 'z':
    return UINT64_C(1) << (o->bits - 1);
  default:
    return limit(o, negative);
  }
}

static uint64_t infinity(const oracle_format *o, bool negative,
                         const ulp_profile *profile)
{
  if (o->inf_mag)
    return o->inf_mag | sign_of(o, negative);
  return profile->no_inf_is_nan ? plain_nan(o, negative) : limit(o, negative);
}

static ulp_overflow rule_of(const oracle_format *o, ulp_overflow overflow,
                            const ulp_profile *p)
{
  if (overflow != ULP_OVERFLOW_DEFAULT)
    return overflow;
  return o->bits > 8 ? p->overflow_wide : p->overflow_narrow;
}

/* IEEE 754 7.4; P3109 draft 4.7.5 for round to odd. */
static bool stays_finite(const oracle_format *o, ulp_mode mode, bool negative)
{
  if (mode == ULP_ODD)
    return o->inf_mag == 0 || o->max_mag % 2 == 1;
  return mode == ULP_RTZ || mode == (negative ? ULP_RU : ULP_RD);
}

static uint64_t overflowed(const oracle_format *o, bool negative, ulp_mode mode,
                           ulp_overflow rule, const ulp_profile *profile)
{
  if (rule == ULP_OVERFLOW_INF ||
      (rule == ULP_OVERFLOW_IEEE && !stays_finite(o, mode, negative)))
    return infinity(o, negative, profile);
  return rule == ULP_OVERFLOW_NAN ? plain_nan(o, negative) : limit(o, negative);
}

/* A negative value (or a zero that has no code) in a format without sign:
 * P3109 draft 4.7.5, lines 42 and 44. */
static uint64_t below_zero(const oracle_format *o, ulp_mode mode,
                           ulp_overflow rule)
{
  bool inward = mode == ULP_RTZ || mode == ULP_RU;
  if (rule == ULP_OVERFLOW_SATURATE || nan_kind(o) == '-' ||
      (rule == ULP_OVERFLOW_IEEE && inward))
    return limit(o, true);
  return plain_nan(o, true);
}

uint64_t oracle_finish(const oracle_format *o, const oracle_place *p,
                       int64_t rung, ulp_mode mode, ulp_overflow overflow,
                       const ulp_profile *profile)
{
  ulp_overflow rule = rule_of(o, overflow, profile);
  bool low = rung < o->rmin;
  if (rung >= o->rmin && rung <= o->rmax)
    return rung_code(o, rung, p->negative);
  if (o->kind == 'c')
    return limit(o, low);
  if (low && !o->sign)
    return p->negative ? below_zero(o, mode, rule) : limit(o, true);
  return overflowed(o, low, mode, rule, profile);
}

/* Zero in a format without one. */
static uint64_t no_zero_code(const oracle_format *o, ulp_mode mode,
                             ulp_overflow rule, const ulp_profile *profile)
{
  return profile->magnitude_if_unsigned ? 0 : below_zero(o, mode, rule);
}

static uint64_t missing_nan(const oracle_format *o, bool negative,
                            uint64_t payload, const ulp_profile *profile)
{
  if (profile->nonan == ULP_NONAN_SIGN_FLIP)
    return o->negative_zero == '0' ? sign_of(o, !negative) : 0;
  if (profile->nonan == ULP_NONAN_AS_NUMBER && o->bits <= 8) {
    /* 1.payload * 2^128 of f32, to nearest even in the format's significand,
     * the exponent field wrapping in 8 bits of code. */
    int drop = 23 - o->man_bits;
    uint64_t f32 = payload >> 41, tail = f32 & ones(drop), kept = f32 >> drop;
    uint64_t half = UINT64_C(1) << (drop - 1);
    kept += tail > half || (tail == half && kept % 2);
    uint64_t code = (uint64_t)(128 + o->bias) * (UINT64_C(1) << o->man_bits);
    return ((code + kept) % 256 | sign_of(o, negative)) & ones(o->bits);
  }
  return o->max_mag;
}

static uint64_t nan_code(const oracle_format *o, bool negative,
                         uint64_t payload, const ulp_profile *profile)
{
  uint64_t quiet, field;
  if (o->kind == 'i')
    return 0;
  if (o->kind == 'c')
    return rung_code(o, oracle_search_f64(o, 0).rank, false);
  if (profile->nan == ULP_NAN_POSITIVE_ONES)
    negative = false;
  if (nan_kind(o) == '-')
    return missing_nan(o, negative, payload, profile);
  if (nan_kind(o) != 'i')
    return plain_nan(o, negative);
  quiet = UINT64_C(1) << (o->man_bits - 1);
  field = payload >> (64 - o->man_bits);
  if (profile->nan == ULP_NAN_QUIET)
    field |= quiet;
  else if (profile->nan == ULP_NAN_DEFAULT || field == 0)
    field = quiet;
  if (profile->nan == ULP_NAN_ONES || profile->nan == ULP_NAN_POSITIVE_ONES)
    field = ones(o->man_bits);
  return sign_of(o, negative) | o->inf_mag | field;
}

uint64_t oracle_special(const oracle_format *o, bool nan, bool negative,
                        uint64_t payload, ulp_overflow overflow,
                        const ulp_profile *profile)
{
  ulp_overflow rule = rule_of(o, overflow, profile);
  if (nan)
    return nan_code(o, negative, payload, profile);
  if (o->kind == 'f' && !o->sign && profile->magnitude_if_unsigned)
    negative = false;
  if (!o->sign && negative) /* P3109 draft 4.7.5, line 38: in every mode */
    return below_zero(o, ULP_RNE, rule);
  if (o->kind != 'f' ||
      (rule == ULP_OVERFLOW_SATURATE && profile->inf_is_overflow))
    return limit(o, negative);
  return infinity(o, negative, profile);
}

uint64_t oracle_encode(const oracle_format *o, double x, const ulp_rounding *r)
{
  const ulp_profile *profile = r->profile ? r->profile : ulp_profile_row(0);
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  if (!isfinite(x))
    return oracle_special(o, isnan(x), bits >> 63, bits << 12, r->overflow,
                          profile);
  if (o->kind == 'f' && !o->sign && profile->magnitude_if_unsigned)
    x = fabs(x);
  if (x == 0 && o->no_zero)
    return no_zero_code(o, r->mode, rule_of(o, r->overflow, profile), profile);
  oracle_place p = oracle_search_f64(o, x);
  bool up = profile->binade_ties_up && o->man_bits == 0 && o->kind == 'f' &&
            (p.rank != 0 || o->no_zero) && (p.rank != -1 || o->no_zero);
  return oracle_finish(o, &p, oracle_choose(o, &p, r->mode, up), r->mode,
                       r->overflow, profile);
}
