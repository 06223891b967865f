/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/sample.c: samples whose bits are the same on every machine.
 *
 * The random bits are pcg32's.  Everything after them is + - * / sqrt, which
 * IEEE 754 defines to the bit, and MPFR's log, exp and cube root in 53 bits,
 * rounded to nearest; libm's would differ from one machine to the next.
 */
#include <math.h>
#include <mpfr.h>
#include <string.h>

#include "analysis.h"

typedef int elementary(mpfr_t, mpfr_srcptr, mpfr_rnd_t);

static double rounded(elementary *function, double x)
{
  MPFR_DECL_INIT(t, 53);
  mpfr_set_d(t, x, MPFR_RNDN);
  function(t, t, MPFR_RNDN);
  return mpfr_get_d(t, MPFR_RNDN);
}

/* ---- uniform deviates --------------------------------------------------- */

/* An odd multiple of 2^-52 in (0, 2): 52 bits, symmetric about 1. */
static double uniform_0_2(ulp_pcg32 *g)
{
  uint64_t high = ulp_pcg32_next(g), low = ulp_pcg32_next(g) >> 12;
  return (double)(2 * (high << 20 | low) + 1) * 0x1p-52;
}

/* In (-1, 1), never 0. */
static double uniform_symmetric(ulp_pcg32 *g)
{
  return uniform_0_2(g) - 1;
}

/* A point in the unit disc without its centre; returns u^2 + v^2 in (0, 1). */
static double point_in_disc(ulp_pcg32 *g, double *u, double *v)
{
  double w;
  do {
    *u = uniform_symmetric(g);
    *v = uniform_symmetric(g);
    w = *u * *u + *v * *v;
  } while (w >= 1);
  return w;
}

/* ---- distributions ------------------------------------------------------ */

static void uniform(double *out, size_t n, ulp_pcg32 *g)
{
  for (size_t i = 0; i < n; i++)
    out[i] = uniform_symmetric(g);
}

/* Polar method: G. Marsaglia, T. A. Bray, SIAM Review 6, 1964. */
static void gaussian(double *out, size_t n, ulp_pcg32 *g)
{
  for (size_t i = 0; i < n; i += 2) {
    double u, v, w = point_in_disc(g, &u, &v);
    double factor = sqrt(-2 * rounded(mpfr_log, w) / w);
    out[i] = u * factor;
    if (i + 1 < n) out[i + 1] = v * factor;
  }
}

static void laplace(double *out, size_t n, ulp_pcg32 *g)
{
  for (size_t i = 0; i < n; i++) {
    double u = uniform_symmetric(g);
    double magnitude = -rounded(mpfr_log, fabs(u));
    out[i] = u < 0 ? -magnitude : magnitude;
  }
}

/* R. W. Bailey, "Polar generation of random variates with the
 * t-distribution", Math. Comp. 62, 1994: u sqrt(d (w^(-2/d) - 1) / w). */
static void student_t3(double *out, size_t n, ulp_pcg32 *g)
{
  for (size_t i = 0; i < n; i++) {
    double u, v, w = point_in_disc(g, &u, &v);
    double root = rounded(mpfr_cbrt, w), square = root * root;
    out[i] = u * sqrt(3 * (1 - square) / square / w);
  }
}

static void lognormal(double *out, size_t n, ulp_pcg32 *g)
{
  gaussian(out, n, g);
  for (size_t i = 0; i < n; i++) {
    double magnitude = rounded(mpfr_exp, out[i]);
    out[i] = ulp_pcg32_next(g) >> 31 ? -magnitude : magnitude;
  }
}

enum { CHANNELS = 4096, OUTLIER_EVERY = 100, OUTLIER_FIRST = 50 };

static void outlier_channels(double *out, size_t n, ulp_pcg32 *g)
{
  gaussian(out, n, g);
  for (size_t i = 0; i < n; i++)
    if (i % CHANNELS % OUTLIER_EVERY == OUTLIER_FIRST) out[i] *= 20;
}

static const struct {
  ulp_distribution row;
  void (*fill)(double *out, size_t n, ulp_pcg32 *g);
} distributions[] = {
    {{"uniform", "uniform on (-1, 1)"}, uniform},
    {{"gaussian", "normal, mean 0, standard deviation 1"}, gaussian},
    {{"laplace", "density exp(-|x|)/2"}, laplace},
    {{"student_t3", "Student's t, 3 degrees of freedom"}, student_t3},
    {{"lognormal", "random sign times exp(z), z normal of mean 0, standard "
                   "deviation 1"},
     lognormal},
    {{"outlier_channels",
      "normal, standard deviation 1; element i is in channel c = i mod 4096, "
      "and the 41 channels with c mod 100 = 50 are times 20"},
     outlier_channels},
};
enum { COUNT = sizeof distributions / sizeof distributions[0] };

const ulp_distribution *ulp_distribution_row(size_t i)
{
  return i < COUNT ? &distributions[i].row : NULL;
}

ulp_status ulp_sample(const char *distribution, double *out, size_t n,
                      bool round_f32, uint64_t seed, uint64_t stream)
{
  size_t k = 0;
  while (k < COUNT && strcmp(distributions[k].row.name, distribution) != 0)
    k++;
  if (k == COUNT) return ULP_ENAME;
  ulp_pcg32 g = ulp_pcg32_seed(seed, stream);
  distributions[k].fill(out, n, &g);
  mpfr_free_cache();
  if (round_f32)
    for (size_t i = 0; i < n; i++)
      out[i] = (double)(float)out[i];
  return ULP_OK;
}
