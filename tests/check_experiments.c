/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The table of experiments, CSV fields, and the theory that experiments/snr
 * prints beside its samples.
 */
#include <check.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "matrix.h"
#include "snr.h"

/* ---- the table --------------------------------------------------------- */

static void check_columns(const ulp_experiment *x)
{
  ck_assert_str_eq(x->columns[0].name, "point");
  for (const ulp_column *c = x->columns; c->name; c++) {
    ck_assert_msg(*c->description, "%s: %s has no description", x->name,
                  c->name);
    ck_assert_msg((c->type == ULP_COL_STRING) == !*c->unit,
                  "%s: %s: texts have no unit, figures have one", x->name,
                  c->name);
    for (const ulp_column *d = x->columns; d < c; d++)
      ck_assert_str_ne(c->name, d->name);
  }
}

START_TEST(entries_are_complete)
{
  const ulp_experiment *x, *found;
  ulp_error e;
  size_t n = 0;
  for (; (x = ulp_experiment_row(n)) != NULL; n++) {
    int parameters = 0;
    ck_assert(*x->question && *x->method && *x->source);
    ck_assert(x->prepare && x->point && x->release);
    check_columns(x);
    while (x->parameters[parameters].name)
      parameters++;
    ck_assert_int_le(parameters, ULP_MAX_PARAMETERS);
    ck_assert_int_eq(ulp_experiment_find(&found, x->name, &e), ULP_OK);
    ck_assert_ptr_eq(found, x);
  }
  ck_assert_uint_ge(n, 1);
  ck_assert_int_eq(ulp_experiment_find(&found, "snrr", &e), ULP_ENAME);
  ck_assert_str_eq(e.text, "no experiment 'snrr' (did you mean 'snr'?)");
}
END_TEST

/* ---- CSV --------------------------------------------------------------- */

START_TEST(fields)
{
  ulp_text t = {0};
  ulp_csv_integer(&t, INT64_MIN);
  ulp_csv_empty(&t);
  ulp_csv_number(&t, 0.1);
  ulp_csv_number(&t, -INFINITY);
  ulp_csv_number(&t, INFINITY);
  ulp_csv_number(&t, NAN);
  ulp_csv_string(&t, "plain");
  ulp_csv_string(&t, "a,\"b\"\n");
  ulp_csv_end(&t);
  ulp_csv_integer(&t, 7);
  ck_assert(!t.failed);
  ck_assert_str_eq(t.text, "-9223372036854775808,,0.10000000000000001,-INF,INF,"
                           "NaN,plain,\"a,\"\"b\"\"\n\"\n7");
  ulp_text_free(&t);
}
END_TEST

/* Where no locale with a comma is installed this shows nothing, and says so. */
START_TEST(point_in_any_locale)
{
  static const char *const names[] = {"de_DE.UTF-8", "de_DE", "fr_FR.UTF-8"};
  ulp_text t = {0};
  bool comma = false;
  for (size_t i = 0; i < 3 && !comma; i++)
    comma = setlocale(LC_NUMERIC, names[i]) != NULL;
  if (!comma)
    fprintf(stderr, "point_in_any_locale: no locale with a decimal comma\n");
  ulp_csv_number(&t, -1.5e-300);
  setlocale(LC_NUMERIC, "C");
  ck_assert_str_eq(t.text, "-1.5000000000000001e-300");
  ulp_text_free(&t);
}
END_TEST

START_TEST(text_grows)
{
  ulp_text t = {0};
  for (int i = 0; i < 1000; i++)
    ulp_text_printf(&t, "%03d", i);
  ck_assert_uint_eq(t.size, 3000);
  ck_assert_int_eq(strncmp(t.text + 2997, "999", 4), 0);
  ulp_text_free(&t);
}
END_TEST

/* ---- theory ------------------------------------------------------------ */

static double theory(const char *format, double scale, const char *source)
{
  ulp_format f;
  ck_assert_int_eq(ulp_format_find(format, &f, NULL, 0), ULP_OK);
  return ulp_snr_theory(&f, scale, source);
}

/* Steps of 1/n under a uniform density on (-1, 1): noise n^-2 / 12 against
 * 1/3, so the SNR is (2n)^2. */
START_TEST(uniform_has_a_closed_form)
{
  static const char *const format[] = {"int8sym", "int6sym", "int4sym"};
  static const int n[] = {127, 31, 7};
  for (int i = 0; i < 3; i++)
    ck_assert_double_eq_tol(theory(format[i], 1.0 / n[i], "uniform"),
                            20 * log10(2 * n[i]), 1e-9);
}
END_TEST

/* The best uniform quantizers of a Gaussian with 3 and 7 levels: spacing and
 * mean squared error, J. Max 1960, table II. */
START_TEST(gaussian_as_max_has_it)
{
  ck_assert_double_eq_tol(theory("int2sym", 1.2240, "gaussian"),
                          -10 * log10(0.1902), 2e-3);
  ck_assert_double_eq_tol(theory("int3sym", 0.6508, "gaussian"),
                          -10 * log10(0.04686), 1e-3);
}
END_TEST

/* Everything becomes 0 at a scale beyond reach: noise equals signal.  For
 * Laplace at step s and three levels -s, 0, s the noise has the closed form
 * 2 - 2 s e^(-s/2) (the integral of (x - s)^2 - x^2 = s^2 - 2 s x above s/2
 * is -s e^(-s/2) on either side). */
START_TEST(laplace_has_a_closed_form)
{
  ck_assert_double_eq_tol(theory("int2sym", 1000, "laplace"), 0, 1e-9);
  for (double s = 0.25; s < 8; s *= 2)
    ck_assert_double_eq_tol(theory("int2sym", s, "laplace"),
                            10 * log10(2 / (2 - 2 * s * exp(-s / 2))), 1e-8);
}
END_TEST

/* 41 of 4096 channels at 20: a step that is far too wide for the bulk leaves
 * the noise of the outliers and the power of the bulk. */
START_TEST(outliers_are_a_mixture)
{
  double bulk = 4055.0 / 4096, outliers = 41.0 / 4096 * 400;
  double alone = theory("int2sym", 1.2, "gaussian");
  double noise = bulk + outliers * pow(10, -alone / 10);
  ck_assert_double_eq_tol(theory("int2sym", 24, "outlier_channels"),
                          10 * log10((bulk + outliers) / noise), 1e-6);
}
END_TEST

START_TEST(theory_knows_its_limits)
{
  ck_assert(isnan(theory("float16", 1, "gaussian")));
  ck_assert(isnan(theory("int8", 1, "student_t3")));
}
END_TEST

/* ---- quantizers, computed again ---------------------------------------- */

/* Of |x| <= 8, in units of the scale: the nearest of E2M1's values, in ties
 * the one with the even code (OCP MX v1.0, table 1). */
static double nearest_e2m1(double x)
{
  static const double value[] = {0, 0.5, 1, 1.5, 2, 3, 4, 6};
  int best = 0;
  for (int i = 1; i < 8; i++) {
    double d = fabs(fabs(x) - value[i]), least = fabs(fabs(x) - value[best]);
    if (d < least || (d == least && i % 2 == 0))
      best = i;
  }
  return copysign(value[best], x);
}

/* x, n of them, through scales 2^(floor(log2 amax) - 2) of 32 elements. */
static double snr_of_mxfp4(const float *x, int64_t n)
{
  long double signal = 0, noise = 0;
  for (int64_t i = 0; i < n; i += 32) {
    double amax = 0;
    for (int k = 0; k < 32; k++)
      amax = fmax(amax, fabs((double)x[i + k]));
    double scale = ldexp(1, ilogb(amax) - 2);
    for (int k = 0; k < 32; k++) {
      double v = (double)x[i + k], error = scale * nearest_e2m1(v / scale) - v;
      signal += (long double)(v * v);
      noise += (long double)(error * error);
    }
  }
  return 10 * log10((double)(signal / noise));
}

/* More elements than a part holds, of rows that are no multiple of it. */
START_TEST(storage_is_what_it_says)
{
  const ulp_matrix_kind *kind = ulp_matrix_kind_row(3); /* both */
  const ulp_outliers some = {0.01, 20, 100};
  ulp_source *m = calloc(1, sizeof *m);
  ulp_storage s;
  ulp_loss loss;
  ulp_error e;
  ck_assert_int_eq(ulp_matrix_make(m, kind, 300, 3200, some, some, 7), ULP_OK);
  ck_assert_int_eq(ulp_storage_find(&s, "mxfp4@ocp", &e), ULP_OK);
  ck_assert_int_eq(ulp_storage_measure(&loss, &s, m, &e), ULP_OK);
  ck_assert(loss.fits);
  ck_assert_uint_eq(loss.sums.count, 300 * 3200);
  ck_assert_uint_eq(loss.ordinary.count, 297 * 3168);
  ck_assert_double_eq_tol(ulp_error_sums_report(&loss.sums).snr_db,
                          snr_of_mxfp4(m->samples, m->count), 1e-9);
  ulp_sources_free(m, 1);
}
END_TEST

/* The normal numbers are those of the plain matrix; every gain is in its
 * range, and in a whole line. */
START_TEST(matrices_differ_by_gains_alone)
{
  const ulp_outliers channels = {0.05, 20, 21}, tokens = {0.1, 3, 4};
  ulp_source *m = calloc(2, sizeof *m);
  size_t n = 0;
  ck_assert_int_eq(ulp_matrix_make(&m[0], ulp_matrix_kind_row(0), 20, 40,
                                   channels, tokens, 1), ULP_OK);
  ck_assert_int_eq(ulp_matrix_make(&m[1], ulp_matrix_kind_row(1), 20, 40,
                                   channels, tokens, 1), ULP_OK);
  for (int64_t i = 0; i < m[0].count; i++) {
    double gain = (double)m[1].samples[i] / (double)m[0].samples[i];
    ck_assert(!m[0].special[i]);
    ck_assert_int_eq(m[1].special[i], m[1].special[i % 40]);
    ck_assert(m[1].special[i] ? gain > 19.99 && gain < 21.01 : gain == 1);
    n += m[1].special[i];
  }
  ck_assert_uint_eq(n, 2 * 20);
  ulp_sources_free(m, 2);
}
END_TEST

/* Blocks of ggml are those of ggml where a quantizer has the name, too. */
START_TEST(storages_have_names)
{
  ulp_storage s;
  ulp_error e;
  ck_assert_int_eq(ulp_storage_find(&s, "q4_k", &e), ULP_OK);
  ck_assert(s.packed && strcmp(s.profile, "ggml") == 0);
  ck_assert_int_eq(ulp_storage_find(&s, "mxfp4@ggml", &e), ULP_OK);
  ck_assert(s.packed);
  ck_assert_int_eq(ulp_storage_find(&s, "mxfp4", &e), ULP_OK);
  ck_assert(!s.packed);
  ck_assert_str_eq(s.profile, "ocp");
  ck_assert_int_eq(ulp_storage_find(&s, "q4_k@ocp", &e), ULP_ENAME);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("experiments");
  TCase *c = tcase_create("experiments");
  tcase_add_test(c, entries_are_complete);
  tcase_add_test(c, fields);
  tcase_add_test(c, point_in_any_locale);
  tcase_add_test(c, text_grows);
  tcase_add_test(c, uniform_has_a_closed_form);
  tcase_add_test(c, gaussian_as_max_has_it);
  tcase_add_test(c, laplace_has_a_closed_form);
  tcase_add_test(c, outliers_are_a_mixture);
  tcase_add_test(c, theory_knows_its_limits);
  tcase_add_test(c, storage_is_what_it_says);
  tcase_add_test(c, matrices_differ_by_gains_alone);
  tcase_add_test(c, storages_have_names);
  suite_add_tcase(s, c);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_ENV);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
