/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/flat_quantize.c: arrays through quantizers, whole, for callers in
 * other languages.
 */
#include <stdlib.h>
#include <string.h>

#include "flat_internal.h"
#include "quantizer.h"

struct ulp_flat_quantizer {
  ulp_quantizer q;
  ulp_blocks b;
  int ndim;
  int64_t shape[ULP_MAX_DIMS];
  bool nests;
  ulp_nested nested; /* its offset is not known yet */
};

_Static_assert((int)ULP_MAX_DIMS == (int)ULP_FLAT_MAX_DIMS, "flat.h");

/* ---- opening ------------------------------------------------------------ */

static ulp_status check_whole(const ulp_quantizer *q, const ulp_blocks *b,
                              ulp_error *e)
{
  for (int d = 0; q->whole_blocks && d < 3; d++)
    if (b->block[d] && b->size[d] % b->block[d])
      return ulp_error_set(e, ULP_EINVAL,
                           "%lld elements in a line of blocks, expected a "
                           "multiple of %lld: %s takes whole blocks only",
                           (long long)b->size[d], (long long)b->block[d],
                           q->name);
  return ULP_OK;
}

static ulp_status check_text(const char *spec, int ndim, ulp_error *e)
{
  ulp_format f;
  if (ndim < 0 || ndim > ULP_MAX_DIMS)
    return ulp_error_set(e, ULP_EINVAL, "%d dimensions, expected 0 to %d",
                         ndim, ULP_MAX_DIMS);
  if (ulp_format_find(spec, &f, NULL, 0) == ULP_OK)
    return ulp_error_set(e, ULP_EINVAL,
                         "'%s' is a format, expected how its scales are "
                         "chosen, too: %s/rule=amax, %s/g=group:32, ...",
                         f.name, f.name, f.name);
  return ULP_OK;
}

static ulp_status open_one(ulp_flat_quantizer *q, const char *spec, int ndim,
                           const int64_t *shape, ulp_error *e)
{
  ulp_status status = check_text(spec, ndim, e);
  if (status == ULP_OK) status = ulp_quantizer_find(spec, &q->q, e);
  if (status != ULP_OK) return status;
  q->ndim = ndim;
  if (ndim) memcpy(q->shape, shape, (size_t)ndim * sizeof *shape);
  q->nests = q->q.nested[0] != '\0';
  status = ulp_blocks_make(&q->b, &q->q.granularity, q->q.axis, ndim, shape, e);
  if (status == ULP_OK) status = check_whole(&q->q, &q->b, e);
  if (status == ULP_OK && q->nests)
    status = ulp_nested_make(&q->nested, &q->q, &q->b, e);
  return status;
}

int ulp_flat_quantizer_open(ulp_flat_quantizer **out, const char *spec,
                            int ndim, const int64_t *shape, char *why,
                            size_t why_size)
{
  ulp_error e;
  *out = NULL;
  ulp_flat_quantizer *q = calloc(1, sizeof *q);
  if (!q) return ulp_flat_status(why, why_size, ULP_ENOMEM);
  ulp_status status = open_one(q, spec, ndim, shape, &e);
  if (status == ULP_OK) {
    *out = q;
    return ULP_OK;
  }
  free(q);
  return ulp_flat_say(why, why_size, status, "%s", e.text);
}

void ulp_flat_quantizer_close(ulp_flat_quantizer *q) { free(q); }

/* ---- its parts ---------------------------------------------------------- */

const char *ulp_flat_quantizer_format(const ulp_flat_quantizer *q, int part)
{
  switch (part) {
  case ULP_FLAT_CODES: return q->q.element.name;
  case ULP_FLAT_SCALES:
    return q->nests ? q->nested.q.element.name : q->q.scale.name;
  case ULP_FLAT_ZEROS: return q->q.zero.count ? "int32" : NULL;
  case ULP_FLAT_GLOBAL: return q->q.global.count ? "float32" : NULL;
  case ULP_FLAT_NESTED: return q->nests ? q->nested.q.scale.name : NULL;
  case ULP_FLAT_OFFSET:
    return q->nests && q->q.offset != ULP_OFFSET_NONE ? "float32" : NULL;
  default: return NULL;
  }
}

int ulp_flat_quantizer_shape(const ulp_flat_quantizer *q, int part,
                             int64_t shape[ULP_FLAT_MAX_DIMS])
{
  const ulp_blocks *b = part == ULP_FLAT_NESTED ? &q->nested.b : &q->b;
  bool one = part == ULP_FLAT_GLOBAL || part == ULP_FLAT_OFFSET ||
             !ulp_flat_quantizer_format(q, part);
  int ndim = one ? 0 : part == ULP_FLAT_CODES ? q->ndim : b->ndim;
  memcpy(shape, part == ULP_FLAT_CODES ? q->shape : b->shape,
         (size_t)ndim * sizeof *shape);
  return ndim;
}

static int check_parts(const ulp_flat_quantizer *q, void *const *part,
                       char *why, size_t why_size)
{
  static const char *const name[ULP_FLAT_PARTS] = {
      "codes", "scales", "zero points", "a global scale", "nested scales",
      "a scale offset"};
  for (int i = 0; i < ULP_FLAT_PARTS; i++)
    if (!part[i] != !ulp_flat_quantizer_format(q, i))
      return ulp_flat_say(why, why_size, ULP_EINVAL,
                          part[i] ? "%s has not %s" : "%s: %s expected",
                          q->q.name, name[i]);
  return ULP_OK;
}

/* ---- blocks on threads -------------------------------------------------- */

typedef struct {
  const ulp_flat_quantizer *q;
  ulp_quantized arrays;
  const float *x; /* NULL: decode, into y */
  float *y;
  double amax, global;
} work;

static ulp_status run(const work *w, int64_t first, int64_t n)
{
  const ulp_flat_quantizer *q = w->q;
  if (w->x)
    return ulp_quantize_blocks(&q->q, &q->b, &w->arrays, w->x, w->amax,
                               w->global, first, n, 0);
  ulp_dequantize_blocks(&q->q, &q->b, w->y, &w->arrays, w->global, first, n);
  return ULP_OK;
}

static ulp_status run_all(const work *w, int asked)
{
  int64_t blocks = w->q->b.blocks;
  int threads = ulp_flat_threads(asked);
  int64_t step = blocks / (8 * threads) + 1;
  ulp_status status = ULP_OK;
#pragma omp parallel for num_threads(threads) schedule(dynamic) \
    if (w->q->b.elements > 4096)
  for (int64_t first = 0; first < blocks; first += step) {
    ulp_status one =
        run(w, first, blocks - first < step ? blocks - first : step);
    if (one != ULP_OK) {
#pragma omp critical
      status = one;
    }
  }
  return status;
}

/* ---- quantizing --------------------------------------------------------- */

/* The scales as they are in `scales`, to their codes and what these need. */
static ulp_status nest(const ulp_flat_quantizer *q, void *const *part,
                       float *scales)
{
  ulp_nested n = q->nested;
  const ulp_quantized out = {part[ULP_FLAT_SCALES], part[ULP_FLAT_NESTED],
                             NULL};
  ulp_status status = ulp_nested_quantize(&n, &q->q, &out, scales);
  if (status == ULP_OK && part[ULP_FLAT_OFFSET])
    *(float *)part[ULP_FLAT_OFFSET] = n.offset;
  return status;
}

static ulp_status quantize(const ulp_flat_quantizer *q, void *const *part,
                           void *scales, const float *x, int threads)
{
  size_t elements = (size_t)q->b.elements;
  work w = {.q = q, .x = x,
            .arrays = {part[ULP_FLAT_CODES], scales, part[ULP_FLAT_ZEROS]}};
  w.amax = ulp_quantizer_amax(&q->q, 0, x, elements);
  w.global = ulp_quantizer_global(&q->q, w.amax);
  if (part[ULP_FLAT_GLOBAL]) *(float *)part[ULP_FLAT_GLOBAL] = (float)w.global;
  ulp_status status = run_all(&w, threads);
  if (status == ULP_OK && q->nests) status = nest(q, part, scales);
  ulp_flat_extend(&q->q.element, part[ULP_FLAT_CODES], elements);
  return status;
}

int ulp_flat_quantize(const ulp_flat_quantizer *q,
                      void *const part[ULP_FLAT_PARTS], const float *x,
                      int threads, char *why, size_t why_size)
{
  int refused = check_parts(q, part, why, why_size);
  if (refused) return refused;
  float *own = NULL;
  if (q->nests) {
    own = malloc(((size_t)q->b.blocks + 1) * sizeof *own);
    if (!own) return ulp_flat_status(why, why_size, ULP_ENOMEM);
  }
  ulp_status status =
      quantize(q, part, own ? (void *)own : part[ULP_FLAT_SCALES], x, threads);
  free(own);
  return ulp_flat_status(why, why_size, status);
}

/* ---- dequantizing ------------------------------------------------------- */

int ulp_flat_dequantize(const ulp_flat_quantizer *q, float *y,
                        void *const part[ULP_FLAT_PARTS], int threads,
                        char *why, size_t why_size)
{
  int refused = check_parts(q, part, why, why_size);
  if (refused) return refused;
  float *own = NULL;
  const float *global = part[ULP_FLAT_GLOBAL], *offset = part[ULP_FLAT_OFFSET];
  work w = {.q = q, .y = y, .global = global ? (double)*global : 1,
            .arrays = {part[ULP_FLAT_CODES], part[ULP_FLAT_SCALES],
                       part[ULP_FLAT_ZEROS]}};
  if (q->nests) {
    ulp_nested n = q->nested;
    const ulp_quantized in = {part[ULP_FLAT_SCALES], part[ULP_FLAT_NESTED],
                              NULL};
    own = malloc(((size_t)q->b.blocks + 1) * sizeof *own);
    if (!own) return ulp_flat_status(why, why_size, ULP_ENOMEM);
    if (offset) n.offset = *offset;
    ulp_nested_dequantize(&n, own, &in);
    w.arrays.scales = own;
  }
  ulp_status status = run_all(&w, threads);
  free(own);
  return ulp_flat_status(why, why_size, status);
}
