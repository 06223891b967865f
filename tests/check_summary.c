/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The summary of a tensor: counts and moments against plain sums, percentiles
 * against the sorted data.
 */
#include <check.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "histogram.h"

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

START_TEST(empty_is_all_zero)
{
  static const ulp_moments zero;
  ulp_moments m = ulp_summary_moments(s);
  ck_assert_int_eq(memcmp(&m, &zero, sizeof m), 0);
  ck_assert_double_eq(ulp_summary_percentile(s, 50), 0);
}
END_TEST

START_TEST(counts_and_moments_by_hand)
{
  static const double x[] = {1, -3, 0, -0.0, NAN, INFINITY, -INFINITY, 2, -NAN};
  ulp_summary_add(s, x, sizeof x / sizeof *x);
  ulp_moments m = ulp_summary_moments(s);
  ck_assert_uint_eq(m.count, 9);
  ck_assert_uint_eq(m.nan, 2);
  ck_assert_uint_eq(m.inf, 2);
  ck_assert_uint_eq(m.zero, 2);
  ck_assert_double_eq(m.min, -3);
  ck_assert_double_eq(m.max, 2);
  ck_assert_double_eq(m.amax, 3);
  ck_assert_double_eq(m.mean, 0);
  ck_assert_double_eq(m.rms, sqrt(14.0 / 5));
}
END_TEST

START_TEST(nothing_finite)
{
  static const double x[] = {NAN, INFINITY};
  ulp_summary_add(s, x, 2);
  ulp_moments m = ulp_summary_moments(s);
  ck_assert_double_eq(m.amax, 0);
  ck_assert_double_eq(m.min, 0);
  ck_assert_double_eq(m.max, 0);
  ck_assert_double_eq(m.mean, 0);
  static const double y[] = {-5, -4};
  ulp_summary_add(s, y, 2);
  m = ulp_summary_moments(s);
  ck_assert_double_eq(m.min, -5);
  ck_assert_double_eq(m.max, -4);
}
END_TEST

/* Magnitudes outside the bins keep their sums. */
START_TEST(extreme_magnitudes)
{
  static const double x[] = {0x1p-1074, -0x1p-200, FLT_MAX, DBL_MAX / 4};
  ulp_summary_add(s, x, 2);
  ulp_moments m = ulp_summary_moments(s);
  ck_assert_double_eq(m.amax, 0x1p-200);
  ck_assert_double_eq(m.mean, -0x1p-201);
  ck_assert(ulp_summary_percentile(s, 40) <= m.amax);
  ulp_summary_add(s, x + 2, 1);
  m = ulp_summary_moments(s);
  ck_assert_double_eq(m.rms, sqrt((double)FLT_MAX * FLT_MAX / 3));
  ulp_summary_add(s, x + 3, 1);
  m = ulp_summary_moments(s);
  ck_assert_double_eq(m.amax, DBL_MAX / 4);
  ck_assert_double_eq(m.rms, INFINITY); /* its square is beyond f64 */
  ck_assert_double_eq(ulp_summary_percentile(s, 100), DBL_MAX / 4);
  ck_assert(ulp_summary_percentile(s, 99) <= DBL_MAX / 4);
}
END_TEST

enum { N = 100001 };

static double *sample(const char *distribution)
{
  double *x = malloc(N * sizeof *x);
  ck_assert_ptr_nonnull(x);
  ck_assert_int_eq(ulp_sample(distribution, x, N, true, 11, 0), ULP_OK);
  return x;
}

START_TEST(moments_of_a_sample)
{
  double *x = sample(ulp_distribution_row((size_t)_i)->name);
  long double sum = 0, squares = 0;
  for (size_t i = 0; i < N; i++) {
    sum += (long double)x[i];
    squares += (long double)x[i] * (long double)x[i];
  }
  ulp_summary_add(s, x, N);
  ulp_moments m = ulp_summary_moments(s);
  double rms = (double)sqrtl(squares / N);
  ck_assert_double_eq_tol(m.mean, (double)(sum / N), 1e-14 * rms);
  ck_assert_double_eq_tol(m.rms, rms, 1e-14 * rms);
  free(x);
}
END_TEST

static int by_value(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

START_TEST(percentiles_of_a_sample)
{
  static const double p[] = {0.1, 1, 25, 50, 90, 99, 99.9, 99.99};
  double *x = sample(ulp_distribution_row((size_t)_i)->name);
  ulp_summary_add(s, x, N);
  for (size_t i = 0; i < N; i++)
    x[i] = fabs(x[i]);
  qsort(x, N, sizeof *x, by_value);
  for (size_t k = 0; k < sizeof p / sizeof *p; k++) {
    double v = ulp_summary_percentile(s, p[k]);
    double exact = x[(size_t)ceil(p[k] / 100 * N) - 1];
    ck_assert_double_eq_tol(v, exact, 0x1p-12 * exact);
  }
  ck_assert_double_eq(ulp_summary_percentile(s, 100), x[N - 1]);
  free(x);
}
END_TEST

START_TEST(percentile_counts_zeros)
{
  static const double x[] = {0, 0, 0, 1, -1, 1, 1, 1, NAN, INFINITY};
  ulp_summary_add(s, x, 10);
  ck_assert_double_eq(ulp_summary_percentile(s, 37.5), 0);
  ck_assert_double_eq(ulp_summary_percentile(s, 38), 1);
}
END_TEST

/* 4096 values evenly across the bin from 1 to 1 + 2^-12. */
START_TEST(inside_a_bin)
{
  enum { COUNT = 4096, PART = 1000 };
  static double x[COUNT];
  double s1 = 0, s2 = 0;
  for (size_t i = 0; i < COUNT; i++)
    x[i] = 1 + ((double)i + 0.5) * 0x1p-24;
  for (size_t i = 0; i < PART; i++) {
    s1 += x[i];
    s2 += x[i] * x[i];
  }
  ulp_summary_add(s, x, COUNT);
  ck_assert_double_eq_tol(ulp_summary_percentile(s, 25), 1 + 0x1p-14, 0x1p-23);
  ulp_summary_complete(s);
  ulp_bin b = ulp_side_below(&s->side[0], 1 + PART * 0x1p-24);
  ck_assert_double_eq_tol(b.n, PART, 0.01);
  ck_assert_double_eq_tol(b.s1 / b.n, s1 / PART, 1e-9);
  double variance = s2 / PART - s1 / PART * (s1 / PART);
  double mean = b.s1 / b.n;
  ck_assert_double_eq_tol(b.s2 / b.n - mean * mean, variance, variance / 1000);
}
END_TEST

/* Chunks do not matter, and a reset leaves nothing behind. */
START_TEST(chunks_and_reset)
{
  double *x = sample("gaussian");
  ulp_summary_add(s, x, N);
  ulp_moments whole = ulp_summary_moments(s);
  ulp_format f;
  ck_assert_int_eq(ulp_format_find("e2m1", &f, NULL, 0), ULP_OK);
  double mse = ulp_scale_mse(&f, 0.5, s);
  ulp_summary_reset(s);
  ck_assert_uint_eq(ulp_summary_moments(s).count, 0);
  for (size_t i = 0; i < N; i += 999)
    ulp_summary_add(s, x + i, N - i < 999 ? N - i : 999);
  ulp_moments parts = ulp_summary_moments(s);
  ck_assert_int_eq(memcmp(&whole, &parts, sizeof whole), 0);
  ck_assert_double_eq(ulp_scale_mse(&f, 0.5, s), mse);
  ck_assert(mse > 0);
  static const double more[] = {6, -6, 0.25, 100};
  ulp_summary_add(s, more, 4); /* after a question */
  double errors = 97 * 97 + 2 * 3 * 3;
  ck_assert_double_eq_tol(ulp_scale_mse(&f, 0.5, s) * (N + 4), mse * N + errors,
                          1e-6);
  free(x);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("summary");
  TCase *t = tcase_create("summary");
  int rows = 0;
  while (ulp_distribution_row((size_t)rows))
    rows++;
  tcase_add_checked_fixture(t, set_up, tear_down);
  tcase_add_test(t, empty_is_all_zero);
  tcase_add_test(t, counts_and_moments_by_hand);
  tcase_add_test(t, nothing_finite);
  tcase_add_test(t, extreme_magnitudes);
  tcase_add_loop_test(t, moments_of_a_sample, 0, rows);
  tcase_add_loop_test(t, percentiles_of_a_sample, 0, rows);
  tcase_add_test(t, percentile_counts_zeros);
  tcase_add_test(t, inside_a_bin);
  tcase_add_test(t, chunks_and_reset);
  suite_add_tcase(suite, t);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
