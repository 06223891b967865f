/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * experiments/snr: how much of a signal a format keeps.
 *
 * A point is a source (distribution or tensor), a format and a scale rule,
 * the rule varying fastest.  Every format sees the same numbers of a source.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "snr.h"
#include "source.h"
#include "words.h"

enum { CHUNK = 1 << 12, SCALE_BITS = 32 };

static const ulp_column columns[] = {
    {"point", ULP_COL_INTEGER, "1", "index of the point in the whole sweep"},
    {"distribution", ULP_COL_STRING, "",
     "name of the distribution, or of the tensor under --tensor"},
    {"format", ULP_COL_STRING, "", "format of the elements"},
    {"format_bits", ULP_COL_INTEGER, "bit", "size of a code"},
    {"bits_per_element", ULP_COL_NUMBER, "bit",
     "size of a code and its share of the tensor's one f32 scale"},
    {"scale_rule", ULP_COL_STRING, "",
     "how the scale was chosen: amax, mse, percentile:P, ..."},
    {"scale", ULP_COL_NUMBER, "1", "x is encoded as x / scale"},
    {"samples", ULP_COL_INTEGER, "1", "finite elements measured"},
    {"snr_db", ULP_COL_NUMBER, "dB",
     "10 log10(sum x^2 / sum (y - x)^2), y the decoded value; INF when every "
     "y equals its x"},
    {"snr_db_ci95", ULP_COL_NUMBER, "dB",
     "half width of the 95 % confidence interval of snr_db, delta method, for "
     "independent elements"},
    {"theory_snr_db", ULP_COL_NUMBER, "dB",
     "expected SNR of the distribution in this format at this scale, by "
     "integrating its density over the rounding cells; formats of up to 8 "
     "bits; empty where not computed"},
    {"bias", ULP_COL_NUMBER, "1", "mean of y - x"},
    {"bias_ci95", ULP_COL_NUMBER, "1",
     "half width of the 95 % confidence interval of bias"},
    {"rmse", ULP_COL_NUMBER, "1", "square root of the mean of (y - x)^2"},
    {"clipped_fraction", ULP_COL_NUMBER, "1",
     "elements that saturation, not rounding, brought into the range"},
    {"flushed_fraction", ULP_COL_NUMBER, "1",
     "elements that are not 0 and became 0"},
    {"clipped_noise_share", ULP_COL_NUMBER, "1",
     "part of the squared error that is due to clipped elements"},
    {"amax", ULP_COL_NUMBER, "1", "greatest |x| of the finite elements"},
    {0}};

static const ulp_parameter parameters[] = {
    {"formats", "",
     "names of formats, separated by blanks; without it, every signed format "
     "of up to 16 bits in the table"},
    {"scale-rules", "amax mse percentile:99.9",
     "rules that choose the scale, separated by blanks"},
    {"distributions", "",
     "names of distributions, separated by blanks; without it, all"},
    {0}};

typedef struct {
  ulp_source *sources;
  ulp_format *formats;
  ulp_scale_spec *rules;
  size_t source_count, format_count, rule_count;
  double *amax;  /* by source */
  double *scale; /* by point; 0 for a point of another shard */
} snr_state;

typedef struct {
  size_t source, format, rule;
} snr_place;

static snr_place place_of(const snr_state *st, int64_t point)
{
  size_t at[ULP_AXES];
  const ulp_sweep sweep = {3, {st->source_count, st->format_count,
                               st->rule_count}};
  ulp_sweep_at(&sweep, point, at);
  return (snr_place){at[0], at[1], at[2]};
}

/* ---- lists of names ---------------------------------------------------- */

static ulp_status add_format(void *data, size_t i, const char *word,
                             ulp_error *e)
{
  char why[300] = "";
  snr_state *st = data;
  (void)i;
  ulp_format *f = &st->formats[st->format_count];
  ulp_status s = ulp_format_find(word, f, why, sizeof why);
  if (s != ULP_OK)
    return ulp_error_set(e, s, "--formats: %s", why);
  if (f->bits > 16)
    return ulp_error_set(e, ULP_EINVAL, "--formats: %s has %d bits: expected "
                         "16 or fewer", f->name, f->bits);
  st->format_count++;
  return ULP_OK;
}

static ulp_status add_rule(void *data, size_t i, const char *word,
                           ulp_error *e)
{
  ulp_error why;
  snr_state *st = data;
  (void)i;
  ulp_status s = ulp_scale_parse(word, &st->rules[st->rule_count], &why);
  if (s != ULP_OK)
    return ulp_error_set(e, s, "--scale-rules: %.500s", why.text);
  st->rule_count++;
  return ULP_OK;
}

static void add_default_formats(snr_state *st)
{
  const ulp_format *f;
  for (size_t i = 0; (f = ulp_format_row(i)) != NULL; i++)
    if (f->is_signed && f->bits <= 16)
      st->formats[st->format_count++] = *f;
}

static ulp_status read_lists(snr_state *st, const ulp_run *run, ulp_error *e)
{
  const char *formats = ulp_run_parameter(run, "formats");
  const char *rules = ulp_run_parameter(run, "scale-rules");
  st->formats = calloc(ulp_format_count() + strlen(formats) + 1,
                       sizeof *st->formats);
  st->rules = calloc(strlen(rules) + 1, sizeof *st->rules);
  if (!st->formats || !st->rules)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  if (formats[strspn(formats, " ")] == '\0')
    add_default_formats(st);
  ulp_status s = ulp_words_read(formats, add_format, st, e);
  if (s == ULP_OK)
    s = ulp_words_read(rules, add_rule, st, e);
  if (s == ULP_OK && st->rule_count == 0)
    return ulp_error_set(e, ULP_EINVAL, "--scale-rules: expected a rule");
  return s;
}

/* ---- scales: the first pass -------------------------------------------- */

static void summarize(ulp_summary *summary, const ulp_source *s)
{
  double x[CHUNK];
  ulp_summary_reset(summary);
  for (int64_t i = 0; i < s->count; i += CHUNK) {
    int64_t n = s->count - i < CHUNK ? s->count - i : CHUNK;
    ulp_source_read(s, x, i, n);
    ulp_summary_add(summary, x, (size_t)n);
  }
}

static ulp_status choose_scales(snr_state *st, size_t source,
                                ulp_summary *summary, const ulp_run *run,
                                ulp_error *e)
{
  int64_t n = (int64_t)(st->format_count * st->rule_count);
  int64_t first = (int64_t)source * n, mine = 0;
  for (int64_t p = first; p < first + n; p++)
    mine += ulp_run_has(run, p);
  if (mine == 0)
    return ULP_OK;
  ulp_status s = ulp_source_fill(&st->sources[source], run, e);
  if (s != ULP_OK)
    return s;
  summarize(summary, &st->sources[source]);
  st->amax[source] = ulp_summary_moments(summary).amax;
#ifdef _OPENMP
#pragma omp parallel for schedule(dynamic) num_threads(run->threads)
#endif
  for (int64_t p = first; p < first + n; p++) {
    snr_place at = place_of(st, p);
    if (ulp_run_has(run, p))
      st->scale[p] = ulp_scale_choose(&st->formats[at.format],
                                      &st->rules[at.rule], summary);
  }
  return ULP_OK;
}

static ulp_status prepare(ulp_run *run, ulp_error *e)
{
  snr_state *st = calloc(1, sizeof *st);
  run->state = st;
  if (!st)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_status s = read_lists(st, run, e);
  if (s == ULP_OK)
    s = ulp_sources(&st->sources, &st->source_count, run, e);
  if (s != ULP_OK)
    return s;
  size_t points = st->source_count * st->format_count * st->rule_count;
  run->points = (int64_t)points;
  st->amax = calloc(st->source_count + 1, sizeof *st->amax);
  st->scale = calloc(points + 1, sizeof *st->scale);
  ulp_summary *summary = ulp_summary_new();
  if (!st->amax || !st->scale || !summary)
    s = ulp_error_set(e, ULP_ENOMEM, "out of memory");
  for (size_t i = 0; s == ULP_OK && i < st->source_count; i++)
    s = choose_scales(st, i, summary, run, e);
  ulp_summary_free(summary);
  return s;
}

static void release(ulp_run *run)
{
  snr_state *st = run->state;
  if (!st)
    return;
  ulp_sources_free(st->sources, st->source_count);
  free(st->formats);
  free(st->rules);
  free(st->amax);
  free(st->scale);
  free(st);
  run->state = NULL;
}

/* ---- errors: the second pass ------------------------------------------- */

static ulp_status measure(ulp_error_sums *sums, const ulp_source *source,
                          const ulp_format *f, double scale)
{
  const ulp_rounding r = {.mode = ULP_RNE, .overflow = ULP_OVERFLOW_SATURATE};
  double x[CHUNK], work[2 * CHUNK];
  ulp_status s = ULP_OK;
  for (int64_t i = 0; s == ULP_OK && i < source->count; i += CHUNK) {
    int64_t n = source->count - i < CHUNK ? source->count - i : CHUNK;
    ulp_source_read(source, x, i, n);
    s = ulp_measure_chunk(sums, f, scale, &r, x, (size_t)n, (uint64_t)i, work);
  }
  return s;
}

static void print_errors(ulp_text *row, const ulp_error_sums *sums,
                         double theory, double amax)
{
  ulp_error_report r = ulp_error_sums_report(sums);
  ulp_csv_integer(row, (int64_t)sums->count);
  ulp_csv_number(row, r.snr_db);
  ulp_csv_number(row, r.snr_db_ci95);
  if (isnan(theory))
    ulp_csv_empty(row);
  else
    ulp_csv_number(row, theory);
  ulp_csv_number(row, r.bias);
  ulp_csv_number(row, r.bias_ci95);
  ulp_csv_number(row, r.rmse);
  ulp_csv_number(row, r.clipped);
  ulp_csv_number(row, r.flushed);
  ulp_csv_number(row, r.clipped_noise_share);
  ulp_csv_number(row, amax);
}

static ulp_status point(const ulp_run *run, int64_t index, ulp_text *row,
                        ulp_error *e)
{
  const snr_state *st = run->state;
  snr_place at = place_of(st, index);
  const ulp_source *source = &st->sources[at.source];
  const ulp_format *f = &st->formats[at.format];
  const ulp_scale_spec *rule = &st->rules[at.rule];
  double scale = st->scale[index];
  ulp_error_sums sums = {0};
  ulp_status s = measure(&sums, source, f, scale);
  if (s != ULP_OK)
    return ulp_error_set(e, s, "%.200s in %s at scale %g: %s", source->name,
                         f->name, scale, ulp_strerror(s));
  char rule_text[64];
  ulp_scale_format(rule, rule_text, sizeof rule_text);
  int scale_bits = rule->rule == ULP_SCALE_NONE ? 0 : SCALE_BITS;
  ulp_csv_string(row, source->name);
  ulp_csv_string(row, f->name);
  ulp_csv_integer(row, f->bits);
  ulp_csv_number(row, f->bits + scale_bits / (double)source->count);
  ulp_csv_string(row, rule_text);
  ulp_csv_number(row, scale);
  print_errors(row, &sums,
               source->tensor ? NAN : ulp_snr_theory(f, scale, source->name),
               st->amax[at.source]);
  return ULP_OK;
}

const ulp_experiment ulp_experiment_snr = {
    .name = "snr",
    .question = "How much signal does each format keep, for each distribution "
                "and choice of scale?",
    .method =
        "Draws f32 samples (2^20 of each distribution; --quick 2^14, --full "
        "2^24), or reads the tensors of a file (all elements; --quick the "
        "first 2^14), chooses one scale for the whole tensor, encodes "
        "x / scale to nearest even with saturation, decodes, and compares "
        "with the exact x.  Every format sees the same numbers.",
    .source = "High-resolution theory of quantization: W. R. Bennett, Spectra "
              "of Quantized Signals, Bell Syst. Tech. J. 27, 1948; J. Max, "
              "Quantizing for Minimum Distortion, IRE Trans. IT-6, 1960",
    .columns = columns,
    .parameters = parameters,
    .default_seed = 1,
    .takes_tensor = true,
    .prepare = prepare,
    .point = point,
    .release = release,
};
