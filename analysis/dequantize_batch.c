/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/dequantize_batch.c: many blocks' codes to values at once, and what
 * both ways need of scales.
 */
#include <math.h>
#include <string.h>

#include "quantize_element.h"

bool ulp_batch_plain(const ulp_quantizer *q)
{
  return q->arithmetic != ULP_IN_BF16 && !q->flush && q->scale.bits <= 32;
}

/* The value of scale i. */
double ulp_batch_scale(const ulp_batch *t, const void *codes, size_t i)
{
  const ulp_format *f = &t->q->scale;
  const uint8_t *byte = codes;
  return f->bits <= 8 ? t->scale_value[byte[i]]
                      : ulp_decode(f, ulp_load_code(f, codes, i));
}

/* All bytes: bits above those of a code are ignored. */
void ulp_batch_scales(ulp_batch *t)
{
  for (uint64_t code = 0; t->q->scale.bits <= 8 && code < 256; code++)
    t->scale_value[code] = ulp_decode(&t->q->scale, code);
}

bool ulp_batch_decodes(ulp_batch *t, const ulp_quantizer *q, double global)
{
  if (!ulp_batch_plain(q) || q->element.bits > 8 ||
      ulp_formula_has(&q->decode, ULP_VAR_CODE))
    return false;
  t->q = q;
  ulp_element_constants(q, 0, global, t->v);
  for (uint64_t code = 0; code < 256; code++) {
    double value = ulp_decode(&q->element, code);
    t->value[code] = (float)value;
    if (!isnan(value) && (double)t->value[code] != value) return false;
  }
  ulp_batch_scales(t);
  return true;
}

/* Whether a value less the zero point is an f32: whole numbers of 24 bits. */
static bool exact_beside(const ulp_batch *t, int32_t zero)
{
  return t->q->element.kind == ULP_INTEGER && t->q->element.bias == 0 &&
         zero > -(1 << 23) && zero < 1 << 23;
}

uint64_t ulp_batch_decode(ulp_batch *t, float *y, const uint8_t *codes,
                          const void *scales, const int32_t *zeros,
                          size_t blocks, size_t n)
{
  const ulp_quantizer *q = t->q;
  double scale[ULP_FORMULA_LANES], step[ULP_FORMULA_LANES];
  const double *lane[ULP_VARIABLES] = {[ULP_VAR_SCALE] = scale};
  uint64_t left = 0; /* bit i: block i is not for kernels */
  float factor[ULP_FORMULA_LANES], zero[ULP_FORMULA_LANES];
  for (size_t i = 0; i < ULP_FORMULA_LANES; i++)
    scale[i] = i < blocks ? ulp_batch_scale(t, scales, i) : 1;
  memcpy(step, scale, sizeof step);
  if (q->decode.count)
    ulp_formula_eval_many(&q->decode, q->arithmetic, step, t->v, lane);
  for (size_t i = 0; i < blocks; i++) {
    factor[i] = (float)step[i];
    bool fits = (double)factor[i] == step[i];
    zero[i] = zeros ? (float)zeros[i] : 0;
    if (zeros) fits = fits && exact_beside(t, zeros[i]);
    left |= (uint64_t)!fits << i;
  }
  ulp_decode_bytes(y, t->value, codes, blocks * n, factor,
                   zeros ? zero : NULL, n);
  return left;
}
