/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Many blocks at once, by the kernels of convert.h: what the files
 * quantize_batch.c, batch_*.c and dequantize_batch.c share.
 *
 * The quantizer's own formulas are evaluated for ULP_FORMULA_LANES blocks
 * together, step by step; their scales are encoded together, and so are their
 * elements.  What is out of the ordinary (a factor that is no f32, a scale
 * that is NaN, ...) is left to quantize_blocks.c, and of an ordinary block the
 * elements that a kernel does not do to ulp_element_encode.
 */
#ifndef ULPLAB_QUANTIZE_BATCH_H
#define ULPLAB_QUANTIZE_BATCH_H

#include "batch_loops.h"
#include "block_strip.h"
#include "convert.h"
#include "formula_steps.h"
#include "quantize_element.h"

/* Values of codes of up to 8 bits by a formula that has the code in it: a row
 * for each scale. */
enum { ULP_ROW_CODES = 256 };
typedef struct {
  const ulp_quantizer *q;
  const ulp_formula *value;
  const double *v, *code_value; /* constants; values of the codes */
  size_t codes;
  float *kept;    /* the rows of all scales of up to 8 bits; NULL: none */
  bool known[256];
  float other[ULP_ROW_CODES]; /* of any other scale, the last one's */
} ulp_value_rows;
void ulp_value_rows_make(ulp_value_rows *r, const ulp_quantizer *q,
                         const ulp_formula *value, const double *v,
                         const double *code_value);
void ulp_value_rows_free(ulp_value_rows *r);
/* The row of a scale's code, value and zero point. */
const float *ulp_value_row(ulp_value_rows *r, uint64_t code, double scale,
                           double zero);

/* Below, preparing costs more than it saves. */
enum { ULP_FEW_ELEMENTS = 512 };

/* Elements that are scaled before kernels have them, at a time. */
enum { ULP_BATCH_SCALED = 4096 };

/* What the batches of one call share. */
typedef struct {
  const ulp_quantizer *q;
  ulp_encoder element, scale;
  ulp_draws draws;              /* element's, if it has them */
  bool range;                   /* whether a formula asks for lo or hi */
  double v[ULP_VARIABLES];      /* the tensor's variables */
  bool scale_is_f32;
  double scale_value[256];      /* of a scale's codes of up to 8 bits */
  double code_value[ULP_ROW_CODES]; /* of an element's */
  float value[ULP_ROW_CODES];   /* the same in f32 */
  bool converts;                /* elements of more bits to f32, by convert.h */
  ulp_format f32;
  ulp_value_rows rows;          /* of values, in a choice those of its errors */
  /* Rooms of a batch, where they are needed: elements and codes that lie
   * elsewhere in the array; codes that may not stay, and their errors. */
  float *x;
  uint8_t *codes, *tried;
  double *terms, scaled[ULP_BATCH_SCALED];
} ulp_batch;

/* Whether there is a fast way for q; prepares it for batches of up to `most`
 * elements, with blocks of several lines or not.  Of false nothing is to be
 * freed. */
bool ulp_batch_encodes(ulp_batch *t, const ulp_quantizer *q, bool lines,
                       size_t most, double amax, double global);
bool ulp_batch_decodes(ulp_batch *t, const ulp_quantizer *q, double global);
void ulp_batch_free(ulp_batch *t);

/* One batch: up to ULP_FORMULA_LANES blocks, of one element or more. */
typedef struct {
  void *codes;    /* block by block, as x */
  void *scales;   /* NULL: not wanted; of a fixed q those that are given */
  int32_t *zeros; /* likewise; NULL: none */
  const float *x;
  ulp_strip strip;
  uint64_t index; /* of the array's first element */
} ulp_batch_task;
/* Bit i of the result: block i is still to be done. */
uint64_t ulp_batch_encode(ulp_batch *t, const ulp_batch_task *task);
/* Values, to where they lie in y. */
uint64_t ulp_batch_decode(ulp_batch *t, const ulp_strip *strip, float *y,
                          const uint8_t *codes, const void *scales,
                          const int32_t *zeros);

/* ---- inside ------------------------------------------------------------- */

/* Scales of a batch and what follows from them. */
typedef struct {
  uint8_t code[8 * ULP_FORMULA_LANES]; /* stored elements */
  double raw[ULP_FORMULA_LANES], scale[ULP_FORMULA_LANES],
      factor[ULP_FORMULA_LANES], zero[ULP_FORMULA_LANES];
} ulp_batch_setting;

typedef struct {
  ulp_batch *t;
  const ulp_batch_task *task;
  size_t blocks, n;
  uint64_t left; /* bit i: block i is not for kernels */
  bool encoded;  /* the task's codes are there */
  double a[ULP_FORMULA_LANES], low[ULP_FORMULA_LANES],
      high[ULP_FORMULA_LANES];
} ulp_batch_work;

static inline void ulp_batch_leave(ulp_batch_work *w, size_t i)
{
  w->left |= UINT64_C(1) << i;
}

/* The values of all scales of up to 8 bits; the value of scale i. */
void ulp_batch_scales(ulp_batch *t);
double ulp_batch_scale(const ulp_batch *t, const void *codes, size_t i);
/* Those of all elements' codes: whether each is an f32. */
bool ulp_batch_values(ulp_batch *t);

/* What formulas know of the blocks (batch_scales.c). */
void ulp_batch_measure(ulp_batch_work *w);
/* A setting by a formula of the scale, `before` the scale of another setting
 * or NULL; the one that is given. */
void ulp_batch_set(ulp_batch_work *w, ulp_batch_setting *s,
                   const ulp_formula *raw, const double *before);
void ulp_batch_set_given(ulp_batch_work *w, ulp_batch_setting *s);

/* The better setting of two, the best of a search (batch_choose.c). */
bool ulp_batch_chooses(ulp_batch *t);
void ulp_batch_choose(ulp_batch_work *w, ulp_batch_setting *s);

/* Codes of all elements (batch_elements.c).  tried: as errors are judged, by
 * each block's own random words. */
void ulp_batch_elements(ulp_batch_work *w, const ulp_batch_setting *s,
                        void *codes, bool tried);
/* Whether there is a way, and what encodes. */
bool ulp_batch_encoder(ulp_batch *t);
/* Whether rounding sees no difference between 0 and what is far below the
 * format's least value. */
bool ulp_batch_tiny_is_zero(const ulp_batch *t);

#endif
