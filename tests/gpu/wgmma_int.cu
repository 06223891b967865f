/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * wgmma_int.cu: wgmma on s8 and u8, in every pairing.
 */
#include "wgmma.cuh"

#define PAIRING(X, A, B)                                                     \
  X(SS, , 8, 32, s32, A, B, 4, "", "", 0)                                    \
  X(SS, , 64, 32, s32, A, B, 32, "", "", 0)                                  \
  X(SS, , 256, 32, s32, A, B, 128, "", "", 0)                                \
  X(RS, , 8, 32, s32, A, B, 4, "", "", 0)                                    \
  X(SS, _sat, 8, 32, s32, A, B, 4, ".satfinite", "", OPT_SATFINITE)

#define TABLE(X)                                                             \
  PAIRING(X, s8, s8)                                                         \
  PAIRING(X, s8, u8)                                                         \
  PAIRING(X, u8, s8)                                                         \
  PAIRING(X, u8, u8)

TABLE(WG_KERNEL)

static const Instruction rows[] = {TABLE(WG_ROW)};
const InstructionTable wgmma_int_table = {rows, sizeof rows / sizeof rows[0]};
