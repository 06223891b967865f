/* SPDX-License-Identifier: MIT
 *
 * Exact sums: a fixed-point accumulator so long that nothing is ever lost
 * (U. Kulisch 2013, Computer Arithmetic and Validity, 2nd ed., ch. 8).
 */
#ifndef ULPLAB_EMU_EXACT_H
#define ULPLAB_EMU_EXACT_H

#include "formats.h"

/* Bits 2^ULP_SUM_LOW .. : two f64 and two f32 multiplied, and 2^64 of them. */
enum { ULP_SUM_WORDS = 84, ULP_SUM_LOW = -64 * 41 };

/* Positive and negative terms apart, so that carries stay short. */
typedef struct {
  uint64_t word[2][ULP_SUM_WORDS];
  bool nan, infinite[2];
} ulp_sum;

void ulp_sum_clear(ulp_sum *s);
/* Adds +-(hi 2^64 + lo) 2^exponent.  The caller keeps inside the range. */
void ulp_sum_add(ulp_sum *s, bool negative, uint64_t hi, uint64_t lo,
                 int32_t exponent);
/* Adds the product of n factors, 1 to 4, by IEEE's rules for NaN and Inf;
 * their significands have at most 128 bits together. */
void ulp_sum_add_product(ulp_sum *s, const ulp_exact *factor, int n);
/* The sum, its low bits in `sticky`; an empty or cancelled sum is +0. */
ulp_exact ulp_sum_value(const ulp_sum *s);

#endif
