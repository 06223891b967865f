/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * lanes.h for vectors of 512 bits.
 */
#include <immintrin.h>

#define VECTOR_BYTES 64
#include "lanes_body.h"

#define UNROLL _Pragma("GCC unroll 8")

/* rows is a constant where it is inlined, and sums are then registers. */
static inline __attribute__((always_inline)) void
tile(double *y, const double *x, size_t ldx, int rows, const double *p,
     size_t k, bool more)
{
  __m512d low[8], high[8];
  UNROLL
  for (int i = 0; i < rows; i++) {
    low[i] = more ? _mm512_loadu_pd(y + i * ULP_LANES) : _mm512_setzero_pd();
    high[i] =
        more ? _mm512_loadu_pd(y + i * ULP_LANES + 8) : _mm512_setzero_pd();
  }
  for (size_t l = 0; l < k; l++) {
    __m512d w0 = _mm512_loadu_pd(p + l * ULP_LANES);
    __m512d w1 = _mm512_loadu_pd(p + l * ULP_LANES + 8);
    UNROLL
    for (int i = 0; i < rows; i++) {
      __m512d a = _mm512_set1_pd(x[(size_t)i * ldx + l]);
      low[i] = _mm512_add_pd(low[i], _mm512_mul_pd(a, w0));
      high[i] = _mm512_add_pd(high[i], _mm512_mul_pd(a, w1));
    }
  }
  UNROLL
  for (int i = 0; i < rows; i++) {
    _mm512_storeu_pd(y + i * ULP_LANES, low[i]);
    _mm512_storeu_pd(y + i * ULP_LANES + 8, high[i]);
  }
}

static void panel_f64(double *y, const double *x, size_t ldx, size_t m,
                      const double *p, size_t k, bool more)
{
  size_t i = 0;
  for (; i + 8 <= m; i += 8)
    tile(y + i * ULP_LANES, x + i * ldx, ldx, 8, p, k, more);
  for (; i < m; i++)
    tile(y + i * ULP_LANES, x + i * ldx, ldx, 1, p, k, more);
}

const ulp_lanes ulp_lanes_avx512 = LANES_TABLE;
