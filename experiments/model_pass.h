/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a model predicts under plans, against what it predicts in f64.
 */
#ifndef ULPLAB_EXPERIMENTS_MODEL_PASS_H
#define ULPLAB_EXPERIMENTS_MODEL_PASS_H

#include "model_case.h"
#include "statistics.h"

/* Sums over tokens; logarithms are natural. */
typedef struct {
  double tokens;
  double loss, reference_loss; /* -log p(next token) */
  double kl;                   /* KL(reference || plan) of the next token */
  double agreed;               /* the likeliest token is the same */
  double error, power; /* squares of the logits, less their mean: of the
                          difference, of the reference */
} ulp_model_sums;

enum { ULP_MODEL_BINS = 32 };
typedef struct {
  const ulp_model_case *c;
  size_t bins; /* of positions, from edge[i] to before edge[i + 1] */
  int64_t edge[ULP_MODEL_BINS + 1];
  double *logits;       /* of the reference, [windows, length, vocab] */
  ulp_model_sums *sums; /* [plans, windows, bins] */
} ulp_model_pass;

/* Runs the reference, and each plan that `wanted` has, over all windows; bins
 * and edges are set before.  The values do not depend on threads. */
ULP_MUST_CHECK ulp_status ulp_model_measure(ulp_model_pass *p,
                                            const ulp_model_case *c,
                                            const bool *wanted, int threads,
                                            ulp_error *e);
void ulp_model_pass_free(ulp_model_pass *p);

const ulp_model_sums *ulp_model_at(const ulp_model_pass *p, size_t plan,
                                   int64_t window, size_t bin);
/* The sums of a token: n logits of the reference and of a plan. */
void ulp_model_score(ulp_model_sums *s, const double *reference,
                     const double *logits, int64_t n, int32_t target);

/* sum a / sum b over windows, with the interval of a ratio whose units are the
 * windows (W. G. Cochran, Sampling Techniques, 3rd ed. 1977, 6.3 and 6.4,
 * without the correction for finite populations). */
ulp_interval ulp_ratio_of(const double *a, const double *b, size_t n);
/* The same of what value and weight take from the sums. */
typedef double ulp_model_value(const ulp_model_sums *s);
ulp_interval ulp_model_ratio(const ulp_model_pass *p, size_t plan, size_t bin,
                             ulp_model_value *value, ulp_model_value *weight);

/* Of a token, in bits but for `agreed`. */
typedef struct {
  ulp_interval bits, reference, added, kl, agreed;
} ulp_model_summary;
ulp_model_summary ulp_model_summarize(const ulp_model_pass *p, size_t plan,
                                      size_t bin);
/* What a plan's loss and KL are above another's, in bits a token. */
typedef struct {
  ulp_interval bits, kl;
} ulp_model_excess;
ulp_model_excess ulp_model_over(const ulp_model_pass *p, size_t plan,
                                size_t other, size_t bin);
/* The root of an interval of squares, by the delta method. */
ulp_interval ulp_interval_root(ulp_interval square);
/* Relative error of the logits. */
ulp_interval ulp_model_logit_error(const ulp_model_pass *p, size_t plan,
                                   size_t bin);
/* Two fields; empty where they are not known. */
void ulp_csv_interval(ulp_text *row, ulp_interval i);

#endif
