/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A linear layer y = x w^T for experiments: activations of tokens (rows) by
 * channels whose channels have gains, and weights of outputs by channels.
 */
#ifndef ULPLAB_EXPERIMENTS_LAYER_H
#define ULPLAB_EXPERIMENTS_LAYER_H

#include "matrix.h"

/* Tokens first .. first+tokens-1 of an endless sequence: f32 values of f64
 * numbers x[c] = gain[c] n[c], where n has the distribution of a name of
 * ulp_sample with variance 1, and neighbours in a token the correlation r:
 * n[c] = r n[c-1] + sqrt(1 - r^2) z[c] (a first-order autoregression, whose
 * covariance r^|i-j| and inverse are known).  gain may be NULL. */
typedef struct {
  const char *distribution; /* gaussian, laplace, student_t3 */
  double correlation;       /* -1 < r < 1 */
  const double *gain;
  uint64_t seed;
  const char *stream;       /* names the sequence */
} ulp_tokens;
ULP_MUST_CHECK ulp_status ulp_tokens_draw(double *x, const ulp_tokens *t,
                                          int64_t first, int64_t tokens,
                                          int64_t channels);

/* 10 log10(sum y2 / sum e2) of sums per token, and the half width of its 95 %
 * interval by the delta method for independent tokens. */
typedef struct {
  double snr_db, ci95;
} ulp_ratio;
ulp_ratio ulp_token_snr(const double *y2, const double *e2, int64_t tokens);

/* out[t] = sum over the columns of (y - x)^2; y NULL: of x^2. */
void ulp_row_squares(double *out, const double *x, const double *y,
                     int64_t rows, int64_t cols);
double ulp_sum(const double *x, int64_t n);

/* Expected squared error of numbers normal with width sigma, to nearest in
 * steps of s without end: s^2/12 + s^2/pi^2 sum of (-1)^k/k^2
 * exp(-2 (pi k sigma / s)^2) (B. Widrow, I. Kollar, Quantization Noise, 2008,
 * chapter 4).  s^2/12 for fine steps, sigma^2 for coarse ones. */
double ulp_step_noise(double sigma, double s);
/* The SNR expected of normal numbers of width 1 at a scale that they chose
 * themselves, so that none is clipped. */
double ulp_own_scale_theory(const ulp_format *f, double scale);

#endif
