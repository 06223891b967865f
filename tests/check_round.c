/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Rounding equals the oracle: every 16-bit source, directed and random f32
 * and f64 sources, the text vectors, and MPFR's own rounding.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oracle.h"

static void report(const oracle_format *o, double x, const ulp_rounding *r,
                   uint64_t got, uint64_t want)
{
  ck_abort_msg("%s %a %s overflow=%s profile=%s: 0x%llx, the oracle 0x%llx",
               o->name, x, ulp_mode_name(r->mode),
               ulp_overflow_name(r->overflow),
               r->profile ? r->profile->name : "ocp", (unsigned long long)got,
               (unsigned long long)want);
}

static oracle_format described(const char *name)
{
  oracle_format o;
  if (!oracle_find(name, &o))
    ck_abort_msg("%s has no description in tests/oracle_table.c", name);
  oracle_prepare(&o);
  return o;
}

/* ---- every f16 and every bf16 ------------------------------------------------- */

/* Finite x: one search, seven modes, four overflow rules. */
static void check_finite(const ulp_format *f, const oracle_format *o, double x)
{
  ulp_rounding r = {0};
  oracle_place p = oracle_search_f64(o, x);
  for (r.mode = ULP_RNE; r.mode <= ULP_ODD; r.mode++) {
    int64_t rung = oracle_choose(o, &p, r.mode, false);
    for (r.overflow = ULP_OVERFLOW_SATURATE; r.overflow <= ULP_OVERFLOW_IEEE;
         r.overflow++) {
      uint64_t want = oracle_finish(o, &p, rung, r.mode, r.overflow,
                                    ulp_profile_row(0));
      uint64_t got = ulp_encode_f64(f, x, &r, 0);
      if (got != want)
        report(o, x, &r, got, want);
    }
  }
}

static void check_special(const ulp_format *f, const oracle_format *o, double x)
{
  ulp_rounding r = {0};
  for (r.mode = ULP_RNE; r.mode <= ULP_ODD; r.mode++)
    for (r.overflow = ULP_OVERFLOW_SATURATE; r.overflow <= ULP_OVERFLOW_IEEE;
         r.overflow++) {
      uint64_t want = oracle_encode(o, x, &r);
      uint64_t got = ulp_encode_f64(f, x, &r, 0);
      if (got != want)
        report(o, x, &r, got, want);
    }
}

/* The source's values are the oracle's, its NaNs with their payload. */
static double source_value(const oracle_format *source, uint64_t code)
{
  ulp_class cls = oracle_class(source, code);
  uint64_t sign = oracle_negative(source, code), field;
  if (cls != ULP_CLASS_INF && cls != ULP_CLASS_NAN) {
    mpfr_t v;
    mpfr_init2(v, 64);
    oracle_value(source, code, v);
    double x = mpfr_get_d(v, MPFR_RNDN);
    mpfr_clear(v);
    return x;
  }
  field = code & ((UINT64_C(1) << source->man_bits) - 1);
  field = sign << 63 | UINT64_C(0x7FF) << 52 | field << (52 - source->man_bits);
  double x;
  memcpy(&x, &field, sizeof x);
  return x;
}

START_TEST(every_16_bit_source)
{
  static const char *const names[] = {"float16", "bfloat16"};
  const ulp_format *f = ulp_format_row((size_t)_i / 2);
  if (f->bits > 16)
    return;
  oracle_format source = described(names[_i % 2]), o = described(f->name);
  for (uint64_t code = 0; code < 65536; code++) {
    double x = source_value(&source, code);
    if (isfinite(x) && (x != 0 || !o.no_zero))
      check_finite(f, &o, x);
    else
      check_special(f, &o, x);
  }
  oracle_clear(&source);
  oracle_clear(&o);
}
END_TEST

/* ---- directed and random f32 and f64 ------------------------------------------- */

/* x as an f32, if it is one; a NaN bit by bit, for C would quieten it. */
static bool as_float(double x, float *out)
{
  uint64_t bits;
  uint32_t low;
  *out = (float)x;
  if (!isnan(x))
    return (double)*out == x;
  memcpy(&bits, &x, sizeof bits);
  low = (uint32_t)(bits >> 32 & 0x80000000) | 0x7F800000 |
        (uint32_t)(bits >> 29 & 0x7FFFFF);
  memcpy(out, &low, sizeof low);
  return (bits & 0x1FFFFFFF) == 0;
}

/* All modes and rules, under a profile that changes with the call. */
static void check_everything(const ulp_format *f, const oracle_format *o,
                             double x, size_t turn)
{
  ulp_rounding r = {.profile = ulp_profile_row(turn % ulp_profile_count())};
  for (r.mode = ULP_RNE; r.mode <= ULP_ODD; r.mode++)
    for (r.overflow = ULP_OVERFLOW_DEFAULT; r.overflow <= ULP_OVERFLOW_IEEE;
         r.overflow++) {
      uint64_t want = oracle_encode(o, x, &r);
      uint64_t got = ulp_encode_f64(f, x, &r, 0);
      if (got != want)
        report(o, x, &r, got, want);
      float narrow;
      if (!as_float(x, &narrow))
        continue;
      got = ulp_encode_f32(f, narrow, &r, 0);
      if (got != want)
        report(o, x, &r, got, want);
    }
}

static void check_around(const ulp_format *f, const oracle_format *o, double x,
                         size_t turn)
{
  check_everything(f, o, x, turn);
  check_everything(f, o, nextafter(x, INFINITY), turn + 1);
  check_everything(f, o, nextafter(x, -INFINITY), turn + 2);
  if ((double)(float)x == x) {
    check_everything(f, o, (double)nextafterf((float)x, INFINITY), turn);
    check_everything(f, o, (double)nextafterf((float)x, -INFINITY), turn + 1);
  }
}

/* Ranks at both ends, around zero, and a sample between. */
static int64_t next_rank(const oracle_format *o, int64_t rank)
{
  int64_t step = o->rmax / 30 - o->rmin / 30 + 1;
  if (rank < o->rmin + 6 || rank >= o->rmax - 6 || llabs(rank) <= 6)
    return rank + 1;
  if (rank < -6 && rank + step > -6)
    return -6;
  return rank > o->rmax - 6 - step ? o->rmax - 6 : rank + step;
}

/* Every rung (of a sample), every midpoint and the numbers next to them. */
static void check_edges(const ulp_format *f, const oracle_format *o)
{
  mpfr_t v, w;
  size_t turn = 0;
  mpfr_inits2(512, v, w, (mpfr_ptr)0);
  int64_t last = o->rmax + (o->kind != 'c');
  for (int64_t k = o->rmin - (o->kind != 'c'); k <= last; k = next_rank(o, k)) {
    oracle_rung(o, k, v);
    check_around(f, o, mpfr_get_d(v, MPFR_RNDN), turn++);
    if (k == last)
      break;
    oracle_rung(o, k + 1, w);
    mpfr_add(v, v, w, MPFR_RNDN);
    mpfr_div_2ui(v, v, 1, MPFR_RNDN);
    check_around(f, o, mpfr_get_d(v, MPFR_RNDN), turn++);
  }
  mpfr_clears(v, w, (mpfr_ptr)0);
}

static double from_bits(uint64_t bits)
{
  double x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static void check_specials(const ulp_format *f, const oracle_format *o)
{
  static const uint64_t bits[] = {
      0, 0x7FF0000000000000, 0x7FF8000000000000, 0x7FF0000000000001,
      0x7FF4000000000000, 0x7FFFFFFFFFFFFFFF, 0x7FF0000020000000,
      0x7FF8A5A5A5A5A5A5, 0x7FEFFFFFFFFFFFFF, 1, 0x0010000000000000};
  for (size_t i = 0; i < sizeof bits / sizeof *bits; i++)
    for (size_t p = 0; p < ulp_profile_count(); p++) {
      check_everything(f, o, from_bits(bits[i]), p);
      check_everything(f, o, from_bits(bits[i] | UINT64_C(1) << 63), p);
    }
}

/* Any f64 bits, then numbers whose size is the format's. */
static void check_random_bits(const ulp_format *f, const oracle_format *o)
{
  ulp_pcg32 g = ulp_pcg32_seed(2026, (uint64_t)f->bits);
  double top = f->kind == ULP_CODEBOOK ? 1 : ulp_max(f);
  for (size_t i = 0; i < 800; i++) {
    uint64_t bits = (uint64_t)ulp_pcg32_next(&g) << 32;
    double x = from_bits(bits | ulp_pcg32_next(&g));
    check_everything(f, o, x, i);
    x = ldexp((double)ulp_pcg32_next(&g), -31 - (int)(i % 40)) * top;
    check_everything(f, o, i % 2 ? x : -x, i + 1);
    if (fabs(x) < 0x1p127) /* a float, so that ulp_encode_f32 runs too */
      check_everything(f, o, (double)(float)x, i + 2);
  }
}

static void check_all(const ulp_format *f, const oracle_format *o)
{
  check_specials(f, o);
  check_edges(f, o);
  check_random_bits(f, o);
}

START_TEST(edges_of_rows)
{
  const ulp_format *f = ulp_format_row((size_t)_i);
  oracle_format o = described(f->name);
  check_all(f, &o);
  oracle_clear(&o);
}
END_TEST

static const char *const p3109[] = {
    "binary8p3ue", "binary8p3uf", "binary8p3sf", "binary8p1ue", "binary8p1sf",
    "binary8p8ue", "binary3p1ue", "binary3p2sf", "binary4p4uf", "binary6p5se",
    "binary10p4se", "binary12p7se", "binary16p5ue", "binary16p11sf"};

START_TEST(edges_of_p3109)
{
  ulp_format f;
  oracle_format o = described(p3109[_i]);
  ck_assert_int_eq(ulp_format_find(p3109[_i], &f, NULL, 0), ULP_OK);
  check_all(&f, &o);
  oracle_clear(&o);
}
END_TEST

static const struct {
  int e, m, bias;
  const char *style, *name;
  bool sign, flush;
} invented[] = {
  {5, 3, 15, "", "e5m3", true, false},
  {3, 0, 3, "f", "e3m0f", true, false},
  {5, 10, 15, "", "e5m10:nosub", true, true},
  {4, 3, 7, "fn", "e4m3fn:nosub", true, true},
  {4, 0, 7, "fn", "e4m0fn:nosub", true, true},
  {8, 3, 127, "", "e8m3", true, false},
  {6, 4, 40, "fnuz", "e6m4b40fnuz", true, false},
  {5, 3, 15, "f", "ue5m3f", false, false},
  {1, 6, 0, "f", "e1m6f", true, false},
  {2, 13, -100, "fn", "e2m13b-100fn", true, false},
  {11, 4, 1023, "", "e11m4", true, false},
};

START_TEST(edges_of_invented)
{
  ulp_format f;
  oracle_format o;
  oracle_invented(&o, invented[_i].sign, invented[_i].e, invented[_i].m,
                  invented[_i].bias, invented[_i].style);
  o.flush = invented[_i].flush;
  oracle_prepare(&o);
  ck_assert_int_eq(ulp_format_find(invented[_i].name, &f, NULL, 0), ULP_OK);
  check_all(&f, &o);
  oracle_clear(&o);
}
END_TEST

/* ---- MPFR's own rounding ---------------------------------------------------------- */

/* MPFR writes x as 0.1b... * 2^e, hence emin and emax. */
static const struct {
  const char *name;
  mpfr_prec_t precision;
  mpfr_exp_t emin, emax;
} native[] = {
  {"float32", 24, -148, 128}, {"float16", 11, -23, 16},
  {"bfloat16", 8, -132, 128}, {"tf32", 11, -135, 128},
  {"fp22", 14, -138, 128},    {"float8_e5m2", 3, -15, 16},
};
static const struct {
  ulp_mode mode;
  mpfr_rnd_t rnd;
} ieee_modes[] = {{ULP_RNE, MPFR_RNDN}, {ULP_RTZ, MPFR_RNDZ},
                  {ULP_RU, MPFR_RNDU}, {ULP_RD, MPFR_RNDD}};

static void check_mpfr(const ulp_format *f, int n, double x, int m)
{
  ulp_rounding r = {.mode = ieee_modes[m].mode, .overflow = ULP_OVERFLOW_IEEE};
  mpfr_exp_t emin = mpfr_get_emin(), emax = mpfr_get_emax();
  mpfr_t v;
  mpfr_init2(v, native[n].precision);
  mpfr_set_emin(native[n].emin);
  mpfr_set_emax(native[n].emax);
  int ternary = mpfr_set_d(v, x, ieee_modes[m].rnd);
  mpfr_subnormalize(v, ternary, ieee_modes[m].rnd);
  double want = mpfr_get_d(v, MPFR_RNDN);
  mpfr_set_emin(emin);
  mpfr_set_emax(emax);
  mpfr_clear(v);
  double got = ulp_decode(f, ulp_encode_f64(f, x, &r, 0));
  if (got != want || signbit(got) != signbit(want))
    ck_abort_msg("%s %a %s: %a, MPFR %a", f->name, x, ulp_mode_name(r.mode),
                 got, want);
}

START_TEST(mpfr_rounds_the_same)
{
  ulp_format f;
  ulp_pcg32 g = ulp_pcg32_seed(1, (uint64_t)_i);
  ck_assert_int_eq(ulp_format_find(native[_i].name, &f, NULL, 0), ULP_OK);
  int span = (int)(native[_i].emax - native[_i].emin) + 30;
  for (int i = 0; i < 60000; i++) {
    /* few significant bits make ties; many make near ties */
    uint64_t s = (uint64_t)ulp_pcg32_next(&g) << 32 | ulp_pcg32_next(&g);
    s |= UINT64_C(1) << 63;
    s &= ~UINT64_C(0) << (11 + ulp_pcg32_next(&g) % 50);
    if (i % 3 == 0)
      s += 2048;
    int e = (int)native[_i].emin - 15 + (int)(ulp_pcg32_next(&g) % (unsigned)span);
    double x = ldexp((double)(s >> 11), e - 53);
    if (i % 5 == 0)
      x = (double)(float)x; /* f32 sources */
    check_mpfr(&f, _i, i % 2 ? x : -x, i / 2 % 4);
  }
}
END_TEST

/* ---- vectors ------------------------------------------------------------------------ */

static void check_line(const char *line, int number)
{
  char name[48], mode[16], rule[16], input[64];
  unsigned long long code;
  ulp_format f;
  ulp_rounding r = {0};
  if (sscanf(line, "%47s %15s %15s %63s %llx", name, mode, rule, input,
             &code) != 5)
    ck_abort_msg("vectors/round.txt:%d: %s", number, line);
  bool known = ulp_format_find(name, &f, NULL, 0) == ULP_OK &&
               ulp_mode_find(mode, &r.mode) == ULP_OK &&
               (ulp_overflow_find(rule, &r.overflow) == ULP_OK ||
                ulp_profile_find(rule, &r.profile) == ULP_OK);
  ck_assert_msg(known, "vectors/round.txt:%d: unknown name", number);
  double x = strtod(input, NULL);
  uint64_t got = ulp_encode_f64(&f, x, &r, 0);
  oracle_format o = described(name);
  uint64_t oracle = oracle_encode(&o, x, &r);
  oracle_clear(&o);
  ck_assert_msg(got == code && oracle == code,
                "vectors/round.txt:%d: %s gives 0x%llx, the oracle 0x%llx",
                number, line, (unsigned long long)got,
                (unsigned long long)oracle);
}

START_TEST(text_vectors)
{
  char path[512], line[256];
  int number = 0, checked = 0;
  const char *top = getenv("srcdir");
  snprintf(path, sizeof path, "%s/tests/vectors/round.txt", top ? top : ".");
  FILE *in = fopen(path, "r");
  ck_assert_ptr_nonnull(in);
  while (fgets(line, sizeof line, in)) {
    number++;
    if (line[0] == '#' || line[0] == '\n')
      continue;
    check_line(line, number);
    checked++;
  }
  fclose(in);
  ck_assert_int_ge(checked, 80);
}
END_TEST

#define COUNT(a) (int)(sizeof(a) / sizeof *(a))

int main(void)
{
  Suite *s = suite_create("round");
  TCase *t = tcase_create("oracle");
  tcase_set_timeout(t, 60);
  tcase_add_loop_test(t, every_16_bit_source, 0, 2 * (int)ulp_format_count());
  tcase_add_loop_test(t, edges_of_rows, 0, (int)ulp_format_count());
  tcase_add_loop_test(t, edges_of_p3109, 0, COUNT(p3109));
  tcase_add_loop_test(t, edges_of_invented, 0, COUNT(invented));
  tcase_add_loop_test(t, mpfr_rounds_the_same, 0, COUNT(native));
  tcase_add_test(t, text_vectors);
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
