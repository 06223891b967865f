/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ulplab/methods.h: what is done to a linear layer before, or while, it is
 * quantized, so that less is lost.
 *
 * The layer is y = x w^T: x has `tokens` rows and w `outputs` rows, each of
 * `channels` numbers.  All arithmetic is f64, one thread, + - * / sqrt in the
 * order of the source and powers by MPFR, so the bytes are the same on every
 * machine.
 */
#ifndef ULPLAB_METHODS_H
#define ULPLAB_METHODS_H

#include "quantizer.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- channels ----------------------------------------------------------- */

/* Of each channel, over the rows: the greatest |x| and the mean of |x|. */
void ulp_channel_amax(double *amax, const double *x, int64_t rows,
                      int64_t channels);
void ulp_channel_mean(double *mean, const double *x, int64_t rows,
                      int64_t channels);
/* Each channel times its factor, or over it; y may be x. */
void ulp_channels_times(double *y, const double *x, const double *factor,
                        int64_t rows, int64_t channels);
void ulp_channels_over(double *y, const double *x, const double *factor,
                       int64_t rows, int64_t channels);
/* x^p of x >= 0, correctly rounded. */
double ulp_power(double x, double p);

/* ---- SmoothQuant -------------------------------------------------------- */

/* s = amax_x^alpha / amax_w^(1 - alpha), G. Xiao et al., arXiv:2211.10438,
 * equation 4; neither amax_w nor s under 1e-5, as the authors' smooth.py has
 * it.  x / s and w * s have the product of x and w. */
void ulp_smoothquant_factors(double *s, const double *amax_x,
                             const double *amax_w, int64_t channels,
                             double alpha);

/* ---- AWQ ---------------------------------------------------------------- */

/* J. Lin et al., arXiv:2306.00978, equations 4 and 5: s = mean|x|^r for every
 * channel, r of i / candidates, i from 0, the one that leaves the output the
 * least squared error when w * s is quantized by q and x stays.  As in the
 * authors' auto_scale.py no s is under 1e-4, and each is divided by the root
 * of the least times the greatest. */
enum { ULP_AWQ_CANDIDATES = 20 };
typedef struct {
  double ratio;         /* r */
  double error, before; /* squared error of the output: with s, and r = 0 */
} ulp_awq_choice;
void ulp_awq_factors(double *s, const double *mean_x, int64_t channels,
                     double ratio);
/* x, which may be fewer tokens than mean_x is of, judges. */
ULP_MUST_CHECK ulp_status ulp_awq_search(double *s, ulp_awq_choice *out,
                                         const double *mean_x, const double *x,
                                         int64_t tokens, const double *w,
                                         int64_t outputs, int64_t channels,
                                         const ulp_quantizer *q,
                                         int candidates, ulp_error *e);

/* ---- rotation ----------------------------------------------------------- */

/* Each row becomes row diag(signs) H / sqrt(channels), H Sylvester's Hadamard
 * matrix and the signs drawn from pcg32 (S. Ashkboos et al., QuaRot,
 * arXiv:2404.00456, section 3).  Rows of x and of w rotated by the same seed
 * have the products that they had.  ULP_EINVAL: channels is no power of 2. */
ULP_MUST_CHECK ulp_status ulp_hadamard_rows(double *x, int64_t rows,
                                            int64_t channels, uint64_t seed);

/* ---- LLM.int8() --------------------------------------------------------- */

/* apart[c] = whether channel c has an |x| of at least `threshold`, and is
 * multiplied in 16 bits; returns how many (T. Dettmers et al.,
 * arXiv:2208.07339, section 3.2; the threshold there is 6). */
int64_t ulp_llm_int8_outliers(unsigned char *apart, const double *x,
                              int64_t tokens, int64_t channels,
                              double threshold);

/* ---- GPTQ --------------------------------------------------------------- */

/* H = 2 / tokens * x^T x, the Hessian of the squared error of an output
 * (E. Frantar et al., arXiv:2210.17323, section 2). */
void ulp_hessian(double *h, const double *x, int64_t tokens,
                 int64_t channels);
/* The upper U with U^T U = a; only the upper half of a is read; u may be a.
 * ULP_EINVAL when a is not positive definite. */
ULP_MUST_CHECK ulp_status ulp_cholesky(double *u, const double *a, int64_t n);
/* The upper U with U^T U = (H + d I)^-1, d = damping * mean of H's diagonal
 * (section 3.3, step 3, and the authors' gptq.py, whose damping is 0.01); a
 * channel never seen, 0 on the diagonal, counts as 1.  ULP_ENOMEM. */
ULP_MUST_CHECK ulp_status ulp_gptq_factor(double *u, const double *h,
                                          int64_t n, double damping);
/* Quantizes w channel by channel, and takes each one's error over u[j][j],
 * times u[j][i], off the channels i that are still to come (equation 2,
 * algorithm 1).  u is the factor above; any other upper matrix is used the
 * same way.  Scales of groups are chosen when their first channel is reached,
 * those of rows and of the whole matrix before the first; q has one scale for
 * a row, a group of a row or the matrix.  Channels are taken in their order
 * (no act_order).  y: the values of the codes; y may be w. */
ULP_MUST_CHECK ulp_status ulp_gptq_values(double *y, const double *w,
                                          int64_t outputs, int64_t channels,
                                          const double *u,
                                          const ulp_quantizer *q,
                                          ulp_error *e);

/* ---- quantized matrices ------------------------------------------------- */

/* The values of the codes of a matrix, whose numbers are rounded to f32 first;
 * y may be x. */
ULP_MUST_CHECK ulp_status ulp_matrix_values(double *y, const double *x,
                                            int64_t rows, int64_t channels,
                                            const ulp_quantizer *q,
                                            ulp_error *e);

#ifdef __cplusplus
}
#endif
#endif
