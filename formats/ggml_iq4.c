/* SPDX-License-Identifier: MIT
 *
 * ggml's 4-bit blocks with uneven values: iq4_nl (32 elements, d) and iq4_xs
 * (256 elements, d, eight 6-bit scales).
 */
#include "ggml.h"

#include <math.h>
#include <string.h>

/* kvalues_iq4nl, of ggml-common.h */
static const int8_t book[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                1,    13,   25,  38,  53,  69,  89,  113};

/* best_index_int8: by bisection, so that NaN ends at 15; ties go up. */
static uint8_t nearest_code(float x)
{
  uint8_t below = 0, above = 15;
  if (x <= book[0]) return 0;
  if (x >= book[15]) return 15;
  while (above - below > 1) {
    uint8_t middle = (uint8_t)((below + above) / 2);
    if (x < book[middle])
      above = middle;
    else
      below = middle;
  }
  return x - book[above - 1] < book[above] - x ? (uint8_t)(above - 1) : above;
}

/* Sums over a group of w x v and w v v, v the values of the codes. */
typedef struct {
  float xv, vv;
} projection;

static projection project_group(const float *x, float inverse)
{
  projection p = {0, 0};
  for (int j = 0; j < 32; j++) {
    float v = book[nearest_code(inverse * x[j])], w = x[j] * x[j];
    p.xv += w * v * x[j];
    p.vv += w * v * v;
  }
  return p;
}

/* quantize_row_iq4_nl_impl without weights: the scale of 32 elements.  The
 * extreme goes to one end of the book, book[0] or with tries -book[0]; then
 * to book[0] - tries .. book[0] + tries. */
static float search_scale(const float *x, int tries)
{
  float extreme = ulp_ggml_extreme(x, 32);
  if (fabsf(extreme) < GGML_GROUP_EPSILON) return 0;
  float first = (tries > 0 ? -extreme : extreme) / book[0];
  projection p = project_group(x, 1 / first);
  float scale = p.vv > 0 ? p.xv / p.vv : 0;
  float best = scale * p.xv;
  for (int i = -tries; i <= tries; i++) {
    p = project_group(x, (float)(i + book[0]) / extreme);
    if (p.vv > 0 && p.xv * p.xv > best * p.vv) {
      scale = p.xv / p.vv;
      best = scale * p.xv;
    }
  }
  return scale;
}

static void decode_group(float *x, const uint8_t *in, float d)
{
  uint8_t codes[32];
  ulp_ggml_get_nibbles(codes, in, 16);
  for (int j = 0; j < 32; j++)
    x[j] = d * (float)book[codes[j]];
}

/* ---- iq4_nl: d, nibbles -----------------------------------------------------
 */

/* quantize_row_iq4_nl_ref: no tries, and the codes stay those of the first
 * scale, the extreme at book[0]. */
void ulp_ggml_iq4_nl_encode(uint8_t *block, const float *x)
{
  uint8_t codes[32] = {0};
  float extreme = ulp_ggml_extreme(x, 32);
  float inverse = 1 / (extreme / book[0]);
  if (!(fabsf(extreme) < GGML_GROUP_EPSILON))
    for (int j = 0; j < 32; j++)
      codes[j] = nearest_code(inverse * x[j]);
  ulp_ggml_put_half(block, search_scale(x, -1));
  ulp_ggml_put_nibbles(block + 2, codes, 16);
}

void ulp_ggml_iq4_nl_decode(float *x, const uint8_t *block)
{
  decode_group(x, block + 2, ulp_ggml_get_half(block));
}

/* ---- iq4_xs: d, high pairs of the scales (2), low nibbles (4), nibbles ------
 */

static void encode_group(uint8_t *out, const float *x, float d)
{
  uint8_t codes[32];
  float inverse = ggml_reciprocal(d);
  for (int j = 0; j < 32; j++)
    codes[j] = nearest_code(inverse * x[j]);
  ulp_ggml_put_nibbles(out, codes, 16);
}

/* quantize_row_iq4_xs_ref; the codes are taken with the scale that float16 has
 * not yet rounded. */
void ulp_ggml_iq4_xs_encode(uint8_t *block, const float *x)
{
  float scale[8];
  for (int g = 0; g < 8; g++)
    scale[g] = search_scale(x + 32 * g, 7);
  float d = -ulp_ggml_extreme(scale, 8) / 32, inverse = ggml_reciprocal(d);
  memset(block, 0, 8);
  ulp_ggml_put_half(block, d);
  for (int g = 0; g < 8; g++) {
    int s = ggml_clamp(ulp_ggml_nearest(inverse * scale[g]), -32, 31);
    encode_group(block + 8 + 16 * g, x + 32 * g, d * (float)s);
    block[2 + g / 4] |= (uint8_t)((s + 32) >> 4 << g % 4 * 2);
    block[4 + g / 2] |= (uint8_t)(((s + 32) & 15) << g % 2 * 4);
  }
}

void ulp_ggml_iq4_xs_decode(float *x, const uint8_t *block)
{
  float d = ulp_ggml_get_half(block);
  for (int g = 0; g < 8; g++) {
    int high = block[2 + g / 4] >> g % 4 * 2 & 3;
    int low = block[4 + g / 2] >> g % 2 * 4 & 15;
    decode_group(x + 32 * g, block + 8 + 16 * g,
                 d * (float)((low | high << 4) - 32));
  }
}
