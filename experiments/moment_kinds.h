/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The ways in which experiments/optimizer_states keeps Adam's moments.
 */
#ifndef ULPLAB_EXPERIMENTS_MOMENT_KINDS_H
#define ULPLAB_EXPERIMENTS_MOMENT_KINDS_H

#include "adam.h"

/* A row of a table.  A moment is a format, or a quantizer: "%s" stands for its
 * granularity. */
typedef struct {
  const char *name, *m, *v;
  bool root, stochastic;
  bool failure;  /* what goes wrong, else something against it */
  const char *source;
} ulp_moment_kind;
const ulp_moment_kind *ulp_moment_kind_row(size_t i); /* NULL past the end */
bool ulp_moment_kind_has_blocks(const ulp_moment_kind *k);

/* block: elements that share a scale, of n; ignored where none do. */
ULP_MUST_CHECK ulp_status ulp_moments_make(ulp_moments_kept *out,
                                           const ulp_moment_kind *k,
                                           int64_t block, int64_t n,
                                           uint64_t seed, ulp_error *e);
/* Of the greatest of a block the part below which v becomes 0 to nearest, by
 * the root where that is kept; 0: not known. */
double ulp_moments_threshold(const ulp_moments_kept *k);

#endif
