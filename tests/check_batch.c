/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Batches of blocks against one block and one element after the other: every
 * quantizer of the table and others.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "batch_compare.h"
#include "quantizer_internal.h"

static ulp_quantizer find(const char *spec)
{
  ulp_quantizer q;
  ulp_error e;
  if (ulp_quantizer_find(spec, &q, &e) != ULP_OK)
    ck_abort_msg("%s: %s", spec, e.text);
  return q;
}

/* Every other spec from `first` on. */
static void compare_half(const char *const *specs, size_t count, size_t first,
                         size_t every)
{
  for (size_t i = first; i < count; i += 2) {
    ulp_quantizer q = find(specs[i]);
    batch_compare(&q, i, every);
  }
}

START_TEST(rows)
{
  for (size_t i = (size_t)_i; i < ulp_quantizer_count(); i += 4) {
    const ulp_quantizer_row *r = ulp_quantizer_row_at(i);
    char spec[120];
    (void)snprintf(spec, sizeof spec, "%s%s%s", r->name,
                   *r->profile ? "@" : "", r->profile);
    ulp_quantizer q = find(spec);
    batch_compare(&q, i, 4);
  }
}
END_TEST

/* Every mode; scales and factors of other kinds. */
START_TEST(others)
{
  static const char *const specs[] = {
      "mxfp8@ocp", "mxfp4@ocp", "nvfp4@paper", "mxfp8@torchao-rceil",
      "e4m3/g=group:32", "e3m2/g=group:16/scale=bf16",
      "int8/g=channel", "int4/g=group:32/scale=f16",
      "e4m3/g=group:32/arithmetic=f32", "e2m1/g=token/arithmetic=bf16",
      "f16/g=group:64", "bf16/g=group:32/scale=e8m0/rule=floor",
      "e5m2/g=group:48/scale=e5m3/apply=times/factor=1 / s",
      "e4m3/g=tile:4x32", "e2m3/g=block:40/scale=e4m3/arithmetic=f32",
      "e8m7b128/g=group:32/rule=floor/scale=e8m0", "e4m3/g=tensor",
      "e2m1/g=group:32/zero-sign=drop", "mxint8@ocp", "e4m3fnuz/g=token",
      "e2m1/g=group:32/scale=e8m0/rule=rceil/scale-round=ru",
      "nf4/g=group:64", "int8/rule=minmax/g=group:32",
      "int8-affine@torchao", "uint8-affine@pytorch/g=group:24",
      "int4-affine@compressed-tensors/g=group:32", "int4@torchao",
      "e5m2/g=group:32/scale=e8m0/raw=2^-120/special=ieee"};
  static const char *const modes[] = {"rne", "rna", "rnz", "rtz", "ru",
                                      "rd",  "odd", "sr",  "sr/sr-bits=7"};
  for (size_t i = 0; i < sizeof specs / sizeof *specs; i++)
    for (size_t m = 0; m < 9; m++) {
      char spec[160];
      (void)snprintf(spec, sizeof spec, "%s/round=%s", specs[i], modes[m]);
      if (m == 7 && i % 2) strcat(spec, "/overflow=ieee");
      ulp_quantizer q = find(spec);
      if (m % 3 == (size_t)_i) batch_compare(&q, i + m, 4);
    }
}
END_TEST

/* Choices between scales, blocks of several lines and of columns, arithmetic
 * that kernels do not have. */
START_TEST(choices)
{
#define NEAR \
  "/arithmetic=f32/raw=a * 0.0022321429/second=a * 0.0022321431/judge=mae"
  static const char *const specs[] = {
      "nvfp4@fouroversix/judge=mae", "nvfp4@fouroversix/judge=max/sum=x3,5",
      "nvfp4@fouroversix/g=tile:16x16/sum=32,8",
      "nvfp4@fouroversix/round=sr", "nvfp4@fouroversix/scale=f32/sum=x4,x2,3",
      "nvfp4@te-4over6/judge=mse/sum=4", "nvfp4@te-4over6/g=group:16/axis=0",
      "e4m3/g=group:32/second=a * 0.003", "mxfp4@ocp/rule=mse:9",
      "int4/rule=mse:5/g=group:24", "e3m2/rule=mae:7/g=tile:4x9/arithmetic=f32",
      "int4-affine@torchao/second=(hi - lo) * 0.04/sum=x2",
      "int4/rule=minmax/g=group:32/second=(hi - lo) * 0.05/judge=max",
      "mxfp8@ocp/rule=mse:4/round=sr/g=tile:3x32",
      "nvfp4@te-4over6/judge=max",
      /* The order of the sum decides. */
      "e4m3/g=token" NEAR, "e4m3/g=group:32" NEAR "/sum=8",
      "e4m3/g=group:24" NEAR "/sum=x3,5", "e4m3/g=tensor" NEAR "/sum=x2"};
  compare_half(specs, sizeof specs / sizeof *specs, (size_t)_i, 2);
}
END_TEST

START_TEST(lines)
{
  static const char *const specs[] = {
      "fp8-block@deepseek/g=tile:128x128", "fp8-block@te/g=tile:16x40",
      "nvfp4@te/g=tile:16x16", "mxfp8@te/g=group:32/axis=0",
      "int8/g=channel/axis=1", "int4-affine@torchao/g=group:16/axis=0",
      "mxfp8/round=sr/g=tile:8x16", "e4m3/round=sr/g=token/axis=0",
      "bf16/g=tile:5x7", "e2m1/g=tile:64x1/arithmetic=bf16",
      "fp8-block@deepgemm/g=tile:128x1", "int8/rule=minmax/g=channel/axis=1",
      "fp8-channel@compressed-tensors/axis=1", "int4/g=group:5/axis=-2",
      "nvfp4@fouroversix-static6/g=tile:2x16"};
  compare_half(specs, sizeof specs / sizeof *specs, (size_t)_i, 1);
}
END_TEST

START_TEST(arithmetic)
{
  static const char *const specs[] = {
      "e2m1/g=group:32/arithmetic=bf16/scale=e4m3",
      "int8/rule=minmax/g=tensor/arithmetic=bf16",
      "int8/rule=minmax/g=group:32/arithmetic=bf16/zero-point=after",
      "e4m3/g=tensor/arithmetic=bf16/zero-sign=drop/round=sr",
      "int8/rule=minmax/g=tensor", "int4/rule=minmax/g=group:32/round=sr",
      "uint8/rule=minmax/g=token/zero-point=after/round=rna",
      "e4m3/g=token/zero-sign=drop", "int8@bitsandbytes/g=group:32",
      "e4m3/g=group:16/arithmetic=f32/subnormals=flush",
      "e5m2/g=token/arithmetic=f32/subnormals=flush/scale=e8m0/rule=floor",
      "e4m3/g=group:32/arithmetic=f32/outlier=1.5",
      "e4m3/g=token/rule=percentile:90", "int8/rule=percentile:99/g=group:40",
      "e2m1/g=group:32/ties=f32-low/arithmetic=f32",
      "e4m3/g=group:32/ties=f32-low/arithmetic=bf16",
      "mxfp8/scale-round=sr", "e4m3/g=group:32/scale=e5m3/scale-round=sr",
      "e4m3/g=group:32/scale=float64", "e2m1/g=token/decode=q * s + 1",
      "int8/g=group:32/arithmetic=f32/zero=hi * 30000000",
      "int4-affine@torchao/decode=q * s * 1.25",
      "int4-affine@torchao/scale=e4m3/decode=q * s * 1.25",
      "e4m3/g=group:32/arithmetic=f32/outlier=1.5/rule=percentile:90",
      "e4m3/g=group:32/arithmetic=f32/outlier=1.5/second=a * 0.003",
      "e4m3/g=group:32/arithmetic=f32/subnormals=flush/rule=mse:3"};
  compare_half(specs, sizeof specs / sizeof *specs, (size_t)_i, 2);
}
END_TEST

/* Codebooks, and thresholds of any kind. */
START_TEST(steps)
{
  static const char *const specs[] = {
      "nf4/g=group:64/round=rtz", "nf4/g=group:64/scale=e8m0/rule=floor",
      "nf4@bitsandbytes/g=group:24", "nf4@bitsandbytes-cpu/g=group:40",
      "bnb-fp4@bitsandbytes", "bnb-fp4@bitsandbytes-cpu/g=tile:3x20",
      "bnb-fp4@bitsandbytes/raw=a * 2^100", "bnb_fp4/round=ru/g=token",
      "bnb-fp4@bitsandbytes/raw=2^126/ties=mode",
      "dynamic8@bitsandbytes", "dynamic8u@bitsandbytes/g=group:100",
      "dynamic8@bitsandbytes-cpu", "dynamic8u@bitsandbytes-cpu/g=group:33",
      "bnb_dynamic8/g=group:64/arithmetic=f32/round=odd",
      "bnb_dynamic8/g=group:64/arithmetic=bf16", "nf4/arithmetic=bf16/g=token",
      "bnb_dynamic8/ties=f32-even/g=group:64",
      "e2m1/g=group:32/ties=f32-low", "e5m2/g=group:32/ties=f32-low",
      "e2m1/g=group:32/ties=f32-low/round=sr", "nf4/ties=f32-down/g=group:16",
      "nf4/g=group:64/rule=mse:5", "nf4/g=group:64/round=sr",
      "nf4@bitsandbytes/ties=mode/round=sr",
      "bnb_dynamic8/arithmetic=f32/g=group:64/round=sr/sr-bits=9",
      "bnb_fp4/arithmetic=bf16/g=tile:4x16/round=sr"};
  compare_half(specs, sizeof specs / sizeof *specs, (size_t)_i, 2);
}
END_TEST

/* Scales and zero points that are given. */
START_TEST(given)
{
  static const char *const specs[] = {
      "mxfp8@ocp", "int4-affine@torchao", "nvfp4@te", "fp8-block@te",
      "int8/rule=minmax/g=channel/axis=1", "nf4/g=group:64",
      "e4m3/g=tile:16x16/round=sr", "int8@bitsandbytes",
      "e4m3/g=group:32/arithmetic=f32/scale=float64"};
  for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
    ulp_quantizer q = find(specs[i]);
    q.fixed = true;
    batch_compare(&q, i, 2);
  }
}
END_TEST

static int by_value(const void *a, const void *b)
{
  double m = *(const double *)a, n = *(const double *)b;
  return (m > n) - (m < n);
}

/* Against sorting: equal numbers, zeros, subnormals; infinities and NaNs, which
 * do not count. */
START_TEST(percentiles_sort)
{
  static const float odd[] = {0, -0.0F, 0x1p-140F, INFINITY, -INFINITY, NAN};
  enum { N = 300 };
  static double sorted[N];
  static float x[N];
  ulp_pcg32 g = ulp_pcg32_seed(1, 2);
  for (size_t n = 1; n <= N; n += n < 10 ? 1 : 29) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
      x[i] = (float)(int32_t)ulp_pcg32_next(&g);
      if (i % 5 == 4) x[i] = odd[i / 5 % 6];
      if (i % 7 == 3) x[i] = x[i / 2];
      if (isfinite(x[i])) sorted[count++] = fabs((double)x[i]);
    }
    qsort(sorted, count, sizeof *sorted, by_value);
    for (double p = 0.5; p < 100; p += 8.3) {
      double at = p / 100 * (double)(count - 1);
      size_t i = (size_t)at, next = i + 1 < count ? i + 1 : i;
      double want =
          sorted[i] + (at - (double)i) * (sorted[next] - sorted[i]);
      ck_assert_double_eq(ulp_block_percentile(x, n, p),
                          want > 0 ? want : sorted[count - 1]);
    }
  }
}
END_TEST

/* Products that are about 2^-126, where flushing looks at what they are before
 * they are rounded. */
START_TEST(least_normal)
{
  enum { BLOCKS = 64, CODES = 256, N = BLOCKS * CODES };
  static unsigned char codes[N];
  static float y[N], want[N], scales[BLOCKS];
  ulp_quantizer q =
      find("e4m3/g=group:256/arithmetic=f32/subnormals=flush");
  const int64_t shape[] = {BLOCKS, CODES};
  const ulp_quantized in = {codes, scales, NULL};
  ulp_blocks b;
  ulp_error e;
  ck_assert(ulp_blocks_make(&b, &q.granularity, q.axis, 2, shape, &e) ==
            ULP_OK);
  for (size_t i = 0; i < N; i++)
    codes[i] = (unsigned char)i;
  for (int i = 0; i < BLOCKS; i++) { /* for significands from 8/8 to 15/8 */
    scales[i] = 0x1p-123F / (float)(8 + i / 8);
    for (int k = 0; k < i % 8; k++)
      scales[i] = nextafterf(scales[i], 0);
  }
  ulp_dequantize_each(&q, &b, want, &in, 1);
  ulp_dequantize_blocks(&q, &b, y, &in, 1, 0, BLOCKS);
  for (size_t i = 0; i < N; i++)
    if (memcmp(&y[i], &want[i], sizeof *y) != 0)
      ck_abort_msg("block %zu, code 0x%x: %a, expected %a", i / CODES,
                   codes[i], (double)y[i], (double)want[i]);
}
END_TEST

/* No array for the scales. */
START_TEST(no_scales)
{
  enum { N = 40 * 96 };
  static float x[N];
  static unsigned char want[N], codes[N], scales[N];
  ulp_quantizer q = find("mxfp8@ocp/round=sr");
  const int64_t shape[] = {40, 96};
  ulp_blocks b;
  ulp_error e;
  ulp_quantized whole = {want, scales, NULL}, none = {codes, NULL, NULL};
  for (int i = 0; i < N; i++)
    x[i] = (float)(i * 37 % 1001) - 500;
  ck_assert(ulp_blocks_make(&b, &q.granularity, q.axis, 2, shape, &e) ==
            ULP_OK);
  ck_assert(ulp_quantize_blocks(&q, &b, &whole, x, 0, 1, 0, b.blocks, 9) ==
            ULP_OK);
  ck_assert(ulp_quantize_blocks(&q, &b, &none, x, 0, 1, 0, b.blocks, 9) ==
            ULP_OK);
  ck_assert_mem_eq(codes, want, N);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("batch");
  TCase *t = tcase_create("batch");
  tcase_set_timeout(t, 0);
  tcase_add_loop_test(t, rows, 0, 4);
  tcase_add_loop_test(t, others, 0, 3);
  tcase_add_loop_test(t, choices, 0, 2);
  tcase_add_loop_test(t, lines, 0, 2);
  tcase_add_loop_test(t, arithmetic, 0, 2);
  tcase_add_loop_test(t, steps, 0, 2);
  tcase_add_test(t, given);
  tcase_add_test(t, percentiles_sort);
  tcase_add_test(t, least_normal);
  tcase_add_test(t, no_scales);
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_ENV);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed == 0 ? 0 : 1;
}
