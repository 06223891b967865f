/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sums in which each product is added on its own and the result rounded: an
 * IEEE fused multiply-add chain in any format and direction.
 */
#ifndef ULPLAB_EXPERIMENTS_STEP_SUM_H
#define ULPLAB_EXPERIMENTS_STEP_SUM_H

#include "exact_product.h"

typedef struct {
  ulp_format format; /* of the accumulator, at most float32's precision */
  ulp_mode mode;     /* ULP_RNE or ULP_RTZ; overflow gives Inf in both */
} step_sum;

/* d: [m, n], float32 codes.  False: out of memory. */
bool step_sum_run(const step_sum *s, const exact_product *p, uint32_t *d);

#endif
