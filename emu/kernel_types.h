/* SPDX-License-Identifier: MIT
 *
 * Vectors of W lanes of 32 bits, in GCC's and Clang's extension of C; W is
 * defined before.
 */
#include <string.h>

#include "kernel.h"

#define VECTOR(type, name, bytes)                                              \
  typedef type name __attribute__((vector_size(bytes)))
VECTOR(uint8_t, vb, 4 * W);
VECTOR(uint8_t, vbh, 2 * W); /* half as many */
VECTOR(int16_t, vh, 4 * W);
VECTOR(int16_t, vhh, 2 * W);
VECTOR(int32_t, vi, 4 * W);
VECTOR(uint32_t, vw, 4 * W);
VECTOR(float, vf, 4 * W);
VECTOR(float, vfh, 2 * W);
VECTOR(int64_t, vl, 4 * W);
VECTOR(uint64_t, vu, 4 * W);
VECTOR(double, vd, 4 * W);
#undef VECTOR

#define LOAD(type, from)                                                       \
  (__extension__({                                                             \
    type loaded_;                                                              \
    memcpy(&loaded_, (from), sizeof loaded_);                                  \
    loaded_;                                                                   \
  }))
#define STORE(to, v)                                                           \
  do {                                                                         \
    __typeof__(v) stored_ = (v);                                               \
    memcpy((to), &stored_, sizeof stored_);                                    \
  } while (0)

#ifdef __clang__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 8")
#endif
