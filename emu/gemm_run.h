/* SPDX-License-Identifier: MIT
 *
 * What the kinds of orders share: scales, and the last step to D.
 */
#ifndef ULPLAB_EMU_GEMM_RUN_H
#define ULPLAB_EMU_GEMM_RUN_H

#include "gemm.h"

/* Scales of output (i, j) and of the 128 of K that hold k; 1 if none. */
float ulp_scale_a(const ulp_gemm_data *x, size_t i, size_t k);
float ulp_scale_b(const ulp_gemm_data *x, size_t j, size_t k);
bool ulp_has_scales(const ulp_gemm_data *x);
bool ulp_has_block_scales(const ulp_gemm_data *x);

/* y as a code of f, RNE, overflow to Inf, NaN with all bits set but the sign;
 * and that code's value. */
uint64_t ulp_float_code(const ulp_format *f, float y);
float ulp_rounded(const ulp_format *f, float y);

/* C at (i, j). */
float ulp_load_c(const ulp_gemm_data *x, size_t i, size_t j);

/* How long a slice of n elements of K is for the instructions. */
size_t ulp_feed_length(const ulp_gemm *g, size_t n);
/* Rows first .. first+rows-1 of an operand in the order of the feed, of
 * `fed` elements each: the array itself, or a copy, which is *owned then.
 * NULL: no memory. */
const void *ulp_feed_rows(const ulp_gemm *g, bool is_b, const void *array,
                          size_t first, size_t rows, size_t k, size_t fed,
                          void **owned);

/* The orders without chains (gemm_plain.c). */
ulp_status ulp_gemm_integer(const ulp_gemm *g, const ulp_gemm_data *x,
                            size_t first_row, size_t rows);
ulp_status ulp_gemm_fma(const ulp_gemm *g, const ulp_gemm_data *x,
                        size_t first_row, size_t rows);
ulp_status ulp_gemm_lanes(const ulp_gemm *g, const ulp_gemm_data *x,
                          size_t first_row, size_t rows);
ulp_status ulp_gemm_exact(const ulp_gemm *g, const ulp_gemm_data *x,
                          size_t first_row, size_t rows);

#endif
