/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/quantize_blocks.c: the one engine behind every quantizer.  A block
 * is gathered, its scale found and rounded to its format, its elements
 * encoded; what differs between implementations is in the quantizer.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "quantizer_internal.h"

/* ---- one block's place -------------------------------------------------- */

typedef struct {
  int64_t from[3], length[3], n;
} place;

static place place_of(const ulp_blocks *b, int64_t i)
{
  place p = {.n = 1};
  int64_t at[3] = {i / (b->grid[1] * b->grid[2]),
                   i / b->grid[2] % b->grid[1], i % b->grid[2]};
  for (int d = 0; d < 3; d++) {
    int64_t left = b->size[d] - at[d] * b->block[d];
    p.from[d] = at[d] * b->block[d];
    p.length[d] = left < b->block[d] ? left : b->block[d];
    p.n *= p.length[d];
  }
  return p;
}

/* The length of the first block, and so of the longest. */
static int64_t extent(const ulp_blocks *b, int dimension)
{
  int64_t size = b->size[dimension], block = b->block[dimension];
  return block < size ? block : size;
}

/* The array's index of the first element of line (plane, row) of a block;
 * elements of a line are neighbours. */
static int64_t line_at(const ulp_blocks *b, const place *p, int64_t line)
{
  int64_t plane = p->from[0] + line / p->length[1];
  int64_t row = p->from[1] + line % p->length[1];
  return (plane * b->size[1] + row) * b->size[2] + p->from[2];
}

static void gather(const ulp_blocks *b, const place *p, const float *x,
                   float *out)
{
  for (int64_t line = 0; line < p->length[0] * p->length[1]; line++)
    memcpy(out + line * p->length[2], x + line_at(b, p, line),
           (size_t)p->length[2] * sizeof *out);
}

/* ---- what is known of a block ------------------------------------------- */

/* As CUDA's .ftz instructions take and give their f32.  A product that rounds
 * to 2^-126 with 24 bits is no subnormal (measured: mul.rn.ftz.f32 of an H100
 * gives 2^-126 for 2^-126 (1 - 2^-26), and 0 for 2^-126 (1 - 2^-24)). */
static double flush(const ulp_quantizer *q, double x)
{
  return q->flush && fabs(x) < 0x1.ffffffp-127 ? copysign(0, x) : x;
}

static bool is_outlier(const ulp_quantizer *q, float x)
{
  return q->outlier > 0 && (double)fabsf(x) >= q->outlier;
}

static bool counts(const ulp_quantizer *q, float x)
{
  if (is_outlier(q, x)) return false;
  return q->over == ULP_OVER_FINITE    ? isfinite(x)
         : q->over == ULP_OVER_NUMBERS ? !isnan(x)
                                       : true;
}

double ulp_quantizer_amax(const ulp_quantizer *q, double amax, const float *x,
                          size_t n)
{
  for (size_t i = 0; i < n; i++)
    if (counts(q, x[i]) && !(fabs((double)x[i]) <= amax) && !isnan(amax))
      amax = fabs((double)x[i]);
  return flush(q, amax);
}

void ulp_quantizer_range(const ulp_quantizer *q, const float *x, size_t n,
                         double *lo, double *hi)
{
  for (size_t i = 0; i < n; i++) {
    if (!counts(q, x[i])) continue;
    if (!((double)x[i] >= *lo) && !isnan(*lo)) *lo = (double)x[i];
    if (!((double)x[i] <= *hi) && !isnan(*hi)) *hi = (double)x[i];
  }
}

static void set_constants(const ulp_quantizer *q, double amax, double global,
                          double v[ULP_VARIABLES])
{
  int k;
  memset(v, 0, sizeof *v * ULP_VARIABLES);
  v[ULP_VAR_TENSOR] = amax;
  v[ULP_VAR_GLOBAL] = global;
  v[ULP_VAR_MAX] = ulp_max(&q->element);
  v[ULP_VAR_MIN] = ulp_lowest(&q->element);
  frexp(v[ULP_VAR_MAX], &k);
  v[ULP_VAR_TOP] = ldexp(1, k - 1);
  v[ULP_VAR_BITS] = ulp_fraction_bits(&q->element);
}

double ulp_quantizer_global(const ulp_quantizer *q, double amax)
{
  double v[ULP_VARIABLES];
  set_constants(q, amax, 1, v);
  return q->global.count ? ulp_formula_eval(&q->global, q->arithmetic, v) : 1;
}

/* ---- scales ------------------------------------------------------------- */

/* A scale's code, and its value in v.  A zero is none of E8M0's values, and
 * no overflow of it either. */
static uint64_t round_scale(const ulp_quantizer *q, double raw,
                            double v[ULP_VARIABLES])
{
  if (raw == 0 && q->zero_scale > 0) raw = q->zero_scale;
  uint64_t code =
      q->arithmetic == ULP_IN_F64
          ? ulp_encode_f64(&q->scale, raw, &q->scale_rounding, 0)
          : ulp_encode_f32(&q->scale, (float)raw, &q->scale_rounding, 0);
  v[ULP_VAR_SCALE] = ulp_decode(&q->scale, code);
  if (v[ULP_VAR_SCALE] == 0 && q->zero_scale > 0) {
    code = ulp_encode_f64(&q->scale, q->zero_scale, &q->scale_rounding, 0);
    v[ULP_VAR_SCALE] = ulp_decode(&q->scale, code);
  }
  return code;
}

/* What elements are encoded with, once s is known. */
typedef struct {
  double factor, zero;
} setting;

/* A whole number that an int32 holds, whatever the formula gives; a scale that
 * is NaN has the zero point 0. */
static double zero_point(const ulp_quantizer *q, const double v[ULP_VARIABLES])
{
  double zero =
      q->zero.count ? ulp_formula_eval(&q->zero, q->arithmetic, v) : 0;
  return isnan(zero) ? 0 : nearbyint(fmax(-0x1p31, fmin(zero, 0x1p31 - 1)));
}

static setting setting_of(const ulp_quantizer *q,
                          const double v[ULP_VARIABLES])
{
  double factor = q->factor.count
                      ? ulp_formula_eval(&q->factor, q->arithmetic, v)
                      : v[ULP_VAR_SCALE];
  return (setting){
      .factor = flush(q, factor),
      .zero = zero_point(q, v)};
}

static double narrow(const ulp_quantizer *q, double x)
{
  return q->arithmetic == ULP_IN_F64 ? x
                                     : ulp_round_in(q->arithmetic, flush(q, x));
}

/* How codes become values: by a formula in q, or times a number. */
typedef struct {
  const ulp_formula *value; /* or NULL */
  double scale;
} decoding;

static decoding decoding_of(const ulp_quantizer *q,
                            const double v[ULP_VARIABLES])
{
  if (!q->decode.count) return (decoding){NULL, v[ULP_VAR_SCALE]};
  if (ulp_formula_has(&q->decode, ULP_VAR_CODE))
    return (decoding){&q->decode, 0};
  return (decoding){NULL, ulp_formula_eval(&q->decode, q->arithmetic, v)};
}

static double value_of(const ulp_quantizer *q, const decoding *d, double code,
                       double v[ULP_VARIABLES])
{
  if (!d->value) return narrow(q, code * d->scale);
  v[ULP_VAR_CODE] = code;
  return ulp_formula_eval(d->value, q->arithmetic, v);
}

static uint64_t encode(const ulp_quantizer *q, const setting *t, float x,
                       uint64_t index)
{
  double y = flush(q, is_outlier(q, x) ? 0 : (double)x);
  y = q->divide ? y / t->factor : y * t->factor;
  if (isnan(t->factor)) y = t->factor; /* of two NaNs this one, everywhere */
  y = narrow(q, y);
  if (q->bare_zero && (float)y == 0) y = 0; /* of an f32 quotient */
  if (q->zero.count)
    y = q->zero_after ? nearbyint(y) + t->zero : narrow(q, y + t->zero);
  if (q->ties != ULP_TIES_MODE)
    return ulp_encode_midpoints(q, (float)y);
  return q->arithmetic == ULP_IN_F64
             ? ulp_encode_f64(&q->element, y, &q->rounding, index)
             : ulp_encode_f32(&q->element, (float)y, &q->rounding, index);
}

/* ---- choosing between scales -------------------------------------------- */

/* A sum in the order and the precision of the quantizer, term by term: each
 * step passes its sums on to the next. */
typedef struct {
  const ulp_quantizer *q;
  int64_t seen[ULP_SUM_STEPS];
  double lane[ULP_SUM_STEPS][ULP_SUM_LANES];
  double total;
} running_sum;

static void sum_begin(running_sum *s, const ulp_quantizer *q)
{
  s->q = q;
  s->total = 0;
  for (int i = 0; i < q->sum.count; i++) {
    s->seen[i] = 0;
    memset(s->lane[i], 0, (size_t)q->sum.step[i].n * sizeof *s->lane[i]);
  }
}

static void sum_add(running_sum *s, int step, double term)
{
  for (int i = step; i < s->q->sum.count; i++) {
    const int n = s->q->sum.step[i].n;
    const bool neighbours = s->q->sum.step[i].neighbours;
    const int64_t at = s->seen[i]++ % n;
    double *lane = &s->lane[i][neighbours ? 0 : at];
    *lane = narrow(s->q, *lane + term);
    if (!neighbours || at < n - 1) return;
    term = *lane;
    *lane = 0;
  }
  s->total = narrow(s->q, s->total + term);
}

/* What the steps still hold is passed on, the first step's first. */
static double sum_end(running_sum *s)
{
  for (int i = 0; i < s->q->sum.count; i++) {
    const int64_t n = s->q->sum.step[i].n;
    int64_t held = s->seen[i] < n ? s->seen[i] : n;
    if (s->q->sum.step[i].neighbours) held = s->seen[i] % n != 0;
    for (int64_t k = 0; k < held; k++)
      sum_add(s, i + 1, s->lane[i][k]);
  }
  return s->total;
}

/* `value` is that of a code; NULL: as it is decoded. */
static double error_of(const ulp_quantizer *q, ulp_judge judge,
                       const ulp_formula *value, double v[ULP_VARIABLES],
                       const float *x, size_t n)
{
  setting t = setting_of(q, v);
  decoding d = value ? (decoding){value, 0} : decoding_of(q, v);
  running_sum sum;
  double most = 0;
  sum_begin(&sum, q);
  for (size_t i = 0; i < n; i++) {
    double code = ulp_decode(&q->element, encode(q, &t, x[i], i)) - t.zero;
    double e = fabs(narrow(q, value_of(q, &d, code, v) - (double)x[i]));
    if (judge == ULP_JUDGE_MSE) e = narrow(q, e * e);
    if (judge != ULP_JUDGE_MAX)
      sum_add(&sum, 0, e);
    else if (!(e <= most)) /* a NaN stays */
      most = isnan(most) ? most : e;
  }
  return judge == ULP_JUDGE_MAX ? most : sum_end(&sum);
}

static uint64_t choose_of_two(const ulp_quantizer *q, uint64_t code,
                              double v[ULP_VARIABLES], const float *x,
                              size_t n)
{
  double first = v[ULP_VAR_SCALE];
  const ulp_formula *value = q->error.count ? &q->error : NULL;
  uint64_t other =
      round_scale(q, ulp_formula_eval(&q->second, q->arithmetic, v), v);
  double second_error = error_of(q, q->judge, value, v, x, n);
  double second = v[ULP_VAR_SCALE];
  v[ULP_VAR_SCALE] = first;
  if (!(second_error < error_of(q, q->judge, value, v, x, n))) return code;
  v[ULP_VAR_SCALE] = second;
  return other;
}

/* Fractions of the amax, from 1 down to 1/5 (a grid as that of GPTQ's
 * quant.py, find_params, shrunk further); the largest of equals. */
static uint64_t search(const ulp_quantizer *q, double v[ULP_VARIABLES],
                       const float *x, size_t n)
{
  const double a = v[ULP_VAR_BLOCK], lo = v[ULP_VAR_LOW], hi = v[ULP_VAR_HIGH];
  double best = INFINITY, best_part = 1, part = 1;
  for (int i = 0;; i++) {
    part = i < q->search ? ulp_search_part(i, q->search) : best_part;
    v[ULP_VAR_BLOCK] = a * part;
    v[ULP_VAR_LOW] = lo * part;
    v[ULP_VAR_HIGH] = hi * part;
    uint64_t code = round_scale(q, ulp_formula_eval(&q->raw, q->arithmetic, v), v);
    if (i == q->search) return code;
    double e = error_of(q, q->search_for, NULL, v, x, n);
    if (e < best) {
      best = e;
      best_part = part;
    }
  }
}

/* ---- scales without elements -------------------------------------------- */

/* Between the values of neighbouring codes, whether decode is a factor of a
 * code or a formula of it. */
static double step_of(const ulp_quantizer *q, double v[ULP_VARIABLES])
{
  decoding d = decoding_of(q, v);
  return value_of(q, &d, 1, v);
}

ulp_choice ulp_quantizer_choose(const ulp_quantizer *q, const ulp_known *known)
{
  double v[ULP_VARIABLES];
  ulp_choice c;
  set_constants(q, known->amax, known->global, v);
  v[ULP_VAR_BLOCK] = known->a;
  v[ULP_VAR_LOW] = known->lo;
  v[ULP_VAR_HIGH] = known->hi;
  v[ULP_VAR_MAX] *= known->reach;
  v[ULP_VAR_MIN] *= known->reach;
  v[ULP_VAR_TOP] *= known->reach;
  c.code = round_scale(q, ulp_formula_eval(&q->raw, q->arithmetic, v), v);
  c.zero = (int32_t)setting_of(q, v).zero;
  c.step = step_of(q, v);
  return c;
}

static bool needs_block(const ulp_formula *f)
{
  return ulp_formula_has(f, ULP_VAR_TENSOR) ||
         ulp_formula_has(f, ULP_VAR_BLOCK) || ulp_formula_has(f, ULP_VAR_LOW) ||
         ulp_formula_has(f, ULP_VAR_HIGH) || ulp_formula_has(f, ULP_VAR_COUNT);
}

/* How elements are encoded when the scale is given.  Of the block that it was
 * chosen for nothing else is known, so what codes are decoded with decides. */
static setting given(const ulp_quantizer *q, double v[ULP_VARIABLES],
                     double zero)
{
  setting t = {.factor = v[ULP_VAR_SCALE], .zero = zero};
  if (q->factor.count && !needs_block(&q->factor)) {
    t.factor = ulp_formula_eval(&q->factor, q->arithmetic, v);
  } else if (q->factor.count) {
    double step = step_of(q, v);
    t.factor = q->divide ? step : narrow(q, 1 / step);
    if (isinf(t.factor) && step != 0) /* as rows bound theirs by HUGE */
      t.factor = copysign(FLT_MAX, t.factor);
  }
  t.factor = flush(q, t.factor);
  return t;
}

/* ---- one block ---------------------------------------------------------- */

typedef struct {
  const ulp_quantizer *q;
  const ulp_blocks *b;
  const ulp_quantized *out;
  double amax, global;
  uint64_t index;
  float *room; /* of a gathered block */
} work;

static void measure(const work *w, const float *x, size_t n,
                    double v[ULP_VARIABLES])
{
  const ulp_quantizer *q = w->q;
  set_constants(q, w->amax, w->global, v);
  v[ULP_VAR_COUNT] = (double)n;
  v[ULP_VAR_BLOCK] = q->percentile < 100
                         ? ulp_block_percentile(x, n, q->percentile)
                         : ulp_quantizer_amax(q, 0, x, n);
  /* From zero, which always lies between lo and hi. */
  ulp_quantizer_range(q, x, n, &v[ULP_VAR_LOW], &v[ULP_VAR_HIGH]);
}

static setting find_scale(const work *w, int64_t block, const float *x,
                          size_t n)
{
  const ulp_quantizer *q = w->q;
  double v[ULP_VARIABLES];
  if (q->fixed) {
    set_constants(q, w->amax, w->global, v);
    v[ULP_VAR_SCALE] = ulp_decode(
        &q->scale, ulp_load_code(&q->scale, w->out->scales, (size_t)block));
    return given(q, v, w->out->zeros ? (double)w->out->zeros[block] : 0);
  }
  measure(w, x, n, v);
  uint64_t code =
      q->search ? search(q, v, x, n)
                : round_scale(q, ulp_formula_eval(&q->raw, q->arithmetic, v),
                              v);
  if (q->second.count) code = choose_of_two(q, code, v, x, n);
  if (w->out->scales)
    ulp_store_code(&q->scale, w->out->scales, (size_t)block, code);
  setting t = setting_of(q, v);
  if (w->out->zeros) w->out->zeros[block] = (int32_t)t.zero;
  return t;
}

static void quantize_block(const work *w, const float *x, int64_t i)
{
  const ulp_quantizer *q = w->q;
  place p = place_of(w->b, i);
  const float *values = w->room;
  if (w->room && p.n > 0)
    gather(w->b, &p, x, w->room);
  else if (p.n > 0)
    values = x + line_at(w->b, &p, 0);
  setting t = find_scale(w, i, values, (size_t)p.n);
  for (int64_t line = 0; line < p.length[0] * p.length[1]; line++) {
    int64_t at = line_at(w->b, &p, line);
    for (int64_t k = 0; k < p.length[2]; k++)
      ulp_store_code(&q->element, w->out->codes, (size_t)(at + k),
                     encode(q, &t, x[at + k],
                            w->index + (uint64_t)(at + k)));
  }
}

ulp_status ulp_quantize_blocks(const ulp_quantizer *q, const ulp_blocks *b,
                               const ulp_quantized *out, const float *x,
                               double amax, double global, int64_t first,
                               int64_t n, uint64_t index)
{
  work w = {q, b, out, amax, global, index, NULL};
  if (first < 0 || n < 0 || n > b->blocks || first > b->blocks - n ||
      ulp_rounding_check(&q->rounding) != ULP_OK ||
      (q->fixed && (!out->scales || (!out->zeros && q->zero.count))))
    return ULP_EINVAL;
  int64_t lines = extent(b, 0) * extent(b, 1);
  if (lines > 1) {
    w.room = malloc((size_t)(lines * extent(b, 2) + 1) * sizeof *w.room);
    if (!w.room) return ULP_ENOMEM;
  }
  for (int64_t i = first; i < first + n; i++)
    quantize_block(&w, x, i);
  free(w.room);
  return ULP_OK;
}

/* ---- back --------------------------------------------------------------- */

void ulp_dequantize_blocks(const ulp_quantizer *q, const ulp_blocks *b,
                           float *y, const ulp_quantized *in, double global,
                           int64_t first, int64_t n)
{
  double v[ULP_VARIABLES];
  set_constants(q, 0, global, v);
  for (int64_t i = first; i < first + n; i++) {
    place p = place_of(b, i);
    double zero = in->zeros ? (double)in->zeros[i] : 0;
    if (in->scales) {
      v[ULP_VAR_SCALE] = ulp_decode(
          &q->scale, ulp_load_code(&q->scale, in->scales, (size_t)i));
    }
    decoding d = in->scales ? decoding_of(q, v) : (decoding){NULL, 1};
    for (int64_t line = 0; line < p.length[0] * p.length[1]; line++) {
      int64_t at = line_at(b, &p, line);
      for (int64_t k = 0; k < p.length[2]; k++) {
        double code = ulp_decode(
            &q->element,
            ulp_load_code(&q->element, in->codes, (size_t)(at + k)));
        y[at + k] = (float)value_of(q, &d, code - zero, v);
      }
    }
  }
}
