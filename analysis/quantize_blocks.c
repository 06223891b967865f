/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/quantize_blocks.c: the one engine behind every quantizer.  A block
 * is gathered, its scale found and rounded to its format, its elements
 * encoded; what differs between implementations is in the quantizer.
 */
#include <stdlib.h>
#include <string.h>

#include "quantize_element.h"

/* ---- one block's place -------------------------------------------------- */

typedef struct {
  int64_t from[3], length[3], n;
} place;

static place place_of(const ulp_blocks *b, int64_t i)
{
  place p = {.n = 1};
  int64_t at[3] = {i / (b->grid[1] * b->grid[2]), i / b->grid[2] % b->grid[1],
                   i % b->grid[2]};
  for (int d = 0; d < 3; d++) {
    int64_t left = b->size[d] - at[d] * b->block[d];
    p.from[d] = at[d] * b->block[d];
    p.length[d] = left < b->block[d] ? left : b->block[d];
    p.n *= p.length[d];
  }
  return p;
}

/* The length of the first block, and so of the longest. */
static int64_t extent(const ulp_blocks *b, int dimension)
{
  int64_t size = b->size[dimension], block = b->block[dimension];
  return block < size ? block : size;
}

/* The array's index of the first element of line (plane, row) of a block;
 * elements of a line are neighbours. */
static int64_t line_at(const ulp_blocks *b, const place *p, int64_t line)
{
  int64_t plane = p->from[0] + line / p->length[1];
  int64_t row = p->from[1] + line % p->length[1];
  return (plane * b->size[1] + row) * b->size[2] + p->from[2];
}

static void gather(const ulp_blocks *b, const place *p, const float *x,
                   float *out)
{
  for (int64_t line = 0; line < p->length[0] * p->length[1]; line++)
    memcpy(out + line * p->length[2], x + line_at(b, p, line),
           (size_t)p->length[2] * sizeof *out);
}

/* ---- one block ---------------------------------------------------------- */

typedef struct {
  const ulp_quantizer *q;
  const ulp_blocks *b;
  const ulp_quantized *out;
  double amax, global;
  uint64_t index;
  float *room; /* of a gathered block */
  bool range;  /* whether a formula asks for lo or hi */
  ulp_code_table table;
} work;

static bool needs_range(const ulp_quantizer *q)
{
  const ulp_formula *const all[] = {&q->raw, &q->second, &q->error,
                                    &q->factor, &q->zero, &q->decode};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
    if (ulp_formula_has(all[i], ULP_VAR_LOW) ||
        ulp_formula_has(all[i], ULP_VAR_HIGH))
      return true;
  return q->search != 0;
}

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
  place p = place_of(w->b, i);
  const float *values = w->room;
  if (w->room && p.n > 0)
    gather(w->b, &p, x, w->room);
  else if (p.n > 0)
    values = x + line_at(w->b, &p, 0);
  ulp_setting t = find_scale(w, i, values, (size_t)p.n);
  for (int64_t line = 0; line < p.length[0] * p.length[1]; line++) {
    int64_t at = line_at(w->b, &p, line);
    for (int64_t k = at; k < at + p.length[2]; k++) {
      uint64_t code;
      double y = ulp_element_scaled(q, &t, x[k]);
      if (!w->table.entry || !ulp_code_find(&w->table, y, &code))
        code = ulp_element_round(q, y, w->index + (uint64_t)k);
      ulp_store_code(&q->element, w->out->codes, (size_t)k, code);
    }
  }
}

/* ---- batches of blocks -------------------------------------------------- */

/* Of b's blocks from i on, at most n, how many lie one behind the other and
 * have the length of the first.  A batch should stay in the first cache. */
enum { BATCH = 4096 };
static size_t batch_of(const ulp_blocks *b, const place *p, int64_t i,
                       int64_t n)
{
  int64_t most = BATCH / p->n, column = i % b->grid[2];
  int64_t whole = b->size[2] / b->block[2];
  if (most > ULP_FORMULA_LANES) most = ULP_FORMULA_LANES;
  if (most > n) most = n;
  if (whole < b->grid[2] && most > whole - column) most = whole - column;
  return most < 1 ? 1 : (size_t)most;
}

static void *element_at(const ulp_format *f, const void *array, int64_t i)
{
  return array ? (char *)(uintptr_t)array + i * f->storage_bytes : NULL;
}

/* Encodes a batch that begins with block i; its number of blocks. */
static int64_t encode_batch(const work *w, ulp_batch *t, const float *x,
                            int64_t i, int64_t n)
{
  const ulp_quantizer *q = w->q;
  place p = place_of(w->b, i);
  size_t blocks = p.n > 0 ? batch_of(w->b, &p, i, n) : 1;
  int64_t at = p.n > 0 ? line_at(w->b, &p, 0) : 0;
  uint64_t left = 1;
  if (p.n > 0)
    left = ulp_batch_encode(t, element_at(&q->element, w->out->codes, at),
                            element_at(&q->scale, w->out->scales, i),
                            w->out->zeros ? w->out->zeros + i : NULL, x + at,
                            blocks, (size_t)p.n, w->index + (uint64_t)at);
  for (size_t k = 0; k < blocks; k++)
    if (left >> k & 1) quantize_block(w, x, i + (int64_t)k);
  return (int64_t)blocks;
}

/* Below, preparing costs more than it saves. */
enum { FEW = 512 };

ulp_status ulp_quantize_blocks(const ulp_quantizer *q, const ulp_blocks *b,
                               const ulp_quantized *out, const float *x,
                               double amax, double global, int64_t first,
                               int64_t n, uint64_t index)
{
  work w = {.q = q, .b = b, .out = out, .amax = amax, .global = global,
            .index = index, .range = needs_range(q)};
  if (first < 0 || n < 0 || n > b->blocks || first > b->blocks - n ||
      ulp_rounding_check(&q->rounding) != ULP_OK ||
      (q->fixed && (!out->scales || (!out->zeros && q->zero.count))))
    return ULP_EINVAL;
  int64_t lines = extent(b, 0) * extent(b, 1), block = lines * extent(b, 2);
  if (lines > 1) {
    w.room = malloc((size_t)(block + 1) * sizeof *w.room);
    if (!w.room) return ULP_ENOMEM;
  }
  ulp_batch batch;
  if (lines <= 1 && n * block >= FEW &&
      ulp_batch_encodes(&batch, q, amax, global)) {
    for (int64_t i = first; i < first + n;)
      i += encode_batch(&w, &batch, x, i, first + n - i);
    return ULP_OK;
  }
  w.table = ulp_code_table_make(q, n * block);
  for (int64_t i = first; i < first + n; i++)
    quantize_block(&w, x, i);
  ulp_code_table_free(&w.table);
  free(w.room);
  return ULP_OK;
}

/* ---- back --------------------------------------------------------------- */

/* The values of all codes of up to 8 bits, where there are many elements. */
enum { NARROW = 1 << 8 };
static bool fill_values(double value[NARROW], const ulp_format *f, int64_t n)
{
  if (f->bits > 8 || n < 4 * NARROW) return false;
  for (uint64_t code = 0; code < UINT64_C(1) << f->bits; code++)
    value[code] = ulp_decode(f, code);
  return true;
}

typedef struct {
  const ulp_quantizer *q;
  const ulp_blocks *b;
  const ulp_quantized *in;
  float *y;
  double v[ULP_VARIABLES], value[NARROW];
  bool known; /* value */
} back;

static void dequantize_block(back *w, int64_t i)
{
  const ulp_quantizer *q = w->q;
  const ulp_quantized *in = w->in;
  place p = place_of(w->b, i);
  double zero = in->zeros ? (double)in->zeros[i] : 0;
  if (in->scales)
    w->v[ULP_VAR_SCALE] =
        ulp_decode(&q->scale, ulp_load_code(&q->scale, in->scales, (size_t)i));
  ulp_decoding d =
      in->scales ? ulp_element_decoding(q, w->v) : (ulp_decoding){NULL, 1};
  for (int64_t line = 0; line < p.length[0] * p.length[1]; line++) {
    int64_t at = line_at(w->b, &p, line);
    for (int64_t k = 0; k < p.length[2]; k++) {
      uint64_t code = ulp_load_code(&q->element, in->codes, (size_t)(at + k));
      double x = w->known ? w->value[code] : ulp_decode(&q->element, code);
      w->y[at + k] = (float)ulp_element_value(q, &d, x - zero, w->v);
    }
  }
}

static int64_t decode_batch(back *w, ulp_batch *t, int64_t i, int64_t n)
{
  place p = place_of(w->b, i);
  if (p.n == 0) return 1;
  size_t blocks = batch_of(w->b, &p, i, n);
  int64_t at = line_at(w->b, &p, 0);
  uint64_t left = ulp_batch_decode(
      t, w->y + at, element_at(&w->q->element, w->in->codes, at),
      element_at(&w->q->scale, w->in->scales, i),
      w->in->zeros ? w->in->zeros + i : NULL, blocks, (size_t)p.n);
  for (size_t k = 0; k < blocks; k++)
    if (left >> k & 1) dequantize_block(w, i + (int64_t)k);
  return (int64_t)blocks;
}

void ulp_dequantize_blocks(const ulp_quantizer *q, const ulp_blocks *b,
                           float *y, const ulp_quantized *in, double global,
                           int64_t first, int64_t n)
{
  back w = {.q = q, .b = b, .in = in, .y = y};
  ulp_batch batch;
  int64_t lines = extent(b, 0) * extent(b, 1), some = n * lines * extent(b, 2);
  ulp_element_constants(q, 0, global, w.v);
  if (lines <= 1 && some >= FEW && in->scales &&
      ulp_batch_decodes(&batch, q, global)) {
    for (int64_t i = first; i < first + n;)
      i += decode_batch(&w, &batch, i, first + n - i);
    return;
  }
  w.known = fill_values(w.value, &q->element, some);
  for (int64_t i = first; i < first + n; i++)
    dequantize_block(&w, i);
}
