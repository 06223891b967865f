/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * experiments/clipping: what a smaller scale clips and a larger one flushes,
 * and where between them the error is least.
 *
 * A point is a source, a format and a choice of the scale; the choice varies
 * fastest: first the sweep over scale / amax, then the rules.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "snr.h"
#include "parameters.h"

enum { CHUNK = 1 << 12 };

static const ulp_column columns[] = {
    {"point", ULP_COL_INTEGER, "1", "index of the point in the whole sweep"},
    {"distribution", ULP_COL_STRING, "",
     "name of the distribution, or of the tensor under --tensor"},
    {"format", ULP_COL_STRING, "", "format of the elements"},
    {"choice", ULP_COL_STRING, "",
     "sweep, or the rule that chose the scale: amax, percentile:P, mse, ..."},
    {"scale", ULP_COL_NUMBER, "1", "x is encoded as x / scale, an f32"},
    {"reach", ULP_COL_NUMBER, "1",
     "the format's greatest value times scale, over amax"},
    {"samples", ULP_COL_INTEGER, "1", "finite elements measured"},
    {"snr_db", ULP_COL_NUMBER, "dB",
     "10 log10(sum x^2 / sum (y - x)^2), y the decoded value; INF when every "
     "y equals its x"},
    {"snr_db_ci95", ULP_COL_NUMBER, "dB",
     "half width of the 95 % confidence interval of snr_db, delta method, for "
     "independent elements"},
    {"theory_snr_db", ULP_COL_NUMBER, "dB",
     "expected SNR at this scale, by integrating the density over the rounding "
     "cells; empty where not computed"},
    {"clipped_fraction", ULP_COL_NUMBER, "1",
     "elements that saturation, not rounding, brought into the range"},
    {"flushed_fraction", ULP_COL_NUMBER, "1",
     "elements that are not 0 and became 0"},
    {"clipped_noise_share", ULP_COL_NUMBER, "1",
     "part of the squared error that is due to clipped elements"},
    {"flushed_noise_share", ULP_COL_NUMBER, "1",
     "part that is due to flushed elements; the rest is due to rounding"},
    {"amax", ULP_COL_NUMBER, "1", "greatest |x| of the finite elements"},
    {0}};

static const ulp_parameter parameters[] = {
    {"formats", "int8 e4m3 int4 e2m1",
     "formats of up to 16 bits, separated by blanks"},
    {"reaches",
     "4 2 1.5 1.2 1 0.9 0.8 0.7 0.6 0.5 0.4 0.3 0.25 0.2 0.15 0.1 0.07 0.05 "
     "0.03 0.02 0.01",
     "greatest values over amax of the sweep, separated by blanks"},
    {"scale-rules", "amax percentile:99.99 percentile:99.9 percentile:99 mse",
     "rules that choose the scale, separated by blanks"},
    {"distributions", "",
     "names of distributions, separated by blanks; without it, all"},
    {0}};

typedef struct {
  ulp_source *sources;
  ulp_format *formats;
  double *reaches;
  ulp_scale_spec *rules;
  size_t source_count, format_count, reach_count, rule_count;
  double *amax;  /* by source */
  double *scale; /* by point */
} state;

typedef struct {
  size_t source, format, choice;
} place;

static place place_of(const state *st, int64_t point)
{
  size_t at[ULP_AXES];
  const ulp_sweep sweep = {3, {st->source_count, st->format_count,
                               st->reach_count + st->rule_count}};
  ulp_sweep_at(&sweep, point, at);
  return (place){at[0], at[1], at[2]};
}

/* ---- lists -------------------------------------------------------------- */

static ulp_status read_lists(state *st, const ulp_run *run, ulp_error *e)
{
  ulp_status s = ULP_OK;
  if (ulp_words_count(ulp_run_parameter(run, "reaches")))
    st->reaches = ulp_list_numbers(&st->reach_count, run, "reaches",
                                   ulp_between(0, 0x1p60), &s, e);
  if (s == ULP_OK)
    s = ulp_words_formats(&st->formats, &st->format_count, run, "formats", e);
  if (s == ULP_OK)
    s = ulp_words_rules(&st->rules, &st->rule_count, run, "scale-rules", e);
  return s;
}

/* ---- scales ------------------------------------------------------------- */

static double scale_of(const state *st, place at, const ulp_summary *summary)
{
  const ulp_format *f = &st->formats[at.format];
  double amax = ulp_summary_moments(summary).amax;
  if (at.choice >= st->reach_count)
    return ulp_scale_choose(f, &st->rules[at.choice - st->reach_count],
                            summary);
  double scale = (double)(float)(st->reaches[at.choice] * amax / ulp_max(f));
  return scale > 0 && isfinite(scale) ? scale : 1;
}

static ulp_status choose_scales(state *st, size_t source, ulp_summary *summary,
                                const ulp_run *run, ulp_error *e)
{
  int64_t n = run->points / (int64_t)st->source_count, mine = 0;
  int64_t first = (int64_t)source * n;
  for (int64_t p = first; p < first + n; p++)
    mine += ulp_run_has(run, p);
  if (mine == 0)
    return ULP_OK;
  ulp_status s = ulp_source_fill(&st->sources[source], run, e);
  if (s != ULP_OK)
    return s;
  ulp_source_summarize(summary, &st->sources[source]);
  st->amax[source] = ulp_summary_moments(summary).amax;
#ifdef _OPENMP
#pragma omp parallel for schedule(dynamic) num_threads(run->threads)
#endif
  for (int64_t p = first; p < first + n; p++)
    if (ulp_run_has(run, p))
      st->scale[p] = scale_of(st, place_of(st, p), summary);
  return ULP_OK;
}

static ulp_status choose_all(state *st, ulp_run *run, ulp_error *e)
{
  ulp_summary *summary = ulp_summary_new();
  st->amax = calloc(st->source_count + 1, sizeof *st->amax);
  st->scale = calloc((size_t)run->points + 1, sizeof *st->scale);
  ulp_status s = ULP_OK;
  if (!st->amax || !st->scale || !summary)
    s = ulp_error_set(e, ULP_ENOMEM, "out of memory");
  for (size_t i = 0; s == ULP_OK && i < st->source_count; i++)
    s = choose_scales(st, i, summary, run, e);
  ulp_summary_free(summary);
  return s;
}

static ulp_status prepare(ulp_run *run, ulp_error *e)
{
  static const int64_t samples[] = {1 << 14, 1 << 18, 1 << 21};
  state *st = calloc(1, sizeof *st);
  run->state = st;
  if (!st)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_status s = read_lists(st, run, e);
  if (s == ULP_OK)
    s = ulp_sources(&st->sources, &st->source_count, run, e);
  if (s != ULP_OK)
    return s;
  size_t cases = st->format_count * (st->reach_count + st->rule_count);
  if (cases == 0)
    return ulp_error_set(e, ULP_EINVAL, "--formats, --reaches, --scale-rules: "
                         "expected a format and a scale at least");
  for (size_t i = 0; i < st->source_count && !run->file; i++)
    st->sources[i].count = samples[run->effort];
  run->points = (int64_t)(st->source_count * cases);
  return choose_all(st, run, e);
}

static void release(ulp_run *run)
{
  state *st = run->state;
  if (!st)
    return;
  ulp_sources_free(st->sources, st->source_count);
  free(st->formats);
  free(st->reaches);
  free(st->rules);
  free(st->amax);
  free(st->scale);
  free(st);
  run->state = NULL;
}

/* ---- errors ------------------------------------------------------------- */

/* *flushed: sums of the elements that became 0 alone. */
static ulp_status measure(ulp_error_sums *all, ulp_error_sums *flushed,
                          const ulp_source *source, const ulp_format *f,
                          double scale)
{
  const ulp_rounding r = {.mode = ULP_RNE, .overflow = ULP_OVERFLOW_SATURATE};
  double x[CHUNK], y[CHUNK], code[CHUNK];
  for (int64_t i = 0; i < source->count; i += CHUNK) {
    int64_t n = source->count - i < CHUNK ? source->count - i : CHUNK;
    size_t zeros = 0;
    ulp_source_read(source, x, i, n);
    ulp_status s = ulp_encode_array(f, code, x, (size_t)n, scale, &r,
                                    (uint64_t)i);
    if (s != ULP_OK)
      return s;
    ulp_decode_array(f, y, code, (size_t)n, scale);
    ulp_error_sums_add(all, x, y, (size_t)n, ulp_clip_range(f, scale));
    for (int64_t k = 0; k < n; k++)
      if (y[k] == 0)
        x[zeros++] = x[k];
    memset(y, 0, sizeof y);
    ulp_error_sums_add(flushed, x, y, zeros, ulp_clip_range(f, scale));
  }
  return ULP_OK;
}

static void print_errors(ulp_text *row, const ulp_error_sums *all,
                         const ulp_error_sums *flushed, double theory)
{
  ulp_error_report r = ulp_error_sums_report(all);
  double e2 = all->e2.hi + all->e2.lo;
  ulp_csv_integer(row, (int64_t)all->count);
  ulp_csv_number(row, r.snr_db);
  ulp_csv_number(row, r.snr_db_ci95);
  ulp_csv_number_if(row, theory, !isnan(theory));
  ulp_csv_number(row, r.clipped);
  ulp_csv_number(row, r.flushed);
  ulp_csv_number(row, r.clipped_noise_share);
  ulp_csv_number(row, e2 > 0 ? (flushed->e2.hi + flushed->e2.lo) / e2 : 0);
}

static ulp_status point(const ulp_run *run, int64_t index, ulp_text *row,
                        ulp_error *e)
{
  const state *st = run->state;
  place at = place_of(st, index);
  const ulp_source *source = &st->sources[at.source];
  const ulp_format *f = &st->formats[at.format];
  double scale = st->scale[index], amax = st->amax[at.source];
  ulp_error_sums all = {0}, flushed = {0};
  char choice[64] = "sweep";
  ulp_status s = measure(&all, &flushed, source, f, scale);
  if (s != ULP_OK)
    return ulp_error_set(e, s, "%.200s in %s at scale %g: %s", source->name,
                         f->name, scale, ulp_strerror(s));
  if (at.choice >= st->reach_count)
    ulp_scale_format(&st->rules[at.choice - st->reach_count], choice,
                     sizeof choice);
  ulp_csv_string(row, source->name);
  ulp_csv_string(row, f->name);
  ulp_csv_string(row, choice);
  ulp_csv_number(row, scale);
  ulp_csv_number_if(row, ulp_max(f) * scale / amax, amax > 0);
  print_errors(row, &all, &flushed,
               source->tensor ? NAN : ulp_snr_theory(f, scale, source->name));
  ulp_csv_number(row, amax);
  return ULP_OK;
}

const ulp_experiment ulp_experiment_clipping = {
    .name = "clipping",
    .question = "What does a smaller scale clip, what does a larger one flush, "
                "and which choice of scale comes near the least error?",
    .method =
        "Draws f32 samples (2^18 of each distribution; --quick 2^14, --full "
        "2^21), or reads tensors, and encodes x / scale to nearest even with "
        "saturation, at scales that put the format's greatest value at "
        "multiples of amax, and at those that rules choose.",
    .source = "J. Max, IRE Trans. IT-6, 1960 (the least error); "
              "arXiv:2004.09602, section 4.2 (max, percentile, entropy); "
              "arXiv:1810.05723 (ACIQ: clipping against rounding)",
    .columns = columns,
    .parameters = parameters,
    .default_seed = 1,
    .takes_tensor = true,
    .prepare = prepare,
    .point = point,
    .release = release,
};
