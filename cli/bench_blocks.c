/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bench_blocks.c: f32 to codes with a scale for each block and back, in bytes
 * of f32 a second, on one thread, against memcpy of as many bytes.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "quantizer_internal.h"

enum { COLUMNS = 4096, ROWS = 4096, QUICK_ROWS = 16, BAND = 128 };

typedef struct {
  const char *quantizer;
  bool back; /* dequantize */
} block_spec;

typedef struct {
  ulp_quantizer q;
  ulp_blocks b; /* of all rows */
  ulp_quantized out;
  float *x, *y, *copy; /* y: values of the codes */
  double amax, global;
  const bench_entry *entry;
  uint64_t *seed;
} block_work;

/* ---- passes ------------------------------------------------------------- */

static ulp_status blocks_of(const block_work *w, size_t rows, ulp_blocks *b)
{
  int64_t shape[] = {(int64_t)rows, COLUMNS};
  ulp_error e;
  return ulp_blocks_make(b, &w->q.granularity, w->q.axis, 2, shape, &e);
}

static ulp_status quantize_pass(void *data, size_t size, int threads)
{
  block_work *w = data;
  ulp_blocks b;
  (void)threads;
  ulp_status s = blocks_of(w, size, &b);
  w->amax = w->q.global.count > 0
                ? ulp_quantizer_amax(&w->q, 0, w->x, size * COLUMNS)
                : 0;
  w->global = ulp_quantizer_global(&w->q, w->amax);
  return s == ULP_OK ? ulp_quantize_blocks(&w->q, &b, &w->out, w->x, w->amax,
                                           w->global, 0, b.blocks, 0)
                     : s;
}

static ulp_status dequantize_pass(void *data, size_t size, int threads)
{
  const block_work *w = data;
  ulp_blocks b;
  (void)threads;
  ulp_status s = blocks_of(w, size, &b);
  if (s == ULP_OK)
    ulp_dequantize_blocks(&w->q, &b, w->y, &w->out, w->global, 0, b.blocks);
  return s;
}

static ulp_status copy_pass(void *data, size_t size, int threads)
{
  const block_work *w = data;
  (void)threads;
  memcpy(w->copy, w->x, size * COLUMNS * sizeof *w->x);
  __asm__ volatile("" : : "r"(w->copy) : "memory"); /* is not left out */
  return ULP_OK;
}

/* ---- the check: some rows, one element after the other ------------------ */

/* Rows whose blocks are no others'. */
typedef struct {
  ulp_blocks b;
  size_t at, block; /* the first element, the first block */
  ulp_quantized ours, reference;
  const float *x;
  float *y; /* values, by the reference */
} band;

static void *after(void *array, size_t size, size_t i)
{
  return array ? (char *)array + i * size : NULL;
}

static ulp_status make_band(band *d, const block_work *w, size_t rows,
                            ulp_error *e)
{
  size_t some = rows < BAND ? rows : BAND;
  size_t number = bench_chance(w->seed, rows / some);
  ulp_status s = blocks_of(w, some, &d->b);
  if (s != ULP_OK) return ulp_error_set(e, s, "%s", ulp_strerror(s));
  size_t blocks = (size_t)d->b.blocks, n = (size_t)d->b.elements;
  size_t code = w->q.element.storage_bytes, scale = w->q.scale.storage_bytes;
  d->at = number * n;
  d->block = number * blocks;
  d->x = w->x + d->at;
  d->ours = (ulp_quantized){after(w->out.codes, code, d->at),
                            after(w->out.scales, scale, d->block),
                            after(w->out.zeros, sizeof(int32_t), d->block)};
  d->reference = (ulp_quantized){
      malloc(n * code), malloc(blocks * scale),
      w->out.zeros ? malloc(blocks * sizeof(int32_t)) : NULL};
  d->y = malloc(n * sizeof *d->y);
  return d->reference.codes && d->reference.scales && d->y &&
                 (d->reference.zeros || !w->out.zeros)
             ? ULP_OK
             : cli_no_memory(e);
}

static void free_band(band *d)
{
  free(d->reference.codes);
  free(d->reference.scales);
  free(d->reference.zeros);
  free(d->y);
}

static ulp_status same(const ulp_format *f, const void *ours,
                       const void *reference, size_t n, const char *what,
                       size_t first, ulp_error *e)
{
  for (size_t i = 0; i < n; i++) {
    uint64_t got = ulp_load_code(f, ours, i);
    uint64_t want = ulp_load_code(f, reference, i);
    if (got != want) return bench_differs(e, what, 0, first + i, got, want);
  }
  return ULP_OK;
}

/* No value is further from x than a quarter of the greatest: the most that
 * E2M1 under a scale rounded down loses (6 for 8; OCP MX 1.0, 6.3). */
static ulp_status values_near(const band *d, const char *name, ulp_error *e)
{
  size_t n = (size_t)d->b.elements;
  float amax = 0, far = 0;
  for (size_t k = 0; k < n; k++) {
    amax = fmaxf(amax, fabsf(d->x[k]));
    far = fmaxf(far, fabsf(d->y[k] - d->x[k]));
  }
  if (far <= amax * 0.2501F) return ULP_OK;
  return ulp_error_set(e, ULP_ERANGE, "%s: a value is off by %g of %g", name,
                       (double)far, (double)amax);
}

static ulp_status check(void *data, size_t size, ulp_error *e)
{
  const block_work *w = data;
  band d = {.x = NULL};
  ulp_status s = make_band(&d, w, size, e);
  if (s == ULP_OK)
    s = ulp_quantize_each(&w->q, &d.b, &d.reference, d.x, w->amax, w->global,
                          0);
  size_t blocks = (size_t)d.b.blocks;
  if (s == ULP_OK)
    s = same(&w->q.scale, d.ours.scales, d.reference.scales, blocks, "scale",
             d.block, e);
  for (size_t i = 0; s == ULP_OK && d.ours.zeros && i < blocks; i++)
    if (d.ours.zeros[i] != d.reference.zeros[i])
      s = bench_differs(e, "zero point", 0, d.block + i,
                        (uint64_t)d.ours.zeros[i],
                        (uint64_t)d.reference.zeros[i]);
  if (s == ULP_OK)
    s = same(&w->q.element, d.ours.codes, d.reference.codes,
             (size_t)d.b.elements, "element", d.at, e);
  if (s == ULP_OK) {
    ulp_dequantize_each(&w->q, &d.b, d.y, &d.ours, w->global);
    s = values_near(&d, w->entry->name, e);
  }
  free_band(&d);
  return s;
}

/* Values bit by bit. */
static ulp_status check_back(void *data, size_t size, ulp_error *e)
{
  const block_work *w = data;
  band d = {.x = NULL};
  ulp_status s = make_band(&d, w, size, e);
  if (s == ULP_OK)
    ulp_dequantize_each(&w->q, &d.b, d.y, &d.ours, w->global);
  for (size_t k = 0; s == ULP_OK && k < (size_t)d.b.elements; k++)
    if (memcmp(&d.y[k], &w->y[d.at + k], sizeof *d.y) != 0)
      s = ulp_error_set(e, ULP_ERANGE, "%s: element %zu is %a, the reference "
                        "says %a", w->entry->name, d.at + k,
                        (double)w->y[d.at + k], (double)d.y[k]);
  free_band(&d);
  return s;
}

/* ---- cases -------------------------------------------------------------- */

static ulp_status make(block_work *w, bench *b, const bench_entry *x,
                       size_t rows, ulp_error *e)
{
  const block_spec *spec = x->spec;
  *w = (block_work){.entry = x, .seed = &b->seed};
  ulp_status s = ulp_quantizer_find(spec->quantizer, &w->q, e);
  if (s == ULP_OK) s = blocks_of(w, rows, &w->b);
  if (s == ULP_OK) s = bench_floats(b, &w->x, rows * COLUMNS, 1, e);
  if (s != ULP_OK) return s;
  w->y = malloc(rows * COLUMNS * sizeof *w->y + 64);
  w->copy = malloc(rows * COLUMNS * sizeof *w->copy + 64);
  w->out.codes = malloc(rows * COLUMNS * w->q.element.storage_bytes + 64);
  w->out.scales =
      malloc((size_t)w->b.blocks * w->q.scale.storage_bytes + 64);
  if (w->q.zero.count)
    w->out.zeros = malloc((size_t)w->b.blocks * sizeof *w->out.zeros);
  if (!w->y || !w->copy || !w->out.codes || !w->out.scales ||
      (w->q.zero.count && !w->out.zeros))
    return cli_no_memory(e);
  memset(w->y, 0xa5, rows * COLUMNS * sizeof *w->y);
  memset(w->copy, 0xa5, rows * COLUMNS * sizeof *w->copy);
  return quantize_pass(w, rows, 1);
}

static ulp_status run(bench *b, const bench_entry *x, ulp_error *e)
{
  size_t rows = b->quick ? QUICK_ROWS : ROWS;
  bool back = ((const block_spec *)x->spec)->back;
  block_work w;
  ulp_status s = make(&w, b, x, rows, e);
  if (s == ULP_OK) {
    const bench_case c = {
        .entry = x,
        .data = bench_data_name(BENCH_NORMAL),
        .shape = "%zux4096",
        .size = rows,
        .grain = 4,
        .units = COLUMNS * sizeof(float),
        .bytes = COLUMNS * (4.0 + w.q.element.storage_bytes) +
                 (double)w.b.blocks / (double)rows * w.q.scale.storage_bytes,
        .threads = 1,
        .ours = {NULL, back ? dequantize_pass : quantize_pass, &w,
                 bench_best_isa()},
        .ceiling = {"memcpy", copy_pass, &w, bench_best_isa()},
        .check = back ? check_back : check};
    s = bench_measure(b, &c, e);
  }
  free(w.x);
  free(w.y);
  free(w.copy);
  free(w.out.codes);
  free(w.out.scales);
  free(w.out.zeros);
  return s;
}

#define BLOCKS(NAME, QUANTIZER, BACK, WHAT)                                    \
  {NAME, "blocks", "bytes/s", "memcpy of as many bytes", WHAT, run,            \
   &(const block_spec){QUANTIZER, BACK}}

const bench_entry bench_blocks[] = {
    BLOCKS("mxfp8", "mxfp8", false, "f32 to MXFP8 with scales"),
    BLOCKS("mxfp6", "mxfp6", false, "f32 to MXFP6 with scales"),
    BLOCKS("mxfp4", "mxfp4", false, "f32 to MXFP4 with scales"),
    BLOCKS("nf4", "nf4@bitsandbytes", false, "f32 to NF4 with scales"),
    BLOCKS("bnb-fp4", "bnb-fp4@bitsandbytes", false,
           "f32 to bitsandbytes' FP4 with scales"),
    BLOCKS("dynamic8", "dynamic8@bitsandbytes", false,
           "f32 to bitsandbytes' 8-bit map with scales"),
    BLOCKS("nvfp4", "nvfp4@te", false,
           "f32 to NVFP4 with scales, the amax of the tensor first"),
    BLOCKS("int4-128", "int4/g=group:128", false,
           "f32 to INT4 with a scale for 128"),
    BLOCKS("int4-affine", "int4-affine@torchao", false,
           "f32 to INT4 with a scale and a zero point for 32"),
    BLOCKS("mxfp8-columns", "mxfp8/axis=0", false,
           "f32 to MXFP8, blocks along the first axis"),
    BLOCKS("fp8-128x128", "fp8-block@deepgemm/g=tile:128x128", false,
           "f32 to E4M3 with a scale for 128x128"),
    BLOCKS("nvfp4-16x16", "nvfp4@te/g=tile:16x16", false,
           "f32 to NVFP4 with scales for 16x16, the amax first"),
    BLOCKS("nvfp4-4over6", "nvfp4@fouroversix", false,
           "f32 to NVFP4, the better of two scales, the amax first"),
    BLOCKS("int4-bf16", "int4/g=group:32/arithmetic=bf16", false,
           "f32 to INT4, computed in bf16"),
    BLOCKS("from-mxfp8", "mxfp8", true, "MXFP8 to f32"),
    BLOCKS("from-mxfp4", "mxfp4", true, "MXFP4 to f32"),
    BLOCKS("from-nvfp4", "nvfp4@te", true, "NVFP4 to f32"),
    BLOCKS("from-int4-affine", "int4-affine@torchao", true,
           "INT4 with zero points to f32"),
    BLOCKS("from-mxfp8-columns", "mxfp8/axis=0", true,
           "MXFP8 along the first axis to f32"),
    BLOCKS("from-fp8-128x128", "fp8-block@deepgemm/g=tile:128x128", true,
           "E4M3 with scales for 128x128 to f32"),
    BLOCKS("from-nvfp4-4over6", "nvfp4@fouroversix", true,
           "NVFP4 by a formula of the code to f32"),
    {0}};
