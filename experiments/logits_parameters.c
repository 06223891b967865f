/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The parameters of experiments/logits, and the head.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "logits_sweep.h"
#include "parameters.h"

static const char default_heads[] =
    "exact+bf16 exact+f16 bf16/raw=1+f32 bf16/raw=1+bf16 f16/raw=1+f32 "
    "e4m3+f32 e4m3/g=channel+f32 mxfp8@ocp+f32 int8sym+f32 "
    "int8sym/g=channel+f32 int8sym/g=channel+bf16 int8sym/g=group:64+f32 "
    "int4sym/g=channel+f32 int4sym/g=group:128+f32 int4sym/g=group:32+f32 "
    "nf4@bitsandbytes+f32 mxfp4@ocp+f32 nvfp4@te+f32";

static ulp_status no_memory(ulp_error *e)
{
  return ulp_error_set(e, ULP_ENOMEM, "out of memory");
}

/* ---- cases -------------------------------------------------------------- */

typedef struct {
  logits_sweep *st;
  const char *parameter;
  bool embedding;
} reader;

static ulp_status add_case(void *data, size_t i, const char *word,
                           ulp_error *e)
{
  const reader *r = data;
  logits_sweep *st = r->st;
  const char *plus = strrchr(word, '+');
  logits_case *c = &st->cases[st->case_count];
  ulp_error why;
  (void)i;
  if (!plus || strlen(word) >= sizeof c->weights)
    return ulp_error_set(e, ULP_EINVAL, "--%s '%.80s': expected "
                         "WEIGHTS+STORAGE", r->parameter, word);
  *c = (logits_case){.embedding = r->embedding};
  snprintf(c->weights, sizeof c->weights, "%.*s", (int)(plus - word), word);
  c->exact = strcmp(c->weights, "exact") == 0;
  ulp_status s = c->exact ? ULP_OK
                          : ulp_quantizer_find(c->weights, &c->q, &why);
  if (s == ULP_OK)
    s = ulp_step_make(&c->storage, plus + 1, NULL, &why);
  st->case_count++;
  return s == ULP_OK
             ? s
             : ulp_error_set(e, s, "--%s: %.500s", r->parameter, why.text);
}

static ulp_status read_cases(logits_sweep *st, const ulp_run *run, ulp_error *e)
{
  const char *heads = ulp_run_parameter(run, "heads");
  const char *embeddings = ulp_run_parameter(run, "embeddings");
  if (ulp_words_count(heads) == 0)
    heads = default_heads;
  if (strcmp(embeddings, "none") == 0)
    embeddings = "";
  size_t n = ulp_words_count(heads) + ulp_words_count(embeddings);
  st->cases = calloc(n, sizeof *st->cases);
  if (!st->cases)
    return no_memory(e);
  reader r = {.st = st, .parameter = "heads"};
  ulp_status s = ulp_words_read(heads, add_case, &r, e);
  r = (reader){.st = st, .parameter = "embeddings", .embedding = true};
  return s == ULP_OK ? ulp_words_read(embeddings, add_case, &r, e) : s;
}

/* ---- the head ----------------------------------------------------------- */

/* The one tensor of a file, or the one named. */
static ulp_status read_tensor(float **weights, int64_t *vocab, int64_t *dim,
                              const ulp_run *run, ulp_error *e)
{
  enum { SOME = 1024 };
  double x[SOME];
  const ulp_tensor *t = run->tensor;
  if (!t && ulp_file_tensor_count(run->file) == 1)
    t = ulp_file_tensor(run->file, 0);
  if (!t || t->ndim != 2 || t->shape[0] <= ULP_RIVALS || t->shape[1] < 1)
    return ulp_error_set(e, ULP_EFORMAT, "%.200s: expected a head "
                         "[vocabulary, channels] of more than %d tokens; "
                         "FILE:NAME names one tensor of several",
                         ulp_file_path(run->file), ULP_RIVALS);
  *vocab = t->shape[0];
  *dim = t->shape[1];
  *weights = malloc((size_t)t->count * sizeof **weights);
  if (!*weights)
    return no_memory(e);
  for (int64_t i = 0; i < t->count; i += SOME) {
    int64_t n = t->count - i < SOME ? t->count - i : SOME;
    ulp_tensor_read_f64(t, x, i, n);
    for (int64_t k = 0; k < n; k++) {
      (*weights)[i + k] = (float)x[k];
      if (!isfinite(x[k]))
        return ulp_error_set(e, ULP_EFORMAT, "%.200s: expected finite weights",
                             ulp_file_path(run->file));
    }
  }
  return ULP_OK;
}

static int by_value(const void *a, const void *b)
{
  const double *x = a, *y = b;
  return (*x > *y) - (*x < *y);
}

static ulp_status find_median(logits_sweep *st, ulp_error *e)
{
  size_t n = (size_t)st->head.positions;
  double *margin = malloc(n * sizeof *margin);
  if (!margin)
    return no_memory(e);
  for (size_t t = 0; t < n; t++)
    margin[t] = st->head.top[t][0] - st->head.top[t][1];
  qsort(margin, n, sizeof *margin, by_value);
  st->median = (margin[(n - 1) / 2] + margin[n / 2]) / 2;
  free(margin);
  return ULP_OK;
}

static ulp_status make_head(logits_sweep *st, const ulp_run *run, ulp_error *e)
{
  static const int64_t vocabs[] = {4096, 32768, 131072};
  static const int64_t dims[] = {128, 256, 256}, positions[] = {96, 192, 192};
  int64_t vocab = 0, dim = 0, count = 0;
  float *weights = NULL;
  ulp_status s = ulp_whole_parameter(&vocab, run, "vocabulary", vocabs,
                                     ULP_RIVALS + 1, 1 << 24, e);
  if (s == ULP_OK)
    s = ulp_whole_parameter(&dim, run, "dim", dims, 2, 1 << 20, e);
  if (s == ULP_OK)
    s = ulp_whole_parameter(&count, run, "positions", positions, 2, 1 << 20,
                            e);
  if (s == ULP_OK && run->file)
    s = read_tensor(&weights, &vocab, &dim, run, e);
  if (s != ULP_OK) {
    free(weights);
    return s;
  }
  return ulp_lm_head_make(&st->head, vocab, dim, count, weights, run->seed,
                          run->threads) == ULP_OK
             ? find_median(st, e)
             : no_memory(e);
}

ulp_status logits_parameters(logits_sweep *st, const ulp_run *run, ulp_error *e)
{
  ulp_status s = read_cases(st, run, e);
  if (s == ULP_OK)
    s = ulp_whole_parameter(&st->top, run, "top", NULL, 1, ULP_RIVALS, e);
  if (s == ULP_OK)
    s = ulp_number_parameter(&st->share, run, "share",
                             (ulp_bounds){0, 1, true, false}, e);
  if (s == ULP_OK)
    s = make_head(st, run, e);
  return s;
}
