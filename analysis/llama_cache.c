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

bool ulp_cache_make(ulp_cache *c, const ulp_numbers *at, bool keys,
                    int64_t heads, int64_t most, int64_t dim)
{
  size_t bytes = (size_t)(heads * most * dim) * sizeof(double) + 8;
  *c = (ulp_cache){.at = at, .heads = heads, .most = most, .dim = dim,
                   .together = tokens_together(at, keys)};
  bool two = at->store && (c->together > 1 || at->window > 0);
  c->full = malloc(bytes);
  c->held = two ? malloc(bytes) : NULL;
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

/* n tokens of one head; to and from may be the same. */
static ulp_status store(const ulp_cache *c, double *to, const double *from,
                        int64_t first, int64_t n, float *room, ulp_error *e)
{
  const ulp_plan_setting *s = c->at->store;
  const int64_t shape[] = {n, c->dim};
  ulp_status status = ULP_OK;
  for (int64_t i = 0; i < n * c->dim; i++)
    room[i] = (float)from[i];
  if (s->kivi_bits)
    ulp_kivi_values(room, room, n, c->dim, s->kivi_bits, s->kivi_group,
                    c->together > 1);
  else
    status = ulp_quantizer_values(s->quantizer, 2, shape, room, room,
                                  (uint64_t)(first * c->dim), e);
  for (int64_t i = 0; status == ULP_OK && i < n * c->dim; i++)
    to[i] = (double)room[i];
  return status;
}

/* The whole groups that end among tokens first .. first+n-1. */
static ulp_status store_head(const ulp_cache *c, int64_t head, int64_t first,
                             int64_t n, float *room, ulp_error *e)
{
  int64_t from = first - first % c->together;
  int64_t end = first + n - (first + n) % c->together;
  double *full = c->full + head * c->most * c->dim;
  double *to = c->held ? c->held + head * c->most * c->dim : full;
  return from < end ? store(c, to + from * c->dim, full + from * c->dim, from,
                            end - from, room, e)
                    : ULP_OK;
}

ulp_status ulp_cache_add(ulp_cache *c, const double *x, int64_t first,
                         int64_t n, ulp_error *e)
{
  int64_t d = c->dim;
  for (int64_t i = 0; i < n; i++)
    for (int64_t h = 0; h < c->heads; h++) {
      uint64_t at = (uint64_t)((first + i) * c->heads + h) * (uint64_t)d;
      double *to = c->full + (h * c->most + first + i) * d;
      ulp_step_round_array(&c->at->step, to, x + (i * c->heads + h) * d,
                           (size_t)d, at);
      ulp_step_round_array(&c->at->out, to, to, (size_t)d, at);
    }
  if (!c->at->store)
    return ULP_OK;
  float *room = malloc((size_t)((n + c->together) * d) * sizeof *room);
  ulp_status s = room ? ULP_OK : ulp_error_set(e, ULP_ENOMEM, "out of memory");
  for (int64_t h = 0; s == ULP_OK && h < c->heads; h++)
    s = store_head(c, h, first, n, room, e);
  free(room);
  return s;
}
