/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Many normal numbers at little cost, the same bits on every machine.
 */
#ifndef ULPLAB_EXPERIMENTS_NORMALS_H
#define ULPLAB_EXPERIMENTS_NORMALS_H

#include "experiment.h"

/* ULP_NORMALS magnitudes of ulp_sample's "gaussian", scaled to a mean square
 * of 1.  A number is one of them, by chance, with a sign by chance: its mean
 * is 0 and its variance 1, and nothing is beyond the largest (about 4.2). */
enum { ULP_NORMALS_BITS = 15, ULP_NORMALS = 1 << ULP_NORMALS_BITS };
typedef struct {
  double *magnitude; /* in no order */
} ulp_normals;

ULP_MUST_CHECK ulp_status ulp_normals_make(ulp_normals *d, uint64_t seed);
void ulp_normals_free(ulp_normals *d);

/* Number `index` of a stream of (seed, stream): counter based. */
double ulp_normal_at(const ulp_normals *d, uint64_t seed, uint64_t stream,
                     uint64_t index);
/* Numbers 0 .. n-1 of a stream times `scale`, as f32. */
void ulp_normals_fill(const ulp_normals *d, float *out, int64_t n,
                      double scale, uint64_t seed, uint64_t stream);

#endif
