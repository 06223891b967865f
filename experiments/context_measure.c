/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The measurements of experiments/context_length: head after head, schemes in
 * parallel.
 */
#include <math.h>
#include <stdlib.h>

#include "context_sweep.h"

static ulp_status no_memory(ulp_error *e)
{
  return ulp_error_set(e, ULP_ENOMEM, "out of memory");
}

/* ---- a tensor of keys --------------------------------------------------- */

static ulp_status read_tensor(float **keys, const context_sweep *st,
                              int64_t head, ulp_error *e)
{
  enum { SOME = 1024 };
  double x[SOME];
  int64_t dim = st->spec.dim, n = st->spec.tokens * dim;
  int64_t from = head * st->tensor->shape[st->tensor->ndim - 2] * dim;
  *keys = malloc((size_t)n * sizeof **keys);
  if (!*keys)
    return no_memory(e);
  for (int64_t i = 0; i < n; i += SOME) {
    int64_t some = n - i < SOME ? n - i : SOME;
    ulp_tensor_read_f64(st->tensor, x, from + i, some);
    for (int64_t k = 0; k < some; k++)
      (*keys)[i + k] = (float)x[k];
  }
  for (int64_t i = 0; i < n; i++)
    if (!isfinite((*keys)[i]))
      return ulp_error_set(e, ULP_EFORMAT, "%.200s: expected finite keys",
                           st->tensor->name);
  return ULP_OK;
}

/* ---- a scheme ----------------------------------------------------------- */

static void set_gain(float *gain, const context_sweep *st, size_t kind)
{
  for (int64_t c = 0; c < st->spec.dim; c++)
    gain[c] = !st->tensor && st->kind[kind] == 1 && c % 32 == 5
                  ? (float)st->gain
                  : 1;
}

typedef struct {
  float *gain, *keys, *key, *value; /* scaled; as the cache has them */
} unit_room;

/* A scheme's errors at the contexts first .. last, of all kinds of keys, which
 * share their values. */
static ulp_status measure_contexts(const context_sweep *st,
                                   const ulp_attention *a, const unit_room *r,
                                   size_t scheme, int64_t head, size_t first,
                                   size_t last, ulp_error *e)
{
  const ulp_cache_scheme *s = &st->schemes[scheme];
  int64_t tokens = st->context[last], dim = st->spec.dim;
  ulp_status status = ulp_cache_values(
      s, true, r->value, a->head->values, tokens, dim, st->pool, st->spec.seed,
      ulp_head_stream("value noise", head), e);
  for (size_t k = 0; status == ULP_OK && k < st->kinds; k++) {
    set_gain(r->gain, st, k);
    for (int64_t t = 0; t < tokens; t++)
      for (int64_t c = 0; c < dim; c++)
        r->keys[t * dim + c] = a->head->keys[t * dim + c] * r->gain[c];
    status = ulp_cache_values(s, false, r->key, r->keys, tokens, dim, st->pool,
                              st->spec.seed,
                              ulp_head_stream("key noise", head), e);
    if (status == ULP_OK &&
        ulp_attention_measure(context_errors(st, k, scheme, head), a, r->key,
                              r->value, r->gain, first, last) != ULP_OK)
      status = no_memory(e);
  }
  return status;
}

static ulp_status measure_unit(const context_sweep *st, const ulp_attention *a,
                               int64_t head, size_t scheme, ulp_error *e)
{
  bool whole = st->schemes[scheme].whole;
  size_t n = (size_t)(st->spec.tokens * st->spec.dim), last = st->contexts - 1;
  unit_room r = {malloc((size_t)st->spec.dim * sizeof(float)),
                 malloc(n * sizeof(float)), malloc(n * sizeof(float)),
                 malloc(n * sizeof(float))};
  ulp_status s = ULP_OK;
  if (!r.gain || !r.keys || !r.key || !r.value)
    s = no_memory(e);
  for (size_t i = 0; whole && s == ULP_OK && i < last; i++)
    s = measure_contexts(st, a, &r, scheme, head, i, i, e);
  if (s == ULP_OK)
    s = measure_contexts(st, a, &r, scheme, head, whole ? last : 0, last, e);
  free(r.gain);
  free(r.keys);
  free(r.key);
  free(r.value);
  return s;
}

/* ---- all ---------------------------------------------------------------- */

/* Whether this shard has a row of the scheme. */
static bool wants(const ulp_run *run, const context_sweep *st, size_t scheme)
{
  size_t at[ULP_AXES];
  for (int64_t p = run->shard; p < run->points; p += run->shards) {
    ulp_sweep_at(&st->sweep, p, at);
    if (at[SCHEME] == scheme)
      return true;
  }
  return false;
}

static ulp_status measure_schemes(const ulp_run *run, const context_sweep *st,
                                  const ulp_attention *a, int64_t head,
                                  ulp_error *e)
{
  int64_t n = (int64_t)st->scheme_count, failed = n;
#ifdef _OPENMP
#pragma omp parallel for schedule(dynamic) num_threads(run->threads)
#endif
  for (int64_t i = 0; i < n; i++) {
    ulp_error why = {.status = ULP_OK};
    if (wants(run, st, (size_t)i) &&
        measure_unit(st, a, head, (size_t)i, &why) != ULP_OK) {
#ifdef _OPENMP
#pragma omp critical(ulp_context_length)
#endif
      if (i < failed) { /* the first, whatever the threads */
        failed = i;
        *e = why;
      }
    }
  }
  return failed < n ? e->status : ULP_OK;
}

static ulp_status measure_head(const ulp_run *run, const context_sweep *st,
                               int64_t head, ulp_error *e)
{
  ulp_head h = {.keys = NULL};
  ulp_attention a = {.head = NULL};
  float *keys = NULL;
  ulp_status s = st->tensor ? read_tensor(&keys, st, head, e) : ULP_OK;
  if (s != ULP_OK) {
    free(keys);
    return s;
  }
  if (ulp_head_make(&h, &st->spec, st->pool, keys, head) != ULP_OK ||
      ulp_attention_make(&a, &h, st->context, st->contexts) != ULP_OK)
    s = no_memory(e);
  if (s == ULP_OK)
    s = measure_schemes(run, st, &a, head, e);
  ulp_attention_free(&a);
  ulp_head_free(&h);
  return s;
}

ulp_status context_measure(const context_sweep *st, const ulp_run *run,
                           ulp_error *e)
{
  ulp_status s = ULP_OK;
  for (int64_t h = 0; s == ULP_OK && h < st->heads; h++)
    s = measure_head(run, st, h, e);
  return s;
}
