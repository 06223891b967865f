/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any bytes as the text of a quantizer; what is accepted must quantize
 * anything, to codes of its format, and give the same bytes twice.
 */
#include <string.h>

#include "fuzz.h"
#include "quantizer.h"

enum { ROWS = 2, COLS = 40, N = ROWS * COLS };

static void check_refused(ulp_status status, const ulp_error *e)
{
  REQUIRE(status == ULP_ENAME || status == ULP_EINVAL);
  REQUIRE(memchr(e->text, '\0', sizeof e->text) != NULL && *e->text != '\0');
  REQUIRE(strchr(e->text, '\n') == NULL);
}

/* Values from the text's own bytes, some of them tame. */
static void fill(float x[N], const uint8_t *data, size_t size)
{
  uint64_t h = size;
  for (int i = 0; i < N; i++) {
    h = (h ^ (size ? data[(size_t)i % size] : 0)) * 0x9e3779b97f4a7c15u;
    uint32_t bits = (uint32_t)(h >> 32);
    if (i % 4) bits = (bits & 0x807fffff) | (120u + bits % 16) << 23;
    memcpy(&x[i], &bits, sizeof bits);
  }
}

static void quantize(const ulp_quantizer *q, const ulp_blocks *b,
                     const float *x, uint8_t *codes)
{
  static uint8_t scales[8 * N];
  static int32_t zeros[N];
  static float y[N];
  ulp_quantized out = {codes, scales, q->zero.count ? zeros : NULL};
  double amax = ulp_quantizer_amax(q, 0, x, N);
  double global = ulp_quantizer_global(q, amax);
  REQUIRE(b->blocks <= N);
  REQUIRE(ulp_quantize_blocks(q, b, &out, x, amax, global, 0, b->blocks, 0) ==
          ULP_OK);
  ulp_dequantize_blocks(q, b, y, &out, global, 0, b->blocks);
}

static void check(const ulp_quantizer *q, const uint8_t *data, size_t size)
{
  static const int64_t shape[] = {ROWS, COLS};
  static uint8_t one[8 * N], two[8 * N];
  float x[N];
  ulp_blocks b;
  ulp_error e;
  if (ulp_blocks_make(&b, &q->granularity, q->axis, 2, shape, &e) != ULP_OK)
    return;
  REQUIRE(ulp_quantizer_bits(q, &b) >= q->element.bits);
  fill(x, data, size);
  quantize(q, &b, x, one);
  quantize(q, &b, x, two);
  REQUIRE(memcmp(one, two, (size_t)N * q->element.storage_bytes) == 0);
  for (size_t i = 0; i < N; i++)
    REQUIRE(ulp_load_code(&q->element, one, i) < ulp_code_count(&q->element));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  char *text = malloc(size + 1);
  ulp_quantizer q;
  ulp_error e = {.text = ""};
  if (text == NULL) return 0;
  memcpy(text, data, size);
  text[size] = '\0';
  ulp_status status = ulp_quantizer_find(text, &q, &e);
  if (status != ULP_OK)
    check_refused(status, &e);
  else if (q.search <= 200)
    check(&q, data, size);
  free(text);
  return 0;
}
