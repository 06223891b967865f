/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ulps.h: distances between codes, and what `compare` counts.
 */
#ifndef ULPLAB_ULPS_H
#define ULPLAB_ULPS_H

#include "formats.h"

enum { ULPS_RANKS = 256, ULPS_BUCKETS = 66, ULPS_WORST = 10 };

/* The ordered line of a format's codes: every step to the next greater value
 * is 1; +0 and -0 are one place; codes that are never written have none. */
typedef struct {
  ulp_format format;
  int64_t rank[ULPS_RANKS]; /* of a codebook's codes */
} ulps_line;

/* ULP_ERANGE for a codebook of more than 8 bits. */
ULP_MUST_CHECK ulp_status ulps_line_init(ulps_line *l, const ulp_format *f);
/* How many steps the codes, neither of them NaN, are apart. */
uint64_t ulps_distance(const ulps_line *l, uint64_t a, uint64_t b);

/* Bucket b holds distances above 2^(b-2), up to 2^(b-1); 0 and 1 themselves. */
unsigned ulps_bucket(uint64_t distance);

typedef struct {
  int64_t index;
  uint64_t x, y;     /* codes */
  uint64_t distance; /* 0 for two NaNs */
  bool one_nan;      /* worse than any distance */
} ulps_case;

typedef struct {
  int64_t count, different;
  int64_t both_nan, nan_bits;   /* NaN in both; of these, with other bits */
  int64_t x_nan, y_nan;         /* NaN in one only */
  int64_t zero_sign;            /* +0 against -0 */
  int64_t bucket[ULPS_BUCKETS]; /* pairs without NaN */
  int worst_count;
  ulps_case worst[ULPS_WORST]; /* of those whose bits differ, worst first */
} ulps_tally;

void ulps_tally_add(ulps_tally *t, const ulps_line *l, int64_t index,
                    uint64_t x, uint64_t y);

#endif
