/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the files behind quantizer.h share.
 */
#ifndef ULPLAB_QUANTIZER_INTERNAL_H
#define ULPLAB_QUANTIZER_INTERNAL_H

#include "histogram.h"
#include "quantizer.h"

/* Nearest by thresholds in f32, as q->ties says. */
uint64_t ulp_encode_midpoints(const ulp_quantizer *q, float y);

/* Percentile p of |x| over the finite values, between neighbours in
 * proportion; where that is 0, the greatest; 0 of none.  NaN: no memory. */
double ulp_block_percentile(const float *x, size_t n, double p);

#endif
