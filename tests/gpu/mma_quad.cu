/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * mma_quad.cu: mma.sync m8n8k4 on f16, Volta's shape, in which each of the
 * four quad pairs of a warp (lanes 4q..4q+3 and 16+4q..16+4q+3) multiplies a
 * tile of its own.  Here all four take the same tile and pair 0 stores it.
 * Hopper has no such opcode: ptxas emits scalar code instead.
 */
#include "instructions.cuh"

struct Place {
  int line;  /* the row of A and the column of B that the lane holds */
  int upper; /* 4 for lanes 16 to 31 */
};

__device__ inline Place place()
{
  const int lane = threadIdx.x % 32, upper = lane / 16 * 4;
  return {lane % 4 + upper, upper};
}

/* Row and column of element i of the f32 accumulator (PTX ISA, "Matrix
 * fragments for mma.m8n8k4 with .f16 floating point type"). */
__device__ inline int f32_offset(int i)
{
  const int lane = threadIdx.x % 32;
  const int row = (lane & 1) + (i & 2) + place().upper;
  const int column = (i & 4) + (lane & 2) + (i & 1);
  return row * 8 + column;
}

__device__ inline bool first_pair() { return threadIdx.x % 16 < 4; }

#define OPERANDS                                                             \
  const uint32_t warps = gridDim.x * blockDim.x / 32;                        \
  uint32_t tile = (blockIdx.x * blockDim.x + threadIdx.x) / 32;              \
  const int line = place().line;                                             \
  for (; tile < args.tiles; tile += warps) {                                 \
    const uint32_t *a = (const uint32_t *)args.a + (size_t)tile * 16;        \
    const uint32_t *b = (const uint32_t *)args.b + (size_t)tile * 16;        \
    const uint32_t a0 = a[2 * line], a1 = a[2 * line + 1];                   \
    const uint32_t b0 = b[2 * line], b1 = b[2 * line + 1];

extern "C" __global__ void mma_m8n8k4_f32_f16_f16_f32(KernelArgs args)
{
  OPERANDS
    const uint32_t *pc = (const uint32_t *)args.c + (size_t)tile * 64;
    uint32_t *pd = (uint32_t *)args.d + (size_t)tile * 64;
    uint32_t d[8];
    for (int i = 0; i < 8; i++)
      d[i] = pc[f32_offset(i)];
    asm volatile("mma.sync.aligned.m8n8k4.row.col.f32.f16.f16.f32"
                 " {%0,%1,%2,%3,%4,%5,%6,%7}, {%8,%9}, {%10,%11},"
                 " {%0,%1,%2,%3,%4,%5,%6,%7};"
                 : "+r"(d[0]), "+r"(d[1]), "+r"(d[2]), "+r"(d[3]),
                   "+r"(d[4]), "+r"(d[5]), "+r"(d[6]), "+r"(d[7])
                 : "r"(a0), "r"(a1), "r"(b0), "r"(b1));
    for (int i = 0; i < 8 && first_pair(); i++)
      pd[f32_offset(i)] = d[i];
  }
}

extern "C" __global__ void mma_m8n8k4_f16_f16_f16_f16(KernelArgs args)
{
  OPERANDS
    /* The f16 accumulator: a row to a lane, eight columns. */
    const uint32_t *pc = (const uint32_t *)args.c + (size_t)tile * 32;
    uint32_t *pd = (uint32_t *)args.d + (size_t)tile * 32;
    uint32_t d[4];
    for (int i = 0; i < 4; i++)
      d[i] = pc[line * 4 + i];
    asm volatile("mma.sync.aligned.m8n8k4.row.col.f16.f16.f16.f16"
                 " {%0,%1,%2,%3}, {%4,%5}, {%6,%7}, {%0,%1,%2,%3};"
                 : "+r"(d[0]), "+r"(d[1]), "+r"(d[2]), "+r"(d[3])
                 : "r"(a0), "r"(a1), "r"(b0), "r"(b1));
    for (int i = 0; i < 4 && first_pair(); i++)
      pd[line * 4 + i] = d[i];
  }
}

static const Instruction rows[] = {
    {"mma_m8n8k4_f32_f16_f16_f32", "mma.m8n8k4.f32.f16.f16.f32", 8, 8, 4,
     T_f32, T_f16, T_f16, T_f32, 0, 1, 256, mma_m8n8k4_f32_f16_f16_f32},
    {"mma_m8n8k4_f16_f16_f16_f16", "mma.m8n8k4.f16.f16.f16.f16", 8, 8, 4,
     T_f16, T_f16, T_f16, T_f16, 0, 1, 256, mma_m8n8k4_f16_f16_f16_f16},
};
const InstructionTable mma_quad_table = {rows, sizeof rows / sizeof rows[0]};
