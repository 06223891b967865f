/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Errors of sums, their bounds and their growth.
 */
#include "sum_errors.h"

#include <math.h>
#include <string.h>

#include "statistics.h"

/* ---- one product ------------------------------------------------------- */

double sum_f32_ulp(double x)
{
  int e;
  (void)frexp(x, &e);
  return ldexp(1, (e - 1 < -126 ? -126 : e - 1) - 23);
}

/* The bin of y where `right` is the sum rounded once; codes, finite. */
static size_t bin_of(uint32_t right, uint32_t y)
{
  uint32_t size = right & 0x7fffffff;
  int64_t same = y >> 31 == right >> 31 ? 1 : -1;
  int64_t steps = same * (int64_t)(y & 0x7fffffff) - (int64_t)size;
  uint64_t distance = (uint64_t)(steps < 0 ? -steps : steps);
  size_t b = distance ? 64 - (size_t)__builtin_clzll(distance) : 0;
  return steps < 0 ? SUM_MIDDLE - b : SUM_MIDDLE + b;
}

static void take(sum_errors *s, ulp_dd x, double magnitude, float y)
{
  s->outputs++;
  s->exact2 += x.hi * x.hi;
  s->magnitude2 += magnitude * magnitude;
  if (!isfinite(y)) {
    s->nonfinite++;
    return;
  }
  double e = ((double)y - x.hi) - x.lo; /* exact near x, else to 2^-53 */
  double ulps = fabs(e) / sum_f32_ulp(x.hi);
  s->e2 += e * e;
  s->x2 += x.hi * x.hi;
  s->outward += x.hi < 0 ? -e : e;
  s->x1 += fabs(x.hi);
  s->max_ulp = fmax(s->max_ulp, ulps);
}

void sum_errors_take(sum_errors *out, const exact_product *p,
                     const uint32_t *d)
{
  *out = (sum_errors){0};
  for (size_t i = 0; i < p->spec.m * p->spec.n; i++) {
    float y;
    memcpy(&y, &d[i], sizeof y);
    take(out, p->exact[i], p->magnitude[i], y);
    if (isfinite(y))
      out->steps[bin_of(p->rounded[i], d[i])]++;
    out->digest += ulp_digest_term(i, d[i]);
  }
}

/* ---- repetitions ------------------------------------------------------- */

/* 0 / 0 is no error. */
static double ratio(double x, double y) { return x == 0 ? 0 : x / y; }

sum_report sum_report_of(const sum_errors *list, size_t repetitions)
{
  enum { MOST = 1024 };
  double frobenius[MOST] = {0}, bias[MOST] = {0};
  sum_report r = {.digest = list[0].digest};
  sum_errors all = {0};
  size_t n = repetitions < MOST ? repetitions : MOST;
  for (size_t i = 0; i < n; i++) {
    const sum_errors *s = &list[i];
    frobenius[i] = sqrt(ratio(s->e2, s->x2));
    bias[i] = ratio(s->outward, s->x1);
    all.e2 += s->e2;
    all.x2 += s->x2;
    all.exact2 += s->exact2;
    all.magnitude2 += s->magnitude2;
    all.outward += s->outward;
    all.x1 += s->x1;
    r.outputs += s->outputs;
    r.nonfinite += s->nonfinite;
    r.max_ulp = fmax(r.max_ulp, s->max_ulp);
    for (size_t b = 0; b < SUM_BINS; b++)
      r.steps[b] += s->steps[b];
  }
  r.frobenius = r.nonfinite ? INFINITY : sqrt(ratio(all.e2, all.x2));
  r.frobenius_ci95 = r.nonfinite ? NAN : ulp_mean_ci95(frobenius, n);
  r.bias = r.outputs == r.nonfinite ? NAN : ratio(all.outward, all.x1);
  r.bias_ci95 = r.outputs == r.nonfinite ? NAN : ulp_mean_ci95(bias, n);
  r.max_ulp = r.nonfinite ? INFINITY : r.max_ulp;
  r.condition = sqrt(ratio(all.magnitude2, all.exact2));
  return r;
}

/* ---- bounds ------------------------------------------------------------ */

static size_t ceil_div(size_t a, size_t b) { return a / b + (a % b != 0); }

/* Of one step: the worst, and the sum of squares. */
typedef struct {
  double worst, square;
} step;

static double last_place(const ulp_format *f, ulp_mode mode)
{
  return ldexp(mode == ULP_RTZ ? 1 : 0.5, -f->man_bits);
}

static step step_of(const ulp_mma *m)
{
  const ulp_mma_record *r = m->record;
  double cut = ldexp(1, -r->align), terms = r->block + 1;
  double last = last_place(&m->acc, r->acc_mode);
  return (step){terms * cut + last, terms * cut * cut + last * last};
}

sum_bounds sum_bounds_of(const sum_way *w, size_t k, double lambda)
{
  const ulp_gemm *g = w->kind == SUM_ORDER ? &w->gemm : NULL;
  const double u = ldexp(1, -24);
  step s = {u, u * u};
  size_t steps = 1, additions = 0;
  if (w->kind == SUM_STEP) {
    s.worst = last_place(&w->step.format, w->step.mode);
    s.square = s.worst * s.worst;
    steps = k;
  } else if (g && g->order->kind == ULP_GEMM_FMA) {
    steps = k;
  } else if (g && g->order->kind == ULP_GEMM_LANES) {
    steps = ceil_div(k, 32) + 5; /* a lane's chain, then five levels */
  } else if (g && g->order->kind == ULP_GEMM_CHAIN) {
    size_t slice = ulp_gemm_slice(g, k), piece;
    slice = slice < k ? slice : k;
    piece = g->promote ? (size_t)g->promote : slice;
    if (g->mma.record->c_last) /* its own addition, in f32 */
      piece = (size_t)g->mma.k;
    piece = piece < slice ? piece : slice;
    s = step_of(&g->mma);
    steps = ceil_div(piece, (size_t)g->mma.record->block);
    additions = ceil_div(slice, piece) - 1 + ceil_div(k, slice) - 1;
  }
  double n = (double)steps, adds = (double)additions;
  double x = n * s.worst + adds * u;
  return (sum_bounds){x < 1 ? x / (1 - x) : INFINITY,
                      lambda * sqrt(n * s.square + adds * u * u)};
}
