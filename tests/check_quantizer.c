/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Quantizers: rules against their definitions, properties of every row of the
 * table, and text that is refused.  What the implementations behind the rows
 * compute is compared in scripts/peers and in tests of their own.
 */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "quantizer.h"

enum { ROWS = 8, COLS = 128, N = ROWS * COLS };

static ulp_quantizer find(const char *spec)
{
  ulp_quantizer q;
  ulp_error e;
  ck_assert_msg(ulp_quantizer_find(spec, &q, &e) == ULP_OK, "%s: %s", spec,
                e.text);
  return q;
}

static float x[N], y[N];
static unsigned char codes[8 * N], scales[8 * N];
static int32_t zeros[N];

static void fill(const char *distribution)
{
  double wide[N];
  ck_assert(ulp_sample(distribution, wide, N, true, 11, 4) == ULP_OK);
  for (int i = 0; i < N; i++)
    x[i] = (float)wide[i];
}

static ulp_blocks quantize(const ulp_quantizer *q)
{
  static const int64_t shape[] = {ROWS, COLS};
  ulp_blocks b;
  ulp_error e;
  ulp_quantized out = {codes, scales, q->zero.count ? zeros : NULL};
  ck_assert(ulp_blocks_make(&b, &q->granularity, q->axis, 2, shape, &e) ==
            ULP_OK);
  double amax = ulp_quantizer_amax(q, 0, x, N);
  double global = ulp_quantizer_global(q, amax);
  ck_assert(ulp_quantize_blocks(q, &b, &out, x, amax, global, 0, b.blocks,
                                0) == ULP_OK);
  ulp_dequantize_blocks(q, &b, y, &out, global, 0, b.blocks);
  return b;
}

static double noise(void)
{
  double e2 = 0;
  for (int i = 0; i < N; i++)
    e2 += ((double)y[i] - (double)x[i]) * ((double)y[i] - (double)x[i]);
  return e2;
}

/* ---- the OCP rule, from its text ---------------------------------------------- */

static const struct {
  const char *name, *element;
  int emax;
} mx[] = {{"mxfp8", "e4m3", 8},      {"mxfp8_e5m2", "e5m2", 15},
          {"mxfp6", "e2m3", 2},      {"mxfp6_e3m2", "e3m2", 4},
          {"mxfp4", "e2m1", 2},      {"mxint8@ocp", "mxint8", 0}};

/* Section 6.3: the largest power of two not above the amax, divided by that of
 * the element format; elements are the nearest values of v / X. */
START_TEST(ocp_mx)
{
  ulp_quantizer q = find(mx[_i].name);
  ulp_rounding r = {.overflow = ULP_OVERFLOW_SATURATE};
  const char *const inputs[] = {"gaussian", "student_t3", "lognormal"};
  for (size_t d = 0; d < 3; d++) {
    fill(inputs[d]);
    for (int i = 0; i < 32; i++) /* a block of zeros, one of tiny values */
      x[i] = 0, x[32 + i] = ldexpf(x[32 + i], -130);
    quantize(&q);
    for (int block = 0; block < N / 32; block++) {
      double amax = 0;
      for (int i = 0; i < 32; i++)
        amax = fmax(amax, fabs((double)x[32 * block + i]));
      int k = amax > 0 ? ilogb(amax) - mx[_i].emax : -127;
      if (k < -127) k = -127;
      ck_assert_int_eq(scales[block], k + 127);
      for (int i = 0; i < 32; i++) {
        int at = 32 * block + i;
        uint64_t code =
            ulp_encode_f64(&q.element, ldexp((double)x[at], -k), &r, 0);
        ck_assert_uint_eq(codes[at], code);
        ck_assert_double_eq((double)y[at],
                            ldexp(ulp_decode(&q.element, code), k));
      }
    }
  }
}
END_TEST

/* A block with a NaN, or an Inf, is NaN; its neighbours are not. */
START_TEST(ocp_nan)
{
  ulp_quantizer q = find(mx[_i].name);
  fill("gaussian");
  x[40] = NAN;
  x[70] = -INFINITY;
  quantize(&q);
  for (int i = 0; i < N; i++)
    ck_assert(!isnan(y[i]) == (i < 32 || i >= 96));
}
END_TEST

/* ---- other rules ------------------------------------------------------------------ */

/* NVFP4 by hand: A = 12, G = 2688 / 12 = 224; a = 3: (3 / 6) 224 = 112 is a
 * code of E4M3; 1.5 224 / 112 = 3 is one of E2M1. */
START_TEST(nvfp4_by_hand)
{
  ulp_quantizer q = find("nvfp4@paper");
  memset(x, 0, sizeof x);
  x[0] = 3;
  x[1] = 1.5f;
  x[16] = -12;
  quantize(&q);
  ck_assert_double_eq(ulp_decode(&q.scale, scales[0]), 112);
  ck_assert_double_eq(ulp_decode(&q.scale, scales[1]), 448);
  ck_assert_uint_eq(codes[0], 7);
  ck_assert_uint_eq(codes[1], 5);
  ck_assert_uint_eq(codes[16], 15);
  ck_assert_float_eq(y[0], 3);
  ck_assert_float_eq(y[1], 1.5f);
  ck_assert_float_eq(y[16], -12);
}
END_TEST

/* Zero is a value; no error is beyond half a step; a constant group too. */
START_TEST(affine)
{
  ulp_quantizer q = find("uint4/g=group:32/rule=minmax");
  fill("gaussian");
  for (int i = 0; i < 32; i++)
    x[i] = 3, x[32 + i] = 0, x[64 + i] = -5;
  ulp_blocks b = quantize(&q);
  ck_assert_int_eq(b.blocks, N / 32);
  for (int i = 0; i < N; i++) {
    float step;
    memcpy(&step, scales + 4 * (i / 32), 4);
    ck_assert_msg(fabs((double)y[i] - (double)x[i]) <=
                      (double)step * 0.5000001,
                  "%d: %g for %g", i, (double)y[i], (double)x[i]);
  }
  ck_assert_float_eq(y[40], 0);
}
END_TEST

/* The squared error of a search is not above that of the amax, block by block;
 * and of two scales the better is taken. */
START_TEST(searches)
{
  static const char *const pairs[][2] = {
      {"int4/g=group:32", "int4/g=group:32/rule=mse"},
      {"e2m1/g=group:16/scale=e4m3", "e2m1/g=group:16/scale=e4m3/rule=mse:50"},
      {"nvfp4@fouroversix/second=", "nvfp4@fouroversix"},
      {"uint4/g=group:64/rule=minmax", "uint4/g=group:64/rule=minmax"},
  };
  for (size_t p = 0; p < 4; p++) {
    double error[2][N / 16];
    fill("student_t3");
    for (int k = 0; k < 2; k++) {
      ulp_quantizer q = find(pairs[p][k]);
      quantize(&q);
      for (int i = 0; i < N; i++) {
        double e = (double)y[i] - (double)x[i];
        error[k][i / 16] = (i % 16 ? error[k][i / 16] : 0) + e * e;
      }
    }
    for (int i = 0; i < N / 16; i += 4) /* over 64 elements: every block size */
      ck_assert_double_le(
          error[1][i] + error[1][i + 1] + error[1][i + 2] + error[1][i + 3],
          1.0000001 * (error[0][i] + error[0][i + 1] + error[0][i + 2] +
                       error[0][i + 3]));
  }
}
END_TEST

START_TEST(percentiles_clip)
{
  ulp_quantizer q = find("int8/g=token/rule=percentile:50");
  fill("gaussian");
  for (int i = 0; i < COLS; i++)
    x[i] = (float)(i + 1);
  quantize(&q);
  float s;
  memcpy(&s, scales, 4);
  ck_assert_double_eq_tol((double)s, 64.5 / 127, 1e-6);
  ck_assert_float_eq(y[COLS - 1], 127 * s);
}
END_TEST

/* bitsandbytes' divisors and ours: what a divisor moves is the scale alone. */
START_TEST(divisors)
{
  static const double divisor[] = {127, 127.5, 128};
  char spec[60];
  fill("gaussian");
  for (size_t i = 0; i < 3; i++) {
    (void)snprintf(spec, sizeof spec, "int8/g=token/rule=amax:%g", divisor[i]);
    ulp_quantizer q = find(spec);
    quantize(&q);
    double amax = 0;
    for (int k = 0; k < COLS; k++)
      amax = fmax(amax, fabs((double)x[k]));
    float s;
    memcpy(&s, scales, 4);
    ck_assert_float_eq(s, (float)(amax / divisor[i]));
  }
}
END_TEST

/* ---- every row ----------------------------------------------------------------------- */

static ulp_quantizer row_at(size_t i)
{
  char spec[160];
  const ulp_quantizer_row *r = ulp_quantizer_row_at(i);
  (void)snprintf(spec, sizeof spec, "%s@%s", r->name, r->profile);
  return find(spec);
}

/* What was decoded is encoded to the same values, within the last place of
 * f32 arithmetic; noise is far below the signal; names find their row. */
START_TEST(rows_work)
{
  ulp_quantizer q = row_at((size_t)_i);
  ck_assert_ptr_eq(q.source, ulp_quantizer_row_at((size_t)_i)->source);
  fill("gaussian");
  for (int i = 0; i < N && !q.element.is_signed; i++)
    x[i] = fabsf(x[i]);
  quantize(&q);
  double e2 = noise(), x2 = 0;
  for (int i = 0; i < N; i++)
    x2 += (double)x[i] * (double)x[i];
  ck_assert_msg(10 * log10(x2 / e2) > 15, "%s: %g dB", q.name,
                10 * log10(x2 / e2));
  ck_assert(ulp_quantizer_find(q.name, &q, &(ulp_error){0}) == ULP_OK);
}
END_TEST

/* No input makes a row fail, or a code that its format does not have. */
START_TEST(rows_take_anything)
{
  ulp_quantizer q = row_at((size_t)_i);
  for (int round = 0; round < 20; round++) {
    for (int i = 0; i < N; i++) {
      uint32_t bits = ulp_random_word(3, (uint64_t)round, (uint64_t)i, 0);
      if (round % 4 == 1) bits &= 0x807fffff; /* subnormal */
      if (round % 4 == 2) bits &= 0x80000000; /* zeros */
      memcpy(&x[i], &bits, 4);
    }
    ulp_blocks b = quantize(&q);
    for (int i = 0; i < N; i++)
      if (q.element.bits < 8) ck_assert_uint_lt(codes[i], 1u << q.element.bits);
    ck_assert_int_gt(b.blocks, 0);
  }
}
END_TEST

START_TEST(bits_are_counted)
{
  static const struct {
    const char *spec;
    double bits;
  } all[] = {{"mxfp8", 8.25},          {"mxfp4", 4.25},
             {"nvfp4@te", 4.5 + 32.0 / N}, {"int4/g=group:32", 5},
             {"int4/g=group:32/scale=f16", 4.5},
             {"uint4/g=group:32/scale=f16/rule=minmax", 4.625},
             {"nf4@bitsandbytes", 4.5},
             {"int8/g=token", 8 + 32.0 / COLS}};
  static const int64_t shape[] = {ROWS, COLS};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    ulp_quantizer q = find(all[i].spec);
    ulp_blocks b;
    ulp_error e;
    ck_assert(ulp_blocks_make(&b, &q.granularity, q.axis, 2, shape, &e) ==
              ULP_OK);
    ck_assert_msg(ulp_quantizer_bits(&q, &b) == all[i].bits, "%s: %.17g",
                  all[i].spec, ulp_quantizer_bits(&q, &b));
  }
}
END_TEST

/* ---- text ------------------------------------------------------------------------------ */

START_TEST(settings_override)
{
  ulp_quantizer q = find("nvfp4@te/g=tile:16x16/round=sr/sr-bits=8/seed=5");
  ck_assert_int_eq(q.granularity.kind, ULP_PER_TILE);
  ck_assert_int_eq(q.rounding.mode, ULP_SR);
  ck_assert_int_eq(q.rounding.sr_bits, 8);
  ck_assert_str_eq(q.profile, "te");
  q = find("e2m1/g=group:16/scale=e4m3/raw=a / 6/factor=s/apply=over");
  ck_assert_int_eq(q.raw.count, 3);
}
END_TEST

static const char *const bad[] = {
    "",          "mxfp5",          "mxfp8@",        "mxfp8@ggml",
    "int4@x",    "f32",            "f64",           "mxfp8/",
    "mxfp8/g",   "mxfp8/g=",       "mxfp8/g=row",   "mxfp8/axis=x",
    "mxfp8/axis=1.5", "mxfp8/axis=99", "int4/rule=foo", "int4/rule=floor:3",
    "int4/rule=amax:0", "int4/rule=amax:x", "int4/rule=percentile",
    "int4/rule=percentile:0", "int4/rule=mse:0", "int4/rule=mse:1e9",
    "int4/scale=foo", "int4/round=up", "int4/overflow=wrap",
    "int4/special=te", "int4/sr-bits=33", "int4/seed=-1", "int4/seed=x",
    "int4/over=some", "int4/ties=up", "int4/judge=best", "int4/arithmetic=f16",
    "int4/apply=both", "int4/raw=a / (b", "int4/zero-scale=-1", "int4/foo=1",
    "int4/zero-point=during",
};

START_TEST(refused)
{
  ulp_quantizer q = {.axis = 77};
  ulp_error e = {.text = ""};
  if (!strcmp(bad[_i], "mxfp8/") || !strcmp(bad[_i], "mxfp8@")) {
    ck_assert(ulp_quantizer_find(bad[_i], &q, &e) == ULP_OK); /* nothing said */
    return;
  }
  ck_assert_msg(ulp_quantizer_find(bad[_i], &q, &e) != ULP_OK, "%s", bad[_i]);
  ck_assert_int_eq(q.axis, 77);
  ck_assert_msg(*e.text && !strchr(e.text, '\n'), "%s", bad[_i]);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("quantizer");
  TCase *t = tcase_create("quantizers");
  int rows_count = (int)ulp_quantizer_count();
  tcase_set_timeout(t, 60);
  tcase_add_loop_test(t, ocp_mx, 0, sizeof mx / sizeof *mx);
  tcase_add_loop_test(t, ocp_nan, 0, sizeof mx / sizeof *mx);
  tcase_add_test(t, nvfp4_by_hand);
  tcase_add_test(t, affine);
  tcase_add_test(t, searches);
  tcase_add_test(t, percentiles_clip);
  tcase_add_test(t, divisors);
  tcase_add_loop_test(t, rows_work, 0, rows_count);
  tcase_add_loop_test(t, rows_take_anything, 0, rows_count);
  tcase_add_test(t, bits_are_counted);
  tcase_add_test(t, settings_override);
  tcase_add_loop_test(t, refused, 0, sizeof bad / sizeof *bad);
  suite_add_tcase(suite, t);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
