/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * instructions.cuh: one matrix instruction as a row of a table.
 *
 * Each row owns a kernel of its own whose symbol is the row's id, so that
 * the opcode can be read from that kernel's machine code.
 */
#ifndef ULPLAB_GPU_INSTRUCTIONS_CUH
#define ULPLAB_GPU_INSTRUCTIONS_CUH

#include "types.cuh"

struct KernelArgs {
  const uint8_t *a;     /* [tiles, m, k], or [tiles, m, k/2] if sparse */
  const uint8_t *b;     /* [tiles, n, k] */
  const uint8_t *index; /* [tiles, m, k/2], sparse only */
  const uint8_t *c;     /* [tiles, m, n] */
  uint8_t *d;           /* [tiles, m, n] */
  uint32_t tiles;
  int layout;           /* which reading of the register or memory layout */
  int scale_d;          /* wgmma: 0 leaves the accumulator out */
};

enum {
  OPT_SATFINITE = 1, OPT_SPARSE = 2, OPT_NEG_A = 4, OPT_NEG_B = 8,
  OPT_A_REGISTERS = 16, OPT_XOR = 32, OPT_WGMMA = 64
};

struct Instruction {
  const char *id;    /* kernel symbol */
  const char *name;  /* as written in the record */
  int m, n, k;
  Type d, a, b, c;
  unsigned options;
  int layouts;       /* how many readings the self-check may try */
  int threads;       /* of one block */
  void (*kernel)(KernelArgs);
};

struct InstructionTable {
  const Instruction *rows;
  int count;
};

extern const InstructionTable mma_sync_table;
extern const InstructionTable mma_f64_table;
extern const InstructionTable mma_quad_table;
extern const InstructionTable mma_sp_table;
extern const InstructionTable wgmma_table;
extern const InstructionTable wgmma_int_table;
extern const InstructionTable wgmma_fp8_table;
extern const InstructionTable wgmma_sp_table;

HD int stored_k(const Instruction &in)
{
  return in.options & OPT_SPARSE ? in.k / 2 : in.k;
}

#endif
