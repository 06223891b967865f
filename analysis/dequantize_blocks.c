/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/dequantize_blocks.c: codes with a scale for each block to values.
 */
#include "quantize_batch.h"

/* ---- one block ---------------------------------------------------------- */

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
  ulp_blocks b; /* side by side */
  const ulp_quantized *in;
  float *y;
  double v[ULP_VARIABLES], value[NARROW];
  bool known; /* value */
} back;

static void dequantize_block(back *w, int64_t i)
{
  const ulp_quantizer *q = w->q;
  const ulp_quantized *in = w->in;
  ulp_strip p = ulp_strip_of(&w->b, i, 1);
  double zero = in->zeros ? (double)in->zeros[i] : 0;
  if (in->scales)
    w->v[ULP_VAR_SCALE] =
        ulp_decode(&q->scale, ulp_load_code(&q->scale, in->scales, (size_t)i));
  ulp_decoding d =
      in->scales ? ulp_element_decoding(q, w->v) : (ulp_decoding){NULL, 1};
  for (size_t line = 0; p.n && line < p.lines; line++) {
    int64_t at = ulp_strip_line(&p, line);
    for (int64_t k = at; k < at + (int64_t)p.length; k++) {
      uint64_t code = ulp_load_code(&q->element, in->codes, (size_t)k);
      double x = w->known ? w->value[code] : ulp_decode(&q->element, code);
      w->y[k] = (float)ulp_element_value(q, &d, x - zero, w->v);
    }
  }
}

/* ---- all ---------------------------------------------------------------- */

static int64_t decode_batch(back *w, ulp_batch *t, int64_t i, int64_t most)
{
  const ulp_quantized *in = w->in;
  ulp_strip p = ulp_strip_of(&w->b, i, most);
  if (p.n == 0) return 1;
  uint64_t left = ulp_batch_decode(
      t, &p, w->y, in->codes,
      (char *)in->scales + i * w->q->scale.storage_bytes,
      in->zeros ? in->zeros + i : NULL);
  for (size_t k = 0; k < p.blocks; k++)
    if (left >> k & 1) dequantize_block(w, i + (int64_t)k);
  return (int64_t)p.blocks;
}

void ulp_dequantize_blocks(const ulp_quantizer *q, const ulp_blocks *b,
                           float *y, const ulp_quantized *in, double global,
                           int64_t first, int64_t n)
{
  back w = {.q = q, .b = ulp_blocks_side_by_side(b), .in = in, .y = y};
  ulp_batch batch;
  int64_t some = n * ulp_blocks_longest(&w.b);
  int64_t most = ULP_FORMULA_LANES; /* nothing is kept of a batch */
  ulp_element_constants(q, 0, global, w.v);
  if (some >= ULP_FEW_ELEMENTS && in->scales &&
      ulp_batch_decodes(&batch, q, global)) {
    for (int64_t i = first, end = first + n; i < end;)
      i += decode_batch(&w, &batch, i, most < end - i ? most : end - i);
    ulp_value_rows_free(&batch.rows);
    return;
  }
  w.known = fill_values(w.value, &q->element, some);
  for (int64_t i = first; i < first + n; i++)
    dequantize_block(&w, i);
}

void ulp_dequantize_each(const ulp_quantizer *q, const ulp_blocks *b, float *y,
                         const ulp_quantized *in, double global)
{
  back w = {.q = q, .b = *b, .in = in, .y = y};
  ulp_element_constants(q, 0, global, w.v);
  for (int64_t i = 0; i < b->blocks; i++)
    dequantize_block(&w, i);
}
