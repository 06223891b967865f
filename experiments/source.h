/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where an experiment's numbers come from: --distributions, or --tensor.
 */
#ifndef ULPLAB_EXPERIMENTS_SOURCE_H
#define ULPLAB_EXPERIMENTS_SOURCE_H

#include "experiment.h"

/* A distribution, of which `samples` holds the values once they are made, or
 * a tensor.  Samples lie in rows of ULP_SOURCE_ROW; of a tensor only whole
 * rows are used where it is cut short (--quick). */
enum { ULP_SOURCE_ROW = 4096 };
typedef struct {
  const char *name;
  const ulp_tensor *tensor;
  float *samples;
  int64_t count; /* elements to use */
  int ndim;      /* their shape: at least two dimensions */
  int64_t shape[ULP_MAX_DIMS];
  unsigned char *special; /* not 0: no ordinary element; may be NULL */
} ulp_source;

/* The sources that the run's options ask for; *out is the caller's to free,
 * with ulp_sources_free, also after a failure. */
ULP_MUST_CHECK ulp_status ulp_sources(ulp_source **out, size_t *count,
                                          const ulp_run *run, ulp_error *e);
void ulp_sources_free(ulp_source *sources, size_t count);

/* A tensor's name in a CSV file: its own, or its file's without the folder. */
const char *ulp_source_name(const ulp_file *f, const ulp_tensor *t);

/* Draws a distribution's samples; nothing to do for a tensor. */
ULP_MUST_CHECK ulp_status ulp_source_fill(ulp_source *s,
                                              const ulp_run *run,
                                              ulp_error *e);
/* Forgets the samples; they can be drawn again. */
void ulp_source_drop(ulp_source *s);
void ulp_source_read(const ulp_source *s, double *out, int64_t first,
                         int64_t n);
/* The same rounded to f32. */
void ulp_source_read_f32(const ulp_source *s, float *out, int64_t first,
                         int64_t n);

#endif
