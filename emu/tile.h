/* SPDX-License-Identifier: MIT
 *
 * Operands decoded once, and a chain of instructions over them: what
 * ulp_mma_tile and whole GEMMs share.
 *
 * The trick.  A product of two operands of at most 12 significant bits is
 * exact in a float.  Multiplied by 2^(F-E) it is the term in units of
 * 2^(E-F), and converting that to int32 cuts it toward zero, as the hardware
 * does.  Each block of an operand is stored divided by 2^base, base being its
 * greatest exponent, so that nothing leaves a float's range; chunks where
 * that is not enough, and those with a NaN or an Inf, are marked odd and go
 * to the reference, ulp_mma_dot.
 */
#ifndef ULPLAB_EMU_TILE_H
#define ULPLAB_EMU_TILE_H

#include "emu.h"

/* Rows of B that are worked on side by side. */
enum { ULP_LANES = 8, ULP_MAX_K = 256 };

typedef struct {
  const ulp_mma *m;
  const ulp_format *stored; /* format of the array's codes */
  const void *array;        /* rows x k stored elements, row after row */
  size_t rows, k;
  size_t chunks;   /* instructions in a row: ceil(k / m->k); zeros fill the
                      last */
  size_t lanes;    /* rows in a group: 1 for A, ULP_LANES for B */
  float *value;    /* [group][k in block order][lane], over 2^base */
  int16_t *vote;   /* the same; exponents as dot.c's votes */
  int16_t *base;   /* [group][block][lane] */
  bool *odd;       /* [group][chunk][lane] */
  bool *any_odd;   /* [group][chunk] */
} ulp_packed;

/* Whether floats hold the instruction's products; if not, a chain goes to the
 * reference throughout. */
bool ulp_packable(const ulp_mma *m);

/* Packs rows of A (lanes 1) or of B (ULP_LANES); `array` must outlive p. */
ULP_MUST_CHECK ulp_status ulp_pack_operand(ulp_packed *p, const ulp_mma *m,
                                           bool is_b, const void *array,
                                           size_t rows, size_t k);
void ulp_packed_free(ulp_packed *p);

/* Instructions first .. last-1 for one row of A and a group of B: acc enters
 * as the values of C and leaves as those of D; NaN is canonical outside. */
void ulp_chain(const ulp_packed *a, size_t row, const ulp_packed *b,
               size_t group, size_t first, size_t last,
               double acc[ULP_LANES]);

/* The code of a chain's result in format d. */
uint64_t ulp_result_code(const ulp_format *d, double value);

#endif
