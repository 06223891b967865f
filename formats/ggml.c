/* SPDX-License-Identifier: MIT
 *
 * Conversions, maxima and layouts that ggml's blocks have in common.
 */
#include "ggml.h"

#include <math.h>
#include <string.h>

/* ---- conversions ----------------------------------------------------------
 */

/* ggml_compute_fp32_to_fp16: IEEE 754, every NaN the default one. */
static const ulp_profile half_profile = {
    .name = "ggml",
    .source = "ggml-impl.h, ggml_compute_fp32_to_fp16",
    .overflow_wide = ULP_OVERFLOW_IEEE,
    .nan = ULP_NAN_DEFAULT,
};

static const ulp_format *half_format(void)
{
  size_t i = 0;
  while (strcmp(ulp_format_row(i)->name, "float16") != 0)
    i++;
  return ulp_format_row(i);
}

void ulp_ggml_put_half(uint8_t *p, float x)
{
  const ulp_rounding r = {.mode = ULP_RNE, .profile = &half_profile};
  uint64_t code = ulp_encode_f32(half_format(), x, &r, 0);
  p[0] = (uint8_t)code;
  p[1] = (uint8_t)(code >> 8);
}

float ulp_ggml_get_half(const uint8_t *p)
{
  return (float)ulp_decode(half_format(), (uint64_t)(p[0] | p[1] << 8));
}

int ulp_ggml_nearest(float x)
{
  float sum = x + 0x1.8p23f;
  uint32_t bits;
  memcpy(&bits, &sum, sizeof bits);
  return (int)(bits & 0x7fffff) - 0x400000;
}

int32_t ulp_ggml_truncate(float x)
{
  return x >= -0x1p31f && x < 0x1p31f ? (int32_t)x : INT32_MIN;
}

float ulp_ggml_extreme(const float *x, int n)
{
  float amax = 0, extreme = 0;
  for (int i = 0; i < n; i++)
    if (fabsf(x[i]) > amax) {
      amax = fabsf(x[i]);
      extreme = x[i];
    }
  return extreme;
}

float ulp_ggml_amax(const float *x, int n)
{
  float amax = 0;
  for (int i = 0; i < n; i++)
    amax = amax > fabsf(x[i]) ? amax : fabsf(x[i]);
  return amax;
}

/* ---- codes in bytes -------------------------------------------------------
 */

void ulp_ggml_put_nibbles(uint8_t *out, const uint8_t *codes, int half)
{
  for (int j = 0; j < half; j++)
    out[j] = (uint8_t)((codes[j] & 15) | codes[j + half] << 4);
}

void ulp_ggml_get_nibbles(uint8_t *codes, const uint8_t *in, int half)
{
  for (int j = 0; j < half; j++) {
    codes[j] = in[j] & 15;
    codes[j + half] = in[j] >> 4;
  }
}

void ulp_ggml_put_pairs(uint8_t *out, const uint8_t *codes, int n)
{
  memset(out, 0, (size_t)n / 4);
  for (int i = 0; i < n; i++)
    out[i / 128 * 32 + i % 32] |=
        (uint8_t)((codes[i] & 3) << (i % 128 / 32 * 2));
}

void ulp_ggml_get_pairs(uint8_t *codes, const uint8_t *in, int n)
{
  for (int i = 0; i < n; i++)
    codes[i] = in[i / 128 * 32 + i % 32] >> (i % 128 / 32 * 2) & 3;
}

void ulp_ggml_put_plane(uint8_t *plane, const uint8_t *codes, int bit)
{
  memset(plane, 0, 32);
  for (int i = 0; i < GGML_SUPER; i++)
    plane[i % 32] |= (uint8_t)((codes[i] >> bit & 1) << (i / 32));
}

void ulp_ggml_or_plane(uint8_t *codes, const uint8_t *plane, int bit)
{
  for (int i = 0; i < GGML_SUPER; i++)
    codes[i] |= (uint8_t)((plane[i % 32] >> (i / 32) & 1) << bit);
}
