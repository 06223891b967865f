/* SPDX-License-Identifier: MIT
 *
 * Tiles of outputs of one instruction.
 */
#include "gemm_run.h"
#include "scaled.h"
#include "tile.h"

/* A group of rows by a group of columns. */
static void group_fast(const ulp_packed *a, size_t rows, const ulp_packed *b,
                       size_t group, void *d, const void *c)
{
  const ulp_mma *m = a->m;
  size_t i = rows * ULP_ROWS, j = group * ULP_LANES, n = b->rows;
  size_t high = a->rows - i < ULP_ROWS ? a->rows - i : ULP_ROWS;
  size_t wide = n - j < ULP_LANES ? n - j : ULP_LANES;
  float acc[ULP_ROWS][ULP_LANES] = {{0}};
  for (size_t r = 0; r < high; r++)
    for (size_t l = 0; l < wide; l++)
      acc[r][l] = (float)ulp_decode(
          &m->c, ulp_load_code(&m->c, c, (i + r) * n + j + l)) + 0.0F;
  ulp_chain_rows(a, rows, b, group, 0, 1, acc);
  for (size_t r = 0; r < high; r++)
    for (size_t l = 0; l < wide; l++)
      ulp_store_code(&m->d, d, (i + r) * n + j + l,
                     ulp_result_code(&m->d, (double)acc[r][l]));
}

static ulp_status tile_fast(const ulp_mma *m, void *d, const void *a,
                            const void *b, const void *c, size_t rows,
                            size_t cols)
{
  ulp_packed x = {0}, y = {0};
  size_t k = (size_t)m->k;
  ulp_status status = ulp_pack_operand(&x, m, false, a, rows, k);
  if (status == ULP_OK)
    status = ulp_pack_operand(&y, m, true, b, cols, k);
  for (size_t i = 0; status == ULP_OK && i * ULP_ROWS < rows; i++)
    for (size_t g = 0; g * ULP_LANES < cols; g++)
      group_fast(&x, i, &y, g, d, c);
  ulp_packed_free(&x);
  ulp_packed_free(&y);
  return status;
}

/* A row of A or of B as the reference takes it. */
typedef struct {
  uint64_t code[ULP_MAX_K], scale[ULP_MAX_K];
} vector;

static void load(vector *v, const ulp_mma *m, const ulp_format *f,
                 const void *array, const void *scales, size_t row)
{
  size_t k = (size_t)m->k, n = scales ? (size_t)m->scales : 0;
  for (size_t i = 0; i < k; i++)
    v->code[i] = ulp_load_code(f, array, row * k + i);
  for (size_t i = 0; i < n; i++)
    v->scale[i] = ulp_load_code(&m->scale, scales, row * n + i);
}

ulp_status ulp_mma_tile_scaled(const ulp_mma *m, void *d, const void *a,
                               const void *b, const void *c, const void *sa,
                               const void *sb, size_t rows, size_t cols)
{
  vector x, y;
  if (!sa != !sb || (sa && m->scales == 0))
    return ULP_EINVAL;
  if (!sa && ulp_packable(m))
    return tile_fast(m, d, a, b, c, rows, cols);
  if (sa && ulp_is_scaled(m))
    return ulp_scaled_product_run(&(ulp_scaled_product){
        .m = m, .rows = rows, .cols = cols, .k = (size_t)m->k, .a = a, .b = b,
        .sa = sa, .sb = sb, .c = c, .d = d});
  if (m->k > ULP_MAX_K)
    return ULP_EINVAL;
  if (m->record->kind == ULP_DOT_INTEGER || m->record->kind == ULP_DOT_XOR)
    return ulp_tile_integer(m, d, a, b, c, rows, cols);
  for (size_t i = 0; i < rows; i++) {
    load(&x, m, &m->a, a, sa, i);
    for (size_t j = 0; j < cols; j++) {
      uint64_t addend = ulp_load_code(&m->c, c, i * cols + j);
      load(&y, m, &m->b, b, sb, j);
      ulp_store_code(&m->d, d, i * cols + j,
                     ulp_mma_dot_scaled(m, x.code, y.code, addend,
                                        sa ? x.scale : NULL,
                                        sb ? y.scale : NULL, NULL));
    }
  }
  return ULP_OK;
}

ulp_status ulp_mma_tile(const ulp_mma *m, void *d, const void *a,
                        const void *b, const void *c, size_t rows, size_t cols)
{
  return ulp_mma_tile_scaled(m, d, a, b, c, NULL, NULL, rows, cols);
}
