/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Ways to compute the weights of attention.
 */
#ifndef ULPLAB_EXPERIMENTS_SOFTMAX_CASE_H
#define ULPLAB_EXPERIMENTS_SOFTMAX_CASE_H

#include "model.h"

/* What is quantized after softmax: nothing; the weights; or the exponentials
 * e^(x - max), whose sum is taken before, as FlashAttention does. */
typedef enum { ULP_WEIGHTS_KEPT, ULP_WEIGHTS_P, ULP_WEIGHTS_EXP }
    ulp_weights_stage;

typedef struct {
  char name[120], steps[120];
  ulp_step score;
  ulp_softmax softmax;
  ulp_weights_stage stage;
  ulp_quantizer q;
  double unit; /* the fixed scale of q; 0: it depends on the row */
  char text[120];
} ulp_softmax_case;

const char *ulp_softmax_case_name(size_t i); /* of the table */
/* A name of the table; p:QUANTIZER, exp:QUANTIZER; or
 * steps:SCORE:DIFFERENCE:EXP:SUM:QUOTIENT[:nomax|:online=N]. */
ULP_MUST_CHECK ulp_status ulp_softmax_case_find(ulp_softmax_case *out,
                                                const char *word,
                                                ulp_error *e);

/* The weights that v is multiplied by; work: n floats. */
ULP_MUST_CHECK ulp_status ulp_softmax_case_weights(const ulp_softmax_case *c,
                                                   double *p, const double *x,
                                                   size_t n, float *work,
                                                   ulp_error *e);

#endif
