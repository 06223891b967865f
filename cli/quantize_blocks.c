/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * quantize_blocks.c: an array to codes with a scale for each block, part by
 * part, in f32.
 */
#include <stdlib.h>
#include <string.h>

#include "block_stream.h"
#include "checkpoint.h"

typedef struct {
  const quantize_request *rq;
  const ulp_tensor *x;
  ulp_quantizer q;
  cli_blocks s;
  cli_outputs set;
  ulp_output *codes, *scales, *factor, *zeros, *values, *nested, *offset;
  unsigned char *packed; /* a part */
} work;

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
  for (int64_t i = 0; w->q.zero_scale > 0 && i < w->s.b.blocks; i++)
    if (ulp_decode(f, ulp_load_code(f, w->s.scale, (size_t)i)) == 0)
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
    status = cli_block_codes_read(&w->s.scale, &w->q.scale, &w->s.b,
                                  rq->use_scales, rq->in, e);
  if (status == ULP_OK && rq->use_scales) status = check_scales(w, e);
  if (status == ULP_OK && rq->use_zeros)
    status = cli_block_zeros_read(&w->s.zero, &w->s.b, rq->use_zeros, rq->in, e);
  if (status == ULP_OK && rq->use_global)
    status = cli_number_read(&w->s.global, "use-global-scale", rq->use_global, e);
  return status;
}

static ulp_status prepare(work *w, ulp_error *e)
{
  const quantize_request *rq = w->rq;
  ulp_status status = find(w, e);
  if (status == ULP_OK)
    status = cli_blocks_begin(&w->s, &w->q, w->x, rq->in, rq->threads, e);
  if (status == ULP_OK && rq->packed) status = check_packed(w, e);
  w->s.global_given = rq->use_global;
  w->s.decodes = rq->dequant;
  return status == ULP_OK ? read_given(w, e) : status;
}

/* ---- the parts ---------------------------------------------------------- */

/* Codes of a part without gaps. */
static ulp_status pack(work *w, int64_t n, ulp_error *e)
{
  const ulp_format *f = &w->q.element;
  unsigned char *room = realloc(w->packed, (size_t)n + 8);
  if (!room)
    return ulp_error_set(e, ULP_ENOMEM, "%s", ulp_strerror(ULP_ENOMEM));
  w->packed = room;
  if (ulp_pack(f, room, w->s.code, (size_t)n) != ULP_OK)
    return ulp_error_set(e, ULP_EINVAL,
                         "%s: --packed: blocks of %d bits do not end at bytes",
                         w->rq->in, f->bits);
  ulp_output_write(w->codes, room, (size_t)n * f->bits / 8);
  return ULP_OK;
}

static ulp_status write_part(work *w, ulp_error *e)
{
  const ulp_format *f = &w->q.element;
  int64_t n = w->s.at.elements;
  if (w->values)
    ulp_output_write(w->values, w->s.values, (size_t)n * sizeof(float));
  if (w->rq->packed) return pack(w, n, e);
  cli_codes_extend(f, w->s.code, n);
  ulp_output_write(w->codes, w->s.code, (size_t)n * f->storage_bytes);
  return ULP_OK;
}

static ulp_status run(work *w, ulp_error *e)
{
  bool more = true;
  ulp_status status = ULP_OK;
  while (status == ULP_OK && more) {
    status = cli_blocks_next(&w->s, &more, e);
    if (status == ULP_OK && more) status = write_part(w, e);
  }
  return status;
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
  const cli_blocks *s = &w->s;
  const bool nested = w->q.nested[0];
  cli_block_codes_write(w->scales, nested ? &s->n.q.element : &w->q.scale,
                        &s->b, nested ? s->scale_code : s->scale);
  cli_block_codes_write(w->nested, &s->n.q.scale, &s->n.b, s->scale_scale);
  cli_number_write(w->offset, (double)s->n.offset);
  cli_number_write(w->factor, s->global);
  cli_block_zeros_write(w->zeros, &s->b, s->zero);
}

static ulp_status stream(work *w, ulp_error *e)
{
  ulp_status status = cli_blocks_survey(&w->s, e);
  if (status == ULP_OK && w->rq->strict && (w->s.nan || w->s.inf))
    status = ulp_error_set(e, ULP_EFORMAT,
                           "%s: %llu NaN and %llu Inf, expected numbers under "
                           "--strict",
                           w->rq->in, (unsigned long long)w->s.nan,
                           (unsigned long long)w->s.inf);
  if (status == ULP_OK) status = open_outputs(w, e);
  if (status != ULP_OK) return status;
  write_headers(w);
  status = run(w, e);
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
  cli_blocks_end(&w.s);
  free(w.packed);
  return status;
}
