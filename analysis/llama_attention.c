/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Attention of a decoder: scores, softmax, and the mix of values, each as a
 * plan has it.
 *
 * The queries of a key's heads go side by side, a lane each (lanes.h): scores
 * are keys times a panel of queries, the mix is turned values times the panel
 * of weights.  Tokens that a lane does not see have weights of zero.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "llama_attention.h"

/* ---- room --------------------------------------------------------------- */

static void *panel(int64_t rows)
{
  return aligned_alloc(64, (size_t)rows * ULP_LANES * sizeof(double));
}

static bool make_room(ulp_lane_room *r, int64_t seen, int64_t d, bool together)
{
  size_t row = (size_t)(seen > d ? seen : d) + 1;
  *r = (ulp_lane_room){panel(d), panel(d), panel(seen),
              together ? NULL : panel(seen),
              malloc(row * sizeof *r->row), malloc(row * sizeof *r->narrow)};
  bool ok = r->q && r->out && r->scores && (together || r->p) && r->row &&
            r->narrow;
  r->p = together ? r->scores : r->p;
  return ok;
}

static void free_room(ulp_lane_room *r)
{
  if (r->p != r->scores)
    free(r->p);
  free(r->scores);
  free(r->q);
  free(r->out);
  free(r->row);
  free(r->narrow);
}

/* ---- products ----------------------------------------------------------- */

/* Columns from .. from+n-1 of a head's rows (of keys: all, of tokens from ..
 * from+n-1) times a panel. */
static void multiply(const ulp_cache *c, const void *of, int64_t kv, void *y,
                     const void *p, int64_t from, int64_t n, bool more)
{
  const void *x = ulp_cache_head(c, of, kv);
  size_t stride = (size_t)c->stride, d = (size_t)c->dim;
  size_t m = c->turned ? d : (size_t)n, k = c->turned ? (size_t)n : d;
  size_t skip = (size_t)from * (c->turned ? 1 : stride);
  size_t y_skip = c->turned ? 0 : (size_t)from * ULP_LANES;
  size_t p_skip = c->turned ? (size_t)from * ULP_LANES : 0;
  if (c->narrow) {
    float *sums = (float *)y + y_skip;
    if (!more)
      memset(sums, 0, m * ULP_LANES * sizeof *sums);
    ulp_fma_run(&(ulp_fma_job){
        .y = sums, .x = (const float *)x + skip,
        .panels = (const float *)p + p_skip, .y_stride = ULP_LANES,
        .x_stride = stride, .m = m, .n = ULP_LANES, .k = k});
  } else {
    ulp_lanes_now()->panel_f64((double *)y + y_skip, (const double *)x + skip,
                               stride, m, (const double *)p + p_skip, k, more);
  }
}

/* Old tokens as stored, new ones as they came. */
static void multiply_all(const ulp_cache *c, int64_t kv, void *y, const void *p,
                         int64_t seen)
{
  int64_t old = ulp_cache_old(c, seen);
  if (old > 0)
    multiply(c, c->held, kv, y, p, 0, old, false);
  if (seen > old)
    multiply(c, c->full, kv, y, p, old, seen - old, c->turned && old > 0);
}

static ulp_status take_queries(const ulp_lane_task *t, const ulp_lane_block *b,
                               ulp_lane_room *r, ulp_error *e)
{
  const ulp_attention *a = t->a;
  bool narrow = ulp_is_narrow(a->scores);
  ulp_status s = ULP_OK;
  memset(r->q, 0, (size_t)a->dim * ULP_LANES *
                      (narrow ? sizeof(float) : sizeof(double)));
  for (int64_t l = 0; s == ULP_OK && l < b->count; l++) {
    memcpy(r->row, t->q + ulp_query_of(a, b, l) * a->dim,
           (size_t)a->dim * sizeof *r->row);
    s = ulp_quantized_lane(a->scores, r->row, a->dim, ulp_index_of(t, b, l),
                           r->narrow, e);
    for (int64_t i = 0; i < a->dim; i++)
      ulp_put_lane(narrow, r->q, i, l, r->row[i]);
  }
  return s;
}

static void give(const ulp_lane_task *t, const ulp_lane_block *b,
                 ulp_lane_room *r)
{
  const ulp_attention *a = t->a;
  const ulp_numbers *at = a->mix;
  for (int64_t l = 0; l < b->count; l++) {
    uint64_t index = ulp_number_of(t, b, l) * (uint64_t)a->dim;
    double *out = t->out + ulp_query_of(a, b, l) * a->dim;
    for (int64_t i = 0; i < a->dim; i++)
      out[i] = ulp_get_lane(ulp_is_narrow(at), r->out, i, l);
    ulp_step_round_array(&at->step, out, out, (size_t)a->dim, index);
    ulp_step_round_array(&at->out, out, out, (size_t)a->dim, index);
  }
}

/* ---- blocks ------------------------------------------------------------- */

/* Whether the values that some lanes see and others do not are finite, so that
 * weights of zero hide them. */
static bool can_hide(const ulp_lane_task *t, const ulp_lane_block *b)
{
  const ulp_cache *c = t->a->values;
  const void *x = ulp_cache_head(c, c->full, b->kv);
  bool ok = true;
  for (int64_t i = 0; i < c->dim; i++)
    for (int64_t k = ulp_seen_by(t, b, 0); k < b->seen; k++) {
      int64_t at = i * c->stride + k;
      ok &= c->narrow ? fabsf(((const float *)x)[at]) <= FLT_MAX
                      : fabs(((const double *)x)[at]) <= DBL_MAX;
    }
  return ok;
}

static ulp_status attend(const ulp_lane_task *t, const ulp_lane_block *b,
                         ulp_lane_room *r, ulp_error *e)
{
  if (!can_hide(t, b)) {
    ulp_status s = ULP_OK;
    for (int64_t l = 0; s == ULP_OK && l < b->count; l++) {
      ulp_lane_block one = {b->kv, b->unit + l, 1, ulp_seen_by(t, b, l)};
      s = attend(t, &one, r, e);
    }
    return s;
  }
  ulp_status s = take_queries(t, b, r, e);
  multiply_all(t->a->keys, b->kv, r->scores, r->q, b->seen);
  if (s == ULP_OK)
    s = ulp_weigh(t, b, r, e);
  multiply_all(t->a->values, b->kv, r->out, r->p, b->seen);
  give(t, b, r);
  return s;
}

/* Blocks of a key's head: of one token where what it sees as stored depends on
 * which token it is. */
static int64_t blocks_of(const ulp_attention *a, int64_t n, bool single)
{
  int64_t group = ulp_group_of(a);
  return single ? n * ((group + ULP_LANES - 1) / ULP_LANES)
                : (n * group + ULP_LANES - 1) / ULP_LANES;
}

static ulp_lane_block block_at(const ulp_lane_task *t, int64_t n, bool single,
                               int64_t i)
{
  int64_t group = ulp_group_of(t->a);
  int64_t each = (group + ULP_LANES - 1) / ULP_LANES;
  int64_t kv = i / blocks_of(t->a, n, single);
  int64_t k = i % blocks_of(t->a, n, single);
  int64_t unit = single ? k / each * group + k % each * ULP_LANES
                        : k * ULP_LANES;
  int64_t end = single ? (k / each + 1) * group : n * group;
  int64_t count = end - unit < ULP_LANES ? end - unit : ULP_LANES;
  ulp_lane_block b = {kv, unit, count, 0};
  b.seen = ulp_seen_by(t, &b, b.count - 1);
  return b;
}

ulp_status ulp_attention_run(const ulp_attention *a, double *out,
                             const double *q, int64_t first, int64_t n,
                             int threads, ulp_error *e)
{
  const ulp_lane_task t = {a, q, out, first, ulp_way_of(a)};
  bool single = a->keys->held || a->values->held;
  bool large = n * a->heads * (first + n) * a->dim > 1 << 20;
  int64_t blocks = a->kv_heads * blocks_of(a, n, single);
  ulp_status status = ULP_OK;
#ifdef _OPENMP
#pragma omp parallel num_threads(large ? threads : 1)
#endif
  {
    ulp_lane_room r;
    ulp_error why;
    ulp_status s = make_room(&r, first + n, a->dim, t.way != ONE_BY_ONE)
                       ? ULP_OK
                       : ulp_error_set(&why, ULP_ENOMEM, "out of memory");
#ifdef _OPENMP
#pragma omp for schedule(dynamic)
#endif
    for (int64_t i = 0; i < blocks; i++)
      if (s == ULP_OK) {
        ulp_lane_block b = block_at(&t, n, single, i);
        s = attend(&t, &b, &r, &why);
      }
    if (s != ULP_OK) {
#ifdef _OPENMP
#pragma omp critical
#endif
      {
        status = s;
        *e = why;
      }
    }
    free_room(&r);
  }
  return status;
}
