/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the products of a model multiply, in f64, and statistics of it.
 */
#ifndef ULPLAB_EXPERIMENTS_MODEL_ACTIVATIONS_H
#define ULPLAB_EXPERIMENTS_MODEL_ACTIVATIONS_H

#include "model_case.h"
#include "statistics.h"

/* Inputs that matrices share are one place. */
enum { ULP_INPUT_QKV, ULP_INPUT_O, ULP_INPUT_GATE_UP, ULP_INPUT_DOWN,
       ULP_INPUTS /* of a layer; of the head: one more */ };

typedef struct {
  const ulp_model_case *c;
  int64_t places; /* ULP_INPUTS a layer, and the head */
  float **x;      /* [places] of [windows, length, columns] */
} ulp_activations;

ULP_MUST_CHECK ulp_status ulp_activations_make(ulp_activations *a,
                                               const ulp_model_case *c,
                                               int threads, ulp_error *e);
void ulp_activations_free(ulp_activations *a);
int64_t ulp_activations_columns(const ulp_activations *a, int64_t place);
/* Of one window, [tokens, columns]; gives tokens. */
int64_t ulp_activations_window(const ulp_activations *a, int64_t place,
                               int64_t window, const float **x);

typedef struct {
  int64_t tokens, channels, top_channel, top_position;
  double rms, amax;
  double amax_median;     /* over the median magnitude of all elements */
  double channel_ratio;   /* greatest rms of a channel over the median one */
  double outlier_channels; /* share whose amax is `times` the median amax */
  double token_ratio;     /* greatest amax of a token over the median one */
  double spiked_tokens;   /* share of tokens, as of channels */
} ulp_activation_summary;
ULP_MUST_CHECK ulp_status ulp_activations_summarize(ulp_activation_summary *s,
                                                    const ulp_activations *a,
                                                    int64_t place,
                                                    double times,
                                                    ulp_error *e);
/* Over windows; normalized: each channel over its rms in the window. */
ulp_interval ulp_activations_kurtosis(const ulp_activations *a, int64_t place,
                                      bool normalized);
/* Mean over windows of 10 log10 (power of x / of the error), of q less that of
 * `less` (NULL: nothing), [tokens, columns] of a window at a time; NaN where a
 * window has no error. */
ULP_MUST_CHECK ulp_status ulp_activations_snr(ulp_interval *out,
                                              const ulp_activations *a,
                                              int64_t place,
                                              const ulp_quantizer *q,
                                              const ulp_quantizer *less,
                                              ulp_error *e);

#endif
