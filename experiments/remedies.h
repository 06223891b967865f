/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Ways to quantize a linear layer, and remedies for outliers in it.
 */
#ifndef ULPLAB_EXPERIMENTS_REMEDIES_H
#define ULPLAB_EXPERIMENTS_REMEDIES_H

#include "methods.h"
#include "source.h"

/* Quantizers of activations and of weights, as ulp_quantizer_find reads them;
 * "" stays as it is, 16 bits. */
typedef struct {
  const char *name, *x, *w;
} ulp_layer_scheme;
const ulp_layer_scheme *ulp_layer_scheme_row(size_t i); /* NULL past the end */

typedef enum {
  ULP_REMEDY_NONE,
  ULP_REMEDY_SMOOTHQUANT, /* parameter: alpha */
  ULP_REMEDY_AWQ,
  ULP_REMEDY_HADAMARD,
  ULP_REMEDY_LLM_INT8, /* parameter: the threshold */
  ULP_REMEDY_GPTQ,
  ULP_REMEDY_GPTQ_INVERSE,  /* GPTQ with H^-1 where its factor belongs */
  ULP_REMEDY_GPTQ_CHOLESKY, /* and with the upper factor of H itself */
  ULP_REMEDY_GPTQ_LOWER,    /* and with the lower one, as torch has it */
  ULP_REMEDY_HADAMARD_GPTQ
} ulp_remedy_kind;
typedef struct {
  ulp_remedy_kind kind;
  double parameter;
  const char *word; /* as asked for */
} ulp_remedy;
/* "smoothquant:0.5", "gptq", ...; *out keeps no copy of `word`. */
ULP_MUST_CHECK ulp_status ulp_remedy_read(ulp_remedy *out, const char *word,
                                          ulp_error *e);
/* Whether it changes anything that the scheme quantizes. */
bool ulp_remedy_applies(const ulp_remedy *r, const ulp_layer_scheme *s);

/* What is given: x is quantized, `seen` is what calibration saw. */
typedef struct {
  int64_t tokens, outputs, channels, seen_tokens;
  const double *x, *w, *seen;
  double *hessian, *factor;   /* of seen; NULL: not needed */
  double *rotated;            /* the factor after the rotation; or NULL */
  uint64_t seed;              /* of the rotation */
} ulp_layer;
/* Fills hessian and factor, and `rotated` if asked. */
ULP_MUST_CHECK ulp_status ulp_layer_prepare(ulp_layer *l, bool rotated,
                                            ulp_error *e);
void ulp_layer_release(ulp_layer *l); /* hessian, factor, rotated */

/* What comes of it. */
typedef struct {
  double *x, *w;         /* after the transformation, before quantization */
  double *xq, *wq;       /* values of the codes */
  unsigned char *apart;  /* channels in 16 bits; NULL: none */
  int64_t apart_count;
  double setting;        /* alpha, r of AWQ, threshold; NaN: none */
  double x_bits, w_bits; /* an element */
  ulp_quantizer xs, ws;  /* where the scheme has them */
  bool fits;             /* false: no power of two for a rotation */
} ulp_layer_result;
ULP_MUST_CHECK ulp_status ulp_layer_quantize(ulp_layer_result *out,
                                             const ulp_layer *l,
                                             const ulp_layer_scheme *s,
                                             const ulp_remedy *r,
                                             ulp_error *e);
void ulp_layer_result_free(ulp_layer_result *out);

/* The expected squared error of the output, from the steps that the scales of
 * integers make, for normal numbers in each channel and independent errors;
 * NaN where that does not apply.  compensated: what GPTQ leaves of the power
 * of the weights' error; 1 without it. */
double ulp_layer_noise(const ulp_layer_result *r, const ulp_layer_scheme *s,
                       int64_t tokens, int64_t outputs, int64_t channels,
                       double compensated);

#endif
