/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A layer whose activations have outlier channels, or are a tensor's.
 */
#include "outlier_pictures.h"

#include <math.h>
#include <stdlib.h>

#include "layer.h"
#include "model.h"

static bool make_room(ulp_outlier_picture *p)
{
  ulp_layer *l = &p->layer;
  size_t n = (size_t)l->channels * sizeof *p->x;
  p->x = malloc((size_t)l->tokens * n);
  p->w = malloc((size_t)l->outputs * n);
  p->seen = malloc((size_t)l->seen_tokens * n);
  p->y = malloc((size_t)(l->tokens * l->outputs) * sizeof *p->y);
  p->y2 = malloc((size_t)l->tokens * sizeof *p->y2);
  l->x = p->x;
  l->w = p->w;
  l->seen = p->seen;
  return p->x && p->w && p->seen && p->y && p->y2;
}

static ulp_status draw(ulp_outlier_picture *p, ulp_outliers o,
                       double correlation, uint64_t seed)
{
  ulp_layer *l = &p->layer;
  double *gain = malloc((size_t)l->channels * sizeof *gain);
  p->outlier = malloc((size_t)l->channels);
  ulp_status s = ULP_ENOMEM;
  if (gain && p->outlier &&
      ulp_outlier_gains(gain, l->channels, o, seed, "matrix channels")) {
    const ulp_tokens t = {"gaussian", correlation, gain, seed, "tokens"};
    const ulp_tokens seen = {"gaussian", correlation, gain, seed, "seen"};
    for (int64_t c = 0; c < l->channels; c++)
      p->outlier[c] = gain[c] != 1;
    s = ulp_tokens_draw(p->x, &t, 0, l->tokens, l->channels);
    if (s == ULP_OK)
      s = ulp_tokens_draw(p->seen, &seen, 0, l->seen_tokens, l->channels);
  }
  free(gain);
  return s;
}

static ulp_status read_tensor(ulp_outlier_picture *p,
                              const ulp_source *source, ulp_error *e)
{
  ulp_layer *l = &p->layer;
  int64_t n = l->channels, half = l->seen_tokens;
  ulp_source_read(source, p->seen, 0, half * n);
  ulp_source_read(source, p->x, half * n, l->tokens * n);
  for (int64_t i = 0; i < half * n; i++)
    p->seen[i] = (double)(float)p->seen[i];
  for (int64_t i = 0; i < l->tokens * n; i++)
    p->x[i] = (double)(float)p->x[i];
  double sum = ulp_sum(p->seen, half * n) + ulp_sum(p->x, l->tokens * n);
  return isfinite(sum) ? ULP_OK
                       : ulp_error_set(e, ULP_EFORMAT, "%.200s: expected "
                                       "finite numbers", source->name);
}

static double ordinary_power(const ulp_outlier_picture *p)
{
  const ulp_layer *l = &p->layer;
  size_t n = (size_t)(l->tokens * l->channels);
  double *x = malloc(n * sizeof *x);
  double *y = malloc((size_t)(l->tokens * l->outputs) * sizeof *y), sum = NAN;
  if (x && y) {
    for (size_t i = 0; i < n; i++)
      x[i] = p->outlier[i % (size_t)l->channels] ? 0 : l->x[i];
    ulp_product(y, x, l->w, (size_t)l->tokens, (size_t)l->outputs,
                (size_t)l->channels);
    sum = 0;
    for (int64_t i = 0; i < l->tokens * l->outputs; i++)
      sum += y[i] * y[i];
  }
  free(x);
  free(y);
  return sum;
}

ulp_status ulp_outlier_picture_make(ulp_outlier_picture *p,
                                    ulp_outliers outliers, double correlation,
                                    const ulp_source *tensor, uint64_t seed,
                                    ulp_error *e)
{
  ulp_layer *l = &p->layer;
  const ulp_tokens w = {"gaussian", 0, NULL, seed, "weights"};
  if (!make_room(p))
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_status s = ulp_tokens_draw(p->w, &w, 0, l->outputs, l->channels);
  if (s == ULP_OK && !tensor)
    s = draw(p, outliers, correlation, seed);
  if (s != ULP_OK)
    return ulp_error_set(e, s, "%s: %s", p->name, ulp_strerror(s));
  if (tensor)
    s = read_tensor(p, tensor, e);
  if (s != ULP_OK)
    return s;
  ulp_product(p->y, l->x, l->w, (size_t)l->tokens, (size_t)l->outputs,
              (size_t)l->channels);
  ulp_row_squares(p->y2, p->y, NULL, l->tokens, l->outputs);
  p->ordinary = p->outlier ? ordinary_power(p) : NAN;
  return ULP_OK;
}

void ulp_outlier_picture_free(ulp_outlier_picture *p)
{
  ulp_layer_release(&p->layer);
  free(p->x);
  free(p->w);
  free(p->seen);
  free(p->y);
  free(p->y2);
  free(p->outlier);
}
