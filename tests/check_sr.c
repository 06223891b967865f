/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Stochastic rounding.  N bits: every draw equals P3109's formula evaluated
 * on exact rationals, and so does the whole distribution.  Exact mode: the
 * mean of many draws against x.
 *
 * The exact mode makes 10^5 draws a point in make check, 10^7 in make
 * check-long (ULP_LONG).
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oracle.h"

#ifdef ULP_LONG
enum { draws = 10000000, seconds = 3600 };
#else
enum { draws = 100000, seconds = 60 };
#endif

static oracle_format described(const char *name, ulp_format *f)
{
  oracle_format o;
  ck_assert_int_eq(ulp_format_find(name, f, NULL, 0), ULP_OK);
  if (!oracle_find(f->name, &o))
    ck_abort_msg("%s has no description in tests/oracle_table.c", name);
  oracle_prepare(&o);
  return o;
}

static uint32_t next(ulp_pcg32 *g) { return ulp_pcg32_next(g); }

/* A number between two rungs picked at random: uniform there, or with few
 * bits, or close to an end; sometimes in the gap beyond the greatest. */
static double pick(const oracle_format *o, ulp_pcg32 *g)
{
  int64_t span = o->rmax - o->rmin + 1;
  int64_t rank = o->rmin + (int64_t)(next(g) % (uint64_t)span);
  if (next(g) % 4 == 0) /* the smallest magnitudes */
    rank = o->kind == 'f' && o->sign ? -4 + (int64_t)(next(g) % 8) : o->rmin;
  if (next(g) % 4 == 0) /* the overflow edge */
    rank = o->sign && next(g) % 2 ? o->rmin - 1 : o->rmax;
  if (o->kind == 'c' && (rank < o->rmin || rank >= o->rmax))
    rank = o->rmin + 3;
  double lo = o->value[rank - o->rmin + 1], hi = o->value[rank - o->rmin + 2];
  double v = ldexp((double)next(g), -32) + ldexp((double)next(g), -64);
  if (next(g) % 2)
    v = ldexp((double)(next(g) % 256), -8);
  if (next(g) % 8 == 0)
    v = ldexp(v, -(int)(next(g) % 50));
  return lo + (hi - lo) * v;
}

/* ---- N bits ------------------------------------------------------------------- */

static const char *const formats[] = {
    "float8_e4m3fn", "float8_e5m2",  "float4_e2m1fn", "float6_e2m3fn",
    "float16",       "bfloat16",     "float8_e4m3fnuz", "float8_e8m0fnu",
    "binary8p3se",   "binary8p1se",  "int8",          "int4sym",
    "nf4",           "bnb_dynamic8", "tf32",          "float8_ue4m3"};

typedef struct {
  oracle_place place;
  int64_t down, up;
  mpq_t v;
} choice;

static void choose(const oracle_format *o, double x, choice *c)
{
  mpfr_t m;
  mpfr_init2(m, 53);
  mpfr_set_d(m, x, MPFR_RNDN);
  c->place = oracle_search(o, m);
  mpq_init(c->v);
  oracle_fraction(o, &c->place, m, &c->down, &c->up, c->v);
  mpfr_clear(m);
}

static uint64_t code_of(const oracle_format *o, const choice *c, bool up,
                        const ulp_rounding *r)
{
  return oracle_finish(o, &c->place, up ? c->up : c->down, ULP_SR, r->overflow,
                       ulp_profile_row(0));
}

/* One point, one N, three variants, some hundred draws each. */
static void check_draws(const ulp_format *f, const oracle_format *o, double x,
                        ulp_pcg32 *g)
{
  choice c;
  ulp_rounding r = {.mode = ULP_SR, .seed = next(g), .stream = next(g)};
  choose(o, x, &c);
  r.overflow = (ulp_overflow)(next(g) % 5);
  r.sr_bits = (uint8_t)(1 + next(g) % 32);
  for (r.sr_variant = ULP_SR_A; r.sr_variant <= ULP_SR_C; r.sr_variant++) {
    uint64_t ups = oracle_sr_ups(c.v, r.sr_bits, r.sr_variant);
    uint64_t first = (uint64_t)next(g) << 20;
    for (uint64_t i = first; i < first + 40; i++) {
      uint64_t random = ulp_random_word(r.seed, r.stream, i, 0) >>
                        (32 - r.sr_bits);
      bool up = random >= (UINT64_C(1) << r.sr_bits) - ups;
      uint64_t got = ulp_encode_f64(f, x, &r, i);
      if (got != code_of(o, &c, up, &r))
        ck_abort_msg("%s %a N=%d %c R=%llu seed=%llu: 0x%llx, the oracle goes "
                     "%s",
                     o->name, x, r.sr_bits, 'A' + (int)r.sr_variant,
                     (unsigned long long)random, (unsigned long long)r.seed,
                     (unsigned long long)got, up ? "up" : "down");
    }
  }
  mpq_clear(c.v);
}

START_TEST(every_draw)
{
  ulp_format f;
  oracle_format o = described(formats[_i], &f);
  ulp_pcg32 g = ulp_pcg32_seed(3109, (uint64_t)_i);
  for (int i = 0; i < 400; i++) {
    double x = pick(&o, &g);
    if (x != 0)
      check_draws(&f, &o, x, &g);
  }
  oracle_clear(&o);
}
END_TEST

/* For small N every R in 0..2^N - 1 is met: search the indices that draw
 * it, and count those that go up. */
static void check_distribution(const ulp_format *f, const oracle_format *o,
                               double x, int n, ulp_sr_variant variant)
{
  choice c;
  ulp_rounding r = {.mode = ULP_SR, .seed = 5, .stream = 6,
                    .overflow = ULP_OVERFLOW_IEEE};
  bool seen[1 << 8] = {false};
  uint64_t all = UINT64_C(1) << n, met = 0, ups = 0;
  r.sr_bits = (uint8_t)n;
  r.sr_variant = variant;
  choose(o, x, &c);
  ulp_pcg32 g = ulp_pcg32_seed(r.seed, r.stream);
  for (uint64_t i = 0; met < all; i++) {
    uint32_t random = next(&g) >> (32 - n);
    if (seen[random])
      continue;
    seen[random] = true;
    met++;
    ups += ulp_encode_f64(f, x, &r, i) == code_of(o, &c, true, &r);
  }
  ck_assert_msg(ups == oracle_sr_ups(c.v, n, variant),
                "%s %a N=%d %c: %llu of %llu go up, by the formula %llu",
                o->name, x, n, 'A' + (int)variant, (unsigned long long)ups,
                (unsigned long long)all,
                (unsigned long long)oracle_sr_ups(c.v, n, variant));
  mpq_clear(c.v);
}

START_TEST(whole_distribution)
{
  ulp_format f;
  oracle_format o = described(formats[_i], &f);
  ulp_pcg32 g = ulp_pcg32_seed(17, (uint64_t)_i);
  for (int i = 0; i < 60; i++) {
    double x = pick(&o, &g);
    oracle_place p = oracle_search_f64(&o, x);
    if (p.exact || p.rank < o.rmin || p.rank >= o.rmax)
      continue;
    for (int v = ULP_SR_A; v <= ULP_SR_C; v++)
      check_distribution(&f, &o, x, 1 + i % 8, (ulp_sr_variant)v);
  }
  oracle_clear(&o);
}
END_TEST

/* The oracle's own counts, from P3109's three inequalities taken literally,
 * for every R and N <= 16. */
START_TEST(formula_counts)
{
  ulp_pcg32 g = ulp_pcg32_seed(1, 1);
  int n = _i;
  for (int i = 0; i < 20; i++) {
    uint32_t bits = next(&g) >> (i % 12);
    if (i % 3 == 0) /* an exact tie of variant C */
      bits = (2 * (bits >> (32 - n)) + 1) << (31 - n);
    mpq_t v;
    mpq_init(v);
    mpq_set_ui(v, bits, 1);
    mpq_div_2exp(v, v, 32);
    uint64_t all = UINT64_C(1) << n, a = 0, b = 0, c = 0;
    uint64_t whole = (uint64_t)bits >> (32 - n);
    uint64_t rest = (uint64_t)bits << n & 0xFFFFFFFF, half = UINT64_C(1) << 31;
    uint64_t nearest = whole + (rest > half || (rest == half && whole % 2));
    for (uint64_t random = 0; random < all; random++) {
      a += whole + random >= all;
      b += ((uint64_t)bits >> (31 - n)) + 2 * random + 1 >= 2 * all;
      c += nearest + random >= all;
    }
    ck_assert_uint_eq(a, oracle_sr_ups(v, n, ULP_SR_A));
    ck_assert_uint_eq(b, oracle_sr_ups(v, n, ULP_SR_B));
    ck_assert_uint_eq(c, oracle_sr_ups(v, n, ULP_SR_C));
    mpq_clear(v);
  }
}
END_TEST

/* ---- exact -------------------------------------------------------------------- */

static const char *const exact_formats[] = {
    "float8_e4m3fn", "float8_e5m2", "float4_e2m1fn", "float16", "bfloat16",
    "float8_e8m0fnu", "int8",       "nf4",           "float6_e2m3fn",
    "binary8p3se"};
enum { POINTS = 200 };

/* The z score of the number of draws that went up, against v * draws. */
static double z_score(const ulp_format *f, const oracle_format *o, double x,
                      uint64_t stream)
{
  choice c;
  ulp_rounding r = {.mode = ULP_SR, .overflow = ULP_OVERFLOW_IEEE, .seed = 77};
  uint64_t ups = 0;
  choose(o, x, &c);
  r.stream = stream;
  uint64_t up = code_of(o, &c, true, &r), down = code_of(o, &c, false, &r);
  double v = mpq_get_d(c.v), n = (double)draws;
  mpq_clear(c.v);
  for (uint64_t i = 0; i < (uint64_t)draws; i++) {
    uint64_t code = ulp_encode_f64(f, x, &r, i);
    if (code != up && code != down)
      return INFINITY;
    ups += code == up;
  }
  if (v == 0)
    return ups ? INFINITY : 0;
  return ((double)ups - n * v) / sqrt(n * v * (1 - v));
}

/* Points: 20 a format; the fractions stay away from 0 and 1 by as much as
 * the normal approximation wants, 10 expected draws on each side. */
static double point(const oracle_format *o, int k, int turn)
{
  ulp_pcg32 g = ulp_pcg32_seed(200, (uint64_t)k);
  bool special = o->max_mag + 1 < UINT64_C(1) << (o->bits - o->sign);
  int64_t rank = o->rmin + (int64_t)(next(&g) % (uint64_t)(o->rmax - o->rmin));
  double v = 0.001 + 0.998 * ldexp((double)next(&g), -32);
  if (turn % 4 == 0 && o->kind == 'f') /* next to zero, with either sign */
    rank = o->sign && turn % 8 ? -1 : 0;
  if (turn % 4 == 1 && o->kind == 'f' && special) /* up to Inf or NaN */
    rank = o->rmax;
  double lo = o->value[rank - o->rmin + 1], hi = o->value[rank - o->rmin + 2];
  return lo + (hi - lo) * v;
}

/* P(X >= k), X binomial(POINTS, p). */
static double tail(int k, double p)
{
  double sum = 0, term = pow(1 - p, POINTS);
  for (int i = 0; i < k; i++) {
    sum += term;
    term *= (POINTS - i) * p / ((i + 1) * (1 - p));
  }
  return 1 - sum;
}

/* The mean of the draws is down + (up - down) * ups / draws, so it is within
 * 3 standard errors of x when |z| <= 3.  Of 200 right points 0.54 exceed 3
 * on average; the test asks that the number that do is not improbable, and
 * that none is wild. */
START_TEST(exact_mean)
{
  enum { FORMATS = sizeof exact_formats / sizeof *exact_formats };
  ulp_format f[FORMATS];
  oracle_format o[FORMATS];
  int beyond = 0;
  double worst = 0, squares = 0;
  for (int k = 0; k < FORMATS; k++)
    o[k] = described(exact_formats[k], &f[k]);
#pragma omp parallel for schedule(dynamic)
  for (int k = 0; k < POINTS; k++) {
    int which = k % FORMATS;
    double x = point(&o[which], k, k / FORMATS);
    double z = fabs(z_score(&f[which], &o[which], x, (uint64_t)k));
#pragma omp critical
    {
      beyond += z > 3;
      squares += z * z;
      if (z > worst)
        worst = z;
    }
  }
  printf("exact SR: %d points, %d draws each: %d beyond 3 standard errors "
         "(probability of as many %.3g), worst |z| %.2f, mean z^2 %.3f\n",
         POINTS, draws, beyond, tail(beyond, 0.0027),
         worst, squares / POINTS);
  fflush(stdout);
  ck_assert_msg(tail(beyond, 0.0027) > 1e-3, "%d points beyond", beyond);
  ck_assert_msg(worst < 5, "worst |z| %g", worst);
  /* mean z^2 of 200 normal deviates: 1 +- 0.1 (one standard deviation) */
  ck_assert_msg(squares / POINTS > 0.6 && squares / POINTS < 1.4,
                "mean z^2 %g", squares / POINTS);
  for (int k = 0; k < FORMATS; k++)
    oracle_clear(&o[k]);
}
END_TEST

/* The first 2^-32 and less of a fraction need later words: with word 0 at
 * its least, a tiny x goes up or not by word 1. */
START_TEST(tiny_fractions)
{
  ulp_format f;
  ulp_rounding r = {.mode = ULP_SR, .seed = 1, .stream = 1};
  ck_assert_int_eq(ulp_format_find("e4m3", &f, NULL, 0), ULP_OK);
  uint64_t ups = 0;
  for (uint64_t i = 0; i < 1 << 20; i++) /* P(up) = 2^-20 */
    ups += ulp_encode_f64(&f, 0x1p-29, &r, i) != 0;
  ck_assert_uint_le(ups, 12); /* Poisson(1): P(X > 12) is below 1e-10 */
  for (uint64_t i = 0; i < 1 << 16; i++) /* never in a lifetime */
    ck_assert_uint_eq(ulp_encode_f64(&f, 0x1p-1074, &r, i), 0);
}
END_TEST

/* ---- at the threshold ---------------------------------------------------------- */

/* Whether v * 2^-9, with v = fraction * 2^-64 (and something below it if
 * sticky), goes up to the least value of E4M3. */
static bool goes_up(uint64_t fraction, bool sticky, const ulp_rounding *r,
                    uint64_t index)
{
  ulp_format f;
  ulp_exact x = {.cls = ULP_CLASS_NORMAL, .significand = fraction,
                 .exponent = -9 - 64, .sticky = sticky};
  ck_assert_int_eq(ulp_format_find("e4m3", &f, NULL, 0), ULP_OK);
  return ulp_round_pack(&f, &x, r, index) == 1;
}

/* The fractions at which the draw R just goes up, and just does not. */
START_TEST(at_the_threshold)
{
  unsigned n = (unsigned)_i;
  ulp_rounding r = {.mode = ULP_SR, .seed = 8, .stream = 9,
                    .sr_bits = (uint8_t)n};
  for (uint64_t i = 0; i < 200; i++) {
    uint64_t random = ulp_random_word(8, 9, i, 0) >> (32 - n);
    uint64_t needed = (UINT64_C(1) << n) - random; /* of 2^n, by A and C */
    uint64_t b = (2 * needed - 1) << (63 - n);
    r.sr_variant = ULP_SR_A;
    if (random) {
      ck_assert(goes_up(needed << (64 - n), false, &r, i));
      ck_assert(!goes_up((needed << (64 - n)) - 1, true, &r, i));
    }
    r.sr_variant = ULP_SR_B;
    ck_assert(goes_up(b, false, &r, i));
    ck_assert(!goes_up(b - 1, true, &r, i));
    r.sr_variant = ULP_SR_C; /* b is a tie here: to the even of needed's */
    ck_assert(goes_up(b, false, &r, i) == (needed % 2 == 0));
    ck_assert(goes_up(b, true, &r, i));
    ck_assert(goes_up(b + 1, false, &r, i));
    ck_assert(!goes_up(b - 1, true, &r, i));
  }
}
END_TEST

/* Exact: up if and only if the random real 0.word0 word1 ... is below v. */
START_TEST(exact_at_the_threshold)
{
  ulp_rounding r = {.mode = ULP_SR, .seed = 8, .stream = 9};
  for (uint64_t i = 0; i < 2000; i++) {
    uint64_t high = (uint64_t)ulp_random_word(8, 9, i, 0) << 32;
    uint64_t u = high | ulp_random_word(8, 9, i, 1);
    ck_assert(!goes_up(high, false, &r, i));
    ck_assert(goes_up(high + (UINT64_C(1) << 32), false, &r, i));
    ck_assert(!goes_up(u, false, &r, i));
    ck_assert(!goes_up(u - 1, true, &r, i));
    ck_assert(goes_up(u + 1, false, &r, i));
  }
}
END_TEST

/* ---- reproducible -------------------------------------------------------------- */

START_TEST(depends_on_seed_stream_index)
{
  ulp_format f;
  ulp_rounding r = {.mode = ULP_SR, .seed = 10, .stream = 20};
  static double x[4096];
  static uint8_t whole[4096], part[4096];
  ck_assert_int_eq(ulp_format_find("e5m2", &f, NULL, 0), ULP_OK);
  for (int i = 0; i < 4096; i++)
    x[i] = 1 + i / 4096.0;
  for (int bits = 0; bits <= 32; bits += 8) {
    int same = 0;
    r.sr_bits = (uint8_t)bits;
    ck_assert_int_eq(ulp_encode_array(&f, whole, x, 4096, 1, &r, 1000), ULP_OK);
    for (size_t i = 0; i < 4096; i += 512) /* in pieces, last first */
      ck_assert_int_eq(ulp_encode_array(&f, part + 3584 - i, x + 3584 - i, 512,
                                        1, &r, 1000 + 3584 - i),
                       ULP_OK);
    ck_assert_int_eq(memcmp(whole, part, 4096), 0);
    for (uint64_t i = 0; i < 4096; i++)
      ck_assert_uint_eq(ulp_encode_f64(&f, x[i], &r, 1000 + i), whole[i]);
    r.seed++;
    for (uint64_t i = 0; i < 4096; i++)
      same += ulp_encode_f64(&f, x[i], &r, 1000 + i) == whole[i];
    r.seed--;
    r.stream++;
    for (uint64_t i = 0; i < 4096; i++)
      same += ulp_encode_f64(&f, x[i], &r, 1000 + i) == whole[i];
    r.stream--;
    ck_assert_int_lt(same, 2 * 3500);
  }
}
END_TEST

int main(void)
{
  int count = (int)(sizeof formats / sizeof *formats);
  Suite *s = suite_create("sr");
  TCase *t = tcase_create("stochastic");
  tcase_set_timeout(t, seconds);
  tcase_add_loop_test(t, every_draw, 0, count);
  tcase_add_loop_test(t, whole_distribution, 0, count);
  tcase_add_loop_test(t, formula_counts, 1, 17);
  tcase_add_test(t, exact_mean);
  tcase_add_test(t, tiny_fractions);
  tcase_add_loop_test(t, at_the_threshold, 1, 33);
  tcase_add_test(t, exact_at_the_threshold);
  tcase_add_test(t, depends_on_seed_stream_index);
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
