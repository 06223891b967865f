/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * mma_sp.cu: mma.sp, A sparse with 2 of 4 elements stored (tf32: 1 of 2).
 *
 * Rows are as in mma_sync.cu.  s4 and u4, whose pattern is in pairs, are
 * left out: ptxas emulates them with the s8 instruction.
 */
#include "mma_sync.cuh"

#define F16(X, K, NA, NB)                                                    \
  X(, 16, 8, K, f32, f16, f16, f32, NA, NB, 4, "", 0)                        \
  X(, 16, 8, K, f16, f16, f16, f16, NA, NB, 2, "", 0)                        \
  X(, 16, 8, K, f32, bf16, bf16, f32, NA, NB, 4, "", 0)

#define PAIRING(X, K, A, B, NA, NB)                                          \
  X(, 16, 8, K, s32, A, B, s32, NA, NB, 4, "", 0)                            \
  X(_sat, 16, 8, K, s32, A, B, s32, NA, NB, 4, ".satfinite", OPT_SATFINITE)

#define INTEGER(X, K, NA, NB)                                                \
  PAIRING(X, K, s8, s8, NA, NB)                                              \
  PAIRING(X, K, s8, u8, NA, NB)                                              \
  PAIRING(X, K, u8, s8, NA, NB)                                              \
  PAIRING(X, K, u8, u8, NA, NB)

#define TABLE(X)                                                             \
  F16(X, 16, 2, 2)                                                           \
  F16(X, 32, 4, 4)                                                           \
  X(, 16, 8, 8, f32, tf32, tf32, f32, 2, 2, 4, "", 0)                        \
  X(, 16, 8, 16, f32, tf32, tf32, f32, 4, 4, 4, "", 0)                       \
  X(, 16, 8, 64, f32, e4m3, e4m3, f32, 4, 4, 4, "", 0)                       \
  X(, 16, 8, 64, f32, e4m3, e5m2, f32, 4, 4, 4, "", 0)                       \
  X(, 16, 8, 64, f32, e5m2, e4m3, f32, 4, 4, 4, "", 0)                       \
  X(, 16, 8, 64, f32, e5m2, e5m2, f32, 4, 4, 4, "", 0)                       \
  INTEGER(X, 32, 2, 2)                                                       \
  INTEGER(X, 64, 4, 4)

#define ID(S, M, N, K, D, A, B, C)                                           \
  mma_sp_m##M##n##N##k##K##_##D##_##A##_##B##_##C##S

#define KERNEL(S, M, N, K, D, A, B, C, NA, NB, NC, BEFORE, OPTIONS)          \
  KERNEL_(ID(S, M, N, K, D, A, B, C), M, N, K, D, A, B, C, NA, NB, NC, BEFORE)
#define KERNEL_(ID_, ...) KERNEL__(ID_, __VA_ARGS__)
#define KERNEL__(ID_, M, N, K, D, A, B, C, NA, NB, NC, BEFORE)               \
  struct op_##ID_ {                                                          \
    static __device__ void run(uint32_t *d, const uint32_t *a,               \
                               const uint32_t *b, const uint32_t *c,         \
                               uint32_t metadata)                            \
    {                                                                        \
      asm volatile("mma.sp::ordered_metadata.sync.aligned.m" #M "n" #N       \
                   "k" #K ".row.col" BEFORE "." #D "." #A "." #B "." #C      \
                   TEXT_##NA##NB##NC META_##NA##NB##NC ";"                   \
                   : OUT_##NC                                                \
                   : IN_##NA(a), IN_##NB(b), IN_##NC(c), "r"(metadata));     \
    }                                                                        \
  };                                                                         \
  extern "C" __global__ void ID_(KernelArgs args)                            \
  {                                                                          \
    mma_tiles<M, N, K, K / 2, T_##A, T_##C, op_##ID_>(args);                 \
  }

#define ROW(S, M, N, K, D, A, B, C, NA, NB, NC, BEFORE, OPTIONS)             \
  ROW_(ID(S, M, N, K, D, A, B, C), M, N, K, D, A, B, C, OPTIONS)
#define ROW_(ID_, ...) ROW__(ID_, __VA_ARGS__)
#define ROW__(ID_, M, N, K, D, A, B, C, OPTIONS)                             \
  {#ID_, "mma.sp.m" #M "n" #N "k" #K "." #D "." #A "." #B "." #C,            \
   M, N, K, T_##D, T_##A, T_##B, T_##C, OPT_SPARSE | OPTIONS, 6, 256, ID_},

TABLE(KERNEL)

static const Instruction rows[] = {TABLE(ROW)};
const InstructionTable mma_sp_table = {rows, sizeof rows / sizeof rows[0]};
