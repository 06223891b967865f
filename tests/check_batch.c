/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Batches of blocks against one block and one element after the other, byte by
 * byte: every quantizer of the table and others, on every instruction set.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "isa.h"
#include "quantizer_internal.h"

enum { MOST = 40000 };
static float x[MOST], y[MOST], want_y[MOST];
static unsigned char codes[2 * MOST], want[2 * MOST];
static unsigned char scales[8 * MOST], want_scales[8 * MOST];
static int32_t zeros[MOST], want_zeros[MOST];

/* ---- blocks that are easy and blocks that are not ---------------------- */

enum { FAMILIES = 7 };

static uint32_t draw(ulp_pcg32 *g, int family, size_t i)
{
  uint32_t u = ulp_pcg32_next(g), field;
  switch (family) {
  case 0: field = 120 + u % 8; break;          /* near 1 */
  case 1: field = 100 + u % 56; break;         /* far apart */
  case 2: field = i / 64 % 3 ? u % 40 : 0; break; /* tiny; subnormal */
  case 3: field = 200 + u % 55; break;         /* huge */
  case 4: return i / 48 % 2 ? 0 : u & 0x80000000; /* zeros */
  case 5: return u;                            /* anything */
  default: field = 120 + u % 4; break;
  }
  u = (u & 0x807fffff) | field << 23;
  if (family == 6) {
    if (i % 97 == 5) u = 0x7fc00000 | (u & 0x80003fff);
    if (i % 89 == 3) u = 0x7f800000 | (u & 0x80000000);
    if (i % 3) u &= 0xff800000;
  }
  return u;
}

static void fill(size_t n, int family, uint64_t seed)
{
  ulp_pcg32 g = ulp_pcg32_seed(seed, (uint64_t)family);
  for (size_t i = 0; i < n; i++) {
    uint32_t u = draw(&g, family, i);
    memcpy(&x[i], &u, sizeof u);
  }
}

/* ---- both ways --------------------------------------------------------- */

/* Scales and zero points of what chooses them. */
static void give(const ulp_blocks *b, const ulp_quantizer *q)
{
  ulp_quantizer free = *q;
  ulp_quantized all = {want, want_scales, want_zeros};
  free.fixed = false;
  memset(want_zeros, 0, sizeof want_zeros);
  double amax = ulp_quantizer_amax(q, 0, x, (size_t)b->elements);
  if (ulp_quantize_each(&free, b, &all, x, amax,
                        ulp_quantizer_global(q, amax), 3) != ULP_OK)
    ck_abort_msg("%s: refused", q->name);
}

static void differ(const ulp_quantizer *q, int family, const char *what,
                   size_t i)
{
  ck_abort_msg("%s, %s, family %d: %s %zu differs (x %a, code 0x%x, expected "
               "0x%x; y %a, expected %a)",
               ulp_isa_name(ulp_isa_now()), q->name, family, what, i,
               (double)x[i], codes[i], want[i], (double)y[i],
               (double)want_y[i]);
}

static void same(const ulp_quantizer *q, int family, const char *what,
                 const void *a, const void *b, size_t n)
{
  const unsigned char *p = a, *r = b;
  if (memcmp(a, b, n) == 0) return;
  for (size_t i = 0; i < n; i++)
    if (p[i] != r[i])
      differ(q, family, what,
             a == (void *)y ? i / 4
             : a == (void *)codes ? i / q->element.storage_bytes : i);
}

typedef struct {
  int ndim;
  int64_t size[3];
} array_shape;

static size_t elements_of(const array_shape *s)
{
  size_t n = 1;
  for (int d = 0; d < s->ndim; d++)
    n *= (size_t)s->size[d];
  return n;
}

static void check(const ulp_quantizer *q, const array_shape *shape, int family)
{
  ulp_blocks b;
  ulp_error e;
  size_t n = elements_of(shape);
  bool shifts = q->zero.count > 0;
  ulp_quantized all = {want, want_scales, shifts ? want_zeros : NULL};
  if (ulp_blocks_make(&b, &q->granularity, q->axis, shape->ndim, shape->size,
                      &e) != ULP_OK)
    return;
  double amax = ulp_quantizer_amax(q, 0, x, n);
  double global = ulp_quantizer_global(q, amax);
  if (q->fixed) give(&b, q);
  if (ulp_quantize_each(q, &b, &all, x, amax, global, 3) != ULP_OK)
    ck_abort_msg("%s: refused", q->name);
  ulp_dequantize_each(q, &b, want_y, &all, global);
  for (size_t i = 0; ulp_isa_name(i); i++) {
    ulp_quantized out = {codes, scales, shifts ? zeros : NULL};
    if (ulp_isa_set((ulp_isa)i) != ULP_OK) continue;
    memset(codes, 0xa5, sizeof codes);
    memset(scales, 0xa5, sizeof scales);
    if (q->fixed) {
      memcpy(scales, want_scales, sizeof scales);
      memcpy(zeros, want_zeros, sizeof zeros);
    }
    if (ulp_quantizer_amax(q, 0, x, n) != amax && !isnan(amax))
      ck_abort_msg("%s: amax", q->name);
    if (ulp_quantize_blocks(q, &b, &out, x, amax, global, 0, b.blocks, 3) !=
        ULP_OK)
      ck_abort_msg("%s: refused", q->name);
    same(q, family, "code", codes, want, n * q->element.storage_bytes);
    same(q, family, "byte of scales", scales, want_scales,
         (size_t)b.blocks * q->scale.storage_bytes);
    if (shifts)
      same(q, family, "zero point", zeros, want_zeros,
           (size_t)b.blocks * sizeof *zeros);
    memset(y, 0xa5, sizeof y);
    ulp_dequantize_blocks(q, &b, y, &out, global, 0, b.blocks);
    same(q, family, "value", y, want_y, n * sizeof *y);
  }
}

static const array_shape shapes[] = {
    {2, {16, 128, 1}}, {2, {5, 101, 1}},  {2, {2, 9000, 1}},
    {2, {700, 3, 1}},  {2, {67, 131, 1}}, {3, {3, 41, 22}}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static void check_some(const ulp_quantizer *q, size_t salt, size_t every)
{
  for (int family = 0; family < FAMILIES; family++)
    for (size_t k = 0; k < SHAPES; k++) {
      if (k && (salt + k + (size_t)family) % every) continue;
      fill(elements_of(&shapes[k]), family, salt);
      check(q, &shapes[k], family);
    }
}

static void check_all(const ulp_quantizer *q, size_t salt)
{
  check_some(q, salt, 4);
}

static ulp_quantizer find(const char *spec)
{
  ulp_quantizer q;
  ulp_error e;
  if (ulp_quantizer_find(spec, &q, &e) != ULP_OK)
    ck_abort_msg("%s: %s", spec, e.text);
  return q;
}

START_TEST(rows)
{
  for (size_t i = (size_t)_i; i < ulp_quantizer_count(); i += 4) {
    const ulp_quantizer_row *r = ulp_quantizer_row_at(i);
    char spec[120];
    (void)snprintf(spec, sizeof spec, "%s%s%s", r->name,
                   *r->profile ? "@" : "", r->profile);
    ulp_quantizer q = find(spec);
    check_all(&q, i);
  }
}
END_TEST

/* Every mode; scales and factors of other kinds. */
START_TEST(others)
{
  static const char *const specs[] = {
      "mxfp8@ocp", "mxfp4@ocp", "nvfp4@paper", "mxfp8@torchao-rceil",
      "e4m3/g=group:32", "e3m2/g=group:16/scale=bf16",
      "int8/g=channel", "int4/g=group:32/scale=f16",
      "e4m3/g=group:32/arithmetic=f32", "e2m1/g=token/arithmetic=bf16",
      "f16/g=group:64", "bf16/g=group:32/scale=e8m0/rule=floor",
      "e5m2/g=group:48/scale=e5m3/apply=times/factor=1 / s",
      "e4m3/g=tile:4x32", "e2m3/g=block:40/scale=e4m3/arithmetic=f32",
      "e8m7b128/g=group:32/rule=floor/scale=e8m0", "e4m3/g=tensor",
      "e2m1/g=group:32/zero-sign=drop", "mxint8@ocp", "e4m3fnuz/g=token",
      "e2m1/g=group:32/scale=e8m0/rule=rceil/scale-round=ru",
      "nf4/g=group:64", "int8/rule=minmax/g=group:32",
      "int8-affine@torchao", "uint8-affine@pytorch/g=group:24",
      "int4-affine@compressed-tensors/g=group:32", "int4@torchao",
      "e5m2/g=group:32/scale=e8m0/raw=2^-120/special=ieee"};
  static const char *const modes[] = {"rne", "rna", "rnz", "rtz", "ru",
                                      "rd",  "odd", "sr",  "sr/sr-bits=7"};
  for (size_t i = 0; i < sizeof specs / sizeof *specs; i++)
    for (size_t m = 0; m < 9; m++) {
      char spec[160];
      (void)snprintf(spec, sizeof spec, "%s/round=%s", specs[i], modes[m]);
      if (m == 7 && i % 2) strcat(spec, "/overflow=ieee");
      ulp_quantizer q = find(spec);
      if (m % 3 == (size_t)_i) check_all(&q, i + m);
    }
}
END_TEST

/* Choices between scales, blocks of several lines and of columns, arithmetic
 * that kernels do not have. */
START_TEST(choices)
{
  static const char *const specs[] = {
      "nvfp4@fouroversix/judge=mae", "nvfp4@fouroversix/judge=max/sum=x3,5",
      "nvfp4@fouroversix/g=tile:16x16/sum=32,8",
      "nvfp4@fouroversix/round=sr", "nvfp4@fouroversix/scale=f32/sum=x4,x2,3",
      "nvfp4@te-4over6/judge=mse/sum=4", "nvfp4@te-4over6/g=group:16/axis=0",
      "e4m3/g=group:32/second=a * 0.003", "mxfp4@ocp/rule=mse:9",
      "int4/rule=mse:5/g=group:24", "e3m2/rule=mae:7/g=tile:4x9/arithmetic=f32",
      "int4-affine@torchao/second=(hi - lo) * 0.04/sum=x2",
      "int4/rule=minmax/g=group:32/second=(hi - lo) * 0.05/judge=max",
      "mxfp8@ocp/rule=mse:4/round=sr/g=tile:3x32"};
  for (size_t i = (size_t)_i; i < sizeof specs / sizeof *specs; i += 2) {
    ulp_quantizer q = find(specs[i]);
    check_some(&q, i, 2);
  }
}
END_TEST

START_TEST(lines)
{
  static const char *const specs[] = {
      "fp8-block@deepseek/g=tile:128x128", "fp8-block@te/g=tile:16x40",
      "nvfp4@te/g=tile:16x16", "mxfp8@te/g=group:32/axis=0",
      "int8/g=channel/axis=1", "int4-affine@torchao/g=group:16/axis=0",
      "mxfp8/round=sr/g=tile:8x16", "e4m3/round=sr/g=token/axis=0",
      "bf16/g=tile:5x7", "e2m1/g=tile:64x1/arithmetic=bf16",
      "fp8-block@deepgemm/g=tile:128x1", "int8/rule=minmax/g=channel/axis=1",
      "fp8-channel@compressed-tensors/axis=1", "int4/g=group:5/axis=-2",
      "nvfp4@fouroversix-static6/g=tile:2x16"};
  for (size_t i = (size_t)_i; i < sizeof specs / sizeof *specs; i += 2) {
    ulp_quantizer q = find(specs[i]);
    check_some(&q, i, 1);
  }
}
END_TEST

START_TEST(arithmetic)
{
  static const char *const specs[] = {
      "e2m1/g=group:32/arithmetic=bf16/scale=e4m3",
      "int8/rule=minmax/g=tensor/arithmetic=bf16",
      "int8/rule=minmax/g=group:32/arithmetic=bf16/zero-point=after",
      "e4m3/g=tensor/arithmetic=bf16/zero-sign=drop/round=sr",
      "int8/rule=minmax/g=tensor", "int4/rule=minmax/g=group:32/round=sr",
      "uint8/rule=minmax/g=token/zero-point=after/round=rna",
      "e4m3/g=token/zero-sign=drop", "int8@bitsandbytes/g=group:32",
      "e4m3/g=group:16/arithmetic=f32/subnormals=flush",
      "e5m2/g=token/arithmetic=f32/subnormals=flush/scale=e8m0/rule=floor",
      "e4m3/g=group:32/arithmetic=f32/outlier=1.5",
      "e4m3/g=token/rule=percentile:90", "int8/rule=percentile:99/g=group:40",
      "e2m1/g=group:32/ties=f32-low/arithmetic=f32",
      "e4m3/g=group:32/ties=f32-low/arithmetic=bf16",
      "mxfp8/scale-round=sr", "e4m3/g=group:32/scale=e5m3/scale-round=sr",
      "e4m3/g=group:32/scale=float64", "e2m1/g=token/decode=q * s + 1"};
  for (size_t i = (size_t)_i; i < sizeof specs / sizeof *specs; i += 2) {
    ulp_quantizer q = find(specs[i]);
    check_some(&q, i, 2);
  }
}
END_TEST

/* Scales and zero points that are given. */
START_TEST(given)
{
  static const char *const specs[] = {
      "mxfp8@ocp", "int4-affine@torchao", "nvfp4@te", "fp8-block@te",
      "int8/rule=minmax/g=channel/axis=1", "nf4/g=group:64",
      "e4m3/g=tile:16x16/round=sr", "int8@bitsandbytes"};
  for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
    ulp_quantizer q = find(specs[i]);
    q.fixed = true;
    check_some(&q, i, 2);
  }
}
END_TEST

/* Parts of an array and no array for the scales. */
START_TEST(parts)
{
  ulp_quantizer q = find("mxfp8@ocp/round=sr");
  const int64_t shape[] = {40, 96};
  ulp_blocks b;
  ulp_error e;
  ulp_quantized whole = {want, want_scales, NULL}, none = {codes, NULL, NULL};
  fill(40 * 96, 0, 1);
  ck_assert(ulp_blocks_make(&b, &q.granularity, q.axis, 2, shape, &e) ==
            ULP_OK);
  ck_assert(ulp_quantize_blocks(&q, &b, &whole, x, 0, 1, 0, b.blocks, 9) ==
            ULP_OK);
  ck_assert(ulp_quantize_blocks(&q, &b, &none, x, 0, 1, 0, 37, 9) == ULP_OK);
  ck_assert(ulp_quantize_blocks(&q, &b, &none, x, 0, 1, 37, 3, 9) == ULP_OK);
  ck_assert(ulp_quantize_blocks(&q, &b, &none, x, 0, 1, 40, b.blocks - 40,
                                9) == ULP_OK);
  ck_assert_mem_eq(codes, want, 40 * 96);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("batch");
  TCase *t = tcase_create("batch");
  tcase_set_timeout(t, 0);
  tcase_add_loop_test(t, rows, 0, 4);
  tcase_add_loop_test(t, others, 0, 3);
  tcase_add_loop_test(t, choices, 0, 2);
  tcase_add_loop_test(t, lines, 0, 2);
  tcase_add_loop_test(t, arithmetic, 0, 2);
  tcase_add_test(t, given);
  tcase_add_test(t, parts);
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_ENV);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed == 0 ? 0 : 1;
}
