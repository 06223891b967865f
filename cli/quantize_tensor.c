/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * quantize_tensor.c: an array of any size to codes with one scale, streamed;
 * quotients are those of f64.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "quantize.h"

typedef quantize_request request;

/* One chunk on its way. */
typedef struct {
  double x[CLI_CHUNK], y[CLI_CHUNK];
  unsigned char stored[CLI_CHUNK * 8];
  uint8_t packed[CLI_CHUNK];
  float narrow[CLI_CHUNK];
} chunk;

typedef struct {
  const request *rq;
  const ulp_tensor *x;
  double scale;
  bool wide; /* dequantized values are f64 */
  cli_outputs set;
  ulp_output *q, *s, *y;
  uint64_t lost_nan, lost_inf; /* that became numbers */
} work;

static ulp_status check_request(const request *rq, ulp_error *e)
{
  if (rq->rule.rule == ULP_SCALE_MSE && rq->format.bits > 16)
    return ulp_error_set(e, ULP_EINVAL,
                         "--scale-rule mse: %s has %d bits, expected a format "
                         "of up to 16",
                         rq->format.name, rq->format.bits);
  if (rq->dequant && !ulp_fits_f64(&rq->format))
    return ulp_error_set(e, ULP_ERANGE,
                         "--dequant: the values of %s do not fit a float64",
                         rq->format.name);
  if (ulp_rounding_check(&rq->rounding) != ULP_OK)
    return ulp_error_set(e, ULP_EINVAL, "the way of rounding: %s",
                         ulp_strerror(ULP_EINVAL));
  return ULP_OK;
}

static ulp_status check_tensor(const request *rq, const ulp_tensor *x,
                               ulp_error *e)
{
  int axis = rq->axis.value;
  if (rq->axis.given && (axis >= x->ndim || axis < -x->ndim))
    return ulp_error_set(e, ULP_EINVAL,
                         "%s: --axis %d, but the array has %d dimensions",
                         rq->in, axis, x->ndim);
  if (!rq->packed) return ULP_OK;
  if (rq->format.bits > 8)
    return ulp_error_set(e, ULP_EINVAL,
                         "--packed: %s has %d bits, expected a format of up "
                         "to 8",
                         rq->format.name, rq->format.bits);
  if (x->ndim == 0 || x->shape[x->ndim - 1] % 8 * rq->format.bits % 8)
    return ulp_error_set(e, ULP_EINVAL,
                         "%s: --packed: the last dimension times %d bits is no "
                         "multiple of 8",
                         rq->in, rq->format.bits);
  return ULP_OK;
}

/* ---- the scale --------------------------------------------------------- */

static ulp_status choose_scale(work *w, chunk *c, ulp_error *e)
{
  const ulp_scale_spec *rule = &w->rq->rule;
  ulp_summary *s = ulp_summary_new();
  if (!s) return ulp_error_set(e, ULP_ENOMEM, "%s", ulp_strerror(ULP_ENOMEM));
  bool reads = rule->rule != ULP_SCALE_NONE && rule->rule != ULP_SCALE_FIXED;
  for (int64_t i = 0; reads && i < w->x->count; i += CLI_CHUNK) {
    int64_t n = w->x->count - i < CLI_CHUNK ? w->x->count - i : CLI_CHUNK;
    ulp_tensor_read_f64(w->x, c->x, i, n);
    ulp_summary_add(s, c->x, (size_t)n);
  }
  w->scale = ulp_scale_choose(&w->rq->format, rule, s);
  ulp_summary_free(s);
  return ULP_OK;
}

/* ---- outputs ----------------------------------------------------------- */

static void write_headers(work *w)
{
  const ulp_format *f = &w->rq->format;
  int64_t shape[ULP_MAX_DIMS];
  memcpy(shape, w->x->shape, sizeof shape);
  if (w->rq->packed) {
    int64_t *last = &shape[w->x->ndim - 1];
    *last = *last / 8 * f->bits + *last % 8 * f->bits / 8;
  }
  ulp_npy_header(w->q, cli_codes_type(f, w->rq->packed), w->x->ndim, shape);
  if (w->y)
    ulp_npy_header(w->y, w->wide ? "<f8" : "<f4", w->x->ndim, w->x->shape);
  if (w->s) {
    float narrow = (float)w->scale;
    bool exact = (double)narrow == w->scale;
    ulp_npy_header(w->s, exact ? "<f4" : "<f8", 0, shape);
    ulp_output_write(w->s, exact ? (void *)&narrow : (void *)&w->scale,
                     exact ? sizeof narrow : sizeof w->scale);
  }
}

static ulp_status open_outputs(work *w, ulp_error *e)
{
  const request *rq = w->rq;
  ulp_status status = cli_outputs_add(&w->set, &w->q, rq->out, e);
  if (status == ULP_OK) status = cli_outputs_add(&w->set, &w->s, rq->scales, e);
  if (status == ULP_OK)
    status = cli_outputs_add(&w->set, &w->y, rq->dequant, e);
  return status;
}

/* ---- the stream -------------------------------------------------------- */

/* 64-bit integers are read as doubles: refuses those that would be rounded
 * before the one rounding that was asked for. */
static ulp_status check_integers(const work *w, chunk *c, int64_t first,
                                 int64_t n, ulp_error *e)
{
  const ulp_dtype *d = w->x->dtype;
  if (d->bits != 64 || d->format) return ULP_OK;
  bool is_signed = *d->npy == 'i';
  uint64_t v;
  ulp_tensor_read_raw(w->x, c->stored, first, n);
  for (int64_t i = 0; i < n; i++) {
    memcpy(&v, c->stored + 8 * i, sizeof v);
    uint64_t magnitude = is_signed && v >> 63 ? -v : v;
    if (magnitude > UINT64_C(1) << 53)
      return ulp_error_set(e, ULP_ERANGE,
                           "%s: element %lld is beyond 2^53, where a float64 "
                           "does not hold every integer",
                           w->rq->in, (long long)(first + i));
  }
  return ULP_OK;
}

static void count_lost(work *w, const chunk *c, int64_t n)
{
  const ulp_format *f = &w->rq->format;
  for (int64_t i = 0; i < n; i++) {
    if (isfinite(c->x[i])) continue;
    uint64_t code = ulp_load_code(f, c->stored, (size_t)i);
    ulp_class cls = ulp_unpack(f, code).cls;
    if (cls == ULP_CLASS_NAN || cls == ULP_CLASS_INF) continue;
    if (isnan(c->x[i]))
      w->lost_nan++;
    else
      w->lost_inf++;
  }
}

static void write_codes(work *w, chunk *c, size_t n)
{
  const ulp_format *f = &w->rq->format;
  if (w->rq->packed) {
    /* Chunks and the last dimension are multiples of 8 bits. */
    if (ulp_pack(f, c->packed, c->stored, n) == ULP_OK)
      ulp_output_write(w->q, c->packed, n * f->bits / 8);
    return;
  }
  if (!strcmp(cli_codes_type(f, false), "|i1"))
    for (size_t i = 0; i < n; i++)
      if (c->stored[i] >> (f->bits - 1))
        c->stored[i] |= (unsigned char)(0xff << f->bits);
  ulp_output_write(w->q, c->stored, n * f->storage_bytes);
}

static ulp_status encode_chunk(work *w, chunk *c, int64_t first, int64_t n,
                               ulp_error *e)
{
  const request *rq = w->rq;
  size_t size = (size_t)n;
  ulp_status status = check_integers(w, c, first, n, e);
  if (status != ULP_OK) return status;
  ulp_tensor_read_f64(w->x, c->x, first, n);
  status = ulp_encode_array(&rq->format, c->stored, c->x, size, w->scale,
                            &rq->rounding, (uint64_t)first);
  if (status != ULP_OK)
    return ulp_error_set(e, status, "scale %g: %s", w->scale,
                         ulp_strerror(status));
  count_lost(w, c, n);
  if (w->y) {
    cli_codes_decode(&rq->format, c->y, c->stored, n, w->scale);
    cli_values_write(w->y, w->wide, c->y, c->narrow, size);
  }
  write_codes(w, c, size);
  return ULP_OK;
}

static ulp_status stream(work *w, chunk *c, ulp_error *e)
{
  ulp_status status = ULP_OK;
  for (int64_t i = 0; i < w->x->count && status == ULP_OK; i += CLI_CHUNK) {
    int64_t n = w->x->count - i < CLI_CHUNK ? w->x->count - i : CLI_CHUNK;
    status = encode_chunk(w, c, i, n, e);
  }
  return status;
}

static ulp_status quantize(work *w, chunk *c, ulp_error *e)
{
  ulp_status status = check_tensor(w->rq, w->x, e);
  if (status == ULP_OK) status = open_outputs(w, e);
  if (status == ULP_OK) status = choose_scale(w, c, e);
  if (status == ULP_OK) {
    const ulp_dtype *d = w->x->dtype;
    bool from_f64 = d->bits == 64 && d->format;
    w->wide = from_f64 || !cli_fits_f32(&w->rq->format, w->scale);
    write_headers(w);
    status = stream(w, c, e);
  }
  if (status == ULP_OK) return cli_outputs_commit(&w->set, e);
  cli_outputs_discard(&w->set);
  return status;
}

static ulp_status run(const request *rq, const ulp_tensor *x, work *w,
                      ulp_error *e)
{
  ulp_status status = check_request(rq, e);
  if (status != ULP_OK) return status;
  *w = (work){.rq = rq, .x = x};
  chunk *c = malloc(sizeof *c);
  status = c ? quantize(w, c, e)
             : ulp_error_set(e, ULP_ENOMEM, "%s", ulp_strerror(ULP_ENOMEM));
  free(c);
  return status;
}

ulp_status quantize_tensor(const request *rq, const ulp_tensor *x, ulp_error *e)
{
  work w;
  ulp_status status = run(rq, x, &w, e);
  if (status == ULP_OK && (w.lost_nan || w.lost_inf))
    cli_warn("quantize", "%s: %llu NaN and %llu Inf became numbers of %s",
             rq->in, (unsigned long long)w.lost_nan,
             (unsigned long long)w.lost_inf, rq->format.name);
  return status;
}
