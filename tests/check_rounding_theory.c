/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The predictions that the experiments on rounding print beside what they
 * measure: against literal definitions, closed forms and published figures.
 */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "draws.h"

static ulp_rounding mode(const char *word)
{
  ulp_mode_word m;
  ulp_error e;
  ck_assert_int_eq(ulp_mode_word_read(&m, word, &e), ULP_OK);
  return m.rounding;
}

static ulp_gaps gaps(const char *format, bool negative)
{
  ulp_gaps g;
  ulp_error e;
  ck_assert_int_eq(ulp_gaps_make(&g, format, negative, &e), ULP_OK);
  return g;
}

/* ---- words ------------------------------------------------------------- */

START_TEST(words)
{
  static const char *const wrong[] = {"sr:", "sr:0", "sr:33", "sr:8D", "sr:8AA",
                                      "rnd", "sr:-1", "sr:8a", "rne:8", "",
                                      "sr:00000000000008"};
  ulp_mode_word m;
  ulp_error e;
  ulp_rounding r = mode("sr:32C");
  ck_assert(r.mode == ULP_SR && r.sr_bits == 32 && r.sr_variant == ULP_SR_C);
  r = mode("sr:8");
  ck_assert(r.mode == ULP_SR && r.sr_bits == 8 && r.sr_variant == ULP_SR_A);
  ck_assert(mode("sr").mode == ULP_SR && mode("sr").sr_bits == 0);
  ck_assert(mode("odd").mode == ULP_ODD);
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    ck_assert_msg(ulp_mode_word_read(&m, wrong[i], &e) == ULP_ENAME, "%s",
                  wrong[i]);
}
END_TEST

/* ---- the chance to go up ----------------------------------------------- */

/* P3109 draft 4.7.4, literally: the R that go up, of all R, at v = k 2^-12
 * and with N bits; everything times 2^12 to stay in integers. */
static int literal_ups(int variant, int n, long k)
{
  long all = 1L << n, fine = k << n, ups = 0; /* v 2^N times 2^12 */
  long floor_a = fine >> 12, floor_b = fine >> 11;
  long rest = fine & 0xFFF;
  long nearest = floor_a + (rest > 2048 || (rest == 2048 && floor_a % 2));
  for (long random = 0; random < all; random++)
    ups += variant == 0   ? floor_a + random >= all
           : variant == 1 ? floor_b + 2 * random + 1 >= 2 * all
                          : nearest + random >= all;
  return (int)ups;
}

START_TEST(few_bits)
{
  ulp_rounding r = {.mode = ULP_SR, .sr_bits = (uint8_t)_i};
  for (int variant = 0; variant < 3; variant++) {
    r.sr_variant = (ulp_sr_variant)variant;
    for (long k = 1; k < 4096; k += _i > 8 ? 37 : 1)
      ck_assert_double_eq(
          ulp_up_chance(&r, false, false, ldexp((double)k, -12)),
          ldexp(literal_ups(variant, _i, k), -_i));
  }
}
END_TEST

/* x = 2^-40 is at 2^-31 of the least value of E4M3, 2^-9: variant A needs 31
 * bits to see it, B one less, C too (a tie goes to 0, the next is 1). */
START_TEST(dead_zone)
{
  ulp_gaps g = gaps("e4m3", false);
  ulp_gap_place at = ulp_gap_find(&g, 0x1p-40);
  ck_assert_int_eq(at.index, 0);
  ck_assert_double_eq(at.fraction, 0x1p-31);
  ulp_rounding a = mode("sr:30A"), b = mode("sr:29B"), c = mode("sr:30C");
  ck_assert_double_eq(ulp_gap_round(&g, &a, &at).up, 0);
  ck_assert_double_eq(ulp_gap_round(&g, &b, &at).up, 0);
  ck_assert_double_eq(ulp_gap_round(&g, &c, &at).up, 0);
  a.sr_bits = 31, b.sr_bits = 30;
  ck_assert_double_eq(ulp_gap_round(&g, &a, &at).up, 0x1p-31);
  ck_assert_double_eq(ulp_gap_round(&g, &b, &at).up, 0x1p-30);
  ulp_gaps_free(&g);
}
END_TEST

START_TEST(deterministic)
{
  static const struct {
    const char *word;
    int odd, negative;
    int up[3]; /* at 1/4, 1/2, 3/4 */
  } rows[] = {
      {"rne", 0, 0, {0, 0, 1}}, {"rne", 1, 0, {0, 1, 1}},
      {"rna", 0, 1, {0, 1, 1}}, {"rnz", 1, 1, {0, 0, 1}},
      {"rtz", 1, 0, {0, 0, 0}}, {"ru", 0, 0, {1, 1, 1}},
      {"ru", 0, 1, {0, 0, 0}},  {"rd", 0, 0, {0, 0, 0}},
      {"rd", 0, 1, {1, 1, 1}},  {"odd", 0, 0, {1, 1, 1}},
      {"odd", 1, 0, {0, 0, 0}}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    ulp_rounding r = mode(rows[i].word);
    for (int k = 0; k < 3; k++)
      ck_assert_msg(ulp_up_chance(&r, rows[i].odd, rows[i].negative,
                                  (k + 1) / 4.0) == rows[i].up[k],
                    "%s row %zu at %d/4", rows[i].word, i, k + 1);
    ck_assert_double_eq(ulp_up_chance(&r, false, false, 0), 0);
  }
  ulp_rounding sr = mode("sr");
  ck_assert_double_eq(ulp_up_chance(&sr, true, true, 0.3), 0.3);
}
END_TEST

/* ---- averages over a gap ----------------------------------------------- */

/* The midpoint rule at 3 2^k points, k beyond N: every piece on which the
 * chance is constant has whole intervals only (B and C change halfway between
 * multiples of 2^-N), and on it the integrand is a quadratic, of which the
 * rule misses h^2 / 12. */
START_TEST(averages)
{
  static const char *const names[] = {"rne", "rna", "rtz", "ru", "rd", "odd",
                                      "sr", "sr:1A", "sr:3A", "sr:8A", "sr:1B",
                                      "sr:3B", "sr:3C", "sr:8C"};
  enum { POINTS = 3 << 12 };
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    ulp_rounding r = mode(names[i]);
    double mean = 0, square = 0;
    for (int k = 0; k < 2 * POINTS; k++) {
      double v = (k / 2 + 0.5) / POINTS;
      double p = ulp_up_chance(&r, k % 2, false, v);
      mean += (p - v) / (2 * POINTS);
      square += (p * (1 - v) * (1 - v) + (1 - p) * v * v) / (2 * POINTS);
    }
    ulp_uniform_error u = ulp_uniform_error_of(&r, false);
    ck_assert_double_eq_tol(u.mean, mean, 1e-8);
    ck_assert_double_eq_tol(u.square, square, 1e-8);
  }
  ulp_rounding a = mode("sr:3A"), sr = mode("sr"), rd = mode("rd");
  ck_assert_double_eq(ulp_uniform_error_of(&a, false).mean, -0.0625);
  ck_assert_double_eq_tol(ulp_uniform_error_of(&sr, true).square, 1 / 6.0,
                          1e-15);
  ck_assert_double_eq(ulp_uniform_error_of(&rd, true).mean, 0.5);
}
END_TEST

/* Binomial(10, 1/2): P(X = 0) = 2^-10, P(X <= 2) = 56 / 1024. */
START_TEST(binomial)
{
  ck_assert_double_eq_tol(ulp_binomial_test(0, 10, 0.5), 2.0 / 1024, 1e-15);
  ck_assert_double_eq_tol(ulp_binomial_test(8, 10, 0.5), 112.0 / 1024, 1e-14);
  ck_assert_double_eq(ulp_binomial_test(5, 10, 0.5), 1);
  ck_assert_double_eq(ulp_binomial_test(0, 10, 0), 1);
  ck_assert_double_eq(ulp_binomial_test(1, 10, 0), 0);
  ck_assert_double_eq(ulp_binomial_test(9, 10, 1), 0);
  ck_assert_double_eq_tol(ulp_three_sigma_tail, erfc(3 / sqrt(2)), 1e-15);
}
END_TEST

/* ---- gaps -------------------------------------------------------------- */

/* OCP MX 1.0, 5.3.3: the magnitudes of E2M1; one more would be 8. */
START_TEST(values_of_e2m1)
{
  static const double value[] = {0, 0.5, 1, 1.5, 2, 3, 4, 6, 8};
  ulp_gaps g = gaps("e2m1", true);
  int64_t first, last;
  ck_assert_int_eq(g.count, 8);
  for (int i = 0; i <= 8; i++)
    ck_assert_double_eq(g.value[i], value[i]);
  ck_assert(ulp_gap_range(&g, ULP_SUBNORMAL_GAPS, &first, &last));
  ck_assert(first == 1 && last == 1);
  ck_assert(ulp_gap_range(&g, ULP_NORMAL_GAPS, &first, &last));
  ck_assert(first == 2 && last == 6);
  ulp_gap_place at = ulp_gap_find(&g, 3.25);
  ck_assert(at.index == 5 && at.gap == 1 && at.fraction == 0.25);
  at = ulp_gap_find(&g, 11);
  ck_assert(at.index == 7 && at.gap == 2 && at.fraction == 2.5);
  ulp_rounding up = mode("rd"); /* away from zero, and yet it saturates */
  ulp_gap_outcome o = ulp_gap_round(&g, &up, &at);
  ck_assert(o.low == 7 && o.high == 7);
  ulp_gaps_free(&g);
}
END_TEST

START_TEST(ends)
{
  static const struct {
    const char *format;
    bool negative;
    double max, next;
  } rows[] = {{"e4m3", false, 448, 480},
              {"e5m2", true, 57344, 65536},
              {"f16", false, 65504, 65536},
              {"bf16", false, 0x1.FEp127, 0x1p128},
              {"int8", false, 127, 128},
              {"int8", true, 128, 129},
              {"int8sym", true, 127, 128},
              {"e2m3", false, 7.5, 8},
              {"binary8p1se", false, 0x1p62, 0x1p63}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    ulp_gaps g = gaps(rows[i].format, rows[i].negative);
    ck_assert_double_eq(g.value[g.count - 1], rows[i].max);
    ck_assert_double_eq(g.value[g.count], rows[i].next);
    ulp_gaps_free(&g);
  }
  ulp_gaps g;
  ulp_error e;
  ck_assert_int_eq(ulp_gaps_make(&g, "e8m0", false, &e), ULP_EINVAL);
  ulp_gaps_free(&g);
  ck_assert_int_eq(ulp_gaps_make(&g, "nf4", false, &e), ULP_EINVAL);
  ulp_gaps_free(&g);
}
END_TEST

/* ---- counting ---------------------------------------------------------- */

/* The counts are held to what they are told: a wrong neighbour is a stray,
 * and ups that the chance does not give disagree. */
START_TEST(counts)
{
  ulp_gaps g = gaps("e4m3", false);
  int64_t one = ulp_gap_find(&g, 1).index;
  ulp_draw_place p = {&g, one, 1, 2, 0.5}; /* 1 is even, 1.125 odd */
  ulp_rounding rne = {.mode = ULP_RNE}, ru = {.mode = ULP_RU};
  ulp_draw_counts c;
  ck_assert_int_eq(ulp_draw(&c, &p, &rne, 1000), ULP_OK);
  ck_assert(c.samples == 1000 && c.ups == 500 && c.strays == 0);
  ck_assert(ulp_draws_agree(&c, 0.5) && !ulp_draws_agree(&c, 0.56));
  ck_assert_int_eq(ulp_draw(&c, &p, &ru, 1000), ULP_OK);
  ck_assert(c.ups == 1000 && ulp_draws_agree(&c, 1));
  ck_assert(!ulp_draws_agree(&c, 0.5));
  g.value[one + 1] = 1.0625; /* what e4m3 does not have */
  p.width = 1;
  ck_assert_int_eq(ulp_draw(&c, &p, &ru, 10), ULP_OK);
  ck_assert_int_eq(c.strays, 10);
  ck_assert(!ulp_draws_agree(&c, 0));
  ulp_gaps_free(&g);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("rounding theory");
  TCase *c = tcase_create("rounding theory");
  tcase_add_test(c, words);
  tcase_add_loop_test(c, few_bits, 1, 13);
  tcase_add_test(c, dead_zone);
  tcase_add_test(c, deterministic);
  tcase_add_test(c, averages);
  tcase_add_test(c, binomial);
  tcase_add_test(c, values_of_e2m1);
  tcase_add_test(c, ends);
  tcase_add_test(c, counts);
  suite_add_tcase(s, c);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_ENV);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
