/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/summary.c: counts, moments and a fine histogram of a tensor in one
 * pass.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "histogram.h"

enum { SHIFT = 52 - ULP_BIN_BITS };
#define LOWEST_BIN ((uint64_t)(1023 + ULP_BIN_EMIN) << ULP_BIN_BITS)

/* ---- bins --------------------------------------------------------------- */

size_t ulp_bin_index(double magnitude)
{
  uint64_t bits;
  memcpy(&bits, &magnitude, sizeof bits);
  uint64_t leading = bits >> SHIFT;
  if (leading < LOWEST_BIN) return 0;
  leading -= LOWEST_BIN;
  return leading < ULP_BIN_COUNT ? (size_t)leading : ULP_BIN_COUNT - 1;
}

double ulp_bin_edge(size_t index)
{
  uint64_t bits = (LOWEST_BIN + index) << SHIFT;
  double edge;
  memcpy(&edge, &bits, sizeof edge);
  return edge;
}

/* ---- life --------------------------------------------------------------- */

static void side_empty(ulp_side *side)
{
  side->first = ULP_BIN_COUNT;
  side->last = 0;
}

static bool side_new(ulp_side *side)
{
  side->bin = calloc(ULP_BIN_COUNT, sizeof *side->bin);
  side->prefix = calloc(ULP_BIN_COUNT + 1, sizeof *side->prefix);
  side_empty(side);
  return side->bin && side->prefix;
}

ulp_summary *ulp_summary_new(void)
{
  ulp_summary *s = calloc(1, sizeof *s);
  if (!s) return NULL;
  bool ok = side_new(&s->side[0]);
  ok = side_new(&s->side[1]) && ok;
  ulp_prefix_state *state = malloc(sizeof *state);
  if (state && pthread_mutex_init(&state->mutex, NULL) == 0) {
    state->ready = false;
    s->prefix_state = state;
  } else {
    free(state);
    ok = false;
  }
  if (ok) return s;
  ulp_summary_free(s);
  return NULL;
}

void ulp_summary_free(ulp_summary *s)
{
  if (!s) return;
  for (int k = 0; k < 2; k++) {
    free(s->side[k].bin);
    free(s->side[k].prefix);
  }
  if (s->prefix_state) pthread_mutex_destroy(&s->prefix_state->mutex);
  free(s->prefix_state);
  free(s);
}

void ulp_summary_reset(ulp_summary *s)
{
  for (int k = 0; k < 2; k++) {
    ulp_side *side = &s->side[k];
    if (side->first <= side->last)
      memset(side->bin + side->first, 0,
             (side->last - side->first + 1) * sizeof *side->bin);
    side_empty(side);
  }
  s->prefix_state->ready = false;
  s->count = s->nan = s->inf = s->zero = 0;
  s->min = s->max = 0;
}

/* ---- the pass ----------------------------------------------------------- */

static void side_add(ulp_side *side, double magnitude)
{
  size_t i = ulp_bin_index(magnitude);
  ulp_bin *b = &side->bin[i];
  b->n += 1;
  b->s1 += magnitude;
  b->s2 += magnitude * magnitude;
  if (i < side->first) side->first = i;
  if (i > side->last) side->last = i;
}

static void add_special(ulp_summary *s, double x)
{
  if (isnan(x))
    s->nan++;
  else
    s->inf++;
}

void ulp_summary_add(ulp_summary *s, const double *x, size_t n)
{
  bool any = s->count > s->nan + s->inf;
  double min = any ? s->min : INFINITY, max = any ? s->max : -INFINITY;
  for (size_t i = 0; i < n; i++) {
    double v = x[i];
    if (!isfinite(v)) {
      add_special(s, v);
      continue;
    }
    if (v < min) min = v;
    if (v > max) max = v;
    if (v > 0)
      side_add(&s->side[0], v);
    else if (v < 0)
      side_add(&s->side[1], -v);
    else
      s->zero++;
  }
  s->count += n;
  if (min <= max) {
    s->min = min;
    s->max = max;
  }
  s->prefix_state->ready = false;
}

/* ---- moments ------------------------------------------------------------ */

/* Neumaier's compensated sum (ZAMM 54, 1974), so that the number of bins does
 * not add to the rounding of the sums in them. */
typedef struct {
  double sum, rest;
} compensated;

static void add_to(compensated *c, double x)
{
  double t = c->sum + x;
  if (fabs(c->sum) >= fabs(x))
    c->rest += (c->sum - t) + x;
  else
    c->rest += (x - t) + c->sum;
  c->sum = t;
}

static double total_of(const compensated *c)
{
  return isfinite(c->sum) ? c->sum + c->rest : c->sum;
}

ulp_moments ulp_summary_moments(const ulp_summary *s)
{
  ulp_moments m = {.count = s->count,
                   .nan = s->nan,
                   .inf = s->inf,
                   .zero = s->zero,
                   .min = s->min,
                   .max = s->max};
  m.amax = s->max > -s->min ? s->max : -s->min;
  if (m.amax == 0) m.amax = 0; /* not -0 */
  compensated sum = {0, 0}, squares = {0, 0};
  for (int k = 0; k < 2; k++) {
    const ulp_side *side = &s->side[k];
    for (size_t i = side->first; i <= side->last; i++) {
      add_to(&sum, k == 0 ? side->bin[i].s1 : -side->bin[i].s1);
      add_to(&squares, side->bin[i].s2);
    }
  }
  uint64_t finite = s->count - s->nan - s->inf;
  if (finite > 0) {
    m.mean = total_of(&sum) / (double)finite;
    m.rms = sqrt(total_of(&squares) / (double)finite);
  }
  return m;
}

static double count_in(const ulp_summary *s, size_t i)
{
  return s->side[0].bin[i].n + s->side[1].bin[i].n;
}

double ulp_summary_percentile(const ulp_summary *s, double p)
{
  const ulp_side *a = &s->side[0], *b = &s->side[1];
  size_t first = a->first < b->first ? a->first : b->first;
  size_t last = a->last > b->last ? a->last : b->last;
  double amax = ulp_summary_moments(s).amax;
  double rank = p / 100 * (double)(s->count - s->nan - s->inf);
  double before = (double)s->zero;
  if (!(p < 100)) return amax;
  if (rank <= before) return 0;
  for (size_t i = first; i <= last; i++) {
    double n = count_in(s, i);
    if (n > 0 && rank <= before + n) {
      double low = i == 0 ? 0 : ulp_bin_edge(i);
      double high = i == ULP_BIN_COUNT - 1 ? amax : ulp_bin_edge(i + 1);
      double v = low + (rank - before) / n * (high - low);
      return v < amax ? v : amax;
    }
    before += n;
  }
  return amax;
}

/* ---- prefix sums -------------------------------------------------------- */

static void side_complete(const ulp_side *side)
{
  if (side->first > side->last) return;
  ulp_bin sum = {0, 0, 0};
  side->prefix[side->first] = sum;
  for (size_t i = side->first; i <= side->last; i++) {
    sum.n += side->bin[i].n;
    sum.s1 += side->bin[i].s1;
    sum.s2 += side->bin[i].s2;
    side->prefix[i + 1] = sum;
  }
}

void ulp_summary_complete(const ulp_summary *s)
{
  ulp_prefix_state *state = s->prefix_state;
  pthread_mutex_lock(&state->mutex);
  if (!state->ready) {
    side_complete(&s->side[0]);
    side_complete(&s->side[1]);
    state->ready = true;
  }
  pthread_mutex_unlock(&state->mutex);
}

ulp_bin ulp_side_total(const ulp_side *side)
{
  if (side->first > side->last) return (ulp_bin){0, 0, 0};
  return side->prefix[side->last + 1];
}

/* The part of bin b that lies below t. */
static ulp_bin cut(const ulp_bin *b, double t)
{
  static const ulp_bin none = {0, 0, 0};
  double mean = b->s1 / b->n;
  double variance = b->s2 / b->n - mean * mean;
  /* A full bin has a variance of about 2^-27.6 mean^2; less than 2^-40 is
   * rounding of the sums. */
  if (!(variance > mean * mean * 0x1p-40)) return mean < t ? *b : none;
  double half = sqrt(3 * variance);
  double fraction = (t - (mean - half)) / (2 * half);
  if (fraction <= 0) return none;
  if (fraction >= 1) return *b;
  double n = b->n * fraction;
  double reach = half * fraction;      /* half the width of the part */
  double centre = mean - half + reach; /* its mean */
  return (ulp_bin){n, n * centre, n * (centre * centre + reach * reach / 3)};
}

ulp_bin ulp_side_below(const ulp_side *side, double t)
{
  if (!(t > 0) || side->first > side->last) return (ulp_bin){0, 0, 0};
  size_t i = ulp_bin_index(t);
  if (i < side->first) return (ulp_bin){0, 0, 0};
  if (i > side->last) return side->prefix[side->last + 1];
  ulp_bin sum = side->prefix[i];
  if (side->bin[i].n > 0) {
    ulp_bin part = cut(&side->bin[i], t);
    sum.n += part.n;
    sum.s1 += part.s1;
    sum.s2 += part.s2;
  }
  return sum;
}
