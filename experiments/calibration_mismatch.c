/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * experiments/calibration_mismatch: scales and factors that were chosen on one
 * distribution and serve another.
 *
 * A point is a shift, a job (a method with what it quantizes) and a number of
 * batches, which varies fastest; methods that need none have one point.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "calibrated.h"
#include "cases.h"
#include "words.h"

static const ulp_column columns[] = {
    {"point", ULP_COL_INTEGER, "1", "index of the point in the whole sweep"},
    {"shift", ULP_COL_STRING, "",
     "what is served, against what calibration saw"},
    {"method", ULP_COL_STRING, "",
     "observer of analysis/calibrate.h; mixture: minmax, every other batch "
     "from what is served; dynamic-tensor, dynamic-token: no calibration; "
     "smoothquant, awq, gptq"},
    {"quantized", ULP_COL_STRING, "",
     "format of the activations, one static scale; or the scheme of the layer "
     "whose output is measured"},
    {"batches", ULP_COL_INTEGER, "1", "that calibration saw; 0: none"},
    {"snr_db", ULP_COL_NUMBER, "dB",
     "of the served activations, or of the layer's output"},
    {"snr_db_ci95", ULP_COL_NUMBER, "dB",
     "half width of its 95 % confidence interval over tokens"},
    {"predicted_snr_db", ULP_COL_NUMBER, "dB",
     "expected at this scale, of normal numbers with the channels' widths; "
     "empty for other shapes and for layers"},
    {"scale", ULP_COL_NUMBER, "1", "the static scale; empty for layers"},
    {"clipped_fraction", ULP_COL_NUMBER, "1",
     "of the served activations, beyond the range; empty for layers"},
    {"predicted_clipped_fraction", ULP_COL_NUMBER, "1",
     "expected at this scale"},
    {"retuned_snr_db", ULP_COL_NUMBER, "dB",
     "of the same method calibrated on as many batches of what is served"},
    {"mismatch_loss_db", ULP_COL_NUMBER, "dB", "retuned_snr_db - snr_db"},
    {"uncalibrated_snr_db", ULP_COL_NUMBER, "dB",
     "without calibration: a scale for each token when it comes, or the "
     "layer's scheme alone"},
    {"gain_db", ULP_COL_NUMBER, "dB", "snr_db - uncalibrated_snr_db"},
    {0}};

static const ulp_parameter parameters[] = {
    {"shifts", "same wider:1.5 wider:2 wider:4 heavier moved drift:4",
     "separated by blanks"},
    {"methods",
     "minmax average:0.01 percentile:99.9 mse mixture dynamic-tensor "
     "dynamic-token smoothquant awq gptq",
     "separated by blanks"},
    {"formats", "int8 e4m3", "of activations, separated by blanks"},
    {"batches", "", "numbers of batches, separated by blanks; without it 1 8 "
                    "32 128 512, --quick 1 8 32"},
    {"shape", "", "tokens of a batch x outputs x channels; without it "
                  "16x64x256, --quick 8x32x128, --full 32x128x512"},
    {"channels", "0.01:20:20", "outlier channels, SHARE:LOW:HIGH"},
    {"correlation", "0.8", "between neighbouring channels"},
    {0}};

typedef struct {
  ulp_shift *shifts;
  ulp_calibrated_job *jobs;
  int64_t *batches;
  const char *formats;
  size_t shift_count, job_count, batch_count;
  int64_t most; /* batches */
  ulp_outliers outliers;
  double correlation;
  ulp_calibrated_bed bed;
} state;

enum { ROOM = 64 }; /* of jobs */

/* ---- parameters --------------------------------------------------------- */

static ulp_status add_shift(void *data, size_t i, const char *word,
                            ulp_error *e)
{
  state *st = data;
  st->shift_count = i + 1;
  return ulp_shift_read(&st->shifts[i], word, e);
}

static ulp_status add_batch(void *data, size_t i, const char *word,
                            ulp_error *e)
{
  state *st = data;
  char *end;
  st->batches[i] = strtol(word, &end, 10);
  st->batch_count = i + 1;
  if (*end || st->batches[i] < 1 || st->batches[i] > 65536)
    return ulp_error_set(e, ULP_EINVAL, "--batches '%.40s': expected whole "
                         "numbers from 1 to 65536", word);
  if (st->batches[i] > st->most)
    st->most = st->batches[i];
  return ULP_OK;
}

static const ulp_layer_scheme *scheme_of(const char *name)
{
  const ulp_layer_scheme *s;
  for (size_t i = 0; (s = ulp_layer_scheme_row(i)) != NULL; i++)
    if (strcmp(s->name, name) == 0)
      break;
  return s;
}

/* What each method of layers is for, and AWQ where SmoothQuant is, too. */
static const struct {
  const char *method, *scheme;
} layers[] = {{"smoothquant", "w8a8-int8-token"},
              {"awq", "w8a8-int8-token"},
              {"awq", "w4a16-int4-g128"},
              {"gptq", "w4a16-int4-g128"}};

static bool add_layers(state *st, const char *word, ulp_error *e)
{
  size_t before = st->job_count;
  for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++) {
    ulp_calibrated_job *j = &st->jobs[st->job_count];
    if (strcmp(layers[i].method, word) != 0)
      continue;
    *j = (ulp_calibrated_job){.kind = ULP_JOB_LAYER,
                              .scheme = scheme_of(layers[i].scheme)};
    (void)snprintf(j->word, sizeof j->word, "%s", word);
    st->job_count += ulp_remedy_read(&j->remedy, word, e) == ULP_OK;
  }
  return st->job_count > before;
}

static ulp_status add_format(void *data, size_t i, const char *word,
                             ulp_error *e)
{
  state *st = data;
  ulp_calibrated_job *j = &st->jobs[st->job_count++];
  char text[120];
  ulp_error why;
  (void)i;
  (void)snprintf(text, sizeof text, "%.60s/g=tensor", word);
  if (ulp_quantizer_find(text, &j->q, &why) == ULP_OK &&
      j->q.element.bits <= 8)
    return ULP_OK;
  return ulp_error_set(e, ULP_ENAME, "--formats '%.40s': expected names of "
                       "formats of up to 8 bits", word);
}

static ulp_status add_method(void *data, size_t i, const char *word,
                             ulp_error *e)
{
  state *st = data;
  ulp_calibrated_job *j = &st->jobs[st->job_count];
  size_t jobs = st->job_count + ulp_words_count(st->formats) + 4;
  ulp_error why;
  (void)i;
  if (jobs > ROOM)
    return ulp_error_set(e, ULP_EINVAL, "--methods, --formats: too many");
  if (add_layers(st, word, e))
    return ULP_OK;
  *j = (ulp_calibrated_job){.kind = ULP_JOB_OBSERVER,
                            .observer = {.kind = ULP_OBSERVE_MINMAX}};
  (void)snprintf(j->word, sizeof j->word, "%.39s", word);
  if (strcmp(word, "mixture") == 0)
    j->kind = ULP_JOB_MIXTURE;
  else if (strcmp(word, "dynamic-tensor") == 0)
    j->kind = ULP_JOB_DYNAMIC_TENSOR;
  else if (strcmp(word, "dynamic-token") == 0)
    j->kind = ULP_JOB_DYNAMIC_TOKEN;
  else if (ulp_observer_parse(word, &j->observer, &why) != ULP_OK ||
           j->observer.kind >= ULP_OBSERVE_DELAYED)
    return ulp_error_set(e, ULP_ENAME, "--methods '%.40s': expected minmax, "
                         "average[:C], percentile:P, mse[:N], mixture, "
                         "dynamic-tensor, dynamic-token, smoothquant, awq or "
                         "gptq", word);
  const ulp_calibrated_job one = *j;
  size_t first = st->job_count;
  ulp_status s = ulp_words_read(st->formats, add_format, st, e);
  for (size_t k = first; k < st->job_count; k++) {
    ulp_quantizer q = st->jobs[k].q;
    st->jobs[k] = one;
    st->jobs[k].q = q;
  }
  return s;
}

static ulp_status read_shape(state *st, const ulp_run *run, ulp_error *e)
{
  static const int64_t size[3][3] = {{8, 32, 128}, {16, 64, 256},
                                     {32, 128, 512}};
  const char *text = ulp_run_parameter(run, "shape"), *at = text;
  int64_t *out[3] = {&st->bed.tokens, &st->bed.outputs, &st->bed.pool.channels};
  char *end;
  for (int i = 0; i < 3; i++) {
    *out[i] = size[run->effort][i];
    if (!*text)
      continue;
    *out[i] = strtol(at, &end, 10);
    if (*out[i] < 1 || *out[i] > 4096 || *end != (i < 2 ? 'x' : '\0'))
      return ulp_error_set(e, ULP_EINVAL, "--shape '%.40s': expected "
                           "TOKENSxOUTPUTSxCHANNELS, each from 1 to 4096",
                           text);
    at = end + 1;
  }
  return ULP_OK;
}

static ulp_status read_correlation(state *st, const ulp_run *run, ulp_error *e)
{
  const char *text = ulp_run_parameter(run, "correlation");
  char *end;
  st->correlation = strtod(text, &end);
  if (*text && !*end && st->correlation > -1 && st->correlation < 1)
    return ULP_OK;
  return ulp_error_set(e, ULP_EINVAL, "--correlation '%.40s': expected a "
                       "number between -1 and 1", text);
}

static ulp_status read_parameters(state *st, const ulp_run *run, ulp_error *e)
{
  const char *shifts = ulp_run_parameter(run, "shifts");
  const char *batches = ulp_run_parameter(run, "batches");
  if (!*batches)
    batches = run->effort == ULP_QUICK ? "1 8 32" : "1 8 32 128 512";
  st->formats = ulp_run_parameter(run, "formats");
  st->shifts = calloc(ulp_words_count(shifts) + 1, sizeof *st->shifts);
  st->batches = calloc(ulp_words_count(batches) + 1, sizeof *st->batches);
  st->jobs = calloc(ROOM + 1, sizeof *st->jobs);
  if (!st->shifts || !st->batches || !st->jobs)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_status s = ulp_words_read(shifts, add_shift, st, e);
  if (s == ULP_OK)
    s = ulp_words_read(batches, add_batch, st, e);
  if (s == ULP_OK)
    s = ulp_words_read(ulp_run_parameter(run, "methods"), add_method, st, e);
  if (s == ULP_OK)
    s = read_shape(st, run, e);
  if (s == ULP_OK)
    s = ulp_outliers_read(&st->outliers, "channels",
                          ulp_run_parameter(run, "channels"), e);
  return s == ULP_OK ? read_correlation(st, run, e) : s;
}

/* ---- the run ------------------------------------------------------------ */

static bool needs_batches(const ulp_calibrated_job *j)
{
  return j->kind != ULP_JOB_DYNAMIC_TENSOR && j->kind != ULP_JOB_DYNAMIC_TOKEN;
}

static int64_t points_of(const state *st, const ulp_calibrated_job *j)
{
  return needs_batches(j) ? (int64_t)st->batch_count : 1;
}

static int64_t points_of_shift(const state *st)
{
  int64_t n = 0;
  for (size_t i = 0; i < st->job_count; i++)
    n += points_of(st, &st->jobs[i]);
  return n;
}

static ulp_status prepare(ulp_run *run, ulp_error *e)
{
  state *st = calloc(1, sizeof *st);
  run->state = st;
  if (!st)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_status s = read_parameters(st, run, e);
  if (s != ULP_OK)
    return s;
  run->points = (int64_t)st->shift_count * points_of_shift(st);
  if (run->points == 0)
    return ulp_error_set(e, ULP_EINVAL, "--shifts, --methods, --formats, "
                         "--batches: expected one of each at least");
  st->bed.pool.seen = st->most * st->bed.tokens;
  st->bed.pool.served = ULP_SERVED;
  st->bed.w = malloc((size_t)(st->bed.outputs * st->bed.pool.channels) *
                     sizeof *st->bed.w);
  const ulp_tokens w = {"gaussian", 0, NULL, run->seed, "weights"};
  s = st->bed.w ? ulp_tokens_draw(st->bed.w, &w, 0, st->bed.outputs,
                                  st->bed.pool.channels)
                : ULP_ENOMEM;
  if (s == ULP_OK)
    s = ulp_shift_pool_make(&st->bed.pool, st->outliers, st->correlation,
                            run->seed, run->threads);
  return s == ULP_OK ? s : ulp_error_set(e, s, "cannot draw tokens: %s",
                                         ulp_strerror(s));
}

static void release(ulp_run *run)
{
  state *st = run->state;
  if (!st)
    return;
  ulp_shift_pool_free(&st->bed.pool);
  free(st->bed.w);
  free(st->shifts);
  free(st->batches);
  free(st->jobs);
  free(st);
  run->state = NULL;
}

/* ---- rows --------------------------------------------------------------- */

static void print_row(ulp_text *row, const ulp_calibrated_outcome *o)
{
  ulp_csv_number(row, o->snr.snr_db);
  ulp_csv_number(row, o->snr.ci95);
  ulp_csv_number_if(row, o->predicted_snr, !isnan(o->predicted_snr));
  ulp_csv_number_if(row, o->scale, !isnan(o->scale));
  ulp_csv_number_if(row, o->clipped, !isnan(o->clipped));
  ulp_csv_number_if(row, o->predicted_clipped, !isnan(o->predicted_clipped));
  ulp_csv_number(row, o->retuned);
  ulp_csv_number(row, o->retuned - o->snr.snr_db);
  ulp_csv_number(row, o->uncalibrated);
  ulp_csv_number(row, o->snr.snr_db - o->uncalibrated);
}

static ulp_status point(const ulp_run *run, int64_t index, ulp_text *row,
                        ulp_error *e)
{
  const state *st = run->state;
  const ulp_shift *s = &st->shifts[index / points_of_shift(st)];
  int64_t at = index % points_of_shift(st);
  const ulp_calibrated_job *j = st->jobs;
  for (; at >= points_of(st, j); j++)
    at -= points_of(st, j);
  int64_t batches = needs_batches(j) ? st->batches[at] : 0;
  ulp_calibrated_outcome o;
  ulp_status status = ulp_calibrated_run(&o, &st->bed, j, s, batches, e);
  if (status != ULP_OK)
    return status;
  ulp_csv_string(row, s->word);
  ulp_csv_string(row, j->word);
  ulp_csv_string(row, j->kind == ULP_JOB_LAYER ? j->scheme->name
                                               : j->q.element.name);
  ulp_csv_integer(row, batches);
  print_row(row, &o);
  return ULP_OK;
}

const ulp_experiment ulp_experiment_calibration_mismatch = {
    .name = "calibration_mismatch",
    .question = "What do scales and factors that were calibrated on other "
                "data lose, and does more calibration help?",
    .method =
        "Draws batches of normal tokens with outlier channels, calibrates "
        "static scales (and SmoothQuant, AWQ, GPTQ) on them, and measures on "
        "256 tokens that are the same, wider, heavier tailed, with their "
        "outliers in other channels, or drifting; beside it the same method "
        "calibrated on what is served, and none.",
    .source = "arXiv:2211.10438 (SmoothQuant); arXiv:2306.00978, section 5.4 "
              "(AWQ: data efficiency and other calibration sets); the guide's "
              "3.4, 7.2, 10.9 and 10.10",
    .columns = columns,
    .parameters = parameters,
    .default_seed = 1,
    .prepare = prepare,
    .point = point,
    .release = release,
};
