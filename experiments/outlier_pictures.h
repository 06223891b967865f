/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A layer whose activations have outlier channels, or are a tensor's.
 */
#ifndef ULPLAB_EXPERIMENTS_OUTLIER_PICTURES_H
#define ULPLAB_EXPERIMENTS_OUTLIER_PICTURES_H

#include "matrix.h"
#include "remedies.h"

typedef struct {
  char name[64];
  ulp_layer layer;
  double *x, *w, *seen; /* what layer points at */
  double *y2;           /* by token */
  double ordinary;      /* power of the ordinary channels' output */
  double *y;
  unsigned char *outlier; /* by channel; NULL under --tensor */
} ulp_outlier_picture;

/* Fills what layer's sizes ask for: weights, and activations drawn, normal with
 * neighbours correlated, or read: the first half of a tensor's rows calibrates.
 * ulp_outlier_picture_free frees it, also after a failure. */
ULP_MUST_CHECK ulp_status ulp_outlier_picture_make(ulp_outlier_picture *p,
                                                   ulp_outliers outliers,
                                                   double correlation,
                                                   const ulp_source *tensor,
                                                   uint64_t seed,
                                                   ulp_error *e);
void ulp_outlier_picture_free(ulp_outlier_picture *p);

#endif
