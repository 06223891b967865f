/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Units of work: made ready, run in parallel, errors in order.
 */
#include "model_units.h"

#include <stdlib.h>

typedef struct {
  const ulp_model_case *c;
  ulp_model_work *work;
  void *data;
  ulp_model_unit *units;
  int64_t count;
  int threads;
} batch;

static ulp_status run_unit(const batch *b, ulp_model_unit *u, int threads,
                           ulp_error *e)
{
  const ulp_model_case *c = b->c;
  const ulp_plan *plan = u->number == ULP_MODEL_REFERENCE
                             ? c->reference : c->plans[u->number];
  ulp_status s = ulp_llama_begin(&u->state, c->model, c->length, plan, threads,
                                 e);
  if (s != ULP_OK)
    return s;
  u->tokens = malloc(((size_t)c->length + 1) * sizeof *u->tokens);
  s = u->tokens ? b->work(u, b->data, e)
                : ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_llama_end(u->state);
  free(u->tokens);
  return s;
}

static ulp_status run_batch(const batch *b, ulp_error *e)
{
  int64_t failed = b->count;
  ulp_error first = {.status = ULP_OK};
  bool few = b->count < b->threads; /* then there are threads within each */
#ifdef _OPENMP
#pragma omp parallel for schedule(dynamic) num_threads(few ? 1 : b->threads)
#endif
  for (int64_t i = 0; i < b->count; i++) {
    ulp_error why = {.status = ULP_OK};
    if (run_unit(b, &b->units[i], few ? b->threads : 1, &why) == ULP_OK)
      continue;
#ifdef _OPENMP
#pragma omp critical(ulp_model_units)
#endif
    if (i < failed) {
      failed = i;
      first = why;
    }
  }
  if (failed < b->count)
    *e = first;
  return first.status;
}

static void add(batch *b, size_t number, int64_t parts)
{
  for (int64_t k = 0; k < parts; k++)
    b->units[b->count++] =
        (ulp_model_unit){.number = number, .first = k, .stride = parts};
}

ulp_status ulp_model_units_run(const ulp_model_case *c, const bool *wanted,
                               int threads, ulp_model_work *work, void *data,
                               ulp_error *e)
{
  int64_t parts = threads < c->windows ? threads : c->windows;
  batch b = {c, work, data, NULL, 0, threads};
  b.units = calloc((c->plan_count + 1) * (size_t)parts, sizeof *b.units);
  if (!b.units)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  add(&b, ULP_MODEL_REFERENCE, parts);
  ulp_status s = run_batch(&b, e);
  b.count = 0;
  for (size_t i = 0; wanted && i < c->plan_count; i++)
    if (wanted[i])
      add(&b, i, parts);
  if (s == ULP_OK)
    s = run_batch(&b, e);
  free(b.units);
  return s;
}
