/* SPDX-License-Identifier: MIT
 *
 * Instructions with scales of blocks that sum groups of FP4 products exactly
 * (records.c, GROUPS), many outputs at once.
 *
 * The arithmetic.  FP4's values are halves of integers up to 12, a group of 16
 * products an integer below 2^12, and times two scales of at most 4 significand
 * bits one below 2^20: a double holds all these.  Let M be the greatest of the
 * exponents with which groups and C vote, F the record's align, at most 35.
 * Terms are cut to multiples of 2^(M-F).  If these divide C's last bit, 2^-23
 * of what it votes with, and every group's, 2^-8 of that, then nothing is cut,
 * and the sum, below 2^(M+14), is exact in a double.  low and high are what C
 * has to be between, or 0, for that; those of a row and of a column multiply.
 * What lies outside, and scales that are strange, goes to a plain loop.
 */
#ifndef ULPLAB_EMU_SCALED_GROUPS_H
#define ULPLAB_EMU_SCALED_GROUPS_H

#include <stdint.h>

#include "emu.h"

enum {
  ULP_GROUP_K = 64,  /* of an instruction */
  ULP_GROUPS = 4,    /* in it */
  ULP_GROUP = 16,    /* products of a group */
  ULP_GROUP_LANES = 16 /* columns side by side */
};

/* One instruction's operands of a row of A; of 16 rows of B, the columns.
 * Values are twice FP4's; A's bytes have 12 added, which `init` takes back. */
typedef struct {
  uint8_t value[ULP_GROUP_K];
  double factor[ULP_GROUPS]; /* its scale, over 4 */
  double low, high;
} ulp_group_row;

typedef struct {
  union {
    int8_t byte[ULP_GROUP_K * ULP_GROUP_LANES]; /* [k / per][lane][per] */
    int16_t word[ULP_GROUP_K * ULP_GROUP_LANES]; /* [k][lane] */
  } value;
  int32_t init[ULP_GROUPS][ULP_GROUP_LANES]; /* -12 times the group's sum */
  double factor[ULP_GROUPS][ULP_GROUP_LANES];
  double low[ULP_GROUP_LANES], high[ULP_GROUP_LANES];
} ulp_group_columns;

/* What a kernel does not do: lanes of `mask` of instruction `chunk`; from: C of
 * all lanes; c: D on return. */
typedef void ulp_group_rest(void *data, size_t chunk, unsigned mask,
                            const double from[ULP_GROUP_LANES],
                            double c[ULP_GROUP_LANES]);

/* Instructions 0 .. chunks-1 in turn, c being C and then D. */
typedef void ulp_group_tile(const ulp_group_row *a, const ulp_group_columns *b,
                            size_t chunks, double c[ULP_GROUP_LANES],
                            ulp_group_rest *rest, void *data);

typedef struct {
  ulp_group_tile *tile;
  int per; /* bytes that follow each other in k: 4, 2; 0: words */
} ulp_group_kernel;

ulp_group_tile ulp_group_tile_portable, ulp_group_tile_avx2,
    ulp_group_tile_avx512;

ulp_group_kernel ulp_group_kernel_now(void);

/* What codes of FP4 and of scales stand for. */
typedef struct {
  int8_t value[256];  /* twice an FP4's */
  double factor[256]; /* a scale's, its sign not looked at */
  int16_t vote[256];  /* the exponent that it votes with */
  bool strange[256];  /* a NaN, or far from 1 */
  double low, high;   /* of C's bounds, what depends on F */
  int spread;         /* how far a side's votes may be apart */
} ulp_group_tables;

/* One instruction's part of a row. */
typedef struct {
  const uint8_t *code, *scale;
  size_t per_scale; /* groups that share a scale */
} ulp_group_chunk;

void ulp_group_tables_make(ulp_group_tables *t, const ulp_mma *m);
void ulp_group_pack_row(ulp_group_row *r, const ulp_group_tables *t,
                        const ulp_group_chunk *x);
void ulp_group_pack_column(ulp_group_columns *c, size_t lane,
                           const ulp_group_tables *t,
                           const ulp_group_kernel *v,
                           const ulp_group_chunk *x);

#endif
