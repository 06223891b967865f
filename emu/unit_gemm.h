/* SPDX-License-Identifier: MIT
 *
 * The blocks of y += x w^T for elements of y of four bytes, and elements of x
 * and w, called units, of four bytes too: an f32, two int16, or four int8 that
 * follow each other in k.  Kernels say what is multiplied; this file's keep
 * operands in the caches.
 */
#ifndef ULPLAB_EMU_UNIT_GEMM_H
#define ULPLAB_EMU_UNIT_GEMM_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Rows of w in a panel, side by side; the greatest tiles. */
enum {
  ULP_UNIT_COLUMNS = 16,
  ULP_UNIT_MAX_ROWS = 8,
  ULP_UNIT_MAX_PANELS = 2
};

/* Unit l of row i of x: at[i row + l step]. */
typedef struct {
  const void *at;
  size_t row, step;
} ulp_unit_x;

/* A tile: `rows` rows of y by `panels` whole panels, k units, k ascending.
 * panel: [k][16], the next one panel_stride units after it. */
typedef void ulp_unit_tile(void *y, size_t y_stride, ulp_unit_x x, size_t rows,
                           const void *panel, size_t panel_stride,
                           size_t panels, size_t k);

/* A tile function, and what it takes at most: any rows and panels up to that.
 * Nothing is aligned to more than a unit. */
typedef struct {
  ulp_unit_tile *tile;
  size_t rows, panels;
} ulp_unit_kernel;

typedef struct {
  void *y;            /* [m, n], rows y_stride apart; in: where sums start */
  const void *x;      /* [m, k], rows x_stride apart */
  const void *panels; /* of n columns, from the first k of these on */
  size_t y_stride, x_stride, panel_stride;
  size_t m, n, k;     /* k in units */
} ulp_unit_job;

/* Rows of y that ulp_unit_run takes at once: a job of so many passes over the
 * panels one time. */
size_t ulp_unit_block_rows(const ulp_unit_kernel *v);

/* On one thread; y overlaps neither x nor panels.  Nothing is allocated. */
void ulp_unit_run(const ulp_unit_kernel *v, const ulp_unit_job *job);

#ifdef __cplusplus
}
#endif
#endif
