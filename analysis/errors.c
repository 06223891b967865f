/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/errors.c: how far decoded values are from the exact ones.
 *
 * Each term is an f64 rounded once, so right to 2^-53 of itself.  The sums
 * carry the rounding error of every addition along (T. Ogita, S. M. Rump,
 * S. Oishi, "Accurate Sum and Dot Product", SIAM J. Sci. Comput. 26, 2005,
 * algorithm 4.4), with D. E. Knuth's two-sum (TAOCP 2, 4.2.2, theorem B):
 * hi + lo is as good as a sum in twice the precision.
 */
#include <math.h>
#include <mpfr.h>

#include "analysis.h"

#define NORMAL_975 1.959963984540054 /* quantile of the normal distribution */

static void dd_add(ulp_dd *sum, double x)
{
  double t = sum->hi + x;
  double z = t - sum->hi;
  sum->lo += (sum->hi - (t - z)) + (x - z);
  sum->hi = t;
}

/* An overflow leaves a NaN in lo. */
static double dd_value(ulp_dd d)
{
  return isfinite(d.hi) ? d.hi + d.lo : d.hi;
}

static void add_pair(ulp_error_sums *s, double x, double y, bool clipped)
{
  double e = y - x, x2 = x * x, e2 = e * e;
  dd_add(&s->x2, x2);
  dd_add(&s->x4, x2 * x2);
  if (e == 0) return;
  dd_add(&s->e1, e);
  dd_add(&s->e2, e2);
  dd_add(&s->e4, e2 * e2);
  dd_add(&s->x2e2, x2 * e2);
  if (clipped) dd_add(&s->e2_clipped, e2);
  if (fabs(e) > s->max_error) s->max_error = fabs(e);
}

/* Half a unit in the last place beyond each end: the sets of x that a format
 * of unbounded range would round to one of f's values.  A codebook has no
 * last place, an unsigned format none below zero. */
ulp_range ulp_clip_range(const ulp_format *f, double scale)
{
  double half = f->kind == ULP_CODEBOOK
                    ? 0
                    : ldexp(0.5, ulp_unpack(f, f->max_code).exponent);
  double below = f->is_signed ? half : ulp_min_positive(f) / 2;
  double low = f->zero == ULP_ZERO_NONE ? 0 : ulp_lowest(f) - below;
  return (ulp_range){low * scale, (ulp_max(f) + half) * scale};
}

void ulp_error_sums_add(ulp_error_sums *s, const double *x, const double *y,
                        size_t n, ulp_range kept)
{
  for (size_t i = 0; i < n; i++) {
    if (!isfinite(x[i])) continue;
    bool clipped = x[i] < kept.low || x[i] > kept.high;
    s->count++;
    s->clipped += clipped;
    s->flushed += x[i] != 0 && y[i] == 0;
    s->exact += x[i] == y[i];
    if (isfinite(y[i]))
      add_pair(s, x[i], y[i], clipped);
    else
      s->nonfinite++;
  }
}

static void dd_merge(ulp_dd *sum, ulp_dd more)
{
  dd_add(sum, more.hi);
  sum->lo += more.lo;
}

void ulp_error_sums_merge(ulp_error_sums *s, const ulp_error_sums *more)
{
  s->count += more->count;
  s->clipped += more->clipped;
  s->flushed += more->flushed;
  s->exact += more->exact;
  s->nonfinite += more->nonfinite;
  if (more->max_error > s->max_error) s->max_error = more->max_error;
  dd_merge(&s->x2, more->x2);
  dd_merge(&s->e2, more->e2);
  dd_merge(&s->e1, more->e1);
  dd_merge(&s->x4, more->x4);
  dd_merge(&s->e4, more->e4);
  dd_merge(&s->x2e2, more->x2e2);
  dd_merge(&s->e2_clipped, more->e2_clipped);
}

/* MPFR's logarithm, so that the last digit printed does not depend on the
 * machine's libm. */
static double decibel(double ratio)
{
  MPFR_DECL_INIT(x, 53);
  mpfr_set_d(x, ratio, MPFR_RNDN);
  mpfr_log10(x, x, MPFR_RNDN);
  double db = 10 * mpfr_get_d(x, MPFR_RNDN);
  mpfr_free_cache();
  return db;
}

/* Delta method (G. Casella, R. L. Berger, "Statistical Inference", 2nd ed.,
 * 5.5.4): with X and E the means of x^2 and e^2,
 *   var(ln(X / E)) ~ mean((x^2 / X - e^2 / E)^2) / n. */
static double log_ratio_deviation(const ulp_error_sums *s, double n, double x,
                                  double e)
{
  double v = dd_value(s->x4) / n / (x * x) + dd_value(s->e4) / n / (e * e) -
             2 * (dd_value(s->x2e2) / n / x) / e;
  return sqrt(fmax(v, 0) / n);
}

ulp_error_report ulp_error_sums_report(const ulp_error_sums *s)
{
  ulp_error_report r = {.snr_db = NAN, .max_error = s->max_error};
  double n = (double)(s->count - s->nonfinite);
  if (s->count > 0) {
    r.clipped = (double)s->clipped / (double)s->count;
    r.flushed = (double)s->flushed / (double)s->count;
  }
  if (n == 0) return r;
  double x = dd_value(s->x2) / n, e = dd_value(s->e2) / n;
  r.bias = dd_value(s->e1) / n;
  r.rmse = sqrt(e);
  r.bias_ci95 = NORMAL_975 * sqrt(fmax(e - r.bias * r.bias, 0) / n);
  r.snr_db = e == 0 ? INFINITY : decibel(x / e);
  if (e > 0) {
    r.clipped_noise_share = dd_value(s->e2_clipped) / dd_value(s->e2);
    if (x > 0) /* 10 / ln 10 = 4.34... dB for each unit of ln */
      r.snr_db_ci95 =
          NORMAL_975 * 4.342944819032518 * log_ratio_deviation(s, n, x, e);
  }
  return r;
}

ulp_status ulp_measure_chunk(ulp_error_sums *sums, const ulp_format *f,
                             double scale, const ulp_rounding *r,
                             const double *x, size_t n, uint64_t index,
                             double *work)
{
  double *decoded = work + n; /* the codes, of at most 8 bytes, lie before */
  ulp_status status = ulp_encode_array(f, work, x, n, scale, r, index);
  if (status != ULP_OK) return status;
  ulp_decode_array(f, decoded, work, n, scale);
  ulp_error_sums_add(sums, x, decoded, n, ulp_clip_range(f, scale));
  return ULP_OK;
}
