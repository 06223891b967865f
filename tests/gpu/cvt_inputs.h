/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which inputs a conversion is run on.  Shared by cvt.cu and replay_cvt.c.
 *
 * Sources of up to 32 bits are run on every bit pattern, in order.  Those of
 * 64 bits are run on 2^24 of them: ordinary, and around the midpoints and the
 * values of every format of up to 25 significant bits.
 */
#ifndef ULPLAB_GPU_CVT_INPUTS_H
#define ULPLAB_GPU_CVT_INPUTS_H

#include "mix.h"

#define CVT_F64_LOG2 24

/* log2 of the inputs behind one digest, for a domain of 2^log2 inputs. */
ULP_HD unsigned ulp_cvt_block_log2(unsigned log2_inputs)
{
  return log2_inputs == 32 ? 20 : log2_inputs == 24 ? 16 : 8;
}

/* The i-th f64: bits of h say the sign, the binade (of the ranges of e4m3,
 * e5m2, f16, bf16 and f32, any), how many upper bits of the significand are
 * kept, and whether the last place then moves by -1, 0 or +1.  Keeping p + 1
 * bits gives the midpoints of a p-bit format; one in eight words is taken
 * whole, NaN and Inf with it. */
ULP_HD uint64_t ulp_cvt_f64(uint64_t i)
{
  uint64_t h = ulp_word(UINT64_C(0xc47), 0, i);
  uint64_t g = ulp_word(UINT64_C(0xc47), 1, i);
  int64_t low, span;
  uint64_t kept, field, bits;
  switch (h & 7) {
  case 0: return g;
  case 1: low = -13; span = 24; break;  /* e4m3 */
  case 2: low = -20; span = 38; break;  /* e5m2 */
  case 3:
  case 4: low = -28; span = 46; break;  /* f16 */
  case 5: low = -152; span = 34; break; /* f32 and bf16: the subnormals */
  case 6: low = 90; span = 40; break;   /* their overflow */
  default: low = -150; span = 280; break;
  }
  field = (h >> 8 & 0xffff) % (uint64_t)span + (uint64_t)(1023 + low);
  kept = (h >> 24 & 0xffff) % 27;
  bits = field << 52 | (g & UINT64_C(0xfffffffffffff) >> kept << (52 - kept) &
                        UINT64_C(0xfffffffffffff));
  bits += (h >> 40 & 3) == 3 ? 0 : (h >> 40 & 3) - 1;
  return bits | h >> 63 << 63;
}

/* The j-th of 2^16 inputs that are dumped whole: of 32-bit sources each upper
 * half once, with a lower half that is 0, the middle, its neighbours, or
 * anything. */
ULP_HD uint64_t ulp_cvt_sample(unsigned log2_inputs, uint64_t j)
{
  uint64_t h = ulp_word(UINT64_C(0xc47), 2, j);
  uint64_t low = h >> 16 & 0xffff;
  if (log2_inputs != 32)
    return j << (log2_inputs > 16 ? log2_inputs - 16 : 0);
  switch (h & 3) {
  case 0: low = 0; break;
  case 1: low = 0x8000; break;
  case 2: low = 0x7fff + (low & 2); break;
  default: break;
  }
  return j << 16 | low;
}

#endif
