/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * experiments/claims: the ledger of the guide's claims.
 */
#include "claims.h"

#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "words.h"

static const ulp_column columns[] = {
    {"point", ULP_COL_INTEGER, "1", "index of the claim among those asked for"},
    {"id", ULP_COL_STRING, "", "of the claim; does not change"},
    {"section", ULP_COL_STRING, "", "of the guide"},
    {"claim", ULP_COL_STRING, "", "in our own words"},
    {"guide", ULP_COL_STRING, "", "the guide's figure; empty where it is an "
                                  "order or a property"},
    {"ours", ULP_COL_NUMBER, "as `unit` says",
     "the first probe's figure; empty where nothing was computed"},
    {"unit", ULP_COL_STRING, "", "of ours"},
    {"expected", ULP_COL_STRING, "", "what the first probe's figure must be: "
     "X +- T, LOW .. HIGH, or an order"},
    {"verdict", ULP_COL_STRING, "", "holds: every probe agrees; does not hold: "
     "none; conditional: some; not testable here: there is none that can be "
     "computed"},
    {"probes", ULP_COL_INTEGER, "1", "probes computed"},
    {"agree", ULP_COL_INTEGER, "1", "how many of them agree with the claim"},
    {"evidence", ULP_COL_STRING, "", "every probe: what, its figure, what was "
     "expected, yes or no"},
    {"published", ULP_COL_STRING, "", "a figure that others found; it decides "
                                      "nothing"},
    {"kind", ULP_COL_STRING, "", "measured: a probe is an experiment run now; "
     "modelled: the roofline; computed: from the program's tables; cited: "
     "none of these"},
    {"method", ULP_COL_STRING, "", "how, and under which reading"},
    {"command", ULP_COL_STRING, "", "what to run for the measured figures, or "
     "for this row"},
    {"formula", ULP_COL_STRING, "", "of ours: [run COMMAND | the row's values "
     "| column], [format ...], [gpu ...]: experiments/claims.h"},
    {"source", ULP_COL_STRING, "", "documents that it stands on"},
    {0}};

static const ulp_parameter parameters[] = {
    {"ids", "", "ids of claims, separated by blanks; without it, all"},
    {"sections", "", "sections of the guide, as '2.3 8.4'; without it, all"},
    {0}};

typedef struct {
  const ulp_claim *claim;
  ulp_finding finding[ULP_PROBES];
  size_t probes;
} entry;

typedef struct {
  entry *entries;
  size_t count;
  ulp_claim_runs *runs;
} state;

/* ---- the table ---------------------------------------------------------- */

static const ulp_claim_part *const claim_parts[] = {
    &ulp_claims_hardware,  &ulp_claims_numerics,  &ulp_claims_models,
    &ulp_claims_inference, &ulp_claims_training,  &ulp_claims_methods,
    &ulp_claims_formats,   &ulp_claims_failures,  &ulp_claims_contexts,
    &ulp_claims_practice,
};

const ulp_claim *ulp_claim_row(size_t i)
{
  for (size_t k = 0; k < sizeof claim_parts / sizeof claim_parts[0]; k++) {
    if (i < claim_parts[k]->count)
      return &claim_parts[k]->rows[i];
    i -= claim_parts[k]->count;
  }
  return NULL;
}

static const char *claim_id(const void *list, size_t i)
{
  (void)list;
  return ulp_claim_row(i) ? ulp_claim_row(i)->id : NULL;
}

static ulp_status check_id(void *data, size_t i, const char *word,
                           ulp_error *e)
{
  (void)data;
  (void)i;
  for (size_t k = 0; ulp_claim_row(k); k++)
    if (strcmp(ulp_claim_row(k)->id, word) == 0)
      return ULP_OK;
  const char *near = ulp_nearest(word, claim_id, NULL);
  return ulp_error_set(e, ULP_ENAME, "--ids: no claim '%.40s'%s%s%s", word,
                       near ? " (did you mean '" : "", near ? near : "",
                       near ? "'?)" : "");
}

static ulp_status check_section(void *data, size_t i, const char *word,
                                ulp_error *e)
{
  (void)data;
  (void)i;
  for (size_t k = 0; ulp_claim_row(k); k++)
    if (strcmp(ulp_claim_row(k)->section, word) == 0)
      return ULP_OK;
  return ulp_error_set(e, ULP_ENAME, "--sections: no claim is of section "
                       "'%.40s'", word);
}

static ulp_status choose(state *st, const ulp_run *run, ulp_error *e)
{
  const char *ids = ulp_run_parameter(run, "ids");
  const char *sections = ulp_run_parameter(run, "sections");
  ulp_status s = ulp_words_read(ids, check_id, NULL, e);
  size_t all = 0;
  if (s == ULP_OK)
    s = ulp_words_read(sections, check_section, NULL, e);
  if (s != ULP_OK)
    return s;
  while (ulp_claim_row(all))
    all++;
  st->entries = calloc(all, sizeof *st->entries);
  if (!st->entries)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  for (size_t i = 0; i < all; i++) {
    const ulp_claim *c = ulp_claim_row(i);
    if (ulp_words_have(ids, c->id) && ulp_words_have(sections, c->section))
      st->entries[st->count++].claim = c;
  }
  return ULP_OK;
}

/* ---- findings ----------------------------------------------------------- */

static ulp_status find(entry *one, ulp_claim_runs *runs, ulp_error *e)
{
  const ulp_claim *c = one->claim;
  ulp_status s = ULP_OK;
  ulp_error why = {.status = ULP_OK};
  while (one->probes < ULP_PROBES && c->probe[one->probes].figure)
    one->probes++;
  for (size_t i = 0; s == ULP_OK && i < one->probes; i++)
    s = ulp_claim_probe(&one->finding[i], &c->probe[i], ulp_claim_fact, runs,
                        &why);
  return s == ULP_OK ? s
                     : ulp_error_set(e, s, "claim %s: %.900s", c->id, why.text);
}

static ulp_status prepare(ulp_run *run, ulp_error *e)
{
  state *st = calloc(1, sizeof *st);
  run->state = st;
  if (!st)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_status s = choose(st, run, e);
  st->runs = ulp_claim_runs_new(run);
  if (s == ULP_OK && !st->runs)
    s = ulp_error_set(e, ULP_ENOMEM, "out of memory");
  run->points = (int64_t)st->count;
  for (size_t i = 0; s == ULP_OK && i < st->count; i++)
    if (ulp_run_has(run, (int64_t)i))
      s = find(&st->entries[i], st->runs, e);
  return s;
}

static void release(ulp_run *run)
{
  state *st = run->state;
  if (!st)
    return;
  ulp_claim_runs_free(st->runs);
  free(st->entries);
  free(st);
  run->state = NULL;
}

/* ---- rows --------------------------------------------------------------- */

/* How many runs a formula has, the roofline's alone or all. */
static size_t count_runs(const char *formula, bool roofline)
{
  static const char model[] = "[run roofline ";
  size_t n = 0;
  for (; (formula = strstr(formula, "[run ")) != NULL; formula++)
    n += !roofline || strncmp(formula, model, strlen(model)) == 0;
  return n;
}

static const char *kind_of(const entry *one)
{
  size_t all = 0, roofline = 0;
  for (size_t i = 0; i < one->probes; i++) {
    const ulp_probe *p = &one->claim->probe[i];
    all += count_runs(p->figure, false) + count_runs(p->expected, false);
    roofline += count_runs(p->figure, true) + count_runs(p->expected, true);
  }
  if (all > roofline)
    return "measured";
  return roofline ? "modelled" : one->probes ? "computed" : "cited";
}

static void print_evidence(ulp_text *row, const entry *one)
{
  ulp_text t = {0};
  for (size_t i = 0; i < one->probes; i++) {
    const ulp_probe *p = &one->claim->probe[i];
    const ulp_finding *f = &one->finding[i];
    ulp_text_printf(&t, "%s%s: ", i ? "; " : "", p->what);
    if (f->known)
      ulp_text_printf(&t, "%.6g (%s: %s)", f->figure, f->text,
                      f->agrees ? "yes" : "no");
    else
      ulp_text_printf(&t, "not here: %s", f->text);
  }
  ulp_csv_string(row, t.text ? t.text : "");
  row->failed |= t.failed;
  ulp_text_free(&t);
}

static void print_command(ulp_text *row, const state *st, const entry *one)
{
  ulp_text t = {0};
  for (size_t i = 0; i < one->probes; i++) {
    ulp_claim_commands(&t, st->runs, one->claim->probe[i].figure);
    ulp_claim_commands(&t, st->runs, one->claim->probe[i].expected);
  }
  if (!t.size)
    ulp_text_printf(&t, "ulplab run claims --ids '%s'", one->claim->id);
  ulp_csv_string(row, t.text ? t.text : "");
  row->failed |= t.failed;
  ulp_text_free(&t);
}

static ulp_status point(const ulp_run *run, int64_t index, ulp_text *row,
                        ulp_error *e)
{
  const state *st = run->state;
  const entry *one = &st->entries[index];
  const ulp_claim *c = one->claim;
  bool computed = one->probes && one->finding[0].known;
  int64_t known = 0, agree = 0;
  (void)e;
  for (size_t i = 0; i < one->probes; i++) {
    known += one->finding[i].known;
    agree += one->finding[i].known && one->finding[i].agrees;
  }
  ulp_csv_string(row, c->id);
  ulp_csv_string(row, c->section);
  ulp_csv_string(row, c->claim);
  ulp_csv_string(row, c->guide);
  ulp_csv_number_if(row, one->finding[0].figure, computed);
  ulp_csv_string(row, c->unit);
  ulp_csv_string(row, computed ? one->finding[0].text : "");
  ulp_csv_string(row, ulp_claim_verdict(one->finding, one->probes));
  ulp_csv_integer(row, known);
  ulp_csv_integer(row, agree);
  print_evidence(row, one);
  ulp_csv_string(row, c->published ? c->published : "");
  ulp_csv_string(row, kind_of(one));
  ulp_csv_string(row, c->method);
  print_command(row, st, one);
  ulp_csv_string(row, one->probes ? c->probe[0].figure : "");
  ulp_csv_string(row, c->source);
  return ULP_OK;
}

const ulp_experiment ulp_experiment_claims = {
    .name = "claims",
    .question = "Which of the guide's claims hold?",
    .method =
        "Each claim (experiments/claims_table_*.c) is held against probes: "
        "figures that an experiment of the suite gives now, at this run's "
        "effort and seed, or formulas over the tables of formats, quantizers, "
        "instructions, data sheets and models, and what the claim says of "
        "them.  The verdict is counted from the probes.  A claim about models "
        "or hardware that are not here is not testable here; what others "
        "published stands beside it and decides nothing.",
    .source = "the guide, LLM Quantization; each row names its own",
    .columns = columns,
    .parameters = parameters,
    .default_seed = 1,
    .prepare = prepare,
    .point = point,
    .release = release,
};
