/* SPDX-License-Identifier: MIT
 *
 * ulplab/identify.h: which order of computation made given bits?
 *
 * The candidates are the orders of emu/orders.c that take the types and the
 * GPU, with 1 to 160 slices, other promotions and every reduction.  They are
 * compared with samples of the outputs, which is cheap at any size: each with
 * 8 of one row; those without a mismatch with 8 rows by 16 columns, row by row
 * until one refutes them; and, if more than 4 are left, in the same way with
 * 32 rows by 64 columns.  Where none is left, the nearest so far (64, and any
 * that tie) are compared with all of the sample.  ulp_identify_count then
 * compares all outputs of those that are left.
 */
#ifndef ULPLAB_IDENTIFY_H
#define ULPLAB_IDENTIFY_H

#include "gemm.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { ULP_MAX_MISSES = 3, ULP_MAX_CANDIDATES = 2048 };

/* An output that tells a candidate from the truth. */
typedef struct {
  size_t batch; /* the caller's, of several D; else 0 */
  size_t row, col;
  uint64_t given, computed; /* codes of D */
} ulp_miss;

typedef struct {
  ulp_gemm gemm;
  bool fast;             /* found with fast accumulation */
  uint64_t orders;       /* bit i: row i of the orders, so set up, computes the
                            same for these data */
  size_t compared, mismatches;
  size_t misses;         /* entries of miss */
  ulp_miss miss[ULP_MAX_MISSES];
} ulp_candidate;

/* Fills list[0 .. *count-1], at most ULP_MAX_CANDIDATES of them: first those
 * compared with all of the last sample, fewest mismatches first, then the
 * others by their share of mismatches; of equals the rows' own settings before
 * others.  Those without a mismatch are the exact ones, and lead.
 * x->d holds the bits to explain and is not written.  options: types of A, B
 * and D (all must be given).  On failure `why` says why. */
ULP_MUST_CHECK ulp_status ulp_identify(const char *gpu,
                                       const ulp_gemm_options *options,
                                       const ulp_gemm_data *x,
                                       ulp_candidate *list, size_t *count,
                                       char *why, size_t why_size);

/* How many outputs of rows first_row .. first_row+rows-1 the candidate gets
 * wrong, and, if there are any, the first of them. */
ULP_MUST_CHECK ulp_status ulp_identify_count(const ulp_candidate *c,
                                             const ulp_gemm_data *x,
                                             size_t first_row, size_t rows,
                                             size_t *mismatches,
                                             ulp_miss *first);

/* How many of the first candidates deserve a comparison with all of D: those
 * that the sample does not refute, else the nearest five; at most `most`. */
size_t ulp_candidate_finalists(const ulp_candidate *list, size_t count,
                               size_t most);
/* Fewest mismatches first; equals keep their order. */
void ulp_candidate_rank(ulp_candidate *list, size_t count);
/* The names of all orders that compute the same, separated by blanks; cut
 * short if they do not fit. */
void ulp_candidate_kernels(const ulp_candidate *c, char *out, size_t size);

/* Inputs that tell candidates apart: fills a and b, of the shapes and types of
 * x, so that in a sample of D as many of the candidates differ as a few kinds
 * of inputs can show (products that cancel, for the most part).  class_of[i]:
 * those of one number, from 0 to *classes-1, give the same sample.  C and
 * scales are x's. */
ULP_MUST_CHECK ulp_status ulp_tell_apart(const ulp_candidate *list,
                                         size_t count, const ulp_gemm_data *x,
                                         uint64_t seed, void *a, void *b,
                                         size_t *class_of, size_t *classes);

#ifdef __cplusplus
}
#endif
#endif
