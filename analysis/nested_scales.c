/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/nested_scales.c: scales quantized in turn, less an offset:
 * "Double Quantization", section 3 of QLoRA (arXiv:2305.14314).
 */
#include <string.h>

#include "quantizer_internal.h"

ulp_status ulp_nested_make(ulp_nested *n, const ulp_quantizer *q,
                           const ulp_blocks *b, ulp_error *e)
{
  memset(n, 0, sizeof *n);
  if (!q->nested[0])
    return ulp_error_set(e, ULP_EINVAL, "%s: its scales are not quantized",
                         q->name);
  if (strcmp(q->scale.name, "float32"))
    return ulp_error_set(e, ULP_EINVAL,
                         "nested: scales in %s, expected float32",
                         q->scale.name);
  ulp_status status = ulp_quantizer_find(q->nested, &n->q, e);
  if (status != ULP_OK) return status;
  return ulp_blocks_make(&n->b, &n->q.granularity, n->q.axis, 1, &b->blocks,
                         e);
}

/* Summed in f64, in order.  torch.mean sums f32 in an order that depends on
 * the device, the vector length and the number of threads, so its last bit
 * may differ: `offset` takes a number, too. */
static float mean(const float *x, int64_t n)
{
  double sum = 0;
  for (int64_t i = 0; i < n; i++)
    sum += (double)x[i];
  return n ? (float)(sum / (double)n) : 0;
}

ulp_status ulp_nested_quantize(ulp_nested *n, const ulp_quantizer *q,
                               const ulp_quantized *out, float *scales)
{
  int64_t count = n->b.elements;
  n->offset = q->offset == ULP_OFFSET_MEAN    ? mean(scales, count)
              : q->offset == ULP_OFFSET_GIVEN ? q->offset_given
                                              : 0;
  for (int64_t i = 0; i < count; i++)
    scales[i] -= n->offset;
  double amax = ulp_quantizer_amax(&n->q, 0, scales, (size_t)count);
  ulp_status status = ulp_quantize_blocks(&n->q, &n->b, out, scales, amax, 1,
                                          0, n->b.blocks, 0);
  if (status == ULP_OK) ulp_nested_dequantize(n, scales, out);
  return status;
}

void ulp_nested_dequantize(const ulp_nested *n, float *scales,
                           const ulp_quantized *in)
{
  ulp_dequantize_blocks(&n->q, &n->b, scales, in, 1, 0, n->b.blocks);
  for (int64_t i = 0; i < n->b.elements; i++)
    scales[i] += n->offset;
}
