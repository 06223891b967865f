/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Exact attention in f64: one pass over the tokens, ULP_BLOCK at a time.
 */
#include <math.h>
#include <stdlib.h>

#include "attention_pieces.h"
#include "model.h"

typedef struct ulp_attention_at at_context;

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
  attention_widen(w->key, h->keys + first * dim, ULP_BLOCK * dim);
  attention_widen(w->value, h->values + first * dim, ULP_BLOCK * dim);
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
      s->lengths += p2 * attention_dot(v, v, dim);
      s->score += x[t];
      s->score2 += x[t] * x[t];
      if (x[t] > s->best) {
        s->best = x[t];
        s->top = first + t;
      }
    }
  }
  attention_add(w->output, a->weight + first, n, w->value, a->rows, dim);
  attention_add(w->tilted, w->square, ULP_BLOCK, w->value, a->rows, dim);
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
    double o2 = attention_dot(o, o, dim);
    *at = (at_context){.mass = s->mass, .squares = s->squares / square,
                       .norm = sqrt(o2), .top = s->top};
    at->deviation =
        sqrt(fmax(s->score2 / n - s->score / n * (s->score / n), 0));
    at->spread = (s->lengths - 2 * attention_dot(w->tilted + q * dim, o, dim) +
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
