/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * experiments/model_sensitivity: one layer, or one place of all layers, in
 * narrow numbers, everything else in f64.
 *
 * A point is a rule and a target, which varies fastest.
 */
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "model_pass.h"
#include "words.h"

static const ulp_column columns[] = {
    {"point", ULP_COL_INTEGER, "1", "index of the point in the whole sweep"},
    {"rule", ULP_COL_STRING, "", "what the target's numbers are"},
    {"kind", ULP_COL_STRING, "", "layer, place, or all"},
    {"target", ULP_COL_STRING, "",
     "a layer's seven matrices, by number from 0; a matrix of every layer; or "
     "all seven of all"},
    {"windows", ULP_COL_INTEGER, "1",
     "stretches of the text; the units of every interval"},
    {"parameters", ULP_COL_INTEGER, "1", "weights in the target"},
    {"bytes_saved", ULP_COL_INTEGER, "byte",
     "weights as the checkpoint has them, less those under the rule"},
    {"added_bits", ULP_COL_NUMBER, "bit",
     "mean loss of a token less that under --reference"},
    {"added_bits_ci95", ULP_COL_NUMBER, "bit",
     "half width, of the differences window by window"},
    {"kl", ULP_COL_NUMBER, "bit",
     "KL(reference || plan) of the next token, mean"},
    {"kl_ci95", ULP_COL_NUMBER, "bit", "half width"},
    {"kl_share", ULP_COL_NUMBER, "1",
     "kl over the sum of those of the rule's targets of this kind; of `all` "
     "over the sum of the layers', 1 where errors add up"},
    {"agreement", ULP_COL_NUMBER, "1",
     "tokens whose likeliest next one is the reference's"},
    {"agreement_ci95", ULP_COL_NUMBER, "1", "half width"},
    {0}};

static const ulp_parameter parameters[] = {
    ULP_MODEL_PARAMETERS,
    {"rules",
     "weights=int4/g=group:32/rule=amax weights=int4/g=tensor/rule=amax",
     "of a plan, KEY=VALUE with + between several, separated by blanks: "
     "weights=nvfp4+inputs=nvfp4"},
    {0}};

static const ulp_model_sizes sizes = {{2, 6, 12}, {32, 64, 256}};

/* Targets: each layer, then each matrix, then all. */
static const char *const matrix_names[ULP_LLAMA_MATRICES] = {
    "q", "k", "v", "o", "gate", "up", "down"};
enum { MOST_RULES = 32, RULE_TEXT = 400 };

typedef struct {
  ulp_model_case model;
  ulp_model_pass pass;
  char rule[MOST_RULES][RULE_TEXT];
  size_t rules;
  int64_t layers;
} state;

static int64_t targets(const state *st)
{
  return st->layers + ULP_LLAMA_MATRICES + 1;
}

static const char *kind_of(const state *st, int64_t target)
{
  return target < st->layers ? "layer"
         : target + 1 < targets(st) ? "place" : "all";
}

static void name_target(char *out, size_t size, const state *st,
                        int64_t target)
{
  if (target < st->layers)
    (void)snprintf(out, size, "%lld", (long long)target);
  else if (target + 1 < targets(st))
    (void)snprintf(out, size, "%s", matrix_names[target - st->layers]);
  else
    (void)snprintf(out, size, "linear");
}

/* ---- plans -------------------------------------------------------------- */

static ulp_status add_target(state *st, const char *rule, int64_t target,
                             ulp_error *e)
{
  char text[RULE_TEXT + 100], name[32];
  name_target(name, sizeof name, st, target);
  if (target < st->layers)
    (void)snprintf(text, sizeof text, "linear layers=%s-%s %s\n", name, name,
                   rule);
  else
    (void)snprintf(text, sizeof text, "%s %s\n", name, rule);
  for (char *p = text; *p; p++)
    *p = *p == '+' ? ' ' : *p;
  return ulp_model_case_rules(&st->model, rule, text, e);
}

static ulp_status add_rule(void *data, size_t i, const char *word, ulp_error *e)
{
  state *st = data;
  ulp_status s = ULP_OK;
  if (i >= MOST_RULES || strlen(word) >= RULE_TEXT)
    return ulp_error_set(e, ULP_EINVAL, "expected up to %d rules of up to %d "
                         "characters", MOST_RULES, RULE_TEXT - 1);
  (void)snprintf(st->rule[i], RULE_TEXT, "%s", word);
  st->rules = i + 1;
  for (int64_t t = 0; s == ULP_OK && t < targets(st); t++)
    s = add_target(st, st->rule[i], t, e);
  return s;
}

static ulp_status add_rules(state *st, const ulp_run *run, ulp_error *e)
{
  ulp_error why;
  const char *list = ulp_run_parameter(run, "rules");
  ulp_status s = ulp_words_read(list, add_rule, st, &why);
  if (s != ULP_OK)
    return ulp_error_set(e, s, "--rules: %.500s", why.text);
  return st->rules ? ULP_OK
                   : ulp_error_set(e, ULP_EINVAL, "--rules: expected one at "
                                   "least");
}

/* ---- work --------------------------------------------------------------- */

/* kl_share compares points: a rule of which this shard has one is measured
 * whole. */
static ulp_status measure(state *st, const ulp_run *run, ulp_error *e)
{
  bool *wanted = calloc((size_t)run->points + 1, sizeof *wanted);
  if (!wanted)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  for (int64_t i = 0; i < run->points; i++)
    for (int64_t k = 0; ulp_run_has(run, i) && k < targets(st); k++)
      wanted[i / targets(st) * targets(st) + k] = true;
  st->pass.bins = 1;
  st->pass.edge[1] = st->model.length;
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
  if (s != ULP_OK)
    return s;
  st->layers = ulp_llama_settings(st->model.model)->layers;
  s = add_rules(st, run, e);
  if (s != ULP_OK)
    return s;
  run->points = (int64_t)st->rules * targets(st);
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

/* ---- a point ------------------------------------------------------------ */

static int64_t parameters_of(const state *st, int64_t target)
{
  const ulp_llama *m = st->model.model;
  int64_t shape[2], sum = 0;
  for (int64_t layer = 0; layer < st->layers; layer++)
    for (int k = 0; k < ULP_LLAMA_MATRICES; k++) {
      bool in = target < st->layers ? layer == target
                : target + 1 < targets(st) ? k == target - st->layers : true;
      ulp_llama_weights(m, layer, (ulp_llama_matrix)k, shape);
      sum += in ? shape[0] * shape[1] : 0;
    }
  return sum;
}

static double kl_at(const state *st, int64_t i)
{
  return ulp_model_summarize(&st->pass, (size_t)i, 0).kl.mean;
}

static double share_of(const state *st, int64_t i)
{
  int64_t rule = i / targets(st), target = i % targets(st);
  bool place = strcmp(kind_of(st, target), "place") == 0;
  int64_t first = place ? st->layers : 0;
  int64_t count = place ? ULP_LLAMA_MATRICES : st->layers;
  double sum = 0;
  for (int64_t k = 0; k < count; k++)
    sum += kl_at(st, rule * targets(st) + first + k);
  return kl_at(st, i) / sum;
}

static ulp_status point(const ulp_run *run, int64_t i, ulp_text *row,
                        ulp_error *e)
{
  const state *st = run->state;
  const ulp_model_case *c = &st->model;
  int64_t target = i % targets(st);
  char name[32];
  ulp_model_summary m = ulp_model_summarize(&st->pass, (size_t)i, 0);
  double share = share_of(st, i);
  (void)e;
  name_target(name, sizeof name, st, target);
  ulp_csv_string(row, st->rule[i / targets(st)]);
  ulp_csv_string(row, kind_of(st, target));
  ulp_csv_string(row, name);
  ulp_csv_integer(row, c->windows);
  ulp_csv_integer(row, parameters_of(st, target));
  ulp_csv_integer(row, ulp_plan_weight_bytes(c->reference, c->model) -
                           ulp_plan_weight_bytes(c->plans[i], c->model));
  ulp_csv_interval(row, m.added);
  ulp_csv_interval(row, m.kl);
  ulp_csv_number_if(row, share, share == share);
  ulp_csv_interval(row, m.agreed);
  return ULP_OK;
}

const ulp_experiment ulp_experiment_model_sensitivity = {
    .name = "model_sensitivity",
    .question = "Which layer, and which matrix, of a language model bears "
                "narrow numbers least?",
    .method =
        "Each rule of a numerics plan put on one layer, on one matrix of "
        "every layer, and on all, everything else in f64; the loss of the "
        "same tokens and KL to --reference. Intervals are over windows of the "
        "text. How the parts add up to the whole is in the rows of `all`.",
    .source =
        "Sensitivity one layer at a time: Dong et al., HAWQ "
        "(arXiv:1905.03696), section 4; Nagel et al. (arXiv:2106.08295), "
        "section 3.6, debugging by one quantizer at a time.",
    .columns = columns,
    .parameters = parameters,
    .default_seed = 1,
    .takes_tensor = false,
    .prepare = prepare,
    .point = point,
    .release = release,
};
