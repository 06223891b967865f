/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A drifting tensor, step by step, under scales of earlier steps.
 */
#ifndef ULPLAB_EXPERIMENTS_DELAYED_STEPS_H
#define ULPLAB_EXPERIMENTS_DELAYED_STEPS_H

#include "amax_drift.h"
#include "calibrate.h"

typedef struct {
  const ulp_quantizer *q;
  const ulp_observer_spec *observer; /* NULL: each step's own scales */
  const ulp_drift *drift;
  const double *normal; /* steps x elements */
  int64_t steps, elements;
} ulp_delayed_case;

/* Sums over the steps from the second on. */
typedef struct {
  int64_t steps, elements;
  bool limits_known; /* one scale a tensor */
  double exceeded, clipped_steps, clipped, flushed;
  double headroom, greatest_excess;
  double noise, current_noise; /* of sum e^2 / sum x^2; with the own scale */
  double in_range, current_in_range, headroom2; /* of steps not exceeded */
} ulp_delayed_result;

ULP_MUST_CHECK ulp_status ulp_delayed_run(ulp_delayed_result *out,
                                          const ulp_delayed_case *c,
                                          ulp_error *e);

#endif
