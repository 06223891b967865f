/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What theory says of a residual stream.
 */
#include "residual_predict.h"

#include <math.h>

typedef struct {
  const ulp_residual_stream *r;
  ulp_grid grid;
  bool clamp, stochastic;
} theory;

static ulp_residual_fate fate_of(const theory *t, double x, double u)
{
  int64_t n = t->r->depth;
  ulp_residual_fate f = t->stochastic
                            ? ulp_residual_stochastic(&t->grid, x, u, n)
                            : ulp_residual_nearest(&t->grid, x, u, n);
  if (t->clamp && f.overflow)
    f.gain = t->grid.max - x;
  return f;
}

static ulp_residual_prediction steady(const theory *t)
{
  const ulp_residual_stream *r = t->r;
  ulp_residual_prediction p = {.known = true, .lost_known = true,
                               .overflow_known = true};
  double n = (double)r->depth, sent = n * r->update;
  double u = ulp_grid_nearest(&t->grid, r->update), bias = n * u - sent;
  double gain = 0, square = 0, all = 0, finite = 0;
  for (int64_t i = 0; i < r->elements; i++) {
    double x = ulp_residual_start(r, i);
    ulp_residual_fate f = fate_of(t, x, u);
    p.lost += f.lost / (double)r->elements;
    p.lost_known = p.lost_known && !f.overflow;
    if (f.overflow && !t->clamp)
      continue;
    finite++;
    gain += f.gain;
    square += t->stochastic ? f.square + bias * bias
                            : (f.gain - sent) * (f.gain - sent);
    all += (x + sent) * (x + sent);
  }
  p.gain = gain / finite / sent;
  p.relative_error = sqrt(square / all);
  p.overflow = 1 - finite / (double)r->elements;
  return p;
}

/* Where the stream's spacing is the least number, updates are rounded to that
 * before they are added, and to nearest. */
static ulp_residual_prediction random_signs(const theory *t)
{
  const ulp_residual_stream *r = t->r;
  double spacing = ulp_grid_spacing(&t->grid, r->start), start = 0;
  bool stochastic = t->stochastic && spacing > t->grid.least;
  ulp_residual_fate f = ulp_residual_random(r->normals->magnitude, ULP_NORMALS,
                                            r->update, spacing, stochastic,
                                            r->depth);
  for (int64_t i = 0; i < r->elements; i++) {
    double x = ulp_residual_start(r, i);
    start += x * x / (double)r->elements;
  }
  double sent = (double)r->depth * r->update * r->update;
  return (ulp_residual_prediction){
      .known = true, .lost_known = true, .lost = f.lost, .gain = f.gain,
      .relative_error = sqrt(f.square / (start + sent))};
}

ulp_residual_prediction ulp_residual_predict(const ulp_residual_stream *r,
                                             bool clamp)
{
  const ulp_rounding *how = &r->sum->rounding;
  const theory t = {r, ulp_grid_of(&r->sum->format), clamp,
                    how->mode == ULP_SR};
  bool has_theory = how->mode == ULP_RNE ||
                    (how->mode == ULP_SR && how->sr_bits == 0);
  if (r->kind == ULP_STREAM_KAHAN || !has_theory)
    return (ulp_residual_prediction){.known = false};
  return r->steady ? steady(&t) : random_signs(&t);
}
