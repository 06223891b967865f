/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Observers: PyTorch's and Transformer Engine's numbers, sequences worked out
 * by hand, and what must hold for every row of the quantizers' table when
 * scales are given instead of chosen.
 */
#include <check.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "calibrate.h"

enum { N = 4096 };
static float x[N], y[N];
static unsigned char codes[2][8 * N], scales[2][8 * N];
static int32_t zeros[2][N];

static ulp_quantizer find(const char *spec)
{
  ulp_quantizer q;
  ulp_error e;
  ck_assert_msg(ulp_quantizer_find(spec, &q, &e) == ULP_OK, "%s: %s", spec,
                e.text);
  return q;
}

static ulp_blocks blocks_of(const ulp_quantizer *q, int64_t rows, int64_t cols)
{
  const int64_t shape[] = {rows, cols};
  ulp_blocks b;
  ulp_error e;
  ck_assert(ulp_blocks_make(&b, &q->granularity, q->axis, 2, shape, &e) ==
            ULP_OK);
  return b;
}

static ulp_observer *observer(const char *text, const ulp_quantizer *q,
                              const ulp_blocks *b)
{
  ulp_observer_spec spec;
  ulp_observer *o;
  ulp_error e;
  ck_assert_msg(ulp_observer_parse(text, &spec, &e) == ULP_OK, "%s: %s", text,
                e.text);
  ck_assert_msg(ulp_observer_new(&o, &spec, q, b, &e) == ULP_OK, "%s of %s: %s",
                text, q->name, e.text);
  return o;
}

static void add(ulp_observer *o, const ulp_blocks *b, const float *values)
{
  ck_assert(ulp_observer_add(o, b, values, 0, b->elements) == ULP_OK);
  ulp_observer_step(o);
}

static double get(const ulp_observer *o, const ulp_quantizer *q, int k)
{
  double global;
  ck_assert(ulp_observer_scales(o, scales[k], q->zero.count ? zeros[k] : NULL,
                                &global) == ULP_OK);
  return global;
}

static float scale_at(const ulp_quantizer *q, int64_t block)
{
  return (float)ulp_decode(&q->scale,
                           ulp_load_code(&q->scale, scales[0], (size_t)block));
}

static void fill(const char *distribution, int n, uint64_t stream)
{
  double wide[N];
  ck_assert(ulp_sample(distribution, wide, (size_t)n, true, 7, stream) ==
            ULP_OK);
  for (int i = 0; i < n; i++)
    x[i] = (float)wide[i];
}

/* ---- PyTorch's observers ------------------------------------------------ */

/* torch 2.15.0, torch.ao.quantization.observer on six batches of 6 x 5, x[i] =
 * ((7919 i + 3571 step) % 2003 - (step odd ? 900 : 1000)) / 64 (step + 1):
 * MinMaxObserver, MovingAverageMinMaxObserver and their forms of a channel;
 * calculate_qparams(). */
static const struct {
  const char *spec, *observer;
  int n;
  float scale[6];
  int zero[6];
} torch[] = {
    {"uint8-affine@pytorch", "minmax", 1, {0x1.678788p-1f}, {112}},
    {"int8@pytorch", "minmax", 1, {0x1.945454p-1f}, {0}},
    {"uint8-affine@pytorch", "average", 1, {0x1.199becp-3f}, {128}},
    {"int8@pytorch", "average:0.01", 1, {0x1.1b38c6p-3f}, {0}},
    {"uint8-affine@pytorch", "average:0.1", 1, {0x1.194e94p-2f}, {122}},
    {"int8@pytorch", "average:0.1", 1, {0x1.261b02p-2f}, {0}},
    {"int8-affine@pytorch", "average:0.1", 1, {0x1.194e94p-2f}, {-6}},
    {"int8-affine@pytorch/g=channel", "minmax", 6,
     {0x1.400808p-1f, 0x1.df5f6p-2f, 0x1.93a3a4p-2f, 0x1.c63636p-2f,
      0x1.61b1b2p-1f, 0x1.048484p-1f},
     {-13, -14, -11, 49, -19, -18}},
    {"int8@pytorch/g=channel/axis=1", "minmax", 5,
     {0x1.945454p-1f, 0x1.715152p-1f, 0x1.4e4e4ep-1f, 0x1.35a5a6p-1f,
      0x1.3ababap-1f},
     {0}},
    {"uint8-affine@pytorch/g=channel/axis=1", "average", 5,
     {0x1.df0cfp-4f, 0x1.04e31cp-3f, 0x1.bceb5ap-4f, 0x1.c24fbcp-4f,
      0x1.c24fbcp-4f},
     {144, 129, 101, 112, 127}},
};

static void fill_batch(int step)
{
  for (int i = 0; i < 30; i++)
    x[i] = (float)((i * 7919 + step * 3571) % 2003 - (step % 2 ? 900 : 1000)) /
           64 * (float)(step + 1);
}

START_TEST(pytorch)
{
  ulp_quantizer q = find(torch[_i].spec);
  ulp_blocks b = blocks_of(&q, 6, 5);
  ulp_observer *o = observer(torch[_i].observer, &q, &b);
  ck_assert_int_eq(b.blocks, torch[_i].n);
  for (int step = 0; step < 6; step++) {
    fill_batch(step);
    add(o, &b, x);
  }
  get(o, &q, 0);
  for (int i = 0; i < torch[_i].n; i++) {
    ck_assert_float_eq(scale_at(&q, i), torch[_i].scale[i]);
    if (q.zero.count) ck_assert_int_eq(zeros[0][i], torch[_i].zero[i]);
  }
  ulp_observer_free(o);
}
END_TEST

/* ---- Transformer Engine's delayed scaling ------------------------------- */

#define INF INFINITY
static const struct {
  const char *spec, *observer;
  int n;
  float amax[13], scale[13]; /* after the step */
} delays[] = {
    /* By hand, from kernel_bulk: 448 / (greatest of the last two).  Zeros are
     * no steps, an Inf holds the scale for two, a NaN is not seen. */
    {"fp8-delayed@te", "delayed:2", 11,
     {5, 3, 0, 0, 1, INF, 4, NAN, 2, .5f, .5f},
     {448 / 5.f, 448 / 5.f, 448 / 5.f, 448 / 5.f, 448 / 3.f, 448 / 3.f,
      448 / 3.f, 112, 224, 224, 896}},
    /* The last alone, over 2^1; 1e-40 gives an infinite scale. */
    {"fp8-delayed@te", "delayed:3:most_recent:1", 8,
     {5, INF, 7, 0, NAN, 1e-40f, 0, 3.5f},
     {224 / 5.f, 224 / 5.f, 32, 32, 32, FLT_MAX, FLT_MAX, 64}},
    {"fp8-delayed_e5m2@te", "delayed:1:max:2", 3, {7, 0, 14}, {2048, 2048, 1024}},
    /* A quantizer that holds 1 / scale. */
    {"fp8-tensor@te", "delayed:2", 4, {INF, 448, 7, 3.5f}, {1, 1, 1, 1 / 64.f}},
    /* TE's Python functions on the CPU, torch 2.15.0: 448 / amax is
     * amax.reciprocal() * 448 there, and zeros push amaxes out. */
    {"fp8-delayed@te-unfused", "delayed-unfused:2", 13,
     {5, 0, 0, 3, INF, 1, NAN, 2, 1e-40f, 0, 0, 7, .3f},
     {0x1.666666p+6f, 0x1.666666p+6f, 0x1.666666p+6f, 0x1.2aaaacp+7f,
      0x1.2aaaacp+7f, 0x1.2aaaacp+7f, 0x1.2aaaacp+7f, 0x1.2aaaacp+7f,
      0x1.cp+7f, FLT_MAX, FLT_MAX, 64, 64}},
    {"fp8-delayed@te-unfused", "delayed-unfused:3:max:2", 13,
     {5, 0, 0, 3, INF, 1, NAN, 2, 1e-40f, 0, 0, 7, .3f},
     {0x1.666666p+4f, 0x1.666666p+4f, 0x1.666666p+4f, 0x1.2aaaacp+5f,
      0x1.2aaaacp+5f, 0x1.2aaaacp+5f, 0x1.2aaaacp+5f, 0x1.2aaaacp+5f,
      0x1.2aaaacp+5f, 0x1.cp+5f, FLT_MAX, 16, 16}},
};

START_TEST(delayed)
{
  char spec[80];
  (void)snprintf(spec, sizeof spec, "%s/over=all", delays[_i].spec);
  ulp_quantizer q = find(spec);
  ulp_blocks b = blocks_of(&q, 1, 2);
  ulp_observer *o = observer(delays[_i].observer, &q, &b);
  get(o, &q, 0);
  ck_assert_float_eq(scale_at(&q, 0), 1);
  for (int step = 0; step < delays[_i].n; step++) {
    float amax = delays[_i].amax[step], batch[] = {amax / 2, -amax};
    add(o, &b, batch);
    get(o, &q, 0);
    ck_assert_msg(scale_at(&q, 0) == delays[_i].scale[step],
                  "%s, step %d: %a, not %a", delays[_i].observer, step,
                  (double)scale_at(&q, 0), (double)delays[_i].scale[step]);
    ck_assert(isnan(amax) ? isnan(ulp_observer_amax(o, 0))
                          : ulp_observer_amax(o, 0) == (double)amax);
  }
  ulp_observer_free(o);
}
END_TEST

/* The history is of L batches, 1024 by default: the first is forgotten after
 * so many. */
START_TEST(history_length)
{
  static const struct { const char *observer; int length; } all[] = {
      {"delayed", 1024}, {"delayed-unfused", 1024}, {"delayed:5", 5},
      {"delayed:1", 1}};
  ulp_quantizer q = find("fp8-delayed@te");
  ulp_blocks b = blocks_of(&q, 1, 1);
  for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
    ulp_observer *o = observer(all[k].observer, &q, &b);
    const float first = 448, later = 7;
    add(o, &b, &first);
    for (int i = 1; i <= all[k].length; i++) {
      get(o, &q, 0);
      ck_assert_float_eq(scale_at(&q, 0), 1);
      add(o, &b, &later);
    }
    get(o, &q, 0);
    ck_assert_float_eq(scale_at(&q, 0), 64);
    ulp_observer_free(o);
  }
}
END_TEST

/* ---- histograms --------------------------------------------------------- */

static int by_size(const void *a, const void *b)
{
  float u = fabsf(*(const float *)a), v = fabsf(*(const float *)b);
  return (u > v) - (u < v);
}

/* Of all batches together, to the width of a bin. */
START_TEST(percentiles)
{
  static float all[4 * N];
  ulp_quantizer q = find("int8/arithmetic=f32");
  ulp_blocks b = blocks_of(&q, 64, N / 64);
  ulp_observer *o = observer("percentile:99", &q, &b);
  for (int k = 0; k < 4; k++) {
    fill("student_t3", N, (uint64_t)k);
    memcpy(all + (size_t)k * N, x, sizeof x);
    add(o, &b, x);
  }
  get(o, &q, 0);
  qsort(all, 4 * N, sizeof *all, by_size);
  double p = fabs((double)all[(int)(.99 * 4 * N)]);
  ck_assert_double_eq_tol((double)scale_at(&q, 0) * 127, p, p * 0x1p-10);
  ulp_observer_free(o);
  /* lo and hi do not reach beyond it; of zeros it is the amax. */
  q = find("int8-affine@pytorch");
  b = blocks_of(&q, 1, 8);
  o = observer("percentile:75", &q, &b);
  const float few[8] = {1, 1, 1, 1, 1, 1, -8, 2};
  add(o, &b, few);
  get(o, &q, 0);
  ck_assert_float_eq_tol(scale_at(&q, 0), 2.f / 255, 2.f / 255 * 0x1p-11f);
  ulp_observer_free(o);
  o = observer("percentile:50", &q, &b);
  const float zero[8] = {0, 0, 0, 0, 0, 0, 0, 255};
  add(o, &b, zero);
  get(o, &q, 0);
  ck_assert_float_eq(scale_at(&q, 0), 1);
  ulp_observer_free(o);
}
END_TEST

/* Squared error with all scales `scale`, element by element. */
static double error_at(const ulp_quantizer *q, float scale, const float *all,
                       int n)
{
  const ulp_rounding r = {.overflow = ULP_OVERFLOW_SATURATE};
  double e2 = 0;
  for (int i = 0; i < n; i++) {
    uint64_t c = ulp_encode_f64(&q->element, (double)all[i] / (double)scale, &r,
                                0);
    double e = ulp_decode(&q->element, c) * (double)scale - (double)all[i];
    e2 += e * e;
  }
  return e2;
}

/* No candidate of the search would have left less, as every element says. */
START_TEST(least_error)
{
  static const char *const specs[] = {"int4/arithmetic=f32", "e2m1",
                                      "e2m1/scale=e8m0/rule=floor",
                                      "int8@compressed-tensors/g=tensor"};
  static float all[2 * N];
  for (size_t k = 0; k < sizeof specs / sizeof *specs; k++) {
    ulp_quantizer q = find(specs[k]);
    ulp_blocks b = blocks_of(&q, 64, N / 64);
    ulp_observer *o = observer("mse", &q, &b);
    float amax = 0;
    for (int i = 0; i < 2; i++) {
      fill("gaussian", N, (uint64_t)i);
      memcpy(all + (size_t)i * N, x, sizeof x);
      amax = (float)ulp_quantizer_amax(&q, (double)amax, x, N);
      add(o, &b, x);
    }
    get(o, &q, 0);
    double chosen = error_at(&q, scale_at(&q, 0), all, 2 * N);
    ulp_observer_free(o);
    for (int i = 0; i < 100; i += 7) {
      float part = amax * (1 - .008f * (float)i);
      o = observer("minmax", &q, &b);
      ck_assert(ulp_observer_add(o, &b, &part, 0, 1) == ULP_OK);
      ulp_observer_step(o);
      get(o, &q, 0);
      ck_assert_double_le(
          chosen, 1.001 * error_at(&q, scale_at(&q, 0), all, 2 * N));
      ulp_observer_free(o);
    }
  }
}
END_TEST

/* ---- every row of the table --------------------------------------------- */

static ulp_quantizer row_at(size_t i)
{
  char spec[160];
  const ulp_quantizer_row *r = ulp_quantizer_row_at(i);
  (void)snprintf(spec, sizeof spec, "%s@%s", r->name, r->profile);
  return find(spec);
}

static void quantize(const ulp_quantizer *q, const ulp_blocks *b, int k,
                     double amax, double global)
{
  ulp_quantized out = {codes[k], scales[k], q->zero.count ? zeros[k] : NULL};
  ck_assert(ulp_quantize_blocks(q, b, &out, x, amax, global, 0, b->blocks, 0) ==
            ULP_OK);
}

/* The scales of a single batch, seen by min-max, are those that the quantizer
 * chooses for it, for any rule but those that look at elements. */
START_TEST(one_batch_is_dynamic)
{
  ulp_quantizer q = row_at((size_t)_i);
  if (q.second.count || q.search || q.nested[0]) return;
  ulp_blocks b = blocks_of(&q, 16, N / 16);
  fill("student_t3", N, 3);
  x[40] = 0x1p-140f;
  memset(x + 256, 0, 256 * sizeof *x);
  ulp_observer *o = observer("minmax", &q, &b);
  add(o, &b, x);
  double global = get(o, &q, 0);
  double amax = ulp_quantizer_amax(&q, 0, x, N);
  ck_assert_double_eq(global, ulp_quantizer_global(&q, amax));
  quantize(&q, &b, 1, amax, global);
  ck_assert_msg(!memcmp(scales[0], scales[1],
                        (size_t)b.blocks * q.scale.storage_bytes),
                "%s", q.name);
  if (q.zero.count)
    ck_assert_mem_eq(zeros[0], zeros[1], (size_t)b.blocks * sizeof **zeros);
  ulp_observer_free(o);
}
END_TEST

/* With the scales it chose given, a quantizer writes the same codes.  Where
 * its factor is no function of its scale, but of the amax, 1 / s may be off by
 * the last bit of an f32: codes are then neighbours, and few differ. */
START_TEST(given_scales)
{
  ulp_quantizer q = row_at((size_t)_i);
  ulp_blocks b = blocks_of(&q, 16, N / 16);
  fill("student_t3", N, 5);
  x[40] = 0x1p-140f;
  memset(x + 256, 0, 256 * sizeof *x);
  double amax = ulp_quantizer_amax(&q, 0, x, N);
  double global = ulp_quantizer_global(&q, amax);
  bool last_bit = strstr(q.name, "te-f32") || strstr(q.name, "fp8-tensor@te");
  int differ = 0;
  quantize(&q, &b, 0, amax, global);
  memcpy(scales[1], scales[0], sizeof *scales);
  memcpy(zeros[1], zeros[0], sizeof *zeros);
  q.fixed = true;
  quantize(&q, &b, 1, amax, global);
  ck_assert_mem_eq(scales[0], scales[1], sizeof *scales);
  for (int i = 0; i < N; i++) {
    uint64_t c[2];
    for (int k = 0; k < 2; k++)
      c[k] = ulp_load_code(&q.element, codes[k], (size_t)i);
    differ += c[0] != c[1];
    ck_assert_msg(c[0] == c[1] || (last_bit && c[0] - c[1] + 1 <= 2), "%s: %d",
                  q.name, i);
  }
  ck_assert_int_le(differ, last_bit ? N / 100 : 0);
}
END_TEST

/* The amax of what is quantized has no say: by hand, 3 / 0.5 of INT8 and E4M3,
 * with a zero point 3 / 0.5 - 2. */
START_TEST(given_by_hand)
{
  static const struct { const char *spec; double code; } all[] = {
      {"int8", 6},           {"fp8-block@te", 6},   {"fp8-block@te-f32", 6},
      {"fp8-tensor@te", 6},  {"fp8-delayed@te", 1.5}, {"fp8-block@deepgemm", 6},
      {"int8@pytorch", 6},   {"int8-affine@pytorch", 4},
      {"int8-affine@compressed-tensors", 4}};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    ulp_quantizer q = find(all[i].spec);
    ulp_blocks b = blocks_of(&q, 1, 4);
    const float s = .5f;
    memcpy(scales[0], &s, sizeof s);
    zeros[0][0] = -2;
    memcpy(x, ((const float[]){3, -40, 0, 1}), 4 * sizeof *x);
    q.fixed = true;
    quantize(&q, &b, 0, 40, 1);
    ck_assert_msg(ulp_decode(&q.element, ulp_load_code(&q.element, codes[0],
                                                       0)) == all[i].code,
                  "%s", all[i].spec);
    ulp_quantized in = {codes[0], scales[0], q.zero.count ? zeros[0] : NULL};
    ulp_dequantize_blocks(&q, &b, y, &in, 1, 0, 1);
    ck_assert_float_eq(y[0], 3);
  }
  /* 1 / 2^-149 is bounded, so that a zero stays one. */
  ulp_quantizer q = find("fp8-block@te-f32");
  ulp_blocks b = blocks_of(&q, 1, 4);
  const float tiny = 0x1p-149f;
  memcpy(scales[0], &tiny, sizeof tiny);
  q.fixed = true;
  quantize(&q, &b, 0, 40, 1);
  ck_assert_int_eq(codes[0][0], 0x7e);
  ck_assert_int_eq(codes[0][2], 0);
  q = find("int8-affine@pytorch");
  b = blocks_of(&q, 1, 4);
  ulp_quantized out = {codes[0], scales[0], NULL};
  q.fixed = true;
  ck_assert(ulp_quantize_blocks(&q, &b, &out, x, 1, 1, 0, 1, 0) == ULP_EINVAL);
}
END_TEST

/* lo and hi reach to zero: 510 / 255, and -128 stands for 0; -510, 127. */
START_TEST(zero_is_a_value)
{
  for (int k = 0; k < 2; k++) {
    ulp_quantizer q = find("int8-affine@pytorch");
    ulp_blocks b = blocks_of(&q, 1, 2);
    ulp_observer *o = observer(k ? "average" : "minmax", &q, &b);
    for (int sign = -1; sign < 2; sign += 2) {
      const float batch[] = {255 * (float)sign, 510 * (float)sign};
      ulp_observer_free(o);
      o = observer(k ? "average" : "minmax", &q, &b);
      add(o, &b, batch);
      get(o, &q, 0);
      ck_assert_float_eq(scale_at(&q, 0), 2);
      ck_assert_int_eq(zeros[0][0], sign > 0 ? -128 : 127);
    }
    ulp_observer_free(o);
  }
}
END_TEST

/* ---- pieces and refusals ------------------------------------------------ */

/* However a batch is cut, and whatever the rest of its shape. */
START_TEST(pieces)
{
  static const char *const specs[] = {
      "int8", "int8/g=channel", "int8/g=channel/axis=1", "int8/g=token",
      "int8/g=group:7", "int8/g=tile:3x5", "int8/g=block:11",
      "int8/g=group:3/axis=0"};
  for (size_t k = 0; k < sizeof specs / sizeof *specs; k++) {
    ulp_quantizer q = find(specs[k]);
    ulp_blocks b = blocks_of(&q, 13, 29);
    ulp_observer *o = observer("minmax", &q, &b);
    fill("gaussian", 13 * 29, 9);
    for (int64_t i = 0; i < b.elements; i += 17) {
      int64_t n = b.elements - i < 17 ? b.elements - i : 17;
      ck_assert(ulp_observer_add(o, &b, x + i, i, n) == ULP_OK);
    }
    ulp_observer_step(o);
    get(o, &q, 0);
    quantize(&q, &b, 1, 1, 1);
    ck_assert_mem_eq(scales[0], scales[1], 4 * (size_t)b.blocks);
    ck_assert(ulp_observer_add(o, &b, x, 1, b.elements) == ULP_EINVAL);
    ck_assert(ulp_observer_add(o, &b, x, -1, 1) == ULP_EINVAL);
    ulp_observer_free(o);
  }
}
END_TEST

START_TEST(shapes_of_batches)
{
  ulp_quantizer q = find("int8/g=channel/axis=1");
  ulp_blocks b = blocks_of(&q, 4, 3), other = blocks_of(&q, 2, 3);
  ulp_blocks bad = blocks_of(&q, 3, 4);
  ulp_observer *o = observer("minmax", &q, &b);
  ulp_error e;
  double global;
  ck_assert(ulp_observer_scales(o, scales[0], NULL, &global) == ULP_EINVAL);
  for (int i = 0; i < 12; i++)
    x[i] = 127;
  add(o, &b, x);
  x[4] = 254;
  add(o, &other, x);
  ck_assert(!ulp_observer_fits(o, &bad));
  ck_assert(ulp_observer_add(o, &bad, x, 0, 1) == ULP_EINVAL);
  get(o, &q, 0);
  ck_assert_float_eq(scale_at(&q, 0), 1);
  ck_assert_float_eq(scale_at(&q, 1), 2);
  ulp_observer_free(o);
  /* The scales of 4 x 2 x 5 are 4 x 2, those of 4 x 5 are 4. */
  q = find("int8/g=token");
  b = blocks_of(&q, 4, 5);
  o = observer("minmax", &q, &b);
  ck_assert(ulp_blocks_make(&bad, &q.granularity, q.axis, 3,
                            (const int64_t[]){4, 2, 5}, &e) == ULP_OK);
  ck_assert(!ulp_observer_fits(o, &bad));
  ulp_observer_free(o);
  o = observer("minmax", &q, &bad);
  ck_assert(!ulp_observer_fits(o, &b));
  ulp_observer_free(o);
  /* An empty batch is one. */
  q = find("int8/g=channel/axis=1");
  b = blocks_of(&q, 0, 3);
  o = observer("minmax", &q, &b);
  add(o, &b, x);
  add(o, &other, x);
  get(o, &q, 0);
  ck_assert_float_eq(scale_at(&q, 1), 2);
  ulp_observer_free(o);
  /* A block of nothing, seen in every batch, has the scale of zeros. */
  q = find("int8");
  b = blocks_of(&q, 0, 3);
  o = observer("average", &q, &b);
  add(o, &b, x);
  get(o, &q, 0);
  ck_assert_float_eq(scale_at(&q, 0), 1);
  ulp_observer_free(o);
}
END_TEST

static const char *const bad_text[] = {
    "", ":", "minmx", "minmax:1", "minmax:", "average:0", "average:1.5",
    "average:x", "average:.1:2", "percentile", "percentile:0", "percentile:101",
    "percentile: 5", "percentile:nan", "mse:0", "mse:1.5", "mse:99999",
    "delayed:0", "delayed:9999999", "delayed:4:mean", "delayed:4:max:-1",
    "delayed:4:max:65", "delayed:4:max:1:1", "delayed:x",
    "delayed-unfused:1:max:.5", "average:1e-50",
    "average:0.00000000000000000000000000000000001"};

START_TEST(refused_text)
{
  ulp_observer_spec s = {.length = 77};
  ulp_error e = {.text = ""};
  ck_assert_msg(ulp_observer_parse(bad_text[_i], &s, &e) != ULP_OK, "%s",
                bad_text[_i]);
  ck_assert_int_eq(s.length, 77);
  ck_assert_msg(*e.text && !strchr(e.text, '\n'), "%s", bad_text[_i]);
}
END_TEST

static const char *const bad_pairs[][2] = {
    {"minmax", "int8/rule=mse"},
    {"minmax", "int8/rule=percentile:99"},
    {"minmax", "nvfp4@fouroversix"},
    {"minmax", "int8/raw=a / n"},
    {"minmax", "nf4-double@bitsandbytes"},
    {"mse", "int8-affine@pytorch"},
    {"mse", "int8/g=block:1"}, /* 4096 histograms */
    {"delayed", "nvfp4@te"},
    {"delayed", "int8-affine@pytorch"},
    {"delayed:4:max:1", "fp8-block@deepseek"},
};

START_TEST(refused_pairs)
{
  ulp_quantizer q = find(bad_pairs[_i][1]);
  ulp_blocks b = blocks_of(&q, 64, 64);
  ulp_observer_spec s;
  ulp_observer *o = (ulp_observer *)x;
  ulp_error e = {.text = ""};
  ck_assert(ulp_observer_parse(bad_pairs[_i][0], &s, &e) == ULP_OK);
  ck_assert_msg(ulp_observer_new(&o, &s, &q, &b, &e) == ULP_EINVAL, "%s of %s",
                bad_pairs[_i][0], bad_pairs[_i][1]);
  ck_assert_ptr_null(o);
  ck_assert(*e.text && !strchr(e.text, '\n'));
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("calibrate");
  TCase *t = tcase_create("observers");
  int rows = (int)ulp_quantizer_count();
  tcase_add_loop_test(t, pytorch, 0, sizeof torch / sizeof *torch);
  tcase_add_loop_test(t, delayed, 0, sizeof delays / sizeof *delays);
  tcase_add_test(t, history_length);
  tcase_add_test(t, percentiles);
  tcase_add_test(t, least_error);
  tcase_add_loop_test(t, one_batch_is_dynamic, 0, rows);
  tcase_add_loop_test(t, given_scales, 0, rows);
  tcase_add_test(t, given_by_hand);
  tcase_add_test(t, zero_is_a_value);
  tcase_add_test(t, pieces);
  tcase_add_test(t, shapes_of_batches);
  tcase_add_loop_test(t, refused_text, 0, sizeof bad_text / sizeof *bad_text);
  tcase_add_loop_test(t, refused_pairs, 0,
                      sizeof bad_pairs / sizeof *bad_pairs);
  suite_add_tcase(suite, t);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
