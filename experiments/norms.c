/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * experiments/norms: which step of a normalization breaks first in a narrow
 * format.
 *
 * A point is an input, a width, an epsilon, a normalization, a format and the
 * step that is in it, which varies fastest.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "lists.h"
#include "norm_measure.h"

static const ulp_column columns[] = {
    {"point", ULP_COL_INTEGER, "1", "index of the point in the whole sweep"},
    {"input", ULP_COL_STRING, "",
     "gaussian; large: times 300; tiny: times 2^-13; spike: one channel is "
     "1000; offset: plus 16; signs: 1 and -1; zero; or the tensor"},
    {"width", ULP_COL_INTEGER, "1", "channels of a row"},
    {"epsilon", ULP_COL_NUMBER, "1", "as it is asked for"},
    {"norm", ULP_COL_STRING, "",
     "rms; layer: variance of x - mean; layer_one_pass: mean(x^2) - mean^2"},
    {"format", ULP_COL_STRING, "", "the narrow format"},
    {"step", ULP_COL_STRING, "",
     "what is in it, the rest in f32: input, square, sum (one after the "
     "other), sum_lanes (32 sums side by side, then a tree), root (epsilon, "
     "their sum, square root, reciprocal), scale, output; all; outside: input "
     "and output, f32 inside"},
    {"role", ULP_COL_STRING, "",
     "failure: narrow inside; remedy: narrow before or after, f32 inside"},
    {"rows", ULP_COL_INTEGER, "1", "rows normalized"},
    {"relative_error", ULP_COL_NUMBER, "1",
     "rms(y - y*) / rms(y*), y* in f64; Inf counts as wrong by y*, as do NaN "
     "and the 0 of an infinite sum; empty where y* is 0"},
    {"relative_error_ci95", ULP_COL_NUMBER, "1",
     "half width of its 95 % confidence interval, over the rows"},
    {"predicted_relative_error", ULP_COL_NUMBER, "1",
     "input, scale, output, outside: spacing^2 / 12 for each rounding; square, "
     "sum of rms: 1 where an overflow is certain; sum of signs: stalled at "
     "2^digits; empty where there is no theory"},
    {"gain_error", ULP_COL_NUMBER, "1",
     "sum y y* / sum y*^2 - 1 of finite y: the rows came out so much larger"},
    {"nonfinite_fraction", ULP_COL_NUMBER, "1", "outputs that are Inf or NaN"},
    {"predicted_nonfinite_fraction", ULP_COL_NUMBER, "1",
     "of input zero: 1 where epsilon becomes 0, so that 0 times Inf is NaN"},
    {"zero_fraction", ULP_COL_NUMBER, "1", "outputs that are 0, and y* is not"},
    {"stored_epsilon", ULP_COL_NUMBER, "1", "epsilon in the format of `root`"},
    {"output_mean", ULP_COL_NUMBER, "1", "mean of finite y, gamma taken out"},
    {"exact_output_mean", ULP_COL_NUMBER, "1",
     "rms: mean(x) / sqrt(mean(x^2) + epsilon), which is not 0; layer: 0"},
    {0}};

static const ulp_parameter parameters[] = {
    {"inputs", "gaussian large tiny spike offset signs zero",
     "kinds of input, separated by blanks"},
    {"widths", "256 4096", "channels of a row, separated by blanks"},
    {"epsilons", "1e-5 1e-6 1e-8", "numbers, separated by blanks"},
    {"norms", "rms layer layer_one_pass", "separated by blanks"},
    {"formats", "bf16 f16 e4m3", "float formats, separated by blanks"},
    {"steps",
     "input square sum sum_lanes root scale output all outside",
     "steps in the narrow format, separated by blanks"},
    {0}};

/* ---- words -------------------------------------------------------------- */

enum { LANES = 32, OUTSIDE = ULP_NARROW_INPUT | ULP_NARROW_OUTPUT };
static const struct {
  const char *name;
  int narrow, lanes;
} step_table[] = {
    {"input", ULP_NARROW_INPUT, 1},   {"square", ULP_NARROW_SQUARE, 1},
    {"sum", ULP_NARROW_SUM, 1},       {"sum_lanes", ULP_NARROW_SUM, LANES},
    {"root", ULP_NARROW_ROOT, 1},     {"scale", ULP_NARROW_SCALE, 1},
    {"output", ULP_NARROW_OUTPUT, 1}, {"all", ULP_NARROW_ALL, 1},
    {"outside", OUTSIDE, 1},
};
enum { STEPS = sizeof step_table / sizeof step_table[0], NORMS = 3 };
static const char *const norm_names[NORMS] = {"rms", "layer",
                                              "layer_one_pass"};

static ulp_status read_input(void *data, size_t i, const char *word,
                             ulp_error *e)
{
  const ulp_norm_input **out = data, *k;
  for (size_t n = 0; (k = ulp_norm_input_row(n)) != NULL; n++)
    if (strcmp(k->name, word) == 0) {
      out[i] = k;
      return ULP_OK;
    }
  return ulp_error_set(e, ULP_ENAME, "'%.40s': expected gaussian, large, tiny, "
                       "spike, offset, signs or zero", word);
}

static ulp_status read_norm(void *data, size_t i, const char *word,
                            ulp_error *e)
{
  int *out = data;
  for (int n = 0; n < NORMS; n++)
    if (strcmp(norm_names[n], word) == 0) {
      out[i] = n;
      return ULP_OK;
    }
  return ulp_error_set(e, ULP_ENAME, "'%.40s': expected rms, layer or "
                       "layer_one_pass", word);
}

static ulp_status read_step(void *data, size_t i, const char *word,
                            ulp_error *e)
{
  int *out = data;
  for (int n = 0; n < STEPS; n++)
    if (strcmp(step_table[n].name, word) == 0) {
      out[i] = n;
      return ULP_OK;
    }
  return ulp_error_set(e, ULP_ENAME, "'%.40s': expected input, square, sum, "
                       "sum_lanes, root, scale, output, all or outside", word);
}

/* ---- the sweep ---------------------------------------------------------- */

typedef struct {
  ulp_source *sources; /* of --tensor, in place of inputs and widths */
  size_t sources_n;
  const ulp_norm_input **inputs;
  ulp_format *formats;
  int *norms, *steps;
  double *widths, *epsilons;
  size_t inputs_n, formats_n, norms_n, steps_n, widths_n, epsilons_n;
  ulp_normals normals;
} state;

static ulp_status read_tensors(state *st, const ulp_run *run, ulp_error *e)
{
  ulp_status s = ulp_sources(&st->sources, &st->sources_n, run, e);
  for (size_t i = 0; s == ULP_OK && i < st->sources_n; i++) {
    const ulp_source *x = &st->sources[i];
    if (x->count <= 0 || x->shape[x->ndim - 1] > 1 << 24)
      s = ulp_error_set(e, ULP_EINVAL, "%s: expected rows of 1 to 2^24 "
                        "elements", x->name);
  }
  return s;
}

static ulp_status prepare(ulp_run *run, ulp_error *e)
{
  ulp_status s = ULP_OK;
  state *st = run->state = calloc(1, sizeof *st);
  if (!st)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  st->inputs = ulp_list_read(&st->inputs_n, sizeof *st->inputs, run, "inputs",
                             read_input, &s, e);
  st->widths = ulp_list_integers(&st->widths_n, run, "widths", 1, 1 << 24, &s,
                                 e);
  st->epsilons = ulp_list_numbers(&st->epsilons_n, run, "epsilons", 1e-30, 1,
                                  &s, e);
  st->norms = ulp_list_read(&st->norms_n, sizeof *st->norms, run, "norms",
                            read_norm, &s, e);
  st->formats = ulp_list_floats(&st->formats_n, run, "formats", &s, e);
  st->steps = ulp_list_read(&st->steps_n, sizeof *st->steps, run, "steps",
                            read_step, &s, e);
  if (s == ULP_OK && run->file)
    s = read_tensors(st, run, e);
  else if (s == ULP_OK &&
           (s = ulp_normals_make(&st->normals, run->seed)) != ULP_OK)
    s = ulp_error_set(e, s, "cannot draw normal numbers");
  size_t inputs = run->file ? st->sources_n : st->inputs_n * st->widths_n;
  run->points = (int64_t)(inputs * st->epsilons_n * st->norms_n *
                          st->formats_n * st->steps_n);
  return s;
}

static void release(ulp_run *run)
{
  state *st = run->state;
  if (!st)
    return;
  ulp_sources_free(st->sources, st->sources_n);
  free(st->inputs);
  free(st->widths);
  free(st->epsilons);
  free(st->norms);
  free(st->formats);
  free(st->steps);
  ulp_normals_free(&st->normals);
  free(st);
  run->state = NULL;
}

/* ---- rows --------------------------------------------------------------- */

/* Sets the width and the number of rows; the rows and then gamma, one normal
 * number in 16 around 1 (of a tensor 1), in one array. */
static double *read_rows(ulp_norm_case *c, const ulp_run *run, size_t input,
                         size_t width)
{
  static const int64_t most[] = {2, 8, 64};
  const state *st = run->state;
  const ulp_source *t = run->file ? &st->sources[input] : NULL;
  c->width = t ? t->shape[t->ndim - 1] : (int64_t)st->widths[width];
  c->rows = most[run->effort];
  if (t && t->count / c->width < c->rows)
    c->rows = t->count / c->width;
  double *x = malloc((size_t)(c->rows + 1) * (size_t)c->width * sizeof *x);
  double *gamma = x + c->rows * c->width;
  if (!x)
    return NULL;
  if (t)
    ulp_source_read(t, x, 0, c->rows * c->width);
  for (int64_t i = 0; i < c->rows && !t; i++)
    ulp_norm_input_fill(st->inputs[input], &st->normals, x + i * c->width,
                        c->width, run->seed, i);
  for (int64_t i = 0; i < c->width; i++)
    gamma[i] = t ? 1
                 : (double)(float)(1 + ulp_normal_at(&st->normals, run->seed,
                                                     3, (uint64_t)i) / 16);
  return x;
}

static void print_result(ulp_text *row, const ulp_norm_case *c,
                         const ulp_norm_result *m)
{
  ulp_csv_integer(row, c->rows);
  ulp_csv_number_if(row, m->error, m->has_error);
  ulp_csv_number_if(row, m->error_ci95, m->has_error);
  ulp_csv_number_if(row, m->predicted_error, m->error_predicted);
  ulp_csv_number_if(row, m->gain_error, isfinite(m->gain_error));
  ulp_csv_number(row, m->nonfinite);
  ulp_csv_number_if(row, m->predicted_nonfinite, m->nonfinite_predicted);
  ulp_csv_number(row, m->zero);
  ulp_csv_number(row, ulp_step_round(c->steps & ULP_NARROW_ROOT ? c->narrow
                                                                : c->wide,
                                     c->epsilon, 0));
  ulp_csv_number_if(row, m->mean, isfinite(m->mean));
  ulp_csv_number(row, m->exact_mean);
}

static ulp_status measure(ulp_text *row, ulp_norm_case *c, const double *x,
                          ulp_error *e)
{
  ulp_rounding wide_rounding = {.overflow = ULP_OVERFLOW_IEEE};
  ulp_rounding rounding = wide_rounding;
  ulp_step narrow, wide;
  ulp_norm_result m;
  if (c->format->inf == ULP_INF_NONE)
    rounding.overflow = ULP_OVERFLOW_SATURATE;
  ulp_status s = ulp_step_make(&narrow, c->format->name, &rounding, e);
  if (s == ULP_OK)
    s = ulp_step_make(&wide, "float32", &wide_rounding, e);
  if (s != ULP_OK)
    return s;
  c->narrow = &narrow;
  c->wide = &wide;
  if (ulp_norm_measure(&m, c, x, x + c->rows * c->width) != ULP_OK)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  print_result(row, c, &m);
  return ULP_OK;
}

static ulp_status point(const ulp_run *run, int64_t index, ulp_text *row,
                        ulp_error *e)
{
  const state *st = run->state;
  const ulp_sweep sweep = {6, {run->file ? st->sources_n : st->inputs_n,
                               run->file ? 1 : st->widths_n, st->epsilons_n,
                               st->norms_n, st->formats_n, st->steps_n}};
  size_t at[ULP_AXES];
  ulp_sweep_at(&sweep, index, at);
  int step = st->steps[at[5]];
  ulp_norm_case c = {.kind = (ulp_norm_kind)st->norms[at[3]],
                     .format = &st->formats[at[4]],
                     .steps = step_table[step].narrow,
                     .lanes = step_table[step].lanes,
                     .epsilon = st->epsilons[at[2]]};
  double *x = read_rows(&c, run, at[0], at[1]);
  if (!x)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_csv_string(row, run->file ? st->sources[at[0]].name
                                : st->inputs[at[0]]->name);
  ulp_csv_integer(row, c.width);
  ulp_csv_number(row, c.epsilon);
  ulp_csv_string(row, norm_names[c.kind]);
  ulp_csv_string(row, c.format->name);
  ulp_csv_string(row, step_table[step].name);
  ulp_csv_string(row, c.steps & ~OUTSIDE ? "failure" : "remedy");
  ulp_status s = measure(row, &c, x, e);
  free(x);
  return s;
}

const ulp_experiment ulp_experiment_norms = {
    .name = "norms",
    .question = "Which step of RMSNorm and LayerNorm breaks first in a narrow "
                "format, and what does quantizing before or after cost?",
    .method =
        "Normalizes rows (8; --quick 2, --full 64; or a tensor's) with one "
        "step in the narrow format and the others in f32, to nearest even, "
        "and compares with f64.  gamma is 1 and a normal number over 16.  "
        "Formats without Inf saturate.  What is narrow outside of the "
        "normalization costs its own rounding and no more; inside, squares "
        "overflow, sums stall at 2^digits of a term, and epsilon becomes 0.",
    .source = "the guide, 4.8 and 10.5; B. Zhang, R. Sennrich, "
              "arXiv:1910.07467, equation 4 (RMSNorm subtracts no mean); J. L. "
              "Ba, J. R. Kiros, G. E. Hinton, arXiv:1607.06450 (LayerNorm)",
    .columns = columns,
    .parameters = parameters,
    .default_seed = 1,
    .takes_tensor = true,
    .prepare = prepare,
    .point = point,
    .release = release,
};
