/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * experiments/model_context: a language model's error against the position in
 * its context, above all with a quantized cache of keys and values.
 *
 * A point is a plan and a bin of positions, which varies fastest.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "model_pass.h"
#include "words.h"

static const ulp_column columns[] = {
    {"point", ULP_COL_INTEGER, "1", "index of the point in the whole sweep"},
    {"plan", ULP_COL_STRING, "",
     "of --stores, the cache alone; or in what numbers all of the model is"},
    {"cache_bytes", ULP_COL_NUMBER, "byte",
     "of keys and values for a token, scales counted"},
    {"position_from", ULP_COL_INTEGER, "token",
     "tokens before the first of the bin"},
    {"position_to", ULP_COL_INTEGER, "token", "and before the last"},
    {"windows", ULP_COL_INTEGER, "1",
     "stretches of the text; the units of every interval"},
    {"bits", ULP_COL_NUMBER, "bit",
     "mean -log2 p(next token); of a model of bytes, bits per byte"},
    {"bits_ci95", ULP_COL_NUMBER, "bit",
     "half width of the 95 % interval over windows"},
    {"added_bits", ULP_COL_NUMBER, "bit", "less those of --reference"},
    {"added_bits_ci95", ULP_COL_NUMBER, "bit",
     "half width, of the differences window by window"},
    {"kl", ULP_COL_NUMBER, "bit",
     "KL(reference || plan) of the next token, mean"},
    {"kl_ci95", ULP_COL_NUMBER, "bit", "half width"},
    {"agreement", ULP_COL_NUMBER, "1",
     "tokens whose likeliest next one is the reference's"},
    {"agreement_ci95", ULP_COL_NUMBER, "1", "half width"},
    {"logit_error", ULP_COL_NUMBER, "1",
     "rms error of the logits over their rms, each less its mean over the "
     "vocabulary"},
    {"logit_error_ci95", ULP_COL_NUMBER, "1", "half width"},
    {"kl_exponent", ULP_COL_NUMBER, "1",
     "slope of log kl against log position over the bins from 64 on, of each "
     "window, mean; 0: it does not grow; the same in all rows of a plan"},
    {"kl_exponent_ci95", ULP_COL_NUMBER, "1", "half width over windows"},
    {0}};

static const ulp_parameter parameters[] = {
    ULP_MODEL_PARAMETERS,
    {"stores", "e4m3/raw=1/g=token int8sym/g=token int4sym/g=token "
               "kivi:4:32+window=128 kivi:2:32+window=128",
     "of keys and values, everything else in f64, as a plan's rule for the "
     "cache has them, + between its words, separated by blanks; or none"},
    {"plans", "", "names of plans or files, separated by blanks, too"},
    {0}};

static const ulp_model_sizes sizes = {{2, 3, 4}, {192, 768, 4096}};
enum { FIRST_EDGE = 64 };

typedef struct {
  ulp_model_case model;
  ulp_model_pass pass;
} state;

static ulp_status add_store(void *data, size_t i, const char *word,
                            ulp_error *e)
{
  char text[400];
  state *st = data;
  (void)i;
  if (strlen(word) > 300)
    return ulp_error_set(e, ULP_EINVAL, "expected up to 300 characters");
  (void)snprintf(text, sizeof text, "cache store=%s\n", word);
  for (char *p = text; *p; p++)
    *p = *p == '+' ? ' ' : *p;
  return ulp_model_case_rules(&st->model, word, text, e);
}

static ulp_status take_plans(state *st, const ulp_run *run, ulp_error *e)
{
  static const char *const lists[] = {"", "", ""};
  const char *stores = ulp_run_parameter(run, "stores");
  ulp_error why;
  ulp_status s = ULP_OK;
  if (strcmp(stores, "none") != 0)
    s = ulp_words_read(stores, add_store, st, &why);
  if (s != ULP_OK)
    return ulp_error_set(e, s, "--stores: %.500s", why.text);
  s = ulp_model_case_plans(&st->model, run, lists, e);
  return s != ULP_OK || st->model.plan_count
             ? s
             : ulp_error_set(e, ULP_EINVAL, "--stores, --plans: expected one "
                             "at least");
}

/* Positions 0 .. 63, and from there on bins of doubled width. */
static void set_bins(state *st)
{
  ulp_model_pass *p = &st->pass;
  int64_t edge = FIRST_EDGE;
  while (p->bins < ULP_MODEL_BINS - 1 && edge < st->model.length) {
    p->edge[++p->bins] = edge;
    edge *= 2;
  }
  p->edge[++p->bins] = st->model.length;
}

static ulp_status measure(state *st, const ulp_run *run, ulp_error *e)
{
  bool *wanted = calloc(st->model.plan_count + 1, sizeof *wanted);
  if (!wanted)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  for (int64_t i = 0; i < run->points; i++)
    if (ulp_run_has(run, i))
      wanted[i / (int64_t)st->pass.bins] = true;
  ulp_status s = ulp_model_measure(&st->pass, &st->model, wanted, run->threads,
                                   e);
  free(wanted);
  return s;
}

static ulp_status prepare(ulp_run *run, ulp_error *e)
{
  state *st = calloc(1, sizeof *st);
  run->state = st;
  if (!st)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_status s = ulp_model_case_open(&st->model, run, &sizes, e);
  if (s == ULP_OK)
    s = take_plans(st, run, e);
  if (s != ULP_OK)
    return s;
  set_bins(st);
  run->points = (int64_t)(st->model.plan_count * st->pass.bins);
  return measure(st, run, e);
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

static double middle(const ulp_model_pass *p, size_t bin)
{
  return sqrt((double)p->edge[bin] * (double)p->edge[bin + 1]);
}

static ulp_interval exponent(const ulp_model_pass *p, size_t plan)
{
  double x[ULP_MODEL_BINS], y[ULP_MODEL_BINS];
  int64_t windows = p->c->windows;
  double *slope = malloc((size_t)windows * sizeof *slope);
  ulp_interval r = {NAN, NAN};
  size_t n = p->bins - 1;
  for (int64_t w = 0; slope && w < windows; w++) {
    for (size_t i = 0; i < n; i++) {
      const ulp_model_sums *s = ulp_model_at(p, plan, w, i + 1);
      x[i] = middle(p, i + 1);
      y[i] = s->kl / s->tokens;
    }
    slope[w] = n > 1 ? ulp_log_slope(x, y, n) : NAN;
  }
  if (slope)
    r = ulp_interval_of(slope, (size_t)windows);
  free(slope);
  return r;
}

static ulp_status point(const ulp_run *run, int64_t i, ulp_text *row,
                        ulp_error *e)
{
  const state *st = run->state;
  const ulp_model_pass *p = &st->pass;
  size_t plan = (size_t)i / p->bins, bin = (size_t)i % p->bins;
  const ulp_plan *numbers = st->model.plans[plan];
  ulp_model_summary m = ulp_model_summarize(p, plan, bin);
  (void)e;
  ulp_csv_string(row, ulp_plan_name(numbers));
  ulp_csv_number(row, ulp_plan_cache_bytes(numbers, st->model.model));
  ulp_csv_integer(row, p->edge[bin]);
  ulp_csv_integer(row, p->edge[bin + 1] - 1);
  ulp_csv_integer(row, st->model.windows);
  ulp_csv_interval(row, m.bits);
  ulp_csv_interval(row, m.added);
  ulp_csv_interval(row, m.kl);
  ulp_csv_interval(row, m.agreed);
  ulp_csv_interval(row, ulp_model_logit_error(p, plan, bin));
  ulp_csv_interval(row, exponent(p, plan));
  return ULP_OK;
}

const ulp_experiment ulp_experiment_model_context = {
    .name = "model_context",
    .question = "Does the error of a quantized cache of keys and values grow "
                "with a language model's context?",
    .method =
        "Long windows of held-out text through the model with each store of "
        "its cache, or under each plan, and under --reference; logits and "
        "next-token distributions compared position by position, in bins of "
        "doubled width. Intervals are over windows. kl_exponent is the fitted "
        "growth.",
    .source =
        "Keys and values in few bits: KIVI (arXiv:2402.02750), KVQuant "
        "(arXiv:2401.18079); guide: errors over a long context. What a single "
        "head does: experiments/context_length.",
    .columns = columns,
    .parameters = parameters,
    .default_seed = 1,
    .takes_tensor = false,
    .prepare = prepare,
    .point = point,
    .release = release,
};
