/* SPDX-License-Identifier: MIT
 *
 * What the kinds of orders share: scales, and the last step to D.
 */
#ifndef ULPLAB_EMU_GEMM_RUN_H
#define ULPLAB_EMU_GEMM_RUN_H

#include "gemm.h"
#include "tile.h"

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

/* The feed as K needs it: heads that the instruction's k divides leave K in
 * its order. */
ulp_gemm_feed ulp_feed_of(const ulp_gemm *g, size_t k);
/* Whether two orders of the same types feed instructions of one record with
 * the same operands. */
bool ulp_same_feed(const ulp_gemm *g, const ulp_gemm *h, size_t k);

/* Rows of A that pass while a group of B is in the caches. */
enum { ULP_TILE_ROWS = 128 };

/* Operands of a CHAIN as its instructions see them: `rows` of A from first_row
 * on, by `cols` of B from first_col on.  Orders of the same feed may share
 * them: only g changes. */
typedef struct {
  const ulp_gemm *g;
  const ulp_gemm_data *x;
  ulp_packed a, b;
  size_t first_row, rows, first_col, cols;
  size_t fed; /* K, in elements fed */
  void *own_a, *own_b;
} ulp_panels;

/* p->g, x, and the rows or columns are set; load_b also sets `fed`.  What A is
 * packed to is kept from one load to the next, of no more rows. */
ulp_status ulp_panels_load_a(ulp_panels *p);
ulp_status ulp_panels_load_b(ulp_panels *p);
void ulp_panels_free_a(ulp_panels *p);
void ulp_panels_free_b(ulp_panels *p);
/* Rows row .. row+rows-1 of the panel, into D. */
void ulp_panels_multiply(const ulp_panels *p, size_t row, size_t rows);

/* Promotion, slices and reduction as asked, else as the row says; refused
 * where the order cannot have them.  g: all but these. */
ulp_status ulp_gemm_set_cuts(ulp_gemm *g, const ulp_gemm_options *options,
                             char *why, size_t why_size);

/* One instruction of integers, as ulp_mma_tile has it. */
ulp_status ulp_tile_integer(const ulp_mma *m, void *d, const void *a,
                            const void *b, const void *c, size_t rows,
                            size_t cols);

/* The orders without chains (gemm_integer.c, gemm_plain.c). */
ulp_status ulp_gemm_integer(const ulp_gemm *g, const ulp_gemm_data *x,
                            size_t first_row, size_t rows);
ulp_status ulp_gemm_fma(const ulp_gemm *g, const ulp_gemm_data *x,
                        size_t first_row, size_t rows);
ulp_status ulp_gemm_lanes(const ulp_gemm *g, const ulp_gemm_data *x,
                          size_t first_row, size_t rows);
ulp_status ulp_gemm_exact(const ulp_gemm *g, const ulp_gemm_data *x,
                          size_t first_row, size_t rows);

#endif
