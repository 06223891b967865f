/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pictures of a language model, and of the ledger; the table itself.
 */
#include <stdlib.h>
#include <string.h>

#include "figures.h"

const ulp_figure_row ulp_figures_models[] = {
    {.experiment = "claims", .kind = ULP_NO_PICTURE,
     .caption = "a ledger is read claim by claim; its counts stand at the top "
                "of this page."},

    {.experiment = "model_perplexity", .name = "front",
     .title = "KL divergence against the size of the weights",
     .kind = ULP_SCATTER, .x = "weight_bytes", .y = "kl",
     .interval = "kl_ci95", .z = "plan", .filter = "plan!=f32|f64",
     .axes = "x log, y log, front-low",
     .x_label = "bytes of all weights", .y_label = "KL to the reference (bits)",
     .caption = "Every plan, with 95 % intervals over windows of text. Down and "
                "to the left is better; points without a name are below, f32 "
                "and f64 left out."},
    {.experiment = "model_perplexity", .name = "kl",
     .title = "KL divergence by plan", .kind = ULP_DOTS, .x = "plan",
     .y = "kl", .interval = "kl_ci95", .filter = "plan!=f32|f64",
     .axes = "y log", .y_label = "KL to the reference (bits)",
     .caption = "Of the next token's distribution, with 95 % intervals."},

    {.experiment = "model_layers", .name = "snr",
     .title = "SNR of the residual stream, layer by layer",
     .kind = ULP_LINES, .x = "depth", .y = "snr_db",
     .interval = "snr_db_ci95", .series = "plan",
     .filter = "plan~bf16|w8a16|w4a16|int8-w8a8|fp8-token|fp8-deepseek|mxfp8|"
               "nvfp4|mxfp4|w4a8|int4-tensor",
     .x_label = "layers passed", .y_label = "SNR (dB)",
     .caption = "Against the reference, with 95 % intervals over windows."},
    {.experiment = "model_layers", .name = "new",
     .title = "What each layer adds", .kind = ULP_LINES,
     .x = "depth", .y = "new_error", .interval = "new_error_ci95",
     .series = "plan",
     .filter = "plan~bf16|w8a16|w4a16|int8-w8a8|fp8-token|fp8-deepseek|mxfp8|"
               "nvfp4|mxfp4|w4a8|int4-tensor depth!=0",
     .axes = "y log", .x_label = "layer", .y_label = "new error, relative",
     .caption = "The part of the error that the layer itself makes, from the "
                "stream that it is handed."},

    {.experiment = "model_context", .name = "kl",
     .title = "KL divergence against position", .kind = ULP_LINES,
     .x = "position_to", .y = "kl", .interval = "kl_ci95",
     .series = "plan", .axes = "x log2, y log",
     .x_label = "position (tokens before)",
     .y_label = "KL to the reference (bits)",
     .caption = "By how the cache holds keys and values. Every point is a bin "
                "of positions, which ends there."},

    {.experiment = "model_sensitivity", .name = "kl",
     .title = "KL divergence of one layer, or one matrix of all, in narrow "
              "numbers",
     .kind = ULP_DOTS, .x = "target", .y = "kl", .interval = "kl_ci95",
     .series = "rule", .panels = "kind", .filter = "kind!=all",
     .axes = "y log", .y_label = "KL to the reference (bits)",
     .caption = "Further to the right is more sensitive."},

    {.experiment = "model_outliers", .name = "amax",
     .title = "Greatest over median magnitude", .kind = ULP_HEAT,
     .x = "layer", .y = "place", .z = "amax_over_median", .axes = "z log",
     .x_label = "layer", .y_label = "what multiplies it",
     .caption = "Of normal numbers 6 to 8; more are outliers."},
    {.experiment = "model_outliers", .name = "gain",
     .title = "E4M3 over INT8, one scale each", .kind = ULP_LINES,
     .x = "layer", .y = "e4m3_gain_db", .interval = "e4m3_gain_db_ci95",
     .series = "place", .axes = "x zero", .x_label = "layer",
     .y_label = "gain of E4M3 over INT8 (dB)",
     .caption = "Above 0 the float format bears the outliers better."},
    {0}};

/* ---- the table ----------------------------------------------------------- */

const ulp_figure_row *ulp_figure_find(size_t i)
{
  static const ulp_figure_row *const parts[] = {
      ulp_figures_formats, ulp_figures_sums, ulp_figures_layers,
      ulp_figures_training, ulp_figures_models};
  for (size_t p = 0; p < sizeof parts / sizeof parts[0]; p++)
    for (const ulp_figure_row *f = parts[p]; f->experiment; f++)
      if (i-- == 0)
        return f;
  return NULL;
}

/* Whether every word (up to `stop`, of alternatives each) is a column. */
static bool are_columns(const ulp_experiment *x, const char *text, char stop)
{
  bool ok = true;
  char *copy = strdup(text ? text : ""), *rest = copy, *word;
  while (copy && ok && (word = ulp_next_word(&rest, ' ')) != NULL) {
    word[strcspn(word, (char[]){stop, '\0'})] = '\0';
    ok = ulp_column_find(x, word) != NULL;
  }
  free(copy);
  return copy && ok;
}

static bool is_text_kind(ulp_picture_kind k)
{
  return k == ULP_DOTS || k == ULP_BARS || k == ULP_HEAT;
}

const char *ulp_figure_fault(const ulp_figure_row *f)
{
  const ulp_experiment *x;
  ulp_error e;
  if (ulp_experiment_find(&x, f->experiment, &e) != ULP_OK)
    return "no such experiment";
  if (f->kind == ULP_NO_PICTURE)
    return f->caption ? NULL : "a picture that is not there needs a reason";
  if (f->kind == ULP_OWN_PICTURE)
    return NULL;
  if (!f->name || !f->title || !f->caption || !f->x || !f->y)
    return "name, title, caption, x or y is missing";
  if ((f->kind == ULP_HEAT) && !f->z)
    return "a heat map needs z";
  if (!are_columns(x, f->x, '?') || !are_columns(x, f->y, '?') ||
      !are_columns(x, f->z, '?') || !are_columns(x, f->interval, '?') ||
      !are_columns(x, f->series, '?') || !are_columns(x, f->panels, '?') ||
      !are_columns(x, f->predicted, '?') || !are_columns(x, f->bounds, ':'))
    return "names a column that the experiment does not have";
  const ulp_column *c = ulp_column_find(x, f->x);
  if (c && !is_text_kind(f->kind) && c->type == ULP_COL_STRING)
    return "x must be a number";
  const char *fault = ulp_filter_fault(x, f->filter);
  return fault ? fault : ulp_filter_fault(x, f->bounds_filter);
}
