/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * y = x W^T.  W lies in panels: ULP_LANES outputs side by side, each of which
 * takes its products in the order of k, so that the bits are those of a triple
 * loop on any machine and any number of threads.
 */
#include <stdlib.h>
#include <string.h>

#include "fma_gemm.h"
#include "lanes.h"
#include "llama_internal.h"

static size_t columns_of(size_t n, size_t first)
{
  return n - first < ULP_LANES ? n - first : ULP_LANES;
}

float *ulp_linear_pack(const float *w, size_t n, size_t k)
{
  float *out = malloc((ulp_fma_panels_size(n, k) + 1) * sizeof *out);
  if (out)
    ulp_fma_pack(out, w, n, k);
  return out;
}

typedef struct {
  double *y;
  const double *x;
  const float *panels;
  size_t m, n, k;
} product;

/* Rows and columns of y that a thread takes. */
typedef struct {
  size_t row, rows, column, columns;
} piece;

static ulp_status run_f64(const product *p, const piece *at)
{
  size_t k = p->k;
  double *sum = malloc((at->rows + 1) * ULP_LANES * sizeof *sum);
  double *panel = malloc((k + 1) * ULP_LANES * sizeof *panel);
  ulp_status s = sum && panel ? ULP_OK : ULP_ENOMEM;
  for (size_t c = 0; s == ULP_OK && c < at->columns; c += ULP_LANES) {
    size_t first = at->column + c;
    ulp_lanes_now()->widen(panel, p->panels + first * k, k * ULP_LANES);
    ulp_lanes_now()->panel_f64(sum, p->x + at->row * k, k, at->rows, panel, k,
                               false);
    for (size_t i = 0; i < at->rows; i++)
      memcpy(p->y + (at->row + i) * p->n + first, sum + i * ULP_LANES,
             columns_of(p->n, first) * sizeof *p->y);
  }
  free(sum);
  free(panel);
  return s;
}

static ulp_status run_f32(const product *p, const piece *at)
{
  size_t in = at->rows * p->k, out = at->rows * at->columns;
  float *x = malloc((in + 1) * sizeof *x), *y = calloc(out + 1, sizeof *y);
  if (x && y) {
    ulp_lanes_now()->narrow(x, p->x + at->row * p->k, in);
    ulp_fma_run(&(ulp_fma_job){
        .y = y, .x = x, .panels = p->panels + at->column * p->k,
        .y_stride = at->columns, .x_stride = p->k,
        .panel_stride = p->k * ULP_FMA_COLUMNS, .m = at->rows,
        .n = at->columns, .k = p->k});
    for (size_t i = 0; i < at->rows; i++)
      ulp_lanes_now()->widen(p->y + (at->row + i) * p->n + at->column,
                             y + i * at->columns, at->columns);
  }
  ulp_status s = x && y ? ULP_OK : ULP_ENOMEM;
  free(x);
  free(y);
  return s;
}

static size_t share(size_t n, size_t threads, size_t unit)
{
  size_t each = (n + threads - 1) / threads;
  return (each + unit - 1) / unit * unit;
}

/* Rows among the threads, whose x is then made ready once; few rows: columns. */
ulp_status ulp_linear(double *y, const double *x, const float *panels,
                      size_t m, size_t n, size_t k, bool narrow, int threads)
{
  enum { ROWS = 8 };
  const product p = {y, x, panels, m, n, k};
  /* Less is done before a second thread has woken up. */
  bool large = threads > 1 && m * n * k > 1 << 21, by_rows = m >= 2 * ROWS;
  size_t some = large ? (size_t)threads : 1, total = by_rows ? m : n;
  size_t each = share(total, some, by_rows ? ROWS : ULP_LANES);
  ulp_status status = ULP_OK;
#ifdef _OPENMP
#pragma omp parallel for num_threads(threads) if (large)
#endif
  for (size_t from = 0; from < total; from += each) {
    size_t count = total - from < each ? total - from : each;
    piece at =
        by_rows ? (piece){from, count, 0, n} : (piece){0, m, from, count};
    ulp_status s = narrow ? run_f32(&p, &at) : run_f64(&p, &at);
    if (s != ULP_OK) {
#ifdef _OPENMP
#pragma omp atomic write
#endif
      status = s;
    }
  }
  return status;
}

static void plain(double *y, const double *x, const double *w, size_t m,
                  size_t n, size_t k)
{
  for (size_t i = 0; i < m; i++)
    for (size_t j = 0; j < n; j++) {
      double sum = 0;
      for (size_t l = 0; l < k; l++)
        sum += x[i * k + l] * w[j * k + l];
      y[i * n + j] = sum;
    }
}

void ulp_product(double *y, const double *x, const double *w, size_t m,
                 size_t n, size_t k)
{
  enum { ROWS = 64 };
  double sum[ROWS * ULP_LANES];
  double *panel = malloc((k + 1) * ULP_LANES * sizeof *panel);
  if (!panel) { /* slower, the same bits */
    plain(y, x, w, m, n, k);
    return;
  }
  for (size_t first = 0; first < n; first += ULP_LANES) {
    size_t columns = columns_of(n, first);
    for (size_t l = 0; l < k; l++)
      for (size_t c = 0; c < ULP_LANES; c++)
        panel[l * ULP_LANES + c] = c < columns ? w[(first + c) * k + l] : 0;
    for (size_t i = 0; i < m; i++) {
      if (i % ROWS == 0)
        ulp_lanes_now()->panel_f64(sum, x + i * k, k, m - i < ROWS ? m - i
                                   : ROWS, panel, k, false);
      memcpy(y + i * n + first, sum + i % ROWS * ULP_LANES,
             columns * sizeof *y);
    }
  }
  free(panel);
}
