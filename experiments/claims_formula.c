/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Formulas of the ledger: arithmetic over facts in brackets.
 */
#include <math.h>
#include <mpfr.h>
#include <stdlib.h>
#include <string.h>

#include "claims.h"

enum { MOST_FACT = 800, DEPTH = 50 };

typedef struct {
  const char *at, *text;
  ulp_fact_reader *fact;
  void *data;
  ulp_error *e;
  ulp_status status;
  int depth;
} reader;

static double sum(reader *r);

static double fail(reader *r, const char *expected)
{
  if (r->status == ULP_OK)
    r->status = ulp_error_set(r->e, ULP_EFORMAT,
                              "formula '%.200s', at '%.40s': expected %s",
                              r->text, r->at, expected);
  return 0;
}

static void skip_blanks(reader *r) { r->at += strspn(r->at, " \n"); }

static bool take(reader *r, char c)
{
  skip_blanks(r);
  if (*r->at != c)
    return false;
  r->at++;
  return true;
}

/* ---- functions of one machine and all ----------------------------------- */

typedef int mpfr_function(mpfr_t, const mpfr_t, mpfr_rnd_t);

static double by_mpfr(mpfr_function *f, double x)
{
  mpfr_t a;
  mpfr_init2(a, 53);
  mpfr_set_d(a, x, MPFR_RNDN);
  f(a, a, MPFR_RNDN);
  double y = mpfr_get_d(a, MPFR_RNDN);
  mpfr_clear(a);
  return y;
}

static double power(double x, double y)
{
  mpfr_t a, b;
  mpfr_inits2(53, a, b, (mpfr_ptr)0);
  mpfr_set_d(a, x, MPFR_RNDN);
  mpfr_set_d(b, y, MPFR_RNDN);
  mpfr_pow(a, a, b, MPFR_RNDN);
  double z = mpfr_get_d(a, MPFR_RNDN);
  mpfr_clears(a, b, (mpfr_ptr)0);
  return z;
}

static double log2_of(double x) { return by_mpfr(mpfr_log2, x); }
static double log10_of(double x) { return by_mpfr(mpfr_log10, x); }

static const struct {
  const char *name;
  double (*one)(double);
  double (*two)(double, double);
} functions[] = {
    {"sqrt", sqrt, NULL},     {"log2", log2_of, NULL},
    {"log10", log10_of, NULL}, {"abs", fabs, NULL},
    {"round", rint, NULL},    {"floor", floor, NULL},
    {"ceil", ceil, NULL},     {"min", NULL, fmin},
    {"max", NULL, fmax},
};

/* ---- grammar ------------------------------------------------------------ */

static double call(reader *r)
{
  size_t n = strspn(r->at, "abcdefghijklmnopqrstuvwxyz0123456789");
  for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
    if (strlen(functions[i].name) != n ||
        strncmp(functions[i].name, r->at, n) != 0)
      continue;
    r->at += n;
    if (!take(r, '('))
      return fail(r, "'('");
    double x = sum(r), y = 0;
    if (functions[i].two && !take(r, ','))
      return fail(r, "','");
    if (functions[i].two)
      y = sum(r);
    if (!take(r, ')'))
      return fail(r, "')'");
    return functions[i].two ? functions[i].two(x, y) : functions[i].one(x);
  }
  return fail(r, "a number, a function, '(' or '['");
}

static double fact(reader *r)
{
  char text[MOST_FACT];
  size_t n = strcspn(r->at, "]");
  double x = 0;
  if (r->at[n] != ']' || n >= sizeof text)
    return fail(r, "a fact and ']'");
  memcpy(text, r->at, n);
  text[n] = '\0';
  r->at += n + 1;
  if (r->status == ULP_OK)
    r->status = r->fact(r->data, &x, text, r->e);
  return x;
}

static double number(reader *r)
{
  char *end;
  double x = strtod(r->at, &end);
  r->at = end;
  return x;
}

static double atom(reader *r)
{
  if (take(r, '(')) {
    double x = sum(r);
    return take(r, ')') ? x : fail(r, "')'");
  }
  if (take(r, '['))
    return fact(r);
  skip_blanks(r);
  if (strchr("0123456789.", *r->at) && *r->at)
    return number(r);
  return call(r);
}

static double unary(reader *r)
{
  if (++r->depth > DEPTH)
    return fail(r, "less nesting");
  double x = take(r, '-') ? -unary(r) : atom(r);
  if (take(r, '^'))
    x = power(x, unary(r));
  r->depth--;
  return x;
}

static double product(reader *r)
{
  double x = unary(r);
  for (;;) {
    if (take(r, '*'))
      x *= unary(r);
    else if (take(r, '/'))
      x /= unary(r);
    else
      return x;
  }
}

static double sum(reader *r)
{
  double x = product(r);
  for (;;) {
    skip_blanks(r);
    if (r->status != ULP_OK || strncmp(r->at, "+-", 2) == 0)
      return x;
    if (take(r, '+'))
      x += product(r);
    else if (take(r, '-'))
      x -= product(r);
    else
      return x;
  }
}

ulp_status ulp_claim_formula(double *out, const char *text,
                             ulp_fact_reader *fact_of, void *data,
                             ulp_error *e)
{
  reader r = {.at = text, .text = text, .fact = fact_of, .data = data, .e = e};
  double x = sum(&r);
  skip_blanks(&r);
  if (*r.at)
    fail(&r, "the end");
  if (r.status == ULP_OK)
    *out = x;
  return r.status;
}
