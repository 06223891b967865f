/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The magnitudes of a format in order, and where a number stands between two
 * of them: rounding by looking up, which the code that rounds is held to.
 */
#ifndef ULPLAB_EXPERIMENTS_GAPS_H
#define ULPLAB_EXPERIMENTS_GAPS_H

#include "mode_word.h"

/* Magnitude i has a code whose parity is that of i. */
typedef struct {
  ulp_format format;
  bool negative;  /* the magnitudes of the values below 0 */
  double *value;  /* value[0] = 0 .. value[count - 1], the greatest; and
                     value[count], where one more would be */
  int64_t count;
  int64_t normal; /* value[normal] is the least normal; 1 in an integer */
} ulp_gaps;

/* Floats with zero and subnormals, and integers, of up to 16 bits; *g is the
 * caller's to free, also after a failure. */
ULP_MUST_CHECK ulp_status ulp_gaps_make(ulp_gaps *g, const char *format,
                                        bool negative, ulp_error *e);
void ulp_gaps_free(ulp_gaps *g);

/* A list of formats, each with its two sides: [2 i] and [2 i + 1]. */
ULP_MUST_CHECK ulp_status ulp_gaps_read(ulp_gaps **out, size_t *formats,
                                        const char *list, ulp_error *e);
void ulp_gaps_free_all(ulp_gaps *gaps, size_t formats);

/* Parts of the range: the lower ends of their gaps are first .. last. */
typedef enum {
  ULP_NORMAL_GAPS,
  ULP_SUBNORMAL_GAPS, /* from the least value to the least normal one */
  ULP_SUB_UNIT_GAP,   /* from 0 to the least value */
  ULP_OVERFLOW_GAP    /* from the greatest value to what would be next */
} ulp_gap_part;
/* false: the format has none */
bool ulp_gap_range(const ulp_gaps *g, ulp_gap_part part, int64_t *first,
                   int64_t *last);

/* value[index] + fraction * gap is the magnitude; beyond the last value
 * `index` is that value's and the fraction may be above 1. */
typedef struct {
  int64_t index;
  double gap, fraction;
} ulp_gap_place;
ulp_gap_place ulp_gap_find(const ulp_gaps *g, double magnitude);

/* Rounding with saturation: `high` with chance `up`, else `low`. */
typedef struct {
  int64_t low, high; /* indices */
  double up;
} ulp_gap_outcome;
ulp_gap_outcome ulp_gap_round(const ulp_gaps *g, const ulp_rounding *r,
                              const ulp_gap_place *at);

#endif
