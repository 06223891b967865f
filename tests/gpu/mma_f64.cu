/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * mma_f64.cu: mma.sync on f64.  The register rule of fragments.cuh holds
 * with one element to a 64-bit register.
 */
#include "instructions.cuh"

template <int M, int N, int K, class Op>
__device__ inline void f64_tiles(const KernelArgs &args)
{
  constexpr int na = M * K / 32, nb = N * K / 32, nc = M * N / 32;
  const int g = (threadIdx.x % 32) / 4, t = threadIdx.x % 4;
  const uint32_t warps = gridDim.x * blockDim.x / 32;
  uint32_t tile = (blockIdx.x * blockDim.x + threadIdx.x) / 32;
  for (; tile < args.tiles; tile += warps) {
    uint64_t a[na], b[nb], c[nc], d[nc];
    const uint64_t *pa = (const uint64_t *)args.a + (size_t)tile * (M * K);
    const uint64_t *pb = (const uint64_t *)args.b + (size_t)tile * (N * K);
    const uint64_t *pc = (const uint64_t *)args.c + (size_t)tile * (M * N);
    uint64_t *pd = (uint64_t *)args.d + (size_t)tile * (M * N);
    /* Rows g and g + 8 by turns; with M = 8 there is one register only. */
    for (int r = 0; r < na; r++)
      a[r] = pa[(g + 8 * (r % 2)) * K + t + 4 * (r / 2)];
    for (int r = 0; r < nb; r++)
      b[r] = pb[g * K + t + 4 * r];
    for (int r = 0; r < nc; r++)
      c[r] = pc[(g + 8 * (r / 2)) * N + 2 * t + r % 2];
    Op::run(d, a, b, c);
    for (int r = 0; r < nc; r++)
      pd[(g + 8 * (r / 2)) * N + 2 * t + r % 2] = d[r];
  }
}

#define OUT_2 "=l"(d[0]), "=l"(d[1])
#define OUT_4 OUT_2, "=l"(d[2]), "=l"(d[3])
#define IN_1(x) "l"(x[0])
#define IN_2(x) "l"(x[0]), "l"(x[1])
#define IN_4(x) IN_2(x), "l"(x[2]), "l"(x[3])
#define IN_8(x) IN_4(x), "l"(x[4]), "l"(x[5]), "l"(x[6]), "l"(x[7])

#define TEXT_112 " {%0,%1}, {%2}, {%3}, {%4,%5}"
#define TEXT_214 " {%0,%1,%2,%3}, {%4,%5}, {%6}, {%7,%8,%9,%10}"
#define TEXT_424 " {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%10,%11,%12,%13}"
#define TEXT_844                                                             \
  " {%0,%1,%2,%3}, {%4,%5,%6,%7,%8,%9,%10,%11}, {%12,%13,%14,%15},"          \
  " {%16,%17,%18,%19}"

#define TABLE(X)                                                             \
  X(8, 8, 4, 1, 1, 2)                                                        \
  X(16, 8, 4, 2, 1, 4)                                                       \
  X(16, 8, 8, 4, 2, 4)                                                       \
  X(16, 8, 16, 8, 4, 4)

#define KERNEL(M, N, K, NA, NB, NC)                                          \
  struct op_m##M##n##N##k##K {                                               \
    static __device__ void run(uint64_t *d, const uint64_t *a,               \
                               const uint64_t *b, const uint64_t *c)         \
    {                                                                        \
      asm volatile("mma.sync.aligned.m" #M "n" #N "k" #K                     \
                   ".row.col.f64.f64.f64.f64" TEXT_##NA##NB##NC ";"          \
                   : OUT_##NC                                                \
                   : IN_##NA(a), IN_##NB(b), IN_##NC(c));                    \
    }                                                                        \
  };                                                                         \
  extern "C" __global__ void mma_m##M##n##N##k##K##_f64_f64_f64_f64(         \
      KernelArgs args)                                                       \
  {                                                                          \
    f64_tiles<M, N, K, op_m##M##n##N##k##K>(args);                           \
  }

#define ROW(M, N, K, NA, NB, NC)                                             \
  {"mma_m" #M "n" #N "k" #K "_f64_f64_f64_f64",                              \
   "mma.m" #M "n" #N "k" #K ".f64.f64.f64.f64",                              \
   M, N, K, T_f64, T_f64, T_f64, T_f64, 0, 1, 256,                           \
   mma_m##M##n##N##k##K##_f64_f64_f64_f64},

TABLE(KERNEL)

static const Instruction rows[] = {TABLE(ROW)};
const InstructionTable mma_f64_table = {rows, sizeof rows / sizeof rows[0]};
