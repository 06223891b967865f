/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Orders that do not feed K as it lies in memory: each against lists of k
 * written down here, one ulp_mma_dot (the reference) after another.
 */
#include <check.h>
#include <math.h>
#include <string.h>

#include "gemm.h"

enum { M = 3, N = 9, MAX_K = 400, MAX_FED = 3 * MAX_K + 200, GAP = -1 };

typedef struct {
  const char *name, *type, *out;
  int grain, fine, tile; /* tile 0: pairs, -1: split in head and tail, -2:
                            ascending, operands cut */
  int step;              /* the instruction's k */
} described;

static const described list[] = {
    {"cutlass-tf32-16", "f32", "f32", 32, 4, 16, 8},
    {"cutlass-tf32-32", "f32", "f32", 32, 4, 32, 8},
    {"cutlass-s1688-32", "bf16", "f32", 64, 8, 32, 8},
    {"cutlass-s1688-32", "f16", "f16", 64, 8, 32, 8},
    {"cutlass-s16816-64", "f16", "f32", 64, 8, 64, 16},
    {"cutlass-s16816-128", "bf16", "bf16", 64, 8, 128, 16},
    {"cutlass-h16816-64", "f16", "f16", 64, 8, 64, 16},
    {"cutlass-h16816-128", "f16", "f16", 64, 8, 128, 16},
    {"triton-fp8-mma", "e4m3", "f32", 128, 0, 0, 16},
    {"triton-fp8-mma", "e5m2", "f32", 128, 0, 0, 16},
    {"triton-tf32", "f32", "f32", 128, 0, -2, 8},
    {"triton-tf32x3", "f32", "f32", 128, 0, -1, 8},
};
enum { LISTED = sizeof list / sizeof list[0] };

static uint64_t a_code[M][MAX_K], b_code[N][MAX_K];
static unsigned char a_store[M * MAX_K * 4], b_store[N * MAX_K * 4];
static unsigned char d_store[M * N * 4];

/* ---- lists of k --------------------------------------------------------------- */

typedef struct {
  int k[MAX_FED], part[MAX_FED]; /* part 0: t by h, 1: h by t, 2: h by h */
  int n;
} feed;

static void put(feed *f, int k, int part)
{
  f->k[f->n] = k;
  f->part[f->n++] = part;
}

static void fill_up(feed *f, int step, int part)
{
  while (f->n % step)
    put(f, GAP, part);
}

static void list_head(const described *o, feed *f, int from, int to)
{
  int head = (to - from) % o->tile, k = from;
  for (; k < from + head; k++)
    put(f, k, 2);
  fill_up(f, o->step, 2);
  for (; k < to; k++)
    put(f, k, 2);
}

static void list_ascending(feed *f, int from, int to)
{
  for (int k = from; k < to; k++)
    put(f, k, 2);
}

static void list_pairs(feed *f, int from, int to)
{
  for (int base = from; base < to; base += 32)
    for (int half = 0; half < 2; half++)
      for (int i = 0; i < 32; i++)
        if (i % 4 / 2 == half)
          put(f, base + i < to ? base + i : GAP, 2);
}

static void list_split(feed *f, int from, int to)
{
  for (int base = from; base < to; base += 32)
    for (int part = 0; part < 3; part++)
      for (int i = 0; i < 32; i++)
        put(f, base + i < to ? base + i : GAP, part);
}

/* ---- the composition ------------------------------------------------------------ */

static uint64_t rounded(const ulp_format *to, const ulp_format *from,
                        uint64_t code, ulp_mode mode)
{
  ulp_rounding r = {.mode = mode, .overflow = ULP_OVERFLOW_INF};
  return ulp_encode_f64(to, ulp_decode(from, code), &r, 0);
}

static uint64_t operand(const described *o, const ulp_format *to,
                        const ulp_format *from, uint64_t code, bool tail)
{
  uint64_t head =
      rounded(to, from, code, o->tile == -2   ? ULP_RTZ
                              : o->tile == -1 ? ULP_RNA
                                              : ULP_RNE);
  double rest = ulp_decode(from, code) - ulp_decode(to, head);
  ulp_rounding cut = {.mode = ULP_RTZ, .overflow = ULP_OVERFLOW_INF};
  return tail ? ulp_encode_f64(to, rest, &cut, 0) : head;
}

/* Instructions from .. to-1 of the feed, on from an accumulator of +0. */
static float chain(const described *o, const ulp_gemm *g, const feed *f,
                   int from, int to, int i, int j)
{
  uint64_t c = 0;
  for (int at = from; at < to; at += o->step) {
    uint64_t a[16] = {0}, b[16] = {0};
    for (int e = 0; e < o->step && at + e < to; e++)
      if (f->k[at + e] != GAP) {
        int k = f->k[at + e], part = f->part[at + e];
        a[e] = operand(o, &g->mma.a, &g->a, a_code[i][k], part == 0);
        b[e] = operand(o, &g->mma.b, &g->b, b_code[j][k], part == 1);
      }
    c = ulp_mma_dot(&g->mma, a, b, c, NULL);
  }
  return (float)ulp_decode(&g->mma.d, c);
}

static float slice(const described *o, const ulp_gemm *g, int from, int to,
                   int i, int j)
{
  static feed f;
  float y = 0;
  f.n = 0;
  if (o->tile > 0)
    list_head(o, &f, from, to);
  else if (o->tile == 0)
    list_pairs(&f, from, to);
  else if (o->tile == -1)
    list_split(&f, from, to);
  else
    list_ascending(&f, from, to);
  if (o->tile != -1)
    return chain(o, g, &f, 0, f.n, i, j);
  for (int at = 0; at < f.n; at += 96)
    y += chain(o, g, &f, at, at + 96, i, j);
  return y;
}

static float in_out(const ulp_gemm *g, float y)
{
  ulp_rounding r = {.overflow = ULP_OVERFLOW_INF};
  return (float)ulp_decode(&g->out, ulp_encode_f32(&g->out, y, &r, 0));
}

static uint64_t oracle(const described *o, const ulp_gemm *g, int k,
                       int slices, int i, int j)
{
  int grain = o->fine && k % o->grain ? o->fine : o->grain;
  int pieces = (k + grain - 1) / grain;
  int length = slices == 1 ? k : (pieces + slices - 1) / slices * grain;
  ulp_rounding r = {.overflow = ULP_OVERFLOW_INF};
  bool half = strncmp(o->name, "cutlass-h", 9) == 0;
  float y = 0;
  for (int from = 0; from < k; from += length) {
    y += slice(o, g, from, from + length < k ? from + length : k, i, j);
    y = half ? in_out(g, y) : y;
  }
  return ulp_encode_f32(&g->out, y, &r, 0);
}

/* ---- comparing ---------------------------------------------------------------------- */

static void make(const ulp_format *f, uint64_t *code, unsigned char *store,
                 int n, uint64_t seed)
{
  ulp_rounding r = {.overflow = ULP_OVERFLOW_INF};
  for (int i = 0; i < n; i++) {
    uint32_t w = ulp_random_word(seed, 1, (uint64_t)i, 0);
    double x = ldexp((double)(int32_t)w, -31 + (int)(w % 7));
    code[i] = ulp_encode_f64(f, x, &r, 0);
    ulp_store_code(f, store, (size_t)i, code[i]);
  }
}

static void compare(const described *o, int k, int slices)
{
  char why[300];
  ulp_gemm g;
  ulp_gemm_options options = {.type_a = o->type, .type_b = o->type,
                              .out = o->out, .promote = -1,
                              .slices = slices};
  ck_assert_msg(ulp_gemm_find("h200", o->name, &options, &g, why,
                              sizeof why) == ULP_OK, "%s", why);
  for (int i = 0; i < M; i++)
    make(&g.a, a_code[i], a_store + (size_t)(i * k) * g.a.storage_bytes, k,
         (uint64_t)(100 + i));
  for (int j = 0; j < N; j++)
    make(&g.b, b_code[j], b_store + (size_t)(j * k) * g.b.storage_bytes, k,
         (uint64_t)(200 + j));
  ulp_gemm_data x = {.m = M, .n = N, .k = (size_t)k, .a = a_store,
                     .b = b_store, .d = d_store};
  ck_assert_int_eq(ulp_gemm_run(&g, &x, 0, M), ULP_OK);
  for (int at = 0; at < M * N; at++) {
    uint64_t got = ulp_load_code(&g.out, d_store, (size_t)at);
    uint64_t want = oracle(o, &g, k, slices, at / N, at % N);
    ck_assert_msg(got == want, "%s %s k %d slices %d output %d: %#jx, "
                  "expected %#jx", o->name, o->type, k, slices, at,
                  (uintmax_t)got, (uintmax_t)want);
  }
}

START_TEST(feeds_equal_composition)
{
  static const int ks[] = {1, 4, 8, 9, 24, 31, 40, 64, 100, 136, 256, 333};
  const described *o = &list[_i];
  for (int i = 0; i < 12; i++)
    for (int slices = 1; slices <= (o->fine ? 24 : 2); slices += 1 + slices / 2)
      compare(o, ks[i], slices);
}
END_TEST

static float by_slices(const float *a, const float *b, int k, int slices)
{
  int grain = k % 32 ? 4 : 32;
  int length = ((k + grain - 1) / grain + slices - 1) / slices * grain;
  float y = 0;
  for (int from = 0; from < k; from += length) {
    float part = 0;
    for (int i = from; i < k && i < from + length; i++)
      part = fmaf(a[i], b[i], part);
    y += part;
  }
  return y;
}

static float by_lanes(const float *a, const float *b, int k)
{
  float y[32] = {0};
  for (int i = 0; i < k; i++)
    y[i / 4 % 32] = fmaf(a[i], b[i], y[i / 4 % 32]);
  for (int i = 0; i < 16; i++)
    y[i] += y[i + 16];
  for (int i = 0; i < 8; i++)
    y[i] += y[i + 8];
  return ((y[0] + y[4]) + (y[2] + y[6])) + ((y[1] + y[5]) + (y[3] + y[7]));
}

static void compare_plain(const char *order, const char *type, int k,
                          int slices)
{
  static float a[MAX_K], b[MAX_K];
  char why[300];
  ulp_gemm g;
  ulp_gemm_options options = {.type_a = type, .type_b = type, .promote = -1,
                              .slices = slices};
  ck_assert_msg(ulp_gemm_find("h200", order, &options, &g, why, sizeof why) ==
                    ULP_OK, "%s", why);
  make(&g.a, a_code[0], a_store, k, 7);
  make(&g.b, b_code[0], b_store, k, 8);
  for (int i = 0; i < k; i++) {
    a[i] = (float)ulp_decode(&g.a, a_code[0][i]);
    b[i] = (float)ulp_decode(&g.b, b_code[0][i]);
  }
  ulp_gemm_data x = {.m = 1, .n = 1, .k = (size_t)k, .a = a_store,
                     .b = b_store, .d = d_store};
  ck_assert_int_eq(ulp_gemm_run(&g, &x, 0, 1), ULP_OK);
  float want = slices ? by_slices(a, b, k, slices) : by_lanes(a, b, k), got;
  memcpy(&got, d_store, sizeof got);
  ck_assert_msg(got == want, "%s k %d: %a, expected %a", order, k, got, want);
}

/* Chains in slices, and the 32 lanes of a vector by a matrix. */
START_TEST(plain_orders)
{
  for (int k = 1; k < MAX_K; k += 37) {
    compare_plain("cutlass-simt", "f32", k, 5);
    compare_plain("cublaslt-gemv", "bf16", k, 0);
  }
  compare_plain("cutlass-simt", "f32", 256, 3);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("feed");
  TCase *t = tcase_create("feed");
  tcase_add_loop_test(t, feeds_equal_composition, 0, LISTED);
  tcase_add_test(t, plain_orders);
  tcase_set_timeout(t, 60);
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_ENV);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed != 0;
}
