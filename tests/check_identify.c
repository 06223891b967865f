/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * identify names the order that made given bits, when nobody tells it.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "identify.h"

enum { M = 24, N = 40, K = 4096 };
static unsigned char a[M * K * 4], b[N * K * 4], d[M * N * 4];
static float scale_a[M * 32], scale_b[N * 32];
static ulp_candidate found[ULP_MAX_CANDIDATES];

typedef struct {
  const char *kernel, *type, *out;
  bool fast;
  int promote, slices;
  ulp_gemm_reduce reduce;
  ulp_gemm_scales kind_a, kind_b;
} truth;

static const truth truths[] = {
    {"cublaslt-fp8", "e4m3", "f32", true, -1, 1, 0, 0, 0},
    {"cublaslt-fp8", "e4m3", "f32", false, -1, 1, 0, 0, 0},
    {"cublaslt-fp8", "e5m2", "bf16", true, -1, 6, 0, ULP_SCALES_ROWS,
     ULP_SCALES_ROWS},
    {"cublaslt-fp8", "e4m3", "f32", true, -1, 3, 0, 0, 0},
    {"cublaslt-fp8", "e4m3", "f32", true, 256, 2, 0, ULP_SCALES_ONE,
     ULP_SCALES_ONE},
    {"cublaslt-fp8", "e4m3", "f32", false, -1, 1, 0, ULP_SCALES_1X128,
     ULP_SCALES_128X128},
    {"te-blockwise", "e4m3", "f32", false, -1, 1, 0, ULP_SCALES_1X128,
     ULP_SCALES_1X128},
    {"cublaslt-bf16", "bf16", "f32", false, -1, 3, 0, 0, 0},
    {"cublaslt-bf16", "bf16", "bf16", false, -1, 7, ULP_REDUCE_16_SUMS, 0, 0},
    {"cublaslt-f16", "f16", "f16", false, -1, 4, ULP_REDUCE_16_PARTS, 0, 0},
    {"cublaslt-tf32", "f32", "f32", false, -1, 16, 0, 0, 0},
    {"mma-chain", "e4m3", "f32", false, -1, 1, 0, 0, 0},
    {"fma-chain", "bf16", "f32", false, -1, 1, 0, 0, 0},
    {"exact", "f16", "f32", false, -1, 1, 0, 0, 0},
    {"cublaslt-f16", "f16", "f16", false, -1, 12, 0, 0, 0},
};
enum { ROUNDED = 14 }; /* the last: 16 bits of D hide much of the order */

static void fill(const ulp_format *f, unsigned char *out, size_t n,
                 ulp_pcg32 *g)
{
  for (size_t i = 0; i < n; i++) {
    double x = 0;
    for (int k = 0; k < 6; k++)
      x += ulp_pcg32_next(g) * 0x1p-32 - 0.5;
    ulp_store_code(f, out, i,
                   ulp_encode_f64(f, x + 0.25, &(ulp_rounding){.mode = ULP_RNE},
                                  0));
  }
}

static size_t order_index(const char *name)
{
  size_t i = 0;
  while (strcmp(ulp_gemm_order_row(i)->name, name) != 0)
    i++;
  return i;
}

static size_t prepare(const truth *t, ulp_gemm *g, ulp_gemm_data *x)
{
  ulp_pcg32 rng = ulp_pcg32_seed(17, (uint64_t)(t - truths));
  ulp_gemm_options options = {.type_a = t->type, .type_b = t->type,
                              .out = t->out, .fast = t->fast,
                              .promote = t->promote, .slices = t->slices,
                              .reduce = &t->reduce};
  char why[300];
  size_t count = 0;
  ck_assert_msg(ulp_gemm_find("h200", t->kernel, &options, g, why,
                              sizeof why) == ULP_OK,
                "%s", why);
  fill(&g->a, a, (size_t)M * K, &rng);
  fill(&g->b, b, (size_t)N * K, &rng);
  for (int i = 0; i < M * 32; i++)
    scale_a[i] = (float)(ulp_pcg32_next(&rng) * 0x1p-32 + 0.5);
  for (int i = 0; i < N * 32; i++)
    scale_b[i] = (float)(ulp_pcg32_next(&rng) * 0x1p-32 + 0.5);
  *x = (ulp_gemm_data){.m = M, .n = N, .k = K, .a = a, .b = b, .d = d,
                       .kind_a = t->kind_a, .kind_b = t->kind_b,
                       .scale_a = scale_a, .scale_b = scale_b};
  ck_assert(ulp_gemm_run(g, x, 0, M) == ULP_OK);
  ck_assert_msg(ulp_identify("h200", &options, x, found, &count, why,
                             sizeof why) == ULP_OK,
                "%s", why);
  return count;
}

/* The truth is first, alone but for those that its data cannot tell. */
START_TEST(the_order_is_found)
{
  const truth *t = &truths[_i];
  ulp_gemm g;
  ulp_gemm_data x;
  ulp_miss miss;
  size_t count = prepare(t, &g, &x), exact = 0, wrong = 1;
  bool named = false;
  while (exact < count && found[exact].mismatches == 0) {
    named = named || found[exact].orders >> order_index(t->kernel) & 1;
    exact++;
  }
  ck_assert_uint_ge(exact, 1);
  ck_assert_msg(named, "%s is not among %zu", t->kernel, exact);
  ck_assert_uint_gt(count, exact);
  ck_assert(ulp_identify_count(&found[0], &x, 0, M, &wrong, &miss) == ULP_OK);
  ck_assert_uint_eq(wrong, 0);
  /* Promotion hides slices (sums in f32 are nearly exact then), and other
   * promotions of mma-chain and of the plain ones may agree by chance. */
  if (t->promote == -1 && t->fast && t->kind_a == ULP_SCALES_NONE) {
    ck_assert_uint_eq(exact, 1);
    ck_assert_uint_eq(ulp_gemm_slice(&found[0].gemm, K), ulp_gemm_slice(&g, K));
  }
}
END_TEST

/* The sample of 8 rows leaves hundreds; the larger one is all of this D. */
START_TEST(a_sample_that_leaves_many_is_enlarged)
{
  ulp_gemm g;
  ulp_gemm_data x;
  size_t count = prepare(&truths[ROUNDED], &g, &x), exact = 0;
  for (; exact < count && found[exact].mismatches == 0; exact++)
    ck_assert_uint_eq(found[exact].compared, M * N);
  ck_assert_uint_ge(exact, 1);
  for (size_t i = exact; i < count; i++)
    ck_assert_uint_gt(found[i].mismatches, 0);
}
END_TEST

/* K leaves heads, pads and thirds: candidates that share decoded operands fit
 * where, run alone, they give D.  The sample is all of D. */
static const truth ragged[] = {
    {"cutlass-tf32-16", "f32", "f32", false, -1, 3, 0, 0, 0},
    {"cutlass-simt", "f32", "f32", false, -1, 5, 0, 0, 0},
    {"triton-tf32x3", "f32", "f32", false, -1, 1, 0, 0, 0},
    {"cutlass-s1688-32", "bf16", "bf16", false, -1, 9, 0, 0, 0},
    {"triton-fp8-mma", "e5m2", "f32", false, -1, 1, 0, 0, 0},
};

START_TEST(sharing_operands_changes_no_bit)
{
  enum { ROWS = 8, COLS = 16, ODD_K = 1004 };
  const truth *t = &ragged[_i];
  ulp_gemm_options options = {.type_a = t->type, .type_b = t->type,
                              .out = t->out, .promote = -1,
                              .slices = t->slices, .reduce = &t->reduce};
  ulp_pcg32 rng = ulp_pcg32_seed(18, (uint64_t)_i);
  ulp_gemm_data x = {.m = ROWS, .n = COLS, .k = ODD_K, .a = a, .b = b, .d = d};
  ulp_gemm g;
  size_t count = 0, exact = 0;
  ck_assert(ulp_gemm_find("h200", t->kernel, &options, &g, NULL, 0) == ULP_OK);
  fill(&g.a, a, ROWS * ODD_K, &rng);
  fill(&g.b, b, COLS * ODD_K, &rng);
  ck_assert(ulp_gemm_run(&g, &x, 0, ROWS) == ULP_OK);
  ck_assert(ulp_identify("h200", &options, &x, found, &count, NULL, 0) ==
            ULP_OK);
  for (size_t i = 0; i < count; i++) {
    size_t wrong;
    ulp_miss miss;
    ck_assert(ulp_identify_count(&found[i], &x, 0, ROWS, &wrong, &miss) ==
              ULP_OK);
    ck_assert_msg((wrong == 0) == (found[i].mismatches == 0),
                  "%s, %d slices, promotion %d: %zu of the sample, %zu of D",
                  found[i].gemm.order->name, found[i].gemm.slices,
                  found[i].gemm.promote, found[i].mismatches, wrong);
    exact += wrong == 0;
  }
  ck_assert_uint_ge(exact, 1);
}
END_TEST

/* Broken bits: no exact match, the truth nearest, its misses named. */
START_TEST(the_nearest_is_told)
{
  ulp_gemm g;
  ulp_gemm_data x;
  ulp_miss miss;
  char why[300];
  size_t count = prepare(&truths[3], &g, &x), wrong = 0;
  ulp_gemm_options options = {.type_a = "e4m3", .type_b = "e4m3", .out = "f32",
                              .promote = -1};
  d[0] ^= 1;                      /* sampled: the first output */
  d[4 * (M * N - 1)] ^= 4;        /* sampled: the last */
  d[4 * (5 * N + 1)] ^= 1;
  ck_assert(ulp_identify("h200", &options, &x, found, &count, why,
                         sizeof why) == ULP_OK);
  ck_assert_uint_eq(found[0].mismatches, 2);
  ck_assert_uint_eq(found[0].misses, 2);
  ck_assert_uint_eq(found[0].miss[0].row + found[0].miss[0].col, 0);
  ck_assert_uint_eq(found[0].miss[0].given, found[0].miss[0].computed ^ 1);
  ck_assert_uint_eq(found[0].miss[1].row, M - 1);
  ck_assert_uint_eq(found[0].miss[1].col, N - 1);
  ck_assert_uint_gt(found[1].mismatches, 2);
  ck_assert(ulp_identify_count(&found[0], &x, 0, M, &wrong, &miss) == ULP_OK);
  ck_assert_uint_eq(wrong, 3);
  ck_assert(ulp_identify_count(&found[0], &x, 5, 1, &wrong, &miss) ==
            ULP_OK);
  ck_assert_uint_eq(wrong, 1);
  ck_assert_uint_eq(miss.row, 5);
  ck_assert_uint_eq(miss.col, 1);
  ck_assert_uint_eq(miss.given, miss.computed ^ 1);
}
END_TEST

/* Slices that a D of 16 bits hides; the same order twice stays one class. */
START_TEST(inputs_that_tell_apart)
{
  static unsigned char a2[sizeof a], b2[sizeof b];
  ulp_gemm g;
  ulp_gemm_data x;
  ulp_candidate list[6];
  size_t class_of[6], classes = 0;
  (void)prepare(&truths[ROUNDED], &g, &x);
  for (int i = 0; i < 5; i++) {
    list[i] = (ulp_candidate){.gemm = g};
    list[i].gemm.slices = i + 1;
  }
  list[5] = list[2];
  ck_assert(ulp_tell_apart(list, 6, &x, 1, a2, b2, class_of, &classes) ==
            ULP_OK);
  ck_assert_uint_eq(classes, 5);
  for (size_t i = 0; i < 6; i++)
    ck_assert_uint_eq(class_of[i], i < 5 ? i : 2);
  /* Each one's own D on these inputs refutes all of another class. */
  x.a = a2;
  x.b = b2;
  for (size_t i = 0; i < 5; i++) {
    ck_assert(ulp_gemm_run(&list[i].gemm, &x, 0, M) == ULP_OK);
    for (size_t k = 0; k < 6; k++) {
      size_t wrong;
      ulp_miss miss;
      ck_assert(ulp_identify_count(&list[k], &x, 0, M, &wrong, &miss) ==
                ULP_OK);
      ck_assert_int_eq(wrong == 0, class_of[k] == class_of[i]);
    }
  }
  ck_assert(ulp_tell_apart(list, 0, &x, 1, a2, b2, class_of, &classes) ==
            ULP_EINVAL);
}
END_TEST

START_TEST(refusals)
{
  ulp_gemm_options options = {.type_a = "nf4", .type_b = "nf4", .out = "f32",
                              .promote = -1};
  ulp_gemm_data x = {.m = 1, .n = 1, .k = 8, .a = a, .b = b, .d = d};
  size_t count = 99;
  char why[300] = "";
  ck_assert(ulp_identify("h200", &options, &x, found, &count, why,
                         sizeof why) == ULP_EINVAL);
  ck_assert(why[0] && count == 99);
  options.type_a = options.type_b = "e4m3";
  x.k = 0;
  ck_assert(ulp_identify("h200", &options, &x, found, &count, why,
                         sizeof why) == ULP_EINVAL);
  ck_assert(ulp_identify("gtx", &options, &x, found, &count, why,
                         sizeof why) == ULP_ENAME);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("identify");
  TCase *t = tcase_create("identify");
  SRunner *r;
  int failed;
  tcase_set_timeout(t, 60);
  tcase_add_loop_test(t, the_order_is_found, 0,
                      sizeof truths / sizeof truths[0]);
  tcase_add_loop_test(t, sharing_operands_changes_no_bit, 0,
                      sizeof ragged / sizeof ragged[0]);
  tcase_add_test(t, a_sample_that_leaves_many_is_enlarged);
  tcase_add_test(t, the_nearest_is_told);
  tcase_add_test(t, inputs_that_tell_apart);
  tcase_add_test(t, refusals);
  suite_add_tcase(s, t);
  r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed != 0;
}
