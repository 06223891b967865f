/* SPDX-License-Identifier: MIT
 *
 * What the files of ggml's blocks share: conversions as ggml and x86-64 do
 * them, and the ways codes lie in bytes.  Not installed.
 *
 * Citations name functions of ggml's src/ggml-quants.c, and of ggml-impl.h
 * for the conversions; layouts are the structs of ggml-common.h.
 */
#ifndef ULPLAB_GGML_H
#define ULPLAB_GGML_H

#include "packed.h"

enum { GGML_SUPER = 256 }; /* elements of a super-block, QK_K */

/* A group whose magnitudes are all below this is zero (GROUP_MAX_EPS). */
#define GGML_GROUP_EPSILON 1e-15f

typedef void ggml_encode(uint8_t *block, const float *x);
typedef void ggml_decode(float *x, const uint8_t *block);

ggml_encode ulp_ggml_q4_0_encode, ulp_ggml_q4_1_encode, ulp_ggml_q5_0_encode,
    ulp_ggml_q5_1_encode, ulp_ggml_q8_0_encode, ulp_ggml_q8_1_encode,
    ulp_ggml_q2_k_encode, ulp_ggml_q3_k_encode, ulp_ggml_q4_k_encode,
    ulp_ggml_q5_k_encode, ulp_ggml_q6_k_encode, ulp_ggml_q8_k_encode,
    ulp_ggml_mxfp4_encode, ulp_ggml_nvfp4_encode, ulp_ggml_q1_0_encode,
    ulp_ggml_q2_0_encode, ulp_ggml_tq1_0_encode, ulp_ggml_tq2_0_encode,
    ulp_ggml_iq4_nl_encode, ulp_ggml_iq4_xs_encode;
ggml_decode ulp_ggml_q4_0_decode, ulp_ggml_q4_1_decode, ulp_ggml_q5_0_decode,
    ulp_ggml_q5_1_decode, ulp_ggml_q8_0_decode, ulp_ggml_q8_1_decode,
    ulp_ggml_q2_k_decode, ulp_ggml_q3_k_decode, ulp_ggml_q4_k_decode,
    ulp_ggml_q5_k_decode, ulp_ggml_q6_k_decode, ulp_ggml_q8_k_decode,
    ulp_ggml_mxfp4_decode, ulp_ggml_nvfp4_decode, ulp_ggml_q1_0_decode,
    ulp_ggml_q2_0_decode, ulp_ggml_tq1_0_decode, ulp_ggml_tq2_0_decode,
    ulp_ggml_iq4_nl_decode, ulp_ggml_iq4_xs_decode;

/* ---- conversions (ggml.c) ---------------------------------------------- */

/* A little-endian float16, rounded to nearest even; NaN keeps its sign alone
 * (ggml_compute_fp32_to_fp16). */
void ulp_ggml_put_half(uint8_t *p, float x);
float ulp_ggml_get_half(const uint8_t *p);

/* The int nearest to x, ties to even, for |x| < 2^22: x + 1.5 * 2^23 has it
 * in its low 23 bits.  Beyond that, and for NaN, whatever these bits say
 * (nearest_int, whose assertion a release build leaves out). */
int ulp_ggml_nearest(float x);

/* Truncation as x86-64's CVTTSS2SI: INT32_MIN when it does not fit. */
int32_t ulp_ggml_truncate(float x);

/* 1 / x, or 0 for zero. */
static inline float ggml_reciprocal(float x) { return x != 0 ? 1 / x : 0; }

static inline int ggml_clamp(int x, int least, int greatest)
{
  return x < least ? least : x > greatest ? greatest : x;
}

/* The first element of greatest magnitude, with its sign; 0 when none is
 * above 0.  NaN is passed over. */
float ulp_ggml_extreme(const float *x, int n);

/* The greatest magnitude after the last NaN: MAX(amax, fabsf(x)) gives x
 * whenever the comparison fails. */
float ulp_ggml_amax(const float *x, int n);

/* ---- codes in bytes (ggml.c) --------------------------------------------- */

/* out[j] holds code j, in the low nibble, and code j + half. */
void ulp_ggml_put_nibbles(uint8_t *out, const uint8_t *codes, int half);
void ulp_ggml_get_nibbles(uint8_t *codes, const uint8_t *in, int half);

/* out[j] holds the low two bits of codes j, j + 32, j + 64 and j + 96, the
 * first lowest; n codes, a multiple of 128. */
void ulp_ggml_put_pairs(uint8_t *out, const uint8_t *codes, int n);
void ulp_ggml_get_pairs(uint8_t *codes, const uint8_t *in, int n);

/* Bit `bit` of code i of 256 is bit i / 32 of plane[i % 32]. */
void ulp_ggml_put_plane(uint8_t *plane, const uint8_t *codes, int bit);
void ulp_ggml_or_plane(uint8_t *codes, const uint8_t *plane, int bit);

/* ---- searches for scales (ggml_search.c) --------------------------------- */

/* Scale and codes of n elements that minimize the squared error weighted by
 * x^2: x is about scale * (code - nmax). */
float ulp_ggml_search_symmetric(uint8_t *codes, const float *x, int n,
                                int nmax);
/* The same by coordinate descent. */
float ulp_ggml_search_descent(uint8_t *codes, const float *x, int n, int nmax);

/* Scales tried: (first + step * i + nmax) / range for i = 0 .. steps. */
typedef struct {
  int nmax;
  float first, step;
  int steps;
  bool absolute; /* weighted absolute errors, else squares */
} ggml_trials;

/* x is about scale * code - minus, minus >= 0, n <= 32 elements. */
float ulp_ggml_search_affine(uint8_t *codes, float *minus, const float *x,
                             const float *weights, int n, const ggml_trials *t);

#endif
