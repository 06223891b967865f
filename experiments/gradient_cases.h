/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What experiments/gradients rounds, and to what: its lists.
 */
#ifndef ULPLAB_EXPERIMENTS_GRADIENT_CASES_H
#define ULPLAB_EXPERIMENTS_GRADIENT_CASES_H

#include "lognormal.h"
#include "storage.h"

/* Gradients, or a tensor of them. */
typedef struct {
  ulp_source source;
  const char *profile; /* "one", "layers", "tensor" */
  int layer;           /* from the loss on, 1 the first; 0: not one of some */
  ulp_lognormal known; /* their distribution; width 0: a tensor */
  double amax;
  double loss_amax; /* of all that share its loss */
} ulp_gradients;

typedef enum {
  ULP_LOSS_FIXED,   /* 2^k times the gradients; k = 0: as they are */
  ULP_LOSS_DYNAMIC, /* 2^k, the greatest that overflows nowhere */
  ULP_SCALE_TENSOR, /* each tensor by its amax */
  ULP_SCALE_BLOCKS
} ulp_gradient_scaling;

enum { ULP_LOSS_MOST = 24 };
typedef struct {
  char name[64]; /* of the format or quantizer */
  char scaling_name[16];
  ulp_gradient_scaling scaling;
  int power;          /* ULP_LOSS_FIXED */
  ulp_storage storage; /* with a scale of 1 where the loss is scaled */
} ulp_gradient_scheme;

typedef struct {
  ulp_gradients *gradients;
  ulp_gradient_scheme *schemes;
  size_t gradient_count, scheme_count;
} ulp_gradient_cases;

ULP_MUST_CHECK ulp_status ulp_gradient_cases_make(ulp_gradient_cases *c,
                                                  const ulp_run *run,
                                                  ulp_error *e);
void ulp_gradient_cases_free(ulp_gradient_cases *c);

/* The power of two that the loss is multiplied by: the greatest, up to
 * 2^ULP_LOSS_MOST, at which nothing overflows.  It is where a dynamic loss
 * scale hovers: doubled every so many steps, halved when something did. */
int ulp_loss_power(const ulp_format *f, double amax);

#endif
