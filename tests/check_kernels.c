/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The kernels of emu/kernel.h on every ulp_isa that the machine has, against
 * the reference, ulp_mma_dot: every pair of FP8 codes among others in a block,
 * and chains of every instruction that they take, over data of each family, on
 * one thread and on two.  With ULP_LONG (tests/kernels.long) 10^9 products a
 * kernel.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emu.h"
#include "gemm.h"
#include "isa.h"
#include "tile.h"

#ifdef ULP_LONG
#define PRODUCTS 1e9
enum { LARGE = 2 }; /* one trial in so many is of many tiles */
enum { MODELS = 3000, FIRST_PAIRS = 0, LAST_PAIRS = 36 };
#else
#define PRODUCTS 2e5
enum { LARGE = 20 };
enum { MODELS = 40, FIRST_PAIRS = 12, LAST_PAIRS = 24 };
#endif

enum { ISAS = 3, MAX_ROWS = 70, MAX_COLS = 140, MAX_LENGTH = 600 };

typedef struct {
  ulp_mma m;
  size_t rows, cols, k;
  unsigned char a[MAX_ROWS * MAX_LENGTH * 4], b[MAX_COLS * MAX_LENGTH * 4];
  float c[MAX_ROWS * MAX_COLS], want[MAX_ROWS * MAX_COLS];
} job;
static job j;

/* ---- the reference ------------------------------------------------------ */

static void load(const ulp_format *f, const unsigned char *array, size_t row,
                 size_t first, uint64_t code[ULP_MAX_K])
{
  for (size_t i = 0; i < (size_t)j.m.k; i++)
    code[i] = first + i < j.k
                  ? ulp_load_code(f, array, row * j.k + first + i)
                  : 0;
}

static float chain_by_reference(size_t row, size_t column)
{
  static const ulp_rounding rne = {.overflow = ULP_OVERFLOW_INF};
  double c = (double)j.c[row * j.cols + column];
  for (size_t k = 0; k < j.k; k += (size_t)j.m.k) {
    uint64_t x[ULP_MAX_K], y[ULP_MAX_K];
    load(&j.m.a, j.a, row, k, x);
    load(&j.m.b, j.b, column, k, y);
    c = ulp_decode(&j.m.d, ulp_mma_dot(&j.m, x, y,
                                       ulp_encode_f64(&j.m.c, c, &rne, 0),
                                       NULL));
  }
  return (float)c;
}

static bool same(float x, float y)
{
  return isnan(x) ? isnan(y) : memcmp(&x, &y, sizeof x) == 0;
}

static size_t first_difference(const float *out)
{
  size_t i = 0;
  while (i < j.rows * j.cols && same(out[i], j.want[i]))
    i++;
  return i;
}

/* ---- the kernels -------------------------------------------------------- */

static void run_group(const ulp_packed *a, const ulp_packed *b, size_t rows,
                      size_t group, float *out)
{
  float acc[ULP_ROWS][ULP_LANES] = {{0}};
  size_t i = rows * ULP_ROWS, n = group * ULP_LANES;
  for (size_t r = 0; r < ULP_ROWS && i + r < j.rows; r++)
    for (size_t l = 0; l < ULP_LANES && n + l < j.cols; l++)
      acc[r][l] = j.c[(i + r) * j.cols + n + l] + 0.0F;
  ulp_chain_rows(a, rows, b, group, 0, a->chunks, acc);
  for (size_t r = 0; r < ULP_ROWS && i + r < j.rows; r++)
    for (size_t l = 0; l < ULP_LANES && n + l < j.cols; l++)
      out[(i + r) * j.cols + n + l] = acc[r][l];
}

static void check_isa(ulp_isa isa, int threads, const char *what)
{
  static float out[MAX_ROWS * MAX_COLS];
  ulp_packed a, b;
  ck_assert(ulp_isa_set(isa) == ULP_OK);
  ck_assert(ulp_pack_operand(&a, &j.m, false, j.a, j.rows, j.k) == ULP_OK);
  ck_assert(ulp_pack_operand(&b, &j.m, true, j.b, j.cols, j.k) == ULP_OK);
#pragma omp parallel for num_threads(threads)
  for (size_t rows = 0; rows < (j.rows + ULP_ROWS - 1) / ULP_ROWS; rows++)
    for (size_t group = 0; group * ULP_LANES < j.cols; group++)
      run_group(&a, &b, rows, group, out);
  ulp_packed_free(&a);
  ulp_packed_free(&b);
  size_t i = first_difference(out);
  if (i < j.rows * j.cols) /* Check writes to a file at each ck_assert */
    ck_abort_msg("%s, %s: %s %s m%dn%dk%d %s by %s, K %zu, output %zu of %zu "
                 "x %zu from %a: %a, expected %a",
                 ulp_isa_name(isa), what, j.m.record->arch, j.m.record->instr,
                 j.m.m, j.m.n, j.m.k, j.m.a.name, j.m.b.name, j.k, i, j.rows,
                 j.cols, (double)j.c[i], (double)out[i], (double)j.want[i]);
}

/* Every machine, against the reference and so against each other. */
static void check_all(const char *what)
{
  int most = j.rows > ULP_ROWS || j.cols > ULP_LANES ? 2 : 1;
  for (size_t i = 0; i < j.rows * j.cols; i++)
    j.want[i] = chain_by_reference(i / j.cols, i % j.cols);
  for (int isa = 0; isa < ISAS; isa++)
    for (int threads = 1; ulp_isa_has((ulp_isa)isa) && threads <= most;
         threads++)
      check_isa((ulp_isa)isa, threads, what);
}

/* ---- every pair of FP8 codes -------------------------------------------- */

/* Code i in row i and code n in column n, at one place of a block of others:
 * zeros, ordinary ones, or any. */
static void fill_pairs(const ulp_format *f, unsigned char *array, size_t first,
                       size_t rows, int others, ulp_pcg32 *g)
{
  for (size_t i = 0; i < rows; i++)
    for (size_t k = 0; k < j.k; k++) {
      uint64_t code = ulp_pcg32_next(g) & 255;
      double v = ulp_decode(f, code);
      if (others == 0 || (others == 1 && !(fabs(v) <= 4)))
        code = 0;
      else if (isnan(v) || isinf(v))
        code = 1;
      ulp_store_code(f, array, i * j.k + k, k == 5 ? first + i : code);
    }
}

START_TEST(fp8_pairs)
{
  static const char *const shapes[] = {
      "wgmma.m64n8k32.f32", "mma.m16n8k32.f32", "wgmma.m64n8k32.f16"};
  static const char *const types[][2] = {
      {"e4m3", "e4m3"}, {"e4m3", "e5m2"}, {"e5m2", "e4m3"}, {"e5m2", "e5m2"}};
  ulp_pcg32 g = ulp_pcg32_seed(17, (uint64_t)_i);
  char name[64], why[200];
  (void)snprintf(name, sizeof name, "%s.%s.%s.%.3s", shapes[_i / 4 % 3],
                 types[_i % 4][0], types[_i % 4][1],
                 strrchr(shapes[_i / 4 % 3], '.') + 1);
  ck_assert_msg(ulp_mma_find("h200", name, &j.m, why, sizeof why) == ULP_OK,
                "%s", why);
  j.rows = 64;
  j.cols = 128;
  j.k = 32;
  for (size_t part = 0; part < 8; part++) {
    for (size_t i = 0; i < j.rows * j.cols; i++)
      j.c[i] = part % 2 ? (float)(int)(ulp_pcg32_next(&g) % 64) - 32 : 0;
    fill_pairs(&j.m.a, j.a, part % 4 * 64, 64, _i / 12, &g);
    fill_pairs(&j.m.b, j.b, part / 4 * 128, 128, _i / 12, &g);
    check_all("pairs");
  }
}
END_TEST

/* ---- chains ------------------------------------------------------------- */

static const char *const families[] = {
    "any bits", "normal",   "outliers", "positive", "wide",
    "widest",   "cancelling", "subnormal", "zeros", "a NaN or an Inf"};
enum { FAMILIES = sizeof families / sizeof *families };

static double draw_normal(ulp_pcg32 *g)
{
  double sum = -6;
  for (int i = 0; i < 12; i++)
    sum += ulp_pcg32_next(g) * 0x1p-32;
  return sum;
}

static uint64_t draw(const ulp_format *f, int family, ulp_pcg32 *g)
{
  static const ulp_rounding rne = {.overflow = ULP_OVERFLOW_SATURATE};
  double x = draw_normal(g);
  unsigned at = ulp_pcg32_next(g);
  switch (family) {
  case 0: return at & ((UINT64_C(1) << f->bits) - 1);
  case 2: x *= at % 40 ? 1 : 256; break;
  case 3: x = fabs(x); break;
  case 4: x = ldexp(x, (int)(at % 41) - 20); break;
  case 5: x = ldexp(x, (int)(at % 254) - 127); break;
  case 7: x *= ulp_min_normal(f); break;
  case 8: x = at % 4 ? 0 : x; break;
  default: break;
  }
  return ulp_encode_f64(f, x, &rne, 0);
}

static void fill(const ulp_format *f, unsigned char *array, size_t rows,
                 int family, ulp_pcg32 *g)
{
  for (size_t i = 0; i < rows * j.k; i++)
    ulp_store_code(f, array, i, draw(f, family, g));
  if (family == 9)
    ulp_store_code(f, array, ulp_pcg32_next(g) % (rows * j.k),
                   draw(f, 0, g) | (f->max_code & ~UINT64_C(1)));
}

/* Products 2i and 2i + 1 cancel but for a few. */
static void cancel(ulp_pcg32 *g)
{
  uint64_t sign = UINT64_C(1) << (j.m.b.bits - 1);
  for (size_t i = 0; i < j.rows; i++)
    for (size_t k = 1; k < j.k; k += 2)
      ulp_store_code(&j.m.a, j.a, i * j.k + k,
                     ulp_load_code(&j.m.a, j.a, i * j.k + k - 1));
  for (size_t i = 0; i < j.cols; i++)
    for (size_t k = 1; k < j.k; k += 2)
      if (ulp_pcg32_next(g) % 16)
        ulp_store_code(&j.m.b, j.b, i * j.k + k,
                       sign ^ ulp_load_code(&j.m.b, j.b, i * j.k + k - 1));
}

/* 0, ordinary, any bits, huge, tiny. */
static void fill_c(int kind, ulp_pcg32 *g)
{
  static const ulp_rounding rne = {.overflow = ULP_OVERFLOW_INF};
  const ulp_format *f = &j.m.c;
  for (size_t i = 0; i < j.rows * j.cols; i++) {
    double x = draw_normal(g);
    uint64_t any = ulp_pcg32_next(g) & ((UINT64_C(1) << f->bits) - 1);
    x = kind == 0 ? 0
        : kind == 3 ? ldexp(x, f->bias - 5 + (int)(any % 8))
        : kind == 4 ? ldexp(x, 5 - f->bias - (int)(any % 32))
                    : x;
    j.c[i] = (float)ulp_decode(
        f, kind == 2 ? any : ulp_encode_f64(f, x, &rne, 0));
  }
}

static void check_chain(int trial, ulp_pcg32 *g)
{
  int family = trial % FAMILIES;
  size_t k = (size_t)j.m.k;
  j.rows = 1 + ulp_pcg32_next(g) % (ulp_pcg32_next(g) % LARGE ? 5 : MAX_ROWS);
  j.cols = 1 + ulp_pcg32_next(g) % (ulp_pcg32_next(g) % LARGE ? 30 : MAX_COLS);
  j.k = 1 + ulp_pcg32_next(g) % (k * 4 < MAX_LENGTH ? k * 4 : MAX_LENGTH);
  if (j.m.c.bits != j.m.d.bits && j.k > k) /* D is no C */
    j.k = k;
  fill(&j.m.a, j.a, j.rows, family, g);
  fill(&j.m.b, j.b, j.cols, family, g);
  if (family == 6)
    cancel(g);
  fill_c((int)(ulp_pcg32_next(g) % 5), g);
  check_all(families[family]);
}

/* Which kernel takes an instruction. */
enum { KERNELS = 8 };
static int kernel_of(const ulp_mma *m)
{
  ulp_kernel_plan p = ulp_kernel_plan_of(m);
  return p.wide | p.bytes << 1 | p.nearest << 2;
}

/* The i-th record with the `which`-th of its types, if there are so many and a
 * kernel takes it. */
static bool get(size_t i, int which)
{
  const ulp_mma_record *r = ulp_mma_row(i);
  char name[96], why[256];
  if ((which & 1 && !strchr(r->a, '|')) || (which & 2 && !strchr(r->b, '|')))
    return false;
  ulp_mma_row_name(r, which & 1, which >> 1, which & 1, name, sizeof name);
  ck_assert_msg(ulp_mma_find(r->arch, name, &j.m, why, sizeof why) == ULP_OK,
                "%s: %s", name, why);
  return ulp_packable(&j.m) && !r->scale;
}

static void count_kernels(int instructions[KERNELS])
{
  for (size_t i = 0; i < ulp_mma_count(); i++)
    for (int which = 0; which < 4; which++)
      if (get(i, which))
        instructions[kernel_of(&j.m)]++;
}

START_TEST(chains)
{
  int instructions[KERNELS] = {0};
  double products[KERNELS] = {0};
  count_kernels(instructions);
  for (size_t i = 0; i < ulp_mma_count(); i++)
    for (int which = 0; which < 4; which++) {
      ulp_pcg32 g = ulp_pcg32_seed(23 + (uint64_t)which, i);
      if (!get(i, which))
        continue;
      int kernel = kernel_of(&j.m);
      double done = 0, share = PRODUCTS / instructions[kernel];
      for (int t = 0; done < share || t < FAMILIES; t++) {
        check_chain(t, &g);
        done += (double)(j.rows * j.cols * j.k);
      }
      products[kernel] += done;
    }
  for (int i = 0; i < KERNELS; i++)
    if (instructions[i])
      printf("%s, votes in %s, %s: %d instructions, %.3g products\n",
             i & 1 ? "doubles" : "floats", i & 2 ? "bytes" : "words",
             i & 4 ? "to nearest" : "cut", instructions[i], products[i]);
}
END_TEST

/* Accumulators of free choice: blocks, alignments, results, roundings. */
START_TEST(models)
{
  static const char *const accs[] = {"f32", "fp22", "f16", "bf16", "e8m10",
                                     "e5m7", "e4m3"};
  static const char *const operands[] = {"e4m3", "e5m2", "bf16", "f16",
                                         "e4m11", "e2m1"};
  ulp_pcg32 g = ulp_pcg32_seed(31, (uint64_t)_i);
  for (int t = 0; t < MODELS; t++) {
    ulp_mma_record r = {.block = 1 + (int)(ulp_pcg32_next(&g) % 70),
                        .align = 1 + (int)(ulp_pcg32_next(&g) % 45),
                        .floor = t % 3 ? -(int)(ulp_pcg32_next(&g) % 140)
                                       : ULP_NO_FLOOR,
                        .arch = "model",
                        .instr = "model",
                        .acc = accs[ulp_pcg32_next(&g) % 7],
                        .acc_mode = t % 4 == 0   ? (ulp_mode)(_i % 7)
                                    : t % 2 ? ULP_RTZ
                                            : ULP_RNE};
    ulp_format a, b;
    char why[200];
    if (t % 5 == 0)
      r.block = 1 + (int)(ulp_pcg32_next(&g) % 256);
    ck_assert(ulp_format_find(operands[ulp_pcg32_next(&g) % 6], &a, NULL, 0) ==
              ULP_OK);
    ck_assert(ulp_format_find(operands[ulp_pcg32_next(&g) % 6], &b, NULL, 0) ==
              ULP_OK);
    if (ulp_mma_model(&j.m, &r, &a, &b, why, sizeof why) != ULP_OK)
      continue; /* no accumulator, or SR */
    check_chain(t, &g);
  }
}
END_TEST

int main(void)
{
  Suite *s = suite_create("kernels");
  TCase *t = tcase_create("kernels");
  SRunner *r;
  int failed;
  tcase_set_timeout(t, 7200);
  tcase_add_loop_test(t, fp8_pairs, FIRST_PAIRS, LAST_PAIRS);
  tcase_add_test(t, chains);
  tcase_add_loop_test(t, models, 0, 7);
  suite_add_tcase(s, t);
  r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed != 0;
}
