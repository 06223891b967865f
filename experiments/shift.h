/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Activations whose distribution is not the one that calibration saw.
 */
#ifndef ULPLAB_EXPERIMENTS_SHIFT_H
#define ULPLAB_EXPERIMENTS_SHIFT_H

#include "matrix.h"

/* How what is served differs from what calibration saw. */
typedef enum {
  ULP_SHIFT_SAME,
  ULP_SHIFT_WIDER,   /* times the parameter */
  ULP_SHIFT_HEAVIER, /* Student's t, 3 degrees, of the same variance */
  ULP_SHIFT_MOVED,   /* the outliers are in other channels */
  ULP_SHIFT_DRIFT    /* times 1 at first, the parameter at last */
} ulp_shift_kind;
typedef struct {
  ulp_shift_kind kind;
  double parameter;
  char word[40];
} ulp_shift;
/* "same", "wider:2", "heavier", "moved", "drift:4". */
ULP_MUST_CHECK ulp_status ulp_shift_read(ulp_shift *out, const char *word,
                                         ulp_error *e);

/* Numbers of variance 1 that all distributions are made of, by tokens of
 * `channels`: what is calibrated on, and what is served. */
typedef struct {
  int64_t channels, seen, served;  /* tokens */
  double *seen_normal, *seen_heavy, *served_normal, *served_heavy;
  double *gain, *moved;            /* by channel */
} ulp_shift_pool;
ULP_MUST_CHECK ulp_status ulp_shift_pool_make(ulp_shift_pool *p,
                                              ulp_outliers outliers,
                                              double correlation,
                                              uint64_t seed, int threads);
void ulp_shift_pool_free(ulp_shift_pool *p);

/* Token `t` of `of` after a shift, from row t of one of the pool's arrays. */
void ulp_shift_token(double *x, const ulp_shift *s, const ulp_shift_pool *p,
                     bool served, int64_t t, int64_t of);

/* What theory expects of one scale: the SNR and the share beyond the range;
 * NaN where the numbers are not normal with known widths.  clips: false for a
 * scale that the numbers themselves chose. */
void ulp_shift_theory(double *snr_db, double *clipped, const ulp_shift *s,
                      const ulp_shift_pool *p, const ulp_format *f,
                      double scale, bool clips);

#endif
