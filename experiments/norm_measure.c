/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Rows through a normalization with one step in a narrow format.
 */
#include "norm_measure.h"

#include <math.h>
#include <stdlib.h>

/* Sums over rows. */
typedef struct {
  double e2, e4;         /* of a row's squared relative error, and its square */
  double want2, both;    /* of y* y* and y y*, of rows that are finite */
  double mean, exact_mean, predicted2;
  int64_t nonfinite, finite, zero, counted;
} sums;

static const ulp_step *step_of(const ulp_norm_case *c, int bit)
{
  return c->steps & bit ? c->narrow : c->wide;
}

static void normalize(double *y, const ulp_norm_case *c, const double *x,
                      const double *gamma, const ulp_norm_steps *steps)
{
  if (c->kind == ULP_NORM_RMS)
    ulp_rms_norm(y, x, gamma, c->width, c->epsilon, steps, 0);
  else
    ulp_layer_norm(y, x, gamma, NULL, c->width, c->epsilon, steps, 0);
}

static void narrow_row(double *y, const ulp_norm_case *c, const double *x,
                       const double *gamma)
{
  const ulp_norm_steps steps = {
      .input = step_of(c, ULP_NARROW_INPUT),
      .centre = c->steps == ULP_NARROW_ALL ? c->narrow : c->wide,
      .square = step_of(c, ULP_NARROW_SQUARE),
      .sum = step_of(c, ULP_NARROW_SUM),
      .root = step_of(c, ULP_NARROW_ROOT),
      .scale = step_of(c, ULP_NARROW_SCALE),
      .output = step_of(c, ULP_NARROW_OUTPUT),
      .lanes = c->lanes,
      .one_pass = c->kind == ULP_NORM_ONE_PASS};
  normalize(y, c, x, gamma, &steps);
}

static void compare(sums *s, const ulp_norm_case *c, const double *y,
                    const double *want, const double *gamma)
{
  double e2 = 0, w2 = 0;
  for (int64_t i = 0; i < c->width; i++) {
    bool finite = isfinite(y[i]);
    double e = finite ? y[i] - want[i] : want[i];
    e2 += e * e;
    w2 += want[i] * want[i];
    s->nonfinite += !finite;
    s->zero += y[i] == 0 && want[i] != 0;
    s->exact_mean += want[i] / gamma[i];
    if (!finite)
      continue;
    s->finite++;
    s->mean += y[i] / gamma[i];
    s->both += y[i] * want[i];
    s->want2 += want[i] * want[i];
  }
  if (w2 == 0)
    return;
  s->counted++;
  s->e2 += e2 / w2;
  s->e4 += e2 / w2 * (e2 / w2);
}

/* ---- theory ------------------------------------------------------------- */

static double mean_square(const double *x, int64_t n)
{
  double sum = 0;
  for (int64_t i = 0; i < n; i++)
    sum += x[i] * x[i];
  return sum / (double)n;
}

static bool is_signs(const double *x, int64_t n)
{
  for (int64_t i = 0; i < n; i++)
    if (fabs(x[i]) != 1)
      return false;
  return true;
}

/* The squared relative error of a row, or -1 where there is no theory. */
static double predict_row(const ulp_norm_case *c, const double *x,
                          const double *want, const double *bare)
{
  ulp_grid g = ulp_grid_of(c->format);
  int64_t n = c->width;
  bool infinite = c->format->inf != ULP_INF_NONE, rms = c->kind == ULP_NORM_RMS;
  /* x = bare / r, but for LayerNorm's mean, and noise counts after r. */
  double r2 = mean_square(bare, n) /
              fmax(0x1p-1000, mean_square(x, n));
  double in = rms ? ulp_norm_noise(&g, x, n) * r2 / mean_square(bare, n) : -1;
  double out = ulp_norm_noise(&g, want, n) / mean_square(want, n);
  double scale = ulp_norm_noise(&g, bare, n) / mean_square(bare, n);
  switch (c->steps) {
  case ULP_NARROW_INPUT: return in;
  case ULP_NARROW_OUTPUT: return out;
  case ULP_NARROW_INPUT | ULP_NARROW_OUTPUT: return in < 0 ? in : in + out;
  case ULP_NARROW_SCALE: return scale < 0 || out < 0 ? -1 : scale + out;
  case ULP_NARROW_SQUARE:
    return rms && infinite && ulp_norm_squares_overflow(&g, x, n) ? 1 : -1;
  case ULP_NARROW_SUM: break;
  default: return -1;
  }
  if (!rms || c->lanes > 1)
    return -1;
  if (is_signs(x, n)) {
    double mean = ulp_norm_stalled_sum(&g, n) / (double)n;
    double gain = sqrt((1 + c->epsilon) / (mean + c->epsilon));
    return (gain - 1) * (gain - 1);
  }
  return infinite && ulp_norm_sum_overflows(&g, x, n) ? 1 : -1;
}

/* Of zeros only epsilon is left: 0 where half the least number is no less, and
 * its root's reciprocal Inf, in formats that have one. */
static void predict_zero(ulp_norm_result *out, const ulp_norm_case *c,
                         const double *x)
{
  out->nonfinite_predicted = mean_square(x, c->width * c->rows) == 0;
  if (out->nonfinite_predicted)
    out->predicted_nonfinite =
        (c->steps & ULP_NARROW_ROOT) != 0 &&
        c->format->inf != ULP_INF_NONE &&
        c->epsilon <= ulp_min_positive(c->format) / 2;
}

/* ---- rows --------------------------------------------------------------- */

static void finish(ulp_norm_result *out, const sums *s, const ulp_norm_case *c)
{
  double n = (double)s->counted, all = (double)(c->rows * c->width);
  out->nonfinite = (double)s->nonfinite / all;
  out->zero = (double)s->zero / all;
  out->mean = s->finite ? s->mean / (double)s->finite : NAN;
  out->exact_mean = s->exact_mean / all;
  out->gain_error = s->want2 > 0 ? s->both / s->want2 - 1 : NAN;
  out->has_error = s->counted > 0;
  if (!out->has_error)
    return;
  double mean = s->e2 / n, variance = fmax(0, s->e4 / n - mean * mean);
  out->error = sqrt(mean);
  if (mean > 0 && n > 1) /* delta method */
    out->error_ci95 = 1.959963984540054 * sqrt(variance / (n - 1)) /
                      (2 * out->error);
  out->error_predicted = s->predicted2 >= 0;
  if (out->error_predicted)
    out->predicted_error = sqrt(s->predicted2 / n);
}

ulp_status ulp_norm_measure(ulp_norm_result *out, const ulp_norm_case *c,
                            const double *x, const double *gamma)
{
  const ulp_norm_steps exact = {.input = NULL};
  int64_t n = c->width;
  double *y = malloc(3 * (size_t)n * sizeof *y), *want = y + n;
  double *bare = want + n;
  sums s = {.e2 = 0};
  if (!y)
    return ULP_ENOMEM;
  *out = (ulp_norm_result){.has_error = false};
  for (int64_t i = 0; i < c->rows; i++) {
    const double *row = x + i * n;
    normalize(want, c, row, gamma, &exact);
    normalize(bare, c, row, NULL, &exact);
    narrow_row(y, c, row, gamma);
    compare(&s, c, y, want, gamma);
    double p = mean_square(want, n) > 0 ? predict_row(c, row, want, bare) : -1;
    s.predicted2 = p < 0 || s.predicted2 < 0 ? -1 : s.predicted2 + p;
  }
  finish(out, &s, c);
  predict_zero(out, c, x);
  free(y);
  return ULP_OK;
}
