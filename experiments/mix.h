/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The hash and the digest that the GPU programs, the PyTorch scripts and
 * their replay on the CPU share.  Compiles as C11 and as CUDA C++.
 */
#ifndef ULPLAB_GPU_MIX_H
#define ULPLAB_GPU_MIX_H

#include <stdint.h>

#ifdef __CUDACC__
#define ULP_HD __host__ __device__ static inline
#else
#define ULP_HD static inline
#endif

/* The finaliser of splitmix64 (Steele, Lea, Flood 2014, "Fast Splittable
 * Pseudorandom Number Generators", OOPSLA; constants: D. Stafford's mix 13):
 * a bijection of 64-bit words. */
ULP_HD uint64_t ulp_mix64(uint64_t x)
{
  x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
  return x ^ x >> 31;
}

/* Word `index` of a stream: counter based, so any element alone. */
ULP_HD uint64_t ulp_word(uint64_t seed, uint64_t stream, uint64_t index)
{
  uint64_t key = ulp_mix64(seed * UINT64_C(0x9e3779b97f4a7c15) + stream);
  return ulp_mix64(key + (index + 1) * UINT64_C(0x9e3779b97f4a7c15));
}

/* The digest of outputs out[i] is the sum of these modulo 2^64: it does not
 * depend on the order, and any one wrong output changes it. */
ULP_HD uint64_t ulp_digest_term(uint64_t i, uint64_t out)
{
  return ulp_mix64(i << 32 ^ out);
}

#endif
