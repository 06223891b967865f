/* SPDX-License-Identifier: MIT
 *
 * ggml's super-blocks of 256 without minima: q3_k and q6_k (16 groups of 16,
 * each with an integer scale), and q8_k (one scale).
 */
#include "ggml.h"

#include <math.h>
#include <string.h>

enum { GROUPS = 16, SIZE = 16 };

/* The scale of greatest magnitude, the first of several, with its sign. */
static float greatest_scale(const float *scale)
{
  return ulp_ggml_extreme(scale, GROUPS);
}

/* Codes of a group whose scale is d; a scale of 0 leaves them as the search
 * had them. */
static void codes_again(uint8_t *codes, const float *x, float d, int nmax)
{
  if (d == 0) return;
  for (int i = 0; i < SIZE; i++)
    codes[i] =
        (uint8_t)(ggml_clamp(ulp_ggml_nearest(x[i] / d), -nmax, nmax - 1) +
                  nmax);
}

static void values(float *x, const uint8_t *codes, const int8_t *s, float d,
                   int nmax)
{
  for (int i = 0; i < GGML_SUPER; i++)
    x[i] = d * (float)s[i / SIZE] * (float)(codes[i] - nmax);
}

/* ---- q3_k: high bits (32), low pairs (64), 16 scales of 6 bits (12), d -----
 */

/* s + 32: nibbles of j and j + 8 in byte j, then the high two bits of j in
 * byte 8 + j % 4, bits 2 (j / 4). */
static void put_sixes(uint8_t *bytes, const int8_t *s)
{
  memset(bytes, 0, 12);
  for (int j = 0; j < GROUPS; j++) {
    int code = s[j] + 32;
    bytes[j % 8] |= (uint8_t)((code & 15) << j / 8 * 4);
    bytes[8 + j % 4] |= (uint8_t)((code >> 4) << j / 4 * 2);
  }
}

static void get_sixes(int8_t *s, const uint8_t *bytes)
{
  for (int j = 0; j < GROUPS; j++) {
    int low = bytes[j % 8] >> j / 8 * 4 & 15;
    int high = bytes[8 + j % 4] >> j / 4 * 2 & 3;
    s[j] = (int8_t)((low | high << 4) - 32);
  }
}

/* quantize_row_q3_K_ref */
void ulp_ggml_q3_k_encode(uint8_t *block, const float *x)
{
  uint8_t codes[GGML_SUPER];
  int8_t s[GROUPS];
  float scale[GROUPS];
  for (int j = 0; j < GROUPS; j++)
    scale[j] = ulp_ggml_search_descent(codes + SIZE * j, x + SIZE * j, SIZE, 4);
  float most = greatest_scale(scale);
  /* The bytes of no scale at all are 0, which stands for -32. */
  float inverse = -32 / most;
  for (int j = 0; j < GROUPS; j++)
    s[j] = most == 0
               ? -32
               : (int8_t)ggml_clamp(
                     (int8_t)ulp_ggml_nearest(inverse * scale[j]), -32, 31);
  put_sixes(block + 96, s);
  ulp_ggml_put_half(block + 108, most == 0 ? 0 : 1 / inverse);
  for (int j = 0; j < GROUPS; j++)
    codes_again(codes + SIZE * j, x + SIZE * j,
                ulp_ggml_get_half(block + 108) * (float)s[j], 4);
  ulp_ggml_put_plane(block, codes, 2);
  ulp_ggml_put_pairs(block + 32, codes, GGML_SUPER);
}

void ulp_ggml_q3_k_decode(float *x, const uint8_t *block)
{
  uint8_t codes[GGML_SUPER];
  int8_t s[GROUPS];
  get_sixes(s, block + 96);
  ulp_ggml_get_pairs(codes, block + 32, GGML_SUPER);
  ulp_ggml_or_plane(codes, block, 2);
  values(x, codes, s, ulp_ggml_get_half(block + 108), 4);
}

/* ---- q6_k: low nibbles (128), high pairs (64), 16 scales (16), d -----------
 */

static void put_six_bits(uint8_t *block, const uint8_t *codes)
{
  uint8_t high[GGML_SUPER];
  for (int i = 0; i < GGML_SUPER; i++)
    high[i] = codes[i] >> 4;
  for (int half = 0; half < 2; half++)
    ulp_ggml_put_nibbles(block + 64 * half, codes + 128 * half, 64);
  ulp_ggml_put_pairs(block + 128, high, GGML_SUPER);
}

static void get_six_bits(uint8_t *codes, const uint8_t *block)
{
  uint8_t high[GGML_SUPER];
  for (int half = 0; half < 2; half++)
    ulp_ggml_get_nibbles(codes + 128 * half, block + 64 * half, 64);
  ulp_ggml_get_pairs(high, block + 128, GGML_SUPER);
  for (int i = 0; i < GGML_SUPER; i++)
    codes[i] |= (uint8_t)(high[i] << 4);
}

/* quantize_row_q6_K_ref */
void ulp_ggml_q6_k_encode(uint8_t *block, const float *x)
{
  uint8_t codes[GGML_SUPER];
  int8_t s[GROUPS];
  float scale[GROUPS];
  for (int j = 0; j < GROUPS; j++)
    scale[j] =
        ulp_ggml_search_symmetric(codes + SIZE * j, x + SIZE * j, SIZE, 32);
  float most = greatest_scale(scale);
  if (fabsf(most) < GGML_GROUP_EPSILON) {
    memset(block, 0, 210);
    return;
  }
  float inverse = -128 / most;
  ulp_ggml_put_half(block + 208, 1 / inverse);
  for (int j = 0; j < GROUPS; j++) {
    int l = ulp_ggml_nearest(inverse * scale[j]);
    s[j] = (int8_t)(l < 127 ? l : 127);
    codes_again(codes + SIZE * j, x + SIZE * j,
                ulp_ggml_get_half(block + 208) * (float)s[j], 32);
  }
  put_six_bits(block, codes);
  memcpy(block + 192, s, sizeof s);
}

void ulp_ggml_q6_k_decode(float *x, const uint8_t *block)
{
  uint8_t codes[GGML_SUPER];
  int8_t s[GROUPS];
  memcpy(s, block + 192, sizeof s);
  get_six_bits(codes, block);
  values(x, codes, s, ulp_ggml_get_half(block + 208), 32);
}

/* ---- q8_k: d as float32, codes (256), 16 sums of codes as int16 ------------
 */

static void put_float(uint8_t *p, float x)
{
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  for (int i = 0; i < 4; i++)
    p[i] = (uint8_t)(bits >> 8 * i);
}

static float get_float(const uint8_t *p)
{
  uint32_t bits = 0;
  float x;
  for (int i = 0; i < 4; i++)
    bits |= (uint32_t)p[i] << 8 * i;
  memcpy(&x, &bits, sizeof x);
  return x;
}

/* quantize_row_q8_K_ref */
void ulp_ggml_q8_k_encode(uint8_t *block, const float *x)
{
  uint8_t *sums = block + 4 + GGML_SUPER;
  float extreme = ulp_ggml_extreme(x, GGML_SUPER);
  memset(block, 0, 292);
  if (extreme == 0) return;
  float inverse = -127 / extreme;
  put_float(block, 1 / inverse);
  for (int i = 0; i < GGML_SUPER; i++) {
    int l = ulp_ggml_nearest(inverse * x[i]);
    block[4 + i] = (uint8_t)(l < 127 ? l : 127);
  }
  for (int j = 0; j < GROUPS; j++) {
    int sum = 0;
    for (int i = 0; i < SIZE; i++)
      sum += (int8_t)block[4 + SIZE * j + i];
    sums[2 * j] = (uint8_t)sum;
    sums[2 * j + 1] = (uint8_t)(sum >> 8);
  }
}

void ulp_ggml_q8_k_decode(float *x, const uint8_t *block)
{
  for (int i = 0; i < GGML_SUPER; i++)
    x[i] = get_float(block) * (float)(int8_t)block[4 + i];
}
