/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/quantize_blocks.c: the one engine behind every quantizer.  A block
 * is gathered, its scale found and rounded to its format, its elements
 * encoded; what differs between implementations is in the quantizer.
 */
#include <stdlib.h>
#include <string.h>

#include "quantize_batch.h"

/* ---- one block ---------------------------------------------------------- */

typedef struct {
  const ulp_quantizer *q;
  ulp_blocks b; /* side by side */
  const ulp_quantized *out;
  double amax, global;
  uint64_t index;
  float *room; /* of a gathered block */
  bool range;  /* whether a formula asks for lo or hi */
  ulp_code_table table;
} work;

static void measure(const work *w, const float *x, size_t n,
                    double v[ULP_VARIABLES])
{
  const ulp_quantizer *q = w->q;
  ulp_element_constants(q, w->amax, w->global, v);
  v[ULP_VAR_COUNT] = (double)n;
  v[ULP_VAR_BLOCK] = q->percentile < 100
                         ? ulp_block_percentile(x, n, q->percentile)
                         : ulp_quantizer_amax(q, 0, x, n);
  /* From zero, which always lies between lo and hi. */
  if (w->range)
    ulp_quantizer_range(q, x, n, &v[ULP_VAR_LOW], &v[ULP_VAR_HIGH]);
}

static ulp_setting find_scale(const work *w, int64_t block, const float *x,
                              size_t n)
{
  const ulp_quantizer *q = w->q;
  double v[ULP_VARIABLES];
  if (q->fixed) {
    ulp_element_constants(q, w->amax, w->global, v);
    v[ULP_VAR_SCALE] = ulp_decode(
        &q->scale, ulp_load_code(&q->scale, w->out->scales, (size_t)block));
    return ulp_element_given(q, v,
                             w->out->zeros ? (double)w->out->zeros[block] : 0);
  }
  measure(w, x, n, v);
  uint64_t code = q->search
                      ? ulp_choose_best(q, v, x, n)
                      : ulp_element_scale(
                            q, ulp_formula_eval(&q->raw, q->arithmetic, v), v);
  if (q->second.count) code = ulp_choose_of_two(q, code, v, x, n);
  if (w->out->scales)
    ulp_store_code(&q->scale, w->out->scales, (size_t)block, code);
  ulp_setting t = ulp_element_setting(q, v);
  if (w->out->zeros) w->out->zeros[block] = (int32_t)t.zero;
  return t;
}

static void quantize_block(const work *w, const float *x, int64_t i)
{
  const ulp_quantizer *q = w->q;
  ulp_strip p = ulp_strip_of(&w->b, i, 1);
  const float *values = w->room;
  if (w->room && p.n > 0)
    ulp_strip_gather(&p, w->room, x, sizeof *x);
  else if (p.n > 0)
    values = x + p.at;
  ulp_setting t = find_scale(w, i, values, p.n);
  for (size_t line = 0; p.n && line < p.lines; line++) {
    int64_t at = ulp_strip_line(&p, line);
    for (int64_t k = at; k < at + (int64_t)p.length; k++) {
      uint64_t code;
      double y = ulp_element_scaled(q, &t, x[k]);
      if (!w->table.entry || !ulp_code_find(&w->table, y, &code))
        code = ulp_element_round(q, y, w->index + (uint64_t)k);
      ulp_store_code(&q->element, w->out->codes, (size_t)k, code);
    }
  }
}

static void quantize_each(work *w, const float *x, int64_t first, int64_t n,
                          int64_t elements)
{
  w->table = ulp_code_table_make(w->q, elements);
  for (int64_t i = first; i < first + n; i++)
    quantize_block(w, x, i);
  ulp_code_table_free(&w->table);
}

/* ---- batches of blocks -------------------------------------------------- */

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

static void *element_at(const ulp_format *f, const void *array, int64_t i)
{
  return array ? (char *)(uintptr_t)array + i * f->storage_bytes : NULL;
}

/* Elements as q takes them, block by block: where they lie, or in a room. */
static const float *take_elements(const work *w, ulp_batch *t,
                                  const ulp_strip *p, const float *x)
{
  const ulp_quantizer *q = w->q;
  const bool other = q->flush || q->outlier > 0;
  if (p->lines == 1 && !other) return x + p->at;
  ulp_strip_gather(p, t->x, x, sizeof *x);
  if (other) ulp_elements_taken(q, t->x, p->blocks * p->n);
  return t->x;
}

/* Encodes a batch that begins with block i; its number of blocks. */
static int64_t encode_batch(const work *w, ulp_batch *t, const float *x,
                            int64_t i, int64_t most)
{
  const ulp_quantizer *q = w->q;
  ulp_strip p = ulp_strip_of(&w->b, i, most);
  uint64_t left = 1;
  if (p.n > 0) {
    ulp_batch_task task = {
        .codes = p.lines == 1 ? element_at(&q->element, w->out->codes, p.at)
                              : t->codes,
        .scales = element_at(&q->scale, w->out->scales, i),
        .zeros = w->out->zeros ? w->out->zeros + i : NULL,
        .x = take_elements(w, t, &p, x),
        .strip = p,
        .index = w->index};
    left = ulp_batch_encode(t, &task);
    if (p.lines > 1)
      ulp_strip_scatter(&p, w->out->codes, t->codes, q->element.storage_bytes);
  }
  for (size_t k = 0; k < p.blocks; k++)
    if (left >> k & 1) quantize_block(w, x, i + (int64_t)k);
  return (int64_t)p.blocks;
}

static void encode_batches(const work *w, ulp_batch *t, const float *x,
                           int64_t first, int64_t n, int64_t most)
{
  for (int64_t i = first; i < first + n;)
    i += encode_batch(w, t, x, i, least(most, first + n - i));
}

static bool valid(const work *w, int64_t first, int64_t n)
{
  const ulp_quantizer *q = w->q;
  bool given = w->out->scales && (w->out->zeros || !q->zero.count);
  return first >= 0 && n >= 0 && n <= w->b.blocks &&
         first <= w->b.blocks - n &&
         ulp_rounding_check(&q->rounding) == ULP_OK && (!q->fixed || given);
}

static ulp_status quantize(work *w, const float *x, int64_t first, int64_t n,
                           bool batches)
{
  const int64_t block = ulp_blocks_longest(&w->b);
  const int64_t most = ulp_blocks_in_batch(&w->b);
  const bool lines = block > least(w->b.size[2], w->b.block[2]);
  ulp_batch batch;
  if (!valid(w, first, n)) return ULP_EINVAL;
  if (lines) {
    w->room = malloc((size_t)(block + 1) * sizeof *w->room);
    if (!w->room) return ULP_ENOMEM;
  }
  if (batches && n * block >= ULP_FEW_ELEMENTS &&
      ulp_batch_encodes(&batch, w->q, lines, (size_t)(most * block), w->amax,
                        w->global)) {
    encode_batches(w, &batch, x, first, n, most);
    ulp_batch_free(&batch);
  } else {
    quantize_each(w, x, first, n, n * block);
  }
  free(w->room);
  return ULP_OK;
}

ulp_status ulp_quantize_blocks(const ulp_quantizer *q, const ulp_blocks *b,
                               const ulp_quantized *out, const float *x,
                               double amax, double global, int64_t first,
                               int64_t n, uint64_t index)
{
  work w = {.q = q, .b = ulp_blocks_side_by_side(b), .out = out, .amax = amax,
            .global = global, .index = index,
            .range = ulp_quantizer_asks_range(q)};
  return quantize(&w, x, first, n, true);
}

ulp_status ulp_quantize_each(const ulp_quantizer *q, const ulp_blocks *b,
                             const ulp_quantized *out, const float *x,
                             double amax, double global, uint64_t index)
{
  work w = {.q = q, .b = *b, .out = out, .amax = amax, .global = global,
            .index = index, .range = ulp_quantizer_asks_range(q)};
  return quantize(&w, x, 0, b->blocks, false);
}
