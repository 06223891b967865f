/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The file that names the order of each captured case.
 */
#ifndef ULPLAB_EXPERIMENTS_GEMM_ORDERS_H
#define ULPLAB_EXPERIMENTS_GEMM_ORDERS_H

#include "gemm_match.h"

typedef struct {
  long number; /* of the case */
  gemm_setting setting;
} gemm_expectation;

typedef struct {
  gemm_expectation *list;
  size_t count;
} gemm_orders;

/* A line: case, order, fast, promote, slices, reduce; "-" is the row's own.
 * "open" as the order, alone: none fits. */
ULP_MUST_CHECK ulp_status gemm_orders_read(gemm_orders *out, const char *path,
                                           ulp_error *e);
void gemm_orders_free(gemm_orders *o);
/* NULL: the file does not have the case. */
const gemm_setting *gemm_orders_find(const gemm_orders *o, long number);

#endif
