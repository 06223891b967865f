/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * y = x W^T.  Outputs go side by side and each takes its products in the order
 * of k, so that the bits are those of a triple loop on any number of threads.
 */
#include <stdlib.h>
#include <string.h>

#include "llama_internal.h"

enum { ROWS = 4, COLUMNS = 16 };

/* The loops are compiled for what the machine has; no multiply is fused with
 * an add (-ffp-contract=off), so that the bits are the same. */
#if defined __GNUC__ && !defined __clang__ && defined __x86_64__
#define FOR_EACH_MACHINE                                                       \
  __attribute__((target_clones("default", "arch=x86-64-v3",                    \
                               "arch=x86-64-v4"), optimize("O3")))
#else
#define FOR_EACH_MACHINE
#endif

/* sum[ROWS][COLUMNS] of x[rows, k] and side[k, COLUMNS], in one type. */
#define DEFINE_BLOCK(NAME, REAL)                                               \
  FOR_EACH_MACHINE                                                             \
  static void NAME(REAL *restrict sum, const REAL *restrict x, size_t rows,    \
                   const REAL *restrict side, size_t k)                        \
  {                                                                            \
    REAL s[ROWS][COLUMNS] = {{0}};                                             \
    if (rows == ROWS)                                                          \
      for (size_t l = 0; l < k; l++)                                           \
        for (int i = 0; i < ROWS; i++)                                         \
          for (int j = 0; j < COLUMNS; j++)                                    \
            s[i][j] += x[(size_t)i * k + l] * side[l * COLUMNS + (size_t)j];   \
    else                                                                       \
      for (size_t i = 0; i < rows; i++)                                        \
        for (size_t l = 0; l < k; l++)                                         \
          for (int j = 0; j < COLUMNS; j++)                                    \
            s[i][j] += x[i * k + l] * side[l * COLUMNS + (size_t)j];           \
    memcpy(sum, s, sizeof s);                                                  \
  }

/* Columns from `first` on of y, [m, n]; side: room for k rows. */
#define DEFINE_COLUMNS(NAME, BLOCK, REAL, WEIGHT)                              \
  static void NAME(double *y, const REAL *x, const WEIGHT *w, size_t m,        \
                   size_t n, size_t k, size_t first, REAL *side)               \
  {                                                                            \
    size_t columns = n - first < COLUMNS ? n - first : COLUMNS;                \
    REAL sum[ROWS * COLUMNS];                                                  \
    memset(side, 0, k * COLUMNS * sizeof *side);                               \
    for (size_t c = 0; c < columns; c++)                                       \
      for (size_t l = 0; l < k; l++)                                           \
        side[l * COLUMNS + c] = (REAL)w[(first + c) * k + l];                  \
    for (size_t i = 0; i < m; i += ROWS) {                                     \
      size_t rows = m - i < ROWS ? m - i : ROWS;                               \
      BLOCK(sum, x + i * k, rows, side, k);                                    \
      for (size_t r = 0; r < rows; r++)                                        \
        for (size_t c = 0; c < columns; c++)                                   \
          y[(i + r) * n + first + c] = (double)sum[r * COLUMNS + c];           \
    }                                                                          \
  }

DEFINE_BLOCK(block_f64, double)
DEFINE_BLOCK(block_f32, float)
DEFINE_COLUMNS(columns_wide, block_f64, double, double)
DEFINE_COLUMNS(columns_f64, block_f64, double, float)
DEFINE_COLUMNS(columns_f32, block_f32, float, float)

ulp_status ulp_linear(double *y, const double *x, const float *w, size_t m,
                      size_t n, size_t k, bool narrow, int threads)
{
  bool failed = false;
  float *x32 = narrow ? malloc((m * k + 1) * sizeof *x32) : NULL;
  if (narrow && !x32)
    return ULP_ENOMEM;
  for (size_t i = 0; narrow && i < m * k; i++)
    x32[i] = (float)x[i];
  /* Less is done before a second thread has woken up. */
  bool large = m * n * k > 1 << 22;
#ifdef _OPENMP
#pragma omp parallel num_threads(large ? threads : 1)
#endif
  {
    double *side = malloc((k + 1) * COLUMNS * sizeof *side);
    if (!side) {
#ifdef _OPENMP
#pragma omp atomic write
#endif
      failed = true;
    }
#ifdef _OPENMP
#pragma omp for schedule(dynamic)
#endif
    for (size_t first = 0; first < n; first += COLUMNS) {
      if (side && narrow)
        columns_f32(y, x32, w, m, n, k, first, (float *)(void *)side);
      else if (side)
        columns_f64(y, x, w, m, n, k, first, side);
    }
    free(side);
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
  double *side = malloc((k + 1) * COLUMNS * sizeof *side);
  if (!side) { /* slower, the same bits */
    plain(y, x, w, m, n, k);
    return;
  }
  for (size_t first = 0; first < n; first += COLUMNS)
    columns_wide(y, x, w, m, n, k, first, side);
  free(side);
}
