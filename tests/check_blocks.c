/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which elements share a scale: every block against the definition of its
 * granularity, index by index; and parts against the whole.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "quantizer.h"

/* The number of the scale of element i, from its indices alone: those of the
 * scales' array in row-major order. */
static int64_t scale_of(const ulp_granularity *g, int axis, int ndim,
                        const int64_t *shape, int64_t i)
{
  int64_t at[8], n = 1, out = 0;
  if (g->kind == ULP_PER_TENSOR) return 0;
  if (g->kind == ULP_PER_BLOCK) return i / g->cols;
  for (int d = ndim - 1; d >= 0; i /= shape[d--])
    at[d] = i % shape[d];
  for (int d = 0; d < ndim; d++) {
    int64_t size = shape[d], index = at[d], unit = 1;
    if (g->kind == ULP_PER_CHANNEL) unit = d == axis ? 1 : size;
    if (g->kind == ULP_PER_TOKEN) unit = d == axis ? size : 1;
    if (g->kind == ULP_PER_GROUP) unit = d == axis ? g->cols : 1;
    if (g->kind == ULP_PER_TILE)
      unit = d == ndim - 2 ? g->rows : d == ndim - 1 ? g->cols : 1;
    n = (size + unit - 1) / unit;
    out = out * n + index / unit;
  }
  return out;
}

static const struct {
  const char *granularity;
  int axis, ndim;
  int64_t shape[4];
} cases[] = {
    {"tensor", ULP_AXIS_DEFAULT, 3, {3, 4, 5}},
    {"tensor", ULP_AXIS_DEFAULT, 0, {0}},
    {"channel", ULP_AXIS_DEFAULT, 2, {6, 7}},
    {"channel", 1, 3, {3, 4, 5}},
    {"channel", -1, 3, {3, 4, 5}},
    {"token", ULP_AXIS_DEFAULT, 3, {3, 4, 5}},
    {"token", 0, 3, {3, 4, 5}},
    {"token", 1, 3, {3, 4, 5}},
    {"group:4", ULP_AXIS_DEFAULT, 2, {3, 16}},
    {"group:4", ULP_AXIS_DEFAULT, 2, {3, 18}},
    {"group:3", 0, 3, {8, 3, 5}},
    {"group:3", 1, 3, {2, 8, 5}},
    {"group:100", 1, 3, {2, 8, 5}},
    {"group:1", -1, 1, {9}},
    {"tile:2x3", ULP_AXIS_DEFAULT, 2, {4, 6}},
    {"tile:2x3", -1, 3, {2, 5, 7}},
    {"tile:16x16", 3, 4, {2, 2, 17, 33}},
    {"block:7", ULP_AXIS_DEFAULT, 2, {4, 6}},
    {"block:64", ULP_AXIS_DEFAULT, 1, {200}},
};
enum { CASES = sizeof cases / sizeof *cases };

/* Values that name their block: with the amax as the scale, int8's greatest
 * code everywhere says that a block held nothing else. */
START_TEST(scales_name_blocks)
{
  ulp_granularity g;
  ulp_quantizer q;
  ulp_blocks b;
  ulp_error e;
  int ndim = cases[_i].ndim, axis = cases[_i].axis;
  const int64_t *shape = cases[_i].shape;
  ck_assert(ulp_granularity_parse(cases[_i].granularity, &g, &e) == ULP_OK);
  ck_assert(ulp_quantizer_find("int8", &q, &e) == ULP_OK);
  ck_assert(ulp_blocks_make(&b, &g, axis, ndim, shape, &e) == ULP_OK);
  if (axis == ULP_AXIS_DEFAULT) axis = g.kind == ULP_PER_CHANNEL ? 0 : -1;
  if (axis < 0) axis += ndim;
  size_t n = (size_t)b.elements;
  float *x = malloc(n * sizeof *x), *scales = malloc((size_t)b.blocks * 4);
  uint8_t *codes = malloc(n);
  ulp_quantized out = {codes, scales, NULL};
  for (size_t i = 0; i < n; i++)
    x[i] = 127 * (float)(1 + scale_of(&g, axis, ndim, shape, (int64_t)i));
  ck_assert(ulp_quantize_blocks(&q, &b, &out, x, 0, 1, 0, b.blocks, 0) ==
            ULP_OK);
  for (size_t i = 0; i < n; i++)
    ck_assert_int_eq(codes[i], 127);
  for (int64_t i = 0; i < b.blocks; i++)
    ck_assert_float_eq(scales[i], (float)(i + 1));
  int64_t count = 1;
  for (int d = 0; d < b.ndim; d++)
    count *= b.shape[d];
  ck_assert_int_eq(count, b.blocks);
  free(x);
  free(scales);
  free(codes);
}
END_TEST

/* Parts lie end to end, hold whole blocks, and give the whole's bytes. */
START_TEST(parts)
{
  ulp_granularity g;
  ulp_quantizer q;
  ulp_blocks b, part;
  ulp_error e;
  int64_t element, block;
  const int64_t *shape = cases[_i].shape;
  ck_assert(ulp_granularity_parse(cases[_i].granularity, &g, &e) == ULP_OK);
  ck_assert(ulp_quantizer_find("e4m3/round=sr/seed=3", &q, &e) == ULP_OK);
  ck_assert(ulp_blocks_make(&b, &g, cases[_i].axis, cases[_i].ndim, shape,
                            &e) == ULP_OK);
  size_t n = (size_t)b.elements, m = (size_t)b.blocks;
  double *wide = malloc(n * sizeof *wide);
  float *x = malloc(n * sizeof *x), *s1 = malloc(m * 4), *s2 = malloc(m * 4);
  uint8_t *c1 = malloc(n), *c2 = malloc(n);
  ck_assert(ulp_sample("gaussian", wide, n, true, 1, 2) == ULP_OK);
  for (size_t i = 0; i < n; i++)
    x[i] = (float)wide[i];
  ulp_quantized one = {c1, s1, NULL};
  ck_assert(ulp_quantize_blocks(&q, &b, &one, x, 0, 1, 0, b.blocks, 5) ==
            ULP_OK);
  for (int64_t most = 1; most <= b.elements; most += 1 + most / 2) {
    int64_t elements = 0, blocks = 0;
    memset(c2, 0, n);
    memset(s2, 0, m * 4);
    for (int64_t i = 0;
         ulp_blocks_part(&b, most, i, &part, &element, &block); i++) {
      ck_assert_int_eq(element, elements);
      ck_assert_int_eq(block, blocks);
      elements += part.elements;
      blocks += part.blocks;
      ulp_quantized two = {c2 + element, s2 + block, NULL};
      /* one block at a time, the last first */
      for (int64_t k = part.blocks - 1; k >= 0; k--)
        ck_assert(ulp_quantize_blocks(&q, &part, &two, x + element, 0, 1, k, 1,
                                      5 + (uint64_t)element) == ULP_OK);
    }
    ck_assert_int_eq(elements, b.elements);
    ck_assert_int_eq(blocks, b.blocks);
    ck_assert_mem_eq(c1, c2, n);
    ck_assert_mem_eq(s1, s2, m * 4);
  }
  free(wide);
  free(x);
  free(s1);
  free(s2);
  free(c1);
  free(c2);
}
END_TEST

/* Of no element: as many blocks as the array of scales has room for. */
static void check_empty(const char *granularity, int axis, const int64_t *shape)
{
  ulp_granularity g;
  ulp_quantizer q;
  ulp_blocks b;
  ulp_error e;
  float scales[8] = {0};
  ulp_quantized out = {scales, scales, NULL};
  int64_t count = 1;
  ck_assert(ulp_granularity_parse(granularity, &g, &e) == ULP_OK);
  ck_assert(ulp_quantizer_find("int8", &q, &e) == ULP_OK);
  if (ulp_blocks_make(&b, &g, axis, 3, shape, &e) != ULP_OK) return;
  for (int d = 0; d < b.ndim; d++)
    count *= b.shape[d];
  ck_assert_int_eq(b.elements, 0);
  ck_assert_msg(b.blocks == count, "%s, axis %d of %dx%dx%d", granularity, axis,
                (int)shape[0], (int)shape[1], (int)shape[2]);
  ck_assert(ulp_quantize_blocks(&q, &b, &out, NULL, 0, 1, 0, b.blocks, 0) ==
            ULP_OK);
  for (int64_t i = 0; i < count; i++)
    ck_assert_float_eq(scales[i], 1);
}

START_TEST(empty)
{
  static const char *const all[] = {"channel",  "token",   "group:4",
                                    "tile:2x2", "block:3", "tensor"};
  static const int64_t shapes[][3] = {
      {0, 2, 3}, {2, 0, 3}, {2, 3, 0}, {0, 0, 3}, {0, 0, 0}};
  for (size_t i = 0; i < 6; i++)
    for (size_t k = 0; k < 5; k++)
      for (int axis = -1; axis < 3; axis++)
        check_empty(all[i], axis, shapes[k]);
}
END_TEST

static const struct {
  const char *granularity;
  int axis, ndim;
} bad[] = {{"token", ULP_AXIS_DEFAULT, 0}, {"group:3", 2, 2},
           {"group:3", -3, 2},             {"tile:2x2", ULP_AXIS_DEFAULT, 1},
           {"tile:2x2", 0, 2},             {"channel", 7, 2}};

START_TEST(refused)
{
  ulp_granularity g;
  ulp_blocks b = {.blocks = 77};
  ulp_error e;
  static const int64_t shape[] = {4, 4};
  ck_assert(ulp_granularity_parse(bad[_i].granularity, &g, &e) == ULP_OK);
  ck_assert(ulp_blocks_make(&b, &g, bad[_i].axis, bad[_i].ndim, shape, &e) ==
            ULP_EINVAL);
  ck_assert_int_eq(b.blocks, 77);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("blocks");
  TCase *t = tcase_create("blocks");
  tcase_add_loop_test(t, scales_name_blocks, 0, CASES);
  tcase_add_loop_test(t, parts, 0, CASES);
  tcase_add_test(t, empty);
  tcase_add_loop_test(t, refused, 0, sizeof bad / sizeof *bad);
  suite_add_tcase(suite, t);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
