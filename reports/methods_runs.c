/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Methods: plans of models, experiments, claims and data sheets.
 */
#include <inttypes.h>
#include <string.h>

#include "claims.h"
#include "datasheet.h"
#include "methods_page.h"
#include "plan.h"

/* ---- plans -------------------------------------------------------------- */

static bool plan_there(size_t i) { return ulp_plan_row_at(i) != NULL; }

static void evidence_of(char *out, size_t size, size_t i)
{
  ulp_plan *p;
  ulp_error e;
  *out = '\0';
  if (ulp_plan_find(&p, ulp_plan_row(i), &e) != ULP_OK)
    return;
  ulp_plan_evidence(p, NULL, out, size);
  ulp_plan_free(p);
}

/* What stands before the first ':' or ',': "measured", "modelled", ... */
static void plan_kind(char *out, size_t size, size_t i)
{
  char text[200];
  evidence_of(text, sizeof text, i);
  text[strcspn(text, ":,")] = '\0';
  (void)snprintf(out, size, "%s", text);
}

static void plan_row(ulp_cells *c, size_t i)
{
  const ulp_plan_entry *p = ulp_plan_row_at(i);
  char evidence[200];
  evidence_of(evidence, sizeof evidence, i);
  ulp_cell(c, "%s", p->name);
  ulp_cell(c, "%s", p->description);
  ulp_cell(c, "%s", p->base);
  ulp_cell(c, "%s", p->rules);
  ulp_cell(c, "%s", evidence);
}

static const char *const plan_heads[] = {"plan", "~what it is", "added to",
                                         "~rules", "~evidence of products",
                                         NULL};
static const ulp_listing plans = {"plan-table", "Plans", plan_heads,
                                  plan_there, plan_row, plan_kind};

static void plan_words(ulp_text *page)
{
  ulp_text_printf(page,
      "<p>A plan says in what numbers a model is computed, place by place and "
      "layer by layer (analysis/plan.h): the format of each result, "
      "quantizers of weights, inputs and the cache of keys and values, and the "
      "order of each product. Its evidence is the least of its products y = x "
      "W<sup>T</sup>; attention, norms and activations are IEEE arithmetic in "
      "every plan. <code>ulplab plans NAME</code> prints one whole.</p>\n");
}

const ulp_methods_section ulp_methods_plans = {
    "plans", "Numerics plans of models", plan_words, {&plans}};

/* ---- experiments -------------------------------------------------------- */

static bool experiment_there(size_t i) { return ulp_experiment_row(i) != NULL; }

static void experiment_row(ulp_cells *c, size_t i)
{
  const ulp_experiment *x = ulp_experiment_row(i);
  ulp_cell(c, "%s", x->name);
  ulp_cell(c, "%s", x->question);
  ulp_cell(c, "%s", x->method);
  ulp_cell(c, "%" PRIu64, x->default_seed);
  ulp_cell(c, "%s", x->source);
}

static const char *const experiment_heads[] = {
    "experiment", "~question", "~method", "#seed", "~source", NULL};
static const ulp_listing experiments = {"experiment-table", "Experiments",
                                        experiment_heads, experiment_there,
                                        experiment_row, NULL};

/* ---- claims ------------------------------------------------------------- */

static bool claim_there(size_t i) { return ulp_claim_row(i) != NULL; }

static int probes_of(const ulp_claim *x)
{
  int n = 0;
  while (n < ULP_PROBES && x->probe[n].figure)
    n++;
  return n;
}

static bool runs(const ulp_claim *x)
{
  for (int k = 0; k < probes_of(x); k++)
    if (strstr(x->probe[k].figure, "[run ") ||
        strstr(x->probe[k].expected, "[run "))
      return true;
  return false;
}

static void claim_kind(char *out, size_t size, size_t i)
{
  const ulp_claim *x = ulp_claim_row(i);
  (void)snprintf(out, size, "%s", runs(x) ? "tested by experiments"
                                  : probes_of(x) ? "computed from tables"
                                                 : "not testable here");
}

static void claim_row(ulp_cells *c, size_t i)
{
  const ulp_claim *x = ulp_claim_row(i);
  char kind[40];
  claim_kind(kind, sizeof kind, i);
  ulp_cell(c, "%s", x->id);
  ulp_cell(c, "%s", x->section);
  ulp_cell(c, "%s", x->claim);
  ulp_cell(c, "%s", kind);
  ulp_cell(c, "%d", probes_of(x));
  ulp_cell(c, "%s", x->method);
  ulp_cell(c, "%s", x->source);
}

static const char *const claim_heads[] = {"claim", "section", "~it says", "how",
                                          "#probes", "~method", "~source",
                                          NULL};
static const ulp_listing claims = {"claim-table", "Claims of the guide",
                                   claim_heads, claim_there, claim_row,
                                   claim_kind};

/* ---- data sheets -------------------------------------------------------- */

static bool sheet_there(size_t i) { return ulp_datasheet_row(i) != NULL; }

static void sheet_row(ulp_cells *c, size_t i)
{
  const ulp_datasheet *d = ulp_datasheet_row(i);
  ulp_cell(c, "%s", d->product);
  for (int k = 0; k < ULP_RATES; k++)
    if (d->peak[k] > 0)
      ulp_cell(c, "%.6g", d->peak[k] / 1e12);
    else
      ulp_cell(c, "%s", "");
  ulp_cell(c, "%.4g", d->bandwidth / 1e12);
  ulp_cell(c, "%.4g", d->capacity / 1e9);
  ulp_cell(c, "%s", d->source);
}

static const char *const sheet_heads[] = {
    "GPU", "#BF16, 10<sup>12</sup>/s", "#FP8", "#INT8", "#FP4", "#INT4",
    "#memory, TB/s", "#GB", "~source", NULL};
static const ulp_listing sheets = {"datasheets", "Data sheets of GPUs",
                                   sheet_heads, sheet_there, sheet_row, NULL};

static bool shape_there(size_t i) { return ulp_model_shape_row(i) != NULL; }

static void shape_row(ulp_cells *c, size_t i)
{
  const ulp_model_shape *m = ulp_model_shape_row(i);
  ulp_cell(c, "%s", m->name);
  ulp_cell(c, "%" PRId64, m->layers);
  ulp_cell(c, "%" PRId64, m->hidden);
  ulp_cell(c, "%" PRId64 "/%" PRId64, m->heads, m->kv_heads);
  ulp_cell(c, "%" PRId64, m->intermediate);
  ulp_cell(c, "%.4g", ulp_model_parameters(m) / 1e9);
  ulp_cell(c, "%s", m->source);
}

static const char *const shape_heads[] = {
    "model", "#layers", "#width", "#heads/of K and V", "#inner width",
    "#parameters, 10<sup>9</sup>", "~source", NULL};
static const ulp_listing shapes = {"models", "Shapes of models", shape_heads,
                                   shape_there, shape_row, NULL};

static void words(ulp_text *page)
{
  ulp_text_printf(page,
      "<p>An experiment is a question with a list of points; one point gives "
      "one row of a CSV file. The bytes depend on the seed and the parameters "
      "alone, not on threads or shards. A claim is held against probes: "
      "formulas whose figures are facts of these tables or cells of an "
      "experiment that is run at that moment. Its verdict is counted from the "
      "probes, never written; it stands in the results of the experiment "
      "<code>claims</code>, not here.</p>\n");
}

const ulp_methods_section ulp_methods_runs = {
    "experiments", "Experiments, claims and data sheets", words,
    {&experiments, &claims, &sheets, &shapes}};
