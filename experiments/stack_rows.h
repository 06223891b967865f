/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The rows of experiments/layer_compounding.
 */
#ifndef ULPLAB_EXPERIMENTS_STACK_ROWS_H
#define ULPLAB_EXPERIMENTS_STACK_ROWS_H

#include "stack_fit.h"
#include "stack_lines.h"

enum { ULP_STACK_DEPTH = 1024 }; /* layers, at most */

/* All fields but the first; predicted: of the line, by station. */
void ulp_stack_print(ulp_text *row, const ulp_stack *s, size_t line,
                     const ulp_line_names *names, size_t station,
                     const double *predicted, const ulp_stack_fit *f);

#endif
