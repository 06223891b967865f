/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/quantize_choose.c: between several scales of a block, the one with
 * the less error.
 */
#include <math.h>
#include <string.h>

#include "quantize_element.h"

/* A sum in the order and the precision of the quantizer, term by term: each
 * step passes its sums on to the next. */
typedef struct {
  const ulp_quantizer *q;
  int64_t seen[ULP_SUM_STEPS];
  double lane[ULP_SUM_STEPS][ULP_SUM_LANES];
  double total;
} running_sum;

static void sum_begin(running_sum *s, const ulp_quantizer *q)
{
  s->q = q;
  s->total = 0;
  for (int i = 0; i < q->sum.count; i++) {
    s->seen[i] = 0;
    memset(s->lane[i], 0, (size_t)q->sum.step[i].n * sizeof *s->lane[i]);
  }
}

static void sum_add(running_sum *s, int step, double term)
{
  for (int i = step; i < s->q->sum.count; i++) {
    const int n = s->q->sum.step[i].n;
    const bool neighbours = s->q->sum.step[i].neighbours;
    const int64_t at = s->seen[i]++ % n;
    double *lane = &s->lane[i][neighbours ? 0 : at];
    *lane = ulp_element_narrow(s->q, *lane + term);
    if (!neighbours || at < n - 1) return;
    term = *lane;
    *lane = 0;
  }
  s->total = ulp_element_narrow(s->q, s->total + term);
}

/* What the steps still hold is passed on, the first step's first. */
static double sum_end(running_sum *s)
{
  for (int i = 0; i < s->q->sum.count; i++) {
    const int64_t n = s->q->sum.step[i].n;
    int64_t held = s->seen[i] < n ? s->seen[i] : n;
    if (s->q->sum.step[i].neighbours) held = s->seen[i] % n != 0;
    for (int64_t k = 0; k < held; k++)
      sum_add(s, i + 1, s->lane[i][k]);
  }
  return s->total;
}

/* `value` is that of a code; NULL: as it is decoded. */
static double error_of(const ulp_quantizer *q, ulp_judge judge,
                       const ulp_formula *value, double v[ULP_VARIABLES],
                       const float *x, size_t n)
{
  ulp_setting t = ulp_element_setting(q, v);
  ulp_decoding d =
      value ? (ulp_decoding){value, 0} : ulp_element_decoding(q, v);
  running_sum sum;
  double most = 0;
  sum_begin(&sum, q);
  for (size_t i = 0; i < n; i++) {
    double code =
        ulp_decode(&q->element, ulp_element_encode(q, &t, x[i], i)) - t.zero;
    double e = fabs(ulp_element_narrow(q, ulp_element_value(q, &d, code, v) -
                                              (double)x[i]));
    if (judge == ULP_JUDGE_MSE) e = ulp_element_narrow(q, e * e);
    if (judge != ULP_JUDGE_MAX)
      sum_add(&sum, 0, e);
    else if (!(e <= most)) /* a NaN stays */
      most = isnan(most) ? most : e;
  }
  return judge == ULP_JUDGE_MAX ? most : sum_end(&sum);
}

uint64_t ulp_choose_of_two(const ulp_quantizer *q, uint64_t code,
                           double v[ULP_VARIABLES], const float *x, size_t n)
{
  double first = v[ULP_VAR_SCALE];
  const ulp_formula *value = q->error.count ? &q->error : NULL;
  uint64_t other =
      ulp_element_scale(q, ulp_formula_eval(&q->second, q->arithmetic, v), v);
  double second_error = error_of(q, q->judge, value, v, x, n);
  double second = v[ULP_VAR_SCALE];
  v[ULP_VAR_SCALE] = first;
  if (!(second_error < error_of(q, q->judge, value, v, x, n))) return code;
  v[ULP_VAR_SCALE] = second;
  return other;
}

/* Fractions of the amax, from 1 down to 1/5 (a grid as that of GPTQ's
 * quant.py, find_params, shrunk further); the largest of equals. */
uint64_t ulp_choose_best(const ulp_quantizer *q, double v[ULP_VARIABLES],
                         const float *x, size_t n)
{
  const double a = v[ULP_VAR_BLOCK], lo = v[ULP_VAR_LOW], hi = v[ULP_VAR_HIGH];
  double best = INFINITY, best_part = 1, part = 1;
  for (int i = 0;; i++) {
    part = i < q->search ? ulp_search_part(i, q->search) : best_part;
    v[ULP_VAR_BLOCK] = a * part;
    v[ULP_VAR_LOW] = lo * part;
    v[ULP_VAR_HIGH] = hi * part;
    uint64_t code =
        ulp_element_scale(q, ulp_formula_eval(&q->raw, q->arithmetic, v), v);
    if (i == q->search) return code;
    double e = error_of(q, q->search_for, NULL, v, x, n);
    if (e < best) {
      best = e;
      best_part = part;
    }
  }
}
