/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * dequantize_source.c: which tensors of a file are codes, and which others are
 * their scales.
 */
#include <stdlib.h>
#include <string.h>

#include "dequantize_file.h"

/* ---- what belongs together ---------------------------------------------- */

/* The tensor NAME and suffix, or NULL; *i is its number. */
static const ulp_tensor *beside(const dequantize_work *w, const char *name,
                                const char *suffix, size_t *i)
{
  char *all = checkpoint_join(name, suffix);
  const ulp_tensor *found = NULL;
  size_t low = 0, high = w->count;
  while (all && !found && low < high) {
    size_t middle = low + (high - low) / 2;
    *i = w->by_name[middle];
    int order = strcmp(all, ulp_file_tensor(w->file, *i)->name);
    if (order == 0) found = ulp_file_tensor(w->file, *i);
    if (order < 0)
      high = middle;
    else
      low = middle + 1;
  }
  free(all);
  return found;
}

/* Takes one of a tensor's companions, which is there if and only if the
 * quantizer has it. */
static ulp_status take(dequantize_work *w, const char *name,
                       const char *suffix, bool has, const ulp_tensor **out, ulp_error *e)
{
  size_t i;
  *out = NULL;
  if (!has) return ULP_OK;
  *out = beside(w, name, suffix, &i);
  if (!*out)
    return ulp_error_set(e, ULP_EFORMAT, "%s: '%.100s%s' is missing",
                         checkpoint_label_of(w->rq->in, name).text, name,
                         suffix);
  w->used[i] = true;
  return ULP_OK;
}

/* The text that made a tensor; NULL: it is none of codes. */
static const char *maker_of(const dequantize_work *w, const char *name,
                            ulp_error *e, ulp_status *status)
{
  size_t i;
  if (!w->rq->from_metadata)
    return beside(w, name, ".scale", &i) ? w->rq->from : NULL;
  char *key = checkpoint_join(CHECKPOINT_QUANTIZER, name);
  const char *text = key ? ulp_file_metadata(w->file, key) : NULL;
  if (!key) *status = cli_no_memory(e);
  free(key);
  return text;
}

static bool is_packed(const dequantize_work *w, const char *name)
{
  char *key = checkpoint_join(CHECKPOINT_PACKED, name);
  const char *text = key ? ulp_file_metadata(w->file, key) : NULL;
  free(key);
  return w->rq->from_metadata ? text && !strcmp(text, "yes") : w->rq->packed;
}

static ulp_status find_quantizer(const dequantize_work *w,
                                 dequantize_source *s, const char *text,
                                 ulp_error *e)
{
  ulp_error inner;
  if (!w->rq->from_metadata) {
    s->q = w->q;
    return ULP_OK;
  }
  ulp_status status = ulp_quantizer_find(text, &s->q, &inner);
  if (status == ULP_OK) return ULP_OK;
  return ulp_error_set(e, status, "%s: header, __metadata__, '%s%.100s': %s",
                       w->rq->in, CHECKPOINT_QUANTIZER, s->codes->name,
                       inner.text);
}

/* ---- what is expected of them ------------------------------------------- */

static ulp_status check_shape(const ulp_tensor *t, int ndim,
                              const int64_t *shape, const char *label,
                              ulp_error *e)
{
  char have[200], want[200];
  if (t->ndim == ndim &&
      !memcmp(t->shape, shape, sizeof *t->shape * (size_t)t->ndim))
    return ULP_OK;
  cli_shape_text(have, sizeof have, t->ndim, t->shape);
  cli_shape_text(want, sizeof want, ndim, shape);
  return ulp_error_set(e, ULP_EFORMAT, "%s: shape %s, expected %s", label,
                       have, want);
}

/* Codes of f, one for each block of b. */
static ulp_status check_codes(const dequantize_work *w, const ulp_tensor *t,
                              const ulp_format *f, const ulp_blocks *b,
                              ulp_error *e)
{
  if (!t) return ULP_OK;
  checkpoint_label label = checkpoint_label_of(w->rq->in, t->name);
  ulp_status status = cli_codes_check(f, t, false, label.text, e);
  return status == ULP_OK
             ? check_shape(t, b->ndim, b->shape, label.text, e)
             : status;
}

static ulp_status check_plain(const dequantize_work *w, const ulp_tensor *t,
                              const char *npy, int ndim, const int64_t *shape,
                              ulp_error *e)
{
  if (!t) return ULP_OK;
  checkpoint_label label = checkpoint_label_of(w->rq->in, t->name);
  if (strcmp(t->dtype->npy, npy))
    return ulp_error_set(e, ULP_EFORMAT, "%s: dtype %s, expected %s",
                         label.text, ulp_dtype_name(t->dtype),
                         ulp_dtype_npy(npy)->safetensors);
  return check_shape(t, ndim, shape, label.text, e);
}

static ulp_status check_companions(const dequantize_work *w,
                                   const dequantize_source *s, ulp_error *e)
{
  const ulp_blocks *b = &s->b;
  bool nested = s->q.nested[0];
  ulp_status status = check_codes(
      w, s->scales, nested ? &s->n.q.element : &s->q.scale, b, e);
  if (status == ULP_OK && nested)
    status = check_codes(w, s->nested, &s->n.q.scale, &s->n.b, e);
  if (status == ULP_OK)
    status = check_plain(w, s->offset, "f4", 0, b->shape, e);
  if (status == ULP_OK)
    status = check_plain(w, s->global, "f4", 0, b->shape, e);
  return status == ULP_OK
             ? check_plain(w, s->zeros, "i4", b->ndim, b->shape, e)
             : status;
}

static ulp_status check_source(const dequantize_work *w, dequantize_source *s,
                               ulp_error *e)
{
  ulp_error inner;
  const ulp_tensor *t = s->codes;
  checkpoint_label label = checkpoint_label_of(w->rq->in, t->name);
  ulp_status status =
      cli_codes_check(&s->q.element, t, s->packed, label.text, e);
  if (status != ULP_OK) return status;
  memcpy(s->shape, t->shape, sizeof s->shape);
  if (s->packed) {
    int64_t *last = &s->shape[t->ndim - 1];
    *last = cli_codes_held(&s->q.element, *last);
  }
  status = ulp_blocks_make(&s->b, &s->q.granularity, s->q.axis, t->ndim,
                           s->shape, &inner);
  if (status != ULP_OK)
    return ulp_error_set(e, status, "%s: %s", label.text, inner.text);
  if (s->q.nested[0]) status = ulp_nested_make(&s->n, &s->q, &s->b, &inner);
  return status == ULP_OK
             ? check_companions(w, s, e)
             : ulp_error_set(e, status, "%s: %s", label.text, inner.text);
}

/* Finds what tensor i is; s->codes is NULL where it is none of codes. */
ulp_status dequantize_find(dequantize_work *w, size_t i, dequantize_source *s,
                           ulp_error *e)
{
  const ulp_tensor *t = ulp_file_tensor(w->file, i);
  ulp_status status = ULP_OK;
  const char *text = maker_of(w, t->name, e, &status);
  s->codes = text ? t : NULL;
  if (!text || status != ULP_OK) return status;
  s->packed = is_packed(w, t->name);
  status = find_quantizer(w, s, text, e);
  w->used[i] = true;
  if (status == ULP_OK)
    status = take(w, t->name, ".scale", ulp_quantizer_has_scales(&s->q),
                  &s->scales, e);
  if (status == ULP_OK)
    status = take(w, t->name, ".nested_scale", s->q.nested[0], &s->nested, e);
  if (status == ULP_OK)
    status = take(w, t->name, ".scale_offset", s->q.nested[0] && s->q.offset,
                  &s->offset, e);
  if (status == ULP_OK)
    status = take(w, t->name, ".global_scale", s->q.global.count > 0,
                  &s->global, e);
  if (status == ULP_OK)
    status = take(w, t->name, ".zero_point", s->q.zero.count > 0, &s->zeros, e);
  return status == ULP_OK ? check_source(w, s, e) : status;
}
