/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The roofline of a transformer's forward pass (S. Williams, A. Waterman,
 * D. Patterson, Roofline: An Insightful Visual Performance Model for Multicore
 * Architectures, Commun. ACM 52(4), 2009): each part takes the longer of the
 * time of its bytes and the time of its operations, and the parts follow one
 * another.
 */
#ifndef ULPLAB_EXPERIMENTS_ROOFLINE_H
#define ULPLAB_EXPERIMENTS_ROOFLINE_H

#include "datasheet.h"
#include "quantizer.h"

/* How weights are kept, and the type that their matrices are multiplied in. */
typedef struct {
  char name[120];
  char weights[100]; /* a format, or a quantizer's text */
  ulp_rate stored;   /* the type of its elements; ULP_RATES: none of them */
  ulp_rate rate;     /* what the scheme asks of the tensor cores */
} ulp_scheme;
/* A name of the table (w4a16, w8a8-fp8, ...), or WEIGHTS+TYPE, as
 * int3/g=group:64+bf16. */
ULP_MUST_CHECK ulp_status ulp_scheme_find(ulp_scheme *out, const char *text,
                                          ulp_error *e);

/* Bits an element of an array in a format (no scales) or in a quantizer. */
ULP_MUST_CHECK ulp_status ulp_storage_bits(double *bits, const char *text,
                                           int64_t rows, int64_t columns,
                                           ulp_error *e);
/* Bytes of a model's layers in a scheme, and of one token's K and V, which are
 * kept in rows of a head each. */
ULP_MUST_CHECK ulp_status ulp_roofline_weights(double *bytes,
                                               const ulp_model_shape *m,
                                               const char *weights,
                                               ulp_error *e);
ULP_MUST_CHECK ulp_status ulp_roofline_cache(double *bytes,
                                             const ulp_model_shape *m,
                                             const char *cache, ulp_error *e);

typedef struct {
  const ulp_datasheet *gpu;
  const ulp_model_shape *model;
  const ulp_scheme *scheme;
  double layer_bytes, cached_bytes; /* of all layers, of a token */
  bool prefill;
  double batch, context; /* sequences, tokens of each */
  double overhead;       /* of dequantizing, a share of the multiplication */
} ulp_roofline_case;

typedef struct {
  double flops, bytes;
  double compute_s, bandwidth_s; /* each alone */
} ulp_roofline_part;

typedef struct {
  ulp_rate runs_as;
  bool native, dequantizes;
  ulp_roofline_part linear, attention, ends; /* ends: embedding and lm_head */
  double time_s, bandwidth_bound_s; /* of all, of parts that bytes bind */
  double memory;                    /* weights and cache */
  double crossover; /* tokens a step from which the layers' matrices take no
                       less than in BF16; INF: always less */
} ulp_roofline;
ulp_roofline ulp_roofline_of(const ulp_roofline_case *c);

#endif
