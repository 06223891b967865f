/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The steps of a model's operations: rounding against the codes, ulp_exp
 * against MPFR, products against the triple loop, and quantized values against
 * the streams of ulplab measure.
 */
#include <check.h>
#include <float.h>
#include <math.h>
#include <mpfr.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "storage.h"

static uint64_t bits_of(double x)
{
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

/* ---- rounding ------------------------------------------------------------ */

/* A double near where the format changes: any sign and binade of its range and
 * beyond, a significand of few bits, or a tie, moved a little. */
static double trial(const ulp_format *f, ulp_pcg32 *g)
{
  static const double special[] = {0, -0., INFINITY, -INFINITY, NAN};
  uint32_t w = ulp_pcg32_next(g);
  int low = ilogb(ulp_min_positive(f)) - 3, high = ilogb(ulp_max(f)) + 3;
  if (w % 64 == 0)
    return special[w / 64 % 5];
  int e = low + (int)(ulp_pcg32_next(g) % (unsigned)(high - low + 1));
  double m = 1 + ldexp(ulp_pcg32_next(g) >> (w >> 8 & 31), -32);
  m = rint(ldexp(m, f->man_bits + 1)) / ldexp(1, f->man_bits + 1);
  if (w & 128)
    m *= 1 + ((w >> 13 & 1) ? DBL_EPSILON : -DBL_EPSILON);
  return ldexp(w & 64 ? -m : m, e);
}

START_TEST(a_step_is_the_code)
{
  static const char *const names[] = {"float32", "bf16", "f16", "e4m3", "e5m2",
                                      "e2m1", "tf32", "e8m0", "int8",
                                      "float8_e4m3fnuz"};
  static const ulp_mode modes[] = {ULP_RNE, ULP_RTZ, ULP_SR, ULP_RU};
  const char *name = names[_i / 4];
  const ulp_rounding r = {.mode = modes[_i % 4], .seed = 5,
                          .overflow = _i & 1 ? ULP_OVERFLOW_SATURATE
                                             : ULP_OVERFLOW_IEEE};
  ulp_pcg32 g = ulp_pcg32_seed(1, (uint64_t)_i);
  ulp_step s;
  ulp_error e;
  ck_assert(ulp_step_make(&s, name, &r, &e) == ULP_OK);
  for (uint64_t i = 0; i < 200000; i++) {
    double x = trial(&s.format, &g), got = ulp_step_round(&s, x, i);
    double want = ulp_decode(&s.format, ulp_encode_f64(&s.format, x, &r, i));
    ck_assert_msg(bits_of(got) == bits_of(want), "%s %s: %a became %a, not %a",
                  name, ulp_mode_name(r.mode), x, got, want);
  }
}
END_TEST

START_TEST(float64_does_not_round)
{
  ulp_step s;
  ulp_error e;
  double x[] = {0.1, -DBL_TRUE_MIN, DBL_MAX}, y[3];
  ck_assert(ulp_step_make(&s, "float64", NULL, &e) == ULP_OK);
  ulp_step_round_array(&s, y, x, 3, 0);
  ck_assert_mem_eq(x, y, sizeof x);
}
END_TEST

START_TEST(steps_are_checked)
{
  const ulp_rounding bad = {.mode = ULP_SR, .sr_bits = 33};
  ulp_step s;
  ulp_error e;
  ck_assert(ulp_step_make(&s, "bf17", NULL, &e) == ULP_ENAME);
  ck_assert(ulp_step_make(&s, "bf16", &bad, &e) == ULP_EINVAL);
}
END_TEST

/* ---- e^x ----------------------------------------------------------------- */

static double exp_error_ulps(double x)
{
  mpfr_t y;
  mpfr_init2(y, 120);
  mpfr_set_d(y, x, MPFR_RNDN);
  mpfr_exp(y, y, MPFR_RNDN);
  double nearest = mpfr_get_d(y, MPFR_RNDN), got = ulp_exp(x);
  double ulp = nextafter(nearest, INFINITY) - nearest;
  mpfr_sub_d(y, y, got, MPFR_RNDN);
  mpfr_div_d(y, y, ulp, MPFR_RNDN);
  double ulps = fabs(mpfr_get_d(y, MPFR_RNDN));
  mpfr_clear(y);
  return ulps;
}

START_TEST(exp_within_a_place)
{
  ulp_pcg32 g = ulp_pcg32_seed(2, 0);
  double worst = 0;
  for (int i = 0; i < 200000; i++) {
    double x = (ldexp(ulp_pcg32_next(&g), -31) - 1) * (i & 1 ? 745 : 1);
    double ulps = x < 709.78 ? exp_error_ulps(x) : 0;
    worst = ulps > worst ? ulps : worst;
    ck_assert_msg(ulps < 1, "e^%a is %g ulps off", x, ulps);
  }
  ck_assert(worst > 0.4); /* the measure measures */
}
END_TEST

START_TEST(exp_at_its_ends)
{
  ck_assert(ulp_exp(0) == 1);
  ck_assert(ulp_exp(-0.) == 1);
  ck_assert(ulp_exp(INFINITY) == INFINITY);
  ck_assert(ulp_exp(-INFINITY) == 0);
  ck_assert(ulp_exp(709.782712893384) < INFINITY);
  ck_assert(ulp_exp(709.782712893385) == INFINITY);
  ck_assert(ulp_exp(-745.1332191019411) == DBL_TRUE_MIN);
  ck_assert(ulp_exp(-745.1332191019412) == 0);
  ck_assert(isnan(ulp_exp(NAN)));
}
END_TEST

/* ---- products ------------------------------------------------------------ */

START_TEST(product_is_the_triple_loop)
{
  static const size_t shapes[][3] = {{1, 1, 1}, {4, 8, 16}, {5, 9, 33},
                                     {7, 3, 0}, {0, 3, 4}, {3, 17, 100}};
  for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
    size_t m = shapes[s][0], n = shapes[s][1], k = shapes[s][2];
    double *x = calloc(m * k + 1, sizeof *x), *w = calloc(n * k + 1, sizeof *w);
    double *y = calloc(m * n + 1, sizeof *y);
    ck_assert(x && w && y);
    ck_assert(ulp_sample("gaussian", x, m * k, false, 1, 0) == ULP_OK);
    ck_assert(ulp_sample("gaussian", w, n * k, false, 1, 1) == ULP_OK);
    ulp_product(y, x, w, m, n, k);
    for (size_t i = 0; i < m * n; i++) {
      double sum = 0;
      for (size_t l = 0; l < k; l++)
        sum += x[i / n * k + l] * w[i % n * k + l];
      ck_assert(bits_of(sum) == bits_of(y[i]));
    }
    free(x);
    free(w);
    free(y);
  }
}
END_TEST

/* ---- quantized values ---------------------------------------------------- */

enum { ROWS = 128, COLUMNS = 256 };

START_TEST(values_are_those_of_the_streams)
{
  static const char *const specs[] = {
      "int8", "e4m3/g=token", "mxfp4@ocp", "nvfp4@te", "int4/g=group:32",
      "int8-affine@torchao", "nf4-double@bitsandbytes",
      "e4m3/g=channel/axis=-1/round=sr/seed=3"};
  static float x[ROWS * COLUMNS], y[ROWS * COLUMNS];
  static double wide[ROWS * COLUMNS];
  const int64_t shape[] = {ROWS, COLUMNS};
  ulp_source source = {.name = "x", .samples = x, .count = ROWS * COLUMNS,
                       .ndim = 2, .shape = {ROWS, COLUMNS}};
  ulp_storage storage;
  ulp_loss loss;
  ulp_error e;
  double e2 = 0;
  ck_assert(ulp_sample("student_t3", wide, ROWS * COLUMNS, true, 4, 0) ==
            ULP_OK);
  for (size_t i = 0; i < ROWS * COLUMNS; i++)
    x[i] = (float)wide[i];
  ck_assert(ulp_storage_find(&storage, specs[_i], &e) == ULP_OK);
  ck_assert(ulp_storage_measure(&loss, &storage, &source, &e) == ULP_OK);
  ck_assert_msg(ulp_quantizer_values(&storage.q, 2, shape, y, x, 0, &e) ==
                ULP_OK, "%s", e.text);
  for (size_t i = 0; i < ROWS * COLUMNS; i++)
    e2 += ((double)y[i] - (double)x[i]) * ((double)y[i] - (double)x[i]);
  ck_assert_msg(fabs(e2 / loss.sums.e2.hi - 1) < 1e-9, "%s: %g, not %g",
                specs[_i], e2, loss.sums.e2.hi);
  /* in place */
  ck_assert(ulp_quantizer_values(&storage.q, 2, shape, x, x, 0, &e) == ULP_OK);
  ck_assert_mem_eq(x, y, sizeof x);
}
END_TEST

START_TEST(values_of_whole_blocks_only)
{
  const int64_t shape[] = {1, 40};
  float x[40] = {1};
  ulp_quantizer q;
  ulp_error e;
  ck_assert(ulp_quantizer_find("mxfp4@torchao", &q, &e) == ULP_OK);
  ck_assert(ulp_quantizer_values(&q, 2, shape, x, x, 0, &e) == ULP_EINVAL);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("model");
  TCase *t = tcase_create("model");
  tcase_set_timeout(t, 120);
  tcase_add_loop_test(t, a_step_is_the_code, 0, 40);
  tcase_add_test(t, float64_does_not_round);
  tcase_add_test(t, steps_are_checked);
  tcase_add_test(t, exp_within_a_place);
  tcase_add_test(t, exp_at_its_ends);
  tcase_add_test(t, product_is_the_triple_loop);
  tcase_add_loop_test(t, values_are_those_of_the_streams, 0, 8);
  tcase_add_test(t, values_of_whole_blocks_only);
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed != 0;
}
