/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Products under scales of blocks, on every ISA that is here, against chains
 * of ulp_mma_dot_scaled; with ULP_LONG (tests/scaled.long) 10^9 products of
 * each instruction.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gemm.h"
#include "isa.h"

#ifdef ULP_LONG
enum { PRODUCTS = 1000 * 1000 * 1000 };
#else
enum { PRODUCTS = 1000 * 1000 };
#endif

static const char *const names[] = {
    "mma.m16n8k64.kind::mxf4nvf4.block_scale.scale_vec::4X"
    ".f32.e2m1.e2m1.f32.ue4m3",
    "mma.m16n8k64.kind::mxf4.block_scale.scale_vec::2X"
    ".f32.e2m1.e2m1.f32.ue8m0",
    "mma.m16n8k64.kind::mxf4nvf4.block_scale.scale_vec::4X"
    ".f32.e2m1.e2m1.f32.ue8m0",
    "mma.m16n8k32.kind::mxf8f6f4.block_scale.scale_vec::1X"
    ".f32.e4m3.e4m3.f32.ue8m0",
    "mma.m16n8k32.kind::mxf8f6f4.block_scale.scale_vec::1X"
    ".f32.e5m2.e4m3.f32.ue8m0",
    "mma.m16n8k32.kind::mxf8f6f4.block_scale.scale_vec::1X"
    ".f32.e3m2.e2m1.f32.ue8m0",
    "mma.m16n8k32.kind::mxf8f6f4.block_scale.scale_vec::1X"
    ".f32.e2m3.e5m2.f32.ue8m0"};
enum { COUNT = sizeof names / sizeof *names, GROUPED = 3, ISAS = 3 };

static ulp_mma find(int i)
{
  ulp_mma m;
  char why[300];
  ck_assert_msg(ulp_mma_find("rtx5090", names[i], &m, why, sizeof why) ==
                    ULP_OK, "%s", why);
  return m;
}

/* ---- inputs ------------------------------------------------------------------ */

enum { MOST = 70, MAX_K = 600, UNITS = MOST * MAX_K };
static uint8_t a[UNITS], b[UNITS], sa[UNITS], sb[UNITS];
static float c[MOST * MOST], d[ISAS][MOST * MOST];

enum { FAMILIES = 9, CANCELS = 8 };

static uint8_t random_element(const ulp_format *f, int family, ulp_pcg32 *g)
{
  uint8_t mask = (uint8_t)((1U << f->bits) - 1);
  uint32_t r = ulp_pcg32_next(g);
  if (family == 3 && r >> 8 & 7) /* mostly zeros */
    return 0;
  if (family == 4) /* the greatest and the least */
    return (uint8_t)((r & 1 ? f->max_code : 1) |
                     (r >> 1 & 1) << (f->bits - 1));
  if (family != 6 && f->bits == 8) /* few NaN */
    r &= r >> 20 & 0x3f ? 0xffffffbf : 0xffffffff;
  return (uint8_t)(r & mask);
}

/* Near 1; all codes; the ends; two far apart; small or large; a wide range. */
static uint8_t random_scale(const ulp_format *f, int family, ulp_pcg32 *g)
{
  uint32_t r = ulp_pcg32_next(g), least = 1U << f->man_bits;
  bool e8m0 = f->man_bits == 0;
  uint32_t one = (uint32_t)f->bias << f->man_bits;
  switch (family) {
  case 0: return (uint8_t)(one - 2 * least + r % (4 * least));
  case 1: return (uint8_t)(one - 4 * least + r % (8 * least));
  case 2: return (uint8_t)(r & (e8m0 ? 0xff : 0x7f));
  case 3: return (uint8_t)(r % 5 ? one : r >> 8 & 0xff);
  case 4: return (uint8_t)(r % 2 ? 0 : e8m0 ? 0xfe : 0x7e);
  case 5: return (uint8_t)(r % 2 ? one + 6 * least
                                 : one - (e8m0 ? 22 : 6) * least);
  case 6: return (uint8_t)(r % 50 ? one : e8m0 ? 0xff : 0xff ^ (r & 0x80));
  case CANCELS:
    return (uint8_t)(e8m0 ? one - 24 + r % 32 : 1 + r % 0x7e);
  default: return (uint8_t)(e8m0 ? r % 20 + (r >> 20 & 1) * 230 : r % 12);
  }
}

static float random_c(int family, ulp_pcg32 *g)
{
  uint32_t r = ulp_pcg32_next(g);
  float x;
  if (family == 0 || r % 3 == 0)
    return r & 4 ? 0.0F : -0.0F;
  if (family < 6) /* from far below the products to far above */
    r = (r & 0x807fffff) | (127 - 30 + (r >> 23) % 60) << 23;
  memcpy(&x, &r, sizeof x);
  return x;
}

/* Products that take each other back in most groups of 16, so that the sum is
 * small beside what its terms were aligned to. */
static void cancel(const ulp_mma *m, size_t rows, size_t cols, size_t k,
                   ulp_pcg32 *g)
{
  uint8_t sign = (uint8_t)(1U << (m->a.bits - 1));
  for (size_t i = 0; i < rows; i++)
    for (size_t l = 0; l + 1 < k; l += 2)
      if (l % 16 == 0 && ulp_pcg32_next(g) % 4 == 0)
        l += 14;
      else
        a[i * k + l + 1] = a[i * k + l] ^ sign;
  for (size_t j = 0; j < cols; j++)
    for (size_t l = 0; l + 1 < k; l += 2)
      b[j * k + l + 1] = b[j * k + l];
}

static void fill(const ulp_mma *m, size_t rows, size_t cols, size_t k,
                 int family, ulp_pcg32 *g)
{
  size_t each = (size_t)m->record->scale_block, blocks = (k + each - 1) / each;
  for (size_t i = 0; i < rows * k; i++)
    a[i] = random_element(&m->a, family, g);
  for (size_t i = 0; i < cols * k; i++)
    b[i] = random_element(&m->b, family == 4 ? 0 : family, g);
  if (family == CANCELS)
    cancel(m, rows, cols, k, g);
  for (size_t i = 0; i < rows * blocks; i++)
    sa[i] = random_scale(&m->scale, family, g);
  for (size_t i = 0; i < cols * blocks; i++)
    sb[i] = random_scale(&m->scale, family, g);
  for (size_t i = 0; i < rows * cols; i++)
    c[i] = random_c(family, g);
}

/* ---- the reference ------------------------------------------------------------- */

static uint32_t chain(const ulp_mma *m, size_t i, size_t j, size_t all_k,
                      uint64_t acc)
{
  uint64_t one = ulp_encode_f64(&m->scale, 1, &(ulp_rounding){0}, 0);
  size_t each = (size_t)m->record->scale_block, k = (size_t)m->k;
  size_t blocks = (all_k + each - 1) / each, per = (size_t)m->scales;
  for (size_t from = 0; from < all_k; from += k) {
    uint64_t x[64] = {0}, y[64] = {0}, sx[4], sy[4];
    for (size_t l = 0; l < k && from + l < all_k; l++) {
      x[l] = a[i * all_k + from + l];
      y[l] = b[j * all_k + from + l];
    }
    for (size_t s = 0; s < per; s++) {
      size_t at = from / each + s;
      sx[s] = at < blocks ? sa[i * blocks + at] : one;
      sy[s] = at < blocks ? sb[j * blocks + at] : one;
    }
    acc = ulp_mma_dot_scaled(m, x, y, acc, sx, sy, NULL);
  }
  return (uint32_t)acc;
}

static bool same(float x, uint32_t code)
{
  float y;
  memcpy(&y, &code, sizeof y);
  return (isnan(x) && isnan(y)) || memcmp(&x, &code, sizeof x) == 0;
}

/* Every ISA's d; the columns in two parts, as two threads would. */
static void compute(const ulp_mma *m, size_t rows, size_t cols, size_t k,
                    bool tile)
{
  for (int isa = 0; isa < ISAS; isa++) {
    if (!ulp_isa_has((ulp_isa)isa))
      continue;
    ck_assert_int_eq(ulp_isa_set((ulp_isa)isa), ULP_OK);
    if (tile) {
      ck_assert_int_eq(ulp_mma_tile_scaled(m, d[isa], a, b, c, sa, sb, rows,
                                           cols), ULP_OK);
      continue;
    }
    static float part[MOST * MOST];
    size_t half = cols / 3;
    for (int p = 0; p < 2; p++) {
      size_t first = p ? half : 0, n = p ? cols - half : half;
      ulp_scaled_data x = {m, rows, cols, k, a, b, sa, sb, part};
      ck_assert_int_eq(ulp_scaled_run(&x, first, n), ULP_OK);
      for (size_t i = 0; i < rows; i++)
        memcpy(&d[isa][i * cols + first], part + i * n, n * sizeof *part);
    }
  }
}

static void check_product(const ulp_mma *m, size_t rows, size_t cols, size_t k,
                          int family, bool tile, ulp_pcg32 *g)
{
  fill(m, rows, cols, k, family, g);
  compute(m, rows, cols, k, tile);
  for (size_t at = 0; at < rows * cols; at++) {
    uint32_t from = 0;
    if (tile)
      memcpy(&from, &c[at], sizeof from);
    uint32_t want = chain(m, at / cols, at % cols, k, from);
    for (int isa = 0; isa < ISAS; isa++)
      if (ulp_isa_has((ulp_isa)isa) && !same(d[isa][at], want))
        ck_abort_msg("%s.%s %s, family %d, %zu x %zu x %zu, output %zu: %a, "
                     "not %#x", m->a.name, m->b.name,
                     ulp_isa_name((size_t)isa), family, rows, cols, k, at,
                     (double)d[isa][at], want);
  }
}

/* ---- tests ------------------------------------------------------------------------ */

START_TEST(shapes)
{
  ulp_mma m = find(_i);
  ulp_pcg32 g = ulp_pcg32_seed(11, (uint64_t)_i);
  for (size_t n = 1; n <= MOST; n++) {
    check_product(&m, 1 + n * 7 % 3, n, 1 + n * 37 % 130, (int)(n % FAMILIES),
                  false, &g);
    check_product(&m, n, 1 + n % 2, 1 + n, (int)(n / 9 % FAMILIES), false, &g);
  }
  check_product(&m, 3, 5, MAX_K, 0, false, &g);
}
END_TEST

START_TEST(tiles)
{
  ulp_mma m = find(_i);
  ulp_pcg32 g = ulp_pcg32_seed(12, (uint64_t)_i);
  for (int t = 0; t < 12 * FAMILIES; t++)
    check_product(&m, 5, 1 + (size_t)t % 37, (size_t)m.k, t % FAMILIES, true,
                  &g);
}
END_TEST

START_TEST(products)
{
  ulp_mma m = find(_i);
  ulp_pcg32 g = ulp_pcg32_seed(13, (uint64_t)_i);
  int64_t done = 0;
  for (int t = 0; done < PRODUCTS; t++) {
    size_t k = 64 + ulp_pcg32_next(&g) % (MAX_K - 64);
    check_product(&m, 17, 33, k, t % FAMILIES, false, &g);
    done += (int64_t)(17 * 33 * k);
  }
}
END_TEST

/* All pairs of FP4 codes, alone or in a whole group, under the ends of the
 * scales on both sides and C of all sizes. */
START_TEST(pairs)
{
  enum { CODES = 16 };
  static const uint8_t ends[2][8] = {
      {0, 1, 7, 8, 0x38, 0x7e, 0x7f, 0xb8},
      {0, 1, 67, 127, 140, 187, 0xfe, 0xff}};
  static const float addends[] = {0, 1, -0x1p-12F, 0x1.fffffep20F, 0x1p-126F,
                                  -0x1.8p-140F, 0x1p127F, -INFINITY, NAN};
  ulp_mma m = find(_i);
  size_t k = (size_t)m.k, per = (size_t)m.scales;
  for (int s = 0; s < 64; s++)
    for (size_t t = (size_t)s % 3; t < sizeof addends / sizeof *addends;
         t += 3) {
      size_t used = s / 3 % 2 ? 1 : 16;
      memset(a, 0, CODES * k);
      memset(b, 0, CODES * k);
      for (size_t i = 0; i < CODES; i++)
        for (size_t l = 0; l < used; l++)
          a[i * k + 16 + l] = b[i * k + 16 + l] = (uint8_t)i;
      memset(sa, ends[m.scale.man_bits == 0][s / 8], CODES * per);
      memset(sb, ends[m.scale.man_bits == 0][s % 8], CODES * per);
      for (size_t i = 0; i < CODES * CODES; i++)
        c[i] = addends[t];
      compute(&m, CODES, CODES, k, true);
      for (size_t at = 0; at < CODES * CODES; at++) {
        uint32_t from;
        memcpy(&from, &c[at], sizeof from);
        uint32_t want = chain(&m, at / CODES, at % CODES, k, from);
        for (int isa = 0; isa < ISAS; isa++)
          ck_assert_msg(!ulp_isa_has((ulp_isa)isa) || same(d[isa][at], want),
                        "%s: scales %d, C %a, codes %zu %zu: %a, not %#x",
                        ulp_isa_name((size_t)isa), s, (double)addends[t],
                        at / CODES, at % CODES, (double)d[isa][at], want);
      }
    }
}
END_TEST

/* One output: group 0 as it is, and a quarter in group 2, whose scales are
 * 2^-by those of group 0. */
static void check_edge(const ulp_mma *m, int by, float from)
{
  bool e8m0 = m->scale.man_bits == 0;
  size_t per = (size_t)m->record->scale_block;
  uint8_t top = e8m0 ? 137 : 0x77;
  for (size_t i = 0; i < 64 / per; i++)
    sa[i] = sb[i] =
        (uint8_t)(i * per < 32 ? top : top - (by << m->scale.man_bits));
  a[40] = b[40] = 1;
  c[0] = from;
  compute(m, 1, 1, 64, true);
  uint32_t code;
  memcpy(&code, &c[0], sizeof code);
  uint32_t want = chain(m, 0, 0, 64, code);
  for (int isa = 0; isa < ISAS; isa++)
    ck_assert_msg(!ulp_isa_has((ulp_isa)isa) || same(d[isa][0], want),
                  "%s %s: by %d, C %a: %a, not %#x", m->record->ptx_kind,
                  ulp_isa_name((size_t)isa), by, (double)from,
                  (double)d[isa][0], want);
}

/* Where cutting begins.  Group 0 is 1 - 1, and C's last bit below the rest; or
 * it is 576, and C takes it back, so that group 2 is all that is left. */
START_TEST(edges)
{
  ulp_mma m = find(_i);
  bool e8m0 = m.scale.man_bits == 0;
  int vote = e8m0 ? 20 : 14, most = e8m0 ? 30 : 13;
  float all = ldexpf(e8m0 ? 576 : 576 * 225.0F / 64, vote);
  for (int by = 0; by <= most; by++) {
    memset(a, 0, 64);
    memset(b, 0, 64);
    a[3] = b[3] = b[4] = 2;
    a[4] = 10;
    for (int e = -20; e <= 40; e++) {
      check_edge(&m, by, ldexpf(0x1.000002p0F, vote - e));
      check_edge(&m, by, ldexpf(-0x1.fffffep0F, vote - e));
    }
    memset(a, 7, 16);
    memset(b, 7, 16);
    for (int i = -2; i <= 2; i++)
      check_edge(&m, by, -all * (1 + (float)i * 0x1p-23F));
  }
}
END_TEST

int main(void)
{
  Suite *s = suite_create("scaled");
  TCase *t = tcase_create("scaled");
  tcase_set_timeout(t, 3600);
  tcase_add_loop_test(t, shapes, 0, COUNT);
  tcase_add_loop_test(t, tiles, 0, COUNT);
  tcase_add_loop_test(t, products, 0, COUNT);
  tcase_add_loop_test(t, pairs, 0, GROUPED);
  tcase_add_loop_test(t, edges, 0, GROUPED);
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed != 0;
}
