/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the two files of attention share.  Not installed.
 */
#ifndef ULPLAB_LLAMA_ATTENTION_H
#define ULPLAB_LLAMA_ATTENTION_H

#include "lanes.h"
#include "plan_internal.h"

/* What of the steps goes lane by lane: each step rounds to the products' own
 * type, and no random numbers are drawn; else a lane at a time. */
typedef enum { ONE_BY_ONE, IN_F64, IN_F32 } ulp_lane_way;

/* What a thread works in; panels hold floats where the product does. */
typedef struct {
  void *q, *out;      /* [dim][ULP_LANES] */
  void *scores, *p;   /* [seen][ULP_LANES]; the same where lanes go together */
  double *row;        /* one lane */
  float *narrow;      /* for its quantizer */
} ulp_lane_room;

/* Lanes of one key head: pairs of token and query head, in that order. */
typedef struct {
  int64_t kv, unit, count;
  int64_t seen; /* by the last of them */
} ulp_lane_block;

typedef struct {
  const ulp_attention *a;
  const double *q;
  double *out;
  int64_t first;
  ulp_lane_way way;
} ulp_lane_task;

/* ---- lanes -------------------------------------------------------------- */

static inline bool ulp_is_narrow(const ulp_numbers *at)
{
  return at->product == ULP_SUM_F32;
}

static inline void ulp_put_lane(bool narrow, void *to, int64_t row,
                                int64_t lane, double x)
{
  if (narrow)
    ((float *)to)[row * ULP_LANES + lane] = (float)x;
  else
    ((double *)to)[row * ULP_LANES + lane] = x;
}

static inline double ulp_get_lane(bool narrow, const void *from, int64_t row,
                                  int64_t lane)
{
  return narrow ? (double)((const float *)from)[row * ULP_LANES + lane]
                : ((const double *)from)[row * ULP_LANES + lane];
}

static inline int64_t ulp_group_of(const ulp_attention *a)
{
  return a->heads / a->kv_heads;
}

/* Of n queries, [n, heads], the one of a lane. */
static inline int64_t ulp_query_of(const ulp_attention *a,
                                   const ulp_lane_block *b, int64_t lane)
{
  int64_t u = b->unit + lane, group = ulp_group_of(a);
  return u / group * a->heads + b->kv * group + u % group;
}

static inline int64_t ulp_seen_by(const ulp_lane_task *t,
                                  const ulp_lane_block *b, int64_t lane)
{
  return t->first + (b->unit + lane) / ulp_group_of(t->a) + 1;
}

/* The number of a lane's query among all that there were, for stochastic
 * rounding; of its scores. */
static inline uint64_t ulp_number_of(const ulp_lane_task *t,
                                     const ulp_lane_block *b, int64_t lane)
{
  return (uint64_t)(t->first * t->a->heads + ulp_query_of(t->a, b, lane));
}

static inline uint64_t ulp_index_of(const ulp_lane_task *t,
                                    const ulp_lane_block *b, int64_t lane)
{
  return ulp_number_of(t, b, lane) << 24;
}

/* x, [1, n], as the quantizer of a place gives it back. */
ULP_MUST_CHECK ulp_status ulp_quantized_lane(const ulp_numbers *at, double *x,
                                             int64_t n, uint64_t index,
                                             float *narrow, ulp_error *e);
ulp_lane_way ulp_way_of(const ulp_attention *a);
/* r->p of r->scores. */
ULP_MUST_CHECK ulp_status ulp_weigh(const ulp_lane_task *t,
                                    const ulp_lane_block *b, ulp_lane_room *r,
                                    ulp_error *e);

#endif
