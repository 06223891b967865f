/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What becomes of small updates to a stream, without calling what rounds.
 */
#ifndef ULPLAB_EXPERIMENTS_RESIDUAL_THEORY_H
#define ULPLAB_EXPERIMENTS_RESIDUAL_THEORY_H

#include "experiment.h"

/* A float format as a grid of numbers. */
typedef struct {
  int digits;    /* of the significand, the leading one counted */
  double least;  /* above 0: the spacing of the subnormals */
  double max;    /* the greatest finite value */
} ulp_grid;
ulp_grid ulp_grid_of(const ulp_format *f);
/* Between the neighbours of x, the upper one not a power of two. */
double ulp_grid_spacing(const ulp_grid *g, double x);
/* To nearest even; nothing is too large. */
double ulp_grid_nearest(const ulp_grid *g, double x);

typedef struct {
  double gain;      /* what arrived */
  double lost;      /* updates that changed nothing */
  double square;    /* expected squared error of the gain */
  bool overflow;    /* reached what rounds to infinity */
} ulp_residual_fate;

/* x + u + u + ... (n times u > 0, x and u on the grid), each sum rounded to
 * nearest even: exact.  Within a binade all steps but the first are equal, so
 * it is walked binade by binade. */
ulp_residual_fate ulp_residual_nearest(const ulp_grid *g, double x, double u,
                                       int64_t n);
/* The same, rounded stochastically: the mean is exact, the rest taken along
 * the exact sum. */
ulp_residual_fate ulp_residual_stochastic(const ulp_grid *g, double x,
                                          double u, int64_t n);

/* n updates of random sign, with these magnitudes at equal chances, at one
 * spacing; of `gain` the share of the exact one that arrives (regression of
 * what arrives on what was sent). */
ulp_residual_fate ulp_residual_random(const double *magnitude, int64_t count,
                                      double scale, double spacing,
                                      bool stochastic, int64_t n);

#endif
