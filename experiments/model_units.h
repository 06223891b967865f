/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Plans over windows in parallel.  A unit of work is a plan and some of the
 * windows, with a state of its own.
 */
#ifndef ULPLAB_EXPERIMENTS_MODEL_UNITS_H
#define ULPLAB_EXPERIMENTS_MODEL_UNITS_H

#include <stdint.h>

#include "model_case.h"

#define ULP_MODEL_REFERENCE SIZE_MAX

typedef struct {
  size_t number;         /* of the plan, or ULP_MODEL_REFERENCE */
  int64_t first, stride; /* of the windows */
  ulp_llama_state *state;
  int32_t *tokens; /* room for a window */
} ulp_model_unit;

typedef ulp_status ulp_model_work(const ulp_model_unit *u, void *data,
                                  ulp_error *e);

/* work() of the reference, over all windows, and after that of the plans that
 * `wanted` has (NULL: none).  What it stores has one place for each plan and
 * window, so the values do not depend on threads; of errors the first in
 * order is reported. */
ULP_MUST_CHECK ulp_status ulp_model_units_run(const ulp_model_case *c,
                                              const bool *wanted, int threads,
                                              ulp_model_work *work, void *data,
                                              ulp_error *e);

#endif
