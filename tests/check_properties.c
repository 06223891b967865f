/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the sums of a Hopper tensor core keep and do not keep: they are not
 * monotonic; inside a block the order of k is nothing; the order of blocks is
 * something.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "gemm.h"

enum { MAX_K = 64 };

static ulp_mma instruction(const char *name)
{
  ulp_mma m;
  char why[200];
  ck_assert_msg(ulp_mma_find("h200", name, &m, why, sizeof why) == ULP_OK,
                "%s", why);
  return m;
}

/* ---- monotonicity ---------------------------------------------------------- */

/* k equal products a b, and C.  Found by the search below, then made as simple
 * as they could be: of two sums that differ in C the one with the greater C is
 * the smaller.  Mikaitis 2024, "Monotonicity of multi-term floating-point
 * adders", IEEE Trans. Comput., tells why: the greater C is a power of two, so
 * E is one more, and so is the exponent of the place where the products are
 * cut.  They are one unit of it before, and nothing after. */
static const struct {
  const char *instr;
  uint64_t a, b;
  uint64_t c[2], d[2]; /* for the smaller C and for the greater */
} falls[] = {
    /* C = 1 - 2^-14 and 1 with 32 products of 2^-14: F is 13 */
    {"wgmma.m64n8k32.f32.e4m3.e4m3", 0x08, 0x02, {0x3f7ffc00, 0x3f800000},
     {0x3f803c00, 0x3f800000}},
    {"wgmma.m64n8k32.f32.e5m2.e4m3", 0x1c, 0x08, {0x3f7ffc00, 0x3f800000},
     {0x3f803c00, 0x3f800000}},
    /* C = 1 - 2^-11 and 1 in f16 */
    {"wgmma.m64n8k32.f16.e4m3.e4m3", 0x08, 0x02, {0x3bff, 0x3c00},
     {0x3c02, 0x3c00}},
    /* C = 1 - 2^-24 and 1 with 16 products of 2^-26: F is 25 */
    {"mma.m16n8k16.f32.f16.f16.f32", 0x0800, 0x0800, {0x3f7fffff, 0x3f800000},
     {0x3f800001, 0x3f800000}},
    {"wgmma.m64n8k16.f32.bf16.bf16", 0x3900, 0x3900, {0x3f7fffff, 0x3f800000},
     {0x3f800001, 0x3f800000}},
};

START_TEST(falls_where_c_grows)
{
  ulp_mma m = instruction(falls[_i].instr);
  uint64_t a[MAX_K], b[MAX_K], d[2];
  for (int k = 0; k < m.k; k++)
    a[k] = falls[_i].a, b[k] = falls[_i].b;
  for (int which = 0; which < 2; which++) {
    d[which] = ulp_mma_dot(&m, a, b, falls[_i].c[which], NULL);
    ck_assert_uint_eq(d[which], falls[_i].d[which]);
  }
  ck_assert_uint_gt(d[0], d[1]); /* positive floats order as their codes */
}
END_TEST

/* Positive codes of the `spread` exponents below 2^(top+1). */
static uint64_t positive(const ulp_format *f, int top, unsigned spread,
                         ulp_pcg32 *g)
{
  uint64_t low = ulp_pcg32_next(g) & ((UINT64_C(1) << f->man_bits) - 1);
  int field = f->bias + top - (int)(ulp_pcg32_next(g) % spread);
  return (uint64_t)(field < 0 ? 0 : field) << f->man_bits | low;
}

/* Random positive products from 2^low on, and a C below 1 that becomes 1; how
 * often does the sum fall?  `step` is the accumulator's last place there. */
static int count_falls(const ulp_mma *m, int low, uint64_t step, int trials)
{
  ulp_pcg32 g = ulp_pcg32_seed(33, (uint64_t)m->k);
  int count = 0;
  for (int t = 0; t < trials; t++) {
    uint64_t a[MAX_K], b[MAX_K];
    for (int k = 0; k < m->k; k++) {
      a[k] = positive(&m->a, low / 2 + 1, 2, &g);
      b[k] = positive(&m->b, low - low / 2 + 1, 2, &g);
    }
    count += ulp_mma_dot(m, a, b, 0x3f800000, NULL) <
             ulp_mma_dot(m, a, b, 0x3f800000 - step, NULL);
  }
  return count;
}

START_TEST(search_finds_falls)
{
  ulp_mma fp8 = instruction("wgmma.m64n8k32.f32.e5m2.e5m2");
  ulp_mma half = instruction("wgmma.m64n8k16.f32.bf16.bf16");
  ck_assert_int_gt(count_falls(&fp8, -14, 0x400, 1000), 0);
  ck_assert_int_gt(count_falls(&half, -26, 1, 1000), 0);
}
END_TEST

/* ---- permutations ------------------------------------------------------------ */

static void shuffle(int *p, int n, ulp_pcg32 *g)
{
  for (int i = 0; i < n; i++)
    p[i] = i;
  for (int i = n - 1; i > 0; i--) {
    int j = (int)(ulp_pcg32_next(g) % (unsigned)(i + 1)), was = p[i];
    p[i] = p[j];
    p[j] = was;
  }
}

static void random_codes(const ulp_mma *m, uint64_t *a, uint64_t *b, int n,
                         ulp_pcg32 *g)
{
  for (int k = 0; k < n; k++) {
    a[k] = positive(&m->a, 2, 6, g) | (uint64_t)(ulp_pcg32_next(g) & 0x80);
    b[k] = positive(&m->b, 2, 6, g) | (uint64_t)(ulp_pcg32_next(g) & 0x80);
  }
}

static const char *const fp8[] = {
    "wgmma.m64n8k32.f32.e4m3.e4m3", "wgmma.m64n8k32.f32.e5m2.e4m3",
    "wgmma.m64n8k32.f32.e5m2.e5m2", "wgmma.m64n8k32.f16.e4m3.e5m2"};

/* One block: any permutation of the 32. */
START_TEST(inside_a_block_order_is_nothing)
{
  ulp_mma m = instruction(fp8[_i]);
  ulp_pcg32 g = ulp_pcg32_seed(44, (uint64_t)_i);
  for (int t = 0; t < 2000; t++) {
    uint64_t a[32], b[32], x[32], y[32];
    uint64_t c = t % 2 ? positive(&m.c, 2, 4, &g) : 0;
    int p[32];
    random_codes(&m, a, b, 32, &g);
    shuffle(p, 32, &g);
    for (int k = 0; k < 32; k++)
      x[k] = a[p[k]], y[k] = b[p[k]];
    ck_assert_uint_eq(ulp_mma_dot(&m, a, b, c, NULL),
                      ulp_mma_dot(&m, x, y, c, NULL));
  }
}
END_TEST

/* D of a chain over K = 64, as the order wgmma-chain computes it. */
static uint32_t chain(const uint64_t *a, const uint64_t *b)
{
  ulp_gemm_options options = {.type_a = "e4m3", .type_b = "e4m3",
                              .promote = -1};
  uint8_t x[64], y[64];
  uint32_t d = 0;
  char why[200];
  ulp_gemm g;
  ulp_gemm_data data = {.m = 1, .n = 1, .k = 64, .a = x, .b = y, .d = &d};
  ck_assert(ulp_gemm_find("h200", "wgmma-chain", &options, &g, why,
                          sizeof why) == ULP_OK);
  for (int k = 0; k < 64; k++)
    x[k] = (uint8_t)a[k], y[k] = (uint8_t)b[k];
  ck_assert(ulp_gemm_run(&g, &data, 0, 1) == ULP_OK);
  return d;
}

static uint32_t chain_of(const uint64_t *a, const uint64_t *b, const int *p)
{
  uint64_t x[64], y[64];
  for (int k = 0; k < 64; k++)
    x[k] = a[p[k]], y[k] = b[p[k]];
  return chain(x, y);
}

/* Inside each of the two blocks nothing; the blocks exchanged, and elements
 * exchanged between them, something. */
START_TEST(order_of_blocks_matters)
{
  ulp_mma m = instruction(fp8[0]);
  ulp_pcg32 g = ulp_pcg32_seed(55, 0);
  int exchanged = 0, mixed = 0;
  for (int t = 0; t < 2000; t++) {
    uint64_t a[64], b[64];
    uint32_t d;
    int p[64], q[32];
    random_codes(&m, a, b, 64, &g);
    d = chain(a, b);
    shuffle(p, 32, &g);
    shuffle(q, 32, &g);
    for (int k = 0; k < 32; k++)
      p[32 + k] = 32 + q[k];
    ck_assert_uint_eq(chain_of(a, b, p), d);
    for (int k = 0; k < 64; k++)
      p[k] = (k + 32) % 64;
    exchanged += chain_of(a, b, p) != d;
    shuffle(p, 64, &g);
    mixed += chain_of(a, b, p) != d;
  }
  ck_assert_int_gt(exchanged, 0);
  ck_assert_int_gt(mixed, 0);
}
END_TEST

/* The simplest: one product of 1, and in the other block 32 of 2^-14, which
 * are 2^-9 if they come first and are cut off, each of them, after 1. */
START_TEST(small_block_first)
{
  uint64_t a[64], b[64];
  for (int first = 0; first < 2; first++) {
    for (int k = 0; k < 64; k++) {
      bool small = first == (k < 32);
      a[k] = small ? 0x08 : k % 32 ? 0 : 0x38; /* 2^-6, or 0 and one 1 */
      b[k] = small ? 0x02 : 0x38;              /* 2^-8, or 1 */
    }
    ck_assert_uint_eq(chain(a, b), first ? 0x3f804000 : 0x3f800000);
  }
}
END_TEST

int main(void)
{
  Suite *s = suite_create("properties");
  TCase *t = tcase_create("sums");
  SRunner *r;
  int failed;
  tcase_add_loop_test(t, falls_where_c_grows, 0,
                      (int)(sizeof falls / sizeof falls[0]));
  tcase_add_test(t, search_finds_falls);
  tcase_add_loop_test(t, inside_a_block_order_is_nothing, 0, 4);
  tcase_add_test(t, order_of_blocks_matters);
  tcase_add_test(t, small_block_first);
  suite_add_tcase(s, t);
  r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed != 0;
}
