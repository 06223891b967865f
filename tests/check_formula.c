/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Formulas: by hand, against the machine's own f32 arithmetic, and refused.
 */
#include <check.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "formula_steps.h"

static double v[ULP_VARIABLES];

static double value(const char *text, bool wide)
{
  ulp_formula f;
  ulp_error e;
  ck_assert_msg(ulp_formula_parse(text, &f, &e) == ULP_OK, "%s", e.text);
  return ulp_formula_eval(&f, wide, v);
}

static void set_up(void)
{
  v[ULP_VAR_BLOCK] = 6;
  v[ULP_VAR_GLOBAL] = 0.5;
  v[ULP_VAR_SCALE] = 3;
  v[ULP_VAR_LOW] = -2;
  v[ULP_VAR_HIGH] = 10;
  v[ULP_VAR_MAX] = 7;
  v[ULP_VAR_MIN] = -8;
  v[ULP_VAR_TOP] = 4;
  v[ULP_VAR_BITS] = 1;
}

static const struct {
  const char *text;
  double value;
} by_hand[] = {
    {"1 + 2 * 3", 7},
    {"(1 + 2) * 3", 9},
    {"8 / 2 / 2", 2},      /* left to right */
    {"1 - 2 - 3", -4},
    {"-a", -6},
    {"--a", 6},
    {"2^-3", 0.125},
    {"2^10 + 1e-1 - 0.1", 1024},
    {"a / TOP", 1.5},
    {"(hi - lo) / (MAX - MIN)", 0.8},
    {"min(a, s) + max(a, s)", 9},
    {"pow2(a)", 4},
    {"pow2(-a)", -4},
    {"pow2(8)", 8},
    {"ceil2(a)", 8},
    {"ceil2(8)", 8},
    {"ceil2(-a)", -8},
    {"pow2(0)", 0},
    {"even(7, 1)", 8},     /* 1.75 + 0.25 carries */
    {"even(6.99, 1)", 4},
    {"even(7, M) / TOP", 2},
    {"even(15.5, 3)", 16}, /* 1.9375 + 0.0625 */
    {"even(15.4, 3)", 8},
    {"rne(2.5)", 2},
    {"rne(3.5)", 4},
    {"rne(-2.5)", -2},
    {"abs(lo)", 2},
    {"ok(a, 5)", 5},
    {"ok(0, 5)", 1},
    {"ok(1 / 0, 5)", 1},
    {"ok(0 / 0, 5)", 1},
    {"when(0, 5)", 0},
    {"when(a, 5)", 5},
    {"finite(1 / 0, 7)", 7},
    {"finite(0 / 0, 7)", 7},
    {"finite(a, 7)", 6},
    {"exp2log(6)", 4},
    {"ceil2log(6)", 8},
    {"ceil2log(8)", 8},
    {"HUGE / HUGE", 1},
    {"TINY * 2^126", 1},
    {" G*( 1 /s )*6 ", 1},
};

START_TEST(hand)
{
  double x = value(by_hand[_i].text, true), want = by_hand[_i].value;
  ck_assert_msg(fabs(x - want) <= 1e-12 * fabs(want), "%s: %.17g",
                by_hand[_i].text, x);
}
END_TEST

/* Beyond 2^52 each number is whole. */
START_TEST(whole_numbers)
{
  ck_assert(ulp_whole(0x1.0000000000001p52) == 0x1.0000000000001p52);
  ck_assert(ulp_whole(-0x1.fffffffffffffp52) == -0x1.fffffffffffffp52);
  ck_assert(ulp_whole(0x1.fffffffffffffp51) == 0x1p52);
  ck_assert(isinf(ulp_whole(INFINITY)) && isnan(ulp_whole(NAN)));
  for (double x = -3; x <= 3; x += 0.125)
    ck_assert(ulp_whole(x) == nearbyint(x) &&
              !signbit(ulp_whole(x)) == !signbit(nearbyint(x)));
}
END_TEST

START_TEST(nan_spreads)
{
  ck_assert(isnan(value("min(0 / 0, 1)", true)));
  ck_assert(isnan(value("max(1, 0 / 0)", true)));
  ck_assert(isinf(value("pow2(1 / 0)", true)));
  ck_assert(isinf(value("ceil2(HUGE)", false)));
}
END_TEST

/* log2f of the float below 8 is 3 in f32, and above 16 it is 4: microxcaling's
 * floor is one too great there, TorchAO 0.18's ceil one too small. */
START_TEST(logarithms_round)
{
  v[ULP_VAR_BLOCK] = (double)nextafterf(8, 0);
  ck_assert_double_eq(value("pow2(a)", false), 4);
  ck_assert_double_eq(value("exp2log(a)", false), 8);
  v[ULP_VAR_BLOCK] = (double)nextafterf(16, 17);
  ck_assert_double_eq(value("ceil2(a)", false), 32);
  ck_assert_double_eq(value("ceil2log(a)", false), 16);
}
END_TEST

static float any_float(uint64_t i, unsigned word)
{
  float x;
  uint32_t bits = ulp_random_word(5, 9, i, word);
  memcpy(&x, &bits, sizeof x);
  return x;
}

static bool same(double x, float y)
{
  return isnan(y) ? isnan(x) : x == (double)y && !signbit(x) == !signbit(y);
}

/* Any bits, subnormals too: f64 rounded to f32 is f32. */
START_TEST(f32_is_the_machines)
{
  for (uint64_t i = 0; i < 300000; i++) {
    float a = any_float(2 * i, 0), s = any_float(2 * i + 1, 0);
    if (i % 3 == 0) s = ldexpf(s, -60); /* quotients, products that underflow */
    v[ULP_VAR_BLOCK] = (double)a;
    v[ULP_VAR_SCALE] = (double)s;
    ck_assert_msg(same(value("a * s", false), a * s) &&
                      same(value("a / s", false), a / s) &&
                      same(value("a + s", false), a + s) &&
                      same(value("a - s", false), a - s) &&
                      same(value("a * (1 / s)", false), a * (1 / s)),
                  "%a and %a", (double)a, (double)s);
  }
}
END_TEST

static const char *const bad[] = {
    "a +", "(a", "a)", "a b", "b", "min(a)", "min(a, s, G)", "pow2", "1..2",
    "2^", "2^2000", "a ^ 2", "/", "()", "nan", "inf", "0x10", "1e999", "a, s",
    "MAXX", "a $ s",
    "((((((((((((((((((((a))))))))))))))))))))",
    "1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1",
    "----------------------------------------a",
};

START_TEST(refused)
{
  ulp_formula f = {.count = 77};
  ulp_error e;
  ck_assert_msg(ulp_formula_parse(bad[_i], &f, &e) == ULP_EINVAL, "%s", bad[_i]);
  ck_assert_int_eq(f.count, 77);
  ck_assert_ptr_nonnull(strstr(e.text, "expected"));
}
END_TEST

START_TEST(empty_is_one)
{
  ck_assert_double_eq(value("", true), 1);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("formula");
  TCase *t = tcase_create("formulas");
  tcase_add_checked_fixture(t, set_up, NULL);
  tcase_set_timeout(t, 60);
  tcase_add_loop_test(t, hand, 0, sizeof by_hand / sizeof *by_hand);
  tcase_add_test(t, whole_numbers);
  tcase_add_test(t, nan_spreads);
  tcase_add_test(t, logarithms_round);
  tcase_add_test(t, f32_is_the_machines);
  tcase_add_loop_test(t, refused, 0, sizeof bad / sizeof *bad);
  tcase_add_test(t, empty_is_one);
  suite_add_tcase(suite, t);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
