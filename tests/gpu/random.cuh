/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * random.cuh: the harness's generator, a SplitMix64 sequence that starts at
 * a hash of the place it is drawn for (mix.h has the hash).
 */
#ifndef ULPLAB_GPU_RANDOM_CUH
#define ULPLAB_GPU_RANDOM_CUH

#include "mix.h"

/* Streams of the operands. */
enum { STREAM_A, STREAM_B, STREAM_TILE, STREAM_PAIR, STREAM_INDEX };

struct Random {
  uint64_t state;

  __device__ Random(uint64_t seed, uint64_t stream, uint64_t tile,
                    uint64_t row = 0xffff, uint64_t column = 0xffff)
      : state(ulp_mix64(ulp_word(seed, stream, tile) + (row << 20) + column))
  {
  }

  __device__ uint64_t word()
  {
    state += 0x9e3779b97f4a7c15ull;
    return ulp_mix64(state);
  }

  /* 0 .. n-1, n far below 2^32 */
  __device__ int below(int n)
  {
    return (int)((word() >> 32) * (uint64_t)n >> 32);
  }

  /* low .. high */
  __device__ int between(int low, int high)
  {
    return low + below(high - low + 1);
  }

  /* [0, 1) */
  __device__ double unit() { return (double)(word() >> 11) * 0x1p-53; }

  __device__ bool chance(int of) { return below(of) == 0; }

  __device__ double sign() { return word() >> 63 ? -1.0 : 1.0; }

  /* +-[1, 2) * 2^e */
  __device__ double binade(int e)
  {
    const double s = sign();
    return s * ldexp(1.0 + unit(), e);
  }

  /* Normal by Box and Muller's method. */
  __device__ double gauss()
  {
    const float u = 1.0f - (float)(word() >> 40) * 0x1p-24f;
    const float v = (float)(word() >> 40) * 0x1p-24f;
    return (double)(sqrtf(-2.0f * logf(u)) * cospif(2.0f * v));
  }
};

#endif
