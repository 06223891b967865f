/* SPDX-License-Identifier: MIT
 *
 * Panels of the products of fused multiply-adds, and the kernel of plain C.
 */
#include "fma_gemm.h"

#include <math.h>
#include <string.h>

#include "isa.h"

/* LINE: floats of a row that are read at once. */
enum { COLUMNS = ULP_FMA_COLUMNS, LINE = 16 };

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
    for (size_t l = 0; l < k; l += LINE)
      for (size_t c = 0; c < columns; c++)
        for (size_t i = l; i < k && i < l + LINE; i++)
          to[i * COLUMNS + c] = from[c * k + i];
  }
}

/* ---- plain C --------------------------------------------------------------- */

static void tile_portable(void *out, size_t y_stride, ulp_unit_x units,
                          size_t rows, const void *panels,
                          size_t panel_stride, size_t count, size_t k)
{
  float *y = out;
  const float *x = units.at, *panel = panels;
  (void)panel_stride, (void)count; /* one */
  for (size_t i = 0; i < rows; i++) {
    float sum[COLUMNS];
    memcpy(sum, y + i * y_stride, sizeof sum);
    for (size_t l = 0; l < k; l++)
      for (size_t c = 0; c < COLUMNS; c++)
        sum[c] = fmaf(x[i * units.row + l * units.step], panel[l * COLUMNS + c],
                      sum[c]);
    memcpy(y + i * y_stride, sum, sizeof sum);
  }
}

static ulp_unit_kernel find_kernel(void)
{
  switch (ulp_isa_now()) {
#ifdef ULP_HAVE_AVX512_KERNELS
  case ULP_ISA_AVX512: return (ulp_unit_kernel){ulp_fma_tile_avx512, 8, 2};
#endif
#ifdef ULP_HAVE_AVX2_KERNELS
  case ULP_ISA_AVX2: return (ulp_unit_kernel){ulp_fma_tile_avx2, 6, 1};
#endif
  default: return (ulp_unit_kernel){tile_portable, 4, 1};
  }
}

void ulp_fma_run(const ulp_fma_job *j)
{
  ulp_unit_kernel v = find_kernel();
  ulp_unit_job job = {.y = j->y, .x = j->x, .panels = j->panels,
                      .y_stride = j->y_stride, .x_stride = j->x_stride,
                      .panel_stride = j->panel_stride,
                      .m = j->m, .n = j->n, .k = j->k};
  ulp_unit_run(&v, &job);
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
