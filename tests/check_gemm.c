/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Whole products: every order against a slow composition of single
 * instructions, written here a second time from the orders' descriptions;
 * the boundaries of pieces and slices; the exact sum against GMP.
 */
#include <check.h>
#include <gmp.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "exact.h"
#include "gemm.h"

/* ---- inputs ------------------------------------------------------------------ */

/* Mostly ordinary, some zeros, a few of any bits (NaN and Inf too). */
static uint64_t random_code(const ulp_format *f, ulp_pcg32 *g, bool wild)
{
  double x = (ulp_pcg32_next(g) * 0x1p-31 - 1) *
             ldexp(1, (int)(ulp_pcg32_next(g) % 8) - 3);
  if (f->kind == ULP_INTEGER || (wild && ulp_pcg32_next(g) % 61 == 0))
    return ulp_pcg32_next(g) & (f->bits == 32 ? UINT32_MAX
                                              : (1U << f->bits) - 1);
  if (ulp_pcg32_next(g) % 8 == 0)
    return 0;
  return ulp_encode_f64(f, x, &(ulp_rounding){.mode = ULP_RNE}, 0);
}

enum { MAX_M = 12, MAX_N = 140, MAX_K = 1100 };
static unsigned char a_store[MAX_M * MAX_K * 4], b_store[MAX_N * MAX_K * 4],
    d_store[MAX_M * MAX_N * 4];
static float c_store[MAX_M * MAX_N], sa_store[MAX_M * 9], sb_store[MAX_N * 9];

static void fill(const ulp_format *f, unsigned char *array, size_t n,
                 ulp_pcg32 *g, bool wild)
{
  for (size_t i = 0; i < n; i++)
    ulp_store_code(f, array, i, random_code(f, g, wild));
}

static void fill_floats(float *x, size_t n, ulp_pcg32 *g)
{
  for (size_t i = 0; i < n; i++)
    x[i] = (float)(ulp_pcg32_next(g) * 0x1p-32 + 0.5);
}

/* ---- the oracle ----------------------------------------------------------------- */

/* The orders as their descriptions have them. */
typedef struct {
  const char *name, *a, *b;
  bool fast;
  int k, promote, grain, slices;
  char blocks; /* 'f' fma(p, sa sb, y), 'l' fma(p sa, sb, y), 'm' y +
                  sa sb p, '-' none */
  bool first_added, c_starts, to_tf32;
} described;

static const described list[] = {
    {"wgmma-chain", "e4m3", "e5m2", 0, 32, 0, 128, 1, '-', 0, 1, 0},
    {"wgmma-chain", "bf16", "bf16", 0, 16, 0, 128, 1, '-', 0, 1, 0},
    {"wgmma-chain", "tf32", "tf32", 0, 8, 0, 128, 1, '-', 0, 1, 0},
    {"mma-chain", "e5m2", "e4m3", 0, 32, 0, 128, 1, '-', 0, 1, 0},
    {"mma-chain", "f16", "f16", 0, 16, 0, 128, 1, '-', 0, 1, 0},
    {"cublaslt-fp8", "e4m3", "e4m3", 0, 32, 128, 128, 1, 'f', 0, 0, 0},
    {"cublaslt-fp8", "e5m2", "e4m3", 1, 32, 0, 128, 1, 'f', 0, 0, 0},
    {"cublaslt-bf16", "bf16", "bf16", 0, 16, 0, 64, 1, '-', 0, 0, 0},
    {"cublaslt-f16", "f16", "f16", 0, 16, 0, 64, 1, '-', 0, 0, 0},
    {"cublaslt-tf32", "f32", "f32", 0, 8, 0, 32, 1, '-', 0, 0, 1},
    {"cublaslt-fp8-blocks", "e4m3", "e4m3", 0, 32, 128, 512, 1, 'f', 0, 0, 0},
    {"triton-fp8", "e4m3", "e5m2", 0, 32, 0, 128, 1, '-', 1, 0, 0},
    {"triton-16", "bf16", "bf16", 0, 16, 0, 128, 1, '-', 0, 0, 0},
    {"cutlass-fp8-2xacc", "e4m3", "e5m2", 0, 32, 128, 128, 1, 'f', 1, 0, 0},
    {"deepgemm-1d1d", "e4m3", "e4m3", 0, 32, 128, 128, 1, 'f', 1, 0, 0},
    {"deepgemm-1d2d", "e4m3", "e4m3", 0, 32, 128, 128, 1, 'f', 1, 0, 0},
    {"te-blockwise", "e4m3", "e4m3", 0, 32, 128, 128, 1, 'l', 1, 0, 0},
    {"blockwise-mul-add", "e4m3", "e4m3", 0, 32, 128, 128, 1, 'm', 1, 0, 0},
};
enum { LISTED = sizeof list / sizeof list[0] };

static uint64_t operand(const ulp_format *f, const ulp_format *as,
                        const void *array, size_t at)
{
  uint64_t code = ulp_load_code(f, array, at);
  ulp_rounding r = {.mode = ULP_RNE, .overflow = ULP_OVERFLOW_INF};
  float x;
  uint32_t bits = (uint32_t)code;
  if (f->bits == as->bits)
    return code;
  memcpy(&x, &bits, sizeof x);
  return ulp_encode_f32(as, x, &r, 0);
}

/* Instructions over from .. to-1, zeros beyond. */
static float chain(const ulp_gemm *g, const ulp_gemm_data *x, size_t i,
                   size_t j, size_t from, size_t to, float c)
{
  size_t step = (size_t)g->mma.k;
  for (size_t k = from; k < to; k += step) {
    uint64_t a[256] = {0}, b[256] = {0}, d;
    for (size_t t = 0; t < step && k + t < to; t++) {
      a[t] = operand(&g->a, &g->mma.a, x->a, i * x->k + k + t);
      b[t] = operand(&g->b, &g->mma.b, x->b, j * x->k + k + t);
    }
    d = ulp_mma_dot(&g->mma, a, b,
                    ulp_encode_f32(&g->mma.c, c,
                                   &(ulp_rounding){.overflow =
                                                       ULP_OVERFLOW_INF},
                                   0),
                    NULL);
    c = (float)ulp_decode(&g->mma.d, d);
  }
  return c;
}

static float block_scale(ulp_gemm_scales kind, const float *s, size_t row,
                         size_t k, size_t all_k)
{
  size_t per = (all_k + 127) / 128;
  return s[(kind == ULP_SCALES_128X128 ? row / 128 : row) * per + k / 128];
}

static bool in_blocks(const ulp_gemm_data *x)
{
  return x->kind_a >= ULP_SCALES_1X128;
}

static float slice(const described *o, const ulp_gemm *g,
                   const ulp_gemm_data *x, size_t i, size_t j, size_t from,
                   size_t to, int promote)
{
  float y = 0;
  size_t step = promote ? (size_t)promote : to - from;
  if (in_blocks(x) && step > 128)
    step = 128;
  for (size_t k = from; k < to; k += step) {
    float c = k == 0 && x->c && o->c_starts
                  ? ((const float *)x->c)[i * x->n + j]
                  : 0;
    float p = chain(g, x, i, j, k, k + step < to ? k + step : to, c);
    bool taken = k == from && !o->first_added;
    if (in_blocks(x)) {
      float sa = block_scale(x->kind_a, x->scale_a, i, k, x->k);
      float sb = block_scale(x->kind_b, x->scale_b, j, k, x->k);
      if (taken)
        y = p * (sa * sb);
      else
        y = o->blocks == 'l'   ? fmaf(p * sa, sb, y)
            : o->blocks == 'm' ? y + sa * sb * p
                               : fmaf(p, sa * sb, y);
    } else {
      y = taken ? p : y + p;
    }
  }
  return y;
}

static float round_to(const ulp_format *f, float y)
{
  return (float)ulp_decode(
      f, ulp_encode_f32(f, y, &(ulp_rounding){.overflow = ULP_OVERFLOW_INF},
                        0));
}

static uint64_t oracle(const described *o, const ulp_gemm *g,
                       const ulp_gemm_data *x, size_t i, size_t j, int promote,
                       int slices, ulp_gemm_reduce reduce)
{
  size_t grain = (size_t)o->grain, length = x->k;
  float y = 0;
  if (slices > 1) {
    size_t grains = (x->k + grain - 1) / grain;
    length = (grains + (size_t)slices - 1) / (size_t)slices * grain;
  }
  for (size_t k = 0; k < x->k; k += length) {
    float part = slice(o, g, x, i, j, k, k + length < x->k ? k + length : x->k,
                       promote);
    if (length < x->k && reduce != ULP_REDUCE_F32)
      part = round_to(&g->out, part);
    y = k == 0 ? part : y + part;
    if (k > 0 && reduce == ULP_REDUCE_16_SUMS)
      y = round_to(&g->out, y);
  }
  if (!in_blocks(x) &&
      (x->kind_a != ULP_SCALES_NONE || x->kind_b != ULP_SCALES_NONE)) {
    float sa = x->kind_a == ULP_SCALES_NONE
                   ? 1
                   : x->scale_a[x->kind_a == ULP_SCALES_ROWS ? i : 0];
    float sb = x->kind_b == ULP_SCALES_NONE
                   ? 1
                   : x->scale_b[x->kind_b == ULP_SCALES_ROWS ? j : 0];
    if (strcmp(o->name, "cublaslt-fp8") == 0 &&
        (x->kind_a == ULP_SCALES_ROWS || x->kind_b == ULP_SCALES_ROWS))
      y = y * sb * sa;
    else
      y = y * (sa * sb);
  }
  if (x->c && !o->c_starts)
    y = y + ((const float *)x->c)[i * x->n + j];
  if (isnan(y))
    return g->out.bits == 32 ? 0x7fffffff : 0x7fff;
  return ulp_encode_f32(&g->out, y,
                        &(ulp_rounding){.overflow = ULP_OVERFLOW_INF}, 0);
}

/* ---- comparing ---------------------------------------------------------------------- */

typedef struct {
  size_t m, n, k;
  const char *out;
  int promote, slices; /* -1, 0: the row's */
  ulp_gemm_reduce reduce;
  ulp_gemm_scales kind_a, kind_b;
  bool c, wild;
} job;

static ulp_gemm find(const described *o, const job *w)
{
  ulp_gemm g;
  char why[300];
  ulp_gemm_options options = {.type_a = o->a,
                              .type_b = o->b,
                              .out = w->out,
                              .fast = o->fast,
                              .promote = w->promote,
                              .slices = w->slices,
                              .reduce = &w->reduce};
  ck_assert_msg(ulp_gemm_find("h200", o->name, &options, &g, why,
                              sizeof why) == ULP_OK,
                "%s", why);
  return g;
}

/* At most `checks` outputs, spread over D, equal the oracle's. */
static void compare(const described *o, const job *w, int checks, uint64_t seed)
{
  ulp_pcg32 rng = ulp_pcg32_seed(seed, 7);
  ulp_gemm g = find(o, w);
  ulp_gemm_data x = {.m = w->m, .n = w->n, .k = w->k,
                     .a = a_store, .b = b_store, .d = d_store,
                     .c = w->c ? c_store : NULL,
                     .kind_a = w->kind_a, .kind_b = w->kind_b,
                     .scale_a = sa_store, .scale_b = sb_store};
  size_t total = w->m * w->n, step;
  fill(&g.a, a_store, w->m * w->k, &rng, w->wild);
  fill(&g.b, b_store, w->n * w->k, &rng, w->wild);
  fill_floats(c_store, MAX_M * MAX_N, &rng);
  fill_floats(sa_store, MAX_M * 9, &rng);
  fill_floats(sb_store, MAX_N * 9, &rng);
  memset(d_store, 0xa5, sizeof d_store);
  /* two ranges of rows, as two threads would */
  ck_assert_int_eq(ulp_gemm_run(&g, &x, 0, w->m / 2), ULP_OK);
  ck_assert_int_eq(ulp_gemm_run(&g, &x, w->m / 2, w->m - w->m / 2), ULP_OK);
  step = total / (size_t)checks + 1;
  for (size_t at = 0; at < total; at += step) {
    uint64_t want = oracle(o, &g, &x, at / w->n, at % w->n,
                           w->promote >= 0 ? w->promote : o->promote,
                           w->slices ? w->slices : o->slices, w->reduce);
    uint64_t got = ulp_load_code(&g.out, d_store, at);
    ck_assert_msg(got == want,
                  "%s %s m%zu n%zu k%zu promote %d slices %d scales %d %d "
                  "output %zu: %llx, oracle %llx",
                  o->name, o->a, w->m, w->n, w->k, w->promote, w->slices,
                  (int)w->kind_a, (int)w->kind_b, at, (unsigned long long)got,
                  (unsigned long long)want);
  }
}

/* Shapes: K below, at and beyond an instruction, a promotion, a slice. */
START_TEST(orders_equal_composition)
{
  static const size_t ks[] = {1, 7, 31, 32, 100, 127, 128, 129, 300, 1000};
  const described *o = &list[_i];
  for (size_t t = 0; t < sizeof ks / sizeof ks[0]; t++)
    for (int wild = 0; wild < 2; wild++) {
      job w = {.m = 5, .n = 19, .k = ks[t], .promote = -1, .wild = wild,
               .c = t & 1, .out = t % 3 == 1 ? "bf16" : t % 3 ? "f16" : NULL};
      compare(o, &w, 20, (uint64_t)_i * 100 + t);
    }
}
END_TEST

START_TEST(slices_and_promotions)
{
  static const int promotions[] = {0, 32, 64, 96, 128, 256};
  const described *o = &list[_i];
  for (int p = 0; p < 6; p++)
    for (int s = 1; s <= 9; s += 2)
      for (int r = 0; r < 3; r++) {
        job w = {.m = 3, .n = 9, .k = p & 1 ? 1000 : 770,
                 .promote = promotions[p], .slices = s,
                 .reduce = (ulp_gemm_reduce)r, .out = r ? "bf16" : "f32"};
        compare(o, &w, 3, (uint64_t)(p * 100 + s * 10 + r));
      }
}
END_TEST

START_TEST(scales)
{
  const described *o = &list[_i];
  static const ulp_gemm_scales kinds[][2] = {
      {ULP_SCALES_ONE, ULP_SCALES_ONE},       {ULP_SCALES_ROWS, ULP_SCALES_ROWS},
      {ULP_SCALES_ONE, ULP_SCALES_NONE},      {ULP_SCALES_ROWS, ULP_SCALES_ONE},
      {ULP_SCALES_1X128, ULP_SCALES_1X128},   {ULP_SCALES_1X128, ULP_SCALES_128X128},
      {ULP_SCALES_128X128, ULP_SCALES_128X128}};
  for (size_t s = 0; s < sizeof kinds / sizeof kinds[0]; s++) {
    job w = {.m = 4, .n = 133, .k = 450, .promote = -1, .out = "bf16",
             .c = s & 1, .kind_a = kinds[s][0], .kind_b = kinds[s][1]};
    if (w.kind_a >= ULP_SCALES_1X128 && o->blocks == '-')
      continue;
    compare(o, &w, 20, s);
    w.out = NULL;
    compare(o, &w, 20, s + 50);
  }
}
END_TEST

/* Every row is described here, or tested below or in check_feed.c. */
START_TEST(no_row_is_untested)
{
  static const char *const elsewhere[] = {
      "cublaslt-s8",        "fma-chain",         "exact",
      "model",              "cutlass-tf32-16",   "cutlass-tf32-32",
      "cutlass-s1688-32",   "cutlass-s16816-64", "cutlass-s16816-128",
      "cutlass-h16816-64",  "cutlass-h16816-128", "cutlass-simt",
      "cublaslt-gemv",      "triton-fp8-mma",    "triton-tf32",
      "triton-tf32x3"};
  int count = (int)(sizeof elsewhere / sizeof elsewhere[0]);
  for (size_t i = 0; i < ulp_gemm_order_count(); i++) {
    const char *name = ulp_gemm_order_row(i)->name;
    bool found = false;
    for (int k = 0; k < LISTED; k++)
      found = found || strcmp(name, list[k].name) == 0;
    for (int k = 0; k < count; k++)
      found = found || strcmp(name, elsewhere[k]) == 0;
    ck_assert_msg(found, "order %s", name);
  }
}
END_TEST

/* ---- the others ------------------------------------------------------------------------ */

static ulp_gemm plain(const char *name, const char *type, const char *out,
                      const ulp_mma *model)
{
  ulp_gemm g;
  char why[300];
  ulp_gemm_options options = {
      .type_a = type, .type_b = type, .out = out, .promote = -1, .model = model};
  ck_assert_msg(ulp_gemm_find("h200", name, &options, &g, why, sizeof why) ==
                    ULP_OK,
                "%s", why);
  return g;
}

START_TEST(integers_wrap)
{
  ulp_gemm g = plain("cublaslt-s8", "int8", NULL, NULL);
  ulp_pcg32 rng = ulp_pcg32_seed(3, 3);
  int32_t c[6] = {INT32_MAX, 1, -1, INT32_MIN, 0, 7};
  ulp_gemm_data x = {.m = 2, .n = 3, .k = 1000, .a = a_store, .b = b_store,
                     .c = c, .d = d_store};
  fill(&g.a, a_store, 2000, &rng, true);
  fill(&g.b, b_store, 3000, &rng, true);
  ck_assert_int_eq(ulp_gemm_run(&g, &x, 0, 2), ULP_OK);
  for (size_t at = 0; at < 6; at++) {
    int64_t sum = c[at];
    for (size_t k = 0; k < 1000; k++)
      sum += (int8_t)a_store[at / 3 * 1000 + k] *
             (int8_t)b_store[at % 3 * 1000 + k];
    ck_assert_uint_eq(ulp_load_code(&g.out, d_store, at), (uint32_t)sum);
  }
}
END_TEST

START_TEST(fma_chain)
{
  ulp_gemm g = plain("fma-chain", "bf16", NULL, NULL);
  ulp_pcg32 rng = ulp_pcg32_seed(4, 4);
  ulp_gemm_data x = {.m = 3, .n = 4, .k = 77, .a = a_store, .b = b_store,
                     .c = c_store, .d = d_store};
  fill(&g.a, a_store, 231, &rng, false);
  fill(&g.b, b_store, 308, &rng, false);
  fill_floats(c_store, 12, &rng);
  ck_assert_int_eq(ulp_gemm_run(&g, &x, 0, 3), ULP_OK);
  for (size_t at = 0; at < 12; at++) {
    float y = c_store[at], got;
    for (size_t k = 0; k < 77; k++)
      y = fmaf((float)ulp_decode(&g.a, ulp_load_code(&g.a, a_store,
                                                     at / 4 * 77 + k)),
               (float)ulp_decode(&g.b, ulp_load_code(&g.b, b_store,
                                                     at % 4 * 77 + k)),
               y);
    memcpy(&got, d_store + 4 * at, 4);
    ck_assert_float_eq(got, y);
  }
}
END_TEST

/* The model of Hopper's fp8 accumulator is wgmma; another width is not; each
 * equals its own reference, whatever the width. */
START_TEST(model_widths)
{
  static const char *const accs[] = {"fp22", "f32", "e8m10", "f16", "bf16",
                                     "e5m7"};
  static const int aligns[] = {13, 25, 10, 40, 3, 28};
  for (int t = 0; t < 6; t++)
    for (int mode = 0; mode < 3; mode++) {
      static const ulp_mode modes[] = {ULP_RTZ, ULP_RNE, ULP_RU};
      ulp_mma_record r = {.block = 32 >> (t % 3), .align = aligns[t],
                          .floor = t % 2 ? ULP_NO_FLOOR : -133,
                          .acc = accs[t], .acc_mode = modes[mode]};
      described o = {"model", "e4m3", "e4m3", 0, r.block, 0, 128, 1, '-', 0, 1,
                     0};
      ulp_format f;
      ulp_mma m;
      char why[200];
      ulp_pcg32 rng = ulp_pcg32_seed(9, (uint64_t)t);
      ck_assert(ulp_format_find("e4m3", &f, NULL, 0) == ULP_OK);
      ck_assert(ulp_mma_model(&m, &r, &f, &f, why, sizeof why) == ULP_OK);
      ulp_gemm g = plain("model", "e4m3", NULL, &m);
      ulp_gemm_data x = {.m = 2, .n = 9, .k = 200, .a = a_store, .b = b_store,
                         .d = d_store};
      fill(&f, a_store, 400, &rng, false);
      fill(&f, b_store, 1800, &rng, false);
      ck_assert_int_eq(ulp_gemm_run(&g, &x, 0, 2), ULP_OK);
      for (size_t at = 0; at < 18; at++)
        ck_assert_uint_eq(ulp_load_code(&g.out, d_store, at),
                          oracle(&o, &g, &x, at / 9, at % 9, 0, 1,
                                 ULP_REDUCE_F32));
      if (t == 0 && mode == 0) {
        ulp_gemm h = plain("wgmma-chain", "e4m3", NULL, NULL);
        static unsigned char e_store[72];
        x.d = e_store;
        ck_assert_int_eq(ulp_gemm_run(&h, &x, 0, 2), ULP_OK);
        ck_assert_mem_eq(d_store, e_store, 72);
      }
    }
}
END_TEST

/* ---- exact sums --------------------------------------------------------------------------- */

/* Adds x1 .. xn to an integer in units of 2^-2700. */
static void add_exact(mpz_t sum, const ulp_exact *f, int n)
{
  mpz_t p;
  int exponent = 2700;
  bool negative = false;
  mpz_init_set_ui(p, 1);
  for (int i = 0; i < n; i++) {
    mpz_mul_ui(p, p, f[i].significand);
    exponent += f[i].exponent;
    negative ^= f[i].negative;
  }
  ck_assert_int_ge(exponent, 0);
  mpz_mul_2exp(p, p, (mp_bitcnt_t)exponent);
  if (negative)
    mpz_sub(sum, sum, p);
  else
    mpz_add(sum, sum, p);
  mpz_clear(p);
}

static void same_sum(const ulp_sum *s, const mpz_t want)
{
  ulp_exact x = ulp_sum_value(s);
  mpz_t high, low;
  if (mpz_sgn(want) == 0) {
    ck_assert_int_eq(x.cls, ULP_CLASS_ZERO);
    return;
  }
  mpz_inits(high, low, NULL);
  mpz_abs(low, want);
  ck_assert_int_eq(x.negative, mpz_sgn(want) < 0);
  ck_assert_int_ge(x.exponent + 2700, 0);
  mpz_tdiv_q_2exp(high, low, (mp_bitcnt_t)(x.exponent + 2700));
  mpz_tdiv_r_2exp(low, low, (mp_bitcnt_t)(x.exponent + 2700));
  ck_assert(mpz_cmp_ui(high, x.significand) == 0);
  ck_assert_uint_eq(x.significand >> 63, 1);
  ck_assert_int_eq(x.sticky, mpz_sgn(low) != 0);
  mpz_clears(high, low, NULL);
}

/* Any finite doubles times any floats, cancelling ones too. */
START_TEST(sums_equal_gmp)
{
  static ulp_sum s;
  ulp_pcg32 rng = ulp_pcg32_seed(11, 11);
  for (int t = 0; t < 300; t++) {
    mpz_t want;
    int terms = 1 + (int)(ulp_pcg32_next(&rng) % 40);
    mpz_init(want);
    ulp_sum_clear(&s);
    for (int i = 0; i < terms; i++) {
      ulp_exact f[3];
      int n = 0;
      while (n < 2) {
        uint64_t bits = (uint64_t)ulp_pcg32_next(&rng) << 32 |
                        ulp_pcg32_next(&rng);
        double x;
        if (t % 3 == 0) /* like sizes */
          bits = (bits & ~(UINT64_C(0x7ff) << 52)) | UINT64_C(1020) << 52;
        memcpy(&x, &bits, sizeof x);
        if (isfinite(x))
          f[n++] = ulp_from_f64(x);
      }
      ulp_sum_add_product(&s, f, 2);
      add_exact(want, f, 2);
      if (t % 2 && i % 2) { /* take it away again, less one small thing */
        f[0].negative = !f[0].negative;
        ulp_sum_add_product(&s, f, 2);
        add_exact(want, f, 2);
        f[2] = ulp_from_f64(0x1p-1074);
        ulp_sum_add_product(&s, f + 2, 1);
        add_exact(want, f + 2, 1);
      }
    }
    same_sum(&s, want);
    mpz_clear(want);
  }
}
END_TEST

START_TEST(sums_of_specials)
{
  static ulp_sum s;
  ulp_exact inf = ulp_from_f64(INFINITY), zero = ulp_from_f64(0),
            one = ulp_from_f64(-1), nan = ulp_from_f64(NAN);
  ulp_sum_clear(&s);
  ulp_sum_add_product(&s, (ulp_exact[]){inf, one}, 2);
  ck_assert_int_eq(ulp_sum_value(&s).cls, ULP_CLASS_INF);
  ck_assert(ulp_sum_value(&s).negative);
  ulp_sum_add_product(&s, &inf, 1);
  ck_assert_int_eq(ulp_sum_value(&s).cls, ULP_CLASS_NAN);
  ulp_sum_clear(&s);
  ulp_sum_add_product(&s, (ulp_exact[]){inf, zero}, 2);
  ck_assert_int_eq(ulp_sum_value(&s).cls, ULP_CLASS_NAN);
  ulp_sum_clear(&s);
  ulp_sum_add_product(&s, &nan, 1);
  ck_assert_int_eq(ulp_sum_value(&s).cls, ULP_CLASS_NAN);
}
END_TEST

/* The exact product, scales and C included, is rounded once: 1 + 2^-24 is a
 * tie in f32 until 2^-60 is added; the chain of fused multiply-adds has lost
 * it by then. */
START_TEST(exact_rounds_once)
{
  ulp_gemm g = plain("exact", "f32", NULL, NULL);
  float a[3] = {1, 0x1p-24F, 0x1p-60F}, b[3] = {1, 1, 1}, d, s = 3, c = -3;
  ulp_gemm_data x = {.m = 1, .n = 1, .k = 3, .a = a, .b = b, .d = &d};
  ck_assert_int_eq(ulp_gemm_run(&g, &x, 0, 1), ULP_OK);
  ck_assert(d == 1 + 0x1p-23F);
  x.kind_a = ULP_SCALES_ONE;
  x.scale_a = &s;
  x.c = &c;
  ck_assert_int_eq(ulp_gemm_run(&g, &x, 0, 1), ULP_OK);
  ck_assert(d == 3 * 0x1p-24F + 0x1p-47F || d == (float)(3 * 0x1p-24));
  g = plain("fma-chain", "f32", NULL, NULL);
  x = (ulp_gemm_data){.m = 1, .n = 1, .k = 3, .a = a, .b = b, .d = &d};
  ck_assert_int_eq(ulp_gemm_run(&g, &x, 0, 1), ULP_OK);
  ck_assert(d == 1);
}
END_TEST

/* ---- refusals --------------------------------------------------------------------------- */

START_TEST(refusals)
{
  static const struct {
    const char *gpu, *kernel, *a, *out;
    int promote, slices;
    bool fast;
  } bad[] = {
      {"h2", "cublaslt-fp8", "e4m3", NULL, -1, 0, false},
      {"h200", "cublasl", "e4m3", NULL, -1, 0, false},
      {"a100", "cublaslt-fp8", "e4m3", NULL, -1, 0, false},
      {"h200", "cublaslt-fp8", "f16", NULL, -1, 0, false},
      {"h200", "cublaslt-fp8", NULL, NULL, -1, 0, false},
      {"h200", "cublaslt-fp8", "e4m3", "e4m3", -1, 0, false},
      {"h200", "cublaslt-fp8", "e4m3", NULL, 100, 0, false},
      {"h200", "cublaslt-fp8", "e4m3", NULL, -1, 2000, false},
      {"h200", "cublaslt-bf16", "bf16", NULL, -1, 0, true},
      {"h200", "cublaslt-s8", "int8", "bf16", -1, 0, false},
      {"h200", "cublaslt-s8", "int8", NULL, -1, 3, false},
      {"h200", "fma-chain", "f64", NULL, -1, 0, false},
      {"h200", "model", "e4m3", NULL, -1, 0, false},
      {"v100", "wgmma-chain", "f16", NULL, -1, 0, false},
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    ulp_gemm g = {.slices = -77};
    char why[300] = "";
    ulp_gemm_options options = {.type_a = bad[i].a, .type_b = bad[i].a,
                                .out = bad[i].out, .promote = bad[i].promote,
                                .slices = bad[i].slices, .fast = bad[i].fast};
    ck_assert_msg(ulp_gemm_find(bad[i].gpu, bad[i].kernel, &options, &g, why,
                                sizeof why) != ULP_OK,
                  "case %zu", i);
    ck_assert_msg(why[0] && !strchr(why, '\n'), "case %zu", i);
    ck_assert_int_eq(g.slices, -77);
  }
}
END_TEST

START_TEST(refused_data)
{
  ulp_gemm g = plain("wgmma-chain", "e4m3", NULL, NULL);
  float s[4] = {1, 1, 1, 1};
  char why[200];
  ulp_gemm_data x = {.m = 1, .n = 1, .k = 0, .a = a_store, .b = b_store,
                     .d = d_store};
  ck_assert_int_eq(ulp_gemm_check(&g, &x, why, sizeof why), ULP_EINVAL);
  ck_assert_int_eq(ulp_gemm_run(&g, &x, 0, 1), ULP_EINVAL);
  x.k = 32;
  ck_assert_int_eq(ulp_gemm_run(&g, &x, 0, 2), ULP_EINVAL);
  ck_assert_int_eq(ulp_gemm_run(&g, &x, 2, 0), ULP_EINVAL);
  x.scale_a = x.scale_b = s;
  x.kind_a = x.kind_b = ULP_SCALES_1X128;
  ck_assert_int_eq(ulp_gemm_run(&g, &x, 0, 1), ULP_EINVAL);
  x.kind_b = ULP_SCALES_ONE;
  g = plain("cublaslt-fp8", "e4m3", NULL, NULL);
  ck_assert_int_eq(ulp_gemm_run(&g, &x, 0, 1), ULP_EINVAL);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("gemm");
  TCase *t = tcase_create("orders");
  SRunner *r;
  int failed;
  tcase_set_timeout(t, 60);
  tcase_add_loop_test(t, orders_equal_composition, 0, LISTED);
  tcase_add_loop_test(t, slices_and_promotions, 0, LISTED);
  tcase_add_loop_test(t, scales, 0, LISTED);
  tcase_add_test(t, no_row_is_untested);
  tcase_add_test(t, integers_wrap);
  tcase_add_test(t, fma_chain);
  tcase_add_test(t, model_widths);
  tcase_add_test(t, sums_equal_gmp);
  tcase_add_test(t, sums_of_specials);
  tcase_add_test(t, exact_rounds_once);
  tcase_add_test(t, refusals);
  tcase_add_test(t, refused_data);
  suite_add_tcase(s, t);
  r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed != 0;
}
