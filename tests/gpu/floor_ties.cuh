/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * floor_ties.cuh: operands of the family that shows the floor on the
 * exponent at which the terms of a sum are aligned and cut.
 */
#ifndef ULPLAB_GPU_FLOOR_TIES_CUH
#define ULPLAB_GPU_FLOOR_TIES_CUH

#include "inputs.cuh"
#include "random.cuh"

/* Two products of a row are nonzero.  One lies where rounding turns: an odd
 * multiple of 2^-25, half of f16's least number, which is a tie; or, where D
 * is f32 and is truncated, a multiple of its least number 2^-149.  The other
 * is so small that it turns the result only if the floor on the exponent,
 * which decides where terms are cut, lets it through: floor e keeps 2^(e-25)
 * (e5m2 in wgmma: 2^(e-13)).  Products of e5m2 are multiples of 2^-32, so
 * floors of -19 and below are one and the same for it; only higher ones
 * show. */
struct FloorTies {
  int k, tiny_k;    /* where the two are */
  int unit;         /* exponent of the first */
  int share;        /* of it, A's exponent */
  int tiny_share;   /* of the greatest tiny product, A's exponent */
  int tiny;         /* that product's exponent */
  int ones;         /* not 0: 2^ones - 1 units of the tiny product instead */
};

__device__ inline FloorTies floor_ties(const Draw &w, uint64_t tile)
{
  Random r(w.seed, STREAM_TILE, tile);
  FloorTies f = {};
  /* In a sparse row, both in groups of their own. */
  const int group = w.stored == w.k ? 1 : w.a == T_tf32 ? 2 : 4;
  f.k = r.below(w.k);
  f.tiny_k = (f.k + group * r.between(1, w.k / group - 1)) % w.k;
  if (w.d == T_f16) {
    const bool narrow = w.a == T_e5m2;
    f.unit = -25, f.share = -r.between(11, 14);
    f.tiny = narrow ? -26 : -42, f.tiny_share = f.tiny / 2;
    return f;
  }
  f.unit = -149, f.share = -r.between(70, 79);
  f.tiny = -155, f.tiny_share = -r.between(74, 80);
  if (r.chance(2)) { /* the sum of the two is 2^-149, or just below it */
    f.ones = r.between(7, 12);
    f.tiny = -149 - f.ones;
  }
  return f;
}

/* 2^ones - 1, in factors that 8 bits hold. */
__device__ inline int ones_factor(int ones, bool of_b)
{
  static constexpr uint8_t factors[6][2] = {{127, 1}, {15, 17}, {7, 73},
                                            {31, 33}, {23, 89}, {63, 65}};
  return factors[ones - 7][of_b];
}

__device__ inline double floor_ties_value(const FloorTies &f, bool is_b, Random &r,
                                   int row, int k)
{
  if (k == f.k && f.ones)
    return ldexp((double)ones_factor(f.ones, is_b),
                 is_b ? f.tiny - f.share : f.share);
  if (k == f.k)
    return is_b ? ldexp(1.0, f.unit - f.share)
                : ldexp(2.0 * r.below(4) + 1.0, f.share);
  if (k != f.tiny_k)
    return 0.0;
  const int e = is_b ? f.tiny - f.tiny_share : f.tiny_share;
  return f.ones ? ldexp(1.0, e) : r.sign() * ldexp(1.0, e - r.below(4));
}

/* The sign of a whole row, so that sums of either sign are met. */
__device__ inline uint64_t floor_ties_code(const Draw &w, bool is_b, uint64_t tile,
                                    int row, int k)
{
  Random r(w.seed, is_b ? STREAM_B : STREAM_A, tile, row, k + 4096);
  Random of_row(w.seed, is_b ? STREAM_B : STREAM_A, tile, row);
  const FloorTies f = floor_ties(w, tile);
  const double x = floor_ties_value(f, is_b, r, row, k);
  return encode(is_b ? w.b : w.a, of_row.sign() * x);
}

#endif
