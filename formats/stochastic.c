/* SPDX-License-Identifier: MIT
 *
 * Stochastic rounding: whether a dropped fraction goes up.
 *
 * The N-bit variants are those of the IEEE P3109 draft, 4.7.4.  The exact
 * mode compares v with a uniform random real whose bits are drawn as far as
 * the comparison needs them, so that P(up) = v with no error at all.
 */
#include "internal.h"

/* Bits [64 k, 64 k + 64) of v after the binary point; *more tells whether
 * anything is left below them. */
static uint64_t digits_of(const ulp_fraction *v, unsigned k, bool *more)
{
  if (v->denominator) {
    unsigned __int128 rest = v->numerator;
    uint64_t digits = 0;
    for (unsigned i = 0; i <= k; i++) {
      unsigned __int128 scaled = rest << 64;
      digits = (uint64_t)(scaled / v->denominator);
      rest = scaled % v->denominator;
    }
    *more = rest != 0 || v->sticky;
    return digits;
  }
  /* numerator * 2^(64 (k + 1) - drop), its integer part modulo 2^64 */
  int64_t shift = 64 * ((int64_t)k + 1) - v->drop;
  *more = v->sticky;
  if (shift >= 64)
    return 0;
  if (shift >= 0)
    return v->numerator << shift;
  if (shift <= -64) {
    *more = true;
    return 0;
  }
  *more = *more || (v->numerator & ulp_mask((unsigned)-shift)) != 0;
  return v->numerator >> -shift;
}

static bool up_exact(const ulp_fraction *v, const ulp_rounding *r,
                     uint64_t index, uint32_t word0)
{
  uint64_t high = word0;
  for (unsigned k = 0;; k++) {
    bool more;
    uint64_t digits = digits_of(v, k, &more);
    uint64_t random;
    if (high != digits >> 32) /* half the digits decide, nearly always */
      return high < digits >> 32;
    random = high << 32 | ulp_random_word(r->seed, r->stream, index, 2 * k + 1);
    if (random != digits)
      return random < digits;
    if (!more)
      return false;
    if (v->denominator == 0 && 64 * ((int64_t)k + 1) >= v->drop)
      return true; /* only the sticky bit is left */
    high = ulp_random_word(r->seed, r->stream, index, 2 * k + 2);
  }
}

bool ulp_fraction_up(const ulp_fraction *v, const ulp_rounding *r,
                     uint64_t index, const uint32_t *word0)
{
  uint32_t word =
      word0 ? *word0 : ulp_random_word(r->seed, r->stream, index, 0);
  unsigned n = r->sr_bits;
  uint64_t one = UINT64_C(1) << n, random, digits, low, kept;
  bool more;
  if (n == 0)
    return up_exact(v, r, index, word);
  random = word >> (32 - n);
  digits = digits_of(v, 0, &more);
  kept = digits >> (64 - n);
  switch (r->sr_variant) {
  case ULP_SR_A: break;
  case ULP_SR_B: return (digits >> (63 - n)) + 2 * random + 1 >= 2 * one;
  case ULP_SR_C: /* round v 2^n to nearest, ties to even */
    low = digits << n;
    if (low > UINT64_C(1) << 63 ||
        (low == UINT64_C(1) << 63 && (more || (kept & 1))))
      kept++;
    break;
  }
  return kept + random >= one;
}
