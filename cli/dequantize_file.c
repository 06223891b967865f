/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * dequantize_file.c: a whole .safetensors file of codes and scales back to
 * values, tensor by tensor.
 */
#include "dequantize_file.h"

#include <stdlib.h>
#include <string.h>

/* ---- one tensor --------------------------------------------------------- */

typedef struct {
  unsigned char *scale, *code;
  int32_t *zero;
  float *part;
  double global;
} room;

static void free_room(room *r)
{
  free(r->scale);
  free(r->code);
  free(r->zero);
  free(r->part);
}

static ulp_status read_all(const dequantize_work *w, const ulp_tensor *t,
                           const ulp_format *f, unsigned char **out,
                           ulp_error *e)
{
  *out = malloc(((size_t)t->count + 1) * f->storage_bytes);
  if (!*out) return cli_no_memory(e);
  return cli_codes_read(f, t, false,
                        checkpoint_label_of(w->rq->in, t->name).text, *out, 0,
                        t->count, e);
}

/* Scales from their codes. */
static ulp_status read_nested(const dequantize_work *w, dequantize_source *s,
                              room *r, ulp_error *e)
{
  double offset = 0;
  unsigned char *codes = NULL, *scales = NULL;
  float *values = malloc(((size_t)s->b.blocks + 1) * sizeof *values);
  ulp_status status = values ? ULP_OK : cli_no_memory(e);
  r->scale = (void *)values;
  if (status == ULP_OK)
    status = read_all(w, s->scales, &s->n.q.element, &codes, e);
  if (status == ULP_OK)
    status = read_all(w, s->nested, &s->n.q.scale, &scales, e);
  if (status == ULP_OK) {
    const ulp_quantized in = {codes, scales, NULL};
    if (s->offset) ulp_tensor_read_f64(s->offset, &offset, 0, 1);
    s->n.offset = (float)offset;
    ulp_nested_dequantize(&s->n, values, &in);
  }
  free(codes);
  free(scales);
  return status;
}

static ulp_status fill_room(const dequantize_work *w, dequantize_source *s,
                            room *r, ulp_error *e)
{
  size_t n = (size_t)cli_largest_part(&s->b) + 8;
  size_t blocks = (size_t)s->b.blocks + 1;
  *r = (room){.global = 1};
  r->part = malloc(n * sizeof *r->part);
  r->code = malloc(n * s->q.element.storage_bytes);
  r->zero = s->zeros ? malloc(blocks * sizeof *r->zero) : NULL;
  if (!r->part || !r->code || (s->zeros && !r->zero)) return cli_no_memory(e);
  if (s->global) ulp_tensor_read_f64(s->global, &r->global, 0, 1);
  if (s->zeros) ulp_tensor_read_raw(s->zeros, r->zero, 0, s->zeros->count);
  if (s->q.nested[0]) return read_nested(w, s, r, e);
  return s->scales ? read_all(w, s->scales, &s->q.scale, &r->scale, e)
                   : ULP_OK;
}

static ulp_status read_codes(const dequantize_work *w,
                             const dequantize_source *s, room *r,
                             int64_t first, int64_t n, ulp_error *e)
{
  const ulp_format *f = &s->q.element;
  checkpoint_label label = checkpoint_label_of(w->rq->in, s->codes->name);
  ulp_status status = ULP_OK;
  for (int64_t i = 0; status == ULP_OK && i < n; i += CLI_CHUNK) {
    int64_t some = n - i < CLI_CHUNK ? n - i : CLI_CHUNK;
    status = cli_codes_read(f, s->codes, s->packed, label.text,
                            r->code + (size_t)i * f->storage_bytes, first + i,
                            some, e);
  }
  return status;
}

static ulp_status decode(dequantize_work *w, const dequantize_source *s,
                         room *r, size_t number, ulp_error *e)
{
  ulp_blocks part;
  int64_t element, block;
  ulp_status status = ULP_OK;
  for (int64_t i = 0;
       ulp_blocks_part(&s->b, CLI_PART, i, &part, &element, &block); i++) {
    ulp_quantized in = {
        r->code,
        r->scale ? r->scale + (size_t)block * s->q.scale.storage_bytes : NULL,
        r->zero ? r->zero + block : NULL};
    int64_t step = part.blocks / (8 * w->rq->threads) + 1;
    status = read_codes(w, s, r, element, part.elements, e);
    if (status != ULP_OK) return status;
#pragma omp parallel for num_threads(w->rq->threads) schedule(dynamic)
    for (int64_t first = 0; first < part.blocks; first += step)
      ulp_dequantize_blocks(
          &s->q, &part, r->part, &in, r->global, first,
          part.blocks - first < step ? part.blocks - first : step);
    ulp_safetensors_write(w->out.tensors, number, r->part,
                          (size_t)part.elements * sizeof(float));
  }
  return ULP_OK;
}

static ulp_status write_values(dequantize_work *w, size_t i, ulp_error *e)
{
  room r;
  dequantize_source s;
  ulp_status status = dequantize_find(w, i, &s, e);
  if (status != ULP_OK) return status;
  status = fill_room(w, &s, &r, e);
  if (status == ULP_OK) status = decode(w, &s, &r, w->number[i], e);
  free_room(&r);
  return status;
}

/* ---- all of them -------------------------------------------------------- */

static ulp_status check_request(dequantize_work *w, ulp_error *e)
{
  const dequantize_request *rq = w->rq;
  const char *given = rq->scales   ? "scales"
                      : rq->global ? "global-scale"
                      : rq->zeros  ? "zero-points"
                      : rq->nested ? "nested-scales"
                      : rq->offset ? "scale-offset"
                                   : NULL;
  const cli_quantizer_text text = {.option = "from",
                                   .spec = rq->from,
                                   .profile = rq->profile,
                                   .granularity = rq->granularity,
                                   .scale_format = rq->scale_format,
                                   .rule = rq->rule_text,
                                   .axis = rq->axis};
  if (given)
    return ulp_error_set(e, ULP_EINVAL,
                         "--%s: of an array; those of a whole file lie in it",
                         given);
  if (rq->from_metadata) return ULP_OK;
  if (!rq->from)
    return ulp_error_set(e, ULP_EINVAL,
                         "--from FORMAT or --from-metadata is missing");
  ulp_status status = cli_quantizer_find(&w->q, &text, e);
  if (status == ULP_OK && !ulp_quantizer_has_scales(&w->q))
    return ulp_error_set(e, ULP_EINVAL,
                         "--from: %s has no scales, by which its tensors are "
                         "known; expected --from-metadata",
                         w->q.name);
  return status;
}

/* Announces the values, then what is copied: all that nobody used. */
static ulp_status place(dequantize_work *w, bool *is_codes, ulp_error *e)
{
  dequantize_source s;
  size_t found = 0;
  ulp_status status = checkpoint_copy_notes(&w->out, w->file, e);
  for (size_t i = 0; status == ULP_OK && i < w->count; i++) {
    status = dequantize_find(w, i, &s, e);
    if (status != ULP_OK || !s.codes) continue;
    is_codes[i] = true;
    found++;
    status = checkpoint_add(&w->out, s.codes->name, "", ulp_dtype_npy("f4"),
                            s.codes->ndim, s.shape, &w->number[i], e);
  }
  for (size_t i = 0; status == ULP_OK && i < w->count; i++) {
    const ulp_tensor *t = ulp_file_tensor(w->file, i);
    if (!w->used[i])
      status = checkpoint_add(&w->out, t->name, "", t->dtype, t->ndim,
                              t->shape, &w->number[i], e);
  }
  if (status == ULP_OK && !found)
    return ulp_error_set(e, ULP_EFORMAT, "%s: no tensor of codes, expected %s",
                         w->rq->in,
                         w->rq->from_metadata
                             ? "'" CHECKPOINT_QUANTIZER
                               "NAME' in __metadata__"
                             : "NAME and NAME.scale");
  return status;
}

static ulp_status run(dequantize_work *w, const bool *is_codes, ulp_error *e)
{
  ulp_status status = checkpoint_begin(&w->out, w->rq->out, &w->set, e);
  for (size_t i = 0; status == ULP_OK && i < w->count; i++) {
    if (is_codes[i])
      status = write_values(w, i, e);
    else if (!w->used[i])
      status = checkpoint_copy(&w->out, w->number[i],
                               ulp_file_tensor(w->file, i), e);
  }
  if (status == ULP_OK) status = checkpoint_end(&w->out, e);
  if (status == ULP_OK) return cli_outputs_commit(&w->set, e);
  cli_outputs_discard(&w->set);
  return status;
}

typedef struct {
  const char *name;
  size_t number;
} named;

static int compare(const void *a, const void *b)
{
  return strcmp(((const named *)a)->name, ((const named *)b)->name);
}

static ulp_status sort_names(dequantize_work *w, ulp_error *e)
{
  named *all = malloc((w->count + 1) * sizeof *all);
  w->by_name = malloc((w->count + 1) * sizeof *w->by_name);
  if (!all || !w->by_name) {
    free(all);
    return cli_no_memory(e);
  }
  for (size_t i = 0; i < w->count; i++)
    all[i] = (named){ulp_file_tensor(w->file, i)->name, i};
  qsort(all, w->count, sizeof *all, compare);
  for (size_t i = 0; i < w->count; i++)
    w->by_name[i] = all[i].number;
  free(all);
  return ULP_OK;
}

ulp_status dequantize_file(const dequantize_request *rq, ulp_error *e)
{
  dequantize_work w = {.rq = rq};
  bool *is_codes = NULL;
  ulp_status status = check_request(&w, e);
  if (status == ULP_OK) status = checkpoint_open(&w.file, rq->in, e);
  if (status == ULP_OK) status = checkpoint_new(&w.out, rq->out, e);
  if (status == ULP_OK) {
    w.count = ulp_file_tensor_count(w.file);
    w.used = calloc(w.count + 1, sizeof *w.used);
    w.number = calloc(w.count + 1, sizeof *w.number);
    is_codes = calloc(w.count + 1, sizeof *is_codes);
    if (!w.used || !w.number || !is_codes) status = cli_no_memory(e);
  }
  if (status == ULP_OK) status = sort_names(&w, e);
  if (status == ULP_OK) status = place(&w, is_codes, e);
  if (status == ULP_OK) status = run(&w, is_codes, e);
  checkpoint_free(&w.out);
  free(w.used);
  free(w.by_name);
  free(w.number);
  free(is_codes);
  ulp_file_close(w.file);
  return status;
}
