/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Samples: bit for bit those of another program (sample_reference.py), and
 * distributed as their rows say.
 *
 * Bounds on random quantities are such that a right program exceeds one with
 * a probability below 1e-9; with fixed seeds it either always does or never.
 */
#include <check.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis.h"

/* ---- bits --------------------------------------------------------------- */

static const struct {
  const char *name;
  double value[3]; /* 0, 1 and 5000 */
  uint64_t digest;
} expected[] = {
    {"uniform",
     {0x1.0ae015bbda3fcp-2, 0x1.d0e999841e97cp-2, -0x1.f37cc3a499b0cp-2},
     UINT64_C(0x0dc101ca0fc15b34)},
    {"gaussian",
     {0x1.9a1fbd3ed48ffp-1, 0x1.653ae3303cafbp+0, 0x1.72e01fc42f2d8p-2},
     UINT64_C(0xbd51a2fae1816cdb)},
    {"laplace",
     {0x1.583d9d95eded7p+0, 0x1.94496996131bcp-1, -0x1.6f8f36d565d2dp-1},
     UINT64_C(0x2d9159b2ae1feeab)},
    {"student_t3",
     {0x1.0263d7cb83170p+0, 0x1.e407a47dab4ecp-1, 0x1.a8928060d36b3p-2},
     UINT64_C(0x91b85020a9530793)},
    {"lognormal",
     {0x1.1d293249e1880p+1, -0x1.0259717891728p+2, -0x1.6fbbf7ea671a7p+0},
     UINT64_C(0xe5a1b4dd704ffb7b)},
    {"outlier_channels",
     {0x1.9a1fbd3ed48ffp-1, 0x1.653ae3303cafbp+0, 0x1.72e01fc42f2d8p-2},
     UINT64_C(0xad3fd999760f5d61)},
};
enum { ROWS = sizeof expected / sizeof *expected };

START_TEST(bits)
{
  enum { N = 5001 };
  static double x[N];
  ck_assert_str_eq(ulp_distribution_row((size_t)_i)->name, expected[_i].name);
  ck_assert_int_eq(ulp_sample(expected[_i].name, x, N, false, 42, 54), ULP_OK);
  uint64_t digest = 0;
  for (size_t i = 0; i < N; i++) {
    uint64_t b;
    memcpy(&b, &x[i], sizeof b);
    digest = digest * UINT64_C(6364136223846793005) + b;
  }
  ck_assert_double_eq(x[0], expected[_i].value[0]);
  ck_assert_double_eq(x[1], expected[_i].value[1]);
  ck_assert_double_eq(x[N - 1], expected[_i].value[2]);
  ck_assert_uint_eq(digest, expected[_i].digest);
}
END_TEST

START_TEST(rounded_to_f32)
{
  double x[101], y[101];
  for (size_t k = 0; k < ROWS; k++) {
    ck_assert_int_eq(ulp_sample(expected[k].name, x, 101, false, 1, 2), ULP_OK);
    ck_assert_int_eq(ulp_sample(expected[k].name, y, 101, true, 1, 2), ULP_OK);
    for (size_t i = 0; i < 101; i++)
      ck_assert_double_eq(y[i], (double)(float)x[i]);
  }
}
END_TEST

START_TEST(names_and_sizes)
{
  double x[4] = {7, 7, 7, 7}, y[4];
  ck_assert_int_eq(ulp_sample("normal", x, 4, false, 1, 1), ULP_ENAME);
  ck_assert_double_eq(x[0], 7);
  ck_assert_int_eq(ulp_sample("gaussian", x, 0, false, 1, 1), ULP_OK);
  ck_assert_double_eq(x[0], 7);
  ck_assert_int_eq(ulp_sample("gaussian", x, 3, false, 1, 1), ULP_OK);
  ck_assert_double_eq(x[3], 7);
  ck_assert_int_eq(ulp_sample("gaussian", y, 4, false, 1, 1), ULP_OK);
  ck_assert_int_eq(memcmp(x, y, 3 * sizeof *x), 0);
  ck_assert_int_eq(ulp_sample("gaussian", y, 4, false, 1, 2), ULP_OK);
  ck_assert_double_ne(x[0], y[0]);
  ck_assert_int_eq(ulp_sample("gaussian", y, 4, false, 2, 1), ULP_OK);
  ck_assert_double_ne(x[0], y[0]);
  ck_assert_ptr_null(ulp_distribution_row(ROWS));
  for (size_t k = 0; k < ROWS; k++)
    ck_assert_uint_gt(strlen(ulp_distribution_row(k)->description), 10);
}
END_TEST

/* ---- distributions ------------------------------------------------------ */

static double normal_cdf(double x)
{
  return 0.5 * erfc(-x / sqrt(2));
}

static double uniform_cdf(double x)
{
  return 0.5 * (x + 1);
}

static double laplace_cdf(double x)
{
  return x < 0 ? 0.5 * exp(x) : 1 - 0.5 * exp(-x);
}

static double t3_cdf(double x)
{
  double t = x / sqrt(3);
  return 0.5 + (t / (1 + t * t) + atan(t)) / acos(-1);
}

static double lognormal_cdf(double x)
{
  if (x < 0) return 0.5 - 0.5 * normal_cdf(log(-x));
  return x > 0 ? 0.5 + 0.5 * normal_cdf(log(x)) : 0.5;
}

static double outlier_cdf(double x)
{
  double share = 41 / 4096.0;
  return (1 - share) * normal_cdf(x) + share * normal_cdf(x / 20);
}

typedef double cdf(double x);
static cdf *const cdfs[ROWS] = {uniform_cdf, normal_cdf,    laplace_cdf,
                                t3_cdf,      lognormal_cdf, outlier_cdf};

static int by_value(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

enum { SAMPLES = 32 * 4096 }; /* whole rounds of the channels */

static double *sorted_sample(size_t row)
{
  double *x = malloc(SAMPLES * sizeof *x);
  ck_assert_ptr_nonnull(x);
  ck_assert_int_eq(ulp_sample(expected[row].name, x, SAMPLES, false, 8, row),
                   ULP_OK);
  qsort(x, SAMPLES, sizeof *x, by_value);
  return x;
}

/* The greatest distance D between the empirical distribution and the true
 * one: P(D > d) <= 2 exp(-2 n d^2) (P. Massart, Ann. Prob. 18, 1990). */
static void check_distance(const double *x, cdf *f)
{
  double distance = 0;
  for (size_t i = 0; i < SAMPLES; i++) {
    double p = f(x[i]), n = SAMPLES;
    distance = fmax(distance, fabs(p - (double)i / n));
    distance = fmax(distance, fabs(p - (double)(i + 1) / n));
  }
  ck_assert_double_lt(distance, sqrt(log(2e9) / (2.0 * SAMPLES)));
}

/* How many lie beyond the quantiles for p on each side.  The Chernoff bounds
 * for a binomial count of mean m,
 *   P(count >= (1 + d) m) <= exp(-d^2 m / (2 + d)),
 *   P(count <= (1 - d) m) <= exp(-d^2 m / 2),
 * are solved for 5e-10; at p = 1e-4 nothing is left of the second. */
static void check_tails(const double *x, cdf *f, double p)
{
  size_t low = 0, high = 0;
  for (size_t i = 0; i < SAMPLES; i++) {
    low += f(x[i]) < p;
    high += f(x[i]) > 1 - p;
  }
  double mean = p * SAMPLES, c = log(2e9) / mean;
  double up = (c + sqrt(c * c + 8 * c)) / 2, down = sqrt(2 * c);
  ck_assert_double_lt((double)low, (1 + up) * mean);
  ck_assert_double_lt((double)high, (1 + up) * mean);
  ck_assert_double_gt((double)low, (1 - down) * mean);
  ck_assert_double_gt((double)high, (1 - down) * mean);
}

START_TEST(distributed)
{
  double *x = sorted_sample((size_t)_i);
  check_distance(x, cdfs[_i]);
  check_tails(x, cdfs[_i], 1e-2);
  check_tails(x, cdfs[_i], 1e-3);
  check_tails(x, cdfs[_i], 1e-4);
  free(x);
}
END_TEST

START_TEST(which_channels)
{
  double *x = malloc(SAMPLES * sizeof *x), *y = malloc(SAMPLES * sizeof *y);
  ck_assert(x && y);
  ck_assert_int_eq(ulp_sample("gaussian", x, SAMPLES, false, 3, 0), ULP_OK);
  ck_assert_int_eq(ulp_sample("outlier_channels", y, SAMPLES, false, 3, 0),
                   ULP_OK);
  size_t outliers = 0;
  for (size_t i = 0; i < SAMPLES; i++) {
    size_t channel = i % 4096;
    bool outlier = channel >= 50 && (channel - 50) % 100 == 0;
    outliers += outlier;
    ck_assert_double_eq(y[i], outlier ? 20 * x[i] : x[i]);
  }
  ck_assert_uint_eq(outliers, SAMPLES / 4096 * 41);
  free(x);
  free(y);
}
END_TEST

/* ---- pcg32 as a GSL generator ------------------------------------------- */

START_TEST(gsl_generator)
{
  gsl_rng *r = gsl_rng_alloc(ulp_gsl_rng_pcg32);
  ck_assert_ptr_nonnull(r);
  ck_assert_str_eq(gsl_rng_name(r), "pcg32");
  ck_assert_uint_eq(gsl_rng_min(r), 0);
  ck_assert_uint_eq(gsl_rng_max(r), 0xffffffff);
  gsl_rng_set(r, 42);
  ck_assert_uint_eq(gsl_rng_get(r), 0xa15c02b7); /* O'Neill's demo */
  ck_assert_uint_eq(gsl_rng_get(r), 0x7b47f409);
  ulp_pcg32 g = ulp_pcg32_seed(7, 9);
  ulp_gsl_rng_pcg32_seed(r, 7, 9);
  gsl_rng *copy = gsl_rng_clone(r);
  for (int i = 0; i < 1000; i++) {
    ulp_pcg32 h = g;
    double u = ulp_pcg32_next(&h) * 0x1p-32;
    ck_assert_double_eq(gsl_rng_uniform(copy), u);
    ck_assert_uint_eq(gsl_rng_get(r), ulp_pcg32_next(&g));
  }
  gsl_rng_free(copy);
  gsl_rng_free(r);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("sample");
  TCase *t = tcase_create("sample");
  tcase_set_timeout(t, 60);
  tcase_add_loop_test(t, bits, 0, ROWS);
  tcase_add_test(t, rounded_to_f32);
  tcase_add_test(t, names_and_sizes);
  tcase_add_loop_test(t, distributed, 0, ROWS);
  tcase_add_test(t, which_channels);
  tcase_add_test(t, gsl_generator);
  suite_add_tcase(suite, t);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
