/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * experiments/model_perplexity: what a numerics plan costs a language model on
 * held-out text, and what it saves.
 */
#include <stdlib.h>

#include "cases.h"
#include "model_pass.h"

static const ulp_column columns[] = {
    {"point", ULP_COL_INTEGER, "1", "index of the point in the whole sweep"},
    {"plan", ULP_COL_STRING, "", "in what numbers the model is computed"},
    {"windows", ULP_COL_INTEGER, "1",
     "stretches of the text; the units of every interval"},
    {"tokens", ULP_COL_INTEGER, "1", "predicted"},
    {"bits", ULP_COL_NUMBER, "bit",
     "mean -log2 p(next token); of a model of bytes, bits per byte"},
    {"bits_ci95", ULP_COL_NUMBER, "bit",
     "half width of the 95 % interval over windows"},
    {"perplexity", ULP_COL_NUMBER, "1", "2^bits, of a token"},
    {"reference_bits", ULP_COL_NUMBER, "bit",
     "the same tokens under --reference"},
    {"added_bits", ULP_COL_NUMBER, "bit", "bits less reference_bits"},
    {"added_bits_ci95", ULP_COL_NUMBER, "bit",
     "half width, of the differences window by window"},
    {"kl", ULP_COL_NUMBER, "bit",
     "KL(reference || plan) of the next token, mean"},
    {"kl_ci95", ULP_COL_NUMBER, "bit", "half width"},
    {"bits_over_baseline", ULP_COL_NUMBER, "bit", "bits less --baseline's"},
    {"bits_over_baseline_ci95", ULP_COL_NUMBER, "bit",
     "half width, of the differences window by window"},
    {"kl_over_baseline", ULP_COL_NUMBER, "bit",
     "KL to the reference, less --baseline's"},
    {"kl_over_baseline_ci95", ULP_COL_NUMBER, "bit",
     "half width, of the differences window by window"},
    {"agreement", ULP_COL_NUMBER, "1",
     "tokens whose likeliest next one is the reference's"},
    {"agreement_ci95", ULP_COL_NUMBER, "1", "half width"},
    {"logit_error", ULP_COL_NUMBER, "1",
     "rms error of the logits over their rms, each less its mean over the "
     "vocabulary"},
    {"logit_error_ci95", ULP_COL_NUMBER, "1", "half width"},
    {"weight_bytes", ULP_COL_INTEGER, "byte", "of all weights, scales counted"},
    {"cache_bytes", ULP_COL_NUMBER, "byte",
     "of keys and values for a token, scales counted"},
    {"evidence", ULP_COL_STRING, "",
     "how the bits of the plan's products are known"},
    {0}};

static const ulp_parameter parameters[] = {
    ULP_MODEL_PARAMETERS,
    {"plans", "", "names of plans or files, separated by blanks; without it, "
                  "all that the suite has, --quick a few"},
    {"baseline", "bf16", "plan whose loss and KL are taken off in two columns"},
    {0}};

static const ulp_model_sizes sizes = {{3, 8, 16}, {64, 128, 256}};

typedef struct {
  ulp_model_case model;
  ulp_model_pass pass;
} state;

static ulp_status prepare(ulp_run *run, ulp_error *e)
{
  static const char *const lists[] = {
      "f64 f32 bf16 w8a16 w4a16 int8-w8a8 fp8-token nvfp4", NULL, NULL};
  state *st = calloc(1, sizeof *st);
  run->state = st;
  if (!st)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_status s = ulp_model_case_open(&st->model, run, &sizes, e);
  if (s == ULP_OK)
    s = ulp_model_case_plans(&st->model, run, lists, e);
  run->points = (int64_t)st->model.plan_count;
  if (s == ULP_OK) /* after the points' */
    s = ulp_model_case_plan(&st->model, run, "baseline", e);
  if (s != ULP_OK)
    return s;
  st->pass.bins = 1;
  st->pass.edge[1] = st->model.length;
  bool *wanted = calloc(st->model.plan_count + 1, sizeof *wanted);
  if (!wanted)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  for (int64_t i = 0; i < run->points; i++)
    wanted[run->points] |= wanted[i] = ulp_run_has(run, i);
  s = ulp_model_measure(&st->pass, &st->model, wanted, run->threads, e);
  free(wanted);
  return s;
}

static void release(ulp_run *run)
{
  state *st = run->state;
  if (!st)
    return;
  ulp_model_pass_free(&st->pass);
  ulp_model_case_close(&st->model);
  free(st);
  run->state = NULL;
}

static void print_cost(ulp_text *row, const ulp_model_case *c,
                       const ulp_plan *plan)
{
  char evidence[300];
  ulp_csv_integer(row, ulp_plan_weight_bytes(plan, c->model));
  ulp_csv_number(row, ulp_plan_cache_bytes(plan, c->model));
  ulp_plan_evidence(plan, c->model, evidence, sizeof evidence);
  ulp_csv_string(row, evidence);
}

static ulp_status point(const ulp_run *run, int64_t i, ulp_text *row,
                        ulp_error *e)
{
  const state *st = run->state;
  const ulp_model_case *c = &st->model;
  const ulp_plan *plan = c->plans[i];
  ulp_model_summary m = ulp_model_summarize(&st->pass, (size_t)i, 0);
  ulp_model_excess over = ulp_model_over(&st->pass, (size_t)i,
                                         c->plan_count - 1, 0);
  double tokens = 0;
  (void)e;
  for (int64_t w = 0; w < c->windows; w++)
    tokens += ulp_model_at(&st->pass, (size_t)i, w, 0)->tokens;
  ulp_csv_string(row, ulp_plan_name(plan));
  ulp_csv_integer(row, c->windows);
  ulp_csv_integer(row, (int64_t)tokens);
  ulp_csv_interval(row, m.bits);
  ulp_csv_number_if(row, ulp_exp(m.bits.mean * 0.6931471805599453),
                    m.bits.mean == m.bits.mean);
  ulp_csv_number(row, m.reference.mean);
  ulp_csv_interval(row, m.added);
  ulp_csv_interval(row, m.kl);
  ulp_csv_interval(row, over.bits);
  ulp_csv_interval(row, over.kl);
  ulp_csv_interval(row, m.agreed);
  ulp_csv_interval(row, ulp_model_logit_error(&st->pass, (size_t)i, 0));
  print_cost(row, c, plan);
  return ULP_OK;
}

const ulp_experiment ulp_experiment_model_perplexity = {
    .name = "model_perplexity",
    .question = "What does a numerics plan cost a language model, and save?",
    .method =
        "Windows of held-out text, each after the start token, through the "
        "model under each plan and --reference. Loss, its difference to the "
        "reference's of the same tokens, KL of the two next-token "
        "distributions, and whether the likeliest token is the same. "
        "Intervals are over windows, as tokens of one are not independent; "
        "those of differences are narrower than those of the losses.  What "
        "promotion of an FP8 accumulator is worth grows with K, and does not "
        "show in the losses of the reference model, whose K is 256 and 640: "
        "experiments/promotion_interval shows it on products of K from 4096.",
    .source =
        "Perplexity of text in windows: Dettmers, Zettlemoyer, 'The case for "
        "4-bit precision' (arXiv:2212.09720), section 3; KL and agreement "
        "beside it: Dutta et al., 'Accuracy is not all you need' "
        "(arXiv:2407.09141); guide: 4-bit per tensor and per group, FP8.",
    .columns = columns,
    .parameters = parameters,
    .default_seed = 1,
    .takes_tensor = false,
    .prepare = prepare,
    .point = point,
    .release = release,
};
