/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The fast path against the reference: every pair of FP8 codes, and random
 * tiles of every record; with ULP_LONG (tests/fast.long) 10^8 outputs of
 * these.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emu.h"

#ifdef ULP_LONG
enum { OUTPUTS = 100 * 1000 * 1000 };
#else
enum { OUTPUTS = 200 * 1000 };
#endif

/* ---- pairs ------------------------------------------------------------------- */

/* 0, 1, the least subnormal, near the greatest, NaN: f32 and f16. */
static const uint32_t addends[][2] = {{0, 0},
                                      {0x3f800000, 0x3c00},
                                      {0x80000001, 0x8001},
                                      {0x7f7fffff, 0x7bff},
                                      {0x7fc00000, 0x7e00}};

/* Each pair of codes alone in a row of zeros. */
static void check_pairs(const ulp_mma *m, uint64_t c)
{
  static unsigned char a[256 * 32], b[256 * 32], d[256 * 256 * 4],
      cs[256 * 256 * 4];
  memset(a, 0, sizeof a);
  memset(b, 0, sizeof b);
  for (size_t i = 0; i < 256; i++)
    a[32 * i + 5] = b[32 * i + 5] = (unsigned char)i;
  for (size_t i = 0; i < 256 * 256; i++)
    ulp_store_code(&m->c, cs, i, c);
  ck_assert(ulp_mma_tile(m, d, a, b, cs, 256, 256) == ULP_OK);
  for (size_t i = 0; i < 256 * 256; i++) {
    uint64_t x[32] = {0}, y[32] = {0};
    x[5] = i / 256;
    y[5] = i % 256;
    ck_assert_msg(ulp_load_code(&m->d, d, i) ==
                      ulp_mma_dot(m, x, y, c, NULL),
                  "%s %s: codes %zu and %zu, C %llx", m->a.name, m->b.name,
                  i / 256, i % 256, (unsigned long long)c);
  }
}

START_TEST(all_pairs)
{
  static const char *const types[] = {"e4m3", "e5m2"};
  char name[64], why[200];
  ulp_mma m;
  for (int p = 0; p < 4; p++) {
    const char *d = _i == 1 ? "f16" : "f32";
    (void)snprintf(name, sizeof name, "%s.%s.%s.%s.%s",
                   _i == 2 ? "mma.m16n8k32" : "wgmma.m64n8k32", d,
                   types[p / 2], types[p % 2], d);
    ck_assert_msg(ulp_mma_find("h200", name, &m, why, sizeof why) == ULP_OK,
                  "%s", why);
    for (size_t c = 0; c < sizeof addends / sizeof addends[0]; c++)
      check_pairs(&m, addends[c][m.c.bits == 16]);
  }
}
END_TEST

/* ---- random tiles ------------------------------------------------------------- */

/* Any bits, or a code near the middle of the exponents; a quarter zeros. */
static uint64_t random_code(const ulp_format *f, unsigned family, ulp_pcg32 *g)
{
  uint64_t mask = f->bits == 64 ? UINT64_MAX : (UINT64_C(1) << f->bits) - 1;
  uint64_t code =
      ((uint64_t)ulp_pcg32_next(g) << 32 | ulp_pcg32_next(g)) & mask;
  uint64_t field;
  if (family == 0 || f->kind != ULP_FLOAT)
    return code;
  if (ulp_pcg32_next(g) % 4 == 0)
    return 0;
  /* family 1: exponents over the whole range, the top ones left out so that
   * few are NaN; 2: 16 of them; 3: subnormals and least normals */
  field = code >> f->man_bits & ((UINT64_C(1) << f->exp_bits) - 1);
  code &= ~(((UINT64_C(1) << f->exp_bits) - 1) << f->man_bits);
  if (family == 1)
    field -= field >> (f->exp_bits - 1) & 1;
  else if (family == 2)
    field = (uint64_t)f->bias - 4 + field % (f->exp_bits > 4 ? 16 : 8);
  else
    field %= 2;
  return code | field << f->man_bits;
}

enum { ROWS = 32, COLS = 40, MAX_K = 256 };
static unsigned char a[ROWS * MAX_K * 8], b[COLS * MAX_K * 8],
    c[ROWS * COLS * 8], d[ROWS * COLS * 8];

static void fill(const ulp_format *f, unsigned char *array, size_t n,
                 unsigned family, ulp_pcg32 *g)
{
  for (size_t i = 0; i < n; i++)
    ulp_store_code(f, array, i, random_code(f, family, g));
}

static void check_tile(const ulp_mma *m, unsigned family, ulp_pcg32 *g)
{
  size_t k = (size_t)m->k;
  fill(&m->a, a, ROWS * k, family, g);
  fill(&m->b, b, COLS * k, family, g);
  fill(&m->c, c, ROWS * COLS, ulp_pcg32_next(g) % 4, g);
  ck_assert(ulp_mma_tile(m, d, a, b, c, ROWS, COLS) == ULP_OK);
  for (size_t i = 0; i < ROWS * COLS; i++) {
    uint64_t x[MAX_K], y[MAX_K];
    for (size_t t = 0; t < k; t++) {
      x[t] = ulp_load_code(&m->a, a, i / COLS * k + t);
      y[t] = ulp_load_code(&m->b, b, i % COLS * k + t);
    }
    ck_assert_msg(ulp_load_code(&m->d, d, i) ==
                      ulp_mma_dot(m, x, y, ulp_load_code(&m->c, c, i), NULL),
                  "%s %s m%dn%dk%d %s: family %u, output %zu",
                  m->record->arch, m->record->instr, m->m, m->n, m->k,
                  m->a.name, family, i);
  }
}

START_TEST(random_tiles)
{
  size_t records = ulp_mma_count();
  int rounds = (int)(OUTPUTS / (4 * records * ROWS * COLS)) + 1;
  for (size_t i = 0; i < records; i++) {
    const ulp_mma_record *r = ulp_mma_row(i);
    char name[96], why[200];
    ulp_pcg32 g = ulp_pcg32_seed(2026, i);
    ulp_mma m;
    ulp_mma_row_name(r, 0, 0, 0, name, sizeof name);
    ck_assert_msg(ulp_mma_find(r->arch, name, &m, why, sizeof why) == ULP_OK,
                  "%s", why);
    for (int t = 0; t < 4 * rounds; t++)
      check_tile(&m, (unsigned)t % 4, &g);
  }
}
END_TEST

int main(void)
{
  Suite *s = suite_create("fast");
  TCase *t = tcase_create("fast");
  SRunner *r;
  int failed;
  tcase_set_timeout(t, 3600);
  tcase_add_loop_test(t, all_pairs, 0, 3);
  tcase_add_test(t, random_tiles);
  suite_add_tcase(s, t);
  r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed != 0;
}
