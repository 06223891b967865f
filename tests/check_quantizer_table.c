/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Many elements at once, which go by table, against a few at a time, which do
 * not: the same codes and values, of every format of up to 8 bits.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quantizer.h"

enum { N = 1 << 16, GROUP = 32 };
static float x[N], y[N], z[N];
static unsigned char codes[N], other[N];
static float scales[N / GROUP];

/* Some of any bits at all; the rest between two neighbours of the format's
 * values, half of them at the middle or next to it, where codes change. */
static void fill(const ulp_format *f)
{
  ulp_pcg32 g = ulp_pcg32_seed(7, f->bits);
  uint64_t mask = (UINT64_C(1) << f->bits) - 1;
  for (int i = 0; i < N; i++) {
    uint32_t bits = ulp_pcg32_next(&g), part = ulp_pcg32_next(&g);
    double a = ulp_decode(f, bits & mask), b = ulp_decode(f, (bits + 1) & mask);
    if (i < N / 256)
      memcpy(&x[i], &bits, sizeof bits);
    else if (i % 2)
      x[i] = (float)(a + (b - a) * part * 0x1p-32);
    else
      x[i] = (float)((a + b) / 2);
    if (i % 4 == 2)
      x[i] = nextafterf(x[i], part & 1 ? INFINITY : -INFINITY);
  }
}

static void quantize(const ulp_quantizer *q, unsigned char *out, int64_t step)
{
  static const int64_t shape[] = {1, N};
  ulp_quantized at = {out, scales, NULL};
  ulp_blocks b;
  ulp_error e;
  ck_assert(ulp_blocks_make(&b, &q->granularity, q->axis, 2, shape, &e) ==
            ULP_OK);
  for (int64_t i = 0; i < b.blocks; i += step) {
    ck_assert(ulp_quantize_blocks(q, &b, &at, x, 1, 1, i, step, 0) == ULP_OK);
    ulp_dequantize_blocks(q, &b, out == codes ? y : z, &at, 1, i, step);
  }
}

static void compare(const char *name, const char *arithmetic)
{
  static const ulp_mode modes[] = {ULP_RNE, ULP_RTZ};
  char text[120];
  ulp_quantizer q;
  ulp_error e;
  (void)snprintf(text, sizeof text, "%s/g=group:%d/raw=1/arithmetic=%s", name,
                 GROUP, arithmetic);
  ck_assert_msg(ulp_quantizer_find(text, &q, &e) == ULP_OK, "%s: %s", text,
                e.text);
  ck_assert(q.scale.storage_bytes <= sizeof scales[0]);
  fill(&q.element);
  for (size_t m = 0; m < sizeof modes / sizeof modes[0]; m++) {
    q.rounding.mode = modes[m];
    quantize(&q, codes, N / GROUP);
    quantize(&q, other, 16);
    for (int i = 0; i < N; i++)
      if (codes[i] != other[i] || memcmp(&y[i], &z[i], sizeof y[i]) != 0)
        ck_abort_msg("%s, mode %zu, %a: %d, %a; alone %d, %a", text, m,
                     (double)x[i], codes[i], (double)y[i], other[i],
                     (double)z[i]);
  }
}

START_TEST(as_alone)
{
  const ulp_format *f = ulp_format_row((size_t)_i);
  if (f->bits > 8)
    return;
  compare(f->name, "f32");
  compare(f->name, "f64");
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("quantizer_table");
  TCase *t = tcase_create("many");
  tcase_set_timeout(t, 60);
  tcase_add_loop_test(t, as_alone, 0, (int)ulp_format_count());
  suite_add_tcase(suite, t);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
