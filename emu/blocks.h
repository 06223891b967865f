/* SPDX-License-Identifier: MIT
 *
 * What the reference (dot.c) and the fast path (tile.c) share: the order of
 * blocks, truncation, and what an accumulator's result becomes.
 */
#ifndef ULPLAB_EMU_BLOCKS_H
#define ULPLAB_EMU_BLOCKS_H

#include "emu.h"

/* The k of the i-th product in block order. */
static inline int ulp_block_k(const ulp_mma_record *r, int i)
{
  if (r->order == ULP_BLOCKS_ASCENDING)
    return i;
  int half = (r->sparse ? r->k / 2 : r->k) / 2, j = i % half;
  return 4 * (j / 2) + j % 2 + (i >= half ? 2 : 0);
}

/* A magnitude in units 2^drop times as large, cut toward zero. */
static inline uint64_t ulp_cut(uint64_t magnitude, int32_t drop)
{
  if (magnitude == 0 || drop >= 64)
    return 0;
  return drop < 0 ? magnitude << -drop : magnitude >> drop;
}

/* The exponent of the last significand bit of a format's least numbers. */
static inline int32_t ulp_least_exponent(const ulp_format *f)
{
  return 1 - f->bias - f->man_bits;
}

/* A code moved to another format, in RNE, Inf beyond its range; exact
 * wherever a record asks for it. */
uint64_t ulp_convert_operand(const ulp_format *to, const ulp_format *from,
                             uint64_t code);

/* Results of a block, in the accumulator's format. */
uint64_t ulp_acc_nan(const ulp_format *acc);
uint64_t ulp_acc_inf(const ulp_format *acc, bool negative);
uint64_t ulp_acc_round(const ulp_mma *m, int64_t sum, int32_t unit);

/* The accumulator's code as D holds it: fp22 travels in an f32. */
uint64_t ulp_acc_to_d(const ulp_mma *m, uint64_t acc);

/* IEEE addition in RNE, of two values of acc's format, to f32 or f16. */
double ulp_add_rounded(const ulp_format *acc, double x, double y);

#endif
