/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * experiments/granularity: how many elements should share a scale when some
 * channels and tokens are much larger than the rest.
 */
#include <math.h>
#include <stdlib.h>

#include "cases.h"
#include "matrix.h"
#include "words.h"

static const ulp_column columns[] = {
    {"point", ULP_COL_INTEGER, "1", "index of the point in the whole sweep"},
    {"matrix", ULP_COL_STRING, "",
     "kind of the matrix of tokens by channels, or the tensor under --tensor"},
    {"format", ULP_COL_STRING, "", "format of the elements"},
    {"granularity", ULP_COL_STRING, "",
     "which elements share a scale: channel, one column; token, one row; "
     "group:N, N along a row; tile:RxC"},
    ULP_LOSS_COLUMNS,
    {"rms", ULP_COL_NUMBER, "1", "root mean square of x"},
    {"ordinary_samples", ULP_COL_INTEGER, "1",
     "elements in no outlier channel and no spiked token"},
    {"ordinary_snr_db", ULP_COL_NUMBER, "dB",
     "SNR of these alone; empty under --tensor"},
    {"ordinary_rms", ULP_COL_NUMBER, "1", "root mean square of these"},
    {"ordinary_flushed_fraction", ULP_COL_NUMBER, "1",
     "of these, not 0 and became 0"},
    {"amax", ULP_COL_NUMBER, "1", "greatest |x|"},
    {0}};

static const ulp_parameter parameters[] = {
    {"formats", "int8 e4m3 int4 e2m1",
     "formats of the elements, separated by blanks"},
    {"granularities",
     "tensor channel token group:128 group:64 group:32 group:16 tile:128x128 "
     "tile:16x16",
     "which elements share a scale, separated by blanks"},
    {"matrices", "", "kinds of matrices, separated by blanks; without it, all"},
    {"shape", "", "rows x columns, as 512x4096; without it 512x4096, "
                  "--quick 64x1024, --full 2048x4096"},
    {"channels", "0.01:20:100",
     "share of outlier channels, their least and greatest gain"},
    {"tokens", "0.01:20:100",
     "share of spiked tokens, their least and greatest gain"},
    {0}};

typedef struct {
  ulp_cases cases;
  const char *granularities, *format;
  ulp_outliers channels, tokens;
  int64_t rows, cols;
  double *amax; /* by source */
} state;

/* ---- parameters --------------------------------------------------------- */

static ulp_status read_shape(state *st, const ulp_run *run, ulp_error *e)
{
  static const int64_t size[3][2] = {{64, 1024}, {512, 4096}, {2048, 4096}};
  const char *text = ulp_run_parameter(run, "shape");
  char *end = NULL;
  st->rows = size[run->effort][0];
  st->cols = size[run->effort][1];
  if (!*text)
    return ULP_OK;
  st->rows = strtol(text, &end, 10);
  st->cols = *end == 'x' ? strtol(end + 1, &end, 10) : 0;
  if (!*end && st->rows > 0 && st->cols > 0 && st->rows < 1 << 24 &&
      st->cols < 1 << 24)
    return ULP_OK;
  return ulp_error_set(e, ULP_EINVAL, "--shape '%.40s': expected ROWSxCOLUMNS",
                       text);
}

static ulp_status add_granularity(void *data, size_t i, const char *word,
                                  ulp_error *e)
{
  state *st = data;
  char text[ULP_STORAGE_TEXT];
  ulp_granularity g;
  ulp_error why;
  (void)i;
  if (ulp_granularity_parse(word, &g, &why) != ULP_OK)
    return ulp_error_set(e, ULP_EINVAL, "--granularities: %.500s", why.text);
  (void)snprintf(text, sizeof text, "%.60s/g=%.60s%s", st->format, word,
                 g.kind == ULP_PER_CHANNEL ? "/axis=-1" : "");
  return ulp_cases_add(&st->cases, NULL, text, e);
}

static ulp_status add_format(void *data, size_t i, const char *word,
                             ulp_error *e)
{
  state *st = data;
  (void)i;
  st->format = word;
  return ulp_words_read(st->granularities, add_granularity, st, e);
}

/* ---- matrices ----------------------------------------------------------- */

static ulp_status check_kind(void *data, size_t i, const char *word,
                             ulp_error *e)
{
  const ulp_matrix_kind *k;
  (void)data;
  (void)i;
  for (size_t n = 0; (k = ulp_matrix_kind_row(n)) != NULL; n++)
    if (ulp_words_have(word, k->name))
      return ULP_OK;
  return ulp_error_set(e, ULP_ENAME, "--matrices: '%.40s': expected gaussian, "
                       "outlier_channels, token_spikes or both", word);
}

static ulp_status make_matrices(state *st, const ulp_run *run, ulp_error *e)
{
  const char *list = ulp_run_parameter(run, "matrices");
  const ulp_matrix_kind *k;
  ulp_cases *c = &st->cases;
  size_t room = 0;
  while (ulp_matrix_kind_row(room))
    room++;
  c->sources = calloc(room + 1, sizeof *c->sources);
  ulp_status s = ulp_words_read(list, check_kind, NULL, e);
  if (s != ULP_OK || !c->sources)
    return s != ULP_OK ? s : ulp_error_set(e, ULP_ENOMEM, "out of memory");
  for (size_t i = 0; s == ULP_OK && (k = ulp_matrix_kind_row(i)); i++)
    if (ulp_words_have(list, k->name))
      s = ulp_matrix_make(&c->sources[c->source_count++], k, st->rows,
                          st->cols, st->channels, st->tokens, run->seed);
  return s == ULP_OK ? s : ulp_error_set(e, s, "cannot draw a matrix: %s",
                                         ulp_strerror(s));
}

static double amax_of(const ulp_source *s)
{
  enum { SOME = 1024 };
  double x[SOME], amax = 0;
  for (int64_t i = 0; i < s->count; i += SOME) {
    int64_t n = s->count - i < SOME ? s->count - i : SOME;
    ulp_source_read(s, x, i, n);
    for (int64_t k = 0; k < n; k++)
      amax = isfinite(x[k]) && fabs(x[k]) > amax ? fabs(x[k]) : amax;
  }
  return amax;
}

/* ---- the experiment ----------------------------------------------------- */

static ulp_status read_parameters(state *st, const ulp_run *run, ulp_error *e)
{
  st->granularities = ulp_run_parameter(run, "granularities");
  ulp_status s = ulp_outliers_read(&st->channels, "channels",
                                   ulp_run_parameter(run, "channels"), e);
  if (s == ULP_OK)
    s = ulp_outliers_read(&st->tokens, "tokens",
                          ulp_run_parameter(run, "tokens"), e);
  if (s == ULP_OK)
    s = read_shape(st, run, e);
  if (s == ULP_OK)
    s = ulp_words_read(ulp_run_parameter(run, "formats"), add_format, st, e);
  if (s == ULP_OK && st->cases.case_count == 0)
    return ulp_error_set(e, ULP_EINVAL, "--formats, --granularities: expected "
                         "one of each at least");
  return s;
}

static ulp_status prepare(ulp_run *run, ulp_error *e)
{
  static const int64_t unused[3] = {0};
  state *st = calloc(1, sizeof *st);
  run->state = st;
  if (!st)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_status s = read_parameters(st, run, e);
  if (s == ULP_OK && run->file)
    s = ulp_cases_prepare(&st->cases, run, unused, e);
  else if (s == ULP_OK)
    s = make_matrices(st, run, e);
  if (s == ULP_OK)
    s = ulp_cases_fill(&st->cases, run, e);
  st->amax = calloc(st->cases.source_count + 1, sizeof *st->amax);
  if (s == ULP_OK && !st->amax)
    s = ulp_error_set(e, ULP_ENOMEM, "out of memory");
  for (size_t i = 0; s == ULP_OK && i < st->cases.source_count; i++)
    st->amax[i] = amax_of(&st->cases.sources[i]);
  return s;
}

static void release(ulp_run *run)
{
  state *st = run->state;
  if (!st)
    return;
  ulp_cases_free(&st->cases);
  free(st->amax);
  free(st);
  run->state = NULL;
}

static double rms_of(const ulp_error_sums *s)
{
  return sqrt((s->x2.hi + s->x2.lo) / (double)s->count);
}

static ulp_status point(const ulp_run *run, int64_t index, ulp_text *row,
                        ulp_error *e)
{
  const state *st = run->state;
  const ulp_source *source = ulp_cases_source(&st->cases, index);
  const ulp_case *c = ulp_cases_case(&st->cases, index);
  char granularity[64];
  ulp_loss loss;
  ulp_status s = ulp_storage_measure(&loss, &c->storage, source, e);
  if (s != ULP_OK)
    return s;
  ulp_error_report r = ulp_error_sums_report(&loss.ordinary);
  bool known = source->special && loss.ordinary.count > 0;
  ulp_storage_granularity(&c->storage, granularity, sizeof granularity);
  ulp_csv_string(row, source->name);
  ulp_csv_string(row, c->storage.q.element.name);
  ulp_csv_string(row, granularity);
  ulp_loss_print(row, &loss);
  ulp_csv_number_if(row, rms_of(&loss.sums), loss.sums.count > 0);
  ulp_csv_integer(row, (int64_t)loss.ordinary.count);
  ulp_csv_number_if(row, r.snr_db, known);
  ulp_csv_number_if(row, rms_of(&loss.ordinary), known);
  ulp_csv_number_if(row, r.flushed, known);
  ulp_csv_number(row, st->amax[source - st->cases.sources]);
  return ULP_OK;
}

const ulp_experiment ulp_experiment_granularity = {
    .name = "granularity",
    .question = "How many elements should share a scale when some channels "
                "and tokens are much larger than the rest?",
    .method =
        "Draws matrices of tokens by channels: f32 normal numbers, the same "
        "in each, with 1 % of the channels, of the tokens, or of both times "
        "gains from 20 to 100 (or reads tensors), and quantizes with f32 "
        "scales amax / max, one for the tensor down to one for 16 elements, "
        "to nearest even.  The ordinary elements, in no line with a gain, are "
        "measured apart: they are most of the matrix and little of its power.",
    .source = "arXiv:2208.07339 (LLM.int8); arXiv:2211.10438 (SmoothQuant); "
              "arXiv:2402.17762 (massive activations); arXiv:2412.19437, "
              "section 3.3 (DeepSeek-V3: 1x128 and 128x128)",
    .columns = columns,
    .parameters = parameters,
    .default_seed = 1,
    .takes_tensor = true,
    .prepare = prepare,
    .point = point,
    .release = release,
};
