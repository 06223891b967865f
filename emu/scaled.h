/* SPDX-License-Identifier: MIT
 *
 * Products by instructions with scales of blocks: what their two kinds share.
 */
#ifndef ULPLAB_EMU_SCALED_H
#define ULPLAB_EMU_SCALED_H

#include "emu.h"

/* D of instructions over all k; zeros, with scales of 1, fill the last. */
typedef struct {
  const ulp_mma *m;
  size_t rows, cols, k;
  const uint8_t *a, *b;   /* codes, [rows, k] and [cols, k] */
  const uint8_t *sa, *sb; /* [rows, blocks] and [cols, blocks] */
  const void *c;          /* [rows, cols] of f32, or NULL: +0 */
  void *d;                /* may be c; NaN has all bits set but the sign */
} ulp_scaled_product;

/* Whether ulp_scaled_product_run has the instruction. */
bool ulp_is_scaled(const ulp_mma *m);
/* On one thread, by the kernels of ulp_isa_now(). */
ULP_MUST_CHECK ulp_status ulp_scaled_product_run(const ulp_scaled_product *x);

/* One instruction's part of a row of A or of B. */
enum { ULP_SCALED_K = 64, ULP_SCALED_SCALES = 4 };
typedef struct {
  uint8_t code[ULP_SCALED_K], scale[ULP_SCALED_SCALES];
} ulp_scaled_part;
void ulp_scaled_load(const ulp_scaled_product *x, bool is_b, size_t row,
                     size_t chunk, ulp_scaled_part *p);
/* Instruction `chunk` of an output by ulp_mma_dot_scaled. */
double ulp_scaled_reference(const ulp_scaled_product *x, size_t row,
                            size_t col, size_t chunk, double c);
/* C of an output, -0 being +0; and D of it. */
float ulp_scaled_c(const ulp_scaled_product *x, size_t row, size_t col);
void ulp_scaled_store(const ulp_scaled_product *x, size_t row, size_t col,
                      double d);

/* Exact sums of groups of FP4 products (scaled_groups.h). */
bool ulp_is_grouped(const ulp_mma *m);
ULP_MUST_CHECK ulp_status ulp_groups_run(const ulp_scaled_product *x);
/* Scales that are powers of two, one an instruction (scaled_chains.c). */
bool ulp_is_scaled_chain(const ulp_mma *m);
ULP_MUST_CHECK ulp_status ulp_scaled_chains_run(const ulp_scaled_product *x);

#endif
