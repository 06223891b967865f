/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How a cache holds keys and values: two quantizers and a window.
 */
#ifndef ULPLAB_EXPERIMENTS_CACHE_SCHEME_H
#define ULPLAB_EXPERIMENTS_CACHE_SCHEME_H

#include "attention_data.h"
#include "storage.h"

typedef enum { ULP_CACHE_EXACT, ULP_CACHE_NOISE, ULP_CACHE_KIVI,
               ULP_CACHE_QUANTIZER } ulp_cache_kind;

/* exact | noise:R (normal errors of R times the token's rms) | kivi:BITS:N
 * (asymmetric groups of N: tokens of keys, channels of values) | the text of a
 * quantizer, for an array [tokens, dim] of one head. */
typedef struct {
  ulp_cache_kind kind;
  double noise;
  int bits, group;
  bool by_token; /* keys too in groups of channels: kivi-token:BITS:N */
  ulp_quantizer q;
  char text[160];
} ulp_cache_side;

typedef struct {
  char name[160];
  ulp_cache_side keys, values;
  int64_t window; /* newest tokens, held in full */
  bool whole;     /* a token's codes depend on how many tokens there are */
} ulp_cache_scheme;

/* A row's name of the table, or KEYS+VALUES. */
ULP_MUST_CHECK ulp_status ulp_cache_find(ulp_cache_scheme *out,
                                         const char *word, ulp_error *e);
const char *ulp_cache_name(size_t i); /* of the table; NULL past the end */

/* Bits an element, for a context of `tokens`, the window left out; NaN where
 * the side is no storage (exact, noise). */
double ulp_cache_bits(const ulp_cache_side *side, int64_t tokens, int64_t dim);

/* y = what the cache gives back of x, [tokens, dim]. */
ULP_MUST_CHECK ulp_status ulp_cache_values(const ulp_cache_scheme *s,
                                           bool of_values, float *y,
                                           const float *x, int64_t tokens,
                                           int64_t dim, const float *pool,
                                           uint64_t seed, uint64_t stream,
                                           ulp_error *e);

#endif
