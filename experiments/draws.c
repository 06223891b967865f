/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Rounding numbers at one place between two neighbours, many times.
 */
#include "draws.h"

#include <math.h>

enum { CHUNK = 1 << 12 };

static int64_t index_of(const ulp_draw_place *p, int64_t sample)
{
  return p->first + sample % p->width * p->stride;
}

static void count_chunk(ulp_draw_counts *out, const ulp_draw_place *p,
                        const double *y, int64_t first, int64_t n)
{
  for (int64_t i = 0; i < n; i++) {
    const double *low = &p->gaps->value[index_of(p, first + i)];
    bool up = !isfinite(y[i]) || fabs(y[i]) == low[1];
    bool right_sign = y[i] == 0 || isnan(y[i]) ||
                      (y[i] < 0) == p->gaps->negative;
    bool known = right_sign && (up || fabs(y[i]) == low[0]);
    out->ups += up;
    out->strays += !known;
  }
}

ulp_status ulp_draw(ulp_draw_counts *out, const ulp_draw_place *p,
                    const ulp_rounding *r, int64_t samples)
{
  double x[CHUNK], y[CHUNK];
  uint16_t code[CHUNK]; /* formats of gaps have 16 bits or fewer */
  *out = (ulp_draw_counts){.samples = samples};
  for (int64_t first = 0; first < samples; first += CHUNK) {
    int64_t n = samples - first < CHUNK ? samples - first : CHUNK;
    for (int64_t i = 0; i < n; i++) {
      const double *low = &p->gaps->value[index_of(p, first + i)];
      double magnitude = low[0] + p->fraction * (low[1] - low[0]);
      x[i] = p->gaps->negative ? -magnitude : magnitude;
    }
    ulp_status s = ulp_encode_array(&p->gaps->format, code, x, (size_t)n, 1, r,
                                    (uint64_t)first);
    if (s != ULP_OK)
      return s;
    ulp_decode_array(&p->gaps->format, y, code, (size_t)n, 1);
    count_chunk(out, p, y, first, n);
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
