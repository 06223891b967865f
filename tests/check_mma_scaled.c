/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Block scales, exact groups and AMD's kinds, against an oracle in GMP
 * integers that was written from the papers: every value is an integer times
 * 2^-UNIT, so that cutting and flooring are divisions.
 */
#include <check.h>
#include <gmp.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emu.h"

enum { UNIT = 1200, TRIALS = 600, MAX_K = 64 };

/* ---- operands --------------------------------------------------------------- */

enum { FAMILIES = 6 };

/* A code whose exponent field is: 0 any, 1 near the bias, 2 one of the least
 * three, 3 near the bias and mostly zero, 4 any but the greatest, 5 near half
 * the bias, where products of bf16 become subnormal. */
static uint64_t random_code(const ulp_format *f, int family, ulp_pcg32 *g)
{
  uint64_t top = (UINT64_C(1) << f->exp_bits) - 1, e, code;
  uint64_t bits = (uint64_t)ulp_pcg32_next(g) << 32 | ulp_pcg32_next(g);
  uint64_t middle = top / 2 ? top / 2 - 1 : 0;
  switch (family) {
  case 1:
  case 3: e = middle + ulp_pcg32_next(g) % 3; break;
  case 2: e = ulp_pcg32_next(g) % 3; break;
  case 4: e = ulp_pcg32_next(g) % top; break;
  case 5: e = top / 4 + ulp_pcg32_next(g) % 3; break;
  default: e = ulp_pcg32_next(g) & top; break;
  }
  if (family == 3 && ulp_pcg32_next(g) % 4)
    return 0;
  code = e << f->man_bits | (bits & ((UINT64_C(1) << f->man_bits) - 1));
  return f->is_signed ? code | bits >> 63 << (f->bits - 1) : code;
}

typedef struct {
  uint64_t a[MAX_K], b[MAX_K], sa[4], sb[4], c;
} operands;

/* A C beside the result d from 0: what takes it back, so that the sum cancels,
 * or of up to 2^35 less or 2^12 more. */
static uint64_t beside(uint64_t d, int trial, ulp_pcg32 *g)
{
  int64_t e = (int64_t)(d >> 23 & 0xff) - 35 + ulp_pcg32_next(g) % 48;
  uint64_t bits = ulp_pcg32_next(g);
  if (trial % 2 == 0 || e <= 0 || e >= 255)
    return d ^ 0x80000000u;
  return (bits & 0x807fffff) | (uint64_t)e << 23;
}

static void draw(const ulp_mma *m, int trial, operands *o, ulp_pcg32 *g)
{
  int family = trial % FAMILIES;
  for (int k = 0; k < m->k; k++) {
    o->a[k] = random_code(&m->a, family, g);
    o->b[k] = random_code(&m->b, family, g);
  }
  for (int i = 0; i < m->scales; i++) {
    o->sa[i] = random_code(&m->scale, family ? 1 + trial % 5 : 0, g);
    o->sb[i] = random_code(&m->scale, family ? 1 + trial % 5 : 0, g);
  }
  o->c = random_code(&m->c, trial / FAMILIES / 4 % FAMILIES, g);
  if (trial / FAMILIES % 4)
    o->c = beside(ulp_mma_dot_scaled(m, o->a, o->b, 0, m->scales ? o->sa : NULL,
                                     m->scales ? o->sb : NULL, NULL),
                  trial / FAMILIES, g);
}

/* ---- the oracle's numbers ------------------------------------------------------ */

static void fix(mpz_t out, double v)
{
  int e;
  mpz_set_d(out, ldexp(frexp(v, &e), 53));
  ck_assert_int_ge(e - 53 + UNIT, 0);
  mpz_mul_2exp(out, out, (mp_bitcnt_t)(e - 53 + UNIT));
}

static void times(mpz_t x, double v)
{
  mpz_t y;
  mpz_init(y);
  fix(y, v);
  mpz_mul(x, x, y);
  mpz_tdiv_q_2exp(x, x, UNIT); /* exact */
  mpz_clear(y);
}

/* Toward zero, or down, to a multiple of 2^unit. */
static void keep(mpz_t x, int unit, bool down)
{
  mp_bitcnt_t n = (mp_bitcnt_t)(unit + UNIT);
  if (unit + UNIT <= 0)
    return;
  if (down)
    mpz_fdiv_q_2exp(x, x, n);
  else
    mpz_tdiv_q_2exp(x, x, n);
  mpz_mul_2exp(x, x, n);
}

static int leading(const mpz_t x)
{
  return mpz_sgn(x) ? (int)mpz_sizeinbase(x, 2) - 1 - UNIT : -UNIT;
}

/* The f32 code of x: toward zero, or to nearest even. */
static uint64_t to_f32(const mpz_t x, bool nearest)
{
  int e = leading(x) < -126 ? -126 : leading(x);
  mp_bitcnt_t n = (mp_bitcnt_t)(e - 23 + UNIT);
  uint64_t sign = mpz_sgn(x) < 0 ? 0x80000000u : 0, q, code;
  mpz_t t, rest;
  mpz_init(t);
  mpz_init(rest);
  mpz_abs(t, x);
  mpz_tdiv_r_2exp(rest, t, n);
  mpz_tdiv_q_2exp(t, t, n);
  q = mpz_get_ui(t);
  if (nearest) {
    mpz_mul_2exp(rest, rest, 1);
    mpz_set_ui(t, 1);
    mpz_mul_2exp(t, t, n);
    int half = mpz_cmp(rest, t);
    q += half > 0 || (half == 0 && (q & 1));
  }
  code = ((uint64_t)(e + 126) << 23) + q;
  mpz_clears(t, rest, NULL);
  return sign | (code > 0x7f800000 || e > 127 ? 0x7f800000 : code);
}

static double f32(uint64_t code)
{
  uint32_t bits = (uint32_t)code;
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

/* ---- what the papers say --------------------------------------------------------- */

static int exponent(const ulp_format *f, double v)
{
  int e;
  (void)frexp(fabs(v) < ulp_min_normal(f) ? ulp_min_normal(f) : v, &e);
  return e - 1;
}

static double scale_of(const ulp_mma *m, uint64_t code)
{
  return ulp_decode(&m->scale, m->scale.man_bits ? code & 0x7f : code);
}

enum { TERMS = 34 };

typedef struct {
  mpz_t value[TERMS];
  int vote[TERMS], n;
  double special; /* the sum of all that is not finite */
} sum;

static void begin(sum *s)
{
  s->n = 0;
  s->special = 0;
  for (int i = 0; i < TERMS; i++)
    mpz_init(s->value[i]);
}

static void end(sum *s)
{
  for (int i = 0; i < TERMS; i++)
    mpz_clear(s->value[i]);
}

enum { ABSENT = -100000 };

/* a b of one k into term t; whether it is a number. */
static bool multiply(sum *s, mpz_t t, double a, double b)
{
  if (!isfinite(a) || !isfinite(b)) {
    s->special += a * b;
    return false;
  }
  fix(t, a);
  times(t, b);
  return true;
}

static void add_c(sum *s, const ulp_mma *m, double c)
{
  s->vote[s->n] = c != 0 ? exponent(&m->acc, c) : ABSENT;
  if (isfinite(c))
    fix(s->value[s->n], c);
  else
    s->special += c;
  s->n++;
}

static void scaled_terms(sum *s, const ulp_mma *m, const operands *o)
{
  const ulp_mma_record *r = m->record;
  int step = r->group ? r->group : 1;
  mpz_t t;
  mpz_init(t);
  for (int k = 0; k < m->k; k += step) {
    double sa = scale_of(m, o->sa[k / r->scale_block]);
    double sb = scale_of(m, o->sb[k / r->scale_block]);
    int vote = ABSENT;
    if (isnan(sa) || isnan(sb)) {
      s->special = NAN;
      continue;
    }
    mpz_set_ui(s->value[s->n], 0);
    for (int i = k; i < k + step; i++) {
      double a = ulp_decode(&m->a, o->a[i]), b = ulp_decode(&m->b, o->b[i]);
      if (multiply(s, t, a, b)) {
        mpz_add(s->value[s->n], s->value[s->n], t);
        if (mpz_sgn(t))
          vote = r->group ? 0 : exponent(&m->a, a) + exponent(&m->b, b);
      }
    }
    times(s->value[s->n], sa);
    times(s->value[s->n], sb);
    s->vote[s->n++] = vote == ABSENT || sa * sb == 0
                          ? ABSENT
                          : vote + exponent(&m->scale, sa) +
                                exponent(&m->scale, sb);
  }
  mpz_clear(t);
}

static bool special(const sum *s, uint64_t *out)
{
  if (isfinite(s->special))
    return false;
  *out = isnan(s->special) ? 0x7fffffff : s->special > 0 ? 0x7f800000
                                                         : 0xff800000;
  return true;
}

static uint64_t scaled_oracle(const ulp_mma *m, const operands *o)
{
  sum s;
  uint64_t code;
  int top = m->record->floor;
  begin(&s);
  scaled_terms(&s, m, o);
  add_c(&s, m, f32(o->c));
  for (int i = 0; i < s.n; i++)
    top = s.vote[i] > top ? s.vote[i] : top;
  for (int i = 0; i < s.n; i++) {
    keep(s.value[i], top - m->record->align, false);
    if (i)
      mpz_add(s.value[0], s.value[0], s.value[i]);
  }
  if (!special(&s, &code))
    code = to_f32(s.value[0], false);
  end(&s);
  return code;
}

/* CDNA1: exactly. */
static uint64_t exact_oracle(const ulp_mma *m, const uint64_t *a,
                             const uint64_t *b, uint64_t c)
{
  sum s;
  uint64_t code;
  begin(&s);
  add_c(&s, m, f32(c));
  for (int k = 0; k < m->record->block; k++)
    if (multiply(&s, s.value[1], ulp_decode(&m->a, a[k]),
                 ulp_decode(&m->b, b[k])))
      mpz_add(s.value[0], s.value[0], s.value[1]);
  if (!special(&s, &code))
    code = to_f32(s.value[0], true);
  end(&s);
  return code;
}

/* CDNA2: each product and sum to nearest; subnormals are 0. */
static double flush(const ulp_format *f, double x)
{
  return fabs(x) < ulp_min_normal(f) ? 0 : x;
}

static double step(const ulp_mma *m, double x, double y, bool product)
{
  mpz_t t, u;
  double d = product ? x * y : x + y;
  if (isfinite(x) && isfinite(y)) {
    mpz_init(t);
    mpz_init(u);
    fix(t, x);
    fix(u, y);
    if (product)
      times(t, y);
    else
      mpz_add(t, t, u);
    d = f32(to_f32(t, true));
    mpz_clears(t, u, NULL);
  }
  return flush(&m->acc, d);
}

static uint64_t flush_oracle(const ulp_mma *m, const uint64_t *a,
                             const uint64_t *b, uint64_t c)
{
  int n = m->record->block;
  double p[4], d;
  for (int k = 0; k < n; k++)
    p[k] = step(m, flush(&m->a, ulp_decode(&m->a, a[k])),
                flush(&m->b, ulp_decode(&m->b, b[k])), true);
  d = step(m, p[0], p[1], false);
  if (n == 4)
    d = step(m, d, step(m, p[2], p[3], false), false);
  d = step(m, flush(&m->acc, f32(c)), d, false);
  float x = (float)d;
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return isnan(d) ? 0x7fffffff : bits;
}

/* CDNA3: products cut 24 bits below their greatest exponent. */
static int cut_products(sum *s, mpz_t total, const ulp_mma *m,
                        const uint64_t *a, const uint64_t *b, int first,
                        int by)
{
  int top = -999;
  s->n = 0;
  for (int k = first; k < m->record->block; k += by) {
    double x = ulp_decode(&m->a, a[k]), y = ulp_decode(&m->b, b[k]);
    mpz_set_ui(s->value[s->n], 0);
    if (!multiply(s, s->value[s->n], x, y))
      continue;
    if (leading(s->value[s->n]) >= 128) {
      s->special += mpz_sgn(s->value[s->n]) * INFINITY;
      continue;
    }
    int e = exponent(&m->a, x) + exponent(&m->b, y);
    if (mpz_sgn(s->value[s->n]) && e > top)
      top = e;
    s->n++;
  }
  mpz_set_ui(total, 0);
  for (int i = 0; i < s->n; i++) {
    keep(s->value[i], top - 24, false);
    mpz_add(total, total, s->value[i]);
  }
  return top;
}

static uint64_t floor_oracle(const ulp_mma *m, const uint64_t *a,
                             const uint64_t *b, uint64_t c_code)
{
  bool apart = m->record->kind == ULP_DOT_FLOOR_EVEN_ODD;
  double c = f32(c_code);
  sum s;
  uint64_t code;
  mpz_t dot, odd;
  begin(&s);
  mpz_init(dot);
  mpz_init(odd);
  int top = cut_products(&s, dot, m, a, b, 0, apart ? 2 : 1);
  if (apart) {
    int other = cut_products(&s, odd, m, a, b, 1, 2);
    top = other > top ? other : top;
    keep(dot, top - 24, true);
    keep(odd, top - 24, true);
    mpz_add(dot, dot, odd);
  }
  if (!isfinite(c))
    s.special += c;
  if (!special(&s, &code)) {
    int ec = exponent(&m->acc, c);
    top = ec > top ? ec : top;
    keep(dot, top - 32, true);
    fix(odd, c);
    keep(odd, top - 24, true);
    if (!apart || ec >= top - 25)
      mpz_add(dot, dot, odd);
    keep(dot, (leading(dot) < -126 ? -126 : leading(dot)) - 31, true);
    code = to_f32(dot, true);
  }
  mpz_clears(dot, odd, NULL);
  end(&s);
  return code;
}

static uint64_t oracle(const ulp_mma *m, const operands *o)
{
  uint64_t c = o->c;
  if (m->scales)
    return scaled_oracle(m, o);
  for (int k = 0; k < m->k; k += m->record->block)
    switch (m->record->kind) {
    case ULP_DOT_EXACT: c = exact_oracle(m, o->a + k, o->b + k, c); break;
    case ULP_DOT_FLUSH: c = flush_oracle(m, o->a + k, o->b + k, c); break;
    default: c = floor_oracle(m, o->a + k, o->b + k, c); break;
    }
  return c;
}

/* Zeros of both signs count as equal here. */
static bool same(uint64_t x, uint64_t y)
{
  return x == y || ((x | y) & 0x7fffffff) == 0;
}

static ulp_mma get(size_t i, int which)
{
  char name[96], why[256];
  ulp_mma m;
  const ulp_mma_record *r = ulp_mma_row(i);
  ulp_mma_row_name(r, which, 4 - which, 0, name, sizeof name);
  ck_assert_msg(ulp_mma_find(r->arch, name, &m, why, sizeof why) == ULP_OK,
                "%s: %s", name, why);
  ck_assert_msg(m.record == r, "%s", name);
  return m;
}

START_TEST(reference_equals_oracle)
{
  int rows = 0;
  for (size_t i = 0; i < ulp_mma_count(); i++) {
    const ulp_mma_record *r = ulp_mma_row(i);
    if (!r->scale && r->kind != ULP_DOT_EXACT && r->kind != ULP_DOT_FLUSH &&
        r->kind != ULP_DOT_FLOOR && r->kind != ULP_DOT_FLOOR_EVEN_ODD)
      continue;
    rows++;
    for (int which = 0; which < (r->scale ? 5 : 1); which++) {
      ulp_pcg32 g = ulp_pcg32_seed(i, (uint64_t)which);
      ulp_mma m = get(i, which);
      for (int t = 0; t < TRIALS; t++) {
        operands o;
        draw(&m, t, &o, &g);
        uint64_t d = ulp_mma_dot_scaled(&m, o.a, o.b, o.c,
                                        m.scales ? o.sa : NULL,
                                        m.scales ? o.sb : NULL, NULL);
        uint64_t want = oracle(&m, &o);
        ck_assert_msg(same(d, want), "%s %s trial %d: %llx, oracle %llx",
                      r->arch, r->instr, t, (unsigned long long)d,
                      (unsigned long long)want);
      }
    }
  }
  ck_assert_int_ge(rows, 50);
}
END_TEST

static ulp_mma instruction(const char *gpu, const char *name)
{
  ulp_mma m;
  char why[256];
  ck_assert_msg(ulp_mma_find(gpu, name, &m, why, sizeof why) == ULP_OK, "%s",
                why);
  return m;
}

#define NVF4 "mma.sync.aligned.m16n8k64.row.col.kind::mxf4nvf4.block_scale"
#define E2M1 ".f32.e2m1.e2m1.f32"

/* ---- tiles --------------------------------------------------------------- */

enum { ROWS = 3, COLS = 5 };

/* Codes of a tile, and the bytes that hold them. */
typedef struct {
  operands of[ROWS * COLS];
  unsigned char a[ROWS * MAX_K], b[COLS * MAX_K], sa[ROWS * 4], sb[COLS * 4],
      c[ROWS * COLS * 4], d[ROWS * COLS * 4];
} tile;

static void store(const ulp_format *f, void *array, size_t row,
                  const uint64_t *code, int n)
{
  for (size_t i = 0; i < (size_t)n; i++)
    ulp_store_code(f, array, row * (size_t)n + i, code[i]);
}

/* Each row of A, each row of B and each C its own draw. */
static void draw_tile(const ulp_mma *m, int trial, tile *t, ulp_pcg32 *g)
{
  for (int i = 0; i < ROWS * COLS; i++)
    draw(m, trial + i, &t->of[i], g);
  for (size_t i = 0; i < ROWS * COLS; i++) {
    const operands *x = &t->of[i / COLS * COLS], *y = &t->of[i % COLS];
    memcpy(t->of[i].a, x->a, sizeof x->a);
    memcpy(t->of[i].sa, x->sa, sizeof x->sa);
    memcpy(t->of[i].b, y->b, sizeof y->b);
    memcpy(t->of[i].sb, y->sb, sizeof y->sb);
    store(&m->a, t->a, i / COLS, x->a, m->k);
    store(&m->scale, t->sa, i / COLS, x->sa, m->scales);
    store(&m->b, t->b, i % COLS, y->b, m->k);
    store(&m->scale, t->sb, i % COLS, y->sb, m->scales);
    store(&m->c, t->c, i, &t->of[i].c, 1);
  }
}

static void check_tile(const ulp_mma *m, tile *t, bool scaled)
{
  ck_assert(ulp_mma_tile_scaled(m, t->d, t->a, t->b, t->c,
                                scaled ? t->sa : NULL, scaled ? t->sb : NULL,
                                ROWS, COLS) == ULP_OK);
  for (size_t i = 0; i < ROWS * COLS; i++) {
    operands *o = &t->of[i];
    if (!scaled)
      for (int s = 0; s < m->scales; s++)
        o->sa[s] = o->sb[s] = m->scale.man_bits ? 0x38 : 0x7f; /* 1 */
    uint64_t d = ulp_load_code(&m->d, t->d, i), want = oracle(m, o);
    ck_assert_msg(same(d, want), "%s %s output %zu: %llx, oracle %llx",
                  m->record->arch, m->record->ptx_kind, i,
                  (unsigned long long)d, (unsigned long long)want);
  }
}

START_TEST(tiles)
{
  int rows = 0;
  for (size_t i = 0; i < ulp_mma_count(); i++)
    for (int which = 0; ulp_mma_row(i)->scale && which < 5; which++) {
      ulp_pcg32 g = ulp_pcg32_seed(i, (uint64_t)which + 100);
      ulp_mma m = get(i, which);
      tile t;
      rows++;
      for (int trial = 0; trial < 40; trial++) {
        draw_tile(&m, trial, &t, &g);
        check_tile(&m, &t, true);
        check_tile(&m, &t, false);
      }
    }
  ck_assert_int_ge(rows, 8 * 5);
}
END_TEST

START_TEST(refused_tiles)
{
  ulp_mma scaled = instruction("rtx5090", NVF4 ".scale_vec::4X" E2M1 ".ue4m3");
  ulp_mma plain = instruction("rtx5090", "mma.m16n8k16.f32.f16.f16.f32");
  tile t = {0};
  ck_assert(ulp_mma_tile_scaled(&scaled, t.d, t.a, t.b, t.c, t.sa, NULL, 1,
                                1) == ULP_EINVAL);
  ck_assert(ulp_mma_tile_scaled(&scaled, t.d, t.a, t.b, t.c, NULL, t.sb, 1,
                                1) == ULP_EINVAL);
  ck_assert(ulp_mma_tile_scaled(&plain, t.d, t.a, t.b, t.c, t.sa, t.sb, 1,
                                1) == ULP_EINVAL);
}
END_TEST

/* ---- scales -------------------------------------------------------------- */

/* No scales are scales of 1; bit 7 of UE4M3 is nothing; 0x7f is NaN. */
START_TEST(scales)
{
  ulp_mma m = instruction("rtx5090", NVF4 ".scale_vec::4X" E2M1 ".ue4m3");
  ulp_pcg32 g = ulp_pcg32_seed(7, 7);
  operands o;
  draw(&m, 1, &o, &g);
  ck_assert_int_eq(m.scales, 4);
  uint64_t plain = ulp_mma_dot(&m, o.a, o.b, o.c, NULL);
  for (int i = 0; i < 4; i++)
    o.sa[i] = o.sb[i] = 0x38; /* 1 */
  ck_assert_uint_eq(plain, ulp_mma_dot_scaled(&m, o.a, o.b, o.c, o.sa, o.sb,
                                              NULL));
  o.sa[2] |= 0x80;
  ck_assert_uint_eq(plain, ulp_mma_dot_scaled(&m, o.a, o.b, o.c, o.sa, o.sb,
                                              NULL));
  o.sb[3] = 0x7f;
  ck_assert_uint_eq(0x7fffffff, ulp_mma_dot_scaled(&m, o.a, o.b, o.c, o.sa,
                                                   o.sb, NULL));
}
END_TEST

/* A group that cancels still raises E: products 1 and -1 under a scale of
 * 2^13 leave a C of 2^-21 - 2^-46 only its first bit, 2^-22, where F = 35. */
START_TEST(cancelled_group)
{
  ulp_mma m = instruction("rtx5090", NVF4 ".scale_vec::2X" E2M1 ".ue8m0");
  operands o = {.c = 0x34ffffff, .sa = {127 + 13, 127}, .sb = {127, 127}};
  ck_assert_uint_eq(ulp_mma_dot_scaled(&m, o.a, o.b, o.c, o.sa, o.sb, NULL),
                    o.c); /* nothing but zeros */
  o.a[0] = o.a[1] = o.b[0] = 2;
  o.b[1] = 10;
  ck_assert_uint_eq(ulp_mma_dot_scaled(&m, o.a, o.b, o.c, o.sa, o.sb, NULL),
                    0x34800000);
}
END_TEST

/* ---- traces -------------------------------------------------------------- */

typedef struct {
  const ulp_mma *m;
  const operands *o;
  double sum[MAX_K]; /* of the group that begins at k */
  int groups, terms;
} traced;

static double value(const ulp_trace_term *t)
{
  double v = ldexp((double)t->significand, t->exponent);
  return t->negative ? -v : v;
}

/* Products are those of the codes, and their sum is theirs: all exact. */
static void see_group(void *data, const ulp_trace_term *product, int n,
                      const ulp_trace_term *whole)
{
  traced *seen = data;
  const ulp_mma *m = seen->m;
  double total = 0;
  ck_assert_int_eq(n, m->record->group);
  for (int i = 0; i < n; i++) {
    int k = product[i].k;
    ck_assert_int_eq(k, whole->k + i);
    ck_assert_double_eq(value(&product[i]),
                        ulp_decode(&m->a, seen->o->a[k]) *
                            ulp_decode(&m->b, seen->o->b[k]));
    total += value(&product[i]);
  }
  ck_assert_double_eq(value(whole), total);
  seen->sum[whole->k] = total;
  seen->groups++;
}

/* A term is the product, or the group's sum, times the scales. */
static void see_term(void *data, const ulp_trace_term *t)
{
  traced *seen = data;
  const ulp_mma *m = seen->m;
  const operands *o = seen->o;
  if (t->k < 0)
    return;
  int s = t->k / m->record->scale_block;
  double before = m->record->group ? seen->sum[t->k]
                                   : ulp_decode(&m->a, o->a[t->k]) *
                                         ulp_decode(&m->b, o->b[t->k]);
  ck_assert_double_eq(value(t), before * scale_of(m, o->sa[s]) *
                                    scale_of(m, o->sb[s]));
  seen->terms++;
}

static void see_block(void *data, const ulp_trace_block *b)
{
  traced *seen = data;
  int step = seen->m->record->group;
  if (step)
    ck_assert_int_eq(seen->groups, seen->m->k / step);
  if (!b->special)
    ck_assert_int_eq(seen->terms, seen->m->k / (step ? step : 1));
}

START_TEST(traces)
{
  for (size_t i = 0; i < ulp_mma_count(); i++)
    for (int which = 0; ulp_mma_row(i)->scale && which < 5; which++) {
      ulp_pcg32 g = ulp_pcg32_seed(i, (uint64_t)which + 200);
      ulp_mma m = get(i, which);
      for (int trial = 0; trial < 100; trial++) {
        operands o;
        traced seen = {.m = &m, .o = &o};
        ulp_trace trace = {.term = see_term, .block = see_block, .data = &seen};
        draw(&m, trial, &o, &g);
        uint64_t d = ulp_mma_dot_scaled(&m, o.a, o.b, o.c, o.sa, o.sb, NULL);
        trace.group = m.record->group ? see_group : NULL;
        ck_assert_uint_eq(d, ulp_mma_dot_scaled(&m, o.a, o.b, o.c, o.sa, o.sb,
                                                &trace));
      }
    }
}
END_TEST

/* ---- AMD ----------------------------------------------------------------- */

/* What random operands seldom show.  The last rounding of CDNA3 sees 31 bits
 * below the first, floored: beside C = +-1, +-(2^-24 + 2^-i) is a tie or more. */
START_TEST(cdna3_floors)
{
  static const struct {
    uint64_t c, p, q, d;
  } cases[] = {
      {0x3f800000, 0x0c00, 0x0004, 0x3f800001}, /* + 2^-24 + 2^-31 */
      {0x3f800000, 0x0c00, 0x0002, 0x3f800000}, /* + 2^-24 + 2^-32 */
      {0xbf800000, 0x8c00, 0x8002, 0xbf800001}, /* - 2^-24 - 2^-32 */
      {0xbf800000, 0x8c00, 0x8001, 0xbf800001}, /* - 2^-24 - 2^-33 */
      {0xbf800000, 0x8c00, 0x0000, 0xbf800000}, /* - 2^-24 */
      {0xbf800000, 0x8c00, 0x0001, 0xbf800000}  /* - 2^-24 + 2^-33 */
  };
  ulp_mma m = instruction("mi300x", "v_mfma_f32_16x16x4_4b_f16");
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    uint64_t a[4] = {cases[i].p, cases[i].q}, b[4] = {0x0c00, 0x1800};
    ck_assert_msg(ulp_mma_dot(&m, a, b, cases[i].c, NULL) == cases[i].d,
                  "case %zu: %llx", i,
                  (unsigned long long)ulp_mma_dot(&m, a, b, cases[i].c, NULL));
  }
}
END_TEST

/* A product of 2^128 is Inf, though f32 could hold the sum. */
START_TEST(cdna3_product_overflows)
{
  ulp_mma m = instruction("mi300x", "v_mfma_f32_16x16x4_4b_bf16");
  uint64_t a[5] = {0x5f80, 0xdf80}, b[4] = {0x5f80, 0x5f80};
  ck_assert_uint_eq(ulp_mma_dot(&m, a, b, 0, NULL), 0x7fffffff);
  ck_assert_uint_eq(ulp_mma_dot(&m, a + 1, b, 0, NULL), 0xff800000);
  a[0] = 0x5f00, a[1] = 0xdf00; /* 2^63 */
  ck_assert_uint_eq(ulp_mma_dot(&m, a, b, 0, NULL), 0);
}
END_TEST

START_TEST(names)
{
  ulp_mma m = instruction("MI300X", "v_mfma_f32_16x16x32_fp8_bf8");
  char why[256];
  ck_assert_str_eq(m.a.name, "float8_e4m3fnuz");
  ck_assert_str_eq(m.b.name, "float8_e5m2fnuz");
  ck_assert_int_eq(m.n, 16);
  m = instruction("b200", "tcgen05.mma.cta_group::1.kind::f8f6f4.m64n256k32"
                          ".f32.e3m2.e2m1");
  ck_assert_int_eq(m.m, 64);
  m = instruction("rtx5090", NVF4 ".scale_vec::2X" E2M1 ".ue8m0");
  ck_assert_int_eq(m.scales, 2);
  ck_assert(ulp_mma_find("rtx5090", NVF4 ".scale_vec::2X" E2M1 ".ue4m3", &m,
                         why, sizeof why) == ULP_ENAME);
  ck_assert(ulp_mma_find("rtx5090", NVF4 ".scale_vec::3X" E2M1 ".ue8m0", &m,
                         why, sizeof why) == ULP_ENAME);
  ck_assert(ulp_mma_find("h200", NVF4 ".scale_vec::2X" E2M1 ".ue8m0", &m, why,
                         sizeof why) == ULP_ENAME);
  ck_assert(ulp_mma_find("mi100", "v_mfma_f32_16x16x16_f16", &m, why,
                         sizeof why) == ULP_ENAME);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("mma_scaled");
  TCase *t = tcase_create("engine");
  SRunner *r;
  int failed;
  tcase_set_timeout(t, 300);
  tcase_add_test(t, reference_equals_oracle);
  tcase_add_test(t, tiles);
  tcase_add_test(t, refused_tiles);
  tcase_add_test(t, scales);
  tcase_add_test(t, cancelled_group);
  tcase_add_test(t, traces);
  tcase_add_test(t, cdna3_floors);
  tcase_add_test(t, cdna3_product_overflows);
  tcase_add_test(t, names);
  suite_add_tcase(s, t);
  r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed != 0;
}
