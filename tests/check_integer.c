/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Integers on every ISA that is here: whole products against sums in 64 bits,
 * one instruction against ulp_mma_dot; with ULP_LONG (tests/integer.long) 10^9
 * products of each.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gemm.h"
#include "isa.h"

#ifdef ULP_LONG
enum { PRODUCTS = 1000 * 1000 * 1000 };
#else
enum { PRODUCTS = 3 * 1000 * 1000 };
#endif

enum { ISAS = 3, MOST = 70, MAX_K = 700, FAMILIES = 6, LONG_K = 140000 };
static uint8_t a[MOST * MAX_K + 3 * LONG_K], b[MOST * MAX_K + 3 * LONG_K];
static int32_t c[MOST * MOST], d[ISAS][MOST * MOST];

/* Any; the least; the greatest; both; mostly 0; alternating. */
static uint8_t random_element(const ulp_format *f, int family, size_t i,
                              ulp_pcg32 *g)
{
  uint32_t r = ulp_pcg32_next(g), mask = (1U << f->bits) - 1;
  uint32_t most = f->is_signed ? mask >> 1 : mask;
  uint32_t least = f->is_signed ? (most + 1) & mask : 0;
  switch (family) {
  case 0: return (uint8_t)(r & mask);
  case 1: return (uint8_t)least;
  case 2: return (uint8_t)most;
  case 3: return (uint8_t)(r & 1 ? least : most);
  case 4: return (uint8_t)(r >> 8 & 7 ? 0 : r & mask);
  default: return (uint8_t)(i & 1 ? least : most);
  }
}

static void fill(const ulp_format *fa, const ulp_format *fb, size_t na,
                 size_t nb, size_t nc, int family, ulp_pcg32 *g)
{
  int other = family == 5 ? 5 : family * 7 % FAMILIES;
  for (size_t i = 0; i < na; i++)
    a[i] = random_element(fa, family, i, g);
  for (size_t i = 0; i < nb; i++)
    b[i] = random_element(fb, other, i, g);
  for (size_t i = 0; i < nc; i++) {
    uint32_t r = ulp_pcg32_next(g);
    c[i] = r % 4 == 0   ? INT32_MAX - (int32_t)(r >> 20)
           : r % 4 == 1 ? INT32_MIN + (int32_t)(r >> 20)
                        : (int32_t)r;
  }
}

static bool use(int isa)
{
  return ulp_isa_has((ulp_isa)isa) && ulp_isa_set((ulp_isa)isa) == ULP_OK;
}

/* ---- whole products ------------------------------------------------------------ */

static ulp_gemm find(const char *order)
{
  ulp_gemm g;
  char why[300];
  ulp_gemm_options options = {.type_a = "int8", .type_b = "int8",
                              .promote = -1};
  ck_assert_msg(ulp_gemm_find("h200", order, &options, &g, why, sizeof why) ==
                    ULP_OK, "%s", why);
  return g;
}

static void check_product(const ulp_gemm *g, size_t m, size_t n, size_t k,
                          int family, ulp_pcg32 *rng)
{
  fill(&g->a, &g->b, m * k, n * k, m * n, family, rng);
  bool with_c = (m + n + k) % 2;
  for (int isa = 0; isa < ISAS; isa++) {
    ulp_gemm_data x = {.m = m, .n = n, .k = k, .a = a, .b = b,
                       .c = with_c ? c : NULL, .d = d[isa]};
    memset(d[isa], 0x5a, sizeof d[isa]);
    if (!use(isa))
      continue;
    /* Two ranges of rows, as two threads would. */
    ck_assert_int_eq(ulp_gemm_run(g, &x, 0, m / 3), ULP_OK);
    ck_assert_int_eq(ulp_gemm_run(g, &x, m / 3, m - m / 3), ULP_OK);
  }
  for (size_t at = 0; at < m * n; at++) {
    const int8_t *x = (const int8_t *)a + at / n * k;
    const int8_t *y = (const int8_t *)b + at % n * k;
    int64_t sum = with_c ? c[at] : 0;
    for (size_t l = 0; l < k; l++)
      sum += x[l] * y[l];
    for (int isa = 0; isa < ISAS; isa++)
      if (ulp_isa_has((ulp_isa)isa) && (uint32_t)d[isa][at] != (uint32_t)sum)
        ck_abort_msg("%s, family %d, %zu x %zu x %zu, output %zu: %d, not %d",
                     ulp_isa_name((size_t)isa), family, m, n, k, at,
                     (int)d[isa][at], (int)(uint32_t)sum);
  }
}

START_TEST(shapes)
{
  ulp_gemm g = find("cublaslt-s8");
  ulp_pcg32 rng = ulp_pcg32_seed(21, 0);
  for (size_t n = 1; n <= MOST; n++)
    check_product(&g, 1 + n * 7 % 19, n, 1 + n * 37 % 300, (int)(n % FAMILIES),
                  &rng);
  for (size_t m = 1; m <= MOST; m++)
    check_product(&g, m, 1 + m % 18, m, (int)(m % FAMILIES), &rng);
}
END_TEST

/* Sums that wrap: 2^14 140000 is more than 2^31. */
START_TEST(wraps)
{
  ulp_gemm g = find("cublaslt-s8");
  ulp_pcg32 rng = ulp_pcg32_seed(22, 0);
  for (int family = 0; family < FAMILIES; family++)
    check_product(&g, 3, 3, LONG_K - (size_t)family, family, &rng);
}
END_TEST

START_TEST(products)
{
  ulp_gemm g = find(_i ? "wgmma-chain" : "cublaslt-s8");
  ulp_pcg32 rng = ulp_pcg32_seed(23, (uint64_t)_i);
  int64_t done = 0;
  for (int t = 0; done < PRODUCTS; t++) {
    size_t k = MAX_K - ulp_pcg32_next(&rng) % 200;
    check_product(&g, 67, 69, k, t % FAMILIES, &rng);
    done += (int64_t)(67 * 69 * k);
  }
}
END_TEST

/* ---- one instruction -------------------------------------------------------------- */

static void check_tile(const ulp_mma *m, size_t rows, size_t cols, int family,
                       ulp_pcg32 *g)
{
  size_t k = (size_t)m->k;
  fill(&m->a, &m->b, rows * k, cols * k, rows * cols, family, g);
  for (int isa = 0; isa < ISAS; isa++)
    if (use(isa))
      ck_assert_int_eq(ulp_mma_tile(m, d[isa], a, b, c, rows, cols), ULP_OK);
  for (size_t at = 0; at < rows * cols; at++) {
    uint64_t x[512], y[512], sum;
    for (size_t l = 0; l < k; l++) {
      x[l] = a[at / cols * k + l];
      y[l] = b[at % cols * k + l];
    }
    sum = ulp_mma_dot(m, x, y, (uint32_t)c[at], NULL);
    for (int isa = 0; isa < ISAS; isa++)
      ck_assert_msg(!ulp_isa_has((ulp_isa)isa) || (uint32_t)d[isa][at] == sum,
                    "%s %s by %s on %s, family %d, output %zu: %#x, not %#jx",
                    m->record->instr, m->a.name, m->b.name,
                    ulp_isa_name((size_t)isa), family, at,
                    (unsigned)d[isa][at], (uintmax_t)sum);
  }
}

/* Every record of integers, every pair of its types, wrapped and clamped. */
START_TEST(tiles)
{
  ulp_pcg32 g = ulp_pcg32_seed(24, 0);
  int found = 0;
  for (size_t i = 0; i < ulp_mma_count(); i++) {
    const ulp_mma_record *r = ulp_mma_row(i);
    if (r->kind != ULP_DOT_INTEGER && r->kind != ULP_DOT_XOR)
      continue;
    for (int pair = 0; pair < 4; pair++) {
      char name[160], why[300];
      ulp_mma m;
      if ((pair / 2 && !strchr(r->a, '|')) || (pair % 2 && !strchr(r->b, '|')))
        continue;
      ulp_mma_row_name(r, pair / 2, pair % 2, 0, name, sizeof name);
      ck_assert_msg(ulp_mma_find(r->arch, name, &m, why, sizeof why) ==
                        ULP_OK, "%s", why);
      for (int t = 0; t < 2 * FAMILIES; t++) {
        m.satfinite = t & 1;
        check_tile(&m, 1 + (size_t)t, 19 - (size_t)t, t / 2, &g);
      }
      found++;
    }
  }
  ck_assert_int_gt(found, 20);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("integer");
  TCase *t = tcase_create("integer");
  tcase_set_timeout(t, 3600);
  tcase_add_test(t, shapes);
  tcase_add_test(t, wraps);
  tcase_add_loop_test(t, products, 0, 2);
  tcase_add_test(t, tiles);
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed != 0;
}
