/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * lanes.h for vectors of 512 bits.
 */
#include <immintrin.h>

#include "lanes_body.h"

#define EIGHT(M) M(0) M(1) M(2) M(3) M(4) M(5) M(6) M(7)

#define NAME panel_f64
#define REAL double
#define VECTOR __m512d
#define LOAD _mm512_loadu_pd
#define STORE _mm512_storeu_pd
#define SET1 _mm512_set1_pd
#define ZERO _mm512_setzero_pd()
#define MULTIPLY_ADD(a, b, c) _mm512_add_pd(_mm512_mul_pd(a, b), c)
#define WIDTH 8
#define TWO 1
#define ROWS EIGHT
#define HEIGHT 8
#include "panel_body.h"

const ulp_lanes ulp_lanes_avx512 = LANES_TABLE;
