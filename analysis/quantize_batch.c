/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/quantize_batch.c: many blocks at once, by the kernels of
 * formats/convert.h.
 *
 * The quantizer's own formulas are evaluated for a batch of blocks, step by
 * step; its scales are encoded together; its elements are scaled and encoded
 * where they lie.  What is out of the ordinary (a block with an infinity or a
 * NaN, a factor that is no f32, ...) is left to quantize_blocks.c, and of an
 * ordinary block the elements that a kernel does not do to
 * ulp_element_encode.
 */
#include <math.h>
#include <string.h>

#include "quantize_element.h"

/* ---- which quantizers --------------------------------------------------- */

/* Each scale is a formula of the block's amax and range alone; zero points are
 * f32 beside f32. */
static bool scales_by_formula(const ulp_quantizer *q)
{
  return !q->fixed && !q->search && q->percentile >= 100 &&
         !q->second.count && q->scale_rounding.mode != ULP_SR &&
         (!q->zero.count || q->arithmetic == ULP_IN_F32);
}

static bool asks_range(const ulp_quantizer *q)
{
  const ulp_formula *const all[] = {&q->raw, &q->factor, &q->zero};
  for (size_t i = 0; i < 3; i++)
    if (ulp_formula_has(all[i], ULP_VAR_LOW) ||
        ulp_formula_has(all[i], ULP_VAR_HIGH))
      return true;
  return false;
}

bool ulp_batch_encodes(ulp_batch *t, const ulp_quantizer *q, double amax,
                       double global)
{
  if (!scales_by_formula(q) || !ulp_batch_plain(q) || q->outlier > 0 ||
      q->ties != ULP_TIES_MODE)
    return false;
  t->q = q;
  t->range = asks_range(q);
  ulp_encoder_make(&t->element, &q->element, &q->rounding);
  ulp_encoder_make(&t->scale, &q->scale, &q->scale_rounding);
  ulp_element_constants(q, amax, global, t->v);
  ulp_batch_scales(t);
  return t->element.fast && t->element.to.storage_bytes <= 2;
}

/* ---- scales ------------------------------------------------------------- */

typedef struct {
  ulp_batch *t;
  const float *x;
  size_t blocks, n;
  uint64_t index, left; /* bit i: block i is not for kernels */
  double a[ULP_FORMULA_LANES], raw[ULP_FORMULA_LANES],
      scale[ULP_FORMULA_LANES], factor[ULP_FORMULA_LANES];
  double power[ULP_FORMULA_LANES], low[ULP_FORMULA_LANES],
      high[ULP_FORMULA_LANES], zero[ULP_FORMULA_LANES];
} batch;

static void leave(batch *w, size_t i) { w->left |= UINT64_C(1) << i; }

/* A magnitude of a finite number by its bits; else block i is left. */
static double magnitude(batch *w, size_t i, uint32_t bits)
{
  float a;
  if (i >= w->blocks) return 0;
  if (bits >= UINT32_C(0x7f800000)) {
    leave(w, i);
    return 0;
  }
  memcpy(&a, &bits, sizeof a);
  return (double)a;
}

static void find_amax(batch *w)
{
  uint32_t high[ULP_FORMULA_LANES], low[ULP_FORMULA_LANES];
  if (w->t->range)
    ulp_block_range(high, low, w->x, w->blocks, w->n);
  else
    ulp_block_amax(high, w->x, w->blocks, w->n);
  for (size_t i = 0; i < ULP_FORMULA_LANES; i++) {
    w->high[i] = w->a[i] = magnitude(w, i, high[i]);
    if (!w->t->range) continue;
    double below = magnitude(w, i, low[i]);
    if (below > w->a[i]) w->a[i] = below;
    w->low[i] = 0 - below; /* 0, not -0 */
  }
}

/* As ulp_element_scale. */
static void find_raw(batch *w)
{
  const ulp_quantizer *q = w->t->q;
  const double *lane[ULP_VARIABLES] = {[ULP_VAR_BLOCK] = w->a,
                                       [ULP_VAR_LOW] = w->low,
                                       [ULP_VAR_HIGH] = w->high};
  w->t->v[ULP_VAR_COUNT] = (double)w->n;
  ulp_formula_eval_many(&q->raw, q->arithmetic, w->raw, w->t->v, lane);
  for (size_t i = 0; i < w->blocks; i++) {
    if (w->raw[i] == 0 && q->zero_scale > 0) w->raw[i] = q->zero_scale;
    if (q->arithmetic == ULP_IN_F32) w->raw[i] = (double)(float)w->raw[i];
  }
}

static uint64_t one_scale(const void *context, size_t i)
{
  const batch *w = context;
  const ulp_quantizer *q = w->t->q;
  return ulp_encode_f64(&q->scale, w->raw[i], &q->scale_rounding, 0);
}

/* The code of a power of two within E8M0, whatever the rounding; or 0. */
static uint64_t e8m0_code(const ulp_format *f, double x)
{
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  int64_t field = (int64_t)(bits >> 52) - 1023 + f->bias;
  bool power = (bits & ((UINT64_C(1) << 52) - 1)) == 0;
  return power && f->man_bits == 0 && field > 0 &&
                 field <= (int64_t)f->max_code
             ? (uint64_t)field
             : 0;
}

static void encode_scales(const batch *w, void *codes)
{
  const ulp_format *f = &w->t->q->scale;
  ulp_encode_job job = {.out = codes, .in = w->raw, .n = w->blocks,
                        .one = one_scale, .context = w};
  if (w->t->scale.fast) {
    ulp_encode_many(&w->t->scale, ULP_FROM_F64, &job);
    return;
  }
  for (size_t i = 0; i < w->blocks; i++) {
    uint64_t code = f->zero == ULP_ZERO_NONE ? e8m0_code(f, w->raw[i]) : 0;
    if (code == 0) code = one_scale(w, i);
    ulp_store_code(f, codes, i, code);
  }
}

/* An f32 that is one already, or is rounded to nearest as C does. */
static bool encode_f32_scales(const batch *w, void *codes)
{
  const ulp_quantizer *q = w->t->q;
  const ulp_format *f = &q->scale;
  if (f->bits != 32 || f->kind != ULP_FLOAT || f->man_bits != 23) return false;
  for (size_t i = 0; i < w->blocks; i++) {
    float narrow = (float)w->raw[i];
    if (isfinite(narrow) && (q->scale_rounding.mode == ULP_RNE ||
                             (double)narrow == w->raw[i]))
      memcpy((char *)codes + 4 * i, &narrow, 4);
    else
      ulp_store_code(f, codes, i, one_scale(w, i));
  }
  return true;
}

static void find_scales(batch *w, void *codes)
{
  const ulp_quantizer *q = w->t->q;
  find_raw(w);
  if (!encode_f32_scales(w, codes)) encode_scales(w, codes);
  for (size_t i = 0; i < ULP_FORMULA_LANES; i++) {
    if (i >= w->blocks) {
      w->scale[i] = 1;
      continue;
    }
    w->scale[i] = ulp_batch_scale(w->t, codes, i);
    if (w->scale[i] == 0 && q->zero_scale > 0) {
      uint64_t code =
          ulp_encode_f64(&q->scale, q->zero_scale, &q->scale_rounding, 0);
      w->scale[i] = ulp_decode(&q->scale, code);
      ulp_store_code(&q->scale, codes, i, code);
    }
  }
}

/* As zero_point in quantize_element.c, where it is no f32 left alone. */
static void round_zeros(batch *w)
{
  for (size_t i = 0; i < w->blocks; i++) {
    double zero = w->zero[i];
    zero = isnan(zero) ? 0 : nearbyint(fmax(-0x1p31, fmin(zero, 0x1p31 - 1)));
    if (fabs(zero) > 0x1p24) leave(w, i);
    w->zero[i] = zero;
  }
}

static void find_factors(batch *w)
{
  const ulp_quantizer *q = w->t->q;
  const double *lane[ULP_VARIABLES] = {
      [ULP_VAR_BLOCK] = w->a, [ULP_VAR_LOW] = w->low,
      [ULP_VAR_HIGH] = w->high, [ULP_VAR_SCALE] = w->scale};
  if (q->zero.count) {
    ulp_formula_eval_many(&q->zero, q->arithmetic, w->zero, w->t->v, lane);
    round_zeros(w);
  }
  if (q->factor.count)
    ulp_formula_eval_many(&q->factor, q->arithmetic, w->factor, w->t->v, lane);
  else
    memcpy(w->factor, w->scale, sizeof w->factor);
}

/* ---- elements ----------------------------------------------------------- */

static uint64_t one_element(const void *context, size_t i)
{
  const batch *w = context;
  bool shifts = w->t->q->zero.count;
  ulp_setting t = {.factor = w->factor[i / w->n],
                   .zero = shifts ? w->zero[i / w->n] : 0};
  return ulp_element_encode(w->t->q, &t, w->x[i], w->index + i);
}

/* Whether what f64 makes of x and the factor is a product of f32: with a power
 * of two, which is exact, or so small (below 2^-126) that what is lost does
 * not count, where `tiny` allows it.  One beyond f32 is an infinity, which
 * kernels leave to one_element. */
static bool by_power(const batch *w, size_t i, bool tiny, double *power)
{
  uint64_t bits;
  double factor = w->factor[i];
  memcpy(&bits, &factor, sizeof bits);
  if ((bits & ((UINT64_C(1) << 52) - 1)) != 0 || !(factor >= 0x1p-126) ||
      !(factor <= 0x1p126))
    return false;
  if (w->t->q->divide) bits = (UINT64_C(2046) << 52) - bits;
  memcpy(power, &bits, sizeof bits);
  return tiny || *power >= 1;
}

/* Rounding to nearest or to zero sees no difference between 0 and what is far
 * below the format's least value. */
static bool tiny_is_zero(const ulp_batch *t)
{
  return (t->q->rounding.mode <= ULP_RTZ) && t->element.last > 30;
}

/* How elements become what is encoded: in f32 where that gives the same. */
static ulp_scaling find_scaling(batch *w)
{
  const ulp_quantizer *q = w->t->q;
  bool tiny = tiny_is_zero(w->t), powers = true;
  if (q->arithmetic == ULP_IN_F32) {
    for (size_t i = 0; i < w->blocks; i++)
      if ((double)(float)w->factor[i] != w->factor[i]) leave(w, i);
    return q->divide ? ULP_SCALED_OVER_F32 : ULP_SCALED_TIMES_F32;
  }
  for (size_t i = 0; i < w->blocks && powers; i++)
    powers = by_power(w, i, tiny, &w->power[i]);
  if (powers) return ULP_SCALED_TIMES_F32;
  for (size_t i = 0; i < w->blocks; i++)
    if (isnan(w->factor[i]) || q->bare_zero) leave(w, i);
  memcpy(w->power, w->factor, sizeof w->power);
  return q->divide ? ULP_SCALED_OVER_F64 : ULP_SCALED_TIMES_F64;
}

uint64_t ulp_batch_encode(ulp_batch *t, void *codes, void *scales,
                          int32_t *zeros, const float *x, size_t blocks,
                          size_t n, uint64_t index)
{
  float zero[ULP_FORMULA_LANES];
  bool shifts = t->q->zero.count;
  uint8_t room[4 * ULP_FORMULA_LANES];
  batch w; /* too large to be cleared for each batch */
  w.t = t, w.x = x, w.blocks = blocks, w.n = n, w.index = index, w.left = 0;
  find_amax(&w);
  find_scales(&w, room);
  if (scales) memcpy(scales, room, blocks * t->q->scale.storage_bytes);
  find_factors(&w);
  ulp_scaling scaling = find_scaling(&w);
  for (size_t i = 0; shifts && i < blocks; i++)
    zero[i] = (float)w.zero[i];
  for (size_t i = 0; zeros && i < blocks; i++)
    zeros[i] = shifts ? (int32_t)w.zero[i] : 0;
  bool own = t->q->arithmetic == ULP_IN_F32;
  ulp_encode_job job = {.out = codes, .in = x, .n = blocks * n,
                        .index = index, .scaling = scaling,
                        .factor = own ? w.factor : w.power, .every = n,
                        .bare_zero = t->q->bare_zero,
                        .whole = shifts && t->q->zero_after,
                        .zero = shifts ? zero : NULL, .one = one_element,
                        .context = &w};
  ulp_encode_many(&t->element, ULP_FROM_F32, &job);
  return w.left;
}
