/* SPDX-License-Identifier: MIT
 *
 * Orders without tensor cores, and integers, whose order does not show.
 */
#include "gemm_run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "blocks.h"
#include "exact.h"

/* ---- integers: modulo 2^32 ---------------------------------------------------- */

static int16_t *integers(const ulp_format *f, const void *array, size_t n)
{
  int16_t *out = malloc((n + 1) * sizeof *out);
  for (size_t i = 0; out && i < n; i++)
    out[i] = (int16_t)ulp_decode(f, ulp_load_code(f, array, i));
  return out;
}

static uint32_t dot_integer(const int16_t *a, const int16_t *b, size_t k)
{
  uint32_t sum = 0;
  for (size_t i = 0; i < k; i++)
    sum += (uint32_t)(a[i] * b[i]);
  return sum;
}

ulp_status ulp_gemm_integer(const ulp_gemm *g, const ulp_gemm_data *x,
                            size_t first_row, size_t rows)
{
  const char *from =
      (const char *)x->a + first_row * x->k * g->a.storage_bytes;
  int16_t *a = integers(&g->a, from, rows * x->k);
  int16_t *b = integers(&g->b, x->b, x->n * x->k);
  const uint32_t *c = x->c;
  uint32_t *d = x->d;
  ulp_status status = a && b ? ULP_OK : ULP_ENOMEM;
  for (size_t i = 0; status == ULP_OK && i < rows; i++)
    for (size_t j = 0; j < x->n; j++) {
      size_t at = (first_row + i) * x->n + j;
      d[at] = dot_integer(a + i * x->k, b + j * x->k, x->k) + (c ? c[at] : 0);
    }
  free(a);
  free(b);
  return status;
}

/* ---- f32 fused multiply-adds ----------------------------------------------------- */

static float *floats(const ulp_format *f, const void *array, size_t n)
{
  float *out = malloc((n + 1) * sizeof *out);
  for (size_t i = 0; out && i < n; i++)
    out[i] = (float)ulp_decode(f, ulp_load_code(f, array, i));
  return out;
}

static float dot_fma(const float *a, const float *b, size_t k, float y)
{
  for (size_t i = 0; i < k; i++)
    y = fmaf(a[i], b[i], y);
  return y;
}

/* Slices, added forward. */
static float dot_slices(const ulp_gemm *g, const float *a, const float *b,
                        size_t k, float c)
{
  size_t length = ulp_gemm_slice(g, k);
  float y = dot_fma(a, b, k < length ? k : length, c);
  if (length < k && g->reduce != ULP_REDUCE_F32)
    y = ulp_rounded(&g->out, y);
  for (size_t from = length; from < k; from += length) {
    size_t n = k - from < length ? k - from : length;
    float part = dot_fma(a + from, b + from, n, 0);
    y += g->reduce == ULP_REDUCE_F32 ? part : ulp_rounded(&g->out, part);
    if (g->reduce == ULP_REDUCE_16_SUMS)
      y = ulp_rounded(&g->out, y);
  }
  return y;
}

/* A vector by a matrix, a warp an output. */
static float dot_lanes(const ulp_gemm *g, const float *a, const float *b,
                       size_t k, float c)
{
  float y[32] = {0};
  (void)g;
  for (size_t i = 0; i < k; i++)
    y[i / 4 % 32] = fmaf(a[i], b[i], y[i / 4 % 32]);
  for (size_t half = 16; half > 0; half /= 2)
    for (size_t i = 0; i < half; i++)
      y[i] += y[i + half];
  return y[0] + c;
}

typedef float dot(const ulp_gemm *g, const float *a, const float *b, size_t k,
                  float c);

static ulp_status run(dot *d, const ulp_gemm *g, const ulp_gemm_data *x,
                      size_t first_row, size_t rows)
{
  const char *from =
      (const char *)x->a + first_row * x->k * g->a.storage_bytes;
  float *a = floats(&g->a, from, rows * x->k);
  float *b = floats(&g->b, x->b, x->n * x->k);
  ulp_status status = a && b ? ULP_OK : ULP_ENOMEM;
  for (size_t i = 0; status == ULP_OK && i < rows; i++)
    for (size_t j = 0; j < x->n; j++) {
      size_t row = first_row + i;
      float c = x->c ? ulp_load_c(x, row, j) : 0;
      float y = d(g, a + i * x->k, b + j * x->k, x->k, c);
      if (ulp_has_scales(x))
        y *= ulp_scale_a(x, row, 0) * ulp_scale_b(x, j, 0);
      ulp_store_code(&g->out, x->d, row * x->n + j,
                     ulp_float_code(&g->out, y));
    }
  free(a);
  free(b);
  return status;
}

ulp_status ulp_gemm_fma(const ulp_gemm *g, const ulp_gemm_data *x,
                        size_t first_row, size_t rows)
{
  return run(dot_slices, g, x, first_row, rows);
}

ulp_status ulp_gemm_lanes(const ulp_gemm *g, const ulp_gemm_data *x,
                          size_t first_row, size_t rows)
{
  return run(dot_lanes, g, x, first_row, rows);
}

/* ---- exact -------------------------------------------------------------------------- */

static uint64_t exact_code(const ulp_format *f, const ulp_sum *s)
{
  static const ulp_rounding rne = {.overflow = ULP_OVERFLOW_INF};
  ulp_exact value = ulp_sum_value(s);
  return value.cls == ULP_CLASS_NAN ? ulp_acc_nan(f)
                                    : ulp_round_pack(f, &value, &rne, 0);
}

static void sum_products(const ulp_gemm *g, const ulp_gemm_data *x, size_t i,
                         size_t j, ulp_sum *s)
{
  int factors = ulp_has_scales(x) ? 4 : 2;
  for (size_t k = 0; k < x->k; k++) {
    ulp_exact f[4];
    f[0] = ulp_unpack(&g->a, ulp_load_code(&g->a, x->a, i * x->k + k));
    f[1] = ulp_unpack(&g->b, ulp_load_code(&g->b, x->b, j * x->k + k));
    if (factors == 4) {
      f[2] = ulp_from_f32(ulp_scale_a(x, i, k));
      f[3] = ulp_from_f32(ulp_scale_b(x, j, k));
    }
    ulp_sum_add_product(s, f, factors);
  }
}

ulp_status ulp_gemm_exact(const ulp_gemm *g, const ulp_gemm_data *x,
                          size_t first_row, size_t rows)
{
  ulp_sum *s = malloc(sizeof *s);
  if (!s)
    return ULP_ENOMEM;
  for (size_t i = first_row; i < first_row + rows; i++)
    for (size_t j = 0; j < x->n; j++) {
      ulp_sum_clear(s);
      if (x->c) {
        ulp_exact c = ulp_from_f32(ulp_load_c(x, i, j));
        ulp_sum_add_product(s, &c, 1);
      }
      sum_products(g, x, i, j, s);
      ulp_store_code(&g->out, x->d, i * x->n + j, exact_code(&g->out, s));
    }
  free(s);
  return ULP_OK;
}
