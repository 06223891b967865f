/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/calibrate.c: statistics of blocks over batches, and the scales
 * that they give.
 */
#include "calibrate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "quantizer_internal.h"

/* A histogram costs megabytes: this many fit an ordinary machine. */
enum { HISTOGRAMS_MOST = 256 };

typedef struct {
  bool any; /* a value that counts */
  float lo, hi;
} range;

struct ulp_observer {
  ulp_observer_spec spec;
  ulp_quantizer q;
  ulp_blocks b; /* of the first batch: the shape of the scales */
  int64_t batches;
  range *now, *last, *all; /* of each block: this batch, the last, their sum */
  ulp_summary **histogram;
  float *history;        /* amaxes, length of each block, a ring */
  int *at;               /* where its oldest is */
  unsigned char *scales; /* of delayed scaling */
};

static bool is_delayed(const ulp_observer *o)
{
  return o->spec.kind >= ULP_OBSERVE_DELAYED;
}

static bool has_histogram(const ulp_observer *o)
{
  return o->spec.kind == ULP_OBSERVE_PERCENTILE ||
         o->spec.kind == ULP_OBSERVE_MSE;
}

/* ---- life --------------------------------------------------------------- */

static ulp_status check_formulas(const ulp_quantizer *q, ulp_error *e)
{
  if (q->search || q->percentile < 100 || q->second.count ||
      ulp_formula_has(&q->raw, ULP_VAR_COUNT))
    return ulp_error_set(e, ULP_EINVAL,
                         "the scales of %s depend on each element of a block, "
                         "expected a rule such as amax or minmax: mse and "
                         "percentile are observers",
                         q->name);
  if (q->nested[0])
    return ulp_error_set(e, ULP_EINVAL,
                         "%s has scales of scales, expected scales alone",
                         q->name);
  return ULP_OK;
}

static ulp_status check_delayed(const ulp_observer_spec *s,
                                const ulp_quantizer *q, ulp_error *e)
{
  const char *name = ulp_observer_row_at(s->kind)->name;
  if (q->global.count || q->zero.count)
    return ulp_error_set(
        e, ULP_EINVAL, "observer %s: %s has a %s, expected scales alone", name,
        q->name, q->global.count ? "global scale" : "zero point");
  if (s->margin && !ulp_formula_has(&q->raw, ULP_VAR_MAX) &&
      !ulp_formula_has(&q->raw, ULP_VAR_TOP))
    return ulp_error_set(e, ULP_EINVAL,
                         "observer %s: the scales of %s are no quotient of "
                         "MAX or TOP, expected a margin of 0",
                         name, q->name);
  return ULP_OK;
}

static ulp_status check(const ulp_observer_spec *s, const ulp_quantizer *q,
                        const ulp_blocks *b, ulp_error *e)
{
  const char *name = ulp_observer_row_at(s->kind)->name;
  ulp_status status = check_formulas(q, e);
  if (status != ULP_OK) return status;
  if (s->kind >= ULP_OBSERVE_DELAYED) return check_delayed(s, q, e);
  if (s->kind == ULP_OBSERVE_MSE && q->zero.count)
    return ulp_error_set(e, ULP_EINVAL,
                         "observer mse: %s has a zero point, expected none",
                         q->name);
  if (s->kind >= ULP_OBSERVE_PERCENTILE && b->blocks > HISTOGRAMS_MOST)
    return ulp_error_set(e, ULP_EINVAL,
                         "observer %s: %lld blocks, expected up to %d: each "
                         "has a histogram",
                         name, (long long)b->blocks, HISTOGRAMS_MOST);
  return ULP_OK;
}

static bool make_room(ulp_observer *o)
{
  size_t n = (size_t)o->b.blocks + 1;
  o->now = calloc(n, sizeof *o->now);
  o->last = calloc(n, sizeof *o->last);
  o->all = calloc(n, sizeof *o->all);
  if (!o->now || !o->last || !o->all) return false;
  if (has_histogram(o)) {
    o->histogram = calloc(n, sizeof *o->histogram);
    for (int64_t i = 0; o->histogram && i < o->b.blocks; i++)
      if (!(o->histogram[i] = ulp_summary_new())) return false;
    return o->histogram;
  }
  if (!is_delayed(o)) return true;
  o->history = calloc(n, (size_t)o->spec.length * sizeof *o->history);
  o->at = calloc(n, sizeof *o->at);
  o->scales = malloc(n * o->q.scale.storage_bytes);
  return o->history && o->at && o->scales;
}

ulp_status ulp_observer_new(ulp_observer **out, const ulp_observer_spec *spec,
                            const ulp_quantizer *q, const ulp_blocks *b,
                            ulp_error *e)
{
  *out = NULL;
  ulp_status status = check(spec, q, b, e);
  if (status != ULP_OK) return status;
  ulp_observer *o = calloc(1, sizeof *o);
  if (o) {
    o->spec = *spec;
    o->q = *q;
    o->b = *b;
  }
  if (!o || !make_room(o)) {
    ulp_observer_free(o);
    return ulp_error_set(e, ULP_ENOMEM, "%s", ulp_strerror(ULP_ENOMEM));
  }
  /* TE's scales begin as ones: DelayedScalingRecipeState. */
  for (int64_t i = 0; o->scales && i < b->blocks; i++)
    ulp_store_code(&q->scale, o->scales, (size_t)i,
                   ulp_encode_f64(&q->scale, 1, &q->scale_rounding, 0));
  *out = o;
  return ULP_OK;
}

void ulp_observer_free(ulp_observer *o)
{
  if (!o) return;
  for (int64_t i = 0; o->histogram && i < o->b.blocks; i++)
    ulp_summary_free(o->histogram[i]);
  free(o->histogram);
  free(o->now);
  free(o->last);
  free(o->all);
  free(o->history);
  free(o->at);
  free(o->scales);
  free(o);
}

/* ---- a batch ------------------------------------------------------------ */

bool ulp_observer_fits(const ulp_observer *o, const ulp_blocks *b)
{
  return b->ndim == o->b.ndim &&
         !memcmp(b->shape, o->b.shape, sizeof *b->shape * (size_t)b->ndim);
}

static void add_histogram(ulp_summary *s, const float *x, int64_t n)
{
  double wide[1024];
  for (int64_t i = 0; i < n; i += 1024) {
    int64_t some = n - i < 1024 ? n - i : 1024;
    for (int64_t k = 0; k < some; k++)
      wide[k] = (double)x[i + k];
    ulp_summary_add(s, wide, (size_t)some);
  }
}

static void add_run(ulp_observer *o, int64_t block, const float *x, int64_t n)
{
  range *r = &o->now[block];
  double lo = r->any ? (double)r->lo : INFINITY;
  double hi = r->any ? (double)r->hi : -INFINITY;
  ulp_quantizer_range(&o->q, x, (size_t)n, &lo, &hi);
  if (!(lo > hi)) *r = (range){true, (float)lo, (float)hi};
  if (o->histogram) add_histogram(o->histogram[block], x, n);
}

/* Neighbours of a line share a block as far as it reaches. */
ulp_status ulp_observer_add(ulp_observer *o, const ulp_blocks *b,
                            const float *x, int64_t first, int64_t n)
{
  if (!ulp_observer_fits(o, b) || first < 0 || n < 0 || first > b->elements - n)
    return ULP_EINVAL;
  for (int64_t i = first, end = first + n, run; i < end; x += run, i += run) {
    int64_t column = i % b->size[2], line = i / b->size[2];
    int64_t row = line % b->size[1], plane = line / b->size[1];
    int64_t block =
        (plane / b->block[0] * b->grid[1] + row / b->block[1]) * b->grid[2] +
        column / b->block[2];
    run = b->block[2] - column % b->block[2];
    if (run > b->size[2] - column) run = b->size[2] - column;
    if (run > end - i) run = end - i;
    add_run(o, block, x, run);
  }
  return ULP_OK;
}

/* ---- statistics --------------------------------------------------------- */

/* As torch.minimum and torch.maximum: a NaN stays. */
static float least(float a, float b)
{
  return isnan(a) || a <= b ? a : b;
}
static float most(float a, float b)
{
  return isnan(a) || a >= b ? a : b;
}

static float amax_of(const range *r)
{
  return r->any ? most(fabsf(r->lo), fabsf(r->hi)) : 0;
}

/* One step of the average, in the order of MovingAverageMinMaxObserver. */
static float toward(float m, float x, float constant)
{
  float step = constant * (x - m);
  return m + step;
}

static void join(const ulp_observer *o, range *all, const range *now)
{
  const float c = o->spec.constant;
  if (!now->any) return;
  if (!all->any)
    *all = *now;
  else if (o->spec.kind == ULP_OBSERVE_AVERAGE)
    *all =
        (range){true, toward(all->lo, now->lo, c), toward(all->hi, now->hi, c)};
  else
    *all = (range){true, least(all->lo, now->lo), most(all->hi, now->hi)};
}

/* The amax of the history.  fmaxf, in the kernel, drops a NaN; torch.max
 * does not. */
static float history_amax(const ulp_observer *o, int64_t block)
{
  const float *history = o->history + block * o->spec.length;
  float amax = 0;
  for (int i = 0; i < o->spec.length; i++)
    amax = o->spec.kind == ULP_OBSERVE_DELAYED ? fmaxf(amax, history[i])
                                               : most(amax, history[i]);
  return amax;
}

/* kernel_bulk of delayed_scaling.cu and _amax_and_scale_update: the newest
 * amax, in slot 0, is moved behind the others and the oldest leaves; then the
 * scale is set, or kept.  A margin multiplies MAX, as the kernel does it; TE's
 * Python divides by 2^margin last, which differs where the quotient overflows
 * (amax below MAX / FLT_MAX). */
static void delay(ulp_observer *o, int64_t block)
{
  float amax = amax_of(&o->now[block]);
  if (o->spec.kind == ULP_OBSERVE_DELAYED && amax == 0) return;
  o->history[block * o->spec.length + o->at[block]] = amax;
  o->at[block] = (o->at[block] + 1) % o->spec.length;
  if (!o->spec.most_recent) amax = history_amax(o, block);
  if (!isfinite(amax) || !(amax > 0)) return;
  double a = (double)amax;
  const ulp_known known = {.a = a,
                           .lo = -a,
                           .hi = a,
                           .amax = a,
                           .global = 1,
                           .reach = ldexp(1, -o->spec.margin)};
  ulp_store_code(&o->q.scale, o->scales, (size_t)block,
                 ulp_quantizer_choose(&o->q, &known).code);
}

void ulp_observer_step(ulp_observer *o)
{
  for (int64_t i = 0; i < o->b.blocks; i++) {
    if (is_delayed(o))
      delay(o, i);
    else
      join(o, &o->all[i], &o->now[i]);
    o->last[i] = o->now[i];
    o->now[i] = (range){.any = false};
  }
  o->batches++;
}

double ulp_observer_amax(const ulp_observer *o, int64_t block)
{
  return (double)amax_of(&o->last[block]);
}

/* ---- scales ------------------------------------------------------------- */

/* Zero always lies between lo and hi.  A percentile bounds them, too. */
static ulp_known known_of(const ulp_observer *o, int64_t block)
{
  const range *r = &o->all[block];
  ulp_known k = {.global = 1, .reach = 1, .a = (double)amax_of(r)};
  if (!r->any) return k;
  k.lo = (double)least(r->lo, 0);
  k.hi = (double)most(r->hi, 0);
  if (o->spec.kind != ULP_OBSERVE_PERCENTILE || isnan(k.a)) return k;
  double p = ulp_summary_percentile(o->histogram[block], o->spec.percentile);
  if (p > 0) k.a = p; /* with more zeros than that: the amax */
  k.lo = fmax(k.lo, -k.a);
  k.hi = fmin(k.hi, k.a);
  return k;
}

/* As quantizers search a block: the largest of equals. */
static ulp_status search(const ulp_observer *o, int64_t block, ulp_known k,
                         ulp_choice *best)
{
  const ulp_summary *s = o->histogram[block];
  const ulp_known all = k;
  double least_error = INFINITY;
  *best = ulp_quantizer_choose(&o->q, &k);
  if (!(ulp_summary_moments(s).amax > 0)) return ULP_OK;
  for (int i = 0; i < o->spec.candidates; i++) {
    double part = ulp_search_part(i, o->spec.candidates);
    k.a = all.a * part;
    k.lo = all.lo * part;
    k.hi = all.hi * part;
    ulp_choice c = ulp_quantizer_choose(&o->q, &k);
    if (!(c.step > 0) || isinf(c.step)) continue;
    double error = ulp_scale_mse(&o->q.element, c.step, s);
    if (isnan(error)) return ULP_ENOMEM;
    if (error < least_error) {
      least_error = error;
      *best = c;
    }
  }
  return ULP_OK;
}

static ulp_status choose(const ulp_observer *o, int64_t block, double amax,
                         double global, ulp_choice *out)
{
  ulp_known k = known_of(o, block);
  k.amax = amax;
  k.global = global;
  if (o->spec.kind == ULP_OBSERVE_MSE) return search(o, block, k, out);
  *out = ulp_quantizer_choose(&o->q, &k);
  return ULP_OK;
}

static double greatest(const ulp_observer *o)
{
  double amax = 0;
  for (int64_t i = 0; i < o->b.blocks; i++) {
    double a = known_of(o, i).a;
    if (!(a <= amax) && !isnan(amax)) amax = a;
  }
  return amax;
}

ulp_status ulp_observer_scales(const ulp_observer *o, void *scales,
                               int32_t *zeros, double *global)
{
  *global = 1;
  if (is_delayed(o)) {
    memcpy(scales, o->scales, (size_t)o->b.blocks * o->q.scale.storage_bytes);
    return ULP_OK;
  }
  if (o->batches == 0 || (o->q.zero.count && !zeros)) return ULP_EINVAL;
  double amax = greatest(o);
  *global = ulp_quantizer_global(&o->q, amax);
  for (int64_t i = 0; i < o->b.blocks; i++) {
    ulp_choice c;
    ulp_status status = choose(o, i, amax, *global, &c);
    if (status != ULP_OK) return status;
    ulp_store_code(&o->q.scale, scales, (size_t)i, c.code);
    if (zeros) zeros[i] = c.zero;
  }
  return ULP_OK;
}
