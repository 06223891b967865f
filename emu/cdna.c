/* SPDX-License-Identifier: MIT
 *
 * AMD's matrix cores, as published (Xie et al. 2025, arXiv:2511.10909; Khattak
 * and Mikaitis 2025): no trace, and no output of a GPU has been seen by this
 * project.  C is f32; a block's result is the C of the next.  NaN is the one
 * with all bits set but the sign: AMD's bits are not known.
 */
#include "cdna.h"
#include "blocks.h"
#include "exact.h"

#include <math.h>

/* ---- CDNA1: exact --------------------------------------------------------- */

static uint64_t round_to_acc(const ulp_mma *m, const ulp_exact *x)
{
  static const ulp_rounding rne = {.overflow = ULP_OVERFLOW_INF};
  return x->cls == ULP_CLASS_NAN ? ulp_acc_nan(&m->acc)
                                 : ulp_round_pack(&m->acc, x, &rne, 0);
}

static uint64_t exact_block(const ulp_mma *m, const uint64_t *a,
                            const uint64_t *b, uint64_t c)
{
  ulp_sum s;
  ulp_exact x[2] = {ulp_unpack(&m->acc, c)};
  ulp_sum_clear(&s);
  ulp_sum_add_product(&s, x, 1);
  for (int k = 0; k < m->record->block; k++) {
    x[0] = ulp_unpack(&m->a, a[k]);
    x[1] = ulp_unpack(&m->b, b[k]);
    ulp_sum_add_product(&s, x, 2);
  }
  x[0] = ulp_sum_value(&s);
  return round_to_acc(m, x);
}

/* ---- CDNA2: without subnormals ---------------------------------------------- */

/* Subnormal operands and C count as +0. */
static float operand(const ulp_format *f, uint64_t code)
{
  double x = ulp_decode(f, code);
  return fabs(x) < ulp_min_normal(f) ? 0 : (float)x;
}

/* A result that rounds to a subnormal becomes zero, of its sign. */
static float flushed(float x)
{
  return fabsf(x) < 0x1p-126f ? copysignf(0, x) : x;
}

static float flush_pair(const ulp_mma *m, const uint64_t *a, const uint64_t *b)
{
  float p = flushed(operand(&m->a, a[0]) * operand(&m->b, b[0]));
  float q = flushed(operand(&m->a, a[1]) * operand(&m->b, b[1]));
  return flushed(p + q);
}

/* c + ((p0 + p1) + (p2 + p3)), or c + (p0 + p1). */
static uint64_t flush_block(const ulp_mma *m, const uint64_t *a,
                            const uint64_t *b, uint64_t c)
{
  float sum = flush_pair(m, a, b);
  if (m->record->block == 4)
    sum = flushed(sum + flush_pair(m, a + 2, b + 2));
  sum = flushed(operand(&m->acc, c) + sum);
  if (isnan(sum))
    return ulp_acc_nan(&m->acc);
  return ulp_encode_f64(&m->acc, sum,
                        &(ulp_rounding){.overflow = ULP_OVERFLOW_INF}, 0);
}

/* ---- CDNA3: cut and floored ---------------------------------------------------- */

enum {
  CUT = 24,  /* products and C keep multiples of 2^(E-24) */
  WIDE = 32, /* the products' sum, where C joins */
  LAST = 31, /* bits below the first one that the last rounding sees */
  NONE = -999, /* the exponent of a sum whose products are all 0 */
  C_LEAST = -126 /* the least exponent of C, which a C of 0 has */
};

/* units * 2^(top - CUT), or an Inf or NaN. */
typedef struct {
  int64_t units;
  int32_t top;
  bool nan, plus, minus;
} fixed;

/* floor(x * 2^shift) */
static int64_t floor_shift(int64_t x, int32_t shift)
{
  if (shift >= 0)
    return x * (INT64_C(1) << shift);
  if (shift < -62)
    return x < 0 ? -1 : 0;
  int64_t unit = INT64_C(1) << -shift, q = x / unit;
  return q - (q * unit > x);
}

static void note_special(fixed *s, const ulp_exact *x, const ulp_exact *y,
                         bool negative)
{
  bool x_inf = x->cls == ULP_CLASS_INF, y_inf = y->cls == ULP_CLASS_INF;
  if (x->cls == ULP_CLASS_NAN || y->cls == ULP_CLASS_NAN ||
      (x_inf && !y_inf && y->significand == 0) ||
      (y_inf && !x_inf && x->significand == 0))
    s->nan = true;
  else if (negative)
    s->minus = true;
  else
    s->plus = true;
}

static int bits_of(uint64_t x) { return x ? 64 - __builtin_clzll(x) : 0; }

static bool is_special(const ulp_exact *x)
{
  return x->cls == ULP_CLASS_INF || x->cls == ULP_CLASS_NAN;
}

typedef struct {
  uint64_t significand;
  int32_t exponent, vote;
  bool negative;
} term;

static term product(fixed *s, const ulp_mma *m, uint64_t a, uint64_t b)
{
  ulp_exact x = ulp_unpack(&m->a, a), y = ulp_unpack(&m->b, b);
  term t = {.significand = x.significand * y.significand,
            .exponent = x.exponent + y.exponent,
            .vote = x.exponent + y.exponent + m->a.man_bits + m->b.man_bits,
            .negative = x.negative != y.negative};
  if (is_special(&x) || is_special(&y)) {
    note_special(s, &x, &y, t.negative);
    t.significand = 0;
  } else if (bits_of(t.significand) + t.exponent > 128) {
    s->plus = s->plus || !t.negative; /* 2^128 or more */
    s->minus = s->minus || t.negative;
    t.significand = 0;
  }
  return t;
}

/* The products of k, k + step, ..., cut toward zero at their greatest
 * exponent. */
static fixed cut_sum(const ulp_mma *m, const uint64_t *a, const uint64_t *b,
                     int k, int step)
{
  fixed s = {.top = NONE};
  term t[256]; /* the most products of an instruction */
  int n = 0;
  for (; k < m->record->block; k += step, n++) {
    t[n] = product(&s, m, a[k], b[k]);
    if (t[n].significand && t[n].vote > s.top)
      s.top = t[n].vote;
  }
  for (int i = 0; i < n; i++) {
    int64_t kept =
        (int64_t)ulp_cut(t[i].significand, s.top - CUT - t[i].exponent);
    s.units += t[i].negative ? -kept : kept;
  }
  return s;
}

/* Two sums, floored at the greater exponent. */
static fixed join(const fixed *x, const fixed *y)
{
  int32_t top = x->top > y->top ? x->top : y->top;
  return (fixed){.units = floor_shift(x->units, x->top - top) +
                          floor_shift(y->units, y->top - top),
                 .top = top,
                 .nan = x->nan || y->nan,
                 .plus = x->plus || y->plus,
                 .minus = x->minus || y->minus};
}

/* The sum and C in units of 2^(E-32), C floored to 2^(E-24) before. */
static ulp_exact add_c(const fixed *s, const ulp_exact *c, bool drops_c)
{
  int32_t ec = c->exponent + 23, top = s->top;
  if (c->significand == 0 || ec < C_LEAST)
    ec = C_LEAST;
  if (ec > top)
    top = ec;
  int64_t sc = (int64_t)c->significand;
  int64_t units = floor_shift(c->negative ? -sc : sc,
                              c->exponent - (top - CUT));
  if (drops_c && ec < top - CUT - 1)
    units = 0;
  units = units * (1 << (WIDE - CUT)) +
          floor_shift(s->units, s->top - top + WIDE - CUT);
  int32_t unit = top - WIDE, lead;
  lead = bits_of((uint64_t)(units < 0 ? -units : units)) - 1 + unit;
  if (lead < C_LEAST)
    lead = C_LEAST;
  if (lead - LAST > unit) {
    units = floor_shift(units, unit - (lead - LAST));
    unit = lead - LAST;
  }
  return (ulp_exact){.cls = units ? ULP_CLASS_NORMAL : ULP_CLASS_ZERO,
                     .negative = units < 0,
                     .exponent = unit,
                     .significand = (uint64_t)(units < 0 ? -units : units)};
}

static uint64_t floor_block(const ulp_mma *m, const uint64_t *a,
                            const uint64_t *b, uint64_t c_code)
{
  bool apart = m->record->kind == ULP_DOT_FLOOR_EVEN_ODD;
  ulp_exact c = ulp_unpack(&m->acc, c_code), one = {.significand = 1};
  fixed s = cut_sum(m, a, b, 0, apart ? 2 : 1);
  if (apart) {
    fixed odd = cut_sum(m, a, b, 1, 2);
    s = join(&s, &odd);
  }
  if (is_special(&c))
    note_special(&s, &c, &one, c.negative);
  if (s.nan || (s.plus && s.minus))
    return ulp_acc_nan(&m->acc);
  if (s.plus || s.minus)
    return ulp_acc_inf(&m->acc, s.minus);
  ulp_exact sum = add_c(&s, &c, apart);
  return round_to_acc(m, &sum);
}

/* ---- blocks ------------------------------------------------------------------------ */

uint64_t ulp_cdna_dot(const ulp_mma *m, const uint64_t *a, const uint64_t *b,
                      uint64_t c)
{
  for (int k = 0; k < m->k; k += m->record->block)
    switch (m->record->kind) {
    case ULP_DOT_EXACT: c = exact_block(m, a + k, b + k, c); break;
    case ULP_DOT_FLUSH: c = flush_block(m, a + k, b + k, c); break;
    default: c = floor_block(m, a + k, b + k, c); break;
    }
  return c;
}
