/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * experiments/residual: what reaches a residual stream that is large beside
 * the layers' outputs.
 *
 * A point is a format, a scheme, a pattern, a stream, an update and a depth,
 * which varies fastest.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "lists.h"
#include "mode_word.h"
#include "residual_predict.h"

static const ulp_column columns[] = {
    {"point", ULP_COL_INTEGER, "1", "index of the point in the whole sweep"},
    {"format", ULP_COL_STRING, "", "format of the stream and of the updates"},
    {"scheme", ULP_COL_STRING, "",
     "how a sum is rounded: rne, sr, ...; kahan: to nearest, with the part "
     "that was lost kept in a second number of the format and given to the "
     "next update; clamp: to nearest, and the greatest value in place of Inf"},
    {"role", ULP_COL_STRING, "",
     "failure: what goes wrong in 16 bits; remedy: what is done about it"},
    {"pattern", ULP_COL_STRING, "",
     "steady: every update is the same; random: normal, of that size"},
    {"stream", ULP_COL_NUMBER, "1",
     "size of the stream at the start: s (1 + k / 128), k uniform on 0..127"},
    {"update", ULP_COL_NUMBER, "stream",
     "size of an update (random: standard deviation), of s"},
    {"update_ulps", ULP_COL_NUMBER, "ulp",
     "the same in units in the last place of s; rounding to nearest loses "
     "what is below 1/2"},
    {"depth", ULP_COL_INTEGER, "1", "updates added, one a layer"},
    {"elements", ULP_COL_INTEGER, "1", "of the stream, each for itself"},
    {"flushed_fraction", ULP_COL_NUMBER, "1",
     "updates that became 0 in the format before they were added"},
    {"lost_fraction", ULP_COL_NUMBER, "1",
     "updates that left the stream as it was"},
    {"predicted_lost_fraction", ULP_COL_NUMBER, "1",
     "steady: exact for rne and clamp, along the exact sum for sr; random: as "
     "if the stream stayed in its binade; empty for other schemes, and where "
     "a stream overflows"},
    {"gain", ULP_COL_NUMBER, "1",
     "sum a x / sum x^2, x the exact gain of an element and a the one that "
     "arrived: 0, all lost; 1, right on average; of finite elements"},
    {"gain_ci95", ULP_COL_NUMBER, "1",
     "half width of the 95 % confidence interval of gain, over the elements"},
    {"predicted_gain", ULP_COL_NUMBER, "1", "as predicted_lost_fraction"},
    {"relative_error", ULP_COL_NUMBER, "1",
     "rms of the stream's error over the rms of the exact stream; of finite "
     "elements"},
    {"predicted_relative_error", ULP_COL_NUMBER, "1",
     "as predicted_lost_fraction"},
    {"overflow_fraction", ULP_COL_NUMBER, "1",
     "elements that are Inf or NaN at the end"},
    {"predicted_overflow_fraction", ULP_COL_NUMBER, "1",
     "steady: elements of which a sum reaches the greatest value and half an "
     "ulp; empty for random"},
    {0}};

static const ulp_parameter parameters[] = {
    {"formats", "bf16 f16 float32", "float formats, separated by blanks"},
    {"schemes", "rne sr kahan clamp",
     "rounding modes, kahan, clamp, separated by blanks"},
    {"patterns", "steady random", "of the updates, separated by blanks"},
    {"streams", "1 0x1p15 0x1p-20", "sizes of the stream, powers of two"},
    {"updates",
     "0x1p-4 0x1p-6 0x1.02p-8 0x1p-8 0x1.fcp-9 0x1p-9 0x1p-10 0x1.02p-11 "
     "0x1p-11 0x1.fcp-12 0x1p-12 0x1p-14",
     "sizes of an update, relative to the stream"},
    {"depths", "1 8 32 80 128", "numbers of layers, separated by blanks"},
    {0}};

typedef struct {
  char word[ULP_MODE_WORD_SIZE];
  ulp_stream_kind kind;
  bool clamp;
  ulp_rounding rounding;
} scheme;

typedef struct {
  ulp_format *formats;
  scheme *schemes;
  bool *steady;
  double *streams, *updates, *depths;
  size_t formats_n, schemes_n, patterns_n, streams_n, updates_n, depths_n;
  ulp_normals normals;
} state;

/* ---- parameters --------------------------------------------------------- */

static ulp_status read_scheme(void *data, size_t i, const char *word,
                              ulp_error *e)
{
  scheme *s = (scheme *)data + i;
  bool kahan = strcmp(word, "kahan") == 0;
  ulp_mode_word m;
  ulp_error why;
  s->clamp = strcmp(word, "clamp") == 0;
  const char *mode = kahan || s->clamp ? "rne" : word;
  if (ulp_mode_word_read(&m, mode, &why) != ULP_OK)
    return ulp_error_set(e, ULP_ENAME, "%.300s, kahan or clamp", why.text);
  s->kind = kahan ? ULP_STREAM_KAHAN : ULP_STREAM_ROUNDED;
  s->rounding = m.rounding;
  s->rounding.overflow = s->clamp ? ULP_OVERFLOW_SATURATE : ULP_OVERFLOW_IEEE;
  snprintf(s->word, sizeof s->word, "%s", word);
  return ULP_OK;
}

static ulp_status read_pattern(void *data, size_t i, const char *word,
                               ulp_error *e)
{
  bool *steady = data;
  steady[i] = strcmp(word, "steady") == 0;
  if (steady[i] || strcmp(word, "random") == 0)
    return ULP_OK;
  return ulp_error_set(e, ULP_EINVAL, "'%.40s': expected steady or random",
                       word);
}

/* Predictions are for a stream that fills a binade. */
static ulp_status check_streams(const state *st, ulp_error *e)
{
  int exponent;
  for (size_t i = 0; i < st->streams_n; i++)
    if (frexp(st->streams[i], &exponent) != 0.5)
      return ulp_error_set(e, ULP_EINVAL, "--streams: %g: expected powers of "
                           "two", st->streams[i]);
  return ULP_OK;
}

static ulp_status prepare(ulp_run *run, ulp_error *e)
{
  ulp_status s = ULP_OK;
  state *st = run->state = calloc(1, sizeof *st);
  if (!st)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  st->formats = ulp_list_floats(&st->formats_n, run, "formats", &s, e);
  st->schemes = ulp_list_read(&st->schemes_n, sizeof *st->schemes, run,
                              "schemes", read_scheme, &s, e);
  st->steady = ulp_list_read(&st->patterns_n, sizeof *st->steady, run,
                             "patterns", read_pattern, &s, e);
  st->streams = ulp_list_numbers(&st->streams_n, run, "streams", 0x1p-60,
                                 0x1p60, &s, e);
  st->updates = ulp_list_numbers(&st->updates_n, run, "updates", 0x1p-40, 1,
                                 &s, e);
  st->depths = ulp_list_integers(&st->depths_n, run, "depths", 1, 65536, &s,
                                 e);
  if (s == ULP_OK)
    s = check_streams(st, e);
  if (s == ULP_OK && (s = ulp_normals_make(&st->normals, run->seed)) != ULP_OK)
    s = ulp_error_set(e, s, "cannot draw normal numbers");
  run->points = (int64_t)(st->formats_n * st->schemes_n * st->patterns_n *
                          st->streams_n * st->updates_n * st->depths_n);
  return s;
}

static void release(ulp_run *run)
{
  state *st = run->state;
  if (!st)
    return;
  free(st->formats);
  free(st->schemes);
  free(st->steady);
  free(st->streams);
  free(st->updates);
  free(st->depths);
  ulp_normals_free(&st->normals);
  free(st);
  run->state = NULL;
}

/* ---- rows --------------------------------------------------------------- */

static void print_result(ulp_text *row, const ulp_residual_result *m,
                         const ulp_residual_prediction *p, int64_t elements)
{
  double updates = (double)m->updates;
  bool finite = m->overflow < elements;
  ulp_csv_integer(row, elements);
  ulp_csv_number(row, (double)m->flushed / updates);
  ulp_csv_number(row, (double)m->lost / updates);
  ulp_csv_number_if(row, p->lost, p->lost_known);
  ulp_csv_number_if(row, m->gain, finite);
  ulp_csv_number_if(row, m->gain_ci95, finite);
  ulp_csv_number_if(row, p->gain, p->known && finite);
  ulp_csv_number_if(row, m->relative_error, finite);
  ulp_csv_number_if(row, p->relative_error, p->known && finite);
  ulp_csv_number(row, (double)m->overflow / (double)elements);
  ulp_csv_number_if(row, p->overflow, p->overflow_known);
}

static ulp_status measure(ulp_text *row, const ulp_run *run,
                          const ulp_format *f, const scheme *c,
                          ulp_residual_stream *r, ulp_error *e)
{
  const ulp_rounding nearest = {.overflow = ULP_OVERFLOW_IEEE};
  ulp_step sum, output;
  ulp_grid g = ulp_grid_of(f);
  ulp_rounding rounding = c->rounding;
  char text[160];
  snprintf(text, sizeof text, "residual %s %s %d %a %a", f->name, c->word,
           r->steady, r->start, r->update);
  rounding.seed = run->seed;
  rounding.stream = ulp_text_stream(text);
  ulp_status s = ulp_step_make(&sum, f->name, &rounding, e);
  if (s == ULP_OK)
    s = ulp_step_make(&output, f->name, &nearest, e);
  if (s != ULP_OK)
    return s;
  ulp_residual_result m;
  r->sum = &sum;
  r->output = &output;
  if (ulp_residual_run(&m, r) != ULP_OK)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_residual_prediction p = ulp_residual_predict(r, c->clamp);
  ulp_csv_number(row, r->update / ulp_grid_spacing(&g, r->start));
  ulp_csv_integer(row, r->depth);
  print_result(row, &m, &p, r->elements);
  return ULP_OK;
}

static ulp_status point(const ulp_run *run, int64_t index, ulp_text *row,
                        ulp_error *e)
{
  static const int64_t elements[] = {256, 2048, 16384};
  const state *st = run->state;
  const ulp_sweep sweep = {6, {st->formats_n, st->schemes_n, st->patterns_n,
                               st->streams_n, st->updates_n, st->depths_n}};
  size_t at[ULP_AXES];
  ulp_sweep_at(&sweep, index, at);
  const ulp_format *f = &st->formats[at[0]];
  const scheme *c = &st->schemes[at[1]];
  bool plain = c->kind == ULP_STREAM_ROUNDED && !c->clamp &&
               c->rounding.mode != ULP_SR;
  ulp_residual_stream r = {.kind = c->kind, .normals = &st->normals,
                           .steady = st->steady[at[2]],
                           .start = st->streams[at[3]],
                           .update = st->streams[at[3]] * st->updates[at[4]],
                           .depth = (int64_t)st->depths[at[5]],
                           .elements = elements[run->effort],
                           .seed = run->seed};
  ulp_csv_string(row, f->name);
  ulp_csv_string(row, c->word);
  ulp_csv_string(row, plain && f->bits < 32 ? "failure" : "remedy");
  ulp_csv_string(row, r.steady ? "steady" : "random");
  ulp_csv_number(row, r.start);
  ulp_csv_number(row, st->updates[at[4]]);
  return measure(row, run, f, c, &r, e);
}

const ulp_experiment ulp_experiment_residual = {
    .name = "residual",
    .question = "Which outputs of layers does a residual stream in 16 bits "
                "lose, and what saves them?",
    .method =
        "Adds one update a layer to 2048 numbers (--quick 256, --full 16384) "
        "in a binade of a format, and compares with the exact sum.  What "
        "rounding to nearest and stochastic rounding make of it follows from "
        "the spacing of the format: an update below half an ulp is lost by "
        "the first and arrives on average by the second.",
    .source = "the guide, 4.8 and 10.4; N. J. Higham, Accuracy and Stability "
              "of Numerical Algorithms, SIAM 2002, 4.3 (compensated "
              "summation); M. P. Connolly, N. J. Higham, T. Mary, SIAM J. "
              "Sci. Comput. 43(1), 2021 (stochastic rounding); M. Sun et al., "
              "arXiv:2402.17762 (massive activations)",
    .columns = columns,
    .parameters = parameters,
    .default_seed = 1,
    .prepare = prepare,
    .point = point,
    .release = release,
};
