/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A row of scores, its exact weights, and what other weights lose.
 */
#ifndef ULPLAB_EXPERIMENTS_SOFTMAX_LOSS_H
#define ULPLAB_EXPERIMENTS_SOFTMAX_LOSS_H

#include "softmax_case.h"

enum { SOFTMAX_DIM = 16 }; /* channels of the values */

typedef struct {
  size_t n;
  double *score, *exact, *weight, *term;
  float *work, *value; /* value: [n, SOFTMAX_DIM] */
  double maximum, sum; /* of the exact weights: greatest score, sum of exp */
} softmax_scores;

bool softmax_room(softmax_scores *r, size_t n);
void softmax_free(softmax_scores *r);
/* Finds the exact weights. */
void softmax_exact(softmax_scores *r);

typedef struct {
  bool broken;
  double flushed, predicted_flushed, lost, row_sum, top, over, variation, kl;
  double output, predicted_output;
} softmax_loss;

/* Of r->weight against r->exact. */
softmax_loss softmax_compare(const softmax_scores *r);
/* P(a weight becomes 0) of a normal score of this deviation; below `least` a
 * weight rounds to 0 (its half is a tie, which goes to 0). */
double softmax_flush_chance(const ulp_softmax_case *c, const softmax_scores *r,
                            double deviation);

#endif
