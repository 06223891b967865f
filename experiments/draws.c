/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Rounding numbers at one place between two neighbours, many times.
 */
#include "draws.h"

#include <math.h>

enum { CHUNK = 1 << 12 };

/* The lower neighbours of n numbers from number `first` on. */
static void take_turns(const double **low, const ulp_draw_place *p,
                       int64_t first, int64_t n)
{
  int64_t turn = first % p->width;
  for (int64_t i = 0; i < n; i++) {
    low[i] = &p->gaps->value[p->first + turn * p->stride];
    turn = turn + 1 == p->width ? 0 : turn + 1;
  }
}

static void count_chunk(ulp_draw_counts *out, bool negative,
                        const double *const *low, const double *y, int64_t n)
{
  for (int64_t i = 0; i < n; i++) {
    bool up = !isfinite(y[i]) || fabs(y[i]) == low[i][1];
    bool right_sign = y[i] == 0 || isnan(y[i]) || (y[i] < 0) == negative;
    bool known = right_sign && (up || fabs(y[i]) == low[i][0]);
    out->ups += up;
    out->strays += !known;
  }
}

ulp_status ulp_draw(ulp_draw_counts *out, const ulp_draw_place *p,
                    const ulp_rounding *r, int64_t samples)
{
  double x[CHUNK], y[CHUNK];
  const double *low[CHUNK];
  uint16_t code[CHUNK]; /* formats of gaps have 16 bits or fewer */
  *out = (ulp_draw_counts){.samples = samples};
  for (int64_t first = 0; first < samples; first += CHUNK) {
    int64_t n = samples - first < CHUNK ? samples - first : CHUNK;
    take_turns(low, p, first, n);
    for (int64_t i = 0; i < n; i++) {
      double magnitude = low[i][0] + p->fraction * (low[i][1] - low[i][0]);
      x[i] = p->gaps->negative ? -magnitude : magnitude;
    }
    ulp_status s = ulp_encode_array(&p->gaps->format, code, x, (size_t)n, 1, r,
                                    (uint64_t)first);
    if (s != ULP_OK)
      return s;
    ulp_decode_array(&p->gaps->format, y, code, (size_t)n, 1);
    count_chunk(out, p->gaps->negative, low, y, n);
  }
  return ULP_OK;
}

bool ulp_draws_agree(const ulp_draw_counts *d, double p)
{
  return d->strays == 0 &&
         ulp_binomial_test(d->ups, d->samples, p) >= ulp_three_sigma_tail;
}

void ulp_print_draw_test(ulp_text *row, const ulp_draw_counts *d, double p)
{
  double n = (double)d->samples, variance = n * p * (1 - p);
  if (variance > 0)
    ulp_csv_number(row, ((double)d->ups - n * p) / sqrt(variance));
  else
    ulp_csv_empty(row);
  ulp_csv_number(row, ulp_binomial_test(d->ups, d->samples, p));
  ulp_csv_integer(row, ulp_draws_agree(d, p));
}
