/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Scale rules: by hand at the edges, and against their definitions, searched
 * power by power.
 */
#include <check.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis.h"

static ulp_format format(const char *name)
{
  ulp_format f;
  char why[200];
  ck_assert_msg(ulp_format_find(name, &f, why, sizeof why) == ULP_OK, "%s: %s",
                name, why);
  return f;
}

static ulp_summary *s;

static void set_up(void)
{
  s = ulp_summary_new();
  ck_assert_ptr_nonnull(s);
}

static void tear_down(void)
{
  ulp_summary_free(s);
}

/* The scale for a tensor whose only element is x. */
static double scale_of(const char *name, ulp_scale_rule rule, double parameter,
                       double x)
{
  ulp_format f = format(name);
  ulp_scale_spec spec = {rule, parameter};
  ulp_summary_reset(s);
  ulp_summary_add(s, &x, 1);
  return ulp_scale_choose(&f, &spec, s);
}

/* ---- by hand ------------------------------------------------------------ */

static const struct {
  const char *format;
  ulp_scale_rule rule;
  double amax, scale;
} edges[] = {
    /* E4M3: max 448 = 1.75 * 2^8, so emax 8 */
    {"e4m3", ULP_SCALE_FLOOR, 256, 1},
    {"e4m3", ULP_SCALE_FLOOR, 0x1.fffffffffffffp8, 1},
    {"e4m3", ULP_SCALE_FLOOR, 0x1.fffffffffffffp7, 0.5},
    {"e4m3", ULP_SCALE_CEIL, 256, 1},
    {"e4m3", ULP_SCALE_CEIL, 0x1.0000000000001p8, 2},
    {"e4m3", ULP_SCALE_RCEIL, 448, 1},
    {"e4m3", ULP_SCALE_RCEIL, 0x1.c000000000001p8, 2},
    {"e4m3", ULP_SCALE_RCEIL, 256, 1},
    {"e4m3", ULP_SCALE_EVEN, 496, 2}, /* 1.9375: half an ulp below 2 */
    {"e4m3", ULP_SCALE_EVEN, 0x1.effffffffffffp8, 1},
    {"e4m3", ULP_SCALE_EVEN, -496, 2},
    /* E2M1: max 6, emax 2, one significand bit */
    {"e2m1", ULP_SCALE_EVEN, 7, 2},
    {"e2m1", ULP_SCALE_EVEN, 6.875, 1},
    {"e2m1", ULP_SCALE_RCEIL, 6, 1},
    {"e2m1", ULP_SCALE_RCEIL, 6.0000001, 2},
    {"e2m1", ULP_SCALE_FLOOR, 7.5, 1},
    /* INT8: max 127, emax 6, six bits below the leading one */
    {"int8", ULP_SCALE_FLOOR, 127, 1},
    {"int8", ULP_SCALE_RCEIL, 127, 1},
    {"int8", ULP_SCALE_RCEIL, 127.5, 2},
    {"int8", ULP_SCALE_CEIL, 127, 2},
    {"int8", ULP_SCALE_EVEN, 127.5, 2},
    {"int8", ULP_SCALE_EVEN, 127.25, 1},
    {"int8", ULP_SCALE_AMAX, 1, 0x1.020408p-7}, /* f32 of 1/127 */
    /* nothing, the least and the greatest */
    {"e4m3", ULP_SCALE_FLOOR, 0, 1},
    {"e4m3", ULP_SCALE_RCEIL, 0, 1},
    {"e4m3", ULP_SCALE_AMAX, 0, 1},
    {"e4m3", ULP_SCALE_MSE, 0, 1},
    {"e4m3", ULP_SCALE_MSE, NAN, 1},
    {"e4m3", ULP_SCALE_AMAX, INFINITY, 1},
    {"e4m3", ULP_SCALE_FLOOR, 0x1p-1074, 0x1p-126},
    {"e4m3", ULP_SCALE_CEIL, 0x1p-118, 0x1p-126},
    {"e4m3", ULP_SCALE_CEIL, 0x1.8p-118, 0x1p-125},
    {"e4m3", ULP_SCALE_AMAX, 0x1p-1074, 0x1p-126},
    {"e2m1", ULP_SCALE_MSE, 0x1p-1074, 0x1p-126},
    {"e2m1", ULP_SCALE_FLOOR, FLT_MAX, 0x1p125},
    {"e2m1", ULP_SCALE_RCEIL, FLT_MAX, 0x1p126},
    {"e2m1", ULP_SCALE_CEIL, FLT_MAX, 0x1p126},
    {"e2m1", ULP_SCALE_FLOOR, DBL_MAX, 0x1p127},
    {"e2m1", ULP_SCALE_AMAX, DBL_MAX, FLT_MAX},
    {"e8m0", ULP_SCALE_FLOOR, 2, 0x1p-126},
    {"e12m3", ULP_SCALE_FLOOR, 1, 0x1p-126}, /* its max is beyond f64 */
    {"e12m3", ULP_SCALE_AMAX, 1, 0x1p-126},
    {"f32", ULP_SCALE_MSE, FLT_MAX, 1}, /* more than 16 bits: amax */
};

START_TEST(edge)
{
  ck_assert_double_eq(
      scale_of(edges[_i].format, edges[_i].rule, 0, edges[_i].amax),
      edges[_i].scale);
}
END_TEST

START_TEST(parameters)
{
  ck_assert_double_eq(scale_of("e4m3", ULP_SCALE_NONE, 0, 3), 1);
  ck_assert_double_eq(scale_of("e4m3", ULP_SCALE_FIXED, 0.1, 3), 0.1);
  ck_assert_double_eq(scale_of("e2m1", ULP_SCALE_PERCENTILE, 100, 3), 0.5);
  static const double x[] = {0, 0, 0, 0, 3};
  ulp_format f = format("e2m1");
  ulp_scale_spec spec = {ULP_SCALE_PERCENTILE, 50};
  ulp_summary_reset(s);
  ulp_summary_add(s, x, 5);
  ck_assert_double_eq(ulp_scale_choose(&f, &spec, s), 0.5); /* not 0 */
}
END_TEST

/* ---- against the definitions -------------------------------------------- */

/* The greatest power of two not above x, by halving and doubling. */
static double floor_power(double x)
{
  double p = 1;
  while (p > x)
    p /= 2;
  while (p * 2 <= x)
    p *= 2;
  return p;
}

START_TEST(definitions)
{
  static const char *const names[] = {"e4m3", "e5m2", "e3m2", "e2m3",
                                      "e2m1", "int8", "int4"};
  const char *name = names[_i];
  ulp_format f = format(name);
  double max = ulp_max(&f), emax = floor_power(max);
  ulp_pcg32 g = ulp_pcg32_seed(5, (uint64_t)_i);
  for (int k = 0; k < 60; k++) {
    int exponent = (int)(ulp_pcg32_next(&g) % 200) - 100;
    double amax = ldexp(ulp_pcg32_next(&g) % 4 ? ulp_pcg32_next(&g) + 1.0 : max,
                        exponent);
    double low = floor_power(amax);
    ck_assert_double_eq(scale_of(name, ULP_SCALE_FLOOR, 0, amax), low / emax);
    ck_assert_double_eq(scale_of(name, ULP_SCALE_CEIL, 0, amax),
                        (low == amax ? low : 2 * low) / emax);
    double r = scale_of(name, ULP_SCALE_RCEIL, 0, -amax);
    ck_assert(amax / r <= max && amax / (r / 2) > max);
    double a = scale_of(name, ULP_SCALE_AMAX, 0, amax);
    ck_assert_double_eq(a, (double)(float)(amax / max));
  }
}
END_TEST

/* ---- text --------------------------------------------------------------- */

START_TEST(names_round_trip)
{
  static const char *const good[] = {
      "none",           "fixed:0.25", "amax", "mse",   "percentile:99.9",
      "percentile:100", "floor",      "ceil", "rceil", "even",
      "fixed:1e-10",    "fixed:0.1"};
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    ulp_scale_spec spec;
    ulp_error e;
    char text[64];
    ck_assert_int_eq(ulp_scale_parse(good[i], &spec, &e), ULP_OK);
    ulp_scale_format(&spec, text, sizeof text);
    ck_assert_str_eq(text, good[i]);
  }
  size_t n = 0;
  while (ulp_scale_rule_name(n))
    n++;
  ck_assert_uint_eq(n, ULP_SCALE_EVEN + 1);
}
END_TEST

START_TEST(bad_text_is_refused)
{
  static const char *const bad[] = {"",
                                    ":",
                                    "AMAX",
                                    "amax:1",
                                    "amax ",
                                    "fixed",
                                    "fixed:",
                                    "fixed:0",
                                    "fixed:-1",
                                    "fixed:inf",
                                    "fixed:nan",
                                    "fixed:1x",
                                    "fixed: 1",
                                    "fixed:1e999",
                                    "percentile",
                                    "percentile:101",
                                    "percentile:0",
                                    "percentile:99,9",
                                    "a-very-long-name-that-is-no-rule",
                                    "fixed:\n2"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    ulp_scale_spec spec = {ULP_SCALE_EVEN, 7};
    ulp_error e = {ULP_OK, ""};
    ck_assert_msg(ulp_scale_parse(bad[i], &spec, &e) != ULP_OK, "%s", bad[i]);
    ck_assert_int_eq(spec.rule, ULP_SCALE_EVEN);
    ck_assert_double_eq(spec.parameter, 7);
    ck_assert_int_ne(e.status, ULP_OK);
    ck_assert_ptr_nonnull(strstr(e.text, "expected"));
  }
  ulp_scale_spec spec;
  ulp_error e;
  ck_assert_int_eq(ulp_scale_parse("flor", &spec, &e), ULP_ENAME);
  ck_assert_ptr_nonnull(strstr(e.text, "did you mean 'floor'?"));
}
END_TEST

START_TEST(granularities)
{
  static const struct {
    const char *text;
    ulp_granularity_kind kind;
    int64_t rows, cols;
  } good[] = {{"tensor", ULP_PER_TENSOR, 0, 0},
              {"channel", ULP_PER_CHANNEL, 0, 0},
              {"token", ULP_PER_TOKEN, 0, 0},
              {"group:32", ULP_PER_GROUP, 1, 32},
              {"tile:128x64", ULP_PER_TILE, 128, 64}};
  static const char *const bad[] = {"",           "tensor:1",
                                    "group",      "group:",
                                    "group:0",    "group:-1",
                                    "group:1x2",  "tile:8",
                                    "tile:8x",    "tile:0x8",
                                    "tile:8x8x8", "group:3 ",
                                    "tile:8X8",   "group:99999999999999999999",
                                    "tile",       "blocks"};
  ulp_granularity g;
  ulp_error e;
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    ck_assert_int_eq(ulp_granularity_parse(good[i].text, &g, &e), ULP_OK);
    ck_assert_int_eq(g.kind, good[i].kind);
    ck_assert_int_eq(g.rows, good[i].rows);
    ck_assert_int_eq(g.cols, good[i].cols);
  }
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    g.cols = 77;
    ck_assert_msg(ulp_granularity_parse(bad[i], &g, &e) != ULP_OK, "%s",
                  bad[i]);
    ck_assert_int_eq(g.cols, 77);
    ck_assert_ptr_nonnull(strstr(e.text, "expected"));
  }
  ck_assert_int_eq(ulp_granularity_parse("tokens", &g, &e), ULP_ENAME);
  ck_assert_ptr_nonnull(strstr(e.text, "did you mean 'token'?"));
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("scale");
  TCase *t = tcase_create("rules");
  tcase_add_checked_fixture(t, set_up, tear_down);
  tcase_add_loop_test(t, edge, 0, sizeof edges / sizeof *edges);
  tcase_add_test(t, parameters);
  tcase_add_loop_test(t, definitions, 0, 7);
  tcase_add_test(t, names_round_trip);
  tcase_add_test(t, bad_text_is_refused);
  tcase_add_test(t, granularities);
  suite_add_tcase(suite, t);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
