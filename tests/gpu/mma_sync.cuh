/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * mma_sync.cuh: the body shared by the mma.sync kernels, one warp a tile.
 */
#ifndef ULPLAB_GPU_MMA_SYNC_CUH
#define ULPLAB_GPU_MMA_SYNC_CUH

#include "fragments.cuh"

/* Op::run(d, a, b, c, metadata) issues the instruction.  STORED is the k of
 * A as stored: half of K where A is sparse. */
template <int M, int N, int K, int STORED, Type A, Type C, class Op>
__device__ inline void mma_tiles(const KernelArgs &args)
{
  constexpr int bits = type_info(A).bits, bytes = type_info(C).bytes;
  constexpr int na = M * STORED * bits / 1024, nb = N * K * bits / 1024;
  constexpr int nc = M * N * bytes / 128;
  constexpr int element = Pack<bits>::bytes;
  /* Columns that 16 bits of metadata cover. */
  constexpr int covered = bits == 32 ? 8 : 16;
  const uint32_t warps = gridDim.x * blockDim.x / 32;
  uint32_t tile = (blockIdx.x * blockDim.x + threadIdx.x) / 32;
  for (; tile < args.tiles; tile += warps) {
    uint32_t a[na], b[nb], c[nc], d[nc], meta = 0;
    load_a<bits>(a, args.a + (size_t)tile * (M * STORED * element), 0, STORED);
    load_b<bits>(b, args.b + (size_t)tile * (N * K * element), K);
    load_c<bytes>(c, args.c + (size_t)tile * (M * N * bytes), 0, N);
    if constexpr (STORED != K)
      meta = metadata<bits, K / covered>(
          args.index + (size_t)tile * (M * STORED), 0, STORED, args.layout);
    Op::run(d, a, b, c, meta);
    store_d<bytes>(args.d + (size_t)tile * (M * N * bytes), d, 0, N);
  }
}

/* Operand lists of inline assembly by the registers of A, B and C. */
#define OUT_2 "=r"(d[0]), "=r"(d[1])
#define OUT_4 OUT_2, "=r"(d[2]), "=r"(d[3])
#define IN_1(x) "r"(x[0])
#define IN_2(x) "r"(x[0]), "r"(x[1])
#define IN_4(x) IN_2(x), "r"(x[2]), "r"(x[3])

#define TEXT_112 " {%0,%1}, {%2}, {%3}, {%4,%5}"
#define TEXT_212 " {%0,%1}, {%2,%3}, {%4}, {%5,%6}"
#define TEXT_214 " {%0,%1,%2,%3}, {%4,%5}, {%6}, {%7,%8,%9,%10}"
#define TEXT_222 " {%0,%1}, {%2,%3}, {%4,%5}, {%6,%7}"
#define TEXT_224 " {%0,%1,%2,%3}, {%4,%5}, {%6,%7}, {%8,%9,%10,%11}"
#define TEXT_422 " {%0,%1}, {%2,%3,%4,%5}, {%6,%7}, {%8,%9}"
#define TEXT_424 " {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%10,%11,%12,%13}"
#define TEXT_442 " {%0,%1}, {%2,%3,%4,%5}, {%6,%7,%8,%9}, {%10,%11}"
#define TEXT_444                                                             \
  " {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9,%10,%11}, {%12,%13,%14,%15}"
#define META_222 ", %8, 0x0"
#define META_224 ", %12, 0x0"
#define META_442 ", %12, 0x0"
#define META_444 ", %16, 0x0"

#endif
