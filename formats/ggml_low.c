/* SPDX-License-Identifier: MIT
 *
 * ggml's blocks of one and two bits: q1_0 (signs), q2_0 (-1 to 2), and the
 * ternary tq1_0 and tq2_0 (-1 to 1).  The scale is the magnitude of the
 * greatest element, in q1_0 the mean magnitude.
 */
#include "ggml.h"

#include <math.h>
#include <string.h>

/* ---- q1_0: d, 128 bits; q2_0: d, 64 pairs ---------------------------------
 */

/* quantize_row_q1_0_ref: a NaN is negative. */
void ulp_ggml_q1_0_encode(uint8_t *block, const float *x)
{
  float sum = 0;
  memset(block, 0, 18);
  for (int j = 0; j < 128; j++) {
    sum += fabsf(x[j]);
    block[2 + j / 8] |= (uint8_t)((x[j] >= 0) << j % 8);
  }
  ulp_ggml_put_half(block, sum / 128);
}

void ulp_ggml_q1_0_decode(float *x, const uint8_t *block)
{
  float d = ulp_ggml_get_half(block);
  for (int j = 0; j < 128; j++)
    x[j] = block[2 + j / 8] >> j % 8 & 1 ? d : -d;
}

/* quantize_row_q2_0_ref: the extreme is +-1, so that 2 is never written. */
void ulp_ggml_q2_0_encode(uint8_t *block, const float *x)
{
  float d = fabsf(ulp_ggml_extreme(x, 64)), inverse = d > 0 ? 1 / d : 0;
  memset(block, 0, 18);
  ulp_ggml_put_half(block, d);
  for (int j = 0; j < 64; j++) {
    int l = ggml_clamp(ulp_ggml_truncate(roundf(x[j] * inverse)), -1, 2);
    block[2 + j / 4] |= (uint8_t)((l + 1) << j % 4 * 2);
  }
}

void ulp_ggml_q2_0_decode(float *x, const uint8_t *block)
{
  float d = ulp_ggml_get_half(block);
  for (int j = 0; j < 64; j++)
    x[j] = (float)((block[2 + j / 4] >> j % 4 * 2 & 3) - 1) * d;
}

/* ---- ternary ---------------------------------------------------------------
 */

/* lroundf(x) + 1, its low byte: 0, 1 or 2 where the amax that gave x has seen
 * all elements (packed.h). */
static uint8_t trit(float x)
{
  float rounded = roundf(x);
  if (!(fabsf(rounded) < 0x1p63f)) return 1; /* the low byte of INT64_MIN + 1 */
  return (uint8_t)((uint64_t)(int64_t)rounded + 1);
}

static void put_trits(uint8_t *half, uint8_t *trits, const float *x)
{
  float d = ulp_ggml_amax(x, GGML_SUPER), inverse = ggml_reciprocal(d);
  ulp_ggml_put_half(half, d);
  for (int i = 0; i < GGML_SUPER; i++)
    trits[i] = trit(x[i] * inverse);
}

static void get_trits(float *x, const uint8_t *half, const uint8_t *trits)
{
  float d = ulp_ggml_get_half(half);
  for (int i = 0; i < GGML_SUPER; i++)
    x[i] = (float)(trits[i] - 1) * d;
}

/* tq1_0: byte j of a run of `stride` bytes has the trits j, j + stride, ... of
 * its `count` * stride elements, the first most significant, as the fraction
 * of 256 that a number of five trits is of 243: multiplying by 3 brings out
 * one trit after the other. */
static const struct {
  int stride, count;
} runs[] = {{32, 5}, {16, 5}, {4, 4}};

static void put_run(uint8_t *out, const uint8_t *trits, int stride, int count)
{
  for (int j = 0; j < stride; j++) {
    uint8_t number = 0;
    for (int n = 0; n < count; n++)
      number = (uint8_t)(number * 3 + trits[j + n * stride]);
    if (count == 4) number = (uint8_t)(number * 3);
    out[j] = (uint8_t)((number * 256 + 242) / 243);
  }
}

static void get_run(uint8_t *trits, const uint8_t *in, int stride, int count)
{
  for (int j = 0; j < stride; j++) {
    uint8_t fraction = in[j];
    for (int n = 0; n < count; n++) {
      trits[j + n * stride] = (uint8_t)(fraction * 3 >> 8);
      fraction = (uint8_t)(fraction * 3);
    }
  }
}

/* quantize_row_tq1_0_ref */
void ulp_ggml_tq1_0_encode(uint8_t *block, const float *x)
{
  uint8_t trits[GGML_SUPER], *t = trits;
  put_trits(block + 52, trits, x);
  for (int r = 0; r < 3; r++) {
    put_run(block, t, runs[r].stride, runs[r].count);
    block += runs[r].stride;
    t += runs[r].stride * runs[r].count;
  }
}

void ulp_ggml_tq1_0_decode(float *x, const uint8_t *block)
{
  uint8_t trits[GGML_SUPER], *t = trits;
  const uint8_t *half = block + 52;
  for (int r = 0; r < 3; r++) {
    get_run(t, block, runs[r].stride, runs[r].count);
    block += runs[r].stride;
    t += runs[r].stride * runs[r].count;
  }
  get_trits(x, half, trits);
}

/* quantize_row_tq2_0_ref */
void ulp_ggml_tq2_0_encode(uint8_t *block, const float *x)
{
  uint8_t trits[GGML_SUPER];
  put_trits(block + 64, trits, x);
  ulp_ggml_put_pairs(block, trits, GGML_SUPER);
}

void ulp_ggml_tq2_0_decode(float *x, const uint8_t *block)
{
  uint8_t trits[GGML_SUPER];
  ulp_ggml_get_pairs(trits, block, GGML_SUPER);
  get_trits(x, block + 64, trits);
}
