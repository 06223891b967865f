/* SPDX-License-Identifier: MIT
 *
 * What the files of formats/ share and nobody else needs.
 */
#ifndef ULPLAB_FORMATS_INTERNAL_H
#define ULPLAB_FORMATS_INTERNAL_H

#include "formats.h"

/* Values of the codebook formats (codebook_tables.c). */
extern const float ulp_book_nf4[16];
extern const float ulp_book_bnb_fp4[16];
extern const uint8_t ulp_book_bnb_fp4_order[16];
extern const float ulp_book_dynamic8[256];
extern const float ulp_book_dynamic8u[256];

/* The low n bits, n = 0..64. */
static inline uint64_t ulp_mask(unsigned n)
{
  return n >= 64 ? UINT64_MAX : (UINT64_C(1) << n) - 1;
}

static inline uint64_t ulp_sign_bit(const ulp_format *f)
{
  return f->is_signed ? UINT64_C(1) << (f->bits - 1) : 0;
}

/* Bits of an integer's or a float's magnitude. */
static inline unsigned ulp_magnitude_bits(const ulp_format *f)
{
  return f->bits - (unsigned)f->is_signed;
}

/* Exponent of the last place of a float's subnormals; for an integer, of 1. */
static inline int32_t ulp_least_exponent(const ulp_format *f)
{
  if (f->kind == ULP_INTEGER)
    return -f->bias;
  if (f->zero == ULP_ZERO_NONE)
    return -f->bias - f->man_bits;
  return 1 - f->bias - f->man_bits;
}

/* The index of the highest set bit; x is not 0. */
static inline int ulp_top_bit(uint64_t x) { return 63 - __builtin_clzll(x); }

/* The fraction v, 0 <= v < 1, of the last place kept that rounding drops:
 * numerator / 2^drop when denominator is 0, else numerator / denominator. */
typedef struct {
  uint64_t numerator;
  uint64_t denominator;
  int64_t drop;
  bool sticky; /* a little more than that */
} ulp_fraction;

/* Whether element `index`, v > 0, stochastically rounds up (stochastic.c).
 * word0: the element's first random word, or NULL to have it computed. */
bool ulp_fraction_up(const ulp_fraction *v, const ulp_rounding *r,
                     uint64_t index, const uint32_t *word0);

/* The code of the finite x in a codebook format (codebook.c). */
uint64_t ulp_codebook_round(const ulp_format *f, const ulp_exact *x,
                            const ulp_rounding *r, uint64_t index,
                            const uint32_t *word0);

/* ulp_round_pack with the element's first random word at hand. */
uint64_t ulp_round_pack_word(const ulp_format *f, const ulp_exact *x,
                             const ulp_rounding *r, uint64_t index,
                             const uint32_t *word0);

/* Levenshtein distance of two words, case ignored (nearest.c). */
size_t ulp_word_distance(const char *a, const char *b);

/* The profile that a rounding names; ocp when it names none. */
const ulp_profile *ulp_rounding_profile(const ulp_rounding *r);

#endif
