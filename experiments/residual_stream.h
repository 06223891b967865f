/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A residual stream and the updates that layers add to it.
 */
#ifndef ULPLAB_EXPERIMENTS_RESIDUAL_STREAM_H
#define ULPLAB_EXPERIMENTS_RESIDUAL_STREAM_H

#include "model.h"
#include "normals.h"

typedef enum { ULP_STREAM_ROUNDED, ULP_STREAM_KAHAN } ulp_stream_kind;

typedef struct {
  ulp_stream_kind kind;
  const ulp_step *sum;    /* rounds the sums of the stream */
  const ulp_step *output; /* rounds an update: to nearest */
  const ulp_normals *normals;
  bool steady;            /* all updates are `update`; else times a normal */
  double start, update;
  int64_t depth, elements;
  uint64_t seed, stream;
} ulp_residual_stream;

typedef struct {
  int64_t updates, flushed, lost, overflow;
  double gain, gain_ci95, relative_error;
} ulp_residual_result;

/* The stream of an element before the first layer. */
double ulp_residual_start(const ulp_residual_stream *r, int64_t element);
/* Updates and their exact sum are unrounded; each element for itself. */
ULP_MUST_CHECK ulp_status ulp_residual_run(ulp_residual_result *out,
                                           const ulp_residual_stream *r);

#endif
