/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One scale and one element of a quantizer: what the files of the engine,
 * quantize_*.c, share.  v holds the variables of formulas.
 */
#ifndef ULPLAB_QUANTIZE_ELEMENT_H
#define ULPLAB_QUANTIZE_ELEMENT_H

#include "quantizer_internal.h"

/* What elements are encoded with, once s is known. */
typedef struct {
  double factor, zero;
} ulp_setting;

/* How codes become values: by a formula in q, or times a number. */
typedef struct {
  const ulp_formula *value; /* or NULL */
  double scale;
} ulp_decoding;

/* The variables that a block does not change; the others 0. */
void ulp_element_constants(const ulp_quantizer *q, double amax, double global,
                           double v[ULP_VARIABLES]);
/* Whether a formula of a block asks for lo or hi. */
bool ulp_quantizer_asks_range(const ulp_quantizer *q);
/* Subnormals of f32 become zeros where q flushes. */
double ulp_element_flush(const ulp_quantizer *q, double x);
/* To the precision that q computes in. */
double ulp_element_narrow(const ulp_quantizer *q, double x);
/* A scale's code, and its value in v. */
uint64_t ulp_element_scale(const ulp_quantizer *q, double raw,
                           double v[ULP_VARIABLES]);
/* Factor and zero point, from the scale in v. */
ulp_setting ulp_element_setting(const ulp_quantizer *q,
                                const double v[ULP_VARIABLES]);
/* The same where scale and zero point were given. */
ulp_setting ulp_element_given(const ulp_quantizer *q, double v[ULP_VARIABLES],
                              double zero);
/* What n elements count as: outliers as 0, flushed.  What is rounded to the
 * element's format; its code; and the value of a code
 * (its zero point taken off). */
void ulp_elements_taken(const ulp_quantizer *q, float *x, size_t n);
double ulp_element_scaled(const ulp_quantizer *q, const ulp_setting *t,
                          float x);
uint64_t ulp_element_round(const ulp_quantizer *q, double y, uint64_t index);
uint64_t ulp_element_encode(const ulp_quantizer *q, const ulp_setting *t,
                            float x, uint64_t index);
ulp_decoding ulp_element_decoding(const ulp_quantizer *q,
                                  const double v[ULP_VARIABLES]);
double ulp_element_value(const ulp_quantizer *q, const ulp_decoding *d,
                         double code, double v[ULP_VARIABLES]);

/* ---- many elements (quantize_table.c) ----------------------------------- */

/* Codes by the upper bits of a number, filled as they come up: rounding is
 * monotone, so where the first and the last of all that share these bits have
 * one code, each has it. */
typedef struct {
  const ulp_quantizer *q;
  uint16_t *entry; /* 0: not known yet; 1: several codes; else a code + 2 */
} ulp_code_table;
/* Without entries for few elements, for formats of more than 8 bits, and for
 * roundings that draw numbers or have thresholds of their own. */
ulp_code_table ulp_code_table_make(const ulp_quantizer *q, int64_t elements);
void ulp_code_table_free(ulp_code_table *t);
/* Whether the table, which has entries, tells the code of what
 * ulp_element_scaled gave. */
bool ulp_code_find(const ulp_code_table *t, double y, uint64_t *code);

/* ---- choosing ----------------------------------------------------------- */

/* The code of the better scale of two, whose first is in v; the best of a
 * search.  The scale's value is left in v. */
uint64_t ulp_choose_of_two(const ulp_quantizer *q, uint64_t code,
                           double v[ULP_VARIABLES], const float *x, size_t n);
uint64_t ulp_choose_best(const ulp_quantizer *q, double v[ULP_VARIABLES],
                         const float *x, size_t n);

#endif
