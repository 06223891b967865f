/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Attention of a decoder, one query and head at a time: scores, softmax, and
 * the mix of values, each as a plan has it.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plan_internal.h"

/* ---- scores ------------------------------------------------------------- */

enum { LANES = 8 };

/* Sums of LANES tokens side by side, each from the first product to the
 * last. */
#define DEFINE_DOTS(NAME, REAL)                                                \
  static void NAME(double *p, const REAL *q, const double *keys, int64_t d,    \
                   int64_t n)                                                  \
  {                                                                            \
    int64_t t = 0;                                                             \
    for (; t + LANES <= n; t += LANES) {                                       \
      REAL s[LANES] = {0};                                                     \
      for (int64_t i = 0; i < d; i++)                                          \
        for (int64_t l = 0; l < LANES; l++)                                    \
          s[l] += q[i] * (REAL)keys[(t + l) * d + i];                          \
      for (int64_t l = 0; l < LANES; l++)                                      \
        p[t + l] = (double)s[l];                                               \
    }                                                                          \
    for (; t < n; t++) {                                                       \
      REAL s = 0;                                                              \
      for (int64_t i = 0; i < d; i++)                                          \
        s += q[i] * (REAL)keys[t * d + i];                                     \
      p[t] = (double)s;                                                        \
    }                                                                          \
  }
DEFINE_DOTS(dots_f64, double)
DEFINE_DOTS(dots_f32, float)

#define DEFINE_MIX(NAME, REAL)                                                 \
  static void NAME(REAL *restrict sum, const double *p,                        \
                   const double *restrict values, int64_t d, int64_t n)        \
  {                                                                            \
    for (int64_t t = 0; t < n; t++) {                                          \
      REAL w = (REAL)p[t];                                                     \
      for (int64_t i = 0; i < d; i++)                                          \
        sum[i] += w * (REAL)values[t * d + i];                                 \
    }                                                                          \
  }
DEFINE_MIX(mix_f64, double)
DEFINE_MIX(mix_f32, float)

/* ---- one query ---------------------------------------------------------- */

typedef struct {
  double *p, *q, *sum; /* room for the tokens seen, and for a head */
  float *narrow;       /* for either */
} room;

static bool make_room(room *r, int64_t seen, int64_t d)
{
  size_t n = (size_t)(seen > d ? seen : d) + 1;
  *r = (room){malloc(n * sizeof(double)), malloc(n * sizeof(double)),
              malloc(n * sizeof(double)), malloc(n * sizeof(float))};
  return r->p && r->q && r->sum && r->narrow;
}

static void free_room(room *r)
{
  free(r->p);
  free(r->q);
  free(r->sum);
  free(r->narrow);
}

/* x, [1, n], as the quantizer gives it back. */
static ulp_status quantized(const ulp_numbers *at, double *x, int64_t n,
                            uint64_t index, float *narrow, ulp_error *e)
{
  const int64_t shape[] = {1, n};
  if (!at->inputs)
    return ULP_OK;
  for (int64_t i = 0; i < n; i++)
    narrow[i] = (float)x[i];
  ulp_status s = ulp_quantizer_values(at->inputs->quantizer, 2, shape, narrow,
                                      narrow, index, e);
  for (int64_t i = 0; i < n; i++)
    x[i] = (double)narrow[i];
  return s;
}

static const double *head_of(const ulp_cache *c, const double *of, int64_t head)
{
  return of + head * c->most * c->dim;
}

static void dots(const ulp_attention *a, room *r, const double *keys,
                 int64_t first, int64_t n)
{
  if (a->scores->product == ULP_SUM_F32)
    dots_f32(r->p + first, r->narrow, keys + first * a->dim, a->dim, n);
  else
    dots_f64(r->p + first, r->q, keys + first * a->dim, a->dim, n);
}

static ulp_status score(const ulp_attention *a, room *r, const double *q,
                        int64_t kv, int64_t seen, uint64_t index, ulp_error *e)
{
  const ulp_numbers *at = a->scores;
  int64_t d = a->dim, old = ulp_cache_old(a->keys, seen);
  memcpy(r->q, q, (size_t)d * sizeof *q);
  ulp_status s = quantized(at, r->q, d, index, r->narrow, e);
  for (int64_t i = 0; i < d; i++)
    r->narrow[i] = (float)r->q[i];
  if (old > 0)
    dots(a, r, head_of(a->keys, a->keys->held, kv), 0, old);
  dots(a, r, head_of(a->keys, a->keys->full, kv), old, seen - old);
  double scale = ulp_step_round(&at->step, 1 / sqrt((double)d), index);
  for (int64_t t = 0; t < seen; t++) {
    uint64_t i = index + 2 * (uint64_t)t;
    double y = ulp_step_round(&at->step, r->p[t], i);
    r->p[t] = ulp_step_round(&at->step, y * scale, i + 1);
  }
  ulp_step_round_array(&at->out, r->p, r->p, (size_t)seen, index);
  return s;
}

static void mix_part(const ulp_attention *a, room *r, const double *values,
                     int64_t first, int64_t n)
{
  const double *p = r->p + first, *v = values + first * a->dim;
  if (a->mix->product == ULP_SUM_F32)
    mix_f32(r->narrow, p, v, a->dim, n);
  else
    mix_f64(r->sum, p, v, a->dim, n);
}

static ulp_status mix(const ulp_attention *a, room *r, double *out, int64_t kv,
                      int64_t seen, uint64_t token, uint64_t index,
                      ulp_error *e)
{
  const ulp_numbers *at = a->mix;
  int64_t d = a->dim, old = ulp_cache_old(a->values, seen);
  ulp_status s = quantized(at, r->p, seen, index, r->narrow, e);
  memset(r->narrow, 0, (size_t)d * sizeof *r->narrow);
  memset(r->sum, 0, (size_t)d * sizeof *r->sum);
  if (old > 0)
    mix_part(a, r, head_of(a->values, a->values->held, kv), 0, old);
  mix_part(a, r, head_of(a->values, a->values->full, kv), old, seen - old);
  for (int64_t i = 0; i < d; i++) {
    uint64_t n = token * (uint64_t)d + (uint64_t)i;
    double y = at->product == ULP_SUM_F32 ? (double)r->narrow[i] : r->sum[i];
    out[i] = ulp_step_round(&at->out, ulp_step_round(&at->step, y, n), n);
  }
  return s;
}

/* Query and head u = (token, head). */
static ulp_status attend(const ulp_attention *a, room *r, double *out,
                         const double *q, int64_t first, int64_t u,
                         ulp_error *e)
{
  const ulp_step *f = &a->softmax->step;
  const ulp_softmax softmax = {*f, *f, *f, *f, false, 0};
  int64_t seen = first + u / a->heads + 1, head = u % a->heads;
  int64_t kv = head / (a->heads / a->kv_heads);
  uint64_t token = (uint64_t)(first * a->heads + u), index = token << 24;
  ulp_status s = score(a, r, q + u * a->dim, kv, seen, index, e);
  if (s != ULP_OK)
    return s;
  ulp_softmax_row(&softmax, r->p, r->p, (size_t)seen, index);
  ulp_step_round_array(&a->softmax->out, r->p, r->p, (size_t)seen, index);
  return mix(a, r, out + u * a->dim, kv, seen, token, index, e);
}

ulp_status ulp_attention_run(const ulp_attention *a, double *out,
                             const double *q, int64_t first, int64_t n,
                             int threads, ulp_error *e)
{
  ulp_status status = ULP_OK;
  bool large = n * a->heads * (first + n) * a->dim > 1 << 20;
#ifdef _OPENMP
#pragma omp parallel num_threads(large ? threads : 1)
#endif
  {
    room r;
    ulp_error why;
    ulp_status s = make_room(&r, first + n, a->dim)
                       ? ULP_OK
                       : ulp_error_set(&why, ULP_ENOMEM, "out of memory");
#ifdef _OPENMP
#pragma omp for schedule(dynamic)
#endif
    for (int64_t u = 0; u < n * a->heads; u++)
      if (s == ULP_OK)
        s = attend(a, &r, out, q, first, u, &why);
    if (s != ULP_OK) {
#ifdef _OPENMP
#pragma omp critical
#endif
      {
        status = s;
        *e = why;
      }
    }
    free_room(&r);
  }
  return status;
}
