/* SPDX-License-Identifier: MIT
 *
 * The kernels behind convert.h, one set for each of isa.h.
 */
#ifndef ULPLAB_FORMATS_CONVERT_KERNELS_H
#define ULPLAB_FORMATS_CONVERT_KERNELS_H

#include "convert.h"

/* Rounding of f32 to values of a format in f32, where e->by_sum. */
typedef struct {
  int32_t limit, overflow[2]; /* bits of the greatest value, of what is beyond
                                 it on either side */
  uint32_t (*one)(const void *context, uint32_t x); /* bits, by any means */
  const void *context;
} ulp_values_job;

typedef struct {
  void (*encode)(const ulp_encoder *e, ulp_source from,
                 const ulp_encode_job *job);
  void (*amax)(uint32_t *bits, const float *x, size_t blocks, size_t n);
  void (*range)(uint32_t *high, uint32_t *low, const float *x, size_t blocks,
                size_t n);
  void (*decode)(float *y, const float value[256], const uint8_t *code,
                 size_t n, const float *factor, const float *zero,
                 size_t every);
  /* ulp_pack and ulp_unpack_bytes of less than 8 bits; NULL: none.  Return
   * the number of codes done, a multiple of 8. */
  size_t (*pack)(uint8_t *out, const uint8_t *codes, size_t n, unsigned bits);
  size_t (*unpack)(uint8_t *codes, const uint8_t *in, size_t n, unsigned bits);
  /* out may be in. */
  void (*values)(const ulp_encoder *e, float *out, const float *in, size_t n,
                 const ulp_values_job *job);
} ulp_convert_kernels;

/* Those of ulp_isa_now(). */
const ulp_convert_kernels *ulp_convert_kernels_now(void);

extern const ulp_convert_kernels ulp_convert_portable;
#ifdef ULP_HAVE_AVX2_KERNELS
extern const ulp_convert_kernels ulp_convert_avx2;
#endif
#ifdef ULP_HAVE_AVX512_KERNELS
extern const ulp_convert_kernels ulp_convert_avx512;
#endif

#endif
