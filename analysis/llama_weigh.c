/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Attention's weights of its scores: lanes together, or one at a time.
 */
#include <math.h>
#include <string.h>

#include "llama_attention.h"

/* Fills rows that a lane does not see. */
static void hide(const ulp_lane_task *t, const ulp_lane_block *b, bool narrow,
                 void *p, double x)
{
  for (int64_t l = 0; l < b->count; l++)
    for (int64_t i = ulp_seen_by(t, b, l); i < b->seen; i++)
      ulp_put_lane(narrow, p, i, l, x);
}

ulp_status ulp_quantized_lane(const ulp_numbers *at, double *x, int64_t n,
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

/* ---- from scores to weights --------------------------------------------- */

/* Whether what it makes of an f32 is one. */
static bool keeps_f32(const ulp_step *s)
{
  return ulp_step_is_f64(s) ||
         (s->format.kind == ULP_FLOAT && s->format.man_bits <= 23);
}

ulp_lane_way ulp_way_of(const ulp_attention *a)
{
  const ulp_numbers *at[] = {a->scores, a->softmax, a->mix};
  bool f64 = true, f32 = true;
  for (int i = 0; i < 3; i++) {
    if (at[i]->inputs || ulp_step_is_random(&at[i]->out))
      return ONE_BY_ONE;
    bool product = i != 1, narrow = ulp_is_narrow(at[i]);
    f64 = f64 && ulp_step_is_f64(&at[i]->step) && !(product && narrow);
    f32 = f32 && ulp_step_is_f32(&at[i]->step) && (!product || narrow) &&
          keeps_f32(&at[i]->out);
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

static void weigh_lanes(const ulp_lane_task *t, const ulp_lane_block *b,
                        ulp_lane_room *r)
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

static ulp_status weigh_one(const ulp_lane_task *t, const ulp_lane_block *b,
                            ulp_lane_room *r, int64_t lane, ulp_error *e)
{
  const ulp_attention *a = t->a;
  const ulp_step *f = &a->softmax->step, *g = &a->scores->step;
  const ulp_softmax softmax = {*f, *f, *f, *f, false, 0};
  int64_t seen = ulp_seen_by(t, b, lane);
  uint64_t index = ulp_index_of(t, b, lane);
  double by = ulp_step_round(g, 1 / sqrt((double)a->dim), index);
  for (int64_t i = 0; i < seen; i++) {
    uint64_t k = index + 2 * (uint64_t)i;
    double y = ulp_get_lane(ulp_is_narrow(a->scores), r->scores, i, lane);
    y = ulp_step_round(g, y, k);
    r->row[i] = ulp_step_round(g, y * by, k + 1);
  }
  ulp_step_round_array(&a->scores->out, r->row, r->row, (size_t)seen, index);
  ulp_softmax_row(&softmax, r->row, r->row, (size_t)seen, index);
  ulp_step_round_array(&a->softmax->out, r->row, r->row, (size_t)seen, index);
  ulp_status s = ulp_quantized_lane(a->mix, r->row, seen, index, r->narrow, e);
  for (int64_t i = 0; i < b->seen; i++)
    ulp_put_lane(ulp_is_narrow(a->mix), r->p, i, lane,
                 i < seen ? r->row[i] : 0);
  return s;
}

ulp_status ulp_weigh(const ulp_lane_task *t, const ulp_lane_block *b,
                     ulp_lane_room *r, ulp_error *e)
{
  ulp_status s = ULP_OK;
  if (t->way != ONE_BY_ONE) {
    weigh_lanes(t, b, r);
    return s;
  }
  size_t size = ulp_is_narrow(t->a->mix) ? sizeof(float) : sizeof(double);
  memset(r->p, 0, (size_t)(b->seen * ULP_LANES) * size);
  for (int64_t l = 0; s == ULP_OK && l < b->count; l++)
    s = weigh_one(t, b, r, l, e);
  return s;
}
