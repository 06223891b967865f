/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * mma_sync.cu: the dense mma.sync instructions of 32-bit registers.
 *
 * A row of TABLE is: suffix of the id, M, N, K, types D A B C, registers of
 * A, B and C, the text before and after the types in the opcode, options.
 */
#include "mma_sync.cuh"

#define F16(X, K, NA, NB)                                                    \
  X(, 16, 8, K, f32, f16, f16, f32, NA, NB, 4, "", "", 0)                    \
  X(, 16, 8, K, f16, f16, f16, f16, NA, NB, 2, "", "", 0)

#define FP8(X, K, NA, NB, D, NC)                                             \
  X(, 16, 8, K, D, e4m3, e4m3, D, NA, NB, NC, "", "", 0)                     \
  X(, 16, 8, K, D, e4m3, e5m2, D, NA, NB, NC, "", "", 0)                     \
  X(, 16, 8, K, D, e5m2, e4m3, D, NA, NB, NC, "", "", 0)                     \
  X(, 16, 8, K, D, e5m2, e5m2, D, NA, NB, NC, "", "", 0)

#define PAIRING(X, K, A, B, NA, NB)                                          \
  X(, 16, 8, K, s32, A, B, s32, NA, NB, 4, "", "", 0)                        \
  X(_sat, 16, 8, K, s32, A, B, s32, NA, NB, 4, ".satfinite", "",             \
    OPT_SATFINITE)

#define INTEGER(X, K, S, U, NA, NB)                                          \
  PAIRING(X, K, S, S, NA, NB)                                                \
  PAIRING(X, K, S, U, NA, NB)                                                \
  PAIRING(X, K, U, S, NA, NB)                                                \
  PAIRING(X, K, U, U, NA, NB)

#define BINARY(X, K, NA, NB)                                                 \
  X(_and, 16, 8, K, s32, b1, b1, s32, NA, NB, 4, "", ".and.popc", 0)         \
  X(_xor, 16, 8, K, s32, b1, b1, s32, NA, NB, 4, "", ".xor.popc", OPT_XOR)

#define TABLE(X)                                                             \
  F16(X, 8, 2, 1)                                                            \
  F16(X, 16, 4, 2)                                                           \
  X(, 16, 8, 8, f32, bf16, bf16, f32, 2, 1, 4, "", "", 0)                    \
  X(, 16, 8, 16, f32, bf16, bf16, f32, 4, 2, 4, "", "", 0)                   \
  X(, 16, 8, 4, f32, tf32, tf32, f32, 2, 1, 4, "", "", 0)                    \
  X(, 16, 8, 8, f32, tf32, tf32, f32, 4, 2, 4, "", "", 0)                    \
  FP8(X, 16, 2, 1, f32, 4)                                                   \
  FP8(X, 16, 2, 1, f16, 2)                                                   \
  FP8(X, 32, 4, 2, f32, 4)                                                   \
  FP8(X, 32, 4, 2, f16, 2)                                                   \
  X(, 8, 8, 16, s32, s8, s8, s32, 1, 1, 2, "", "", 0)                        \
  INTEGER(X, 16, s8, u8, 2, 1)                                               \
  INTEGER(X, 32, s8, u8, 4, 2)                                               \
  X(, 8, 8, 32, s32, s4, s4, s32, 1, 1, 2, "", "", 0)                        \
  INTEGER(X, 32, s4, u4, 2, 1)                                               \
  INTEGER(X, 64, s4, u4, 4, 2)                                               \
  BINARY(X, 128, 2, 1)                                                       \
  BINARY(X, 256, 4, 2)

#define ID(S, M, N, K, D, A, B, C)                                           \
  mma_m##M##n##N##k##K##_##D##_##A##_##B##_##C##S

#define KERNEL(S, M, N, K, D, A, B, C, NA, NB, NC, BEFORE, AFTER, OPTIONS)   \
  KERNEL_(ID(S, M, N, K, D, A, B, C), M, N, K, D, A, B, C, NA, NB, NC,       \
          BEFORE, AFTER)
#define KERNEL_(ID_, ...) KERNEL__(ID_, __VA_ARGS__)
#define KERNEL__(ID_, M, N, K, D, A, B, C, NA, NB, NC, BEFORE, AFTER)        \
  struct op_##ID_ {                                                          \
    static __device__ void run(uint32_t *d, const uint32_t *a,               \
                               const uint32_t *b, const uint32_t *c,         \
                               uint32_t)                                     \
    {                                                                        \
      asm volatile("mma.sync.aligned.m" #M "n" #N "k" #K ".row.col" BEFORE   \
                   "." #D "." #A "." #B "." #C AFTER TEXT_##NA##NB##NC ";"   \
                   : OUT_##NC                                                \
                   : IN_##NA(a), IN_##NB(b), IN_##NC(c));                    \
    }                                                                        \
  };                                                                         \
  extern "C" __global__ void ID_(KernelArgs args)                            \
  {                                                                          \
    mma_tiles<M, N, K, K, T_##A, T_##C, op_##ID_>(args);                     \
  }

#define ROW(S, M, N, K, D, A, B, C, NA, NB, NC, BEFORE, AFTER, OPTIONS)      \
  ROW_(ID(S, M, N, K, D, A, B, C), M, N, K, D, A, B, C, AFTER, OPTIONS)
#define ROW_(ID_, ...) ROW__(ID_, __VA_ARGS__)
#define ROW__(ID_, M, N, K, D, A, B, C, AFTER, OPTIONS)                      \
  {#ID_, "mma.m" #M "n" #N "k" #K "." #D "." #A "." #B "." #C AFTER,         \
   M, N, K, T_##D, T_##A, T_##B, T_##C, OPTIONS, 1, 256, ID_},

TABLE(KERNEL)

static const Instruction rows[] = {TABLE(ROW)};
const InstructionTable mma_sync_table = {rows, sizeof rows / sizeof rows[0]};
