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

static ulp_status no_memory(ulp_error *e)
{
  return ulp_error_set(e, ULP_ENOMEM, "%s", ulp_strerror(ULP_ENOMEM));
}

/* ---- what was asked for --------------------------------------------------- */

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
    int64_t *last = &w->shape[w->codes->ndim - 1], bits = w->q.element.bits;
    *last = *last / bits * 8 + *last % bits * 8 / bits;
  }
  status = ulp_blocks_make(&w->b, &w->q.granularity, w->q.axis, w->codes->ndim,
                           w->shape, &inner);
  return status == ULP_OK
             ? status
             : ulp_error_set(e, status, "%s: %s", rq->in, inner.text);
}

/* ---- scales ---------------------------------------------------------------- */

static ulp_status read_scales(work *w, ulp_error *e)
{
  const dequantize_request *rq = w->rq;
  return rq->scales ? cli_block_codes_read(&w->scale, &w->q.scale, &w->b,
                                           rq->scales, rq->in, e)
                    : ulp_error_set(e, ULP_EINVAL,
                                    "--scales S.npy is missing");
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
  return cli_number_read(&w->global, path, e);
}

/* ---- the parts ---------------------------------------------------------------- */

static ulp_status make_room(work *w, ulp_error *e)
{
  ulp_blocks part;
  int64_t element, block, most = 0;
  for (int64_t i = 0;
       i < 2 && ulp_blocks_part(&w->b, CLI_PART, i, &part, &element, &block);
       i++)
    most = part.elements > most ? part.elements : most;
  w->part = malloc(((size_t)most + 8) * sizeof *w->part);
  w->code = malloc(((size_t)most + 8) * w->q.element.storage_bytes);
  return w->part && w->code ? ULP_OK : no_memory(e);
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
