/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The mean error at one position between two neighbours.
 */
#ifndef ULPLAB_EXPERIMENTS_BIAS_REGION_H
#define ULPLAB_EXPERIMENTS_BIAS_REGION_H

#include "gaps.h"

typedef struct {
  const char *name;
  ulp_gap_part part;
  ulp_overflow overflow;
} ulp_bias_region;
enum { ULP_BIAS_REGIONS = 5 };
extern const ulp_bias_region ulp_bias_regions[ULP_BIAS_REGIONS];

/* Rounds, and adds the fields from fraction to consistent; r has the mode,
 * seed and stream. */
ULP_MUST_CHECK ulp_status ulp_bias_region_row(ulp_text *row, const ulp_gaps *g,
                                              int region, double fraction,
                                              ulp_effort effort,
                                              const ulp_rounding *r);

#endif
