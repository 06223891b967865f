/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The parts of experiments/snr.
 */
#ifndef ULPLAB_SNR_H
#define ULPLAB_SNR_H

#include "experiment.h"

/* ---- snr_source.c: where the numbers come from ------------------------- */

/* A distribution, of which `samples` holds the values once they are made, or
 * a tensor. */
typedef struct {
  const char *name;
  const ulp_tensor *tensor;
  float *samples;
  int64_t count; /* elements to use */
} ulp_snr_source;

/* The sources that the run's options ask for; *out is the caller's to free,
 * with ulp_snr_sources_free, also after a failure. */
ULP_MUST_CHECK ulp_status ulp_snr_sources(ulp_snr_source **out, size_t *count,
                                          const ulp_run *run, ulp_error *e);
void ulp_snr_sources_free(ulp_snr_source *sources, size_t count);

/* Draws a distribution's samples; nothing to do for a tensor. */
ULP_MUST_CHECK ulp_status ulp_snr_source_fill(ulp_snr_source *s,
                                              const ulp_run *run,
                                              ulp_error *e);
void ulp_snr_source_read(const ulp_snr_source *s, double *out, int64_t first,
                         int64_t n);

/* ---- snr_theory.c ------------------------------------------------------ */

/* The SNR in dB that the distribution itself, not a sample of it, has in f at
 * this scale under RNE with saturation; NaN where it is not computed. */
double ulp_snr_theory(const ulp_format *f, double scale,
                      const char *distribution);

#endif
