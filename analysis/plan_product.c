/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Activations times a matrix of a plan: sums in f64 or f32, or in the order of
 * a kernel.
 */
#include <stdlib.h>
#include <string.h>

#include "lanes.h"
#include "llama_internal.h"
#include "plan_internal.h"

static void finish(const ulp_numbers *at, double *y, size_t n, uint64_t index)
{
  bool done = at->product == ULP_SUM_F32 && ulp_step_is_f32(&at->step);
  if (!done)
    ulp_step_round_array(&at->step, y, y, n, index);
  ulp_step_round_array(&at->out, y, y, n, index);
}

/* ---- activations -------------------------------------------------------- */

static bool is_kernel(const ulp_matrix *w) { return w->codes != NULL; }

bool ulp_operand_suits(const ulp_matrix *a, const ulp_matrix *b)
{
  return a->k == b->k && a->at->inputs == b->at->inputs &&
         is_kernel(a) == is_kernel(b) && a->direct == b->direct &&
         a->scaled == b->scaled &&
         (!is_kernel(a) || a->scaled ||
          strcmp(a->gemm.a.name, b->gemm.a.name) == 0);
}

/* What a kernel takes of x in f32. */
static ulp_status code_operand(ulp_operand *a, const ulp_matrix *w, float *x,
                               size_t m, uint64_t index, int threads,
                               ulp_error *e)
{
  const int64_t shape[] = {(int64_t)m, (int64_t)w->k};
  const ulp_plan_setting *inputs = w->at->inputs;
  ulp_status s = ULP_OK;
  if (w->direct || w->scaled) {
    s = ulp_coded_make(&a->c, inputs->quantizer, x, m, w->k, index, threads, e);
    if (s == ULP_OK && w->direct &&
        !(a->scales = ulp_coded_factors(&a->c, inputs->quantizer)))
      s = ulp_error_set(e, ULP_ENOMEM, "out of memory");
    return s;
  }
  if (inputs)
    s = ulp_quantizer_values(inputs->quantizer, 2, shape, x, x, index, e);
  if (s == ULP_OK && is_kernel(w) &&
      !(a->codes = ulp_codes_in_type(&w->gemm.a, x, m * w->k)))
    s = ulp_error_set(e, ULP_ENOMEM, "out of memory");
  return s;
}

ulp_status ulp_operand_make(ulp_operand *a, const ulp_matrix *w,
                            const double *x, size_t m, uint64_t token,
                            int threads, ulp_error *e)
{
  size_t count = m * w->k;
  *a = (ulp_operand){.wide = x};
  if (!is_kernel(w) && !w->at->inputs)
    return ULP_OK;
  float *narrow = malloc((count + 1) * sizeof *narrow);
  if (!narrow)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_lanes_now()->narrow(narrow, x, count);
  ulp_status s = code_operand(a, w, narrow, m, token * w->k, threads, e);
  if (s == ULP_OK && !is_kernel(w)) {
    a->wide = a->own = malloc((count + 1) * sizeof *a->own);
    if (a->own)
      ulp_lanes_now()->widen(a->own, narrow, count);
    else
      s = ulp_error_set(e, ULP_ENOMEM, "out of memory");
  }
  free(narrow);
  return s;
}

void ulp_operand_free(ulp_operand *a)
{
  ulp_coded_free(&a->c);
  free(a->scales);
  free(a->codes);
  free(a->own);
}

/* ---- kernels ------------------------------------------------------------ */

/* Columns first .. first+count-1 of D into y, by a D of their own. */

/* 32-bit sums times the scales in f32, (d sb) sa: the order of the epilogue of
 * vLLM's CUTLASS kernels (csrc/cutlass_extensions/epilogue, ScaledEpilogue). */
static void scale_integers(const ulp_matrix *w, const ulp_operand *a, double *y,
                           const int32_t *d, size_t m, size_t first,
                           size_t count)
{
  for (size_t i = 0; i < m; i++) {
    float sa = a->scales[w->kind_a == ULP_SCALES_ROWS ? i : 0];
    for (size_t j = 0; j < count; j++) {
      float sb = w->scales[w->kind_b == ULP_SCALES_ROWS ? first + j : 0];
      y[i * w->n + first + j] = (double)((float)d[i * count + j] * sb * sa);
    }
  }
}

static ulp_status order_columns(const ulp_matrix *w, const ulp_operand *a,
                                double *y, size_t m, size_t first,
                                size_t count, void *d)
{
  size_t blocks = (w->k + ULP_SCALES_BLOCK - 1) / ULP_SCALES_BLOCK;
  ulp_gemm_data data = {
      .m = m, .n = count, .k = w->k, .d = d,
      .a = w->direct ? a->c.at.codes : a->codes,
      .b = (const char *)w->codes + first * w->k * w->gemm.b.storage_bytes};
  if (w->direct && !ulp_matrix_is_integer(w)) {
    data.kind_a = w->kind_a;
    data.kind_b = w->kind_b;
    data.scale_a = a->scales;
    data.scale_b =
        w->scales + (w->kind_b == ULP_SCALES_ONE ? 0
                     : w->kind_b == ULP_SCALES_ROWS ? first
                     : w->kind_b == ULP_SCALES_1X128
                         ? first * blocks
                         : first / ULP_SCALES_BLOCK * blocks);
  }
  ulp_status s = ulp_gemm_run(&w->gemm, &data, 0, m);
  if (s != ULP_OK)
    return s;
  if (ulp_matrix_is_integer(w)) {
    scale_integers(w, a, y, d, m, first, count);
    return ULP_OK;
  }
  for (size_t i = 0; i < m; i++)
    ulp_decode_array(&w->gemm.out, y + i * w->n + first,
                     (const char *)d + i * count * w->gemm.out.storage_bytes,
                     count, 1);
  return ULP_OK;
}

/* D of the instructions times what the scales lack, in f32. */
static ulp_status scaled_columns(const ulp_matrix *w, const ulp_operand *a,
                                 double *y, size_t m, size_t first,
                                 size_t count, float *d)
{
  float rest = a->c.global * w->global;
  ulp_scaled_data data = {.mma = &w->mma, .m = m, .n = w->n, .k = w->k,
                          .a = a->c.at.codes, .b = w->codes,
                          .sa = a->c.at.scales, .sb = w->scale_codes, .d = d};
  ulp_status s = ulp_scaled_run(&data, first, count);
  for (size_t i = 0; s == ULP_OK && i < m; i++)
    for (size_t j = 0; j < count; j++)
      y[i * w->n + first + j] = (double)(d[i * count + j] * rest);
  return s;
}

/* Of each thread: columns in whole blocks of scales. */
static size_t share(size_t n, int threads)
{
  size_t each = (n + (size_t)threads - 1) / (size_t)threads;
  return (each + ULP_SCALES_BLOCK - 1) / ULP_SCALES_BLOCK * ULP_SCALES_BLOCK;
}

static ulp_status by_kernel(const ulp_matrix *w, const ulp_operand *a,
                            double *y, size_t m, int threads)
{
  ulp_status status = ULP_OK;
  size_t each = share(w->n, threads > 1 ? threads : 1);
#ifdef _OPENMP
#pragma omp parallel for num_threads(threads)                                  \
    if (threads > 1 && m * w->n * w->k > 1 << 16)
#endif
  for (size_t first = 0; first < w->n; first += each) {
    size_t count = w->n - first < each ? w->n - first : each;
    float *d = malloc((m * count + 1) * sizeof *d);
    ulp_status s = !d ? ULP_ENOMEM
                   : w->scaled
                       ? scaled_columns(w, a, y, m, first, count, d)
                       : order_columns(w, a, y, m, first, count, d);
    free(d);
    if (s != ULP_OK) {
#ifdef _OPENMP
#pragma omp atomic write
#endif
      status = s;
    }
  }
  return status;
}

/* ---- products ----------------------------------------------------------- */

ulp_status ulp_matrix_multiply_by(const ulp_matrix *w, double *y,
                                  const ulp_operand *a, size_t m,
                                  uint64_t token, int threads, ulp_error *e)
{
  ulp_status s =
      is_kernel(w)
          ? by_kernel(w, a, y, m, threads)
          : ulp_linear(y, a->wide, w->panels, m, w->n, w->k,
                       w->at->product == ULP_SUM_F32, threads);
  if (s != ULP_OK)
    return ulp_error_set(e, s, "%s", ulp_strerror(s));
  finish(w->at, y, m * w->n, token * w->n);
  return s;
}

ulp_status ulp_matrix_multiply(const ulp_matrix *w, double *y, const double *x,
                               size_t m, uint64_t token, int threads,
                               ulp_error *e)
{
  ulp_operand a;
  ulp_status s = ulp_operand_make(&a, w, x, m, token, threads, e);
  if (s == ULP_OK)
    s = ulp_matrix_multiply_by(w, y, &a, m, token, threads, e);
  ulp_operand_free(&a);
  return s;
}
