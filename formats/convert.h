/* SPDX-License-Identifier: MIT
 *
 * ulplab/convert.h: the fast way from numbers to codes.
 *
 * A conversion is prepared once, from format, rounding and profile, and then
 * done for arrays by kernels of the machine's instructions (isa.h).  A kernel
 * does what ulp_round_pack does, on 1, 8 or 16 elements at a time; the few
 * elements that need more than it has (NaNs, infinities, ...) are left to
 * ulp_round_pack, one by one.  All give its bits.
 *
 * ulp_convert, ulp_encode_array (formats.h) and the block quantizers are made
 * of what is here.
 */
#ifndef ULPLAB_CONVERT_H
#define ULPLAB_CONVERT_H

#include "formats.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Codes that a step function has at most (steps.c). */
enum { ULP_STEPS = 256 };

/* A conversion to a format, prepared; the fields are the kernels' own, see
 * convert.c. */
typedef struct {
  ulp_format to;
  ulp_rounding r;
  bool fast;       /* else every element goes through ulp_round_pack */
  bool even, odd, directed, random, absolute, wide, flushes, two_limits,
      integer, no_zero;
  bool by_sum;     /* to nearest even by adding and subtracting in f32 */
  bool odd_f64;    /* an f64 may come as an f32 with a sticky last bit */
  bool equal_rare, deep_rare, nearest_variant;
  int32_t last, normal, least_field, trailing, parity, above, threshold,
      flip, limit, limit_less, sign_shift, zero_at, code_mask, far,
      normal_bits, sum_step, zero_code;
  int32_t overflow[2];
  uint32_t digits_kept, word_kept, word_xor, half_less, half_shift;
  bool ordered;    /* step i has code i */
  int levels;      /* of a search among steps; 0: there are none */
  int32_t rare_at; /* bits of a magnitude that is none of theirs; -1: none */
  int32_t step[ULP_STEPS]; /* from 1 on: the last f32 before each, in the order
                              of signed numbers, level behind level */
  int32_t step_code[16];   /* unless ordered */
  const struct ulp_draws *draws; /* random steps; or NULL */
} ulp_encoder;

/* Never fails; `r` must satisfy ulp_rounding_check. */
void ulp_encoder_make(ulp_encoder *e, const ulp_format *to,
                      const ulp_rounding *r);

/* The code of an f32, by its bits. */
typedef uint64_t ulp_code_of(const void *context, uint32_t bits);
/* Makes an encoder fast where ulp_encoder_make could not, for a format of up to
 * 8 bits and any rounding that draws nothing and never goes back as f32 ascend
 * (-0 before 0): its steps are looked for once, which is about 4 calls for each
 * code.  Of NaNs code_of is not asked.  False when there are more than 16 codes
 * and they do not ascend. */
bool ulp_encoder_find_steps(ulp_encoder *e, ulp_code_of *code_of,
                            const void *context);

/* Of a codebook's values in order, by double arithmetic: each, and 2^32 divided
 * by its distance to the next one above and below; 0 where there is none. */
typedef struct ulp_draws {
  double near[ULP_STEPS], inverse[2][ULP_STEPS];
} ulp_draws;
/* The same for stochastic rounding to a codebook; `d` is filled, and is to stay
 * as long as e is used. */
bool ulp_encoder_find_draws(ulp_encoder *e, ulp_draws *d);

/* What is done to an element before it is encoded.  F32: operands and result
 * are f32; F64: the f32 (or f64) element and the factor are f64, and so is the
 * result. */
typedef enum {
  ULP_SCALED_NOT,
  ULP_SCALED_TIMES_F32, /* x * factor */
  ULP_SCALED_OVER_F32,  /* x / factor */
  ULP_SCALED_TIMES_F64,
  ULP_SCALED_OVER_F64
} ulp_scaling;

/* The code of element i of the array, by any means: kernels ask for those that
 * they do not do themselves. */
typedef uint64_t (*ulp_encode_one)(const void *context, size_t i);

/* An array to encode. */
typedef struct {
  void *out;            /* n stored elements of the format */
  const void *in;
  size_t n;
  uint64_t index;       /* of the first element, for ULP_SR */
  ulp_scaling scaling;  /* F32 ones take f32 elements only */
  const double *factor; /* one for every `every` elements */
  size_t every;
  bool bare_zero;       /* a zero loses its sign after scaling */
  bool whole;           /* then it becomes a whole number, to nearest even */
  const float *zero;    /* then this f32 is added, one a factor; or NULL */
  ulp_encode_one one;
  const void *context;
} ulp_encode_job;

/* Elements of float32, float16 (IEEE), bfloat16 and float64.  e->fast. */
typedef enum { ULP_FROM_F32, ULP_FROM_F16, ULP_FROM_BF16, ULP_FROM_F64 }
ulp_source;
void ulp_encode_many(const ulp_encoder *e, ulp_source from,
                     const ulp_encode_job *job);

/* Bits of the greatest |x| of each of `blocks` blocks of n neighbours, by the
 * order of the bits without sign: infinities are above all numbers and NaNs
 * above these.  0 of no elements. */
void ulp_block_amax(uint32_t *bits, const float *x, size_t blocks, size_t n);

/* The same of the elements without a sign, and of those with one, apart. */
void ulp_block_range(uint32_t *high, uint32_t *low, const float *x,
                     size_t blocks, size_t n);

/* y[i] = (value[code[i]] - zero[i / every]) * factor[i / every] in f32; all 256
 * values are there.  Without a factor: value[code[i]], any bits; without a zero
 * nothing is taken off. */
void ulp_decode_bytes(float *y, const float value[256], const uint8_t *code,
                      size_t n, const float *factor, const float *zero,
                      size_t every);

#ifdef __cplusplus
}
#endif
#endif
