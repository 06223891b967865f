/* SPDX-License-Identifier: MIT
 *
 * Exact sums, in words of 64 bits.
 */
#include "exact.h"

#include <string.h>

__extension__ typedef unsigned __int128 u128;

void ulp_sum_clear(ulp_sum *s) { memset(s, 0, sizeof *s); }

/* Adds x at word i and carries on. */
static void add_word(uint64_t *word, size_t i, uint64_t x)
{
  for (; x && i < ULP_SUM_WORDS; i++) {
    word[i] += x;
    x = word[i] < x;
  }
}

void ulp_sum_add(ulp_sum *s, bool negative, uint64_t hi, uint64_t lo,
                 int32_t exponent)
{
  uint64_t *word = s->word[negative];
  uint32_t place = (uint32_t)(exponent - ULP_SUM_LOW);
  size_t i = place / 64, bit = place % 64;
  add_word(word, i, lo << bit);
  add_word(word, i + 1, (bit ? lo >> (64 - bit) : 0) | hi << bit);
  add_word(word, i + 2, bit ? hi >> (64 - bit) : 0);
}

void ulp_sum_add_product(ulp_sum *s, const ulp_exact *factor, int n)
{
  u128 product = 1;
  int32_t exponent = 0;
  bool negative = false, nan = false, infinite = false, zero = false;
  for (int i = 0; i < n; i++) {
    const ulp_exact *x = &factor[i];
    negative ^= x->negative;
    nan = nan || x->cls == ULP_CLASS_NAN;
    if (x->cls == ULP_CLASS_INF) {
      infinite = true;
    } else {
      zero = zero || x->significand == 0;
      product *= x->significand;
      exponent += x->exponent;
    }
  }
  if (nan || (infinite && zero))
    s->nan = true;
  else if (infinite)
    s->infinite[negative] = true;
  else if (!zero)
    ulp_sum_add(s, negative, (uint64_t)(product >> 64), (uint64_t)product,
                exponent);
}

/* out = big - small, which is not negative. */
static void subtract(uint64_t *out, const uint64_t *big, const uint64_t *small)
{
  uint64_t borrow = 0;
  for (size_t i = 0; i < ULP_SUM_WORDS; i++) {
    uint64_t t = big[i] - small[i];
    uint64_t next = (big[i] < small[i]) | (t < borrow);
    out[i] = t - borrow;
    borrow = next;
  }
}

static int compare(const uint64_t *a, const uint64_t *b)
{
  for (size_t i = ULP_SUM_WORDS; i-- > 0;)
    if (a[i] != b[i])
      return a[i] < b[i] ? -1 : 1;
  return 0;
}

/* The 64 bits from the highest set one on. */
static void leading(const uint64_t *word, ulp_exact *x)
{
  size_t top = ULP_SUM_WORDS - 1;
  while (word[top] == 0)
    top--;
  int free = __builtin_clzll(word[top]);
  uint64_t below = top ? word[top - 1] : 0;
  x->significand = word[top] << free | (free ? below >> (64 - free) : 0);
  x->exponent = ULP_SUM_LOW + 64 * (int32_t)top - free;
  x->sticky = (below << free) != 0;
  for (size_t i = 0; i + 1 < top; i++)
    x->sticky = x->sticky || word[i] != 0;
}

ulp_exact ulp_sum_value(const ulp_sum *s)
{
  ulp_exact x = {.cls = ULP_CLASS_ZERO};
  uint64_t difference[ULP_SUM_WORDS];
  if (s->nan || (s->infinite[0] && s->infinite[1])) {
    x.cls = ULP_CLASS_NAN;
  } else if (s->infinite[0] || s->infinite[1]) {
    x.cls = ULP_CLASS_INF;
    x.negative = s->infinite[1];
  } else {
    int order = compare(s->word[0], s->word[1]);
    if (order == 0)
      return x;
    x.cls = ULP_CLASS_NORMAL;
    x.negative = order < 0;
    subtract(difference, s->word[order < 0], s->word[order > 0]);
    leading(difference, &x);
  }
  return x;
}
