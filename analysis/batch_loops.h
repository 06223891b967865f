/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The inner loops of the batches of blocks that formats/convert.h does not
 * have, in as many forms as formats/isa.h names.  All give the same bits.
 */
#ifndef ULPLAB_BATCH_LOOPS_H
#define ULPLAB_BATCH_LOOPS_H

#include "quantizer.h"

/* Codes of blocks, n > 0 of each, whose errors are asked for. */
typedef struct {
  size_t blocks, n;
  const uint8_t *code; /* block by block, as x */
  const float *x;
  const float *const *row; /* each block's values by code; or NULL, and */
  unsigned mask;           /* the bits of a code */
  const double *value;     /* (value[code] - zero[block]) * step[block] */
  const double *zero, *step;
  ulp_judge judge;
  const ulp_sum_order *order;
  double *term; /* room of blocks * n */
} ulp_judged;

typedef struct {
  /* As error_of in quantize_choose.c in f32, and in f64, which has no rows. */
  void (*errors_f32)(const ulp_judged *t, double *error);
  void (*errors_f64)(const ulp_judged *t, double *error);
  /* Of `blocks` blocks of n codes side by side: y = row[block][code & mask]. */
  void (*look_up)(float *y, const float *const *row, unsigned mask,
                  const uint8_t *code, size_t blocks, size_t n);
  /* As ulp_element_scaled in f64, and in bf16. */
  void (*scale_f64)(const ulp_quantizer *q, double *y, const float *x,
                    size_t n, double factor, double zero);
  void (*scale_bf16)(const ulp_quantizer *q, float *y, const float *x,
                     size_t n, float factor, float zero);
  /* y = the nearest bf16 value. */
  void (*round_bf16)(float *y, size_t n);
} ulp_batch_loops;

/* Those of ulp_isa_now(). */
const ulp_batch_loops *ulp_batch_loops_now(void);

extern const ulp_batch_loops ulp_batch_loops_portable;
#ifdef ULP_HAVE_AVX2_KERNELS
extern const ulp_batch_loops ulp_batch_loops_avx2;
#endif
#ifdef ULP_HAVE_AVX512_KERNELS
extern const ulp_batch_loops ulp_batch_loops_avx512;
#endif

#endif
