/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the experiments about accumulation stand on: exact products, sums step
 * by step, bounds and growth, against MPFR, closed forms, and an H200.
 */
#include <check.h>
#include <math.h>
#include <mpfr.h>
#include <stdlib.h>
#include <string.h>

#include "accumulators.h"
#include "exact.h"
#include "statistics.h"
#include "sum_errors.h"
#include "tensor_fixture.h"

static exact_product product(const char *type, ulp_family family, size_t side,
                             size_t k, uint64_t seed)
{
  const product_spec spec = {.type = ulp_recipe_type_find(type),
                             .family = family, .m = side, .n = side, .k = k,
                             .seed = seed};
  exact_product p;
  ulp_error e;
  ck_assert_msg(exact_product_make(&p, &spec, &e) == ULP_OK, "%s", e.text);
  return p;
}

static double element(const exact_product *p, const void *array, size_t i)
{
  return ulp_decode(&p->format, ulp_load_code(&p->format, array, i));
}

/* ---- exact sums -------------------------------------------------------- */

static void check_exact(const exact_product *p, size_t i, size_t j)
{
  size_t k = p->spec.k, at = i * p->spec.n + j;
  mpfr_t sum, magnitude, x;
  mpfr_inits2(600, sum, magnitude, x, (mpfr_ptr)0);
  mpfr_set_zero(sum, 1);
  mpfr_set_zero(magnitude, 1);
  for (size_t l = 0; l < k; l++) {
    mpfr_set_d(x, element(p, p->a, i * k + l), MPFR_RNDN);
    mpfr_mul_d(x, x, element(p, p->b, j * k + l), MPFR_RNDN);
    mpfr_add(sum, sum, x, MPFR_RNDN);
    mpfr_abs(x, x, MPFR_RNDN);
    mpfr_add(magnitude, magnitude, x, MPFR_RNDN);
  }
  float rounded = mpfr_get_flt(sum, MPFR_RNDN), ours;
  memcpy(&ours, &p->rounded[at], sizeof ours);
  ck_assert(ours == rounded);
  ck_assert(p->exact[at].hi == mpfr_get_d(sum, MPFR_RNDN));
  mpfr_sub_d(x, sum, p->exact[at].hi, MPFR_RNDN);
  ck_assert(p->exact[at].lo == mpfr_get_d(x, MPFR_RNDN));
  ck_assert(p->magnitude[at] == mpfr_get_d(magnitude, MPFR_RNDN));
  mpfr_clears(sum, magnitude, x, (mpfr_ptr)0);
}

/* The same product with B from a file of its values, which is twice as long
 * each way: rows 2 to 5, and the first 32 of each. */
START_TEST(weights_are_rows_of_a_tensor)
{
  enum { SIDE = 4, K = 32, ROWS = 2 * SIDE, COLUMNS = 2 * K };
  static const char *const kinds[] = {"bf16", "f16", "e4m3"};
  const char *type = kinds[_i];
  exact_product p = product(type, ULP_FAMILY_NORMAL, SIDE, K, 3), q;
  float x[ROWS * COLUMNS] = {0};
  double amax = 0;
  for (size_t i = 0; i < SIDE * K; i++) {
    double b = element(&p, p.b, i);
    x[(2 + i / K) * COLUMNS + i % K] = (float)b;
    amax = fmax(amax, fabs(b));
  }
  /* elsewhere, so that the scale of 8 bits is 1 (and an amax is seen) */
  x[ROWS * COLUMNS - 1] = (float)ulp_max(&p.format);
  ck_assert(amax < ulp_max(&p.format));
  size_t size;
  unsigned char *bytes = npy_bytes(1, "{'descr': '<f4', 'fortran_order': False,"
                                   " 'shape': (8, 64), }", x, sizeof x, &size);
  ulp_run run = {0};
  ulp_error e;
  sum_weights w = {0};
  ck_assert(ulp_file_parse(&run.file, bytes, size, "w.npy", &e) == ULP_OK);
  ck_assert(sum_weights_open(&w, &run, &e) == ULP_OK);
  ck_assert(w.rows == ROWS && w.columns == COLUMNS);
  product_spec spec = p.spec;
  spec.weights = &w;
  spec.first_row = 2;
  ck_assert(exact_product_make(&q, &spec, &e) == ULP_OK);
  ck_assert_mem_eq(p.b, q.b, SIDE * K * p.format.storage_bytes);
  ck_assert_mem_eq(p.rounded, q.rounded, SIDE * SIDE * sizeof *p.rounded);
  ulp_file_close(run.file);
  exact_product_free(&p);
  exact_product_free(&q);
  free(bytes);
}
END_TEST

static const char *const types[] = {"e4m3", "e5m2", "f16", "bf16"};

START_TEST(exact_products_are_exact)
{
  for (int t = 0; t < 4; t++)
    for (int f = 0; f <= ULP_FAMILY_CANCEL; f++) {
      exact_product p = product(types[t], (ulp_family)f, 3, 300, 9);
      for (size_t i = 0; i < 9; i++)
        check_exact(&p, i / 3, i % 3);
      exact_product_free(&p);
    }
}
END_TEST

/* 2^40 + 2^16 + 2^-40 in f32: a tie but for bits beyond the first 64. */
START_TEST(exact_products_round_once)
{
  exact_product p = product("bf16", ULP_FAMILY_NORMAL, 1, 3, 1);
  const ulp_rounding rne = {0};
  const double x[] = {0x1p20, 0x1p8, 0x1p-20};
  ulp_error e;
  ck_assert(ulp_encode_array(&p.format, p.a, x, 3, 1, &rne, 0) == ULP_OK);
  ck_assert(ulp_encode_array(&p.format, p.b, x, 3, 1, &rne, 0) == ULP_OK);
  ck_assert(exact_product_sum(&p, &e) == ULP_OK);
  check_exact(&p, 0, 0);
  exact_product_free(&p);
}
END_TEST

/* What does not fit 128 bits is refused. */
START_TEST(exact_products_or_none)
{
  exact_product p = product("bf16", ULP_FAMILY_NORMAL, 1, 2, 1);
  const ulp_rounding rne = {0};
  const double x[] = {0x1p60, 0x1p-8};
  ulp_error e;
  ck_assert(ulp_encode_array(&p.format, p.a, x, 2, 1, &rne, 0) == ULP_OK);
  ck_assert(exact_product_sum(&p, &e) == ULP_ERANGE);
  exact_product_free(&p);
}
END_TEST

/* ---- step by step ------------------------------------------------------ */

/* One output by MPFR's fused multiply-add at the accumulator's precision; its
 * exponents are wide enough for these inputs. */
static float by_mpfr(const exact_product *p, size_t i, size_t j, int precision,
                     mpfr_rnd_t mode)
{
  mpfr_t sum, a, b;
  mpfr_init2(sum, precision);
  mpfr_inits2(53, a, b, (mpfr_ptr)0);
  mpfr_set_zero(sum, 1);
  for (size_t l = 0; l < p->spec.k; l++) {
    mpfr_set_d(a, element(p, p->a, i * p->spec.k + l), MPFR_RNDN);
    mpfr_set_d(b, element(p, p->b, j * p->spec.k + l), MPFR_RNDN);
    mpfr_fma(sum, a, b, sum, mode);
  }
  float y = mpfr_get_flt(sum, MPFR_RNDN);
  mpfr_clears(sum, a, b, (mpfr_ptr)0);
  return y;
}

static void check_step(const char *name, int precision, mpfr_rnd_t mode,
                       const exact_product *p)
{
  sum_way way;
  ulp_error e;
  uint32_t d[9];
  const accumulator *a;
  size_t row = 0;
  while (strcmp((a = accumulator_row(row))->name, name) != 0)
    row++;
  ck_assert(accumulator_find(a, p->spec.type->name, &way, &e) == ULP_OK);
  ck_assert_int_eq(way.kind, SUM_STEP);
  ck_assert(step_sum_run(&way.step, p, d));
  for (size_t i = 0; i < 9; i++) {
    float y, want = by_mpfr(p, i / 3, i % 3, precision, mode);
    memcpy(&y, &d[i], sizeof y);
    ck_assert_msg(y == want, "%s, %s, family %d: %a, MPFR %a", name,
                  p->spec.type->name, p->spec.family, (double)y,
                  (double)want);
  }
}

START_TEST(steps_round_as_mpfr)
{
  for (int t = 0; t < 4; t++)
    for (int f = 0; f <= ULP_FAMILY_CANCEL; f++) {
      exact_product p = product(types[t], (ulp_family)f, 3, 500, 11);
      check_step("f32-rz", 24, MPFR_RNDZ, &p);
      check_step("fp22-rz", 14, MPFR_RNDZ, &p);
      check_step("bf16-rne", 8, MPFR_RNDN, &p);
      exact_product_free(&p);
    }
}
END_TEST

/* f16 ends at 65504: a sum beyond it is Inf and stays so. */
START_TEST(f16_overflows)
{
  exact_product p = product("bf16", ULP_FAMILY_WIDE, 3, 64, 5);
  step_sum s = {.mode = ULP_RNE};
  uint32_t d[9];
  sum_errors errors;
  ck_assert(ulp_format_find("f16", &s.format, NULL, 0) == ULP_OK);
  ck_assert(step_sum_run(&s, &p, d));
  sum_errors_take(&errors, &p, d);
  ck_assert_uint_eq(errors.nonfinite, 9);
  ck_assert(isinf(sum_report_of(&errors, 1).frobenius));
  exact_product_free(&p);
}
END_TEST

/* ---- an H200's own products -------------------------------------------- */

static uint64_t sum_code(const exact_product *p, size_t i, size_t j)
{
  static const ulp_rounding rne = {.overflow = ULP_OVERFLOW_INF};
  size_t k = p->spec.k;
  ulp_sum *s = malloc(sizeof *s);
  ulp_sum_clear(s);
  for (size_t l = 0; l < k; l++) {
    const ulp_exact f[2] = {
        ulp_unpack(&p->format, ulp_load_code(&p->format, p->a, i * k + l)),
        ulp_unpack(&p->format, ulp_load_code(&p->format, p->b, j * k + l))};
    ulp_sum_add_product(s, f, 2);
  }
  ulp_format f64;
  ck_assert(ulp_format_find("float64", &f64, NULL, 0) == ULP_OK);
  ulp_exact value = ulp_sum_value(s);
  uint64_t code = ulp_round_pack(&f64, &value, &rne, 0);
  free(s);
  return code;
}

/* |D - X| / |X| with X from the long accumulator of emu/exact. */
static double frobenius(const exact_product *p, const uint32_t *d)
{
  double e2 = 0, x2 = 0;
  for (size_t i = 0; i < p->spec.m * p->spec.n; i++) {
    uint64_t code = sum_code(p, i / p->spec.n, i % p->spec.n);
    double x;
    float y;
    memcpy(&x, &code, sizeof x);
    memcpy(&y, &d[i], sizeof y);
    e2 += ((double)y - x) * ((double)y - x);
    x2 += x * x;
  }
  return sqrt(e2 / x2);
}

/* All-positive e4m3, 64 x 64 x 4096, of tests/vectors/h200/gemm.captured.xz:
 * the digest of D as the GPU gave it, and the error that issue 5 asks for. */
static void check_captured(uint64_t seed, const char *order, bool fast,
                           uint64_t digest, double error, double within)
{
  exact_product p = product("e4m3", ULP_FAMILY_POSITIVE, 64, 4096, seed);
  const accumulator a = {.name = order, .gpu = "h200", .order = order,
                         .fast = fast, .promote = -1};
  uint32_t *d = malloc(4096 * sizeof *d);
  sum_way way;
  sum_errors errors;
  ulp_error e;
  ulp_gemm_data x = {.m = 64, .n = 64, .k = 4096, .a = p.a, .b = p.b, .d = d};
  ck_assert(d && accumulator_find(&a, "e4m3", &way, &e) == ULP_OK);
  ck_assert(ulp_gemm_run(&way.gemm, &x, 0, 64) == ULP_OK);
  sum_errors_take(&errors, &p, d);
  ck_assert_uint_eq(errors.digest, digest);
  double ours = sum_report_of(&errors, 1).frobenius;
  ck_assert_double_eq_tol(ours, frobenius(&p, d), 1e-12 * ours);
  ck_assert_double_eq_tol(ours, error, within);
  free(d);
  exact_product_free(&p);
}

START_TEST(captured_products)
{
  check_captured(1054, "cublaslt-fp8", true, 0x5aa85f8c5a064f8e, 7.1e-2,
                 0.3e-2);
  check_captured(1056, "cublaslt-fp8", false, 0x923428f888a35f33, 6.5e-4,
                 0.4e-4);
}
END_TEST

/* ---- statistics -------------------------------------------------------- */

/* 1, 2, 3: mean 2, deviation 1; t of 2 degrees of freedom is 4.30265. */
START_TEST(interval_of_a_mean)
{
  const double x[] = {1, 2, 3};
  ck_assert_double_eq_tol(ulp_mean_ci95(x, 3), 4.3026527 / sqrt(3), 1e-7);
  ck_assert(isnan(ulp_mean_ci95(x, 1)));
}
END_TEST

/* -8 and 4, each half a unit too near zero. */
START_TEST(errors_by_hand)
{
  const float y[] = {-7.5f, 3.5f};
  uint32_t d[2];
  ulp_dd x[] = {{-8, 0}, {4, 0}};
  double magnitude[] = {16, 4};
  uint32_t rounded[] = {0xc1000000, 0x40800000};
  exact_product p = {.spec = {.m = 1, .n = 2, .k = 1}, .exact = x,
                     .magnitude = magnitude, .rounded = rounded};
  sum_errors s;
  memcpy(d, y, sizeof d);
  sum_errors_take(&s, &p, d);
  sum_report r = sum_report_of(&s, 1);
  ck_assert_double_eq_tol(r.frobenius, sqrt(0.5 / 80), 1e-15);
  ck_assert_double_eq_tol(r.bias, -1.0 / 12, 1e-15);
  ck_assert_double_eq_tol(r.condition, sqrt(272.0 / 80), 1e-15);
  ck_assert_double_eq(r.max_ulp, 0.5 * 0x1p21); /* of 4: 2^-21 */
  ck_assert(isnan(r.bias_ci95));
}
END_TEST

/* Steps on the line of f32 numbers from 4, -4 and 0, and their bins. */
START_TEST(bins_by_hand)
{
  static const struct {
    uint32_t right, y;
    int bin;
  } list[] = {
      {0x40800000, 0x40800000, 0},  {0x40800000, 0x40800001, 1},
      {0x40800000, 0x40800002, 2},  {0x40800000, 0x40800003, 2},
      {0x40800000, 0x40800004, 3},  {0x40800000, 0x407fffff, -1},
      {0x40800000, 0x407ffff8, -4}, {0xc0800000, 0xc0800001, 1},
      {0xc0800000, 0xc07ffffe, -2},
      {0x40800000, 0x00000000, -31}, /* 0x40800000 steps */
      {0x40800000, 0xc0800000, -32}, /* twice as many */
      {0x00000001, 0x80000001, -2},  {0x00000000, 0x80000000, 0},
  };
  enum { N = sizeof list / sizeof list[0] };
  for (size_t i = 0; i < N; i++) {
    uint32_t right = list[i].right, y = list[i].y;
    ulp_dd x = {4, 0};
    double magnitude = 4;
    const exact_product p = {.spec = {.m = 1, .n = 1, .k = 1}, .exact = &x,
                             .magnitude = &magnitude, .rounded = &right};
    sum_errors s;
    sum_errors_take(&s, &p, &y);
    sum_report r = sum_report_of((sum_errors[]){s, s}, 2);
    ck_assert_msg(s.steps[SUM_MIDDLE + list[i].bin] == 1, "row %zu", i);
    ck_assert_uint_eq(r.steps[SUM_MIDDLE + list[i].bin], 2);
  }
}
END_TEST

/* y = 0, 1, 3 over x = 0, 1, 2: slope 3/2, residual sum of squares 1/6, so
 * its standard error is sqrt(1/12); t of 1 degree of freedom is 12.70620. */
START_TEST(growth_by_hand)
{
  const double k[] = {1, 2, 4}, error[] = {0x1p-10, 0x1p-9, 0x1p-7};
  sum_growth g = sum_growth_of(k, error, 3, 1, 4);
  ck_assert_double_eq_tol(g.exponent, 1.5, 1e-12);
  ck_assert_double_eq_tol(g.ci95, 12.7062047 * sqrt(1.0 / 12), 1e-6);
  ck_assert_uint_eq(g.points, 3);
  ck_assert(g.from == 1 && g.to == 4);
}
END_TEST

START_TEST(growth_takes_what_counts)
{
  double k[8], error[8];
  for (int i = 0; i < 8; i++) {
    k[i] = ldexp(1, i);
    error[i] = i == 0 ? 0 : i == 7 ? 0.3 : 1e-3 * sqrt(k[i]);
  }
  error[5] = 1e-9; /* outside: what counts is K = 2 to 16 */
  sum_growth g = sum_growth_of(k, error, 8, 1, 16);
  ck_assert_double_eq_tol(g.exponent, 0.5, 1e-12);
  ck_assert_uint_eq(g.points, 4);
  ck_assert(g.from == 2 && g.to == 16);
  g = sum_growth_of(k, error, 8, 64, 128);
  ck_assert(isnan(g.exponent) && g.points == 0);
}
END_TEST

/* ---- bounds ------------------------------------------------------------ */

static sum_bounds bounds(const char *name, const char *operand, size_t k,
                         double lambda)
{
  sum_way way;
  ulp_error e;
  const accumulator *a;
  for (size_t i = 0; (a = accumulator_row(i)) != NULL; i++)
    if (strcmp(a->name, name) == 0 && accumulator_takes(a, operand))
      break;
  ck_assert_ptr_nonnull(a);
  ck_assert(accumulator_find(a, operand, &way, &e) == ULP_OK);
  return sum_bounds_of(&way, k, lambda);
}

static void check_bounds(sum_bounds b, double x, double probable)
{
  ck_assert_double_eq_tol(b.worst, x / (1 - x), 1e-12 * x);
  ck_assert_double_eq_tol(b.probable, probable, 1e-12 * probable);
}

/* Higham 2002, 3.1: K u and 2 K u; Higham and Mary 2019: lambda sqrt(K) u.
 * wgmma fp8 over 128: 4 blocks of 32 products and C, each cut at 2^-13, and
 * the result too; promoted, so that 31 additions in f32 follow. */
START_TEST(bounds_as_published)
{
  const double u = 0x1p-24, d = 34 * 0x1p-13;
  check_bounds(bounds("exact", "bf16", 4096, 1), u, u);
  check_bounds(bounds("f32-rne", "bf16", 4096, 3), 4096 * u, 3 * 64 * u);
  check_bounds(bounds("f32-rz", "bf16", 4096, 1), 8192 * u, 128 * u);
  check_bounds(bounds("bf16-rne", "bf16", 64, 1), 64 * 0x1p-8, 8 * 0x1p-8);
  check_bounds(bounds("hopper-wgmma", "e4m3", 128, 1), 4 * d,
               sqrt(4 * 34) * 0x1p-13);
  check_bounds(bounds("hopper-wgmma-promote-128", "e4m3", 4096, 1),
               4 * d + 31 * u, sqrt(4 * 34 * 0x1p-26 + 31 * u * u));
  ck_assert(isinf(bounds("bf16-rne", "bf16", 256, 1).worst));
}
END_TEST

int main(void)
{
  Suite *s = suite_create("sums");
  TCase *c = tcase_create("sums");
  tcase_set_timeout(c, 60);
  tcase_add_test(c, exact_products_are_exact);
  tcase_add_test(c, exact_products_round_once);
  tcase_add_test(c, exact_products_or_none);
  tcase_add_loop_test(c, weights_are_rows_of_a_tensor, 0, 3);
  tcase_add_test(c, steps_round_as_mpfr);
  tcase_add_test(c, f16_overflows);
  tcase_add_test(c, captured_products);
  tcase_add_test(c, interval_of_a_mean);
  tcase_add_test(c, errors_by_hand);
  tcase_add_test(c, bins_by_hand);
  tcase_add_test(c, growth_by_hand);
  tcase_add_test(c, growth_takes_what_counts);
  tcase_add_test(c, bounds_as_published);
  suite_add_tcase(s, c);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_ENV);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
