/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * w <- round(w + update), many times, for one weight or many.
 */
#ifndef ULPLAB_EXPERIMENTS_WEIGHT_UPDATES_H
#define ULPLAB_EXPERIMENTS_WEIGHT_UPDATES_H

#include "gaps.h"

/* One weight, or many. */
typedef struct {
  char name[64];
  double *value;
  int64_t count;
  double deviation; /* of many that are normal; else 0 */
  double rms;
} ulp_weights;

/* Of parameter --weights, or of --tensor; *out is the caller's to free, with
 * ulp_weights_free, also after a failure. */
ULP_MUST_CHECK ulp_status ulp_weights_read(ulp_weights **out, size_t *count,
                                           const ulp_run *run, ulp_error *e);
void ulp_weights_free(ulp_weights *w, size_t count);
/* Whether a format has the single ones. */
ULP_MUST_CHECK ulp_status ulp_weights_check(const ulp_weights *w, size_t count,
                                            const ulp_gaps *g, ulp_error *e);

typedef struct {
  const ulp_gaps *gaps;
  const ulp_weights *weights;
  bool down, master;
  double update; /* above 0, an f32 */
  int64_t steps;
  ulp_rounding rounding;
} ulp_update_case;

/* Sets `update`, relative times the weight, and `steps`. */
void ulp_update_set(ulp_update_case *c, double relative, ulp_effort effort);

typedef struct {
  int64_t count;
  double lost, stalled; /* parts of count */
  double gain, deviation; /* mean, and standard deviation of one */
} ulp_update_result;
ULP_MUST_CHECK ulp_status ulp_update_run(ulp_update_result *out,
                                         const ulp_update_case *c,
                                         ulp_effort effort);

/* What theory says; by the gaps alone, without the code that rounds. */
typedef struct {
  bool lost_known, gain_known, deviation_known;
  double lost, gain, deviation;
} ulp_update_prediction;
ULP_MUST_CHECK ulp_status ulp_update_predict(ulp_update_prediction *out,
                                             const ulp_update_case *c);

/* The least f32 that changes the one weight, by bisection; and by the gap. */
double ulp_least_update(const ulp_update_case *c);
double ulp_predict_least_update(const ulp_update_case *c);

#endif
