/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Scales and layers that are calibrated on one distribution and serve another.
 */
#include "calibrated.h"

#include <math.h>
#include <stdlib.h>

#include "model.h"

/* ---- static scales ------------------------------------------------------ */

static const ulp_shift same = {ULP_SHIFT_SAME, 1, "same"};

static ulp_status told(ulp_status s, const ulp_calibrated_job *j, ulp_error *e)
{
  return s == ULP_OK ? s
                     : ulp_error_set(e, s, "%s: %s", j->word, ulp_strerror(s));
}

/* What the observer makes of batches of `a` and, every other one, of `b`. */
static ulp_status calibrate(double *scale, const ulp_calibrated_bed *bed,
                            const ulp_calibrated_job *j, const ulp_shift *a,
                            const ulp_shift *b, int64_t batches, ulp_error *e)
{
  int64_t c = bed->pool.channels, n = bed->tokens * c;
  const int64_t shape[] = {bed->tokens, c};
  ulp_observer *o = NULL;
  ulp_blocks blocks;
  float code = 0, *x = malloc((size_t)n * sizeof *x);
  double *wide = malloc((size_t)c * sizeof *wide), global;
  ulp_status s =
      ulp_blocks_make(&blocks, &j->q.granularity, j->q.axis, 2, shape, e);
  if (s == ULP_OK)
    s = ulp_observer_new(&o, &j->observer, &j->q, &blocks, e);
  if (s == ULP_OK && (!x || !wide))
    s = ulp_error_set(e, ULP_ENOMEM, "out of memory");
  for (int64_t k = 0; s == ULP_OK && k < batches; k++) {
    for (int64_t t = 0; t < bed->tokens; t++) {
      ulp_shift_token(wide, k % 2 ? b : a, &bed->pool, false,
                      k * bed->tokens + t, batches * bed->tokens);
      for (int64_t i = 0; i < c; i++)
        x[t * c + i] = (float)wide[i];
    }
    s = told(ulp_observer_add(o, &blocks, x, 0, n), j, e);
    ulp_observer_step(o);
  }
  if (s == ULP_OK)
    s = told(ulp_observer_scales(o, &code, NULL, &global), j, e);
  *scale = s == ULP_OK ? (double)code : NAN;
  ulp_observer_free(o);
  free(x);
  free(wide);
  return s;
}

typedef struct {
  double x2[ULP_SERVED], e2[ULP_SERVED];
  int64_t clipped;
} served;

static double amax_of(const double *x, int64_t n)
{
  double amax = 0;
  for (int64_t i = 0; i < n; i++)
    amax = fmax(amax, fabs(x[i]));
  return amax;
}

static double dynamic_scale(double amax, const ulp_format *f)
{
  double scale = (double)(float)(amax / ulp_max(f));
  return scale > 0 ? scale : 1;
}

/* scale 0: each token's own. */
static ulp_status serve(served *out, const ulp_calibrated_bed *bed,
                        const ulp_shift *s, const ulp_format *f, double scale)
{
  const ulp_rounding r = {.mode = ULP_RNE, .overflow = ULP_OVERFLOW_SATURATE};
  int64_t c = bed->pool.channels;
  double *x = malloc((size_t)c * 3 * sizeof *x), *y = x + c;
  ulp_status status = x ? ULP_OK : ULP_ENOMEM;
  out->clipped = 0;
  for (int64_t t = 0; status == ULP_OK && t < ULP_SERVED; t++) {
    ulp_shift_token(x, s, &bed->pool, true, t, ULP_SERVED);
    double now = scale > 0 ? scale : dynamic_scale(amax_of(x, c), f);
    ulp_range kept = ulp_clip_range(f, now);
    status = ulp_encode_array(f, x + 2 * c, x, (size_t)c, now, &r, 0);
    if (status == ULP_OK)
      ulp_decode_array(f, y, x + 2 * c, (size_t)c, now);
    ulp_row_squares(&out->x2[t], x, NULL, 1, c);
    ulp_row_squares(&out->e2[t], x, y, 1, c);
    for (int64_t i = 0; i < c; i++)
      out->clipped += x[i] < kept.low || x[i] > kept.high;
  }
  free(x);
  return status;
}

static double served_amax(const ulp_calibrated_bed *bed, const ulp_shift *s)
{
  double amax = 0, *x = malloc((size_t)bed->pool.channels * sizeof *x);
  for (int64_t t = 0; x && t < ULP_SERVED; t++) {
    ulp_shift_token(x, s, &bed->pool, true, t, ULP_SERVED);
    amax = fmax(amax, amax_of(x, bed->pool.channels));
  }
  free(x);
  return amax;
}

static ulp_status of_scales(ulp_calibrated_outcome *o,
                            const ulp_calibrated_bed *bed,
                            const ulp_calibrated_job *j, const ulp_shift *s,
                            int64_t batches, ulp_error *e)
{
  const ulp_format *f = &j->q.element;
  double scale = 0, again = 0;
  served now, other, dynamic;
  ulp_status status = ULP_OK;
  if (j->kind == ULP_JOB_DYNAMIC_TENSOR)
    scale = again = dynamic_scale(served_amax(bed, s), f);
  else if (j->kind != ULP_JOB_DYNAMIC_TOKEN)
    status = calibrate(&scale, bed, j, &same,
                       j->kind == ULP_JOB_MIXTURE ? s : &same, batches, e);
  if (status == ULP_OK && j->kind != ULP_JOB_DYNAMIC_TENSOR &&
      j->kind != ULP_JOB_DYNAMIC_TOKEN)
    status = calibrate(&again, bed, j, s, s, batches, e);
  if (status != ULP_OK)
    return status;
  status = serve(&now, bed, s, f, scale);
  if (status == ULP_OK)
    status = serve(&other, bed, s, f, again);
  if (status == ULP_OK)
    status = serve(&dynamic, bed, s, f, 0);
  if (status != ULP_OK)
    return ulp_error_set(e, status, "%s: %s", j->word, ulp_strerror(status));
  o->snr = ulp_token_snr(now.x2, now.e2, ULP_SERVED);
  o->retuned = ulp_token_snr(other.x2, other.e2, ULP_SERVED).snr_db;
  o->uncalibrated = ulp_token_snr(dynamic.x2, dynamic.e2, ULP_SERVED).snr_db;
  o->clipped = (double)now.clipped / (double)(ULP_SERVED * bed->pool.channels);
  o->scale = scale > 0 ? scale : NAN;
  o->predicted_snr = o->predicted_clipped = NAN;
  if (scale > 0)
    ulp_shift_theory(&o->predicted_snr, &o->predicted_clipped, s, &bed->pool, f,
                     scale, j->kind != ULP_JOB_DYNAMIC_TENSOR);
  return ULP_OK;
}

static ulp_status layer_snr(ulp_ratio *out, const ulp_calibrated_bed *bed,
                            const ulp_calibrated_job *j, const ulp_remedy *r,
                            const double *x, const double *seen, int64_t tokens,
                            ulp_error *e)
{
  ulp_layer l = {.tokens = ULP_SERVED,
                 .outputs = bed->outputs,
                 .x = x,
                 .w = bed->w,
                 .channels = bed->pool.channels,
                 .seen = seen,
                 .seen_tokens = tokens};
  size_t n = (size_t)(ULP_SERVED * bed->outputs);
  double *y = malloc(2 * n * sizeof *y), x2[ULP_SERVED], e2[ULP_SERVED];
  ulp_layer_result result = {0};
  ulp_status s = y ? ULP_OK : ulp_error_set(e, ULP_ENOMEM, "out of memory");
  if (s == ULP_OK && r->kind == ULP_REMEDY_GPTQ)
    s = ulp_layer_prepare(&l, false, e);
  if (s == ULP_OK)
    s = ulp_layer_quantize(&result, &l, j->scheme, r, e);
  if (s == ULP_OK) {
    ulp_product(y, x, bed->w, ULP_SERVED, (size_t)bed->outputs,
                (size_t)l.channels);
    ulp_product(y + n, result.xq, result.wq, ULP_SERVED, (size_t)bed->outputs,
                (size_t)l.channels);
    ulp_row_squares(x2, y, NULL, ULP_SERVED, bed->outputs);
    ulp_row_squares(e2, y, y + n, ULP_SERVED, bed->outputs);
    *out = ulp_token_snr(x2, e2, ULP_SERVED);
  }
  ulp_layer_result_free(&result);
  ulp_layer_release(&l);
  free(y);
  return s;
}

static ulp_status of_layer(ulp_calibrated_outcome *o,
                           const ulp_calibrated_bed *bed,
                           const ulp_calibrated_job *j, const ulp_shift *s,
                           int64_t batches, ulp_error *e)
{
  int64_t c = bed->pool.channels, tokens = batches * bed->tokens;
  const ulp_remedy none = {ULP_REMEDY_NONE, NAN, "none"};
  double *x = malloc((size_t)(ULP_SERVED * c) * sizeof *x);
  double *a = malloc((size_t)(tokens * c) * sizeof *a);
  double *b = malloc((size_t)(tokens * c) * sizeof *b);
  ulp_ratio again = {NAN, 0}, plain = {NAN, 0};
  ulp_status status =
      x && a && b ? ULP_OK : ulp_error_set(e, ULP_ENOMEM, "out of memory");
  for (int64_t t = 0; status == ULP_OK && t < ULP_SERVED; t++)
    ulp_shift_token(x + t * c, s, &bed->pool, true, t, ULP_SERVED);
  for (int64_t t = 0; status == ULP_OK && t < tokens; t++) {
    ulp_shift_token(a + t * c, &same, &bed->pool, false, t, tokens);
    ulp_shift_token(b + t * c, s, &bed->pool, false, t, tokens);
  }
  if (status == ULP_OK)
    status = layer_snr(&o->snr, bed, j, &j->remedy, x, a, tokens, e);
  if (status == ULP_OK)
    status = layer_snr(&again, bed, j, &j->remedy, x, b, tokens, e);
  if (status == ULP_OK)
    status = layer_snr(&plain, bed, j, &none, x, a, tokens, e);
  o->retuned = again.snr_db;
  o->uncalibrated = plain.snr_db;
  o->scale = o->clipped = o->predicted_snr = o->predicted_clipped = NAN;
  free(x);
  free(a);
  free(b);
  return status;
}

ulp_status ulp_calibrated_run(ulp_calibrated_outcome *o,
                              const ulp_calibrated_bed *bed,
                              const ulp_calibrated_job *j, const ulp_shift *s,
                              int64_t batches, ulp_error *e)
{
  return j->kind == ULP_JOB_LAYER ? of_layer(o, bed, j, s, batches, e)
                                  : of_scales(o, bed, j, s, batches, e);
}
