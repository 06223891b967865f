/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The ladder of values, and rounding by searching it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "oracle.h"

enum { PREC = 512, MOST_BITS = 22 };

static void die(const oracle_format *o, const char *what)
{
  fprintf(stderr, "oracle: %s: %s\n", o->name, what);
  abort();
}

/* ---- codes ------------------------------------------------------------------ */

static uint64_t sign_bit(const oracle_format *o)
{
  return o->sign && o->kind == 'f' ? UINT64_C(1) << (o->bits - 1) : 0;
}

static int64_t integer_of(const oracle_format *o, uint64_t code)
{
  int64_t n = (int64_t)code, span = INT64_C(1) << o->bits;
  return o->sign && n >= span / 2 ? n - span : n;
}

/* The value that magnitude bits stand for; the exponent may run on beyond
 * its field. */
static void magnitude(const oracle_format *o, uint64_t mag, mpfr_t out)
{
  int64_t e = (int64_t)(mag >> o->man_bits);
  uint64_t one = UINT64_C(1) << o->man_bits, t = mag & (one - 1);
  if (e > 0 || o->no_zero)
    t += one;
  else
    e = 1;
  if (mpfr_set_uj_2exp(out, t, e - o->bias - o->man_bits, MPFR_RNDN))
    die(o, "precision too small");
}

ulp_class oracle_class(const oracle_format *o, uint64_t code)
{
  if (o->kind == 'c') {
    return o->book[code] == 0 ? ULP_CLASS_ZERO : ULP_CLASS_NORMAL;
  }
  if (o->kind == 'i') {
    int64_t n = integer_of(o, code);
    if (o->symmetric && n == -(INT64_C(1) << (o->bits - 1)))
      return ULP_CLASS_UNUSED;
    return n == 0 ? ULP_CLASS_ZERO : ULP_CLASS_NORMAL;
  }
  uint64_t mag = code & ~sign_bit(o);
  if (mag == 0 && code && o->negative_zero != '0')
    return o->negative_zero == 'n' ? ULP_CLASS_NAN : ULP_CLASS_UNUSED;
  if (mag == o->inf_mag && o->inf_mag)
    return ULP_CLASS_INF;
  if (mag > o->max_mag)
    return ULP_CLASS_NAN;
  if (mag >> o->man_bits || o->no_zero)
    return ULP_CLASS_NORMAL;
  if (mag == 0)
    return ULP_CLASS_ZERO;
  return o->flush ? ULP_CLASS_UNUSED : ULP_CLASS_SUBNORMAL;
}

bool oracle_negative(const oracle_format *o, uint64_t code)
{
  if (o->kind == 'f')
    return (code & sign_bit(o)) != 0;
  return o->kind == 'i' ? integer_of(o, code) < 0
                        : __builtin_signbit(o->book[code]) != 0;
}

void oracle_value(const oracle_format *o, uint64_t code, mpfr_t out)
{
  if (o->kind == 'c') {
    mpfr_set_d(out, o->book[code], MPFR_RNDN);
  } else if (o->kind == 'i') {
    mpfr_set_sj_2exp(out, integer_of(o, code), -o->bias, MPFR_RNDN);
  } else {
    magnitude(o, code & ~sign_bit(o), out);
    if (oracle_class(o, code) == ULP_CLASS_UNUSED)
      mpfr_set_zero(out, 1); /* flushed */
    if (oracle_negative(o, code))
      mpfr_neg(out, out, MPFR_RNDN);
  }
}

/* ---- the ladder ---------------------------------------------------------------- */

/* Rank above zero -> magnitude bits. */
static uint64_t rank_magnitude(const oracle_format *o, int64_t rank)
{
  uint64_t k = (uint64_t)(rank < 0 ? -rank : rank);
  return o->flush && k ? k - 1 + (UINT64_C(1) << o->man_bits) : k;
}

void oracle_rung(const oracle_format *o, int64_t rank, mpfr_t out)
{
  if (o->kind == 'i') {
    mpfr_set_sj_2exp(out, rank, -o->bias, MPFR_RNDN);
  } else if (o->kind == 'f') {
    if (o->no_zero && rank < 0) /* below the least binade: 2^-1 of it */
      mpfr_set_ui_2exp(out, 1, -o->bias + (int)rank, MPFR_RNDN);
    else
      magnitude(o, rank_magnitude(o, rank), out);
    if (rank < 0 && !o->no_zero)
      mpfr_neg(out, out, MPFR_RNDN);
  } else if (rank < o->rmin || rank > o->rmax) {
    mpfr_set_inf(out, rank < o->rmin ? -1 : 1);
  } else {
    mpfr_set_d(out, o->book[o->book_code[rank - o->rmin]], MPFR_RNDN);
  }
}

static const double *sort_values;

static int by_value(const void *a, const void *b)
{
  double x = sort_values[*(const int *)a], y = sort_values[*(const int *)b];
  return x != y ? (x > y) - (x < y) : *(const int *)a - *(const int *)b;
}

static void prepare_book(oracle_format *o)
{
  int n = 1 << o->bits, kept = 0;
  o->book_code = calloc((size_t)n, sizeof *o->book_code);
  if (!o->book_code)
    die(o, "out of memory");
  for (int c = 0; c < n; c++)
    if (o->book[c] != 0 || !__builtin_signbit(o->book[c]))
      o->book_code[kept++] = c; /* -0 shares the rung of 0 */
    else
      o->book_negative_zero = c;
  sort_values = o->book;
  qsort(o->book_code, (size_t)kept, sizeof *o->book_code, by_value);
  o->rmin = 0;
  o->rmax = kept - 1;
}

/* The middle of rank and rank + 1, exactly. */
static void middle(const oracle_format *o, int64_t rank, mpfr_t out)
{
  mpfr_t up;
  mpfr_init2(up, PREC);
  oracle_rung(o, rank, out);
  oracle_rung(o, rank + 1, up);
  if (mpfr_add(out, out, up, MPFR_RNDN) || mpfr_div_2ui(out, out, 1, MPFR_RNDN))
    die(o, "midpoint not exact");
  mpfr_clear(up);
}

static bool exact_double(mpfr_srcptr x, double *out)
{
  *out = mpfr_get_d(x, MPFR_RNDN);
  return mpfr_inf_p(x) || mpfr_cmp_d(x, *out) == 0;
}

static void prepare_doubles(oracle_format *o)
{
  size_t n = (size_t)(o->rmax - o->rmin + 3);
  bool ok = true;
  mpfr_t v;
  mpfr_init2(v, PREC);
  o->value = calloc(n, sizeof(double));
  o->middle = calloc(n, sizeof(double));
  if (!o->value || !o->middle)
    die(o, "out of memory");
  for (size_t k = 0; k < n && ok; k++) {
    oracle_rung(o, o->rmin - 1 + (int64_t)k, v);
    ok = exact_double(v, &o->value[k]);
    if (!ok || k + 1 == n)
      break;
    middle(o, o->rmin - 1 + (int64_t)k, v);
    ok = exact_double(v, &o->middle[k]);
  }
  mpfr_clear(v);
  if (!ok) {
    free(o->value);
    free(o->middle);
    o->value = o->middle = NULL;
  }
}

void oracle_prepare(oracle_format *o)
{
  if (o->kind == 'c') {
    prepare_book(o);
  } else if (o->kind == 'i') {
    int64_t half = INT64_C(1) << (o->bits - 1);
    o->rmin = o->sign ? -half + o->symmetric : 0;
    o->rmax = o->sign ? half - 1 : 2 * half - 1;
  } else {
    o->rmax = (int64_t)o->max_mag;
    if (o->flush)
      o->rmax -= (INT64_C(1) << o->man_bits) - 1;
    o->rmin = o->sign ? -o->rmax : 0;
  }
  if (o->bits <= MOST_BITS)
    prepare_doubles(o);
}

void oracle_clear(oracle_format *o)
{
  free(o->value);
  free(o->middle);
  free(o->book);
  free(o->book_code);
  o->value = o->middle = o->book = NULL;
  o->book_code = NULL;
}

/* ---- searching ------------------------------------------------------------------ */

oracle_place oracle_search(const oracle_format *o, mpfr_srcptr x)
{
  oracle_place p = {mpfr_signbit(x) != 0, false, 0, 0};
  mpfr_t v;
  mpfr_init2(v, PREC);
  int64_t lo = o->rmin - 2, hi = o->rmax + 2; /* rung(lo) <= x < rung(hi) */
  while ((uint64_t)hi - (uint64_t)lo > 1) {
    int64_t mid = (int64_t)((uint64_t)lo + ((uint64_t)hi - (uint64_t)lo) / 2);
    oracle_rung(o, mid, v);
    if (mpfr_cmp(v, x) <= 0)
      lo = mid;
    else
      hi = mid;
  }
  p.rank = lo;
  if (lo >= o->rmin - 1 && lo <= o->rmax + 1) {
    oracle_rung(o, lo, v);
    p.exact = mpfr_cmp(v, x) == 0;
    if (lo <= o->rmax) {
      middle(o, lo, v);
      p.half = mpfr_nan_p(v) ? 0 : mpfr_cmp(x, v);
    }
  }
  mpfr_clear(v);
  return p;
}

oracle_place oracle_search_f64(const oracle_format *o, double x)
{
  if (!o->value) {
    mpfr_t v;
    mpfr_init2(v, 53);
    mpfr_set_d(v, x, MPFR_RNDN);
    oracle_place p = oracle_search(o, v);
    mpfr_clear(v);
    return p;
  }
  oracle_place p = {__builtin_signbit(x) != 0, false, 0, 0};
  int64_t lo = -1, hi = o->rmax - o->rmin + 3;
  while (hi - lo > 1) {
    int64_t mid = (lo + hi) / 2;
    if (o->value[mid] <= x)
      lo = mid;
    else
      hi = mid;
  }
  p.rank = lo + o->rmin - 1;
  if (lo >= 0) {
    p.exact = o->value[lo] == x;
    if (p.rank <= o->rmax)
      p.half = (x > o->middle[lo]) - (x < o->middle[lo]);
  }
  return p;
}
