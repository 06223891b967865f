/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Rows to normalize, and what theory says of the steps in a narrow format.
 */
#ifndef ULPLAB_EXPERIMENTS_NORM_INPUTS_H
#define ULPLAB_EXPERIMENTS_NORM_INPUTS_H

#include "normals.h"
#include "residual_theory.h"

/* A row of the table of kinds. */
typedef struct {
  const char *name, *description;
  double scale, offset; /* normal numbers times scale, plus offset */
  double spike;         /* magnitude of one channel of the row; 0: none */
  bool signs;           /* 1 and -1 by chance instead */
} ulp_norm_input;
const ulp_norm_input *ulp_norm_input_row(size_t i); /* NULL past the end */
/* Row number `row` of n channels, as f32 values. */
void ulp_norm_input_fill(const ulp_norm_input *k, const ulp_normals *normals,
                         double *x, int64_t n, uint64_t seed, int64_t row);

/* Mean square of the error of rounding x to nearest: spacing^2 / 12 each, the
 * error of a number that is anywhere between two neighbours.  -1: beyond the
 * greatest value. */
double ulp_norm_noise(const ulp_grid *g, const double *x, int64_t n);
/* Whether a square reaches infinity, and whether the sum of squares is sure
 * to: twice as large as it need be, roundings lose less. */
bool ulp_norm_squares_overflow(const ulp_grid *g, const double *x, int64_t n);
bool ulp_norm_sum_overflows(const ulp_grid *g, const double *x, int64_t n);
/* The sum of n ones, one after the other, to nearest even: it stalls at
 * 2^digits, where 1 is half a spacing and the sum is even. */
double ulp_norm_stalled_sum(const ulp_grid *g, int64_t n);

#endif
