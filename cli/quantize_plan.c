/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * quantize_plan.c: which tensors of a file are quantized, and what the file of
 * codes will hold.
 */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "quantize_file.h"

/* ---- which tensors ------------------------------------------------------ */

static bool matches(const cli_globs *globs, const char *name)
{
  for (size_t i = 0; i < globs->count; i++)
    if (!fnmatch(globs->text[i], name, 0)) return true;
  return false;
}

static ulp_status check_globs(const quantize_work *w, const cli_globs *globs,
                              const char *option, ulp_error *e)
{
  for (size_t i = 0; i < globs->count; i++) {
    bool any = false;
    for (size_t k = 0; k < w->count; k++)
      any = any || !fnmatch(globs->text[i], w->items[k].x->name, 0);
    if (!any)
      return ulp_error_set(e, ULP_ENAME,
                           "%s: --%s '%.100s': no tensor has such a name",
                           w->rq->in, option, globs->text[i]);
  }
  return ULP_OK;
}

/* Narrower floats are codes already, whose scales lie elsewhere. */
static bool is_wide_float(const ulp_dtype *d)
{
  return d->format && d->bits >= 16;
}

ulp_status quantize_choose(quantize_work *w, ulp_error *e)
{
  const quantize_request *rq = w->rq;
  size_t chosen = 0;
  w->count = ulp_file_tensor_count(w->file);
  w->items = calloc(w->count + 1, sizeof *w->items);
  if (!w->items)
    return ulp_error_set(e, ULP_ENOMEM, "%s", ulp_strerror(ULP_ENOMEM));
  for (size_t i = 0; i < w->count; i++) {
    quantize_item *t = &w->items[i];
    t->x = ulp_file_tensor(w->file, i);
    bool wanted = rq->only.count ? matches(&rq->only, t->x->name)
                                 : t->x->ndim >= 2;
    t->chosen = wanted && is_wide_float(t->x->dtype) &&
                !matches(&rq->except, t->x->name);
    chosen += t->chosen;
  }
  ulp_status status = check_globs(w, &rq->only, "only", e);
  if (status == ULP_OK) status = check_globs(w, &rq->except, "except", e);
  if (status == ULP_OK && chosen == 0)
    return ulp_error_set(e, ULP_EINVAL,
                         "%s: no tensor is left to quantize, expected floats "
                         "of 16 or more bits, and 2 or more dimensions unless "
                         "--only names them",
                         rq->in);
  return status;
}

/* ---- what the files will hold ------------------------------------------- */

/* The dtype and the shape of codes. */
static ulp_status place_codes(quantize_work *w, quantize_item *t, ulp_error *e)
{
  const ulp_format *f = &w->q.element;
  const ulp_tensor *x = t->x;
  const ulp_dtype *d = checkpoint_dtype(f, x->count);
  int64_t shape[ULP_MAX_DIMS];
  memcpy(shape, x->shape, sizeof shape);
  t->bits = d->bits < 8;
  if (w->rq->packed && f->bits < 8 && !t->bits) {
    int64_t *last = x->ndim ? &shape[x->ndim - 1] : NULL;
    if (!last || *last % 8 * f->bits % 8)
      return ulp_error_set(e, ULP_EINVAL,
                           "%s: --packed: the last dimension times %d bits is "
                           "no multiple of 8",
                           checkpoint_label_of(w->rq->in, x->name).text,
                           f->bits);
    *last = *last / 8 * f->bits + *last % 8 * f->bits / 8;
    t->bits = true;
    d = ulp_dtype_npy("u1");
    ulp_status status =
        checkpoint_note(&w->codes, CHECKPOINT_PACKED, x->name, "yes", e);
    if (status != ULP_OK) return status;
  }
  return checkpoint_add(&w->codes, x->name, "", d, x->ndim, shape, &t->codes,
                        e);
}

/* The codes of scales that are quantized in turn, and their own scales. */
static ulp_status place_nested(quantize_work *w, quantize_item *t,
                               const ulp_nested *n, ulp_error *e)
{
  const char *name = t->x->name;
  checkpoint_file *f = &w->codes;
  ulp_status status =
      checkpoint_add(f, name, ".nested_scale",
                     checkpoint_dtype(&n->q.scale, n->b.blocks), n->b.ndim,
                     n->b.shape, &t->nested, e);
  if (status == ULP_OK && w->q.offset)
    status = checkpoint_add(f, name, ".scale_offset", ulp_dtype_npy("f4"), 0,
                            n->b.shape, &t->offset, e);
  return status;
}

static ulp_status place_scales(quantize_work *w, quantize_item *t,
                               const cli_blocks *s, ulp_error *e)
{
  const char *name = t->x->name;
  const ulp_blocks *b = &s->b;
  const bool nested = w->q.nested[0];
  const ulp_format *scale = nested ? &s->n.q.element : &w->q.scale;
  checkpoint_file *f = &w->codes;
  ulp_status status = ULP_OK;
  if (ulp_quantizer_has_scales(&w->q))
    status = checkpoint_add(f, name, ".scale",
                            checkpoint_dtype(scale, b->blocks), b->ndim,
                            b->shape, &t->scales, e);
  if (status == ULP_OK && nested) status = place_nested(w, t, &s->n, e);
  if (status == ULP_OK && w->q.global.count)
    status = checkpoint_add(f, name, ".global_scale", ulp_dtype_npy("f4"), 0,
                            b->shape, &t->global, e);
  if (status == ULP_OK && w->q.zero.count)
    status = checkpoint_add(f, name, ".zero_point", ulp_dtype_npy("i4"),
                            b->ndim, b->shape, &t->zeros, e);
  return status;
}

static ulp_status place_chosen(quantize_work *w, quantize_item *t, ulp_error *e)
{
  cli_blocks s;
  ulp_status status = cli_blocks_begin(
      &s, &w->q, t->x, checkpoint_label_of(w->rq->in, t->x->name).text,
      w->rq->threads, e);
  if (status == ULP_OK) status = place_codes(w, t, e);
  if (status == ULP_OK) status = place_scales(w, t, &s, e);
  if (status == ULP_OK)
    status = checkpoint_note(&w->codes, CHECKPOINT_QUANTIZER, t->x->name,
                             w->spec, e);
  return status == ULP_OK
             ? checkpoint_add(&w->values, t->x->name, "", ulp_dtype_npy("f4"),
                              t->x->ndim, t->x->shape, &t->values, e)
             : status;
}

ulp_status quantize_place(quantize_work *w, ulp_error *e)
{
  ulp_status status = checkpoint_new(&w->codes, w->rq->out, e);
  if (status == ULP_OK) status = checkpoint_new(&w->values, w->rq->dequant, e);
  if (status == ULP_OK) status = checkpoint_copy_notes(&w->codes, w->file, e);
  if (status == ULP_OK) status = checkpoint_copy_notes(&w->values, w->file, e);
  for (size_t i = 0; status == ULP_OK && i < w->count; i++) {
    quantize_item *t = &w->items[i];
    const ulp_tensor *x = t->x;
    if (t->chosen) {
      status = place_chosen(w, t, e);
      continue;
    }
    status = checkpoint_add(&w->codes, x->name, "", x->dtype, x->ndim,
                            x->shape, &t->codes, e);
    if (status == ULP_OK)
      status = checkpoint_add(&w->values, x->name, "", x->dtype, x->ndim,
                              x->shape, &t->values, e);
  }
  return status;
}
