/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where an experiment's numbers come from: --distributions, or --tensor.
 */
#ifndef ULPLAB_EXPERIMENTS_SOURCE_H
#define ULPLAB_EXPERIMENTS_SOURCE_H

#include "experiment.h"

/* A distribution, of which `samples` holds the values once they are made, or
 * a tensor. */
typedef struct {
  const char *name;
  const ulp_tensor *tensor;
  float *samples;
  int64_t count; /* elements to use */
} ulp_source;

/* The sources that the run's options ask for; *out is the caller's to free,
 * with ulp_sources_free, also after a failure. */
ULP_MUST_CHECK ulp_status ulp_sources(ulp_source **out, size_t *count,
                                          const ulp_run *run, ulp_error *e);
void ulp_sources_free(ulp_source *sources, size_t count);

/* Draws a distribution's samples; nothing to do for a tensor. */
ULP_MUST_CHECK ulp_status ulp_source_fill(ulp_source *s,
                                              const ulp_run *run,
                                              ulp_error *e);
void ulp_source_read(const ulp_source *s, double *out, int64_t first,
                         int64_t n);

#endif
