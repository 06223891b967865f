/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The loops of batch_loops.h in C: batch_loops*.c include it, after look_up_16
 * (n values of rows of 16), to be compiled for their machines.  Nothing here
 * is fused (-ffp-contract=off).
 */
#include <math.h>
#include <string.h>

#include "batch_loops.h"
#include "formula_steps.h"

/* ---- what is scaled here ------------------------------------------------ */

/* As ulp_round_in. */
static inline float bf16_of(float x)
{
  uint32_t u, rounded;
  memcpy(&u, &x, sizeof u);
  rounded = (u + 0x7fff + (u >> 16 & 1)) & UINT32_C(0xffff0000);
  u = (u & INT32_MAX) < UINT32_C(0x7f800000) ? rounded : u;
  memcpy(&x, &u, sizeof x);
  return x;
}

static void times_f64(double *restrict y, const float *restrict x, size_t n,
                      double factor)
{
#pragma omp simd
  for (size_t i = 0; i < n; i++)
    y[i] = (double)x[i] * factor;
}

static void divide_f64(double *restrict y, const float *restrict x, size_t n,
                       double factor)
{
#pragma omp simd
  for (size_t i = 0; i < n; i++)
    y[i] = (double)x[i] / factor;
}

static void times_bf16(float *restrict y, const float *restrict x, size_t n,
                       float factor)
{
#pragma omp simd
  for (size_t i = 0; i < n; i++)
    y[i] = bf16_of(x[i] * factor);
}

static void divide_bf16(float *restrict y, const float *restrict x, size_t n,
                        float factor)
{
#pragma omp simd
  for (size_t i = 0; i < n; i++)
    y[i] = bf16_of(x[i] / factor);
}

static void scale_f64(const ulp_quantizer *q, double *y, const float *x,
                      size_t n, double factor, double zero)
{
  const bool bare = q->bare_zero, after = q->zero_after;
  if (q->divide)
    divide_f64(y, x, n, factor);
  else
    times_f64(y, x, n, factor);
#pragma omp simd
  for (size_t i = 0; i < (bare ? n : 0); i++)
    y[i] = (float)y[i] == 0 ? 0 : y[i];
  if (!q->zero.count) return;
#pragma omp simd
  for (size_t i = 0; i < n; i++)
    y[i] = (after ? ulp_whole(y[i]) : y[i]) + zero;
}

/* Sums and products of two f32 in f64, rounded to f32, are those in f32. */
static void scale_bf16(const ulp_quantizer *q, float *y, const float *x,
                       size_t n, float factor, float zero)
{
  const bool bare = q->bare_zero, after = q->zero_after;
  if (q->divide)
    divide_bf16(y, x, n, factor);
  else
    times_bf16(y, x, n, factor);
#pragma omp simd
  for (size_t i = 0; i < (bare ? n : 0); i++)
    y[i] = y[i] == 0 ? 0 : y[i];
  if (!q->zero.count) return;
#pragma omp simd
  for (size_t i = 0; i < n; i++)
    y[i] = after ? (float)ulp_whole((double)y[i]) + zero
                 : bf16_of(y[i] + zero);
}

static void round_bf16(float *y, size_t n)
{
#pragma omp simd
  for (size_t i = 0; i < n; i++)
    y[i] = bf16_of(y[i]);
}

/* ---- values by row ------------------------------------------------------ */

static void look_up(float *y, const float *const *row, unsigned mask,
                    const uint8_t *code, size_t blocks, size_t n)
{
  for (size_t i = 0; i < blocks; i++, y += n, code += n)
    if (mask == 15)
      look_up_16(y, row[i], code, n);
    else
      for (size_t k = 0; k < n; k++)
        y[k] = row[i][code[k] & mask];
}

/* ---- errors ------------------------------------------------------------- */

#define real double
#define NAMED(name) name##_f64
#include "judge_body.h"
#undef real
#undef NAMED

#define real float
#define NAMED(name) name##_f32
#include "judge_body.h"
#undef real
#undef NAMED

static void errors_f64(const ulp_judged *t, double *error)
{
  values_f64(t, t->term);
  judge_f64(t, t->term, error);
}

static void errors_f32(const ulp_judged *t, double *error)
{
  float *y = (float *)(void *)t->term;
  if (t->row)
    look_up(y, t->row, t->mask, t->code, t->blocks, t->n);
  else
    values_f32(t, y);
  judge_f32(t, y, error);
}

/* A form's table. */
#define BATCH_LOOPS_TABLE \
  {errors_f32, errors_f64, look_up, scale_f64, scale_bf16, round_bf16}
