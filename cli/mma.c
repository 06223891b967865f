/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * mma.c: `ulplab mma`, one matrix instruction on arrays of tiles.
 */
#include <stdlib.h>
#include <string.h>

#include "product.h"

typedef struct {
  const char *gpu, *instr, *out;
  cli_product product;
  ulp_mma mma;
} request;

static int parse(request *rq, int argc, char **argv)
{
  const cli_option options[] = {
      {"gpu", "GPU", "h200, a100, sm_90, ...: see 'ulplab gpus'",
       cli_read_text, &rq->gpu},
      {"instr", "INSTR",
       "PTX's name, short (mma.m16n8k16.f32.f16.f16.f32: D, A, B, C; "
       "wgmma.m64n8k32.f32.e4m3.e4m3) or whole",
       cli_read_text, &rq->instr},
      CLI_PRODUCT_INPUTS(rq->product),
      CLI_PRODUCT_META(rq->product),
      CLI_PRODUCT_SCALES(rq->product),
      {"out", "D.npy", "where D goes, [..., M, N]", cli_read_text, &rq->out},
      CLI_PRODUCT_WORK(rq->product),
      {0}};
  const cli_command command = {
      .name = "mma",
      .synopsis = "--gpu GPU --instr INSTR --a A.npy --b B.npy [--c C.npy] "
                  "[--meta I.npy] [--scale-a SA.npy --scale-b SB.npy] "
                  "--out D.npy [OPTION]...",
      .summary =
          "What a GPU's matrix instruction computes, bit for bit. M and N are "
          "multiples of the instruction's m and n, K is its k; leading "
          "dimensions are a batch. Arrays hold codes as stored: |u1 of fp8, "
          "<u2 (or <f2) of 16 bits, <f4 of f32 and tf32, |i1, <i4, <f8.",
      .options = options};
  int operands;
  return cli_parse(&command, argc, argv, &operands);
}

static ulp_status check_shape(const request *rq, ulp_error *e)
{
  const cli_product *p = &rq->product;
  const ulp_mma *m = &rq->mma;
  if (p->k != m->k)
    return ulp_error_set(e, ULP_EFORMAT,
                         "%s: K%s = %lld, expected the instruction's k%s, %d",
                         p->a.path, p->sparse ? "/2" : "", (long long)p->k,
                         p->sparse ? "/2" : "", m->k);
  if (p->m % m->m)
    return ulp_error_set(e, ULP_EFORMAT,
                         "%s: M = %lld, expected a multiple of the "
                         "instruction's m, %d",
                         p->a.path, (long long)p->m, m->m);
  if (p->n % m->n)
    return ulp_error_set(e, ULP_EFORMAT,
                         "%s: N = %lld, expected a multiple of the "
                         "instruction's n, %d",
                         p->b.path, (long long)p->n, m->n);
  return ULP_OK;
}

/* D of a part of the rows: all at once, or one by one where each meets other
 * elements of B, which are picked into `b`. */
static ulp_status multiply_rows(const request *rq, char *d, size_t first,
                                size_t rows, void *b)
{
  const cli_product *p = &rq->product;
  const ulp_mma *m = &rq->mma;
  size_t n = (size_t)p->n, k = (size_t)p->k, step = p->sparse ? 1 : rows;
  ulp_status status = ULP_OK;
  for (size_t i = first; status == ULP_OK && i < first + rows; i += step) {
    if (p->sparse) cli_sparse_pick(p, i, b);
    status = ulp_mma_tile_scaled(
        m, d + i * n * m->d.storage_bytes,
        (char *)p->a.codes + i * k * m->a.storage_bytes,
        p->sparse ? b : p->b.codes,
        (char *)p->c.codes + i * n * m->c.storage_bytes,
        cli_block_scales(&p->scale_a, i), cli_block_scales(&p->scale_b, 0),
        step, n);
  }
  return status;
}

/* Rows of one batch, in parts that threads share. */
static ulp_status multiply(const request *rq, void *d)
{
  const cli_product *p = &rq->product;
  enum { PART = 64 };
  int64_t parts = (p->m + PART - 1) / PART;
  ulp_status status = ULP_OK;
#pragma omp parallel for num_threads(p->threads) schedule(dynamic)
  for (int64_t part = 0; part < parts; part++) {
    size_t first = (size_t)part * PART, left = (size_t)p->m - first;
    void *b = malloc((size_t)(p->n * p->k) * p->b.format.storage_bytes + 8);
    ulp_status s = b ? multiply_rows(rq, d, first, left < PART ? left : PART, b)
                     : ULP_ENOMEM;
    free(b);
    if (s != ULP_OK) {
#pragma omp critical
      status = s;
    }
  }
  return status;
}

static ulp_status work(request *rq, ulp_output *out, ulp_error *e)
{
  cli_product *p = &rq->product;
  size_t size = (size_t)(p->m * p->n);
  void *d = malloc(size * rq->mma.d.storage_bytes + 8);
  if (!p->c.path) /* +0, in every format */
    p->c.codes = calloc(size + 1, rq->mma.c.storage_bytes);
  ulp_status status =
      d && p->c.codes
          ? ULP_OK
          : ulp_error_set(e, ULP_ENOMEM, "%s", ulp_strerror(ULP_ENOMEM));
  if (status == ULP_OK) cli_product_header(p, out, &rq->mma.d);
  for (int64_t i = 0; status == ULP_OK && i < p->batches; i++) {
    status = cli_product_load(p, i, e);
    if (status == ULP_OK && multiply(rq, d) != ULP_OK)
      status = ulp_error_set(e, ULP_ENOMEM, "%s", ulp_strerror(ULP_ENOMEM));
    if (status == ULP_OK)
      ulp_output_write(out, d, size * rq->mma.d.storage_bytes);
  }
  free(d);
  return status;
}

static ulp_status mma(request *rq, ulp_error *e)
{
  cli_product *p = &rq->product;
  ulp_output *out;
  ulp_status status =
      cli_find_instruction(p, rq->gpu, rq->instr, &rq->mma, e);
  if (status == ULP_OK) status = cli_need(rq->out, "--out D.npy", e);
  if (status == ULP_OK) status = cli_product_open(p, e);
  if (status == ULP_OK) status = check_shape(rq, e);
  if (status == ULP_OK) status = cli_product_prepare(p, e);
  if (status == ULP_OK)
    status = cli_evidence("mma", rq->instr, rq->mma.record->evidence,
                          rq->mma.record->source, p->strict, e);
  if (status == ULP_OK) status = ulp_output_open(&out, rq->out, e);
  if (status != ULP_OK) return status;
  status = work(rq, out, e);
  if (status == ULP_OK) return ulp_output_commit(out, e);
  ulp_output_discard(out);
  return status;
}

int cli_mma(int argc, char **argv)
{
  request rq = {.product.threads = cli_default_threads()};
  int status = parse(&rq, argc, argv);
  if (status >= 0) return status;
  ulp_error e;
  ulp_status done = mma(&rq, &e);
  cli_product_close(&rq.product);
  return done == ULP_OK ? CLI_DONE : cli_fail("mma", &e);
}
