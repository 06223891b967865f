/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * tests/batch_compare.c: see batch_compare.h.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "batch_compare.h"
#include "isa.h"
#include "quantizer_internal.h"

enum { MOST = 40000 };
static float x[MOST], y[MOST], want_y[MOST];
static unsigned char codes[2 * MOST], want[2 * MOST];
static unsigned char scales[8 * MOST], want_scales[8 * MOST];
static int32_t zeros[MOST], want_zeros[MOST];

/* ---- blocks that are easy and blocks that are not ---------------------- */

enum { FAMILIES = 8 };

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
  case 7: /* under 2^10, products about 2^-126 */
    return i % 16 ? (u & 0x80000000) | (0x057ffffd + u % 4) : 0x44800000;
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

/* Scales and zero points of what chooses them, in f64: of a scale in f64 they
 * need not be f32. */
static void give(const ulp_blocks *b, const ulp_quantizer *q)
{
  ulp_quantizer free = *q;
  ulp_quantized all = {want, want_scales, want_zeros};
  free.fixed = false;
  free.arithmetic = ULP_IN_F64;
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

typedef struct {
  const ulp_quantizer *q;
  const ulp_blocks *b;
  ulp_quantized out;
  double amax, global;
  int family, threads;
} work;

/* All blocks, or of two threads the first three sevenths and the others. */
static void there_and_back(const work *w)
{
  const int64_t cut = w->threads == 1 ? w->b->blocks : w->b->blocks * 3 / 7;
  bool fine = true;
#pragma omp parallel for num_threads(w->threads) reduction(&& : fine) \
    if (w->family == 0)
  for (int part = 0; part < w->threads; part++) {
    int64_t first = part ? cut : 0, n = part ? w->b->blocks - cut : cut;
    fine = ulp_quantize_blocks(w->q, w->b, &w->out, x, w->amax, w->global,
                               first, n, 3) == ULP_OK;
    ulp_dequantize_blocks(w->q, w->b, y, &w->out, w->global, first, n);
  }
  if (!fine) ck_abort_msg("%s: refused", w->q->name);
}

static void check_again(const work *w)
{
  const ulp_quantizer *q = w->q;
  size_t n = (size_t)w->b->elements, blocks = (size_t)w->b->blocks;
  memset(codes, 0xa5, sizeof codes);
  memset(scales, 0xa5, sizeof scales);
  memset(y, 0xa5, sizeof y);
  if (q->fixed) {
    memcpy(scales, want_scales, sizeof scales);
    memcpy(zeros, want_zeros, sizeof zeros);
  }
  there_and_back(w);
  same(q, w->family, "code", codes, want, n * q->element.storage_bytes);
  same(q, w->family, "byte of scales", scales, want_scales,
       blocks * q->scale.storage_bytes);
  if (q->zero.count)
    same(q, w->family, "zero point", zeros, want_zeros,
         blocks * sizeof *zeros);
  same(q, w->family, "value", y, want_y, n * sizeof *y);
}

static void check(const ulp_quantizer *q, const array_shape *shape, int family)
{
  ulp_blocks b;
  ulp_error e;
  size_t n = elements_of(shape);
  const bool shifts = q->zero.count > 0;
  ulp_quantized all = {want, want_scales, shifts ? want_zeros : NULL};
  work w = {.q = q, .b = &b, .family = family,
            .out = {codes, scales, shifts ? zeros : NULL}};
  if (ulp_blocks_make(&b, &q->granularity, q->axis, shape->ndim, shape->size,
                      &e) != ULP_OK)
    return;
  w.amax = ulp_quantizer_amax(q, 0, x, n);
  w.global = ulp_quantizer_global(q, w.amax);
  if (q->fixed) give(&b, q);
  if (ulp_quantize_each(q, &b, &all, x, w.amax, w.global, 3) != ULP_OK)
    ck_abort_msg("%s: refused", q->name);
  ulp_dequantize_each(q, &b, want_y, &all, w.global);
  for (size_t i = 0; ulp_isa_name(i); i++) {
    if (ulp_isa_set((ulp_isa)i) != ULP_OK) continue;
    if (ulp_quantizer_amax(q, 0, x, n) != w.amax && !isnan(w.amax))
      ck_abort_msg("%s: amax", q->name);
    for (w.threads = 1; w.threads <= 2; w.threads++)
      check_again(&w);
  }
}

static const array_shape shapes[] = {
    {2, {16, 128, 1}}, {2, {5, 101, 1}},  {2, {2, 9000, 1}},
    {2, {700, 3, 1}},  {2, {67, 131, 1}}, {3, {3, 41, 22}}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

void batch_compare(const ulp_quantizer *q, size_t salt, size_t every)
{
  for (int family = 0; family < FAMILIES; family++)
    for (size_t k = 0; k < SHAPES; k++) {
      if (k && (salt + k + (size_t)family) % every) continue;
      fill(elements_of(&shapes[k]), family, salt);
      check(q, &shapes[k], family);
    }
}
