/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Rows through a normalization with one step in a narrow format.
 */
#ifndef ULPLAB_EXPERIMENTS_NORM_MEASURE_H
#define ULPLAB_EXPERIMENTS_NORM_MEASURE_H

#include "model.h"
#include "norm_inputs.h"

typedef enum { ULP_NORM_RMS, ULP_NORM_LAYER, ULP_NORM_ONE_PASS } ulp_norm_kind;

/* The steps that are narrow, as bits. */
enum {
  ULP_NARROW_INPUT = 1, ULP_NARROW_SQUARE = 2, ULP_NARROW_SUM = 4,
  ULP_NARROW_ROOT = 8, ULP_NARROW_SCALE = 16, ULP_NARROW_OUTPUT = 32,
  ULP_NARROW_ALL = 127
};

typedef struct {
  ulp_norm_kind kind;
  const ulp_format *format;
  const ulp_step *narrow, *wide;
  int steps, lanes;
  double epsilon;
  int64_t width, rows;
} ulp_norm_case;

typedef struct {
  bool has_error; /* y* is not all 0 */
  double error, error_ci95, gain_error;
  double nonfinite, zero; /* fractions */
  double mean, exact_mean;
  bool error_predicted, nonfinite_predicted;
  double predicted_error, predicted_nonfinite;
} ulp_norm_result;

/* x: rows of `width`; gamma: of one. */
ULP_MUST_CHECK ulp_status ulp_norm_measure(ulp_norm_result *out,
                                           const ulp_norm_case *c,
                                           const double *x,
                                           const double *gamma);

#endif
