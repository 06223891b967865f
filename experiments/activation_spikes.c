/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * experiments/activation_spikes: a few tokens are much larger than the rest;
 * what that costs them and the others, by who chooses the scale.
 *
 * A point is a format, a kind and a size of spikes (or a tensor), and a
 * handling, which varies fastest.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "layer.h"
#include "spikes.h"
#include "words.h"

static const ulp_column columns[] = {
    {"point", ULP_COL_INTEGER, "1", "index of the point in the whole sweep"},
    {"format", ULP_COL_STRING, "", "format of the elements"},
    {"kind", ULP_COL_STRING, "",
     "token: all channels of a spiked token are larger; massive: two are; or "
     "the tensor under --tensor"},
    {"gain", ULP_COL_NUMBER, "1",
     "of the spiked numbers over the others; empty under --tensor"},
    {"handling", ULP_COL_STRING, "",
     "where the scale is from: static (calibrated with such tokens), "
     "static-plain (on ordinary tokens), percentile:P (with), dynamic-tensor, "
     "dynamic-token, group:N, prefix (static-plain, and the spiked tokens are "
     "kept in bf16)"},
    {"bits_per_element", ULP_COL_NUMBER, "bit",
     "scales counted that are not static"},
    {"spiked_tokens", ULP_COL_INTEGER, "1", "of all tokens"},
    {"scale", ULP_COL_NUMBER, "1",
     "of the tensor, or the root mean square of the ordinary tokens' scales"},
    {"ordinary_snr_db", ULP_COL_NUMBER, "dB", "of the tokens without a spike"},
    {"ordinary_snr_db_ci95", ULP_COL_NUMBER, "dB",
     "half width of its 95 % confidence interval over tokens"},
    {"ordinary_predicted_snr_db", ULP_COL_NUMBER, "dB",
     "expected of normal numbers at this scale, from the integral over the "
     "rounding cells; empty under --tensor and for groups of floats"},
    {"ordinary_flushed_fraction", ULP_COL_NUMBER, "1",
     "of their elements, not 0 and became 0"},
    {"spiked_snr_db", ULP_COL_NUMBER, "dB", "of the tokens with a spike"},
    {"spiked_predicted_snr_db", ULP_COL_NUMBER, "dB",
     "the same; kind token and one scale only"},
    {"spiked_clipped_fraction", ULP_COL_NUMBER, "1",
     "of their elements, beyond the range"},
    {0}};

static const ulp_parameter parameters[] = {
    {"formats", "int8 e4m3", "formats of up to 8 bits, separated by blanks"},
    {"kinds", "token massive", "token, massive or both"},
    {"gains", "10 100 1000", "sizes of spikes, separated by blanks"},
    {"handlings",
     "static static-plain percentile:99.9 percentile:99 dynamic-tensor "
     "dynamic-token group:128 group:32 prefix",
     "separated by blanks"},
    {"share", "0.004", "of spiked tokens, one at least"},
    {"shape", "", "tokens x channels; without it 512x1024, --quick 128x256, "
                  "--full 4096x1024"},
    {"massive-channels", "2", "channels of a spike of kind massive"},
    {0}};

typedef struct {
  ulp_format *formats;
  ulp_spike_handling *handlings;
  double *gains;
  const char **kinds;
  ulp_spiked *matrices;
  ulp_source *sources;
  size_t format_count, handling_count, gain_count, kind_count, matrix_count;
  size_t source_count;
  int64_t tokens, channels, massive;
  double share;
} state;

/* ---- parameters --------------------------------------------------------- */

static ulp_status add_handling(void *data, size_t i, const char *word,
                               ulp_error *e)
{
  state *st = data;
  st->handling_count = i + 1;
  return ulp_spike_handling_read(&st->handlings[i], word, e);
}

static ulp_status add_gain(void *data, size_t i, const char *word,
                           ulp_error *e)
{
  state *st = data;
  char *end;
  st->gains[i] = strtod(word, &end);
  st->gain_count = i + 1;
  if (!*end && st->gains[i] >= 1 && st->gains[i] <= 1e6)
    return ULP_OK;
  return ulp_error_set(e, ULP_EINVAL, "--gains '%.40s': expected numbers from "
                       "1 to 1e6", word);
}

static ulp_status add_kind(void *data, size_t i, const char *word,
                           ulp_error *e)
{
  state *st = data;
  bool massive = strcmp(word, "massive") == 0;
  if (!massive && strcmp(word, "token") != 0)
    return ulp_error_set(e, ULP_EINVAL, "--kinds '%.40s': expected token or "
                         "massive", word);
  st->kinds[i] = massive ? "massive" : "token";
  st->kind_count = i + 1;
  return ULP_OK;
}

static ulp_status read_shape(state *st, const ulp_run *run, ulp_error *e)
{
  static const int64_t size[3][2] = {{128, 256}, {512, 1024}, {4096, 1024}};
  const char *text = ulp_run_parameter(run, "shape");
  char *end = NULL;
  st->tokens = size[run->effort][0];
  st->channels = size[run->effort][1];
  if (!*text)
    return ULP_OK;
  st->tokens = strtol(text, &end, 10);
  st->channels = *end == 'x' ? strtol(end + 1, &end, 10) : 0;
  if (!*end && st->tokens > 1 && st->channels > 0 && st->tokens <= 1 << 20 &&
      st->channels <= 1 << 16)
    return ULP_OK;
  return ulp_error_set(e, ULP_EINVAL, "--shape '%.40s': expected "
                       "TOKENSxCHANNELS, 2 tokens at least", text);
}

static ulp_status read_counts(state *st, const ulp_run *run, ulp_error *e)
{
  const char *share = ulp_run_parameter(run, "share");
  const char *massive = ulp_run_parameter(run, "massive-channels");
  char *end;
  st->share = strtod(share, &end);
  if (!*share || *end || !(st->share > 0 && st->share < 1))
    return ulp_error_set(e, ULP_EINVAL, "--share '%.40s': expected a share "
                         "between 0 and 1", share);
  st->massive = strtol(massive, &end, 10);
  if (!*massive || *end || st->massive < 1 || st->massive > st->channels)
    return ulp_error_set(e, ULP_EINVAL, "--massive-channels '%.40s': expected "
                         "a number from 1 to the channels", massive);
  return ULP_OK;
}

static ulp_status read_parameters(state *st, const ulp_run *run, ulp_error *e)
{
  const char *handlings = ulp_run_parameter(run, "handlings");
  const char *gains = ulp_run_parameter(run, "gains");
  const char *kinds = ulp_run_parameter(run, "kinds");
  st->handlings = calloc(ulp_words_count(handlings) + 1, sizeof *st->handlings);
  st->gains = calloc(ulp_words_count(gains) + 1, sizeof *st->gains);
  st->kinds = calloc(ulp_words_count(kinds) + 1, sizeof *st->kinds);
  if (!st->handlings || !st->gains || !st->kinds)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_status s =
      ulp_words_formats(&st->formats, &st->format_count, run, "formats", e);
  for (size_t i = 0; s == ULP_OK && i < st->format_count; i++)
    if (st->formats[i].bits > 8)
      s = ulp_error_set(e, ULP_EINVAL, "--formats: %s has more than 8 bits",
                        st->formats[i].name);
  if (s == ULP_OK)
    s = ulp_words_read(handlings, add_handling, st, e);
  if (s == ULP_OK)
    s = ulp_words_read(gains, add_gain, st, e);
  if (s == ULP_OK)
    s = ulp_words_read(kinds, add_kind, st, e);
  if (s == ULP_OK)
    s = read_shape(st, run, e);
  return s == ULP_OK ? read_counts(st, run, e) : s;
}

/* ---- tokens ------------------------------------------------------------- */

static ulp_status make_tensors(state *st, const ulp_run *run, ulp_error *e)
{
  ulp_status s = ulp_sources(&st->sources, &st->source_count, run, e);
  if (s != ULP_OK)
    return s;
  st->matrices = calloc(st->source_count + 1, sizeof *st->matrices);
  if (!st->matrices)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  for (size_t i = 0; s == ULP_OK && i < st->source_count; i++) {
    const ulp_source *source = &st->sources[i];
    ulp_spiked *m = &st->matrices[i];
    *m = (ulp_spiked){.gain = NAN, .channels = source->shape[source->ndim - 1]};
    m->tokens = source->count / m->channels / 2;
    (void)snprintf(m->kind, sizeof m->kind, "%.60s", source->name);
    st->matrix_count = i + 1;
    s = m->tokens > 1 ? ulp_spiked_read(m, source, st->share, e)
                      : ulp_error_set(e, ULP_EFORMAT, "%.200s: expected 4 rows "
                                      "at least", source->name);
  }
  return s;
}

static ulp_status make_matrices(state *st, const ulp_run *run, ulp_error *e)
{
  size_t n = st->kind_count * st->gain_count;
  st->matrices = calloc(n + 1, sizeof *st->matrices);
  if (!st->matrices)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  st->matrix_count = n;
  ulp_status worst = ULP_OK;
#ifdef _OPENMP
#pragma omp parallel for schedule(dynamic) num_threads(run->threads)
#endif
  for (size_t i = 0; i < n; i++) {
    ulp_spiked *m = &st->matrices[i];
    *m = (ulp_spiked){.gain = st->gains[i % st->gain_count],
                      .tokens = st->tokens, .channels = st->channels};
    (void)snprintf(m->kind, sizeof m->kind, "%s",
                   st->kinds[i / st->gain_count]);
    ulp_status s = ulp_spiked_draw(m, st->share, st->massive, run->seed);
    if (s != ULP_OK) {
#ifdef _OPENMP
#pragma omp atomic write
#endif
      worst = s;
    }
  }
  return worst == ULP_OK ? worst
                         : ulp_error_set(e, worst, "cannot draw tokens: %s",
                                         ulp_strerror(worst));
}

static ulp_status prepare(ulp_run *run, ulp_error *e)
{
  state *st = calloc(1, sizeof *st);
  run->state = st;
  if (!st)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_status s = read_parameters(st, run, e);
  if (s == ULP_OK)
    s = run->file ? make_tensors(st, run, e) : make_matrices(st, run, e);
  run->points =
      (int64_t)(st->format_count * st->matrix_count * st->handling_count);
  if (s == ULP_OK && run->points == 0)
    return ulp_error_set(e, ULP_EINVAL, "--formats, --kinds, --gains, "
                         "--handlings: expected one of each at least");
  return s;
}

static void release(ulp_run *run)
{
  state *st = run->state;
  if (!st)
    return;
  for (size_t i = 0; i < st->matrix_count; i++)
    ulp_spiked_free(&st->matrices[i]);
  ulp_sources_free(st->sources, st->source_count);
  free(st->matrices);
  free(st->formats);
  free(st->handlings);
  free(st->gains);
  free(st->kinds);
  free(st);
  run->state = NULL;
}

/* ---- rows --------------------------------------------------------------- */

/* Sums per token of one of the two sorts; returns how many. */
static int64_t sums_of(double *x2, double *e2, const ulp_spiked *m,
                       const double *y, bool spiked)
{
  int64_t n = 0;
  for (int64_t t = 0; t < m->tokens; t++) {
    const double *x = m->x + t * m->channels;
    if ((m->spiked[t] != 0) != spiked)
      continue;
    ulp_row_squares(&x2[n], x, NULL, 1, m->channels);
    ulp_row_squares(&e2[n], x, y + t * m->channels, 1, m->channels);
    n++;
  }
  return n;
}

static void print_errors(ulp_text *row, const ulp_spiked *m,
                         const ulp_spike_outcome *o, const ulp_format *f,
                         const ulp_spike_handling *h, double *room)
{
  double *x2 = room, *e2 = room + m->tokens;
  bool one_scale = h->how != ULP_SPIKE_DYNAMIC_TOKEN &&
                   h->how != ULP_SPIKE_GROUP && h->how != ULP_SPIKE_PREFIX;
  bool whole = strcmp(m->kind, "token") == 0 && one_scale;
  double cells = (double)((m->tokens - m->count) * m->channels);
  int64_t n = sums_of(x2, e2, m, o->y, false);
  ulp_ratio r = ulp_token_snr(x2, e2, n);
  ulp_csv_number_if(row, r.snr_db, n > 0);
  ulp_csv_number_if(row, r.ci95, n > 1);
  double theory = isnan(m->gain) ? NAN : ulp_spike_theory(f, o->scale, h);
  ulp_csv_number_if(row, theory, !isnan(theory));
  ulp_csv_number_if(row, (double)o->flushed / cells, n > 0);
  n = sums_of(x2, e2, m, o->y, true);
  r = ulp_token_snr(x2, e2, n);
  ulp_csv_number_if(row, r.snr_db, n > 0);
  ulp_csv_number_if(row, whole ? ulp_spike_theory(f, o->scale / m->gain, h) : 0,
                    whole && !isnan(m->gain));
  ulp_csv_number(row, (double)o->clipped / (double)(m->count * m->channels));
}

static ulp_status point(const ulp_run *run, int64_t index, ulp_text *row,
                        ulp_error *e)
{
  const state *st = run->state;
  size_t at[ULP_AXES];
  const ulp_sweep sweep = {
      3, {st->format_count, st->matrix_count, st->handling_count}};
  ulp_sweep_at(&sweep, index, at);
  const ulp_format *f = &st->formats[at[0]];
  const ulp_spiked *m = &st->matrices[at[1]];
  const ulp_spike_handling *h = &st->handlings[at[2]];
  ulp_spike_outcome o = {0};
  double *room = malloc((size_t)m->tokens * 2 * sizeof *room);
  ulp_status s = room ? ulp_spike_quantize(&o, m, f, h) : ULP_ENOMEM;
  if (s == ULP_OK) {
    ulp_csv_string(row, f->name);
    ulp_csv_string(row, m->kind);
    ulp_csv_number_if(row, m->gain, !isnan(m->gain));
    ulp_csv_string(row, h->word);
    ulp_csv_number(row, ulp_spike_bits(m, f, h));
    ulp_csv_integer(row, m->count);
    ulp_csv_number(row, o.scale);
    print_errors(row, m, &o, f, h, room);
  }
  free(room);
  free(o.y);
  return s == ULP_OK ? s : ulp_error_set(e, s, "%s in %s: %s", m->kind,
                                         f->name, ulp_strerror(s));
}

const ulp_experiment ulp_experiment_activation_spikes = {
    .name = "activation_spikes",
    .question = "What do a few much larger tokens cost themselves and the "
                "others, by where the scale comes from?",
    .method =
        "Draws normal tokens, the first and a few more of which are larger by "
        "a gain, in all channels or in two (or reads them from a tensor, whose "
        "first half calibrates; the tokens with the greatest amax count as "
        "spiked), and quantizes under static, dynamic and block scales amax / "
        "max, to nearest even with saturation.",
    .source = "arXiv:2402.17762 (massive activations); arXiv:2410.05265 "
              "(PrefixQuant: outlier tokens kept apart); the guide's 10.2",
    .columns = columns,
    .parameters = parameters,
    .default_seed = 1,
    .takes_tensor = true,
    .prepare = prepare,
    .point = point,
    .release = release,
};
