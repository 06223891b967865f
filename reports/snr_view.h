/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What snr.csv says, by format.
 */
#ifndef ULPLAB_SNR_VIEW_H
#define ULPLAB_SNR_VIEW_H

#include "internal.h"

typedef struct {
  const char **name;
  size_t count;
} snr_names;

/* One format, under the model's rule unless it says otherwise. */
typedef struct {
  const char *format;
  double bits, bits_per_element;
  /* SNR in dB of the subject, or its median over all distributions */
  double median;
  double low, high; /* 95 % interval, or the 10 % and 90 % quantiles */
  double ci95, theory, clipped; /* of a single subject */
  double worst;
  const char *worst_name;
  double *by_rule;         /* the median under each rule */
  double *by_distribution; /* the SNR on each */
  size_t order;            /* of its first row */
} snr_line;

typedef struct {
  const ulp_table *table;
  snr_names formats, rules, distributions;
  const char *subject; /* NULL: all */
  const char *rule;
  snr_line *line; /* by falling bits, then falling SNR */
  size_t count;
  double *memory;
} snr_model;

/* False when out of memory. */
bool ulp_snr_model_make(snr_model *m, const ulp_table *t);
void ulp_snr_model_free(snr_model *m);
/* The line of most SNR with so many bits; NULL when there is none. */
const snr_line *ulp_snr_best(const snr_model *m, double bits);

#endif
