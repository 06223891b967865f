/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Runs captured matrix instructions and counts the outputs that differ.
 */
#include "vector_match.h"

#include <stdlib.h>
#include <string.h>

/* f64 NaNs count as equal: the GPU's payloads are not modelled. */
static bool same(const ulp_format *f, uint64_t x, uint64_t y)
{
  if (x == y)
    return true;
  return f->bits == 64 && ulp_unpack(f, x).cls == ULP_CLASS_NAN &&
         ulp_unpack(f, y).cls == ULP_CLASS_NAN;
}

/* Negated operands: the sign bit flipped (wgmma's imm-scale = -1). */
static void negate(const ulp_format *f, unsigned char *array, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    unsigned char *top = array + (i + 1) * f->storage_bytes - 1;
    *top ^= 0x80;
  }
}

/* The elements of B that a row's metadata name, for every column. */
static void gather(const vector_record *r, const ulp_mma *m, size_t tile,
                   size_t row, unsigned char *out)
{
  size_t half = (size_t)m->k, dense = 2 * half, bytes = m->b.storage_bytes;
  const unsigned char *index = r->index + (tile * (size_t)m->m + row) * half;
  const unsigned char *b = r->b + tile * (size_t)m->n * dense * bytes;
  for (size_t col = 0; col < (size_t)m->n; col++)
    for (size_t i = 0; i < half; i++)
      memcpy(out + (col * half + i) * bytes,
             b + (col * dense + index[i]) * bytes, bytes);
}

static uint64_t reference(const ulp_mma *m, const void *a, const void *b,
                          uint64_t c, size_t row, size_t col)
{
  uint64_t x[256], y[256];
  for (size_t k = 0; k < (size_t)m->k; k++) {
    x[k] = ulp_load_code(&m->a, a, row * (size_t)m->k + k);
    y[k] = ulp_load_code(&m->b, b, col * (size_t)m->k + k);
  }
  return ulp_mma_dot(m, x, y, c, NULL);
}

typedef struct {
  const vector_record *r;
  const ulp_mma *m;
  const vector_options *o;
  size_t tile;
} tile_context;

static void tell(const tile_context *x, size_t at, uint64_t c, uint64_t gpu,
                 uint64_t got)
{
  const vector_miss miss = {x->tile, at, c, gpu, got};
#ifdef _OPENMP
#pragma omp critical(ulp_vector_match)
#endif
  if (x->o->show)
    x->o->show(x->o->data, x->r, x->m, &miss);
}

/* Compares `rows` rows, of which the first is `row`, with the GPU's. */
static long compare_rows(const tile_context *x, size_t row, size_t rows,
                         const unsigned char *b, const unsigned char *zero,
                         unsigned char *d)
{
  const vector_record *r = x->r;
  const ulp_mma *m = x->m;
  size_t cols = (size_t)m->n, k = (size_t)m->k;
  size_t outputs = (size_t)m->m * cols, first = x->tile * outputs + row * cols;
  const unsigned char *a =
      r->a + (x->tile * (size_t)m->m + row) * k * m->a.storage_bytes;
  const unsigned char *c =
      r->scale_d_zero ? zero : r->c + first * m->c.storage_bytes;
  long wrong = 0;
  if (ulp_mma_tile(m, d, a, b, c, rows, cols) != ULP_OK)
    return (long)(rows * cols);
  for (size_t i = 0; i < rows * cols; i++) {
    uint64_t gpu = ulp_load_code(&m->d, r->d, first + i);
    uint64_t got = ulp_load_code(&m->d, d, i);
    bool good = same(&m->d, gpu, got);
    if (good && x->o->reference)
      good = same(&m->d, gpu,
                  reference(m, a, b, ulp_load_code(&m->c, c, i), i / cols,
                            i % cols));
    if (good)
      continue;
    wrong++;
    tell(x, row * cols + i, ulp_load_code(&m->c, r->c, first + i), gpu, got);
  }
  return wrong;
}

/* Mismatches of one tile; of a sparse one row by row, because each row has
 * its own choice of B. */
static long compare_tile(const tile_context *x)
{
  const ulp_mma *m = x->m;
  size_t rows = (size_t)m->m, cols = (size_t)m->n, k = (size_t)m->k;
  unsigned char *d = malloc(rows * cols * 8), *zero = calloc(rows * cols, 8);
  unsigned char *picked = malloc(cols * k * m->b.storage_bytes);
  long wrong = 0;
  if (!d || !zero || !picked)
    wrong = (long)(rows * cols);
  else if (!x->r->sparse)
    wrong = compare_rows(x, 0, rows,
                         x->r->b + x->tile * cols * k * m->b.storage_bytes,
                         zero, d);
  else
    for (size_t row = 0; row < rows; row++) {
      gather(x->r, m, x->tile, row, picked);
      wrong += compare_rows(x, row, 1, picked, zero, d);
    }
  free(d);
  free(zero);
  free(picked);
  return wrong;
}

/* Whether the arrays are as large as the instruction takes them, and the
 * metadata point into a row of B. */
static bool fits(const vector_record *r, const ulp_mma *m)
{
  const ulp_format *f[4] = {&m->a, &m->b, &m->c, &m->d};
  int k = r->sparse ? 2 * m->k : m->k;
  if (r->m != m->m || r->n != m->n || r->k != k ||
      r->sparse != m->record->sparse)
    return false;
  for (int i = 0; i < 4; i++)
    if (vector_type_bytes(r->type[i]) != f[i]->storage_bytes)
      return false;
  size_t indices = r->sparse ? (size_t)(r->tiles * r->m) * (size_t)m->k : 0;
  for (size_t i = 0; i < indices; i++)
    if (r->index[i] >= k)
      return false;
  return true;
}

bool vector_match(vector_record *r, const vector_options *o,
                  vector_result *out, char *why, size_t why_size)
{
  ulp_mma m;
  long wrong = 0, tiles = o->tiles && o->tiles < r->tiles ? o->tiles : r->tiles;
  if (ulp_mma_find(o->gpu, r->instr, &m, why, why_size) != ULP_OK)
    return false;
  if (!fits(r, &m)) {
    (void)snprintf(why, why_size, "%s: shape, types or metadata are not the "
                   "instruction's", r->instr);
    return false;
  }
  m.satfinite = r->satfinite;
  if (r->neg_a)
    negate(&m.a, r->a, (size_t)(r->tiles * m.m) * (size_t)m.k);
  if (r->neg_b)
    negate(&m.b, r->b, (size_t)(r->tiles * m.n) * (size_t)r->k);
#ifdef _OPENMP
#pragma omp parallel for schedule(dynamic, 16) reduction(+ : wrong)            \
    num_threads(o->threads)
#endif
  for (long t = 0; t < tiles; t++)
    wrong += compare_tile(
        &(tile_context){.r = r, .m = &m, .o = o, .tile = (size_t)t});
  *out = (vector_result){(size_t)(tiles * m.m * m.n), (size_t)wrong};
  return true;
}
