/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The decoder's inner loops, ULP_LANES numbers side by side, in as many forms
 * as formats/isa.h names.  All give the same bits: a lane takes its sums from
 * the first term to the last, whatever the vectors are.  Not installed.
 */
#ifndef ULPLAB_LANES_H
#define ULPLAB_LANES_H

#include "fma_gemm.h"
#include "model.h"

enum { ULP_LANES = ULP_FMA_COLUMNS };

typedef struct {
  /* y[m, ULP_LANES] = x[m, k] p[k, ULP_LANES], a panel, each product rounded
   * and each sum; more: y + that.  Rows of x stand ldx apart, of y ULP_LANES.
   * (Of f32: emu/fma_gemm.h.) */
  void (*panel_f64)(double *y, const double *x, size_t ldx, size_t m,
                    const double *p, size_t k, bool more);
  void (*narrow)(float *y, const double *x, size_t n);
  void (*widen)(double *y, const float *x, size_t n);
  /* To f32 and back; y may be x. */
  void (*round_f32)(double *y, const double *x, size_t n);
  /* y = ulp_exp(x), to the bit; y may be x. */
  void (*exps)(double *y, const double *x, size_t n);
  /* x = x / (1 + e^-x) y, each step rounded to the type. */
  void (*silu_f64)(double *x, const double *y, size_t n);
  void (*silu_f32)(double *x, const double *y, size_t n);
  /* p[n, ULP_LANES] times scale, and the greatest of each lane. */
  void (*scale_f64)(double *p, size_t n, double scale, double *most);
  void (*scale_f32)(float *p, size_t n, float scale, float *most);
  /* ulp_softmax_row of each lane, all steps rounded to the type.  `most`: the
   * greatest of each. */
  void (*softmax_f64)(double *p, size_t n, const double *most);
  void (*softmax_f32)(float *p, size_t n, const float *most);
} ulp_lanes;

/* Those of ulp_isa_now(). */
const ulp_lanes *ulp_lanes_now(void);

extern const ulp_lanes ulp_lanes_portable;
#ifdef ULP_HAVE_AVX2_KERNELS
extern const ulp_lanes ulp_lanes_avx2;
#endif
#ifdef ULP_HAVE_AVX512_KERNELS
extern const ulp_lanes ulp_lanes_avx512;
#endif

#endif
