/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/batch_loops.c: batch_loops.h as C alone, and which form this
 * machine takes.
 */
#include <stddef.h>
#include <stdint.h>

#include "isa.h"

static void look_up_16(float *y, const float *row, const uint8_t *code,
                       size_t n)
{
  for (size_t k = 0; k < n; k++)
    y[k] = row[code[k] & 15];
}

#include "batch_loops_body.h"

const ulp_batch_loops ulp_batch_loops_portable = BATCH_LOOPS_TABLE;

const ulp_batch_loops *ulp_batch_loops_now(void)
{
  switch (ulp_isa_now()) {
#ifdef ULP_HAVE_AVX512_KERNELS
  case ULP_ISA_AVX512: return &ulp_batch_loops_avx512;
#endif
#ifdef ULP_HAVE_AVX2_KERNELS
  case ULP_ISA_AVX2: return &ulp_batch_loops_avx2;
#endif
  default: return &ulp_batch_loops_portable;
  }
}
