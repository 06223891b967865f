/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a case of experiments/logits does to each position.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "logits_sweep.h"

enum { BLOCK = 256 };

/* ---- quantized ---------------------------------------------------------- */

bool logits_room_make(logits_room *r, const ulp_lm_head *h)
{
  size_t dim = (size_t)h->dim, vocab = (size_t)h->vocab;
  size_t n = (size_t)h->positions;
  r->weights = malloc(vocab * dim * sizeof *r->weights);
  r->hidden = malloc(n * dim * sizeof *r->hidden);
  r->logits = malloc(n * vocab * sizeof *r->logits);
  r->channel = calloc(dim, sizeof *r->channel);
  return r->weights && r->hidden && r->logits && r->channel;
}

void logits_room_free(logits_room *r)
{
  free(r->weights);
  free(r->hidden);
  free(r->logits);
  free(r->channel);
}

static ulp_status quantize(logits_room *r, const ulp_lm_head *h,
                           const logits_case *c, ulp_error *e)
{
  const int64_t shape[2] = {h->vocab, h->dim};
  int64_t n = h->vocab * h->dim;
  ulp_status s = ULP_OK;
  memcpy(r->weights, h->weights, (size_t)n * sizeof *r->weights);
  if (!c->exact)
    s = ulp_quantizer_values(&c->q, 2, shape, r->weights, h->weights, 0, e);
  for (int64_t i = 0; s == ULP_OK && i < n; i++) {
    double d = (double)r->weights[i] - (double)h->weights[i];
    r->channel[i % h->dim] += d * d / (double)h->vocab;
  }
  for (int64_t k = 0; k < h->dim; k++)
    r->error2 += r->channel[k] / (double)h->dim;
  r->weight2 = h->rms * h->rms;
  return s;
}

/* A hidden state has the embedding e of its input with a given share of its
 * power; what is added is that part's error. */
static void disturb_hidden(logits_room *r, const ulp_lm_head *h, double share)
{
  for (int64_t t = 0; t < h->positions; t++) {
    const float *e = h->weights + h->input[t] * h->dim;
    const float *q = r->weights + h->input[t] * h->dim;
    double e2 = 0, h2 = 0;
    for (int64_t c = 0; c < h->dim; c++) {
      double x = h->hidden[t * h->dim + c];
      e2 += (double)e[c] * (double)e[c];
      h2 += x * x;
    }
    double by = e2 > 0 ? sqrt(share * h2 / e2) : 0;
    for (int64_t c = 0; c < h->dim; c++)
      r->hidden[t * h->dim + c] = h->hidden[t * h->dim + c] +
                                  by * ((double)q[c] - (double)e[c]);
  }
}

static bool find_logits(logits_room *r, const ulp_lm_head *h,
                        const logits_case *c)
{
  double *work = malloc((size_t)(BLOCK * h->dim) * sizeof *work);
  double *out = malloc((size_t)(BLOCK * h->positions) * sizeof *out);
  bool room = work && out;
  for (int64_t first = 0; room && first < h->vocab; first += BLOCK) {
    int64_t n = h->vocab - first < BLOCK ? h->vocab - first : BLOCK;
    ulp_lm_head_block(out, h, c->embedding ? r->hidden : h->hidden,
                      c->embedding ? h->weights : r->weights, first, n, work);
    for (int64_t t = 0; t < h->positions; t++)
      ulp_step_round_array(&c->storage, r->logits + t * h->vocab + first,
                           out + t * n, (size_t)n, 0);
  }
  free(work);
  free(out);
  return room;
}

ulp_status logits_find(logits_room *r, const logits_sweep *st,
                       const logits_case *c, ulp_error *e)
{
  const ulp_lm_head *h = &st->head;
  ulp_status s = quantize(r, h, c, e);
  if (s != ULP_OK)
    return s;
  if (c->embedding)
    disturb_hidden(r, h, st->share);
  return find_logits(r, h, c)
             ? ULP_OK
             : ulp_error_set(e, ULP_ENOMEM, "out of memory");
}

/* ---- one position ------------------------------------------------------- */

/* Of the format at x; infinite above its range. */
static double spacing(const ulp_step *s, double x)
{
  int k;
  const ulp_format *f = &s->format;
  if (f->kind != ULP_FLOAT || f->man_bits == 52)
    return 0;
  (void)frexp(fmax(fabs(x), ulp_min_normal(f)), &k);
  return ldexp(1, k - 1 - f->man_bits);
}

/* Uniform in a spacing, so the power is its square / 12. */
static double rounding_power(const ulp_step *s, double x)
{
  double u = spacing(s, x);
  return u * u / 12;
}

static double storage_power(const ulp_lm_head *h, const ulp_step *s, int64_t t)
{
  const double *x = h->logits + t * h->vocab;
  double sum = 0;
  for (int64_t v = 0; v < h->vocab; v++)
    sum += rounding_power(s, x[v]);
  return sum / (double)h->vocab;
}

/* Independent errors of weights; or, of the embedding, of the hidden state. */
static double weight_power(const logits_sweep *st, const logits_room *r,
                           const logits_case *c, int64_t t)
{
  const ulp_lm_head *h = &st->head;
  const double *x = h->hidden + t * h->dim;
  double power = 0, h2 = 0;
  for (int64_t k = 0; k < h->dim; k++) {
    power += x[k] * x[k] * r->channel[k];
    h2 += x[k] * x[k];
  }
  return c->embedding ? st->share * h2 * r->error2 : power;
}

/* power: of the errors that all logits have alike. */
static void compare_probabilities(logits_loss *l, const logits_sweep *st,
                                  const logits_case *c, const double *y,
                                  int64_t t, double best, double power)
{
  const ulp_lm_head *h = &st->head;
  const double *x = h->logits + t * h->vocab;
  double top = h->top[t][0], sum = 0, other = 0, tilt = 0;
  double mean = 0, own = 0; /* of errors' power: under p, and times p^2 */
  for (int64_t v = 0; v < h->vocab; v++) {
    double p = ulp_exp(x[v] - top);
    sum += p;
    double e2 = power + rounding_power(&c->storage, x[v]);
    mean += p * e2;
    own += p * p * e2;
    other += ulp_exp(y[v] - top);
    tilt += p * (x[v] - y[v]);
  }
  l->kl = tilt / sum + ulp_log(other / sum);
  l->predicted_kl = (mean / sum - own / (sum * sum)) / 2;
  l->shift = ulp_exp(best - top) / other - 1 / sum;
}

static bool same_set(const int64_t *a, const int64_t *b, int64_t n)
{
  for (int64_t i = 0; i < n; i++) {
    int64_t k = 0;
    while (k < n && b[k] != a[i])
      k++;
    if (k == n)
      return false;
  }
  return true;
}

logits_loss logits_compare(const logits_sweep *st, const logits_room *r,
                           const logits_case *c, int64_t t)
{
  const ulp_lm_head *h = &st->head;
  const double *x = h->logits + t * h->vocab, *y = r->logits + t * h->vocab;
  double top[ULP_RIVALS], error2 = 0, power = weight_power(st, r, c, t);
  int64_t token[ULP_RIVALS];
  logits_loss l = {.error = 0};
  ulp_logits_top(top, token, ULP_RIVALS, y, h->vocab);
  for (int64_t v = 0; v < h->vocab; v++)
    error2 += (y[v] - x[v]) * (y[v] - x[v]);
  l.error = sqrt(error2 / (double)h->vocab);
  l.predicted = sqrt(power + storage_power(h, &c->storage, t));
  l.flipped = token[0] != h->token[t][0];
  l.set_changed = !same_set(h->token[t], token, st->top);
  l.tied = top[0] == top[1];
  double unit = spacing(&c->storage, h->top[t][0]);
  double margin = h->top[t][0] - h->top[t][1];
  l.tie_chance = margin < unit ? 1 - margin / unit : 0;
  l.flip_chance = fmin(ulp_flip_chance(h->top[t], h->vocab, sqrt(power)) +
                           l.tie_chance / 2, 1);
  compare_probabilities(&l, st, c, y, t, top[0], power);
  return l;
}
