/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the names in cvt_table.h mean to both programs: widths, domains.
 */
#ifndef ULPLAB_GPU_CVT_ROW_H
#define ULPLAB_GPU_CVT_ROW_H

#include "cvt_inputs.h"

/* Bits of a source's code. */
enum {
  CVT_SRC_f64 = 64, CVT_SRC_f32 = 32, CVT_SRC_s32 = 32, CVT_SRC_u32 = 32,
  CVT_SRC_f16 = 16, CVT_SRC_bf16 = 16, CVT_SRC_s8 = 8, CVT_SRC_u8 = 8,
  CVT_SRC_e4m3 = 8, CVT_SRC_e5m2 = 8, CVT_SRC_e8m0 = 8, CVT_SRC_e3m2 = 6,
  CVT_SRC_e2m3 = 6, CVT_SRC_e2m1 = 4
};

/* Bits of a result in its register, one lane. */
enum {
  CVT_DST_f64 = 64, CVT_DST_f32 = 32, CVT_DST_tf32 = 32, CVT_DST_s32 = 32,
  CVT_DST_u32 = 32, CVT_DST_f16 = 16, CVT_DST_bf16 = 16, CVT_DST_s16 = 16,
  CVT_DST_u16 = 16, CVT_DST_s8 = 8, CVT_DST_u8 = 8, CVT_DST_e4m3 = 8,
  CVT_DST_e5m2 = 8, CVT_DST_e8m0 = 8, CVT_DST_e3m2 = 8, CVT_DST_e2m3 = 8,
  CVT_DST_e2m1 = 4
};

/* Whether an input is a pair of codes, and not one number of a pair. */
ULP_HD int ulp_cvt_packed(int src_bits, int lanes)
{
  return lanes == 2 && src_bits <= 8;
}

ULP_HD unsigned ulp_cvt_log2(int src_bits, int lanes)
{
  if (src_bits == 64)
    return CVT_F64_LOG2;
  return (unsigned)(ulp_cvt_packed(src_bits, lanes) ? 2 * src_bits : src_bits);
}

/* The bits of input i; of a packed pair, as the register holds them: fp6
 * codes lie in a byte each, fp4 codes in a nibble. */
ULP_HD uint64_t ulp_cvt_input(int src_bits, int lanes, uint64_t i)
{
  if (src_bits == 64)
    return ulp_cvt_f64(i);
  if (lanes == 2 && src_bits == 6)
    return (i & 63) | (i >> 6 & 63) << 8;
  return i;
}

/* Bytes of one dumped output. */
ULP_HD unsigned ulp_cvt_bytes(int dst_bits, int lanes)
{
  int bits = dst_bits * lanes;
  return bits > 32 ? 8 : bits > 16 ? 4 : bits > 8 ? 2 : 1;
}

/* The log2 of the inputs behind one digest and of the outputs dumped. */
ULP_HD unsigned ulp_cvt_block(unsigned log2_inputs)
{
  unsigned log2 = ulp_cvt_block_log2(log2_inputs);
  return log2 < log2_inputs ? log2 : log2_inputs;
}

ULP_HD unsigned ulp_cvt_samples(unsigned log2_inputs)
{
  return log2_inputs < 16 ? log2_inputs : 16;
}

#endif
