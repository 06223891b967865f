/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A stack of layers with random, fixed weights, run without rounding and, side
 * by side, with errors.
 *
 * Blocks, as the pre-norm transformers have them but for attention:
 *   x <- x + W2 max(0, W1 RMSNorm(x)),  W1 [2 width, width]
 * each token for itself; weights are normal and such that the branch's output
 * has a mean square of 1 where the normalized input has.
 * Mirrors: x <- x - 2 (v, x) v / (v, v), which keep every length.
 */
#ifndef ULPLAB_EXPERIMENTS_STACK_H
#define ULPLAB_EXPERIMENTS_STACK_H

#include "model.h"
#include "normals.h"

typedef enum { ULP_STACK_MIRRORS, ULP_STACK_BLOCKS } ulp_stack_kind;
typedef enum { ULP_SITE_BRANCH, ULP_SITE_STREAM } ulp_site;

/* What is wrong in one run of the stack. */
typedef struct {
  ulp_stack_kind kind;
  ulp_site site;
  double size, correlation; /* of an injected error; size 0: none */
  int quantizers;           /* place in the list below; -1: none */
  const ulp_step *stream;   /* rounds the stream after each layer; or NULL */
  int64_t first, last;      /* layers with errors: first <= layer < last */
} ulp_stack_line;

/* Quantizers of weights and activations, and the gain of outlier channels:
 * every 64th channel of the normalized input is so much larger and its column
 * of W1 so much smaller, which changes no output. */
typedef struct {
  ulp_quantizer weights, activations;
  double gain;
} ulp_stack_quantizers;

/* The error of a layer by itself, with the exact input: of its branch by these
 * quantizers, or of the stream by this step; relative to it, and the part
 * along it. */
typedef struct {
  double square, parallel;
} ulp_local_error;

/* Of a token at a station. */
typedef struct {
  double signal, cross, error; /* sums over channels of y^2, e y, e^2 */
} ulp_token_error;

typedef struct {
  const ulp_normals *normals;
  int64_t width, tokens, depth;
  uint64_t seed;
  int threads;
  const ulp_stack_quantizers *quantizers;
  size_t quantizers_n;
  const ulp_stack_line *lines;
  size_t lines_n;
  const double *stations; /* depths at which to look, increasing */
  size_t stations_n;
  /* results */
  ulp_local_error *branch; /* [quantizers][depth] */
  ulp_local_error *stream; /* [lines][depth] */
  ulp_token_error *errors; /* [lines][stations][tokens] */
} ulp_stack;

/* Fills the results, which the caller has allocated. */
ULP_MUST_CHECK ulp_status ulp_stack_run(const ulp_stack *s, ulp_error *e);

#endif
