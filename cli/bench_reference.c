/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bench_reference.c: single outputs of matrix products by the plain
 * definitions, so that no wrong kernel has a speed.
 */
#include <math.h>
#include <stdlib.h>

#include "bench.h"

ulp_status bench_differs(ulp_error *e, const char *what, size_t i, size_t j,
                         uint64_t ours, uint64_t reference)
{
  return ulp_error_set(e, ULP_ERANGE,
                       "%s: output (%zu, %zu) is 0x%llx, the reference says "
                       "0x%llx",
                       what, i, j, (unsigned long long)ours,
                       (unsigned long long)reference);
}

/* ---- a row of A or of B as its instructions see it ---------------------- */

/* Where element k of what is fed stands in K: ULP_FEED_PAIRS takes of every
 * 32 first those with k mod 4 in {0, 1}. */
static size_t place(const ulp_gemm *g, size_t k)
{
  if (g->order->feed != ULP_FEED_PAIRS) return k;
  size_t i = k % 32, half = i / 16, j = i % 16;
  return k - i + j / 2 * 4 + j % 2 + half * 2;
}

static void load(const ulp_gemm *g, const ulp_format *from,
                 const ulp_format *to, const void *array, size_t row, size_t k,
                 uint64_t *out)
{
  const ulp_rounding r = {.mode = g->order->convert_mode,
                          .overflow = ULP_OVERFLOW_INF};
  for (size_t i = 0; i < k; i++) {
    uint64_t code = ulp_load_code(from, array, row * k + place(g, i));
    out[i] = g->order->convert
                 ? ulp_encode_f64(to, ulp_decode(from, code), &r, 0)
                 : code;
  }
}

/* ---- the kinds of orders ------------------------------------------------ */

static float scale(ulp_gemm_scales kind, const float *s, size_t row, size_t k,
                   size_t all_k)
{
  size_t blocks = (all_k + ULP_SCALES_BLOCK - 1) / ULP_SCALES_BLOCK;
  size_t of = kind == ULP_SCALES_128X128 ? row / ULP_SCALES_BLOCK : row;
  return s[of * blocks + k / ULP_SCALES_BLOCK];
}

static float chain(const ulp_gemm *g, const ulp_gemm_data *x, size_t i,
                   size_t j, const uint64_t *a, const uint64_t *b)
{
  size_t step = g->promote ? (size_t)g->promote : x->k;
  bool blocks = x->kind_a == ULP_SCALES_1X128;
  float y = 0;
  for (size_t k = 0; k < x->k; k += step) {
    uint64_t acc = 0;
    for (size_t l = k; l < k + step && l < x->k; l += (size_t)g->mma.k)
      acc = ulp_mma_dot(&g->mma, a + l, b + l, acc, NULL);
    float p = (float)ulp_decode(&g->mma.d, acc);
    if (blocks)
      y = fmaf(p,
               scale(x->kind_a, x->scale_a, i, k, x->k) *
                   scale(x->kind_b, x->scale_b, j, k, x->k),
               y);
    else
      y = k == 0 && g->order->first == ULP_FIRST_TAKEN ? p : y + p;
  }
  return y;
}

static uint64_t integer(const ulp_gemm *g, const uint64_t *a,
                        const uint64_t *b, size_t k)
{
  int64_t sum = 0;
  for (size_t l = 0; l < k; l++)
    sum += (int64_t)ulp_decode(&g->a, a[l]) * (int64_t)ulp_decode(&g->b, b[l]);
  return (uint32_t)sum;
}

static float fma_chain(const ulp_gemm *g, const uint64_t *a, const uint64_t *b,
                       size_t k)
{
  float y = 0;
  for (size_t l = 0; l < k; l++)
    y = fmaf((float)ulp_decode(&g->a, a[l]), (float)ulp_decode(&g->b, b[l]), y);
  return y;
}

/* What bench_gemm_output knows. */
static bool is_described(const ulp_gemm *g, const ulp_gemm_data *x)
{
  const ulp_gemm_order *o = g->order;
  bool chains = o->kind == ULP_GEMM_CHAIN &&
                (o->feed == ULP_FEED_ASCENDING || o->feed == ULP_FEED_PAIRS);
  bool blocks = x->kind_a == ULP_SCALES_1X128 &&
                x->kind_b >= ULP_SCALES_1X128 &&
                o->blocks == ULP_BLOCKS_FMA && o->first == ULP_FIRST_ADDED;
  return (chains || o->kind == ULP_GEMM_FMA) && g->slices == 1 && !x->c &&
         x->k % 128 == 0 && (blocks || x->kind_a == ULP_SCALES_NONE);
}

ulp_status bench_gemm_output(const ulp_gemm *g, const ulp_gemm_data *x,
                             size_t i, size_t j, uint64_t *code)
{
  const ulp_rounding r = {0};
  bool is_chain = g->order->kind == ULP_GEMM_CHAIN;
  uint64_t *a = malloc((2 * x->k + 1) * sizeof *a), *b = a + x->k;
  ulp_status s = !a ? ULP_ENOMEM : is_described(g, x) ? ULP_OK : ULP_EINVAL;
  if (s == ULP_OK) {
    load(g, &g->a, is_chain ? &g->mma.a : &g->a, x->a, i, x->k, a);
    load(g, &g->b, is_chain ? &g->mma.b : &g->b, x->b, j, x->k, b);
    if (g->c.kind == ULP_INTEGER)
      *code = integer(g, a, b, x->k);
    else
      *code = ulp_encode_f32(&g->out,
                             is_chain ? chain(g, x, i, j, a, b)
                                      : fma_chain(g, a, b, x->k),
                             &r, 0);
  }
  free(a);
  return s;
}

uint64_t bench_scaled_output(const ulp_scaled_data *x, size_t i, size_t j)
{
  enum { MOST = 256 };
  const ulp_mma *m = x->mma;
  size_t k = (size_t)m->k, n = (size_t)m->scales, chunks = x->k / k;
  uint64_t acc = 0, a[MOST], b[MOST], sa[MOST], sb[MOST];
  for (size_t c = 0; c < chunks; c++) {
    for (size_t l = 0; l < k; l++) {
      a[l] = ulp_load_code(&m->a, x->a, i * x->k + c * k + l);
      b[l] = ulp_load_code(&m->b, x->b, j * x->k + c * k + l);
    }
    for (size_t l = 0; l < n; l++) {
      sa[l] = ulp_load_code(&m->scale, x->sa, (i * chunks + c) * n + l);
      sb[l] = ulp_load_code(&m->scale, x->sb, (j * chunks + c) * n + l);
    }
    acc = ulp_mma_dot_scaled(m, a, b, acc, sa, sb, NULL);
  }
  return acc;
}
