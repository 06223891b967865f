/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * products.h: whole matrix products on several threads, and counts of where
 * they differ from given bits.  Internal: the program, the experiments and
 * flat.h use it; it is not installed.
 */
#ifndef ULPLAB_ANALYSIS_PRODUCTS_H
#define ULPLAB_ANALYSIS_PRODUCTS_H

#include "identify.h"

/* All of x->d.  The bytes do not depend on the threads. */
ULP_MUST_CHECK ulp_status ulp_product_run(const ulp_gemm *g,
                                          const ulp_gemm_data *x, int threads);

/* Adds to c->compared and c->mismatches what comparing all of x->d gives, and,
 * if c has no miss, keeps the first in the order of D. */
ULP_MUST_CHECK ulp_status ulp_product_count(ulp_candidate *c,
                                            const ulp_gemm_data *x,
                                            int threads);

#endif
