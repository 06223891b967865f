/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One pass over the tokens, ULP_BLOCK at a time; nothing is as long as the
 * context but what the caller holds.
 *
 * First order, for errors e_j of the scores and d_j of the values that are
 * independent and have mean 0 (delta method; the derivative of softmax is
 * dp_j = p_j (e_j - sum_k p_k e_k)):
 *   scores   var e = sum over channels of q_c^2 (mean square error of key
 *            channel c): a mean over keys, which does not know the context
 *   output   o' - o = sum p_j e_j (v_j - o) + sum p_j d_j, so its square is
 *            var e sum p_j^2 |v_j - o|^2 + sum p_j^2 |d_j|^2
 *   KL       (1/2) var of e under p = (1/2) var e (1 - sum p_j^2)
 * A floating-point error grows with its element, and in a key that resembles
 * the query the great elements meet the query's great ones: there var e is up
 * to sum u^4 / (sum u^2)^2 n = 3 times that of other keys, so the first order
 * is low for peaks and needles in FP8, MXFP and NVFP4, and right for integers.
 * For flat weights sum p^2 ~ 1/N, but |o|^2 is a sum of the same p^2 |v|^2, so
 * the relative error of the output does not know the context either.
 */
#include "attention_error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "normal.h"

typedef struct ulp_attention_at at_context;

/* ---- pieces ------------------------------------------------------------- */

static void widen(double *y, const float *x, int64_t n)
{
  for (int64_t i = 0; i < n; i++)
    y[i] = (double)x[i];
}

/* sum[rows, dim] += w[rows, ULP_BLOCK] v[ULP_BLOCK, dim]; w begins at column 0
 * of lines `stride` long. */
static void add_weighted(double *sum, const double *w, int64_t stride,
                         const double *v, int64_t rows, int64_t dim)
{
  for (int64_t q = 0; q < rows; q++) {
    double *o = sum + q * dim;
    for (int64_t t = 0; t < ULP_BLOCK; t += 4) {
      const double *p = w + q * stride + t, *x = v + t * dim;
      for (int64_t c = 0; c < dim; c++)
        o[c] += (p[0] * x[c] + p[1] * x[dim + c]) +
                (p[2] * x[2 * dim + c] + p[3] * x[3 * dim + c]);
    }
  }
}

static double dot(const double *x, const double *y, int64_t n)
{
  double sum = 0;
  for (int64_t i = 0; i < n; i++)
    sum += x[i] * y[i];
  return sum;
}

/* ---- exact attention ---------------------------------------------------- */

typedef struct {
  double mass, squares, lengths; /* sums of w, w^2 and w^2 |v|^2 */
  double score, score2, best;
  int64_t top;
} exact_sums;

typedef struct {
  exact_sums *sums;
  double *output, *tilted; /* sums of w v and w^2 v, [rows, dim] */
  double *key, *value, *block, *square;
} exact_work;

static void exact_block(ulp_attention *a, exact_work *w, int64_t first)
{
  const ulp_head *h = a->head;
  int64_t dim = h->spec.dim, n = h->spec.tokens;
  widen(w->key, h->keys + first * dim, ULP_BLOCK * dim);
  widen(w->value, h->values + first * dim, ULP_BLOCK * dim);
  ulp_product(w->block, h->query, w->key, (size_t)a->rows, ULP_BLOCK,
              (size_t)dim);
  for (int64_t q = 0; q < a->rows; q++) {
    exact_sums *s = &w->sums[q];
    const double *x = w->block + q * ULP_BLOCK;
    if (first == 0) {
      a->shift[q] = x[0];
      for (int64_t t = 1; t < ULP_BLOCK; t++)
        a->shift[q] = fmax(a->shift[q], x[t]);
      s->best = -INFINITY;
    }
    for (int64_t t = 0; t < ULP_BLOCK; t++) {
      const double *v = w->value + t * dim;
      double p = ulp_exp(x[t] - a->shift[q]), p2 = p * p;
      a->score[q * n + first + t] = x[t];
      a->weight[q * n + first + t] = p;
      w->square[q * ULP_BLOCK + t] = p2;
      s->mass += p;
      s->squares += p2;
      s->lengths += p2 * dot(v, v, dim);
      s->score += x[t];
      s->score2 += x[t] * x[t];
      if (x[t] > s->best) {
        s->best = x[t];
        s->top = first + t;
      }
    }
  }
  add_weighted(w->output, a->weight + first, n, w->value, a->rows, dim);
  add_weighted(w->tilted, w->square, ULP_BLOCK, w->value, a->rows, dim);
}

static void exact_context(ulp_attention *a, const exact_work *w, size_t i)
{
  int64_t dim = a->head->spec.dim;
  double n = (double)a->context[i];
  for (int64_t q = 0; q < a->rows; q++) {
    const exact_sums *s = &w->sums[q];
    at_context *at = &a->at[(int64_t)i * a->rows + q];
    double *o = a->output + ((int64_t)i * a->rows + q) * dim;
    double square = s->mass * s->mass;
    for (int64_t c = 0; c < dim; c++)
      o[c] = w->output[q * dim + c] / s->mass;
    double o2 = dot(o, o, dim);
    *at = (at_context){.mass = s->mass, .squares = s->squares / square,
                       .norm = sqrt(o2), .top = s->top};
    at->deviation =
        sqrt(fmax(s->score2 / n - s->score / n * (s->score / n), 0));
    at->spread = (s->lengths - 2 * dot(w->tilted + q * dim, o, dim) +
                  s->squares * o2) / square;
  }
}

static bool exact_room(ulp_attention *a, exact_work *w)
{
  size_t rows = (size_t)a->rows, dim = (size_t)a->head->spec.dim;
  size_t n = (size_t)a->head->spec.tokens, block = ULP_BLOCK;
  a->score = malloc(rows * n * sizeof *a->score);
  a->weight = malloc(rows * n * sizeof *a->weight);
  a->shift = malloc(rows * sizeof *a->shift);
  a->output = malloc(a->contexts * rows * dim * sizeof *a->output);
  a->at = malloc(a->contexts * rows * sizeof *a->at);
  w->sums = calloc(rows, sizeof *w->sums);
  w->output = calloc(rows * dim, sizeof *w->output);
  w->tilted = calloc(rows * dim, sizeof *w->tilted);
  w->key = malloc(block * dim * sizeof *w->key);
  w->value = malloc(block * dim * sizeof *w->value);
  w->block = malloc(rows * block * sizeof *w->block);
  w->square = malloc(rows * block * sizeof *w->square);
  return a->score && a->weight && a->shift && a->output && a->at && w->sums &&
         w->output && w->tilted && w->key && w->value && w->block && w->square;
}

ulp_status ulp_attention_make(ulp_attention *a, const ulp_head *h,
                              const int64_t *context, size_t contexts)
{
  exact_work w = {.sums = NULL};
  size_t next = 0;
  *a = (ulp_attention){.head = h, .rows = ULP_PATTERNS * h->spec.queries,
                       .contexts = contexts, .context = context};
  bool room = exact_room(a, &w);
  for (int64_t t = 0; room && next < contexts; t += ULP_BLOCK) {
    exact_block(a, &w, t);
    if (t + ULP_BLOCK == context[next])
      exact_context(a, &w, next++);
  }
  free(w.sums);
  free(w.output);
  free(w.tilted);
  free(w.key);
  free(w.value);
  free(w.block);
  free(w.square);
  return room ? ULP_OK : ULP_ENOMEM;
}

void ulp_attention_free(ulp_attention *a)
{
  free(a->score);
  free(a->weight);
  free(a->shift);
  free(a->output);
  free(a->at);
  *a = (ulp_attention){.head = NULL};
}

/* ---- attention with errors ---------------------------------------------- */

typedef struct {
  double mass, error, error2, largest, tilt; /* tilt: sum of w (s - s') */
  double values;                             /* sum of w^2 |d|^2 */
  double best;
  int64_t top;
} row_sums;

typedef struct {
  row_sums *sums;
  double *query, *output, *key, *value, *score, *weight;
  double *channel;  /* sums over keys x and errors e, by channel: of e^2, */
  double *along, *power; /* of e x and of x^2 */
  double *distance; /* |d|^2 of the block's values */
  double value2, value_error2;
} error_work;

static void add_differences(error_work *w, const ulp_head *h,
                            const float *gain, int64_t first)
{
  int64_t dim = h->spec.dim;
  for (int64_t t = 0; t < ULP_BLOCK; t++) {
    const float *k = h->keys + (first + t) * dim;
    const float *v = h->values + (first + t) * dim;
    double square = 0;
    for (int64_t c = 0; c < dim; c++) {
      double x = (double)(k[c] * gain[c]), e = w->key[t * dim + c] - x;
      double y = (double)v[c], d = w->value[t * dim + c] - y;
      w->channel[c] += e * e;
      w->along[c] += e * x;
      w->power[c] += x * x;
      w->value2 += y * y;
      square += d * d;
    }
    w->distance[t] = square;
    w->value_error2 += square;
  }
}

static void add_row(const ulp_attention *a, error_work *w, int64_t q,
                    int64_t first)
{
  row_sums *s = &w->sums[q];
  int64_t n = a->head->spec.tokens;
  const double *exact = a->score + q * n + first;
  const double *p = a->weight + q * n + first, *x = w->score + q * ULP_BLOCK;
  double *y = w->weight + q * ULP_BLOCK;
  for (int64_t t = 0; t < ULP_BLOCK; t++) {
    double e = x[t] - exact[t];
    y[t] = ulp_exp(x[t] - a->shift[q]);
    s->mass += y[t];
    s->error += e;
    s->error2 += e * e;
    s->largest = fmax(s->largest, fabs(e));
    s->tilt -= p[t] * e;
    s->values += p[t] * p[t] * w->distance[t];
    if (x[t] > s->best) {
      s->best = x[t];
      s->top = first + t;
    }
  }
}

static void error_block(const ulp_attention *a, error_work *w,
                        const float *keys, const float *values,
                        const float *gain, int64_t first)
{
  int64_t dim = a->head->spec.dim;
  widen(w->key, keys + first * dim, ULP_BLOCK * dim);
  widen(w->value, values + first * dim, ULP_BLOCK * dim);
  add_differences(w, a->head, gain, first);
  ulp_product(w->score, w->query, w->key, (size_t)a->rows, ULP_BLOCK,
              (size_t)dim);
  for (int64_t q = 0; q < a->rows; q++)
    add_row(a, w, q, first);
  add_weighted(w->output, w->weight, ULP_BLOCK, w->value, a->rows, dim);
}

/* Of a key channel with sums e2, ex, x2 the best fit to its codes' values is
 * (1 + ex / x2) x, which leaves e2 - ex^2 / x2. */
static void set_fit(ulp_attention_error *out, const error_work *w,
                    const double *query, int64_t dim, double n)
{
  double score2 = 0, along = 0, noise2 = 0;
  for (int64_t c = 0; c < dim; c++) {
    double u2 = query[c] * query[c], ex = w->along[c];
    if (!(w->power[c] > 0))
      continue;
    score2 += u2 * w->power[c];
    along += u2 * ex;
    noise2 += u2 * fmax(w->channel[c] - ex * ex / w->power[c], 0) / n;
  }
  out->kept = score2 > 0 ? 1 + along / score2 : 1;
  out->noise = sqrt(noise2);
}

static void set_errors(ulp_attention_error *out, const ulp_attention *a,
                       const error_work *w, size_t i, int64_t q)
{
  const row_sums *s = &w->sums[q];
  int64_t dim = a->head->spec.dim, n = a->context[i];
  const at_context *at = &a->at[(int64_t)i * a->rows + q];
  const double *o = a->output + ((int64_t)i * a->rows + q) * dim;
  double error2 = 0, key2 = 0, key_error2 = 0, variance = 0;
  for (int64_t c = 0; c < dim; c++) {
    double d = w->output[q * dim + c] / s->mass - o[c];
    double u = w->query[q * dim + c];
    error2 += d * d;
    key2 += w->power[c];
    key_error2 += w->channel[c];
    variance += u * u * w->channel[c] / (double)n;
  }
  *out = (ulp_attention_error){
      .key_error = sqrt(key_error2 / key2),
      .value_error = sqrt(w->value_error2 / w->value2),
      .score_error = sqrt(s->error2 / (double)n) / at->deviation,
      .score_max = s->largest / at->deviation,
      .predicted_score_error = sqrt(variance) / at->deviation,
      .output_error = sqrt(error2) / at->norm,
      .predicted_output_error =
          sqrt(variance * at->spread + s->values / (at->mass * at->mass)) /
          at->norm,
      .kl = s->tilt / at->mass + ulp_natural_log(s->mass / at->mass),
      .predicted_kl = variance * (1 - at->squares) / 2,
      .moved = s->top != at->top};
  set_fit(out, w, w->query + q * dim, dim, (double)n);
}

/* The weight of the exact top is that of its block, which may be long gone. */
static void set_top(ulp_attention_error *out, const ulp_attention *a,
                    const error_work *w, const float *keys, size_t i,
                    int64_t q)
{
  int64_t dim = a->head->spec.dim;
  const at_context *at = &a->at[(int64_t)i * a->rows + q];
  double score = 0;
  for (int64_t c = 0; c < dim; c++)
    score += w->query[q * dim + c] * (double)keys[at->top * dim + c];
  out->top_weight =
      a->weight[q * a->head->spec.tokens + at->top] / at->mass;
  out->top_retained = ulp_exp(score - a->shift[q]) / w->sums[q].mass /
                      out->top_weight;
}

static bool error_room(error_work *w, const ulp_attention *a,
                       const float *gain)
{
  size_t rows = (size_t)a->rows, dim = (size_t)a->head->spec.dim;
  size_t block = ULP_BLOCK;
  w->sums = calloc(rows, sizeof *w->sums);
  w->query = malloc(rows * dim * sizeof *w->query);
  w->output = calloc(rows * dim, sizeof *w->output);
  w->key = malloc(block * dim * sizeof *w->key);
  w->value = malloc(block * dim * sizeof *w->value);
  w->score = malloc(rows * block * sizeof *w->score);
  w->weight = malloc(rows * block * sizeof *w->weight);
  w->channel = calloc(dim, sizeof *w->channel);
  w->along = calloc(dim, sizeof *w->along);
  w->power = calloc(dim, sizeof *w->power);
  w->distance = malloc(block * sizeof *w->distance);
  if (!w->sums || !w->query || !w->output || !w->key || !w->value ||
      !w->score || !w->weight || !w->channel || !w->along || !w->power ||
      !w->distance)
    return false;
  for (size_t q = 0; q < rows; q++) {
    w->sums[q].best = -INFINITY;
    for (size_t c = 0; c < dim; c++)
      w->query[q * dim + c] = a->head->query[q * dim + c] / (double)gain[c];
  }
  return true;
}

static void error_free(error_work *w)
{
  free(w->sums);
  free(w->query);
  free(w->output);
  free(w->key);
  free(w->value);
  free(w->score);
  free(w->weight);
  free(w->channel);
  free(w->along);
  free(w->power);
  free(w->distance);
}

ulp_status ulp_attention_measure(ulp_attention_error *out,
                                 const ulp_attention *a, const float *keys,
                                 const float *values, const float *gain,
                                 size_t first, size_t last)
{
  error_work w = {.sums = NULL};
  size_t next = first;
  bool room = error_room(&w, a, gain);
  for (int64_t t = 0; room && next <= last; t += ULP_BLOCK) {
    error_block(a, &w, keys, values, gain, t);
    if (t + ULP_BLOCK != a->context[next])
      continue;
    for (int64_t q = 0; q < a->rows; q++) {
      ulp_attention_error *one = &out[(int64_t)next * a->rows + q];
      set_errors(one, a, &w, next, q);
      set_top(one, a, &w, keys, next, q);
    }
    next++;
  }
  error_free(&w);
  return room ? ULP_OK : ULP_ENOMEM;
}
