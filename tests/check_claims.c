/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The ledger of claims: formulas, facts, cells of runs, what is expected, and
 * that no row is without a method or a constant that nothing produced.
 */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "claims.h"
#include "roofline.h"

static ulp_status no_fact(void *data, double *out, const char *fact,
                          ulp_error *e)
{
  (void)data;
  (void)e;
  *out = strtod(fact, NULL);
  return ULP_OK;
}

static double value(const char *text)
{
  double x = NAN;
  ulp_error e;
  ck_assert_msg(ulp_claim_formula(&x, text, no_fact, NULL, &e) == ULP_OK,
                "%s: %s", text, e.text);
  return x;
}

START_TEST(formulas)
{
  static const struct {
    const char *text;
    double value;
  } list[] = {
      {"1 + 2 * 3", 7},         {"(1 + 2) * 3", 9},
      {"8 / 4 / 2", 1},         {"7 - 4 - 2", 1},
      {"2^3^2", 512},           {"-2^2", -4},
      {"2^-3", 0.125},          {"sqrt(2) * sqrt(2)", 2.0000000000000004},
      {"log2(0x20)", 5},        {"log10(1e-3)", -3},
      {"round(2.5)", 2},        {"floor(-0.5)", -1},
      {"ceil(0.5)", 1},         {"abs(-3)", 3},
      {"min(2, 1) + max(2, 1)", 3}, {" [ 4] /[2]", 2},
  };
  for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
    ck_assert_msg(value(list[i].text) == list[i].value, "%s: %.17g",
                  list[i].text, value(list[i].text));
}
END_TEST

START_TEST(formulas_refused)
{
  static const char *const list[] = {"",      "1 +",    "(1",      "1 2",
                                     "[3",    "sin(1)", "min(1)",  "1 +- 2",
                                     "sqrt 2", "2 ^",   ")",       "1..2"};
  for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
    double x;
    ulp_error e = {.status = ULP_OK};
    ck_assert_msg(ulp_claim_formula(&x, list[i], no_fact, NULL, &e) ==
                      ULP_EFORMAT, "'%s'", list[i]);
    ck_assert(strlen(e.text) > 0 && !strchr(e.text, '\n'));
  }
  char deep[301];
  memset(deep, '(', 300);
  deep[300] = '\0';
  double x;
  ulp_error e;
  ck_assert(ulp_claim_formula(&x, deep, no_fact, NULL, &e) == ULP_EFORMAT);
}
END_TEST

/* ---- what is expected --------------------------------------------------- */

static bool agrees(const char *figure, const char *expected)
{
  const ulp_probe p = {"x", figure, expected};
  ulp_finding f;
  ulp_error e;
  ck_assert_msg(ulp_claim_probe(&f, &p, no_fact, NULL, &e) == ULP_OK,
                "%s %s: %s", figure, expected, e.text);
  ck_assert(f.known);
  return f.agrees;
}

START_TEST(expectations)
{
  ck_assert(agrees("4", "4 +- 0") && !agrees("4.001", "4 +- 0"));
  ck_assert(agrees("4.4", "4 +- 10.1%") && !agrees("4.5", "4 +- 10%"));
  ck_assert(agrees("-4.4", "-4 +- 10.1%") && !agrees("4", "-4 +- 10%"));
  ck_assert(agrees("3", "2 + 2 +- 1") && !agrees("2.9", "2 + 2 +- 1"));
  ck_assert(agrees("14", "14 .. 22") && agrees("22", "14 .. 22"));
  ck_assert(!agrees("13.9", "14 .. 22") && !agrees("22.1", "14 .. 22"));
  ck_assert(agrees("2", "> 1") && !agrees("1", "> 1") && agrees("1", ">= 1"));
  ck_assert(agrees("0", "< 1") && !agrees("1", "< 1") && agrees("1", "<= 1"));
  ck_assert(agrees("[3]", "> [2] + 0.5") && !agrees("[2]", "> [3] - 1"));
  ck_assert(!agrees("0 / 0", "> 1") && !agrees("0 / 0", "1 +- 1"));
}
END_TEST

static ulp_status absent(void *data, double *out, const char *fact,
                         ulp_error *e)
{
  (void)data;
  (void)out;
  return ulp_error_set(e, ULP_EIO, "%s: cannot read", fact);
}

START_TEST(verdicts)
{
  const ulp_finding yes = {.known = true, .agrees = true};
  const ulp_finding no = {.known = true}, unknown = {.known = false};
  const ulp_finding list[] = {yes, no, unknown, yes};
  ck_assert_str_eq(ulp_claim_verdict(list, 0), "not testable here");
  ck_assert_str_eq(ulp_claim_verdict(list, 1), "holds");
  ck_assert_str_eq(ulp_claim_verdict(list, 2), "conditional");
  ck_assert_str_eq(ulp_claim_verdict(list, 4), "conditional");
  ck_assert_str_eq(ulp_claim_verdict(list + 1, 1), "does not hold");
  ck_assert_str_eq(ulp_claim_verdict(list + 1, 2), "does not hold");
  ck_assert_str_eq(ulp_claim_verdict(list + 2, 1), "not testable here");
  ck_assert_str_eq(ulp_claim_verdict(list + 2, 2), "holds");
  const ulp_probe p = {"x", "[a.xz]", "> 0"};
  ulp_finding f;
  ulp_error e;
  ck_assert(ulp_claim_probe(&f, &p, absent, NULL, &e) == ULP_OK);
  ck_assert(!f.known && strstr(f.text, "a.xz"));
}
END_TEST

/* ---- facts -------------------------------------------------------------- */

static double fact(const char *text)
{
  double x = NAN;
  ulp_error e;
  ck_assert_msg(ulp_claim_table_fact(&x, text, &e) == ULP_OK, "%s", e.text);
  return x;
}

/* Expected values: OCP OFP8 and MX, tables 1 and 5; the data sheets; the
 * configurations, multiplied by hand: a layer of Llama-3-70B is
 * 2 * 8192^2 + 2 * 8192 * 1024 + 3 * 8192 * 28672. */
START_TEST(facts)
{
  ck_assert(fact("format e4m3 max") == 448);
  ck_assert(fact("format e5m2 min_positive") == 0x1p-16);
  ck_assert(fact("format e2m1 values") == 15);
  ck_assert(fact("format int4 values") == 16);
  ck_assert(fact("format e4m3 values") == 253);
  ck_assert(fact("next e4m3 1") == 1.125 && fact("next e2m1 3.5") == 4);
  ck_assert(fact("gpu a100 int4") == 1248e12);
  ck_assert(fact("gpu h100 bandwidth") == 3.35e12);
  ck_assert(fact("model llama-3-70b layer") == 855638016);
  ck_assert(fact("model llama-3-70b cached") == 163840);
  ck_assert(fact("model llama-3-8b embedding") == 525336576);
  ck_assert(fact("mma h200 wgmma.m64n8k32.f32.e4m3.e4m3 fraction") == 13);
  ck_assert(fact("bits int4/g=group:128/scale=float16 256x4096") == 4.125);
  ck_assert(fact("bits bf16 3x5") == 16);
  /* 0.8 / 127 in f32 is the scale; 95 of it, as the guide's 3.2 has */
  ck_assert(fabs(fact("value int8sym/g=tensor 1 0.6 -0.8") - 76 / 127.0) <
            1e-7);
  /* Llama-3's published sizes (arXiv:2407.21783: 8B and 70B) */
  ck_assert(fabs(fact("model llama-3-70b parameters") - 70.55e9) < 0.01e9);
  ck_assert(fabs(fact("model llama-3-8b parameters") - 8.03e9) < 0.01e9);
  ck_assert(fabs(fact("model llama-2-7b parameters") - 6.738e9) < 0.001e9);
}
END_TEST

START_TEST(facts_refused)
{
  static const char *const list[] = {
      "", "colour red", "format e4m3", "format e4m9q max", "format e4m3 color",
      "gpu v100 bf16", "gpu h100 watts", "model gpt-9 layer", "bits int4 4",
      "bits int4/g=group:0 4x4", "value int8 3 1 2", "value int8",
      "next e4m3", "mma h200 wgmma fraction", "run snr", "run | |"};
  for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
    double x;
    ulp_error e = {.status = ULP_OK};
    ck_assert_msg(ulp_claim_table_fact(&x, list[i], &e) != ULP_OK, "%s",
                  list[i]);
    ck_assert(strlen(e.text) > 0);
  }
}
END_TEST

/* ---- cells of runs ------------------------------------------------------ */

static ulp_status cell(double *out, const char *text, ulp_error *e)
{
  const ulp_run parent = {.experiment = &ulp_experiment_claims, .seed = 1,
                          .threads = 1, .shards = 1, .effort = ULP_QUICK};
  ulp_claim_runs *runs = ulp_claim_runs_new(&parent);
  ulp_status s = ulp_claim_fact(runs, out, text, e);
  ulp_claim_runs_free(runs);
  return s;
}

#define TINY "run accumulate --formats 'bf16' --modes rne --updates 0x1p-10"

/* A BF16 sum of 1 that takes 2^-10 stays 1 (half a step is 2^-9). */
START_TEST(cells)
{
  double x = NAN;
  ulp_error e;
  ck_assert(cell(&x, TINY " | updates=64 | mean_value", &e) == ULP_OK);
  ck_assert(x == 1);
  ck_assert(cell(&x, TINY " | updates=64 mode='rne' | exact_value", &e) ==
            ULP_OK);
  ck_assert(x == 1 + 64 * 0x1p-10);
  ck_assert(cell(&x, TINY " | | exact_value max", &e) == ULP_OK && x == 5);
  ck_assert(cell(&x, TINY " | | updates count", &e) == ULP_OK && x == 4);
  ck_assert(cell(&x, TINY " | | updates sum", &e) == ULP_OK && x == 5440);
  ck_assert(cell(&x, TINY " | | updates mean", &e) == ULP_OK && x == 1360);
  ck_assert(cell(&x, TINY " | | updates first", &e) == ULP_OK && x == 64);
  ck_assert(cell(&x, TINY " | | updates last", &e) == ULP_OK && x == 4096);
  ck_assert(cell(&x, TINY " | | updates min", &e) == ULP_OK && x == 64);
}
END_TEST

START_TEST(cells_refused)
{
  static const char *const list[] = {
      "run nothing | | x", "run accumulate --formats q | | x",
      "run claims | | x", "run accumulate --out a.csv | | x", "run accumulate",
      TINY " | | mean_value", TINY " | updates=63 | mean_value",
      TINY " | colour=red | mean_value", TINY " | updates | mean_value",
      TINY " | | colour", TINY " | | mode max", TINY " | | updates median",
      TINY " | | "};
  for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
    double x;
    ulp_error e = {.status = ULP_OK};
    ck_assert_msg(cell(&x, list[i], &e) != ULP_OK, "%s", list[i]);
    ck_assert(strlen(e.text) > 0);
  }
}
END_TEST

/* ---- the table ---------------------------------------------------------- */

static bool is_number(const char *text)
{
  char *end;
  strtod(text, &end);
  return end != text && !*end;
}

static void check_row(const ulp_claim *c)
{
  ck_assert_msg(*c->id && *c->section && *c->claim, "%s", c->id);
  ck_assert_msg(!strpbrk(c->id, " '\"\n"), "%s", c->id);
  ck_assert_msg(*c->method && *c->source, "%s: without a method", c->id);
  for (size_t i = 0; i < ULP_PROBES; i++) {
    const ulp_probe *p = &c->probe[i];
    if (!p->figure)
      continue;
    ck_assert_msg(p->what && *p->what && p->expected, "%s", c->id);
    ck_assert_msg(!is_number(p->figure), "%s: a constant", c->id);
    ck_assert_msg(i == 0 || c->probe[i - 1].figure, "%s: a gap", c->id);
  }
}

START_TEST(rows)
{
  size_t n = 0;
  for (; ulp_claim_row(n); n++) {
    check_row(ulp_claim_row(n));
    for (size_t k = 0; k < n; k++)
      ck_assert_str_ne(ulp_claim_row(n)->id, ulp_claim_row(k)->id);
  }
  ck_assert_msg(n >= 75, "%zu rows", n);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("claims");
  TCase *t = tcase_create("claims");
  tcase_add_test(t, formulas);
  tcase_add_test(t, formulas_refused);
  tcase_add_test(t, expectations);
  tcase_add_test(t, verdicts);
  tcase_add_test(t, facts);
  tcase_add_test(t, facts_refused);
  tcase_add_test(t, cells);
  tcase_add_test(t, cells_refused);
  tcase_add_test(t, rows);
  suite_add_tcase(s, t);
  SRunner *runner = srunner_create(s);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
