/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * experiments/context_length: attention with a quantized cache of keys and
 * values, against the length of the context.
 *
 * A point is a kind of keys, a pattern of attention, a scheme and a context,
 * which varies fastest.  A row has fits over all contexts, and the patterns
 * share their keys, so `prepare` measures all.
 */
#include <math.h>
#include <stdlib.h>

#include "cases.h"
#include "context_sweep.h"
#include "normal_draws.h"
#include "normal_law.h"
#include "statistics.h"

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
     "tokens, ascending multiples of 256; without it 1024 8192 32768 131072, "
     "--quick 1024 4096 16384, --full 1024 2048 .. 262144"},
    {"keys", "plain outliers", "kinds of keys, separated by blanks"},
    {"heads", "", "drawn; without it 2, --full 4"},
    {"queries", "", "of each pattern and head, up to 40; without it 8, "
                    "--quick 4"},
    {"dim", "128", "channels of a head"},
    {"margin", "3", "of the needle's score over the distractors'"},
    {"gain", "16", "of outlier channels: a power of two"},
    {0}};

static ulp_status no_memory(ulp_error *e)
{
  return ulp_error_set(e, ULP_ENOMEM, "out of memory");
}

static ulp_status prepare(ulp_run *run, ulp_error *e)
{
  context_sweep *st = run->state = calloc(1, sizeof *st);
  if (!st)
    return no_memory(e);
  ulp_status s = context_parameters(st, run, e);
  if (s != ULP_OK)
    return s;
  st->spec.tokens = st->context[st->contexts - 1];
  /* Of given keys nothing is planted. */
  st->sweep = (ulp_sweep){4, {st->kinds, st->tensor ? 2 : ULP_PATTERNS,
                              st->scheme_count, st->contexts}};
  run->points = ulp_sweep_points(&st->sweep);
  size_t n = st->kinds * st->scheme_count * (size_t)st->heads * st->contexts;
  st->errors = calloc(n * (size_t)context_rows(st), sizeof *st->errors);
  if (!st->errors || ulp_normal_pool_make(&st->pool, run->seed) != ULP_OK)
    return no_memory(e);
  return context_measure(st, run, e);
}

static void release(ulp_run *run)
{
  context_sweep *st = run->state;
  if (!st)
    return;
  free(st->schemes);
  free(st->context);
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
  const context_sweep *st;
  size_t at[ULP_AXES];
  int64_t count;
  double *work; /* count */
} row_view;

static const ulp_attention_error *view_at(const row_view *v, int64_t i,
                                          size_t context)
{
  const context_sweep *st = v->st;
  int64_t queries = st->spec.queries;
  return context_errors(st, v->at[KEYS], v->at[SCHEME], i / queries) +
         (int64_t)context * context_rows(st) +
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
  double x[CONTEXTS_MOST], y[CONTEXTS_MOST];
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
  const context_sweep *st = v->st;
  const ulp_cache_scheme *s = &st->schemes[v->at[SCHEME]];
  int64_t context = st->context[v->at[CONTEXT]];
  double bits = ulp_cache_bits(&s->keys, context, st->spec.dim);
  const char *kind = context_kind_names[st->kind[v->at[KEYS]]];
  if (st->tensor)
    kind = *st->tensor->name ? st->tensor->name : "tensor";
  ulp_csv_string(row, kind);
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
  const context_sweep *st = v->st;
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
  const context_sweep *st = run->state;
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
