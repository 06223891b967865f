/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Products of fused multiply-adds, and the orders that are made of them,
 * against libm's fmaf, k ascending: every ISA that is here, all small shapes,
 * strides, and shapes that cross blocks; with ULP_LONG (tests/fma.long) 10^9
 * products an ISA.
 */
#include <check.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fma_gemm.h"
#include "gemm.h"
#include "isa.h"

#ifdef ULP_LONG
enum { PRODUCTS = 1000 * 1000 * 1000 };
#else
enum { PRODUCTS = 3 * 1000 * 1000 };
#endif

enum { M = 70, N = 70, K = 300, PAD = 3, COLUMNS = ULP_FMA_COLUMNS };

static float x[M * (K + PAD)], w[N * K];
static float y[M * (N + PAD)], sums[M * (N + PAD)];

/* Exponents near 0, or anywhere: sums that cancel, subnormals, Inf and NaN. */
static float random_float(ulp_pcg32 *g, bool wild)
{
  uint32_t bits = ulp_pcg32_next(g);
  if (!wild)
    bits = (bits & 0x807fffff) | (120 + (bits >> 23) % 12) << 23;
  else if (bits % 3)
    bits = (bits & 0x807fffff) | ((bits >> 23) % 70 + 30) << 23;
  float f;
  memcpy(&f, &bits, sizeof f);
  return f;
}

static void fill(float *a, size_t n, ulp_pcg32 *g, bool wild)
{
  for (size_t i = 0; i < n; i++)
    a[i] = random_float(g, wild);
}

static bool same(float p, float q)
{
  return (isnan(p) && isnan(q)) || memcmp(&p, &q, sizeof p) == 0;
}

static void check_shape(size_t m, size_t n, size_t k, ulp_pcg32 *g, bool wild)
{
  size_t ldx = k + PAD, ldy = n + PAD;
  float *panels = malloc((ulp_fma_panels_size(n, k) + 1) * sizeof *panels);
  ck_assert_ptr_nonnull(panels);
  fill(x, m * ldx, g, wild);
  fill(w, n * k, g, wild);
  fill(y, m * ldy, g, wild);
  memcpy(sums, y, sizeof y);
  for (size_t i = 0; i < m; i++)
    for (size_t j = 0; j < n; j++)
      for (size_t l = 0; l < k; l++)
        sums[i * ldy + j] =
            fmaf(x[i * ldx + l], w[j * k + l], sums[i * ldy + j]);
  ulp_fma_pack(panels, w, n, k);
  /* In two steps of K, as slices take it. */
  size_t half = k / 3;
  ulp_fma_job job = {.y = y, .x = x, .panels = panels, .y_stride = ldy,
                     .x_stride = ldx, .panel_stride = k * COLUMNS,
                     .m = m, .n = n, .k = half};
  ulp_fma_run(&job);
  job.x += half;
  job.panels += half * COLUMNS;
  job.k = k - half;
  ulp_fma_run(&job);
  for (size_t i = 0; i < m * ldy; i++)
    ck_assert_msg(same(y[i], sums[i]), "%zu x %zu x %zu, %zu: %a, not %a", m,
                  n, k, i, (double)y[i], (double)sums[i]);
  free(panels);
}

static bool use(int isa)
{
  return ulp_isa_has((ulp_isa)isa) && ulp_isa_set((ulp_isa)isa) == ULP_OK;
}

START_TEST(shapes)
{
  ulp_pcg32 g = ulp_pcg32_seed(7, (uint64_t)_i);
  if (!use(_i))
    return;
  for (size_t n = 1; n <= 40; n++)
    for (size_t m = 1; m <= 17; m++)
      check_shape(m, n, 1 + (m * n) % 19, &g, (m + n) % 2);
  for (size_t i = 1; i <= 70; i++)
    check_shape(i, 71 - i, i, &g, i % 2);
}
END_TEST

/* More rows and longer K than a block holds. */
START_TEST(blocks)
{
  ulp_pcg32 g = ulp_pcg32_seed(8, (uint64_t)_i);
  int64_t done = 0;
  if (!use(_i))
    return;
  for (int t = 0; done < PRODUCTS; t++) {
    size_t n = 33 + ulp_pcg32_next(&g) % 38, k = 300 - ulp_pcg32_next(&g) % 40;
    check_shape(70, n, k, &g, t % 2);
    done += (int64_t)(70 * n * k);
  }
}
END_TEST

/* One row, longer than the packed copy of x: 16384. */
START_TEST(long_row)
{
  enum { LONG = 20000, FEW = 17 };
  ulp_pcg32 g = ulp_pcg32_seed(9, (uint64_t)_i);
  if (!use(_i))
    return;
  float *a = malloc(LONG * sizeof *a), *b = malloc(FEW * LONG * sizeof *b);
  float *panels = malloc(ulp_fma_panels_size(FEW, LONG) * sizeof *panels);
  float out[FEW];
  ck_assert(a && b && panels);
  fill(a, LONG, &g, false);
  fill(b, (size_t)FEW * LONG, &g, false);
  ulp_fma_pack(panels, b, FEW, LONG);
  ulp_fma_rows(out, a, panels, 1, FEW, LONG);
  for (size_t j = 0; j < FEW; j++) {
    float sum = 0;
    for (size_t l = 0; l < LONG; l++)
      sum = fmaf(a[l], b[j * LONG + l], sum);
    ck_assert(same(out[j], sum));
  }
  free(a);
  free(b);
  free(panels);
}
END_TEST

/* ---- orders -------------------------------------------------------------------- */

typedef struct {
  const char *name, *type, *out;
  int slices;
  ulp_gemm_reduce reduce;
} order;

static const order orders[] = {
    {"fma-chain", "f32", "f32", 0, ULP_REDUCE_F32},
    {"fma-chain", "e4m3", "bf16", 0, ULP_REDUCE_F32},
    {"fma-chain", "f16", "f32", 0, ULP_REDUCE_F32},
    {"cutlass-simt", "f32", "f32", 5, ULP_REDUCE_F32},
    {"cutlass-simt", "f32", "bf16", 3, ULP_REDUCE_16_PARTS},
    {"cutlass-simt", "f32", "f16", 4, ULP_REDUCE_16_SUMS},
    {"cublaslt-gemv", "bf16", "f32", 0, ULP_REDUCE_F32},
    {"cublaslt-gemv", "f16", "f16", 0, ULP_REDUCE_F32}};
enum { ORDERS = sizeof orders / sizeof *orders };

static float rounded(const ulp_format *f, float v)
{
  return (float)ulp_decode(f, ulp_encode_f32(f, v,
                                             &(ulp_rounding){
                                                 .overflow =
                                                     ULP_OVERFLOW_INF},
                                             0));
}

static float by_slices(const order *o, const ulp_gemm *g, const float *p,
                       const float *q, size_t k, float from)
{
  size_t length = ulp_gemm_slice(g, k);
  bool narrow = length < k && o->reduce != ULP_REDUCE_F32;
  float sum = 0;
  for (size_t l = 0; l < k; l += length) {
    float part = l == 0 ? from : 0;
    for (size_t i = l; i < k && i < l + length; i++)
      part = fmaf(p[i], q[i], part);
    part = narrow ? rounded(&g->out, part) : part;
    sum = l == 0 ? part : sum + part;
    if (l > 0 && o->reduce == ULP_REDUCE_16_SUMS)
      sum = rounded(&g->out, sum);
  }
  return sum;
}

static float by_lanes(const float *p, const float *q, size_t k, float add)
{
  float lane[32] = {0};
  for (size_t i = 0; i < k; i++)
    lane[i / 4 % 32] = fmaf(p[i], q[i], lane[i / 4 % 32]);
  for (int half = 16; half > 0; half /= 2)
    for (int i = 0; i < half; i++)
      lane[i] += lane[i + half];
  return lane[0] + add;
}

static void check_order(const order *o, size_t m, size_t n, size_t k, bool c,
                        ulp_pcg32 *rng)
{
  static unsigned char a_store[M * K * 4], b_store[N * K * 4], d[M * N * 4];
  static float add[M * N], sa[M], sb[N];
  ulp_gemm_options options = {.type_a = o->type, .type_b = o->type,
                              .out = o->out, .promote = -1,
                              .slices = o->slices};
  options.reduce = o->slices ? &o->reduce : NULL;
  ulp_gemm g;
  char why[300];
  ck_assert_msg(ulp_gemm_find("h200", o->name, &options, &g, why,
                              sizeof why) == ULP_OK, "%s", why);
  for (size_t i = 0; i < m * k + n * k; i++) {
    bool is_b = i >= m * k;
    size_t at = is_b ? i - m * k : i;
    float v = random_float(rng, false) * 0x1p3F;
    uint64_t code = ulp_encode_f32(&g.a, v, &(ulp_rounding){0}, 0);
    ulp_store_code(&g.a, is_b ? b_store : a_store, at, code);
    (is_b ? w : x)[at] = (float)ulp_decode(&g.a, code);
  }
  fill(add, m * n, rng, false);
  fill(sa, m, rng, false);
  fill(sb, n, rng, false);
  ulp_gemm_data data = {.m = m, .n = n, .k = k, .a = a_store, .b = b_store,
                        .c = c ? add : NULL, .d = d,
                        .kind_a = c ? ULP_SCALES_ROWS : ULP_SCALES_NONE,
                        .kind_b = c ? ULP_SCALES_ROWS : ULP_SCALES_NONE,
                        .scale_a = sa, .scale_b = sb};
  ck_assert_int_eq(ulp_gemm_run(&g, &data, 0, m / 2), ULP_OK);
  ck_assert_int_eq(ulp_gemm_run(&g, &data, m / 2, m - m / 2), ULP_OK);
  for (size_t at = 0; at < m * n; at++) {
    const float *p = x + at / n * k, *q = w + at % n * k;
    float from = c ? add[at] : 0;
    float v = g.order->kind == ULP_GEMM_LANES
                  ? by_lanes(p, q, k, from)
                  : by_slices(o, &g, p, q, k, from);
    if (c)
      v *= sa[at / n] * sb[at % n];
    uint64_t want = isnan(v) ? g.out.bits == 32 ? 0x7fffffff : 0x7fff
                             : ulp_encode_f32(&g.out, v,
                                              &(ulp_rounding){
                                                  .overflow =
                                                      ULP_OVERFLOW_INF},
                                              0);
    ck_assert_msg(ulp_load_code(&g.out, d, at) == want,
                  "%s %s, %zu x %zu x %zu, output %zu: %#jx, not %#jx",
                  o->name, o->type, m, n, k, at,
                  (uintmax_t)ulp_load_code(&g.out, d, at), (uintmax_t)want);
  }
}

START_TEST(whole_orders)
{
  ulp_pcg32 g = ulp_pcg32_seed(10, (uint64_t)_i);
  if (!use(_i))
    return;
  for (int o = 0; o < ORDERS; o++) {
    for (size_t i = 1; i <= 70; i += 3)
      check_order(&orders[o], i, 71 - i, 1 + i * 29 % K, i % 2, &g);
    for (size_t k = 1; k < 160; k++)
      check_order(&orders[o], 1, 1 + k % 3, k, k % 2, &g);
    check_order(&orders[o], 70, 70, K, true, &g);
  }
}
END_TEST

int main(void)
{
  Suite *s = suite_create("fma_gemm");
  TCase *t = tcase_create("fma_gemm");
  tcase_set_timeout(t, 300);
  tcase_add_loop_test(t, shapes, 0, 3);
  tcase_add_loop_test(t, blocks, 0, 3);
  tcase_add_loop_test(t, long_row, 0, 3);
  tcase_add_loop_test(t, whole_orders, 0, 3);
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed != 0;
}
