/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/smoothquant.c: G. Xiao et al., SmoothQuant, arXiv:2211.10438.
 */
#include <math.h>

#include "methods.h"

/* Of smooth.py, smooth_ln_fcs. */
static const double least = 1e-5;

void ulp_smoothquant_factors(double *s, const double *amax_x,
                             const double *amax_w, int64_t channels,
                             double alpha)
{
  for (int64_t c = 0; c < channels; c++)
    s[c] = fmax(least, ulp_power(amax_x[c], alpha) /
                           ulp_power(fmax(least, amax_w[c]), 1 - alpha));
}
