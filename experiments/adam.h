/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Adam with its moments in narrow formats, beside exact Adam.
 */
#ifndef ULPLAB_EXPERIMENTS_ADAM_H
#define ULPLAB_EXPERIMENTS_ADAM_H

#include "lognormal.h"
#include "model.h"

/* How one moment is kept from step to step. */
typedef struct {
  bool blocks;      /* scales for blocks: q; else a format alone: step */
  ulp_quantizer q;
  ulp_step step;
  double bits;      /* a parameter costs, scales counted */
} ulp_moment;

typedef struct {
  ulp_moment m, v;
  bool root;      /* the root of v is what is kept */
  int64_t block;  /* elements that share a scale; 0: none do */
} ulp_moments_kept;

typedef struct {
  double beta1, beta2, epsilon;
  int64_t steps;
  bool stops; /* gradients are 0 from half of the steps on */
  uint64_t seed;
} ulp_adam;

/* The gradient of parameter i in step t: scale[i] times a sum of four uniform
 * deviates with the variance 1, near to normal, never beyond 3.47. */
double ulp_adam_gradient(const ulp_adam *a, const float *scale, int64_t n,
                         int64_t t, int64_t i);

/* |update| <= bound for whatever gradients, by Cauchy and Schwarz: m is the sum
 * of (1 - beta1) beta1^k g and v of (1 - beta2) beta2^k g^2, so
 *   m^2 <= v (1 - beta1)^2 / ((1 - beta2) (1 - beta1^2 / beta2)).
 * D. Kingma and J. Ba, arXiv:1412.6980, section 2.1, have it without the last
 * factor, for gradients that are 0 but for one. */
double ulp_adam_bound(const ulp_adam *a);

typedef struct {
  int64_t moments;     /* exact v above 0 */
  double zeroed_m, zeroed_v; /* exact one not 0, the kept one is; parts */
  double once, once_ci95; /* the same of exact v brought to the format once;
                             by blocks, NAN where there is one block */
  double once_given;      /* what log-normal v make of that, the greatest of
                             each block given; NAN where not known */
  double ratio_half, ratio; /* median of v over exact v, after half of the steps
                               and at the end */
  double stalled;      /* part of v that is what it was after half of them */
  double update_error; /* rms of u - exact u over rms of exact u, in the last
                          quarter of the steps before any stop */
  double median_error; /* median of |u - exact u| / |exact u| in the last of
                          these steps */
  double beyond;       /* part of u beyond ulp_adam_bound, in these steps */
  double greatest;     /* |u| in these steps */
  double way_error;    /* rms of the sum of all u - exact u, over that of the
                          exact */
} ulp_adam_result;

/* The parameters: the scales of their gradients, and how these were drawn;
 * width 0: not known. */
typedef struct {
  const float *scale;
  int64_t n;
  ulp_lognormal known;
} ulp_adam_parameters;

/* threshold: of the greatest of a block the part below which v, or its root,
 * becomes 0 to nearest; 0: not known.  One thread. */
ULP_MUST_CHECK ulp_status ulp_adam_run(ulp_adam_result *out, const ulp_adam *a,
                                       const ulp_moments_kept *kept,
                                       const ulp_adam_parameters *p,
                                       double threshold, ulp_error *e);

/* The part of log-normal numbers that become 0 to nearest in blocks of `block`,
 * each scaled by its greatest: those below `threshold` of it.  `width`: the
 * standard deviation of log10. */
double ulp_zeroed_in_blocks(double width, int64_t block, double threshold);

#endif
