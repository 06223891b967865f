/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The sweep of experiments/outlier_channels: pictures of outliers, or tensors,
 * and which remedies apply to which schemes.
 */
#ifndef ULPLAB_EXPERIMENTS_OUTLIER_SWEEP_H
#define ULPLAB_EXPERIMENTS_OUTLIER_SWEEP_H

#include "layer.h"
#include "outlier_pictures.h"

typedef struct {
  size_t picture;
  const ulp_layer_scheme *scheme;
  const ulp_remedy *remedy;
} outlier_place;

typedef struct {
  ulp_outlier_picture *pictures;
  ulp_outliers *outliers;
  ulp_remedy *remedies;
  ulp_source *sources; /* of --tensor */
  size_t picture_count, remedy_count, source_count, place_count;
  outlier_place *places; /* of one picture */
  int64_t tokens, outputs, channels;
  double calibration, correlation;
} outlier_sweep;

/* Reads the parameters and sets run->points. */
ULP_MUST_CHECK ulp_status outlier_sweep_read(outlier_sweep *st, ulp_run *run,
                                             ulp_error *e);
/* Draws the pictures that this shard has points of. */
ULP_MUST_CHECK ulp_status outlier_sweep_draw(outlier_sweep *st,
                                             const ulp_run *run, ulp_error *e);

#endif
