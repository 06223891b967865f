/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Scales and layers that are calibrated on one distribution and serve another.
 */
#ifndef ULPLAB_EXPERIMENTS_CALIBRATED_H
#define ULPLAB_EXPERIMENTS_CALIBRATED_H

#include "calibrate.h"
#include "layer.h"
#include "remedies.h"
#include "shift.h"

enum { ULP_SERVED = 256 }; /* that are served */

typedef enum {
  ULP_JOB_OBSERVER,
  ULP_JOB_MIXTURE,
  ULP_JOB_DYNAMIC_TENSOR,
  ULP_JOB_DYNAMIC_TOKEN,
  ULP_JOB_LAYER
} ulp_calibrated_kind;
typedef struct {
  ulp_calibrated_kind kind;
  char word[40];
  ulp_observer_spec observer;
  ulp_quantizer q;                  /* of activations */
  const ulp_layer_scheme *scheme;   /* of a layer */
  ulp_remedy remedy;
} ulp_calibrated_job;

/* What a job is given. */
typedef struct {
  ulp_shift_pool pool;
  int64_t tokens, outputs; /* of a batch; of the layer */
  double *w;               /* outputs x channels */
} ulp_calibrated_bed;

typedef struct {
  ulp_ratio snr;
  double retuned, uncalibrated;
  double scale, clipped, predicted_snr, predicted_clipped; /* or NaN */
} ulp_calibrated_outcome;

/* Calibrates on `batches` batches, serves the shift, and does both once more
 * with batches of what is served. */
ULP_MUST_CHECK ulp_status ulp_calibrated_run(ulp_calibrated_outcome *o,
                                             const ulp_calibrated_bed *bed,
                                             const ulp_calibrated_job *j,
                                             const ulp_shift *s,
                                             int64_t batches, ulp_error *e);

#endif
