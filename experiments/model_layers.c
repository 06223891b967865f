/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * experiments/model_layers: the error of a language model's residual stream
 * after each layer: what the layer adds, and what it was handed.
 *
 * A point is a plan and a depth, which varies fastest.
 */
#include <math.h>
#include <stdlib.h>

#include "cases.h"
#include "model_stream.h"

static const ulp_column columns[] = {
    {"point", ULP_COL_INTEGER, "1", "index of the point in the whole sweep"},
    {"plan", ULP_COL_STRING, "", "in what numbers the model is computed"},
    {"depth", ULP_COL_INTEGER, "1",
     "layers that the stream went through; 0: the embedding"},
    {"windows", ULP_COL_INTEGER, "1",
     "stretches of the text; the units of every interval"},
    {"tokens", ULP_COL_INTEGER, "1", "in all windows"},
    {"stream_rms", ULP_COL_NUMBER, "1", "under --reference"},
    {"snr_db", ULP_COL_NUMBER, "dB",
     "squares of the reference's stream over those of the error"},
    {"snr_db_ci95", ULP_COL_NUMBER, "dB",
     "half width of the 95 % interval over windows, delta method"},
    {"relative_error", ULP_COL_NUMBER, "1",
     "of the stream, norm of the error over the reference's"},
    {"relative_error_ci95", ULP_COL_NUMBER, "1", "half width"},
    {"cosine", ULP_COL_NUMBER, "1",
     "of a token's stream and the reference's, mean"},
    {"cosine_ci95", ULP_COL_NUMBER, "1", "half width"},
    {"new_error", ULP_COL_NUMBER, "1",
     "norm of what the layer under the plan differs by from the reference's "
     "layer on the same stream, the plan's; over the reference's norm"},
    {"new_error_ci95", ULP_COL_NUMBER, "1", "half width"},
    {"inherited_error", ULP_COL_NUMBER, "1",
     "norm of what the reference's layer makes of the plan's stream, less the "
     "reference, over the reference's; the two are the whole error"},
    {"inherited_error_ci95", ULP_COL_NUMBER, "1", "half width"},
    {"new_inherited_cosine", ULP_COL_NUMBER, "1",
     "of the two errors, over all tokens; 0: independent"},
    {"gain", ULP_COL_NUMBER, "1",
     "norm of the inherited error over that of the whole error one layer "
     "before; 1: handed on as it was"},
    {"gain_ci95", ULP_COL_NUMBER, "1", "half width"},
    {"predicted_error", ULP_COL_NUMBER, "1",
     "root of the sum of squares of the new errors so far, over the "
     "reference's norm: independent errors that layers hand on as they are"},
    {0}};

static const ulp_parameter parameters[] = {
    ULP_MODEL_PARAMETERS,
    {"plans", "", "names of plans or files, separated by blanks; without it, "
                  "all that the suite has, --quick a few"},
    {0}};

static const ulp_model_sizes sizes = {{2, 4, 6}, {48, 64, 192}};

typedef struct {
  ulp_model_case model;
  ulp_model_stream stream;
} state;

static ulp_status measure(state *st, const ulp_run *run, ulp_error *e)
{
  bool *wanted = calloc(st->model.plan_count + 1, sizeof *wanted);
  if (!wanted)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  for (int64_t i = 0; i < run->points; i++)
    if (ulp_run_has(run, i))
      wanted[i / st->stream.depths] = true;
  ulp_status s = ulp_model_stream_measure(&st->stream, wanted, run->threads, e);
  free(wanted);
  return s;
}

static ulp_status prepare(ulp_run *run, ulp_error *e)
{
  static const char quick[] = "f32 bf16 w4a16 int8-w8a8 fp8-token nvfp4";
  static const char *const lists[] = {quick, NULL, NULL};
  state *st = calloc(1, sizeof *st);
  run->state = st;
  if (!st)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_status s = ulp_model_case_open(&st->model, run, &sizes, e);
  if (s == ULP_OK)
    s = ulp_model_case_plans(&st->model, run, lists, e);
  if (s != ULP_OK)
    return s;
  st->stream.c = &st->model;
  st->stream.depths = ulp_llama_settings(st->model.model)->layers + 1;
  run->points = (int64_t)st->model.plan_count * st->stream.depths;
  return measure(st, run, e);
}

static void release(ulp_run *run)
{
  state *st = run->state;
  if (!st)
    return;
  ulp_model_stream_free(&st->stream);
  ulp_model_case_close(&st->model);
  free(st);
  run->state = NULL;
}

/* ---- a point ------------------------------------------------------------ */

static double power(const ulp_stream_sums *s) { return s->power; }
static double total(const ulp_stream_sums *s) { return s->total; }
static double added(const ulp_stream_sums *s) { return s->added; }
static double inherited(const ulp_stream_sums *s) { return s->inherited; }
static double cosine(const ulp_stream_sums *s) { return s->cosine; }
static double tokens(const ulp_stream_sums *s) { return s->tokens; }
static double before(const ulp_stream_sums *s) { return s->before; }
static double dot(const ulp_stream_sums *s) { return s->dot; }

typedef struct {
  const ulp_model_stream *st;
  size_t plan;
  int64_t depth;
} place;

static double sum(place p, ulp_stream_value *value)
{
  double sum = 0;
  for (int64_t w = 0; w < p.st->c->windows; w++)
    sum += value(ulp_stream_at(p.st, p.plan, w, p.depth));
  return sum;
}

static ulp_interval root_ratio(place p, ulp_stream_value *a,
                               ulp_stream_value *b)
{
  return ulp_interval_root(
      ulp_stream_ratio(p.st, p.plan, p.depth, a, b));
}

static double predicted(place p)
{
  double all = 0, norm = sum(p, power);
  for (place q = {p.st, p.plan, 0}; q.depth <= p.depth; q.depth++)
    all += sum(q, added);
  return sqrt(all / norm);
}

static void print_snr(ulp_text *row, place p)
{
  static const double db = 4.3429448190325175; /* 10 / ln 10 */
  ulp_interval r = ulp_stream_ratio(p.st, p.plan, p.depth, total, power);
  ulp_csv_number_if(row, r.mean > 0 ? -10 * log10(r.mean) : INFINITY,
                    r.mean == r.mean);
  ulp_csv_number_if(row, r.mean > 0 ? db * r.ci95 / r.mean : 0,
                    r.ci95 == r.ci95);
}

static ulp_status point(const ulp_run *run, int64_t i, ulp_text *row,
                        ulp_error *e)
{
  const state *st = run->state;
  const ulp_model_case *c = &st->model;
  place p = {&st->stream, (size_t)(i / st->stream.depths),
             i % st->stream.depths};
  int64_t hidden = ulp_llama_settings(c->model)->hidden;
  double angle = sum(p, dot) / sqrt(sum(p, added) * sum(p, inherited));
  ulp_interval gain = {NAN, NAN};
  (void)e;
  ulp_csv_string(row, ulp_plan_name(c->plans[p.plan]));
  ulp_csv_integer(row, p.depth);
  ulp_csv_integer(row, c->windows);
  ulp_csv_integer(row, (int64_t)sum(p, tokens));
  ulp_csv_number(row, sqrt(sum(p, power) / sum(p, tokens) / (double)hidden));
  print_snr(row, p);
  ulp_csv_interval(row, root_ratio(p, total, power));
  ulp_csv_interval(row, ulp_stream_ratio(p.st, p.plan, p.depth, cosine,
                                         tokens));
  ulp_csv_interval(row, root_ratio(p, added, power));
  ulp_csv_interval(row, root_ratio(p, inherited, power));
  ulp_csv_number_if(row, angle, isfinite(angle));
  if (sum(p, before) > 0)
    gain = root_ratio(p, inherited, before);
  ulp_csv_interval(row, gain);
  ulp_csv_number_if(row, predicted(p), true);
  return ULP_OK;
}

const ulp_experiment ulp_experiment_model_layers = {
    .name = "model_layers",
    .question = "Which layers of a language model add an error, and what "
                "becomes of the error that they are handed?",
    .method =
        "Windows of held-out text under each plan and --reference; the "
        "residual stream compared after every layer. The reference is run a "
        "second time with the plan's stream put in before each layer: what "
        "that differs by from the reference is inherited, and the plan's from "
        "that is new.",
    .source =
        "Guide: errors that compound over layers, correlated or not; a "
        "synthetic stack: experiments/layer_compounding.",
    .columns = columns,
    .parameters = parameters,
    .default_seed = 1,
    .takes_tensor = false,
    .prepare = prepare,
    .point = point,
    .release = release,
};
