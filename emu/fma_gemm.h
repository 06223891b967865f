/* SPDX-License-Identifier: MIT
 *
 * y += x w^T in f32: each output is one chain of fused multiply-adds, k
 * ascending (IEEE 754-2019, 5.4.1), so that the bits are those of
 *
 *   for (l = 0; l < k; l++) y[i][j] = fmaf(x[i][l], w[j][l], y[i][j]);
 *
 * on every machine; of a NaN only that it is one.  Outputs lie side by side in
 * vectors.  Internal: emu/ and analysis/ include it, it is not installed.
 */
#ifndef ULPLAB_EMU_FMA_GEMM_H
#define ULPLAB_EMU_FMA_GEMM_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Rows of w in a panel. */
enum { ULP_FMA_COLUMNS = 16 };

/* Floats of the panels of w[n, k]. */
size_t ulp_fma_panels_size(size_t n, size_t k);
/* panels: [ceil(n / 16)][k][16], w's rows side by side, zeros after the last.
 * w: rows of k floats. */
void ulp_fma_pack(float *panels, const float *w, size_t n, size_t k);

typedef struct {
  float *y;           /* [m, n], rows y_stride apart; in: where chains start */
  const float *x;     /* [m, k], rows x_stride apart */
  const float *panels; /* of n columns, from the first k of these on: a panel
                          begins panel_stride floats after the one before */
  size_t y_stride, x_stride, panel_stride;
  size_t m, n, k;
} ulp_fma_job;

/* Runs the job on one thread, by the kernels of ulp_isa_now().  y overlaps
 * neither x nor panels.  Nothing is allocated. */
void ulp_fma_run(const ulp_fma_job *job);

/* The same from the start: y = x w^T from +0, everything dense. */
void ulp_fma_rows(float *y, const float *x, const float *panels, size_t m,
                  size_t n, size_t k);

/* ---- kernels --------------------------------------------------------------- */

/* A tile: `rows` rows of y by `panels` panels, over k.  x: [k][rows].  It must
 * take any rows and panels up to its greatest. */
typedef void ulp_fma_tile(float *y, size_t y_stride, const float *x,
                          size_t rows, const float *panel, size_t panel_stride,
                          size_t panels, size_t k);

enum { ULP_FMA_MAX_ROWS = 8, ULP_FMA_MAX_PANELS = 2 };

ulp_fma_tile ulp_fma_tile_avx2;   /* fma_gemm_avx2.c: up to 6 rows, 1 panel */
ulp_fma_tile ulp_fma_tile_avx512; /* fma_gemm_avx512.c: up to 8, 2 panels */

#ifdef __cplusplus
}
#endif
#endif
