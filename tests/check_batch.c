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

static void check(const ulp_quantizer *q, const int64_t shape[2], int family)
{
  ulp_blocks b;
  ulp_error e;
  size_t n = (size_t)(shape[0] * shape[1]);
  ulp_quantized all = {want, want_scales, q->zero.count ? want_zeros : NULL};
  if (ulp_blocks_make(&b, &q->granularity, q->axis, 2, shape, &e) != ULP_OK)
    return;
  ck_assert(ulp_isa_set(ULP_ISA_PORTABLE) == ULP_OK);
  double amax = ulp_quantizer_amax(q, 0, x, n);
  double global = ulp_quantizer_global(q, amax);
  if (ulp_quantize_each(q, &b, &all, x, amax, global, 3) != ULP_OK)
    ck_abort_msg("%s: refused", q->name);
  ulp_dequantize_each(q, &b, want_y, &all, global);
  for (size_t i = 0; ulp_isa_name(i); i++) {
    ulp_quantized out = {codes, scales, q->zero.count ? zeros : NULL};
    if (ulp_isa_set((ulp_isa)i) != ULP_OK) continue;
    memset(codes, 0xa5, sizeof codes);
    memset(scales, 0xa5, sizeof scales);
    if (ulp_quantizer_amax(q, 0, x, n) != amax && !isnan(amax))
      ck_abort_msg("%s: amax", q->name);
    if (ulp_quantize_blocks(q, &b, &out, x, amax, global, 0, b.blocks, 3) !=
        ULP_OK)
      ck_abort_msg("%s: refused", q->name);
    same(q, family, "code", codes, want, n * q->element.storage_bytes);
    same(q, family, "byte of scales", scales, want_scales,
         (size_t)b.blocks * q->scale.storage_bytes);
    if (q->zero.count)
      same(q, family, "zero point", zeros, want_zeros,
           (size_t)b.blocks * sizeof *zeros);
    ulp_dequantize_blocks(q, &b, y, &out, global, 0, b.blocks);
    same(q, family, "value", y, want_y, n * sizeof *y);
  }
}

static const int64_t shapes[][2] = {{16, 128}, {5, 101}, {2, 9000}, {700, 3}};

static void check_all(const ulp_quantizer *q, size_t salt)
{
  for (int family = 0; family < FAMILIES; family++)
    for (size_t k = 0; k < 4; k++) {
      if (k && (salt + k + (size_t)family) % 4) continue;
      fill((size_t)(shapes[k][0] * shapes[k][1]), family, salt);
      check(q, shapes[k], family);
    }
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
  tcase_add_test(t, parts);
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_ENV);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed == 0 ? 0 : 1;
}
