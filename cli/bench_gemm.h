/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bench_gemm.h: a product in a kernel's order, and sgemm's of the same shape.
 */
#ifndef ULPLAB_CLI_BENCH_GEMM_H
#define ULPLAB_CLI_BENCH_GEMM_H

#include "bench.h"

typedef struct {
  const char *kernel, *type;
  bool fast;   /* fast accumulation: never promoted */
  bool blocks; /* scales of 1x128 by 128x128 */
} bench_gemm_spec;

typedef struct {
  ulp_gemm gemm;
  ulp_gemm_data x;
  void *a, *b, *d;
  float *scale_a, *scale_b;
  char shape[64]; /* "%zux1024x4096" */
  uint64_t *seed; /* of outputs to check */
} bench_gemm_work;

typedef struct {
  size_t n, k;
  float *a, *b, *d;
} bench_sgemm_work;

ulp_status bench_gemm_make(bench_gemm_work *w, bench *b,
                           const bench_gemm_spec *spec, bench_data_kind kind,
                           size_t m, size_t n, size_t k, ulp_error *e);
void bench_gemm_free(bench_gemm_work *w);
bench_pass bench_gemm_pass;
bench_check bench_gemm_check;

ulp_status bench_sgemm_make(bench_sgemm_work *w, const bench *b, size_t m,
                            size_t n, size_t k, ulp_error *e);
void bench_sgemm_free(bench_sgemm_work *w);
bench_pass bench_sgemm_pass;

/* A case of w's product, without a ceiling. */
bench_case bench_gemm_case(const bench *b, const bench_entry *x,
                           bench_gemm_work *w, bench_data_kind kind);
/* Normal data against sgemm on so many threads. */
ulp_status bench_gemm_against_sgemm(bench *b, const bench_entry *x,
                                    const bench_gemm_spec *spec, size_t m,
                                    size_t n, size_t k, int threads,
                                    ulp_error *e);
#endif
