/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * measure_packed.c: one tensor through blocks that hold their scales, those of
 * ggml.  What such a block clips is not told: its range is its own affair.
 */
#include <math.h>
#include <stdlib.h>

#include "measure.h"

enum { BLOCKS = 64 }; /* at a time */

typedef struct {
  float x[BLOCKS * ULP_PACKED_ELEMENTS_MAX];
  float y[BLOCKS * ULP_PACKED_ELEMENTS_MAX];
  double wide_x[BLOCKS * ULP_PACKED_ELEMENTS_MAX];
  double wide_y[BLOCKS * ULP_PACKED_ELEMENTS_MAX];
  uint8_t bytes[BLOCKS * ULP_PACKED_BYTES_MAX];
} chunk;

ulp_status measure_packed_fits(const measure_item *item, const char *label,
                               const ulp_tensor *t, ulp_error *e)
{
  int64_t last = t->ndim ? t->shape[t->ndim - 1] : 1;
  if (t->ndim && last % item->packed->elements == 0) return ULP_OK;
  return ulp_error_set(e, ULP_EINVAL,
                       "%s: last dimension %lld, expected a multiple of %d, "
                       "the elements of a block of %s",
                       label, (long long)last, item->packed->elements,
                       item->packed->name);
}

static void add(ulp_error_sums *sums, const ulp_packed_block *p,
                const ulp_tensor *t, int64_t block, int64_t n, chunk *c)
{
  static const ulp_range all = {-INFINITY, INFINITY};
  int64_t elements = n * p->elements;
  cli_floats_read(t, c->x, block * p->elements, elements);
  ulp_packed_encode(p, c->bytes, c->x, (size_t)n);
  ulp_packed_decode(p, c->y, c->bytes, (size_t)n);
  for (int64_t i = 0; i < elements; i++) {
    c->wide_x[i] = (double)c->x[i];
    c->wide_y[i] = (double)c->y[i];
  }
  ulp_error_sums_add(sums, c->wide_x, c->wide_y, (size_t)elements, all);
}

/* In pieces of a fixed size, merged in their order. */
ulp_status measure_packed(const measure_request *rq, const measure_item *item,
                          const ulp_tensor *t, ulp_error_sums *sums,
                          ulp_error *e)
{
  int64_t blocks = t->count / item->packed->elements;
  int64_t pieces = blocks / BLOCKS + (blocks % BLOCKS != 0);
  ulp_error_sums *piece = calloc((size_t)pieces + 1, sizeof *piece);
  bool failed = !piece;
#pragma omp parallel num_threads(rq->threads)
  {
    chunk *c = malloc(sizeof *c);
#pragma omp for schedule(dynamic)
    for (int64_t i = 0; i < pieces; i++) {
      int64_t left = blocks - i * BLOCKS;
      if (c && piece)
        add(&piece[i], item->packed, t, i * BLOCKS,
            left < BLOCKS ? left : BLOCKS, c);
    }
    if (!c) {
#pragma omp critical
      failed = true;
    }
    free(c);
  }
  for (int64_t i = 0; i < pieces && !failed; i++)
    ulp_error_sums_merge(sums, &piece[i]);
  free(piece);
  return failed ? ulp_error_set(e, ULP_ENOMEM, "%s", ulp_strerror(ULP_ENOMEM))
                : ULP_OK;
}
