/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The residual stream of a model under plans, against the one in f64.
 */
#ifndef ULPLAB_EXPERIMENTS_MODEL_STREAM_H
#define ULPLAB_EXPERIMENTS_MODEL_STREAM_H

#include "model_pass.h"

/* Sums of squares over a window, all of one depth. */
typedef struct {
  double tokens;
  double power;            /* of the reference */
  double total, before;    /* of the error here, and one layer before */
  double added, inherited; /* of its two parts */
  double dot;              /* of these two */
  double cosine;           /* sum over tokens */
} ulp_stream_sums;

typedef struct {
  const ulp_model_case *c;
  int64_t depths;        /* layers and 1 */
  double *reference;     /* [windows, depths, length, hidden] */
  ulp_stream_sums *sums; /* [plans, windows, depths] */
} ulp_model_stream;

/* c and depths are set before. */
ULP_MUST_CHECK ulp_status ulp_model_stream_measure(ulp_model_stream *st,
                                                   const bool *wanted,
                                                   int threads, ulp_error *e);
void ulp_model_stream_free(ulp_model_stream *st);
const ulp_stream_sums *ulp_stream_at(const ulp_model_stream *st, size_t plan,
                                     int64_t window, int64_t depth);

typedef double ulp_stream_value(const ulp_stream_sums *s);
/* sum a / sum b over windows. */
ulp_interval ulp_stream_ratio(const ulp_model_stream *st, size_t plan,
                              int64_t depth, ulp_stream_value *a,
                              ulp_stream_value *b);

#endif
