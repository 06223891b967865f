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

/* A step of ulp_sum_order: the number of terms that are left. */
static size_t NAMED(neighbours)(real *term, size_t n, size_t step)
{
  size_t left = 0;
  for (size_t k = 0; k < n; k += step) {
    real sum = term[k];
    for (size_t j = k + 1; j < n && j < k + step; j++)
      sum += term[j];
    term[left++] = sum;
  }
  return left;
}

static size_t NAMED(folded)(real *term, size_t n, size_t step)
{
  for (size_t k = step; k < n; k += step) {
    const size_t some = n - k < step ? n - k : step;
#pragma omp simd
    for (size_t j = 0; j < some; j++)
      term[j] += term[k + j];
  }
  return n < step ? n : step;
}

static real NAMED(sum)(real *term, size_t n, const ulp_sum_order *order)
{
  for (int i = 0; i < order->count; i++) {
    const size_t step = (size_t)order->step[i].n;
    n = order->step[i].neighbours ? NAMED(neighbours)(term, n, step)
                                  : NAMED(folded)(term, n, step);
  }
  real sum = term[0];
  for (size_t k = 1; k < n; k++)
    sum += term[k];
  return sum;
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
  for (size_t i = 0; i < t->blocks; i++, y += t->n)
    error[i] = (double)(t->judge == ULP_JUDGE_MAX
                            ? NAMED(greatest_of)(y, t->n)
                            : NAMED(sum)(y, t->n, t->order));
}
