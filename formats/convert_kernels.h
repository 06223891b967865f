/* SPDX-License-Identifier: MIT
 *
 * The kernels behind convert.h, one set for each of isa.h.
 */
#ifndef ULPLAB_FORMATS_CONVERT_KERNELS_H
#define ULPLAB_FORMATS_CONVERT_KERNELS_H

#include "convert.h"

typedef struct {
  void (*encode)(const ulp_encoder *e, ulp_source from,
                 const ulp_encode_job *job);
  void (*amax)(uint32_t *bits, const float *x, size_t blocks, size_t n);
  void (*decode)(float *y, const float value[256], const uint8_t *code,
                 size_t n, const float *factor, size_t every);
} ulp_convert_kernels;

extern const ulp_convert_kernels ulp_convert_portable;
#ifdef ULP_HAVE_AVX2_KERNELS
extern const ulp_convert_kernels ulp_convert_avx2;
#endif
#ifdef ULP_HAVE_AVX512_KERNELS
extern const ulp_convert_kernels ulp_convert_avx512;
#endif

#endif
