/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fragments.cuh: which element lies in which register of which thread.
 *
 * For every mma.sync shape but m8n8k4.f16 the PTX ISA's tables (chapter
 * "Matrix multiply-accumulate operation using mma instruction") reduce to
 * one rule.  With g = lane / 4, t = lane % 4 and e elements of an operand
 * in one register:
 *   A register r: row g + 8 (r mod 2), columns t e + 4 e (r div 2) + 0..e-1
 *   B register r: column g, rows t e + 4 e r + 0..e-1
 *   C, D:         row g + 8 (r mod 2) of 16, columns 2 t and 2 t + 1.
 * The self-check of the program runs every instruction on small integers
 * before anything is recorded, so a mistake here cannot reach a record.
 */
#ifndef ULPLAB_GPU_FRAGMENTS_CUH
#define ULPLAB_GPU_FRAGMENTS_CUH

#include "instructions.cuh"

/* One register of operands: 32 bits of a row whose K is contiguous.  Types
 * narrower than a byte have a byte each in memory and are packed here. */
template <int BITS>
__device__ inline uint32_t pack_operands(const uint8_t *element)
{
  if constexpr (BITS >= 8) {
    return *(const uint32_t *)element;
  } else {
    uint32_t word = 0;
    for (int i = 0; i < 32 / BITS; i++)
      word |= (uint32_t)(element[i] & ((1 << BITS) - 1)) << (i * BITS);
    return word;
  }
}

template <int BITS> struct Pack {
  static constexpr int per_register = 32 / BITS;
  static constexpr int bytes = BITS < 8 ? 1 : BITS / 8;
};

template <int BITS, int COUNT>
__device__ inline void load_a(uint32_t (&reg)[COUNT], const uint8_t *a,
                              int row, int pitch)
{
  constexpr int e = Pack<BITS>::per_register, bytes = Pack<BITS>::bytes;
  const int g = (threadIdx.x % 32) / 4, t = threadIdx.x % 4;
  for (int r = 0; r < COUNT; r++) {
    const int i = row + g + 8 * (r % 2), k = t * e + 4 * e * (r / 2);
    reg[r] = pack_operands<BITS>(a + (i * pitch + k) * bytes);
  }
}

template <int BITS, int COUNT>
__device__ inline void load_b(uint32_t (&reg)[COUNT], const uint8_t *b,
                              int pitch)
{
  constexpr int e = Pack<BITS>::per_register, bytes = Pack<BITS>::bytes;
  const int g = (threadIdx.x % 32) / 4, t = threadIdx.x % 4;
  for (int r = 0; r < COUNT; r++)
    reg[r] = pack_operands<BITS>(b + (g * pitch + t * e + 4 * e * r) * bytes);
}

/* Byte offset of accumulator register r; `bytes` is one element's, 2 or 4.
 * wgmma's accumulator is n/8 such blocks side by side, one after another. */
template <int bytes>
__device__ inline int accumulator_offset(int r, int row, int n)
{
  const int g = (threadIdx.x % 32) / 4, t = threadIdx.x % 4;
  const int element = r * (4 / bytes); /* f16: two to a register */
  const int i = row + g + 8 * (element / 2 % 2);
  const int j = 8 * (element / 4) + 2 * t + element % 2;
  return (i * n + j) * bytes;
}

template <int bytes, int COUNT>
__device__ inline void load_c(uint32_t (&reg)[COUNT], const uint8_t *c,
                              int row, int n)
{
#pragma unroll
  for (int r = 0; r < COUNT; r++)
    reg[r] = *(const uint32_t *)(c + accumulator_offset<bytes>(r, row, n));
}

template <int bytes, int COUNT>
__device__ inline void store_d(uint8_t *d, const uint32_t (&reg)[COUNT],
                               int row, int n)
{
#pragma unroll
  for (int r = 0; r < COUNT; r++)
    *(uint32_t *)(d + accumulator_offset<bytes>(r, row, n)) = reg[r];
}

/* ---- sparsity metadata ------------------------------------------------- */

/* The 16 bits that choose the stored elements of 16 columns (8 for tf32,
 * whose element counts as two): 2-bit positions, ascending. */
template <int BITS>
__device__ inline uint32_t meta16(const uint8_t *row, int chunk)
{
  uint32_t word = 0;
  if constexpr (BITS == 32) {
    for (int i = 0; i < 4; i++)
      word |= (row[chunk * 4 + i] % 2 ? 0xeu : 0x4u) << (4 * i);
  } else {
    for (int i = 0; i < 8; i++)
      word |= (uint32_t)(row[chunk * 8 + i] % 4) << (2 * i);
  }
  return word;
}

/* The metadata word of this thread.  CHUNKS is the 16-bit pieces in a row.
 * Three bits say whose piece it is: two of the thread's number in its group
 * of four, and which half of the word.  Three bits say which piece it is:
 * row g or g + 8, and the two bits of the piece's place in the row.  A layout
 * is one of the six ways to match them; the self-check finds which is right.
 * The first is the one that the H200 showed: for 16-bit types and tf32 a
 * word holds rows g and g + 8, for 8-bit types two pieces of one row. */
template <int BITS, int CHUNKS>
__device__ inline uint32_t metadata(const uint8_t *index, int row, int pitch,
                                    int layout)
{
  /* Digits, least first: the bit that gives row, piece's bit 0, bit 1. */
  static constexpr int matches[6] = {0102, 0120, 0021, 0012, 0210, 0201};
  const int which = BITS == 8 && layout < 2 ? 1 - layout : layout;
  const int match = matches[which], g = threadIdx.x % 32 / 4;
  uint32_t word = 0;
  for (int half = 0; half < 2; half++) {
    const int bits = threadIdx.x % 4 | half << 2;
    const int below = bits >> (match & 7) & 1;
    const int low = bits >> (match >> 3 & 7) & 1;
    const int high = bits >> (match >> 6) & 1;
    const uint8_t *line = index + (row + g + 8 * below) * pitch;
    word |= meta16<BITS>(line, (low | high << 1) % CHUNKS) << 16 * half;
  }
  return word;
}

#endif
