/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The inputs of the captured GEMMs, made from integers alone, so that this
 * file and recipes.py give the same bits anywhere.  Element k of row r of a
 * matrix with K columns comes from word r*K + k of (seed, stream).
 *
 * normal    sign, and the binade |x| of a standard normal variate would have
 *           with the frequencies below; the significand is uniform in it
 * positive  the same without sign
 * outlier   normal; in one of 32 columns of A the exponent is 6 higher
 * wide      the exponent field is uniform over a range of the type's own
 * cancel    normal, but at odd k B is the negative of its neighbour, and A its
 *           equal or, half the time, off by one in the last place
 */
#ifndef ULPLAB_GPU_RECIPES_H
#define ULPLAB_GPU_RECIPES_H

#include "mix.h"

#include <string.h>

typedef struct {
  const char *name;
  int exp_bits, man_bits; /* 0, 0: an 8-bit integer */
  int wide_low, wide_span;
} ulp_recipe_type;

typedef enum {
  ULP_FAMILY_NORMAL,
  ULP_FAMILY_POSITIVE,
  ULP_FAMILY_OUTLIER,
  ULP_FAMILY_WIDE,
  ULP_FAMILY_CANCEL
} ulp_family;

enum {
  ULP_STREAM_A = 1,
  ULP_STREAM_B = 2,
  ULP_STREAM_CHANNEL = 3,
  ULP_STREAM_SCALE_A = 4,
  ULP_STREAM_SCALE_B = 5,
  ULP_STREAM_BIAS = 6,
  ULP_STREAM_POSITION = 7
};

static const ulp_recipe_type ulp_recipe_types[] = {
    {"e4m3", 4, 3, 0, 15},  {"e5m2", 5, 2, 0, 31},    {"f16", 5, 10, 0, 22},
    {"bf16", 8, 7, 107, 40}, {"f32", 8, 23, 107, 40}, {"s8", 0, 0, 0, 0},
};

static const char *const ulp_family_names[] = {"normal", "positive", "outlier",
                                               "wide", "cancel"};

static inline const ulp_recipe_type *ulp_recipe_type_find(const char *name)
{
  for (unsigned i = 0; i < 6; i++)
    if (strcmp(ulp_recipe_types[i].name, name) == 0)
      return &ulp_recipe_types[i];
  return NULL;
}

/* Of 2^16 draws, those below the first number lie in [2, 4), those below the
 * second in [1, 2), and so on down to [1/32, 1/16), then [1/64, 1/32):
 * P(|x| >= 2^k) of the normal distribution, the tail taken into [2, 4). */
static inline int ulp_recipe_binade(unsigned draw)
{
  static const unsigned below[] = {2982,  20794, 40435, 52605,
                                   59030, 62287, 63920};
  int k = 1;
  for (unsigned i = 0; i < 7 && draw >= below[i]; i++)
    k--;
  return k;
}

static inline uint64_t ulp_recipe_s8(ulp_family family, int64_t stream,
                                     uint64_t h, int outlier, int odd)
{
  int v = (int)((h & 63) + (h >> 6 & 63) + (h >> 12 & 63) + (h >> 18 & 63)) -
          126;
  switch (family) {
  case ULP_FAMILY_POSITIVE: v = v < 0 ? -v : v; break;
  case ULP_FAMILY_OUTLIER: v = outlier ? v : v / 8; break;
  case ULP_FAMILY_WIDE: return h & 255;
  case ULP_FAMILY_CANCEL:
    v = odd && stream == ULP_STREAM_B ? -v : v;
    break;
  case ULP_FAMILY_NORMAL: break;
  }
  return (uint64_t)v & 255;
}

/* The code of element k of row `row`, of A (stream A) or of B, held [N, K]. */
static inline uint64_t ulp_recipe_code(const ulp_recipe_type *t,
                                       ulp_family family, uint64_t seed,
                                       int64_t stream, uint64_t row,
                                       uint64_t columns, uint64_t k)
{
  int odd = family == ULP_FAMILY_CANCEL && (k & 1);
  uint64_t index = row * columns + k - (uint64_t)odd;
  uint64_t h = ulp_word(seed, (uint64_t)stream, index);
  int outlier = family == ULP_FAMILY_OUTLIER && stream == ULP_STREAM_A &&
                ulp_word(seed, ULP_STREAM_CHANNEL, k) % 32 == 0;
  uint64_t sign = family == ULP_FAMILY_POSITIVE ? 0 : h >> 63;
  unsigned draw = (unsigned)(h >> 32 & 0xffff);
  uint64_t low, field;
  if (t->exp_bits == 0)
    return ulp_recipe_s8(family, stream, h, outlier, odd);
  low = h & ((UINT64_C(1) << t->man_bits) - 1);
  if (family == ULP_FAMILY_WIDE)
    field = (uint64_t)t->wide_low + draw % (unsigned)t->wide_span;
  else
    field = (uint64_t)((1 << (t->exp_bits - 1)) - 1 + ulp_recipe_binade(draw) +
                       6 * outlier);
  if (odd && stream == ULP_STREAM_B)
    sign ^= 1;
  else if (odd)
    low ^= h >> 62 & 1;
  return (sign << t->exp_bits | field) << t->man_bits | low;
}

/* A scale: f32 bits, 2^-3 to 2^4, element `index` of the scales of A or B. */
static inline uint32_t ulp_recipe_scale(uint64_t seed, int64_t stream,
                                        uint64_t index)
{
  uint64_t h = ulp_word(seed, (uint64_t)stream, index);
  return (uint32_t)((124 + (h >> 32 & 0xffff) % 7) << 23 | (h & 0x7fffff));
}

/* With the option "echo" an odd block of 128 of K is the one before it with B
 * negated, under the same scales: what is left in D are the roundings of the
 * promotions, so that a D of 16 bits shows them too.  For types with a sign
 * bit, and scales of blocks, `blocks` of them a row.  In C alone. */
static inline uint64_t ulp_echo_code(const ulp_recipe_type *t,
                                     ulp_family family, uint64_t seed,
                                     int64_t stream, uint64_t row,
                                     uint64_t columns, uint64_t k)
{
  uint64_t odd = k / 128 & 1;
  uint64_t code =
      ulp_recipe_code(t, family, seed, stream, row, columns, k - 128 * odd);
  if (stream == ULP_STREAM_B)
    code ^= odd << (t->exp_bits + t->man_bits);
  return code;
}

static inline uint32_t ulp_echo_scale(uint64_t seed, int64_t stream,
                                      uint64_t index, uint64_t blocks)
{
  return ulp_recipe_scale(seed, stream, index - (index % blocks & 1));
}

/* The j-th sampled position of an output of `count` elements. */
static inline uint64_t ulp_recipe_position(uint64_t seed, uint64_t j,
                                           uint64_t count)
{
  return (ulp_word(seed, ULP_STREAM_POSITION, j) >> 16) % count;
}

#endif
