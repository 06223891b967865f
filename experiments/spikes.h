/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tokens a few of which are much larger than the rest, and the ways to choose
 * a scale for them.
 */
#ifndef ULPLAB_EXPERIMENTS_SPIKES_H
#define ULPLAB_EXPERIMENTS_SPIKES_H

#include "source.h"

/* ---- tokens (spiked_tokens.c) ------------------------------------------- */

/* The tokens that are measured, and as many that calibration saw. */
typedef struct {
  char kind[64];
  double gain;       /* NaN: a tensor */
  double *x, *seen;
  unsigned char *spiked, *seen_spiked; /* by token */
  int64_t tokens, channels, count; /* count: of spiked ones measured */
} ulp_spiked;
/* Draws what kind, gain, tokens and channels ask for: normal numbers, the first
 * token and others at equal distances spiked, in all channels or, of kind
 * massive, in some.  ulp_spiked_free frees it, also after a failure. */
ULP_MUST_CHECK ulp_status ulp_spiked_draw(ulp_spiked *m, double share,
                                          int64_t massive_channels,
                                          uint64_t seed);
/* Reads the first 2 * tokens rows of a tensor, of which the first half
 * calibrates.  The share of tokens with the greatest amax count as spiked. */
ULP_MUST_CHECK ulp_status ulp_spiked_read(ulp_spiked *m,
                                          const ulp_source *source,
                                          double share, ulp_error *e);
void ulp_spiked_free(ulp_spiked *m);
double ulp_amax(const double *x, int64_t n);

/* ---- scales (spike_scales.c) -------------------------------------------- */

typedef enum {
  ULP_SPIKE_STATIC,
  ULP_SPIKE_STATIC_PLAIN,
  ULP_SPIKE_PERCENTILE,
  ULP_SPIKE_DYNAMIC_TENSOR,
  ULP_SPIKE_DYNAMIC_TOKEN,
  ULP_SPIKE_GROUP,
  ULP_SPIKE_PREFIX
} ulp_spike_how;
typedef struct {
  ulp_spike_how how;
  double parameter;
  char word[40];
} ulp_spike_handling;
/* A word of --handlings. */
ULP_MUST_CHECK ulp_status ulp_spike_handling_read(ulp_spike_handling *h,
                                                  const char *word,
                                                  ulp_error *e);

typedef struct {
  double *y;    /* values of the codes; the caller's to free */
  double scale; /* of the tensor, or the root mean square of the ordinary
                   tokens' */
  int64_t clipped, flushed; /* elements of spiked tokens, of ordinary ones */
} ulp_spike_outcome;
ULP_MUST_CHECK ulp_status ulp_spike_quantize(ulp_spike_outcome *o,
                                             const ulp_spiked *m,
                                             const ulp_format *f,
                                             const ulp_spike_handling *h);
/* An element's, with the scales that are not static. */
double ulp_spike_bits(const ulp_spiked *m, const ulp_format *f,
                      const ulp_spike_handling *h);
/* What normal numbers of width 1 are expected to keep at such a scale. */
double ulp_spike_theory(const ulp_format *f, double scale,
                        const ulp_spike_handling *h);

#endif
