/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * experiments/rounding_bias: which way each mode errs, and by how much.
 *
 * A point is a format, a mode, a sign, and either a part of the range with a
 * position between two neighbours, or a source of numbers.
 */
#include <stdlib.h>
#include <string.h>

#include "bias_region.h"
#include "bias_source.h"
#include "words.h"

static const ulp_column columns[] = {
    {"point", ULP_COL_INTEGER, "1", "index of the point in the whole sweep"},
    {"format", ULP_COL_STRING, "", "format rounded to"},
    {"format_bits", ULP_COL_INTEGER, "bit", "size of a code"},
    {"region", ULP_COL_STRING, "",
     "normal, subnormal, sub_unit (below the least value), overflow_saturate, "
     "overflow_ieee (above the greatest value); or the name of the "
     "distribution or tensor"},
    {"mode", ULP_COL_STRING, "",
     "rne rna rnz rtz ru rd odd; sr: stochastic, exact; sr:NV: with N random "
     "bits and P3109's variant V"},
    {"sign", ULP_COL_STRING, "", "of the numbers rounded: + or -"},
    {"fraction", ULP_COL_NUMBER, "gap",
     "where the magnitude stands between its neighbours, 0 at the lower; "
     "empty for a distribution, which has all"},
    {"gaps", ULP_COL_INTEGER, "1",
     "pairs of neighbours of the region that were taken in turn; empty for a "
     "distribution"},
    {"samples", ULP_COL_INTEGER, "1", "numbers rounded"},
    {"up_fraction", ULP_COL_NUMBER, "1",
     "results of the greater magnitude, or Inf or NaN"},
    {"predicted_up_fraction", ULP_COL_NUMBER, "1",
     "the same, exactly, by the rule of the mode"},
    {"strays", ULP_COL_INTEGER, "1",
     "results that were neither neighbour: 0 if rounding is right"},
    {"mean_error", ULP_COL_NUMBER, "gap",
     "mean of (y - x) / gap; empty where some y are not finite"},
    {"mean_error_ci95", ULP_COL_NUMBER, "gap",
     "half width of the 95 % confidence interval of mean_error"},
    {"predicted_mean_error", ULP_COL_NUMBER, "gap",
     "its exact expectation for these very numbers"},
    {"uniform_mean_error", ULP_COL_NUMBER, "gap",
     "closed form for fractions uniform on (0, 1), nothing out of range"},
    {"z", ULP_COL_NUMBER, "1",
     "standard errors between measured and predicted; empty where nothing is "
     "left to chance"},
    {"p_value", ULP_COL_NUMBER, "1",
     "two-sided tail: exact binomial in a region, normal for a distribution; "
     "without chance 1 if exactly as predicted, else 0"},
    {"consistent", ULP_COL_INTEGER, "1",
     "1: no stray, and p_value not below 0.0027, the tails of 3 standard "
     "errors"},
    {0}};

static const ulp_parameter parameters[] = {
    {"formats", "e4m3 e5m2 e2m1 e3m2 bf16 f16 int8",
     "names of formats of up to 16 bits, separated by blanks"},
    {"modes", "rne rna rnz rtz ru rd odd sr sr:3A sr:3B sr:3C sr:8A",
     "rounding modes, separated by blanks"},
    {"regions", "", "regions, separated by blanks, and `distributions`; "
                    "without it, all"},
    {"distributions", "",
     "names of distributions, separated by blanks; without it, all"},
    {"scale-rule", "amax",
     "what a distribution or tensor is divided by before it is rounded"},
    {0}};

typedef struct {
  size_t format, mode;
  bool negative;
  int region; /* ULP_BIAS_REGIONS: a source */
  size_t source;
  double fraction;
} bias_place;

typedef struct {
  ulp_gaps *gaps; /* [2 format + negative] */
  ulp_mode_word *modes;
  ulp_bias_sources sources;
  size_t format_count, mode_count;
  bias_place *places;
} bias_state;

/* ---- the sweep --------------------------------------------------------- */

/* k / n, and just above: where N bits of randomness differ from exact. */
static int fraction_count(const ulp_run *run)
{
  static const int count[] = {8, 16, 64};
  return 2 * count[run->effort];
}

static double fraction_at(const ulp_run *run, int k)
{
  return k / (double)fraction_count(run) +
         (k % 2 ? 0x1p-11 - 1.0 / fraction_count(run) : 0);
}

static void add_place(ulp_run *run, const bias_place *place)
{
  bias_state *st = run->state;
  if (st->places)
    st->places[run->points] = *place;
  run->points++;
}

static void add_regions(ulp_run *run, bias_place place)
{
  const bias_state *st = run->state;
  const char *list = ulp_run_parameter(run, "regions");
  const ulp_gaps *g = &st->gaps[2 * place.format + place.negative];
  int64_t first, last;
  for (int i = 0; i < ULP_BIAS_REGIONS && !run->file; i++) {
    place.region = i;
    if (!ulp_words_have(list, ulp_bias_regions[i].name) ||
        !ulp_gap_range(g, ulp_bias_regions[i].part, &first, &last))
      continue;
    for (int k = 0; k < fraction_count(run); k++) {
      place.fraction = fraction_at(run, k);
      add_place(run, &place);
    }
  }
}

/* Called twice: to count, and to write the places down. */
static void add_places(ulp_run *run)
{
  const bias_state *st = run->state;
  bias_place p = {0};
  run->points = 0;
  for (p.format = 0; p.format < st->format_count; p.format++)
    for (p.mode = 0; p.mode < st->mode_count; p.mode++)
      for (int sign = 0; sign < 2; sign++) {
        p.negative = sign;
        if (st->gaps[2 * p.format + (size_t)sign].count == 0)
          continue;
        add_regions(run, p);
        p.region = ULP_BIAS_REGIONS;
        for (p.source = 0; p.source < st->sources.count; p.source++)
          add_place(run, &p);
      }
}

static ulp_status check_region(void *data, size_t i, const char *word,
                               ulp_error *e)
{
  (void)data, (void)i;
  for (int k = 0; k < ULP_BIAS_REGIONS; k++)
    if (strcmp(word, ulp_bias_regions[k].name) == 0)
      return ULP_OK;
  if (strcmp(word, "distributions") == 0)
    return ULP_OK;
  return ulp_error_set(e, ULP_ENAME, "--regions '%.80s': expected normal, "
                       "subnormal, sub_unit, overflow_saturate, "
                       "overflow_ieee or distributions", word);
}

static ulp_status prepare(ulp_run *run, ulp_error *e)
{
  const char *list = ulp_run_parameter(run, "regions");
  bias_state *st = run->state = calloc(1, sizeof *st);
  if (!st)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_status s = ulp_words_read(list, check_region, NULL, e);
  if (s == ULP_OK)
    s = ulp_gaps_read(&st->gaps, &st->format_count,
                      ulp_run_parameter(run, "formats"), e);
  if (s == ULP_OK)
    s = ulp_mode_words_read(&st->modes, &st->mode_count,
                            ulp_run_parameter(run, "modes"), e);
  if (s == ULP_OK && (run->file || ulp_words_have(list, "distributions")))
    s = ulp_bias_sources_make(&st->sources, run, st->gaps, st->format_count,
                              e);
  if (s != ULP_OK)
    return s;
  add_places(run);
  st->places = calloc((size_t)run->points + 1, sizeof *st->places);
  if (!st->places)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  add_places(run);
  return ULP_OK;
}

static void release(ulp_run *run)
{
  bias_state *st = run->state;
  if (!st)
    return;
  ulp_gaps_free_all(st->gaps, st->format_count);
  ulp_bias_sources_free(&st->sources);
  free(st->modes);
  free(st->places);
  free(st);
  run->state = NULL;
}

/* ---- rows -------------------------------------------------------------- */

static ulp_status source_row(const ulp_run *run, const bias_place *p,
                             ulp_rounding r, ulp_text *row)
{
  const bias_state *st = run->state;
  ulp_bias_sums sums;
  const ulp_gaps *g = &st->gaps[2 * p->format + p->negative];
  ulp_status s = ulp_bias_measure(&sums, &st->sources, p->source, p->format, g,
                                  &r);
  if (s != ULP_OK)
    return s;
  ulp_csv_empty(row);
  ulp_csv_empty(row);
  ulp_bias_print(row, &sums, ulp_uniform_error_of(&r, p->negative).mean *
                 (p->negative ? -1 : 1));
  return ULP_OK;
}

static ulp_status point(const ulp_run *run, int64_t index, ulp_text *row,
                        ulp_error *e)
{
  const bias_state *st = run->state;
  const bias_place *p = &st->places[index];
  const ulp_format *f = &st->gaps[2 * p->format].format;
  const ulp_mode_word *m = &st->modes[p->mode];
  bool source = p->region == ULP_BIAS_REGIONS;
  const char *region = source ? st->sources.list[p->source].name
                              : ulp_bias_regions[p->region].name;
  const char *sign = p->negative ? "-" : "+";
  char text[400];
  snprintf(text, sizeof text, "rounding_bias %s %s %s %.200s %a", f->name,
           m->word, sign, region, p->fraction);
  ulp_rounding r = m->rounding;
  r.seed = run->seed;
  r.stream = ulp_text_stream(text);
  ulp_csv_string(row, f->name);
  ulp_csv_integer(row, f->bits);
  ulp_csv_string(row, region);
  ulp_csv_string(row, m->word);
  ulp_csv_string(row, sign);
  ulp_status s = source ? source_row(run, p, r, row)
                        : ulp_bias_region_row(
                              row, &st->gaps[2 * p->format + p->negative],
                              p->region, p->fraction, run->effort, &r);
  return s == ULP_OK ? s : ulp_error_set(e, s, "%s: %s", text,
                                         ulp_strerror(s));
}

const ulp_experiment ulp_experiment_rounding_bias = {
    .name = "rounding_bias",
    .question = "Which way does each rounding mode err, by how much, and "
                "where?",
    .method =
        "Puts numbers at a given fraction of the way between two neighbouring "
        "values (in up to 256 gaps of each part of the range: normal, "
        "subnormal, below the least value, above the greatest), rounds them "
        "in every mode, and compares the mean error with its exact "
        "expectation, which comes from the mode's definition and the sorted "
        "values and not from the code that rounds.  Stochastic modes make "
        "2^14 draws a row (--quick 2^11, --full 2^17) and are held to the "
        "exact binomial distribution.  Then the same for samples of "
        "distributions, or for tensors, over a scale: 2^18 elements (--quick "
        "2^14, --full 2^20).",
    .source = "Modes: IEEE 754-2019 4.3, IEEE P3109 draft 4.7.4. Stochastic "
              "rounding: M. Croci, M. Fasi, N. J. Higham, T. Mary, "
              "M. Mikaitis, R. Soc. Open Sci. 9(3), 2022. Few random bits: "
              "A. Fitzgibbon, S. Felix, arXiv:2504.20634; E.-M. El Arar, "
              "M. Fasi, S.-I. Filip, M. Mikaitis, arXiv:2408.03069",
    .columns = columns,
    .parameters = parameters,
    .default_seed = 1,
    .takes_tensor = true,
    .prepare = prepare,
    .point = point,
    .release = release,
};
