/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Keys and values as a plan stores them.
 *
 * What a query sees depends on how many tokens there are and on nothing else:
 * a token's own scales are known at once; those of a group of tokens when it
 * is whole, and until then its tokens stay as they came.  With a window of R,
 * groups of tokens are stored every R (KIVI, arXiv:2402.02750, algorithm 1: of
 * l keys the last l mod R are residual; of the values the last R).
 */
#include <stdlib.h>
#include <string.h>

#include "plan_internal.h"

static int64_t tokens_together(const ulp_numbers *at, bool keys)
{
  const ulp_plan_setting *s = at->store;
  if (!s)
    return 1;
  if (s->kivi_bits)
    return keys ? s->kivi_group : 1;
  const ulp_quantizer *q = s->quantizer;
  return q->granularity.kind == ULP_PER_GROUP &&
                 (q->axis == 0 || q->axis == -2)
             ? q->granularity.cols : 1;
}

/* Turned rows are an odd number of cache lines long, so that those of a head
 * do not meet in one set of a cache. */
static int64_t row_length(int64_t most, size_t element)
{
  int64_t line = 64 / (int64_t)element;
  return ((most + line - 1) / line | 1) * line;
}

bool ulp_cache_make(ulp_cache *c, const ulp_numbers *at, bool keys,
                    ulp_plan_product product, int64_t heads, int64_t most,
                    int64_t dim)
{
  *c = (ulp_cache){.at = at, .turned = !keys, .narrow = product == ULP_SUM_F32,
                   .heads = heads, .most = most, .dim = dim,
                   .together = tokens_together(at, keys)};
  size_t element = c->narrow ? sizeof(float) : sizeof(double);
  c->stride = keys ? dim : row_length(most, element);
  size_t bytes = (size_t)(heads * (keys ? most : dim) * c->stride) * element;
  bool two = at->store && (c->together > 1 || at->window > 0);
  c->full = malloc(bytes + 8);
  c->held = two ? malloc(bytes + 8) : NULL;
  return c->full && (c->held || !two);
}

void ulp_cache_free(ulp_cache *c)
{
  free(c->full);
  free(c->held);
  memset(c, 0, sizeof *c);
}

int64_t ulp_cache_old(const ulp_cache *c, int64_t seen)
{
  int64_t window = c->at->window;
  if (!c->held)
    return 0;
  if (c->together > 1)
    return seen - seen % (window ? window : c->together);
  return seen > window ? seen - window : 0;
}

/* ---- elements ----------------------------------------------------------- */

static int64_t head_size(const ulp_cache *c)
{
  return c->stride * (c->turned ? c->dim : c->most);
}

const void *ulp_cache_head(const ulp_cache *c, const void *of, int64_t head)
{
  size_t at = (size_t)(head * head_size(c));
  return c->narrow ? (const void *)((const float *)of + at)
                   : (const void *)((const double *)of + at);
}

/* Element i of a token is `at` plus i times `step`. */
typedef struct {
  int64_t at, step;
} place;

static place place_of(const ulp_cache *c, int64_t head, int64_t token)
{
  int64_t at = head * head_size(c);
  return c->turned ? (place){at + token, c->stride}
                   : (place){at + token * c->stride, 1};
}

static void put(const ulp_cache *c, void *to, int64_t head, int64_t token,
                const double *x)
{
  place p = place_of(c, head, token);
  if (c->narrow)
    for (int64_t i = 0; i < c->dim; i++)
      ((float *)to)[p.at + i * p.step] = (float)x[i];
  else
    for (int64_t i = 0; i < c->dim; i++)
      ((double *)to)[p.at + i * p.step] = x[i];
}

static void get(const ulp_cache *c, float *x, const void *from, int64_t head,
                int64_t token)
{
  place p = place_of(c, head, token);
  for (int64_t i = 0; i < c->dim; i++)
    x[i] = c->narrow ? ((const float *)from)[p.at + i * p.step]
                     : (float)((const double *)from)[p.at + i * p.step];
}

/* ---- storing ------------------------------------------------------------ */

/* Tokens first .. first+n-1 of a head; wide: room for a token. */
static ulp_status store(const ulp_cache *c, int64_t head, int64_t first,
                        int64_t n, float *room, double *wide, ulp_error *e)
{
  const ulp_plan_setting *s = c->at->store;
  const int64_t shape[] = {n, c->dim};
  ulp_status status = ULP_OK;
  for (int64_t t = 0; t < n; t++)
    get(c, room + t * c->dim, c->full, head, first + t);
  if (s->kivi_bits)
    ulp_kivi_values(room, room, n, c->dim, s->kivi_bits, s->kivi_group,
                    c->together > 1);
  else
    status = ulp_quantizer_values(s->quantizer, 2, shape, room, room,
                                  (uint64_t)(first * c->dim), e);
  for (int64_t t = 0; status == ULP_OK && t < n; t++) {
    for (int64_t i = 0; i < c->dim; i++)
      wide[i] = (double)room[t * c->dim + i];
    put(c, c->held ? c->held : c->full, head, first + t, wide);
  }
  return status;
}

/* The whole groups that end among tokens first .. first+n-1. */
static ulp_status store_all(const ulp_cache *c, int64_t first, int64_t n,
                            double *wide, ulp_error *e)
{
  int64_t from = first - first % c->together;
  int64_t end = first + n - (first + n) % c->together;
  if (from >= end)
    return ULP_OK;
  float *room = malloc((size_t)((end - from) * c->dim + 1) * sizeof *room);
  ulp_status s = room ? ULP_OK : ulp_error_set(e, ULP_ENOMEM, "out of memory");
  for (int64_t h = 0; s == ULP_OK && h < c->heads; h++)
    s = store(c, h, from, end - from, room, wide, e);
  free(room);
  return s;
}

ulp_status ulp_cache_add(ulp_cache *c, const double *x, int64_t first,
                         int64_t n, ulp_error *e)
{
  int64_t d = c->dim;
  double *token = malloc((size_t)(d + 1) * sizeof *token);
  if (!token)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  for (int64_t i = 0; i < n; i++)
    for (int64_t h = 0; h < c->heads; h++) {
      uint64_t at = (uint64_t)((first + i) * c->heads + h) * (uint64_t)d;
      ulp_step_round_array(&c->at->step, token, x + (i * c->heads + h) * d,
                           (size_t)d, at);
      ulp_step_round_array(&c->at->out, token, token, (size_t)d, at);
      put(c, c->full, h, first + i, token);
    }
  ulp_status s = c->at->store ? store_all(c, first, n, token, e) : ULP_OK;
  free(token);
  return s;
}
