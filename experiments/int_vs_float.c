/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * experiments/int_vs_float: integer against every split of the same bits into
 * exponent and significand, each at its best scale.
 */
#include <math.h>
#include <stdlib.h>

#include "cases.h"
#include "snr.h"
#include "words.h"

static const ulp_column columns[] = {
    {"point", ULP_COL_INTEGER, "1", "index of the point in the whole sweep"},
    {"distribution", ULP_COL_STRING, "",
     "name of the distribution, or of the tensor under --tensor"},
    {"bits", ULP_COL_INTEGER, "bit", "size of a code"},
    {"granularity", ULP_COL_STRING, "", "which elements share a scale"},
    {"format", ULP_COL_STRING, "",
     "intN, two's complement; or eEmMf, a float of which every code is a "
     "number, subnormals included"},
    {"exponent_bits", ULP_COL_INTEGER, "bit", "E; 0: integer"},
    ULP_LOSS_COLUMNS,
    {"theory_snr_db", ULP_COL_NUMBER, "dB",
     "expected SNR at the tensor's scale, by integrating the density over the "
     "rounding cells; empty where not computed"},
    {"over_integer_db", ULP_COL_NUMBER, "dB",
     "snr_db less that of the integer of as many bits"},
    {"margin_db", ULP_COL_NUMBER, "dB",
     "snr_db less that of the best other format of as many bits: above 0 for "
     "the winner alone, 0 for two that are best alike"},
    {0}};

static const ulp_parameter parameters[] = {
    {"bits", "3 4 5 6 7 8", "sizes of codes, 3 to 8, separated by blanks"},
    {"granularities", "tensor group:32",
     "which elements share a scale, separated by blanks"},
    {"distributions", "",
     "names of distributions, separated by blanks; without it, all"},
    {0}};

typedef struct {
  double scale; /* of a tensor */
  ulp_loss loss;
} result;

typedef struct {
  ulp_cases cases; /* rivals are neighbours */
  result *result;  /* by point */
  const char *granularities;
  size_t bits; /* while the list is made */
} state;

/* Of a case. */
enum { BITS, EXPONENT, GRANULARITY };

/* ---- the list ----------------------------------------------------------- */

static ulp_status add_granularity(void *data, size_t i, const char *word,
                                  ulp_error *e)
{
  state *st = data;
  char text[ULP_STORAGE_TEXT];
  ulp_status s = ULP_OK;
  for (size_t exponent = 0; s == ULP_OK && exponent < st->bits; exponent++) {
    ulp_case *one;
    if (exponent == 0)
      (void)snprintf(text, sizeof text, "int%zu/g=%.60s/rule=mse:32", st->bits,
                     word);
    else
      (void)snprintf(text, sizeof text, "e%zum%zuf/g=%.60s/rule=mse:32",
                     exponent, st->bits - 1 - exponent, word);
    s = ulp_cases_add(&st->cases, &one, text, e);
    if (s != ULP_OK)
      return s;
    one->place[BITS] = st->bits;
    one->place[EXPONENT] = exponent;
    one->place[GRANULARITY] = i;
  }
  return s;
}

static ulp_status add_bits(void *data, size_t i, const char *word,
                           ulp_error *e)
{
  state *st = data;
  (void)i;
  if (word[0] < '3' || word[0] > '8' || word[1])
    return ulp_error_set(e, ULP_EINVAL, "--bits '%.40s': expected numbers "
                         "from 3 to 8", word);
  st->bits = (size_t)(word[0] - '0');
  return ulp_words_read(st->granularities, add_granularity, st, e);
}

static bool are_rivals(const ulp_case *a, const ulp_case *b)
{
  return a->place[BITS] == b->place[BITS] &&
         a->place[GRANULARITY] == b->place[GRANULARITY];
}

/* ---- measuring ---------------------------------------------------------- */

/* A whole tensor's best scale is found in its histogram. */
static ulp_status measure(result *out, const ulp_case *c,
                          const ulp_source *source, const ulp_summary *summary,
                          ulp_error *e)
{
  static const ulp_scale_spec mse = {.rule = ULP_SCALE_MSE};
  const ulp_quantizer *q = &c->storage.q;
  if (q->granularity.kind != ULP_PER_TENSOR)
    return ulp_storage_measure(&out->loss, &c->storage, source, e);
  out->scale = ulp_scale_choose(&q->element, &mse, summary);
  out->loss = (ulp_loss){
      .fits = true,
      .bits = q->element.bits + q->scale.bits / (double)source->count};
  return ulp_measure_format(&out->loss.sums, source, &q->element, out->scale,
                            e);
}

static bool is_wanted(const state *st, const ulp_run *run, size_t source,
                      size_t at)
{
  const ulp_cases *c = &st->cases;
  for (size_t i = 0; i < c->case_count; i++)
    if (are_rivals(&c->cases[i], &c->cases[at]) &&
        ulp_run_has(run, (int64_t)(source * c->case_count + i)))
      return true;
  return false;
}

static ulp_status measure_source(state *st, size_t source,
                                 ulp_summary *summary, const ulp_run *run,
                                 ulp_error *e)
{
  const ulp_cases *c = &st->cases;
  result *r = st->result + source * c->case_count;
  int64_t n = (int64_t)c->case_count, failed = n;
  ulp_status status = ULP_OK;
  ulp_source_summarize(summary, &c->sources[source]);
#ifdef _OPENMP
#pragma omp parallel for schedule(dynamic) num_threads(run->threads)
#endif
  for (int64_t i = 0; i < n; i++) {
    ulp_error why;
    ulp_status one = ULP_OK;
    if (is_wanted(st, run, source, (size_t)i))
      one = measure(&r[i], &c->cases[i], &c->sources[source], summary, &why);
#ifdef _OPENMP
#pragma omp critical
#endif
    if (one != ULP_OK && i < failed) {
      failed = i;
      status = one;
      *e = why;
    }
  }
  return status;
}

static ulp_status measure_all(state *st, ulp_run *run, ulp_error *e)
{
  ulp_summary *summary = ulp_summary_new();
  st->result = calloc((size_t)run->points + 1, sizeof *st->result);
  ulp_status s = ULP_OK;
  if (!summary || !st->result)
    s = ulp_error_set(e, ULP_ENOMEM, "out of memory");
  for (size_t i = 0; s == ULP_OK && i < st->cases.source_count; i++)
    if (st->cases.sources[i].samples || st->cases.sources[i].tensor)
      s = measure_source(st, i, summary, run, e);
  ulp_summary_free(summary);
  return s;
}

static ulp_status prepare(ulp_run *run, ulp_error *e)
{
  static const int64_t samples[] = {1 << 14, 1 << 17, 1 << 20};
  state *st = calloc(1, sizeof *st);
  run->state = st;
  if (!st)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  st->granularities = ulp_run_parameter(run, "granularities");
  ulp_status s =
      ulp_words_read(ulp_run_parameter(run, "bits"), add_bits, st, e);
  if (s == ULP_OK && st->cases.case_count == 0)
    return ulp_error_set(e, ULP_EINVAL, "--bits, --granularities: expected "
                         "one of each at least");
  if (s == ULP_OK)
    s = ulp_cases_prepare(&st->cases, run, samples, e);
  return s == ULP_OK ? measure_all(st, run, e) : s;
}

static void release(ulp_run *run)
{
  state *st = run->state;
  if (!st)
    return;
  ulp_cases_free(&st->cases);
  free(st->result);
  free(st);
  run->state = NULL;
}

/* ---- rows --------------------------------------------------------------- */

/* The SNR of the integer, or the best but the point's own. */
static double rival(const state *st, int64_t point, bool integer)
{
  const ulp_case *mine = ulp_cases_case(&st->cases, point);
  size_t n = st->cases.case_count, first = (size_t)point / n * n;
  double best = -INFINITY;
  for (size_t i = 0; i < n; i++) {
    const ulp_case *c = &st->cases.cases[i];
    double snr = ulp_error_sums_report(&st->result[first + i].loss.sums).snr_db;
    if (!are_rivals(c, mine) || (integer ? c->place[EXPONENT] > 0 : c == mine))
      continue;
    best = snr > best ? snr : best;
  }
  return best;
}

static ulp_status point(const ulp_run *run, int64_t index, ulp_text *row,
                        ulp_error *e)
{
  const state *st = run->state;
  const ulp_source *source = ulp_cases_source(&st->cases, index);
  const ulp_case *c = ulp_cases_case(&st->cases, index);
  const ulp_format *f = &c->storage.q.element;
  const result *r = &st->result[index];
  char granularity[64];
  double snr = ulp_error_sums_report(&r->loss.sums).snr_db, theory = NAN;
  (void)e;
  if (!source->tensor && c->storage.q.granularity.kind == ULP_PER_TENSOR)
    theory = ulp_snr_theory(f, r->scale, source->name);
  ulp_storage_granularity(&c->storage, granularity, sizeof granularity);
  ulp_csv_string(row, source->name);
  ulp_csv_integer(row, f->bits);
  ulp_csv_string(row, granularity);
  ulp_csv_string(row, f->name);
  ulp_csv_integer(row, (int64_t)c->place[EXPONENT]);
  ulp_loss_print(row, &r->loss);
  ulp_csv_number_if(row, theory, !isnan(theory));
  ulp_csv_number(row, snr - rival(st, index, true));
  ulp_csv_number(row, snr - rival(st, index, false));
  return ULP_OK;
}

const ulp_experiment ulp_experiment_int_vs_float = {
    .name = "int_vs_float",
    .question = "At how many bits and for which numbers is an integer better "
                "than a float, and than which?",
    .method =
        "Draws f32 samples in rows of 4096 (2^17 of each distribution; --quick "
        "2^14, --full 2^20), or reads tensors.  Every format is scaled for the "
        "least squared error: a tensor by a search in its histogram, a group "
        "by the best of 32 parts of its amax; scales are f32.  To nearest "
        "even, saturating.",
    .source = "arXiv:2303.17951 (FP8 versus INT8); arXiv:2305.12356 (integer "
              "or floating point by layer); theory: J. Max, IRE Trans. IT-6, "
              "1960",
    .columns = columns,
    .parameters = parameters,
    .default_seed = 1,
    .takes_tensor = true,
    .prepare = prepare,
    .point = point,
    .release = release,
};
