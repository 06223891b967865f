/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The sweep of experiments/snr (snr_sweep.c), and what theory says beside it
 * (snr_theory.c).
 */
#ifndef ULPLAB_SNR_H
#define ULPLAB_SNR_H

#include "storage.h"

/* The SNR in dB that the distribution itself, not a sample of it, has in f at
 * this scale under RNE with saturation; NaN where it is not computed. */
double ulp_snr_theory(const ulp_format *f, double scale,
                      const char *distribution);

/* ---- the sweep ---------------------------------------------------------- */

typedef struct {
  double scale; /* of plain formats */
  double amax;
  ulp_loss loss;
  bool pareto;
} ulp_snr_result;

/* Points are, for each source, every format under every rule, the rule varying
 * fastest, then every storage. */
typedef struct {
  ulp_source *sources;
  ulp_format *formats;
  ulp_scale_spec *rules;
  ulp_storage *storages;
  size_t source_count, format_count, rule_count, storage_count;
  ulp_snr_result *result; /* by point */
} ulp_snr_sweep;

/* Where a point lies; storage is NULL for a plain format and the other way
 * round. */
typedef struct {
  const ulp_source *source;
  const ulp_format *format;
  const ulp_scale_spec *rule;
  const ulp_storage *storage;
} ulp_snr_place;
ulp_snr_place ulp_snr_place_of(const ulp_snr_sweep *s, int64_t point);
size_t ulp_snr_points_of_source(const ulp_snr_sweep *s);

/* Reads --formats, --scale-rules and --quantizers. */
ULP_MUST_CHECK ulp_status ulp_snr_read_lists(ulp_snr_sweep *s,
                                             const ulp_run *run, ulp_error *e);
/* Measures all points, those of other shards too: which are on the Pareto
 * front, all points decide. */
ULP_MUST_CHECK ulp_status ulp_snr_measure(ulp_snr_sweep *s, const ulp_run *run,
                                          ulp_error *e);
void ulp_snr_sweep_free(ulp_snr_sweep *s);

/* One format at one scale, RNE with saturation. */
ULP_MUST_CHECK ulp_status ulp_measure_format(ulp_error_sums *sums,
                                             const ulp_source *source,
                                             const ulp_format *f, double scale,
                                             ulp_error *e);
/* Moments and histogram of a source's values. */
void ulp_source_summarize(ulp_summary *summary, const ulp_source *s);

#endif
