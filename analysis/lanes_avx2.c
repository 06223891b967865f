/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * lanes.h for vectors of 256 bits, of which there are 16.
 */
#include <immintrin.h>

#define VECTOR_BYTES 32
#include "lanes_body.h"

#define UNROLL _Pragma("GCC unroll 8")

/* Half a panel.  rows is a constant where it is inlined, and sums are then
 * registers. */
static inline __attribute__((always_inline)) void
tile(double *y, const double *x, size_t ldx, int rows, const double *p,
     size_t k, bool more)
{
  __m256d low[6], high[6];
  UNROLL
  for (int i = 0; i < rows; i++) {
    low[i] = more ? _mm256_loadu_pd(y + i * ULP_LANES) : _mm256_setzero_pd();
    high[i] =
        more ? _mm256_loadu_pd(y + i * ULP_LANES + 4) : _mm256_setzero_pd();
  }
  for (size_t l = 0; l < k; l++) {
    __m256d w0 = _mm256_loadu_pd(p + l * ULP_LANES);
    __m256d w1 = _mm256_loadu_pd(p + l * ULP_LANES + 4);
    UNROLL
    for (int i = 0; i < rows; i++) {
      __m256d a = _mm256_broadcast_sd(x + (size_t)i * ldx + l);
      low[i] = _mm256_add_pd(low[i], _mm256_mul_pd(a, w0));
      high[i] = _mm256_add_pd(high[i], _mm256_mul_pd(a, w1));
    }
  }
  UNROLL
  for (int i = 0; i < rows; i++) {
    _mm256_storeu_pd(y + i * ULP_LANES, low[i]);
    _mm256_storeu_pd(y + i * ULP_LANES + 4, high[i]);
  }
}

static void panel_f64(double *y, const double *x, size_t ldx, size_t m,
                      const double *p, size_t k, bool more)
{
  for (int half = 0; half < ULP_LANES; half += ULP_LANES / 2) {
    size_t i = 0;
    for (; i + 6 <= m; i += 6)
      tile(y + i * ULP_LANES + half, x + i * ldx, ldx, 6, p + half, k, more);
    for (; i < m; i++)
      tile(y + i * ULP_LANES + half, x + i * ldx, ldx, 1, p + half, k, more);
  }
}

const ulp_lanes ulp_lanes_avx2 = LANES_TABLE;
