/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * experiments/sr_unbiasedness: mean and variance of stochastic rounding.
 *
 * A point is a format, a part of its range, a fraction of a gap there, and a
 * way to round stochastically, which varies fastest.
 */
#include <math.h>
#include <stdlib.h>

#include "draws.h"
#include "statistics.h"
#include "words.h"

static const ulp_column columns[] = {
    {"point", ULP_COL_INTEGER, "1", "index of the point in the whole sweep"},
    {"format", ULP_COL_STRING, "", "format rounded to"},
    {"region", ULP_COL_STRING, "",
     "normal, subnormal, sub_unit (below the least value), dead_zone (far "
     "below it), overflow (above the greatest value, saturating)"},
    {"x", ULP_COL_NUMBER, "1", "the number rounded"},
    {"gap", ULP_COL_NUMBER, "1", "between the neighbours of x"},
    {"fraction", ULP_COL_NUMBER, "gap",
     "v, where x stands between them, 0 at the lower"},
    {"random_bits", ULP_COL_INTEGER, "bit",
     "N; 0: as many as it takes, so that P(up) = v exactly"},
    {"variant", ULP_COL_STRING, "",
     "A, B or C of P3109; exact without a limit of bits"},
    {"draws", ULP_COL_INTEGER, "1", "times x was rounded"},
    {"ups", ULP_COL_INTEGER, "1", "times it became the upper neighbour"},
    {"strays", ULP_COL_INTEGER, "1",
     "times it became neither neighbour: 0 if rounding is right"},
    {"mean_error", ULP_COL_NUMBER, "gap", "mean of (y - x) / gap"},
    {"mean_error_ci95", ULP_COL_NUMBER, "gap",
     "half width of the 95 % confidence interval of mean_error, from the "
     "predicted variance"},
    {"predicted_mean_error", ULP_COL_NUMBER, "gap",
     "exact: (draws of N bits that go up) / 2^N - v"},
    {"unbiased", ULP_COL_INTEGER, "1", "1: predicted_mean_error is 0"},
    {"variance", ULP_COL_NUMBER, "gap^2", "of y / gap, over the draws"},
    {"predicted_variance", ULP_COL_NUMBER, "gap^2", "p (1 - p), p = P(up)"},
    {"exact_sr_variance", ULP_COL_NUMBER, "gap^2",
     "v (1 - v), what unlimited random bits give inside the range"},
    {"z_from_x", ULP_COL_NUMBER, "1",
     "standard errors between the mean of y and x, with v (1 - v) for the "
     "variance: bias shows here"},
    {"z", ULP_COL_NUMBER, "1",
     "standard errors between the mean and its prediction; empty where "
     "nothing is left to chance"},
    {"p_value", ULP_COL_NUMBER, "1",
     "two-sided exact binomial tail of ups under the prediction"},
    {"consistent", ULP_COL_INTEGER, "1",
     "1: no stray, and p_value not below 0.0027, the tails of 3 standard "
     "errors"},
    {0}};

static const ulp_parameter parameters[] = {
    {"formats", "e4m3 e5m2 e2m1 bf16 f16",
     "names of formats of up to 16 bits, separated by blanks"},
    {"modes", "",
     "sr or sr:NV, separated by blanks; without it, sr and all variants with "
     "N = 1 2 3 4 8 16 32, under --full 1 .. 32"},
    {0}};

static const struct {
  const char *name;
  ulp_gap_part part;
  bool tiny;
} regions[] = {
    {"normal", ULP_NORMAL_GAPS, false},
    {"subnormal", ULP_SUBNORMAL_GAPS, false},
    {"sub_unit", ULP_SUB_UNIT_GAP, false},
    {"dead_zone", ULP_SUB_UNIT_GAP, true},
    {"overflow", ULP_OVERFLOW_GAP, false},
};
enum { REGIONS = sizeof regions / sizeof *regions };

typedef struct {
  size_t format;
  int region, k;
} sr_place;

typedef struct {
  ulp_gaps *gaps;
  ulp_mode_word *modes;
  size_t format_count, mode_count;
  sr_place *places;
  int64_t place_count;
} sr_state;

/* ---- the sweep --------------------------------------------------------- */

static int fraction_count(const ulp_run *run)
{
  return run->effort == ULP_QUICK ? 8 : 16;
}

/* (k + 1/3) / n to 36 bits, which x holds exactly beside the 11 bits of an
 * f16; the first is a tie instead.  In the dead zone 2^-1, 2^-4, ...:
 * x = 2^-40 is at 2^-31 of E4M3's 2^-9. */
static double fraction_at(const ulp_run *run, const sr_place *p)
{
  if (regions[p->region].tiny)
    return ldexp(1, -1 - 48 / fraction_count(run) * p->k);
  if (p->k == 0)
    return 0.5;
  return ldexp(floor(ldexp((p->k + 1 / 3.0) / fraction_count(run), 36)), -36);
}

static void add_places(sr_state *st, const ulp_run *run)
{
  int64_t first, last, n = 0;
  for (size_t f = 0; f < st->format_count; f++)
    for (int i = 0; i < REGIONS; i++)
      for (int k = 0; k < fraction_count(run); k++) {
        if (!ulp_gap_range(&st->gaps[2 * f], regions[i].part, &first, &last))
          continue;
        if (st->places)
          st->places[n] = (sr_place){f, i, k};
        n++;
      }
  st->place_count = n;
}

static ulp_status read_modes(sr_state *st, const ulp_run *run, ulp_error *e)
{
  const char *list = ulp_run_parameter(run, "modes");
  ulp_text all = {0};
  if (ulp_words_count(list) == 0) {
    ulp_text_printf(&all, "sr");
    for (int n = 1; n <= 32; n++)
      if (run->effort == ULP_FULL || n == 3 || (n & (n - 1)) == 0)
        ulp_text_printf(&all, " sr:%dA sr:%dB sr:%dC", n, n, n);
    list = all.text;
  }
  ulp_status s = all.failed ? ulp_error_set(e, ULP_ENOMEM, "out of memory")
                            : ulp_mode_words_read(&st->modes, &st->mode_count,
                                                  list, e);
  ulp_text_free(&all);
  for (size_t i = 0; s == ULP_OK && i < st->mode_count; i++)
    if (st->modes[i].rounding.mode != ULP_SR)
      s = ulp_error_set(e, ULP_EINVAL, "--modes: '%s': expected sr or sr:NV",
                        st->modes[i].word);
  return s;
}

static ulp_status prepare(ulp_run *run, ulp_error *e)
{
  sr_state *st = run->state = calloc(1, sizeof *st);
  if (!st)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_status s = ulp_gaps_read(&st->gaps, &st->format_count,
                               ulp_run_parameter(run, "formats"), e);
  if (s == ULP_OK)
    s = read_modes(st, run, e);
  if (s != ULP_OK)
    return s;
  add_places(st, run);
  st->places = calloc((size_t)st->place_count + 1, sizeof *st->places);
  if (!st->places)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  add_places(st, run);
  run->points = st->place_count * (int64_t)st->mode_count;
  return ULP_OK;
}

static void release(ulp_run *run)
{
  sr_state *st = run->state;
  if (!st)
    return;
  ulp_gaps_free_all(st->gaps, st->format_count);
  free(st->modes);
  free(st->places);
  free(st);
  run->state = NULL;
}

/* ---- rows -------------------------------------------------------------- */

/* One gap a place, spread over the region. */
static ulp_draw_place draw_place(const ulp_run *run, const sr_place *p)
{
  const sr_state *st = run->state;
  const ulp_gaps *g = &st->gaps[2 * p->format];
  int64_t first = 0, last = 0;
  ulp_gap_range(g, regions[p->region].part, &first, &last);
  first += (last - first) * p->k / (fraction_count(run) - 1);
  return (ulp_draw_place){g, first, 1, 1, fraction_at(run, p)};
}

static void print_moments(ulp_text *row, const ulp_draw_counts *c, double v,
                          double p)
{
  double n = (double)c->samples, up = (double)c->ups / n;
  ulp_csv_integer(row, c->samples);
  ulp_csv_integer(row, c->ups);
  ulp_csv_integer(row, c->strays);
  ulp_csv_number(row, up - v);
  ulp_csv_number(row, ulp_wald(p, n));
  ulp_csv_number(row, p - v);
  ulp_csv_integer(row, p == v);
  ulp_csv_number(row, up * (1 - up));
  ulp_csv_number(row, p * (1 - p));
  ulp_csv_number(row, v * (1 - v));
  ulp_csv_number(row, (up - v) / sqrt(v * (1 - v) / n));
  ulp_print_draw_test(row, c, p);
}

static ulp_status point(const ulp_run *run, int64_t index, ulp_text *row,
                        ulp_error *e)
{
  static const int64_t count[] = {1 << 11, 1 << 14, 1 << 16};
  static const char *const variants[] = {"A", "B", "C"};
  const sr_state *st = run->state;
  int64_t modes = (int64_t)st->mode_count;
  const sr_place *p = &st->places[index / modes];
  const ulp_mode_word *m = &st->modes[index % modes];
  ulp_draw_place d = draw_place(run, p);
  const double *low = &d.gaps->value[d.first];
  double gap = low[1] - low[0], v = d.fraction;
  ulp_draw_counts c;
  ulp_rounding r = m->rounding;
  char text[200];
  snprintf(text, sizeof text, "sr_unbiasedness %s %s %lld %a %s",
           d.gaps->format.name, regions[p->region].name, (long long)d.first, v,
           m->word);
  r.overflow = ULP_OVERFLOW_SATURATE;
  r.seed = run->seed;
  r.stream = ulp_text_stream(text);
  ulp_status s = ulp_draw(&c, &d, &r, count[run->effort]);
  if (s != ULP_OK)
    return ulp_error_set(e, s, "%s: %s", text, ulp_strerror(s));
  bool beyond = regions[p->region].part == ULP_OVERFLOW_GAP;
  double chance = beyond ? 0 : ulp_up_chance(&r, d.first % 2 != 0, false, v);
  ulp_csv_string(row, d.gaps->format.name);
  ulp_csv_string(row, regions[p->region].name);
  ulp_csv_number(row, low[0] + v * gap);
  ulp_csv_number(row, gap);
  ulp_csv_number(row, v);
  ulp_csv_integer(row, r.sr_bits);
  ulp_csv_string(row, r.sr_bits ? variants[r.sr_variant] : "exact");
  print_moments(row, &c, v, chance);
  return ULP_OK;
}

const ulp_experiment ulp_experiment_sr_unbiasedness = {
    .name = "sr_unbiasedness",
    .question = "Is stochastic rounding right on average, with how many "
                "random bits, and where is it not?",
    .method =
        "Rounds single numbers x > 0 many times (2^14; --quick 2^11, --full "
        "2^16): between normal and between subnormal neighbours, below the "
        "least value, far below it, and above the greatest.  The number that "
        "goes up is binomial with a chance that P3109's inequalities give "
        "exactly for N random bits; the exact binomial test says whether it "
        "did.  Of all rows about 0.27 % or fewer are inconsistent by chance.",
    .source = "IEEE P3109 draft 4.7.4 (variants). Mean and variance: "
              "M. P. Connolly, N. J. Higham, T. Mary, SIAM J. Sci. Comput. "
              "43(1), 2021; M. Croci, M. Fasi, N. J. Higham, T. Mary, "
              "M. Mikaitis, R. Soc. Open Sci. 9(3), 2022. Few random bits: "
              "A. Fitzgibbon, S. Felix, arXiv:2504.20634; E.-M. El Arar, "
              "M. Fasi, S.-I. Filip, M. Mikaitis, arXiv:2408.03069",
    .columns = columns,
    .parameters = parameters,
    .default_seed = 1,
    .prepare = prepare,
    .point = point,
    .release = release,
};
