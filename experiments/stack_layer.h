/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One layer of a stack.
 */
#ifndef ULPLAB_EXPERIMENTS_STACK_LAYER_H
#define ULPLAB_EXPERIMENTS_STACK_LAYER_H

#include "stack.h"

/* Of weights, W1 [2 width, width] and W2 [width, 2 width], and of tokens:
 * normalized inputs [tokens, width], what is between [tokens, 2 width]. */
typedef struct {
  float *drawn; /* W1, then W2 */
  double *w1, *w2;
  double *input, *between, *output;
  float *f32;
} ulp_layer_room;
bool ulp_layer_room_make(ulp_layer_room *r, const ulp_stack *s);
void ulp_layer_room_free(ulp_layer_room *r);

/* Draws W1 and W2 of a layer to `drawn`. */
void ulp_layer_weights(float *drawn, const ulp_stack *s, int64_t layer);
/* w1 and w2: the weights with outlier gains, quantized; q NULL: as drawn. */
ULP_MUST_CHECK ulp_status ulp_layer_load(ulp_layer_room *r, const ulp_stack *s,
                                         const float *drawn,
                                         const ulp_stack_quantizers *q,
                                         int64_t layer, ulp_error *e);
/* output = the branch of x [tokens, width], activations quantized by q. */
ULP_MUST_CHECK ulp_status ulp_layer_branch(ulp_layer_room *r,
                                           const ulp_stack *s, const double *x,
                                           const ulp_stack_quantizers *q,
                                           int64_t layer, ulp_error *e);
/* The mirror of a layer, on every token. */
void ulp_layer_mirror(double *x, const ulp_stack *s, int64_t layer);

#endif
