/* SPDX-License-Identifier: MIT
 *
 * Blocks and panels of the products of fused multiply-adds, and the kernel of
 * plain C.
 */
#include "fma_gemm.h"

#include <math.h>
#include <string.h>

#include "isa.h"

/* Rows of x that are packed at once, and floats of these: they stay in the
 * second cache, while the panels of a block of K go by once for all of them. */
enum { BLOCK_ROWS = 64, PACKED = 16384, COLUMNS = ULP_FMA_COLUMNS };

/* ---- panels ---------------------------------------------------------------- */

size_t ulp_fma_panels_size(size_t n, size_t k)
{
  return (n + COLUMNS - 1) / COLUMNS * COLUMNS * k;
}

void ulp_fma_pack(float *panels, const float *w, size_t n, size_t k)
{
  for (size_t first = 0; first < n; first += COLUMNS) {
    size_t columns = n - first < COLUMNS ? n - first : COLUMNS;
    float *to = panels + first * k;
    const float *from = w + first * k;
    if (columns < COLUMNS)
      memset(to, 0, k * COLUMNS * sizeof *to);
    for (size_t l = 0; l < k; l++)
      for (size_t c = 0; c < columns; c++)
        to[l * COLUMNS + c] = from[c * k + l];
  }
}

/* ---- plain C --------------------------------------------------------------- */

static void tile_portable(float *y, size_t y_stride, const float *x,
                          size_t rows, const float *panel, size_t panel_stride,
                          size_t panels, size_t k)
{
  (void)panel_stride, (void)panels; /* one */
  for (size_t i = 0; i < rows; i++) {
    float sum[COLUMNS];
    memcpy(sum, y + i * y_stride, sizeof sum);
    for (size_t l = 0; l < k; l++)
      for (size_t c = 0; c < COLUMNS; c++)
        sum[c] = fmaf(x[l * rows + i], panel[l * COLUMNS + c], sum[c]);
    memcpy(y + i * y_stride, sum, sizeof sum);
  }
}

typedef struct {
  ulp_fma_tile *tile;
  size_t rows, panels;
} kernel;

static kernel find_kernel(void)
{
  switch (ulp_isa_now()) {
#ifdef ULP_HAVE_AVX512_KERNELS
  case ULP_ISA_AVX512: return (kernel){ulp_fma_tile_avx512, 8, 2};
#endif
#ifdef ULP_HAVE_AVX2_KERNELS
  case ULP_ISA_AVX2: return (kernel){ulp_fma_tile_avx2, 6, 1};
#endif
  default: return (kernel){tile_portable, 4, 1};
  }
}

/* ---- blocks ---------------------------------------------------------------- */

/* Rows of x in tiles: [tile][k][its rows]. */
static void pack_x(float *out, const ulp_fma_job *j, size_t row, size_t rows,
                   size_t from, size_t k, size_t tile)
{
  for (size_t i = 0; i < rows; i += tile) {
    size_t n = rows - i < tile ? rows - i : tile;
    const float *x = j->x + (row + i) * j->x_stride + from;
    for (size_t r = 0; r < n; r++)
      for (size_t l = 0; l < k; l++)
        out[i * k + l * n + r] = x[r * j->x_stride + l];
  }
}

/* A tile whose last panel is not full: by way of a copy. */
static void edge(const kernel *v, float *y, size_t stride, const float *x,
                 size_t rows, const float *panel, size_t panel_stride,
                 size_t columns, size_t k)
{
  enum { WIDTH = ULP_FMA_MAX_PANELS * COLUMNS };
  float copy[ULP_FMA_MAX_ROWS * WIDTH] = {0};
  for (size_t r = 0; r < rows; r++)
    memcpy(copy + r * WIDTH, y + r * stride, columns * sizeof *y);
  v->tile(copy, WIDTH, x, rows, panel, panel_stride,
          (columns + COLUMNS - 1) / COLUMNS, k);
  for (size_t r = 0; r < rows; r++)
    memcpy(y + r * stride, copy + r * WIDTH, columns * sizeof *y);
}

/* `rows` rows by all columns, k of K from `from` on. */
static void run_block(const kernel *v, const ulp_fma_job *j, const float *x,
                      size_t row, size_t rows, size_t from, size_t k)
{
  size_t width = v->panels * COLUMNS;
  for (size_t c = 0; c < j->n; c += width) {
    size_t columns = j->n - c < width ? j->n - c : width;
    const float *panel =
        j->panels + c / COLUMNS * j->panel_stride + from * COLUMNS;
    for (size_t i = 0; i < rows; i += v->rows) {
      size_t n = rows - i < v->rows ? rows - i : v->rows;
      float *y = j->y + (row + i) * j->y_stride + c;
      if (columns % COLUMNS)
        edge(v, y, j->y_stride, x + i * k, n, panel, j->panel_stride, columns,
             k);
      else
        v->tile(y, j->y_stride, x + i * k, n, panel, j->panel_stride,
                columns / COLUMNS, k);
    }
  }
}

void ulp_fma_run(const ulp_fma_job *j)
{
  float packed[PACKED];
  kernel v = find_kernel();
  size_t most = BLOCK_ROWS / v.rows * v.rows;
  for (size_t row = 0; row < j->m; row += most) {
    size_t rows = j->m - row < most ? j->m - row : most;
    size_t block = PACKED / rows;
    for (size_t from = 0; from < j->k; from += block) {
      size_t k = j->k - from < block ? j->k - from : block;
      pack_x(packed, j, row, rows, from, k, v.rows);
      run_block(&v, j, packed, row, rows, from, k);
    }
  }
}

void ulp_fma_rows(float *y, const float *x, const float *panels, size_t m,
                  size_t n, size_t k)
{
  ulp_fma_job job = {.y = y, .x = x, .panels = panels, .y_stride = n,
                     .x_stride = k, .panel_stride = k * COLUMNS,
                     .m = m, .n = n, .k = k};
  for (size_t i = 0; i < m * n; i++)
    y[i] = 0;
  ulp_fma_run(&job);
}
