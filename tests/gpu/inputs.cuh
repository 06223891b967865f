/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * inputs.cuh: the families of designed inputs.
 *
 * A family is a row: how A and B are drawn, how C is, which element types
 * it suits.  Every element is a function of (seed, operand, tile, row, k),
 * so the same seed gives the same bytes however the work is divided.
 */
#ifndef ULPLAB_GPU_INPUTS_CUH
#define ULPLAB_GPU_INPUTS_CUH

#include "instructions.cuh"
#include "mix.h"

enum OperandMode {
  AB_GAUSS,    /* normal, rounded to the type; integers: small ones */
  AB_WIDE,     /* exponents over a range drawn per tile */
  AB_FINITE,   /* any finite code alike */
  AB_BITS,     /* any bit pattern */
  AB_SPECIALS, /* normal with a few NaN, Inf, extremes, subnormals */
  AB_SUBNORMAL,
  AB_CANCEL,   /* pairs of products that cancel, or all but the last bits */
  AB_FLOOR,    /* products of the smallest exponents */
  AB_EXTREME,  /* all equal, all greatest */
  AB_ZEROS,    /* +0 and -0, a few numbers */
  AB_SPARSE,   /* one or two nonzero products in a row */
  AB_TIES,     /* few-bit significands, so that sums fall on ties */
  AB_PAIRS,    /* every pair of 8-bit codes, one k nonzero */
  AB_FLOOR_TIES, /* a tie, and a product that only a low floor keeps */
  AB_MIX       /* normal, wide or any finite, by tile */
};

enum AccumulatorMode {
  C_ORDINARY,  /* near the products' exponents */
  C_ZERO,
  C_BITS,
  C_SPECIALS,
  C_SUBNORMAL,
  C_SMALL,     /* zero, or far below the products */
  C_CANCEL,    /* minus the dot product, to the last bits */
  C_FAR,       /* 2^8 to 2^31 above or below the products */
  C_EXTREME,
  C_ZEROS,     /* +0 and -0 */
  C_TIES,
  C_NEGATIVE_ZERO /* +0 or -0 by tile */
};

enum { FOR_REAL = 1, FOR_INTEGER = 2, FOR_8BIT = 4, FOR_NO_C = 8 };

struct Family {
  const char *name;
  OperandMode operands;
  AccumulatorMode accumulator;
  unsigned suits; /* FOR_NO_C: also run with scale-d = 0 */
};

extern const Family families[];
extern const int family_count;

bool family_suits(const Family &family, const Instruction &in);

/* The most tiles a family has anything new to show in; 0: no limit. */
long family_limit(const Family &family, const Instruction &in);

struct Draw {
  uint64_t seed;
  OperandMode operands;
  AccumulatorMode accumulator;
  Type a, b, c, d;
  int m, n, k;
  int stored;      /* k of A as stored; less than k: sparse */
  bool negated;    /* the instruction negates one operand */
  long first_tile; /* of the family, for records that continue others */
};

struct Arrays {
  uint8_t *a, *b, *index, *c, *d;
};

Draw make_draw(const Instruction &in, const Family &family, bool scale_d,
               uint64_t seed);

/* Fills A, B, index and C on the device. */
void draw_inputs(const Draw &draw, const Arrays &to, uint32_t tiles);

#endif
