/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bench_sweeps.c: products against themselves: on other data, on other
 * machines' instructions; and against sgemm as they grow.
 */
#include "bench_gemm.h"

#include <stdlib.h>

static const bench_gemm_spec fp8_128 = {"cublaslt-fp8", "e4m3", false, false},
                             fp8_never = {"cublaslt-fp8", "e4m3", true, false},
                             fp8_mma = {"triton-fp8-mma", "e4m3", false, false},
                             bf16 = {"cublaslt-bf16", "bf16", false, false},
                             f16 = {"cublaslt-f16", "f16", false, false},
                             tf32 = {"cublaslt-tf32", "f32", false, false},
                             int8 = {"cublaslt-s8", "int8", false, false};

/* ---- data --------------------------------------------------------------- */

static ulp_status on_data(bench *b, const bench_entry *x, bench_data_kind kind,
                          ulp_error *e)
{
  bench_gemm_work ours = {0}, normal = {0};
  ulp_status s = bench_gemm_make(&ours, b, x->spec, kind, b->m, b->n, b->k, e);
  if (s == ULP_OK)
    s = bench_gemm_make(&normal, b, x->spec, BENCH_NORMAL, b->m, b->n, b->k, e);
  if (s == ULP_OK) {
    bench_case c = bench_gemm_case(b, x, &ours, kind);
    c.ceiling = (bench_side){"normal data", bench_gemm_pass, &normal,
                             bench_best_isa()};
    s = bench_measure(b, &c, e);
  }
  bench_gemm_free(&ours);
  bench_gemm_free(&normal);
  return s;
}

static ulp_status run_data(bench *b, const bench_entry *x, ulp_error *e)
{
  ulp_status s = ULP_OK;
  for (int i = BENCH_NORMAL + 1; s == ULP_OK && i < BENCH_DATA_KINDS; i++)
    s = on_data(b, x, (bench_data_kind)i, e);
  return s;
}

#define DATA(NAME, SPEC)                                                       \
  {NAME, "data", "MAC/s", "normal data, the same kernel",                      \
   "wide exponents, outlier columns, all positive", run_data, &SPEC}

const bench_entry bench_data_kinds[] = {
    DATA("data-fp8-128", fp8_128), DATA("data-fp8-never", fp8_never),
    DATA("data-fp8-mma", fp8_mma), DATA("data-bf16", bf16),
    DATA("data-f16", f16),         DATA("data-tf32", tf32),
    {0}};

/* ---- instructions ------------------------------------------------------- */

static ulp_status on_isa(bench *b, const bench_entry *x, bench_gemm_work *ours,
                         bench_gemm_work *best, ulp_isa isa, ulp_error *e)
{
  bench_case c = bench_gemm_case(b, x, ours, BENCH_NORMAL);
  c.ours.isa = isa;
  c.ceiling = (bench_side){ulp_isa_name(bench_best_isa()), bench_gemm_pass,
                           best, bench_best_isa()};
  return bench_measure(b, &c, e);
}

static ulp_status run_isa(bench *b, const bench_entry *x, ulp_error *e)
{
  bench_gemm_work ours = {0}, best = {0};
  ulp_status s = bench_gemm_make(&ours, b, x->spec, BENCH_NORMAL, b->m, b->n,
                                 b->k, e);
  if (s == ULP_OK)
    s = bench_gemm_make(&best, b, x->spec, BENCH_NORMAL, b->m, b->n, b->k, e);
  for (size_t i = 0; s == ULP_OK && i < bench_best_isa(); i++)
    if (ulp_isa_has((ulp_isa)i)) s = on_isa(b, x, &ours, &best, (ulp_isa)i, e);
  bench_gemm_free(&ours);
  bench_gemm_free(&best);
  return s;
}

#define ISA(NAME, SPEC)                                                        \
  {NAME, "isa", "MAC/s", "the best instructions here, the same kernel",        \
   "each other set of instructions", run_isa, &SPEC}

const bench_entry bench_isas[] = {
    ISA("isa-fp8-128", fp8_128), ISA("isa-fp8-never", fp8_never),
    ISA("isa-fp8-mma", fp8_mma), ISA("isa-bf16", bf16),
    ISA("isa-tf32", tf32),       ISA("isa-int8", int8),
    {0}};

/* ---- growth ------------------------------------------------------------- */

static ulp_status run_size(bench *b, const bench_entry *x, ulp_error *e)
{
  ulp_status s = ULP_OK;
  for (size_t n = 64; s == ULP_OK && n <= (b->quick ? 256 : 8192); n *= 2)
    s = bench_gemm_against_sgemm(b, x, x->spec, n, n, n < 128 ? 128 : n,
                                 b->threads, e);
  return s;
}

static ulp_status run_k(bench *b, const bench_entry *x, ulp_error *e)
{
  size_t side = b->quick ? 64 : 512;
  ulp_status s = ULP_OK;
  for (size_t k = 128; s == ULP_OK && k <= (b->quick ? 512 : 32768); k *= 4)
    s = bench_gemm_against_sgemm(b, x, x->spec, side, side, k, b->threads, e);
  return s;
}

static ulp_status run_threads(bench *b, const bench_entry *x, ulp_error *e)
{
  ulp_status s = ULP_OK;
  for (int t = 1; s == ULP_OK && t <= b->threads; t++)
    s = bench_gemm_against_sgemm(b, x, x->spec, b->m, b->n, b->k, t, e);
  return s;
}

#define GROWTH(NAME, WHAT, RUN)                                                \
  {NAME, "growth", "MAC/s", "sgemm of the same shape", WHAT, RUN, &fp8_128}

const bench_entry bench_growths[] = {
    GROWTH("growth-size", "fp8-128, 64 to 8192 square (64 with K = 128)",
           run_size),
    GROWTH("growth-k", "fp8-128, 512x512 with K from 128 to 32768", run_k),
    GROWTH("growth-threads", "fp8-128 on 1 to N threads", run_threads),
    {0}};
