/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An array through a quantizer and back.
 */
#include <stdlib.h>
#include <string.h>

#include "model.h"

typedef struct {
  const ulp_quantizer *q;
  ulp_blocks b;
  ulp_nested nested;
  ulp_quantized codes, scale_codes; /* of the elements; of nested scales */
} room;

static bool make_room(room *r)
{
  size_t n = (size_t)r->b.elements + 8, blocks = (size_t)r->b.blocks + 1;
  r->codes = (ulp_quantized){malloc(n * r->q->element.storage_bytes),
                             malloc(blocks * r->q->scale.storage_bytes),
                             malloc(blocks * sizeof(int32_t))};
  if (!r->q->nested[0])
    return r->codes.codes && r->codes.scales && r->codes.zeros;
  r->scale_codes = (ulp_quantized){
      malloc(blocks * r->nested.q.element.storage_bytes),
      malloc(((size_t)r->nested.b.blocks + 1) *
             r->nested.q.scale.storage_bytes), NULL};
  return r->codes.codes && r->codes.scales && r->codes.zeros &&
         r->scale_codes.codes && r->scale_codes.scales;
}

static void free_room(room *r)
{
  free(r->codes.codes);
  free(r->codes.scales);
  free(r->codes.zeros);
  free(r->scale_codes.codes);
  free(r->scale_codes.scales);
}

static ulp_status run(room *r, float *y, const float *x, uint64_t index)
{
  const ulp_quantizer *q = r->q;
  if (!make_room(r))
    return ULP_ENOMEM;
  ulp_quantized at = r->codes;
  at.zeros = q->zero.count ? at.zeros : NULL;
  double amax = ulp_quantizer_amax(q, 0, x, (size_t)r->b.elements);
  double global = ulp_quantizer_global(q, amax);
  ulp_status s = ulp_quantize_blocks(q, &r->b, &at, x, amax, global, 0,
                                     r->b.blocks, index);
  if (s == ULP_OK && q->nested[0])
    s = ulp_nested_quantize(&r->nested, q, &r->scale_codes, at.scales);
  if (s == ULP_OK)
    ulp_dequantize_blocks(q, &r->b, y, &at, global, 0, r->b.blocks);
  return s;
}

ulp_status ulp_quantizer_values(const ulp_quantizer *q, int ndim,
                                const int64_t *shape, float *y, const float *x,
                                uint64_t index, ulp_error *e)
{
  room r = {.q = q};
  ulp_status s = ulp_blocks_make(&r.b, &q->granularity, q->axis, ndim, shape,
                                 e);
  if (s == ULP_OK && q->nested[0])
    s = ulp_nested_make(&r.nested, q, &r.b, e);
  if (s == ULP_OK && q->whole_blocks && !ulp_blocks_whole(&r.b))
    s = ulp_error_set(e, ULP_EINVAL, "%s takes whole blocks only", q->name);
  if (s != ULP_OK)
    return s;
  s = run(&r, y, x, index);
  free_room(&r);
  return s == ULP_OK ? s : ulp_error_set(e, s, "%s: %s", q->name,
                                         ulp_strerror(s));
}
