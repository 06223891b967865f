/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the decoder does side by side against the same one at a time, to the
 * bit: every form of analysis/lanes.h that this machine has, 1 to 3 threads.
 */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "isa.h"
#include "lanes.h"
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

/* All bits of a double, in -4 .. 4. */
static double real(uint64_t i)
{
  return ldexp((double)(int64_t)word(i), -61 - (int)(word(i + 77) % 6));
}

static bool same(double a, double b)
{
  return (isnan(a) && isnan(b)) || memcmp(&a, &b, sizeof a) == 0;
}

/* _i: a form. */
static void take_form(int i)
{
  if (ulp_isa_has((ulp_isa)i))
    ck_assert_int_eq(ulp_isa_set((ulp_isa)i), ULP_OK);
  else
    ck_assert_int_eq(ulp_isa_set(ULP_ISA_PORTABLE), ULP_OK);
}

static ulp_step step_of(const char *name)
{
  ulp_step s;
  ulp_error e;
  ck_assert_int_eq(ulp_step_make(&s, name, NULL, &e), ULP_OK);
  return s;
}

/* f32's rounding under a name that no short cut knows. */
static ulp_step long_f32(void)
{
  ulp_step s = step_of("f32");
  s.rounding.overflow = ULP_OVERFLOW_INF; /* the same, to nearest */
  ck_assert(!ulp_step_is_f32(&s));
  return s;
}

/* ---- products ----------------------------------------------------------- */

static void check_linear(size_t m, size_t n, size_t k, bool narrow, int threads)
{
  double *x = malloc(m * k * sizeof *x), *y = malloc(m * n * sizeof *y);
  float *w = malloc(n * k * sizeof *w), *panels;
  ck_assert(x && y && w);
  for (size_t i = 0; i < m * k; i++)
    x[i] = real(i);
  for (size_t i = 0; i < n * k; i++)
    w[i] = (float)real(i + 100000);
  ck_assert_ptr_nonnull(panels = ulp_linear_pack(w, n, k));
  ck_assert_int_eq(ulp_linear(y, x, panels, m, n, k, narrow, threads), ULP_OK);
  for (size_t i = 0; i < m * n; i++) {
    const double *row = x + i / n * k;
    const float *column = w + i % n * k;
    double sum = 0;
    float sum32 = 0;
    for (size_t l = 0; l < k; l++) {
      sum += row[l] * (double)column[l];
      sum32 = fmaf((float)row[l], column[l], sum32);
    }
    ck_assert_msg(same(y[i], narrow ? (double)sum32 : sum),
                  "%zu %zu %zu %d %d: %zu", m, n, k, narrow, threads, i);
  }
  free(x);
  free(y);
  free(w);
  free(panels);
}

START_TEST(linear)
{
  static const size_t shape[][3] = {{1, 1, 1}, {1, 150, 33}, {5, 16, 64},
                                    {13, 17, 40}, {16, 48, 7}, {37, 31, 96}};
  take_form(_i);
  for (size_t i = 0; i < sizeof shape / sizeof *shape; i++)
    for (int narrow = 0; narrow < 2; narrow++)
      check_linear(shape[i][0], shape[i][1], shape[i][2], narrow, 1);
  for (int threads = 2; threads < 4; threads++)
    for (int narrow = 0; narrow < 2; narrow++) {
      check_linear(45, 150, 400, narrow, threads); /* rows among threads */
      check_linear(3, 1100, 700, narrow, threads); /* columns */
    }
}
END_TEST

/* Sums go on from y, and rows stand further apart than they are long. */
START_TEST(panel)
{
  enum { M = 19, K = 21, LDX = 25 };
  static double x[M * LDX], p[K * ULP_LANES], y[M * ULP_LANES],
      want[M * ULP_LANES];
  take_form(_i);
  for (int i = 0; i < M * LDX; i++)
    x[i] = real((uint64_t)i);
  for (int i = 0; i < K * ULP_LANES; i++)
    p[i] = real((uint64_t)i + 5000);
  for (int more = 0; more < 2; more++) {
    for (int i = 0; i < M * ULP_LANES; i++) {
      y[i] = real((uint64_t)i + 9000);
      want[i] = more ? y[i] : 0;
      for (int l = 0; l < K; l++)
        want[i] +=
            x[i / ULP_LANES * LDX + l] * p[l * ULP_LANES + i % ULP_LANES];
    }
    ulp_lanes_now()->panel_f64(y, x, LDX, M, p, K, more);
    for (int i = 0; i < M * ULP_LANES; i++)
      ck_assert(same(y[i], want[i]));
  }
}
END_TEST

/* ---- functions ---------------------------------------------------------- */

/* Ordinary ones, and one in `often` from anywhere: subnormal results, zeros,
 * overflow, Inf, NaN. */
static double argument(uint64_t i, uint64_t often)
{
  static const double odd[] = {-707.9999, -708, -708.5, -745.1, -745.2, -746,
                               -747, -1e300, -INFINITY, NAN, 708.99, 709,
                               709.7, 709.8, 710, 711, INFINITY, 0., -0.};
  uint64_t r = word(i + 31337);
  return r % often ? real(i) * 8
                   : odd[r / often % (sizeof odd / sizeof *odd)];
}

START_TEST(exponentials)
{
  enum { N = 100003 };
  static double x[N], y[N];
  take_form(_i);
  for (uint64_t often = 3; often < 300; often += 95) {
    for (size_t i = 0; i < N; i++)
      x[i] = argument(i, often) * (i % 5 ? 1 : 40);
    ulp_lanes_now()->exps(y, x, N);
    for (size_t i = 0; i < N; i++)
      ck_assert_msg(same(y[i], ulp_exp(x[i])), "%a: %a, %a", x[i], y[i],
                    ulp_exp(x[i]));
    memcpy(y, x, sizeof y);
    ulp_lanes_now()->exps(y, y, 77);
    for (size_t i = 0; i < N; i++)
      ck_assert(same(y[i], i < 77 ? ulp_exp(x[i]) : x[i]));
  }
}
END_TEST

START_TEST(casts)
{
  enum { N = 259 };
  static double x[N], y[N];
  static float z[N];
  take_form(_i);
  for (size_t n = 0; n < N; n++) {
    for (size_t i = 0; i < N; i++)
      x[i] = y[i] = i % 7 ? real(i + n) : ldexp(real(i), i % 3 ? -140 : 127);
    ulp_lanes_now()->narrow(z, x, N);
    ulp_lanes_now()->round_f32(y, y, n);
    for (size_t i = 0; i < N; i++)
      ck_assert(same(y[i], i < n ? (double)(float)x[i] : x[i]) &&
                same((double)z[i], (double)(float)x[i]));
    ulp_lanes_now()->widen(y, z, n);
    for (size_t i = 0; i < n; i++)
      ck_assert(same(y[i], (double)z[i]));
  }
}
END_TEST

START_TEST(activation)
{
  enum { N = 1000 };
  static double gate[N], up[N], got[N];
  const char *const name[] = {"float64", "f32", "bf16"};
  take_form(_i);
  for (int k = 0; k < 3; k++) {
    const ulp_step f = step_of(name[k]);
    const ulp_numbers at = {.step = f, .out = step_of("float64")};
    for (size_t i = 0; i < N; i++) {
      got[i] = gate[i] = ulp_step_round(&f, argument(i, 9), 0);
      up[i] = ulp_step_round(&f, real(i + 4000), 0);
    }
    ulp_llama_activate(&at, got, up, N, 0, 2);
    for (size_t i = 0; i < N; i++) {
      double e = ulp_step_round(&f, ulp_exp(-gate[i]), 0);
      double y = ulp_step_round(&f, gate[i] / ulp_step_round(&f, 1 + e, 0), 0);
      ck_assert(same(got[i], ulp_step_round(&f, y * up[i], 0)));
    }
  }
}
END_TEST

/* Lanes of 37 rows; the rest of a lane is -Inf, as attention hides it. */
static void check_softmax(bool narrow, uint64_t often)
{
  enum { N = 37 };
  static double wide[N * ULP_LANES], most[ULP_LANES];
  static float thin[N * ULP_LANES], most32[ULP_LANES];
  const ulp_step f = step_of(narrow ? "f32" : "float64");
  const ulp_softmax rules = {f, f, f, f, false, 0};
  double scale = ulp_step_round(&f, 0.3, 0), x[N];
  for (int i = 0; i < N * ULP_LANES; i++) {
    bool hidden = i / ULP_LANES > N - ULP_LANES + i % ULP_LANES;
    double v = argument((uint64_t)i + often, often) * (i % 11 ? 1 : 30);
    wide[i] = hidden ? -INFINITY : ulp_step_round(&f, v, 0);
    thin[i] = (float)wide[i];
  }
  static double was[N * ULP_LANES];
  memcpy(was, wide, sizeof was);
  if (narrow) {
    ulp_lanes_now()->scale_f32(thin, N, (float)scale, most32);
    ulp_lanes_now()->softmax_f32(thin, N, most32);
  } else {
    ulp_lanes_now()->scale_f64(wide, N, scale, most);
    ulp_lanes_now()->softmax_f64(wide, N, most);
  }
  for (int l = 0; l < ULP_LANES; l++) {
    size_t seen = (size_t)(N - ULP_LANES + l + 1);
    for (size_t t = 0; t < seen; t++)
      x[t] = ulp_step_round(&f, was[t * ULP_LANES + (size_t)l] * scale, 0);
    ulp_softmax_row(&rules, x, x, seen, 0);
    for (size_t t = 0; t < N; t++) {
      size_t i = t * ULP_LANES + (size_t)l;
      double got = narrow ? (double)thin[i] : wide[i];
      ck_assert(same(got, t < seen ? x[t] : isnan(x[0]) ? NAN : 0));
    }
  }
}

START_TEST(weights)
{
  take_form(_i);
  for (uint64_t often = 20; often < 20000; often = often * 3 / 2) {
    check_softmax(false, often);
    check_softmax(true, often);
  }
}
END_TEST

/* ---- steps without short cuts ------------------------------------------- */

START_TEST(norms)
{
  enum { N = 77 };
  double x[N], gamma[N], got[N], want[N];
  const ulp_step f64 = step_of("float64"), f32 = step_of("f32"),
                 slow = long_f32(), bf16 = step_of("bf16");
  for (int row = 0; row < 80; row++) {
    int narrow = row % 2;
    for (int i = 0; i < N; i++) { /* squares about epsilon, too */
      x[i] = ldexp(real((uint64_t)(row * N + i)), -row / 4);
      gamma[i] = real((uint64_t)i + 90000);
    }
    const ulp_step *f = narrow ? &f32 : &f64, *g = narrow ? &slow : &f64;
    const ulp_norm_steps fast = {.square = f, .sum = f, .root = f, .scale = f,
                                 .output = &bf16};
    const ulp_norm_steps each = {.input = &f64, .square = g, .sum = g,
                                 .root = g, .scale = g, .output = &bf16};
    ulp_rms_norm(got, x, gamma, N, 1e-5, &fast, 0);
    ulp_rms_norm(want, x, gamma, N, 1e-5, &each, 0);
    for (int i = 0; i < N; i++)
      ck_assert(same(got[i], want[i]));
  }
}
END_TEST

START_TEST(positions)
{
  enum { PAIRS = 9 };
  double frequency[PAIRS], turns[2 * PAIRS], got[2 * PAIRS], want[2 * PAIRS];
  const ulp_rope r = {frequency, PAIRS};
  const ulp_step f32 = step_of("f32"), slow = long_f32();
  for (int i = 0; i < PAIRS; i++)
    frequency[i] = pow(10, -i / 4.);
  for (int position = 0; position < 300; position++) {
    ulp_rope_angles(&r, turns, position);
    for (int i = 0; i < 2 * PAIRS; i++)
      got[i] = want[i] = real((uint64_t)(position * 50 + i));
    ulp_rope_turn(&r, got, turns, &f32, 0);
    ulp_rope_turn(&r, want, turns, &slow, 0);
    for (int i = 0; i < 2 * PAIRS; i++)
      ck_assert(same(got[i], want[i]));
  }
}
END_TEST

/* ---- attention ---------------------------------------------------------- */

enum { TOKENS = 53, KV = 2, GROUP = 3, HEADS = KV * GROUP, DIM = 20 };

typedef struct {
  double q[TOKENS * HEADS * DIM], k[TOKENS * KV * DIM], v[TOKENS * KV * DIM];
  double got[TOKENS * HEADS * DIM];
} inputs;

/* One query over all tokens up to its own. */
static void by_hand(double *out, const inputs *x, int token, int head,
                    bool narrow, const ulp_step *scores_out,
                    const ulp_step *weights_out)
{
  const ulp_step f = step_of(narrow ? "f32" : "float64");
  const ulp_softmax rules = {f, f, f, f, false, 0};
  const double *q = x->q + (token * HEADS + head) * DIM;
  double p[TOKENS], by = ulp_step_round(&f, 1 / sqrt(DIM), 0);
  for (int t = 0; t <= token; t++) {
    const double *k = x->k + (t * KV + head / GROUP) * DIM;
    double sum = 0;
    float sum32 = 0;
    for (int i = 0; i < DIM; i++) {
      sum += q[i] * k[i];
      sum32 = fmaf((float)q[i], (float)k[i], sum32);
    }
    p[t] = ulp_step_round(&f, (narrow ? (double)sum32 : sum) * by, 0);
    p[t] = ulp_step_round(scores_out, p[t], 0);
  }
  ulp_softmax_row(&rules, p, p, (size_t)token + 1, 0);
  for (int i = 0; i < DIM; i++) {
    double sum = 0;
    float sum32 = 0;
    for (int t = 0; t <= token; t++) {
      double w = ulp_step_round(weights_out, p[t], 0);
      double v = x->v[(t * KV + head / GROUP) * DIM + i];
      sum += w * v;
      sum32 = fmaf((float)w, (float)v, sum32);
    }
    out[i] = narrow ? (double)sum32 : sum;
  }
}

static void fill(inputs *x)
{
  for (int i = 0; i < TOKENS * HEADS * DIM; i++)
    x->q[i] = real((uint64_t)i) * 4;
  for (int i = 0; i < TOKENS * KV * DIM; i++) {
    x->k[i] = real((uint64_t)i + 20000);
    x->v[i] = real((uint64_t)i + 40000);
  }
  /* What earlier tokens do not see must not reach them. */
  x->v[(TOKENS - 8) * KV * DIM + 3] = INFINITY;
  x->v[(TOKENS - 20) * KV * DIM + DIM + 4] = NAN;
  x->k[(TOKENS - 5) * KV * DIM + 5] = NAN;
}

/* In chunks of `each` tokens; slow: f32 by a rounding without short cuts. */
static void check_attention(inputs *x, bool narrow, bool slow, const char *out,
                            int each, int threads)
{
  const ulp_plan_product product = narrow ? ULP_SUM_F32 : ULP_SUM_F64;
  const ulp_step to = step_of(out), none = step_of("float64"),
                 f = !narrow ? none : slow ? long_f32() : step_of("f32");
  const ulp_numbers scores = {.step = f, .out = to, .product = product},
                    softmax = {.step = f, .out = to},
                    mix = {.step = f, .out = none, .product = product},
                    kept = {.step = none, .out = none};
  ulp_cache kc, vc;
  ulp_error e;
  ck_assert(ulp_cache_make(&kc, &kept, true, product, KV, TOKENS, DIM));
  ck_assert(ulp_cache_make(&vc, &kept, false, product, KV, TOKENS, DIM));
  const ulp_attention a = {&scores, &softmax, &mix, &kc, &vc, HEADS, KV, DIM};
  for (int t = 0; t < TOKENS; t += each) {
    int n = TOKENS - t < each ? TOKENS - t : each;
    ck_assert_int_eq(ulp_cache_add(&kc, x->k + t * KV * DIM, t, n, &e), ULP_OK);
    ck_assert_int_eq(ulp_cache_add(&vc, x->v + t * KV * DIM, t, n, &e), ULP_OK);
    ck_assert_int_eq(ulp_attention_run(&a, x->got + t * HEADS * DIM,
                                       x->q + t * HEADS * DIM, t, n, threads,
                                       &e), ULP_OK);
  }
  for (int u = 0; u < TOKENS * HEADS; u++) {
    double want[DIM];
    by_hand(want, x, u / HEADS, u % HEADS, narrow, &to, &to);
    for (int i = 0; i < DIM; i++)
      ck_assert_msg(same(x->got[u * DIM + i], want[i]), "%d %d: %a, %a", u, i,
                    x->got[u * DIM + i], want[i]);
  }
  ulp_cache_free(&kc);
  ulp_cache_free(&vc);
}

START_TEST(attention)
{
  static inputs x;
  fill(&x);
  take_form(_i);
  for (int narrow = 0; narrow < 2; narrow++)
    for (int each = 1; each <= TOKENS; each = each * 2 + 1) {
      check_attention(&x, narrow, false, "float64", each, 1 + each % 2);
      check_attention(&x, narrow, false, "bf16", each, 2);
      check_attention(&x, narrow, true, "bf16", each, 1);
      check_attention(&x, narrow, false, "e4m3fn", each, 3);
    }
}
END_TEST

int main(void)
{
  enum { FORMS = ULP_ISA_AVX512 + 1 };
  Suite *s = suite_create("lanes");
  TCase *t = tcase_create("forms");
  tcase_set_timeout(t, 60);
  tcase_add_loop_test(t, linear, 0, FORMS);
  tcase_add_loop_test(t, panel, 0, FORMS);
  tcase_add_loop_test(t, exponentials, 0, FORMS);
  tcase_add_loop_test(t, casts, 0, FORMS);
  tcase_add_loop_test(t, activation, 0, FORMS);
  tcase_add_loop_test(t, weights, 0, FORMS);
  tcase_add_loop_test(t, attention, 0, FORMS);
  tcase_add_test(t, norms);
  tcase_add_test(t, positions);
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_ENV);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
