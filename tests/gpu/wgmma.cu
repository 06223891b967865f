/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * wgmma.cu: wgmma on f16, bf16 and tf32.
 *
 * n = 8, 64 and 256 with A in shared memory; n = 8 with A in registers and
 * with each operand negated, since n only repeats columns.
 */
#include "wgmma.cuh"

/* 16-bit operands have the transposition flags too. */
#define HALF(X, D, A, R8, R64, R256)                                         \
  X(SS, , 8, 16, D, A, A, R8, "", ", 1, 1, 0, 0", 0)                         \
  X(SS, , 64, 16, D, A, A, R64, "", ", 1, 1, 0, 0", 0)                       \
  X(SS, , 256, 16, D, A, A, R256, "", ", 1, 1, 0, 0", 0)                     \
  X(RS, , 8, 16, D, A, A, R8, "", ", 1, 1, 0", 0)                            \
  X(SS, _nega, 8, 16, D, A, A, R8, "", ", -1, 1, 0, 0", OPT_NEG_A)           \
  X(SS, _negb, 8, 16, D, A, A, R8, "", ", 1, -1, 0, 0", OPT_NEG_B)

#define TF32(X)                                                              \
  X(SS, , 8, 8, f32, tf32, tf32, 4, "", ", 1, 1", 0)                         \
  X(SS, , 64, 8, f32, tf32, tf32, 32, "", ", 1, 1", 0)                       \
  X(SS, , 256, 8, f32, tf32, tf32, 128, "", ", 1, 1", 0)                     \
  X(RS, , 8, 8, f32, tf32, tf32, 4, "", ", 1, 1", 0)                         \
  X(SS, _nega, 8, 8, f32, tf32, tf32, 4, "", ", -1, 1", OPT_NEG_A)           \
  X(SS, _negb, 8, 8, f32, tf32, tf32, 4, "", ", 1, -1", OPT_NEG_B)

#define TABLE(X)                                                             \
  HALF(X, f32, f16, 4, 32, 128)                                              \
  HALF(X, f16, f16, 2, 16, 64)                                               \
  HALF(X, f32, bf16, 4, 32, 128)                                             \
  TF32(X)

TABLE(WG_KERNEL)

static const Instruction rows[] = {TABLE(WG_ROW)};
const InstructionTable wgmma_table = {rows, sizeof rows / sizeof rows[0]};
