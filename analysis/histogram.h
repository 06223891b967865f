/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/histogram.h: what a summary holds, for the files of this folder
 * that compute from it.
 */
#ifndef ULPLAB_HISTOGRAM_H
#define ULPLAB_HISTOGRAM_H

#include <pthread.h>

#include "analysis.h"

/* A bin is a value of the leading bits of |x|: the exponent, from
 * ULP_BIN_EMIN to ULP_BIN_EMAX, and ULP_BIN_BITS bits below it. */
enum {
  ULP_BIN_BITS = 12,
  ULP_BIN_EMIN = -150,
  ULP_BIN_EMAX = 127,
  ULP_BIN_COUNT = (ULP_BIN_EMAX - ULP_BIN_EMIN + 1) << ULP_BIN_BITS
};

/* Moments of a set of magnitudes: how many, their sum, the sum of their
 * squares. */
typedef struct {
  double n, s1, s2;
} ulp_bin;

/* The values of one sign.  Memory is zeroed by the operating system when it
 * is first touched, so that only the bins in use cost anything. */
typedef struct {
  ulp_bin *bin;       /* ULP_BIN_COUNT */
  ulp_bin *prefix;    /* ULP_BIN_COUNT + 1: sum of the bins before this one; set
                         from first to last + 1 */
  size_t first, last; /* bins in use; first > last when there are none */
} ulp_side;

/* Guards the prefix sums, which are computed when they are first asked for. */
typedef struct {
  pthread_mutex_t mutex;
  bool ready;
} ulp_prefix_state;

struct ulp_summary {
  ulp_side side[2]; /* values above zero; magnitudes of values below zero */
  ulp_prefix_state *prefix_state;
  uint64_t count, nan, inf, zero;
  double min, max;
};

size_t ulp_bin_index(double magnitude);
/* The least magnitude of a bin. */
double ulp_bin_edge(size_t index);

/* Makes the prefix sums of s valid; threads may call it at once. */
void ulp_summary_complete(const ulp_summary *s);
/* Moments of the magnitudes of one side that are below t.  The bin in which
 * t lies is cut as if its values were uniform over an interval with the mean
 * and the variance that they have: right for a smooth density, exact when
 * all values of the bin are equal. */
ulp_bin ulp_side_below(const ulp_side *side, double t);
ulp_bin ulp_side_total(const ulp_side *side);

/* Significant bits below the leading one that f keeps at the top of its
 * range. */
int ulp_fraction_bits(const ulp_format *f);
/* Nearest f32 within [2^-126, FLT_MAX]. */
double ulp_scale_to_f32(double scale);
/* The scale of least squared error; 0 < amax.  NaN when out of memory. */
double ulp_scale_search(const ulp_format *f, const ulp_summary *s, double amax);

#endif
