/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The mean signed error of rounding a distribution or a tensor.
 */
#include "bias_source.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

#include "statistics.h"

enum { CHUNK = 1 << 12 };

/* ---- values and scales ------------------------------------------------- */

static ulp_status fill(ulp_source *s, ulp_summary *summary, const ulp_run *run,
                       ulp_error *e)
{
  static const int64_t most[] = {1 << 14, 1 << 18, 1 << 20};
  double x[CHUNK];
  if (!s->tensor && s->count > most[run->effort])
    s->count = most[run->effort];
  ulp_status status = ulp_source_fill(s, run, e);
  if (status != ULP_OK)
    return status;
  ulp_summary_reset(summary);
  for (int64_t i = 0; i < s->count; i += CHUNK) {
    int64_t n = s->count - i < CHUNK ? s->count - i : CHUNK;
    ulp_source_read(s, x, i, n);
    ulp_summary_add(summary, x, (size_t)n);
  }
  return ULP_OK;
}

ulp_status ulp_bias_sources_make(ulp_bias_sources *out, const ulp_run *run,
                                 const ulp_gaps *gaps, size_t formats,
                                 ulp_error *e)
{
  ulp_error why;
  ulp_scale_spec rule;
  *out = (ulp_bias_sources){.formats = formats};
  ulp_status s = ulp_scale_parse(ulp_run_parameter(run, "scale-rule"), &rule,
                                 &why);
  if (s != ULP_OK)
    return ulp_error_set(e, s, "--scale-rule: %.500s", why.text);
  s = ulp_sources(&out->list, &out->count, run, e);
  if (s != ULP_OK)
    return s;
  out->scale = calloc(out->count * formats + 1, sizeof *out->scale);
  ulp_summary *summary = ulp_summary_new();
  if (!out->scale || !summary)
    s = ulp_error_set(e, ULP_ENOMEM, "out of memory");
  for (size_t i = 0; s == ULP_OK && i < out->count; i++) {
    s = fill(&out->list[i], summary, run, e);
    for (size_t k = 0; s == ULP_OK && k < formats; k++)
      out->scale[i * formats + k] =
          ulp_scale_choose(&gaps[2 * k].format, &rule, summary);
  }
  ulp_summary_free(summary);
  return s;
}

void ulp_bias_sources_free(ulp_bias_sources *s)
{
  ulp_sources_free(s->list, s->count);
  free(s->scale);
}

/* ---- errors ------------------------------------------------------------ */

/* x is what was rounded: the quotient as an f64.  Between two neighbours
 * y - x and the fraction are exact: all are multiples of an ulp of x, and
 * gaps are powers of 2. */
static void add_error(ulp_bias_sums *sums, const ulp_gaps *g,
                      const ulp_rounding *r, double x, double y)
{
  double sign = g->negative ? -1 : 1;
  ulp_gap_place at = ulp_gap_find(g, fabs(x));
  ulp_gap_outcome o = ulp_gap_round(g, r, &at);
  double low = g->value[o.low], high = g->value[o.high], up = o.up;
  double error = (y - x) / at.gap;
  double down_error = (low - fabs(x)) / at.gap;
  double up_error = (high - fabs(x)) / at.gap;
  bool is_up = o.high != o.low && y == sign * high;
  sums->samples++;
  sums->ups += is_up;
  sums->strays += !is_up && y != sign * low;
  sums->error += error;
  sums->error2 += error * error;
  sums->expected += sign * (up == 1 ? up_error
                            : up == 0 ? down_error
                                      : up * up_error + (1 - up) * down_error);
  sums->expected_ups += up;
  sums->variance += up * (1 - up);
}

ulp_status ulp_bias_measure(ulp_bias_sums *out,
                            const ulp_bias_sources *sources, size_t source,
                            size_t format, const ulp_gaps *g,
                            const ulp_rounding *r)
{
  const ulp_source *s = &sources->list[source];
  double scale = sources->scale[source * sources->formats + format];
  double x[CHUNK], y[CHUNK];
  uint16_t code[CHUNK];
  ulp_rounding saturating = *r;
  saturating.overflow = ULP_OVERFLOW_SATURATE;
  *out = (ulp_bias_sums){0};
  for (int64_t i = 0; i < s->count; i += CHUNK) {
    int64_t n = s->count - i < CHUNK ? s->count - i : CHUNK;
    ulp_source_read(s, x, i, n);
    ulp_status status = ulp_encode_array(&g->format, code, x, (size_t)n, scale,
                                         &saturating, (uint64_t)i);
    if (status != ULP_OK)
      return status;
    ulp_decode_array(&g->format, y, code, (size_t)n, 1);
    for (int64_t k = 0; k < n; k++)
      if (isfinite(x[k]) && (g->negative ? x[k] < 0 : x[k] > 0))
        add_error(out, g, &saturating, x[k] / scale, y[k]);
  }
  return ULP_OK;
}

static void print_test(ulp_text *row, const ulp_bias_sums *s)
{
  double p = s->error == s->expected;
  if (s->variance > 0) {
    double z = (s->error - s->expected) / sqrt(s->variance);
    p = 2 * gsl_cdf_ugaussian_Q(fabs(z));
    ulp_csv_number(row, z);
  } else {
    ulp_csv_empty(row);
  }
  ulp_csv_number(row, p);
  ulp_csv_integer(row, s->strays == 0 && p >= ulp_three_sigma_tail);
}

void ulp_bias_print(ulp_text *row, const ulp_bias_sums *s, double uniform)
{
  double n = (double)s->samples, mean = s->error / n;
  ulp_csv_integer(row, s->samples);
  if (s->samples == 0) {
    for (int i = 0; i < 9; i++)
      ulp_csv_empty(row);
    ulp_csv_integer(row, 1);
    return;
  }
  ulp_csv_number(row, (double)s->ups / n);
  ulp_csv_number(row, s->expected_ups / n);
  ulp_csv_integer(row, s->strays);
  ulp_csv_number(row, mean);
  ulp_csv_number(row, ULP_Z95 *
                          sqrt(fmax(s->error2 / n - mean * mean, 0) / n));
  ulp_csv_number(row, s->expected / n);
  ulp_csv_number(row, uniform + 0.0); /* no -0 */
  print_test(row, s);
}
