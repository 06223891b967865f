/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How the errors of a stack grew, and how they should have.
 */
#ifndef ULPLAB_EXPERIMENTS_STACK_FIT_H
#define ULPLAB_EXPERIMENTS_STACK_FIT_H

#include "stack.h"

/* At most so many stations; fits begin at this one. */
enum { ULP_STACK_STATIONS = 16, ULP_STACK_FIT_FROM = 2 };

/* Whether a line's injected or quantized errors are in this layer. */
bool ulp_stack_has_error(const ulp_stack_line *l, int64_t layer);
/* One a token. */
const ulp_token_error *ulp_stack_errors(const ulp_stack *s, size_t line,
                                        size_t station);

/* The relative errors at the stations, were the layers' own errors (injected,
 * or as measured one by one) joined by chance alone. */
void ulp_stack_predict(double *out, const ulp_stack *s, size_t line);

/* Exponents p of error ~ depth^p, means over the tokens. */
typedef struct {
  double exponent, exponent_ci95; /* of the relative error */
  double absolute;
  bool known; /* errors are in all layers, and never 0 */
} ulp_stack_fit;
ulp_stack_fit ulp_stack_fit_line(const ulp_stack *s, size_t line);

#endif
