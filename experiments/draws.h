/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Rounding numbers at one place between two neighbours, many times.
 */
#ifndef ULPLAB_EXPERIMENTS_DRAWS_H
#define ULPLAB_EXPERIMENTS_DRAWS_H

#include "gaps.h"

/* The numbers are value[i] + fraction * (value[i + 1] - value[i]), with the
 * sign of `gaps`, for i = first, first + stride, ... (`width` of them), in
 * turn. */
typedef struct {
  const ulp_gaps *gaps;
  int64_t first, stride, width;
  double fraction;
} ulp_draw_place;

typedef struct {
  int64_t samples;
  int64_t ups;    /* became the greater magnitude, or Inf or NaN */
  int64_t strays; /* became neither neighbour */
} ulp_draw_counts;

ULP_MUST_CHECK ulp_status ulp_draw(ulp_draw_counts *out,
                                   const ulp_draw_place *place,
                                   const ulp_rounding *r, int64_t samples);

/* Whether 0 <= ups is what chance p gives: the exact binomial test at the
 * level of 3 standard errors, and no strays. */
bool ulp_draws_agree(const ulp_draw_counts *d, double p);

/* The fields z, p_value, consistent of a row; z is empty where nothing is
 * left to chance. */
void ulp_print_draw_test(ulp_text *row, const ulp_draw_counts *d, double p);

#endif
