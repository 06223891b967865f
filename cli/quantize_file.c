/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * quantize_file.c: a whole .safetensors file through a quantizer, tensor by
 * tensor.
 */
#include "quantize_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what was asked for ------------------------------------------------- */

static ulp_status check_options(const quantize_request *rq, ulp_error *e)
{
  const struct {
    const char *name, *value;
  } options[] = {{"scales", rq->scales},
                 {"global-scale", rq->global},
                 {"zero-points", rq->zeros},
                 {"nested-scales", rq->nested},
                 {"scale-offset", rq->offset},
                 {"use-scales", rq->use_scales},
                 {"use-global-scale", rq->use_global},
                 {"use-zero-points", rq->use_zeros}};
  for (size_t i = 0; i < sizeof options / sizeof *options; i++)
    if (options[i].value)
      return ulp_error_set(e, ULP_EINVAL,
                           "--%s: of an array; those of a whole file lie in "
                           "--out, beside their codes",
                           options[i].name);
  if (rq->dequant && !cli_is_safetensors(rq->dequant))
    return ulp_error_set(e, ULP_EINVAL,
                         "--dequant %.200s: expected Y.safetensors, as --out "
                         "is a whole file",
                         rq->dequant);
  return ULP_OK;
}

/* The text of all that decoding needs to know; how it was rounded, too. */
static ulp_status describe(quantize_work *w, ulp_error *e)
{
  const quantize_request *rq = w->rq;
  const cli_quantizer_text text = {.option = "to",
                                   .spec = rq->to,
                                   .profile = rq->profile,
                                   .granularity = rq->granularity,
                                   .scale_format = rq->scale_format,
                                   .rule = rq->rule_text,
                                   .axis = rq->axis,
                                   .whole_file = true};
  ulp_quantizer again;
  ulp_status status = cli_quantizer_describe(w->spec, sizeof w->spec, &text, e);
  if (status != ULP_OK) return status;
  size_t n = strlen(w->spec);
  if (rq->mode_given)
    (void)snprintf(w->spec + n, sizeof w->spec - n, "/round=%s",
                   ulp_mode_name((size_t)rq->rounding.mode));
  n = strlen(w->spec);
  if (rq->rounding.overflow)
    (void)snprintf(w->spec + n, sizeof w->spec - n, "/overflow=%s",
                   ulp_overflow_name((size_t)rq->rounding.overflow));
  return ulp_quantizer_find(w->spec, &again, e);
}

/* ---- the report --------------------------------------------------------- */

static const char *const columns[] = {
    "name",        "dtype",           "shape",
    "elements",    "quantizer",       "amax",
    "snr_db",      "snr_db_ci95",     "clipped_fraction",
    "flushed_fraction", "bits_per_element", "bytes",
    NULL};

static uint64_t bytes_of(const quantize_work *w, const quantize_item *t)
{
  const ulp_safetensors *s = w->codes.tensors;
  uint64_t bytes = ulp_safetensors_bytes(s, t->codes);
  if (!t->chosen) return bytes;
  if (ulp_quantizer_has_scales(&w->q))
    bytes += ulp_safetensors_bytes(s, t->scales);
  if (w->q.nested[0]) bytes += ulp_safetensors_bytes(s, t->nested);
  if (w->q.nested[0] && w->q.offset)
    bytes += ulp_safetensors_bytes(s, t->offset);
  if (w->q.global.count) bytes += ulp_safetensors_bytes(s, t->global);
  if (w->q.zero.count) bytes += ulp_safetensors_bytes(s, t->zeros);
  return bytes;
}

/* s, sums: NULL for a tensor that was copied. */
static void report(quantize_work *w, const quantize_item *t,
                   const cli_blocks *s, const ulp_error_sums *sums)
{
  char shape[24 * ULP_MAX_DIMS];
  cli_table *table = &w->table;
  if (!w->report) return;
  cli_shape_text(shape, sizeof shape, t->x->ndim, t->x->shape);
  cli_cell_text(table, t->x->name);
  cli_cell_text(table, ulp_dtype_name(t->x->dtype));
  cli_cell_text(table, shape);
  cli_cell_int(table, t->x->count);
  if (s) {
    ulp_error_report r = ulp_error_sums_report(sums);
    cli_cell_text(table, w->spec);
    cli_cell_number(table, s->finite_amax);
    cli_cell_number(table, r.snr_db);
    cli_cell_number(table, r.snr_db_ci95);
    cli_cell_number(table, r.clipped);
    cli_cell_number(table, r.flushed);
    cli_cell_number(table, ulp_quantizer_bits(&w->q, &s->b));
  } else {
    for (int i = 0; i < 6; i++)
      cli_cell_none(table);
    cli_cell_number(table, t->x->dtype->bits);
  }
  cli_cell_int(table, (int64_t)bytes_of(w, t));
}

/* ---- one tensor --------------------------------------------------------- */

/* Codes of scales, which have fewer than 8 bits at times. */
static ulp_status write_stored(quantize_work *w, size_t number,
                               const ulp_format *f, unsigned char *stored,
                               int64_t n, ulp_error *e)
{
  checkpoint_codes codes = {.f = f, .number = number};
  codes.packed = checkpoint_dtype(f, n)->bits < 8;
  ulp_status status = checkpoint_codes_write(&w->codes, &codes, stored, n, e);
  return status == ULP_OK ? checkpoint_codes_end(&w->codes, &codes, e)
                          : status;
}

static ulp_status write_scales(quantize_work *w, const quantize_item *t,
                               const cli_blocks *s, ulp_error *e)
{
  size_t n = (size_t)s->b.blocks;
  float global = (float)s->global;
  ulp_safetensors *out = w->codes.tensors;
  ulp_status status = ULP_OK;
  if (w->q.nested[0]) {
    status = write_stored(w, t->scales, &s->n.q.element, s->scale_code,
                          s->b.blocks, e);
    if (status == ULP_OK)
      status = write_stored(w, t->nested, &s->n.q.scale, s->scale_scale,
                            s->n.b.blocks, e);
    if (w->q.offset)
      ulp_safetensors_write(out, t->offset, &s->n.offset,
                            sizeof s->n.offset);
  } else if (ulp_quantizer_has_scales(&w->q)) {
    status = write_stored(w, t->scales, &w->q.scale, s->scale, s->b.blocks, e);
  }
  if (w->q.global.count)
    ulp_safetensors_write(out, t->global, &global, sizeof global);
  if (w->q.zero.count)
    ulp_safetensors_write(out, t->zeros, s->zero, n * sizeof *s->zero);
  return status;
}

static ulp_status quantize_parts(quantize_work *w, const quantize_item *t,
                                 cli_blocks *s, ulp_error_sums *sums,
                                 ulp_error *e)
{
  checkpoint_codes codes = {
      .f = &w->q.element, .packed = t->bits, .number = t->codes};
  bool more = true;
  ulp_status status = ULP_OK;
  while (status == ULP_OK) {
    status = cli_blocks_next(s, &more, e);
    if (status != ULP_OK || !more) break;
    if (w->report) status = cli_blocks_errors(s, sums, e);
    if (status == ULP_OK)
      status = checkpoint_codes_write(&w->codes, &codes, s->code,
                                      s->at.elements, e);
    if (w->values.tensors)
      ulp_safetensors_write(w->values.tensors, t->values, s->values,
                            (size_t)s->at.elements * sizeof *s->values);
  }
  return status == ULP_OK ? checkpoint_codes_end(&w->codes, &codes, e)
                          : status;
}

static ulp_status quantize_one(quantize_work *w, const quantize_item *t,
                               ulp_error *e)
{
  cli_blocks s;
  ulp_error_sums sums = {0};
  checkpoint_label label = checkpoint_label_of(w->rq->in, t->x->name);
  ulp_status status =
      cli_blocks_begin(&s, &w->q, t->x, label.text, w->rq->threads, e);
  if (status == ULP_OK) status = cli_blocks_survey(&s, e);
  if (status == ULP_OK && w->rq->strict && (s.nan || s.inf))
    status = ulp_error_set(e, ULP_EFORMAT,
                           "%s: %llu NaN and %llu Inf, expected numbers under "
                           "--strict",
                           label.text, (unsigned long long)s.nan,
                           (unsigned long long)s.inf);
  if (status == ULP_OK) status = quantize_parts(w, t, &s, &sums, e);
  if (status == ULP_OK) status = write_scales(w, t, &s, e);
  if (status == ULP_OK) report(w, t, &s, &sums);
  cli_blocks_end(&s);
  return status;
}

static ulp_status copy_one(quantize_work *w, const quantize_item *t,
                           ulp_error *e)
{
  ulp_status status = checkpoint_copy(&w->codes, t->codes, t->x, e);
  if (status == ULP_OK)
    status = checkpoint_copy(&w->values, t->values, t->x, e);
  if (status == ULP_OK) report(w, t, NULL, NULL);
  return status;
}

/* ---- all of them -------------------------------------------------------- */

static ulp_status open_outputs(quantize_work *w, ulp_error *e)
{
  const quantize_request *rq = w->rq;
  ulp_status status = checkpoint_begin(&w->codes, rq->out, &w->set, e);
  if (status == ULP_OK)
    status = checkpoint_begin(&w->values, rq->dequant, &w->set, e);
  if (status == ULP_OK)
    status = cli_outputs_add(&w->set, &w->report, rq->report, e);
  if (status == ULP_OK && w->report)
    cli_table_begin(&w->table, w->report, false, columns);
  return status;
}

static ulp_status run(quantize_work *w, ulp_error *e)
{
  ulp_status status = open_outputs(w, e);
  for (size_t i = 0; status == ULP_OK && i < w->count; i++)
    status = w->items[i].chosen ? quantize_one(w, &w->items[i], e)
                                : copy_one(w, &w->items[i], e);
  if (status == ULP_OK) status = checkpoint_end(&w->codes, e);
  if (status == ULP_OK) status = checkpoint_end(&w->values, e);
  if (status == ULP_OK && w->report) status = cli_table_end(&w->table, e);
  if (status == ULP_OK) return cli_outputs_commit(&w->set, e);
  cli_outputs_discard(&w->set);
  return status;
}

ulp_status quantize_file(const quantize_request *rq, ulp_error *e)
{
  quantize_work w = {.rq = rq};
  ulp_status status = check_options(rq, e);
  if (status == ULP_OK) status = quantize_find(&w.q, rq, e);
  if (status == ULP_OK) status = describe(&w, e);
  if (status == ULP_OK) status = checkpoint_open(&w.file, rq->in, e);
  if (status == ULP_OK) status = quantize_choose(&w, e);
  if (status == ULP_OK) status = quantize_place(&w, e);
  if (status == ULP_OK) status = run(&w, e);
  checkpoint_free(&w.codes);
  checkpoint_free(&w.values);
  free(w.items);
  ulp_file_close(w.file);
  return status;
}
