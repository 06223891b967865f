/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Plans over windows, each token scored against the reference's logits.
 */
#include "model_pass.h"

#include <stdlib.h>

#include "model_units.h"

static size_t vocabulary(const ulp_model_pass *p)
{
  return (size_t)ulp_llama_settings(p->c->model)->vocab;
}

static size_t window_logits(const ulp_model_pass *p)
{
  return (size_t)p->c->length * vocabulary(p);
}

const ulp_model_sums *ulp_model_at(const ulp_model_pass *p, size_t plan,
                                   int64_t window, size_t bin)
{
  size_t row = plan * (size_t)p->c->windows + (size_t)window;
  return p->sums + row * p->bins + bin;
}

/* ---- a unit ------------------------------------------------------------- */

static void score(ulp_model_pass *p, const ulp_model_unit *u, int64_t window,
                  const double *logits, int64_t n)
{
  size_t vocab = vocabulary(p), bin = 0;
  const double *reference = p->logits + (size_t)window * window_logits(p);
  size_t row = u->number * (size_t)p->c->windows + (size_t)window;
  for (int64_t i = 0; i < n; i++) {
    while (bin + 1 < p->bins && i >= p->edge[bin + 1])
      bin++;
    ulp_model_score(p->sums + row * p->bins + bin,
                    reference + (size_t)i * vocab, logits + (size_t)i * vocab,
                    (int64_t)vocab, u->tokens[i + 1]);
  }
}

static ulp_status work(const ulp_model_unit *u, void *data, ulp_error *e)
{
  ulp_model_pass *p = data;
  bool reference = u->number == ULP_MODEL_REFERENCE;
  ulp_status s = ULP_OK;
  double *room = reference ? NULL : malloc(window_logits(p) * sizeof *room);
  if (!reference && !room)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  for (int64_t i = u->first; s == ULP_OK && i < p->c->windows;
       i += u->stride) {
    double *logits = reference ? p->logits + (size_t)i * window_logits(p)
                               : room;
    int64_t n = ulp_model_window(p->c, i, u->tokens);
    ulp_llama_cut(u->state, 0);
    s = ulp_llama_run(u->state, u->tokens, n, 0, logits, NULL, NULL, e);
    if (s == ULP_OK && !reference)
      score(p, u, i, logits, n);
  }
  free(room);
  return s;
}

ulp_status ulp_model_measure(ulp_model_pass *p, const ulp_model_case *c,
                             const bool *wanted, int threads, ulp_error *e)
{
  size_t plans = c->plan_count, windows = (size_t)c->windows;
  p->c = c;
  p->logits = malloc(windows * window_logits(p) * sizeof *p->logits);
  p->sums = calloc(plans * windows * p->bins + 1, sizeof *p->sums);
  if (!p->logits || !p->sums)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory for %lld windows of "
                         "%lld tokens", (long long)c->windows,
                         (long long)c->length);
  return ulp_model_units_run(c, wanted, threads, work, p, e);
}

void ulp_model_pass_free(ulp_model_pass *p)
{
  free(p->logits);
  free(p->sums);
}
