/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The runs of a stack that experiments/layer_compounding compares.
 */
#ifndef ULPLAB_EXPERIMENTS_STACK_LINES_H
#define ULPLAB_EXPERIMENTS_STACK_LINES_H

#include "mode_word.h"
#include "stack.h"

/* What the columns say of a line. */
typedef struct {
  const char *error;    /* uncorrelated, partial, correlated, quantized,
                           rounded */
  const char *scheme;   /* text of the quantizer; "" */
  const char *mode;     /* "" */
  const char *residual; /* format of the stream; "" */
  const char *layers;   /* all, first, middle, last, inner */
  double gain;          /* of outlier channels; 1: none */
} ulp_line_names;

typedef struct {
  /* parameters */
  char (*schemes)[100];
  ulp_mode_word *modes;
  ulp_format *residuals;
  size_t schemes_n, modes_n, residuals_n;
  double size, correlation, gain;
  uint64_t seed;
  int64_t depth;
  /* made of them; lines point into the others */
  ulp_step *steps; /* [residuals][modes], and float32 to nearest */
  ulp_stack_quantizers *quantizers;
  size_t quantizers_n;
  ulp_stack_line *lines;
  ulp_line_names *names;
  size_t lines_n;
} ulp_stack_lines;

ULP_MUST_CHECK ulp_status ulp_stack_lines_make(ulp_stack_lines *l,
                                               ulp_error *e);
void ulp_stack_lines_free(ulp_stack_lines *l); /* what was made */

#endif
