/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A plain product of matrices in f64.  Outputs go side by side, each in the
 * order of its own products, so that the bits are those of the triple loop.
 */
#include <stdlib.h>
#include <string.h>

#include "model.h"

enum { ROWS = 4, COLUMNS = 8 };

/* w: k rows of COLUMNS. */
static void panel(double sum[ROWS][COLUMNS], const double *x, size_t rows,
                  const double *w, size_t k)
{
  memset(sum, 0, ROWS * sizeof sum[0]);
  for (size_t l = 0; l < k; l++)
    for (size_t i = 0; i < rows; i++)
      for (int j = 0; j < COLUMNS; j++)
        sum[i][j] += x[i * k + l] * w[l * COLUMNS + (size_t)j];
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
  double sum[ROWS][COLUMNS];
  if (!side) { /* slower, the same bits */
    plain(y, x, w, m, n, k);
    return;
  }
  for (size_t j = 0; j < n; j += COLUMNS) {
    size_t columns = n - j < COLUMNS ? n - j : COLUMNS;
    for (size_t l = 0; l < k; l++)
      for (size_t c = 0; c < COLUMNS; c++)
        side[l * COLUMNS + c] = c < columns ? w[(j + c) * k + l] : 0;
    for (size_t i = 0; i < m; i += ROWS) {
      size_t rows = m - i < ROWS ? m - i : ROWS;
      panel(sum, x + i * k, rows, side, k);
      for (size_t r = 0; r < rows; r++)
        memcpy(y + (i + r) * n + j, sum[r], columns * sizeof *y);
    }
  }
  free(side);
}
