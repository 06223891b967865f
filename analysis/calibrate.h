/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ulplab/calibrate.h: static scales, from what was seen of batches before.
 *
 * An observer is fed batch by batch.  It keeps a statistic of each block of a
 * quantizer's granularity, and hands that, in place of a block's own amax, lo
 * and hi, to the quantizer's formulas: the scales are those the quantizer
 * would choose if every block looked like the statistic.
 *
 *   minmax            the least and the greatest of all batches
 *   average[:C]       PyTorch's moving average of each batch's least and
 *                     greatest: m + C (x - m), each step in f32; C is .01
 *   percentile:P      the value below which P percent of all |x| lie
 *   mse[:N]           of N fractions of the amax the one with the least
 *                     squared error, as ulp_scale_mse has it; N is 100
 *   delayed[:L[:max|most_recent[:MARGIN]]]
 *                     Transformer Engine's delayed scaling: the amax of the
 *                     last L batches, 1024 unless given, or of the last one;
 *                     MAX * 2^-MARGIN stands for MAX.  A scale is 1 until it
 *                     is set, and stays where that amax is 0, Inf or NaN.
 *   delayed-unfused   the same as TE's Python computes it
 *
 * The two differ in what a batch of zeros does (fused, it is no step; unfused
 * it pushes the oldest amax out) and in a NaN among the last L (the fused
 * maximum does not see it, the unfused one keeps the scale).
 *
 * The global scale of a quantizer that has one is that of the greatest of the
 * blocks' statistics.
 */
#ifndef ULPLAB_CALIBRATE_H
#define ULPLAB_CALIBRATE_H

#include "quantizer.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  ULP_OBSERVE_MINMAX,
  ULP_OBSERVE_AVERAGE,
  ULP_OBSERVE_PERCENTILE,
  ULP_OBSERVE_MSE,
  ULP_OBSERVE_DELAYED,
  ULP_OBSERVE_DELAYED_UNFUSED
} ulp_observer_kind;

typedef struct {
  ulp_observer_kind kind;
  float constant;    /* of the average */
  double percentile;
  int candidates;    /* of the search */
  int length;        /* of the history */
  bool most_recent;
  int margin;
} ulp_observer_spec;

/* What an observer's name means; a row of the table. */
typedef struct {
  const char *name, *parameters, *source;
} ulp_observer_row;
const ulp_observer_row *ulp_observer_row_at(size_t i); /* NULL past the end */

/* "minmax", "average:0.1", "delayed:16:most_recent:2".  ULP_ENAME or
 * ULP_EINVAL with one line in *e. */
ULP_MUST_CHECK ulp_status ulp_observer_parse(const char *text,
                                             ulp_observer_spec *out,
                                             ulp_error *e);

typedef struct ulp_observer ulp_observer;

/* Of the blocks of b, whose scales have the same shape in every batch; the
 * rest of b may change.  ULP_EINVAL with one line in *e when the quantizer's
 * scales need a block's elements, or the statistic does not fit it. */
ULP_MUST_CHECK ulp_status ulp_observer_new(ulp_observer **out,
                                           const ulp_observer_spec *spec,
                                           const ulp_quantizer *q,
                                           const ulp_blocks *b, ulp_error *e);
void ulp_observer_free(ulp_observer *o); /* NULL is allowed */

/* Whether the blocks of another batch are those of o. */
bool ulp_observer_fits(const ulp_observer *o, const ulp_blocks *b);
/* Elements first .. first+n-1 of a batch that is cut into b, in any order of
 * calls.  ULP_EINVAL when b does not fit or has no such elements. */
ULP_MUST_CHECK ulp_status ulp_observer_add(ulp_observer *o,
                                           const ulp_blocks *b, const float *x,
                                           int64_t first, int64_t n);
/* The batch is complete. */
void ulp_observer_step(ulp_observer *o);

/* A block's amax in the last complete batch, as the quantizer counts it. */
double ulp_observer_amax(const ulp_observer *o, int64_t block);
/* The scales to use from here on: stored elements of q->scale, zero points
 * where the quantizer has them (else NULL), and the global scale, or 1.
 * ULP_EINVAL before the first batch, but for delayed scaling; ULP_ENOMEM. */
ULP_MUST_CHECK ulp_status ulp_observer_scales(const ulp_observer *o,
                                              void *scales, int32_t *zeros,
                                              double *global);

#ifdef __cplusplus
}
#endif
#endif
