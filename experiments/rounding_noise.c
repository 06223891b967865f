/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * experiments/rounding_noise: the power of each mode's error.
 *
 * A point is a format, a range and a mode, the mode varying fastest.  Every
 * mode rounds the same numbers, and so does RNE beside it.
 */
#include <math.h>
#include <stdlib.h>

#include "gaps.h"
#include "statistics.h"
#include "words.h"

enum { CHUNK = 1 << 12 };

static const ulp_column columns[] = {
    {"point", ULP_COL_INTEGER, "1", "index of the point in the whole sweep"},
    {"format", ULP_COL_STRING, "", "format rounded to"},
    {"format_bits", ULP_COL_INTEGER, "bit", "size of a code"},
    {"range", ULP_COL_STRING, "",
     "inside: uniform in a gap, gaps of normal values (of integers: all) "
     "equally likely, both signs; full_scale: integers only, uniform over "
     "the cells of all codes, half a gap beyond the ends"},
    {"mode", ULP_COL_STRING, "",
     "rne rna rnz rtz ru rd odd; sr: stochastic, exact; sr:NV: with N random "
     "bits and P3109's variant V"},
    {"samples", ULP_COL_INTEGER, "1", "numbers rounded"},
    {"noise_power", ULP_COL_NUMBER, "gap^2", "mean of ((y - x) / gap)^2"},
    {"noise_power_ci95", ULP_COL_NUMBER, "gap^2",
     "half width of the 95 % confidence interval of noise_power"},
    {"predicted_noise_power", ULP_COL_NUMBER, "gap^2",
     "closed form: 1/12 to nearest, 1/3 directed, 1/6 stochastic and exact"},
    {"noise_over_rne", ULP_COL_NUMBER, "1",
     "noise_power over that of RNE on the same numbers"},
    {"noise_over_rne_ci95", ULP_COL_NUMBER, "1",
     "half width of the 95 % confidence interval of noise_over_rne, delta "
     "method"},
    {"predicted_noise_over_rne", ULP_COL_NUMBER, "1", "closed form"},
    {"snr_db", ULP_COL_NUMBER, "dB",
     "10 log10(variance of x / mean of (y - x)^2)"},
    {"predicted_snr_db", ULP_COL_NUMBER, "dB",
     "closed form; to nearest at full scale 20 log10(2^bits), which is 6.02 "
     "dB a bit; empty inside"},
    {"z", ULP_COL_NUMBER, "1",
     "standard errors between measured and predicted noise power"},
    {"consistent", ULP_COL_INTEGER, "1", "1: |z| <= 3"},
    {0}};

static const ulp_parameter parameters[] = {
    {"formats", "e4m3 e5m2 e2m1 e3m2 e2m3 bf16 f16 int3 int4 int5 int6 int7 "
                "int8",
     "names of signed formats of up to 16 bits, separated by blanks"},
    {"modes", "rne rna rnz rtz ru rd odd sr sr:1A sr:3A sr:3B sr:3C sr:8A",
     "rounding modes, separated by blanks"},
    {0}};

typedef struct {
  ulp_gaps *gaps; /* [2 format + negative] */
  ulp_mode_word *modes;
  size_t format_count, mode_count;
  struct noise_range {
    size_t format;
    bool full_scale;
  } *ranges;
  size_t range_count;
} noise_state;

/* The gaps of normal values; of an integer all that are in range. */
static bool inside(const ulp_gaps *g, int64_t *first, int64_t *last)
{
  bool any = ulp_gap_range(g, ULP_NORMAL_GAPS, first, last);
  if (g->format.kind != ULP_INTEGER)
    return any;
  *first = 0;
  *last = g->count - 2;
  return *last >= 0;
}

static ulp_status add_ranges(noise_state *st, ulp_error *e)
{
  st->ranges = calloc(2 * st->format_count + 1, sizeof *st->ranges);
  if (!st->ranges)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  for (size_t i = 0; i < st->format_count; i++) {
    int64_t first, last;
    const ulp_format *f = &st->gaps[2 * i].format;
    if (!inside(&st->gaps[2 * i], &first, &last) ||
        !inside(&st->gaps[2 * i + 1], &first, &last))
      return ulp_error_set(e, ULP_EINVAL, "--formats: %s: expected two normal "
                           "values of either sign", f->name);
    st->ranges[st->range_count++] = (struct noise_range){i, false};
    if (f->kind == ULP_INTEGER)
      st->ranges[st->range_count++] = (struct noise_range){i, true};
  }
  return ULP_OK;
}

static ulp_status prepare(ulp_run *run, ulp_error *e)
{
  noise_state *st = run->state = calloc(1, sizeof *st);
  if (!st)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_status s = ulp_gaps_read(&st->gaps, &st->format_count,
                               ulp_run_parameter(run, "formats"), e);
  if (s == ULP_OK)
    s = ulp_mode_words_read(&st->modes, &st->mode_count,
                            ulp_run_parameter(run, "modes"), e);
  if (s == ULP_OK)
    s = add_ranges(st, e);
  run->points = (int64_t)(st->range_count * st->mode_count);
  return s;
}

static void release(ulp_run *run)
{
  noise_state *st = run->state;
  if (!st)
    return;
  ulp_gaps_free_all(st->gaps, st->format_count);
  free(st->modes);
  free(st->ranges);
  free(st);
  run->state = NULL;
}

/* ---- numbers ----------------------------------------------------------- */

/* Fractions have 33 bits, the last of them set: halfway is never met.  With
 * the 16 bits of a code x is exact in an f64. */
static double fraction(ulp_pcg32 *g)
{
  return ldexp(2.0 * ulp_pcg32_next(g) + 1, -33);
}

/* x, and in *gap what its error is measured in. */
static double draw(const noise_state *st, const struct noise_range *range,
                   ulp_pcg32 *random, double *gap)
{
  const ulp_gaps *sides = &st->gaps[2 * range->format];
  uint32_t word = ulp_pcg32_next(random);
  if (range->full_scale) { /* codes -(lower - 1) .. upper - 1 */
    int64_t upper = sides[0].count, lower = sides[1].count;
    int64_t code = word % (upper + lower - 1) - (lower - 1);
    *gap = sides[0].value[1];
    return ((double)code + fraction(random) - 0.5) * *gap;
  }
  int64_t first = 0, last = 0;
  bool negative = word >> 31;
  const ulp_gaps *g = &sides[negative];
  inside(g, &first, &last);
  const double *low = &g->value[first + (word & 0x7fffffff) %
                                            (last - first + 1)];
  *gap = low[1] - low[0];
  double x = low[0] + fraction(random) * *gap;
  return negative ? -x : x;
}

/* ---- sums -------------------------------------------------------------- */

/* p and q are the squared errors, in gaps, of the mode and of RNE. */
typedef struct {
  double n, x, x2, e2, p, p2, q, q2, pq;
} noise_sums;

static void add(noise_sums *s, double x, double gap, double y, double nearest)
{
  double e = y - x, p = e / gap, q = (nearest - x) / gap;
  p *= p;
  q *= q;
  s->n++;
  s->x += x;
  s->x2 += x * x;
  s->e2 += e * e;
  s->p += p;
  s->p2 += p * p;
  s->q += q;
  s->q2 += q * q;
  s->pq += p * q;
}

static ulp_status measure(noise_sums *sums, const ulp_run *run,
                          const struct noise_range *range,
                          const ulp_rounding *r, const char *numbers)
{
  static const int64_t count[] = {1 << 15, 1 << 19, 1 << 22};
  const noise_state *st = run->state;
  const ulp_format *f = &st->gaps[2 * range->format].format;
  const ulp_rounding rne = {.overflow = ULP_OVERFLOW_SATURATE};
  ulp_pcg32 random = ulp_pcg32_seed(run->seed, ulp_text_stream(numbers));
  double x[CHUNK], gap[CHUNK], y[CHUNK], nearest[CHUNK];
  uint16_t code[CHUNK];
  for (int64_t first = 0; first < count[run->effort]; first += CHUNK) {
    for (int i = 0; i < CHUNK; i++)
      x[i] = draw(st, range, &random, &gap[i]);
    ulp_status s = ulp_encode_array(f, code, x, CHUNK, 1, &rne, 0);
    ulp_decode_array(f, nearest, code, CHUNK, 1);
    if (s == ULP_OK)
      s = ulp_encode_array(f, code, x, CHUNK, 1, r, (uint64_t)first);
    if (s != ULP_OK)
      return s;
    ulp_decode_array(f, y, code, CHUNK, 1);
    for (int i = 0; i < CHUNK; i++)
      add(sums, x[i], gap[i], y[i], nearest[i]);
  }
  return ULP_OK;
}

/* ---- rows -------------------------------------------------------------- */

/* Both signs are equally likely, which matters to no mode's square.  Of L
 * cells at full scale the halves beyond the ends saturate: their error is
 * uniform on (0, 1/2), and they are one cell of the L. */
static double predicted_power(const ulp_rounding *r, double cells)
{
  double square = ulp_uniform_error_of(r, false).square;
  return cells > 0 ? ((cells - 1) * square + 1 / 12.0) / cells : square;
}

static void print_row(ulp_text *row, const noise_sums *s, double cells,
                      double predicted, double predicted_rne)
{
  const double normal = ULP_Z95;
  double n = s->n, p = s->p / n, q = s->q / n, ratio = p / q;
  double error = sqrt(fmax(s->p2 / n - p * p, 0) / n);
  double spread = s->p2 / n / (p * p) + s->q2 / n / (q * q) -
                  2 * (s->pq / n) / (p * q);
  double mean = s->x / n, z = (p - predicted) / error;
  ulp_csv_integer(row, (int64_t)n);
  ulp_csv_number(row, p);
  ulp_csv_number(row, normal * error);
  ulp_csv_number(row, predicted);
  ulp_csv_number(row, ratio);
  ulp_csv_number(row, normal * ratio * sqrt(fmax(spread, 0) / n));
  ulp_csv_number(row, predicted / predicted_rne);
  ulp_csv_number(row, 10 * log10((s->x2 / n - mean * mean) / (s->e2 / n)));
  if (cells > 0)
    ulp_csv_number(row, 10 * log10(cells * cells / 12 / predicted));
  else
    ulp_csv_empty(row);
  ulp_csv_number(row, z);
  ulp_csv_integer(row, fabs(z) <= 3);
}

static ulp_status point(const ulp_run *run, int64_t index, ulp_text *row,
                        ulp_error *e)
{
  const noise_state *st = run->state;
  const struct noise_range *range =
      &st->ranges[(size_t)index / st->mode_count];
  const ulp_mode_word *m = &st->modes[(size_t)index % st->mode_count];
  const ulp_gaps *sides = &st->gaps[2 * range->format];
  const char *name = range->full_scale ? "full_scale" : "inside";
  const ulp_rounding rne = {.mode = ULP_RNE};
  ulp_rounding r = m->rounding;
  char numbers[128], text[160];
  noise_sums sums = {0};
  snprintf(numbers, sizeof numbers, "rounding_noise %s %s",
           sides->format.name, name);
  snprintf(text, sizeof text, "%s %s", numbers, m->word);
  r.overflow = ULP_OVERFLOW_SATURATE;
  r.seed = run->seed;
  r.stream = ulp_text_stream(text);
  ulp_status s = measure(&sums, run, range, &r, numbers);
  if (s != ULP_OK)
    return ulp_error_set(e, s, "%s: %s", text, ulp_strerror(s));
  double cells = range->full_scale
                     ? (double)(sides[0].count + sides[1].count - 1)
                     : 0;
  ulp_csv_string(row, sides->format.name);
  ulp_csv_integer(row, sides->format.bits);
  ulp_csv_string(row, name);
  ulp_csv_string(row, m->word);
  print_row(row, &sums, cells, predicted_power(&r, cells),
            predicted_power(&rne, cells));
  return ULP_OK;
}

const ulp_experiment ulp_experiment_rounding_noise = {
    .name = "rounding_noise",
    .question = "How much noise does each rounding mode add, and how much "
                "more than rounding to nearest?",
    .method =
        "Draws numbers uniformly between neighbouring normal values (2^19; "
        "--quick 2^15, --full 2^22), rounds them in the mode and, the same "
        "numbers, to nearest even, and compares the mean squared errors with "
        "each other and with the closed forms.  Integers also at full scale, "
        "uniform over the cells of all codes, where the SNR of rounding to "
        "nearest is 20 log10(2^bits).",
    .source = "W. R. Bennett, Spectra of Quantized Signals, Bell Syst. Tech. "
              "J. 27, 1948 (1/12). Stochastic rounding has variance v (1 - v) "
              "at fraction v, 1/6 on average and so twice 1/12: M. P. "
              "Connolly, N. J. Higham, T. Mary, SIAM J. Sci. Comput. 43(1), "
              "2021; M. Croci et al., R. Soc. Open Sci. 9(3), 2022",
    .columns = columns,
    .parameters = parameters,
    .default_seed = 1,
    .prepare = prepare,
    .point = point,
    .release = release,
};
