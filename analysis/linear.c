/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * y = x W^T.  W lies in panels: ULP_LANES outputs side by side, each of which
 * takes its products in the order of k, so that the bits are those of a triple
 * loop on any machine and any number of threads.
 */
#include <stdlib.h>
#include <string.h>

#include "lanes.h"
#include "llama_internal.h"

static size_t columns_of(size_t n, size_t first)
{
  return n - first < ULP_LANES ? n - first : ULP_LANES;
}

float *ulp_linear_pack(const float *w, size_t n, size_t k)
{
  size_t panels = (n + ULP_LANES - 1) / ULP_LANES;
  float *out = aligned_alloc(64, panels * k * ULP_LANES * sizeof *out + 64);
  for (size_t first = 0; out && first < n; first += ULP_LANES) {
    float *p = out + first * k;
    for (size_t l = 0; l < k; l++)
      for (size_t c = 0; c < ULP_LANES; c++)
        p[l * ULP_LANES + c] =
            c < columns_of(n, first) ? w[(first + c) * k + l] : 0;
  }
  return out;
}

/* Room of a thread: sums of m rows, and in f64 a panel. */
typedef struct {
  double *sum, *panel;
} room;

/* Columns from `first` on of y, [m, n]. */
static void columns_f64(double *y, const double *x, const float *panel,
                        size_t m, size_t n, size_t k, size_t first, room *r)
{
  const float *p = panel + first * k;
  for (size_t i = 0; i < k * ULP_LANES; i++)
    r->panel[i] = (double)p[i];
  ulp_lanes_now()->panel_f64(r->sum, x, k, m, r->panel, k, false);
  for (size_t i = 0; i < m; i++)
    memcpy(y + i * n + first, r->sum + i * ULP_LANES,
           columns_of(n, first) * sizeof *y);
}

static void columns_f32(double *y, const float *x, const float *panel,
                        size_t m, size_t n, size_t k, size_t first, room *r)
{
  float *sum = (float *)(void *)r->sum;
  ulp_lanes_now()->panel_f32(sum, x, k, m, panel + first * k, k, false);
  for (size_t i = 0; i < m; i++)
    for (size_t c = 0; c < columns_of(n, first); c++)
      y[i * n + first + c] = (double)sum[i * ULP_LANES + c];
}

ulp_status ulp_linear(double *y, const double *x, const float *panels,
                      size_t m, size_t n, size_t k, bool narrow, int threads)
{
  bool failed = false;
  float *x32 = narrow ? malloc((m * k + 1) * sizeof *x32) : NULL;
  if (narrow && !x32)
    return ULP_ENOMEM;
  for (size_t i = 0; narrow && i < m * k; i++)
    x32[i] = (float)x[i];
  /* Less is done before a second thread has woken up. */
  bool large = m * n * k > 1 << 21;
#ifdef _OPENMP
#pragma omp parallel num_threads(large ? threads : 1)
#endif
  {
    room r = {malloc((m + 1) * ULP_LANES * sizeof *r.sum),
              malloc((narrow ? 1 : k + 1) * ULP_LANES * sizeof *r.panel)};
    bool ready = r.sum && r.panel;
    if (!ready) {
#ifdef _OPENMP
#pragma omp atomic write
#endif
      failed = true;
    }
#ifdef _OPENMP
#pragma omp for schedule(dynamic)
#endif
    for (size_t first = 0; first < n; first += ULP_LANES) {
      if (ready && narrow)
        columns_f32(y, x32, panels, m, n, k, first, &r);
      else if (ready)
        columns_f64(y, x, panels, m, n, k, first, &r);
    }
    free(r.sum);
    free(r.panel);
  }
  free(x32);
  return failed ? ULP_ENOMEM : ULP_OK;
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
