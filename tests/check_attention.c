/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What context_length, softmax and logits stand on: against MPFR, closed forms
 * and plain loops.
 */
#include <check.h>
#include <math.h>
#include <mpfr.h>
#include <stdlib.h>

#include "attention_error.h"
#include "cache_scheme.h"
#include "logits_data.h"
#include "mix.h"
#include "model.h"
#include "normal_draws.h"
#include "normal_law.h"
#include "statistics.h"

static double uniform(uint64_t i)
{
  return (double)(ulp_word(7, 1, i) >> 11) * 0x1p-53;
}

static double mpfr_value(int function(mpfr_t, mpfr_srcptr, mpfr_rnd_t),
                         double x)
{
  MPFR_DECL_INIT(t, 53);
  mpfr_set_d(t, x, MPFR_RNDN);
  function(t, t, MPFR_RNDN);
  return mpfr_get_d(t, MPFR_RNDN);
}

/* ---- the normal distribution -------------------------------------------- */

START_TEST(functions)
{
  for (uint64_t i = 0; i < 20000; i++) {
    double x = ldexp(0.5 + uniform(i), (int)(i % 200) - 100);
    double want = mpfr_value(mpfr_log, x);
    ck_assert_double_le(fabs(ulp_log(x) - want),
                        4e-16 * fmax(fabs(want), 0.5));
    double z = 16 * uniform(i) - 4;
    want = mpfr_value(mpfr_erfc, z * 0.7071067811865476) / 2;
    ck_assert_double_le(fabs(ulp_normal_tail(z) - want), 1e-11 * want);
  }
  ck_assert(ulp_log(1) == 0);
}
END_TEST

START_TEST(greatest_and_overtaken)
{
  ck_assert_double_eq_tol(ulp_normal_largest(1), sqrt(2 / M_PI), 1e-4);
  /* In polar coordinates: sqrt(pi / 2) sin(pi / 4) / (pi / 4). */
  ck_assert_double_eq_tol(ulp_normal_largest(2), 2 / sqrt(M_PI), 1e-4);
  for (int i = 1; i < 10; i++) {
    double lead = i / 3.0, sigma = 0.7;
    ulp_rivals r[2] = {{lead, sigma, 1}, {1, 1, 0}};
    double want = mpfr_value(mpfr_erfc, lead / (2 * sigma)) / 2;
    double top[ULP_RIVALS] = {lead, 0};
    ck_assert_double_eq_tol(ulp_normal_overtaken(sigma, r), want, 1e-7);
    ck_assert_double_eq_tol(ulp_flip_chance(top, 2, sigma), want, 1e-7);
  }
  /* Of n + 1 equals the first is the greatest once in n + 1. */
  ulp_rivals equals[2] = {{0, 1, 4}, {0, 1, 5}};
  ck_assert_double_eq_tol(ulp_normal_overtaken(1, equals), 0.9, 1e-7);
}
END_TEST

/* Student's t with 9 degrees of freedom has 2.262157 at 97.5 %; Wilson's
 * interval of 8 of 10, by his formula: 0.4902 to 0.9433. */
START_TEST(intervals)
{
  const double x[10] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  const double n[3] = {2, 4, 8}, y[3] = {3, 12, 48};
  double low, high;
  ulp_interval i = ulp_interval_of(x, 10);
  ck_assert_double_eq_tol(i.mean, 5.5, 1e-12);
  ck_assert_double_eq_tol(i.ci95, 2.262157 * sqrt(55 / 6.0 / 10), 2e-3);
  ulp_wilson(8, 10, &low, &high);
  ck_assert_double_eq_tol(low, 0.4902, 1e-4);
  ck_assert_double_eq_tol(high, 0.9433, 1e-4);
  ck_assert_double_eq_tol(ulp_log_slope(n, y, 3), 2, 1e-12);
}
END_TEST

/* The interval by + - * / against the one by GSL's quantile. */
START_TEST(intervals_of_few)
{
  const double x[20] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3,
                        5, 8, 9, 7, 9, 3, 2, 3, 8, 4};
  for (size_t n = 2; n <= 20; n++) {
    double ours = ulp_interval_of(x, n).ci95, gsl = ulp_mean_ci95(x, n);
    ck_assert_msg(fabs(ours / gsl - 1) < (n < 5 ? 1e-12 : 4e-3), "%zu: %g, %g",
                  n, ours, gsl);
  }
}
END_TEST

/* ---- softmax ------------------------------------------------------------ */

static ulp_softmax all_in(const char *format)
{
  ulp_softmax s = {.no_max = false};
  ulp_error e;
  ck_assert(ulp_step_make(&s.difference, format, NULL, &e) == ULP_OK);
  s.exponential = s.sum = s.quotient = s.difference;
  return s;
}

/* The steps again, each one operation of MPFR with that many bits; the values
 * stay in the formats' normal range. */
static void by_mpfr(double *p, const double *x, int n, mpfr_prec_t bits)
{
  mpfr_t t, sum;
  double max = x[0];
  mpfr_init2(t, bits);
  mpfr_init2(sum, bits);
  mpfr_set_zero(sum, 1);
  for (int i = 1; i < n; i++)
    max = fmax(max, x[i]);
  for (int i = 0; i < n; i++) {
    mpfr_set_d(t, x[i], MPFR_RNDN);
    mpfr_sub_d(t, t, max, MPFR_RNDN);
    mpfr_exp(t, t, MPFR_RNDN);
    mpfr_add(sum, sum, t, MPFR_RNDN);
    p[i] = mpfr_get_d(t, MPFR_RNDN);
  }
  for (int i = 0; i < n; i++) {
    mpfr_set_d(t, p[i], MPFR_RNDN);
    mpfr_div(t, t, sum, MPFR_RNDN);
    p[i] = mpfr_get_d(t, MPFR_RNDN);
  }
  mpfr_clear(t);
  mpfr_clear(sum);
}

START_TEST(softmax_steps)
{
  static const struct {
    const char *format;
    mpfr_prec_t bits;
  } rows[] = {{"bf16", 8}, {"f16", 11}, {"float32", 24}};
  enum { N = 400 };
  double x[N], p[N], want[N];
  ulp_error e;
  for (int f = 0; f < 3; f++) {
    ulp_softmax s = all_in(rows[f].format);
    ulp_step input;
    ck_assert(ulp_step_make(&input, rows[f].format, NULL, &e) == ULP_OK);
    for (int i = 0; i < N; i++)
      x[i] = ulp_step_round(&input, 2 * uniform((uint64_t)(i + f * N)), 0);
    ulp_softmax_row(&s, p, x, N, 0);
    by_mpfr(want, x, N, rows[f].bits);
    for (int i = 0; i < N; i++)
      ck_assert_msg(p[i] == want[i], "%s %d: %a, not %a", rows[f].format, i,
                    p[i], want[i]);
  }
}
END_TEST

/* Ones added one by one stop at 2^p, p the significand's bits; blocks of 128
 * of them do not. */
START_TEST(softmax_sums)
{
  static const struct {
    const char *format;
    double stop;
  } rows[] = {{"bf16", 256}, {"f16", 2048}, {"e4m3", 16}, {"e5m2", 8}};
  enum { N = 4096 };
  double x[N] = {0}, p[N];
  for (int f = 0; f < 4; f++) {
    ulp_softmax s = all_in(rows[f].format);
    s.quotient = all_in("float64").quotient;
    ulp_softmax_row(&s, p, x, N, 0);
    ck_assert_double_eq(p[N - 1], 1 / rows[f].stop);
  }
  ulp_softmax online = all_in("bf16");
  online.block = 128;
  ulp_softmax_row(&online, p, x, N, 0);
  ck_assert_double_eq(p[7], 1.0 / N);
}
END_TEST

/* e^x overflows f16 above ln 65520 = 11.0901, without the difference. */
START_TEST(softmax_overflow)
{
  double x[2] = {11.0859375, 1}, p[2];
  ulp_softmax s = all_in("f16");
  s.no_max = true;
  ulp_softmax_row(&s, p, x, 2, 0);
  ck_assert(isfinite(p[0]) && p[0] > 0.99);
  x[0] = 11.09375;
  ulp_softmax_row(&s, p, x, 2, 0);
  ck_assert(isnan(p[0]) && p[1] == 0);
  s.no_max = false;
  ulp_softmax_row(&s, p, x, 2, 0);
  ck_assert(p[0] > 0.99);
}
END_TEST

START_TEST(softmax_online)
{
  enum { N = 1000 };
  double x[N], plain[N], online[N];
  ulp_softmax s = all_in("float64");
  for (int i = 0; i < N; i++) /* rising, so that blocks are rescaled */
    x[i] = 5 * uniform((uint64_t)i) + 0.02 * i;
  ulp_softmax_row(&s, plain, x, N, 0);
  for (s.block = 1; s.block <= N; s.block = s.block * 10 / 3 + 1) {
    ulp_softmax_row(&s, online, x, N, 0);
    for (int i = 0; i < N; i++)
      ck_assert_double_eq_tol(online[i] / plain[i], 1, 1e-12);
  }
}
END_TEST

/* ---- a cache ------------------------------------------------------------ */

static ulp_cache_scheme scheme(const char *word)
{
  ulp_cache_scheme s;
  ulp_error e;
  ck_assert_int_eq(ulp_cache_find(&s, word, &e), ULP_OK);
  return s;
}

static void through(const char *word, bool values, float *y, const float *x,
                    int64_t tokens, int64_t dim)
{
  ulp_cache_scheme s = scheme(word);
  ulp_error e;
  ck_assert_int_eq(
      ulp_cache_values(&s, values, y, x, tokens, dim, NULL, 1, 1, &e), ULP_OK);
}

/* One bit keeps the least and the greatest of a group: of a channel's tokens in
 * keys, of a token's channels in values. */
START_TEST(kivi_groups)
{
  enum { T = 64, D = 32 };
  float keys[T * D], values[T * D], y[T * D];
  for (int i = 0; i < T * D; i++) {
    int t = i / D, c = i % D;
    keys[i] = (float)(t % 2 ? c + 1 : -3 * c);
    values[i] = (float)(c % 2 ? t + 1 : -3 * t);
  }
  through("kivi:1:32+kivi:1:32", false, y, keys, T, D);
  for (int i = 0; i < T * D; i++)
    ck_assert_float_eq(y[i], keys[i]);
  through("kivi:1:32+kivi:1:32", true, y, values, T, D);
  for (int i = 0; i < T * D; i++)
    ck_assert_float_eq(y[i], values[i]);
  through("kivi-token:1:32+kivi:1:32", false, y, keys, T, D);
  ck_assert(y[1] != keys[1]);
  /* Steps of 10 from -10 to 20: 4 and 6 are nearer to 0 and 10. */
  const float x[4] = {-10, 4, 6, 20};
  through("kivi:2:4+kivi:2:4", true, y, x, 1, 4);
  ck_assert_float_eq(y[0], -10);
  ck_assert_float_eq(y[1], 0);
  ck_assert_float_eq(y[2], 10);
  ck_assert_float_eq(y[3], 20);
}
END_TEST

/* The newest 128 of kivi2 are as they were. */
START_TEST(window)
{
  enum { T = 256, D = 8 };
  float x[T * D], y[T * D];
  int changed = 0;
  for (int i = 0; i < T * D; i++)
    x[i] = (float)uniform((uint64_t)i);
  through("kivi2", false, y, x, T, D);
  for (int i = 0; i < T * D; i++)
    if (i >= 128 * D)
      ck_assert_float_eq(y[i], x[i]);
    else
      changed += y[i] != x[i];
  ck_assert_int_gt(changed, 64 * D);
}
END_TEST

/* Steps s = m / 127, m the greatest magnitude of 128 normal numbers, leave
 * s^2 / 12, but for that number itself, which is exact; the mean of m^2 is the
 * integral of 2x P(m > x). */
START_TEST(int8_of_a_token)
{
  enum { T = 2048, D = 128 };
  float *pool, *x = malloc(T * D * sizeof *x), *y = malloc(T * D * sizeof *y);
  double square = 0, error = 0, power = 0;
  ck_assert(x && y && ulp_normal_pool_make(&pool, 3) == ULP_OK);
  ulp_normal_pool_fill(pool, x, 0, T * D, 3, 1);
  through("int8-token", false, y, x, T, D);
  for (double z = 0.0005; z < 8; z += 0.001) {
    double below = 1 - 2 * ulp_normal_tail(z);
    square += 2 * z * (1 - pow(below, D)) * 0.001;
  }
  for (int i = 0; i < T * D; i++) {
    double e = (double)y[i] - (double)x[i];
    error += e * e;
    power += (double)x[i] * (double)x[i];
  }
  ck_assert_double_eq_tol(power / (T * D), 1, 0.02);
  double want = square / (127.0 * 127) / 12 * (D - 1) / D;
  ck_assert_double_eq_tol(error / (T * D) / want, 1, 0.02);
  free(pool);
  free(x);
  free(y);
}
END_TEST

/* ---- attention ---------------------------------------------------------- */

enum { TOKENS = 1024, DIM = 16, QUERIES = 3 };
static const ulp_head_spec spec = {.dim = DIM, .tokens = TOKENS,
                                   .queries = QUERIES, .margin = 2, .seed = 5};

static double score(const double *q, const float *k)
{
  double s = 0;
  for (int c = 0; c < DIM; c++)
    s += q[c] * (double)k[c];
  return s;
}

/* No mean: that of 2^24 numbers is within 5 / 2^12 of 0. */
START_TEST(no_mean)
{
  enum { N = 1 << 24, SOME = 4096 };
  float *numbers, x[SOME];
  double sum = 0, square = 0;
  ck_assert(ulp_normal_pool_make(&numbers, 1) == ULP_OK);
  for (int64_t i = 0; i < N; i += SOME) {
    ulp_normal_pool_fill(numbers, x, i, SOME, 1, 2);
    for (int k = 0; k < SOME; k++) {
      sum += (double)x[k];
      square += (double)x[k] * (double)x[k];
    }
  }
  ck_assert_double_le(fabs(sum / N), 5 / 4096.0);
  ck_assert_double_eq_tol(square / N, 1, 5 * 1.5 / 4096);
  free(numbers);
}
END_TEST

START_TEST(planted)
{
  float *pool;
  ulp_head h;
  ck_assert(ulp_normal_pool_make(&pool, 5) == ULP_OK);
  ck_assert(ulp_head_make(&h, &spec, pool, NULL, 0) == ULP_OK);
  for (int i = 0; i < QUERIES; i++) {
    const double *q = h.query + (ULP_PASSKEY * QUERIES + i) * DIM;
    int64_t needle = h.needle[ULP_PASSKEY * QUERIES + i];
    double s = score(q, h.keys + needle * DIM);
    int distractors = 0;
    ck_assert_double_eq_tol(s, ulp_needle_score(DIM), 1e-5);
    for (int t = 0; t < TOKENS; t++)
      distractors += fabs(score(q, h.keys + t * DIM) - (s - 2)) < 1e-5;
    ck_assert_int_eq(distractors, TOKENS / ULP_BLOCK);
  }
  ulp_head_free(&h);
  free(pool);
}
END_TEST

/* A softmax and a weighted sum in the order of the formulas, with libm. */
static void attend(double *o, double *p, const double *q, const float *keys,
                   const float *values, int n)
{
  double sum = 0;
  for (int c = 0; c < DIM; c++)
    o[c] = 0;
  for (int t = 0; t < n; t++)
    sum += p[t] = exp(score(q, keys + t * DIM));
  for (int t = 0; t < n; t++) {
    p[t] /= sum;
    for (int c = 0; c < DIM; c++)
      o[c] += p[t] * (double)values[t * DIM + c];
  }
}

static void compare(const ulp_attention_error *got, const ulp_head *h, int q,
                    const float *keys, const float *values, int n)
{
  double o[DIM], p[TOKENS], o1[DIM], p1[TOKENS], norm = 0, error = 0, kl = 0;
  double s1 = 0, s2 = 0, e2 = 0, largest = 0;
  const double *u = h->query + q * DIM;
  attend(o, p, u, h->keys, h->values, n);
  attend(o1, p1, u, keys, values, n);
  for (int c = 0; c < DIM; c++) {
    norm += o[c] * o[c];
    error += (o1[c] - o[c]) * (o1[c] - o[c]);
  }
  for (int t = 0; t < n; t++) {
    double s = score(u, h->keys + t * DIM), e = score(u, keys + t * DIM) - s;
    s1 += s / n;
    s2 += s * s / n;
    e2 += e * e / n;
    largest = fmax(largest, fabs(e));
    kl += p[t] * log(p[t] / p1[t]);
  }
  double deviation = sqrt(s2 - s1 * s1);
  ck_assert_double_eq_tol(got->score_error, sqrt(e2) / deviation, 1e-10);
  ck_assert_double_eq_tol(got->score_max, largest / deviation, 1e-10);
  ck_assert_double_eq_tol(got->output_error, sqrt(error / norm), 1e-10);
  ck_assert_double_eq_tol(got->kl, kl, 1e-12);
}

START_TEST(errors_of_attention)
{
  const int64_t context[2] = {512, TOKENS};
  float *pool, gain[DIM], *keys, *values;
  ulp_head h;
  ulp_attention a;
  ulp_attention_error out[2 * ULP_PATTERNS * QUERIES];
  ck_assert(ulp_normal_pool_make(&pool, 5) == ULP_OK);
  ck_assert(ulp_head_make(&h, &spec, pool, NULL, 0) == ULP_OK);
  ck_assert(ulp_attention_make(&a, &h, context, 2) == ULP_OK);
  keys = malloc(TOKENS * DIM * sizeof *keys);
  values = malloc(TOKENS * DIM * sizeof *values);
  ck_assert(keys && values);
  through("int4-token", false, keys, h.keys, TOKENS, DIM);
  through("int4-token", true, values, h.values, TOKENS, DIM);
  for (int c = 0; c < DIM; c++)
    gain[c] = 1;
  ck_assert(ulp_attention_measure(out, &a, keys, values, gain, 0, 1) ==
            ULP_OK);
  for (int i = 0; i < 2; i++)
    for (int q = 0; q < ULP_PATTERNS * QUERIES; q++)
      compare(&out[i * ULP_PATTERNS * QUERIES + q], &h, q, keys, values,
              (int)context[i]);
  free(keys);
  free(values);
  ulp_attention_free(&a);
  ulp_head_free(&h);
  free(pool);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("attention");
  TCase *c = tcase_create("attention");
  tcase_set_timeout(c, 60);
  tcase_add_test(c, functions);
  tcase_add_test(c, greatest_and_overtaken);
  tcase_add_test(c, intervals);
  tcase_add_test(c, intervals_of_few);
  tcase_add_test(c, softmax_steps);
  tcase_add_test(c, softmax_sums);
  tcase_add_test(c, softmax_overflow);
  tcase_add_test(c, softmax_online);
  tcase_add_test(c, kivi_groups);
  tcase_add_test(c, window);
  tcase_add_test(c, int8_of_a_token);
  tcase_add_test(c, no_mean);
  tcase_add_test(c, planted);
  tcase_add_test(c, errors_of_attention);
  suite_add_tcase(s, c);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_ENV);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
