/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The mean signed error of rounding a distribution or a tensor.
 */
#ifndef ULPLAB_EXPERIMENTS_BIAS_SOURCE_H
#define ULPLAB_EXPERIMENTS_BIAS_SOURCE_H

#include "gaps.h"
#include "source.h"

typedef struct {
  ulp_source *list;
  size_t count, formats;
  double *scale; /* [source * formats + format] */
} ulp_bias_sources;

/* Those the options ask for, with their values and scales; out is the
 * caller's to free, also after a failure. */
ULP_MUST_CHECK ulp_status ulp_bias_sources_make(ulp_bias_sources *out,
                                                const ulp_run *run,
                                                const ulp_gaps *gaps,
                                                size_t formats, ulp_error *e);
void ulp_bias_sources_free(ulp_bias_sources *s);

/* Over the elements of one sign, divided by the scale, zeros left out; errors
 * in the gap of each. */
typedef struct {
  int64_t samples, ups, strays;
  double error, error2;  /* sums of (y - x) / gap and of its square */
  double expected, expected_ups, variance; /* of the sum; exact given x */
} ulp_bias_sums;
ULP_MUST_CHECK ulp_status ulp_bias_measure(ulp_bias_sums *out,
                                           const ulp_bias_sources *sources,
                                           size_t source, size_t format,
                                           const ulp_gaps *g,
                                           const ulp_rounding *r);
/* The fields from samples to consistent. */
void ulp_bias_print(ulp_text *row, const ulp_bias_sums *s, double uniform);

#endif
