/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The text of a plan and its lines of error; each kind of product against the
 * same product put together by hand.
 */
#include <math.h>

#include "llama_fixture.h"
#include "llama_internal.h"
#include "plan_internal.h"

/* ---- numbers ------------------------------------------------------------ */

static uint64_t word(uint64_t i)
{
  uint64_t z = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return z ^ z >> 31;
}

/* Of many magnitudes, BF16 all of them. */
static float value(uint64_t i)
{
  float x = (float)((int)(word(i) % 255) - 127);
  return ldexpf(x, -(int)(word(i + 1000000) % 9));
}

/* ---- products by hand --------------------------------------------------- */

enum { M = 21, N = 150, K = 272 };

typedef struct {
  float x[M * K], w[N * K];
  double wide[M * K], y[M * N];
} arrays;

static arrays *make_arrays(void)
{
  arrays *a = malloc(sizeof *a);
  ck_assert_ptr_nonnull(a);
  for (size_t i = 0; i < M * K; i++)
    a->wide[i] = (double)(a->x[i] = value(i));
  for (size_t i = 0; i < N * K; i++)
    a->w[i] = value(i + 500000) / 64;
  return a;
}

/* What the decoder makes of `q` under these rules. */
static void by_plan(arrays *a, const char *rules)
{
  ulp_plan *p = plan_of(rules);
  ulp_numbers at;
  ulp_matrix w;
  ulp_error e;
  char why[400] = "";
  ck_assert_msg(ulp_plan_numbers(&at, p, 0, ULP_AT_Q, &e) == ULP_OK, "%s",
                e.text);
  ck_assert_msg(ulp_matrix_find(&w, &at, N, K, why, sizeof why) == ULP_OK,
                "%s", why);
  ck_assert_msg(ulp_matrix_load(&w, a->w, &e) == ULP_OK, "%s", e.text);
  ck_assert_msg(ulp_matrix_multiply(&w, a->y, a->wide, M, 0, 2, &e) == ULP_OK,
                "%s", e.text);
  ulp_matrix_free(&w);
  ulp_plan_free(p);
}

/* Codes and f32 scales of a quantizer without a second level. */
typedef struct {
  uint8_t codes[N * K];
  float scales[N * K];
  int64_t blocks;
} quantized;

static quantized *quantize(const char *text, const float *x, int64_t rows)
{
  quantized *q = malloc(sizeof *q);
  const int64_t shape[] = {rows, K};
  ulp_quantizer z;
  ulp_blocks b;
  ulp_error e;
  ck_assert_ptr_nonnull(q);
  ck_assert_int_eq(ulp_quantizer_find(text, &z, &e), ULP_OK);
  ck_assert_int_eq(ulp_blocks_make(&b, &z.granularity, z.axis, 2, shape, &e),
                   ULP_OK);
  ulp_quantized out = {q->codes, q->scales, NULL};
  ck_assert_int_eq(ulp_quantize_blocks(&z, &b, &out, x, 0, 1, 0, b.blocks, 0),
                   ULP_OK);
  q->blocks = b.blocks;
  return q;
}

typedef struct {
  const char *rules;
  const char *inputs, *weights;
  const char *kernel, *type, *out;
  bool fast;
  ulp_gemm_scales a, b;
} direct_case;

static const direct_case direct[] = {
    {"q inputs=e4m3/g=tensor weights=e4m3/g=tensor product=cublaslt-fp8 "
     "gpu=h100", "e4m3/g=tensor", "e4m3/g=tensor", "cublaslt-fp8", "e4m3",
     "f32", false, ULP_SCALES_ONE, ULP_SCALES_ONE},
    {"q inputs=e4m3/g=token weights=e4m3/g=channel product=cublaslt-fp8 "
     "gpu=h100 fast-accum=yes out=bf16", "e4m3/g=token", "e4m3/g=channel",
     "cublaslt-fp8", "e4m3", "bf16", true, ULP_SCALES_ROWS, ULP_SCALES_ROWS},
    {"q inputs=fp8-block@deepgemm weights=fp8-block@deepgemm/g=tile:128x128 "
     "product=deepgemm-1d2d gpu=h200 out=bf16", "fp8-block@deepgemm",
     "fp8-block@deepgemm/g=tile:128x128", "deepgemm-1d2d", "e4m3", "bf16",
     false, ULP_SCALES_1X128, ULP_SCALES_128X128},
    {"q inputs=fp8-block@deepgemm weights=fp8-block@deepgemm "
     "product=deepgemm-1d1d gpu=h200 out=f32", "fp8-block@deepgemm",
     "fp8-block@deepgemm", "deepgemm-1d1d", "e4m3", "f32", false,
     ULP_SCALES_1X128, ULP_SCALES_1X128}};
enum { DIRECT = sizeof direct / sizeof direct[0] };

START_TEST(codes_and_scales)
{
  const direct_case *c = &direct[_i];
  arrays *a = make_arrays();
  by_plan(a, c->rules);
  quantized *x = quantize(c->inputs, a->x, M), *w = quantize(c->weights, a->w,
                                                             N);
  const ulp_gemm_options options = {.type_a = c->type, .type_b = c->type,
                                    .out = c->out, .fast = c->fast,
                                    .promote = -1};
  static double d[M * N]; /* room for either type */
  ulp_gemm g;
  char why[300] = "";
  ck_assert_msg(ulp_gemm_find("h100", c->kernel, &options, &g, why,
                              sizeof why) == ULP_OK, "%s", why);
  const ulp_gemm_data data = {M, N, K, x->codes, w->codes, NULL, d, c->a, c->b,
                              x->scales, w->scales};
  ck_assert_int_eq(ulp_gemm_run(&g, &data, 0, M), ULP_OK);
  for (size_t i = 0; i < M * N; i++)
    ck_assert_msg(ulp_decode(&g.out, ulp_load_code(&g.out, d, i)) == a->y[i],
                  "%d: %zu", _i, i);
  free(x);
  free(w);
  free(a);
}
END_TEST

START_TEST(integers)
{
  arrays *a = make_arrays();
  by_plan(a, "q inputs=int8sym/g=token weights=int8sym/g=channel "
             "product=cublaslt-s8 gpu=h100");
  quantized *x = quantize("int8sym/g=token", a->x, M);
  quantized *w = quantize("int8sym/g=channel", a->w, N);
  for (size_t i = 0; i < M; i++)
    for (size_t j = 0; j < N; j++) {
      int32_t sum = 0;
      for (size_t k = 0; k < K; k++)
        sum += (int8_t)x->codes[i * K + k] * (int8_t)w->codes[j * K + k];
      float want = (float)sum * w->scales[j] * x->scales[i];
      ck_assert(a->y[i * N + j] == (double)want);
    }
  free(x);
  free(w);
  free(a);
}
END_TEST

/* Values in a kernel's type: W4A16, and no quantizer at all. */
static void check_values(const char *rules, const char *weights,
                         const char *kernel, const char *type)
{
  static float w[N * K];
  static uint32_t cx[M * K], cw[N * K];
  static float d[M * N];
  arrays *a = make_arrays();
  const int64_t shape[] = {N, K};
  const ulp_rounding rne = {.overflow = ULP_OVERFLOW_IEEE};
  const ulp_gemm_options options = {.type_a = type, .type_b = type,
                                    .promote = -1};
  ulp_quantizer q;
  ulp_gemm g;
  ulp_error e;
  char why[300];
  by_plan(a, rules);
  memcpy(w, a->w, sizeof w);
  if (weights) {
    ck_assert_int_eq(ulp_quantizer_find(weights, &q, &e), ULP_OK);
    ck_assert_int_eq(ulp_quantizer_values(&q, 2, shape, w, w, 0, &e), ULP_OK);
  }
  ck_assert_int_eq(ulp_gemm_find("h100", kernel, &options, &g, why,
                                 sizeof why), ULP_OK);
  for (size_t i = 0; i < M * K; i++)
    ulp_store_code(&g.a, cx, i, ulp_encode_f32(&g.a, a->x[i], &rne, 0));
  for (size_t i = 0; i < N * K; i++)
    ulp_store_code(&g.b, cw, i, ulp_encode_f32(&g.b, w[i], &rne, 0));
  const ulp_gemm_data data = {.m = M, .n = N, .k = K, .a = cx, .b = cw, .d = d};
  ck_assert_int_eq(ulp_gemm_run(&g, &data, 0, M), ULP_OK);
  for (size_t i = 0; i < M * N; i++)
    ck_assert((double)d[i] == a->y[i]);
  free(a);
}

START_TEST(values_in_a_type)
{
  check_values("q weights=int4/g=group:128 product=cublaslt-bf16 gpu=h100",
               "int4/g=group:128", "cublaslt-bf16", "bf16");
  check_values("q product=cublaslt-f16 gpu=h100", NULL, "cublaslt-f16", "f16");
  check_values("q weights=mxfp4 product=fma-chain gpu=h100", "mxfp4",
               "fma-chain", "f32");
}
END_TEST

/* Sums in f64 and in f32 of what the quantizers give back, then the step. */
START_TEST(sums)
{
  static float x[M * K], w[N * K];
  arrays *a = make_arrays();
  const int64_t of_x[] = {M, K}, of_w[] = {N, K};
  ulp_quantizer q;
  ulp_error e;
  for (int narrow = 0; narrow < 2; narrow++) {
    by_plan(a, narrow ? "q inputs=mxfp8 weights=mxfp8 product=f32 step=bf16"
                      : "q inputs=mxfp8 weights=mxfp8");
    ck_assert_int_eq(ulp_quantizer_find("mxfp8", &q, &e), ULP_OK);
    ck_assert_int_eq(ulp_quantizer_values(&q, 2, of_x, x, a->x, 0, &e),
                     ULP_OK);
    ck_assert_int_eq(ulp_quantizer_values(&q, 2, of_w, w, a->w, 0, &e),
                     ULP_OK);
    for (size_t i = 0; i < M * N; i++) {
      double sum = 0;
      float sum32 = 0;
      for (size_t k = 0; k < K; k++) {
        sum += (double)x[i / N * K + k] * (double)w[i % N * K + k];
        sum32 = fmaf(x[i / N * K + k], w[i % N * K + k], sum32);
      }
      ulp_step s;
      ck_assert_int_eq(ulp_step_make(&s, "bf16", NULL, &e), ULP_OK);
      ck_assert(a->y[i] ==
                (narrow ? ulp_step_by_code(&s, (double)sum32, 0) : sum));
    }
  }
  free(a);
}
END_TEST

static ulp_matrix matrix_of(const ulp_plan *p, ulp_numbers *at, ulp_place place)
{
  ulp_matrix w;
  ulp_error e;
  char why[400] = "";
  ck_assert_int_eq(ulp_plan_numbers(at, p, 0, place, &e), ULP_OK);
  ck_assert_msg(ulp_matrix_find(&w, at, N, K, why, sizeof why) == ULP_OK,
                "%s", why);
  static float weights[N * K];
  ck_assert_int_eq(ulp_matrix_load(&w, weights, &e), ULP_OK);
  return w;
}

/* Activations made ready for q serve k where both take them alike. */
START_TEST(operands)
{
  static const struct {
    const char *rules;
    bool alike;
  } row[] = {
      {"q,k product=f64", true},
      {"q,k inputs=mxfp8", true},
      {"q inputs=mxfp8\nk inputs=mxfp4", false},
      {"q inputs=mxfp8", false},
      {"q,k product=cublaslt-bf16 gpu=h100", true},
      {"q,k product=cublaslt-bf16 gpu=h100\nk product=cublaslt-f16", false},
      {"q,k product=cublaslt-bf16 gpu=h100\nk product=f32", false},
      {"q,k inputs=fp8-block@deepgemm weights=fp8-block@deepgemm/g=tile:128x128 "
       "product=deepgemm-1d2d gpu=h100", true},
      {"q,k inputs=fp8-block@deepgemm weights=fp8-block@deepgemm/g=tile:128x128 "
       "product=deepgemm-1d2d gpu=h100\nk product=cublaslt-bf16", false},
  };
  for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
    ulp_numbers at[2];
    ulp_plan *p = plan_of(row[i].rules);
    ulp_matrix q = matrix_of(p, &at[0], ULP_AT_Q),
               k = matrix_of(p, &at[1], ULP_AT_K);
    ck_assert_msg(ulp_operand_suits(&q, &k) == row[i].alike, "%s",
                  row[i].rules);
    ulp_matrix_free(&q);
    ulp_matrix_free(&k);
    ulp_plan_free(p);
  }
}
END_TEST

/* ---- block scales: the fast chain against the reference ------------------ */

/* Extreme scales and codes among the ordinary. */
static void fill_codes(uint8_t *out, size_t n, uint64_t seed, uint64_t mask)
{
  for (size_t i = 0; i < n; i++)
    out[i] = (uint8_t)(word(seed + i) & mask);
}

static void fill_scales(uint8_t *out, size_t n, uint64_t seed, int kind,
                        bool e8m0)
{
  for (size_t i = 0; i < n; i++) {
    uint64_t r = word(seed + i);
    out[i] = e8m0 ? (uint8_t)(117 + r % 20) : (uint8_t)(0x20 + r % 0x40);
    if (kind == 1 && r >> 32 & 1) /* anything, NaN too */
      out[i] = (uint8_t)(r >> 40 & (e8m0 ? 255 : 127));
    if (kind == 2)
      out[i] = (uint8_t)(e8m0 ? 127 - 60 - r % 8 : r % 8);
  }
}

START_TEST(block_scales)
{
  static const char *const kinds[][2] = {
      {"mxfp8@ocp", "mxfp8@ocp"}, {"mxfp6@ocp", "mxfp4@ocp"},
      {"mxfp8_e5m2@ocp", "mxfp8@ocp"}, {"mxfp4@ocp", "mxfp4@ocp"},
      {"nvfp4@te", "nvfp4@te"}};
  enum { ROWS = 13, COLS = 19, LONG = 208 };
  static uint8_t a[ROWS * LONG], b[COLS * LONG], sa[ROWS * LONG],
      sb[COLS * LONG];
  float d[ROWS * COLS];
  ulp_quantizer qa, qb;
  ulp_mma m;
  ulp_error e;
  char why[300] = "";
  int variant = _i / 3, extreme = _i % 3;
  static const uint64_t masks[] = {0x7f, 0xff, 0, 0x81, 0x0f};
  for (size_t t = 0; t < sizeof kinds / sizeof kinds[0]; t++) {
    ck_assert_int_eq(ulp_quantizer_find(kinds[t][0], &qa, &e), ULP_OK);
    ck_assert_int_eq(ulp_quantizer_find(kinds[t][1], &qb, &e), ULP_OK);
    ck_assert_msg(ulp_scaled_find(&m, "b200", &qa, &qb, why, sizeof why) ==
                      ULP_OK, "%s", why);
    size_t each = (size_t)m.record->scale_block, blocks = (LONG + each - 1) /
                                                          each;
    uint64_t ones_a = (1u << m.a.bits) - 1, ones_b = (1u << m.b.bits) - 1;
    bool e8m0 = each == 32;
    fill_codes(a, sizeof a, (uint64_t)_i * 77777, masks[variant] & ones_a);
    fill_codes(b, sizeof b, (uint64_t)_i * 99999, 0xff & ones_b);
    fill_scales(sa, sizeof sa, (uint64_t)_i * 5555, extreme, e8m0);
    fill_scales(sb, sizeof sb, (uint64_t)_i * 6666, extreme, e8m0);
    const ulp_scaled_data x = {&m, ROWS, COLS, LONG, a, b, sa, sb, d};
    ck_assert_int_eq(ulp_scaled_run(&x, 0, COLS), ULP_OK);
    size_t k = (size_t)m.k, per = (size_t)m.scales;
    uint64_t one = ulp_encode_f64(&m.scale, 1, &(ulp_rounding){0}, 0);
    for (size_t i = 0; i < ROWS; i++)
      for (size_t j = 0; j < COLS; j++) {
        uint64_t c = 0;
        for (size_t l = 0; l < LONG; l += k) {
          uint64_t ca[256] = {0}, cb[256] = {0}, va[16], vb[16];
          for (size_t v = 0; v < k && l + v < LONG; v++) {
            ca[v] = a[i * LONG + l + v];
            cb[v] = b[j * LONG + l + v];
          }
          for (size_t v = 0; v < per; v++) {
            size_t at = l / each + v;
            va[v] = at < blocks ? sa[i * blocks + at] : one;
            vb[v] = at < blocks ? sb[j * blocks + at] : one;
          }
          c = ulp_mma_dot_scaled(&m, ca, cb, c, va, vb, NULL);
        }
        double want = ulp_decode(&m.d, c), got = (double)d[i * COLS + j];
        ck_assert_msg((isnan(want) && isnan(got)) ||
                          memcmp(&want, &got, sizeof got) == 0,
                      "%s, %d: (%zu, %zu) %a, %a", kinds[t][0], _i, i, j, want,
                      got);
      }
  }
}
END_TEST

/* nvfp4's second level is an f32 factor after the sum. */
START_TEST(second_level)
{
  arrays *a = make_arrays();
  by_plan(a, "q inputs=nvfp4@te weights=nvfp4@te product=block-scale "
             "gpu=b200");
  static float x[M * K], w[N * K];
  const int64_t of_x[] = {M, K}, of_w[] = {N, K};
  ulp_quantizer q;
  ulp_error e;
  ck_assert_int_eq(ulp_quantizer_find("nvfp4@te", &q, &e), ULP_OK);
  ck_assert_int_eq(ulp_quantizer_values(&q, 2, of_x, x, a->x, 0, &e), ULP_OK);
  ck_assert_int_eq(ulp_quantizer_values(&q, 2, of_w, w, a->w, 0, &e), ULP_OK);
  for (size_t i = 0; i < M * N; i++) {
    double sum = 0, all = 0;
    for (size_t k = 0; k < K; k++) {
      double term = (double)x[i / N * K + k] * (double)w[i % N * K + k];
      sum += term;
      all += fabs(term);
    }
    /* f32 sums and factors: a few units of 2^-24 of what was added */
    ck_assert_double_le(fabs(a->y[i] - sum), all * 0x1p-19);
  }
  free(a);
}
END_TEST

/* ---- attention ---------------------------------------------------------- */

static float bf16(float x)
{
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  bits += 0x7fff + (bits >> 16 & 1);
  bits &= 0xffff0000;
  memcpy(&x, &bits, sizeof x);
  return x;
}

/* Values in 4 bits, groups of 8 channels: min, and 15 steps to max. */
static void in_four_bits(float *y, const float *x)
{
  for (int from = 0; from < 16; from += 8) {
    float low = x[from], high = x[from];
    for (int i = from; i < from + 8; i++) {
      low = x[i] < low ? x[i] : low;
      high = x[i] > high ? x[i] : high;
    }
    float scale = (high - low) / 15;
    for (int i = from; i < from + 8; i++)
      y[i] = rintf((x[i] - low) / scale) * scale + low;
  }
}

enum { TOKENS = 9, HEADS = 4, KV = 2, DIM = 16 };

/* Query `t` of head h over keys and values [KV][TOKENS][DIM] as stored. */
static void attend_by_hand(float *out, const float *q, const float *keys,
                           const float *values, const float *stored, int t)
{
  ulp_softmax softmax = {.no_max = false};
  double p[TOKENS];
  ulp_error e;
  ck_assert_int_eq(ulp_step_make(&softmax.sum, "f32", NULL, &e), ULP_OK);
  softmax.difference = softmax.exponential = softmax.quotient = softmax.sum;
  for (int s = 0; s <= t; s++) {
    float sum = 0;
    for (int i = 0; i < DIM; i++)
      sum = fmaf(q[i], keys[s * DIM + i], sum);
    p[s] = (double)(sum * 0.25f);
  }
  ulp_softmax_row(&softmax, p, p, (size_t)t + 1, 0);
  for (int i = 0; i < DIM; i++) {
    float sum = 0;
    for (int s = 0; s <= t; s++) {
      /* the newest three as they came */
      const float *v = s < t + 1 - 3 ? stored : values;
      sum = fmaf(bf16((float)p[s]), v[s * DIM + i], sum);
    }
    out[i] = bf16(sum);
  }
}

static const char attention_rules[] =
    "scores,mix product=f32 step=f32\nsoftmax step=f32\nsoftmax,mix out=bf16\n"
    "keys store=int8sym/g=token\nvalues store=kivi:4:8 window=3\n";

START_TEST(attention)
{
  static double q[TOKENS * HEADS * DIM], k[TOKENS * KV * DIM],
      v[TOKENS * KV * DIM], got[TOKENS * HEADS * DIM];
  static float keys[KV][TOKENS * DIM], values[KV][TOKENS * DIM],
      stored[KV][TOKENS * DIM];
  const int64_t shape[] = {TOKENS, DIM};
  ulp_plan *p = plan_of(attention_rules);
  ulp_numbers at[ULP_PLACES];
  ulp_cache kc, vc;
  ulp_quantizer int8;
  ulp_error e;
  for (int i = 0; i < TOKENS * HEADS * DIM; i++)
    q[i] = (double)value((uint64_t)i) / 64;
  for (int i = 0; i < TOKENS * KV * DIM; i++) {
    int token = i / (KV * DIM), head = i / DIM % KV;
    k[i] = (double)(keys[head][token * DIM + i % DIM] =
                        value((uint64_t)i + 9000) / 16);
    v[i] = (double)(values[head][token * DIM + i % DIM] =
                        value((uint64_t)i + 19000) / 16);
  }
  ck_assert_int_eq(ulp_quantizer_find("int8sym/g=token", &int8, &e), ULP_OK);
  for (int h = 0; h < KV; h++) {
    ck_assert_int_eq(ulp_quantizer_values(&int8, 2, shape, keys[h], keys[h], 0,
                                          &e), ULP_OK);
    for (int t = 0; t < TOKENS; t++)
      in_four_bits(stored[h] + t * DIM, values[h] + t * DIM);
  }
  for (int i = ULP_AT_SCORES; i < ULP_PLACES; i++)
    ck_assert_int_eq(ulp_plan_numbers(&at[i], p, 0, (ulp_place)i, &e), ULP_OK);
  ck_assert(ulp_cache_make(&kc, &at[ULP_AT_KEYS], true, ULP_SUM_F32, KV, TOKENS,
                           DIM));
  ck_assert(ulp_cache_make(&vc, &at[ULP_AT_VALUES], false, ULP_SUM_F32, KV,
                           TOKENS, DIM));
  ck_assert_int_eq(ulp_cache_add(&kc, k, 0, TOKENS, &e), ULP_OK);
  ck_assert_int_eq(ulp_cache_add(&vc, v, 0, TOKENS, &e), ULP_OK);
  const ulp_attention a = {&at[ULP_AT_SCORES], &at[ULP_AT_SOFTMAX],
                           &at[ULP_AT_MIX], &kc, &vc, HEADS, KV, DIM};
  ck_assert_int_eq(ulp_attention_run(&a, got, q, 0, TOKENS, 1, &e), ULP_OK);
  for (int u = 0; u < TOKENS * HEADS; u++) {
    float query[DIM], want[DIM];
    int h = u % HEADS / (HEADS / KV);
    for (int i = 0; i < DIM; i++)
      query[i] = (float)q[u * DIM + i];
    attend_by_hand(want, query, keys[h], values[h], stored[h], u / HEADS);
    for (int i = 0; i < DIM; i++)
      ck_assert_msg(got[u * DIM + i] == (double)want[i], "%d %d: %a, %a", u, i,
                    got[u * DIM + i], (double)want[i]);
  }
  ulp_cache_free(&kc);
  ulp_cache_free(&vc);
  ulp_plan_free(p);
}
END_TEST

/* What the bf16 plan hands from layer to layer is BF16, and the logits f32. */
static void is_bf16(void *data, int64_t layer, double *x, int64_t n)
{
  (void)data;
  (void)layer;
  for (int64_t i = 0; i < n * 48; i++)
    ck_assert((double)bf16((float)x[i]) == x[i]);
}

START_TEST(steps)
{
  ulp_llama *m = open_model(TINY);
  ulp_plan *p = plan_of("fp8-token");
  ulp_llama_state *s = NULL;
  ulp_error e;
  int32_t tokens[] = {5, 77, 130, 0, 9};
  double x[5 * 131];
  int wide = 0;
  ck_assert_int_eq(ulp_llama_begin(&s, m, 5, p, 1, &e), ULP_OK);
  ck_assert_int_eq(ulp_llama_run(s, tokens, 5, 0, x, is_bf16, NULL, &e),
                   ULP_OK);
  for (int i = 0; i < 5 * 131; i++) {
    ck_assert((double)(float)x[i] == x[i]);
    wide += (double)bf16((float)x[i]) != x[i];
  }
  ck_assert_int_gt(wide, 300);
  ulp_llama_end(s);
  ulp_plan_free(p);
  ulp_llama_close(m);
}
END_TEST

/* ---- text --------------------------------------------------------------- */

static const struct {
  const char *text, *message;
} faulty[] = {
    {"gat weights=int4", "p:1: 'gat': expected a place (linear, head, scores, "
                         "norm, cache ...) (did you mean 'gate'?)"},
    {"# a comment\n\nlinear wieghts=int4\n",
     "p:3: 'wieghts': expected a key (step, out, weights, inputs, store, "
     "product ...) (did you mean 'weights'?)"},
    {"all step=f64\nlinear step=f65", "p:2: step=f65: "},
    {"down weights=int4/g=grup:128", "p:1: weights=int4/g=grup:128: "},
    {"norm weights=int4", "p:1: norm has no weights="},
    {"linear,norm product=f32", "p:1: norm has no product="},
    {"keys store=kivi:9:32", "p:1: store=kivi:9:32: expected kivi:BITS:N"},
    {"linear product=cublas-fp8 gpu=h100",
     "p:1: 'cublas-fp8': expected product=f64, f32, block-scale or a kernel of "
     "'ulplab gemm --kernel list' (did you mean 'cublaslt-fp8'?)"},
    {"linear product=f32 gpu=h999", "p:1: gpu=h999: expected a GPU"},
    {"scores product=cublaslt-bf16", "p:1: product=cublaslt-bf16: expected f64 "
                                     "or f32 for scores and mix"},
    {"q layers=3-1 step=f32", "p:1: '3-1': expected layers=A or layers=A-B"},
    {"q layers=x step=f32", "p:1: 'x': expected layers=A"},
    {"q layers=-1 step=f32", "p:1: '-1': expected layers=A"},
    {"q layers=99999999999999999999 step=f32", "p:1: '9999"},
    {"head layers=1 step=f32", "p:1: layers= of a place that no layer has"},
    {"q", "p:1: expected KEY=VALUE after the places"},
    {"step=f32", "p:1: 'step=f32': expected a place before it"},
    {"q step=f32 k", "p:1: 'k': expected KEY=VALUE"},
    {"q round=rna1", "p:1: round=rna1: expected rne"},
    {"q seed=-3", "p:1: seed=-3: expected a whole number"},
    {"q split-k=0", "p:1: split-k=0: expected a whole number from 1 to 1024"},
    {"q fast-accum=maybe", "p:1: fast-accum=maybe: expected yes or no"}};

START_TEST(text_refused)
{
  ulp_plan *p = NULL;
  ulp_error e;
  const char *text = faulty[_i].text, *want = faulty[_i].message;
  ck_assert_int_eq(ulp_plan_parse(&p, "p", text, strlen(text), &e),
                   ULP_EFORMAT);
  ck_assert_msg(strncmp(e.text, want, strlen(want)) == 0, "%s\n%s", e.text,
                want);
  ck_assert_ptr_null(p);
}
END_TEST

/* Well-formed, but not of this model (2 layers, hidden 48, heads of 16). */
static const struct {
  const char *text, *message;
} unsuitable[] = {
    {"all step=f32\ndown layers=0-5 weights=int4",
     "p:2: layer 5: the model has 2, 0 to 1"},
    {"linear product=cublaslt-fp8", "p:1: a kernel without gpu="},
    {"linear product=cublaslt-fp8 gpu=h100",
     "p:1: q: cublaslt-fp8: expected inputs= and weights="},
    {"linear product=cublaslt-fp8 gpu=a100 inputs=e4m3 weights=e4m3",
     "p:1: q: no order for this GPU of kernel 'cublaslt-fp8'"},
    {"linear product=cublaslt-s8 gpu=h100 inputs=int8sym/g=group:16 "
     "weights=int8sym", "p:1: q: cublaslt-s8: expected inputs= and weights="},
    {"linear product=cublaslt-fp8 gpu=h100 inputs=e4m3/g=group:128 "
     "weights=e4m3", "p:1: q: cublaslt-fp8: block scales of one operand"},
    {"linear product=block-scale gpu=h100 inputs=mxfp8 weights=mxfp8",
     "p:1: q: block-scale: h100 has no instruction"},
    {"linear product=cublaslt-bf16 gpu=h100 out=e4m3",
     "p:1: q: cublaslt-bf16: out=float8_e4m3fn, expected f32, bf16 or f16"},
    {"# here\nlinear weights=mxfp4@torchao",
     "p:2: q: mxfp4@torchao takes whole blocks only, not [96, 48]"},
    {"cache store=int8sym/g=tensor",
     "p:1: expected scales that later tokens do not change"},
    {"keys store=kivi:2:8 window=12",
     "p:1: expected a window of whole groups of kivi's"},
    {"cache window=12", "p:1: window= without store="}};

START_TEST(model_refused)
{
  ulp_llama *m = open_model(TINY);
  ulp_llama_state *s = NULL;
  ulp_plan *p = NULL;
  ulp_error e;
  const char *text = unsuitable[_i].text, *want = unsuitable[_i].message;
  ck_assert_msg(ulp_plan_parse(&p, "p", text, strlen(text), &e) == ULP_OK,
                "%s", e.text);
  ck_assert_int_eq(ulp_llama_begin(&s, m, 4, p, 1, &e), ULP_EINVAL);
  ck_assert_msg(strncmp(e.text, want, strlen(want)) == 0, "%s\n%s", e.text,
                want);
  ulp_plan_free(p);
  ulp_llama_close(m);
}
END_TEST

/* A later rule holds, for its layers alone. */
START_TEST(later_rules)
{
  ulp_plan *p = plan_of("all step=f32 # f32\n"
                        "gate up , down layers=1-2 weights=int4 step=bf16\r\n"
                        "\tdown layers=2 weights=none\n");
  ulp_numbers at;
  ulp_error e;
  for (int layer = 0; layer < 4; layer++)
    for (int k = ULP_AT_Q; k <= ULP_AT_DOWN; k++) {
      bool in = k >= ULP_AT_GATE && layer >= 1 && layer <= 2;
      ck_assert_int_eq(ulp_plan_numbers(&at, p, layer, (ulp_place)k, &e),
                       ULP_OK);
      ck_assert_int_eq(at.step.format.bits, in ? 16 : 32);
      ck_assert(!at.weights == !(in && !(k == ULP_AT_DOWN && layer == 2)));
    }
  ulp_plan_free(p);
}
END_TEST

/* One layer's matrix in a plan made in memory changes the logits, and is the
 * only thing that does. */
START_TEST(one_matrix)
{
  ulp_llama *m = open_model(TINY);
  int32_t tokens[] = {5, 77, 130, 0, 9};
  double *a = logits_of(m, "f64", tokens, 5, 5, 1);
  double *b = logits_of(m, "down layers=1 weights=int4sym/g=channel", tokens, 5,
                        5, 1);
  double *c = logits_of(m, "down layers=1 weights=none", tokens, 5, 5, 1);
  ck_assert(memcmp(a, b, 5 * 131 * sizeof *a));
  ck_assert_mem_eq(a, c, 5 * 131 * sizeof *a);
  free(a);
  free(b);
  free(c);
  ulp_llama_close(m);
}
END_TEST

START_TEST(evidence)
{
  static const char *const want[][2] = {
      {"f64", "IEEE 754"}, {"fp8-deepseek", "measured: deepgemm-1d2d of h100"},
      {"int8-w8a8", "measured"}, {"mxfp8", "published"},
      {"nvfp4", "modelled, not bit-exact"},
      {"linear product=fma-chain gpu=h100", "IEEE 754"},
      {"linear product=fma-chain gpu=h100 inputs=mxfp8 weights=mxfp8",
       "modelled, not bit-exact: q multiplies dequantized values in f32"},
      {"all step=f32\nlinear weights=mxfp8 inputs=mxfp8 product=f32",
       "modelled, not bit-exact: q multiplies dequantized values in f32"}};
  for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
    char out[200];
    ulp_plan *p = plan_of(want[i][0]);
    ulp_plan_evidence(p, NULL, out, sizeof out);
    ck_assert_msg(strncmp(out, want[i][1], strlen(want[i][1])) == 0, "%s", out);
    ulp_plan_free(p);
  }
}
END_TEST

/* Bytes changed, doubled, cut: a line that says where, or a plan that a model
 * takes or refuses in one line. */
static void try_text(const ulp_llama *m, const char *text, size_t size)
{
  ulp_plan *p = NULL;
  ulp_error e = {.text = ""};
  ulp_status s = ulp_plan_parse(&p, "p", text, size, &e);
  if (s == ULP_OK)
    s = ulp_plan_check(p, m, &e);
  ck_assert(s == ULP_OK || (strncmp(e.text, "p:", 2) == 0 &&
                            !strchr(e.text, '\n') && e.text[3]));
  ulp_plan_free(p);
}

START_TEST(mutated_text)
{
  static const char bytes[] = "\0\n #=,-:/@9zg\x80";
  ulp_llama *m = open_model(TINY);
  for (size_t row = (size_t)_i; ulp_plan_row(row); row += 4) {
    char *text = ulp_plan_row_text(row);
    size_t size = strlen(text);
    for (size_t i = 0; i < size; i += 3) {
      char was = text[i];
      text[i] = bytes[word(i + row) % (sizeof bytes - 1)];
      try_text(m, text, size);
      text[i] = (char)word(i + row + 1);
      try_text(m, text, size);
      text[i] = was;
      try_text(m, text, i);
      try_text(m, text + i, size - i);
    }
    free(text);
  }
  ulp_llama_close(m);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("plan");
  TCase *t = tcase_create("plan");
  tcase_set_timeout(t, 60);
  tcase_add_loop_test(t, codes_and_scales, 0, DIRECT);
  tcase_add_test(t, integers);
  tcase_add_test(t, values_in_a_type);
  tcase_add_test(t, sums);
  tcase_add_test(t, operands);
  tcase_add_loop_test(t, block_scales, 0, 15);
  tcase_add_test(t, second_level);
  tcase_add_test(t, attention);
  tcase_add_test(t, steps);
  tcase_add_loop_test(t, text_refused, 0,
                      (int)(sizeof faulty / sizeof faulty[0]));
  tcase_add_loop_test(t, model_refused, 0,
                      (int)(sizeof unsuitable / sizeof unsuitable[0]));
  tcase_add_test(t, later_rules);
  tcase_add_test(t, one_matrix);
  tcase_add_test(t, evidence);
  tcase_add_loop_test(t, mutated_text, 0, 4);
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
