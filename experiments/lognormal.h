/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Numbers whose magnitudes are log-normal: gradients, and the scales of
 * parameters.
 */
#ifndef ULPLAB_EXPERIMENTS_LOGNORMAL_H
#define ULPLAB_EXPERIMENTS_LOGNORMAL_H

#include "experiment.h"

/* log10 |x| is normal: its mean and its standard deviation, in decades. */
typedef struct {
  double centre, width;
} ulp_lognormal;

/* x[0..n-1], f32 of either sign, from (seed, stream); the same bits on every
 * machine. */
ULP_MUST_CHECK ulp_status ulp_lognormal_draw(float *x, int64_t n,
                                             const ulp_lognormal *d,
                                             uint64_t seed, uint64_t stream);

/* MPFR's log10. */
double ulp_log10(double x);
/* P(z < x) of a standard normal z, from MPFR's erfc. */
double ulp_normal_below(double x);
/* P(|x| < a), and E[|x|; |x| < a] / a: 0 where a is 0, a may be INFINITY in
 * the first alone. */
double ulp_lognormal_below(const ulp_lognormal *d, double a);
double ulp_lognormal_mean_below(const ulp_lognormal *d, double a);

/* Parts that round to 0, `least` being the least positive value: to nearest
 * even those of up to half of it; stochastically 1 - |x| / least of those below
 * it. */
double ulp_lognormal_underflow(const ulp_lognormal *d, double least,
                               bool stochastic);

#endif
