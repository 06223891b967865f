/* SPDX-License-Identifier: MIT
 *
 * Products of integers of up to 8 bits, modulo 2^32.
 */
#ifndef ULPLAB_EMU_INT_GEMM_H
#define ULPLAB_EMU_INT_GEMM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "unit_gemm.h"

typedef struct {
  const uint8_t *codes; /* stored elements, a row after the other */
  int16_t value[256];   /* of every byte: -128 .. 127, or 0 .. 255 */
} ulp_int_side;

/* y[m, n] += a[m, k] b[n, k]^T, on one thread, by the kernels of ulp_isa_now().
 * false: no memory, y as it was. */
bool ulp_int_product(uint32_t *y, const ulp_int_side *a, const ulp_int_side *b,
                     size_t m, size_t n, size_t k);

/* Kernels.  AVX-512: units of four bytes, x without and w with a sign
 * (vpdpbusd), up to 8 rows and 2 panels; AVX2: units of two int16
 * (vpmaddwd), up to 6 rows and 1 panel. */
ulp_unit_tile ulp_int_tile_avx2, ulp_int_tile_avx512;

#endif
