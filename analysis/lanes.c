/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * lanes.h as C alone, and which form this machine takes.
 */
#include "isa.h"
#define VECTOR_BYTES 16
#include "lanes_body.h"

static void panel_f64(double *y, const double *x, size_t ldx, size_t m,
                      const double *p, size_t k, bool more)
{
  for (size_t i = 0; i < m; i++, x += ldx, y += ULP_LANES) {
    double s[ULP_LANES] = {0};
    if (more)
      memcpy(s, y, sizeof s);
    for (size_t l = 0; l < k; l++)
      for (size_t j = 0; j < ULP_LANES; j++)
        s[j] += x[l] * p[l * ULP_LANES + j];
    memcpy(y, s, sizeof s);
  }
}

const ulp_lanes ulp_lanes_portable = LANES_TABLE;

const ulp_lanes *ulp_lanes_now(void)
{
  switch (ulp_isa_now()) {
#ifdef ULP_HAVE_AVX512_KERNELS
  case ULP_ISA_AVX512: return &ulp_lanes_avx512;
#endif
#ifdef ULP_HAVE_AVX2_KERNELS
  case ULP_ISA_AVX2: return &ulp_lanes_avx2;
#endif
  default: return &ulp_lanes_portable;
  }
}
