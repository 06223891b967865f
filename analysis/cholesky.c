/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/cholesky.c: Hessians and their factors for GPTQ.
 *
 * GSL's gsl_linalg calls a BLAS, whose sums may be ordered by the machine;
 * these loops add to whole rows, in one order everywhere.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "methods.h"

static void take(double *row, const double *from, double factor, int64_t n)
{
  for (int64_t i = 0; i < n; i++)
    row[i] -= factor * from[i];
}

void ulp_hessian(double *h, const double *x, int64_t tokens, int64_t channels)
{
  memset(h, 0, (size_t)(channels * channels) * sizeof *h);
  for (int64_t t = 0; t < tokens; t++) {
    const double *row = x + t * channels;
    for (int64_t i = 0; i < channels; i++)
      take(h + i * channels + i, row + i, -row[i], channels - i);
  }
  for (int64_t i = 0; i < channels; i++)
    for (int64_t j = i; j < channels; j++) {
      h[i * channels + j] *= 2 / (double)tokens;
      h[j * channels + i] = h[i * channels + j];
    }
}

/* Row by row (Golub and Van Loan, Matrix Computations, 4th ed., 4.2.5). */
ulp_status ulp_cholesky(double *u, const double *a, int64_t n)
{
  for (int64_t i = 0; i < n; i++) {
    double *row = u + i * n;
    for (int64_t j = 0; j < i; j++)
      row[j] = 0;
    if (u != a) memcpy(row + i, a + i * n + i, (size_t)(n - i) * sizeof *row);
    for (int64_t k = 0; k < i; k++)
      take(row + i, u + k * n + i, u[k * n + i], n - i);
    if (!(row[i] > 0)) return ULP_EINVAL;
    double root = sqrt(row[i]);
    for (int64_t j = i; j < n; j++)
      row[j] /= root;
  }
  return ULP_OK;
}

/* out = (u^T)^-1, lower, by forward substitution. */
static void invert_transposed(double *out, const double *u, int64_t n)
{
  memset(out, 0, (size_t)(n * n) * sizeof *out);
  for (int64_t i = 0; i < n; i++) {
    double *row = out + i * n;
    row[i] = 1;
    for (int64_t k = 0; k < i; k++)
      take(row, out + k * n, u[k * n + i], k + 1);
    for (int64_t j = 0; j <= i; j++)
      row[j] /= u[i * n + i];
  }
}

static double *damped_backwards(const double *h, int64_t n, double damping)
{
  double *b = malloc((size_t)(n * n) * sizeof *b), mean = 0;
  if (!b) return NULL;
  for (int64_t i = 0; i < n; i++)
    mean += (h[i * n + i] == 0 ? 1 : h[i * n + i]) / (double)n;
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j < n; j++)
      b[(n - 1 - i) * n + n - 1 - j] = h[i * n + j];
  for (int64_t i = 0; i < n; i++) {
    double *d = b + i * n + i;
    *d = (*d == 0 ? 1 : *d) + damping * mean;
  }
  return b;
}

/* With the channels backwards H is C^T C, so forwards it is R R^T with R
 * upper, and H^-1 = R^-T R^-1: U is R^-1, backwards the inverse of C^T.  That
 * takes one factor where inverting H first takes two. */
ulp_status ulp_gptq_factor(double *u, const double *h, int64_t n,
                           double damping)
{
  double *b = damped_backwards(h, n, damping);
  double *inverse = malloc((size_t)(n * n) * sizeof *inverse);
  ulp_status s = b && inverse ? ulp_cholesky(b, b, n) : ULP_ENOMEM;
  if (s == ULP_OK) {
    invert_transposed(inverse, b, n);
    for (int64_t i = 0; i < n * n; i++)
      u[i] = inverse[n * n - 1 - i];
  }
  free(b);
  free(inverse);
  return s;
}
