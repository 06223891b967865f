/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Errors of blocks and their sums, in `real` numbers: included by
 * batch_loops_body.h for double and for float, with names of their own.  A
 * float is what a double is rounded to in f32 arithmetic, as in
 * formula_lanes.h.
 */

static void NAMED(values)(const ulp_judged *t, real *y)
{
  for (size_t i = 0; i < t->blocks; i++) {
    const uint8_t *code = t->code + i * t->n;
    const double zero = t->zero[i], step = t->step[i];
    for (size_t k = 0; k < t->n; k++)
      y[i * t->n + k] = (real)((t->value[code[k]] - zero) * step);
  }
}

static void NAMED(terms)(real *restrict y, const float *restrict x, size_t n,
                         bool squares)
{
#pragma omp simd
  for (size_t k = 0; k < n; k++)
    y[k] = (real)fabs((double)(y[k] - (real)x[k]));
#pragma omp simd
  for (size_t k = 0; k < (squares ? n : 0); k++)
    y[k] *= y[k];
}

/* A step of ulp_sum_order for the n terms of each block; how many are left. */
static size_t NAMED(neighbours)(const ulp_judged *t, real *term, size_t n,
                                size_t step)
{
  for (size_t i = 0; i < t->blocks; i++, term += t->n)
    for (size_t k = 0; k < n; k += step) {
      real sum = term[k];
      for (size_t j = k + 1; j < n && j < k + step; j++)
        sum += term[j];
      term[k / step] = sum;
    }
  return (n + step - 1) / step;
}

static inline __attribute__((always_inline)) size_t
NAMED(folded_by)(real *term, size_t n, size_t step)
{
  size_t k = step;
  for (; k + step <= n; k += step)
#pragma omp simd
    for (size_t j = 0; j < step; j++)
      term[j] += term[k + j];
  for (size_t j = 0; k + j < n; j++)
    term[j] += term[k + j];
  return n < step ? n : step;
}

/* Vectors are eight lanes where torch sums. */
static size_t NAMED(folded)(const ulp_judged *t, real *term, size_t n,
                            size_t step)
{
  size_t left = n;
  for (size_t i = 0; step == 8 && i < t->blocks; i++)
    left = NAMED(folded_by)(term + i * t->n, n, 8);
  for (size_t i = 0; step != 8 && i < t->blocks; i++)
    left = NAMED(folded_by)(term + i * t->n, n, step);
  return left;
}

/* Of all blocks' terms; how many are left of each. */
static size_t NAMED(shorten)(const ulp_judged *t, real *term)
{
  size_t n = t->n;
  for (int i = 0; i < t->order->count; i++) {
    const size_t step = (size_t)t->order->step[i].n;
    n = t->order->step[i].neighbours ? NAMED(neighbours)(t, term, n, step)
                                     : NAMED(folded)(t, term, n, step);
  }
  return n;
}

/* From the first term to the last, of some blocks at a time, since each sum
 * waits for the one before. */
static void NAMED(sums)(const ulp_judged *t, real *term, double *error)
{
  enum { SOME = 8 };
  const size_t left = NAMED(shorten)(t, term);
  size_t i = 0;
  for (; i + SOME <= t->blocks; i += SOME) {
    real sum[SOME] = {0};
    for (size_t k = 0; k < left; k++)
      _Pragma("GCC unroll 8")
      for (size_t j = 0; j < SOME; j++)
        sum[j] += term[(i + j) * t->n + k];
    _Pragma("GCC unroll 8")
    for (size_t j = 0; j < SOME; j++)
      error[i + j] = (double)sum[j];
  }
  for (; i < t->blocks; i++) {
    real sum = 0;
    for (size_t k = 0; k < left; k++)
      sum += term[i * t->n + k];
    error[i] = (double)sum;
  }
}

/* A NaN stays. */
static real NAMED(greatest_of)(const real *term, size_t n)
{
  real most = term[0];
  for (size_t k = 1; k < n; k++)
    if (!(term[k] <= most) && !isnan(most)) most = term[k];
  return most;
}

static void NAMED(judge)(const ulp_judged *t, real *y, double *error)
{
  NAMED(terms)(y, t->x, t->blocks * t->n, t->judge == ULP_JUDGE_MSE);
  if (t->judge != ULP_JUDGE_MAX) {
    NAMED(sums)(t, y, error);
    return;
  }
  for (size_t i = 0; i < t->blocks; i++)
    error[i] = (double)NAMED(greatest_of)(y + i * t->n, t->n);
}
