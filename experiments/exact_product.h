/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Matrix products whose inputs a recipe makes (recipes.h), B from somebody's
 * tensor where there is one, with their exact results.
 */
#ifndef ULPLAB_EXPERIMENTS_EXACT_PRODUCT_H
#define ULPLAB_EXPERIMENTS_EXACT_PRODUCT_H

#include "experiment.h"
#include "recipes.h"

/* The tensor of --tensor as [rows, columns], its last dimension K. */
typedef struct {
  const ulp_tensor *tensor;
  const char *name;
  size_t rows, columns;
  double amax;
} sum_weights;

/* The run's tensor, or the only matrix of its file.  ULP_EFORMAT or ULP_EINVAL
 * with one line in *e where there is none or more, or a number that is not
 * finite. */
ULP_MUST_CHECK ulp_status sum_weights_open(sum_weights *w, const ulp_run *run,
                                           ulp_error *e);
/* codes [rows, k]: the first k elements of rows first, first + 1, ..., rounded
 * to f. */
ULP_MUST_CHECK ulp_status sum_weights_read(const sum_weights *w,
                                           const ulp_format *f, void *codes,
                                           size_t first, size_t rows,
                                           size_t k);

typedef struct {
  const ulp_recipe_type *type; /* of A and of B */
  ulp_family family;
  size_t m, n, k;
  uint64_t seed;
  const sum_weights *weights; /* of B; NULL: the recipe's */
  size_t first_row;
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
