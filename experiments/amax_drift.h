/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A tensor whose amax drifts from step to step.
 */
#ifndef ULPLAB_EXPERIMENTS_AMAX_DRIFT_H
#define ULPLAB_EXPERIMENTS_AMAX_DRIFT_H

#include "experiment.h"

typedef enum {
  ULP_DRIFT_STEADY, /* normal numbers; only their sample decides the amax */
  ULP_DRIFT_GROW,   /* the amax is exactly ratio^t */
  ULP_DRIFT_JUMP,   /* 1, and ratio from half of the steps on */
  ULP_DRIFT_SPIKE   /* 1, and ratio in every `period`-th step */
} ulp_drift_kind;

typedef struct {
  char word[32];
  ulp_drift_kind kind;
  double ratio; /* below 1: it decays */
  int period;
} ulp_drift;

/* "steady", "grow:1.05", "decay:0.98", "jump:16", "spike:16:64" */
ULP_MUST_CHECK ulp_status ulp_drift_read(ulp_drift *out, const char *word,
                                         ulp_error *e);
/* Steps out of `most`: an amax stays between 2^-60 and 2^60. */
int64_t ulp_drift_steps(const ulp_drift *d, int64_t most);
/* Fills amax[0..steps-1]; of a steady one with 0, for "as it comes". */
void ulp_drift_amaxes(const ulp_drift *d, double *amax, int64_t steps);

/* The part of steps 1 .. steps-1 whose amax is above 2^margin times the
 * greatest of the `length` steps before, of which there are fewer in the
 * beginning; length 0: the step itself (current scaling).  Exact: for a known
 * amax by counting; of a steady one under margin 0, where all orders of length
 * + 1 numbers are equally likely, the mean of 1 / (length + 1).  NAN: not
 * known. */
double ulp_drift_exceeded(const ulp_drift *d, int64_t steps, int length,
                          int margin);

#endif
