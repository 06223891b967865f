/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Keys, values and queries of one attention head, with what is to be found
 * planted among normal keys.
 */
#ifndef ULPLAB_EXPERIMENTS_ATTENTION_DATA_H
#define ULPLAB_EXPERIMENTS_ATTENTION_DATA_H

#include "experiment.h"

/* flat     a query without relation to any key: scores normal, deviation 1
 * peaked   a query whose direction ULP_PEAKS early keys share
 * passkey  a query with one such key, the needle, and in every ULP_BLOCK
 *          tokens a distractor with a score `margin` lower */
typedef enum { ULP_FLAT, ULP_PEAKED, ULP_PASSKEY, ULP_PATTERNS } ulp_pattern;
const char *ulp_pattern_name(size_t i); /* NULL past the end */
/* Of passkey: the needle's score, and the deviation of unrelated keys'. */
double ulp_needle_score(int64_t dim);
double ulp_unrelated_deviation(void);

enum { ULP_BLOCK = 256, ULP_PEAKS = 4, ULP_MOST_QUERIES = 40 };

typedef struct {
  int64_t dim, tokens, queries; /* queries: of each pattern */
  double margin;
  uint64_t seed;
} ulp_head_spec;

/* Query i of pattern p is row p * queries + i; divided by sqrt(dim), so that a
 * score is key . query.  Everything is planted in the first ULP_BLOCK tokens,
 * but for distractors: the data of a shorter context are the beginning of
 * a longer one's. */
typedef struct {
  ulp_head_spec spec;
  float *keys, *values; /* [tokens, dim] */
  double *query;        /* [ULP_PATTERNS * queries, dim] */
  int64_t *needle;      /* token, or -1; by query */
} ulp_head;

/* Normal numbers from a pool: sums of two of 2^16 draws, so any element alone,
 * and fast. */
enum { ULP_POOL = 1 << 16 };
ULP_MUST_CHECK ulp_status ulp_pool_make(float **pool, uint64_t seed);
/* out[i], elements first .. first+n-1 of a stream; first is even. */
void ulp_pool_fill(const float *pool, float *out, int64_t first, int64_t n,
                   uint64_t seed, uint64_t stream);
uint64_t ulp_head_stream(const char *what, int64_t head);

/* keys: given ones (a tensor's), or NULL to draw them; the head owns them then.
 * With given keys the queries are scaled so that scores have a deviation of 1,
 * and a peaked query is one of the early keys. */
ULP_MUST_CHECK ulp_status ulp_head_make(ulp_head *h, const ulp_head_spec *spec,
                                        const float *pool, float *keys,
                                        int64_t number);
void ulp_head_free(ulp_head *h);

#endif
