/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Every code of every format: its class and value are the oracle's, and it
 * encodes to itself in every mode and under every overflow rule.
 *
 * In make check-long (ULP_LONG) the P3109 family goes to K = 16 and the
 * invented floats to 16 bits; in make check to 10 and 11.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oracle.h"

#ifdef ULP_LONG
enum { widest = 16, invented_bits = 16, seconds = 3600 };
#else
enum { widest = 10, invented_bits = 11, seconds = 60 };
#endif

static void same(const oracle_format *o, bool good, uint64_t code,
                 const char *what)
{
  if (!good)
    ck_abort_msg("%s code 0x%llx: %s", o->name, (unsigned long long)code, what);
}

/* |value| = significand * 2^exponent, by GMP through MPFR. */
static bool exact_is(const ulp_exact *e, mpfr_srcptr value)
{
  mpfr_t x;
  mpfr_init2(x, 64);
  mpfr_set_uj_2exp(x, e->significand, e->exponent, MPFR_RNDN);
  mpfr_setsign(x, x, e->negative, MPFR_RNDN);
  bool equal = mpfr_equal_p(x, value) && !e->sticky;
  mpfr_clear(x);
  return equal;
}

static void check_value(const ulp_format *f, const oracle_format *o,
                        uint64_t code, mpfr_ptr v)
{
  ulp_exact e = ulp_unpack(f, code);
  double d = ulp_decode(f, code);
  ulp_class cls = oracle_class(o, code);
  same(o, e.cls == cls, code, "class");
  if (cls == ULP_CLASS_NAN) {
    same(o, isnan(d), code, "decodes to a number");
    same(o, e.negative == oracle_negative(o, code), code, "sign of a NaN");
    return;
  }
  if (cls == ULP_CLASS_INF) {
    same(o, isinf(d) && signbit(d) == oracle_negative(o, code), code, "Inf");
    return;
  }
  oracle_value(o, code, v);
  same(o, exact_is(&e, v), code, "exact value");
  same(o, mpfr_zero_p(v) || e.negative == oracle_negative(o, code), code,
       "sign");
  if (ulp_fits_f64(f)) {
    same(o, mpfr_cmp_d(v, d) == 0, code, "value as a double");
    same(o, signbit(d) == oracle_negative(o, code) || o->kind == 'i' ||
                (d == 0 && o->negative_zero != '0'),
         code, "sign of the double");
  }
}

/* Also from the code's own double, where that exists. */
static void check_back(const ulp_format *f, const oracle_format *o,
                       uint64_t code)
{
  ulp_exact e = ulp_unpack(f, code);
  double d = ulp_decode(f, code);
  ulp_rounding r = {.seed = 1};
  if (e.cls == ULP_CLASS_UNUSED)
    return;
  for (r.mode = ULP_RNE; r.mode <= ULP_SR; r.mode++)
    for (r.overflow = ULP_OVERFLOW_DEFAULT; r.overflow <= ULP_OVERFLOW_IEEE;
         r.overflow++) {
      /* The profile's saturation catches an infinity: OFP8 5.2.1. */
      if (e.cls == ULP_CLASS_INF &&
          (r.overflow == ULP_OVERFLOW_SATURATE ||
           (r.overflow == ULP_OVERFLOW_DEFAULT && f->bits <= 8)))
        continue;
      same(o, ulp_round_pack(f, &e, &r, code) == code, code,
           "does not encode to itself");
      if (ulp_fits_f64(f))
        same(o, ulp_encode_f64(f, d, &r, code) == code, code,
             "its double does not encode to it");
    }
}

/* 64- and 32-bit formats: codes near every exponent's ends (an integer's
 * upper 9 bits stand for one), and a stride. */
static uint64_t next_code(const ulp_format *f, uint64_t code)
{
  if (f->bits <= 22)
    return code + 1;
  int low_bits = f->kind == ULP_FLOAT ? f->man_bits : f->bits - 9;
  uint64_t fraction = (UINT64_C(1) << low_bits) - 1;
  uint64_t low = code & fraction;
  if (low < 4 || low >= fraction - 4)
    return code + 1;
  uint64_t step = fraction / 23 + 1;
  return fraction - low <= step ? code - low + fraction - 4 : code + step;
}

static void check_extremes(const ulp_format *f, const oracle_format *o)
{
  mpfr_t v, w;
  mpfr_inits2(512, v, w, (mpfr_ptr)0);
  oracle_rung(o, o->rmax, v);
  same(o, mpfr_cmp_d(v, ulp_max(f)) == 0, 0, "ulp_max");
  if (o->greatest) {
    mpfr_set_str(w, o->greatest, 0, MPFR_RNDN);
    same(o, mpfr_equal_p(v, w), 0, "the printed greatest value");
  }
  oracle_rung(o, o->rmin, v);
  same(o, mpfr_cmp_d(v, ulp_lowest(f)) == 0, 0, "ulp_lowest");
  int64_t rank = 0;
  while (oracle_rung(o, rank, v), mpfr_sgn(v) <= 0)
    rank++;
  same(o, mpfr_cmp_d(v, ulp_min_positive(f)) == 0, 0, "ulp_min_positive");
  if (o->least) {
    mpfr_set_str(w, o->least, 0, MPFR_RNDN);
    same(o, mpfr_equal_p(v, w), 0, "the printed least value");
  }
  if (o->kind == 'f') {
    mpfr_set_ui_2exp(v, 1, (o->no_zero ? 0 : 1) - o->bias, MPFR_RNDN);
    same(o, mpfr_cmp_d(v, ulp_min_normal(f)) == 0, 0, "ulp_min_normal");
  }
  mpfr_clears(v, w, (mpfr_ptr)0);
}

static void check_format(const ulp_format *f, oracle_format *o)
{
  mpfr_t v;
  ck_assert_msg(f->bits == o->bits && f->is_signed == o->sign,
                "%s: bits %d, sign %d", o->name, f->bits, f->is_signed);
  mpfr_init2(v, 512);
  o->rmax = o->rmin = 0;
  oracle_prepare(o);
  if (ulp_fits_f64(f))
    check_extremes(f, o);
  uint64_t last = (UINT64_C(1) << (f->bits - 1)) * 2 - 1, code = 0;
  for (;;) {
    check_value(f, o, code, v);
    check_back(f, o, code);
    uint64_t next = next_code(f, code);
    if (code == last || next > last || next < code)
      break;
    code = next;
  }
  /* bits above the format's are ignored on reading */
  if (f->bits < 64)
    same(o, ulp_unpack(f, o->max_mag | UINT64_C(1) << f->bits).significand ==
                ulp_unpack(f, o->max_mag).significand,
         o->max_mag, "bits above are read");
  mpfr_clear(v);
  oracle_clear(o);
}

static void check_name(const char *name, oracle_format *o)
{
  ulp_format f;
  char why[200] = "";
  ck_assert_msg(ulp_format_find(name, &f, why, sizeof why) == ULP_OK, "%s: %s",
                name, why);
  check_format(&f, o);
}

START_TEST(every_row)
{
  const ulp_format *f = ulp_format_row((size_t)_i);
  oracle_format o;
  if (!oracle_find(f->name, &o))
    ck_abort_msg("%s has no description in tests/oracle_table.c", f->name);
  ck_assert_ptr_null(ulp_format_row(ulp_format_count()));
  check_format(f, &o);
}
END_TEST

START_TEST(p3109_family)
{
  int k = _i;
  oracle_format o;
  for (int s = 0; s < 2; s++)
    for (int p = 1; p <= k - s; p++)
      for (int e = 0; e < 2; e++) {
        oracle_p3109(&o, k, p, s, e);
        check_name(o.name, &o);
      }
}
END_TEST

static void check_invented(bool sign, int e, int m, int bias, const char *style)
{
  oracle_format o;
  oracle_invented(&o, sign, e, m, bias, style);
  bool no_quiet = !style[0] && m == 0;
  bool unsigned_fnuz = !sign && strcmp(style, "fnuz") == 0;
  if (no_quiet || unsigned_fnuz || o.max_mag == 0 || o.bits < 2)
    return; /* the header says these cannot be */
  check_name(o.name, &o);
}

/* Every float of up to 16 bits (or a choice), in four styles. */
START_TEST(invented)
{
  static const char *const styles[] = {"", "fn", "fnuz", "f"};
  int e = _i;
  for (int s = 0; s < 2; s++)
    for (int m = 0; m <= 14 && s + e + m <= invented_bits; m++)
      for (int k = 0; k < 4; k++) {
        check_invented(s, e, m, (1 << (e - 1)) - 1, styles[k]);
        if (s + e + m <= 8)
          check_invented(s, e, m, k % 2 ? -37 : 90, styles[k]);
      }
}
END_TEST

/* Flags, each with the description it must give. */
static const struct {
  const char *name;
  oracle_format o;
} flagged[] = {
  {"e4m3:ieee", {.bits = 8, .exp_bits = 4, .man_bits = 3, .bias = 7,
    .sign = true, .max_mag = 0x77, .inf_mag = 0x78, .negative_zero = '0'}},
  {"e4m3fn:inf", {.bits = 8, .exp_bits = 4, .man_bits = 3, .bias = 7,
    .sign = true, .max_mag = 0x7D, .inf_mag = 0x7E, .negative_zero = '0'}},
  {"e4m3:nosub", {.bits = 8, .exp_bits = 4, .man_bits = 3, .bias = 7,
    .sign = true, .max_mag = 0x77, .inf_mag = 0x78, .negative_zero = '0',
    .flush = true}},
  {"e5m2f:nan=negzero,inf", {.bits = 8, .exp_bits = 5, .man_bits = 2,
    .bias = 15, .sign = true, .max_mag = 0x7E, .inf_mag = 0x7F,
    .negative_zero = 'n'}},
  {"e3m2f:nonegzero", {.bits = 6, .exp_bits = 3, .man_bits = 2, .bias = 3,
    .sign = true, .max_mag = 0x1F, .negative_zero = 'u'}},
  {"e3m2f:nosub,bias=-5", {.bits = 6, .exp_bits = 3, .man_bits = 2, .bias = -5,
    .sign = true, .max_mag = 0x1F, .negative_zero = '0', .flush = true}},
  {"ue5m3b20f:nan=top,inf", {.bits = 8, .exp_bits = 5, .man_bits = 3,
    .bias = 20, .max_mag = 0xFD, .inf_mag = 0xFE, .negative_zero = '-'}},
  {"e15m0b16384f:sub", {.bits = 16, .exp_bits = 15, .bias = 16384,
    .sign = true, .max_mag = 0x7FFF, .negative_zero = '0'}},
};

START_TEST(flags)
{
  oracle_format o = flagged[_i].o;
  o.kind = 'f';
  snprintf(o.name, sizeof o.name, "%s", flagged[_i].name);
  check_name(o.name, &o);
}
END_TEST

/* An IEEE NaN keeps sign and payload under ocp, signalling or not; what is
 * below the payload's width is dropped, and a NaN stays a NaN. */
START_TEST(nan_payloads)
{
  ulp_format f16, f32;
  ulp_rounding r = {0};
  ck_assert(ulp_format_find("f16", &f16, NULL, 0) == ULP_OK);
  ck_assert(ulp_format_find("f32", &f32, NULL, 0) == ULP_OK);
  for (uint64_t code = 0x7C01; code < 0x8000; code++) {
    double d = ulp_decode(&f16, code | 0x8000);
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    ck_assert_uint_eq(bits, UINT64_C(0xFFF) << 52 | (code & 0x3FF) << 42);
    ck_assert_uint_eq(ulp_encode_f64(&f32, d, &r, 0),
                      0xFF800000u | (code & 0x3FF) << 13);
  }
  ulp_exact low = {.cls = ULP_CLASS_NAN, .significand = 1};
  ck_assert_uint_eq(ulp_round_pack(&f16, &low, &r, 0), 0x7E00);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("formats");
  TCase *t = tcase_create("codes");
  tcase_set_timeout(t, seconds);
  tcase_add_loop_test(t, every_row, 0, (int)ulp_format_count());
  tcase_add_loop_test(t, p3109_family, 3, widest + 1);
  tcase_add_loop_test(t, invented, 1, 16);
  tcase_add_loop_test(t, flags, 0, (int)(sizeof flagged / sizeof *flagged));
  tcase_add_test(t, nan_payloads);
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
