/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/flat_mma.c: one instruction on arrays of tiles, for callers in
 * other languages.
 */
#include <stdlib.h>
#include <string.h>

#include "flat_internal.h"

/* ---- what is refused ---------------------------------------------------- */

/* The first element of A whose metadata name what they may not; `count` if
 * there is none.  PTX ISA, "sparse matrix storage": one of every two is stored
 * of tf32, two of every four of the narrower types. */
static size_t bad_meta(const ulp_mma *m, const uint8_t *meta, size_t count)
{
  size_t group = m->a.storage_bytes == 4 ? 2 : 4, stored = group / 2;
  size_t k = (size_t)m->k;
  for (size_t i = 0; i < count; i++) {
    size_t col = i % k, first = col / stored * group;
    if (meta[i] < first || meta[i] >= first + group ||
        (col % stored && meta[i] <= meta[i - 1]))
      return i;
  }
  return count;
}

int ulp_flat_mma_check(const ulp_flat_product *p, size_t rows,
                       const uint8_t *meta, const void *sa, const void *sb,
                       char *why, size_t why_size)
{
  const ulp_mma *m = &p->mma;
  if (!p->is_mma)
    return ulp_flat_say(why, why_size, ULP_EINVAL,
                        "%s is a kernel, expected an instruction",
                        p->gemm.order->name);
  if (!meta != !m->record->sparse)
    return ulp_flat_say(why, why_size, ULP_EINVAL,
                        meta ? "metadata, expected a sparse instruction"
                             : "a sparse instruction, expected metadata, the "
                               "k of each element of A");
  if (!sa != !m->scales || !sb != !m->scales)
    return ulp_flat_say(why, why_size, ULP_EINVAL,
                        m->scales ? "block scales of A and of B are expected, "
                                    "%d a row"
                                  : "block scales, expected an instruction "
                                    "with .block_scale, not with %d",
                        m->scales);
  size_t count = meta ? rows * (size_t)m->k : 0;
  size_t bad = meta ? bad_meta(m, meta, count) : count;
  if (bad == count) return ULP_OK;
  return ulp_flat_say(why, why_size, ULP_EINVAL,
                      "metadata: row %zu, element %zu is %d, expected, "
                      "ascending, half of every %d k",
                      bad / (size_t)m->k, bad % (size_t)m->k, meta[bad],
                      m->a.storage_bytes == 4 ? 2 : 4);
}

static int check_shape(const ulp_mma *x, size_t m, size_t n, char *why,
                       size_t why_size)
{
  if (m % (size_t)x->m == 0 && n % (size_t)x->n == 0) return ULP_OK;
  return ulp_flat_say(why, why_size, ULP_EINVAL,
                      "M x N = %zux%zu, expected multiples of the "
                      "instruction's m and n, %dx%d",
                      m, n, x->m, x->n);
}

/* ---- the work ----------------------------------------------------------- */

typedef struct {
  const ulp_mma *mma;
  size_t m, n;
  char *d;
  const char *a, *b, *c, *sa, *sb;
  const uint8_t *meta;
} operands;

/* The elements of B that a row of A meets. */
static void pick(const operands *x, const char *b, const uint8_t *at, char *out)
{
  size_t size = x->mma->b.storage_bytes, k = (size_t)x->mma->k;
  for (size_t j = 0; j < x->n; j++)
    for (size_t i = 0; i < k; i++)
      memcpy(out + (j * k + i) * size, b + (j * 2 * k + at[i]) * size, size);
}

/* `rows` rows from `row` on, of the whole batch, against one B. */
static ulp_status multiply(const operands *x, size_t row, size_t rows,
                           const char *b, const char *c, const char *sb)
{
  const ulp_mma *m = x->mma;
  size_t scale_row = (size_t)m->scales * m->scale.storage_bytes;
  return ulp_mma_tile_scaled(m, x->d + row * x->n * m->d.storage_bytes,
                             x->a + row * (size_t)m->k * m->a.storage_bytes, b,
                             c, x->sa ? x->sa + row * scale_row : NULL, sb,
                             rows, x->n);
}

/* Rows first .. first+rows-1 of product i; of a sparse instruction one by
 * one, because each has its own choice of B, which `room` holds. */
static ulp_status part(const operands *x, size_t i, size_t first, size_t rows,
                       const char *zero, char *room)
{
  const ulp_mma *m = x->mma;
  size_t k = (size_t)m->k, step = x->meta ? 1 : rows;
  size_t scale_row = (size_t)m->scales * m->scale.storage_bytes;
  const char *b = x->b + i * x->n * k * m->b.storage_bytes * (x->meta ? 2 : 1);
  const char *sb = x->sb ? x->sb + i * x->n * scale_row : NULL;
  ulp_status status = ULP_OK;
  for (size_t r = first; status == ULP_OK && r < first + rows; r += step) {
    size_t row = i * x->m + r;
    const char *c = x->c ? x->c + row * x->n * m->c.storage_bytes : zero;
    if (x->meta) pick(x, b, x->meta + row * k, room);
    status = multiply(x, row, step, x->meta ? room : b, c, sb);
  }
  return status;
}

static ulp_status job(const operands *x, size_t i, size_t first, size_t rows)
{
  const ulp_mma *m = x->mma;
  size_t picked = x->n * (size_t)m->k * m->b.storage_bytes;
  char *zero = x->c ? NULL : calloc(rows * x->n, m->c.storage_bytes);
  char *room = x->meta ? malloc(picked) : NULL;
  ulp_status status = (x->c || zero) && (!x->meta || room)
                          ? part(x, i, first, rows, zero, room)
                          : ULP_ENOMEM;
  free(zero);
  free(room);
  return status;
}

/* Rows that one thread takes at a time. */
enum { PART = 64 };

int ulp_flat_mma_run(const ulp_flat_product *p, size_t batch, size_t m,
                     size_t n, void *d, const void *a, const void *b,
                     const void *c, const uint8_t *meta, const void *sa,
                     const void *sb, int threads, char *why, size_t why_size)
{
  const operands x = {.mma = &p->mma, .m = m, .n = n, .d = d, .a = a, .b = b,
                      .c = c, .sa = sa, .sb = sb, .meta = meta};
  size_t parts = (m + PART - 1) / PART;
  int64_t jobs = n ? (int64_t)(batch * parts) : 0;
  ulp_status status = ULP_OK;
  int refused =
      ulp_flat_mma_check(p, batch * m, meta, sa, sb, why, why_size);
  if (!refused) refused = check_shape(x.mma, m, n, why, why_size);
  if (refused) return refused;
#pragma omp parallel for num_threads(ulp_flat_threads(threads)) if (jobs > 1)
  for (int64_t j = 0; j < jobs; j++) {
    size_t i = (size_t)j / parts, first = (size_t)j % parts * PART;
    size_t left = m - first;
    ulp_status one =
        job(&x, i, first, left < PART ? left : PART);
    if (one != ULP_OK) {
#pragma omp critical
      status = one;
    }
  }
  return ulp_flat_status(why, why_size, status);
}
