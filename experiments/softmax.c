/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * experiments/softmax: the weights of attention with steps in narrow formats,
 * or quantized themselves.
 *
 * A point is a kind of rows, a context and a case, which varies fastest.
 */
#include <math.h>
#include <stdlib.h>

#include "attention_data.h"
#include "cases.h"
#include "normal.h"
#include "softmax_case.h"
#include "words.h"

static const ulp_column columns[] = {
    {"point", ULP_COL_INTEGER, "1", "index of the point in the whole sweep"},
    {"rows", ULP_COL_STRING, "",
     "scores: equal, all 0; flat, normal of deviation 1; wide, of deviation 3; "
     "peaked, flat but for 17, 16, 15 and 14; or the tensor"},
    {"context", ULP_COL_INTEGER, "token", "scores of a row"},
    {"case", ULP_COL_STRING, "", "how the weights are computed"},
    {"steps", ULP_COL_STRING, "",
     "the same in full: formats of the scores, of x - max, exp, sum and "
     "quotient; or what quantizes exact weights (p) or exponentials (exp)"},
    {"samples", ULP_COL_INTEGER, "1", "rows"},
    {"broken_rows", ULP_COL_NUMBER, "1",
     "rows with a weight that is NaN or Inf, or with no weight above 0; the "
     "columns that follow are of the others, empty without any"},
    {"flushed_fraction", ULP_COL_NUMBER, "1", "weights that became 0"},
    {"predicted_flushed_fraction", ULP_COL_NUMBER, "1",
     "of normal scores under a fixed scale: P(weight < half the least value)"},
    {"lost_mass", ULP_COL_NUMBER, "1", "exact weight of these"},
    {"row_sum_error", ULP_COL_NUMBER, "1", "sum of the weights - 1"},
    {"row_sum_error_ci95", ULP_COL_NUMBER, "1",
     "half width of the 95 % confidence interval over rows"},
    {"predicted_row_sum_error", ULP_COL_NUMBER, "1",
     "of equal scores: a running sum of ones in p bits stops at 2^p; else the "
     "roundings of a format of 24 bits, 0"},
    {"top_weight", ULP_COL_NUMBER, "1", "greatest exact weight"},
    {"over_attention", ULP_COL_NUMBER, "1",
     "its share of the weights over the exact one, - 1"},
    {"over_attention_ci95", ULP_COL_NUMBER, "1", "half width"},
    {"total_variation", ULP_COL_NUMBER, "1",
     "sum |q - p| / 2, q the weights over their sum"},
    {"kl", ULP_COL_NUMBER, "nat",
     "KL(q || p), which is finite where q is 0"},
    {"kl_ci95", ULP_COL_NUMBER, "nat", "half width"},
    {"output_error", ULP_COL_NUMBER, "1",
     "|o' - o| / |o|, o the weighted sum of normal values of 16 channels"},
    {"output_error_ci95", ULP_COL_NUMBER, "1", "half width"},
    {"predicted_output_error", ULP_COL_NUMBER, "1",
     "sqrt(sum (p' - p)^2 / sum p^2): values independent of the weights"},
    {0}};

static const ulp_parameter parameters[] = {
    {"cases", "",
     "names, steps:SCORE:DIFFERENCE:EXP:SUM:QUOTIENT[:nomax|:online=N], "
     "p:QUANTIZER or exp:QUANTIZER, separated by blanks; without it, all "
     "names"},
    {"rows", "equal flat wide peaked", "kinds of rows, separated by blanks"},
    {"contexts", "",
     "scores of a row; without it 1024 8192 32768 131072, --quick 1024 16384"},
    {"samples", "", "rows; without it 12, --quick 6, --full 64"},
    {0}};

enum { MOST_CONTEXTS = 24, DIM = 16, ROWS = 0, CONTEXT, CASE };
static const struct {
  const char *name;
  double deviation, peak; /* peak: of the first of four; 0: none */
} kinds[] = {{"equal", 0, 0}, {"flat", 1, 0}, {"wide", 3, 0},
             {"peaked", 1, 17}};
enum { KINDS = sizeof kinds / sizeof *kinds };

typedef struct {
  ulp_softmax_case *cases;
  size_t case_count;
  int kind[KINDS];
  size_t kind_count;
  int64_t context[MOST_CONTEXTS];
  size_t contexts;
  int64_t samples;
  float *pool;
  ulp_source *sources; /* of --tensor */
  size_t source_count;
  ulp_sweep sweep;
} state;

static ulp_status no_memory(ulp_error *e)
{
  return ulp_error_set(e, ULP_ENOMEM, "out of memory");
}

/* ---- parameters --------------------------------------------------------- */

static ulp_status add_case(void *data, size_t i, const char *word,
                           ulp_error *e)
{
  state *st = data;
  st->case_count = i + 1;
  return ulp_softmax_case_find(&st->cases[i], word, e);
}

static ulp_status read_cases(state *st, const ulp_run *run, ulp_error *e)
{
  const char *list = ulp_run_parameter(run, "cases");
  size_t n = ulp_words_count(list);
  ulp_status s = ULP_OK;
  while (ulp_words_count(list) == 0 && ulp_softmax_case_name(n))
    n++;
  st->cases = calloc(n, sizeof *st->cases);
  if (!st->cases)
    return no_memory(e);
  if (ulp_words_count(list))
    return ulp_words_read(list, add_case, st, e);
  for (size_t i = 0; s == ULP_OK && i < n; i++)
    s = add_case(st, i, ulp_softmax_case_name(i), e);
  return s;
}

static ulp_status add_kind(void *data, size_t i, const char *word,
                           ulp_error *e)
{
  state *st = data;
  for (int k = 0; k < KINDS; k++)
    if (i < KINDS && ulp_words_have(word, kinds[k].name)) {
      st->kind[st->kind_count++] = k;
      return ULP_OK;
    }
  return ulp_error_set(e, ULP_ENAME, "--rows: '%.40s': expected equal, flat, "
                       "wide or peaked, each once", word);
}

static ulp_status add_context(void *data, size_t i, const char *word,
                              ulp_error *e)
{
  state *st = data;
  char *end;
  long long n = strtoll(word, &end, 10);
  if (*end || n < 4 || n > 1 << 24 || i == MOST_CONTEXTS)
    return ulp_error_set(e, ULP_EINVAL, "--contexts '%.40s': expected up to "
                         "%d whole numbers from 4 to 2^24", word,
                         MOST_CONTEXTS);
  st->context[st->contexts++] = n;
  return ULP_OK;
}

static ulp_status read_numbers(state *st, const ulp_run *run, ulp_error *e)
{
  static const char *const contexts[] = {"1024 16384",
                                         "1024 8192 32768 131072",
                                         "1024 8192 32768 131072"};
  static const int64_t samples[] = {6, 12, 64};
  const char *list = ulp_run_parameter(run, "contexts");
  const char *text = ulp_run_parameter(run, "samples");
  char *end;
  st->samples = *text ? strtoll(text, &end, 10) : samples[run->effort];
  if (*text && (*end || st->samples < 2 || st->samples > 1 << 20))
    return ulp_error_set(e, ULP_EINVAL, "--samples '%.40s': expected a whole "
                         "number from 2 to 2^20", text);
  if (ulp_words_count(list) == 0)
    list = contexts[run->effort];
  return ulp_words_read(list, add_context, st, e);
}

static ulp_status prepare(ulp_run *run, ulp_error *e)
{
  state *st = run->state = calloc(1, sizeof *st);
  if (!st)
    return no_memory(e);
  ulp_status s = read_cases(st, run, e);
  if (s == ULP_OK)
    s = read_numbers(st, run, e);
  if (s == ULP_OK)
    s = ulp_words_read(ulp_run_parameter(run, "rows"), add_kind, st, e);
  if (s == ULP_OK && run->file)
    s = ulp_sources(&st->sources, &st->source_count, run, e);
  if (s == ULP_OK && !run->file && st->kind_count == 0)
    s = ulp_error_set(e, ULP_EINVAL, "--rows: expected one kind at least");
  if (s != ULP_OK)
    return s;
  if (ulp_pool_make(&st->pool, run->seed) != ULP_OK)
    return no_memory(e);
  st->sweep = run->file
                  ? (ulp_sweep){3, {st->source_count, 1, st->case_count}}
                  : (ulp_sweep){3, {st->kind_count, st->contexts,
                                    st->case_count}};
  run->points = ulp_sweep_points(&st->sweep);
  return ULP_OK;
}

static void release(ulp_run *run)
{
  state *st = run->state;
  if (!st)
    return;
  free(st->cases);
  free(st->pool);
  ulp_sources_free(st->sources, st->source_count);
  free(st);
  run->state = NULL;
}

/* ---- a row of scores ---------------------------------------------------- */

typedef struct {
  size_t n;
  double *score, *exact, *weight, *term;
  float *work, *value; /* value: [n, DIM] */
  double maximum, sum; /* of the exact weights: greatest score, sum of exp */
} score_row;

static bool row_room(score_row *r, size_t n)
{
  *r = (score_row){.n = n};
  r->score = malloc(n * sizeof *r->score);
  r->exact = malloc(n * sizeof *r->exact);
  r->weight = malloc(n * sizeof *r->weight);
  r->term = malloc(n * sizeof *r->term);
  r->work = malloc((n + 2) * sizeof *r->work);
  r->value = malloc(n * DIM * sizeof *r->value);
  return r->score && r->exact && r->weight && r->term && r->work && r->value;
}

static void row_free(score_row *r)
{
  free(r->score);
  free(r->exact);
  free(r->weight);
  free(r->term);
  free(r->work);
  free(r->value);
}

/* Peaks come evenly spaced, the first an eighth of the way in. */
static void draw_scores(score_row *r, const state *st, int kind, uint64_t seed,
                        int64_t sample)
{
  ulp_pool_fill(st->pool, r->work, 0, (int64_t)r->n, seed,
                ulp_head_stream("scores", sample));
  for (size_t i = 0; i < r->n; i++)
    r->score[i] = (double)(float)(kinds[kind].deviation * (double)r->work[i]);
  for (size_t k = 0; kinds[kind].peak > 0 && k < 4; k++)
    r->score[r->n / 8 + k * (r->n / 4)] = kinds[kind].peak - (double)k;
}

static void find_exact(score_row *r)
{
  r->maximum = r->score[0];
  r->sum = 0;
  for (size_t i = 1; i < r->n; i++)
    r->maximum = fmax(r->maximum, r->score[i]);
  for (size_t i = 0; i < r->n; i++) {
    r->exact[i] = ulp_exp(r->score[i] - r->maximum);
    r->sum += r->exact[i];
  }
  for (size_t i = 0; i < r->n; i++)
    r->exact[i] /= r->sum;
}

/* ---- what became of it -------------------------------------------------- */

typedef struct {
  bool broken;
  double flushed, predicted_flushed, lost, row_sum, top, over, variation, kl;
  double output, predicted_output;
} row_loss;

static double weight_sum(const score_row *r)
{
  double sum = 0;
  for (size_t i = 0; i < r->n; i++)
    sum += r->weight[i];
  return sum;
}

/* Of a normal score of this deviation; below `least` a weight rounds to 0 (its
 * half is a tie, which goes to 0). */
static double flush_chance(const ulp_softmax_case *c, const score_row *r,
                           double deviation)
{
  double least = ulp_min_positive(&c->q.element) * c->unit / 2;
  double whole = c->stage == ULP_WEIGHTS_P ? r->sum : 1;
  double score = r->maximum + ulp_natural_log(least * whole);
  return deviation > 0 ? ulp_normal_tail(-score / deviation) : 0 <= score;
}

static void output_error(row_loss *l, const score_row *r)
{
  double o[DIM] = {0}, d[DIM] = {0}, o2 = 0, d2 = 0, p2 = 0, e2 = 0;
  for (size_t i = 0; i < r->n; i++) {
    double p = r->exact[i], e = r->weight[i] - p;
    p2 += p * p;
    e2 += e * e;
    for (size_t c = 0; c < DIM; c++) {
      o[c] += p * (double)r->value[i * DIM + c];
      d[c] += e * (double)r->value[i * DIM + c];
    }
  }
  for (size_t c = 0; c < DIM; c++) {
    o2 += o[c] * o[c];
    d2 += d[c] * d[c];
  }
  l->output = sqrt(d2 / o2);
  l->predicted_output = sqrt(e2 / p2);
}

static row_loss compare(const score_row *r)
{
  double sum = weight_sum(r), log_sum;
  size_t top = 0;
  row_loss l = {.row_sum = sum - 1, .broken = !isfinite(sum) || !(sum > 0)};
  if (l.broken)
    return l;
  log_sum = ulp_natural_log(r->sum);
  for (size_t i = 0; i < r->n; i++) {
    double p = r->exact[i], q = r->weight[i] / sum;
    top = p > r->exact[top] ? i : top;
    l.variation += fabs(q - p) / 2;
    if (r->weight[i] > 0)
      l.kl += q * (ulp_natural_log(q) - (r->score[i] - r->maximum - log_sum));
    else if (p > 0) {
      l.flushed += 1 / (double)r->n;
      l.lost += p;
    }
  }
  l.top = r->exact[top];
  l.over = r->weight[top] / sum / l.top - 1;
  output_error(&l, r);
  return l;
}

static ulp_status measure(row_loss *out, const state *st, const size_t *at,
                          score_row *r, int64_t sample, uint64_t seed,
                          ulp_error *e)
{
  const ulp_softmax_case *c = &st->cases[at[CASE]];
  const ulp_source *source = st->sources ? &st->sources[at[ROWS]] : NULL;
  if (source)
    ulp_source_read(source, r->score, sample * (int64_t)r->n, (int64_t)r->n);
  else
    draw_scores(r, st, st->kind[at[ROWS]], seed, sample);
  ulp_pool_fill(st->pool, r->value, 0, (int64_t)r->n * DIM, seed,
                ulp_head_stream("softmax values", sample));
  find_exact(r);
  ulp_status s = ulp_softmax_case_weights(c, r->weight, r->score, r->n,
                                          r->work, e);
  if (s != ULP_OK)
    return s;
  *out = compare(r);
  if (!source && c->stage != ULP_WEIGHTS_KEPT && c->unit > 0)
    out->predicted_flushed =
        flush_chance(c, r, kinds[st->kind[at[ROWS]]].deviation);
  return ULP_OK;
}

/* ---- rows of the table -------------------------------------------------- */

/* N ones added one by one stop at 2^p; within 2^-p of 1 else. */
static double stalled(const ulp_softmax_case *c, int64_t n)
{
  const ulp_format *f = &c->softmax.sum.format;
  double most = ldexp(1, f->man_bits + 1);
  return c->softmax.block > 0 || most >= (double)n ? 0
                                                    : (double)n / most - 1;
}

enum { ROW_SUM, OVER, KL, OUTPUT, FIELDS };

typedef struct {
  row_loss mean;
  double *field[FIELDS];
  int64_t count; /* not broken */
} table_row;

static void add_loss(table_row *t, const row_loss *l)
{
  const double of[FIELDS] = {l->row_sum, l->over, l->kl, l->output};
  row_loss *m = &t->mean;
  if (l->broken)
    return;
  for (int f = 0; f < FIELDS; f++)
    t->field[f][t->count] = of[f];
  t->count++;
  m->flushed += l->flushed;
  m->predicted_flushed += l->predicted_flushed;
  m->lost += l->lost;
  m->top += l->top;
  m->variation += l->variation;
  m->predicted_output += l->predicted_output;
}

static void print_field(ulp_text *row, const table_row *t, int field,
                        bool interval)
{
  ulp_interval x = ulp_interval_of(t->field[field], (size_t)t->count);
  ulp_csv_number_if(row, x.mean, t->count > 0);
  if (interval)
    ulp_csv_number_if(row, x.ci95, t->count > 1);
}

static void print_losses(ulp_text *row, const table_row *t, int64_t samples,
                         const ulp_softmax_case *c, bool normal, bool equal,
                         int64_t n)
{
  double k = (double)t->count;
  bool any = t->count > 0, steps = c->stage == ULP_WEIGHTS_KEPT;
  ulp_csv_number(row, 1 - k / (double)samples);
  ulp_csv_number_if(row, t->mean.flushed / k, any);
  ulp_csv_number_if(row, t->mean.predicted_flushed / k,
                    any && normal && !steps && c->unit > 0);
  ulp_csv_number_if(row, t->mean.lost / k, any);
  print_field(row, t, ROW_SUM, true);
  ulp_csv_number_if(row, stalled(c, n), equal && steps && any);
  ulp_csv_number_if(row, t->mean.top / k, any);
  print_field(row, t, OVER, true);
  ulp_csv_number_if(row, t->mean.variation / k, any);
  print_field(row, t, KL, true);
  print_field(row, t, OUTPUT, true);
  ulp_csv_number_if(row, t->mean.predicted_output / k, any);
}

static ulp_status measure_rows(table_row *t, const state *st, const size_t *at,
                               int64_t samples, size_t n, uint64_t seed,
                               ulp_error *e)
{
  score_row r;
  row_loss l;
  ulp_status s = row_room(&r, n) ? ULP_OK : no_memory(e);
  for (int64_t i = 0; s == ULP_OK && i < samples; i++) {
    s = measure(&l, st, at, &r, i, seed, e);
    if (s == ULP_OK)
      add_loss(t, &l);
  }
  row_free(&r);
  return s;
}

static ulp_status point(const ulp_run *run, int64_t index, ulp_text *row,
                        ulp_error *e)
{
  const state *st = run->state;
  size_t at[ULP_AXES];
  ulp_sweep_at(&st->sweep, index, at);
  const ulp_source *x = st->sources ? &st->sources[at[ROWS]] : NULL;
  const ulp_softmax_case *c = &st->cases[at[CASE]];
  int kind = x ? 0 : st->kind[at[ROWS]];
  int64_t n = x ? x->shape[x->ndim - 1] : st->context[at[CONTEXT]];
  int64_t samples = x ? x->count / n : st->samples;
  table_row t = {.count = 0};
  double *fields = malloc((size_t)(FIELDS * samples) * sizeof *fields);
  if (!fields)
    return no_memory(e);
  for (int f = 0; f < FIELDS; f++)
    t.field[f] = fields + f * samples;
  ulp_status s =
      measure_rows(&t, st, at, samples, (size_t)n, run->seed, e);
  ulp_csv_string(row, x ? x->name : kinds[kind].name);
  ulp_csv_integer(row, n);
  ulp_csv_string(row, c->name);
  ulp_csv_string(row, c->steps);
  ulp_csv_integer(row, samples);
  print_losses(row, &t, samples, c, !x && kind != 3, !x && kind == 0, n);
  free(fields);
  return s;
}

const ulp_experiment ulp_experiment_softmax = {
    .name = "softmax",
    .question = "What do narrow formats do to softmax and to the weights of "
                "attention, and what helps?",
    .method =
        "Rows of scores, equal, flat, wide and peaked (or a tensor's), through "
        "softmax with every step rounded, or exact and then quantized as "
        "weights or as exponentials, against the exact weights in f64; their "
        "sums, what became 0, and the output with normal values.",
    .source = "the guide, 4.8, 10.6 and Q11; FlashAttention-3, "
              "arXiv:2407.08608, section 3.3; online softmax, "
              "arXiv:1805.02867",
    .columns = columns,
    .parameters = parameters,
    .default_seed = 1,
    .takes_tensor = true,
    .prepare = prepare,
    .point = point,
    .release = release,
};
