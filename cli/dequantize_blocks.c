/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * dequantize_blocks.c: codes with a scale for each block back to values, part
 * by part, in f32.
 */
#include <stdlib.h>
#include <string.h>

#include "quantize.h"

typedef struct {
  const dequantize_request *rq;
  const ulp_tensor *codes;
  ulp_quantizer q;
  ulp_blocks b;
  int64_t shape[ULP_MAX_DIMS]; /* of the values */
  double global;
  ulp_output *out;
  unsigned char *scale, *code;
  int32_t *zero;
  float *part;
} work;

/* ---- what was asked for ------------------------------------------------- */

static ulp_status prepare(work *w, ulp_error *e)
{
  ulp_error inner;
  const dequantize_request *rq = w->rq;
  const cli_quantizer_text text = {.option = "from",
                                   .spec = rq->from,
                                   .profile = rq->profile,
                                   .granularity = rq->granularity,
                                   .scale_format = rq->scale_format,
                                   .rule = rq->rule_text,
                                   .axis = rq->axis};
  ulp_status status = cli_quantizer_find(&w->q, &text, e);
  if (status == ULP_OK)
    status = cli_codes_check(&w->q.element, w->codes, rq->packed, rq->in, e);
  if (status != ULP_OK) return status;
  memcpy(w->shape, w->codes->shape, sizeof w->shape);
  if (rq->packed) {
    int64_t *last = &w->shape[w->codes->ndim - 1];
    *last = cli_codes_held(&w->q.element, *last);
  }
  status = ulp_blocks_make(&w->b, &w->q.granularity, w->q.axis, w->codes->ndim,
                           w->shape, &inner);
  return status == ULP_OK
             ? status
             : ulp_error_set(e, status, "%s: %s", rq->in, inner.text);
}

/* ---- scales ------------------------------------------------------------- */

/* One code of f for each block of b; `option`: what to say when there is no
 * path. */
static ulp_status read_codes(unsigned char **out, const ulp_format *f,
                             const ulp_blocks *b, const char *option,
                             const char *path, const char *of, ulp_error *e)
{
  if (!path) return ulp_error_set(e, ULP_EINVAL, "--%s is missing", option);
  return cli_block_codes_read(out, f, b, path, of, e);
}

static ulp_status read_offset(work *w, ulp_nested *n, ulp_error *e)
{
  double offset = 0;
  const char *path = w->rq->offset;
  if (w->q.offset == ULP_OFFSET_NONE) return ULP_OK;
  if (!path)
    return ulp_error_set(e, ULP_EINVAL,
                         "--scale-offset O.npy is missing: %s has one",
                         w->q.name);
  ulp_status status = cli_number_read(&offset, "scale-offset", path, e);
  n->offset = (float)offset;
  return status;
}

/* Scales from their codes. */
static ulp_status read_nested(work *w, ulp_error *e)
{
  ulp_nested n;
  unsigned char *codes = NULL, *scales = NULL;
  ulp_status status = ulp_nested_make(&n, &w->q, &w->b, e);
  if (status == ULP_OK) status = read_offset(w, &n, e);
  if (status == ULP_OK)
    status = read_codes(&codes, &n.q.element, &w->b, "scales S.npy",
                        w->rq->scales, w->rq->in, e);
  if (status == ULP_OK)
    status = read_codes(&scales, &n.q.scale, &n.b, "nested-scales T.npy",
                        w->rq->nested, w->rq->scales, e);
  if (status == ULP_OK) {
    const ulp_quantized in = {codes, scales, NULL};
    float *values = malloc((size_t)w->b.blocks * sizeof *values + 8);
    w->scale = (void *)values;
    if (values)
      ulp_nested_dequantize(&n, values, &in);
    else
      status = cli_no_memory(e);
  }
  free(codes);
  free(scales);
  return status;
}

static ulp_status read_scales(work *w, ulp_error *e)
{
  ulp_status status = cli_nested_check(&w->q, w->rq->nested, w->rq->offset, e);
  if (status != ULP_OK) return status;
  if (w->q.nested[0]) return read_nested(w, e);
  return read_codes(&w->scale, &w->q.scale, &w->b, "scales S.npy",
                    w->rq->scales, w->rq->in, e);
}

static ulp_status read_zeros(work *w, ulp_error *e)
{
  const char *path = w->rq->zeros;
  if (!path && !w->q.zero.count) return ULP_OK;
  if (!path || !w->q.zero.count)
    return ulp_error_set(e, ULP_EINVAL,
                         path ? "--zero-points: %s has none"
                              : "--zero-points Z.npy is missing: %s has them",
                         w->q.name);
  return cli_block_zeros_read(&w->zero, &w->b, path, w->rq->in, e);
}

static ulp_status read_global(work *w, ulp_error *e)
{
  const char *path = w->rq->global;
  w->global = 1;
  if (!path && !w->q.global.count) return ULP_OK;
  if (!path || !w->q.global.count)
    return ulp_error_set(e, ULP_EINVAL,
                         path ? "--global-scale: %s has none"
                              : "--global-scale G.npy is missing: %s has one",
                         w->q.name);
  return cli_number_read(&w->global, "global-scale", path, e);
}

/* ---- the parts ---------------------------------------------------------- */

static ulp_status make_room(work *w, ulp_error *e)
{
  size_t n = (size_t)cli_largest_part(&w->b) + 8;
  w->part = malloc(n * sizeof *w->part);
  w->code = malloc(n * w->q.element.storage_bytes);
  return w->part && w->code ? ULP_OK : cli_no_memory(e);
}

static ulp_status read_part(work *w, int64_t first, int64_t n, ulp_error *e)
{
  const ulp_format *f = &w->q.element;
  ulp_status status = ULP_OK;
  for (int64_t i = 0; status == ULP_OK && i < n; i += CLI_CHUNK) {
    int64_t some = n - i < CLI_CHUNK ? n - i : CLI_CHUNK;
    status = cli_codes_read(f, w->codes, w->rq->packed, w->rq->in,
                            w->code + (size_t)i * f->storage_bytes, first + i,
                            some, e);
  }
  return status;
}

static ulp_status run(work *w, ulp_error *e)
{
  ulp_blocks part;
  int64_t element, block;
  ulp_status status = ULP_OK;
  ulp_npy_header(w->out, "<f4", w->codes->ndim, w->shape);
  for (int64_t i = 0;
       status == ULP_OK &&
       ulp_blocks_part(&w->b, CLI_PART, i, &part, &element, &block);
       i++) {
    ulp_quantized in = {w->code,
                        w->scale + (size_t)block * w->q.scale.storage_bytes,
                        w->zero ? w->zero + block : NULL};
    int64_t step = part.blocks / (8 * w->rq->threads) + 1;
    status = read_part(w, element, part.elements, e);
    if (status != ULP_OK) break;
#pragma omp parallel for num_threads(w->rq->threads) schedule(dynamic)
    for (int64_t first = 0; first < part.blocks; first += step)
      ulp_dequantize_blocks(
          &w->q, &part, w->part, &in, w->global, first,
          part.blocks - first < step ? part.blocks - first : step);
    ulp_output_write(w->out, w->part, (size_t)part.elements * sizeof(float));
  }
  return status;
}

ulp_status dequantize_blocks(const dequantize_request *rq, const ulp_tensor *x,
                             ulp_error *e)
{
  work w = {.rq = rq, .codes = x};
  ulp_status status = prepare(&w, e);
  if (status == ULP_OK) status = read_global(&w, e);
  if (status == ULP_OK) status = read_zeros(&w, e);
  if (status == ULP_OK) status = read_scales(&w, e);
  if (status == ULP_OK) status = make_room(&w, e);
  if (status == ULP_OK) status = ulp_output_open(&w.out, rq->out, e);
  if (status == ULP_OK) {
    status = run(&w, e);
    if (status == ULP_OK)
      status = ulp_output_commit(w.out, e);
    else
      ulp_output_discard(w.out);
  }
  free(w.scale);
  free(w.zero);
  free(w.part);
  free(w.code);
  return status;
}
