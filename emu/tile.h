/* SPDX-License-Identifier: MIT
 *
 * Operands decoded once, and a chain of instructions over them: what
 * ulp_mma_tile and whole GEMMs share.  kernel.h has the arithmetic.
 *
 * Chunks with a NaN or an Inf are marked odd and go to the reference,
 * ulp_mma_dot.
 */
#ifndef ULPLAB_EMU_TILE_H
#define ULPLAB_EMU_TILE_H

#include "kernel.h"

enum { ULP_MAX_K = 256 };

typedef struct {
  const ulp_mma *m;
  ulp_kernel_plan plan;
  const ulp_format *stored, *as; /* formats of the array's codes, of values */
  const void *array;        /* rows x k stored elements, row after row */
  size_t rows, k;
  size_t chunks;  /* instructions in a row: ceil(k / m->k); zeros fill the
                     last */
  size_t lanes;   /* rows in a group: ULP_ROWS of A, ULP_LANES of B; rows of
                     zeros fill the last */
  void *value;    /* [group][k in block order][lane]: floats; of A, where the
                     plan is wide, doubles */
  void *vote;     /* the same: of B uint8_t or int16_t; of A uint32_t, which
                     hold the vote four times or twice */
  uint32_t *sign; /* [group][block][ULP_SIGNS of it][lane] */
  uint64_t *odd;  /* [group][chunk]: which lanes */
  bool *any_odd;  /* [group] */
  float *table;   /* of every code, or NULL */
} ulp_packed;

/* Whether kernels hold the instruction's products; if not, a chain goes to the
 * reference throughout. */
bool ulp_packable(const ulp_mma *m);
ulp_kernel_plan ulp_kernel_plan_of(const ulp_mma *m);

/* Packs rows of A or of B; `array` must outlive p. */
ULP_MUST_CHECK ulp_status ulp_pack_operand(ulp_packed *p, const ulp_mma *m,
                                           bool is_b, const void *array,
                                           size_t rows, size_t k);
/* Other rows, no more than p was made for, in the same place. */
void ulp_pack_again(ulp_packed *p, const void *array, size_t rows);
void ulp_packed_free(ulp_packed *p);

/* Instructions first .. last-1 for a group of A and one of B: acc enters as
 * the values of C and leaves as those of D; none is -0, and NaN is canonical
 * outside. */
void ulp_chain_rows(const ulp_packed *a, size_t rows, const ulp_packed *b,
                    size_t group, size_t first, size_t last,
                    float acc[ULP_ROWS][ULP_LANES]);

/* The same for one row of A. */
void ulp_chain(const ulp_packed *a, size_t row, const ulp_packed *b,
               size_t group, size_t first, size_t last,
               double acc[ULP_LANES]);

/* The code of a chain's result in format d. */
uint64_t ulp_result_code(const ulp_format *d, double value);

#endif
