/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * experiments/layer_compounding: how the error of one layer grows through a
 * deep stack.
 *
 * A point is a line (a stack and what is wrong in it) and a depth, which
 * varies fastest.  The whole stack is run in `prepare`, once for all lines.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "parameters.h"
#include "stack_rows.h"

static const ulp_column columns[] = {
    {"point", ULP_COL_INTEGER, "1", "index of the point in the whole sweep"},
    {"stack", ULP_COL_STRING, "",
     "mirrors: layers that keep lengths and angles; blocks: x + W2 max(0, W1 "
     "RMSNorm(x))"},
    {"error", ULP_COL_STRING, "",
     "injected into each token, relative to it: uncorrelated (a random "
     "direction), correlated (times 1 + error), partial (both); rounded: of "
     "the stream alone; quantized: of weights and activations as well"},
    {"site", ULP_COL_STRING, "",
     "branch: a layer's output, before it is added; stream: after"},
    {"scheme", ULP_COL_STRING, "",
     "quantizer of weights and of both activations; empty: none"},
    {"mode", ULP_COL_STRING, "",
     "rounding of the stream and of quantized activations; weights as their "
     "quantizer has it"},
    {"residual", ULP_COL_STRING, "",
     "format of the stream; empty: f64, not rounded"},
    {"layers", ULP_COL_STRING, "",
     "which have the error of branch or stream: all; first, middle or last 2 "
     "of the stack; inner: all but the first and last 2"},
    {"outlier_gain", ULP_COL_NUMBER, "1",
     "every 64th channel of the normalized input is so much larger, its "
     "weights so much smaller; 1: none"},
    {"depth", ULP_COL_INTEGER, "1", "layers passed"},
    {"tokens", ULP_COL_INTEGER, "1", "in the same weights"},
    {"branch_error", ULP_COL_NUMBER, "1",
     "relative rms error of a layer's output alone, from the exact input; rms "
     "over the layers passed that have errors"},
    {"branch_parallel", ULP_COL_NUMBER, "1",
     "the part of it along the output: sum e f / sum f^2, mean over layers"},
    {"stream_error", ULP_COL_NUMBER, "1",
     "the same of the stream, from rounding it once"},
    {"stream_parallel", ULP_COL_NUMBER, "1", "the part of it along the stream"},
    {"relative_error", ULP_COL_NUMBER, "1",
     "rms(noisy - exact) / rms(exact) of the stream, rms over tokens"},
    {"relative_error_ci95", ULP_COL_NUMBER, "1",
     "half width of its 95 % confidence interval, over the tokens, with these "
     "weights"},
    {"predicted_relative_error", ULP_COL_NUMBER, "1",
     "mirrors: the expectation, in closed form; blocks: the errors of single "
     "layers, as measured or injected, through wide layers with independent "
     "weights"},
    {"parallel_error", ULP_COL_NUMBER, "1",
     "sum e y / sum y^2 at this depth: the stream has so much too much of "
     "itself"},
    {"guide_relative_error", ULP_COL_NUMBER, "1",
     "what the guide's 10.8 says: 0.49 for 0.5 % over 80 layers, "
     "uncorrelated, and worse when it is correlated"},
    {"stream_rms", ULP_COL_NUMBER, "1", "of the exact stream"},
    {"exponent", ULP_COL_NUMBER, "1",
     "p of relative_error ~ depth^p, from depth 4 on: mean of the tokens' "
     "fits; the same for all depths of a line"},
    {"exponent_ci95", ULP_COL_NUMBER, "1",
     "half width of its 95 % confidence interval, over the tokens, with these "
     "weights"},
    {"predicted_exponent", ULP_COL_NUMBER, "1",
     "the same fit of predicted_relative_error"},
    {"absolute_exponent", ULP_COL_NUMBER, "1",
     "the same fit of rms(noisy - exact)"},
    {0}};

static const ulp_parameter parameters[] = {
    {"schemes",
     "e4m3 e4m3/g=token int8 int8/g=token mxfp8 nvfp4 int4/g=group:32",
     "quantizers of weights and activations, separated by blanks"},
    {"modes", "rne sr rtz",
     "rounding modes; activations are quantized with rne and sr only"},
    {"residuals", "bf16 f16 float32", "formats of the stream"},
    {"error", "0.005", "size of injected errors, relative"},
    {"correlation", "0.1", "of partial ones with the signal, 0 to 1"},
    {"shape", "", "tokens x channels, as 32x128; without it 32x128, --quick "
                  "16x64, --full 64x256"},
    {"depth", "128", "layers, 8 to 1024"},
    {"gain", "64", "of outlier channels; 1: no lines with outliers"},
    {0}};

static const double all_stations[] = {1,  2,  4,   8,   16,  24, 32, 48, 64,
                                      80, 96, 128, 192, 256, 512, 1024};
enum { STATIONS = sizeof all_stations / sizeof all_stations[0],
       MOST_TOKENS = 1024 };

typedef struct {
  ulp_stack_lines lines;
  ulp_normals normals;
  ulp_stack stack;
  double *predicted;   /* [lines][stations] */
  ulp_stack_fit *fits; /* [lines] */
} state;

/* ---- parameters --------------------------------------------------------- */

static ulp_status read_scheme(void *data, size_t i, const char *word,
                              ulp_error *e)
{
  char(*out)[100] = data;
  if ((size_t)snprintf(out[i], sizeof out[i], "%s", word) < sizeof out[i])
    return ULP_OK;
  return ulp_error_set(e, ULP_EINVAL, "--schemes '%.40s...': expected up to "
                       "99 characters", word);
}

static ulp_status read_numbers(state *st, const ulp_run *run, ulp_error *e)
{
  static const ulp_extent axes[] = {
      {"TOKENS", {16, 32, 64}, 2, MOST_TOKENS},
      {"CHANNELS", {64, 128, 256}, 4, 8192}};
  int64_t shape[2];
  ulp_stack_lines *l = &st->lines;
  ulp_status s = ulp_shape_parameter(shape, run, "shape", axes, 2, e);
  st->stack.tokens = shape[0];
  st->stack.width = shape[1];
  if (s == ULP_OK)
    s = ulp_number_parameter(&l->size, run, "error", ulp_from_to(1e-12, 0.5),
                             e);
  if (s == ULP_OK)
    s = ulp_number_parameter(&l->correlation, run, "correlation",
                             ulp_from_to(0, 1), e);
  if (s == ULP_OK)
    s = ulp_number_parameter(&l->gain, run, "gain", ulp_from_to(1, 0x1p20), e);
  if (s == ULP_OK)
    s = ulp_whole_parameter(&l->depth, run, "depth", NULL, 8, ULP_STACK_DEPTH,
                            e);
  st->stack.depth = l->depth;
  return s;
}

static ulp_status read_parameters(state *st, const ulp_run *run, ulp_error *e)
{
  ulp_stack_lines *l = &st->lines;
  ulp_status s = ULP_OK;
  l->seed = run->seed;
  l->residuals = ulp_list_floats(&l->residuals_n, run, "residuals", &s, e);
  l->schemes_n = ulp_words_count(ulp_run_parameter(run, "schemes"));
  l->schemes = calloc(l->schemes_n + 1, sizeof *l->schemes);
  if (s == ULP_OK && !l->schemes)
    s = ulp_error_set(e, ULP_ENOMEM, "out of memory");
  if (s == ULP_OK)
    s = ulp_words_read(ulp_run_parameter(run, "schemes"), read_scheme,
                       l->schemes, e);
  if (s == ULP_OK)
    s = ulp_mode_words_read(&l->modes, &l->modes_n,
                            ulp_run_parameter(run, "modes"), e);
  if (s == ULP_OK && l->modes_n == 0)
    s = ulp_error_set(e, ULP_EINVAL, "--modes: expected one word at least");
  return s == ULP_OK ? read_numbers(st, run, e) : s;
}

/* ---- the experiment ----------------------------------------------------- */

static ulp_status make_room(state *st, const ulp_run *run, ulp_error *e)
{
  ulp_stack *s = &st->stack;
  size_t depth = (size_t)s->depth;
  while (s->stations_n < STATIONS &&
         all_stations[s->stations_n] <= (double)depth)
    s->stations_n++;
  s->stations = all_stations;
  s->normals = &st->normals;
  s->seed = run->seed;
  s->threads = run->threads;
  s->lines = st->lines.lines;
  s->lines_n = st->lines.lines_n;
  s->quantizers = st->lines.quantizers;
  s->quantizers_n = st->lines.quantizers_n;
  size_t points = s->lines_n * s->stations_n;
  s->branch = calloc(s->quantizers_n * depth + 1, sizeof *s->branch);
  s->stream = calloc(s->lines_n * depth + 1, sizeof *s->stream);
  s->errors = calloc(points * (size_t)s->tokens + 1, sizeof *s->errors);
  st->predicted = calloc(points + 1, sizeof *st->predicted);
  st->fits = calloc(s->lines_n + 1, sizeof *st->fits);
  return s->branch && s->stream && s->errors && st->predicted && st->fits
             ? ULP_OK
             : ulp_error_set(e, ULP_ENOMEM, "out of memory");
}

static ulp_status prepare(ulp_run *run, ulp_error *e)
{
  state *st = run->state = calloc(1, sizeof *st);
  if (!st)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_status s = read_parameters(st, run, e);
  if (s == ULP_OK)
    s = ulp_stack_lines_make(&st->lines, e);
  if (s == ULP_OK && ulp_normals_make(&st->normals, run->seed) != ULP_OK)
    s = ulp_error_set(e, ULP_ENOMEM, "cannot draw normal numbers");
  if (s == ULP_OK)
    s = make_room(st, run, e);
  if (s == ULP_OK)
    s = ulp_stack_run(&st->stack, e);
  if (s != ULP_OK)
    return s;
  for (size_t i = 0; i < st->stack.lines_n; i++) {
    ulp_stack_predict(st->predicted + i * st->stack.stations_n, &st->stack, i);
    st->fits[i] = ulp_stack_fit_line(&st->stack, i);
  }
  run->points = (int64_t)(st->stack.lines_n * st->stack.stations_n);
  return ULP_OK;
}

static void release(ulp_run *run)
{
  state *st = run->state;
  if (!st)
    return;
  ulp_stack_lines_free(&st->lines);
  free(st->lines.schemes);
  free(st->lines.modes);
  free(st->lines.residuals);
  free(st->stack.branch);
  free(st->stack.stream);
  free(st->stack.errors);
  free(st->predicted);
  free(st->fits);
  ulp_normals_free(&st->normals);
  free(st);
  run->state = NULL;
}

/* ---- rows --------------------------------------------------------------- */

static ulp_status point(const ulp_run *run, int64_t index, ulp_text *row,
                        ulp_error *e)
{
  const state *st = run->state;
  size_t stations = st->stack.stations_n;
  size_t line = (size_t)index / stations, station = (size_t)index % stations;
  (void)e;
  ulp_stack_print(row, &st->stack, line, &st->lines.names[line], station,
                  st->predicted + line * stations, &st->fits[line]);
  return ULP_OK;
}

const ulp_experiment ulp_experiment_layer_compounding = {
    .name = "layer_compounding",
    .question = "How does the error of one layer grow through a deep stack, "
                "at random and with a bias?",
    .method =
        "Runs a stack of layers with random, fixed weights in f64, and beside "
        "it with errors: injected ones of known size and direction, in "
        "layers that keep lengths (the law by itself) and in pre-norm "
        "residual blocks; the stream rounded to 16 or 32 bits; weights and "
        "activations quantized.  Each layer's error is also measured alone, "
        "and what these become when nothing but chance joins them is "
        "predicted.  A random walk has the exponent 0.5, a bias 1.",
    .source = "the guide, 10.3, 10.4, 10.8; N. J. Higham, T. Mary, A New "
              "Approach to Probabilistic Rounding Error Analysis, SIAM J. "
              "Sci. Comput. 41(5), 2019 (sqrt n against n); R. Xiong et al., "
              "arXiv:2002.04745 (pre-norm blocks); Y. Cho, L. K. Saul, NIPS "
              "2009 (the kernel of the prediction)",
    .columns = columns,
    .parameters = parameters,
    .default_seed = 1,
    .prepare = prepare,
    .point = point,
    .release = release,
};
