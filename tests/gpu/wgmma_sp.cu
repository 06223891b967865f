/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * wgmma_sp.cu: wgmma.sp, A sparse with 2 of 4 elements stored (tf32: 1 of
 * 2), in shared memory.
 */
#include "wgmma.cuh"

#define HALF ", 1, 1, 0, 0"
#define REAL ", 1, 1"

#define FP8(X, D, R)                                                         \
  X(SP, , 8, 64, D, e4m3, e4m3, R, "", REAL, 0)                              \
  X(SP, , 8, 64, D, e4m3, e5m2, R, "", REAL, 0)                              \
  X(SP, , 8, 64, D, e5m2, e4m3, R, "", REAL, 0)                              \
  X(SP, , 8, 64, D, e5m2, e5m2, R, "", REAL, 0)

#define TABLE(X)                                                             \
  X(SP, , 8, 32, f32, f16, f16, 4, "", HALF, 0)                              \
  X(SP, , 8, 32, f16, f16, f16, 2, "", HALF, 0)                              \
  X(SP, , 8, 32, f32, bf16, bf16, 4, "", HALF, 0)                            \
  X(SP, , 8, 16, f32, tf32, tf32, 4, "", REAL, 0)                            \
  FP8(X, f32, 4)                                                             \
  FP8(X, f16, 2)                                                             \
  X(SP, , 8, 64, s32, s8, s8, 4, "", "", 0)                                  \
  X(SP, , 8, 64, s32, s8, u8, 4, "", "", 0)                                  \
  X(SP, , 8, 64, s32, u8, s8, 4, "", "", 0)                                  \
  X(SP, , 8, 64, s32, u8, u8, 4, "", "", 0)

TABLE(WG_KERNEL)

static const Instruction rows[] = {TABLE(WG_ROW)};
const InstructionTable wgmma_sp_table = {rows, sizeof rows / sizeof rows[0]};
