/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * packed.c: `ulplab quantize` and `dequantize` of formats whose blocks hold
 * codes and scales together, in bytes: those of ggml.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "quantize.h"

enum { BLOCKS = 256 }; /* at a time */

typedef struct {
  const char *path; /* of the array */
  const ulp_tensor *x;
  const ulp_packed_block *p;
  cli_outputs set;
  ulp_output *bytes, *values;
  float element[BLOCKS * ULP_PACKED_ELEMENTS_MAX];
  uint8_t block[BLOCKS * ULP_PACKED_BYTES_MAX];
} work;

/* mxfp4 alone is OCP's; q4_0 can be nobody's but ggml's. */
const ulp_packed_block *cli_packed_find(const char *spec, const char *profile)
{
  char name[40] = "";
  const ulp_packed_block *p;
  ulp_quantizer q;
  ulp_error e;
  size_t n = strcspn(spec, "@");
  if (n >= sizeof name) return NULL;
  memcpy(name, spec, n);
  if (ulp_packed_block_find(name, &p, NULL, 0) != ULP_OK) return NULL;
  if (spec[n]) profile = spec + n + 1;
  if (profile) return strcmp(profile, "ggml") ? NULL : p;
  return ulp_quantizer_find(name, &q, &e) == ULP_OK ? NULL : p;
}

static ulp_status refuse_options(const char *const *given, const char *name,
                                 ulp_error *e)
{
  for (; given[0]; given += 2)
    if (given[1])
      return ulp_error_set(e, ULP_EINVAL,
                           "--%s: %s holds its scales in its blocks, expected "
                           "no such option",
                           given[0], name);
  return ULP_OK;
}

/* Whole blocks along the last dimension, of `unit` elements of the array. */
static ulp_status check_shape(const work *w, int unit, const char *of,
                              ulp_error *e)
{
  int n = w->x->ndim;
  int64_t last = n ? w->x->shape[n - 1] : 1;
  if (n && last % unit == 0) return ULP_OK;
  return ulp_error_set(e, ULP_EFORMAT,
                       "%s: last dimension %lld, expected a multiple of %d, "
                       "the %s of a block of %s",
                       w->path, (long long)last, unit, of, w->p->name);
}

/* The shape of the array when `from` of its elements become `to`. */
static void header(ulp_output *o, const char *type, const ulp_tensor *x,
                   int from, int to)
{
  int64_t shape[ULP_MAX_DIMS];
  memcpy(shape, x->shape, sizeof shape);
  shape[x->ndim - 1] = shape[x->ndim - 1] / from * to;
  ulp_npy_header(o, type, x->ndim, shape);
}

static ulp_status finish(work *w, ulp_status status, ulp_error *e)
{
  if (status == ULP_OK)
    status = cli_outputs_commit(&w->set, e);
  else
    cli_outputs_discard(&w->set);
  free(w);
  return status;
}

/* ---- to blocks ---------------------------------------------------------- */

static ulp_status check_numbers(const work *w, int64_t n, ulp_error *e)
{
  for (int64_t i = 0; i < n; i++)
    if (!isfinite(w->element[i]))
      return ulp_error_set(e, ULP_EFORMAT,
                           "%s: NaN or Inf, expected numbers under --strict",
                           w->path);
  return ULP_OK;
}

static ulp_status encode(work *w, const quantize_request *rq, ulp_error *e)
{
  const ulp_packed_block *p = w->p;
  int64_t blocks = w->x->count / p->elements;
  header(w->bytes, "|u1", w->x, p->elements, p->bytes);
  if (w->values) ulp_npy_header(w->values, "<f4", w->x->ndim, w->x->shape);
  for (int64_t i = 0; i < blocks; i += BLOCKS) {
    int64_t n = blocks - i < BLOCKS ? blocks - i : BLOCKS;
    int64_t elements = n * p->elements;
    cli_floats_read(w->x, w->element, i * p->elements, elements);
    if (rq->strict && check_numbers(w, elements, e) != ULP_OK)
      return ULP_EFORMAT;
    ulp_packed_encode(p, w->block, w->element, (size_t)n);
    ulp_output_write(w->bytes, w->block, (size_t)(n * p->bytes));
    if (!w->values) continue;
    ulp_packed_decode(p, w->element, w->block, (size_t)n);
    ulp_output_write(w->values, w->element, (size_t)elements * sizeof(float));
  }
  return ULP_OK;
}

ulp_status quantize_packed(const quantize_request *rq,
                           const ulp_packed_block *p, const ulp_tensor *x,
                           ulp_error *e)
{
  const char *const others[] = {
      "scales",       rq->scales,       "global-scale", rq->global,
      "zero-points",  rq->zeros,        "granularity",  rq->granularity,
      "scale-format", rq->scale_format, "scale-rule",   rq->rule_text,
      "round",        rq->mode_given ? "" : NULL,       NULL};
  ulp_status status = refuse_options(others, p->name, e);
  if (status != ULP_OK) return status;
  work *w = calloc(1, sizeof *w);
  if (!w) return ulp_error_set(e, ULP_ENOMEM, "%s", ulp_strerror(ULP_ENOMEM));
  *w = (work){.path = rq->in, .x = x, .p = p};
  status = check_shape(w, p->elements, "elements", e);
  if (status == ULP_OK)
    status = cli_outputs_add(&w->set, &w->bytes, rq->out, e);
  if (status == ULP_OK)
    status = cli_outputs_add(&w->set, &w->values, rq->dequant, e);
  if (status == ULP_OK) status = encode(w, rq, e);
  return finish(w, status, e);
}

/* ---- and back ----------------------------------------------------------- */

static void decode(work *w)
{
  const ulp_packed_block *p = w->p;
  int64_t blocks = w->x->count / p->bytes;
  header(w->values, "<f4", w->x, p->bytes, p->elements);
  for (int64_t i = 0; i < blocks; i += BLOCKS) {
    int64_t n = blocks - i < BLOCKS ? blocks - i : BLOCKS;
    ulp_tensor_read_raw(w->x, w->block, i * p->bytes, n * p->bytes);
    ulp_packed_decode(p, w->element, w->block, (size_t)n);
    ulp_output_write(w->values, w->element,
                     (size_t)(n * p->elements) * sizeof(float));
  }
}

ulp_status dequantize_packed(const dequantize_request *rq,
                             const ulp_packed_block *p, const ulp_tensor *x,
                             ulp_error *e)
{
  const char *const others[] = {
      "scales",       rq->scales,       "global-scale", rq->global,
      "zero-points",  rq->zeros,        "granularity",  rq->granularity,
      "scale-format", rq->scale_format, "scale-rule",   rq->rule_text,
      NULL};
  ulp_status status = refuse_options(others, p->name, e);
  if (status == ULP_OK && strcmp(x->dtype->npy, "u1"))
    status = ulp_error_set(e, ULP_EFORMAT,
                           "%s: dtype '%s', expected '|u1', the bytes of "
                           "blocks of %s",
                           rq->in, x->dtype->npy, p->name);
  if (status != ULP_OK) return status;
  work *w = calloc(1, sizeof *w);
  if (!w) return ulp_error_set(e, ULP_ENOMEM, "%s", ulp_strerror(ULP_ENOMEM));
  *w = (work){.path = rq->in, .x = x, .p = p};
  status = check_shape(w, p->bytes, "bytes", e);
  if (status == ULP_OK)
    status = cli_outputs_add(&w->set, &w->values, rq->out, e);
  if (status == ULP_OK) decode(w);
  return finish(w, status, e);
}
