/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ulplab/model.h: the numerics of a model's operations.  Each is made of
 * steps, and each step's result is rounded to a format of the caller's.
 */
#ifndef ULPLAB_MODEL_H
#define ULPLAB_MODEL_H

#include <math.h>
#include <string.h>

#include "quantizer.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- a step ------------------------------------------------------------- */

/* A format and how results are rounded to it; plain data. */
typedef struct {
  ulp_format format;
  ulp_rounding rounding;
  uint64_t low;       /* the bits of an f64 that the format has not; all of
                         them where rounding has no shortcut */
  int drop;           /* how many */
  double least, most; /* where the shortcut holds */
} ulp_step;

/* r: NULL: to nearest even, overflow as IEEE 754 has it; else one that
 * ulp_rounding_check accepts. */
ulp_step ulp_step_of(const ulp_format *f, const ulp_rounding *r);
/* Of any format's name; float64 does not round.  ULP_ENAME or ULP_EINVAL with
 * one line in *e. */
ULP_MUST_CHECK ulp_status ulp_step_make(ulp_step *s, const char *format,
                                        const ulp_rounding *r, ulp_error *e);

/* The value of ulp_encode_f64's code, by the bits of the f64 where these
 * suffice (ulp_step_by_code: always by the code): x rounded once, `index` the
 * element's for stochastic rounding.
 *
 * + - * / sqrt of values of a format of up to 25 significant bits, done in f64
 * and rounded so, are the format's own operations (Figueroa, SIGNUM 30(3),
 * 1995: 53 >= 2 * 25 + 2), to nearest in its normal range. */
double ulp_step_by_code(const ulp_step *s, double x, uint64_t index);
static inline double
ulp_step_round(const ulp_step *s, double x, uint64_t index)
{
  uint64_t bits;
  double y;
  if (s->low == UINT64_MAX)
    return ulp_step_by_code(s, x, index);
  memcpy(&bits, &x, sizeof bits);
  if (s->rounding.mode == ULP_RNE)
    bits += (s->low >> 1) + (bits >> s->drop & 1);
  bits &= ~s->low;
  memcpy(&y, &bits, sizeof y);
  return fabs(x) >= s->least && fabs(y) <= s->most
             ? y : ulp_step_by_code(s, x, index);
}

/* Whether it leaves every f64 as it is; whether it is f32's own rounding, to
 * nearest even and beyond the greatest to Inf. */
bool ulp_step_is_f64(const ulp_step *s);
bool ulp_step_is_f32(const ulp_step *s);
/* Whether `index` matters. */
static inline bool ulp_step_is_random(const ulp_step *s)
{
  return s->rounding.mode == ULP_SR;
}
/* Elements index, index + 1, ...; y may be x. */
void ulp_step_round_array(const ulp_step *s, double *y, const double *x,
                          size_t n, uint64_t index);

/* ---- functions ---------------------------------------------------------- */

/* e^x by + - * alone, so that its bits are the same on every machine; within
 * one unit in the last place (tests/check_model.c).  Inf above 709.78...; 0
 * below -745.13...; a NaN stays one. */
double ulp_exp(double x);

/* The natural logarithm of a finite x > 0, by + - * / alone, to about one unit
 * in the last place (tests/check_attention.c). */
double ulp_log(double x);

/* y[m, n] = x[m, k] w[n, k]^T, each output the sum of its products from the
 * first to the last, in f64; y overlaps neither.  One thread. */
void ulp_product(double *y, const double *x, const double *w, size_t m,
                 size_t n, size_t k);

/* ---- quantized values --------------------------------------------------- */

/* y = the values of x's codes, for an array that fits in memory, blocks and
 * nested scales included; `index` is that of x[0] for stochastic rounding.  y
 * may be x.  One thread.  Errors as of ulp_blocks_make and ulp_nested_make,
 * ULP_EINVAL too where q takes whole blocks only and the shape has others. */
ULP_MUST_CHECK ulp_status ulp_quantizer_values(const ulp_quantizer *q,
                                               int ndim, const int64_t *shape,
                                               float *y, const float *x,
                                               uint64_t index, ulp_error *e);

/* ---- normalization ------------------------------------------------------ */

/* Where each step of a normalization is rounded; NULL: not at all.  Stochastic
 * roundings draw numbers from `index` on, fewer than 12 n + 80 of them; the
 * input is the same each time that it is read only without them. */
enum { ULP_NORM_LANES = 64 };
typedef struct {
  const ulp_step *input;  /* x, as every step sees it */
  const ulp_step *centre; /* x - mean; one pass: the variance */
  const ulp_step *square; /* of these */
  const ulp_step *sum;    /* every partial sum, and the mean */
  const ulp_step *root;   /* epsilon, variance, their sum, root, reciprocal */
  const ulp_step *scale;  /* times that, times gamma, plus beta */
  const ulp_step *output;
  int lanes;     /* sums side by side, up to ULP_NORM_LANES; 0, 1: one */
  bool one_pass; /* LayerNorm: variance = mean(x^2) - mean(x)^2, 0 at least */
} ulp_norm_steps;

/* y = x / sqrt(mean(x^2) + epsilon) gamma; gamma NULL: 1.  y may be x. */
void ulp_rms_norm(double *y, const double *x, const double *gamma, int64_t n,
                  double epsilon, const ulp_norm_steps *steps, uint64_t index);
/* y = (x - mean) / sqrt(mean((x - mean)^2) + epsilon) gamma + beta. */
void ulp_layer_norm(double *y, const double *x, const double *gamma,
                    const double *beta, int64_t n, double epsilon,
                    const ulp_norm_steps *steps, uint64_t index);

/* ---- softmax ------------------------------------------------------------ */

/* p_i = e^(x_i - max x) / sum_j e^(x_j - max x), each step rounded; the sum
 * from the first to the last, one addition at a time. */
typedef struct {
  ulp_step difference, exponential, sum, quotient;
  bool no_max;   /* e^x_i without the difference */
  int64_t block; /* above 0: online, blocks of as many, whose sums are scaled
                    to the greatest so far; not with no_max */
} ulp_softmax;

/* One row; p may be x.  index: of x[0], for stochastic rounding.  A sum that
 * overflows gives 0 or NaN, as the arithmetic does. */
void ulp_softmax_row(const ulp_softmax *s, double *p, const double *x,
                     size_t n, uint64_t index);

/* ---- the cache of keys and values --------------------------------------- */

/* y = x, [tokens, dim], as KIVI holds it in 1 to 8 bits: groups of so many
 * tokens of a channel, or of so many channels of a token.  y may be x. */
void ulp_kivi_values(float *y, const float *x, int64_t tokens, int64_t dim,
                     int bits, int64_t group, bool along_tokens);

#ifdef __cplusplus
}
#endif
#endif
