/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Matrices of tokens (rows) by channels (columns) as activations are: normal
 * numbers, some channels and some tokens of which are many times larger.
 */
#ifndef ULPLAB_EXPERIMENTS_MATRIX_H
#define ULPLAB_EXPERIMENTS_MATRIX_H

#include "source.h"

/* A gain is drawn for each of the chosen lines, uniform in [low, high]. */
typedef struct {
  double share; /* of the lines, 1 line at least; 0: none */
  double low, high;
} ulp_outliers;
/* SHARE:LOW:HIGH, the value of parameter --NAME; a lone SHARE is refused. */
ULP_MUST_CHECK ulp_status ulp_outliers_read(ulp_outliers *out,
                                            const char *name, const char *text,
                                            ulp_error *e);
/* The gains of n lines, 1 but for the chosen ones; `name` names the stream of
 * random numbers.  False: out of memory. */
bool ulp_outlier_gains(double *gain, int64_t n, ulp_outliers o, uint64_t seed,
                       const char *name);

typedef struct {
  const char *name, *description;
  bool channels, tokens; /* which lines have outliers */
} ulp_matrix_kind;
const ulp_matrix_kind *ulp_matrix_kind_row(size_t i); /* NULL past the end */

/* Draws a matrix: the normal numbers are the same for every kind, and do not
 * depend on the number of rows.  ulp_sources_free frees it, also after
 * a failure. */
ULP_MUST_CHECK ulp_status ulp_matrix_make(ulp_source *out,
                                          const ulp_matrix_kind *kind,
                                          int64_t rows, int64_t cols,
                                          ulp_outliers channels,
                                          ulp_outliers tokens, uint64_t seed);

#endif
