/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A residual stream and the updates that layers add to it.
 */
#include "residual_stream.h"

#include <math.h>
#include <stdlib.h>

#include "mix.h"

enum { START_STREAM = 1, UPDATE_STREAM = 2 };

double ulp_residual_start(const ulp_residual_stream *r, int64_t element)
{
  uint64_t k = ulp_word(r->seed, START_STREAM, (uint64_t)element) >> 57;
  return ulp_step_round(r->output, r->start * (1 + (double)k / 128), 0);
}

static double update_at(const ulp_residual_stream *r, int64_t element,
                        int64_t layer)
{
  uint64_t index = (uint64_t)element << 20 | (uint64_t)layer;
  if (r->steady)
    return r->update;
  return r->update * ulp_normal_at(r->normals, r->seed, UPDATE_STREAM, index);
}

/* Compensated summation: W. Kahan, "Further remarks on reducing truncation
 * errors", CACM 8(1), 1965; every operation in the stream's format. */
static double add_kahan(const ulp_step *s, double x, double u, double *lost)
{
  double wanted = ulp_step_round(s, u - *lost, 0);
  double sum = ulp_step_round(s, x + wanted, 0);
  double got = ulp_step_round(s, sum - x, 0);
  *lost = ulp_step_round(s, got - wanted, 0);
  return sum;
}

/* Returns the stream at the end; *exact is the sum without rounding. */
static double run_element(ulp_residual_result *out,
                          const ulp_residual_stream *r, int64_t element,
                          double *exact)
{
  double x = ulp_residual_start(r, element), lost = 0;
  *exact = 0;
  for (int64_t layer = 0; layer < r->depth; layer++) {
    double u = update_at(r, element, layer), was = x;
    double rounded = ulp_step_round(r->output, u, 0);
    uint64_t index = (uint64_t)element << 20 | (uint64_t)layer;
    *exact += u;
    out->flushed += rounded == 0 && u != 0;
    x = r->kind == ULP_STREAM_KAHAN
            ? add_kahan(r->sum, x, rounded, &lost)
            : ulp_step_round(r->sum, x + rounded, index);
    out->lost += x == was && isfinite(x);
  }
  return x;
}

/* gain = sum a x / sum x^2; its deviation from the spread of (a - gain x) x. */
static void finish(ulp_residual_result *out, const double *arrived,
                   const double *exact, int64_t n, double square)
{
  double ax = 0, xx = 0, spread = 0, e2 = 0;
  for (int64_t i = 0; i < n; i++) {
    ax += arrived[i] * exact[i];
    xx += exact[i] * exact[i];
    e2 += (arrived[i] - exact[i]) * (arrived[i] - exact[i]);
  }
  out->gain = ax / xx;
  for (int64_t i = 0; i < n; i++) {
    double d = (arrived[i] - out->gain * exact[i]) * exact[i];
    spread += d * d;
  }
  out->gain_ci95 = 1.959963984540054 * sqrt(spread) / xx;
  out->relative_error = sqrt(e2 / square);
}

ulp_status ulp_residual_run(ulp_residual_result *out,
                            const ulp_residual_stream *r)
{
  double *arrived = malloc(2 * (size_t)r->elements * sizeof *arrived);
  double *exact = arrived + r->elements, square = 0, gain;
  int64_t n = 0;
  if (!arrived)
    return ULP_ENOMEM;
  *out = (ulp_residual_result){.updates = r->depth * r->elements};
  for (int64_t i = 0; i < r->elements; i++) {
    double start = ulp_residual_start(r, i);
    double end = run_element(out, r, i, &gain);
    if (!isfinite(end)) {
      out->overflow++;
      continue;
    }
    arrived[n] = end - start;
    exact[n++] = gain;
    square += (start + gain) * (start + gain);
  }
  finish(out, arrived, exact, n, square);
  free(arrived);
  return ULP_OK;
}
