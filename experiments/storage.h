/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What an array loses in a quantizer with scales, or in packed blocks.
 */
#ifndef ULPLAB_EXPERIMENTS_STORAGE_H
#define ULPLAB_EXPERIMENTS_STORAGE_H

#include "packed.h"
#include "quantizer.h"
#include "source.h"

/* A quantizer's text as of ulp_quantizer_find, or the name of packed blocks
 * (q4_k; mxfp4@ggml where a quantizer has the same name). */
enum { ULP_STORAGE_TEXT = 600 };
typedef struct {
  char text[ULP_STORAGE_TEXT];
  const char *profile, *source;
  const ulp_packed_block *packed; /* or NULL */
  ulp_quantizer q;
} ulp_storage;
ULP_MUST_CHECK ulp_status ulp_storage_find(ulp_storage *out, const char *text,
                                           ulp_error *e);
/* "group:32", ...; of packed blocks "block:N". */
void ulp_storage_granularity(const ulp_storage *s, char *out, size_t size);

typedef struct {
  bool fits;   /* false: the shape is not made for it; the rest is 0 */
  double bits; /* per element, scales counted */
  ulp_error_sums sums;
  ulp_error_sums ordinary; /* without x->special; where there are any */
} ulp_loss;

/* One thread; the sums are made in the order of the array. */
ULP_MUST_CHECK ulp_status ulp_storage_measure(ulp_loss *out,
                                              const ulp_storage *s,
                                              const ulp_source *x,
                                              ulp_error *e);

#endif
