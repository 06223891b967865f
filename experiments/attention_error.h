/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What attention becomes when keys and values are what a cache gives back.
 */
#ifndef ULPLAB_EXPERIMENTS_ATTENTION_ERROR_H
#define ULPLAB_EXPERIMENTS_ATTENTION_ERROR_H

#include "attention_data.h"

/* Exact scores and weights of a head's queries, and at every context what the
 * errors are relative to. */
typedef struct {
  const ulp_head *head;
  int64_t rows; /* queries of all patterns */
  size_t contexts;
  const int64_t *context; /* ascending multiples of ULP_BLOCK */
  double *score, *weight; /* [rows, tokens]; weights are e^(score - shift) */
  double *shift;          /* by row */
  double *output;         /* [contexts, rows, dim] */
  struct ulp_attention_at {
    double mass;      /* sum of the weights */
    double deviation; /* of the scores */
    double squares;   /* sum of p^2, p the weights over their sum */
    double spread;    /* sum of p^2 |v - o|^2 */
    double norm;      /* |o| */
    int64_t top;      /* token of the greatest score */
  } *at;              /* [contexts, rows] */
} ulp_attention;

ULP_MUST_CHECK ulp_status ulp_attention_make(ulp_attention *a,
                                             const ulp_head *h,
                                             const int64_t *context,
                                             size_t contexts);
void ulp_attention_free(ulp_attention *a);

/* Of one query at one context; errors of scores in deviations of the exact
 * scores. */
typedef struct {
  double key_error, value_error;           /* rms error over rms, whole array */
  double score_error, score_max;           /* rms and greatest */
  double predicted_score_error;
  double output_error;                     /* |o' - o| / |o| */
  double predicted_output_error;
  double kl;                               /* KL(p || p') in nat */
  double predicted_kl;
  double top_weight, top_retained;         /* p, and p' / p, of the exact top */
  bool moved;                              /* the greatest score is another's */
  /* Scores become kept * score + noise, a fit of each key channel */
  double kept, noise;
} ulp_attention_error;

/* Attention with `keys` and `values` for the first context[last] tokens, at
 * the contexts first .. last; out: [contexts, rows], the part for these is
 * written.  gain: of each channel, a power of two: `keys` are those of the
 * head times it, and queries are divided by it, so that exact scores are the
 * head's. */
ULP_MUST_CHECK ulp_status ulp_attention_measure(ulp_attention_error *out,
                                                const ulp_attention *a,
                                                const float *keys,
                                                const float *values,
                                                const float *gain,
                                                size_t first, size_t last);

#endif
