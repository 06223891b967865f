/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What data sheets say of GPUs, and published configurations of models: facts,
 * for the roofline and the ledger of claims.
 */
#ifndef ULPLAB_EXPERIMENTS_DATASHEET_H
#define ULPLAB_EXPERIMENTS_DATASHEET_H

#include "analysis.h"

/* ---- GPUs --------------------------------------------------------------- */

/* The types of a tensor core's operands, from the widest down. */
typedef enum {
  ULP_RATE_BF16, ULP_RATE_FP8, ULP_RATE_INT8, ULP_RATE_FP4, ULP_RATE_INT4,
  ULP_RATES
} ulp_rate;
const char *ulp_rate_name(size_t rate); /* "bf16", ...; NULL past the end */

typedef struct {
  const char *name, *product;
  double peak[ULP_RATES]; /* operations a second, dense: without sparsity, a
                             multiply-add counted as two, sums in f32 or s32;
                             0: no such instruction */
  double bandwidth;       /* bytes a second, of its memory */
  double capacity;        /* bytes: GB as data sheets count, 10^9 */
  const char *source;
} ulp_datasheet;
const ulp_datasheet *ulp_datasheet_row(size_t i); /* NULL past the end */
/* ULP_ENAME with one line in *e. */
ULP_MUST_CHECK ulp_status ulp_datasheet_find(const ulp_datasheet **out,
                                             const char *name, ulp_error *e);

/* ---- models ------------------------------------------------------------- */

typedef struct {
  const char *name;
  int64_t layers, hidden, heads, kv_heads, head_dim, intermediate, vocabulary;
  const char *source;
} ulp_model_shape;
const ulp_model_shape *ulp_model_shape_row(size_t i); /* NULL past the end */
ULP_MUST_CHECK ulp_status ulp_model_shape_find(const ulp_model_shape **out,
                                               const char *name, ulp_error *e);

/* The matrices of a layer, [outputs, inputs] as linear layers keep them: q, k,
 * v, o, gate, up, down. */
enum { ULP_LAYER_MATRICES = 7, ULP_ATTENTION_MATRICES = 4 };
void ulp_model_matrices(const ulp_model_shape *m,
                        int64_t shape[ULP_LAYER_MATRICES][2]);
/* Numbers of parameters: of a layer's matrices (all, or of attention alone),
 * of an embedding (the output matrix has as many: they are not tied), and of
 * the whole with its norms. */
double ulp_model_layer(const ulp_model_shape *m);
double ulp_model_attention(const ulp_model_shape *m);
double ulp_model_embedding(const ulp_model_shape *m);
double ulp_model_parameters(const ulp_model_shape *m);
/* K and V numbers that a token leaves in the cache. */
double ulp_model_cached(const ulp_model_shape *m);

#endif
