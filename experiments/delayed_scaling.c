/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * experiments/delayed_scaling: scales from the amaxes of steps before, against
 * the drift of the tensor.
 *
 * A point is a drift, a quantizer, and where its scales come from, which
 * varies fastest.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "amax_drift.h"
#include "calibrate.h"
#include "cases.h"
#include "delayed_steps.h"
#include "mode_word.h"
#include "words.h"

static const ulp_column columns[] = {
    {"point", ULP_COL_INTEGER, "1", "index of the point in the whole sweep"},
    {"drift", ULP_COL_STRING, "",
     "steady: normal numbers, whose amax is that of the sample; of the others "
     "the amax is exact: grow:R, decay:R, times R each step; jump:R, from half "
     "of the steps on; spike:R:P, in every P-th step"},
    {"quantizer", ULP_COL_STRING, "", "its elements and its formula of scales"},
    {"scheme", ULP_COL_STRING, "",
     "delayed: scales of amaxes before; current: of the tensor itself; blocks: "
     "the quantizer's own, of the tensor itself"},
    {"length", ULP_COL_INTEGER, "step", "of the amax history"},
    {"algorithm", ULP_COL_STRING, "", "max of the history, or most_recent"},
    {"margin", ULP_COL_INTEGER, "bit", "scales leave room for 2^margin"},
    {"remedy", ULP_COL_INTEGER, "1", "0: delayed without a margin; else 1"},
    {"steps", ULP_COL_INTEGER, "step",
     "counted, the first, which has no history, left out"},
    {"elements", ULP_COL_INTEGER, "1", "of the tensor"},
    {"exceeded_fraction", ULP_COL_NUMBER, "1",
     "steps whose amax is above the greatest value at their scale"},
    {"exceeded_fraction_ci95", ULP_COL_NUMBER, "1",
     "half width of its 95 % confidence interval, binomial; 0 where the drift "
     "is exact"},
    {"predicted_exceeded_fraction", ULP_COL_NUMBER, "1",
     "exact: by counting amaxes; steady, 1 / (length + 1); empty where not "
     "known"},
    {"clipped_steps_fraction", ULP_COL_NUMBER, "1",
     "steps with an element beyond it by more than rounding reaches"},
    {"clipped_fraction", ULP_COL_NUMBER, "1",
     "elements of all steps, likewise"},
    {"flushed_fraction", ULP_COL_NUMBER, "1", "not 0 and became 0"},
    {"greatest_excess", ULP_COL_NUMBER, "1",
     "most of amax over the greatest value at the scale: above 1 it is "
     "saturated"},
    {"mean_headroom", ULP_COL_NUMBER, "1",
     "mean of the greatest value at the scale over amax"},
    {"snr_db", ULP_COL_NUMBER, "dB",
     "-10 log10 of the mean over steps of sum (y - x)^2 / sum x^2"},
    {"current_snr_db", ULP_COL_NUMBER, "dB",
     "the same steps with the scale of the tensor itself"},
    {"lost_db", ULP_COL_NUMBER, "dB", "current_snr_db - snr_db"},
    {"in_range_lost_db", ULP_COL_NUMBER, "dB",
     "the same of the steps that did not exceed: what too large a scale costs"},
    {"uniform_lost_db", ULP_COL_NUMBER, "dB",
     "10 log10 of the mean square of headroom in these steps: what it costs "
     "where codes are equally far apart (integers), before all are 0"},
    {0}};

static const ulp_parameter parameters[] = {
    {"drifts",
     "steady grow:1.001 grow:1.05 grow:1.5 decay:0.99 decay:0.9 jump:16 "
     "jump:0.0625 spike:16:64 spike:16:512",
     "drifts, separated by blanks"},
    {"quantizers", "fp8-delayed@te fp8-delayed_e5m2@te int8/g=tensor",
     "with one scale a tensor, separated by blanks"},
    {"schemes",
     "delayed:1 delayed:4 delayed:16 delayed:64 delayed:256 delayed:1024 "
     "delayed:1024:most_recent delayed:1:max:1 delayed:16:max:1 "
     "delayed:1024:max:1 delayed:1024:max:4 current",
     "observers delayed[:LENGTH[:max|most_recent[:MARGIN]]] or "
     "delayed-unfused, and current, separated by blanks"},
    {"blocks", "mxfp8@te", "quantizers with other scales, separated by blanks"},
    {"steps", "", "2 to 2^20; without it 2048, --quick 256, --full 4096; fewer "
                  "where an amax would leave 2^-60 .. 2^60"},
    {"elements", "", "of the tensor, a multiple of 32; without it 256, --full "
                     "2048"},
    {0}};

typedef struct {
  bool current;
  ulp_observer_spec observer;
} scheme;

typedef struct {
  ulp_drift *drifts;
  ulp_storage *quantizers, *blocks;
  scheme *schemes;
  size_t drift_count, quantizer_count, block_count, scheme_count;
  int64_t steps, elements;
  double *normal; /* steps x elements */
} state;

/* ---- parameters --------------------------------------------------------- */

static ulp_status read_drift(void *data, size_t i, const char *word,
                             ulp_error *e)
{
  state *st = data;
  return ulp_drift_read(&st->drifts[i], word, e);
}

static ulp_status read_quantizer(void *data, size_t i, const char *word,
                                 ulp_error *e)
{
  state *st = data;
  ulp_storage *q = &st->quantizers[i];
  ulp_status s = ulp_storage_find(q, word, e);
  if (s == ULP_OK && (q->packed || q->q.granularity.kind != ULP_PER_TENSOR ||
                      q->q.zero.count || q->q.global.count))
    return ulp_error_set(e, ULP_EINVAL, "--quantizers: %.60s: expected one "
                         "with a scale a tensor and no more", word);
  return s;
}

static ulp_status read_block(void *data, size_t i, const char *word,
                             ulp_error *e)
{
  state *st = data;
  ulp_status s = ulp_storage_find(&st->blocks[i], word, e);
  if (s == ULP_OK && st->blocks[i].packed)
    return ulp_error_set(e, ULP_EINVAL, "--blocks: %.60s: expected a "
                         "quantizer", word);
  return s;
}

static ulp_status read_scheme(void *data, size_t i, const char *word,
                              ulp_error *e)
{
  state *st = data;
  ulp_error why;
  st->schemes[i].current = strcmp(word, "current") == 0;
  if (st->schemes[i].current)
    return ULP_OK;
  ulp_status s = ulp_observer_parse(word, &st->schemes[i].observer, &why);
  if (s != ULP_OK)
    return ulp_error_set(e, s, "--schemes: %.500s", why.text);
  if (st->schemes[i].observer.kind < ULP_OBSERVE_DELAYED)
    return ulp_error_set(e, ULP_EINVAL, "--schemes: %.40s: expected delayed, "
                         "delayed-unfused or current", word);
  return ULP_OK;
}

static ulp_status read_count(int64_t *out, const ulp_run *run,
                             const char *name, int64_t step, ulp_error *e)
{
  const char *text = ulp_run_parameter(run, name);
  char *end;
  if (!*text)
    return ULP_OK;
  long n = strtol(text, &end, 10);
  *out = n;
  if (!*end && n >= step && n <= 1 << 20 && n % step == 0)
    return ULP_OK;
  return ulp_error_set(e, ULP_EINVAL, "--%s '%.40s': expected a multiple of "
                       "%lld up to 1048576", name, text, (long long)step);
}

static ulp_status read_lists(state *st, const ulp_run *run, ulp_error *e)
{
  const char *drifts = ulp_run_parameter(run, "drifts");
  const char *quantizers = ulp_run_parameter(run, "quantizers");
  const char *schemes = ulp_run_parameter(run, "schemes");
  const char *blocks = ulp_run_parameter(run, "blocks");
  st->drift_count = ulp_words_count(drifts);
  st->quantizer_count = ulp_words_count(quantizers);
  st->scheme_count = ulp_words_count(schemes);
  st->block_count = ulp_words_count(blocks);
  st->drifts = calloc(st->drift_count + 1, sizeof *st->drifts);
  st->quantizers = calloc(st->quantizer_count + 1, sizeof *st->quantizers);
  st->schemes = calloc(st->scheme_count + 1, sizeof *st->schemes);
  st->blocks = calloc(st->block_count + 1, sizeof *st->blocks);
  if (!st->drifts || !st->quantizers || !st->schemes || !st->blocks)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_status s = ulp_words_read(drifts, read_drift, st, e);
  if (s == ULP_OK)
    s = ulp_words_read(quantizers, read_quantizer, st, e);
  if (s == ULP_OK)
    s = ulp_words_read(schemes, read_scheme, st, e);
  return s == ULP_OK ? ulp_words_read(blocks, read_block, st, e) : s;
}

/* Each step's normal numbers have a stream of their own. */
static ulp_status draw(state *st, const ulp_run *run, ulp_error *e)
{
  ulp_status worst = ULP_OK;
  size_t n = (size_t)st->elements;
  if (st->steps * st->elements > INT64_C(1) << 28)
    return ulp_error_set(e, ULP_EINVAL, "--steps, --elements: expected a "
                         "product of up to 2^28");
  st->normal = malloc((size_t)st->steps * n * sizeof *st->normal);
  if (!st->normal)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
#ifdef _OPENMP
#pragma omp parallel for schedule(dynamic) num_threads(run->threads)
#endif
  for (int64_t t = 0; t < st->steps; t++) {
    uint64_t stream = (uint64_t)ulp_name_hash("delayed_scaling") << 32;
    ulp_status s = ulp_sample("gaussian", st->normal + (size_t)t * n, n, false,
                              run->seed, stream | (uint64_t)t);
    if (s != ULP_OK) {
#ifdef _OPENMP
#pragma omp atomic write
#endif
      worst = s;
    }
  }
  return worst == ULP_OK ? ULP_OK
                         : ulp_error_set(e, worst, "%s", ulp_strerror(worst));
}

static ulp_status prepare(ulp_run *run, ulp_error *e)
{
  static const int64_t steps[] = {256, 2048, 4096};
  static const int64_t elements[] = {256, 256, 2048};
  state *st = run->state = calloc(1, sizeof *st);
  if (!st)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  st->steps = steps[run->effort];
  st->elements = elements[run->effort];
  ulp_status s = read_lists(st, run, e);
  if (s == ULP_OK)
    s = read_count(&st->steps, run, "steps", 2, e);
  if (s == ULP_OK)
    s = read_count(&st->elements, run, "elements", 32, e);
  run->points = (int64_t)(st->drift_count *
                          (st->quantizer_count * st->scheme_count +
                           st->block_count));
  return s == ULP_OK ? draw(st, run, e) : s;
}

static void release(ulp_run *run)
{
  state *st = run->state;
  if (!st)
    return;
  free(st->drifts);
  free(st->quantizers);
  free(st->schemes);
  free(st->blocks);
  free(st->normal);
  free(st);
  run->state = NULL;
}

/* ---- rows --------------------------------------------------------------- */

static void print_scheme(ulp_text *row, const scheme *s, const ulp_storage *q)
{
  bool delayed = s && !s->current;
  ulp_csv_string(row, q->text);
  ulp_csv_string(row, delayed ? "delayed" : s ? "current" : "blocks");
  if (!delayed) {
    ulp_csv_empty(row);
    ulp_csv_string(row, "");
    ulp_csv_empty(row);
  } else {
    ulp_csv_integer(row, s->observer.length);
    ulp_csv_string(row, s->observer.most_recent ? "most_recent" : "max");
    ulp_csv_integer(row, s->observer.margin);
  }
  ulp_csv_integer(row, !delayed || s->observer.margin > 0);
}

static double decibels(double noise)
{
  return -10 * log10(noise);
}

static void print_steps(ulp_text *row, const ulp_delayed_result *r,
                        const ulp_drift *d, double predicted)
{
  double n = (double)r->steps, part = r->exceeded / n;
  bool chance = d->kind == ULP_DRIFT_STEADY, inside = r->exceeded < n;
  double all = n * (double)r->elements, in_range = n - r->exceeded;
  ulp_csv_integer(row, r->steps);
  ulp_csv_integer(row, r->elements);
  ulp_csv_number(row, part);
  ulp_csv_number(row, chance ? 1.959963984540054 * sqrt(part * (1 - part) / n)
                             : 0);
  ulp_csv_number_if(row, predicted, !isnan(predicted));
  ulp_csv_number(row, r->clipped_steps / n);
  ulp_csv_number(row, r->clipped / all);
  ulp_csv_number(row, r->flushed / all);
  ulp_csv_number_if(row, r->greatest_excess, r->limits_known);
  ulp_csv_number_if(row, r->headroom / n, r->limits_known);
  ulp_csv_number(row, decibels(r->noise / n));
  ulp_csv_number(row, decibels(r->current_noise / n));
  ulp_csv_number(row, decibels(r->current_noise / r->noise));
  ulp_csv_number_if(row, decibels(r->current_in_range / r->in_range), inside);
  ulp_csv_number_if(row, decibels(in_range / r->headroom2),
                    inside && r->limits_known);
}

static ulp_status point(const ulp_run *run, int64_t index, ulp_text *row,
                        ulp_error *e)
{
  const state *st = run->state;
  size_t delayed = st->quantizer_count * st->scheme_count;
  size_t one = delayed + st->block_count, i = (size_t)index % one;
  const ulp_drift *d = &st->drifts[(size_t)index / one];
  const scheme *s = i < delayed ? &st->schemes[i % st->scheme_count] : NULL;
  const ulp_storage *q = s ? &st->quantizers[i / st->scheme_count]
                           : &st->blocks[i - delayed];
  bool history = s && !s->current;
  ulp_delayed_case c = {.q = &q->q,
                        .observer = history ? &s->observer : NULL,
                        .drift = d,
                        .normal = st->normal,
                        .steps = ulp_drift_steps(d, st->steps),
                        .elements = st->elements};
  ulp_delayed_result r;
  ulp_status status = ulp_delayed_run(&r, &c, e);
  if (status != ULP_OK)
    return status;
  int length = !history ? 0 : s->observer.most_recent ? 1 : s->observer.length;
  ulp_csv_string(row, d->word);
  print_scheme(row, s, q);
  print_steps(row, &r, d,
              ulp_drift_exceeded(d, c.steps, length,
                                 history ? s->observer.margin : 0));
  return ULP_OK;
}

const ulp_experiment ulp_experiment_delayed_scaling = {
    .name = "delayed_scaling",
    .question = "What does a scale from the amaxes of earlier steps cost when "
                "the tensor drifts, and what do history, margin, current "
                "scaling and blocks change?",
    .method =
        "Takes a tensor of normal numbers through 2048 steps (--quick 256, "
        "--full 4096): as they come, or scaled so that the amax grows, decays, "
        "jumps or spikes exactly.  The scale of a step is Transformer "
        "Engine's, from the history before it, as `ulplab calibrate` has it; "
        "the same elements with the scale of the step itself stand beside.  "
        "Steps that exceed the greatest value are counted and predicted: with "
        "a history of independent amaxes each of length + 1 is the greatest "
        "with equal chance.",
    .source = "Transformer Engine common/recipe/delayed_scaling.cu; "
              "arXiv:2209.05433, section 3; arXiv:2206.02915 (history of "
              "amaxes); guide 6.6, 6.10",
    .columns = columns,
    .parameters = parameters,
    .default_seed = 1,
    .prepare = prepare,
    .point = point,
    .release = release,
};
