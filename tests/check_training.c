/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the experiments on training print beside what they measure: closed
 * forms against other closed forms, GSL's integrals and distributions, and
 * MPFR's rounding to 8 bits.
 */
#include <check.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_integration.h>
#include <math.h>
#include <mpfr.h>
#include <stdlib.h>
#include <string.h>

#include "adam.h"
#include "amax_drift.h"
#include "gradient_cases.h"
#include "lognormal.h"
#include "moment_kinds.h"
#include "weight_updates.h"

/* ---- log-normal magnitudes ---------------------------------------------- */

/* x times the density of |x|, over t = log10 x. */
static double weighted(double t, void *data)
{
  const ulp_lognormal *d = data;
  double z = (t - d->centre) / d->width;
  return pow(10, t) * exp(-z * z / 2) / sqrt(2 * M_PI) / d->width;
}

START_TEST(lognormal)
{
  static const ulp_lognormal all[] = {{-4, 0.5}, {-6, 1}, {0, 1.5}};
  gsl_integration_workspace *w = gsl_integration_workspace_alloc(1000);
  for (double x = -8; x <= 8; x += 0.37)
    ck_assert_double_eq_tol(ulp_normal_below(x), gsl_cdf_ugaussian_P(x),
                            1e-14 * gsl_cdf_ugaussian_P(x));
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    ulp_lognormal d = all[i];
    for (double z = -3; z <= 3; z += 0.6) {
      double a = pow(10, d.centre + z * d.width), sum, error;
      gsl_function f = {weighted, &d};
      ck_assert_double_eq_tol(ulp_lognormal_below(&d, a),
                              gsl_cdf_ugaussian_P(z), 1e-12);
      gsl_integration_qag(&f, d.centre - 12 * d.width, log10(a), 0, 1e-11,
                          1000, GSL_INTEG_GAUSS61, w, &sum, &error);
      ck_assert_double_eq_tol(ulp_lognormal_mean_below(&d, a), sum / a,
                              1e-9 * sum / a);
      /* nearest: half of it; stochastic: 1 - x / a, on average */
      ck_assert_double_eq_tol(ulp_lognormal_underflow(&d, 2 * a, false),
                              gsl_cdf_ugaussian_P(z), 1e-12);
      ck_assert_double_eq_tol(ulp_lognormal_underflow(&d, a, true),
                              gsl_cdf_ugaussian_P(z) - sum / a, 1e-9);
    }
  }
  gsl_integration_workspace_free(w);
  ck_assert_double_eq(ulp_lognormal_below(&all[0], 0), 0);
  ck_assert_double_eq(ulp_log10(1e-3), -3);
}
END_TEST

/* Moments of what is drawn: the mean and the deviation of log10 |x|, and as
 * many of either sign. */
START_TEST(draws)
{
  enum { N = 1 << 16 };
  static const ulp_lognormal d = {-5, 1.25};
  float *x = malloc(N * sizeof *x), *y = malloc(N * sizeof *y);
  double sum = 0, squares = 0, negative = 0;
  ck_assert(x && y);
  ck_assert_int_eq(ulp_lognormal_draw(x, N, &d, 3, 4), ULP_OK);
  ck_assert_int_eq(ulp_lognormal_draw(y, 100, &d, 3, 4), ULP_OK);
  ck_assert_mem_eq(x, y, 100 * sizeof *x);
  for (int i = 0; i < N; i++) {
    double t = log10(fabs((double)x[i]));
    sum += t;
    squares += t * t;
    negative += x[i] < 0;
  }
  double mean = sum / N, deviation = sqrt(squares / N - mean * mean);
  ck_assert_double_eq_tol(mean, d.centre, 4 * d.width / 256);
  ck_assert_double_eq_tol(deviation, d.width, 4 * d.width / 362);
  ck_assert_double_eq_tol(negative / N, 0.5, 4 * 0.5 / 256);
  free(x);
  free(y);
}
END_TEST

/* Of two, one is below the other by d with the chance P(-d / root 2); of many,
 * counted; none when the threshold is that low. */
START_TEST(zeroed_in_blocks)
{
  enum { BLOCK = 64, BLOCKS = 4000 };
  static double z[BLOCK];
  double zeroed = 0;
  for (double d = 0; d < 6; d += 0.5)
    ck_assert_double_eq_tol(ulp_zeroed_in_blocks(1, 2, pow(10, -d)),
                            gsl_cdf_ugaussian_P(-d / sqrt(2)), 1e-9);
  for (int b = 0; b < BLOCKS; b++) {
    double most = -INFINITY;
    ck_assert_int_eq(
        ulp_sample("gaussian", z, BLOCK, false, 5, (uint64_t)b), ULP_OK);
    for (int i = 0; i < BLOCK; i++)
      most = fmax(most, z[i]);
    for (int i = 0; i < BLOCK; i++)
      zeroed += z[i] * 2 < most * 2 - 6.5; /* width 2, threshold 10^-6.5 */
  }
  double part = zeroed / BLOCK / BLOCKS;
  ck_assert_double_eq_tol(ulp_zeroed_in_blocks(2, BLOCK, pow(10, -6.5)), part,
                          0.01);
  ck_assert_double_eq(ulp_zeroed_in_blocks(1, 1, 0.1), 0);
  ck_assert_double_lt(ulp_zeroed_in_blocks(1, 64, 1e-12), 1e-12);
}
END_TEST

/* ---- loss scales -------------------------------------------------------- */

START_TEST(loss_power)
{
  ulp_format f16, e4m3;
  ck_assert_int_eq(ulp_format_find("f16", &f16, NULL, 0), ULP_OK);
  ck_assert_int_eq(ulp_format_find("e4m3", &e4m3, NULL, 0), ULP_OK);
  /* IEEE 754-2019 4.3.1: 65504 + 16 and more overflow. */
  ck_assert_int_eq(ulp_loss_power(&f16, 1), 15);
  ck_assert_int_eq(ulp_loss_power(&f16, 1.999), 15);
  ck_assert_int_eq(ulp_loss_power(&f16, 2), 14);
  ck_assert_int_eq(ulp_loss_power(&f16, 1e-10), ULP_LOSS_MOST);
  ck_assert_int_eq(ulp_loss_power(&e4m3, 464), 0);
  ck_assert_int_eq(ulp_loss_power(&e4m3, 465), -1);
}
END_TEST

/* ---- updates ------------------------------------------------------------ */

static ulp_update_case update_case(const ulp_gaps *g, const ulp_weights *w,
                                   bool down)
{
  return (ulp_update_case){.gaps = g,
                           .weights = w,
                           .down = down,
                           .steps = 1,
                           .rounding = {.mode = ULP_RNE,
                                        .overflow = ULP_OVERFLOW_SATURATE}};
}

/* Every weight of a binade of BF16, to the bit: the least f32 that moves it,
 * against half the gap; and the least of all, over its weight, is the next f32
 * above 2^-9 (1 downward), so what is 2^-9 or less moves none. */
START_TEST(thresholds)
{
  ulp_gaps g;
  ulp_error e;
  double least = 1, most = 0;
  ck_assert_int_eq(ulp_gaps_make(&g, "bf16", false, &e), ULP_OK);
  for (int i = 0; i < 128; i++)
    for (int down = 0; down < 2; down++) {
      double value = 1 + i / 128.0;
      ulp_weights w = {.value = &value, .count = 1, .rms = value};
      ulp_update_case c = update_case(&g, &w, down);
      double found = ulp_least_update(&c);
      double half = down && i == 0 ? 0x1p-9 : 0x1p-8;
      /* a tie goes to the even one */
      double want = i % 2 ? half : (double)nextafterf((float)half, 1);
      ck_assert_double_eq(found, want);
      ck_assert_double_eq(ulp_predict_least_update(&c), want);
      least = fmin(least, found / value);
      most = fmax(most, found / value);
    }
  ck_assert_double_eq(least, (double)nextafterf(0x1p-9f, 1));
  ck_assert_double_eq(most, (double)nextafterf(0x1p-8f, 1));
  ulp_gaps_free(&g);
}
END_TEST

/* A master in f32: the same with 24 bits. */
START_TEST(master_threshold)
{
  ulp_gaps g;
  ulp_error e;
  ck_assert_int_eq(ulp_gaps_make(&g, "bf16", false, &e), ULP_OK);
  for (int down = 0; down < 2; down++) {
    double value = 1;
    ulp_weights w = {.value = &value, .count = 1, .rms = 1};
    ulp_update_case c = update_case(&g, &w, down);
    c.master = true;
    double half = down ? 0x1p-25 : 0x1p-24;
    double want = (double)nextafterf((float)half, 1);
    ck_assert_double_eq(ulp_least_update(&c), want);
    ck_assert_double_eq(ulp_predict_least_update(&c), want);
  }
  ulp_gaps_free(&g);
}
END_TEST

/* A hundred updates to nearest, and the same by MPFR with 8 bits. */
START_TEST(walk_by_mpfr)
{
  ulp_gaps g;
  ulp_error e;
  ck_assert_int_eq(ulp_gaps_make(&g, "bf16", false, &e), ULP_OK);
  for (int i = 0; i < 40; i++) {
    double value = 1 + (i * 3 % 128) / 128.0, all;
    ulp_weights w = {.value = &value, .count = 1, .rms = value};
    ulp_update_case c = update_case(&g, &w, i % 2);
    ulp_update_result r;
    MPFR_DECL_INIT(x, 8);
    c.update = (double)(float)(0.0031 + 0.00017 * i);
    c.steps = 100;
    ck_assert_int_eq(ulp_update_run(&r, &c, ULP_QUICK), ULP_OK);
    mpfr_set_d(x, value, MPFR_RNDN);
    for (int t = 0; t < 100; t++)
      mpfr_add_d(x, x, c.down ? -c.update : c.update, MPFR_RNDN);
    all = (c.down ? -1 : 1) * (mpfr_get_d(x, MPFR_RNDN) - value);
    ck_assert_double_eq(r.gain, all / (100 * c.update));
  }
  ulp_gaps_free(&g);
}
END_TEST

/* ---- drift -------------------------------------------------------------- */

static ulp_drift drift(const char *word)
{
  ulp_drift d;
  ulp_error e;
  ck_assert_int_eq(ulp_drift_read(&d, word, &e), ULP_OK);
  return d;
}

START_TEST(exceeded)
{
  ulp_drift steady = drift("steady"), grow = drift("grow:1.5");
  ulp_drift spike = drift("spike:16:64"), jump = drift("jump:4");
  ulp_drift decay = drift("decay:0.9");
  ck_assert_double_eq(ulp_drift_exceeded(&steady, 2001, 1, 0), 0.5);
  ck_assert_double_eq_tol(ulp_drift_exceeded(&steady, 10001, 16, 0), 1 / 17.0,
                          1e-3);
  ck_assert(isnan(ulp_drift_exceeded(&steady, 100, 16, 1)));
  /* the newest amax is a step old, whatever the length */
  ck_assert_double_eq(ulp_drift_exceeded(&grow, 50, 1, 0), 1);
  ck_assert_double_eq(ulp_drift_exceeded(&grow, 50, 40, 0), 1);
  ck_assert_double_eq(ulp_drift_exceeded(&grow, 50, 1, 1), 0);
  ck_assert_double_eq(ulp_drift_exceeded(&decay, 50, 4, 0), 0);
  /* every spike, unless the history still holds the last */
  ck_assert_double_eq(ulp_drift_exceeded(&spike, 6401, 63, 0), 100 / 6400.0);
  ck_assert_double_eq(ulp_drift_exceeded(&spike, 6401, 64, 0), 1 / 6400.0);
  ck_assert_double_eq(ulp_drift_exceeded(&spike, 6401, 1, 4), 0);
  ck_assert_double_eq(ulp_drift_exceeded(&spike, 6401, 1, 3), 100 / 6400.0);
  ck_assert_double_eq(ulp_drift_exceeded(&jump, 101, 8, 1), 0.01);
  ck_assert_double_eq(ulp_drift_exceeded(&jump, 101, 8, 2), 0);
  ck_assert_double_eq(ulp_drift_exceeded(&jump, 101, 0, 0), 0);
  ck_assert_int_eq(ulp_drift_steps(&grow, 1000), 103); /* 60 / log2 1.5 + 1 */
  ck_assert_int_eq(ulp_drift_steps(&steady, 1000), 1000);
}
END_TEST

START_TEST(drift_words)
{
  static const char *const wrong[] = {"", "steadily", "grow:", "grow:1",
                                      "grow:17", "decay:1.1", "spike:4",
                                      "spike:4:1", "jump:1", "grow:1.5x"};
  ulp_drift d;
  ulp_error e;
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    ck_assert_msg(ulp_drift_read(&d, wrong[i], &e) == ULP_EINVAL, "%s",
                  wrong[i]);
}
END_TEST

/* ---- Adam --------------------------------------------------------------- */

static const ulp_moment_kind *kind(const char *name)
{
  size_t i = 0;
  while (strcmp(ulp_moment_kind_row(i)->name, name) != 0)
    i++;
  return ulp_moment_kind_row(i);
}

static ulp_adam_result run(const char *name, int64_t block, const ulp_adam *a,
                           const ulp_adam_parameters *p)
{
  ulp_moments_kept kept;
  ulp_adam_result r;
  ulp_error e;
  ck_assert_int_eq(ulp_moments_make(&kept, kind(name), block, p->n, 1, &e),
                   ULP_OK);
  ck_assert_int_eq(
      ulp_adam_run(&r, a, &kept, p, ulp_moments_threshold(&kept), &e), ULP_OK);
  return r;
}

/* The greatest update of exact Adam, by the sums that the moments are; and
 * Cauchy's bound on it. */
START_TEST(adam_in_f32)
{
  enum { N = 64, STEPS = 40 };
  static const ulp_adam a = {.beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8,
                             .steps = STEPS, .seed = 9};
  float scale[N];
  double greatest = 0;
  for (int i = 0; i < N; i++)
    scale[i] = ldexpf(1.5f, -(i % 16));
  const ulp_adam_parameters p = {scale, N, {0, 0}};
  ulp_adam_result r = run("f32", 0, &a, &p);
  for (int i = 0; i < N; i++)
    for (int t = STEPS * 3 / 4; t < STEPS; t++) {
      long double m = 0, v = 0, m1 = 0, v1 = 0;
      for (int k = 0; k <= t; k++) {
        long double g = ulp_adam_gradient(&a, scale, N, t - k, i);
        m += powl(0.9L, k) * g;
        v += powl(0.999L, k) * g * g;
        m1 += powl(0.9L, k);
        v1 += powl(0.999L, k);
      }
      double u = (double)(m / m1 / (sqrtl(v / v1) + 1e-8L));
      greatest = fmax(greatest, fabs(u));
    }
  ck_assert_double_eq_tol(r.greatest, greatest, 1e-6 * greatest);
  ck_assert_double_lt(r.update_error, 1e-6);
  ck_assert_double_eq(r.beyond, 0);
  ck_assert_double_lt(greatest, ulp_adam_bound(&a));
  /* 0.1 / root(0.001 (1 - 0.81 / 0.999)) */
  ck_assert_double_eq_tol(ulp_adam_bound(&a), 7.2703, 1e-4);
}
END_TEST

/* In BF16 to nearest 0.999 v is v: half a gap is 2^-9 of v or more.  Rounded
 * stochastically it decays as it should. */
START_TEST(stalls)
{
  enum { N = 512 };
  static const ulp_adam a = {.beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8,
                             .steps = 400, .stops = true, .seed = 2};
  float scale[N];
  for (int i = 0; i < N; i++)
    scale[i] = ldexpf(1.0f + (float)i / N, -(i % 8));
  const ulp_adam_parameters p = {scale, N, {0, 0}};
  ulp_adam_result nearest = run("bf16", 0, &a, &p);
  ulp_adam_result random = run("bf16-sr", 0, &a, &p);
  double decayed = pow(0.999, 200);
  ck_assert_double_eq(nearest.stalled, 1);
  ck_assert_double_eq_tol(nearest.ratio, nearest.ratio_half / decayed, 1e-5);
  ck_assert_double_lt(random.stalled, 0.1);
  ck_assert_double_eq_tol(random.ratio, 1, 0.02);
}
END_TEST

static Suite *suite(void)
{
  Suite *s = suite_create("training");
  TCase *t = tcase_create("training");
  tcase_set_timeout(t, 60);
  tcase_add_test(t, lognormal);
  tcase_add_test(t, draws);
  tcase_add_test(t, zeroed_in_blocks);
  tcase_add_test(t, loss_power);
  tcase_add_test(t, thresholds);
  tcase_add_test(t, master_threshold);
  tcase_add_test(t, walk_by_mpfr);
  tcase_add_test(t, exceeded);
  tcase_add_test(t, drift_words);
  tcase_add_test(t, adam_in_f32);
  tcase_add_test(t, stalls);
  suite_add_tcase(s, t);
  return s;
}

int main(void)
{
  SRunner *r = srunner_create(suite());
  srunner_run_all(r, CK_ENV);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
