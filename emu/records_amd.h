/* SPDX-License-Identifier: MIT
 *
 * The rows of AMD's instructions, which come after NVIDIA's.
 */
#ifndef ULPLAB_EMU_RECORDS_AMD_H
#define ULPLAB_EMU_RECORDS_AMD_H

#include "emu.h"

size_t ulp_mma_amd_count(void);
const ulp_mma_record *ulp_mma_amd_row(size_t i); /* NULL past the end */

#endif
