/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * SmoothQuant, AWQ, the Hadamard rotation and GPTQ: worked by hand, against
 * closed forms, and against second descriptions written from the papers.
 */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "layer.h"
#include "methods.h"
#include "model.h"
#include "remedies.h"

static ulp_quantizer find(const char *spec)
{
  ulp_quantizer q;
  ulp_error e;
  ck_assert_msg(ulp_quantizer_find(spec, &q, &e) == ULP_OK, "%s: %s", spec,
                e.text);
  return q;
}

static void draw(double *x, int64_t rows, int64_t cols, double correlation,
                 const char *stream)
{
  const ulp_tokens t = {"gaussian", correlation, NULL, 5, stream};
  ck_assert(ulp_tokens_draw(x, &t, 0, rows, cols) == ULP_OK);
}

/* ---- SmoothQuant, AWQ ---------------------------------------------------- */

/* arXiv:2211.10438, equation 4, where the roots are whole; a floor of 1e-5. */
START_TEST(smoothquant_factors)
{
  const double x[] = {16, 100, 9, 0}, w[] = {4, 1, 0, 1};
  double s[4];
  ulp_smoothquant_factors(s, x, w, 4, 0.5);
  ck_assert_double_eq(s[0], 2);
  ck_assert_double_eq(s[1], 10);
  ck_assert_double_eq_tol(s[2], 3 / sqrt(1e-5), 1e-9);
  ck_assert_double_eq(s[3], 1e-5);
  ulp_smoothquant_factors(s, x, w, 2, 1);
  ck_assert_double_eq(s[0], 16);
}
END_TEST

/* Factors that are powers of two leave every product as it was, to the bit. */
START_TEST(smoothquant_keeps_the_output)
{
  enum { M = 8, N = 6, K = 32 };
  double x[M * K], w[N * K], before[M * N], after[M * N], s[K];
  double ax[K], aw[K];
  draw(x, M, K, 0.5, "x");
  draw(w, N, K, 0, "w");
  for (int c = 0; c < K; c++) {
    ax[c] = ldexp(1, 2 * (c % 9));
    aw[c] = ldexp(1, -2 * (c % 4));
  }
  ulp_smoothquant_factors(s, ax, aw, K, 0.5);
  ulp_product(before, x, w, M, N, K);
  ulp_channels_over(x, x, s, M, K);
  ulp_channels_times(w, w, s, N, K);
  ulp_product(after, x, w, M, N, K);
  for (int i = 0; i < M * N; i++)
    ck_assert_double_eq(before[i], after[i]);
}
END_TEST

/* 1, 4, 16 to the power 1/2 are 1, 2, 4, over sqrt(1 * 4). */
START_TEST(awq_factors)
{
  const double mean[] = {1, 4, 16};
  double s[3];
  ulp_awq_factors(s, mean, 3, 0.5);
  ck_assert_double_eq(s[0], 0.5);
  ck_assert_double_eq(s[1], 1);
  ck_assert_double_eq(s[2], 2);
  ulp_awq_factors(s, mean, 3, 0);
  ck_assert_double_eq(s[0], 1);
  ck_assert_double_eq(s[2], 1);
}
END_TEST

static double output_error(const double *x, const double *w, const double *v,
                           int m, int n, int k)
{
  double sum = 0;
  for (int t = 0; t < m; t++)
    for (int r = 0; r < n; r++) {
      double d = 0;
      for (int c = 0; c < k; c++)
        d += x[t * k + c] * (v[r * k + c] - w[r * k + c]);
      sum += d * d;
    }
  return sum;
}

/* The search, gone through once more. */
START_TEST(awq_search)
{
  enum { M = 32, N = 8, K = 64 };
  double x[M * K], w[N * K], v[N * K], mean[K], s[K], t[K];
  const ulp_quantizer q = find("int4/g=group:32");
  ulp_awq_choice c;
  ulp_error e;
  draw(x, M, K, 0, "x");
  draw(w, N, K, 0, "w");
  for (int r = 0; r < M; r++)
    for (int i = 5; i < K; i += 31)
      x[r * K + i] *= 60;
  ulp_channel_mean(mean, x, M, K);
  ck_assert(ulp_awq_search(s, &c, mean, x, M, w, N, K, &q, 20, &e) == ULP_OK);
  double best = INFINITY, ratio = -1;
  for (int i = 0; i < 20; i++) {
    ulp_awq_factors(t, mean, K, i / 20.0);
    ulp_channels_times(v, w, t, N, K);
    ck_assert(ulp_matrix_values(v, v, N, K, &q, &e) == ULP_OK);
    ulp_channels_over(v, v, t, N, K);
    double error = output_error(x, w, v, M, N, K);
    if (i == 0)
      ck_assert_double_eq_tol(c.before / error, 1, 1e-9);
    if (error < best) {
      best = error;
      ratio = i / 20.0;
    }
  }
  ck_assert_double_eq(c.ratio, ratio);
  ck_assert_double_eq_tol(c.error / best, 1, 1e-9);
  ck_assert(c.ratio > 0 && c.error < c.before / 3);
}
END_TEST

/* ---- rotation ------------------------------------------------------------ */

/* Q of 256 channels: entries +-1/16 exactly, rows and columns orthonormal. */
START_TEST(hadamard_is_orthogonal)
{
  enum { K = 256 };
  static double q[K * K], p[K * K];
  for (int i = 0; i < K * K; i++)
    q[i] = i % (K + 1) == 0;
  ck_assert(ulp_hadamard_rows(q, K, K, 3) == ULP_OK);
  int minus = 0;
  for (int i = 0; i < K * K; i++) {
    ck_assert_double_eq(fabs(q[i]), 1.0 / 16);
    minus += q[i] < 0;
  }
  ck_assert_int_gt(minus, K * K / 4);
  ulp_product(p, q, q, K, K, K);
  for (int i = 0; i < K * K; i++)
    ck_assert_double_eq(p[i], i % (K + 1) == 0);
  ck_assert(ulp_hadamard_rows(q, 1, 12, 3) == ULP_EINVAL);
}
END_TEST

/* Of n normal numbers the greatest is near sqrt(2 ln n) (H. Cramer, 1946,
 * section 28.6: less (ln ln n + ln 4 pi) / (2 sqrt(2 ln n)) on average, here
 * 0.57), and rotated outliers are as normal. */
START_TEST(hadamard_spreads)
{
  enum { K = 4096, ROWS = 16 };
  static double x[ROWS * K], square[ROWS];
  draw(x, ROWS, K, 0, "x");
  ulp_pcg32 g = ulp_pcg32_seed(9, 9);
  for (int i = 0; i < ROWS * 41; i++) /* at no common distance */
    x[i / 41 * K + (int)(ulp_pcg32_next(&g) % K)] = 100;
  ck_assert(ulp_hadamard_rows(x, ROWS, K, 3) == ULP_OK);
  ulp_row_squares(square, x, NULL, ROWS, K);
  double crest = 0;
  for (int r = 0; r < ROWS; r++) {
    double amax = 0;
    for (int c = 0; c < K; c++)
      amax = fmax(amax, fabs(x[r * K + c]));
    crest += amax / sqrt(square[r] / K) / ROWS;
  }
  /* of |x|, so of 2 n numbers of one sign */
  double root = sqrt(2 * log(2.0 * K));
  double want = root - (log(log(2.0 * K)) + log(4 * acos(-1))) / (2 * root) +
                0.5772 / root;
  ck_assert_double_eq_tol(crest, want, 0.3);
}
END_TEST

/* ---- GPTQ --------------------------------------------------------------- */

/* H[i][j] = r^|i - j| has the inverse U^T U with 1 / sqrt(1 - r^2) on U's
 * diagonal, -r / sqrt(1 - r^2) beside it, and 1 last: 1.25, -0.75 for .6. */
START_TEST(factor_of_autoregression)
{
  enum { K = 40 };
  double h[K * K], u[K * K];
  for (int i = 0; i < K; i++)
    for (int j = 0; j < K; j++)
      h[i * K + j] = pow(0.6, abs(i - j));
  ck_assert(ulp_gptq_factor(u, h, K, 0) == ULP_OK);
  for (int i = 0; i < K; i++)
    for (int j = 0; j < K; j++) {
      double want = i == j ? i == K - 1 ? 1 : 1.25 : j == i + 1 ? -0.75 : 0;
      ck_assert_double_eq_tol(u[i * K + j], want, 1e-13);
    }
}
END_TEST

/* Of random data: H by its definition, and U^T U (H + d I) is the identity. */
START_TEST(factor_inverts)
{
  enum { K = 24, M = 64 };
  double x[M * K], h[K * K], u[K * K], mean = 0;
  draw(x, M, K, 0.7, "x");
  for (int t = 0; t < M; t++)
    x[t * K + 3] = 0; /* never seen: 1 on the diagonal */
  ulp_hessian(h, x, M, K);
  for (int i = 0; i < K; i++)
    for (int j = 0; j < K; j++) {
      double sum = 0;
      for (int t = 0; t < M; t++)
        sum += x[t * K + i] * x[t * K + j];
      ck_assert_double_eq_tol(h[i * K + j], 2 * sum / M, 1e-12);
    }
  ck_assert(ulp_gptq_factor(u, h, K, 0.01) == ULP_OK);
  h[3 * K + 3] = 1;
  for (int i = 0; i < K; i++)
    mean += h[i * K + i] / K;
  for (int i = 0; i < K; i++)
    h[i * K + i] += 0.01 * mean;
  for (int i = 0; i < K; i++)
    for (int j = 0; j < K; j++) {
      double sum = 0;
      for (int k = 0; k < K; k++)
        for (int l = 0; l < K; l++)
          sum += u[k * K + i] * u[k * K + l] * h[l * K + j];
      ck_assert_double_eq_tol(sum, i == j, 1e-10);
      if (j < i)
        ck_assert_double_eq(u[i * K + j], 0);
    }
  const double indefinite[] = {1, 2, 2, 1};
  ck_assert(ulp_cholesky(u, indefinite, 2) == ULP_EINVAL);
}
END_TEST

/* r = .6, scale 7 / 7 = 1.  2.4 becomes 2, and .4 / 1.25 * .75 = .24 is added
 * to 1.3, which becomes 2 and not 1. */
START_TEST(gptq_by_hand)
{
  const double h[] = {1, 0.6, 0.36, 0.6, 1, 0.6, 0.36, 0.6, 1};
  const double w[] = {7, 2.4, 1.3};
  const ulp_quantizer q = find("int4/g=token");
  double u[9], y[3];
  ulp_error e;
  ck_assert(ulp_gptq_factor(u, h, 3, 0) == ULP_OK);
  ck_assert(ulp_gptq_values(y, w, 1, 3, u, &q, &e) == ULP_OK);
  ck_assert_double_eq(y[0], 7);
  ck_assert_double_eq(y[1], 2);
  ck_assert_double_eq(y[2], 2);
}
END_TEST

/* Nothing to learn from other channels: as each rounded alone. */
START_TEST(gptq_of_a_diagonal)
{
  enum { N = 8, K = 64 };
  static const char *const specs[] = {"int4/g=group:32", "int4/g=token",
                                      "int8/g=tensor", "nvfp4@te",
                                      "mxfp4@ocp"};
  double w[N * K], y[N * K], plain[N * K];
  static double h[K * K], u[K * K];
  ulp_error e;
  draw(w, N, K, 0, "w");
  for (int i = 0; i < K; i++)
    h[i * K + i] = 1 + i % 7;
  ck_assert(ulp_gptq_factor(u, h, K, 0) == ULP_OK);
  for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
    const ulp_quantizer q = find(specs[i]);
    ck_assert_msg(ulp_gptq_values(y, w, N, K, u, &q, &e) == ULP_OK, "%s",
                  e.text);
    ck_assert(ulp_matrix_values(plain, w, N, K, &q, &e) == ULP_OK);
    for (int k = 0; k < N * K; k++)
      ck_assert_msg(y[k] == plain[k], "%s: %d: %g, not %g", specs[i], k, y[k],
                    plain[k]);
  }
  const ulp_quantizer channel = find("int8/g=channel");
  ck_assert(ulp_gptq_values(y, w, N, K, u, &channel, &e) == ULP_EINVAL);
}
END_TEST

/* Gauss-Jordan; a is lost. */
static void invert(double *out, double *a, int n)
{
  for (int i = 0; i < n * n; i++)
    out[i] = i % (n + 1) == 0;
  for (int p = 0; p < n; p++) {
    double d = a[p * n + p];
    for (int j = 0; j < n; j++) {
      a[p * n + j] /= d;
      out[p * n + j] /= d;
    }
    for (int i = 0; i < n; i++) {
      double f = i == p ? 0 : a[i * n + p];
      for (int j = 0; j < n; j++) {
        a[i * n + j] -= f * a[p * n + j];
        out[i * n + j] -= f * out[p * n + j];
      }
    }
  }
}

/* Equations 2 and 3 of arXiv:2210.17323 as they stand, with the inverse of
 * the Hessian of the channels left, found anew each time. */
static void reference(double *w, const double *h, int k, double scale)
{
  enum { MOST = 32 };
  double a[MOST * MOST], inverse[MOST * MOST];
  for (int p = 0; p < k; p++) {
    int left = k - p;
    for (int i = 0; i < left; i++)
      for (int j = 0; j < left; j++)
        a[i * left + j] = h[(p + i) * k + p + j];
    invert(inverse, a, left);
    double q = scale * fmin(7, fmax(-8, nearbyint(w[p] / scale)));
    double error = (w[p] - q) / inverse[0];
    w[p] = q;
    for (int i = 1; i < left; i++)
      w[p + i] -= error * inverse[i];
  }
}

START_TEST(gptq_as_in_the_paper)
{
  enum { N = 16, K = 32, M = 128 };
  double x[M * K], h[K * K], u[K * K], w[N * K], y[N * K];
  const ulp_quantizer q = find("int4/g=token");
  ulp_error e;
  draw(x, M, K, 0.8, "x");
  draw(w, N, K, 0, "w");
  for (int r = 0; r < N; r++) /* scales of 1/4 */
    w[r * K] = 1.75, w[r * K + 1] = fmin(1.7, fmax(-1.7, w[r * K + 1]));
  for (int i = 0; i < N * K; i++)
    w[i] = fmin(1.75, fmax(-1.75, w[i]));
  ulp_hessian(h, x, M, K);
  ck_assert(ulp_gptq_factor(u, h, K, 0) == ULP_OK);
  ck_assert(ulp_gptq_values(y, w, N, K, u, &q, &e) == ULP_OK);
  for (int r = 0; r < N; r++) {
    reference(w + r * K, h, K, 0.25);
    for (int c = 0; c < K; c++)
      ck_assert_double_eq(y[r * K + c], w[r * K + c]);
  }
}
END_TEST

static double objective(const double *h, const double *w, const double *v,
                        int n, int k)
{
  double sum = 0;
  for (int r = 0; r < n; r++)
    for (int i = 0; i < k; i++)
      for (int j = 0; j < k; j++)
        sum += (v[r * k + i] - w[r * k + i]) * h[i * k + j] *
               (v[r * k + j] - w[r * k + j]);
  return sum;
}

/* What later channels do not foretell of one: 1 - r^2 of its variance, so
 * GPTQ leaves 1 - .64 of the error of rounding alone, and no better weights
 * alone: their own error grows. */
START_TEST(gptq_gain)
{
  enum { N = 128, K = 128 };
  static double h[K * K], u[K * K], w[N * K], y[N * K], plain[N * K];
  const ulp_quantizer q = find("int8/g=tensor");
  ulp_error e;
  draw(w, N, K, 0, "w");
  w[0] = 8; /* all stays in the range */
  for (int i = 0; i < K; i++)
    for (int j = 0; j < K; j++)
      h[i * K + j] = pow(0.8, abs(i - j));
  ck_assert(ulp_gptq_factor(u, h, K, 0) == ULP_OK);
  ck_assert(ulp_gptq_values(y, w, N, K, u, &q, &e) == ULP_OK);
  ck_assert(ulp_matrix_values(plain, w, N, K, &q, &e) == ULP_OK);
  double ratio = objective(h, w, y, N, K) / objective(h, w, plain, N, K);
  ck_assert_double_eq_tol(ratio, 0.36, 0.015);
}
END_TEST

/* ---- the rest ------------------------------------------------------------ */

/* The integral of (x - s rint(x / s))^2 over the normal density, summed. */
START_TEST(noise_of_steps)
{
  static const double steps[] = {0.01, 0.5, 1, 2, 3, 5, 10, 19, 21, 100};
  for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
    double s = steps[i], sum = 0, d = fmin(1e-3, s / 64);
    int cells = (int)(12 / d);
    for (int k = -cells; k < cells; k++) {
      double x = (k + 0.5) * d, e = x - s * nearbyint(x / s);
      sum += e * e * exp(-x * x / 2) * d;
    }
    sum /= sqrt(2 * acos(-1));
    ck_assert_double_eq_tol(ulp_step_noise(1, s) / sum, 1, 1e-3);
    ck_assert_double_eq_tol(ulp_step_noise(3, 3 * s) / (9 * sum), 1, 1e-3);
  }
}
END_TEST

START_TEST(tokens)
{
  enum { M = 400, K = 100 };
  static double x[M * K], again[K];
  double gain[K], covariance = 0, variance = 0;
  for (int c = 0; c < K; c++)
    gain[c] = c == 7 ? 50 : 1;
  const ulp_tokens t = {"student_t3", 0.8, gain, 1, "x"};
  draw(x, M, K, 0.8, "x");
  for (int i = 0; i < M * K; i++) {
    variance += x[i] * x[i] / (M * K);
    covariance += i % K ? x[i] * x[i - 1] / (M * (K - 1)) : 0;
  }
  ck_assert_double_eq_tol(variance, 1, 0.03);
  ck_assert_double_eq_tol(covariance, 0.8, 0.03);
  ck_assert(ulp_tokens_draw(x, &t, 0, M, K) == ULP_OK);
  ck_assert(ulp_tokens_draw(again, &t, 9, 1, K) == ULP_OK);
  for (int c = 0; c < K; c++)
    ck_assert_double_eq(x[9 * K + c], again[c]);
}
END_TEST

START_TEST(outliers_apart)
{
  const double x[] = {1, 6, -5.9, 0, -2, 1, 5.99, -7};
  unsigned char apart[4];
  ck_assert_int_eq(ulp_llm_int8_outliers(apart, x, 2, 4, 6), 2);
  ck_assert(!apart[0] && apart[1] && !apart[2] && apart[3]);
}
END_TEST

START_TEST(remedies)
{
  ulp_remedy r;
  ulp_error e;
  ck_assert(ulp_remedy_read(&r, "smoothquant:0.25", &e) == ULP_OK);
  ck_assert(r.kind == ULP_REMEDY_SMOOTHQUANT && r.parameter == 0.25);
  ck_assert(ulp_remedy_read(&r, "gptq", &e) == ULP_OK);
  ck_assert(r.kind == ULP_REMEDY_GPTQ);
  ck_assert(ulp_remedy_read(&r, "smoothquant:2", &e) == ULP_ENAME);
  ck_assert(ulp_remedy_read(&r, "awq:1", &e) == ULP_ENAME);
  ck_assert(ulp_remedy_read(&r, "gpt", &e) == ULP_ENAME);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("methods");
  TCase *t = tcase_create("methods");
  tcase_set_timeout(t, 60);
  tcase_add_test(t, smoothquant_factors);
  tcase_add_test(t, smoothquant_keeps_the_output);
  tcase_add_test(t, awq_factors);
  tcase_add_test(t, awq_search);
  tcase_add_test(t, hadamard_is_orthogonal);
  tcase_add_test(t, hadamard_spreads);
  tcase_add_test(t, factor_of_autoregression);
  tcase_add_test(t, factor_inverts);
  tcase_add_test(t, gptq_by_hand);
  tcase_add_test(t, gptq_of_a_diagonal);
  tcase_add_test(t, gptq_as_in_the_paper);
  tcase_add_test(t, gptq_gain);
  tcase_add_test(t, noise_of_steps);
  tcase_add_test(t, tokens);
  tcase_add_test(t, outliers_apart);
  tcase_add_test(t, remedies);
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_ENV);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
