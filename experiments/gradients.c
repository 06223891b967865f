/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * experiments/gradients: what of gradients over decades survives a narrow
 * format.
 *
 * A point is a distribution (a layer, a tensor), a scheme, and a rounding
 * mode, which varies fastest.
 */
#include <math.h>
#include <stdlib.h>

#include "cases.h"
#include "gradient_cases.h"
#include "mode_word.h"
#include "model.h"
#include "words.h"

static const ulp_column columns[] = {
    {"point", ULP_COL_INTEGER, "1", "index of the point in the whole sweep"},
    {"profile", ULP_COL_STRING, "",
     "one: a distribution; layers: one of some whose centres fall, under a "
     "common loss; or the tensor under --tensor"},
    {"layer", ULP_COL_INTEGER, "1", "from the loss on; 0: not one of some"},
    {"centre", ULP_COL_NUMBER, "decade", "mean of log10 |x|"},
    {"width", ULP_COL_NUMBER, "decade", "standard deviation of log10 |x|"},
    {"span_decades", ULP_COL_NUMBER, "decade",
     "between the 0.1th and the 99.9th percentile of |x|: 6.18 widths"},
    {"amax", ULP_COL_NUMBER, "1", "greatest |x|"},
    {"format", ULP_COL_STRING, "", "of the elements, or the quantizer"},
    {"format_decades", ULP_COL_NUMBER, "decade",
     "log10 of the greatest value over the least positive one, of the format "
     "of the elements"},
    {"scaling", ULP_COL_STRING, "",
     "none; loss:K, the loss times 2^K; dynamic, the loss times the greatest "
     "power of two up to 2^24 that overflows in no layer; tensor, by the amax; "
     "blocks"},
    {"remedy", ULP_COL_INTEGER, "1",
     "0: the failure, rounding to nearest without a scale; 1: something "
     "against it"},
    {"loss_scale", ULP_COL_NUMBER, "1",
     "what x is multiplied by; empty where blocks have scales"},
    {"bits_per_element", ULP_COL_NUMBER, "bit", "scales counted"},
    {"mode", ULP_COL_STRING, "", "rne, sr, ..."},
    {"samples", ULP_COL_INTEGER, "1", "finite elements"},
    {"underflow_fraction", ULP_COL_NUMBER, "1", "not 0 and became 0"},
    {"underflow_fraction_ci95", ULP_COL_NUMBER, "1",
     "half width of its 95 % confidence interval, binomial"},
    {"predicted_underflow_fraction", ULP_COL_NUMBER, "1",
     "closed form for the distribution at this scale: rne, below half the "
     "least value; sr, 1 - |x| / least, on average; empty for other modes, "
     "blocks and tensors"},
    {"overflow_fraction", ULP_COL_NUMBER, "1",
     "beyond the greatest value by more than rounding reaches: saturated here, "
     "an Inf where overflow is not saturating"},
    {"predicted_overflow_fraction", ULP_COL_NUMBER, "1",
     "closed form; empty for tensors, blocks and where the amax is the scale"},
    {"flushed_norm_share", ULP_COL_NUMBER, "1",
     "part of the sum of x^2 that became 0"},
    {"norm_ratio", ULP_COL_NUMBER, "1", "norm of y over norm of x"},
    {"cosine", ULP_COL_NUMBER, "1", "of the angle between y and x"},
    {"snr_db", ULP_COL_NUMBER, "dB", "10 log10(sum x^2 / sum (y - x)^2)"},
    {"snr_db_ci95", ULP_COL_NUMBER, "dB",
     "half width of its 95 % confidence interval, delta method"},
    {"median_relative_error", ULP_COL_NUMBER, "1",
     "median of |y - x| / |x|: of each parameter, where the SNR is that of the "
     "few largest"},
    {"sum_bias", ULP_COL_NUMBER, "1",
     "sum of |y| - |x|, y with the sign of x, over the sum of |x|: the error "
     "of a sum of gradients of one sign"},
    {"sum_bias_ci95", ULP_COL_NUMBER, "1",
     "1.96 standard errors of a sum rounded without bias, the x given: root of "
     "the sum of (y - x)^2, under sr below the least value of its expectation, "
     "over the sum of |x|"},
    {"sum_bias_z", ULP_COL_NUMBER, "1",
     "sum_bias in standard errors of an unbiased rounding; empty where nothing "
     "is rounded"},
    {0}};

static const ulp_parameter parameters[] = {
    {"formats", "e5m2 e4m3 f16 bf16 int8",
     "signed formats with a scale for all, separated by blanks"},
    {"scalings", "none loss:10 loss:16 loss:24 dynamic tensor",
     "their scales, separated by blanks"},
    {"blocks", "mxfp8@te mxfp8_e5m2@te nvfp4@te int8/g=group:128",
     "quantizers with scales of their own, separated by blanks"},
    {"modes", "rne sr", "rounding modes, separated by blanks"},
    {"centres", "-2 -4 -6 -8", "log10 of the median |x|, separated by blanks"},
    {"widths", "0.5 1 1.5",
     "standard deviations of log10 |x|, separated by blanks"},
    {"layers", "8:-2:0.75:0.5",
     "COUNT:CENTRE:FALL:WIDTH: layers, the first one's centre, how far it "
     "falls from each to the next, and their width, in decades; 0: none"},
    {0}};

typedef struct {
  ulp_gradient_cases cases;
  ulp_mode_word *modes;
  size_t mode_count;
} state;

static ulp_status prepare(ulp_run *run, ulp_error *e)
{
  state *st = run->state = calloc(1, sizeof *st);
  if (!st)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_status s = ulp_mode_words_read(&st->modes, &st->mode_count,
                                     ulp_run_parameter(run, "modes"), e);
  if (s == ULP_OK)
    s = ulp_gradient_cases_make(&st->cases, run, e);
  run->points = (int64_t)(st->cases.gradient_count * st->cases.scheme_count *
                          st->mode_count);
  if (s == ULP_OK && run->points == 0)
    return ulp_error_set(e, ULP_EINVAL, "expected one at least of each: "
                         "gradients, formats or blocks, modes");
  return s;
}

static void release(ulp_run *run)
{
  state *st = run->state;
  if (!st)
    return;
  ulp_gradient_cases_free(&st->cases);
  free(st->modes);
  free(st);
  run->state = NULL;
}

/* ---- a point ------------------------------------------------------------ */

/* What x is divided by; scales of tensors are f32 from 2^-126 on. */
static double scale_of(const ulp_gradients *g, const ulp_gradient_scheme *c,
                       int power)
{
  if (c->scaling != ULP_SCALE_TENSOR)
    return ldexp(1, -power);
  return g->amax > 0 ? fmax(g->amax / ulp_max(&c->storage.q.element), 0x1p-126)
                     : 1;
}

/* Sums over x, y; e = y - x.  variance: of e under unbiased rounding, the x
 * given; e^2 stands for it but where few of many are kept. */
typedef struct {
  double x2, y2, xy, e2, variance, x1, bias, flushed2, median;
} sums;

static int compare(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Under stochastic rounding |x| below `least` is that with the chance
 * |x| / least; least 0: not known. */
static double variance_of(double magnitude, double error, double least)
{
  return magnitude < least ? magnitude * (least - magnitude) : error * error;
}

static sums sum_up(const float *x, const float *y, int64_t n, double least,
                   double *work)
{
  sums s = {0};
  size_t count = 0;
  for (int64_t i = 0; i < n; i++) {
    double a = (double)x[i], b = (double)y[i], error = b - a;
    if (!isfinite(a))
      continue;
    s.x2 += a * a;
    s.y2 += b * b;
    s.xy += a * b;
    s.e2 += error * error;
    s.variance += variance_of(fabs(a), error, least);
    s.x1 += fabs(a);
    s.bias += a < 0 ? -error : error;
    s.flushed2 += b == 0 ? a * a : 0;
    if (a != 0)
      work[count++] = fabs(error) / fabs(a);
  }
  qsort(work, count, sizeof *work, compare);
  s.median = count ? work[count / 2] : 0;
  return s;
}

/* scale: of the gradients times the loss scale; 0 where blocks have theirs.
 * The gradients times the loss scale, as f32 as they are on a GPU; then what
 * they become, divided by it again: both exact but below 2^-126. */
static ulp_status measure(ulp_loss *loss, sums *out, const ulp_storage *q,
                          const ulp_gradients *g, int power, double scale,
                          ulp_error *e)
{
  int64_t n = g->source.count;
  float *x = malloc((size_t)n * sizeof *x), *y = malloc((size_t)n * sizeof *y);
  double *work = malloc((size_t)n * sizeof *work);
  ulp_source scaled = g->source;
  ulp_status s = x && y && work ? ULP_OK
                                : ulp_error_set(e, ULP_ENOMEM, "out of memory");
  for (int64_t i = 0; s == ULP_OK && i < n; i++)
    x[i] = ldexpf(g->source.samples[i], power);
  scaled.samples = x;
  if (s == ULP_OK)
    s = ulp_storage_measure(loss, q, &scaled, e);
  if (s == ULP_OK && loss->fits)
    s = ulp_quantizer_values(&q->q, scaled.ndim, scaled.shape, y, x, 0, e);
  if (s == ULP_OK && loss->fits)
    *out = sum_up(x, y, n,
                  q->q.rounding.mode == ULP_SR
                      ? scale * ulp_min_positive(&q->q.element)
                      : 0,
                  work);
  free(x);
  free(y);
  free(work);
  return s;
}

static void print_case(ulp_text *row, const ulp_gradients *g,
                       const ulp_gradient_scheme *c, const ulp_mode_word *m,
                       int power)
{
  const ulp_format *f = &c->storage.q.element;
  bool known = g->known.width > 0, failure = c->scaling == ULP_LOSS_FIXED &&
                                             c->power == 0 &&
                                             m->rounding.mode == ULP_RNE;
  ulp_csv_string(row, known ? g->profile : g->source.name);
  ulp_csv_integer(row, g->layer);
  ulp_csv_number_if(row, g->known.centre, known);
  ulp_csv_number_if(row, g->known.width, known);
  /* 3.0902...: the 99.9th percentile of a standard normal number */
  ulp_csv_number_if(row, 2 * 3.090232306167813 * g->known.width, known);
  ulp_csv_number(row, g->amax);
  ulp_csv_string(row, c->name);
  ulp_csv_number(row, log10(ulp_max(f) / ulp_min_positive(f)));
  ulp_csv_string(row, c->scaling_name);
  ulp_csv_integer(row, !failure);
  ulp_csv_number_if(row, 1 / scale_of(g, c, power),
                    c->scaling != ULP_SCALE_BLOCKS);
}

static void print_losses(ulp_text *row, const ulp_gradients *g,
                         const ulp_gradient_scheme *c, const ulp_mode_word *m,
                         const ulp_loss *loss, int power)
{
  const ulp_format *f = &c->storage.q.element;
  ulp_error_report r = ulp_error_sums_report(&loss->sums);
  double n = (double)loss->sums.count;
  double scale = scale_of(g, c, power);
  bool sr = m->rounding.mode == ULP_SR && m->rounding.sr_bits == 0;
  bool known = g->known.width > 0 && c->scaling != ULP_SCALE_BLOCKS;
  ulp_csv_number(row, loss->bits);
  ulp_csv_string(row, m->word);
  ulp_csv_integer(row, (int64_t)loss->sums.count);
  ulp_csv_number_if(row, r.flushed, n > 0);
  ulp_csv_number_if(
      row, 1.959963984540054 * sqrt(r.flushed * (1 - r.flushed) / n), n > 0);
  ulp_csv_number_if(row,
                    ulp_lognormal_underflow(
                        &g->known, ulp_min_positive(f) * scale, sr),
                    known && (sr || m->rounding.mode == ULP_RNE));
  ulp_csv_number_if(row, r.clipped, n > 0);
  ulp_csv_number_if(
      row, 1 - ulp_lognormal_below(&g->known, ulp_clip_range(f, scale).high),
      known && c->scaling != ULP_SCALE_TENSOR);
}

static void print_sums(ulp_text *row, const sums *s, const ulp_loss *loss)
{
  ulp_error_report r = ulp_error_sums_report(&loss->sums);
  bool any = loss->fits && s->x2 > 0;
  ulp_csv_number_if(row, s->flushed2 / s->x2, any);
  ulp_csv_number_if(row, sqrt(s->y2 / s->x2), any);
  ulp_csv_number_if(row, s->xy / sqrt(s->x2 * s->y2), any && s->y2 > 0);
  ulp_csv_number_if(row, r.snr_db, any);
  ulp_csv_number_if(row, r.snr_db_ci95, any);
  ulp_csv_number_if(row, s->median, any);
  ulp_csv_number_if(row, s->bias / s->x1, any);
  ulp_csv_number_if(row, 1.959963984540054 * sqrt(s->variance) / s->x1, any);
  ulp_csv_number_if(row, s->bias / sqrt(s->variance), any && s->variance > 0);
}

static ulp_status point(const ulp_run *run, int64_t index, ulp_text *row,
                        ulp_error *e)
{
  const state *st = run->state;
  const ulp_gradient_cases *c = &st->cases;
  const ulp_sweep sweep = {3, {c->gradient_count, c->scheme_count,
                               st->mode_count}};
  size_t at[ULP_AXES];
  ulp_sweep_at(&sweep, index, at);
  const ulp_gradients *g = &c->gradients[at[0]];
  const ulp_gradient_scheme *scheme = &c->schemes[at[1]];
  const ulp_mode_word *m = &st->modes[at[2]];
  ulp_storage q = scheme->storage;
  int power = scheme->power;
  char text[256];
  ulp_loss loss;
  sums s = {0};
  if (scheme->scaling == ULP_LOSS_DYNAMIC)
    power = ulp_loss_power(&q.q.element, g->loss_amax);
  (void)snprintf(text, sizeof text, "gradients %.60s %d %a %a %s %s %s",
                 g->source.name, g->layer, g->known.centre, g->known.width,
                 scheme->name, scheme->scaling_name, m->word);
  q.q.rounding.mode = m->rounding.mode;
  q.q.rounding.sr_bits = m->rounding.sr_bits;
  q.q.rounding.sr_variant = m->rounding.sr_variant;
  q.q.rounding.seed = run->seed;
  q.q.rounding.stream = ulp_text_stream(text);
  double scale = scheme->scaling == ULP_SCALE_BLOCKS
                     ? 0
                     : ldexp(scale_of(g, scheme, power), power);
  ulp_status status = measure(&loss, &s, &q, g, power, scale, e);
  if (status != ULP_OK)
    return status;
  print_case(row, g, scheme, m, power);
  print_losses(row, g, scheme, m, &loss, power);
  print_sums(row, &s, &loss);
  return ULP_OK;
}

const ulp_experiment ulp_experiment_gradients = {
    .name = "gradients",
    .question = "What of gradients that span decades survives a narrow format, "
                "and what do loss scales, scales of tensors and blocks, and "
                "stochastic rounding save?",
    .method =
        "Draws f32 gradients of either sign whose log10 |x| is normal, 2^16 of "
        "each (--quick 2^12, --full 2^19), at several centres and widths, and "
        "in layers whose centres fall with the distance from the loss (or "
        "reads tensors).  Rounds them as they are, times a fixed loss scale, "
        "times the greatest power of two that overflows in no layer, by the "
        "amax of the tensor, and in blocks, to nearest and stochastically.  "
        "Beside the parts that underflow and overflow stand those that the "
        "distribution gives in closed form.",
    .source = "arXiv:1710.03740, section 3.2 (loss scaling); arXiv:2209.05433 "
              "(FP8: E4M3, E5M2); arXiv:2412.19437, section 3.3 (DeepSeek-V3: "
              "E4M3 for gradients); arXiv:2509.25149 (NVFP4, stochastic "
              "rounding of gradients); guide 4.4, 6.4, 6.6",
    .columns = columns,
    .parameters = parameters,
    .default_seed = 1,
    .takes_tensor = true,
    .prepare = prepare,
    .point = point,
    .release = release,
};
