/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * lanes.h for vectors of 256 bits, of which there are 16.
 */
#include <immintrin.h>

#include "lanes_body.h"

#define SIX(M) M(0) M(1) M(2) M(3) M(4) M(5)

#define NAME panel_f64
#define REAL double
#define VECTOR __m256d
#define LOAD _mm256_loadu_pd
#define STORE _mm256_storeu_pd
#define SET1 _mm256_set1_pd
#define ZERO _mm256_setzero_pd()
#define MULTIPLY_ADD(a, b, c) _mm256_add_pd(_mm256_mul_pd(a, b), c)
#define WIDTH 4
#define TWO 1
#define ROWS SIX
#define HEIGHT 6
#include "panel_body.h"

const ulp_lanes ulp_lanes_avx2 = LANES_TABLE;
