/* SPDX-License-Identifier: MIT
 *
 * A sample of D, and candidates compared with it.
 */
#ifndef ULPLAB_EMU_IDENTIFY_SAMPLE_H
#define ULPLAB_EMU_IDENTIFY_SAMPLE_H

#include "identify.h"

enum { ULP_SAMPLE_ROWS = 32, ULP_SAMPLE_COLS = 64 }; /* at most */

/* Rows and columns spread over D, gathered into arrays of their own. */
typedef struct {
  ulp_gemm_data x; /* the sample as a product */
  size_t row[ULP_SAMPLE_ROWS], col[ULP_SAMPLE_COLS]; /* in D */
  void *a, *b, *c, *given, *d;
  float *scale_a, *scale_b;
} ulp_sample;

typedef enum {
  ULP_SAMPLE_FIRST, /* one row by as many columns as a chain works on at once */
  ULP_SAMPLE_UNTIL, /* all, until a row has a mismatch */
  ULP_SAMPLE_WHOLE
} ulp_sample_part;

/* Of as many rows and columns, or all that there are.  g: the types.  False:
 * no memory; what there is must be freed all the same. */
bool ulp_sample_take(ulp_sample *s, const ulp_gemm *g, const ulp_gemm_data *x,
                     size_t rows, size_t cols);
void ulp_sample_free(ulp_sample *s);

/* Compares the candidates wanted, whose flags it clears; what they held of
 * earlier comparisons is replaced. */
ulp_status ulp_sample_compare(const ulp_sample *s, ulp_sample_part part,
                              ulp_candidate *list, size_t count, bool *wanted);

#endif
