/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * experiments/accumulate: many small updates into a narrow accumulator.
 *
 * A point is a format, a mode, an update and a number of updates, which
 * varies fastest.  The rows of one chain are stations of the same sums.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "chain.h"
#include "statistics.h"
#include "words.h"

static const ulp_column columns[] = {
    {"point", ULP_COL_INTEGER, "1", "index of the point in the whole sweep"},
    {"format", ULP_COL_STRING, "", "format of the accumulator"},
    {"mode", ULP_COL_STRING, "",
     "rne rna rnz rtz ru rd odd; sr: stochastic, exact; sr:NV: with N random "
     "bits and P3109's variant V"},
    {"update", ULP_COL_STRING, "",
     "what is added each time, to a sum that starts at 1; harmonic: 1, 1/2, "
     "1/3, ..., rounded to the format, to a sum that starts at 0"},
    {"updates", ULP_COL_INTEGER, "1", "terms added"},
    {"runs", ULP_COL_INTEGER, "1", "sums made, each with its own draws"},
    {"exact_value", ULP_COL_NUMBER, "1", "start and terms, without rounding"},
    {"mean_value", ULP_COL_NUMBER, "1", "of the rounded sums"},
    {"mean_value_ci95", ULP_COL_NUMBER, "1",
     "half width of the 95 % confidence interval of mean_value"},
    {"predicted_value", ULP_COL_NUMBER, "1",
     "exact expectation of the rounded sum: a Markov chain over the values "
     "of the format"},
    {"predicted_deviation", ULP_COL_NUMBER, "1",
     "standard deviation of one rounded sum, from the same chain"},
    {"value_over_exact", ULP_COL_NUMBER, "1", "mean_value / exact_value"},
    {"gain_over_exact", ULP_COL_NUMBER, "1",
     "(mean_value - start) / (exact_value - start): 0 when updates are lost, "
     "1 when they arrive"},
    {"predicted_gain_over_exact", ULP_COL_NUMBER, "1",
     "the same of predicted_value"},
    {"stalled_fraction", ULP_COL_NUMBER, "1",
     "runs whose sum is what it was after half of the updates"},
    {"z", ULP_COL_NUMBER, "1",
     "standard errors between mean_value and predicted_value; empty where "
     "nothing is left to chance"},
    {"consistent", ULP_COL_INTEGER, "1",
     "1: |z| <= 3; without chance: equal to the prediction"},
    {"published_value", ULP_COL_NUMBER, "1",
     "what the literature has for the sum; empty where none is known"},
    {"published_source", ULP_COL_STRING, "", "where"},
    {0}};

static const ulp_parameter parameters[] = {
    {"formats", "bf16 f16 e4m3",
     "names of formats of up to 16 bits, separated by blanks"},
    {"modes", "rne rtz sr sr:4A sr:8A sr:8B",
     "rounding modes, separated by blanks"},
    {"updates", "0x1p-4 0x1p-6 0x1p-8 0x1p-10 0x1p-12 harmonic",
     "sizes of the update, or harmonic, separated by blanks"},
    {0}};

/* The sum no longer changes once it is reached. */
static const struct {
  const char *format;
  int64_t terms;
  double value;
  const char *source;
} published[] = {
    {"bfloat16", 65, 5.0625,
     "N. J. Higham, S. Pranesh, SIAM J. Sci. Comput. 41(5), 2019: stalls at "
     "5.0625 after 65 terms"},
    {"float16", 513, 7.0859,
     "N. J. Higham, S. Pranesh, SIAM J. Sci. Comput. 41(5), 2019: stalls at "
     "7.0859 after 513 terms"},
};

enum { FIRST_STATION = 64, STATION_RATIO = 4, MOST_RUNS = 1 << 10 };

typedef struct {
  ulp_gaps *gaps;
  ulp_mode_word *modes;
  ulp_chain *chains;
  char (*names)[32]; /* of the updates */
  size_t format_count, mode_count, chain_count;
} sum_state;

static size_t station_count(const ulp_run *run)
{
  return 4 + (size_t)run->effort;
}

static ulp_status add_chain(void *data, size_t i, const char *word,
                            ulp_error *e)
{
  sum_state *st = data;
  if (strlen(word) >= sizeof st->names[i])
    return ulp_error_set(e, ULP_EINVAL, "--updates '%.80s': expected up to "
                         "31 characters", word);
  memcpy(st->names[i], word, strlen(word) + 1);
  return ulp_chain_read(&st->chains[i], word, e);
}

static ulp_status read_chains(sum_state *st, const char *list, ulp_error *e)
{
  st->chain_count = ulp_words_count(list);
  st->chains = calloc(st->chain_count + 1, sizeof *st->chains);
  st->names = calloc(st->chain_count + 1, sizeof *st->names);
  if (!st->chains || !st->names)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  return ulp_words_read(list, add_chain, st, e);
}

static ulp_status prepare(ulp_run *run, ulp_error *e)
{
  sum_state *st = run->state = calloc(1, sizeof *st);
  if (!st)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_status s = ulp_gaps_read(&st->gaps, &st->format_count,
                               ulp_run_parameter(run, "formats"), e);
  for (size_t i = 0; s == ULP_OK && i < st->format_count; i++)
    if (st->gaps[2 * i].value[st->gaps[2 * i].count - 1] < 1)
      s = ulp_error_set(e, ULP_EINVAL, "--formats: %s: expected a format that "
                        "holds 1", st->gaps[2 * i].format.name);
  if (s == ULP_OK)
    s = ulp_mode_words_read(&st->modes, &st->mode_count,
                            ulp_run_parameter(run, "modes"), e);
  if (s == ULP_OK)
    s = read_chains(st, ulp_run_parameter(run, "updates"), e);
  run->points = (int64_t)(st->format_count * st->mode_count *
                          st->chain_count * station_count(run));
  return s;
}

static void release(ulp_run *run)
{
  sum_state *st = run->state;
  if (!st)
    return;
  ulp_gaps_free_all(st->gaps, st->format_count);
  free(st->modes);
  free(st->chains);
  free(st->names);
  free(st);
  run->state = NULL;
}

/* ---- sums -------------------------------------------------------------- */

typedef struct {
  int64_t runs, updates;
  double exact, mean, deviation, stalled;
} sum_result;

/* One update of every run; all draw from one stream, each its own index. */
static ulp_status add_term(double *sums, int64_t runs, const ulp_gaps *g,
                           const ulp_rounding *r, double term, int64_t i)
{
  uint16_t code[MOST_RUNS];
  for (int64_t k = 0; k < runs; k++)
    sums[k] += term;
  ulp_status s = ulp_encode_array(&g->format, code, sums, (size_t)runs, 1, r,
                                  (uint64_t)(i * runs));
  if (s == ULP_OK)
    ulp_decode_array(&g->format, sums, code, (size_t)runs, 1);
  return s;
}

static ulp_status run_sums(sum_result *out, const ulp_chain *c,
                           const ulp_gaps *g, const ulp_rounding *r)
{
  double sums[MOST_RUNS], half[MOST_RUNS], mean = 0, square = 0;
  ulp_status s = ULP_OK;
  for (int64_t k = 0; k < out->runs; k++)
    sums[k] = c->start;
  out->exact = c->start;
  for (int64_t i = 0; s == ULP_OK && i < out->updates; i++) {
    double term = ulp_chain_term(c, g, i);
    if (i == out->updates / 2)
      memcpy(half, sums, (size_t)out->runs * sizeof *half);
    out->exact += term;
    s = add_term(sums, out->runs, g, r, term, i);
  }
  double n = (double)out->runs;
  for (int64_t k = 0; s == ULP_OK && k < out->runs; k++) {
    mean += sums[k] / n;
    out->stalled += (sums[k] == half[k]) / n;
  }
  for (int64_t k = 0; s == ULP_OK && k < out->runs; k++)
    square += (sums[k] - mean) * (sums[k] - mean);
  out->mean = mean;
  out->deviation = n > 1 ? sqrt(square / (n - 1)) : 0;
  return s;
}

/* ---- rows -------------------------------------------------------------- */

static void print_published(ulp_text *row, const ulp_format *f,
                            const ulp_chain *c, const ulp_rounding *r,
                            int64_t updates)
{
  for (size_t i = 0; i < sizeof published / sizeof *published; i++)
    if (c->harmonic && r->mode == ULP_RNE && updates >= published[i].terms &&
        strcmp(f->name, published[i].format) == 0) {
      ulp_csv_number(row, published[i].value);
      ulp_csv_string(row, published[i].source);
      return;
    }
  ulp_csv_empty(row);
  ulp_csv_string(row, "");
}

static void print_sums(ulp_text *row, const sum_result *m,
                       const ulp_chain_moments *want, double start)
{
  double n = (double)m->runs, error = want->deviation / sqrt(n);
  double gain = m->exact - start;
  ulp_csv_integer(row, m->updates);
  ulp_csv_integer(row, m->runs);
  ulp_csv_number(row, m->exact);
  ulp_csv_number(row, m->mean);
  ulp_csv_number(row, ULP_Z95 * m->deviation / sqrt(n));
  ulp_csv_number(row, want->mean);
  ulp_csv_number(row, want->deviation);
  ulp_csv_number(row, m->mean / m->exact);
  ulp_csv_number(row, (m->mean - start) / gain);
  ulp_csv_number(row, (want->mean - start) / gain);
  ulp_csv_number(row, m->stalled);
  if (error > 0) {
    double z = (m->mean - want->mean) / error;
    ulp_csv_number(row, z);
    ulp_csv_integer(row, fabs(z) <= 3);
  } else {
    ulp_csv_empty(row);
    ulp_csv_integer(row, m->mean == want->mean);
  }
}

static ulp_status point(const ulp_run *run, int64_t index, ulp_text *row,
                        ulp_error *e)
{
  static const int64_t runs[] = {1 << 7, 1 << 8, 1 << 9};
  const sum_state *st = run->state;
  const ulp_sweep sweep = {4, {st->format_count, st->mode_count,
                               st->chain_count, station_count(run)}};
  size_t at[ULP_AXES];
  ulp_sweep_at(&sweep, index, at);
  const ulp_gaps *g = &st->gaps[2 * at[0]];
  const ulp_mode_word *m = &st->modes[at[1]];
  const ulp_chain *c = &st->chains[at[2]];
  ulp_chain_moments want;
  ulp_rounding r = m->rounding;
  sum_result sums = {.runs = r.mode == ULP_SR ? runs[run->effort] : 1,
                     .updates = FIRST_STATION};
  char text[128];
  for (size_t i = 0; i < at[3]; i++)
    sums.updates *= STATION_RATIO;
  snprintf(text, sizeof text, "accumulate %s %s %s", g->format.name, m->word,
           st->names[at[2]]);
  r.overflow = ULP_OVERFLOW_SATURATE;
  r.seed = run->seed;
  r.stream = ulp_text_stream(text);
  ulp_status s = run_sums(&sums, c, g, &r);
  if (s == ULP_OK)
    s = ulp_chain_expect(&want, c, g, &r, sums.updates);
  if (s != ULP_OK)
    return ulp_error_set(e, s, "%s: %s", text, ulp_strerror(s));
  ulp_csv_string(row, g->format.name);
  ulp_csv_string(row, m->word);
  ulp_csv_string(row, st->names[at[2]]);
  print_sums(row, &sums, &want, c->start);
  print_published(row, &g->format, c, &r, sums.updates);
  return ULP_OK;
}

const ulp_experiment ulp_experiment_accumulate = {
    .name = "accumulate",
    .question = "Do many small updates arrive in a narrow accumulator, or "
                "does it stall?",
    .method =
        "Adds an update to 1 again and again, or the terms of the harmonic "
        "series to 0, rounding the sum to the format after every addition; "
        "after 2^6, 2^8, ... 2^14 updates (--quick 2^12, --full 2^16) "
        "compares it with the exact sum.  Stochastic modes repeat it 256 "
        "times (--quick 128, --full 512).  The expectation and the deviation "
        "beside it are exact: the probability of every value of the format "
        "is carried from update to update.  Sums saturate.",
    .source = "S. Gupta, A. Agrawal, K. Gopalakrishnan, P. Narayanan, Deep "
              "Learning with Limited Numerical Precision, ICML 2015; "
              "M. Croci et al., R. Soc. Open Sci. 9(3), 2022 (stagnation); "
              "M. P. Connolly, N. J. Higham, T. Mary, SIAM J. Sci. Comput. "
              "43(1), 2021. Harmonic series: N. J. Higham, S. Pranesh, "
              "SIAM J. Sci. Comput. 41(5), 2019",
    .columns = columns,
    .parameters = parameters,
    .default_seed = 1,
    .prepare = prepare,
    .point = point,
    .release = release,
};
