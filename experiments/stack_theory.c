/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How an error should grow through a stack of layers.
 *
 * Errors are carried as such: 1e-7 of the signal would be lost in the
 * difference of two powers.
 */
#include "stack_theory.h"

#include <math.h>
#include <mpfr.h>

enum { PRECISION = 160 };

void ulp_powers_inject(ulp_powers *p, double parallel, double orthogonal)
{
  double up = 1 + parallel;
  double noisy = p->signal + 2 * p->cross + p->error;
  double error = up * up * p->error + 2 * up * parallel * p->cross +
                 parallel * parallel * p->signal +
                 orthogonal * orthogonal * noisy;
  p->cross = up * p->cross + parallel * p->signal;
  p->error = error;
}

/* 1 - kernel(cos t), of tan t = sine / cosine: with (pi - t) in place, it is
 * 1 - cos t - (sin t - t cos t) / pi.  MPFR, since libm's bits differ from one
 * machine to another, and since for small t both differences cancel. */
static double kernel_loss(double sine, double cosine)
{
  mpfr_t s, c, t, pi;
  mpfr_inits2(PRECISION, s, c, t, pi, (mpfr_ptr)NULL);
  mpfr_set_d(s, sine, MPFR_RNDN);
  mpfr_set_d(c, cosine, MPFR_RNDN);
  mpfr_atan2(t, s, c, MPFR_RNDN);
  mpfr_sin_cos(s, c, t, MPFR_RNDN);
  mpfr_const_pi(pi, MPFR_RNDN);
  mpfr_mul(t, t, c, MPFR_RNDN);
  mpfr_sub(s, s, t, MPFR_RNDN);
  mpfr_div(s, s, pi, MPFR_RNDN);
  mpfr_ui_sub(c, 1, c, MPFR_RNDN);
  mpfr_sub(c, c, s, MPFR_RNDN);
  double loss = mpfr_get_d(c, MPFR_RNDN);
  mpfr_clears(s, c, t, pi, (mpfr_ptr)NULL);
  return loss;
}

void ulp_powers_block(ulp_powers *p, double branch, double parallel,
                      double orthogonal)
{
  double area = p->signal * p->error - p->cross * p->cross;
  double loss = kernel_loss(sqrt(fmax(0, area)), p->signal + p->cross);
  /* Both outputs have power `branch`: their difference tells the rest. */
  ulp_powers f = {branch, -branch * loss, 2 * branch * loss};
  ulp_powers_inject(&f, parallel, orthogonal);
  p->signal += f.signal;
  p->cross += f.cross;
  p->error += f.error;
}

double ulp_powers_relative(const ulp_powers *p)
{
  return sqrt(p->error / p->signal);
}

/* ---- growth ------------------------------------------------------------- */

static double logarithm(double x)
{
  MPFR_DECL_INIT(t, 53);
  mpfr_set_d(t, x, MPFR_RNDN);
  mpfr_log(t, t, MPFR_RNDN);
  return mpfr_get_d(t, MPFR_RNDN);
}

double ulp_growth_exponent(const double *x, const double *y, int n)
{
  double sx = 0, sy = 0, sxx = 0, sxy = 0;
  for (int i = 0; i < n; i++) {
    double u = logarithm(x[i]), v = logarithm(y[i]);
    sx += u;
    sy += v;
    sxx += u * u;
    sxy += u * v;
  }
  return (n * sxy - sx * sy) / (n * sxx - sx * sx);
}
