/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bench_gemm.c: multiply-adds a second of whole products, one bench for an
 * order and its types, against sgemm.
 */
#include "bench_gemm.h"

#include <stdlib.h>
#include <string.h>

#include "products.h"

enum { CHECKED = 32 };

/* ---- ours --------------------------------------------------------------- */

static ulp_status make_scales(bench_gemm_work *w, const bench *b,
                              ulp_error *e)
{
  size_t blocks = (w->x.k + ULP_SCALES_BLOCK - 1) / ULP_SCALES_BLOCK;
  size_t rows = (w->x.n + ULP_SCALES_BLOCK - 1) / ULP_SCALES_BLOCK;
  ulp_status s = bench_floats(b, &w->scale_a, w->x.m * blocks, 3, e);
  if (s == ULP_OK) s = bench_floats(b, &w->scale_b, rows * blocks, 4, e);
  w->x.kind_a = ULP_SCALES_1X128;
  w->x.kind_b = ULP_SCALES_128X128;
  w->x.scale_a = w->scale_a;
  w->x.scale_b = w->scale_b;
  return s;
}

ulp_status bench_gemm_make(bench_gemm_work *w, bench *b,
                           const bench_gemm_spec *spec, bench_data_kind kind,
                           size_t m, size_t n, size_t k, ulp_error *e)
{
  char why[300];
  const ulp_gemm_options options = {.type_a = spec->type,
                                    .type_b = spec->type,
                                    .fast = spec->fast,
                                    .promote = -1};
  *w = (bench_gemm_work){.x = {.m = m, .n = n, .k = k}, .seed = &b->seed};
  ulp_status s =
      ulp_gemm_find("h200", spec->kernel, &options, &w->gemm, why, sizeof why);
  if (s != ULP_OK) return ulp_error_set(e, s, "%s", why);
  snprintf(w->shape, sizeof w->shape, "%%zux%zux%zu", n, k);
  s = bench_codes(b, &w->a, &w->gemm.a, m, k, kind, 1, e);
  if (s == ULP_OK) s = bench_codes(b, &w->b, &w->gemm.b, n, k, kind, 2, e);
  if (s == ULP_OK && spec->blocks) s = make_scales(w, b, e);
  size_t bytes = m * n * w->gemm.out.storage_bytes;
  if (s == ULP_OK && !(w->d = malloc(bytes + 64))) s = cli_no_memory(e);
  if (s == ULP_OK) memset(w->d, 0xa5, bytes);
  w->x.a = w->a;
  w->x.b = w->b;
  w->x.d = w->d;
  return s;
}

void bench_gemm_free(bench_gemm_work *w)
{
  free(w->a);
  free(w->b);
  free(w->d);
  free(w->scale_a);
  free(w->scale_b);
}

ulp_status bench_gemm_pass(void *data, size_t size, int threads)
{
  const bench_gemm_work *w = data;
  ulp_gemm_data x = w->x;
  x.m = size;
  return ulp_product_run(&w->gemm, &x, threads);
}

ulp_status bench_gemm_check(void *data, size_t size, ulp_error *e)
{
  const bench_gemm_work *w = data;
  for (int c = 0; c < CHECKED; c++) {
    size_t i = bench_chance(w->seed, size), j = bench_chance(w->seed, w->x.n);
    uint64_t ours = ulp_load_code(&w->gemm.out, w->d, i * w->x.n + j), want;
    ulp_status s = bench_gemm_output(&w->gemm, &w->x, i, j, &want);
    if (s != ULP_OK)
      return ulp_error_set(e, s, "%s: %s", w->gemm.order->name,
                           ulp_strerror(s));
    if (ours != want)
      return bench_differs(e, w->gemm.order->name, i, j, ours, want);
  }
  return ULP_OK;
}

/* ---- the ceiling -------------------------------------------------------- */

ulp_status bench_sgemm_make(bench_sgemm_work *w, const bench *b, size_t m,
                            size_t n, size_t k, ulp_error *e)
{
  *w = (bench_sgemm_work){.n = n, .k = k};
  if (!bench_blas_name()) return ULP_OK;
  ulp_status s = bench_floats(b, &w->a, m * k, 5, e);
  if (s == ULP_OK) s = bench_floats(b, &w->b, n * k, 6, e);
  if (s == ULP_OK && !(w->d = malloc(m * n * sizeof *w->d + 64)))
    s = cli_no_memory(e);
  return s;
}

void bench_sgemm_free(bench_sgemm_work *w)
{
  free(w->a);
  free(w->b);
  free(w->d);
}

ulp_status bench_sgemm_pass(void *data, size_t size, int threads)
{
  const bench_sgemm_work *w = data;
  bench_sgemm(w->d, w->a, w->b, size, w->n, w->k, threads);
  return ULP_OK;
}

/* ---- cases -------------------------------------------------------------- */

bench_case bench_gemm_case(const bench *b, const bench_entry *x,
                           bench_gemm_work *w, bench_data_kind kind)
{
  const ulp_gemm *g = &w->gemm;
  double n = (double)w->x.n, k = (double)w->x.k;
  return (bench_case){.entry = x,
                      .data = bench_data_name(kind),
                      .shape = w->shape,
                      .size = w->x.m,
                      .grain = 16 * (size_t)b->threads,
                      .units = n * k,
                      .bytes = k * g->a.storage_bytes +
                               n * g->out.storage_bytes,
                      .bytes_held = n * k * g->b.storage_bytes,
                      .threads = b->threads,
                      .ours = {NULL, bench_gemm_pass, w, bench_best_isa()},
                      .check = bench_gemm_check};
}

ulp_status bench_gemm_against_sgemm(bench *b, const bench_entry *x,
                                    const bench_gemm_spec *spec, size_t m,
                                    size_t n, size_t k, int threads,
                                    ulp_error *e)
{
  bench_gemm_work ours;
  bench_sgemm_work theirs = {0};
  ulp_status s = bench_gemm_make(&ours, b, spec, BENCH_NORMAL, m, n, k, e);
  if (s == ULP_OK) s = bench_sgemm_make(&theirs, b, m, n, k, e);
  if (s == ULP_OK) {
    bench_case c = bench_gemm_case(b, x, &ours, BENCH_NORMAL);
    c.threads = threads;
    c.ceiling = (bench_side){bench_blas_name(), bench_sgemm_pass, &theirs,
                             bench_best_isa()};
    s = bench_measure(b, &c, e);
  }
  bench_gemm_free(&ours);
  bench_sgemm_free(&theirs);
  return s;
}

static ulp_status run(bench *b, const bench_entry *x, ulp_error *e)
{
  return bench_gemm_against_sgemm(b, x, x->spec, b->m, b->n, b->k, b->threads,
                                  e);
}

#define GEMM(NAME, KERNEL, TYPE, WHAT, ...)                                    \
  {NAME, "gemm", "MAC/s", "sgemm of the same shape", WHAT, run,                \
   &(const bench_gemm_spec){KERNEL, TYPE, __VA_ARGS__}}

const bench_entry bench_gemms[] = {
    GEMM("fp8-128", "cublaslt-fp8", "e4m3",
         "cublaslt-fp8, E4M3, promotion every 128", false, false),
    GEMM("fp8-never", "cublaslt-fp8", "e4m3",
         "cublaslt-fp8, E4M3, fast accumulation: promotion never", true, false),
    GEMM("fp8-chain", "wgmma-chain", "e4m3", "wgmma-chain, E4M3", false, false),
    GEMM("fp8-e5m2", "cublaslt-fp8", "e5m2",
         "cublaslt-fp8, E5M2, promotion every 128", false, false),
    GEMM("fp8-blocks", "deepgemm-1d2d", "e4m3",
         "deepgemm-1d2d, E4M3, scales of 1x128 by 128x128", false, true),
    GEMM("fp8-mma", "triton-fp8-mma", "e4m3",
         "triton-fp8-mma, E4M3, as mma.sync lowers it", false, false),
    GEMM("bf16", "cublaslt-bf16", "bf16", "cublaslt-bf16", false, false),
    GEMM("f16", "cublaslt-f16", "f16", "cublaslt-f16", false, false),
    GEMM("tf32", "cublaslt-tf32", "f32", "cublaslt-tf32", false, false),
    GEMM("int8", "cublaslt-s8", "int8", "cublaslt-s8", false, false),
    GEMM("fma-chain", "fma-chain", "f32", "fma-chain of f32", false, false),
    {0}};
