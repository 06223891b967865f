/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Drawing, and what is exact.
 */
#include "logits_data.h"

#include <math.h>
#include <stdlib.h>

#include "attention_data.h"
#include "mix.h"
#include "model.h"
#include "normal.h"

enum { BLOCK = 256 };

/* ---- drawing ------------------------------------------------------------ */

static double uniform(uint64_t seed, const char *what, int64_t i)
{
  uint64_t w = ulp_word(seed, ulp_head_stream(what, 0), (uint64_t)i);
  return (double)(w >> 11) * 0x1p-53;
}

static void draw_weights(ulp_lm_head *h, const float *pool, uint64_t seed)
{
  int64_t even = h->dim + h->dim % 2;
  for (int64_t v = 0; v < h->vocab; v++) {
    float *w = h->weights + v * h->dim;
    double by = (0.7 + 0.6 * uniform(seed, "head gain", v)) /
                sqrt((double)h->dim);
    ulp_pool_fill(pool, w, v * even, h->dim, seed,
                  ulp_head_stream("head weights", 0));
    for (int64_t c = 0; c < h->dim; c++)
      w[c] = (float)(by * (double)w[c]);
  }
}

static double length(const double *x, int64_t n)
{
  double square = 0;
  for (int64_t c = 0; c < n; c++)
    square += x[c] * x[c];
  return sqrt(square);
}

static void lean(double *x, const float *w, int64_t n, double by)
{
  double square = 0;
  for (int64_t c = 0; c < n; c++)
    square += (double)w[c] * (double)w[c];
  for (int64_t c = 0; c < n && square > 0; c++)
    x[c] += by * (double)w[c] / sqrt(square);
}

/* Of length 2 / rms of the weights; 0.25 to 0.6 of it along the first row: of
 * 512 channels logits of 11 to 27, where the greatest of 32 Ki unrelated ones
 * is about 8. */
static void draw_hidden(ulp_lm_head *h, const float *pool, float *draw,
                        int64_t t, uint64_t seed)
{
  double *x = h->hidden + t * h->dim, norm;
  double a = 0.25 + 0.35 * uniform(seed, "lean", 4 * t);
  double b = a * (0.8 + 0.2 * uniform(seed, "lean", 4 * t + 1));
  int64_t first = (int64_t)(uniform(seed, "lean", 4 * t + 2) *
                            (double)h->vocab);
  int64_t second = (int64_t)(uniform(seed, "lean", 4 * t + 3) *
                             (double)h->vocab);
  ulp_pool_fill(pool, draw, 0, h->dim, seed, ulp_head_stream("hidden", t));
  for (int64_t c = 0; c < h->dim; c++)
    x[c] = (double)draw[c];
  norm = length(x, h->dim);
  for (int64_t c = 0; c < h->dim; c++)
    x[c] /= norm;
  lean(x, h->weights + first * h->dim, h->dim, a);
  lean(x, h->weights + second * h->dim, h->dim, b);
  norm = length(x, h->dim);
  for (int64_t c = 0; c < h->dim; c++)
    x[c] *= 2 / (norm * h->rms);
  h->input[t] = (int64_t)(uniform(seed, "input", t) * (double)h->vocab);
}

static void find_rms(ulp_lm_head *h)
{
  double square = 0;
  for (int64_t i = 0; i < h->vocab * h->dim; i++)
    square += (double)h->weights[i] * (double)h->weights[i];
  h->rms = sqrt(square / (double)(h->vocab * h->dim));
}

/* ---- logits ------------------------------------------------------------- */

void ulp_lm_head_block(double *out, const ulp_lm_head *h, const double *hidden,
                       const float *weights, int64_t first, int64_t n,
                       double *work)
{
  for (int64_t i = 0; i < n * h->dim; i++)
    work[i] = (double)weights[first * h->dim + i];
  ulp_product(out, hidden, work, (size_t)h->positions, (size_t)n,
              (size_t)h->dim);
}

void ulp_logits_top(double *top, int64_t *token, int count, const double *x,
                    int64_t n)
{
  int have = 0;
  for (int k = 0; k < count; k++) {
    top[k] = -INFINITY;
    token[k] = -1;
  }
  for (int64_t v = 0; v < n; v++) {
    if (have == count && !(x[v] > top[count - 1]))
      continue;
    int k = have < count ? have++ : count - 1;
    for (; k > 0 && x[v] > top[k - 1]; k--) {
      top[k] = top[k - 1];
      token[k] = token[k - 1];
    }
    top[k] = x[v];
    token[k] = v;
  }
}

static bool exact_logits(ulp_lm_head *h, int threads)
{
  bool room = true;
#ifdef _OPENMP
#pragma omp parallel for schedule(dynamic) num_threads(threads)
#endif
  for (int64_t first = 0; first < h->vocab; first += BLOCK) {
    int64_t n = h->vocab - first < BLOCK ? h->vocab - first : BLOCK;
    double *work = malloc((size_t)(BLOCK * h->dim) * sizeof *work);
    double *out = malloc((size_t)(BLOCK * h->positions) * sizeof *out);
    if (work && out) {
      ulp_lm_head_block(out, h, h->hidden, h->weights, first, n, work);
      for (int64_t t = 0; t < h->positions; t++)
        for (int64_t v = 0; v < n; v++)
          h->logits[t * h->vocab + first + v] = out[t * n + v];
    } else {
#ifdef _OPENMP
#pragma omp atomic write
#endif
      room = false;
    }
    free(work);
    free(out);
  }
#ifndef _OPENMP
  (void)threads;
#endif
  for (int64_t t = 0; room && t < h->positions; t++)
    ulp_logits_top(h->top[t], h->token[t], ULP_RIVALS,
                   h->logits + t * h->vocab, h->vocab);
  return room;
}

ulp_status ulp_lm_head_make(ulp_lm_head *h, int64_t vocab, int64_t dim,
                            int64_t positions, float *weights, uint64_t seed,
                            int threads)
{
  float *pool = NULL, *draw = malloc((size_t)dim * sizeof *draw);
  size_t n = (size_t)positions;
  *h = (ulp_lm_head){.vocab = vocab, .dim = dim, .positions = positions,
                     .weights = weights};
  if (!weights)
    h->weights = malloc((size_t)(vocab * dim) * sizeof *h->weights);
  h->hidden = malloc(n * (size_t)dim * sizeof *h->hidden);
  h->logits = malloc(n * (size_t)vocab * sizeof *h->logits);
  h->top = malloc(n * sizeof *h->top);
  h->token = malloc(n * sizeof *h->token);
  h->input = malloc(n * sizeof *h->input);
  ulp_status s = draw && h->weights && h->hidden && h->logits && h->top &&
                         h->token && h->input
                     ? ulp_pool_make(&pool, seed)
                     : ULP_ENOMEM;
  if (s == ULP_OK && !weights)
    draw_weights(h, pool, seed);
  if (s == ULP_OK)
    find_rms(h);
  for (int64_t t = 0; s == ULP_OK && t < positions; t++)
    draw_hidden(h, pool, draw, t, seed);
  if (s == ULP_OK && !exact_logits(h, threads))
    s = ULP_ENOMEM;
  free(pool);
  free(draw);
  return s;
}

void ulp_lm_head_free(ulp_lm_head *h)
{
  free(h->weights);
  free(h->hidden);
  free(h->logits);
  free(h->top);
  free(h->token);
  free(h->input);
  *h = (ulp_lm_head){.vocab = 0};
}

/* ---- flips -------------------------------------------------------------- */

/* The integral over the first one's error z sigma of the chance that none of
 * the others, each with an error of its own, is above it. */
double ulp_flip_chance(const double top[ULP_RIVALS], int64_t n, double sigma)
{
  const double step = 1.0 / 8;
  double moves = 0;
  if (!(sigma > 0))
    return 0;
  for (int i = -6 * 8; i <= 6 * 8; i++) {
    double z = i * step, all = 1;
    for (int64_t k = 1; k < n && k < ULP_RIVALS; k++) {
      double lead = (top[0] - top[k]) / sigma + z;
      if (lead > 8) /* those below lead by more */
        break;
      all *= 1 - ulp_normal_tail(lead);
    }
    moves += ulp_normal_density(z) * (1 - all);
  }
  return moves * step;
}
