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

/* The fraction v = significand * 2^-drop (its part below 1), of which a
 * rounding decides whether the last place kept goes up. */
typedef struct {
  uint64_t significand; /* normalised: bit 63 set, or 0 */
  int64_t drop;         /* bits dropped, >= 1 */
  bool sticky;          /* something more below the significand */
} ulp_fraction;

/* Whether v stochastically rounds up for this element (random.c). */
bool ulp_fraction_up(const ulp_fraction *v, const ulp_rounding *r,
                     uint64_t index);

/* The code of the finite x in a codebook format (codebook.c). */
uint64_t ulp_codebook_round(const ulp_format *f, const ulp_exact *x,
                            const ulp_rounding *r, uint64_t index);

#endif
