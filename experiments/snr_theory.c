/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The SNR of a scalar quantizer in expectation (Max 1960, equation 1):
 *
 *   noise = sum over values v of  integral over v's cell of (x - v)^2 p(x) dx
 *
 * where a cell ends half way to the next value, and the outermost ones reach
 * to infinity (saturation).  The integrals are Gauss-Legendre sums of five
 * points over pieces of at most a quarter of the density's width, so their
 * error is far below what a sample can show.  MPFR's exp and log10 make the
 * digits the same on every machine.
 */
#include <math.h>
#include <mpfr.h>
#include <stdlib.h>
#include <string.h>

#include "snr.h"

enum { MAX_CODES = 256 };

typedef int elementary(mpfr_t, mpfr_srcptr, mpfr_rnd_t);

static double rounded(elementary *function, double x)
{
  MPFR_DECL_INIT(t, 53);
  mpfr_set_d(t, x, MPFR_RNDN);
  function(t, t, MPFR_RNDN);
  return mpfr_get_d(t, MPFR_RNDN);
}

/* ---- densities, of unit width, even ------------------------------------ */

static double uniform(double x) { return fabs(x) < 1 ? 0.5 : 0; }

static double gaussian(double x)
{
  const double inverse_sqrt_2pi = 0x1.9884533d43651p-2;
  return inverse_sqrt_2pi * rounded(mpfr_exp, -0.5 * x * x);
}

static double laplace(double x) { return 0.5 * rounded(mpfr_exp, -fabs(x)); }

/* A distribution is a mixture of up to two densities of one shape.  The
 * parameters are those of ulp_distribution_row. */
static const struct {
  const char *name;
  double (*density)(double x);
  double reach;    /* the density is negligible, or 0, beyond */
  double variance; /* of the density */
  double weight[2], width[2];
} known[] = {
    {"uniform", uniform, 1, 1.0 / 3, {1, 0}, {1, 1}},
    {"gaussian", gaussian, 12, 1, {1, 0}, {1, 1}},
    {"laplace", laplace, 60, 2, {1, 0}, {1, 1}},
    {"outlier_channels", gaussian, 12, 1,
     {4055.0 / 4096, 41.0 / 4096}, {1, 20}},
};

/* ---- integrals --------------------------------------------------------- */

/* Of (x - v)^2 p(x) from a to b. */
static double piece(double (*p)(double), double a, double b, double v)
{
  /* Abramowitz and Stegun, table 25.4, n = 5. */
  static const double node[] = {-0.906179845938664, -0.538469310105683, 0,
                                0.538469310105683, 0.906179845938664};
  static const double weight[] = {0.236926885056189, 0.478628670499366,
                                  0.568888888888889, 0.478628670499366,
                                  0.236926885056189};
  double half = 0.5 * (b - a), middle = a + half, sum = 0;
  for (int i = 0; i < 5; i++) {
    double x = middle + half * node[i];
    sum += weight[i] * (x - v) * (x - v) * p(x);
  }
  return half * sum;
}

static double integral(double (*p)(double), double a, double b, double v,
                       double reach)
{
  a = fmax(a, -reach);
  b = fmin(b, reach);
  if (!(a < b))
    return 0;
  double pieces = ceil(4 * (b - a)), sum = 0;
  for (double i = 0; i < pieces; i++)
    sum += piece(p, a + (b - a) * (i / pieces),
                 a + (b - a) * ((i + 1) / pieces), v);
  return sum;
}

/* The noise of n values, ascending, times `scale`.  Cells are cut at their
 * values, so that a density's corner at 0 is at the end of a piece. */
static double noise(double (*p)(double), const double *value, size_t n,
                    double scale, double reach)
{
  double sum = 0;
  for (size_t i = 0; i < n; i++) {
    double v = value[i] * scale;
    double low = i ? 0.5 * (value[i - 1] + value[i]) * scale : -reach;
    double high = i + 1 < n ? 0.5 * (value[i] + value[i + 1]) * scale : reach;
    sum += integral(p, low, fmin(v, high), v, reach) +
           integral(p, fmax(v, low), high, v, reach);
  }
  return sum;
}

/* ---- values of a format ------------------------------------------------ */

static int by_value(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static size_t list_values(const ulp_format *f, double out[MAX_CODES])
{
  size_t n = 0, distinct = 0;
  for (uint64_t code = 0; code < ulp_code_count(f); code++) {
    ulp_class c = ulp_unpack(f, code).cls;
    if (c == ULP_CLASS_ZERO || c == ULP_CLASS_SUBNORMAL ||
        c == ULP_CLASS_NORMAL)
      out[n++] = ulp_decode(f, code);
  }
  qsort(out, n, sizeof *out, by_value);
  for (size_t i = 0; i < n; i++)
    if (distinct == 0 || out[i] != out[distinct - 1])
      out[distinct++] = out[i];
  return distinct;
}

double ulp_snr_theory(const ulp_format *f, double scale,
                      const char *distribution)
{
  double value[MAX_CODES];
  size_t k = 0;
  while (k < sizeof known / sizeof known[0] &&
         strcmp(known[k].name, distribution) != 0)
    k++;
  if (k == sizeof known / sizeof known[0] || f->bits > 8)
    return NAN;
  size_t n = list_values(f, value);
  double signal = 0, error = 0;
  for (int i = 0; i < 2 && known[k].weight[i] > 0; i++) {
    double width = known[k].width[i];
    double power = known[k].weight[i] * width * width;
    signal += power * known[k].variance;
    error += power * noise(known[k].density, value, n, scale / width,
                           known[k].reach);
  }
  double snr = 10 * rounded(mpfr_log10, signal / error);
  mpfr_free_cache(); /* of this thread */
  return snr;
}
