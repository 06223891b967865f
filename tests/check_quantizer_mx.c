/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * MX rows against figures of others: TorchAO's own tests, and signal-to-noise
 * ratios computed in double precision elsewhere.  scripts/peers/
 * quantizers_mx.py compares the rows with the programs on many more inputs.
 */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "quantizer.h"

enum { BLOCK = 32 };

typedef struct {
  uint8_t scale, code[BLOCK];
  float scale_f32, value[BLOCK];
  int32_t zero;
} result;

static ulp_quantizer find(const char *spec)
{
  ulp_quantizer q;
  ulp_error e;
  ck_assert_msg(ulp_quantizer_find(spec, &q, &e) == ULP_OK, "%s: %s", spec,
                e.text);
  return q;
}

/* One block of up to 8-bit elements. */
static result quantize(const char *spec, const float x[BLOCK])
{
  static const int64_t shape[] = {BLOCK};
  ulp_quantizer q = find(spec);
  ulp_blocks b;
  ulp_error e;
  result r = {0};
  unsigned char scale[4];
  ulp_quantized out = {r.code, scale, q.zero.count ? &r.zero : NULL};
  ck_assert(ulp_blocks_make(&b, &q.granularity, q.axis, 1, shape, &e) ==
            ULP_OK);
  ck_assert_int_eq(b.blocks, 1);
  ck_assert(ulp_quantize_blocks(&q, &b, &out, x, 0, 1, 0, 1, 0) == ULP_OK);
  ulp_dequantize_blocks(&q, &b, r.value, &out, 1, 0, 1);
  r.scale = scale[0];
  if (q.scale.bits == 32) memcpy(&r.scale_f32, scale, sizeof scale);
  return r;
}

/* The first element, then 31 times the other. */
static result quantize_two(const char *spec, float first, float rest)
{
  float x[BLOCK] = {first};
  for (int i = 1; i < BLOCK; i++)
    x[i] = rest;
  return quantize(spec, x);
}

static float of_bits(uint32_t u)
{
  float x;
  memcpy(&x, &u, sizeof x);
  return x;
}

/* ---- TorchAO's pairs of amax / MAX and scale ---- */

/* torchao/testing/_mxfp8_test_utils.py, make_f32_to_e8m0_rceil_cases. */
static const struct {
  uint32_t descale;
  int scale;
} pairs[] = {
    {0x00000000, 0},   {0x00000001, 0},   {0x00400000, 0},   {0x00400001, 1},
    {0x007fffff, 1},   {0x00800000, 1},   {0x1f800000, 63},  {0x1f800001, 64},
    {0x3f7fffff, 127}, {0x3f800000, 127}, {0x3f800001, 128}, {0x5f800000, 191},
    {0x5f800001, 192}, {0x7f000000, 254}, {0x7f000001, 255}, {0x7f7fffff, 255},
    {0x7f800000, 255}, {0x7fc00000, 255},
};
enum { PAIRS = sizeof pairs / sizeof *pairs };

START_TEST(rceil_pairs)
{
  result r = quantize_two("mxfp8@torchao-rceil/raw=ceil2(a)",
                          of_bits(pairs[_i].descale), 0);
  ck_assert_int_eq(r.scale, pairs[_i].scale);
}
END_TEST

/* ---- TorchAO's MXFP8 bytes ---- */

typedef struct {
  int scale, first, rest;
} bytes;

/* torchao/testing/_mxfp8_test_utils.py, make_mxfp8_semantic_cases: 18 blocks
 * of f32, and those of them that have other values in bf16. */
static const struct {
  const char *name;
  uint32_t first, rest;
  bytes floor, rceil;
} cases[] = {
    {"zero", 0, 0, {0, 0, 0}, {0, 0, 0}},
    {"smallest_normal", 0x00800000, 0x00800000, {0, 64, 64}, {0, 64, 64}},
    {"mixed_inf", 0x7f800000, 0x3f800000, {255, 127, 127}, {255, 127, 127}},
    {"mixed_nan", 0x7fc00000, 0x3f800000, {255, 127, 127}, {255, 127, 127}},
    {"positive_fp8_max", 0x43e00000, 0x43e00000, {127, 126, 126},
     {127, 126, 126}},
    {"negative_fp8_max", 0xc3e00000, 0xc3e00000, {127, 254, 254},
     {127, 254, 254}},
    {"positive_dtype_max", 0x7f7fffff, 0x7f7fffff, {246, 126, 126},
     {247, 120, 120}},
    {"negative_dtype_max", 0xff7fffff, 0xff7fffff, {246, 254, 254},
     {247, 248, 248}},
    {"positive_smallest_subnormal", 0x00000001, 0x00000001, {0, 0, 0},
     {0, 0, 0}},
    {"negative_smallest_subnormal", 0x80000001, 0x80000001, {0, 128, 128},
     {0, 128, 128}},
    {"mixed_positive_underflow", 0x00000001, 0x3f800000, {119, 0, 120},
     {119, 0, 120}},
    {"mixed_negative_underflow", 0x80000001, 0x3f800000, {119, 128, 120},
     {119, 128, 120}},
    {"mixed_saturation_and_underflow", 0x7f7fffff, 0x3f800000, {246, 126, 0},
     {247, 120, 0}},
    {"rceil_premature_bf16_lowers_scale", 0x40600001, 0x40600001,
     {120, 126, 126}, {121, 118, 118}},
    {"floor_premature_bf16_raises_scale", 0x43ffffff, 0x43ffffff,
     {127, 126, 126}, {128, 120, 120}},
    {"all_nan", 0x7fc00000, 0x7fc00000, {255, 127, 127}, {255, 127, 127}},
    {"positive_satfinite", 0x43f00000, 0x43f00000, {127, 126, 126},
     {128, 119, 119}},
    {"negative_satfinite", 0xc3f00000, 0xc3f00000, {127, 254, 254},
     {128, 247, 247}},

    {"positive_dtype_max, bf16", 0x7f7f0000, 0x7f7f0000, {246, 126, 126},
     {247, 120, 120}},
    {"negative_dtype_max, bf16", 0xff7f0000, 0xff7f0000, {246, 254, 254},
     {247, 248, 248}},
    {"positive_smallest_subnormal, bf16", 0x00010000, 0x00010000, {0, 8, 8},
     {0, 8, 8}},
    {"negative_smallest_subnormal, bf16", 0x80010000, 0x80010000,
     {0, 136, 136}, {0, 136, 136}},
    {"mixed_positive_underflow, bf16", 0x00010000, 0x3f800000, {119, 0, 120},
     {119, 0, 120}},
    {"mixed_negative_underflow, bf16", 0x80010000, 0x3f800000,
     {119, 128, 120}, {119, 128, 120}},
    {"mixed_saturation_and_underflow, bf16", 0x7f7f0000, 0x3f800000,
     {246, 126, 0}, {247, 120, 0}},
    {"rceil_premature_bf16_lowers_scale, bf16", 0x40600000, 0x40600000,
     {120, 126, 126}, {120, 126, 126}},
    {"floor_premature_bf16_raises_scale, bf16", 0x44000000, 0x44000000,
     {128, 120, 120}, {128, 120, 120}},
};
enum { CASES = sizeof cases / sizeof *cases };

static void check_bytes(const char *spec, int i, const bytes *expected)
{
  result r =
      quantize_two(spec, of_bits(cases[i].first), of_bits(cases[i].rest));
  ck_assert_msg(r.scale == expected->scale, "%s, %s: scale %d", spec,
                cases[i].name, r.scale);
  for (int k = 0; k < BLOCK; k++)
    ck_assert_msg(r.code[k] == (k ? expected->rest : expected->first),
                  "%s, %s: code %d is %d", spec, cases[i].name, k, r.code[k]);
}

START_TEST(mxfp8_bytes)
{
  check_bytes("mxfp8@torchao", _i, &cases[_i].floor);
  check_bytes("mxfp8@torchao-rceil", _i, &cases[_i].rceil);
}
END_TEST

/* ---- what a release did otherwise ---- */

/* TorchAO 0.18.0, mx_tensor.py: an Inf counts as exponent 128 (so 128 - 8 +
 * 127), subnormal scales divide as 2^-126, and RCEIL multiplies by 1 where the
 * scale's byte is 0. */
START_TEST(torchao_0_18)
{
  check_bytes("mxfp8@torchao-0.18", 2, &(bytes){247, 126, 0});
  check_bytes("mxfp8@torchao-0.18", 1, &(bytes){0, 56, 56});
  check_bytes("mxfp8@torchao-0.18-rceil", 1, &(bytes){0, 0, 0});
  check_bytes("mxfp8@torchao-0.18-rceil", 2, &(bytes){254, 126, 0});
}
END_TEST

/* ---- NaN and zeros ---- */

/* A block with a NaN has its scale's NaN in every element, whatever the sign
 * of the NaN in it; two NaNs meet in a product only, and hardware may take
 * either. */
START_TEST(nan_of_the_scale)
{
  result r = quantize_two("mxfp8@torchao", of_bits(0xffc00000), 1);
  for (int i = 0; i < BLOCK; i++)
    ck_assert_int_eq(r.code[i], 0x7f);
}
END_TEST

/* TorchAO: a NaN zero point is cast to 0. */
START_TEST(nan_zero_point)
{
  result r = quantize_two("int8-affine@torchao", of_bits(0x7fc00000), 1);
  ck_assert(isnan(r.scale_f32));
  ck_assert_int_eq(r.zero, 0);
  ck_assert(isnan(r.value[1]));
}
END_TEST

/* microxcaling: sign(x) * floor(|x| + 0.5), and the sign of -0 is 0; also of
 * a quotient that is no f32: 2^-149 / 2^16. */
START_TEST(zero_signs)
{
  const float x[BLOCK] = {0x1p18f, -0.0f, -0x1p-20f, -0x1p-149f};
  result r = quantize("mxfp4@microxcaling", x);
  ck_assert(r.value[1] == 0 && !signbit(r.value[1]));
  ck_assert(r.value[2] == 0 && signbit(r.value[2]));
  ck_assert(r.value[3] == 0 && !signbit(r.value[3]));
  r = quantize("mxfp4", x);
  ck_assert(r.value[1] == 0 && signbit(r.value[1]));
  ck_assert(r.value[3] == 0 && signbit(r.value[3]));
}
END_TEST

/* microxcaling clamps INT8 to +-127/64. */
START_TEST(mxint8_is_symmetric)
{
  result r = quantize_two("mxint8@microxcaling", -1.999f, 1.999f);
  ck_assert_float_eq(r.value[0], -1.984375f);
  ck_assert_float_eq(r.value[1], 1.984375f);
  r = quantize_two("mxint8@ocp", -1.999f, 1.999f);
  ck_assert_float_eq(r.value[0], -2);
}
END_TEST

/* ---- signal to noise ---- */

/* Of N(0, 1), computed in double precision; the project's reference
 * formats-and-rounding.md, "SNR on known inputs". */
static const struct {
  const char *spec;
  double db;
} ratios[] = {{"mxfp4", 18.79},
              {"mxfp4/rule=even", 19.03},
              {"mxfp4@torchao", 18.79},
              {"mxfp4@torchao/rule=even", 19.03},
              {"mxfp4@torchao-rceil", 18.76}};

enum { SAMPLES = 1 << 20 };

static double snr(const char *spec, const float *x)
{
  static const int64_t shape[] = {SAMPLES};
  static uint8_t code[SAMPLES], scale[SAMPLES / BLOCK];
  static float y[SAMPLES];
  ulp_quantizer q = find(spec);
  ulp_blocks b;
  ulp_error e;
  ulp_quantized out = {code, scale, NULL};
  double signal = 0, noise = 0;
  ck_assert(ulp_blocks_make(&b, &q.granularity, q.axis, 1, shape, &e) ==
            ULP_OK);
  ck_assert(ulp_quantize_blocks(&q, &b, &out, x, 0, 1, 0, b.blocks, 0) ==
            ULP_OK);
  ulp_dequantize_blocks(&q, &b, y, &out, 1, 0, b.blocks);
  for (int i = 0; i < SAMPLES; i++) {
    double error = (double)y[i] - (double)x[i];
    signal += (double)x[i] * (double)x[i];
    noise += error * error;
  }
  return 10 * log10(signal / noise);
}

START_TEST(signal_to_noise)
{
  static double wide[SAMPLES];
  static float x[SAMPLES];
  ck_assert(ulp_sample("gaussian", wide, SAMPLES, true, 1, 0) == ULP_OK);
  for (int i = 0; i < SAMPLES; i++)
    x[i] = (float)wide[i];
  double db = snr(ratios[_i].spec, x);
  ck_assert_msg(fabs(db - ratios[_i].db) <= 0.05, "%s: %.3f dB, expected %.2f",
                ratios[_i].spec, db, ratios[_i].db);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("MX quantizers");
  TCase *t = tcase_create("figures");
  tcase_set_timeout(t, 60);
  tcase_add_loop_test(t, rceil_pairs, 0, PAIRS);
  tcase_add_loop_test(t, mxfp8_bytes, 0, CASES);
  tcase_add_test(t, torchao_0_18);
  tcase_add_test(t, nan_of_the_scale);
  tcase_add_test(t, nan_zero_point);
  tcase_add_test(t, zero_signs);
  tcase_add_test(t, mxint8_is_symmetric);
  tcase_add_loop_test(t, signal_to_noise, 0, sizeof ratios / sizeof *ratios);
  suite_add_tcase(suite, t);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
