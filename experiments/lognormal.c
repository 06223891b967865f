/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Log-normal magnitudes, and closed forms of what lies below a threshold.
 */
#include "lognormal.h"

#include <math.h>
#include <mpfr.h>
#include <stdlib.h>

#include "mix.h"
#include "model.h"

static const double ln10 = 2.302585092994045684;

ulp_status ulp_lognormal_draw(float *x, int64_t n, const ulp_lognormal *d,
                              uint64_t seed, uint64_t stream)
{
  double *z = malloc((size_t)(n ? n : 1) * sizeof *z);
  if (!z)
    return ULP_ENOMEM;
  ulp_status s = ulp_sample("gaussian", z, (size_t)n, false, seed, stream);
  for (int64_t i = 0; s == ULP_OK && i < n; i++) {
    double magnitude = ulp_exp(ln10 * (d->centre + d->width * z[i]));
    bool negative = ulp_word(seed, ~stream, (uint64_t)i) >> 63;
    x[i] = (float)(negative ? -magnitude : magnitude);
  }
  free(z);
  return s;
}

double ulp_normal_below(double x)
{
  MPFR_DECL_INIT(t, 53);
  mpfr_set_d(t, -x * 0.70710678118654752440, MPFR_RNDN);
  mpfr_erfc(t, t, MPFR_RNDN);
  return mpfr_get_d(t, MPFR_RNDN) / 2;
}

double ulp_log10(double x)
{
  MPFR_DECL_INIT(t, 53);
  mpfr_set_d(t, x, MPFR_RNDN);
  mpfr_log10(t, t, MPFR_RNDN);
  return mpfr_get_d(t, MPFR_RNDN);
}

/* Standard deviations of log10 |x| from its mean to log10 a. */
static double deviations(const ulp_lognormal *d, double a)
{
  return (ulp_log10(a) - d->centre) / d->width;
}

double ulp_lognormal_below(const ulp_lognormal *d, double a)
{
  return a > 0 ? ulp_normal_below(deviations(d, a)) : 0;
}

/* E[X; X < a] = exp(m + v^2 / 2) Phi((ln a - m) / v - v) of a log-normal X
 * whose logarithm has the mean m and the deviation v (N. L. Johnson, S. Kotz,
 * N. Balakrishnan, Continuous Univariate Distributions 1, 2nd ed. 1994, chapter
 * 14). */
double ulp_lognormal_mean_below(const ulp_lognormal *d, double a)
{
  if (!(a > 0))
    return 0;
  double v = ln10 * d->width, z = deviations(d, a);
  return ulp_exp(v * (v / 2 - z)) * ulp_normal_below(z - v);
}

double ulp_lognormal_underflow(const ulp_lognormal *d, double least,
                               bool stochastic)
{
  if (!stochastic)
    return ulp_lognormal_below(d, least / 2);
  return ulp_lognormal_below(d, least) - ulp_lognormal_mean_below(d, least);
}
