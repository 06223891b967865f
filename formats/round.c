/* SPDX-License-Identifier: MIT
 *
 * The one round-and-pack: every conversion to a format ends here.
 *
 * A finite value is cut to `units` of the format's last place at its size
 * and a dropped fraction; the rounding mode decides whether one unit is
 * added; the magnitude code is then linear in the units, so that a carry
 * walks into the next binade by itself, and overflow is one comparison.
 */
#include "internal.h"

typedef struct {
  const ulp_format *f;
  const ulp_rounding *r;
  const ulp_profile *p;
  ulp_overflow overflow; /* never DEFAULT */
} target;

static uint64_t sign_code(const ulp_format *f, bool negative)
{
  return negative ? ulp_sign_bit(f) : 0;
}

/* ---- codes of the specials ---------------------------------------------- */

/* The finite code of greatest magnitude on a side. */
static uint64_t limit_code(const ulp_format *f, bool negative)
{
  if (f->kind == ULP_INTEGER && negative)
    return ulp_sign_bit(f) | (f->is_signed && f->symmetric);
  if (!f->is_signed && negative) return 0;
  return sign_code(f, negative) | f->max_code;
}

/* A NaN that a conversion makes, not one that it was given. */
static uint64_t made_nan(const target *t, bool negative)
{
  const ulp_format *f = t->f;
  uint64_t ones = ulp_mask(ulp_magnitude_bits(f));
  switch (f->nan) {
  case ULP_NAN_IEEE:
    return sign_code(f, negative) | ulp_mask((unsigned)f->exp_bits + 1)
                                        << (f->man_bits - 1);
  case ULP_NAN_TOP: return sign_code(f, negative) | ones;
  case ULP_NAN_NEGZERO: return ulp_sign_bit(f);
  case ULP_NAN_NONE: break;
  }
  return limit_code(f, negative);
}

static uint64_t inf_code(const target *t, bool negative)
{
  const ulp_format *f = t->f;
  if (f->inf != ULP_INF_NONE) return sign_code(f, negative) | (f->max_code + 1);
  return t->p->no_inf_is_nan ? made_nan(t, negative) : limit_code(f, negative);
}

/* TorchAO rounds a NaN's bits as if they were a number of exponent 128 and
 * keeps the low 8 bits of the code (custom_fp_utils.py, normal branch). */
static uint64_t nan_as_number(const ulp_format *f, const ulp_exact *x)
{
  unsigned drop = 23u - f->man_bits;
  uint64_t low = x->significand >> 41;
  uint64_t odd = low >> drop & 1;
  uint64_t rounded = (low + ulp_mask(drop - 1) + odd) >> drop;
  uint64_t field = (uint64_t)(128 + f->bias);
  uint64_t code = ((field << f->man_bits) + rounded) & 0xff;
  return (code | sign_code(f, x->negative)) & ulp_mask(f->bits);
}

static uint64_t nan_without_code(const target *t, const ulp_exact *x)
{
  const ulp_format *f = t->f;
  switch (t->p->nonan) {
  case ULP_NONAN_SIGN_FLIP:
    return f->zero == ULP_ZERO_SIGNED ? sign_code(f, !x->negative) : 0;
  case ULP_NONAN_AS_NUMBER:
    if (f->bits <= 8) return nan_as_number(f, x);
    break;
  case ULP_NONAN_MAX: break;
  }
  return f->max_code;
}

/* The payload field of an IEEE-style NaN under the profile's rule. */
static uint64_t nan_payload(const target *t, uint64_t payload)
{
  unsigned m = t->f->man_bits;
  uint64_t quiet = UINT64_C(1) << (m - 1);
  uint64_t low = payload >> (64 - m);
  switch (t->p->nan) {
  case ULP_NAN_KEEP: return low ? low : quiet;
  case ULP_NAN_QUIET: return low | quiet;
  case ULP_NAN_DEFAULT: return quiet;
  case ULP_NAN_ONES:
  case ULP_NAN_POSITIVE_ONES: break;
  }
  return ulp_mask(m);
}

static uint64_t nan_code(const target *t, const ulp_exact *x)
{
  const ulp_format *f = t->f;
  bool negative = x->negative && t->p->nan != ULP_NAN_POSITIVE_ONES;
  if (f->kind == ULP_INTEGER) return 0;
  if (f->nan == ULP_NAN_NONE) return nan_without_code(t, x);
  if (f->nan == ULP_NAN_IEEE)
    return sign_code(f, negative) | ulp_mask(f->exp_bits) << f->man_bits |
           nan_payload(t, x->significand);
  return made_nan(t, negative);
}

/* ---- beyond the range --------------------------------------------------- */

static uint64_t ieee_overflow(const target *t, bool negative)
{
  bool outward;
  switch (t->r->mode) {
  case ULP_RTZ: outward = false; break;
  case ULP_RU: outward = !negative; break;
  case ULP_RD: outward = negative; break;
  case ULP_ODD: /* the neighbours are the limit and Inf's code after it */
    outward = t->f->inf != ULP_INF_NONE && (t->f->max_code & 1) == 0;
    break;
  default: outward = true; break;
  }
  return outward ? inf_code(t, negative) : limit_code(t->f, negative);
}

static uint64_t overflow_code(const target *t, bool negative)
{
  switch (t->overflow) {
  case ULP_OVERFLOW_INF: return inf_code(t, negative);
  case ULP_OVERFLOW_NAN: return made_nan(t, negative);
  case ULP_OVERFLOW_IEEE: return ieee_overflow(t, negative);
  default: return limit_code(t->f, negative);
  }
}

/* A value below the range of a format without sign: P3109 4.7.5. */
static uint64_t below_range(const target *t)
{
  ulp_mode mode = t->r->mode;
  bool inward =
      t->overflow == ULP_OVERFLOW_IEEE && (mode == ULP_RTZ || mode == ULP_RU);
  if (t->overflow == ULP_OVERFLOW_SATURATE || inward) return 0;
  return t->f->nan == ULP_NAN_NONE ? 0 : made_nan(t, true);
}

static uint64_t zero_code(const target *t, bool negative)
{
  const ulp_format *f = t->f;
  if (f->zero == ULP_ZERO_NONE)
    return t->p->magnitude_if_unsigned ? 0 : below_range(t);
  return f->zero == ULP_ZERO_SIGNED ? sign_code(f, negative) : 0;
}

/* The sign that a value keeps: a float format without sign may be defined to
 * take magnitudes. */
static bool kept_sign(const target *t, bool negative)
{
  return negative && (t->f->is_signed || t->f->kind == ULP_INTEGER ||
                      !t->p->magnitude_if_unsigned);
}

static uint64_t round_infinite(const target *t, bool negative)
{
  const ulp_format *f = t->f;
  bool saturate = t->overflow == ULP_OVERFLOW_SATURATE;
  negative = kept_sign(t, negative);
  if (f->kind == ULP_INTEGER || (saturate && t->p->inf_is_overflow))
    return limit_code(f, negative);
  if (negative && !f->is_signed) /* in every mode, P3109 4.7.5 */
    return saturate || f->nan == ULP_NAN_NONE ? 0 : made_nan(t, true);
  return inf_code(t, negative);
}

/* ---- finite values --------------------------------------------------------
 */

typedef struct {
  uint64_t units; /* of 2^last */
  int32_t last;
  int32_t top; /* floor(log2 |x|), before rounding */
  ulp_fraction v;
} cut;

/* The exponent of the last place kept for a value of exponent `top`. */
static int32_t last_place(const ulp_format *f, int32_t top)
{
  int32_t least = ulp_least_exponent(f);
  if (f->kind == ULP_INTEGER) return least;
  if (!f->subnormals && top < least + f->man_bits)
    return least + f->man_bits; /* only 0 and 2^emin are there */
  return top - f->man_bits > least ? top - f->man_bits : least;
}

static cut cut_value(const ulp_format *f, const ulp_exact *x)
{
  uint64_t s = x->significand;
  int32_t exponent = x->exponent;
  cut c;
  int lead = __builtin_clzll(s);
  s <<= lead;
  exponent -= lead;
  c.top = exponent + 63;
  c.last = last_place(f, c.top);
  c.v = (ulp_fraction){.drop = (int64_t)c.last - exponent, .sticky = x->sticky};
  if (c.v.drop >= 64) {
    c.units = 0;
    c.v.numerator = s;
  } else if (c.v.drop > 0) {
    c.units = s >> c.v.drop;
    c.v.numerator = s & ulp_mask((unsigned)c.v.drop);
  } else { /* an integer format, far beyond its range */
    c.units = UINT64_MAX >> 1;
    c.v.drop = 1;
  }
  return c;
}

/* The sign of v - 1/2. */
static int against_half(const ulp_fraction *v)
{
  uint64_t half;
  if (v->drop > 64) return -1;
  half = UINT64_C(1) << (v->drop - 1);
  if (v->numerator != half) return v->numerator < half ? -1 : 1;
  return v->sticky;
}

/* Whether the code that rounding toward zero gives is odd.  Without
 * significand bits units is 1 and the binade's code decides. */
static bool is_odd(const ulp_format *f, const cut *c)
{
  if (f->kind == ULP_FLOAT && f->man_bits == 0 && c->units != 0)
    return (c->last - ulp_least_exponent(f) + (f->zero != ULP_ZERO_NONE)) & 1;
  return c->units & 1;
}

static bool goes_up(const target *t, const cut *c, bool negative,
                    uint64_t index, const uint32_t *word0)
{
  if (c->v.numerator == 0 && !c->v.sticky) return false;
  switch (t->r->mode) {
  case ULP_RNE: {
    int side = against_half(&c->v);
    bool binade =
        t->f->kind == ULP_FLOAT && t->f->man_bits == 0 && c->units != 0;
    return side > 0 ||
           (side == 0 && (is_odd(t->f, c) || (binade && t->p->binade_ties_up)));
  }
  case ULP_RNA: return against_half(&c->v) >= 0;
  case ULP_RNZ: return against_half(&c->v) > 0;
  case ULP_RTZ: return false;
  case ULP_RU: return !negative;
  case ULP_RD: return negative;
  case ULP_ODD: return !is_odd(t->f, c);
  case ULP_SR: break;
  }
  return ulp_fraction_up(&c->v, t->r, index, word0);
}

static uint64_t pack_integer(const target *t, uint64_t units, bool negative)
{
  const ulp_format *f = t->f;
  uint64_t most = f->max_code + (negative && !f->symmetric);
  if (units > most) return overflow_code(t, negative);
  return (negative ? 0 - units : units) & ulp_mask(f->bits);
}

static uint64_t pack_float(const target *t, const cut *c, bool negative)
{
  const ulp_format *f = t->f;
  int32_t binades = c->last - ulp_least_exponent(f);
  uint64_t hidden = UINT64_C(1) << f->man_bits;
  uint64_t magnitude;
  if (!f->subnormals && f->zero != ULP_ZERO_NONE &&
      c->top < ulp_least_exponent(f) + f->man_bits)
    magnitude = hidden; /* rounded up to 2^emin */
  else if (binades > 1 << f->exp_bits)
    return overflow_code(t, negative);
  else
    magnitude = ((uint64_t)binades << f->man_bits) + c->units -
                (f->zero == ULP_ZERO_NONE ? hidden : 0);
  if (magnitude > f->max_code) return overflow_code(t, negative);
  return sign_code(f, negative) | magnitude;
}

static uint64_t round_finite(const target *t, const ulp_exact *x,
                             uint64_t index, const uint32_t *word0)
{
  const ulp_format *f = t->f;
  bool negative = kept_sign(t, x->negative);
  cut c = cut_value(f, x);
  if (f->zero == ULP_ZERO_NONE && c.top < -f->bias)
    return negative ? below_range(t) : 0; /* nothing lies below code 0 */
  c.units += goes_up(t, &c, negative, index, word0);
  if (c.units == 0) return zero_code(t, negative);
  if (negative && !f->is_signed) return below_range(t);
  if (f->kind == ULP_INTEGER) return pack_integer(t, c.units, negative);
  return pack_float(t, &c, negative);
}

uint64_t ulp_round_pack_word(const ulp_format *f, const ulp_exact *x,
                             const ulp_rounding *r, uint64_t index,
                             const uint32_t *word0)
{
  target t = {
      .f = f, .r = r, .p = ulp_rounding_profile(r), .overflow = r->overflow};
  ulp_exact tiny;
  if (f->kind == ULP_CODEBOOK) return ulp_codebook_round(f, x, r, index, word0);
  if (t.overflow == ULP_OVERFLOW_DEFAULT)
    t.overflow = f->bits <= 8 ? t.p->overflow_narrow : t.p->overflow_wide;
  if (x->cls == ULP_CLASS_NAN) return nan_code(&t, x);
  if (x->cls == ULP_CLASS_INF) return round_infinite(&t, x->negative);
  if (x->significand != 0) return round_finite(&t, x, index, word0);
  if (!x->sticky) return zero_code(&t, x->negative);
  tiny = *x; /* only a sticky bit: somewhere below 2^exponent */
  tiny.significand = 1;
  tiny.exponent -= 64;
  return round_finite(&t, &tiny, index, word0);
}

uint64_t ulp_round_pack(const ulp_format *f, const ulp_exact *x,
                        const ulp_rounding *r, uint64_t index)
{
  return ulp_round_pack_word(f, x, r, index, NULL);
}

uint64_t ulp_encode_f64(const ulp_format *f, double x, const ulp_rounding *r,
                        uint64_t index)
{
  ulp_exact e = ulp_from_f64(x);
  return ulp_round_pack_word(f, &e, r, index, NULL);
}

uint64_t ulp_encode_f32(const ulp_format *f, float x, const ulp_rounding *r,
                        uint64_t index)
{
  ulp_exact e = ulp_from_f32(x);
  return ulp_round_pack_word(f, &e, r, index, NULL);
}
