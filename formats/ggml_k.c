/* SPDX-License-Identifier: MIT
 *
 * ggml's super-blocks of 256 whose groups have a scale and a minimum: q2_k (16
 * groups of 16), q4_k and q5_k (8 groups of 32).
 *
 * x is about d s code - dmin m, with s and m small integers of the group: 4
 * bits each in q2_k, 6 in the others.  Each group is searched for its own
 * scale and minimum, these are rounded to multiples of the greatest, and the
 * codes are then taken anew from what decoding will see.
 */
#include "ggml.h"

#include <math.h>

enum { GROUPS_MOST = 16 };

/* Scales and minima of the groups, as found and as integers. */
typedef struct {
  int groups, size; /* groups * size = 256 */
  float scale[GROUPS_MOST], min[GROUPS_MOST];
  uint8_t s[GROUPS_MOST], m[GROUPS_MOST];
} super;

static float greatest(const float *x, int n)
{
  float max = 0;
  for (int i = 0; i < n; i++)
    if (x[i] > max) max = x[i];
  return max;
}

/* Codes of the group that decodes with scale d and minimum dm; a scale of 0
 * leaves them as the search had them. */
static void codes_again(uint8_t *codes, const float *x, int n, float d,
                        float dm, int nmax)
{
  if (d == 0) return;
  for (int i = 0; i < n; i++) {
    /* Of two NaNs the sum keeps the first; a compiler may swap them. */
    float sum = isnan(x[i]) ? x[i] : x[i] + dm;
    codes[i] = (uint8_t)ggml_clamp(ulp_ggml_nearest(sum / d), 0, nmax);
  }
}

static void all_codes_again(uint8_t *codes, const float *x, const super *q,
                            const uint8_t *d, const uint8_t *dmin, int nmax)
{
  for (int j = 0; j < q->groups; j++)
    codes_again(codes + q->size * j, x + q->size * j, q->size,
                ulp_ggml_get_half(d) * (float)q->s[j],
                ulp_ggml_get_half(dmin) * (float)q->m[j], nmax);
}

static void values(float *x, const uint8_t *codes, const super *q,
                   const uint8_t *d, const uint8_t *dmin)
{
  float scale = ulp_ggml_get_half(d), min = ulp_ggml_get_half(dmin);
  for (int j = 0; j < q->groups; j++) {
    float ds = scale * (float)q->s[j], dm = min * (float)q->m[j];
    for (int i = q->size * j; i < q->size * (j + 1); i++)
      x[i] = ds * (float)codes[i] - dm;
  }
}

/* ---- q2_k: s and m in nibbles (16 bytes), codes (64), d, dmin --------------
 */

static void search_2(super *q, uint8_t *codes, const float *x)
{
  static const ggml_trials trials = {3, -0.5f, 0.1f, 15, true};
  float weights[16];
  for (int j = 0; j < 16; j++) {
    for (int i = 0; i < 16; i++)
      weights[i] = fabsf(x[16 * j + i]);
    q->scale[j] = ulp_ggml_search_affine(codes + 16 * j, &q->min[j], x + 16 * j,
                                         weights, 16, &trials);
  }
}

/* ORs round(15 v / greatest) << shift into the bytes.  An integer beyond 4
 * bits, which only NaN or Inf can give, reaches into the other nibble. */
static void put_fours(uint8_t *bytes, uint8_t *half, const float *v, int shift)
{
  float max = greatest(v, 16);
  ulp_ggml_put_half(half, max > 0 ? max / 15 : 0);
  for (int j = 0; max > 0 && j < 16; j++)
    bytes[j] |= (uint8_t)((unsigned)ulp_ggml_nearest(15 / max * v[j]) << shift);
}

static void get_fours(super *q, const uint8_t *bytes)
{
  q->groups = q->size = 16;
  for (int j = 0; j < 16; j++) {
    q->s[j] = bytes[j] & 15;
    q->m[j] = bytes[j] >> 4;
  }
}

/* quantize_row_q2_K_ref */
void ulp_ggml_q2_k_encode(uint8_t *block, const float *x)
{
  super q;
  uint8_t codes[GGML_SUPER], *d = block + 80, *dmin = block + 82;
  search_2(&q, codes, x);
  for (int j = 0; j < 16; j++)
    block[j] = 0;
  put_fours(block, d, q.scale, 0);
  put_fours(block, dmin, q.min, 4);
  get_fours(&q, block);
  all_codes_again(codes, x, &q, d, dmin, 3);
  ulp_ggml_put_pairs(block + 16, codes, GGML_SUPER);
}

void ulp_ggml_q2_k_decode(float *x, const uint8_t *block)
{
  super q;
  uint8_t codes[GGML_SUPER];
  get_fours(&q, block);
  ulp_ggml_get_pairs(codes, block + 16, GGML_SUPER);
  values(x, codes, &q, block + 80, block + 82);
}

/* ---- q4_k, q5_k: d, dmin, s and m (12 bytes), [fifth bits (32)], nibbles ---
 */

static void search_6(super *q, uint8_t *codes, const float *x,
                     const ggml_trials *trials)
{
  float weights[32];
  for (int j = 0; j < 8; j++) {
    const float *group = x + 32 * j;
    float squares = 0;
    for (int i = 0; i < 32; i++)
      squares += group[i] * group[i];
    for (int i = 0; i < 32; i++)
      weights[i] = sqrtf(squares / 32) + fabsf(group[i]);
    q->scale[j] = ulp_ggml_search_affine(codes + 32 * j, &q->min[j], group,
                                         weights, 32, trials);
  }
}

/* round(63 v / greatest), its low byte, at most 63. */
static void round_sixes(uint8_t *out, uint8_t *half, const float *v)
{
  float max = greatest(v, 8), inverse = max > 0 ? 63 / max : 0;
  ulp_ggml_put_half(half, max / 63);
  for (int j = 0; j < 8; j++) {
    uint8_t byte = (uint8_t)ulp_ggml_nearest(inverse * v[j]);
    out[j] = byte < 63 ? byte : 63;
  }
}

/* Bytes 0-3 have s of groups 0-3, bytes 4-7 their m; bytes 8-11 the low
 * nibbles of s and m of groups 4-7, whose high two bits are on top of bytes
 * 0-3 and 4-7 (get_scale_min_k4). */
static void put_sixes(uint8_t *bytes, const super *q)
{
  for (int j = 0; j < 4; j++) {
    bytes[j] = (uint8_t)(q->s[j] | q->s[j + 4] >> 4 << 6);
    bytes[j + 4] = (uint8_t)(q->m[j] | q->m[j + 4] >> 4 << 6);
    bytes[j + 8] = (uint8_t)((q->s[j + 4] & 15) | q->m[j + 4] << 4);
  }
}

static void get_sixes(super *q, const uint8_t *bytes)
{
  q->groups = 8;
  q->size = 32;
  for (int j = 0; j < 4; j++) {
    q->s[j] = bytes[j] & 63;
    q->m[j] = bytes[j + 4] & 63;
    q->s[j + 4] = (uint8_t)((bytes[j + 8] & 15) | bytes[j] >> 6 << 4);
    q->m[j + 4] = (uint8_t)(bytes[j + 8] >> 4 | bytes[j + 4] >> 6 << 4);
  }
}

static void encode_sixes(uint8_t *block, uint8_t *codes, const float *x,
                         const ggml_trials *trials)
{
  super q;
  search_6(&q, codes, x, trials);
  round_sixes(q.s, block, q.scale);
  round_sixes(q.m, block + 2, q.min);
  put_sixes(block + 4, &q);
  get_sixes(&q, block + 4);
  all_codes_again(codes, x, &q, block, block + 2, trials->nmax);
}

/* Nibbles of elements j and j + 32 in each 64. */
static void put_halves(uint8_t *out, const uint8_t *codes)
{
  for (int j = 0; j < GGML_SUPER; j += 64)
    ulp_ggml_put_nibbles(out + j / 2, codes + j, 32);
}

static void get_halves(uint8_t *codes, const uint8_t *in)
{
  for (int j = 0; j < GGML_SUPER; j += 64)
    ulp_ggml_get_nibbles(codes + j, in + j / 2, 32);
}

/* quantize_row_q4_K_ref */
void ulp_ggml_q4_k_encode(uint8_t *block, const float *x)
{
  static const ggml_trials trials = {15, -1, 0.1f, 20, false};
  uint8_t codes[GGML_SUPER];
  encode_sixes(block, codes, x, &trials);
  put_halves(block + 16, codes);
}

void ulp_ggml_q4_k_decode(float *x, const uint8_t *block)
{
  super q;
  uint8_t codes[GGML_SUPER];
  get_sixes(&q, block + 4);
  get_halves(codes, block + 16);
  values(x, codes, &q, block, block + 2);
}

/* quantize_row_q5_K_ref */
void ulp_ggml_q5_k_encode(uint8_t *block, const float *x)
{
  static const ggml_trials trials = {31, -0.5f, 0.1f, 15, false};
  uint8_t codes[GGML_SUPER];
  encode_sixes(block, codes, x, &trials);
  ulp_ggml_put_plane(block + 16, codes, 4);
  put_halves(block + 48, codes);
}

void ulp_ggml_q5_k_decode(float *x, const uint8_t *block)
{
  super q;
  uint8_t codes[GGML_SUPER];
  get_sixes(&q, block + 4);
  get_halves(codes, block + 48);
  ulp_ggml_or_plane(codes, block + 16, 4);
  values(x, codes, &q, block, block + 2);
}
