/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a decoder does between its products, as a plan has it.  Without random
 * numbers an array goes through each step in turn; with them each element has
 * numbers of its own.
 */
#include "lanes.h"
#include "plan_internal.h"

void ulp_llama_norm(const ulp_numbers *at, double *y, const double *x,
                    const double *gamma, int64_t hidden, int64_t n,
                    double epsilon, uint64_t number, int threads)
{
  const ulp_step *f = &at->step;
  const ulp_norm_steps steps = {.square = f, .sum = f, .root = f, .scale = f,
                                .output = &at->out};
  uint64_t draws = 12 * (uint64_t)hidden + 80;
#ifdef _OPENMP
#pragma omp parallel for num_threads(threads) if (n * hidden > 1 << 13)
#endif
  for (int64_t i = 0; i < n; i++)
    ulp_rms_norm(y + i * hidden, x + i * hidden, gamma, hidden, epsilon, &steps,
                 (number + 2 * (uint64_t)i) * draws);
}

void ulp_llama_turn(const ulp_rope *r, const ulp_numbers *at, double *x,
                    const double *turns, int64_t heads, int64_t n,
                    uint64_t number, int threads)
{
  int64_t d = 2 * r->pairs;
#ifdef _OPENMP
#pragma omp parallel for num_threads(threads) if (n * heads * d > 1 << 13)
#endif
  for (int64_t u = 0; u < n * heads; u++) {
    uint64_t head = number + (uint64_t)u;
    double *to = x + u * d;
    ulp_rope_turn(r, to, turns + u / heads * d, &at->step,
                  head * 4 * (uint64_t)d);
    ulp_step_round_array(&at->out, to, to, (size_t)d, head * (uint64_t)d);
  }
}

static bool is_random(const ulp_numbers *at)
{
  return ulp_step_is_random(&at->step) || ulp_step_is_random(&at->out);
}

void ulp_llama_add(const ulp_numbers *at, double *x, const double *y,
                   int64_t count, uint64_t number)
{
  bool random = is_random(at);
  for (int64_t i = 0; !random && i < count; i++)
    x[i] += y[i];
  if (!random) {
    ulp_step_round_array(&at->step, x, x, (size_t)count, 0);
    ulp_step_round_array(&at->out, x, x, (size_t)count, 0);
  }
  for (int64_t i = 0; random && i < count; i++) {
    uint64_t k = number + 2 * (uint64_t)i;
    x[i] = ulp_step_round(&at->step, x[i] + y[i], k);
    x[i] = ulp_step_round(&at->out, x[i], k);
  }
}

/* ---- the activation ----------------------------------------------------- */

enum { SOME = 256 };

static void activate_some(const ulp_numbers *at, double *gate, const double *up,
                          size_t n)
{
  const ulp_step *f = &at->step;
  double y[SOME];
  if (ulp_step_is_f64(f) || ulp_step_is_f32(f)) {
    const ulp_lanes *lanes = ulp_lanes_now();
    (ulp_step_is_f64(f) ? lanes->silu_f64 : lanes->silu_f32)(gate, up, n);
    ulp_step_round_array(&at->out, gate, gate, n, 0);
    return;
  }
  for (size_t i = 0; i < n; i++)
    y[i] = -gate[i];
  ulp_lanes_now()->exps(y, y, n);
  ulp_step_round_array(f, y, y, n, 0);
  for (size_t i = 0; i < n; i++)
    y[i] = 1 + y[i];
  ulp_step_round_array(f, y, y, n, 0);
  for (size_t i = 0; i < n; i++)
    y[i] = gate[i] / y[i];
  ulp_step_round_array(f, y, y, n, 0);
  for (size_t i = 0; i < n; i++)
    y[i] *= up[i];
  ulp_step_round_array(f, y, y, n, 0);
  ulp_step_round_array(&at->out, gate, y, n, 0);
}

static void activate_one(const ulp_numbers *at, double *gate, double up,
                         uint64_t k)
{
  const ulp_step *f = &at->step;
  double e = ulp_step_round(f, ulp_exp(-*gate), k);
  double sum = ulp_step_round(f, 1 + e, k + 1);
  double y = ulp_step_round(f, *gate / sum, k + 2);
  y = ulp_step_round(f, y * up, k + 3);
  *gate = ulp_step_round(&at->out, y, k);
}

void ulp_llama_activate(const ulp_numbers *at, double *gate, const double *up,
                        int64_t count, uint64_t number, int threads)
{
  bool random = is_random(at);
#ifdef _OPENMP
#pragma omp parallel for num_threads(threads) if (count > 1 << 14)
#endif
  for (int64_t i = 0; i < count; i += SOME) {
    int64_t n = count - i < SOME ? count - i : SOME;
    if (!random)
      activate_some(at, gate + i, up + i, (size_t)n);
    for (int64_t k = i; random && k < i + n; k++)
      activate_one(at, gate + k, up[k], 4 * (number + (uint64_t)k));
  }
}
