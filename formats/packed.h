/* SPDX-License-Identifier: MIT
 *
 * ulplab/packed.h: blocks of elements packed with their scales, as files hold
 * them.
 *
 * A packed block is a row of one table (formats/packed.c): so many elements
 * in so many bytes, with one function each way.  The rows so far are those of
 * ggml (github.com/ggml-org/ggml), with the bytes of its quantize_row_*_ref
 * and the values of its dequantize_row_* in src/ggml-quants.c, where nothing
 * is fused (-ffp-contract=off, as ulplab itself is built).
 *
 * What ggml leaves to the machine is here what x86-64 does:
 *   - A float that does not fit the int it is converted to, NaN included,
 *     becomes INT32_MIN, and of that the low byte counts: code 0 of q4_0 to
 *     q5_1, q8_0 and q8_1; in mxfp4 the scale's byte wraps when amax is under
 *     2^-125 (254 and 255 for the two binades below, ...), and is 0 when amax
 *     is infinite.
 *   - Of two NaNs an addition keeps the first, where it matters (q2_k, q4_k,
 *     q5_k); ggml's compiler may have swapped them.
 * and what it leaves uninitialized is here 0: the sums of a q8_k block whose
 * elements are all zero, and the codes of an iq4_nl block below 1e-15.
 *
 * Zero, NaN and Inf, as in ggml.  A block of zeros decodes to zeros, of either
 * sign.  Decoded elements are finite, but
 *   - an Inf makes its whole block NaN or Inf, and so does an element so large
 *     that the scale overflows float16 (65520 * 8 in q4_0).  Exceptions: in
 *     q3_k, q6_k and iq4_xs only the group of 16 or 32 around it is lost, in
 *     mxfp4 the block becomes zeros, and in nvfp4 the scale saturates at 448;
 *   - a NaN makes a block of q1_0 NaN.  In other blocks it costs itself, or
 *     its group's codes, and nothing says that it was there.  Where a maximum
 *     is sought with `if (m < x)` it is passed over; q8_0, q8_1, tq1_0 and
 *     tq2_0 seek it with a macro that begins anew after each NaN, so that the
 *     elements behind the last one decide the scale.
 */
#ifndef ULPLAB_PACKED_H
#define ULPLAB_PACKED_H

#include "formats.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { ULP_PACKED_ELEMENTS_MAX = 256, ULP_PACKED_BYTES_MAX = 292 };

typedef struct {
  const char *name;    /* "q4_k" */
  const char *aliases; /* other names, separated by blanks; may be "" */
  const char *source;  /* the functions that define it */
  int elements;        /* of a block, at most ULP_PACKED_ELEMENTS_MAX */
  int bytes;           /* of a block, at most ULP_PACKED_BYTES_MAX */
  void (*encode)(uint8_t *block, const float *x);
  void (*decode)(float *x, const uint8_t *block);
} ulp_packed_block;

/* The table: rows 0 .. ulp_packed_block_count()-1, NULL beyond. */
size_t ulp_packed_block_count(void);
const ulp_packed_block *ulp_packed_block_row(size_t i);

/* Looks a name or an alias up, in any case.  ULP_ENAME when there is none;
 * then `why` (may be NULL), of why_size bytes, holds one line with the nearest
 * name. */
ULP_MUST_CHECK ulp_status ulp_packed_block_find(const char *name,
                                                const ulp_packed_block **out,
                                                char *why, size_t why_size);

/* Bits of storage an element takes: codes, scales and all. */
double ulp_packed_bits_per_element(const ulp_packed_block *b);

/* n blocks, one after the other; a block depends on its own elements alone.
 * The arrays do not overlap. */
void ulp_packed_encode(const ulp_packed_block *b, uint8_t *out, const float *x,
                       size_t n);
void ulp_packed_decode(const ulp_packed_block *b, float *out, const uint8_t *in,
                       size_t n);

#ifdef __cplusplus
}
#endif
#endif
