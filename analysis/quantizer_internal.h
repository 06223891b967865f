/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the files behind quantizer.h share.
 */
#ifndef ULPLAB_QUANTIZER_INTERNAL_H
#define ULPLAB_QUANTIZER_INTERNAL_H

#include "histogram.h"
#include "quantizer.h"

/* ---- text (quantizer_words.c, quantizer_rules.c) ------------------------ */

/* `value` of the setting `key`: one of the names, which NULL ends, by index;
 * true for the second of two; a number; a format.  Each fills *e. */
ulp_status ulp_word_unknown(const char *key, const char *value,
                            const char *const *names, ulp_error *e);
ulp_status ulp_word_read(const char *key, const char *value,
                         const char *const *names, int *out, ulp_error *e);
ulp_status ulp_word_flag(const char *key, const char *value,
                         const char *const *names, bool *out, ulp_error *e);
ulp_status ulp_word_number(const char *key, const char *value, double low,
                           double high, double *out, ulp_error *e);
ulp_status ulp_word_format(const char *key, const char *value, ulp_format *out,
                           ulp_error *e);
const char *ulp_ties_name(ulp_ties ties);
ulp_status ulp_quantizer_set_rule(ulp_quantizer *q, const char *value,
                                  ulp_error *e);

/* ---- blocks --------------------------------------------------------------- */

/* ulp_quantize_blocks and ulp_dequantize_blocks of all blocks, one element
 * after the other: what the batches are compared with. */
ulp_status ulp_quantize_each(const ulp_quantizer *q, const ulp_blocks *b,
                             const ulp_quantized *out, const float *x,
                             double amax, double global, uint64_t index);
void ulp_dequantize_each(const ulp_quantizer *q, const ulp_blocks *b, float *y,
                         const ulp_quantized *in, double global);

/* Nearest by thresholds in f32, as q->ties says. */
uint64_t ulp_encode_midpoints(const ulp_quantizer *q, float y);

/* Percentile p of |x| over the finite values, between neighbours in
 * proportion; where that is 0, the greatest; 0 of none.  NaN: no memory. */
double ulp_block_percentile(const float *x, size_t n, double p);

/* Extends lo and hi by n more values, as q counts them. */
void ulp_quantizer_range(const ulp_quantizer *q, const float *x, size_t n,
                         double *lo, double *hi);

/* What is known of a block whose elements are not at hand. */
typedef struct {
  double a, lo, hi;
  double amax, global; /* of the tensor */
  double reach;        /* stands before MAX, MIN and TOP */
} ulp_known;
typedef struct {
  uint64_t code; /* of the scale */
  double step;   /* between the values of codes */
  int32_t zero;
} ulp_choice;
ulp_choice ulp_quantizer_choose(const ulp_quantizer *q, const ulp_known *known);

/* The fractions of the amax that a search of n goes through. */
static inline double ulp_search_part(int i, int n)
{
  return 1 - 0.8 * (double)i / (double)n;
}

#endif
