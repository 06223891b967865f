/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_ulps.c: distances between codes against the order of their values,
 * and numbers as text against strtod.
 */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "cli.h"
#include "ulps.h"

static const char *const invented[] = {"e3m2:nosub", "e3m0f:nosub", "e1m2",
                                       "ue3m3",      "e2m3fnuz",    "ue4m4fn"};
enum { INVENTED = sizeof invented / sizeof *invented };

/* The formats of up to `bits` bits: rows of the table, then invented ones. */
static bool format_at(size_t i, unsigned bits, ulp_format *f)
{
  size_t rows = ulp_format_count();
  if (i < rows)
    *f = *ulp_format_row(i);
  else
    ck_assert_int_eq(ulp_format_find(invented[i - rows], f, NULL, 0), ULP_OK);
  return f->bits <= bits;
}

static bool on_line(const ulp_format *f, uint64_t code)
{
  ulp_class c = ulp_unpack(f, code).cls;
  return c != ULP_CLASS_NAN && c != ULP_CLASS_UNUSED;
}

static int by_value(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* How many different values of the sorted v are below x. */
static uint64_t rank_of(double x, const double *v, size_t n)
{
  uint64_t rank = 0;
  for (size_t i = 0; i < n && v[i] < x; i++)
    rank += i + 1 == n || v[i + 1] != v[i];
  return rank;
}

static void check_line(const ulp_format *f)
{
  double value[256];
  uint64_t code[256], rank[256];
  size_t n = 0;
  ulps_line line;
  ck_assert_int_eq(ulps_line_init(&line, f), ULP_OK);
  for (uint64_t c = 0; c < ulp_code_count(f); c++)
    if (on_line(f, c)) {
      value[n] = ulp_decode(f, c);
      code[n++] = c;
    }
  qsort(value, n, sizeof *value, by_value);
  for (size_t i = 0; i < n; i++)
    rank[i] = rank_of(ulp_decode(f, code[i]), value, n);
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < n; k++) {
      uint64_t steps =
          rank[i] > rank[k] ? rank[i] - rank[k] : rank[k] - rank[i];
      if (ulps_distance(&line, code[i], code[k]) != steps)
        ck_abort_msg("%s: codes 0x%x and 0x%x", f->name, (unsigned)code[i],
                     (unsigned)code[k]);
    }
}

START_TEST(distance_is_steps_between_values)
{
  ulp_format f;
  size_t tried = 0;
  for (size_t i = 0; i < ulp_format_count() + INVENTED; i++)
    if (format_at(i, 8, &f)) {
      check_line(&f);
      tried++;
    }
  ck_assert_uint_gt(tried, 40);
}
END_TEST

START_TEST(distance_of_wide_formats)
{
  ulp_format f;
  ulps_line line;
  ck_assert_int_eq(ulp_format_find("f64", &f, NULL, 0), ULP_OK);
  ck_assert_int_eq(ulps_line_init(&line, &f), ULP_OK);
  ck_assert_uint_eq(ulps_distance(&line, 0, UINT64_C(1) << 63), 0);
  ck_assert_uint_eq(ulps_distance(&line, 1, (UINT64_C(1) << 63) + 1), 2);
  /* From -Inf to +Inf: twice the code of +Inf. */
  ck_assert_uint_eq(ulps_distance(&line, UINT64_C(0xFFF0000000000000),
                                  UINT64_C(0x7FF0000000000000)),
                    UINT64_C(0xFFE0000000000000));
}
END_TEST

START_TEST(buckets_are_powers_of_two)
{
  static const struct {
    uint64_t distance;
    unsigned bucket;
  } row[] = {{0, 0},
             {1, 1},
             {2, 2},
             {3, 3},
             {4, 3},
             {5, 4},
             {8, 4},
             {9, 5},
             {UINT64_C(1) << 63, 64},
             {(UINT64_C(1) << 63) + 1, 65},
             {UINT64_MAX, 65}};
  for (size_t i = 0; i < sizeof row / sizeof *row; i++)
    ck_assert_uint_eq(ulps_bucket(row[i].distance), row[i].bucket);
}
END_TEST

static bool same_number(double x, double y)
{
  return x == y && signbit(x) == signbit(y);
}

/* The decimal and the hex float of every code read back as its value. */
static void check_text(const ulp_format *f)
{
  char text[CLI_NUMBER_SIZE];
  for (uint64_t c = 0; c < ulp_code_count(f); c++) {
    double x = ulp_decode(f, c);
    if (isnan(x)) {
      ck_assert_str_eq(cli_code_decimal(f, c, text), "nan");
      ck_assert_str_eq(cli_code_hex(f, c, text), "nan");
      continue;
    }
    double decimal = strtod(cli_code_decimal(f, c, text), NULL);
    double hex = strtod(cli_code_hex(f, c, text), NULL);
    uint64_t name = strtoull(cli_code_name(f, c, text), NULL, 16);
    if (!same_number(decimal, x) || !same_number(hex, x) || name != c)
      ck_abort_msg("%s 0x%x", f->name, (unsigned)c);
  }
}

START_TEST(text_reads_back)
{
  ulp_format f;
  for (size_t i = 0; i < ulp_format_count() + INVENTED; i++)
    if (format_at(i, 16, &f)) check_text(&f);
}
END_TEST

static Suite *suite(void)
{
  Suite *s = suite_create("ulps");
  TCase *c = tcase_create("distances");
  tcase_add_test(c, distance_is_steps_between_values);
  tcase_add_test(c, distance_of_wide_formats);
  tcase_add_test(c, buckets_are_powers_of_two);
  suite_add_tcase(s, c);
  c = tcase_create("text");
  tcase_add_test(c, text_reads_back);
  suite_add_tcase(s, c);
  return s;
}

int main(void)
{
  SRunner *runner = srunner_create(suite());
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? 1 : 0;
}
