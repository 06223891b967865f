/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Many normal numbers at little cost, the same bits on every machine; their
 * law is in normal_law.h.
 *
 * ulp_sample's logarithms are MPFR's, a microsecond each: too slow for the
 * weights of a hundred layers or the keys of a long context.  These are picked
 * from a list of its draws by counter-based random words, in a few
 * nanoseconds, any element alone.
 *
 * There are two lists.  ulp_normals: a number is one of 2^15 magnitudes with a
 * sign by chance, in double; its mean is 0 and its variance 1 by construction,
 * which layers after layers need, but nothing is beyond the largest, about
 * 4.2.  ulp_normal_pool: a number is the sum of two of 2^16, in float; 2^31
 * values, whose tail is right to about 6, which the greatest of 2^20 tokens
 * needs.
 */
#ifndef ULPLAB_EXPERIMENTS_NORMAL_DRAWS_H
#define ULPLAB_EXPERIMENTS_NORMAL_DRAWS_H

#include "experiment.h"
#include "normal_draws.h"

/* ---- one of a list ------------------------------------------------------ */

/* ULP_NORMALS magnitudes of ulp_sample's "gaussian", scaled to a mean square
 * of 1.  A number is one of them, by chance, with a sign by chance: its mean
 * is 0 and its variance 1, and nothing is beyond the largest (about 4.2). */
enum { ULP_NORMALS_BITS = 15, ULP_NORMALS = 1 << ULP_NORMALS_BITS };
typedef struct {
  double *magnitude; /* in no order */
} ulp_normals;

ULP_MUST_CHECK ulp_status ulp_normals_make(ulp_normals *d, uint64_t seed);
void ulp_normals_free(ulp_normals *d);

/* Number `index` of a stream of (seed, stream): counter based. */
double ulp_normal_at(const ulp_normals *d, uint64_t seed, uint64_t stream,
                     uint64_t index);
/* Numbers 0 .. n-1 of a stream times `scale`, as f32. */
void ulp_normals_fill(const ulp_normals *d, float *out, int64_t n,
                      double scale, uint64_t seed, uint64_t stream);

/* ---- sums of two of a list ---------------------------------------------- */

enum { ULP_POOL = 1 << 16 };
ULP_MUST_CHECK ulp_status ulp_normal_pool_make(float **pool, uint64_t seed);
/* out[i], elements first .. first+n-1 of a stream; first is even. */
void ulp_normal_pool_fill(const float *pool, float *out, int64_t first,
                          int64_t n, uint64_t seed, uint64_t stream);

#endif
