/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Whole products where a small thing shows: the sign of a zero, where C
 * joins when K is cut, roundings that must not happen twice, and borrows of
 * the exact sum.
 */
#include <check.h>
#include <math.h>
#include <string.h>

#include "exact.h"
#include "gemm.h"

static ulp_gemm find(const char *kernel, const char *type,
                     const ulp_gemm_options *more)
{
  ulp_gemm g;
  char why[300];
  ulp_gemm_options options = *more;
  options.type_a = options.type_b = type;
  ck_assert_msg(ulp_gemm_find("h200", kernel, &options, &g, why,
                              sizeof why) == ULP_OK,
                "%s", why);
  return g;
}

static uint32_t run_one(const ulp_gemm *g, ulp_gemm_data *x)
{
  uint32_t d = 0xdeadbeef;
  x->m = x->n = 1;
  x->d = &d;
  ck_assert(ulp_gemm_run(g, x, 0, 1) == ULP_OK);
  return d;
}

/* p = +0 under scales of -1 and 1: taken as it is, p (sa sb) is -0; added,
 * fma(p, sa sb, +0) is +0 (IEEE 754-2019, 6.3). */
START_TEST(first_piece)
{
  static const struct {
    const char *kernel;
    uint32_t want;
  } kernels[] = {{"cublaslt-fp8", 0x80000000},
                 {"cutlass-fp8-2xacc", 0},
                 {"te-blockwise", 0}};
  uint8_t zeros[128] = {0};
  float minus = -1, one = 1;
  for (int i = 0; i < 3; i++) {
    ulp_gemm g = find(kernels[i].kernel, "e4m3",
                      &(ulp_gemm_options){.promote = -1});
    ulp_gemm_data x = {.k = 128, .a = zeros, .b = zeros,
                       .kind_a = ULP_SCALES_1X128, .kind_b = ULP_SCALES_1X128,
                       .scale_a = &minus, .scale_b = &one};
    ck_assert_uint_eq(run_one(&g, &x), kernels[i].want);
  }
}
END_TEST

/* C enters once, however K is cut: 3 + 256 with promotion every 32, with 4
 * slices, with both. */
START_TEST(c_joins_once)
{
  uint8_t ones[256];
  float c = 3, d;
  memset(ones, 0x38, sizeof ones);
  for (int cut = 0; cut < 4; cut++) {
    ulp_gemm g = find("wgmma-chain", "e4m3",
                      &(ulp_gemm_options){.promote = cut & 1 ? 32 : 0,
                                          .slices = cut & 2 ? 2 : 1});
    ulp_gemm_data x = {.k = 256, .a = ones, .b = ones, .c = &c};
    uint32_t bits = run_one(&g, &x);
    memcpy(&d, &bits, sizeof d);
    ck_assert_float_eq(d, 259);
  }
}
END_TEST

/* One slice is not rounded to D's 16 bits before it is scaled: 257 times 1.5
 * is 385.5, in bf16 386; 257 alone would be 256 there, and that times 1.5
 * 384. */
START_TEST(one_slice_is_not_reduced)
{
  for (int r = 0; r < 3; r++) {
    ulp_gemm_reduce reduce = (ulp_gemm_reduce)r;
    uint16_t a[257], b[257], d = 0;
    float s = 1.5F;
    for (int k = 0; k < 257; k++)
      a[k] = b[k] = 0x3f80;
    ulp_gemm g = find("cublaslt-bf16", "bf16",
                      &(ulp_gemm_options){.promote = -1, .out = "bf16",
                                          .slices = 1, .reduce = &reduce});
    ulp_gemm_data x = {.m = 1, .n = 1, .k = 257, .a = a, .b = b, .d = &d,
                       .kind_a = ULP_SCALES_ONE, .scale_a = &s};
    ck_assert(ulp_gemm_run(&g, &x, 0, 1) == ULP_OK);
    ck_assert_uint_eq(d, 0x43c1);
  }
}
END_TEST

/* The instruction is the widest of the architecture: a K of two of its blocks
 * is cut where it should be.  k as in PTX ISA 9.0, tables of mma and wgmma
 * shapes: 32 bytes of an operand's row from Ampere on. */
START_TEST(widest_instruction)
{
  static const struct {
    const char *kernel, *type;
    int k;
  } widest[] = {{"wgmma-chain", "e4m3", 32}, {"wgmma-chain", "bf16", 16},
                {"wgmma-chain", "tf32", 8},  {"mma-chain", "f16", 16},
                {"mma-chain", "tf32", 8},    {"mma-chain", "e5m2", 32},
                {"mma-chain", "int8", 32},   {"wgmma-chain", "int8", 32}};
  for (size_t i = 0; i < sizeof widest / sizeof widest[0]; i++) {
    ulp_gemm g = find(widest[i].kernel, widest[i].type,
                      &(ulp_gemm_options){.promote = -1});
    ck_assert_msg(g.mma.k == widest[i].k, "%s %s: k = %d", widest[i].kernel,
                  widest[i].type, g.mma.k);
  }
}
END_TEST

/* 2^300 - 1 borrows through five words; the answer's bits are all ones. */
START_TEST(borrow)
{
  static ulp_sum s;
  for (int sign = 0; sign < 2; sign++) {
    ulp_sum_clear(&s);
    ulp_sum_add(&s, sign, 0, 1, 300);
    ulp_sum_add(&s, !sign, 0, 1, 0);
    ulp_exact x = ulp_sum_value(&s);
    ck_assert_uint_eq(x.significand, UINT64_MAX);
    ck_assert_int_eq(x.exponent, 300 - 64);
    ck_assert(x.sticky);
    ck_assert_int_eq(x.negative, sign);
  }
}
END_TEST

/* Lengths of slices by the rule, ceil(ceil(K / grain) / S) grain; the first
 * three are shapes that an H200 was seen to split. */
START_TEST(slice_lengths)
{
  static const struct {
    const char *kernel, *type;
    size_t k;
    int slices;
    size_t length;
  } cases[] = {{"cublaslt-fp8", "e4m3", 8192, 3, 2816},
               {"cublaslt-fp8", "e4m3", 16384, 6, 2816},
               {"cublaslt-bf16", "bf16", 4096, 3, 1408},
               {"cublaslt-fp8", "e4m3", 1024, 8, 128},
               {"cublaslt-fp8", "e4m3", 1025, 8, 256},
               {"cublaslt-f16", "f16", 64, 16, 64}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    ulp_gemm g = find(cases[i].kernel, cases[i].type,
                      &(ulp_gemm_options){.promote = -1,
                                          .slices = cases[i].slices});
    ck_assert_uint_eq(ulp_gemm_slice(&g, cases[i].k), cases[i].length);
  }
}
END_TEST

/* NaN of a product, of Inf - Inf between slices, and C's, all give the
 * canonical one, in each output type; an overflow gives Inf. */
START_TEST(specials)
{
  uint8_t a[256] = {0}, b[256] = {0};
  float c = NAN;
  ulp_gemm g = find("cublaslt-fp8", "e5m2",
                    &(ulp_gemm_options){.promote = -1, .slices = 2});
  ulp_gemm_data x = {.k = 256, .a = a, .b = b, .c = &c};
  ck_assert_uint_eq(run_one(&g, &x), 0x7fffffff);
  x.c = NULL;
  a[0] = 0x7c, b[0] = 0x3c; /* Inf in slice 0 */
  ck_assert_uint_eq(run_one(&g, &x), 0x7f800000);
  a[200] = 0xfc, b[200] = 0x3c; /* -Inf in slice 1 */
  ck_assert_uint_eq(run_one(&g, &x), 0x7fffffff);
  g = find("cublaslt-fp8", "e5m2",
           &(ulp_gemm_options){.promote = -1, .slices = 2, .out = "bf16"});
  uint16_t d = 0;
  x.m = x.n = 1;
  x.d = &d;
  ck_assert(ulp_gemm_run(&g, &x, 0, 1) == ULP_OK);
  ck_assert_uint_eq(d, 0x7fff);
  a[0] = b[0] = 0x7b, a[200] = 0; /* 57344^2 in f16 */
  g = find("cublaslt-fp8", "e5m2",
           &(ulp_gemm_options){.promote = -1, .out = "f16"});
  ck_assert(ulp_gemm_run(&g, &x, 0, 1) == ULP_OK);
  ck_assert_uint_eq(d, 0x7c00);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("gemm edges");
  TCase *t = tcase_create("edges");
  SRunner *r;
  int failed;
  tcase_add_test(t, first_piece);
  tcase_add_test(t, c_joins_once);
  tcase_add_test(t, one_slice_is_not_reduced);
  tcase_add_test(t, widest_instruction);
  tcase_add_test(t, borrow);
  tcase_add_test(t, slice_lengths);
  tcase_add_test(t, specials);
  suite_add_tcase(s, t);
  r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed != 0;
}
