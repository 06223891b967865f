/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What exact attention and that with errors share: a block of ULP_BLOCK tokens.
 */
#ifndef ULPLAB_EXPERIMENTS_ATTENTION_PIECES_H
#define ULPLAB_EXPERIMENTS_ATTENTION_PIECES_H

#include "attention_error.h"

/* To f64. */
static inline void attention_widen(double *y, const float *x, int64_t n)
{
  for (int64_t i = 0; i < n; i++)
    y[i] = (double)x[i];
}

/* sum[rows, dim] += w[rows, ULP_BLOCK] v[ULP_BLOCK, dim]; w begins at column 0
 * of lines `stride` long. */
static inline void attention_add(double *sum, const double *w, int64_t stride,
                                 const double *v, int64_t rows, int64_t dim)
{
  for (int64_t q = 0; q < rows; q++) {
    double *o = sum + q * dim;
    for (int64_t t = 0; t < ULP_BLOCK; t += 4) {
      const double *p = w + q * stride + t, *x = v + t * dim;
      for (int64_t c = 0; c < dim; c++)
        o[c] += (p[0] * x[c] + p[1] * x[dim + c]) +
                (p[2] * x[2 * dim + c] + p[3] * x[3 * dim + c]);
    }
  }
}

static inline double attention_dot(const double *x, const double *y, int64_t n)
{
  double sum = 0;
  for (int64_t i = 0; i < n; i++)
    sum += x[i] * y[i];
  return sum;
}

#endif
