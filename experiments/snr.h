/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What theory says beside experiments/snr (snr_theory.c).
 */
#ifndef ULPLAB_SNR_H
#define ULPLAB_SNR_H

#include "experiment.h"

/* The SNR in dB that the distribution itself, not a sample of it, has in f at
 * this scale under RNE with saturation; NaN where it is not computed. */
double ulp_snr_theory(const ulp_format *f, double scale,
                      const char *distribution);

#endif
