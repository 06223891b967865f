/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/batch_scales.c: the scales of many blocks, and the factors and
 * zero points that follow from them.
 */
#include <math.h>
#include <string.h>

#include "quantize_batch.h"

/* ---- what formulas know of a block -------------------------------------- */

static double number_of(int32_t bits)
{
  float a;
  memcpy(&a, &bits, sizeof a);
  return (double)a;
}

/* Of a block with an infinity or a NaN, as q counts them. */
static void measure_odd(ulp_batch_work *w, size_t i)
{
  const float *x = w->task->x + i * w->n;
  w->a[i] = ulp_quantizer_amax(w->t->q, 0, x, w->n);
  w->low[i] = w->high[i] = 0;
  if (w->t->range)
    ulp_quantizer_range(w->t->q, x, w->n, &w->low[i], &w->high[i]);
}

static void measure_all(ulp_batch_work *w)
{
  const int32_t infinity = INT32_C(0x7f800000);
  int32_t high[ULP_FORMULA_LANES] = {0}, low[ULP_FORMULA_LANES] = {0};
  bool odd = false;
  if (w->t->range)
    ulp_block_range((uint32_t *)high, (uint32_t *)low, w->task->x, w->blocks,
                    w->n);
  else
    ulp_block_amax((uint32_t *)high, w->task->x, w->blocks, w->n);
  for (size_t i = 0; i < ULP_FORMULA_LANES; i++) {
    int32_t most = high[i] > low[i] ? high[i] : low[i];
    odd |= most >= infinity;
    w->a[i] = number_of(most);
    w->high[i] = number_of(high[i]);
    w->low[i] = 0 - number_of(low[i]); /* 0, not -0 */
  }
  for (size_t i = 0; odd && i < w->blocks; i++)
    if (high[i] >= infinity || low[i] >= infinity) measure_odd(w, i);
}

void ulp_batch_measure(ulp_batch_work *w)
{
  double percentile = w->t->q->percentile;
  w->t->v[ULP_VAR_COUNT] = (double)w->n;
  measure_all(w);
  for (size_t i = 0; percentile < 100 && i < w->blocks; i++)
    w->a[i] = ulp_block_percentile(w->task->x + i * w->n, w->n, percentile);
}

/* ---- codes of scales ---------------------------------------------------- */

/* As ulp_element_scale. */
static void find_raw(const ulp_batch_work *w, ulp_batch_setting *s,
                     const ulp_formula *raw, const double *before)
{
  const ulp_quantizer *q = w->t->q;
  const double *lane[ULP_VARIABLES] = {
      [ULP_VAR_BLOCK] = w->a, [ULP_VAR_LOW] = w->low,
      [ULP_VAR_HIGH] = w->high, [ULP_VAR_SCALE] = before};
  ulp_formula_eval_many(raw, q->arithmetic, s->raw, w->t->v, lane);
  double stands = q->arithmetic == ULP_IN_F64 ? q->zero_scale
                                              : (double)(float)q->zero_scale;
  for (size_t i = 0; q->zero_scale > 0 && i < ULP_FORMULA_LANES; i++)
    s->raw[i] = s->raw[i] == 0 ? stands : s->raw[i];
}

typedef struct {
  const ulp_quantizer *q;
  const ulp_batch_setting *s;
} scale_context;

static uint64_t one_scale(const void *context, size_t i)
{
  const scale_context *c = context;
  return ulp_encode_f64(&c->q->scale, c->s->raw[i], &c->q->scale_rounding, 0);
}

/* Each block's random word is that of an array of one scale, so that kernels
 * do not know it. */
static void encode_scales(const ulp_batch_work *w, ulp_batch_setting *s)
{
  const ulp_format *f = &w->t->q->scale;
  scale_context c = {w->t->q, s};
  ulp_encode_job job = {.out = s->code, .in = s->raw, .n = w->blocks,
                        .one = one_scale, .context = &c};
  if (w->t->scale.fast && !w->t->scale.random) {
    ulp_encode_many(&w->t->scale, ULP_FROM_F64, &job);
    return;
  }
  for (size_t i = 0; i < w->blocks; i++)
    ulp_store_code(f, s->code, i, one_scale(&c, i));
}

/* An f32 that is one already, or is rounded to nearest as C does. */
static bool encode_f32_scales(const ulp_batch_work *w, ulp_batch_setting *s)
{
  const ulp_quantizer *q = w->t->q;
  scale_context c = {q, s};
  if (!w->t->scale_is_f32) return false;
  for (size_t i = 0; i < w->blocks; i++) {
    float narrow = (float)s->raw[i];
    if (isfinite(narrow) && (q->scale_rounding.mode == ULP_RNE ||
                             (double)narrow == s->raw[i]))
      memcpy(s->code + 4 * i, &narrow, 4);
    else
      ulp_store_code(&q->scale, s->code, i, one_scale(&c, i));
  }
  return true;
}

static bool is_f32(const ulp_format *f)
{
  return f->bits == 32 && f->kind == ULP_FLOAT && f->man_bits == 23 &&
         f->storage_shift == 0;
}

void ulp_batch_scales(ulp_batch *t)
{
  t->scale_is_f32 = is_f32(&t->q->scale);
  for (uint64_t code = 0; t->q->scale.bits <= 8 && code < 256; code++)
    t->scale_value[code] = ulp_decode(&t->q->scale, code);
}

double ulp_batch_scale(const ulp_batch *t, const void *codes, size_t i)
{
  const ulp_format *f = &t->q->scale;
  const uint8_t *byte = codes;
  float y;
  if (f->bits <= 8) return t->scale_value[byte[i]];
  if (!t->scale_is_f32) return ulp_decode(f, ulp_load_code(f, codes, i));
  memcpy(&y, byte + 4 * i, sizeof y);
  return (double)y;
}

static void leave_nan(ulp_batch_work *w, const double *x)
{
  bool any = false;
  for (size_t i = 0; i < w->blocks; i++)
    any |= isnan(x[i]);
  for (size_t i = 0; any && i < w->blocks; i++)
    if (isnan(x[i])) ulp_batch_leave(w, i);
}

/* A scale that is 0, where that stands for another. */
static void replace_zero(const ulp_quantizer *q, ulp_batch_setting *s,
                         size_t i)
{
  uint64_t code =
      ulp_encode_f64(&q->scale, q->zero_scale, &q->scale_rounding, 0);
  s->scale[i] = ulp_decode(&q->scale, code);
  ulp_store_code(&q->scale, s->code, i, code);
}

/* A scale that is NaN may have either sign, which depends on the order of
 * operands that the compiler chose. */
static void find_scales(ulp_batch_work *w, ulp_batch_setting *s)
{
  const ulp_quantizer *q = w->t->q;
  if (!encode_f32_scales(w, s)) encode_scales(w, s);
  for (size_t i = 0; i < w->blocks; i++)
    s->scale[i] = ulp_batch_scale(w->t, s->code, i);
  for (size_t i = w->blocks; i < ULP_FORMULA_LANES; i++)
    s->scale[i] = 1;
  leave_nan(w, s->raw);
  for (size_t i = 0; q->zero_scale > 0 && i < w->blocks; i++)
    if (s->scale[i] == 0) replace_zero(q, s, i);
}

/* ---- what follows ------------------------------------------------------- */

/* As zero_point in quantize_element.c; blocks whose zero point is no f32 are
 * left. */
static void round_zeros(ulp_batch_work *w, ulp_batch_setting *s)
{
  double most = 0;
  for (size_t i = 0; i < ULP_FORMULA_LANES; i++) {
    s->zero[i] = isnan(s->zero[i]) ? 0 : s->zero[i];
    most = fabs(s->zero[i]) > most ? fabs(s->zero[i]) : most;
  }
  for (size_t i = 0; most > 0x1p24 && i < ULP_FORMULA_LANES; i++)
    if (fabs(s->zero[i]) > 0x1p24) {
      ulp_batch_leave(w, i);
      s->zero[i] = 0;
    }
  for (size_t i = 0; i < ULP_FORMULA_LANES; i++)
    s->zero[i] = ulp_whole(s->zero[i]);
}

static void find_factors(ulp_batch_work *w, ulp_batch_setting *s)
{
  const ulp_quantizer *q = w->t->q;
  const double *lane[ULP_VARIABLES] = {
      [ULP_VAR_BLOCK] = w->a, [ULP_VAR_LOW] = w->low,
      [ULP_VAR_HIGH] = w->high, [ULP_VAR_SCALE] = s->scale};
  if (q->zero.count) {
    ulp_formula_eval_many(&q->zero, q->arithmetic, s->zero, w->t->v, lane);
    round_zeros(w, s);
  }
  if (q->factor.count)
    ulp_formula_eval_many(&q->factor, q->arithmetic, s->factor, w->t->v, lane);
  else
    memcpy(s->factor, s->scale, sizeof s->factor);
  for (size_t i = 0; q->flush && i < w->blocks; i++)
    s->factor[i] = ulp_element_flush(q, s->factor[i]);
}

void ulp_batch_set(ulp_batch_work *w, ulp_batch_setting *s,
                   const ulp_formula *raw, const double *before)
{
  find_raw(w, s, raw, before);
  find_scales(w, s);
  find_factors(w, s);
  leave_nan(w, s->factor); /* an element's NaN would have its sign */
}

void ulp_batch_set_given(ulp_batch_work *w, ulp_batch_setting *s)
{
  const ulp_batch_task *task = w->task;
  double v[ULP_VARIABLES];
  memcpy(v, w->t->v, sizeof v);
  for (size_t i = 0; i < w->blocks; i++) {
    v[ULP_VAR_SCALE] = ulp_batch_scale(w->t, task->scales, i);
    s->zero[i] = task->zeros ? (double)task->zeros[i] : 0;
    s->factor[i] = ulp_element_given(w->t->q, v, s->zero[i]).factor;
    if (fabs(s->zero[i]) > 0x1p24) ulp_batch_leave(w, i);
  }
  leave_nan(w, s->factor); /* an element's NaN would have its sign */
}
