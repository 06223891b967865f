/* SPDX-License-Identifier: MIT
 *
 * Rounding to a list of values.  Everything is exact: values and x are
 * integers in units of 2^-60, which holds every entry (|v| <= 1, f32, none
 * below 2^-24) and leaves one bit for what x has below that.
 */
#include "internal.h"

#include <math.h>

/* 2 |x| 2^60, its lowest bit standing for anything below; x beyond the book
 * stops at a value beyond every entry. */
static int64_t doubled(const ulp_exact *x)
{
  int64_t beyond = INT64_C(1) << 62, magnitude;
  uint64_t s = x->significand;
  int shift;
  if (s == 0)
    return x->sticky ? (x->negative ? -1 : 1) : 0;
  if (x->exponent + ulp_top_bit(s) >= 1)
    return x->negative ? -beyond : beyond;
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

static int64_t doubled_entry(const ulp_format *f, uint64_t code)
{
  return (int64_t)ldexp(f->codebook[code], 61);
}

typedef struct {
  int64_t x, low, high; /* low <= x <= high, doubled units */
  bool odd;             /* the rank of low among the distinct values is odd */
} bracket;

static bracket find_bracket(const ulp_format *f, int64_t x)
{
  bracket b = {.x = x, .low = INT64_MIN, .high = INT64_MAX};
  unsigned rank = 0;
  for (uint64_t c = 0; c < ulp_code_count(f); c++) {
    int64_t v = doubled_entry(f, c);
    if (v <= x && v > b.low)
      b.low = v;
    if (v >= x && v < b.high)
      b.high = v;
  }
  if (b.low == INT64_MIN)
    b.low = b.high;
  if (b.high == INT64_MAX)
    b.high = b.low;
  for (uint64_t c = 0; c < ulp_code_count(f); c++)
    rank += doubled_entry(f, c) < b.low &&
            !(f->codebook[c] == 0 && signbit(f->codebook[c]));
  b.odd = rank & 1;
  return b;
}

/* The code of an entry; of two zeros, the one with the sign asked for. */
static uint64_t code_of(const ulp_format *f, int64_t v, bool negative)
{
  uint64_t found = 0;
  bool have = false;
  for (uint64_t c = 0; c < ulp_code_count(f); c++) {
    if (doubled_entry(f, c) != v)
      continue;
    if (!have || (v == 0 && (signbit(f->codebook[c]) != 0) == negative))
      found = c;
    have = true;
  }
  return found;
}

static bool goes_far(const bracket *b, int64_t near, int64_t far,
                     const ulp_rounding *r, uint64_t index,
                     const uint32_t *word0)
{
  uint64_t above = (uint64_t)(b->x > near ? b->x - near : near - b->x);
  uint64_t gap = (uint64_t)(b->high - b->low);
  bool odd = near == b->low ? b->odd : !b->odd;
  ulp_fraction v = {.numerator = above, .denominator = gap};
  switch (r->mode) {
  case ULP_RNE: return above > gap - above || (above == gap - above && odd);
  case ULP_RNA: return above >= gap - above;
  case ULP_RNZ: return above > gap - above;
  case ULP_RTZ: return false;
  case ULP_RU: return far == b->high;
  case ULP_RD: return far == b->low;
  case ULP_ODD: return !odd;
  case ULP_SR: break;
  }
  return ulp_fraction_up(&v, r, index, word0);
}

uint64_t ulp_codebook_round(const ulp_format *f, const ulp_exact *x,
                            const ulp_rounding *r, uint64_t index,
                            const uint32_t *word0)
{
  bracket b;
  int64_t near, far;
  if (x->cls == ULP_CLASS_NAN)
    return code_of(f, 0, false);
  if (x->cls == ULP_CLASS_INF)
    b = find_bracket(f, x->negative ? INT64_MIN + 1 : INT64_MAX - 1);
  else
    b = find_bracket(f, doubled(x));
  near = x->negative ? b.high : b.low; /* toward zero, which every book has */
  far = x->negative ? b.low : b.high;
  if (near != far && goes_far(&b, near, far, r, index, word0))
    near = far;
  return code_of(f, near, x->negative);
}
