/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * experiments/outlier_channels: what outlier channels cost a linear layer, and
 * what each remedy is worth.
 *
 * A point is a picture of the outliers (or a tensor), a scheme and a remedy
 * that applies to it, which varies fastest.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "layer.h"
#include "model.h"
#include "outlier_pictures.h"
#include "words.h"

static const ulp_column columns[] = {
    {"point", ULP_COL_INTEGER, "1", "index of the point in the whole sweep"},
    {"channels", ULP_COL_STRING, "",
     "outlier channels as SHARE:LOW:HIGH, share and least and greatest gain, "
     "or the tensor under --tensor"},
    {"scheme", ULP_COL_STRING, "", "formats of weights and activations"},
    {"remedy", ULP_COL_STRING, "",
     "none, or what is done; gptq-inverse, -cholesky and -lower are GPTQ with "
     "H^-1, the upper and the lower Cholesky factor of H where the factor of "
     "H^-1 belongs"},
    {"setting", ULP_COL_NUMBER, "1",
     "SmoothQuant's alpha, the exponent that AWQ's search chose, the "
     "threshold of LLM.int8(); else empty"},
    {"weight_bits", ULP_COL_NUMBER, "bit", "per weight, scales counted"},
    {"activation_bits", ULP_COL_NUMBER, "bit",
     "per activation, scales counted"},
    {"tokens", ULP_COL_INTEGER, "1", "rows of x that were measured"},
    {"snr_db", ULP_COL_NUMBER, "dB",
     "of the output: sum y^2 / sum of squared error; empty where a rotation "
     "has no power of two"},
    {"snr_db_ci95", ULP_COL_NUMBER, "dB",
     "half width of the 95 % confidence interval of snr_db over tokens, for "
     "these weights"},
    {"relative_error", ULP_COL_NUMBER, "1",
     "of the output, Frobenius norm of the error over that of y"},
    {"predicted_snr_db", ULP_COL_NUMBER, "dB",
     "of the output, from the steps of the scales, normal numbers in every "
     "channel and independent errors; integers only; of GPTQ without what its "
     "damping and clipping cost, which outliers make dear"},
    {"ordinary_snr_db", ULP_COL_NUMBER, "dB",
     "power of what the channels without a gain give to the output, over that "
     "of the whole error; empty under --tensor"},
    {"x_snr_db", ULP_COL_NUMBER, "dB",
     "of the activations as they are quantized"},
    {"w_snr_db", ULP_COL_NUMBER, "dB", "of the weights as they are quantized"},
    {"ordinary_x_snr_db", ULP_COL_NUMBER, "dB",
     "of the activations in channels without a gain; empty after a rotation"},
    {"ordinary_flushed_fraction", ULP_COL_NUMBER, "1",
     "of these, not 0 and became 0"},
    {"crest", ULP_COL_NUMBER, "1",
     "greatest |x| over the root mean square, as they are quantized"},
    {0}};

static const ulp_parameter parameters[] = {
    {"channels",
     "0:1:1 0.01:100:100 0.02:100:100 0.001:50:1000 0.01:50:1000",
     "outlier channels, SHARE:LOW:HIGH separated by blanks; the share is of "
     "one channel at least unless 0"},
    {"schemes", "", "names of schemes, separated by blanks; without it, all"},
    {"remedies",
     "none smoothquant:0.5 smoothquant:0.8 awq hadamard llm.int8:6 gptq "
     "hadamard+gptq gptq-inverse gptq-cholesky gptq-lower",
     "separated by blanks"},
    {"shape", "",
     "tokens x outputs x channels; without it 256x128x512, --quick "
     "64x64x128, --full 512x256x1024; under --tensor its columns are the "
     "channels"},
    {"calibration", "4",
     "tokens that calibration sees, in multiples of the channels"},
    {"correlation", "0.8",
     "between neighbouring channels, as of a first-order autoregression"},
    {0}};

typedef struct {
  size_t picture;
  const ulp_layer_scheme *scheme;
  const ulp_remedy *remedy;
} place;

typedef struct {
  ulp_outlier_picture *pictures;
  ulp_outliers *outliers;
  ulp_remedy *remedies;
  ulp_source *sources; /* of --tensor */
  size_t picture_count, remedy_count, source_count, place_count;
  place *places; /* of one picture */
  int64_t tokens, outputs, channels;
  double calibration, correlation;
} state;

/* ---- parameters --------------------------------------------------------- */

static ulp_status read_number(double *out, const char *name, double low,
                              double high, const ulp_run *run, ulp_error *e)
{
  const char *text = ulp_run_parameter(run, name);
  char *end;
  *out = strtod(text, &end);
  if (*text && !*end && *out > low && *out < high)
    return ULP_OK;
  return ulp_error_set(e, ULP_EINVAL, "--%s '%.40s': expected a number between "
                       "%g and %g", name, text, low, high);
}

static ulp_status read_shape(state *st, const ulp_run *run, ulp_error *e)
{
  static const int64_t size[3][3] = {
      {64, 64, 128}, {256, 128, 512}, {512, 256, 1024}};
  const char *text = ulp_run_parameter(run, "shape");
  int64_t *out[3] = {&st->tokens, &st->outputs, &st->channels};
  const char *at = text;
  char *end;
  for (int i = 0; i < 3; i++) {
    *out[i] = size[run->effort][i];
    if (!*text)
      continue;
    *out[i] = strtol(at, &end, 10);
    if (*out[i] < 1 || *out[i] > 1 << 16 || *end != (i < 2 ? 'x' : '\0'))
      return ulp_error_set(e, ULP_EINVAL, "--shape '%.40s': expected "
                           "TOKENSxOUTPUTSxCHANNELS, each from 1 to 65536",
                           text);
    at = end + 1;
  }
  return ULP_OK;
}

static ulp_status add_outliers(void *data, size_t i, const char *word,
                               ulp_error *e)
{
  state *st = data;
  ulp_outlier_picture *p = &st->pictures[i];
  st->picture_count = i + 1;
  (void)snprintf(p->name, sizeof p->name, "%.60s", word);
  return ulp_outliers_read(&st->outliers[i], "channels", word, e);
}

static ulp_status add_remedy(void *data, size_t i, const char *word,
                             ulp_error *e)
{
  state *st = data;
  ulp_error why;
  st->remedy_count = i + 1;
  if (ulp_remedy_read(&st->remedies[i], word, &why) == ULP_OK)
    return ULP_OK;
  return ulp_error_set(e, ULP_ENAME, "--remedies: %.500s", why.text);
}

static ulp_status check_scheme(void *data, size_t i, const char *word,
                               ulp_error *e)
{
  const ulp_layer_scheme *s;
  (void)data;
  (void)i;
  for (size_t n = 0; (s = ulp_layer_scheme_row(n)) != NULL; n++)
    if (strcmp(s->name, word) == 0)
      return ULP_OK;
  return ulp_error_set(e, ULP_ENAME, "--schemes: '%.40s': expected names as "
                       "w8a8-int8-tensor, w4a16-int4-g128 or w4a4-nvfp4",
                       word);
}

static ulp_status list_places(state *st, const char *list, ulp_error *e)
{
  const ulp_layer_scheme *s;
  size_t schemes = 0;
  while (ulp_layer_scheme_row(schemes))
    schemes++;
  st->places = calloc(schemes * st->remedy_count + 1, sizeof *st->places);
  if (!st->places)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  for (size_t i = 0; (s = ulp_layer_scheme_row(i)) != NULL; i++)
    for (size_t r = 0; ulp_words_have(list, s->name) && r < st->remedy_count;
         r++)
      if (ulp_remedy_applies(&st->remedies[r], s))
        st->places[st->place_count++] = (place){0, s, &st->remedies[r]};
  return st->place_count ? ULP_OK
                         : ulp_error_set(e, ULP_EINVAL, "--schemes, "
                                         "--remedies: expected a remedy that "
                                         "applies to a scheme");
}

static ulp_status read_parameters(state *st, ulp_run *run, ulp_error *e)
{
  const char *channels = ulp_run_parameter(run, "channels");
  const char *remedies = ulp_run_parameter(run, "remedies");
  const char *schemes = ulp_run_parameter(run, "schemes");
  st->pictures = calloc(ulp_words_count(channels) + 1, sizeof *st->pictures);
  st->outliers = calloc(ulp_words_count(channels) + 1, sizeof *st->outliers);
  st->remedies = calloc(ulp_words_count(remedies) + 1, sizeof *st->remedies);
  if (!st->pictures || !st->outliers || !st->remedies)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_status s = ulp_words_read(channels, add_outliers, st, e);
  if (s == ULP_OK)
    s = ulp_words_read(remedies, add_remedy, st, e);
  if (s == ULP_OK)
    s = ulp_words_read(schemes, check_scheme, st, e);
  if (s == ULP_OK)
    s = list_places(st, schemes, e);
  if (s == ULP_OK)
    s = read_shape(st, run, e);
  if (s == ULP_OK)
    s = read_number(&st->calibration, "calibration", 0, 1e4, run, e);
  if (s == ULP_OK)
    s = read_number(&st->correlation, "correlation", -1, 1, run, e);
  return s;
}

/* ---- pictures ----------------------------------------------------------- */

static bool needs_rotated(const state *st)
{
  for (size_t i = 0; i < st->place_count; i++)
    if (st->places[i].remedy->kind == ULP_REMEDY_HADAMARD_GPTQ)
      return true;
  return false;
}

static bool needs_hessian(const state *st)
{
  for (size_t i = 0; i < st->place_count; i++)
    if (st->places[i].remedy->kind >= ULP_REMEDY_GPTQ)
      return true;
  return false;
}

static ulp_status make_picture(state *st, size_t i, const ulp_run *run,
                               ulp_error *e)
{
  ulp_outlier_picture *p = &st->pictures[i];
  const ulp_source *tensor = st->sources ? &st->sources[i] : NULL;
  const ulp_outliers none = {0, 1, 1};
  ulp_status s =
      ulp_outlier_picture_make(p, tensor ? none : st->outliers[i],
                               st->correlation, tensor, run->seed, e);
  return s == ULP_OK && needs_hessian(st)
             ? ulp_layer_prepare(&p->layer, needs_rotated(st), e)
             : s;
}

static ulp_status size_pictures(state *st, const ulp_run *run, ulp_error *e)
{
  for (size_t i = 0; i < st->picture_count; i++) {
    ulp_layer *l = &st->pictures[i].layer;
    *l = (ulp_layer){.tokens = st->tokens, .outputs = st->outputs,
                     .channels = st->channels, .seed = run->seed};
    l->seen_tokens = (int64_t)ceil(st->calibration * (double)st->channels);
    if (!st->sources)
      continue;
    const ulp_source *s = &st->sources[i];
    l->channels = s->shape[s->ndim - 1];
    int64_t rows = s->count / l->channels;
    l->seen_tokens = rows / 2;
    l->tokens = rows - rows / 2 < st->tokens ? rows - rows / 2 : st->tokens;
    (void)snprintf(st->pictures[i].name, sizeof st->pictures[i].name, "%.60s",
                   s->name);
    if (l->channels > 1 << 13 || rows < 2)
      return ulp_error_set(e, ULP_EINVAL, "%.200s: %lld rows of %lld, expected "
                           "2 rows at least, of up to 8192 channels",
                           s->name, (long long)rows, (long long)l->channels);
  }
  return ULP_OK;
}

static ulp_status take_tensors(state *st, const ulp_run *run, ulp_error *e)
{
  enum { MOST = 16 }; /* each has three square matrices of its channels */
  ulp_status s = ulp_sources(&st->sources, &st->source_count, run, e);
  if (s == ULP_OK && st->source_count > MOST)
    s = ulp_error_set(e, ULP_EINVAL, "%s: %zu tensors, expected up to %d, or "
                      "one by name, as FILE:NAME", ulp_file_path(run->file),
                      st->source_count, MOST);
  free(st->pictures);
  st->picture_count = s == ULP_OK ? st->source_count : 0;
  st->pictures = calloc(st->picture_count + 1, sizeof *st->pictures);
  if (s == ULP_OK && !st->pictures)
    s = ulp_error_set(e, ULP_ENOMEM, "out of memory");
  return s;
}

static bool wants(const state *st, const ulp_run *run, size_t i)
{
  for (size_t k = 0; k < st->place_count; k++)
    if (ulp_run_has(run, (int64_t)(i * st->place_count + k)))
      return true;
  return false;
}

static ulp_status make_pictures(state *st, const ulp_run *run, ulp_error *e)
{
  ulp_error worst = {0};
#ifdef _OPENMP
#pragma omp parallel for schedule(dynamic) num_threads(run->threads)
#endif
  for (size_t i = 0; i < st->picture_count; i++) {
    ulp_error why = {0};
    if (!wants(st, run, i) || make_picture(st, i, run, &why) == ULP_OK)
      continue;
#ifdef _OPENMP
#pragma omp critical(ulp_outlier_pictures)
#endif
    worst = why;
  }
  if (worst.status != ULP_OK)
    *e = worst;
  return worst.status;
}

static ulp_status prepare(ulp_run *run, ulp_error *e)
{
  state *st = calloc(1, sizeof *st);
  run->state = st;
  if (!st)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_status s = read_parameters(st, run, e);
  if (s == ULP_OK && run->file)
    s = take_tensors(st, run, e);
  if (s == ULP_OK && st->picture_count == 0)
    s = ulp_error_set(e, ULP_EINVAL, "--channels: expected one at least");
  if (s == ULP_OK)
    s = size_pictures(st, run, e);
  if (s != ULP_OK)
    return s;
  run->points = (int64_t)(st->picture_count * st->place_count);
  return make_pictures(st, run, e);
}

static void release(ulp_run *run)
{
  state *st = run->state;
  if (!st)
    return;
  for (size_t i = 0; st->pictures && i < st->picture_count; i++)
    ulp_outlier_picture_free(&st->pictures[i]);
  ulp_sources_free(st->sources, st->source_count);
  free(st->pictures);
  free(st->outliers);
  free(st->remedies);
  free(st->places);
  free(st);
  run->state = NULL;
}

/* ---- a point ------------------------------------------------------------ */

static double snr_of(const double *x, const double *y, int64_t n)
{
  double signal, noise;
  ulp_row_squares(&signal, x, NULL, 1, n);
  ulp_row_squares(&noise, x, y, 1, n);
  return noise > 0 ? 10 * log10(signal / noise) : INFINITY;
}

static double crest_of(const double *x, int64_t n)
{
  double amax = 0, square;
  ulp_row_squares(&square, x, NULL, 1, n);
  for (int64_t i = 0; i < n; i++)
    amax = fmax(amax, fabs(x[i]));
  return amax / sqrt(square / (double)n);
}

static void print_ordinary(ulp_text *row, const ulp_outlier_picture *p,
                           const ulp_layer_result *r, bool known)
{
  const ulp_layer *l = &p->layer;
  double signal = 0, noise = 0;
  int64_t flushed = 0, count = 0;
  for (int64_t i = 0; known && i < l->tokens * l->channels; i++) {
    if (p->outlier[i % l->channels])
      continue;
    double d = r->xq[i] - r->x[i];
    signal += r->x[i] * r->x[i];
    noise += d * d;
    flushed += r->x[i] != 0 && r->xq[i] == 0;
    count++;
  }
  ulp_csv_number_if(row, noise > 0 ? 10 * log10(signal / noise) : INFINITY,
                    known && count);
  ulp_csv_number_if(row, (double)flushed / (double)count, known && count);
}

/* GPTQ leaves of an error the part that later channels do not foretell: of
 * this autoregression 1 - r^2, whatever the gains. */
static double left_by(const state *st, const ulp_remedy *r)
{
  if (r->kind == ULP_REMEDY_GPTQ && !st->sources)
    return 1 - st->correlation * st->correlation;
  return r->kind < ULP_REMEDY_GPTQ || r->kind == ULP_REMEDY_GPTQ_LOWER ? 1
                                                                       : NAN;
}

static ulp_status print_output(ulp_text *row, const state *st,
                               const ulp_outlier_picture *p, const place *at,
                               const ulp_layer_result *r, ulp_error *e)
{
  const ulp_layer *l = &p->layer;
  double *y = malloc((size_t)(l->tokens * l->outputs) * sizeof *y);
  double *e2 = malloc((size_t)l->tokens * sizeof *e2);
  if (!y || !e2) {
    free(y);
    free(e2);
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  }
  ulp_product(y, r->xq, r->wq, (size_t)l->tokens, (size_t)l->outputs,
              (size_t)l->channels);
  ulp_row_squares(e2, p->y, y, l->tokens, l->outputs);
  double signal = ulp_sum(p->y2, l->tokens), noise = ulp_sum(e2, l->tokens);
  double expected = ulp_layer_noise(r, at->scheme, l->tokens, l->outputs,
                                    l->channels, left_by(st, at->remedy));
  ulp_ratio snr = ulp_token_snr(p->y2, e2, l->tokens);
  ulp_csv_number(row, snr.snr_db);
  ulp_csv_number_if(row, snr.ci95, isfinite(snr.ci95));
  ulp_csv_number(row, sqrt(noise / signal));
  ulp_csv_number_if(row, 10 * log10(signal / expected), !isnan(expected));
  ulp_csv_number_if(row, 10 * log10(p->ordinary / noise),
                    p->outlier && p->ordinary > 0 && noise > 0);
  free(y);
  free(e2);
  return ULP_OK;
}

static ulp_status print_row(ulp_text *row, const state *st,
                            const ulp_outlier_picture *p, const place *at,
                            const ulp_layer_result *r, ulp_error *e)
{
  const ulp_layer *l = &p->layer;
  int64_t nx = l->tokens * l->channels, nw = l->outputs * l->channels;
  ulp_csv_number_if(row, r->setting, !isnan(r->setting));
  ulp_csv_number_if(row, r->w_bits, r->fits);
  ulp_csv_number_if(row, r->x_bits, r->fits);
  ulp_csv_integer(row, l->tokens);
  if (!r->fits) {
    for (int i = 0; i < 10; i++)
      ulp_csv_empty(row);
    return ULP_OK;
  }
  ulp_status s = print_output(row, st, p, at, r, e);
  bool rotated = at->remedy->kind == ULP_REMEDY_HADAMARD ||
                 at->remedy->kind == ULP_REMEDY_HADAMARD_GPTQ;
  ulp_csv_number(row, snr_of(r->x, r->xq, nx));
  ulp_csv_number(row, snr_of(r->w, r->wq, nw));
  print_ordinary(row, p, r, p->outlier && !rotated);
  ulp_csv_number(row, crest_of(r->x, nx));
  return s;
}

static ulp_status point(const ulp_run *run, int64_t index, ulp_text *row,
                        ulp_error *e)
{
  const state *st = run->state;
  const ulp_outlier_picture *p = &st->pictures[(size_t)index / st->place_count];
  const place *at = &st->places[(size_t)index % st->place_count];
  ulp_layer_result r;
  ulp_status s = ulp_layer_quantize(&r, &p->layer, at->scheme, at->remedy, e);
  if (s == ULP_OK) {
    ulp_csv_string(row, p->name);
    ulp_csv_string(row, at->scheme->name);
    ulp_csv_string(row, at->remedy->word);
    s = print_row(row, st, p, at, &r, e);
  }
  ulp_layer_result_free(&r);
  return s;
}

const ulp_experiment ulp_experiment_outlier_channels = {
    .name = "outlier_channels",
    .question = "What do outlier channels cost a quantized linear layer, and "
                "which remedy gives it back?",
    .method =
        "Draws x of tokens by channels, normal, neighbouring channels "
        "correlated, some channels times a gain (or reads x from a tensor: "
        "the first half of its rows calibrates), and normal weights w; "
        "quantizes both by each scheme after each remedy, and compares y = x "
        "w^T, summed in f64, with that of the codes' values.  SmoothQuant, "
        "AWQ and GPTQ see other tokens than those measured.",
    .source = "arXiv:2208.07339 (LLM.int8); arXiv:2211.10438 (SmoothQuant); "
              "arXiv:2306.00978 (AWQ); arXiv:2210.17323 (GPTQ); "
              "arXiv:2404.00456 (QuaRot); the guide's 4.3, 7.3 to 7.7 and "
              "10.1",
    .columns = columns,
    .parameters = parameters,
    .default_seed = 1,
    .takes_tensor = true,
    .prepare = prepare,
    .point = point,
    .release = release,
};
