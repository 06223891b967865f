/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bench_blocks.c: f32 to codes with a scale for each block and back, in bytes
 * of f32 a second, on one thread, against memcpy of as many bytes.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "quantizer.h"

enum { COLUMNS = 4096, ROWS = 4096, QUICK_ROWS = 16, CHECKED = 16 };

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

/* ---- the check: the same block by the portable kernels ------------------ */

static ulp_status block_again(const block_work *w, const ulp_blocks *b,
                              size_t i, ulp_error *e)
{
  size_t n = (size_t)(b->elements / b->blocks);
  ulp_quantized other = {.codes = malloc((size_t)b->elements + 64),
                         .scales = malloc((size_t)b->blocks * 4 + 64)};
  ulp_status s = other.codes && other.scales ? ulp_isa_set(ULP_ISA_PORTABLE)
                                             : cli_no_memory(e);
  if (s == ULP_OK)
    s = ulp_quantize_blocks(&w->q, b, &other, w->x, w->amax, w->global,
                            (int64_t)i, 1, 0);
  uint64_t want = s == ULP_OK ? ulp_load_code(&w->q.scale, other.scales, i) : 0;
  uint64_t ours = ulp_load_code(&w->q.scale, w->out.scales, i);
  if (s == ULP_OK && want != ours)
    s = bench_differs(e, "scale", 0, i, ours, want);
  for (size_t k = i * n; s == ULP_OK && k < (i + 1) * n; k++) {
    want = ulp_load_code(&w->q.element, other.codes, k);
    ours = ulp_load_code(&w->q.element, w->out.codes, k);
    if (want != ours) s = bench_differs(e, "element", 0, k, ours, want);
  }
  free(other.codes);
  free(other.scales);
  return s;
}

/* No value is further from x than a quarter of the block's greatest: the most
 * that E2M1 under a scale rounded down loses (6 for 8; OCP MX 1.0, 6.3). */
static ulp_status values_near(const block_work *w, const ulp_blocks *b,
                              size_t i, ulp_error *e)
{
  size_t n = (size_t)(b->elements / b->blocks);
  float amax = 0, far = 0;
  ulp_dequantize_blocks(&w->q, b, w->y, &w->out, w->global, (int64_t)i, 1);
  for (size_t k = i * n; k < (i + 1) * n; k++) {
    amax = fmaxf(amax, fabsf(w->x[k]));
    far = fmaxf(far, fabsf(w->y[k] - w->x[k]));
  }
  if (far <= amax * 0.2501F) return ULP_OK;
  return ulp_error_set(e, ULP_ERANGE, "%s: block %zu: a value is off by %g of "
                       "%g", w->entry->name, i, (double)far, (double)amax);
}

static ulp_status check(void *data, size_t size, ulp_error *e)
{
  const block_work *w = data;
  ulp_blocks b;
  ulp_status s = blocks_of(w, size, &b);
  if (s != ULP_OK) return ulp_error_set(e, s, "%s", ulp_strerror(s));
  for (int c = 0; s == ULP_OK && c < CHECKED; c++) {
    size_t i = bench_chance(w->seed, (size_t)b.blocks);
    s = block_again(w, &b, i, e);
    if (s == ULP_OK) s = values_near(w, &b, i, e);
  }
  return s;
}

/* Values as the portable kernel has them, bit by bit. */
static ulp_status check_back(void *data, size_t size, ulp_error *e)
{
  const block_work *w = data;
  ulp_blocks b;
  ulp_status s = blocks_of(w, size, &b);
  float *y = malloc(size * COLUMNS * sizeof *y);
  if (!y) s = ULP_ENOMEM;
  if (s == ULP_OK) s = ulp_isa_set(ULP_ISA_PORTABLE);
  for (int c = 0; s == ULP_OK && c < CHECKED; c++) {
    size_t i = bench_chance(w->seed, (size_t)b.blocks);
    size_t n = (size_t)(b.elements / b.blocks);
    ulp_dequantize_blocks(&w->q, &b, y, &w->out, w->global, (int64_t)i, 1);
    for (size_t k = i * n; s == ULP_OK && k < (i + 1) * n; k++)
      if (memcmp(&y[k], &w->y[k], sizeof *y) != 0)
        s = ulp_error_set(e, ULP_ERANGE, "%s: element %zu is %a, the reference "
                          "says %a", w->entry->name, k, (double)w->y[k],
                          (double)y[k]);
  }
  free(y);
  if (s == ULP_OK || s == ULP_ERANGE) return s;
  return ulp_error_set(e, s, "%s", ulp_strerror(s));
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
  if (!w->y || !w->copy || !w->out.codes || !w->out.scales)
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
    BLOCKS("from-mxfp8", "mxfp8", true, "MXFP8 to f32"),
    BLOCKS("from-mxfp4", "mxfp4", true, "MXFP4 to f32"),
    BLOCKS("from-nvfp4", "nvfp4@te", true, "NVFP4 to f32"),
    {0}};
