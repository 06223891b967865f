/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * wgmma_fp8.cu: wgmma on e4m3 and e5m2, in every pairing.
 */
#include "wgmma.cuh"

#define PAIRING(X, D, A, B, R8, R64, R256)                                   \
  X(SS, , 8, 32, D, A, B, R8, "", ", 1, 1", 0)                               \
  X(SS, , 64, 32, D, A, B, R64, "", ", 1, 1", 0)                             \
  X(SS, , 256, 32, D, A, B, R256, "", ", 1, 1", 0)                           \
  X(RS, , 8, 32, D, A, B, R8, "", ", 1, 1", 0)                               \
  X(SS, _nega, 8, 32, D, A, B, R8, "", ", -1, 1", OPT_NEG_A)                 \
  X(SS, _negb, 8, 32, D, A, B, R8, "", ", 1, -1", OPT_NEG_B)

#define TABLE(X)                                                             \
  PAIRING(X, f32, e4m3, e4m3, 4, 32, 128)                                    \
  PAIRING(X, f32, e4m3, e5m2, 4, 32, 128)                                    \
  PAIRING(X, f32, e5m2, e4m3, 4, 32, 128)                                    \
  PAIRING(X, f32, e5m2, e5m2, 4, 32, 128)                                    \
  PAIRING(X, f16, e4m3, e4m3, 2, 16, 64)                                     \
  PAIRING(X, f16, e4m3, e5m2, 2, 16, 64)                                     \
  PAIRING(X, f16, e5m2, e4m3, 2, 16, 64)                                     \
  PAIRING(X, f16, e5m2, e5m2, 2, 16, 64)

TABLE(WG_KERNEL)

static const Instruction rows[] = {TABLE(WG_ROW)};
const InstructionTable wgmma_fp8_table = {rows, sizeof rows / sizeof rows[0]};
