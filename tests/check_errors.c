/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Error statistics: by hand, against rational sums, and the confidence
 * interval against many repeated samples.
 */
#include <check.h>
#include <float.h>
#include <gmp.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis.h"

static ulp_error_sums sums_of(const double *x, const double *y, size_t n,
                              double clip_above)
{
  ulp_error_sums s;
  memset(&s, 0, sizeof s);
  ulp_error_sums_add(&s, x, y, n, (ulp_range){-clip_above, clip_above});
  return s;
}

START_TEST(by_hand)
{
  static const double x[] = {3, -4, 0, 0.25, 10, NAN, INFINITY, 1};
  static const double y[] = {3, -5, 0, 0, 6, 1, 6, INFINITY};
  ulp_error_sums s = sums_of(x, y, 8, 6);
  ck_assert_uint_eq(s.count, 6);
  ck_assert_uint_eq(s.clipped, 1);
  ck_assert_uint_eq(s.flushed, 1);
  ck_assert_uint_eq(s.exact, 2);
  ck_assert_uint_eq(s.nonfinite, 1);
  ck_assert_double_eq(s.max_error, 4);
  ulp_error_report r = ulp_error_sums_report(&s);
  /* sum x^2 = 125.0625, e = 0 -1 0 -0.25 -4, sum e^2 = 17.0625 */
  ck_assert_double_eq_tol(r.snr_db, 10 * log10(125.0625 / 17.0625), 1e-13);
  ck_assert_double_eq(r.bias, -5.25 / 5);
  ck_assert_double_eq(r.rmse, sqrt(17.0625 / 5));
  ck_assert_double_eq(r.max_error, 4);
  ck_assert_double_eq(r.clipped, 1 / 6.0);
  ck_assert_double_eq(r.flushed, 1 / 6.0);
  ck_assert_double_eq(r.clipped_noise_share, 16 / 17.0625);
  double variance = 17.0625 / 5 - 1.05 * 1.05;
  ck_assert_double_eq_tol(r.bias_ci95, 1.96 * sqrt(variance / 5), 1e-3);
}
END_TEST

/* n = 2, X = 2.5, E = 0.5, (x^2, e^2) = (1, 0.25), (4, 0.75): the mean of
 * (x^2/X - e^2/E)^2 is (0.1^2 + 0.1^2) / 2. */
START_TEST(interval_by_hand)
{
  double x[] = {1, 2}, y[] = {1.5, 2 + sqrt(0.75)};
  ulp_error_sums s = sums_of(x, y, 2, 9);
  ulp_error_report r = ulp_error_sums_report(&s);
  double expected = 1.959963984540054 * 10 / log(10) * 0.1 / sqrt(2);
  ck_assert_double_eq_tol(r.snr_db_ci95, expected, 1e-12);
}
END_TEST

START_TEST(degenerate)
{
  static const double zero[] = {0, 0}, one[] = {1, 1},
                      infinite[] = {INFINITY, NAN};
  ulp_error_sums s = sums_of(one, one, 0, 1);
  ulp_error_report r = ulp_error_sums_report(&s);
  ck_assert(isnan(r.snr_db));
  ck_assert_double_eq(r.clipped, 0);
  s = sums_of(one, infinite, 2, 1);
  r = ulp_error_sums_report(&s);
  ck_assert(isnan(r.snr_db));
  ck_assert_uint_eq(s.nonfinite, 2);
  s = sums_of(infinite, one, 2, 1);
  ck_assert_uint_eq(s.count, 0);
  s = sums_of(one, one, 2, 1);
  r = ulp_error_sums_report(&s);
  ck_assert_double_eq(r.snr_db, INFINITY);
  ck_assert_double_eq(r.snr_db_ci95, 0);
  ck_assert_double_eq(r.bias, 0);
  ck_assert_double_eq(r.clipped_noise_share, 0);
  s = sums_of(zero, zero, 2, 1);
  ck_assert_double_eq(ulp_error_sums_report(&s).snr_db, INFINITY);
  s = sums_of(zero, one, 2, 1);
  r = ulp_error_sums_report(&s);
  ck_assert_double_eq(r.snr_db, -INFINITY);
  ck_assert_double_eq(r.snr_db_ci95, 0);
  ck_assert_double_eq(r.rmse, 1);
}
END_TEST

/* Magnitudes over 60 orders: the sums agree with rational ones to the last
 * bits, which a plain sum does not. */
START_TEST(sums_are_compensated)
{
  enum { N = 20000 };
  static double x[N], y[N];
  ulp_pcg32 g = ulp_pcg32_seed(3, 3);
  mpq_t total, term;
  mpq_inits(total, term, NULL);
  double plain = 0;
  for (size_t i = 0; i < N; i++) {
    x[i] = 0;
    y[i] = ldexp((double)ulp_pcg32_next(&g) - 0x1p31,
                 (int)(ulp_pcg32_next(&g) % 60));
    mpq_set_d(term, y[i]);
    mpq_add(total, total, term);
    plain += y[i];
  }
  ulp_error_sums s = sums_of(x, y, N, DBL_MAX);
  double exact = mpq_get_d(total); /* truncated */
  ck_assert_double_eq_tol(s.e1.hi + s.e1.lo, exact, 0x1p-52 * fabs(exact));
  ck_assert(plain != s.e1.hi + s.e1.lo);
  mpq_clears(total, term, NULL);
}
END_TEST

START_TEST(chunks_give_the_same_bits)
{
  enum { N = 10000 };
  static double x[N], y[N];
  ck_assert_int_eq(ulp_sample("laplace", x, N, false, 4, 0), ULP_OK);
  for (size_t i = 0; i < N; i++)
    y[i] = (double)(float)x[i];
  ulp_error_sums whole = sums_of(x, y, N, 3), parts;
  memset(&parts, 0, sizeof parts);
  for (size_t i = 0; i < N; i += 77)
    ulp_error_sums_add(&parts, x + i, y + i, N - i < 77 ? N - i : 77,
                       (ulp_range){-3, 3});
  ck_assert_int_eq(memcmp(&whole, &parts, sizeof whole), 0);
  ck_assert_uint_gt(whole.clipped, 0);
}
END_TEST

static ulp_format format(const char *name)
{
  ulp_format f;
  ck_assert_int_eq(ulp_format_find(name, &f, NULL, 0), ULP_OK);
  return f;
}

/* A chunk measured at its index equals the codes made one at a time. */
/* What rounding brings back to the greatest value is not clipped. */
START_TEST(clip_range_is_where_rounding_ends)
{
  static const struct {
    const char *name;
    double low, high;
  } cases[] = {{"e4m3", -464, 464},   {"e2m1", -7, 7},
               {"e5m2", -61440, 61440}, {"int8", -128.5, 127.5},
               {"int8sym", -127.5, 127.5}, {"uint8", -0.5, 255.5},
               {"mxint8", -2.0078125, 1.9921875}, {"nf4", -1, 1},
               {"e8m0", 0, 0x1.8p127}, {"binary8p1se", -0x1.8p62, 0x1.8p62}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    ulp_format f = format(cases[i].name);
    ulp_range r = ulp_clip_range(&f, 2);
    ck_assert_msg(r.low == 2 * cases[i].low && r.high == 2 * cases[i].high,
                  "%s: %g %g", cases[i].name, r.low, r.high);
  }
}
END_TEST

START_TEST(measure_is_encode_and_decode)
{
  enum { N = 3000 };
  static double x[N], y[N], work[2 * N];
  static const char *const names[] = {"e4m3", "int4", "f16", "f32", "tf32"};
  ulp_format f = format(names[_i]);
  ulp_rounding r = {.mode = ULP_SR,
                    .overflow = ULP_OVERFLOW_SATURATE,
                    .sr_bits = 8,
                    .seed = 9,
                    .stream = 1};
  double scale = _i < 2 ? 0.125 : 1;
  ck_assert_int_eq(ulp_sample("student_t3", x, N, false, 6, 0), ULP_OK);
  for (size_t i = 0; i < N; i++)
    y[i] = ulp_decode(&f, ulp_encode_f64(&f, x[i] / scale, &r, i)) * scale;
  ulp_error_sums expected, got;
  memset(&expected, 0, sizeof expected);
  memset(&got, 0, sizeof got);
  ulp_error_sums_add(&expected, x, y, N, ulp_clip_range(&f, scale));
  for (size_t i = 0; i < N; i += 1000)
    ck_assert_int_eq(
        ulp_measure_chunk(&got, &f, scale, &r, x + i, 1000, i, work), ULP_OK);
  ck_assert_int_eq(memcmp(&expected, &got, sizeof got), 0);
}
END_TEST

START_TEST(measure_refuses_a_bad_scale)
{
  double x[1] = {1}, work[2];
  ulp_error_sums s, zero;
  memset(&s, 0, sizeof s);
  memset(&zero, 0, sizeof zero);
  ulp_format f = format("e4m3");
  ulp_rounding r = {.mode = ULP_RNE};
  ck_assert_int_eq(ulp_measure_chunk(&s, &f, 0, &r, x, 1, 0, work), ULP_EINVAL);
  ck_assert_int_eq(memcmp(&s, &zero, sizeof s), 0);
}
END_TEST

/* Of 1000 samples of 500 elements, how many intervals hold the ratio of all
 * together?  Were the coverage 95 %, fewer than 903 or more than 987 would
 * have a probability below 1e-9 (binomial); a factor 1.3 in the width would
 * give 87 % or 99 %. */
START_TEST(interval_covers)
{
  enum { BATCHES = 1000, N = 500 };
  static double x[N], work[2 * N];
  static ulp_error_sums batch[BATCHES];
  ulp_error_sums all;
  memset(&all, 0, sizeof all);
  ulp_format f = format("e3m2");
  ulp_rounding r = {.mode = ULP_RNE, .overflow = ULP_OVERFLOW_SATURATE};
  for (size_t k = 0; k < BATCHES; k++) {
    ck_assert_int_eq(ulp_sample("uniform", x, N, true, 5, k), ULP_OK);
    ck_assert_int_eq(ulp_measure_chunk(&batch[k], &f, 0.04, &r, x, N, 0, work),
                     ULP_OK);
    ck_assert_int_eq(ulp_measure_chunk(&all, &f, 0.04, &r, x, N, 0, work),
                     ULP_OK);
  }
  ulp_error_report truth = ulp_error_sums_report(&all);
  int snr = 0, bias = 0;
  for (size_t k = 0; k < BATCHES; k++) {
    ulp_error_report b = ulp_error_sums_report(&batch[k]);
    snr += fabs(b.snr_db - truth.snr_db) <= b.snr_db_ci95;
    bias += fabs(b.bias - truth.bias) <= b.bias_ci95;
  }
  ck_assert_int_ge(snr, 903);
  ck_assert_int_le(snr, 987);
  ck_assert_int_ge(bias, 903);
  ck_assert_int_le(bias, 987);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("errors");
  TCase *t = tcase_create("errors");
  tcase_set_timeout(t, 60);
  tcase_add_test(t, by_hand);
  tcase_add_test(t, interval_by_hand);
  tcase_add_test(t, degenerate);
  tcase_add_test(t, sums_are_compensated);
  tcase_add_test(t, chunks_give_the_same_bits);
  tcase_add_test(t, clip_range_is_where_rounding_ends);
  tcase_add_loop_test(t, measure_is_encode_and_decode, 0, 5);
  tcase_add_test(t, measure_refuses_a_bad_scale);
  tcase_add_test(t, interval_covers);
  suite_add_tcase(suite, t);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
