/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * quantize_blocks.c: an array to codes with a scale for each block, part by
 * part, in f32.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint.h"

typedef struct {
  const quantize_request *rq;
  const ulp_tensor *x;
  ulp_quantizer q;
  ulp_blocks b;
  double amax, global;
  cli_outputs set;
  ulp_output *codes, *scales, *factor, *zeros, *values, *nested, *offset;
  unsigned char *scale; /* of every block, stored */
  int32_t *zero;        /* of every block, or NULL */
  float *part, *back;   /* of one part */
  unsigned char *code, *packed;
  ulp_nested n;         /* of scales that are quantized in turn */
  float *through;       /* the scales once they were; or NULL */
  unsigned char *scale_code, *scale_scale;
  uint64_t nan, inf;
} work;

static ulp_status no_memory(ulp_error *e)
{
  return ulp_error_set(e, ULP_ENOMEM, "%s", ulp_strerror(ULP_ENOMEM));
}

/* ---- what was asked for ------------------------------------------------- */

ulp_status quantize_find(ulp_quantizer *q, const quantize_request *rq,
                         ulp_error *e)
{
  const cli_quantizer_text text = {.option = "to",
                                   .spec = rq->to,
                                   .profile = rq->profile,
                                   .granularity = rq->granularity,
                                   .scale_format = rq->scale_format,
                                   .rule = rq->rule_text,
                                   .axis = rq->axis,
                                   .whole_file =
                                       cli_is_safetensors(rq->out)};
  ulp_status status = cli_quantizer_find(q, &text, e);
  if (status != ULP_OK) return status;
  ulp_rounding *r = &q->rounding;
  if (rq->mode_given) r->mode = rq->rounding.mode;
  if (rq->rounding.overflow) r->overflow = rq->rounding.overflow;
  if (rq->rounding.sr_bits) r->sr_bits = rq->rounding.sr_bits;
  if (rq->rounding.seed) r->seed = rq->rounding.seed;
  r->stream = rq->rounding.stream;
  r->sr_variant = rq->rounding.sr_variant;
  return ULP_OK;
}

static ulp_status find(work *w, ulp_error *e)
{
  const quantize_request *rq = w->rq;
  ulp_status status = quantize_find(&w->q, rq, e);
  if (status != ULP_OK) return status;
  if (rq->global && !w->q.global.count)
    return ulp_error_set(e, ULP_EINVAL,
                         "--global-scale: %s has none, expected a quantizer "
                         "with one, such as nvfp4",
                         w->q.name);
  if (rq->zeros && !w->q.zero.count)
    return ulp_error_set(e, ULP_EINVAL,
                         "--zero-points: %s has none, expected a quantizer "
                         "with them, such as --scale-rule minmax",
                         w->q.name);
  return cli_nested_check(&w->q, rq->nested, rq->offset, e);
}

static ulp_status check_packed(const work *w, ulp_error *e)
{
  const ulp_format *f = &w->q.element;
  const ulp_tensor *x = w->x;
  if (f->bits > 8)
    return ulp_error_set(e, ULP_EINVAL,
                         "--packed: %s has %d bits, expected a format of up "
                         "to 8",
                         f->name, f->bits);
  if (x->ndim == 0 || x->shape[x->ndim - 1] % 8 * f->bits % 8)
    return ulp_error_set(e, ULP_EINVAL,
                         "%s: --packed: the last dimension times %d bits is no "
                         "multiple of 8",
                         w->rq->in, f->bits);
  return ULP_OK;
}

/* ---- scales that are given ---------------------------------------------- */

static ulp_status check_given(const work *w, ulp_error *e)
{
  const quantize_request *rq = w->rq;
  const char *name = w->q.name;
  bool zero = w->q.zero.count, global = w->q.global.count;
  if (rq->use_scales && w->q.nested[0])
    return ulp_error_set(e, ULP_EINVAL,
                         "--use-scales: %s has scales of scales, expected "
                         "scales alone",
                         name);
  if (rq->use_zeros && !zero)
    return ulp_error_set(e, ULP_EINVAL, "--use-zero-points: %s has none", name);
  if (rq->use_global && !global)
    return ulp_error_set(e, ULP_EINVAL, "--use-global-scale: %s has none",
                         name);
  if (rq->use_zeros && !rq->use_scales)
    return ulp_error_set(e, ULP_EINVAL,
                         "--use-zero-points: expected --use-scales S.npy, too");
  if (rq->use_scales && zero && !rq->use_zeros)
    return ulp_error_set(e, ULP_EINVAL,
                         "--use-zero-points Z.npy is missing: %s has them",
                         name);
  if (rq->use_scales && global && !rq->use_global)
    return ulp_error_set(e, ULP_EINVAL,
                         "--use-global-scale G.npy is missing: %s has one",
                         name);
  return ULP_OK;
}

/* Where a scale of 0 would be another one, none can have been written. */
static ulp_status check_scales(const work *w, ulp_error *e)
{
  const ulp_format *f = &w->q.scale;
  for (int64_t i = 0; w->q.zero_scale > 0 && i < w->b.blocks; i++)
    if (ulp_decode(f, ulp_load_code(f, w->scale, (size_t)i)) == 0)
      return ulp_error_set(e, ULP_EFORMAT,
                           "%s: scale %lld is 0, expected none of %s",
                           w->rq->use_scales, (long long)i, w->q.name);
  return ULP_OK;
}

static ulp_status read_given(work *w, ulp_error *e)
{
  const quantize_request *rq = w->rq;
  ulp_status status = check_given(w, e);
  w->q.fixed = rq->use_scales;
  if (status == ULP_OK && rq->use_scales)
    status = cli_block_codes_read(&w->scale, &w->q.scale, &w->b,
                                  rq->use_scales, rq->in, e);
  if (status == ULP_OK && rq->use_scales) status = check_scales(w, e);
  if (status == ULP_OK && rq->use_zeros)
    status = cli_block_zeros_read(&w->zero, &w->b, rq->use_zeros, rq->in, e);
  if (status == ULP_OK && rq->use_global)
    status = cli_number_read(&w->global, "use-global-scale", rq->use_global, e);
  return status;
}

static ulp_status prepare(work *w, ulp_error *e)
{
  ulp_error inner;
  ulp_status status = find(w, e);
  if (status != ULP_OK) return status;
  status = ulp_blocks_make(&w->b, &w->q.granularity, w->q.axis, w->x->ndim,
                           w->x->shape, &inner);
  if (status != ULP_OK)
    return ulp_error_set(e, status, "%s: %s", w->rq->in, inner.text);
  status = cli_blocks_check(&w->q, &w->b, w->rq->in, e);
  if (status == ULP_OK && w->q.nested[0])
    status = ulp_nested_make(&w->n, &w->q, &w->b, e);
  if (status == ULP_OK && w->rq->packed) status = check_packed(w, e);
  return status == ULP_OK ? read_given(w, e) : status;
}

/* ---- the parts ---------------------------------------------------------- */

static int64_t largest_part(const work *w)
{
  ulp_blocks part;
  int64_t element, block, most = CLI_CHUNK;
  for (int64_t i = 0;
       i < 2 && ulp_blocks_part(&w->b, CLI_PART, i, &part, &element, &block);
       i++)
    most = part.elements > most ? part.elements : most;
  return most;
}

static bool make_nested_room(work *w)
{
  const ulp_quantizer *q = &w->n.q;
  if (!w->q.nested[0]) return true;
  w->through = malloc(((size_t)w->b.blocks + 1) * sizeof *w->through);
  w->scale_code = malloc((size_t)w->b.blocks * q->element.storage_bytes + 8);
  w->scale_scale = malloc((size_t)w->n.b.blocks * q->scale.storage_bytes + 8);
  return w->through && w->scale_code && w->scale_scale;
}

static bool make_room(work *w)
{
  size_t n = (size_t)largest_part(w) + 8, blocks = (size_t)w->b.blocks + 1;
  w->part = malloc(n * sizeof *w->part);
  w->code = malloc(n * w->q.element.storage_bytes);
  w->packed = w->rq->packed ? malloc(n) : NULL;
  w->back = w->rq->dequant ? malloc(n * sizeof *w->back) : NULL;
  if (!w->scale) w->scale = malloc(blocks * w->q.scale.storage_bytes);
  if (!w->zero && w->q.zero.count) w->zero = malloc(blocks * sizeof *w->zero);
  return w->part && w->code && (w->packed || !w->rq->packed) &&
         (w->back || !w->rq->dequant) && w->scale &&
         (w->zero || !w->q.zero.count) && make_nested_room(w);
}

/* The amax of the tensor, and how much of it is no number. */
static void survey(work *w)
{
  for (int64_t i = 0; i < w->x->count; i += CLI_CHUNK) {
    int64_t n = w->x->count - i < CLI_CHUNK ? w->x->count - i : CLI_CHUNK;
    float *x = w->part;
    cli_floats_read(w->x, x, i, n);
    w->amax = ulp_quantizer_amax(&w->q, w->amax, x, (size_t)n);
    for (int64_t k = 0; k < n; k++) {
      w->nan += isnan(x[k]) != 0;
      w->inf += isinf(x[k]) != 0;
    }
  }
  if (!w->rq->use_global) w->global = ulp_quantizer_global(&w->q, w->amax);
}

/* Blocks in strides that threads share. */
static ulp_status run_part(work *w, const ulp_blocks *part, int64_t element,
                           int64_t block)
{
  size_t bytes = w->q.scale.storage_bytes;
  ulp_quantized out = {w->code, w->scale + (size_t)block * bytes,
                       w->zero ? w->zero + block : NULL};
  ulp_quantized in = out;
  if (w->through) in.scales = w->through + block;
  int64_t step = part->blocks / (8 * w->rq->threads) + 1;
  ulp_status status = ULP_OK;
#pragma omp parallel for num_threads(w->rq->threads) schedule(dynamic)
  for (int64_t first = 0; first < part->blocks; first += step) {
    int64_t n = part->blocks - first < step ? part->blocks - first : step;
    ulp_status s =
        ulp_quantize_blocks(&w->q, part, &out, w->part, w->amax, w->global,
                            first, n, (uint64_t)element);
    if (s == ULP_OK && w->back)
      ulp_dequantize_blocks(&w->q, part, w->back, &in, w->global, first, n);
    if (s != ULP_OK) {
#pragma omp critical
      status = s;
    }
  }
  return status;
}

static void extend_signs(const ulp_format *f, unsigned char *code, int64_t n)
{
  if (strcmp(cli_codes_type(f, false), "|i1")) return;
  for (int64_t i = 0; i < n; i++)
    if (code[i] >> (f->bits - 1)) code[i] |= (unsigned char)(0xff << f->bits);
}

static ulp_status write_part(work *w, int64_t n, ulp_error *e)
{
  const ulp_format *f = &w->q.element;
  if (w->back) ulp_output_write(w->values, w->back, (size_t)n * sizeof(float));
  if (!w->packed) {
    extend_signs(f, w->code, n);
    ulp_output_write(w->codes, w->code, (size_t)n * f->storage_bytes);
    return ULP_OK;
  }
  if (ulp_pack(f, w->packed, w->code, (size_t)n) != ULP_OK)
    return ulp_error_set(e, ULP_EINVAL,
                         "%s: --packed: blocks of %d bits do not end at bytes",
                         w->rq->in, f->bits);
  ulp_output_write(w->codes, w->packed, (size_t)n * f->bits / 8);
  return ULP_OK;
}

/* Part by part; nothing is written when only the scales are wanted. */
static ulp_status run(work *w, bool scales_only, ulp_error *e)
{
  ulp_blocks part;
  int64_t element, block;
  ulp_status status = ULP_OK;
  for (int64_t i = 0;
       status == ULP_OK &&
       ulp_blocks_part(&w->b, CLI_PART, i, &part, &element, &block);
       i++) {
    cli_floats_read(w->x, w->part, element, part.elements);
    status = run_part(w, &part, element, block);
    if (status != ULP_OK)
      return ulp_error_set(e, status, "%s", ulp_strerror(status));
    if (!scales_only) status = write_part(w, part.elements, e);
  }
  return status;
}

/* Elements are quantized with the scales as they are, and decoded with what
 * their codes stand for, so the scales of all come first. */
static ulp_status nest(work *w, ulp_error *e)
{
  const ulp_quantized out = {w->scale_code, w->scale_scale, NULL};
  ulp_status status = run(w, true, e);
  if (status != ULP_OK) return status;
  memcpy(w->through, w->scale, (size_t)w->b.blocks * sizeof *w->through);
  status = ulp_nested_quantize(&w->n, &w->q, &out, w->through);
  return status == ULP_OK
             ? status
             : ulp_error_set(e, status, "%s", ulp_strerror(status));
}

/* ---- outputs ------------------------------------------------------------ */

static ulp_status open_outputs(work *w, ulp_error *e)
{
  const quantize_request *rq = w->rq;
  const struct {
    ulp_output **out;
    const char *path;
  } all[] = {{&w->codes, rq->out},
             {&w->scales, rq->scales},
             {&w->factor, rq->global},
             {&w->zeros, rq->zeros},
             {&w->nested, rq->nested},
             {&w->offset, rq->offset},
             {&w->values, rq->dequant}};
  ulp_status status = ULP_OK;
  for (size_t i = 0; status == ULP_OK && i < sizeof all / sizeof *all; i++)
    status = cli_outputs_add(&w->set, all[i].out, all[i].path, e);
  return status;
}

static void write_headers(work *w)
{
  const ulp_format *f = &w->q.element;
  int64_t shape[ULP_MAX_DIMS];
  memcpy(shape, w->x->shape, sizeof shape);
  if (w->rq->packed) {
    int64_t *last = &shape[w->x->ndim - 1];
    *last = *last / 8 * f->bits + *last % 8 * f->bits / 8;
  }
  ulp_npy_header(w->codes, cli_codes_type(f, w->rq->packed), w->x->ndim, shape);
  if (w->values)
    ulp_npy_header(w->values, "<f4", w->x->ndim, w->x->shape);
}

static void write_scales(work *w)
{
  const bool nested = w->q.nested[0];
  cli_block_codes_write(w->scales, nested ? &w->n.q.element : &w->q.scale,
                        &w->b, nested ? w->scale_code : w->scale);
  cli_block_codes_write(w->nested, &w->n.q.scale, &w->n.b, w->scale_scale);
  cli_number_write(w->offset, (double)w->n.offset);
  cli_number_write(w->factor, w->global);
  cli_block_zeros_write(w->zeros, &w->b, w->zero);
}

static ulp_status stream(work *w, ulp_error *e)
{
  if (!make_room(w)) return no_memory(e);
  survey(w);
  if (w->rq->strict && (w->nan || w->inf))
    return ulp_error_set(e, ULP_EFORMAT,
                         "%s: %llu NaN and %llu Inf, expected numbers under "
                         "--strict",
                         w->rq->in, (unsigned long long)w->nan,
                         (unsigned long long)w->inf);
  ulp_status status = open_outputs(w, e);
  if (status != ULP_OK) return status;
  write_headers(w);
  if (w->q.nested[0]) status = nest(w, e);
  if (status == ULP_OK) status = run(w, false, e);
  if (status == ULP_OK) write_scales(w);
  return status;
}

ulp_status quantize_blocks(const quantize_request *rq, const ulp_tensor *x,
                           ulp_error *e)
{
  work w = {.rq = rq, .x = x};
  ulp_status status = prepare(&w, e);
  if (status == ULP_OK) status = stream(&w, e);
  if (status == ULP_OK)
    status = cli_outputs_commit(&w.set, e);
  else
    cli_outputs_discard(&w.set);
  free(w.part);
  free(w.back);
  free(w.code);
  free(w.packed);
  free(w.scale);
  free(w.zero);
  free(w.through);
  free(w.scale_code);
  free(w.scale_scale);
  return status;
}
