/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Errors of a batch of blocks and their sums, in `real` numbers: included by
 * batch_choose.c for double and for float, with names of their own.  A float
 * is what a double is rounded to in f32 arithmetic, as in formula_lanes.h.
 *
 * Term k of block i is term[k * blocks + i].
 */

/* The errors of a block, as error_of in quantize_choose.c has them. */
static void NAMED(terms)(real *term, size_t blocks, const code_values *v,
                         const uint8_t *code, const float *x, size_t n,
                         bool squares)
{
  for (size_t k = 0; k < n; k++) {
    real y = v->row ? (real)v->row[code[k] & v->mask]
                    : (real)((v->value[code[k]] - v->zero) * v->step);
    real e = (real)fabs((double)(y - (real)x[k]));
    term[k * blocks] = squares ? e * e : e;
  }
}

/* x += y */
static void NAMED(add)(real *x, const real *y, size_t n)
{
#pragma omp simd
  for (size_t i = 0; i < n; i++)
    x[i] += y[i];
}

/* A step of ulp_sum_order: the number of terms that are left. */
static size_t NAMED(shorten)(real *term, size_t blocks, size_t n,
                             bool neighbours, size_t step)
{
  size_t left = neighbours ? (n + step - 1) / step : n < step ? n : step;
  for (size_t k = 0; k < n; k++) {
    real *to = term + (neighbours ? k / step : k % step) * blocks;
    bool first = neighbours ? k % step == 0 : k < step;
    if (!first)
      NAMED(add)(to, term + k * blocks, blocks);
    else if (to != term + k * blocks)
      memcpy(to, term + k * blocks, blocks * sizeof *to);
  }
  return left;
}

static void NAMED(sum)(real *term, size_t blocks, size_t n,
                       const ulp_sum_order *order)
{
  for (int i = 0; i < order->count; i++)
    n = NAMED(shorten)(term, blocks, n, order->step[i].neighbours,
                       (size_t)order->step[i].n);
  (void)NAMED(shorten)(term, blocks, n, false, 1);
}

/* A NaN stays. */
static void NAMED(greatest_term)(real *term, size_t blocks, size_t n)
{
  for (size_t k = 1; k < n; k++)
    for (size_t i = 0; i < blocks; i++) {
      real e = term[k * blocks + i];
      if (!(e <= term[i]) && !isnan(term[i])) term[i] = e;
    }
}

static void NAMED(errors)(ulp_batch_work *w, const ulp_batch_setting *s,
                          const ulp_formula *value, ulp_judge judge,
                          double error[ULP_FORMULA_LANES])
{
  real *term = (real *)(void *)w->t->terms;
  double step[ULP_FORMULA_LANES];
  find_steps(w, s, value, step);
  for (size_t i = 0; i < w->blocks; i++) {
    code_values v = values_of(w, s, value, step[i], i);
    NAMED(terms)(term + i, w->blocks, &v, w->t->tried + i * w->n,
                 w->task->x + i * w->n, w->n, judge == ULP_JUDGE_MSE);
  }
  if (judge == ULP_JUDGE_MAX)
    NAMED(greatest_term)(term, w->blocks, w->n);
  else
    NAMED(sum)(term, w->blocks, w->n, &w->t->q->sum);
  for (size_t i = 0; i < w->blocks; i++)
    error[i] = (double)term[i];
}
