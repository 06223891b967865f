/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A captured matrix product (gemm_record.py) with its inputs made again
 * (recipes.h).
 */
#ifndef ULPLAB_GPU_GEMM_CASE_H
#define ULPLAB_GPU_GEMM_CASE_H

#include "gemm.h"
#include "tensor.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef struct {
  long number;
  char op[16], family[16], scale[24], kernel[160], error[120];
  char gpu[64]; /* of a session, which is the case before all others */
  char type[3][8];       /* of A, B, D */
  size_t m, n, k;
  uint64_t seed, digest; /* digest: of all outputs */
  bool fast, biased, echo;
  long block_k, imprecise; /* Triton's; 0, -1: not given */
  long slices;             /* that the library's log says; 0: none */
  size_t outputs;          /* held in `out`; 0: the library refused */
  bool sampled;            /* they are not all m * n, in order */
  unsigned char *out;
  size_t out_bytes;        /* of one */
  int threads;             /* to compute with; the reader: all there are */
} gemm_case;

/* The name that the formats' table has for a type of the capture; for s32,
 * which it has not, that of another of 4 bytes. */
const char *gemm_format_name(const char *type);

/* The next case of a stream: 1, 0 at its end, -1 with one line in *e. */
int gemm_case_read(FILE *f, gemm_case *c, ulp_error *e);
void gemm_case_free(gemm_case *c);
/* Where in D output j is, and what it was. */
size_t gemm_case_position(const gemm_case *c, size_t j);
uint64_t gemm_case_output(const gemm_case *c, size_t j);

/* A, B, scales and bias, ready to run; d is room for D. */
typedef struct {
  ulp_gemm_data x;
  ulp_format fa, fb, fd;
  void *a, *b, *c, *d;
  float *scale_a, *scale_b;
} gemm_inputs;

/* Only the rows that the first `most` captured outputs need have values, unless
 * that is all of them. */
bool gemm_inputs_make(const gemm_case *c, size_t most, gemm_inputs *in);
void gemm_inputs_free(gemm_inputs *in);

#endif
