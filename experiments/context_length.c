/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * experiments/context_length: attention with a quantized cache of keys and
 * values, against the length of the context.
 *
 * A point is a kind of keys, a pattern of attention, a scheme and a context,
 * which varies fastest.  A row has fits over all contexts, and the patterns
 * share their keys, so `prepare` measures all: head after head, schemes in
 * parallel.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attention_error.h"
#include "cache_scheme.h"
#include "cases.h"
#include "normal.h"
#include "words.h"

static const ulp_column columns[] = {
    {"point", ULP_COL_INTEGER, "1", "index of the point in the whole sweep"},
    {"keys", ULP_COL_STRING, "",
     "plain: normal; outliers: every 32nd channel times --gain, and divided by "
     "it in queries, so that the exact scores are the same; or the tensor"},
    {"pattern", ULP_COL_STRING, "",
     "flat: queries unrelated to keys; peaked: four early keys hold the mass; "
     "passkey: one early key, and one distractor in 256 tokens whose score is "
     "--margin lower"},
    {"scheme", ULP_COL_STRING, "", "how the cache holds keys and values"},
    {"key_quantizer", ULP_COL_STRING, "", "of keys, [tokens, channels]"},
    {"value_quantizer", ULP_COL_STRING, "", "of values"},
    {"context", ULP_COL_INTEGER, "token", "keys that a query attends to"},
    {"samples", ULP_COL_INTEGER, "1", "queries, of all heads"},
    {"key_bits", ULP_COL_NUMBER, "bit", "an element of the keys, scales "
     "counted; empty where it is no storage"},
    {"value_bits", ULP_COL_NUMBER, "bit", "the same of values"},
    {"key_error", ULP_COL_NUMBER, "1", "rms error of keys over their rms"},
    {"value_error", ULP_COL_NUMBER, "1", "the same of values"},
    {"score_error", ULP_COL_NUMBER, "1",
     "rms error of a query's scores over their standard deviation, mean over "
     "queries"},
    {"score_error_ci95", ULP_COL_NUMBER, "1",
     "half width of the 95 % confidence interval over queries and heads"},
    {"predicted_score_error", ULP_COL_NUMBER, "1",
     "from the mean square error of each key channel, independent errors"},
    {"score_max_error", ULP_COL_NUMBER, "1",
     "greatest error of a query's scores, in the same unit"},
    {"score_max_error_ci95", ULP_COL_NUMBER, "1", "half width"},
    {"predicted_score_max_error", ULP_COL_NUMBER, "1",
     "predicted_score_error times the mean greatest of `context` normal "
     "magnitudes, about sqrt(2 ln N)"},
    {"output_error", ULP_COL_NUMBER, "1", "|o' - o| / |o|, mean over queries"},
    {"output_error_ci95", ULP_COL_NUMBER, "1", "half width"},
    {"predicted_output_error", ULP_COL_NUMBER, "1",
     "first order: sqrt(var e sum p^2 |v - o|^2 + sum p^2 |dv|^2) / |o|"},
    {"kl", ULP_COL_NUMBER, "nat", "KL(p || p') of the attention weights"},
    {"kl_ci95", ULP_COL_NUMBER, "nat", "half width"},
    {"predicted_kl", ULP_COL_NUMBER, "nat",
     "first order: var e (1 - sum p^2) / 2"},
    {"top_weight", ULP_COL_NUMBER, "1",
     "exact weight of the greatest score's key, in passkey the needle's"},
    {"top_retained", ULP_COL_NUMBER, "1", "its weight over the exact one"},
    {"top_retained_ci95", ULP_COL_NUMBER, "1", "half width"},
    {"moved", ULP_COL_NUMBER, "1",
     "queries whose greatest score is another key's, in passkey retrieval "
     "failures; empty in peaked, whose planted keys tie"},
    {"moved_low", ULP_COL_NUMBER, "1", "Wilson's 95 % interval, lower end"},
    {"moved_high", ULP_COL_NUMBER, "1", "upper end"},
    {"predicted_moved", ULP_COL_NUMBER, "1",
     "passkey: scores times what a fit keeps of them, with independent normal "
     "errors; against distractors and all other keys"},
    {"score_exponent", ULP_COL_NUMBER, "1",
     "slope of log score_error against log context, of each query, mean; "
     "empty of fewer than two contexts, or where an error is 0"},
    {"score_exponent_ci95", ULP_COL_NUMBER, "1", "half width over queries"},
    {"score_max_exponent", ULP_COL_NUMBER, "1", "of score_max_error"},
    {"score_max_exponent_ci95", ULP_COL_NUMBER, "1", "half width"},
    {"output_exponent", ULP_COL_NUMBER, "1", "of output_error"},
    {"output_exponent_ci95", ULP_COL_NUMBER, "1", "half width"},
    {"kl_exponent", ULP_COL_NUMBER, "1", "of kl"},
    {"kl_exponent_ci95", ULP_COL_NUMBER, "1", "half width"},
    {0}};

static const ulp_parameter parameters[] = {
    {"schemes", "",
     "names, or KEYS+VALUES, each exact, noise:R, kivi:BITS:GROUP, "
     "kivi-token:BITS:GROUP or a quantizer for [tokens, channels], separated "
     "by blanks; without it, all named ones"},
    {"contexts", "",
     "tokens, ascending multiples of 256; without it 1024 8192 32768 "
     "131072, --quick 1024 4096 16384, --full 1024 2048 .. 262144"},
    {"keys", "plain outliers", "kinds of keys, separated by blanks"},
    {"heads", "", "drawn; without it 2, --full 8"},
    {"queries", "", "of each pattern and head, up to 40; without it 8, "
                    "--quick 4"},
    {"dim", "128", "channels of a head"},
    {"margin", "3", "of the needle's score over the distractors'"},
    {"gain", "16", "of outlier channels: a power of two"},
    {0}};

enum { MOST_CONTEXTS = 24, KINDS = 2, KEYS = 0, PATTERN, SCHEME, CONTEXT };
static const char *const kind_names[KINDS] = {"plain", "outliers"};

typedef struct {
  ulp_cache_scheme *schemes;
  size_t scheme_count;
  int64_t context[MOST_CONTEXTS];
  size_t contexts;
  int kind[KINDS];
  size_t kinds;
  int64_t heads;
  double gain;
  const ulp_tensor *tensor;
  ulp_head_spec spec;
  ulp_sweep sweep;
  float *pool;
  ulp_attention_error *errors; /* [kinds, schemes, heads, contexts, rows] */
} state;

static ulp_status no_memory(ulp_error *e)
{
  return ulp_error_set(e, ULP_ENOMEM, "out of memory");
}

static int64_t row_count(const state *st)
{
  return ULP_PATTERNS * st->spec.queries;
}

static ulp_attention_error *errors_at(const state *st, size_t kind,
                                      size_t scheme, int64_t head)
{
  int64_t unit = ((int64_t)(kind * st->scheme_count + scheme)) * st->heads;
  return st->errors + (unit + head) * (int64_t)st->contexts * row_count(st);
}

/* ---- parameters --------------------------------------------------------- */

static ulp_status read_whole(int64_t *out, const char *name, const char *text,
                             int64_t least, int64_t most, ulp_error *e)
{
  char *end;
  *out = strtoll(text, &end, 10);
  if (*text && !*end && *out >= least && *out <= most)
    return ULP_OK;
  return ulp_error_set(e, ULP_EINVAL, "--%s '%.40s': expected a whole number "
                       "from %lld to %lld", name, text, (long long)least,
                       (long long)most);
}

static ulp_status read_by_effort(int64_t *out, const char *name,
                                 const ulp_run *run, const int64_t value[3],
                                 int64_t most, ulp_error *e)
{
  const char *text = ulp_run_parameter(run, name);
  *out = value[run->effort];
  return *text ? read_whole(out, name, text, 1, most, e) : ULP_OK;
}

static ulp_status add_scheme(void *data, size_t i, const char *word,
                             ulp_error *e)
{
  state *st = data;
  st->scheme_count = i + 1;
  return ulp_cache_find(&st->schemes[i], word, e);
}

static ulp_status read_schemes(state *st, const ulp_run *run, ulp_error *e)
{
  const char *list = ulp_run_parameter(run, "schemes");
  size_t n = ulp_words_count(list);
  ulp_status s = ULP_OK;
  if (n == 0)
    while (ulp_cache_name(n))
      n++;
  st->schemes = calloc(n, sizeof *st->schemes);
  if (!st->schemes)
    return no_memory(e);
  if (ulp_words_count(list))
    return ulp_words_read(list, add_scheme, st, e);
  for (size_t i = 0; s == ULP_OK && i < n; i++)
    s = add_scheme(st, i, ulp_cache_name(i), e);
  return s;
}

static ulp_status add_context(void *data, size_t i, const char *word,
                              ulp_error *e)
{
  state *st = data;
  int64_t n = 0;
  if (i == MOST_CONTEXTS)
    return ulp_error_set(e, ULP_EINVAL, "--contexts: expected %d at most",
                         MOST_CONTEXTS);
  ulp_status s = read_whole(&n, "contexts", word, ULP_BLOCK, 1 << 24, e);
  if (s != ULP_OK)
    return s;
  if (n % ULP_BLOCK || (i && n <= st->context[i - 1]))
    return ulp_error_set(e, ULP_EINVAL, "--contexts '%.40s': expected "
                         "ascending multiples of %d", word, ULP_BLOCK);
  st->context[i] = n;
  st->contexts = i + 1;
  return ULP_OK;
}

static ulp_status read_contexts(state *st, const ulp_run *run, ulp_error *e)
{
  static const char *const lists[] = {
      "1024 4096 16384", "1024 8192 32768 131072",
      "1024 2048 4096 8192 16384 32768 65536 131072 262144"};
  const char *list = ulp_run_parameter(run, "contexts");
  if (ulp_words_count(list) == 0)
    list = lists[run->effort];
  return ulp_words_read(list, add_context, st, e);
}

static ulp_status add_kind(void *data, size_t i, const char *word,
                           ulp_error *e)
{
  state *st = data;
  for (int k = 0; k < KINDS; k++)
    if (i < KINDS && strcmp(word, kind_names[k]) == 0) {
      st->kind[st->kinds++] = k;
      return ULP_OK;
    }
  return ulp_error_set(e, ULP_ENAME, "--keys: '%.40s': expected plain or "
                       "outliers", word);
}

static ulp_status read_numbers(state *st, const ulp_run *run, ulp_error *e)
{
  static const int64_t heads[] = {2, 2, 8}, queries[] = {4, 8, 8};
  const char *margin = ulp_run_parameter(run, "margin");
  char *end;
  int64_t gain = 1;
  ulp_status s = read_by_effort(&st->heads, "heads", run, heads, 1024, e);
  if (s == ULP_OK)
    s = read_by_effort(&st->spec.queries, "queries", run, queries,
                       ULP_MOST_QUERIES, e);
  if (s == ULP_OK)
    s = read_whole(&st->spec.dim, "dim", ulp_run_parameter(run, "dim"), 8,
                   4096, e);
  if (s == ULP_OK)
    s = read_whole(&gain, "gain", ulp_run_parameter(run, "gain"), 1, 4096, e);
  st->gain = (double)gain;
  st->spec.seed = run->seed;
  st->spec.margin = strtod(margin, &end);
  if (s != ULP_OK)
    return s;
  if (gain & (gain - 1))
    return ulp_error_set(e, ULP_EINVAL, "--gain '%lld': expected a power of "
                         "two", (long long)gain);
  return *end || !*margin || !(st->spec.margin >= 0 && st->spec.margin <= 10)
             ? ulp_error_set(e, ULP_EINVAL, "--margin '%.40s': expected a "
                             "number from 0 to 10", margin)
             : ULP_OK;
}

/* ---- a tensor of keys --------------------------------------------------- */

/* [tokens, channels] or [heads, tokens, channels]; contexts that it has not
 * are left out. */
static ulp_status take_tensor(state *st, const ulp_run *run, ulp_error *e)
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

static ulp_status read_tensor(float **keys, const state *st, int64_t head,
                              ulp_error *e)
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

/* ---- work --------------------------------------------------------------- */

static void set_gain(float *gain, const state *st, size_t kind)
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
static ulp_status measure_contexts(const state *st, const ulp_attention *a,
                                   const unit_room *r, size_t scheme,
                                   int64_t head, size_t first, size_t last,
                                   ulp_error *e)
{
  const ulp_cache_scheme *s = &st->schemes[scheme];
  int64_t tokens = st->context[last], dim = st->spec.dim;
  ulp_status status = ulp_cache_values(
      s, true, r->value, a->head->values, tokens, dim, st->pool, st->spec.seed,
      ulp_head_stream("value noise", head), e);
  for (size_t k = 0; status == ULP_OK && k < st->kinds; k++) {
    set_gain(r->gain, st, k);
    for (int64_t i = 0; i < tokens * dim; i++)
      r->keys[i] = a->head->keys[i] * r->gain[i % dim];
    status = ulp_cache_values(s, false, r->key, r->keys, tokens, dim, st->pool,
                              st->spec.seed,
                              ulp_head_stream("key noise", head), e);
    if (status == ULP_OK &&
        ulp_attention_measure(errors_at(st, k, scheme, head), a, r->key,
                              r->value, r->gain, first, last) != ULP_OK)
      status = no_memory(e);
  }
  return status;
}

static ulp_status measure_unit(const state *st, const ulp_attention *a,
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

/* Whether this shard has a row of the scheme. */
static bool wants(const ulp_run *run, const state *st, size_t scheme)
{
  size_t at[ULP_AXES];
  for (int64_t p = run->shard; p < run->points; p += run->shards) {
    ulp_sweep_at(&st->sweep, p, at);
    if (at[SCHEME] == scheme)
      return true;
  }
  return false;
}

static ulp_status measure_schemes(const ulp_run *run, const state *st,
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

static ulp_status measure_head(const ulp_run *run, const state *st,
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

static ulp_status read_parameters(state *st, const ulp_run *run, ulp_error *e)
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

static ulp_status prepare(ulp_run *run, ulp_error *e)
{
  state *st = run->state = calloc(1, sizeof *st);
  if (!st)
    return no_memory(e);
  ulp_status s = read_parameters(st, run, e);
  if (s != ULP_OK)
    return s;
  st->spec.tokens = st->context[st->contexts - 1];
  /* Of given keys nothing is planted. */
  st->sweep = (ulp_sweep){4, {st->kinds, st->tensor ? 2 : ULP_PATTERNS,
                              st->scheme_count, st->contexts}};
  run->points = ulp_sweep_points(&st->sweep);
  size_t n = st->kinds * st->scheme_count * (size_t)st->heads * st->contexts;
  st->errors = calloc(n * (size_t)row_count(st), sizeof *st->errors);
  if (!st->errors || ulp_pool_make(&st->pool, run->seed) != ULP_OK)
    return no_memory(e);
  for (int64_t h = 0; s == ULP_OK && h < st->heads; h++)
    s = measure_head(run, st, h, e);
  return s;
}

static void release(ulp_run *run)
{
  state *st = run->state;
  if (!st)
    return;
  free(st->schemes);
  free(st->pool);
  free(st->errors);
  free(st);
  run->state = NULL;
}

/* ---- rows --------------------------------------------------------------- */

typedef double field(const ulp_attention_error *x);
static double score_error(const ulp_attention_error *x)
{
  return x->score_error;
}
static double score_max(const ulp_attention_error *x)
{
  return x->score_max;
}
static double output_error(const ulp_attention_error *x)
{
  return x->output_error;
}
static double kl(const ulp_attention_error *x)
{
  return x->kl;
}
static double retained(const ulp_attention_error *x)
{
  return x->top_retained;
}

/* The errors of one row: query i of the pattern, over all heads. */
typedef struct {
  const state *st;
  size_t at[ULP_AXES];
  int64_t count;
  double *work; /* count */
} row_view;

static const ulp_attention_error *view_at(const row_view *v, int64_t i,
                                          size_t context)
{
  const state *st = v->st;
  int64_t queries = st->spec.queries;
  return errors_at(st, v->at[KEYS], v->at[SCHEME], i / queries) +
         (int64_t)context * row_count(st) +
         (int64_t)v->at[PATTERN] * queries + i % queries;
}

static ulp_interval interval(const row_view *v, field *of)
{
  for (int64_t i = 0; i < v->count; i++)
    v->work[i] = of(view_at(v, i, v->at[CONTEXT]));
  return ulp_interval_of(v->work, (size_t)v->count);
}

static ulp_interval exponent(const row_view *v, field *of)
{
  double x[MOST_CONTEXTS], y[MOST_CONTEXTS];
  for (int64_t i = 0; i < v->count; i++) {
    for (size_t c = 0; c < v->st->contexts; c++) {
      x[c] = (double)v->st->context[c];
      y[c] = of(view_at(v, i, c));
    }
    v->work[i] = v->st->contexts < 2
                     ? NAN
                     : ulp_log_slope(x, y, v->st->contexts);
  }
  return ulp_interval_of(v->work, (size_t)v->count);
}

static void print_interval(ulp_text *row, ulp_interval x)
{
  ulp_csv_number_if(row, x.mean, !isnan(x.mean));
  ulp_csv_number_if(row, x.ci95, !isnan(x.ci95));
}

static ulp_attention_error mean_error(const row_view *v, int64_t *moved)
{
  ulp_attention_error m = {.key_error = 0};
  double n = (double)v->count;
  *moved = 0;
  for (int64_t i = 0; i < v->count; i++) {
    const ulp_attention_error *x = view_at(v, i, v->at[CONTEXT]);
    m.key_error += x->key_error / n;
    m.value_error += x->value_error / n;
    m.predicted_score_error += x->predicted_score_error / n;
    m.predicted_output_error += x->predicted_output_error / n;
    m.predicted_kl += x->predicted_kl / n;
    m.top_weight += x->top_weight / n;
    m.kept += x->kept / n;
    m.noise += x->noise / n;
    *moved += x->moved;
  }
  return m;
}

static void print_names(ulp_text *row, const row_view *v)
{
  const state *st = v->st;
  const ulp_cache_scheme *s = &st->schemes[v->at[SCHEME]];
  int64_t context = st->context[v->at[CONTEXT]];
  double bits = ulp_cache_bits(&s->keys, context, st->spec.dim);
  ulp_csv_string(row, !st->tensor       ? kind_names[st->kind[v->at[KEYS]]]
                      : *st->tensor->name ? st->tensor->name
                                          : "tensor");
  ulp_csv_string(row, ulp_pattern_name(v->at[PATTERN]));
  ulp_csv_string(row, s->name);
  ulp_csv_string(row, s->keys.text);
  ulp_csv_string(row, s->values.text);
  ulp_csv_integer(row, context);
  ulp_csv_integer(row, v->count);
  ulp_csv_number_if(row, bits, !isnan(bits));
  bits = ulp_cache_bits(&s->values, context, st->spec.dim);
  ulp_csv_number_if(row, bits, !isnan(bits));
}

/* The needle and its rivals, with scores `kept` times what they were. */
static double predicted_moved(const row_view *v, const ulp_attention_error *m)
{
  const state *st = v->st;
  int64_t context = st->context[v->at[CONTEXT]];
  int64_t distractors = context / ULP_BLOCK;
  double unrelated = m->kept * ulp_unrelated_deviation();
  const ulp_rivals rivals[2] = {
      {m->kept * st->spec.margin, m->noise, distractors},
      {m->kept * ulp_needle_score(st->spec.dim),
       sqrt(unrelated * unrelated + m->noise * m->noise),
       context - distractors}};
  return ulp_normal_overtaken(m->noise, rivals);
}

static void print_moved(ulp_text *row, const row_view *v, int64_t moved,
                        const ulp_attention_error *m)
{
  double low, high;
  /* Planted peaks have the same score: any may be the greatest. */
  bool known = v->st->tensor || v->at[PATTERN] != ULP_PEAKED;
  bool passkey = v->at[PATTERN] == ULP_PASSKEY;
  ulp_wilson((double)moved, (double)v->count, &low, &high);
  ulp_csv_number_if(row, (double)moved / (double)v->count, known);
  ulp_csv_number_if(row, low, known);
  ulp_csv_number_if(row, high, known);
  ulp_csv_number_if(row, passkey ? predicted_moved(v, m) : 0, passkey);
}

static ulp_status point(const ulp_run *run, int64_t index, ulp_text *row,
                        ulp_error *e)
{
  const state *st = run->state;
  row_view v = {.st = st, .count = st->heads * st->spec.queries};
  int64_t moved;
  v.work = malloc((size_t)v.count * sizeof *v.work);
  if (!v.work)
    return no_memory(e);
  ulp_sweep_at(&st->sweep, index, v.at);
  ulp_attention_error m = mean_error(&v, &moved);
  print_names(row, &v);
  ulp_csv_number(row, m.key_error);
  ulp_csv_number(row, m.value_error);
  print_interval(row, interval(&v, score_error));
  ulp_csv_number(row, m.predicted_score_error);
  print_interval(row, interval(&v, score_max));
  ulp_csv_number(row, m.predicted_score_error *
                          ulp_normal_largest(st->context[v.at[CONTEXT]]));
  print_interval(row, interval(&v, output_error));
  ulp_csv_number(row, m.predicted_output_error);
  print_interval(row, interval(&v, kl));
  ulp_csv_number(row, m.predicted_kl);
  ulp_csv_number(row, m.top_weight);
  print_interval(row, interval(&v, retained));
  print_moved(row, &v, moved, &m);
  print_interval(row, exponent(&v, score_error));
  print_interval(row, exponent(&v, score_max));
  print_interval(row, exponent(&v, output_error));
  print_interval(row, exponent(&v, kl));
  free(v.work);
  return ULP_OK;
}

const ulp_experiment ulp_experiment_context_length = {
    .name = "context_length",
    .question = "What does a quantized cache of keys and values do to "
                "attention as the context grows?",
    .method =
        "Draws heads of 128 channels: normal keys and values, some keys "
        "planted for a query to find, with and without outlier channels; puts "
        "keys and values through a cache's quantizers; and compares scores, "
        "weights and outputs with exact ones in f64, for nested contexts.  "
        "Growth is the slope of each query's log error against log context.  "
        "Predictions are first order in independent errors.",
    .source = "the guide, 10.7 and 4.6; KIVI, arXiv:2402.02750; KVQuant, "
              "arXiv:2401.18079; RULER (distractors), arXiv:2404.06654",
    .columns = columns,
    .parameters = parameters,
    .default_seed = 1,
    .takes_tensor = true,
    .prepare = prepare,
    .point = point,
    .release = release,
};
