/* SPDX-License-Identifier: MIT
 *
 * Rounding to a list of values.  Everything is exact: values and x are
 * integers in units of 2^-60, which holds every entry (|v| <= 1, f32, none
 * below 2^-24) and leaves one bit for what x has below that.
 */
#include "internal.h"

#include <stdlib.h>

/* 2 |x| 2^60, its lowest bit standing for anything below; x beyond the book
 * stops at a value beyond every entry. */
static int64_t doubled(const ulp_exact *x)
{
  int64_t beyond = INT64_C(1) << 62, magnitude;
  uint64_t s = x->significand;
  int shift;
  if (s == 0) return x->sticky ? (x->negative ? -1 : 1) : 0;
  if (x->exponent + ulp_top_bit(s) >= 1) return x->negative ? -beyond : beyond;
  shift = x->exponent + 60;
  if (shift >= 0)
    magnitude = (int64_t)(s << shift) * 2 + x->sticky;
  else if (shift <= -64)
    magnitude = 1;
  else
    magnitude = (int64_t)(s >> -shift) * 2 +
                (x->sticky || (s & ulp_mask((unsigned)-shift)) != 0);
  return x->negative ? -magnitude : magnitude;
}

/* The code whose value has rank i, counting both zeros where there are two. */
static uint64_t code_at(const ulp_format *f, unsigned i)
{
  return f->codebook_order ? f->codebook_order[i] : i;
}

static int64_t doubled_at(const ulp_format *f, unsigned i)
{
  return (int64_t)(f->codebook[code_at(f, i)] * 0x1p61);
}

/* The greatest rank whose value is not above x; 0 when all are. */
static unsigned rank_below(const ulp_format *f, int64_t x)
{
  unsigned low = 0, high = 1u << f->bits;
  while (high - low > 1) {
    unsigned middle = (low + high) / 2;
    if (doubled_at(f, middle) <= x)
      low = middle;
    else
      high = middle;
  }
  return low;
}

/* The parity of codes alternates along the values of every book. */
static bool is_odd(const ulp_format *f, unsigned i)
{
  return code_at(f, i) & 1;
}

/* Ranks around x: near is on the side of zero, which every book has. */
static bool goes_far(const ulp_format *f, int64_t x, unsigned near,
                     unsigned far, const ulp_rounding *r, uint64_t index,
                     const uint32_t *word0)
{
  uint64_t above = (uint64_t)llabs(x - doubled_at(f, near));
  uint64_t gap = (uint64_t)llabs(doubled_at(f, far) - doubled_at(f, near));
  ulp_fraction v = {.numerator = above, .denominator = gap};
  switch (r->mode) {
  case ULP_RNE:
    return above > gap - above || (above == gap - above && is_odd(f, near));
  case ULP_RNA: return above >= gap - above;
  case ULP_RNZ: return above > gap - above;
  case ULP_RTZ: return false;
  case ULP_RU: return far > near;
  case ULP_RD: return far < near;
  case ULP_ODD: return !is_odd(f, near);
  case ULP_SR: break;
  }
  return ulp_fraction_up(&v, r, index, word0);
}

/* The code of a zero of the sign asked for, where there are two. */
static uint64_t zero_code(const ulp_format *f, unsigned rank, bool negative)
{
  return code_at(f, f->zero == ULP_ZERO_SIGNED && negative ? rank - 1 : rank);
}

uint64_t ulp_codebook_round(const ulp_format *f, const ulp_exact *x,
                            const ulp_rounding *r, uint64_t index,
                            const uint32_t *word0)
{
  unsigned last = (1u << f->bits) - 1, low, near, far;
  int64_t d, at_low;
  if (x->cls == ULP_CLASS_NAN) return code_at(f, rank_below(f, 0));
  if (x->cls == ULP_CLASS_INF) return code_at(f, x->negative ? 0 : last);
  d = doubled(x);
  low = rank_below(f, d);
  at_low = doubled_at(f, low);
  if (at_low == d && d == 0) return zero_code(f, low, x->negative);
  if (at_low >= d || low == last) return code_at(f, low);
  near = x->negative ? low + 1 : low;
  far = x->negative ? low : low + 1;
  if (goes_far(f, d, near, far, r, index, word0)) near = far;
  if (doubled_at(f, near) == 0)
    return zero_code(f, rank_below(f, 0), x->negative);
  return code_at(f, near);
}
