/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How an error should grow through a stack of layers: expectations for wide
 * layers with independent random weights.
 */
#ifndef ULPLAB_EXPERIMENTS_STACK_THEORY_H
#define ULPLAB_EXPERIMENTS_STACK_THEORY_H

/* A noisy vector y + e beside y, a channel's powers: E y^2, E e y, E e^2. */
typedef struct {
  double signal, cross, error;
} ulp_powers;

/* Adds to y + e an error `parallel` times itself and one that has nothing to
 * do with it, of `orthogonal` times its size. */
void ulp_powers_inject(ulp_powers *p, double parallel, double orthogonal);

/* y <- y + f(y / |y|), where f = W2 max(0, W1 n) has power `branch` and random
 * weights with nothing to do with y; f itself with an error of these sizes.
 * The correlation c of two inputs becomes that of the outputs,
 *   (sqrt(1 - c^2) + c (pi - acos c)) / pi
 * (Y. Cho, L. K. Saul, "Kernel Methods for Deep Learning", NIPS 2009, section
 * 2, the arc-cosine kernel of degree 1). */
void ulp_powers_block(ulp_powers *p, double branch, double parallel,
                      double orthogonal);

/* sqrt(E e^2 / E y^2). */
double ulp_powers_relative(const ulp_powers *p);

/* Least squares fit of log y against log x: y ~ x^slope. */
double ulp_growth_exponent(const double *x, const double *y, int n);

#endif
