/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What theory says of a residual stream.
 */
#ifndef ULPLAB_EXPERIMENTS_RESIDUAL_PREDICT_H
#define ULPLAB_EXPERIMENTS_RESIDUAL_PREDICT_H

#include "residual_stream.h"
#include "residual_theory.h"

typedef struct {
  bool known, lost_known, overflow_known;
  double lost, gain, relative_error, overflow;
} ulp_residual_prediction;

/* Known of sums that are rounded to nearest even (beyond the greatest value
 * to that, if `clamp`) or stochastically without a limit of bits. */
ulp_residual_prediction ulp_residual_predict(const ulp_residual_stream *r,
                                             bool clamp);

#endif
