/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the experiments on layers stand on: normalizations worked by hand,
 * and theory against literal definitions.
 */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "model.h"
#include "norm_inputs.h"
#include "residual_theory.h"
#include "stack_theory.h"

static ulp_step step(const char *format)
{
  ulp_step s;
  ulp_error e;
  ck_assert_int_eq(ulp_step_make(&s, format, NULL, &e), ULP_OK);
  return s;
}

static ulp_grid grid(const char *format)
{
  ulp_format f;
  ck_assert_int_eq(ulp_format_find(format, &f, NULL, 0), ULP_OK);
  return ulp_grid_of(&f);
}

/* ---- normalizations ---------------------------------------------------- */

static ulp_norm_steps all_in(const ulp_step *s)
{
  return (ulp_norm_steps){.input = s, .centre = s, .square = s, .sum = s,
                          .root = s, .scale = s, .output = s};
}

/* 8 bits: sqrt(12.5) = 226.27 / 64 -> 226, its reciprocal 144.99 / 512 -> 145;
 * 3 times that is 217.5 / 256, a tie that goes to 218, 4 times 145 / 128. */
START_TEST(rms_by_hand)
{
  const double x[] = {3, 4};
  double y[2];
  ulp_step bf16 = step("bf16");
  ulp_norm_steps s = all_in(&bf16);
  ulp_rms_norm(y, x, NULL, 2, 0, &s, 0);
  ck_assert_double_eq(y[0], 218 / 256.0);
  ck_assert_double_eq(y[1], 145 / 128.0);
}
END_TEST

/* Mean 2, variance 1, and 1/2: sqrt(1.5) = 156.77 / 128 -> 157, its reciprocal
 * 208.7 / 256 -> 209; times 3 156.75 / 64 -> 157, and 1. */
START_TEST(layer_by_hand)
{
  const double x[] = {1, 3}, gamma[] = {3, 3}, beta[] = {1, 1};
  double y[2];
  ulp_step bf16 = step("bf16");
  for (int pass = 0; pass < 2; pass++) {
    ulp_norm_steps s = all_in(&bf16);
    s.one_pass = pass;
    ulp_layer_norm(y, x, NULL, NULL, 2, 0.5, &s, 0);
    ck_assert_double_eq(y[0], -209 / 256.0);
    ck_assert_double_eq(y[1], 209 / 256.0);
    ulp_layer_norm(y, x, gamma, beta, 2, 0.5, &s, 0);
    ck_assert_double_eq(y[1], 157 / 64.0 + 1);
  }
}
END_TEST

/* A thousand ones: 256 in 8 bits, one after the other, and 256 / 1000 = 131.07
 * / 512; in 32 lanes of 31 or 32 every sum is exact, and 1. */
START_TEST(sums)
{
  enum { N = 1000 };
  double x[N], y[N];
  ulp_step bf16 = step("bf16");
  ulp_norm_steps s = {.sum = &bf16};
  for (int i = 0; i < N; i++)
    x[i] = 1;
  ulp_rms_norm(y, x, NULL, N, 0, &s, 0);
  ck_assert_double_eq(y[7], 1 / sqrt(131 / 512.0));
  s.lanes = 32;
  ulp_rms_norm(y, x, NULL, N, 0, &s, 0);
  ck_assert_double_eq(y[7], 1);
}
END_TEST

/* Each step alone, on what tells it from the others. */
START_TEST(steps)
{
  const double x[] = {1.01, 1.01}, mean[] = {0, 2.02}, big[] = {300, 300};
  double y[2];
  ulp_step f16 = step("f16"), bf16 = step("bf16");
  const ulp_norm_steps input = {.input = &bf16}, square = {.square = &f16},
                       root = {.root = &f16}, scale = {.scale = &bf16},
                       output = {.output = &bf16}, none = {.lanes = 0};
  ulp_rms_norm(y, x, NULL, 2, 0, &input, 0);
  ck_assert_double_eq(y[0], 1);
  ulp_layer_norm(y, mean, NULL, NULL, 2, 0, &none, 0);
  ck_assert_double_eq(y[0], -1);
  ulp_rms_norm(y, big, NULL, 2, 0, &square, 0);
  ck_assert_double_eq(y[0], 0); /* 90000 is infinite */
  ulp_rms_norm(y, big, NULL, 2, 0, &none, 0);
  ck_assert_double_eq(y[0], 1);
  const double zero[] = {0, 0};
  ulp_rms_norm(y, zero, NULL, 2, 1e-8, &root, 0);
  ck_assert(isnan(y[0])); /* 1e-8 < 2^-25 */
  ulp_rms_norm(y, zero, NULL, 2, 1e-6, &root, 0);
  ck_assert_double_eq(y[0], 0);
  const double gamma[] = {1.01, 1};
  const double one[] = {1, 1};
  ulp_rms_norm(y, one, gamma, 2, 0, &scale, 0);
  ck_assert_double_eq(y[0], 129 / 128.0); /* 1.01 = 129.28 / 128 */
  ulp_rms_norm(y, one, gamma, 2, 0, &output, 0);
  ck_assert_double_eq(y[0], 129 / 128.0);
}
END_TEST

/* ---- a stream ---------------------------------------------------------- */

/* Nearest even of an integer to `digits` bits, in integers. */
static long literal(long v, int digits)
{
  int drop = 0;
  while (v >> drop >= 1L << digits)
    drop++;
  if (drop == 0)
    return v;
  long low = v & ((1L << drop) - 1), half = 1L << (drop - 1), top = v >> drop;
  return (top + (low > half || (low == half && top % 2))) << drop;
}

START_TEST(stream_to_nearest)
{
  ulp_grid g = grid("bf16");
  unsigned state = 1;
  for (int i = 0; i < 20000; i++) {
    state = state * 1103515245 + 12345;
    long x = literal(1 + (state >> 8) % 5000, 8);
    state = state * 1103515245 + 12345;
    long u = literal(1 + (state >> 8) % (1L << (state >> 5) % 9), 8);
    long n = 1 + i % 130, sum = x, lost = 0;
    for (long k = 0; k < n; k++) {
      long next = literal(sum + u, 8);
      lost += next == sum;
      sum = next;
    }
    ulp_residual_fate f = ulp_residual_nearest(&g, (double)x, (double)u, n);
    ck_assert_msg(f.gain == (double)(sum - x), "%ld + %ld x %ld: %g, not %ld",
                  x, n, u, f.gain, sum - x);
    ck_assert_double_eq_tol(f.lost, (double)lost / (double)n, 1e-15);
    ck_assert(!f.overflow);
  }
}
END_TEST

START_TEST(stream_limits)
{
  ulp_grid f16 = grid("f16");
  ck_assert_double_eq(ulp_grid_spacing(&f16, 1), 0x1p-10);
  ck_assert_double_eq(ulp_grid_spacing(&f16, 1.999), 0x1p-10);
  ck_assert_double_eq(ulp_grid_spacing(&f16, 0x1p-20), 0x1p-24);
  ck_assert_double_eq(ulp_grid_nearest(&f16, 0x1p-25), 0);
  /* 65504 + 16 rounds to infinity, less does not: IEEE 754 4.3.1. */
  ck_assert(ulp_residual_nearest(&f16, 65472, 32, 2).overflow);
  ck_assert(!ulp_residual_nearest(&f16, 65472, 32, 1).overflow);
  /* A quarter of a spacing: 3 of 4 are lost, v (1 - v) each. */
  ulp_residual_fate f = ulp_residual_stochastic(&f16, 1, 0x1p-12, 16);
  ck_assert_double_eq(f.gain, 0x1p-8);
  ck_assert_double_eq(f.lost, 0.75);
  ck_assert_double_eq_tol(f.square, 16 * 3 / 16.0 * 0x1p-20, 1e-18);
  /* Normal updates of s spacings are lost with chance erf(1 / (s sqrt 8)). */
  ulp_normals d;
  ck_assert_int_eq(ulp_normals_make(&d, 1), ULP_OK);
  for (double s = 0.25; s < 10; s *= 2) {
    f = ulp_residual_random(d.magnitude, ULP_NORMALS, s, 1, false, 1);
    ck_assert_double_eq_tol(f.lost, erf(1 / (s * sqrt(8))), 0.01);
  }
  ck_assert_double_eq_tol(f.square, 1 / 12.0, 0.001);
  f = ulp_residual_random(d.magnitude, ULP_NORMALS, 8, 1, true, 1);
  ck_assert_double_eq_tol(f.square, 1 / 6.0, 0.002);
  ulp_normals_free(&d);
}
END_TEST

/* ---- stacks ------------------------------------------------------------ */

START_TEST(injected)
{
  ulp_powers random = {1, 0, 0}, along = random, both = random;
  for (int n = 1; n <= 128; n++) {
    ulp_powers_inject(&random, 0, 0.005);
    ulp_powers_inject(&along, 0.005, 0);
    ulp_powers_inject(&both, 0.003, 0.004);
    double a = pow(1.003, n), b = pow(1.003 * 1.003 + 0.004 * 0.004, n);
    ck_assert_double_eq_tol(ulp_powers_relative(&random),
                            sqrt(pow(1.000025, n) - 1), 1e-12);
    ck_assert_double_eq_tol(ulp_powers_relative(&along), pow(1.005, n) - 1,
                            1e-12);
    ck_assert_double_eq_tol(ulp_powers_relative(&both), sqrt(b - 2 * a + 1),
                            1e-12);
  }
}
END_TEST

/* The kernel's formula as it is printed, where nothing cancels; and of small
 * errors, that they are kept relative to the branch. */
START_TEST(blocks)
{
  for (double error = 0.25; error < 4; error *= 2) {
    ulp_powers p = {2, 0.25, error};
    double c = 2.25 / sqrt(2 * (2.5 + error));
    double k = (sqrt(1 - c * c) + c * (acos(-1) - acos(c))) / acos(-1);
    ulp_powers_block(&p, 3, 0, 0);
    ck_assert_double_eq_tol(p.signal, 5, 1e-12);
    ck_assert_double_eq_tol(p.cross, 0.25 - 3 * (1 - k), 1e-12);
    ck_assert_double_eq_tol(p.error, error + 6 * (1 - k), 1e-12);
  }
  ulp_powers tiny = {4, 0, 4e-20};
  ulp_powers_block(&tiny, 1, 0, 0);
  ck_assert_double_eq_tol(tiny.error / 5e-20, 1, 1e-6);
  ulp_powers exact = {4, 0, 0};
  ulp_powers_block(&exact, 1, 0, 0.1);
  ck_assert_double_eq_tol(exact.error, 0.01, 1e-15);
}
END_TEST

START_TEST(exponents)
{
  const double x[] = {1, 2, 4, 10, 80};
  double y[5];
  for (double p = 0.5; p <= 1.5; p += 0.5) {
    for (int i = 0; i < 5; i++)
      y[i] = 3e-7 * pow(x[i], p);
    ck_assert_double_eq_tol(ulp_growth_exponent(x, y, 5), p, 1e-12);
  }
}
END_TEST

int main(void)
{
  Suite *s = suite_create("layers");
  TCase *c = tcase_create("layers");
  tcase_add_test(c, rms_by_hand);
  tcase_add_test(c, layer_by_hand);
  tcase_add_test(c, sums);
  tcase_add_test(c, steps);
  tcase_add_test(c, stream_to_nearest);
  tcase_add_test(c, stream_limits);
  tcase_add_test(c, injected);
  tcase_add_test(c, blocks);
  tcase_add_test(c, exponents);
  suite_add_tcase(s, c);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
