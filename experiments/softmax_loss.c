/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A row of scores, its exact weights, and what other weights lose.
 */
#include "softmax_loss.h"

#include <math.h>
#include <stdlib.h>

#include "model.h"
#include "normal_law.h"

bool softmax_room(softmax_scores *r, size_t n)
{
  *r = (softmax_scores){.n = n};
  r->score = malloc(n * sizeof *r->score);
  r->exact = malloc(n * sizeof *r->exact);
  r->weight = malloc(n * sizeof *r->weight);
  r->term = malloc(n * sizeof *r->term);
  r->work = malloc((n + 2) * sizeof *r->work);
  r->value = malloc(n * SOFTMAX_DIM * sizeof *r->value);
  return r->score && r->exact && r->weight && r->term && r->work && r->value;
}

void softmax_free(softmax_scores *r)
{
  free(r->score);
  free(r->exact);
  free(r->weight);
  free(r->term);
  free(r->work);
  free(r->value);
}

void softmax_exact(softmax_scores *r)
{
  r->maximum = r->score[0];
  r->sum = 0;
  for (size_t i = 1; i < r->n; i++)
    r->maximum = fmax(r->maximum, r->score[i]);
  for (size_t i = 0; i < r->n; i++) {
    r->exact[i] = ulp_exp(r->score[i] - r->maximum);
    r->sum += r->exact[i];
  }
  for (size_t i = 0; i < r->n; i++)
    r->exact[i] /= r->sum;
}

/* ---- what became of it -------------------------------------------------- */

static double weight_sum(const softmax_scores *r)
{
  double sum = 0;
  for (size_t i = 0; i < r->n; i++)
    sum += r->weight[i];
  return sum;
}

double softmax_flush_chance(const ulp_softmax_case *c, const softmax_scores *r,
                           double deviation)
{
  double least = ulp_min_positive(&c->q.element) * c->unit / 2;
  double whole = c->stage == ULP_WEIGHTS_P ? r->sum : 1;
  double score = r->maximum + ulp_log(least * whole);
  return deviation > 0 ? ulp_normal_tail(-score / deviation) : 0 <= score;
}

static void output_error(softmax_loss *l, const softmax_scores *r)
{
  double o[SOFTMAX_DIM] = {0}, d[SOFTMAX_DIM] = {0};
  double o2 = 0, d2 = 0, p2 = 0, e2 = 0;
  for (size_t i = 0; i < r->n; i++) {
    double p = r->exact[i], e = r->weight[i] - p;
    p2 += p * p;
    e2 += e * e;
    for (size_t c = 0; c < SOFTMAX_DIM; c++) {
      o[c] += p * (double)r->value[i * SOFTMAX_DIM + c];
      d[c] += e * (double)r->value[i * SOFTMAX_DIM + c];
    }
  }
  for (size_t c = 0; c < SOFTMAX_DIM; c++) {
    o2 += o[c] * o[c];
    d2 += d[c] * d[c];
  }
  l->output = sqrt(d2 / o2);
  l->predicted_output = sqrt(e2 / p2);
}

softmax_loss softmax_compare(const softmax_scores *r)
{
  double sum = weight_sum(r), log_sum;
  size_t top = 0;
  softmax_loss l = {.row_sum = sum - 1, .broken = !isfinite(sum) || !(sum > 0)};
  if (l.broken)
    return l;
  log_sum = ulp_log(r->sum);
  for (size_t i = 0; i < r->n; i++) {
    double p = r->exact[i], q = r->weight[i] / sum;
    top = p > r->exact[top] ? i : top;
    l.variation += fabs(q - p) / 2;
    if (r->weight[i] > 0)
      l.kl += q * (ulp_log(q) - (r->score[i] - r->maximum - log_sum));
    else if (p > 0) {
      l.flushed += 1 / (double)r->n;
      l.lost += p;
    }
  }
  l.top = r->exact[top];
  l.over = r->weight[top] / sum / l.top - 1;
  output_error(&l, r);
  return l;
}
