/* SPDX-License-Identifier: MIT
 *
 * ggml's blocks of 32 with float16 scales: q4_0, q4_1, q5_0, q5_1, q8_0, q8_1.
 *
 * Layout: d, then m or s where there is one, then for 5 bits the fifth bits of
 * all codes, then the codes; nibble j holds elements j and j + 16.  Scales are
 * applied before they are rounded to float16, so that a decoded element may be
 * more than half a step from what was encoded.
 */
#include "ggml.h"

#include <float.h>
#include <math.h>

enum { N = 32 };

/* Bit 4 of each code, element 0 lowest. */
static void put_fifth(uint8_t *out, const uint8_t *codes)
{
  for (int j = 0; j < N / 8; j++)
    out[j] = 0;
  for (int j = 0; j < N; j++)
    out[j / 8] |= (uint8_t)((codes[j] >> 4 & 1) << j % 8);
}

static void or_fifth(uint8_t *codes, const uint8_t *in)
{
  for (int j = 0; j < N; j++)
    codes[j] |= (uint8_t)((in[j / 8] >> j % 8 & 1) << 4);
}

/* The low byte of the int that y truncates to, as an int8_t, at most top. */
static uint8_t low_code(float y, int top)
{
  int code = (int8_t)ulp_ggml_truncate(y);
  return (uint8_t)(code < top ? code : top);
}

/* ---- q4_0, q5_0: x = d (code - top / 2), d from the element of greatest
 * magnitude, which gets code 0 (quantize_row_q4_0_ref, ..._q5_0_ref) --------
 */

static void symmetric_codes(uint8_t *d, uint8_t *codes, const float *x,
                            int zero)
{
  float scale = ulp_ggml_extreme(x, N) / (float)-zero;
  float inverse = ggml_reciprocal(scale);
  ulp_ggml_put_half(d, scale);
  for (int j = 0; j < N; j++)
    codes[j] = low_code(x[j] * inverse + ((float)zero + 0.5f), 2 * zero - 1);
}

static void symmetric_values(float *x, const uint8_t *d, const uint8_t *codes,
                             int zero)
{
  float scale = ulp_ggml_get_half(d);
  for (int j = 0; j < N; j++)
    x[j] = (float)(codes[j] - zero) * scale;
}

void ulp_ggml_q4_0_encode(uint8_t *block, const float *x)
{
  uint8_t codes[N];
  symmetric_codes(block, codes, x, 8);
  ulp_ggml_put_nibbles(block + 2, codes, N / 2);
}

void ulp_ggml_q4_0_decode(float *x, const uint8_t *block)
{
  uint8_t codes[N];
  ulp_ggml_get_nibbles(codes, block + 2, N / 2);
  symmetric_values(x, block, codes, 8);
}

void ulp_ggml_q5_0_encode(uint8_t *block, const float *x)
{
  uint8_t codes[N];
  symmetric_codes(block, codes, x, 16);
  put_fifth(block + 2, codes);
  ulp_ggml_put_nibbles(block + 6, codes, N / 2);
}

void ulp_ggml_q5_0_decode(float *x, const uint8_t *block)
{
  uint8_t codes[N];
  ulp_ggml_get_nibbles(codes, block + 6, N / 2);
  or_fifth(codes, block + 2);
  symmetric_values(x, block, codes, 16);
}

/* ---- q4_1, q5_1: x = d code + m (quantize_row_q4_1_ref, ..._q5_1_ref) -----
 */

static void affine_codes(uint8_t *dm, uint8_t *codes, const float *x, int top)
{
  float min = FLT_MAX, max = -FLT_MAX;
  for (int j = 0; j < N; j++) {
    if (x[j] < min) min = x[j];
    if (x[j] > max) max = x[j];
  }
  float scale = (max - min) / (float)top;
  float inverse = ggml_reciprocal(scale);
  ulp_ggml_put_half(dm, scale);
  ulp_ggml_put_half(dm + 2, min);
  for (int j = 0; j < N; j++)
    codes[j] = low_code((x[j] - min) * inverse + 0.5f, top);
}

static void affine_values(float *x, const uint8_t *dm, const uint8_t *codes)
{
  float scale = ulp_ggml_get_half(dm), min = ulp_ggml_get_half(dm + 2);
  for (int j = 0; j < N; j++)
    x[j] = (float)codes[j] * scale + min;
}

void ulp_ggml_q4_1_encode(uint8_t *block, const float *x)
{
  uint8_t codes[N];
  affine_codes(block, codes, x, 15);
  ulp_ggml_put_nibbles(block + 4, codes, N / 2);
}

void ulp_ggml_q4_1_decode(float *x, const uint8_t *block)
{
  uint8_t codes[N];
  ulp_ggml_get_nibbles(codes, block + 4, N / 2);
  affine_values(x, block, codes);
}

void ulp_ggml_q5_1_encode(uint8_t *block, const float *x)
{
  uint8_t codes[N];
  affine_codes(block, codes, x, 31);
  put_fifth(block + 4, codes);
  ulp_ggml_put_nibbles(block + 8, codes, N / 2);
}

void ulp_ggml_q5_1_decode(float *x, const uint8_t *block)
{
  uint8_t codes[N];
  ulp_ggml_get_nibbles(codes, block + 8, N / 2);
  or_fifth(codes, block + 4);
  affine_values(x, block, codes);
}

/* ---- q8_0, q8_1: x = d code; q8_1 has d times the sum of the codes beside it
 * (quantize_row_q8_0_ref, ..._q8_1_ref), for dot products with q4_1 -------- */

static float byte_codes(uint8_t *codes, const float *x)
{
  float scale = ulp_ggml_amax(x, N) / 127;
  float inverse = ggml_reciprocal(scale);
  for (int j = 0; j < N; j++)
    codes[j] = (uint8_t)ulp_ggml_truncate(roundf(x[j] * inverse));
  return scale;
}

static void byte_values(float *x, float scale, const uint8_t *codes)
{
  for (int j = 0; j < N; j++)
    x[j] = (float)(int8_t)codes[j] * scale;
}

void ulp_ggml_q8_0_encode(uint8_t *block, const float *x)
{
  ulp_ggml_put_half(block, byte_codes(block + 2, x));
}

void ulp_ggml_q8_0_decode(float *x, const uint8_t *block)
{
  byte_values(x, ulp_ggml_get_half(block), block + 2);
}

void ulp_ggml_q8_1_encode(uint8_t *block, const float *x)
{
  float scale = byte_codes(block + 4, x);
  int sum = 0;
  for (int j = 0; j < N; j++)
    sum += (int8_t)block[4 + j];
  ulp_ggml_put_half(block, scale);
  ulp_ggml_put_half(block + 2, (float)sum * scale);
}

/* ggml has no dequantize_row_q8_1: these blocks live between two kernels. */
void ulp_ggml_q8_1_decode(float *x, const uint8_t *block)
{
  byte_values(x, ulp_ggml_get_half(block), block + 4);
}
