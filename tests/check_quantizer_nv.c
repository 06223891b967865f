/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * NVFP4: signal to noise ratios of known inputs against figures computed
 * elsewhere, Four Over Six's choices, orders of sums, the Hadamard transform.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quantizer.h"

enum { N = 1 << 20, SEED = 20 };

static ulp_quantizer find(const char *spec)
{
  ulp_quantizer q;
  ulp_error e;
  ck_assert_msg(ulp_quantizer_find(spec, &q, &e) == ULP_OK, "%s: %s", spec,
                e.text);
  return q;
}

/* ---- arrays -------------------------------------------------------------- */

static double wide[N];
static float x[N], y[N];
static unsigned char codes[N], scales[4 * N];

static void fill(const char *distribution)
{
  ck_assert(ulp_sample(distribution, wide, N, true, SEED, 0) == ULP_OK);
  for (int i = 0; i < N; i++)
    x[i] = (float)wide[i];
}

static void quantize(const ulp_quantizer *q)
{
  static const int64_t shape[] = {1024, N / 1024};
  ulp_blocks b;
  ulp_error e;
  ulp_quantized out = {codes, scales, NULL};
  ck_assert(ulp_blocks_make(&b, &q->granularity, q->axis, 2, shape, &e) ==
            ULP_OK);
  double amax = ulp_quantizer_amax(q, 0, x, N);
  double global = ulp_quantizer_global(q, amax);
  ck_assert(ulp_quantize_blocks(q, &b, &out, x, amax, global, 0, b.blocks,
                                0) == ULP_OK);
  ulp_dequantize_blocks(q, &b, y, &out, global, 0, b.blocks);
}

static double snr(void)
{
  double signal = 0, noise = 0;
  for (int i = 0; i < N; i++) {
    double e = (double)y[i] - (double)x[i];
    signal += (double)x[i] * (double)x[i];
    noise += e * e;
  }
  return 10 * log10(signal / noise);
}

/* ---- figures ------------------------------------------------------------- */

/* Computed in double precision by others: arXiv:2512.02010 for Four Over Six,
 * the rest in the list of figures of the project's reference for formats. */
static const struct {
  const char *spec, *distribution;
  double db, within;
} figures[] = {
    {"nvfp4", "gaussian", 20.43, .02},
    {"nvfp4@te", "gaussian", 20.43, .02},
    {"nvfp4@torchao", "gaussian", 20.43, .02},
    {"nvfp4@compressed-tensors", "gaussian", 20.43, .02},
    {"nvfp4", "laplace", 20.65, .05},
    {"nvfp4", "student_t3", 20.86, .05},
    {"nvfp4@fouroversix", "gaussian", 21.22, .05},
    {"nvfp4/round=sr/seed=5", "gaussian", 17.24, .02},
};
enum { FIGURES = sizeof figures / sizeof *figures };

START_TEST(known_snr)
{
  ulp_quantizer q = find(figures[_i].spec);
  fill(figures[_i].distribution);
  quantize(&q);
  ck_assert_msg(fabs(snr() - figures[_i].db) <= figures[_i].within,
                "%s, %s, seed %d: %.3f dB, expected %.2f within %.2f",
                figures[_i].spec, figures[_i].distribution, SEED, snr(),
                figures[_i].db, figures[_i].within);
}
END_TEST

/* The scale of a block that maps its amax to 4 is half as great again, so no
 * block of normal values has both in one code.  45% of the blocks: the
 * figures of the project's reference, from arXiv:2512.02010. */
START_TEST(four_over_six_choices)
{
  static unsigned char first[N / 16];
  ulp_quantizer six = find("nvfp4@fouroversix/second=");
  ulp_quantizer either = find("nvfp4@fouroversix");
  int fours = 0;
  fill("gaussian");
  quantize(&six);
  memcpy(first, scales, sizeof first);
  quantize(&either);
  for (int i = 0; i < N / 16; i++)
    fours += scales[i] != first[i];
  ck_assert_msg(abs(fours - 45 * (N / 16) / 100) <= N / 16 / 100,
                "%d of %d blocks map to 4, expected 45%% within 1%%", fours,
                N / 16);
}
END_TEST

/* The value of a code is the formula that has q in it, in f32 and in its
 * order: fouroversix quantize/backend.py, dequantize. */
START_TEST(value_formula)
{
  static const char *const e4m3 = "e4m3";
  ulp_quantizer q = find("nvfp4@fouroversix");
  ulp_format f;
  char why[200];
  int other = 0;
  ck_assert(ulp_format_find(e4m3, &f, why, sizeof why) == ULP_OK);
  fill("student_t3");
  quantize(&q);
  float amax = (float)ulp_quantizer_amax(&q, 0, x, N);
  for (int i = 0; i < N; i++) {
    float code = (float)ulp_decode(&q.element, codes[i]);
    float s = (float)ulp_decode(&f, scales[i / 16]);
    float expected = code * s * amax / 1536;
    ck_assert(y[i] == expected);
    other += code * (s * (amax / 1536)) != expected;
  }
  ck_assert_int_gt(other, 0);
}
END_TEST

/* ---- orders of sums ------------------------------------------------------ */

/* One error of 2^24 - 1 and 255 of 1/2 against one of 2^24 + 62: in f32 the
 * halves vanish next to the great one, unless they are first summed among
 * themselves to 2 or more, which takes 4 of them. */
static const struct {
  const char *sum;
  bool second;
} sums[] = {{"", false},     {"1", false},   {"x2", false},
            {"x4", true},    {"64", true},   {"8", true},
            {"x16,8,4,2", true}, {"x1,x1", false}, {"x2,x2", true},
            {"x64", true}};
enum { SUMS = sizeof sums / sizeof *sums };

START_TEST(sum_orders)
{
  char spec[200];
  float v[256];
  unsigned char out[256], scale[4];
  ulp_blocks b;
  ulp_error e;
  ulp_quantized to = {out, scale, NULL};
  snprintf(spec, sizeof spec,
           "int8sym/g=tensor/arithmetic=f32/raw=1/second=0.5/judge=mae%s%s",
           *sums[_i].sum ? "/sum=" : "", sums[_i].sum);
  ulp_quantizer q = find(spec);
  for (int i = 0; i < 256; i++)
    v[i] = .5F;
  v[0] = 0x1p24F + 126;
  int64_t shape[] = {256};
  ck_assert(ulp_blocks_make(&b, &q.granularity, q.axis, 1, shape, &e) ==
            ULP_OK);
  ck_assert(ulp_quantize_blocks(&q, &b, &to, v, 0, 1, 0, 1, 0) == ULP_OK);
  ck_assert_int_eq(out[0], 127);
  ck_assert_int_eq(out[1], sums[_i].second ? 1 : 0);
}
END_TEST

START_TEST(bad_sums)
{
  static const char *const bad[] = {"0",   "65", "x",  "8,", ",8", "8;4",
                                    "x-1", "+8", "1,1,1,1,1,1,1"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    ulp_quantizer q;
    ulp_error e;
    char spec[80];
    snprintf(spec, sizeof spec, "nvfp4@fouroversix/sum=%s", bad[i]);
    ck_assert_msg(ulp_quantizer_find(spec, &q, &e) == ULP_EINVAL, "%s", spec);
    ck_assert_ptr_nonnull(strstr(e.text, "expected up to 6 steps"));
  }
}
END_TEST

/* ---- the Hadamard transform ---------------------------------------------- */

/* Entry (i, j) of Sylvester's matrix is -1 to the bits that i and j share; the
 * signs as custom_recipes/reference_nvfp4.py prints them. */
static const int te_signs[] = {1,  1,  1,  -1, 1,  -1, -1, -1,
                               -1, -1, -1, 1,  -1, 1,  -1, -1};

static int parity(int v) { return v ? (v & 1) ^ parity(v >> 1) : 0; }

START_TEST(hadamard)
{
  ulp_format bf16;
  char why[200];
  const ulp_rounding nearest = {.mode = ULP_RNE};
  float out[64], rounded[64];
  ck_assert(ulp_format_find("bf16", &bf16, why, sizeof why) == ULP_OK);
  fill("gaussian");
  for (int i = 0; i < 64; i++)
    x[i] = rintf(64 * x[i]);
  ck_assert(ulp_hadamard16(out, x, 64, ULP_HADAMARD16_TE, NULL) == ULP_OK);
  ck_assert(ulp_hadamard16(rounded, x, 64, ULP_HADAMARD16_TE, &bf16) ==
            ULP_OK);
  for (int k = 0; k < 64; k++) {
    double sum = 0;
    for (int i = 0; i < 16; i++)
      sum += te_signs[i] * (parity(i & k % 16) ? -1 : 1) *
             (double)x[k / 16 * 16 + i];
    ck_assert_double_eq((double)out[k], sum / 4);
    ck_assert_double_eq(
        (double)rounded[k],
        ulp_decode(&bf16, ulp_encode_f64(&bf16, sum / 4, &nearest, 0)));
  }
}
END_TEST

/* H16 / 4 is its own inverse, in place too; 16 at a time. */
START_TEST(hadamard_twice)
{
  fill("gaussian");
  for (int i = 0; i < N; i++)
    y[i] = x[i] = rintf(64 * x[i]);
  ck_assert(ulp_hadamard16(y, y, N, 0, NULL) == ULP_OK);
  ck_assert(y[3] != x[3]);
  ck_assert(ulp_hadamard16(y, y, N, 0, NULL) == ULP_OK);
  for (int i = 0; i < N; i++)
    ck_assert(x[i] == y[i]);
  ck_assert(ulp_hadamard16(y, x, 24, 0, NULL) == ULP_EINVAL);
}
END_TEST

/* ---- what the references return ---------------------------------------------- */

static uint64_t digest(const void *bytes, size_t n)
{
  uint64_t h = UINT64_C(0xcbf29ce484222325);
  for (size_t i = 0; i < n; i++)
    h = (h ^ ((const unsigned char *)bytes)[i]) * UINT64_C(0x100000001b3);
  return h;
}

enum { SIDE = 256 };
static int32_t zeros[SIDE * SIDE];

/* One line of the file: the input's kind, three digests, the reference's name
 * up to a colon, the quantizer. */
static void check_reference(const char *line)
{
  static const int64_t shape[] = {SIDE, SIDE};
  char kind[8], spec[300];
  unsigned long long want[3];
  ulp_format bf16;
  char why[200];
  ulp_blocks b;
  ulp_error e;
  const ulp_rounding nearest = {.mode = ULP_RNE};
  int n = sscanf(line, "%7s %llx %llx %llx %*[^:]: %299[^\n]", kind, &want[0],
                 &want[1], &want[2], spec);
  ck_assert_msg(n == 5, "%s", line);
  ck_assert(ulp_format_find("bf16", &bf16, why, sizeof why) == ULP_OK);
  for (int i = 0; i < SIDE * SIDE; i++)
    x[i] = strcmp(kind, "bf16") ? (float)wide[i]
                                : (float)ulp_decode(
                                      &bf16, ulp_encode_f64(&bf16, wide[i],
                                                            &nearest, 0));
  ulp_quantizer q = find(spec);
  ulp_quantized out = {codes, scales, q.zero.count ? zeros : NULL};
  ck_assert(ulp_blocks_make(&b, &q.granularity, q.axis, 2, shape, &e) ==
            ULP_OK);
  double amax = ulp_quantizer_amax(&q, 0, x, SIDE * SIDE);
  ck_assert(ulp_quantize_blocks(&q, &b, &out, x, amax,
                                ulp_quantizer_global(&q, amax), 0, b.blocks,
                                0) == ULP_OK);
  size_t blocks = (size_t)b.blocks;
  ck_assert_msg(digest(codes, SIDE * SIDE) == want[0], "codes: %s", line);
  ck_assert_msg(digest(scales, blocks * q.scale.storage_bytes) == want[1],
                "scales: %s", line);
  if (out.zeros)
    ck_assert_msg(digest(zeros, blocks * sizeof *zeros) == want[2],
                  "zero points: %s", line);
}

START_TEST(references)
{
  char path[500], line[600];
  const char *folder = getenv("srcdir");
  int count = 0;
  snprintf(path, sizeof path, "%s/tests/vectors/quantizers_fp.txt",
           folder ? folder : ".");
  FILE *f = fopen(path, "r");
  ck_assert_msg(f != NULL, "%s", path);
  ck_assert(ulp_sample("student_t3", wide, SIDE * SIDE, true, 3, 7) == ULP_OK);
  while (fgets(line, sizeof line, f)) {
    if (*line == '#') continue;
    check_reference(line);
    count++;
  }
  fclose(f);
  ck_assert_int_gt(count, 50);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("quantizer_nv");
  TCase *t = tcase_create("quantizer_nv");
  tcase_set_timeout(t, 120);
  tcase_add_loop_test(t, known_snr, 0, FIGURES);
  tcase_add_test(t, four_over_six_choices);
  tcase_add_test(t, value_formula);
  tcase_add_loop_test(t, sum_orders, 0, SUMS);
  tcase_add_test(t, bad_sums);
  tcase_add_test(t, references);
  tcase_add_test(t, hadamard);
  tcase_add_test(t, hadamard_twice);
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_ENV);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed != 0;
}
