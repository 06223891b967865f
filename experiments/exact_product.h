/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Matrix products whose inputs a recipe makes (recipes.h), with their exact
 * results.
 */
#ifndef ULPLAB_EXPERIMENTS_EXACT_PRODUCT_H
#define ULPLAB_EXPERIMENTS_EXACT_PRODUCT_H

#include "analysis.h"
#include "recipes.h"

typedef struct {
  const ulp_recipe_type *type; /* of A and of B */
  ulp_family family;
  size_t m, n, k;
  uint64_t seed;
} product_spec;

typedef struct {
  product_spec spec;
  ulp_format format, f32;
  void *a, *b;       /* [m, k] and [n, k], stored elements */
  /* [m, n], of D = A B^T: */
  ulp_dd *exact;     /* the sums, to 2^-106 of themselves */
  double *magnitude; /* the sums of |a b|, each rounded once */
  uint32_t *rounded; /* the sums rounded once to float32, codes */
} exact_product;

ULP_MUST_CHECK ulp_status exact_product_make(exact_product *out,
                                             const product_spec *spec,
                                             ulp_error *e);
/* The results again, from p->a and p->b as they are now. */
ULP_MUST_CHECK ulp_status exact_product_sum(exact_product *p, ulp_error *e);
void exact_product_free(exact_product *p);

#endif
