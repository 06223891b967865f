/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What theory says of each rounding mode.
 */
#include "mode_word.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "words.h"

/* ---- words ------------------------------------------------------------- */

static bool read_bits(ulp_rounding *r, const char *text)
{
  char *end;
  if (*text < '0' || *text > '9')
    return false;
  long bits = strtol(text, &end, 10);
  int variant = *end ? *end - 'A' : 0;
  if (bits < 1 || bits > 32 || variant < 0 || variant > 2 ||
      (*end && end[1]))
    return false;
  r->sr_bits = (uint8_t)bits;
  r->sr_variant = (ulp_sr_variant)variant;
  return true;
}

ulp_status ulp_mode_word_read(ulp_mode_word *out, const char *word,
                              ulp_error *e)
{
  *out = (ulp_mode_word){.word = ""};
  bool fits = strlen(word) < sizeof out->word;
  if (fits)
    memcpy(out->word, word, strlen(word) + 1);
  if (fits && strncmp(word, "sr:", 3) == 0) {
    out->rounding.mode = ULP_SR;
    fits = read_bits(&out->rounding, word + 3);
  } else if (fits) {
    fits = ulp_mode_find(word, &out->rounding.mode) == ULP_OK;
  }
  if (!fits)
    return ulp_error_set(e, ULP_ENAME, "'%.80s': expected rne, rna, rnz, rtz, "
                         "ru, rd, odd, sr, or sr:N and a variant A, B or C "
                         "with N from 1 to 32 (sr:8B)", word);
  return ULP_OK;
}

static ulp_status add_word(void *data, size_t i, const char *word,
                           ulp_error *e)
{
  ulp_mode_word *words = data;
  return ulp_mode_word_read(&words[i], word, e);
}

ulp_status ulp_mode_words_read(ulp_mode_word **out, size_t *count,
                               const char *list, ulp_error *e)
{
  *count = ulp_words_count(list);
  *out = calloc(*count + 1, sizeof **out);
  if (!*out)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  return ulp_words_read(list, add_word, *out, e);
}

/* ---- one magnitude ----------------------------------------------------- */

/* P3109 draft 4.7.4, counted over R = 0 .. 2^N - 1: A goes up for
 * floor(v 2^N) of them; B for those with 2R + 1 >= 2^(N+1) - W, which are
 * floor((W + 1) / 2), W = floor(v 2^(N+1)); C for RNE(v 2^N).  Every scaling
 * is by a power of 2 and every floor of a double: exact. */
static double stochastic_chance(const ulp_rounding *r, double v)
{
  int n = r->sr_bits;
  if (n == 0)
    return v;
  double scaled = ldexp(v, n), whole = floor(scaled), rest = scaled - whole;
  switch (r->sr_variant) {
  case ULP_SR_A: break;
  case ULP_SR_B: whole = floor((floor(ldexp(v, n + 1)) + 1) / 2); break;
  case ULP_SR_C:
    if (rest > 0.5 || (rest == 0.5 && fmod(whole, 2) == 1))
      whole++;
    break;
  }
  return ldexp(whole, -n);
}

double ulp_up_chance(const ulp_rounding *r, bool odd, bool negative, double v)
{
  if (v == 0)
    return 0;
  switch (r->mode) {
  case ULP_RNE: return v > 0.5 || (v == 0.5 && odd);
  case ULP_RNA: return v >= 0.5;
  case ULP_RNZ: return v > 0.5;
  case ULP_RTZ: return 0;
  case ULP_RU: return !negative;
  case ULP_RD: return negative;
  case ULP_ODD: return !odd;
  case ULP_SR: break;
  }
  return stochastic_chance(r, v);
}

/* ---- all of a gap ------------------------------------------------------ */

/* With p = P(up) and e = 1 - v or -v: E e = E p - 1/2 and
 * E e^2 = E v^2 + E p (1 - 2 v).  Exact: 1/3 + 1/2 - 2/3 = 1/6.  With
 * M = 2^N, A has p = k / M on [k, k + 1) / M; B and C have p = k / M on
 * [k - 1/2, k + 1/2) / M, cut at 0 and 1. */
static ulp_uniform_error stochastic_error(const ulp_rounding *r)
{
  double m = ldexp(1, r->sr_bits), p = 0.5, pv = 1 / 3.0;
  if (r->sr_bits && r->sr_variant == ULP_SR_A) {
    p = (m - 1) / (2 * m);
    pv = (m - 1) * ((2 * m - 1) / 3 + 0.5) / (2 * m * m);
  } else if (r->sr_bits) {
    pv = (m - 1) * (2 * m - 1) / (6 * m * m) + 1 / (2 * m) - 1 / (8 * m * m);
  }
  return (ulp_uniform_error){p - 0.5, 1 / 3.0 + p - 2 * pv};
}

ulp_uniform_error ulp_uniform_error_of(const ulp_rounding *r, bool negative)
{
  static const double nearest = 1 / 12.0, whole = 1 / 3.0;
  switch (r->mode) {
  case ULP_RNE:
  case ULP_RNA:
  case ULP_RNZ: return (ulp_uniform_error){0, nearest};
  case ULP_RTZ: return (ulp_uniform_error){-0.5, whole};
  case ULP_RU: return (ulp_uniform_error){negative ? -0.5 : 0.5, whole};
  case ULP_RD: return (ulp_uniform_error){negative ? 0.5 : -0.5, whole};
  case ULP_ODD: return (ulp_uniform_error){0, whole};
  case ULP_SR: break;
  }
  return stochastic_error(r);
}

/* ---- tests ------------------------------------------------------------- */

const double ulp_three_sigma_tail = 0.002699796063260;

double ulp_binomial_test(int64_t ups, int64_t n, double p)
{
  if (p <= 0 || p >= 1)
    return ups == (p <= 0 ? 0 : n);
  unsigned k = (unsigned)ups, draws = (unsigned)n;
  double below = gsl_cdf_binomial_P(k, p, draws);
  double above = k ? gsl_cdf_binomial_Q(k - 1, p, draws) : 1;
  return fmin(1, 2 * fmin(below, above));
}

uint64_t ulp_text_stream(const char *text)
{
  char other[200];
  snprintf(other, sizeof other, "stream %s", text);
  return (uint64_t)ulp_name_hash(text) << 32 | ulp_name_hash(other);
}
