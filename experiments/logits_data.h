/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A head of a model, hidden states at its input, and the exact logits.
 */
#ifndef ULPLAB_EXPERIMENTS_LOGITS_DATA_H
#define ULPLAB_EXPERIMENTS_LOGITS_DATA_H

#include "experiment.h"

/* The exact logits of a position in descending order, as far as rivals go. */
enum { ULP_RIVALS = 32 };

typedef struct {
  int64_t vocab, dim, positions;
  float *weights; /* [vocab, dim]; also the embedding, tied */
  double *hidden; /* [positions, dim] */
  double *logits; /* [positions, vocab] */
  double (*top)[ULP_RIVALS]; /* by position */
  int64_t (*token)[ULP_RIVALS];
  int64_t *input; /* token whose embedding a position came from */
  double rms;     /* of the weights */
} ulp_lm_head;

/* weights: given ones, or NULL: normal rows of lengths 0.7 to 1.3.  A hidden
 * state leans to one row and, less, to another, so that some positions are
 * sure and others not; unrelated logits have a deviation of about 2. */
ULP_MUST_CHECK ulp_status ulp_lm_head_make(ulp_lm_head *h, int64_t vocab,
                                           int64_t dim, int64_t positions,
                                           float *weights, uint64_t seed,
                                           int threads);
void ulp_lm_head_free(ulp_lm_head *h);

/* out[positions, n] = the logits of rows first .. first+n-1 of these weights;
 * work: n * dim. */
void ulp_lm_head_block(double *out, const ulp_lm_head *h, const double *hidden,
                       const float *weights, int64_t first, int64_t n,
                       double *work);
/* The greatest of n logits in descending order, the first of equals first;
 * `token` has their places, -1 past the last. */
void ulp_logits_top(double *top, int64_t *token, int count, const double *x,
                    int64_t n);

/* P(another than the first of `top` is the greatest) once each has a normal
 * error of deviation sigma. */
double ulp_flip_chance(const double top[ULP_RIVALS], int64_t n, double sigma);

#endif
