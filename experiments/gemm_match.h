/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Runs an order on a captured case and counts the outputs that differ.
 */
#ifndef ULPLAB_GPU_GEMM_MATCH_H
#define ULPLAB_GPU_GEMM_MATCH_H

#include "gemm_case.h"

typedef struct {
  char name[40];
  bool fast;
  int promote;  /* -1: the row's */
  int slices;   /* 0: the row's */
  int reduce;   /* -1: the row's */
} gemm_setting;

typedef enum { DIGEST_SAME, DIGEST_DIFFERS, DIGEST_NOT_COMPUTED } gemm_digest;

typedef struct {
  size_t compared, wrong;
  size_t first;        /* position of a wrong output, and its bits */
  uint64_t given, computed;
  gemm_digest digest;
  const ulp_mma_record *record; /* of the order's instruction; NULL: none */
  ulp_evidence evidence;        /* of the order */
} gemm_result;

/* Compares the first `most` outputs captured; with `whole` D is computed
 * whole, so that its digest is compared too.  False: the order does not take
 * the case, or memory ran out; `why` says which. */
bool gemm_match(const gemm_case *c, const gemm_inputs *in,
                const gemm_setting *s, size_t most, bool whole,
                gemm_result *r, char *why, size_t why_size);

#endif
