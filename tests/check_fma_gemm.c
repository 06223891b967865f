/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Products of fused multiply-adds against libm's fmaf, k ascending: every ISA
 * that is here, all small shapes, strides, and shapes that cross blocks.
 */
#include <check.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fma_gemm.h"
#include "isa.h"

enum { M = 70, N = 70, K = 300, PAD = 3, COLUMNS = ULP_FMA_COLUMNS };

static float x[M * (K + PAD)], w[N * K], y[M * (N + PAD)], want[M * (N + PAD)];

/* Exponents near 0, or anywhere: sums that cancel, subnormals, Inf and NaN. */
static float random_float(ulp_pcg32 *g, bool wild)
{
  uint32_t bits = ulp_pcg32_next(g);
  if (!wild)
    bits = (bits & 0x807fffff) | (120 + (bits >> 23) % 12) << 23;
  else if (bits % 3)
    bits = (bits & 0x807fffff) | ((bits >> 23) % 70 + 30) << 23;
  float f;
  memcpy(&f, &bits, sizeof f);
  return f;
}

static void fill(float *a, size_t n, ulp_pcg32 *g, bool wild)
{
  for (size_t i = 0; i < n; i++)
    a[i] = random_float(g, wild);
}

static bool same(float p, float q)
{
  return (isnan(p) && isnan(q)) || memcmp(&p, &q, sizeof p) == 0;
}

static void check_shape(size_t m, size_t n, size_t k, ulp_pcg32 *g, bool wild)
{
  size_t ldx = k + PAD, ldy = n + PAD;
  float *panels = malloc((ulp_fma_panels_size(n, k) + 1) * sizeof *panels);
  ck_assert_ptr_nonnull(panels);
  fill(x, m * ldx, g, wild);
  fill(w, n * k, g, wild);
  fill(y, m * ldy, g, wild);
  memcpy(want, y, sizeof y);
  for (size_t i = 0; i < m; i++)
    for (size_t j = 0; j < n; j++)
      for (size_t l = 0; l < k; l++)
        want[i * ldy + j] =
            fmaf(x[i * ldx + l], w[j * k + l], want[i * ldy + j]);
  ulp_fma_pack(panels, w, n, k);
  /* In two steps of K, as slices take it. */
  size_t half = k / 3;
  ulp_fma_job job = {.y = y, .x = x, .panels = panels, .y_stride = ldy,
                     .x_stride = ldx, .panel_stride = k * COLUMNS,
                     .m = m, .n = n, .k = half};
  ulp_fma_run(&job);
  job.x += half;
  job.panels += half * COLUMNS;
  job.k = k - half;
  ulp_fma_run(&job);
  for (size_t i = 0; i < m * ldy; i++)
    ck_assert_msg(same(y[i], want[i]), "%zu x %zu x %zu, %zu: %a, not %a", m,
                  n, k, i, (double)y[i], (double)want[i]);
  free(panels);
}

static bool use(int isa)
{
  return ulp_isa_has((ulp_isa)isa) && ulp_isa_set((ulp_isa)isa) == ULP_OK;
}

START_TEST(shapes)
{
  ulp_pcg32 g = ulp_pcg32_seed(7, (uint64_t)_i);
  if (!use(_i))
    return;
  for (size_t n = 1; n <= 40; n++)
    for (size_t m = 1; m <= 17; m++)
      check_shape(m, n, 1 + (m * n) % 19, &g, (m + n) % 2);
  for (size_t i = 1; i <= 70; i++)
    check_shape(i, 71 - i, i, &g, i % 2);
}
END_TEST

/* More rows and longer K than a block holds. */
START_TEST(blocks)
{
  ulp_pcg32 g = ulp_pcg32_seed(8, (uint64_t)_i);
  if (!use(_i))
    return;
  check_shape(70, 33, 300, &g, false);
  check_shape(70, 70, 300, &g, true);
}
END_TEST

/* One row, longer than the packed copy of x: 16384. */
START_TEST(long_row)
{
  enum { LONG = 20000, FEW = 17 };
  ulp_pcg32 g = ulp_pcg32_seed(9, (uint64_t)_i);
  if (!use(_i))
    return;
  float *a = malloc(LONG * sizeof *a), *b = malloc(FEW * LONG * sizeof *b);
  float *panels = malloc(ulp_fma_panels_size(FEW, LONG) * sizeof *panels);
  float out[FEW];
  ck_assert(a && b && panels);
  fill(a, LONG, &g, false);
  fill(b, (size_t)FEW * LONG, &g, false);
  ulp_fma_pack(panels, b, FEW, LONG);
  ulp_fma_rows(out, a, panels, 1, FEW, LONG);
  for (size_t j = 0; j < FEW; j++) {
    float sum = 0;
    for (size_t l = 0; l < LONG; l++)
      sum = fmaf(a[l], b[j * LONG + l], sum);
    ck_assert(same(out[j], sum));
  }
  free(a);
  free(b);
  free(panels);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("fma_gemm");
  TCase *t = tcase_create("fma_gemm");
  tcase_set_timeout(t, 300);
  tcase_add_loop_test(t, shapes, 0, 3);
  tcase_add_loop_test(t, blocks, 0, 3);
  tcase_add_loop_test(t, long_row, 0, 3);
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed != 0;
}
