/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/channels.c: what methods.h knows of a matrix's channels, and
 * matrices of f64 through a quantizer.
 */
#include <math.h>
#include <mpfr.h>
#include <stdlib.h>

#include "methods.h"
#include "model.h"

void ulp_channel_amax(double *amax, const double *x, int64_t rows,
                      int64_t channels)
{
  for (int64_t c = 0; c < channels; c++)
    amax[c] = 0;
  for (int64_t r = 0; r < rows; r++)
    for (int64_t c = 0; c < channels; c++)
      amax[c] = fmax(amax[c], fabs(x[r * channels + c]));
}

void ulp_channel_mean(double *mean, const double *x, int64_t rows,
                      int64_t channels)
{
  for (int64_t c = 0; c < channels; c++)
    mean[c] = 0;
  for (int64_t r = 0; r < rows; r++)
    for (int64_t c = 0; c < channels; c++)
      mean[c] += fabs(x[r * channels + c]);
  for (int64_t c = 0; c < channels; c++)
    mean[c] /= (double)rows;
}

void ulp_channels_times(double *y, const double *x, const double *factor,
                        int64_t rows, int64_t channels)
{
  for (int64_t r = 0; r < rows; r++)
    for (int64_t c = 0; c < channels; c++)
      y[r * channels + c] = x[r * channels + c] * factor[c];
}

void ulp_channels_over(double *y, const double *x, const double *factor,
                       int64_t rows, int64_t channels)
{
  for (int64_t r = 0; r < rows; r++)
    for (int64_t c = 0; c < channels; c++)
      y[r * channels + c] = x[r * channels + c] / factor[c];
}

double ulp_power(double x, double p)
{
  MPFR_DECL_INIT(base, 53);
  MPFR_DECL_INIT(exponent, 53);
  mpfr_set_d(base, x, MPFR_RNDN);
  mpfr_set_d(exponent, p, MPFR_RNDN);
  mpfr_pow(base, base, exponent, MPFR_RNDN);
  return mpfr_get_d(base, MPFR_RNDN);
}

int64_t ulp_llm_int8_outliers(unsigned char *apart, const double *x,
                              int64_t tokens, int64_t channels,
                              double threshold)
{
  int64_t count = 0;
  for (int64_t c = 0; c < channels; c++)
    apart[c] = 0;
  for (int64_t r = 0; r < tokens; r++)
    for (int64_t c = 0; c < channels; c++)
      apart[c] |= fabs(x[r * channels + c]) >= threshold;
  for (int64_t c = 0; c < channels; c++)
    count += apart[c];
  return count;
}

ulp_status ulp_matrix_values(double *y, const double *x, int64_t rows,
                             int64_t channels, const ulp_quantizer *q,
                             ulp_error *e)
{
  const int64_t shape[] = {rows, channels}, n = rows * channels;
  float *narrow = calloc((size_t)n + 1, sizeof *narrow);
  if (!narrow) return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  for (int64_t i = 0; i < n; i++)
    narrow[i] = (float)x[i];
  ulp_status s = ulp_quantizer_values(q, 2, shape, narrow, narrow, 0, e);
  for (int64_t i = 0; s == ULP_OK && i < n; i++)
    y[i] = (double)narrow[i];
  free(narrow);
  return s;
}
