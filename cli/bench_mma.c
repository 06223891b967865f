/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bench_mma.c: multiply-adds a second of single instructions over a tile, and
 * of chains of those that take scales of blocks, against sgemm.
 */
#include <stdlib.h>
#include <string.h>

#include "bench_gemm.h"

enum { ROWS = 256, COLUMNS = 256, SCALED_K = 2048, CHECKED = 32 };

typedef struct {
  const char *gpu, *instr;
} mma_spec;

typedef struct {
  ulp_mma mma;
  size_t n, k;
  void *a, *b, *c, *d, *sa, *sb;
  char shape[64];
  const bench_entry *entry;
  uint64_t *seed;
  size_t part; /* columns of a thread in the last chain_pass */
} mma_work;

/* ---- operands ----------------------------------------------------------- */

static ulp_status make(mma_work *w, bench *b, const bench_entry *x, size_t m,
                       size_t n, size_t k, ulp_error *e)
{
  const mma_spec *spec = x->spec;
  char why[300];
  *w = (mma_work){.n = n, .entry = x, .seed = &b->seed};
  ulp_status s = ulp_mma_find(spec->gpu, spec->instr, &w->mma, why, sizeof why);
  if (s != ULP_OK) return ulp_error_set(e, s, "%s", why);
  w->k = k ? k : (size_t)w->mma.k;
  size_t scales = w->k / (size_t)w->mma.k * (size_t)w->mma.scales;
  snprintf(w->shape, sizeof w->shape, "%%zux%zux%zu", n, w->k);
  s = bench_codes(b, &w->a, &w->mma.a, m, w->k, BENCH_NORMAL, 1, e);
  if (s == ULP_OK)
    s = bench_codes(b, &w->b, &w->mma.b, n, w->k, BENCH_NORMAL, 2, e);
  if (s == ULP_OK)
    s = bench_codes(b, &w->c, &w->mma.c, m, n, BENCH_NORMAL, 3, e);
  if (s == ULP_OK && scales)
    s = bench_codes(b, &w->sa, &w->mma.scale, m, scales, BENCH_POSITIVE, 4, e);
  if (s == ULP_OK && scales)
    s = bench_codes(b, &w->sb, &w->mma.scale, n, scales, BENCH_POSITIVE, 5, e);
  size_t bytes = m * n * w->mma.d.storage_bytes;
  if (s == ULP_OK && !(w->d = malloc(bytes + 64))) s = cli_no_memory(e);
  if (s == ULP_OK) memset(w->d, 0xa5, bytes);
  return s;
}

static void release(mma_work *w)
{
  free(w->a);
  free(w->b);
  free(w->c);
  free(w->d);
  free(w->sa);
  free(w->sb);
}

/* ---- one instruction over a tile ---------------------------------------- */

static ulp_status tile_rows(const mma_work *w, size_t i, size_t rows)
{
  const ulp_mma *m = &w->mma;
  size_t at = i * w->n;
  return ulp_mma_tile_scaled(
      m, (char *)w->d + at * m->d.storage_bytes,
      (char *)w->a + i * w->k * m->a.storage_bytes, w->b,
      (char *)w->c + at * m->c.storage_bytes,
      w->sa ? (char *)w->sa + i * (size_t)m->scales * m->scale.storage_bytes
            : NULL,
      w->sb, rows, w->n);
}

static ulp_status tile_pass(void *data, size_t size, int threads)
{
  const mma_work *w = data;
  ulp_status status = ULP_OK;
  size_t part = (size + (size_t)threads - 1) / (size_t)threads;
#pragma omp parallel for num_threads(threads) schedule(static)
  for (int t = 0; t < threads; t++) {
    size_t first = (size_t)t * part;
    if (first >= size) continue;
    ulp_status s =
        tile_rows(w, first, size - first < part ? size - first : part);
    if (s != ULP_OK) {
#pragma omp critical
      status = s;
    }
  }
  return status;
}

static uint64_t tile_output(const mma_work *w, size_t i, size_t j)
{
  enum { MOST = 256 };
  const ulp_mma *m = &w->mma;
  uint64_t a[MOST], b[MOST], sa[MOST], sb[MOST];
  size_t n = (size_t)m->scales;
  for (size_t l = 0; l < w->k; l++) {
    a[l] = ulp_load_code(&m->a, w->a, i * w->k + l);
    b[l] = ulp_load_code(&m->b, w->b, j * w->k + l);
  }
  for (size_t l = 0; l < n; l++) {
    sa[l] = ulp_load_code(&m->scale, w->sa, i * n + l);
    sb[l] = ulp_load_code(&m->scale, w->sb, j * n + l);
  }
  return ulp_mma_dot_scaled(m, a, b, ulp_load_code(&m->c, w->c, i * w->n + j),
                            n ? sa : NULL, n ? sb : NULL, NULL);
}

/* ---- a chain of instructions with scales -------------------------------- */

static ulp_scaled_data scaled_data(const mma_work *w, size_t m)
{
  return (ulp_scaled_data){.mma = &w->mma, .m = m, .n = w->n, .k = w->k,
                           .a = w->a, .b = w->b, .sa = w->sa, .sb = w->sb};
}

/* Columns for each thread; D is [m, part], one after the other. */
static ulp_status chain_pass(void *data, size_t size, int threads)
{
  mma_work *w = data;
  ulp_status status = ULP_OK;
  size_t part = w->part = (w->n + (size_t)threads - 1) / (size_t)threads;
#pragma omp parallel for num_threads(threads) schedule(static)
  for (int t = 0; t < threads; t++) {
    size_t first = (size_t)t * part;
    if (first >= w->n) continue;
    ulp_scaled_data x = scaled_data(w, size);
    x.d = (float *)w->d + first * size;
    ulp_status s =
        ulp_scaled_run(&x, first, w->n - first < part ? w->n - first : part);
    if (s != ULP_OK) {
#pragma omp critical
      status = s;
    }
  }
  return status;
}

/* ---- checks and cases --------------------------------------------------- */

static ulp_status tile_check(void *data, size_t size, ulp_error *e)
{
  const mma_work *w = data;
  for (int c = 0; c < CHECKED; c++) {
    size_t i = bench_chance(w->seed, size), j = bench_chance(w->seed, w->n);
    uint64_t ours = ulp_load_code(&w->mma.d, w->d, i * w->n + j);
    uint64_t want = tile_output(w, i, j);
    if (ours != want) return bench_differs(e, w->entry->name, i, j, ours, want);
  }
  return ULP_OK;
}

static ulp_status chain_check(void *data, size_t size, ulp_error *e)
{
  const mma_work *w = data;
  ulp_scaled_data x = scaled_data(w, size);
  for (int c = 0; c < CHECKED; c++) {
    size_t i = bench_chance(w->seed, size), j = bench_chance(w->seed, w->n);
    size_t first = j / w->part * w->part, left = w->n - first;
    size_t columns = left < w->part ? left : w->part;
    uint64_t ours = ulp_load_code(&w->mma.d, w->d,
                                  first * size + i * columns + j - first);
    uint64_t want = bench_scaled_output(&x, i, j);
    if (ours != want) return bench_differs(e, w->entry->name, i, j, ours, want);
  }
  return ULP_OK;
}

static ulp_status run(bench *b, const bench_entry *x, size_t k,
                      bench_pass *pass, bench_check *check, ulp_error *e)
{
  mma_work w;
  bench_sgemm_work theirs = {0};
  size_t rows = b->quick ? 64 : ROWS, cols = b->quick ? 64 : COLUMNS;
  ulp_status s = make(&w, b, x, rows, cols, k, e);
  if (s == ULP_OK) s = bench_sgemm_make(&theirs, b, rows, cols, w.k, e);
  double n = (double)cols, bits = (double)w.k;
  if (s == ULP_OK) {
    const bench_case c = {
        .entry = x,
        .data = bench_data_name(BENCH_NORMAL),
        .shape = w.shape,
        .size = rows,
        .grain = 8 * (size_t)b->threads,
        .units = n * bits,
        .bytes = bits * w.mma.a.storage_bytes +
                 n * (w.mma.c.storage_bytes + w.mma.d.storage_bytes),
        .bytes_held = n * bits * w.mma.b.storage_bytes,
        .threads = b->threads,
        .ours = {NULL, pass, &w, bench_best_isa()},
        .ceiling = {bench_blas_name(), bench_sgemm_pass, &theirs,
                    bench_best_isa()},
        .check = check};
    s = bench_measure(b, &c, e);
  }
  release(&w);
  bench_sgemm_free(&theirs);
  return s;
}

static ulp_status run_tile(bench *b, const bench_entry *x, ulp_error *e)
{
  return run(b, x, 0, tile_pass, tile_check, e);
}

static ulp_status run_chain(bench *b, const bench_entry *x, ulp_error *e)
{
  return run(b, x, b->quick ? 256 : SCALED_K, chain_pass, chain_check, e);
}

#define MMA(NAME, GPU, INSTR)                                                  \
  {NAME, "mma", "MAC/s", "sgemm of the same shape", GPU " " INSTR, run_tile,   \
   &(const mma_spec){GPU, INSTR}}
#define CHAIN(NAME, GPU, INSTR)                                                \
  {NAME, "mma", "MAC/s", "sgemm of the same shape",                            \
   GPU " " INSTR ", a chain over K", run_chain, &(const mma_spec){GPU, INSTR}}

const bench_entry bench_mmas[] = {
    MMA("wgmma-e4m3", "h200", "wgmma.m64n256k32.f32.e4m3.e4m3"),
    MMA("wgmma-e5m2-f16", "h200", "wgmma.m64n256k32.f16.e5m2.e5m2"),
    MMA("wgmma-bf16", "h200", "wgmma.m64n256k16.f32.bf16.bf16"),
    MMA("wgmma-f16", "h200", "wgmma.m64n256k16.f32.f16.f16"),
    MMA("wgmma-f16-f16", "h200", "wgmma.m64n256k16.f16.f16.f16"),
    MMA("wgmma-tf32", "h200", "wgmma.m64n256k8.f32.tf32.tf32"),
    MMA("wgmma-s8", "h200", "wgmma.m64n256k32.s32.s8.s8"),
    MMA("mma-e4m3", "h200", "mma.m16n8k32.f32.e4m3.e4m3.f32"),
    MMA("mma-f64", "h200", "mma.m8n8k4.f64.f64.f64.f64"),
    MMA("v100-f16", "v100", "mma.m8n8k4.f32.f16.f16.f32"),
    MMA("a100-bf16", "a100", "mma.m16n8k16.f32.bf16.bf16.f32"),
    MMA("l40s-e4m3", "l40s", "mma.m16n8k32.f32.e4m3.e4m3.f32"),
    MMA("b200-e4m3", "b200", "tcgen05.mma.m128n256k32.f32.e4m3.e4m3"),
    MMA("mi300x-fp8", "mi300x", "v_mfma_f32_16x16x32_fp8_fp8"),
    MMA("mi300x-f16", "mi300x", "v_mfma_f32_16x16x16_f16"),
    MMA("b200-mxfp8", "b200",
        "tcgen05.mma.m128n256k32.kind::mxf8f6f4.block_scale.f32.e4m3.e4m3"),
    MMA("b200-mxfp4", "b200",
        "tcgen05.mma.m128n256k64.kind::mxf4.block_scale.f32.e2m1.e2m1"),
    MMA("b200-nvfp4", "b200",
        "tcgen05.mma.m128n256k64.kind::mxf4nvf4.block_scale.block16.f32.e2m1"
        ".e2m1.ue4m3"),
    CHAIN("chain-mxfp8", "b200",
          "tcgen05.mma.m128n256k32.kind::mxf8f6f4.block_scale.f32.e4m3.e4m3"),
    CHAIN("chain-mxfp4", "b200",
          "tcgen05.mma.m128n256k64.kind::mxf4.block_scale.f32.e2m1.e2m1"),
    CHAIN("chain-nvfp4", "b200",
          "tcgen05.mma.m128n256k64.kind::mxf4nvf4.block_scale.block16.f32.e2m1"
          ".e2m1.ue4m3"),
    {0}};
