/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What experiments/optimizer_states simulates: its parameters and lists.
 */
#ifndef ULPLAB_EXPERIMENTS_OPTIMIZER_CASES_H
#define ULPLAB_EXPERIMENTS_OPTIMIZER_CASES_H

#include "moment_kinds.h"

/* The scales of the parameters' gradients. */
typedef struct {
  char name[64];
  double width; /* 0: a tensor */
  float *scale;
  int64_t count;
} ulp_gradient_scales;

typedef struct {
  const ulp_moment_kind *kind;
  int64_t block;
} ulp_moment_choice;

enum { ULP_OPTIMIZER_LIST = 64 };
typedef struct {
  ulp_gradient_scales *gradients;
  ulp_moment_choice *choices;
  size_t gradient_count, choice_count, process_count, block_count, width_count;
  int64_t blocks[ULP_OPTIMIZER_LIST];
  double widths[ULP_OPTIMIZER_LIST], centre;
  double model;  /* parameters of the model in the columns of gigabytes */
  bool stops[2]; /* by process */
  ulp_adam adam;
} ulp_optimizer_cases;

ULP_MUST_CHECK ulp_status ulp_optimizer_cases_make(ulp_optimizer_cases *c,
                                                   const ulp_run *run,
                                                   ulp_error *e);
void ulp_optimizer_cases_free(ulp_optimizer_cases *c);

#endif
