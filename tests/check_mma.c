/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The MMA engine: reference against an oracle in GMP integers that was
 * written from the papers and shares no code with it, fast path against
 * reference, and properties that the papers report.
 */
#include <check.h>
#include <gmp.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emu.h"

/* ---- random operands ---------------------------------------------------- */

enum { FAMILIES = 5 };

/* A code of a family: 0 any bits, 1 finite, 2 of ordinary size, 3 small or
 * subnormal, 4 mostly zero. */
static uint64_t random_code(const ulp_format *f, int family, ulp_pcg32 *g)
{
  uint64_t mask = f->bits == 64 ? UINT64_MAX : (UINT64_C(1) << f->bits) - 1;
  for (;;) {
    uint64_t code = ((uint64_t)ulp_pcg32_next(g) << 32 | ulp_pcg32_next(g)) &
                    mask;
    double v = ulp_decode(f, code);
    if (family == 4 && ulp_pcg32_next(g) % 4)
      return 0;
    if (family == 0 || f->kind == ULP_INTEGER)
      return code;
    if (!isfinite(v))
      continue;
    if (family == 1 || family == 4)
      return code;
    if (family == 2 && fabs(v) < 16 && fabs(v) > 1.0 / 16)
      return code;
    if (family == 3 && fabs(v) < 4 * ulp_min_normal(f))
      return code;
    if (family == 2 && f->exp_bits == 8) /* ordinary sizes are rare: build one */
      return ulp_encode_f64(f, ldexp(1 + ulp_pcg32_next(g) * 0x1p-32,
                                     (int)(ulp_pcg32_next(g) % 8) - 4) *
                                   (code & 1 ? -1 : 1),
                            &(ulp_rounding){.mode = ULP_RTZ}, 0);
    if (family == 3) /* and so are subnormals: keep sign and significand */
      return code & ~((mask >> 1) & ~((UINT64_C(1) << f->man_bits) - 1));
  }
}

/* ---- oracle ----------------------------------------------------------------- */

/* The exponent that a value votes with. */
static int vote(const ulp_format *f, double v)
{
  int e;
  (void)frexp(v, &e);
  e -= 1;
  if (fabs(v) < ulp_min_normal(f))
    (void)frexp(ulp_min_normal(f), &e), e -= 1;
  return e;
}

/* floor(|v| / 2^unit) of a product x y, or of x alone when y is 1. */
static void cut_into(mpz_t sum, double x, double y, int unit)
{
  mpz_t p, q;
  int ex, ey, shift;
  double fx = frexp(fabs(x), &ex), fy = frexp(fabs(y), &ey);
  mpz_init_set_d(p, ldexp(fx, 53));
  mpz_init_set_d(q, ldexp(fy, 53));
  mpz_mul(p, p, q);
  shift = ex + ey - 106 - unit;
  if (shift >= 0)
    mpz_mul_2exp(p, p, (mp_bitcnt_t)shift);
  else
    mpz_tdiv_q_2exp(p, p, (mp_bitcnt_t)-shift);
  if (signbit(x) != signbit(y))
    mpz_sub(sum, sum, p);
  else
    mpz_add(sum, sum, p);
  mpz_clears(p, q, NULL);
}

static double oracle_value(const ulp_format *as, const ulp_format *from,
                           uint64_t code)
{
  double v = ulp_decode(from, code);
  ck_assert(isnan(v) || isinf(v) || fabs(v) <= ulp_max(as));
  return v;
}

typedef struct {
  double x[256], y[256];
  int n;
} products;

static uint64_t oracle_block(const ulp_mma *m, const products *p,
                             const ulp_format *cf, uint64_t c_code)
{
  const ulp_mma_record *r = m->record;
  double c = ulp_decode(cf, c_code), plain = c;
  int top = r->floor, unit;
  mpz_t sum;
  uint64_t code;
  for (int i = 0; i < p->n; i++) /* IEEE rules decide NaN and Inf */
    if (!isfinite(p->x[i]) || !isfinite(p->y[i]))
      plain += p->x[i] * p->y[i];
  if (isnan(plain))
    return (UINT64_C(1) << (m->acc.bits - 1)) - 1;
  if (isinf(plain))
    return ulp_encode_f64(&m->acc, plain,
                          &(ulp_rounding){.overflow = ULP_OVERFLOW_INF}, 0);
  for (int i = 0; i < p->n; i++)
    if (p->x[i] != 0 && p->y[i] != 0) {
      int e = vote(&m->operand_a, p->x[i]) + vote(&m->operand_b, p->y[i]);
      top = e > top ? e : top;
    }
  if (c != 0 && vote(cf, c) > top)
    top = vote(cf, c);
  unit = top - r->align;
  mpz_init(sum);
  for (int i = 0; i < p->n; i++)
    if (p->x[i] != 0 && p->y[i] != 0)
      cut_into(sum, p->x[i], p->y[i], unit);
  if (c != 0)
    cut_into(sum, c, 1, unit);
  ck_assert(mpz_sizeinbase(sum, 2) <= 53);
  code = ulp_encode_f64(&m->acc, ldexp(mpz_get_d(sum), unit),
                        &(ulp_rounding){.mode = r->acc_mode,
                                        .overflow = ULP_OVERFLOW_INF},
                        0);
  mpz_clear(sum);
  return ulp_decode(&m->acc, code) == 0 ? 0 : code;
}

static uint64_t oracle_fdpa(const ulp_mma *m, const uint64_t *a,
                            const uint64_t *b, uint64_t c)
{
  const ulp_mma_record *r = m->record;
  const ulp_format *cf = r->c_last ? &m->acc : &m->c;
  uint64_t acc = r->c_last ? 0 : c;
  int blocks = m->k / r->block;
  for (int blk = 0; blk < blocks; blk++) {
    products p = {.n = 0};
    for (int k = 0; k < m->k; k++) {
      int mine = r->order == ULP_BLOCKS_PAIRS ? (k % 4) / 2 : k / r->block;
      if (mine != blk)
        continue;
      p.x[p.n] = oracle_value(&m->operand_a, &m->a, a[k]);
      p.y[p.n++] = oracle_value(&m->operand_b, &m->b, b[k]);
    }
    acc = oracle_block(m, &p, cf, acc);
    cf = &m->acc;
  }
  if (r->c_last) { /* exact in a double, or harmless there, for f16 and f32 */
    double sum = ulp_decode(&m->acc, acc) + ulp_decode(&m->c, c);
    if (isnan(sum))
      return (UINT64_C(1) << (m->acc.bits - 1)) - 1;
    return ulp_encode_f64(&m->acc, sum,
                          &(ulp_rounding){.overflow = ULP_OVERFLOW_INF}, 0);
  }
  if (m->acc.bits == 22) /* fp22 in an f32 */
    return isnan(ulp_decode(&m->acc, acc)) ? 0x7fffffff : acc << 10;
  return acc;
}

/* ---- every record ----------------------------------------------------------- */

/* The i-th record with its `which`-th operand types, ready to run. */
static bool get(size_t i, int which, ulp_mma *m)
{
  const ulp_mma_record *r = ulp_mma_row(i);
  char name[96], why[256];
  ulp_mma_row_name(r, which & 1, which >> 1, which & 1, name, sizeof name);
  ck_assert_msg(ulp_mma_find(r->arch, name, m, why, sizeof why) == ULP_OK,
                "%s: %s", name, why);
  return m->record == r;
}

static void random_operands(const ulp_mma *m, int family, uint64_t *a,
                            uint64_t *b, uint64_t *c, ulp_pcg32 *g)
{
  for (int k = 0; k < m->k; k++) {
    a[k] = random_code(&m->a, family, g);
    b[k] = random_code(&m->b, family, g);
  }
  *c = random_code(&m->c, (int)(ulp_pcg32_next(g) % FAMILIES), g);
}

START_TEST(reference_equals_oracle)
{
  for (size_t i = 0; i < ulp_mma_count(); i++)
    for (int which = 0; which < 4; which++) {
      ulp_pcg32 g = ulp_pcg32_seed(i, (uint64_t)which);
      ulp_mma m;
      ck_assert(get(i, which, &m));
      for (int t = 0; m.record->kind == ULP_DOT_FDPA && !m.record->group && t < 400; t++) {
        uint64_t a[256], b[256], c;
        random_operands(&m, t % FAMILIES, a, b, &c, &g);
        ck_assert_msg(ulp_mma_dot(&m, a, b, c, NULL) == oracle_fdpa(&m, a, b, c),
                      "%s %s m%dn%dk%d which %d trial %d: %llx, oracle %llx",
                      m.record->arch, m.record->instr, m.m, m.n, m.k, which, t,
                      (unsigned long long)ulp_mma_dot(&m, a, b, c, NULL),
                      (unsigned long long)oracle_fdpa(&m, a, b, c));
      }
    }
}
END_TEST

START_TEST(fast_equals_reference)
{
  enum { ROWS = 16, COLS = 8 };
  for (size_t i = 0; i < ulp_mma_count(); i++)
    for (int family = 0; family < FAMILIES; family++) {
      ulp_pcg32 g = ulp_pcg32_seed(i, 100);
      ulp_mma m;
      static uint64_t a[ROWS][256], b[COLS][256], c[ROWS][COLS];
      static unsigned char sa[ROWS * 256 * 8], sb[COLS * 256 * 8],
          sc[ROWS * COLS * 8], sd[ROWS * COLS * 8];
      ck_assert(get(i, family & 3, &m));
      for (size_t r = 0; r < ROWS; r++)
        for (size_t k = 0; k < (size_t)m.k; k++) {
          a[r][k] = random_code(&m.a, family, &g);
          ulp_store_code(&m.a, sa, r * (size_t)m.k + k, a[r][k]);
        }
      for (size_t r = 0; r < COLS; r++)
        for (size_t k = 0; k < (size_t)m.k; k++) {
          b[r][k] = random_code(&m.b, family, &g);
          ulp_store_code(&m.b, sb, r * (size_t)m.k + k, b[r][k]);
        }
      for (size_t r = 0; r < ROWS * COLS; r++) {
        c[r / COLS][r % COLS] = random_code(&m.c, (int)r % FAMILIES, &g);
        ulp_store_code(&m.c, sc, r, c[r / COLS][r % COLS]);
      }
      ck_assert(ulp_mma_tile(&m, sd, sa, sb, sc, ROWS, COLS) == ULP_OK);
      for (size_t r = 0; r < ROWS * COLS; r++)
        ck_assert_msg(ulp_load_code(&m.d, sd, r) ==
                          ulp_mma_dot(&m, a[r / COLS], b[r % COLS],
                                      c[r / COLS][r % COLS], NULL),
                      "%s m%dn%dk%d family %d output %zu", m.record->arch, m.m,
                      m.n, m.k, family, r);
    }
}
END_TEST

/* ---- properties ---------------------------------------------------------------- */

static ulp_mma instruction(const char *gpu, const char *name)
{
  ulp_mma m;
  char why[256];
  ck_assert_msg(ulp_mma_find(gpu, name, &m, why, sizeof why) == ULP_OK, "%s",
                why);
  return m;
}

/* D = popc(A op B) + C, modulo 2^32, on bits packed as PTX packs them (PTX
 * ISA, "mma": .and.popc and .xor.popc). */
START_TEST(bits)
{
  static const char *const names[] = {
      "mma.sync.aligned.m16n8k128.row.col.s32.b1.b1.s32.and.popc",
      "mma.sync.aligned.m16n8k128.row.col.s32.b1.b1.s32.xor.popc",
      "mma.m16n8k256.s32.b1.b1.s32.and.popc",
      "mma.m16n8k256.s32.b1.b1.s32.xor.popc"};
  ulp_mma m = instruction("h200", names[_i]);
  ulp_pcg32 g = ulp_pcg32_seed(1, (uint64_t)_i);
  for (int t = 0; t < 500; t++) {
    uint64_t a[256], b[256];
    uint32_t c = t % 5 ? ulp_pcg32_next(&g) : UINT32_MAX, want = c;
    for (int word = 0; word < m.k / 32; word++) {
      uint32_t x = ulp_pcg32_next(&g), y = ulp_pcg32_next(&g);
      want += (uint32_t)__builtin_popcount(_i % 2 ? x ^ y : x & y);
      for (int bit = 0; bit < 32; bit++) {
        a[32 * word + bit] = x >> bit & 1;
        b[32 * word + bit] = y >> bit & 1;
      }
    }
    ck_assert_uint_eq(ulp_mma_dot(&m, a, b, c, NULL), want);
  }
}
END_TEST

/* Inside a block the order of k is nothing; across blocks it is not. */
START_TEST(permutations)
{
  ulp_mma one = instruction("h200", "mma.m16n8k16.f32.f16.f16.f32");
  ulp_mma two = instruction("a100", "mma.m16n8k16.f32.f16.f16.f32");
  ulp_pcg32 g = ulp_pcg32_seed(5, 5);
  int differ = 0;
  for (int t = 0; t < 2000; t++) {
    uint64_t a[16], b[16], x[16], y[16], c;
    random_operands(&one, 1, a, b, &c, &g);
    for (int k = 0; k < 16; k++) /* 5 generates the permutation */
      x[k] = a[(5 * k + 3) % 16], y[k] = b[(5 * k + 3) % 16];
    ck_assert_uint_eq(ulp_mma_dot(&one, a, b, c, NULL),
                      ulp_mma_dot(&one, x, y, c, NULL));
    differ += ulp_mma_dot(&two, a, b, c, NULL) !=
              ulp_mma_dot(&two, x, y, c, NULL);
  }
  ck_assert_int_gt(differ, 0);
}
END_TEST

/* Sums are not monotonic (Mikaitis 2024, "Monotonicity of multi-term
 * floating-point adders", IEEE Trans. Comput.): a larger addend raises E, so
 * more of the other terms is cut off.  C = 1 - 2^-24 against C = 1, with 15
 * products of 2^-25. */
START_TEST(not_monotonic)
{
  ulp_mma m = instruction("a100", "mma.m16n8k8.f32.f16.f16.f32");
  uint64_t a[8], b[8], low, high;
  for (int k = 0; k < 8; k++) {
    a[k] = 0x0400 /* 2^-14 */;
    b[k] = 0x1000 /* 2^-11 */;
  }
  low = ulp_mma_dot(&m, a, b, 0x3f7fffff, NULL);
  high = ulp_mma_dot(&m, a, b, 0x3f800000, NULL);
  ck_assert_msg(low > high, "low %llx high %llx", (unsigned long long)low,
                (unsigned long long)high);
}
END_TEST

START_TEST(names)
{
  ulp_mma m;
  char why[256];
  m = instruction("H100", "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32");
  ck_assert_int_eq(m.k, 16);
  m = instruction("sm_90", "wgmma.mma_async.sync.aligned.m64n72k32.f32.e4m3.e5m2");
  ck_assert_int_eq(m.n, 72);
  ck_assert(ulp_mma_find("h200", "wgmma.m64n12k32.f32.e4m3.e5m2", &m, why,
                         sizeof why) == ULP_ENAME);
  ck_assert(ulp_mma_find("h2000", "mma.m16n8k16.f32.f16.f16.f32", &m, why,
                         sizeof why) == ULP_ENAME);
  ck_assert(ulp_mma_find("h200", "nonsense", &m, why, sizeof why) ==
            ULP_EINVAL);
  ck_assert(ulp_mma_find("h200", "mma.m16n8k16.f32.f16.f16.f32.f32.f32", &m,
                         why, sizeof why) == ULP_EINVAL);
  ck_assert(ulp_mma_find("a100", "wgmma.m64n8k16.f32.f16.f16", &m, why,
                         sizeof why) == ULP_ENAME);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("mma");
  TCase *t = tcase_create("engine");
  SRunner *r;
  int failed;
  tcase_set_timeout(t, 300);
  tcase_add_test(t, reference_equals_oracle);
  tcase_add_test(t, fast_equals_reference);
  tcase_add_loop_test(t, bits, 0, 4);
  tcase_add_test(t, permutations);
  tcase_add_test(t, not_monotonic);
  tcase_add_test(t, names);
  suite_add_tcase(s, t);
  r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed != 0;
}
