/* SPDX-License-Identifier: MIT
 *
 * ggml's blocks of E2M1 codes: mxfp4 (32 elements, one E8M0 scale) and nvfp4
 * (64 elements, four UE4M3 scales, no second level).
 *
 * Both search the sixteen values for the first nearest one, so that ties go to
 * the lower code, which is the smaller magnitude, and -0 is never written.
 */
#include "ggml.h"

#include <math.h>
#include <string.h>

/* Twice the values of E2M1 (kvalues_fp4); the scales below are halved. */
static const int8_t doubled[16] = {0, 1,  2,  3,  4,  6,  8,  12,
                                   0, -1, -2, -3, -4, -6, -8, -12};

/* best_index_mxfp4 */
static uint8_t nearest_code(float x, float half_scale)
{
  uint8_t best = 0;
  float least = fabsf((float)doubled[0] * half_scale - x);
  for (uint8_t i = 1; i < 16; i++) {
    float error = fabsf((float)doubled[i] * half_scale - x);
    if (error < least) {
      best = i;
      least = error;
    }
  }
  return best;
}

static void encode_group(uint8_t *out, const float *x, int n, float half_scale)
{
  uint8_t codes[32];
  for (int j = 0; j < n; j++)
    codes[j] = nearest_code(x[j], half_scale);
  ulp_ggml_put_nibbles(out, codes, n / 2);
}

static void decode_group(float *x, const uint8_t *in, int n, float half_scale)
{
  uint8_t codes[32];
  ulp_ggml_get_nibbles(codes, in, n / 2);
  for (int j = 0; j < n; j++)
    x[j] = (float)doubled[codes[j]] * half_scale;
}

/* ---- mxfp4 -----------------------------------------------------------------
 */

/* floorf(log2f(x)) of a finite x > 0 for a correctly rounded log2f, which
 * rounds to K a logarithm that is less than half a place below it.  With x =
 * 2^K (1 - n 2^-24), log2 x is about K - n 2^-24 / ln 2, and a place just
 * below K is 2^(e-23), e the exponent of the values there: K is reached for
 * n < 2^e ln 2. */
static int floor_log2f(float x)
{
  static const int reach[] = {0, 1, 2, 5, 11, 22, 44, 88};
  int k;
  float significand = frexpf(x, &k); /* x = significand 2^k, in [1/2, 1) */
  int n = (int)((1 - significand) * 0x1p24f);
  int beyond = k > 0 ? k - 1 : -k; /* |log2 x| in the binade of this */
  int e = -1;
  for (; beyond > 0; beyond >>= 1)
    e++;
  /* Below log2 x = 0 and 1 the places are finer than n = 1. */
  return e >= 0 && n <= reach[e] ? k : k - 1;
}

/* ggml_e8m0_to_fp32_half: 2^(e - 128), subnormal for 0 and 1; 255 is no NaN
 * but the power that follows. */
static float half_power(uint8_t e)
{
  uint32_t bits = e < 2 ? UINT32_C(0x00200000) << e : (uint32_t)(e - 1) << 23;
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

/* quantize_row_mxfp4_ref: the exponent of amax less that of 4, OCP's floor
 * rule, but without its limits: the byte wraps (see packed.h). */
static uint8_t shared_exponent(const float *x)
{
  float amax = fabsf(ulp_ggml_extreme(x, 32));
  if (amax == 0 || isinf(amax)) return 0;
  return (uint8_t)(floor_log2f(amax) - 2 + 127);
}

void ulp_ggml_mxfp4_encode(uint8_t *block, const float *x)
{
  block[0] = shared_exponent(x);
  encode_group(block + 1, x, 32, half_power(block[0]));
}

void ulp_ggml_mxfp4_decode(float *x, const uint8_t *block)
{
  decode_group(x, block + 1, 32, half_power(block[0]));
}

/* ---- nvfp4 -----------------------------------------------------------------
 */

/* ggml_fp32_to_ue4m3: ties up, not to even; below 2^-6 in steps of 2^-9, 7 at
 * most; from 248 on 448, since the top binade is one code. */
static uint8_t ue4m3_code(float x)
{
  uint32_t bits;
  if (!(x > 0)) return 0;
  if (x < 0x1p-6f) {
    int steps = (int)(x * 0x1p9f + 0.5f);
    return (uint8_t)(steps < 7 ? steps : 7);
  }
  if (x >= 248) return 0x7e;
  memcpy(&bits, &x, sizeof bits);
  /* Exponent and three bits, rounded by the fourth; exponent 121 is code 1. */
  return (uint8_t)(((bits >> 19) + 1) / 2 - (120 << 3));
}

/* ggml_ue4m3_to_fp32: half the value; 0x7F is zero, and the sign bit is
 * passed over (0xFF is 240, half of 480). */
static float half_ue4m3(uint8_t code)
{
  int exponent = code >> 3 & 15, man = code & 7;
  if (code == 0x7f) return 0;
  return exponent == 0 ? ldexpf((float)man, -10)
                       : ldexpf((float)(8 + man), exponent - 11);
}

/* quantize_row_nvfp4_ref */
void ulp_ggml_nvfp4_encode(uint8_t *block, const float *x)
{
  for (int s = 0; s < 4; s++) {
    float amax = fabsf(ulp_ggml_extreme(x + 16 * s, 16));
    block[s] = ue4m3_code(amax / 6);
    encode_group(block + 4 + 8 * s, x + 16 * s, 16, half_ue4m3(block[s]));
  }
}

void ulp_ggml_nvfp4_decode(float *x, const uint8_t *block)
{
  for (int s = 0; s < 4; s++)
    decode_group(x + 16 * s, block + 4 + 8 * s, 16, half_ue4m3(block[s]));
}
