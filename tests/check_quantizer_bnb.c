/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bitsandbytes' quantizers: published errors, thresholds, what has no
 * reciprocal, scales of scales.
 */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis.h"
#include "quantizer.h"

static ulp_quantizer find(const char *spec)
{
  ulp_quantizer q;
  ulp_error e;
  ck_assert_msg(ulp_quantizer_find(spec, &q, &e) == ULP_OK, "%s: %s", spec,
                e.text);
  return q;
}

static ulp_blocks blocks_of(const ulp_quantizer *q, int64_t rows, int64_t cols)
{
  ulp_blocks b;
  ulp_error e;
  const int64_t shape[] = {rows, cols};
  ck_assert_int_eq(
      ulp_blocks_make(&b, &q->granularity, q->axis, 2, shape, &e), ULP_OK);
  return b;
}

/* x[rows][cols] to codes, scales and values. */
static void there_and_back(const ulp_quantizer *q, const float *x,
                           int64_t rows, int64_t cols, uint8_t *codes,
                           float *scales, float *values)
{
  ulp_blocks b = blocks_of(q, rows, cols);
  const ulp_quantized out = {codes, scales, NULL};
  ck_assert_int_eq(
      ulp_quantize_blocks(q, &b, &out, x, 0, 1, 0, b.blocks, 0), ULP_OK);
  ulp_dequantize_blocks(q, &b, values, &out, 1, 0, b.blocks);
}

/* The code of y in a block of 64 whose amax is 1, given a first. */
static unsigned code_of(const char *spec, float y)
{
  float x[64] = {1, y}, scale[1], values[64];
  uint8_t codes[64];
  ulp_quantizer q = find(spec);
  there_and_back(&q, x, 1, 64, codes, scale, values);
  ck_assert(scale[0] == 1);
  return codes[1];
}

/* ---- published errors ------------------------------------------------------ */

/* bitsandbytes tests/test_functional.py, test_4bit_quant: mean |error| of
 * N(0, 1), 1024 x 1024. */
static const struct {
  const char *spec;
  double error;
} golden[] = {
    {"nf4@bitsandbytes/g=block:32", .067746},
    {"nf4@bitsandbytes", .072798},
    {"nf4@bitsandbytes/g=block:128", .076831},
    {"nf4@bitsandbytes/g=block:256", .080337},
    {"nf4@bitsandbytes/g=block:4096", .092547},
    {"bnb-fp4@bitsandbytes", .096543},
    {"nf4@bitsandbytes-cpu", .072798},
    {"bnb-fp4@bitsandbytes-cpu", .096543},
};

enum { SIDE = 1024, N = SIDE * SIDE };

START_TEST(mean_errors)
{
  ulp_quantizer q = find(golden[_i].spec);
  double *wide = malloc(N * sizeof *wide), sum = 0;
  float *x = malloc(N * sizeof *x), *y = malloc(N * sizeof *y);
  float *scales = malloc(N / 32 * sizeof *scales);
  uint8_t *codes = malloc(N);
  ck_assert(wide && x && y && scales && codes);
  ck_assert_int_eq(ulp_sample("gaussian", wide, N, true, 1, 1), ULP_OK);
  for (int i = 0; i < N; i++)
    x[i] = (float)wide[i];
  there_and_back(&q, x, SIDE, SIDE, codes, scales, y);
  for (int i = 0; i < N; i++)
    sum += fabs((double)y[i] - (double)x[i]);
  ck_assert_double_eq_tol(sum / N, golden[_i].error, .0003);
  free(wide);
  free(x);
  free(y);
  free(scales);
  free(codes);
}
END_TEST

/* ---- thresholds ------------------------------------------------------------- */

/* dQuantizeNF4 as the kernels of libbitsandbytes_cuda130.so (0.50.2, sm_90)
 * compare: the immediates of FSETP.GT.FTZ.  At midpoints, on CPUs, those of
 * numbers 0, 8, 12 and 14 are one unit away. */
static const struct {
  float cuda, cpu;
} nf4[] = {
    {-0x1.b239b2p-1f, -0x1.b239bp-1f},  {-0x1.38a4ep-1f, -0x1.38a4ep-1f},
    {-0x1.d709p-2f, -0x1.d709p-2f},     {-0x1.5bd4ecp-2f, -0x1.5bd4ecp-2f},
    {-0x1.e079d8p-3f, -0x1.e079d8p-3f}, {-0x1.1a7178p-3f, -0x1.1a7178p-3f},
    {-0x1.74f0e2p-5f, -0x1.74f0e2p-5f}, {0x1.45f5fep-5f, 0x1.45f5fep-5f},
    {0x1.ec90c6p-4f, 0x1.ec90c4p-4f},   {0x1.a0cfcp-3f, 0x1.a0cfcp-3f},
    {0x1.2b05a8p-2f, 0x1.2b05a8p-2f},   {0x1.8ea7f2p-2f, 0x1.8ea7f2p-2f},
    {0x1.00da06p-1f, 0x1.00da08p-1f},   {0x1.491b5ep-1f, 0x1.491b5ep-1f},
    {0x1.b913b2p-1f, 0x1.b913b4p-1f},
};

START_TEST(nf4_goes_up_above_its_constants)
{
  const char *cuda = "nf4@bitsandbytes", *cpu = "nf4@bitsandbytes-cpu";
  unsigned i = (unsigned)_i;
  ck_assert_uint_eq(code_of(cuda, nf4[i].cuda), i);
  ck_assert_uint_eq(code_of(cuda, nextafterf(nf4[i].cuda, 2)), i + 1);
  ck_assert_uint_eq(code_of(cpu, nf4[i].cpu), i);
  ck_assert_uint_eq(code_of(cpu, nextafterf(nf4[i].cpu, 2)), i + 1);
}
END_TEST

/* dQuantizeFP4; codes of magnitudes are 0 1 6 7 4 5 2 3. */
static const struct {
  float at;
  unsigned below, above;
} fp4[] = {
    {0.00260417f, 0, 1}, {0.0859375f, 1, 6}, {0.20833333f, 6, 7},
    {0.29166667f, 7, 4}, {0.4166667f, 4, 5}, {0.583333f, 5, 2},
    {0.8333333f, 2, 3},
};

START_TEST(fp4_goes_up_above_its_constants)
{
  const char *cuda = "bnb-fp4@bitsandbytes";
  float above = nextafterf(fp4[_i].at, 2);
  ck_assert_uint_eq(code_of(cuda, fp4[_i].at), fp4[_i].below);
  ck_assert_uint_eq(code_of(cuda, above), fp4[_i].above);
  ck_assert_uint_eq(code_of(cuda, -fp4[_i].at), 8 + fp4[_i].below);
  ck_assert_uint_eq(code_of(cuda, -above), 8 + fp4[_i].above);
}
END_TEST

/* PyTorch's bucketize on CPUs: midpoints, of which this is none but for one;
 * in ties to the lesser value, and of the zeros code 0 is the lesser. */
START_TEST(fp4_on_cpus)
{
  const char *cpu = "bnb-fp4@bitsandbytes-cpu";
  ck_assert_uint_eq(code_of(cpu, 0.583333f), 5);
  ck_assert_uint_eq(code_of(cpu, nextafterf(0.583333f, 2)), 5);
  ck_assert_uint_eq(code_of(cpu, 0.0859375f), 1);
  ck_assert_uint_eq(code_of(cpu, -0.0859375f), 14);
  ck_assert_uint_eq(code_of(cpu, 0), 0);
  ck_assert_uint_eq(code_of(cpu, -1e-3f), 0);
  ck_assert_uint_eq(code_of(cpu, 1e-3f), 8);
}
END_TEST

/* The binary search of dQuantize ends at an even code. */
START_TEST(eight_bits_tie_to_even)
{
  ulp_format f;
  ck_assert_int_eq(ulp_format_find("bnb_dynamic8", &f, NULL, 0), ULP_OK);
  for (unsigned i = 0; i < 255; i++) {
    float low = (float)ulp_decode(&f, i), high = (float)ulp_decode(&f, i + 1);
    float middle = (low + high) * 0.5f;
    ck_assert_uint_eq(code_of("dynamic8@bitsandbytes", middle), (i + 1) / 2 * 2);
    ck_assert_uint_eq(code_of("dynamic8@bitsandbytes", nextafterf(middle, 2)),
                      i + 1);
    ck_assert_uint_eq(code_of("dynamic8@bitsandbytes", nextafterf(middle, -2)),
                      i);
  }
}
END_TEST

/* cpu_ops.cpp: of 65536 values from -1 to 1 none lies between -1/65535 and
 * 1/65535: what is nearer to 0 has the code of one of these. */
START_TEST(eight_bits_on_cpus_have_a_grid)
{
  const char *cpu = "dynamic8@bitsandbytes-cpu";
  unsigned least = code_of(cpu, 1.0f / 65535);
  ck_assert_uint_ne(least, 127);
  ck_assert_uint_eq(code_of(cpu, 1e-7f), least);
  ck_assert_uint_eq(code_of(cpu, 0), least);
  ck_assert_uint_eq(code_of(cpu, -1e-5f), code_of(cpu, -2e-5f));
}
END_TEST

/* ---- what has no reciprocal ------------------------------------------------- */

/* Blocks of four kinds of elements, and the codes of the first three. */
static const struct {
  const char *spec;
  float x[3], scale;
  unsigned code[3];
} odd[] = {
    /* 1 / 0 is Inf, 0 * Inf is NaN, which is above no constant */
    {"nf4@bitsandbytes", {0, -0.0f, 0}, 0, {0, 0, 0}},
    {"bnb-fp4@bitsandbytes", {0, -0.0f, 0}, 0, {0, 0, 0}},
    {"dynamic8@bitsandbytes", {0, 0, 0}, 0, {0, 0, 0}},
    /* --use_fast_math: subnormals are zeros, and so is 1 / 2^127 */
    {"nf4@bitsandbytes", {1e-39f, 0, 0}, 0, {0, 0, 0}},
    {"nf4@bitsandbytes", {0x1p127f, 0x1p126f, 0}, 0x1p127f, {7, 7, 7}},
    {"bnb-fp4@bitsandbytes", {1, -0x1p-149f, -0x1p-126f}, 1, {3, 0, 8}},
    /* fmaxf: a NaN is no maximum; Inf * 0 is NaN */
    {"nf4@bitsandbytes", {NAN, 2, -2}, 2, {0, 15, 0}},
    {"nf4@bitsandbytes", {INFINITY, 2, -2}, INFINITY, {0, 7, 7}},
    /* PyTorch: max(absmax, 1e-38), NaN spreads and comes last */
    {"nf4@bitsandbytes-cpu", {0, 0, 0}, 0, {7, 7, 7}},
    {"nf4@bitsandbytes-cpu", {1e-39f, 0, 0}, 1e-39f, {8, 7, 7}},
    {"nf4@bitsandbytes-cpu", {NAN, 2, -2}, NAN, {15, 15, 15}},
    {"nf4@bitsandbytes-cpu", {INFINITY, 2, -2}, INFINITY, {15, 7, 7}},
    {"bnb-fp4@bitsandbytes-cpu", {NAN, 2, -2}, NAN, {3, 3, 3}},
    {"dynamic8@bitsandbytes-cpu", {0, 0, 0}, 0, {0, 0, 0}},
    {"dynamic8@bitsandbytes-cpu", {NAN, 2, -2}, 2, {0, 255, 0}},
};

START_TEST(odd_blocks)
{
  float x[64] = {odd[_i].x[0], odd[_i].x[1], odd[_i].x[2]};
  float scale[1], values[64];
  uint8_t codes[64];
  ulp_quantizer q = find(odd[_i].spec);
  there_and_back(&q, x, 1, 64, codes, scale, values);
  ck_assert(scale[0] == odd[_i].scale ||
            (isnan(scale[0]) && isnan(odd[_i].scale)));
  for (int k = 0; k < 3; k++)
    ck_assert_uint_eq(codes[k], odd[_i].code[k]);
}
END_TEST

/* mul.rn.ftz.f32 of an H100: 0 for 2^-126 (1 - 2^-24), 2^-126 for
 * 2^-126 (1 - 2^-26), which rounds to it with 24 bits. */
START_TEST(products_are_flushed_once_rounded)
{
  uint8_t half[2] = {5, 13}, quarter[2] = {10, 7};
  float scale[1] = {0x1.fffffep-126f}, values[2];
  ulp_quantizer q = find("bnb-fp4@bitsandbytes");
  ulp_blocks b = blocks_of(&q, 1, 2);
  const ulp_quantized fp4_codes = {half, scale, NULL};
  ulp_dequantize_blocks(&q, &b, values, &fp4_codes, 1, 0, 1);
  ck_assert(values[0] == 0 && values[1] == 0 && signbit(values[1]));
  q = find("nf4@bitsandbytes");
  scale[0] = 0x1.040b3cp-124f; /* 0.246112302 of it: 2^-126 (1 - 2^-25.9) */
  const ulp_quantized nf4_codes = {quarter, scale, NULL};
  ulp_dequantize_blocks(&q, &b, values, &nf4_codes, 1, 0, 1);
  ck_assert(values[0] == 0x1p-126f);
}
END_TEST

/* LLM.int8(): what is 6 or more is no part of the maximum, and 0.  4 * (1/127)
 * of f32 to nearest: 2 * 127 / 4 = 63.5 goes to the even 64. */
START_TEST(outliers_are_left_out)
{
  const float x[4] = {4, -7, 2, 6};
  const uint8_t want[4] = {127, 0, 64, 0};
  float scale[1], values[4];
  uint8_t codes[4];
  ulp_quantizer q = find("llm-int8@bitsandbytes");
  there_and_back(&q, x, 1, 4, codes, scale, values);
  ck_assert(scale[0] == 4);
  ck_assert_mem_eq(codes, want, sizeof want);
  /* _ops.py, int8_vectorwise_dequant: (q * s) * 7.874015718698502e-3 */
  ck_assert(values[2] == 64.0f * 4.0f * 7.874015718698502e-3f);
  q = find("int8@bitsandbytes");
  there_and_back(&q, x, 1, 4, codes, scale, values);
  ck_assert(scale[0] == 7);
}
END_TEST

/* ---- scales of scales --------------------------------------------------------- */

/* QLoRA, section 3: from 0.5 to 0.127 bit a parameter in blocks of 64. */
START_TEST(double_bits)
{
  ulp_quantizer q = find("nf4-double@bitsandbytes");
  ulp_blocks b = blocks_of(&q, 4096, 4096);
  double offset = 32.0 / (4096 * 4096);
  ck_assert_double_eq_tol(ulp_quantizer_bits(&q, &b),
                          4 + 8.0 / 64 + 32.0 / (64 * 256) + offset, 1e-12);
  q = find("nf4@bitsandbytes");
  ck_assert_double_eq_tol(ulp_quantizer_bits(&q, &b), 4.5, 1e-12);
}
END_TEST

/* 300 scales, 1 and 3 by turns: the mean is 2, what is left -1 and 1, of which
 * the signed map has -0.992968738 (code 0) and 1 (255). */
START_TEST(double_by_hand)
{
  ulp_nested n;
  ulp_error e;
  uint8_t codes[300];
  float scales[300], second[2];
  ulp_quantizer q = find("nf4-double@bitsandbytes");
  ulp_blocks b = blocks_of(&q, 300, 64);
  for (int i = 0; i < 300; i++)
    scales[i] = i % 2 ? 3 : 1;
  ck_assert_int_eq(ulp_nested_make(&n, &q, &b, &e), ULP_OK);
  ck_assert_int_eq(n.b.blocks, 2);
  const ulp_quantized out = {codes, second, NULL};
  ck_assert_int_eq(ulp_nested_quantize(&n, &q, &out, scales), ULP_OK);
  ck_assert(n.offset == 2 && second[0] == 1 && second[1] == 1);
  for (int i = 0; i < 300; i++) {
    ck_assert_uint_eq(codes[i], i % 2 ? 255 : 0);
    ck_assert(scales[i] == (i % 2 ? 3.0f : 2 - 0.992968738f));
  }
}
END_TEST

START_TEST(offsets_can_be_given)
{
  ulp_nested n;
  ulp_error e;
  uint8_t codes[1];
  float scales[1] = {5}, second[1];
  ulp_quantizer q = find("nf4-double@bitsandbytes/offset=4.5");
  ulp_blocks b = blocks_of(&q, 1, 64);
  const ulp_quantized out = {codes, second, NULL};
  ck_assert_int_eq(ulp_nested_make(&n, &q, &b, &e), ULP_OK);
  ck_assert_int_eq(ulp_nested_quantize(&n, &q, &out, scales), ULP_OK);
  ck_assert(n.offset == 4.5f && second[0] == 0.5f && scales[0] == 5);
}
END_TEST

/* ---- refused ---------------------------------------------------------------------- */

static const struct {
  const char *spec, *says;
} refused[] = {
    {"e2m1/ties=bnb", "nf4 or bnb_fp4"},
    {"bnb_dynamic8/ties=bnb", "nf4 or bnb_fp4"},
    {"e2m1/ties=f32-even", "codebook"},
    {"nf4/ties=f32-odd", "f32-even"},
    {"nf4/nested=nf4-double@bitsandbytes", "scales of scales"},
    {"nf4/nested=nvfp4@te", "global"},
    {"nf4/nested=no", "nested"},
    {"nf4/nested=int8,g=block", "nested"},
    {"nf4/offset=median", "offset"},
    {"nf4/nan=middle", "first or last"},
    {"int8/outlier=-1", "outlier"},
};

START_TEST(bad_text_is_refused)
{
  ulp_quantizer q;
  ulp_error e;
  ck_assert_int_ne(ulp_quantizer_find(refused[_i].spec, &q, &e), ULP_OK);
  ck_assert_msg(strstr(e.text, refused[_i].says), "%s", e.text);
}
END_TEST

START_TEST(nested_scales_are_f32)
{
  ulp_nested n;
  ulp_error e;
  ulp_quantizer q = find("nf4-double@bitsandbytes/scale=e8m0");
  ulp_blocks b = blocks_of(&q, 1, 64);
  ck_assert_int_eq(ulp_nested_make(&n, &q, &b, &e), ULP_EINVAL);
  ck_assert_ptr_nonnull(strstr(e.text, "expected float32"));
}
END_TEST

#define COUNT(rows) ((int)(sizeof(rows) / sizeof *(rows)))

int main(void)
{
  Suite *suite = suite_create("bitsandbytes");
  TCase *t = tcase_create("bnb");
  tcase_add_loop_test(t, mean_errors, 0, COUNT(golden));
  tcase_add_loop_test(t, nf4_goes_up_above_its_constants, 0, COUNT(nf4));
  tcase_add_loop_test(t, fp4_goes_up_above_its_constants, 0, COUNT(fp4));
  tcase_add_test(t, fp4_on_cpus);
  tcase_add_test(t, eight_bits_tie_to_even);
  tcase_add_test(t, eight_bits_on_cpus_have_a_grid);
  tcase_add_loop_test(t, odd_blocks, 0, COUNT(odd));
  tcase_add_test(t, products_are_flushed_once_rounded);
  tcase_add_test(t, outliers_are_left_out);
  tcase_add_test(t, double_bits);
  tcase_add_test(t, double_by_hand);
  tcase_add_test(t, offsets_can_be_given);
  tcase_add_loop_test(t, bad_text_is_refused, 0, COUNT(refused));
  tcase_add_test(t, nested_scales_are_f32);
  suite_add_tcase(suite, t);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
