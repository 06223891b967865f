/* SPDX-License-Identifier: MIT
 *
 * AMD's matrix cores.
 */
#ifndef ULPLAB_EMU_CDNA_H
#define ULPLAB_EMU_CDNA_H

#include "emu.h"

/* D of one output, of the kinds EXACT, FLUSH, FLOOR and FLOOR_EVEN_ODD. */
uint64_t ulp_cdna_dot(const ulp_mma *m, const uint64_t *a, const uint64_t *b,
                      uint64_t c);

#endif
