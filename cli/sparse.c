/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sparse.c: A of a sparse instruction, half of whose elements are stored, and
 * which they are.
 *
 * PTX packs that into two bits an element, spread over threads by rules of
 * each shape; here it is simply the element's k.
 */
#include <string.h>

#include "product.h"

ulp_status cli_sparse_need(const cli_product *p, const char *instr,
                           ulp_error *e)
{
  if (p->sparse == (p->meta.path != NULL)) return ULP_OK;
  return ulp_error_set(
      e, ULP_EINVAL,
      p->sparse ? "--instr: %.80s is sparse, expected --meta I.npy, the k of "
                  "each stored element of A"
                : "--meta: %.80s is dense, expected a sparse instruction",
      instr);
}

ulp_status cli_sparse_shape(const cli_product *p, ulp_error *e)
{
  const cli_matrix *x = &p->meta;
  if (!x->path || (x->rows == p->m && x->cols == p->k)) return ULP_OK;
  return ulp_error_set(e, ULP_EFORMAT,
                       "%s: %lldx%lld, expected %lldx%lld as in %s", x->path,
                       (long long)x->rows, (long long)x->cols, (long long)p->m,
                       (long long)p->k, p->a.path);
}

/* Of how many consecutive k one in two is stored: PTX ISA, "sparse matrix
 * storage", has 1:2 for tf32 and 2:4 for types of 16 and 8 bits. */
static int64_t group_of(const cli_product *p)
{
  return strcmp(p->a.format.name, "tf32") ? 4 : 2;
}

ulp_status cli_sparse_check(const cli_product *p, ulp_error *e)
{
  const unsigned char *k = p->meta.codes;
  int64_t group = group_of(p), stored = group / 2;
  for (int64_t i = 0; p->meta.path && i < p->m * p->k; i++) {
    int64_t col = i % p->k, first = col / stored * group;
    bool fits = k[i] >= first && k[i] < first + group;
    if (fits && (col % stored == 0 || k[i] > k[i - 1])) continue;
    return ulp_error_set(
        e, ULP_EFORMAT,
        "%s: row %lld, element %lld is %d, expected %s%lld to %lld (%lld of "
        "every %lld are stored)",
        p->meta.path, (long long)(i / p->k), (long long)col, k[i],
        fits ? "more than the one before, " : "", (long long)first,
        (long long)(first + group - 1), (long long)stored, (long long)group);
  }
  return ULP_OK;
}

void cli_sparse_pick(const cli_product *p, size_t row, void *out)
{
  size_t size = p->b.format.storage_bytes, k = (size_t)p->k;
  const unsigned char *at = (const unsigned char *)p->meta.codes + row * k;
  for (size_t j = 0; j < (size_t)p->n; j++)
    for (size_t i = 0; i < k; i++)
      memcpy((char *)out + (j * k + i) * size,
             (const char *)p->b.codes + (j * 2 * k + at[i]) * size, size);
}
