/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The parameters of experiments/context_length.
 */
#include <stdlib.h>
#include <string.h>

#include "context_sweep.h"
#include "parameters.h"

const char *const context_kind_names[CONTEXT_KINDS] = {"plain", "outliers"};

static ulp_status add_scheme(void *data, size_t i, const char *word,
                             ulp_error *e)
{
  context_sweep *st = data;
  st->scheme_count = i + 1;
  return ulp_cache_find(&st->schemes[i], word, e);
}

static ulp_status read_schemes(context_sweep *st, const ulp_run *run,
                               ulp_error *e)
{
  const char *list = ulp_run_parameter(run, "schemes");
  size_t n = ulp_words_count(list);
  ulp_status s = ULP_OK;
  if (n == 0)
    while (ulp_cache_name(n))
      n++;
  st->schemes = calloc(n, sizeof *st->schemes);
  if (!st->schemes)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  if (ulp_words_count(list))
    return ulp_words_read(list, add_scheme, st, e);
  for (size_t i = 0; s == ULP_OK && i < n; i++)
    s = add_scheme(st, i, ulp_cache_name(i), e);
  return s;
}

static ulp_status read_contexts(context_sweep *st, const ulp_run *run,
                                ulp_error *e)
{
  static const char *const lists[] = {
      "1024 4096 16384", "1024 8192 32768 131072",
      "1024 2048 4096 8192 16384 32768 65536 131072 262144"};
  ulp_status s = ULP_OK;
  st->context = ulp_list_wholes(&st->contexts, run, "contexts", lists,
                                ULP_BLOCK, 1 << 24, &s, e);
  for (size_t i = 0; s == ULP_OK && i < st->contexts; i++)
    if (st->context[i] % ULP_BLOCK ||
        (i && st->context[i] <= st->context[i - 1]))
      s = ulp_error_set(e, ULP_EINVAL, "--contexts '%lld': expected ascending "
                        "multiples of %d", (long long)st->context[i],
                        ULP_BLOCK);
  if (s == ULP_OK && st->contexts > CONTEXTS_MOST)
    s = ulp_error_set(e, ULP_EINVAL, "--contexts: expected %d at most",
                      CONTEXTS_MOST);
  return s;
}

static ulp_status add_kind(void *data, size_t i, const char *word,
                           ulp_error *e)
{
  context_sweep *st = data;
  for (int k = 0; k < CONTEXT_KINDS; k++)
    if (i < CONTEXT_KINDS && strcmp(word, context_kind_names[k]) == 0) {
      st->kind[st->kinds++] = k;
      return ULP_OK;
    }
  return ulp_error_set(e, ULP_ENAME, "--keys '%.40s': expected plain or "
                       "outliers", word);
}

static ulp_status read_numbers(context_sweep *st, const ulp_run *run,
                               ulp_error *e)
{
  static const int64_t heads[] = {2, 2, 4}, queries[] = {4, 8, 8};
  int64_t gain = 1;
  ulp_status s = ulp_whole_parameter(&st->heads, run, "heads", heads, 1, 1024,
                                     e);
  if (s == ULP_OK)
    s = ulp_whole_parameter(&st->spec.queries, run, "queries", queries, 1,
                            ULP_MOST_QUERIES, e);
  if (s == ULP_OK)
    s = ulp_whole_parameter(&st->spec.dim, run, "dim", NULL, 8, 4096, e);
  if (s == ULP_OK)
    s = ulp_whole_parameter(&gain, run, "gain", NULL, 1, 4096, e);
  if (s == ULP_OK && gain & (gain - 1))
    s = ulp_error_set(e, ULP_EINVAL, "--gain '%lld': expected a power of two",
                      (long long)gain);
  if (s == ULP_OK)
    s = ulp_number_parameter(&st->spec.margin, run, "margin",
                             ulp_from_to(0, 10), e);
  st->gain = (double)gain;
  st->spec.seed = run->seed;
  return s;
}

/* ---- a tensor of keys --------------------------------------------------- */

/* [tokens, channels] or [heads, tokens, channels]; contexts that it has not
 * are left out. */
static ulp_status take_tensor(context_sweep *st, const ulp_run *run,
                              ulp_error *e)
{
  const ulp_tensor *t = run->tensor;
  const char *path = ulp_file_path(run->file);
  if (!t && ulp_file_tensor_count(run->file) == 1)
    t = ulp_file_tensor(run->file, 0);
  if (!t || t->ndim < 2 || t->ndim > 3)
    return ulp_error_set(e, ULP_EFORMAT, "%.200s: expected keys [tokens, "
                         "channels] or [heads, tokens, channels]; FILE:NAME "
                         "names one tensor of several", path);
  st->tensor = t;
  st->heads = t->ndim == 3 ? t->shape[0] : 1;
  st->spec.dim = t->shape[t->ndim - 1];
  int64_t tokens = t->shape[t->ndim - 2];
  while (st->contexts && st->context[st->contexts - 1] > tokens)
    st->contexts--;
  if (st->contexts && st->heads > 0 && st->spec.dim >= 1)
    return ULP_OK;
  return ulp_error_set(e, ULP_EFORMAT, "%.200s: %lld tokens: expected as many "
                       "as the least of --contexts", path, (long long)tokens);
}

/* ---- all ---------------------------------------------------------------- */

ulp_status context_parameters(context_sweep *st, const ulp_run *run,
                              ulp_error *e)
{
  ulp_status s = read_schemes(st, run, e);
  if (s == ULP_OK)
    s = read_contexts(st, run, e);
  if (s == ULP_OK)
    s = read_numbers(st, run, e);
  if (s == ULP_OK && run->file) {
    st->kinds = 1;
    return take_tensor(st, run, e);
  }
  if (s == ULP_OK)
    s = ulp_words_read(ulp_run_parameter(run, "keys"), add_kind, st, e);
  if (s == ULP_OK && st->kinds == 0)
    s = ulp_error_set(e, ULP_EINVAL, "--keys: expected plain or outliers");
  return s;
}
