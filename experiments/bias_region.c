/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The mean error at one position between two neighbours.
 */
#include "bias_region.h"

#include <math.h>

#include "draws.h"
#include "statistics.h"

const ulp_bias_region ulp_bias_regions[ULP_BIAS_REGIONS] = {
    {"normal", ULP_NORMAL_GAPS, ULP_OVERFLOW_SATURATE},
    {"subnormal", ULP_SUBNORMAL_GAPS, ULP_OVERFLOW_SATURATE},
    {"sub_unit", ULP_SUB_UNIT_GAP, ULP_OVERFLOW_SATURATE},
    {"overflow_saturate", ULP_OVERFLOW_GAP, ULP_OVERFLOW_SATURATE},
    {"overflow_ieee", ULP_OVERFLOW_GAP, ULP_OVERFLOW_IEEE},
};

/* All gaps of the region, or up to 256 spread over it; an odd stride takes
 * lower ends of both parities in turn. */
static ulp_draw_place draw_place(const ulp_gaps *g, ulp_gap_part part,
                                 double fraction)
{
  int64_t first = 0, last = 0;
  ulp_gap_range(g, part, &first, &last);
  int64_t all = last - first + 1, stride = all / 256;
  stride = stride < 2 ? 1 : stride - 1 + stride % 2;
  int64_t width = all < 256 ? all : 256;
  return (ulp_draw_place){g, first, stride, width, fraction};
}

/* What lies beyond the greatest value is Inf, or NaN in a format without;
 * ODD goes there only for an Inf (ulp_overflow, formats.h). */
static bool can_go_up(const ulp_format *f, const ulp_bias_region *region,
                      const ulp_rounding *r)
{
  if (region->part != ULP_OVERFLOW_GAP)
    return true;
  if (region->overflow == ULP_OVERFLOW_SATURATE)
    return false;
  return f->inf != ULP_INF_NONE ||
         (f->nan != ULP_NAN_NONE && r->mode != ULP_ODD);
}

static double chance_at(const ulp_draw_place *d, const ulp_bias_region *region,
                        const ulp_rounding *r)
{
  const ulp_gaps *g = d->gaps;
  double sum = 0;
  if (!can_go_up(&g->format, region, r))
    return 0;
  for (int64_t i = 0; i < d->width; i++)
    sum += ulp_up_chance(r, (d->first + i * d->stride) % 2 != 0, g->negative,
                         d->fraction);
  return sum / (double)d->width;
}

static int64_t sample_count(ulp_effort effort, const ulp_rounding *r,
                            int64_t width)
{
  static const int64_t count[] = {1 << 11, 1 << 14, 1 << 17};
  if (r->mode != ULP_SR)
    return width;
  return (count[effort] + width - 1) / width * width;
}

/* With `infinite` there is no mean. */
static void print_errors(ulp_text *row, const ulp_draw_counts *c, double p,
                         double fraction, double sign, double uniform,
                         bool infinite)
{
  double n = (double)c->samples, up = (double)c->ups / n;
  ulp_csv_number(row, up);
  ulp_csv_number(row, p);
  ulp_csv_integer(row, c->strays);
  if (infinite) {
    for (int i = 0; i < 4; i++)
      ulp_csv_empty(row);
    return;
  }
  ulp_csv_number(row, sign * (up - fraction) + 0.0); /* no -0 */
  ulp_csv_number(row, ulp_wald(up, n));
  ulp_csv_number(row, sign * (p - fraction) + 0.0);
  ulp_csv_number(row, sign * uniform + 0.0);
}

/* Where nothing is left to chance only equality will do; p is a quotient of
 * integers, and p samples one of them but for rounding. */
static void print_test(ulp_text *row, const ulp_draw_counts *c, double p,
                       bool random)
{
  if (random) {
    ulp_print_draw_test(row, c, p);
    return;
  }
  bool equal = c->ups == llround(p * (double)c->samples);
  ulp_csv_empty(row);
  ulp_csv_integer(row, equal);
  ulp_csv_integer(row, equal && c->strays == 0);
}

ulp_status ulp_bias_region_row(ulp_text *row, const ulp_gaps *g, int region,
                               double fraction, ulp_effort effort,
                               const ulp_rounding *r)
{
  const ulp_bias_region *here = &ulp_bias_regions[region];
  ulp_draw_place d = draw_place(g, here->part, fraction);
  ulp_draw_counts c;
  ulp_rounding how = *r;
  how.overflow = here->overflow;
  ulp_status s = ulp_draw(&c, &d, &how, sample_count(effort, r, d.width));
  if (s != ULP_OK)
    return s;
  double chance = chance_at(&d, here, r);
  ulp_csv_number(row, fraction);
  ulp_csv_integer(row, d.width);
  ulp_csv_integer(row, c.samples);
  bool beyond = here->part == ULP_OVERFLOW_GAP;
  print_errors(row, &c, chance, fraction, g->negative ? -1 : 1,
               ulp_uniform_error_of(r, g->negative).mean,
               beyond && (c.ups || chance > 0));
  print_test(row, &c, chance, r->mode == ULP_SR);
  return ULP_OK;
}
