/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An array through a quantizer, part by part, on the thread that asks.
 */
#include "storage.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PART = 1 << 18, PACKED_BLOCKS = 64 };

/* ---- names -------------------------------------------------------------- */

/* ggml's names are its own, but for the few that a quantizer has too. */
static const ulp_packed_block *find_packed(const char *text)
{
  char name[40] = "";
  const ulp_packed_block *p;
  ulp_quantizer q;
  ulp_error e;
  size_t n = strcspn(text, "@");
  if (n >= sizeof name || (text[n] && strcmp(text + n, "@ggml") != 0))
    return NULL;
  memcpy(name, text, n);
  if (ulp_packed_block_find(name, &p, NULL, 0) != ULP_OK)
    return NULL;
  return text[n] || ulp_quantizer_find(name, &q, &e) != ULP_OK ? p : NULL;
}

ulp_status ulp_storage_find(ulp_storage *out, const char *text, ulp_error *e)
{
  *out = (ulp_storage){.packed = find_packed(text), .profile = "ggml"};
  snprintf(out->text, sizeof out->text, "%s", text);
  if (out->packed) {
    out->source = out->packed->source;
    return ULP_OK;
  }
  ulp_status s = ulp_quantizer_find(text, &out->q, e); /* refuses long ones */
  if (s != ULP_OK)
    return s;
  out->profile = out->q.profile;
  out->source = out->q.source;
  return ULP_OK;
}

void ulp_storage_granularity(const ulp_storage *s, char *out, size_t size)
{
  if (s->packed)
    snprintf(out, size, "block:%d", s->packed->elements);
  else
    ulp_granularity_format(&s->q.granularity, out, size);
}

/* ---- packed blocks ------------------------------------------------------ */

static ulp_status measure_packed(ulp_loss *out, const ulp_packed_block *p,
                                 const ulp_source *x, ulp_error *e)
{
  enum { MOST = PACKED_BLOCKS * ULP_PACKED_ELEMENTS_MAX };
  static const ulp_range all = {-INFINITY, INFINITY};
  out->bits = ulp_packed_bits_per_element(p);
  out->fits = x->shape[x->ndim - 1] % p->elements == 0;
  if (!out->fits)
    return ULP_OK;
  float *narrow = malloc(MOST * sizeof *narrow);
  double *wide = malloc(2 * MOST * sizeof *wide);
  uint8_t *bytes = malloc((size_t)PACKED_BLOCKS * ULP_PACKED_BYTES_MAX);
  int64_t step = (int64_t)PACKED_BLOCKS * p->elements;
  ulp_status s = narrow && wide && bytes ? ULP_OK : ULP_ENOMEM;
  for (int64_t i = 0; s == ULP_OK && i < x->count; i += step) {
    int64_t n = x->count - i < step ? x->count - i : step;
    ulp_source_read_f32(x, narrow, i, n);
    for (int64_t k = 0; k < n; k++)
      wide[k] = (double)narrow[k];
    ulp_packed_encode(p, bytes, narrow, (size_t)(n / p->elements));
    ulp_packed_decode(p, narrow, bytes, (size_t)(n / p->elements));
    for (int64_t k = 0; k < n; k++)
      wide[MOST + k] = (double)narrow[k];
    ulp_error_sums_add(&out->sums, wide, wide + MOST, (size_t)n, all);
    for (int64_t k = 0; x->special && k < n; k++)
      wide[k] = x->special[i + k] ? NAN : wide[k];
    if (x->special)
      ulp_error_sums_add(&out->ordinary, wide, wide + MOST, (size_t)n, all);
  }
  free(narrow);
  free(wide);
  free(bytes);
  return s == ULP_OK ? s : ulp_error_set(e, s, "out of memory");
}

/* ---- quantizers --------------------------------------------------------- */

typedef struct {
  const ulp_quantizer *q;
  const ulp_source *x;
  ulp_blocks b, at; /* of the whole, of a part */
  int64_t element, block;
  double amax, global;
  float *part, *values;
  unsigned char *code, *scale;
  int32_t *zero;
  ulp_range *kept;
  ulp_nested nested;
  float *through; /* what the codes of nested scales stand for */
  unsigned char *scale_code, *scale_scale;
} stream;

static bool make_room(stream *s)
{
  ulp_blocks part;
  int64_t element, block, most = PART, most_blocks = 0;
  for (int64_t i = 0;
       i < 2 && ulp_blocks_part(&s->b, PART, i, &part, &element, &block);
       i++) {
    most = part.elements > most ? part.elements : most;
    most_blocks = part.blocks > most_blocks ? part.blocks : most_blocks;
  }
  size_t n = (size_t)most + 8, blocks = (size_t)s->b.blocks + 1;
  s->part = malloc(n * sizeof *s->part);
  s->values = malloc(n * sizeof *s->values);
  s->code = malloc(n * s->q->element.storage_bytes);
  s->scale = malloc(blocks * s->q->scale.storage_bytes);
  s->zero = malloc((s->q->zero.count ? blocks : 1) * sizeof *s->zero);
  s->kept = malloc(((size_t)most_blocks + 1) * sizeof *s->kept);
  if (!s->q->nested[0])
    return s->part && s->values && s->code && s->scale && s->zero && s->kept;
  s->through = malloc(blocks * sizeof *s->through);
  s->scale_code = malloc(blocks * s->nested.q.element.storage_bytes);
  s->scale_scale = malloc(((size_t)s->nested.b.blocks + 1) *
                          s->nested.q.scale.storage_bytes);
  return s->part && s->values && s->code && s->scale && s->zero && s->kept &&
         s->through && s->scale_code && s->scale_scale;
}

static void free_room(stream *s)
{
  free(s->part);
  free(s->values);
  free(s->code);
  free(s->scale);
  free(s->zero);
  free(s->kept);
  free(s->through);
  free(s->scale_code);
  free(s->scale_scale);
}

static void find_amax(stream *s)
{
  for (int64_t i = 0; i < s->x->count; i += PART) {
    int64_t n = s->x->count - i < PART ? s->x->count - i : PART;
    ulp_source_read_f32(s->x, s->part, i, n);
    s->amax = ulp_quantizer_amax(s->q, s->amax, s->part, (size_t)n);
  }
  s->global = ulp_quantizer_global(s->q, s->amax);
}

static ulp_quantized arrays(const stream *s)
{
  size_t bytes = s->q->scale.storage_bytes;
  return (ulp_quantized){s->code, s->scale + (size_t)s->block * bytes,
                         s->q->zero.count ? s->zero + s->block : NULL};
}

static ulp_status quantize_part(stream *s)
{
  const ulp_quantized out = arrays(s);
  ulp_source_read_f32(s->x, s->part, s->element, s->at.elements);
  return ulp_quantize_blocks(s->q, &s->at, &out, s->part, s->amax, s->global,
                             0, s->at.blocks, (uint64_t)s->element);
}

/* Elements are quantized with the scales as they are, and decoded with what
 * their codes stand for, so the scales of all come first. */
static ulp_status nest(stream *s)
{
  const ulp_quantized out = {s->scale_code, s->scale_scale, NULL};
  ulp_status status = ULP_OK;
  for (int64_t i = 0; status == ULP_OK &&
       ulp_blocks_part(&s->b, PART, i, &s->at, &s->element, &s->block); i++)
    status = quantize_part(s);
  memcpy(s->through, s->scale, (size_t)s->b.blocks * sizeof *s->through);
  return status == ULP_OK
             ? ulp_nested_quantize(&s->nested, s->q, &out, s->through)
             : status;
}

static void measure_part(const stream *s, ulp_loss *out)
{
  ulp_quantized in = arrays(s);
  int64_t runs = ulp_block_runs(&s->at);
  if (s->through)
    in.scales = s->through + s->block;
  ulp_dequantize_blocks(s->q, &s->at, s->values, &in, s->global, 0,
                        s->at.blocks);
  for (int64_t i = 0; i < s->at.blocks; i++)
    s->kept[i] = ulp_block_clip_range(s->q, &in, s->global, i);
  ulp_block_errors_add(&out->sums, &s->at, s->kept, s->part, s->values, 0,
                       runs);
  if (!s->x->special)
    return;
  for (int64_t i = 0; i < s->at.elements; i++) /* a NaN is not measured */
    if (s->x->special[s->element + i])
      s->part[i] = NAN;
  ulp_block_errors_add(&out->ordinary, &s->at, s->kept, s->part, s->values, 0,
                       runs);
}

static ulp_status run(stream *s, ulp_loss *out)
{
  if (!make_room(s))
    return ULP_ENOMEM;
  find_amax(s);
  ulp_status status = s->q->nested[0] ? nest(s) : ULP_OK;
  for (int64_t i = 0; status == ULP_OK &&
       ulp_blocks_part(&s->b, PART, i, &s->at, &s->element, &s->block); i++) {
    status = quantize_part(s);
    if (status == ULP_OK)
      measure_part(s, out);
  }
  return status;
}

ulp_status ulp_storage_measure(ulp_loss *out, const ulp_storage *storage,
                               const ulp_source *x, ulp_error *e)
{
  const ulp_quantizer *q = &storage->q;
  stream s = {.q = q, .x = x};
  *out = (ulp_loss){.fits = true};
  if (storage->packed)
    return measure_packed(out, storage->packed, x, e);
  ulp_status status =
      ulp_blocks_make(&s.b, &q->granularity, q->axis, x->ndim, x->shape, e);
  if (status == ULP_OK && q->nested[0])
    status = ulp_nested_make(&s.nested, q, &s.b, e);
  if (status != ULP_OK)
    return status;
  out->bits = ulp_quantizer_bits(q, &s.b);
  out->fits = !q->whole_blocks || ulp_blocks_whole(&s.b);
  if (!out->fits)
    return ULP_OK;
  status = run(&s, out);
  free_room(&s);
  return status == ULP_OK
             ? ULP_OK
             : ulp_error_set(e, status, "%.200s in %s: %s", x->name, q->name,
                             ulp_strerror(status));
}
