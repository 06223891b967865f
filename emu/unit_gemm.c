/* SPDX-License-Identifier: MIT
 *
 * Blocks of rows and of K, cut into tiles.
 */
#include "unit_gemm.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Rows of x that are packed at once, and units of these: they stay in the
 * second cache, while the panels of a block of K go by once for all of them. */
enum { BLOCK_ROWS = 64, PACKED = 65536, COLUMNS = ULP_UNIT_COLUMNS, UNIT = 4 };

static const char *at(const void *units, size_t i)
{
  return (const char *)units + i * UNIT;
}

static char *out_at(void *units, size_t i) { return (char *)units + i * UNIT; }

/* Rows of x in tiles: [tile][k][its rows]. */
static void pack_x(uint32_t *out, const ulp_unit_job *j, size_t row,
                   size_t rows, size_t from, size_t k, size_t tile)
{
  for (size_t i = 0; i < rows; i += tile) {
    size_t n = rows - i < tile ? rows - i : tile;
    for (size_t r = 0; r < n; r++) {
      const char *x = at(j->x, (row + i + r) * j->x_stride + from);
      for (size_t l = 0; l < k; l++)
        memcpy(&out[i * k + l * n + r], at(x, l), UNIT);
    }
  }
}

/* A tile whose last panel is not full: by way of a copy. */
static void edge(const ulp_unit_kernel *v, void *y, size_t stride,
                 ulp_unit_x x, size_t rows, const void *panel,
                 size_t panel_stride, size_t columns, size_t k)
{
  enum { WIDTH = ULP_UNIT_MAX_PANELS * COLUMNS };
  uint32_t copy[ULP_UNIT_MAX_ROWS * WIDTH] = {0};
  for (size_t r = 0; r < rows; r++)
    memcpy(copy + r * WIDTH, at(y, r * stride), columns * UNIT);
  v->tile(copy, WIDTH, x, rows, panel, panel_stride,
          (columns + COLUMNS - 1) / COLUMNS, k);
  for (size_t r = 0; r < rows; r++)
    memcpy(out_at(y, r * stride), copy + r * WIDTH, columns * UNIT);
}

/* `rows` rows by all columns, k of K from `from` on; packed NULL: of x as it
 * lies. */
static void run_block(const ulp_unit_kernel *v, const ulp_unit_job *j,
                      const uint32_t *packed, size_t row, size_t rows,
                      size_t from, size_t k)
{
  size_t width = v->panels * COLUMNS;
  for (size_t c = 0; c < j->n; c += width) {
    size_t columns = j->n - c < width ? j->n - c : width;
    const void *panel =
        at(j->panels, c / COLUMNS * j->panel_stride + from * COLUMNS);
    for (size_t i = 0; i < rows; i += v->rows) {
      size_t n = rows - i < v->rows ? rows - i : v->rows;
      void *y = out_at(j->y, (row + i) * j->y_stride + c);
      ulp_unit_x x = {at(j->x, (row + i) * j->x_stride + from), j->x_stride, 1};
      if (packed)
        x = (ulp_unit_x){packed + i * k, 1, n};
      if (columns % COLUMNS)
        edge(v, y, j->y_stride, x, n, panel, j->panel_stride, columns, k);
      else
        v->tile(y, j->y_stride, x, n, panel, j->panel_stride,
                columns / COLUMNS, k);
    }
  }
}

/* Packing costs as much as a panel or two. */
static bool is_worth_packing(const ulp_unit_job *j)
{
  return j->m > 1 && j->n > 4 * COLUMNS;
}

size_t ulp_unit_block_rows(const ulp_unit_kernel *v)
{
  return BLOCK_ROWS / v->rows * v->rows;
}

void ulp_unit_run(const ulp_unit_kernel *v, const ulp_unit_job *j)
{
  uint32_t packed[PACKED];
  bool packs = is_worth_packing(j);
  size_t most = ulp_unit_block_rows(v);
  for (size_t row = 0; row < j->m; row += most) {
    size_t rows = j->m - row < most ? j->m - row : most;
    size_t block = packs ? PACKED / rows : j->k;
    for (size_t from = 0; from < j->k; from += block) {
      size_t k = j->k - from < block ? j->k - from : block;
      if (packs)
        pack_x(packed, j, row, rows, from, k, v->rows);
      run_block(v, j, packs ? packed : NULL, row, rows, from, k);
    }
  }
}
