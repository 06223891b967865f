/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Steps of a drifting tensor: quantized with the scale that the observer has,
 * then shown to it.
 */
#include "delayed_steps.h"

#include <math.h>
#include <stdlib.h>

typedef struct {
  const ulp_delayed_case *c;
  ulp_blocks b;
  ulp_observer *observer;
  double *amax; /* of each step; 0: as it comes */
  float *x, *y;
  unsigned char *code, *scale;
  ulp_range *kept;
} work;

static bool make_room(work *w)
{
  size_t n = (size_t)w->c->elements, blocks = (size_t)w->b.blocks;
  w->amax = malloc((size_t)w->c->steps * sizeof *w->amax);
  w->x = malloc(n * sizeof *w->x);
  w->y = malloc(n * sizeof *w->y);
  w->code = malloc(n * w->c->q->element.storage_bytes);
  w->scale = malloc(blocks * w->c->q->scale.storage_bytes);
  w->kept = malloc(blocks * sizeof *w->kept);
  return w->amax && w->x && w->y && w->code && w->scale && w->kept;
}

static void free_room(work *w)
{
  ulp_observer_free(w->observer);
  free(w->amax);
  free(w->x);
  free(w->y);
  free(w->code);
  free(w->scale);
  free(w->kept);
}

/* The numbers of step t; their amax is exactly that of the drift. */
static void take_step(work *w, int64_t t)
{
  int64_t n = w->c->elements;
  const double *z = w->c->normal + t * n;
  double most = 0;
  for (int64_t i = 0; i < n; i++)
    most = fmax(most, fabs(z[i]));
  double factor = w->amax[t] > 0 ? w->amax[t] / most : 1;
  for (int64_t i = 0; i < n; i++)
    w->x[i] = (float)(z[i] * factor);
}

typedef struct {
  double noise, clipped, flushed, limit;
} loss;

/* The greatest value is below the range kept by what rounding reaches. */
static double limit_of(const ulp_quantizer *q, const ulp_range *kept)
{
  const ulp_format *f = &q->element;
  return kept->high * ulp_max(f) / ulp_clip_range(f, 1).high;
}

static ulp_status quantize(work *w, bool given, loss *out)
{
  ulp_quantizer q = *w->c->q;
  const ulp_quantized arrays = {w->code, w->scale, NULL};
  ulp_error_sums sums = {0};
  double amax = ulp_quantizer_amax(&q, 0, w->x, (size_t)w->c->elements);
  double global = ulp_quantizer_global(&q, amax);
  q.fixed = given;
  ulp_status s = ulp_quantize_blocks(&q, &w->b, &arrays, w->x, amax, global, 0,
                                     w->b.blocks, 0);
  if (s != ULP_OK)
    return s;
  ulp_dequantize_blocks(&q, &w->b, w->y, &arrays, global, 0, w->b.blocks);
  for (int64_t i = 0; i < w->b.blocks; i++)
    w->kept[i] = ulp_block_clip_range(&q, &arrays, global, i);
  ulp_block_errors_add(&sums, &w->b, w->kept, w->x, w->y, 0,
                       ulp_block_runs(&w->b));
  out->noise = (sums.e2.hi + sums.e2.lo) / (sums.x2.hi + sums.x2.lo);
  out->clipped = (double)sums.clipped;
  out->flushed = (double)sums.flushed;
  out->limit = limit_of(&q, w->kept);
  return ULP_OK;
}

static void count(ulp_delayed_result *out, const loss *l, const loss *own,
                  double amax)
{
  /* scales are f32: a quotient of the same amax may fall short by 2^-24 */
  bool exceeded = out->limits_known && amax > l->limit * (1 + 0x1p-22);
  double headroom = l->limit / amax;
  out->exceeded += exceeded;
  out->clipped_steps += l->clipped > 0;
  out->clipped += l->clipped;
  out->flushed += l->flushed;
  out->headroom += headroom;
  out->greatest_excess = fmax(out->greatest_excess, 1 / headroom);
  out->noise += l->noise;
  out->current_noise += own->noise;
  if (!exceeded) {
    out->in_range += l->noise;
    out->current_in_range += own->noise;
    out->headroom2 += headroom * headroom;
  }
}

static ulp_status step(work *w, ulp_delayed_result *out, int64_t t)
{
  loss own, delayed;
  double ignored;
  take_step(w, t);
  ulp_status s = quantize(w, false, &own);
  delayed = own;
  if (s == ULP_OK && w->observer) {
    s = ulp_observer_scales(w->observer, w->scale, NULL, &ignored);
    if (s == ULP_OK)
      s = quantize(w, true, &delayed);
    if (s == ULP_OK)
      s = ulp_observer_add(w->observer, &w->b, w->x, 0, w->c->elements);
    if (s == ULP_OK)
      ulp_observer_step(w->observer);
  }
  if (s == ULP_OK && t > 0)
    count(out, &delayed, &own,
          ulp_quantizer_amax(w->c->q, 0, w->x, (size_t)w->c->elements));
  return s;
}

ulp_status ulp_delayed_run(ulp_delayed_result *out, const ulp_delayed_case *c,
                           ulp_error *e)
{
  work w = {.c = c};
  ulp_status s = ulp_blocks_make(&w.b, &c->q->granularity, c->q->axis, 1,
                                 &c->elements, e);
  *out = (ulp_delayed_result){.steps = c->steps - 1,
                              .elements = c->elements,
                              .limits_known = w.b.blocks == 1};
  if (s == ULP_OK && c->observer)
    s = ulp_observer_new(&w.observer, c->observer, c->q, &w.b, e);
  if (s == ULP_OK && !make_room(&w))
    s = ulp_error_set(e, ULP_ENOMEM, "out of memory");
  if (s == ULP_OK) {
    ulp_drift_amaxes(c->drift, w.amax, c->steps);
    for (int64_t t = 0; s == ULP_OK && t < c->steps; t++)
      s = step(&w, out, t);
    if (s != ULP_OK)
      ulp_error_set(e, s, "%s in %s: %s", c->drift->word, c->q->name,
                    ulp_strerror(s));
  }
  free_room(&w);
  return s;
}
