/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What blocks clip, by hand, and their error sums against those of elements
 * that look their block up one by one.
 */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "quantizer.h"

static ulp_quantizer find(const char *spec)
{
  ulp_quantizer q;
  ulp_error e;
  ck_assert_msg(ulp_quantizer_find(spec, &q, &e) == ULP_OK, "%s: %s", spec,
                e.text);
  return q;
}

/* ---- clipping ------------------------------------------------------------ */

static ulp_range range_of(const char *spec, double scale, int32_t zero,
                          double global)
{
  ulp_quantizer q = find(spec);
  unsigned char stored[16];
  int32_t zeros[] = {99, zero};
  ulp_rounding r = {.overflow = ULP_OVERFLOW_SATURATE};
  ulp_store_code(&q.scale, stored, 0, 0);
  ulp_store_code(&q.scale, stored, 1, ulp_encode_f64(&q.scale, scale, &r, 0));
  ulp_quantized in = {NULL, stored, q.zero.count ? zeros : NULL};
  return ulp_block_clip_range(&q, &in, global, 1);
}

static void assert_range(ulp_range got, double low, double high)
{
  ck_assert_msg(got.low == low && got.high == high, "%a, %a", got.low,
                got.high);
}

START_TEST(ranges)
{
  /* E4M3: 448 has the last place 32, and 464 rounds to it, in tenths of 2. */
  assert_range(range_of("mxfp8", 0.25, 0, 1), -116, 116);
  /* E2M1: 7 rounds to 6; s * (1 / G) = 2 / 4. */
  assert_range(range_of("nvfp4@te", 2, 0, 4), -3.5, 3.5);
  /* int8 less a zero point of -28: (127.5 + 28) / 2, (-128.5 + 28) / 2. */
  assert_range(range_of("int8/rule=minmax", 0.5, -28, 1), -50.25, 77.75);
  /* A codebook has no last place. */
  assert_range(range_of("nf4@bitsandbytes", 3, 0, 1), -3, 3);
  /* A scale that turned the sign, and ones without a range. */
  assert_range(range_of("int4", -2, 0, 1), -15, 17);
  assert_range(range_of("int4", 0, 0, 1), -INFINITY, INFINITY);
  assert_range(range_of("int4", NAN, 0, 1), -INFINITY, INFINITY);
}
END_TEST

/* ---- runs ---------------------------------------------------------------- */

enum { PLANES = 3, ROWS = 5, COLS = 14, N = PLANES * ROWS * COLS };
static float x[N], y[N];

static const struct {
  const char *spec;
  int64_t block; /* of element [1, 2, 9] */
} granularities[] = {
    {"int4/g=tensor", 0},
    {"int4/g=channel", 1},
    {"int4/g=channel/axis=1", 2},
    {"int4/g=channel/axis=2", 9},
    {"int4/g=token", 1 * ROWS + 2},
    {"int4/g=group:4", (1 * ROWS + 2) * 4 + 2},
    {"int4/g=group:2/axis=1", (1 * 3 + 1) * COLS + 9},
    {"int4/g=group:2/axis=0", 2 * COLS + 9},
    {"int4/g=tile:2x4", (1 * 3 + 1) * 4 + 2},
    {"int4/g=block:32", (ROWS * COLS + 2 * COLS + 9) / 32},
};

/* The block of every element, by marking: a block's elements are those that
 * change when its scale does. */
static void find_blocks(const ulp_quantizer *q, const ulp_blocks *b,
                        int64_t *block_of)
{
  static unsigned char codes[N];
  static float scales[N], value[N];
  ulp_quantized in = {codes, scales, NULL};
  memset(codes, 1, sizeof codes);
  for (int64_t i = 0; i < b->blocks; i++)
    scales[i] = (float)i;
  ulp_dequantize_blocks(q, b, value, &in, 1, 0, b->blocks);
  for (int i = 0; i < N; i++)
    block_of[i] = (int64_t)value[i];
}

START_TEST(runs)
{
  static const int64_t shape[] = {PLANES, ROWS, COLS};
  static int64_t block_of[N];
  static ulp_range kept[N];
  ulp_quantizer q = find(granularities[_i].spec);
  ulp_blocks b;
  ulp_error e;
  ck_assert_int_eq(
      ulp_blocks_make(&b, &q.granularity, q.axis, 3, shape, &e), ULP_OK);
  find_blocks(&q, &b, block_of);
  ck_assert_int_eq(block_of[(1 * ROWS + 2) * COLS + 9],
                   granularities[_i].block);
  ulp_error_sums want = {0}, got = {0};
  for (int i = 0; i < N; i++) {
    x[i] = (float)(i * 37 % 101 - 50);
    y[i] = x[i] * 0.75f;
    kept[block_of[i]] = (ulp_range){-(double)(block_of[i] % 60),
                                    (double)(block_of[i] % 50)};
  }
  for (int i = 0; i < N; i++) {
    double wide[] = {(double)x[i], (double)y[i]};
    ulp_error_sums_add(&want, &wide[0], &wide[1], 1, kept[block_of[i]]);
  }
  /* In one go and in three, the same. */
  int64_t all = ulp_block_runs(&b), some = all / 3;
  ulp_block_errors_add(&got, &b, kept, x, y, 0, all);
  ck_assert_mem_eq(&got, &want, sizeof got);
  memset(&got, 0, sizeof got);
  ulp_block_errors_add(&got, &b, kept, x, y, 0, some);
  ulp_block_errors_add(&got, &b, kept, x, y, some, 0);
  ulp_block_errors_add(&got, &b, kept, x, y, some, all - some);
  ck_assert_mem_eq(&got, &want, sizeof got);
}
END_TEST

/* Merged sums are those of one go, as far as their digits go. */
START_TEST(merged)
{
  ulp_error_sums whole = {0}, part[3] = {{0}}, sum = {0};
  double wide_x[N], wide_y[N];
  for (int i = 0; i < N; i++) {
    wide_x[i] = exp(i % 40 - 20);
    wide_y[i] = wide_x[i] * (1 + 0x1p-30 * (i % 7));
  }
  wide_y[5] = NAN;
  wide_y[7] = 0;
  ulp_range kept = {-1e9, 1e8};
  ulp_error_sums_add(&whole, wide_x, wide_y, N, kept);
  for (int k = 0; k < 3; k++) {
    ulp_error_sums_add(&part[k], wide_x + k * (N / 3), wide_y + k * (N / 3),
                       N / 3, kept);
    ulp_error_sums_merge(&sum, &part[k]);
  }
  ck_assert_uint_eq(sum.count, whole.count);
  ck_assert_uint_eq(sum.clipped, whole.clipped);
  ck_assert_uint_eq(sum.flushed, 1);
  ck_assert_uint_eq(sum.nonfinite, 1);
  ck_assert_uint_eq(sum.exact, whole.exact);
  ck_assert_double_eq(sum.max_error, whole.max_error);
  ulp_error_report a = ulp_error_sums_report(&sum);
  ulp_error_report b = ulp_error_sums_report(&whole);
  ck_assert_double_eq_tol(a.snr_db, b.snr_db, 1e-13 * fabs(b.snr_db));
  ck_assert_double_eq_tol(a.snr_db_ci95, b.snr_db_ci95, 1e-13 * b.snr_db_ci95);
  ck_assert_double_eq_tol(a.bias, b.bias, 1e-15 * fabs(b.bias));
  ck_assert_double_eq_tol(a.clipped_noise_share, b.clipped_noise_share, 1e-15);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("block_errors");
  TCase *t = tcase_create("all");
  tcase_add_test(t, ranges);
  tcase_add_loop_test(t, runs, 0,
                      sizeof granularities / sizeof granularities[0]);
  tcase_add_test(t, merged);
  suite_add_tcase(suite, t);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
