/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The exact distribution of a rounded running sum: a Markov chain over the
 * values of the format.
 */
#include "chain.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "parameters.h"

ulp_status ulp_chain_read(ulp_chain *out, const char *word, ulp_error *e)
{
  double x;
  if (strcmp(word, "harmonic") == 0) {
    *out = (ulp_chain){.harmonic = true};
    return ULP_OK;
  }
  /* so that sums are exact before they are rounded */
  if (!ulp_number_of(&x, word) || !(x >= 0x1p-24 && x <= 1) ||
      (double)(float)x != x)
    return ulp_error_set(e, ULP_EINVAL, "--updates '%.80s': expected "
                         "harmonic, or an f32 from 0x1p-24 to 1", word);
  *out = (ulp_chain){.start = 1, .update = x};
  return ULP_OK;
}

double ulp_chain_term(const ulp_chain *c, const ulp_gaps *g, int64_t i)
{
  const ulp_rounding rne = {.mode = ULP_RNE};
  if (!c->harmonic)
    return c->update;
  ulp_gap_place at = ulp_gap_find(g, 1 / (double)(i + 1));
  ulp_gap_outcome o = ulp_gap_round(g, &rne, &at);
  return g->value[o.up > 0 ? o.high : o.low];
}

/* Probabilities of the values low .. high; the others are 0. */
typedef struct {
  double *now, *next;
  int64_t low, high;
} chain_state;

static void step(chain_state *st, const ulp_gaps *g, const ulp_rounding *r,
                 double term)
{
  int64_t low = g->count, high = 0;
  for (int64_t i = st->low; i <= st->high; i++) {
    double p = st->now[i];
    st->now[i] = 0;
    if (p < 1e-30)
      continue;
    ulp_gap_place at = ulp_gap_find(g, g->value[i] + term);
    ulp_gap_outcome o = ulp_gap_round(g, r, &at);
    st->next[o.low] += p * (1 - o.up);
    st->next[o.high] += p * o.up;
    low = o.low < low ? o.low : low;
    high = o.high > high ? o.high : high;
  }
  double *now = st->now;
  *st = (chain_state){.now = st->next, .next = now, .low = low, .high = high};
}

static ulp_chain_moments moments(const chain_state *st, const ulp_gaps *g)
{
  double all = 0, mean = 0, square = 0;
  for (int64_t i = st->low; i <= st->high; i++) {
    all += st->now[i];
    mean += st->now[i] * g->value[i];
  }
  mean /= all;
  for (int64_t i = st->low; i <= st->high; i++) {
    double d = g->value[i] - mean;
    square += st->now[i] * d * d;
  }
  return (ulp_chain_moments){mean, sqrt(square / all)};
}

ulp_status ulp_chain_expect(ulp_chain_moments *out, const ulp_chain *c,
                            const ulp_gaps *g, const ulp_rounding *r,
                            int64_t n)
{
  size_t room = (size_t)g->count + 1;
  chain_state st = {calloc(room, sizeof(double)), calloc(room, sizeof(double)),
                    0, 0};
  ulp_status s = st.now && st.next ? ULP_OK : ULP_ENOMEM;
  if (s == ULP_OK) {
    st.low = st.high = ulp_gap_find(g, c->start).index;
    st.now[st.low] = 1;
    for (int64_t i = 0; i < n; i++)
      step(&st, g, r, ulp_chain_term(c, g, i));
    *out = moments(&st, g);
  }
  free(st.now);
  free(st.next);
  return s;
}
