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

#include "lanes.h"
#include "plan_internal.h"

/* What of the steps goes lane by lane: each step rounds to the products' own
 * type, and no random numbers are drawn; else a lane at a time. */
typedef enum { ONE_BY_ONE, IN_F64, IN_F32 } way;

/* What a thread works in; panels hold floats where the product does. */
typedef struct {
  void *q, *out;      /* [dim][ULP_LANES] */
  void *scores, *p;   /* [seen][ULP_LANES]; the same where lanes go together */
  double *row;        /* one lane */
  float *narrow;      /* for its quantizer */
} room;

/* Lanes of one key head: pairs of token and query head, in that order. */
typedef struct {
  int64_t kv, unit, count;
  int64_t seen; /* by the last of them */
} block;

typedef struct {
  const ulp_attention *a;
  const double *q;
  double *out;
  int64_t first;
  way way;
} task;

/* ---- room --------------------------------------------------------------- */

static void *panel(int64_t rows)
{
  return aligned_alloc(64, (size_t)rows * ULP_LANES * sizeof(double));
}

static bool make_room(room *r, int64_t seen, int64_t d, bool together)
{
  size_t row = (size_t)(seen > d ? seen : d) + 1;
  *r = (room){panel(d), panel(d), panel(seen),
              together ? NULL : panel(seen),
              malloc(row * sizeof *r->row), malloc(row * sizeof *r->narrow)};
  bool ok = r->q && r->out && r->scores && (together || r->p) && r->row &&
            r->narrow;
  r->p = together ? r->scores : r->p;
  return ok;
}

static void free_room(room *r)
{
  if (r->p != r->scores)
    free(r->p);
  free(r->scores);
  free(r->q);
  free(r->out);
  free(r->row);
  free(r->narrow);
}

/* ---- lanes -------------------------------------------------------------- */

static bool is_narrow(const ulp_numbers *at)
{
  return at->product == ULP_SUM_F32;
}

static void put(bool narrow, void *to, int64_t row, int64_t lane, double x)
{
  if (narrow)
    ((float *)to)[row * ULP_LANES + lane] = (float)x;
  else
    ((double *)to)[row * ULP_LANES + lane] = x;
}

static double get(bool narrow, const void *from, int64_t row, int64_t lane)
{
  return narrow ? (double)((const float *)from)[row * ULP_LANES + lane]
                : ((const double *)from)[row * ULP_LANES + lane];
}

static int64_t group_of(const ulp_attention *a)
{
  return a->heads / a->kv_heads;
}

/* Of n queries, [n, heads], the one of a lane. */
static int64_t query_of(const ulp_attention *a, const block *b, int64_t lane)
{
  int64_t u = b->unit + lane, group = group_of(a);
  return u / group * a->heads + b->kv * group + u % group;
}

static int64_t seen_by(const task *t, const block *b, int64_t lane)
{
  return t->first + (b->unit + lane) / group_of(t->a) + 1;
}

/* Fills rows that a lane does not see. */
static void hide(const task *t, const block *b, bool narrow, void *p, double x)
{
  for (int64_t l = 0; l < b->count; l++)
    for (int64_t i = seen_by(t, b, l); i < b->seen; i++)
      put(narrow, p, i, l, x);
}

/* x, [1, n], as the quantizer gives it back. */
static ulp_status quantized(const ulp_numbers *at, double *x, int64_t n,
                            uint64_t index, float *narrow, ulp_error *e)
{
  const int64_t shape[] = {1, n};
  if (!at->inputs)
    return ULP_OK;
  for (int64_t i = 0; i < n; i++)
    narrow[i] = (float)x[i];
  ulp_status s = ulp_quantizer_values(at->inputs->quantizer, 2, shape, narrow,
                                      narrow, index, e);
  for (int64_t i = 0; i < n; i++)
    x[i] = (double)narrow[i];
  return s;
}

/* The number of a lane's query among all that there were, for stochastic
 * rounding; of its scores. */
static uint64_t number_of(const task *t, const block *b, int64_t lane)
{
  return (uint64_t)(t->first * t->a->heads + query_of(t->a, b, lane));
}

static uint64_t index_of(const task *t, const block *b, int64_t lane)
{
  return number_of(t, b, lane) << 24;
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

static ulp_status take_queries(const task *t, const block *b, room *r,
                               ulp_error *e)
{
  const ulp_attention *a = t->a;
  bool narrow = is_narrow(a->scores);
  ulp_status s = ULP_OK;
  memset(r->q, 0, (size_t)a->dim * ULP_LANES *
                      (narrow ? sizeof(float) : sizeof(double)));
  for (int64_t l = 0; s == ULP_OK && l < b->count; l++) {
    memcpy(r->row, t->q + query_of(a, b, l) * a->dim,
           (size_t)a->dim * sizeof *r->row);
    s = quantized(a->scores, r->row, a->dim, index_of(t, b, l), r->narrow, e);
    for (int64_t i = 0; i < a->dim; i++)
      put(narrow, r->q, i, l, r->row[i]);
  }
  return s;
}

static void give(const task *t, const block *b, room *r)
{
  const ulp_attention *a = t->a;
  const ulp_numbers *at = a->mix;
  for (int64_t l = 0; l < b->count; l++) {
    uint64_t index = number_of(t, b, l) * (uint64_t)a->dim;
    double *out = t->out + query_of(a, b, l) * a->dim;
    for (int64_t i = 0; i < a->dim; i++)
      out[i] = get(is_narrow(at), r->out, i, l);
    ulp_step_round_array(&at->step, out, out, (size_t)a->dim, index);
    ulp_step_round_array(&at->out, out, out, (size_t)a->dim, index);
  }
}

/* ---- from scores to weights --------------------------------------------- */

static way way_of(const ulp_attention *a)
{
  const ulp_numbers *at[] = {a->scores, a->softmax, a->mix};
  bool f64 = true, f32 = true;
  for (int i = 0; i < 3; i++) {
    if (at[i]->inputs || ulp_step_is_random(&at[i]->out))
      return ONE_BY_ONE;
    bool product = i != 1, narrow = is_narrow(at[i]);
    f64 = f64 && ulp_step_is_f64(&at[i]->step) && !(product && narrow);
    f32 = f32 && ulp_step_is_f32(&at[i]->step) && (!product || narrow);
  }
  return f64 ? IN_F64 : f32 ? IN_F32 : ONE_BY_ONE;
}

static void round_lanes(const ulp_step *s, bool narrow, void *p, int64_t n)
{
  if (ulp_step_is_f64(s) || (narrow && ulp_step_is_f32(s)))
    return;
  if (!narrow)
    ulp_step_round_array(s, p, p, (size_t)(n * ULP_LANES), 0);
  for (int64_t i = 0; narrow && i < n * ULP_LANES; i++)
    ((float *)p)[i] = (float)ulp_step_round(s, (double)((float *)p)[i], 0);
}

static void scale(bool narrow, void *p, size_t n, double by, void *most)
{
  if (narrow)
    ulp_lanes_now()->scale_f32(p, n, (float)by, most);
  else
    ulp_lanes_now()->scale_f64(p, n, by, most);
}

static void weigh_lanes(const task *t, const block *b, room *r)
{
  const ulp_attention *a = t->a;
  bool narrow = t->way == IN_F32;
  size_t n = (size_t)b->seen;
  double most[ULP_LANES];
  hide(t, b, narrow, r->p, -INFINITY);
  scale(narrow, r->p, n,
        ulp_step_round(&a->scores->step, 1 / sqrt((double)a->dim), 0), most);
  if (!ulp_step_is_f64(&a->scores->out)) {
    round_lanes(&a->scores->out, narrow, r->p, b->seen);
    hide(t, b, narrow, r->p, -INFINITY);
    scale(narrow, r->p, n, 1, most);
  }
  if (narrow)
    ulp_lanes_now()->softmax_f32(r->p, n, (const float *)(void *)most);
  else
    ulp_lanes_now()->softmax_f64(r->p, n, most);
  round_lanes(&a->softmax->out, narrow, r->p, b->seen);
  hide(t, b, narrow, r->p, 0);
}

static ulp_status weigh_one(const task *t, const block *b, room *r,
                            int64_t lane, ulp_error *e)
{
  const ulp_attention *a = t->a;
  const ulp_step *f = &a->softmax->step, *g = &a->scores->step;
  const ulp_softmax softmax = {*f, *f, *f, *f, false, 0};
  int64_t seen = seen_by(t, b, lane);
  uint64_t index = index_of(t, b, lane);
  double by = ulp_step_round(g, 1 / sqrt((double)a->dim), index);
  for (int64_t i = 0; i < seen; i++) {
    uint64_t k = index + 2 * (uint64_t)i;
    double y = get(is_narrow(a->scores), r->scores, i, lane);
    y = ulp_step_round(g, y, k);
    r->row[i] = ulp_step_round(g, y * by, k + 1);
  }
  ulp_step_round_array(&a->scores->out, r->row, r->row, (size_t)seen, index);
  ulp_softmax_row(&softmax, r->row, r->row, (size_t)seen, index);
  ulp_step_round_array(&a->softmax->out, r->row, r->row, (size_t)seen, index);
  ulp_status s = quantized(a->mix, r->row, seen, index, r->narrow, e);
  for (int64_t i = 0; i < b->seen; i++)
    put(is_narrow(a->mix), r->p, i, lane, i < seen ? r->row[i] : 0);
  return s;
}

static ulp_status weigh(const task *t, const block *b, room *r, ulp_error *e)
{
  ulp_status s = ULP_OK;
  if (t->way != ONE_BY_ONE) {
    weigh_lanes(t, b, r);
    return s;
  }
  memset(r->p, 0, (size_t)(b->seen * ULP_LANES) *
                      (is_narrow(t->a->mix) ? sizeof(float) : sizeof(double)));
  for (int64_t l = 0; s == ULP_OK && l < b->count; l++)
    s = weigh_one(t, b, r, l, e);
  return s;
}

/* ---- blocks ------------------------------------------------------------- */

/* Whether the values that some lanes see and others do not are finite, so that
 * weights of zero hide them. */
static bool can_hide(const task *t, const block *b)
{
  const ulp_cache *c = t->a->values;
  const void *x = ulp_cache_head(c, c->full, b->kv);
  bool ok = true;
  for (int64_t i = 0; i < c->dim; i++)
    for (int64_t k = seen_by(t, b, 0); k < b->seen; k++) {
      int64_t at = i * c->stride + k;
      ok &= c->narrow ? fabsf(((const float *)x)[at]) <= FLT_MAX
                      : fabs(((const double *)x)[at]) <= DBL_MAX;
    }
  return ok;
}

static ulp_status attend(const task *t, const block *b, room *r, ulp_error *e)
{
  if (!can_hide(t, b)) {
    ulp_status s = ULP_OK;
    for (int64_t l = 0; s == ULP_OK && l < b->count; l++) {
      block one = {b->kv, b->unit + l, 1, seen_by(t, b, l)};
      s = attend(t, &one, r, e);
    }
    return s;
  }
  ulp_status s = take_queries(t, b, r, e);
  multiply_all(t->a->keys, b->kv, r->scores, r->q, b->seen);
  if (s == ULP_OK)
    s = weigh(t, b, r, e);
  multiply_all(t->a->values, b->kv, r->out, r->p, b->seen);
  give(t, b, r);
  return s;
}

/* Blocks of a key's head: of one token where what it sees as stored depends on
 * which token it is. */
static int64_t blocks_of(const ulp_attention *a, int64_t n, bool single)
{
  int64_t group = group_of(a);
  return single ? n * ((group + ULP_LANES - 1) / ULP_LANES)
                : (n * group + ULP_LANES - 1) / ULP_LANES;
}

static block block_at(const task *t, int64_t n, bool single, int64_t i)
{
  int64_t group = group_of(t->a), each = (group + ULP_LANES - 1) / ULP_LANES;
  int64_t kv = i / blocks_of(t->a, n, single);
  int64_t k = i % blocks_of(t->a, n, single);
  int64_t unit = single ? k / each * group + k % each * ULP_LANES
                        : k * ULP_LANES;
  int64_t end = single ? (k / each + 1) * group : n * group;
  block b = {kv, unit, end - unit < ULP_LANES ? end - unit : ULP_LANES, 0};
  b.seen = seen_by(t, &b, b.count - 1);
  return b;
}

ulp_status ulp_attention_run(const ulp_attention *a, double *out,
                             const double *q, int64_t first, int64_t n,
                             int threads, ulp_error *e)
{
  const task t = {a, q, out, first, way_of(a)};
  bool single = a->keys->held || a->values->held;
  bool large = n * a->heads * (first + n) * a->dim > 1 << 20;
  int64_t blocks = a->kv_heads * blocks_of(a, n, single);
  ulp_status status = ULP_OK;
#ifdef _OPENMP
#pragma omp parallel num_threads(large ? threads : 1)
#endif
  {
    room r;
    ulp_error why;
    ulp_status s = make_room(&r, first + n, a->dim, t.way != ONE_BY_ONE)
                       ? ULP_OK
                       : ulp_error_set(&why, ULP_ENOMEM, "out of memory");
#ifdef _OPENMP
#pragma omp for schedule(dynamic)
#endif
    for (int64_t i = 0; i < blocks; i++)
      if (s == ULP_OK) {
        block b = block_at(&t, n, single, i);
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
