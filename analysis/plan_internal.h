/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the files behind plan.h share.  Not installed.
 */
#ifndef ULPLAB_PLAN_INTERNAL_H
#define ULPLAB_PLAN_INTERNAL_H

#include "gemm.h"
#include "llama_internal.h"

/* ---- the text (plan_parse.c) -------------------------------------------- */

/* The seven matrices stand in ulp_llama_matrix's order. */
typedef enum {
  ULP_AT_EMBEDDING, ULP_AT_Q, ULP_AT_K, ULP_AT_V, ULP_AT_O, ULP_AT_GATE,
  ULP_AT_UP, ULP_AT_DOWN, ULP_AT_HEAD, ULP_AT_SCORES, ULP_AT_SOFTMAX,
  ULP_AT_MIX, ULP_AT_NORM, ULP_AT_ROPE, ULP_AT_ACTIVATION, ULP_AT_RESIDUAL,
  ULP_AT_KEYS, ULP_AT_VALUES, ULP_PLACES
} ulp_place;

typedef enum {
  ULP_KEY_STEP, ULP_KEY_ROUND, ULP_KEY_SEED, ULP_KEY_SR_BITS, ULP_KEY_OUT,
  ULP_KEY_WEIGHTS, ULP_KEY_INPUTS, ULP_KEY_STORE, ULP_KEY_WINDOW,
  ULP_KEY_PRODUCT, ULP_KEY_GPU, ULP_KEY_FAST, ULP_KEY_PROMOTE, ULP_KEY_SPLIT,
  ULP_PLAN_KEYS
} ulp_plan_key;

/* A word of a line for the places of its rule. */
typedef struct {
  uint32_t places; /* bit i: place i */
  int64_t first, last; /* layers; `last` -1: all, and what no layer has */
  ulp_plan_key key;
  int line;
  char *text;
  ulp_quantizer *quantizer; /* NULL: none, or kivi */
  int kivi_bits, kivi_group;
  ulp_format format;
  uint64_t number;
} ulp_plan_setting;

struct ulp_plan {
  char *name;
  ulp_plan_setting *setting;
  size_t count, room;
};

const char *ulp_place_name(size_t i); /* NULL past the end */
/* The last setting of a key; NULL: none.  layer -1: of no layer. */
const ulp_plan_setting *ulp_plan_at(const ulp_plan *p, int64_t layer,
                                    ulp_place place, ulp_plan_key key);

/* ---- a place of a layer, ready (plan_numbers.c) ------------------------- */

typedef enum { ULP_SUM_F64, ULP_SUM_F32, ULP_SUM_KERNEL } ulp_plan_product;

typedef struct {
  ulp_step step, out; /* out: float64 where nothing is asked */
  const ulp_plan_setting *weights, *inputs, *store; /* NULL: none */
  int64_t window;
  ulp_plan_product product;
  const ulp_plan_setting *kernel; /* of a kernel */
  const char *gpu, *out_name;
  bool fast;
  int promote, slices; /* -1 and 0: the kernel's own */
} ulp_numbers;

/* ULP_EINVAL with one line in *e for words that do not go together. */
ULP_MUST_CHECK ulp_status ulp_plan_numbers(ulp_numbers *out, const ulp_plan *p,
                                           int64_t layer, ulp_place place,
                                           ulp_error *e);
/* "NAME:LINE: ..." in front of a message. */
ulp_status ulp_plan_fault(ulp_error *e, const ulp_plan *p, int line,
                          ulp_status status, const char *message);

/* ---- codes (plan_codes.c) ----------------------------------------------- */

/* An array of codes, its scales and what the scales lack. */
typedef struct {
  ulp_blocks b;
  ulp_quantized at;
  float global;
} ulp_coded;

ULP_MUST_CHECK ulp_status ulp_coded_make(ulp_coded *c, const ulp_quantizer *q,
                                         const float *x, size_t rows,
                                         size_t cols, uint64_t index,
                                         int threads, ulp_error *e);
void ulp_coded_free(ulp_coded *c);
/* Block scales as f32 factors of the codes; NULL: no memory. */
float *ulp_coded_factors(const ulp_coded *c, const ulp_quantizer *q);
/* Values in a kernel's type, rounded to nearest even; NULL: no memory. */
void *ulp_codes_in_type(const ulp_format *f, const float *x, size_t n);

/* ---- a matrix, ready (plan_matrix.c) ------------------------------------ */

typedef struct {
  const ulp_numbers *at;
  size_t n, k;         /* of W: [n, k] */
  float *panels;       /* of sums in f64 and f32: ulp_linear_pack's */
  bool direct;         /* the kernel takes the quantizers' codes */
  ulp_gemm gemm;
  ulp_mma mma;         /* of `block-scale` */
  bool scaled;         /* it is that */
  void *codes;
  float *scales;       /* of a direct kernel */
  void *scale_codes;   /* of `block-scale` */
  ulp_gemm_scales kind_a, kind_b;
  float global;        /* of `block-scale`: what W's scales lack */
} ulp_matrix;

/* Which kernel and how its operands come; no weights yet. */
ULP_MUST_CHECK ulp_status ulp_matrix_find(ulp_matrix *x, const ulp_numbers *at,
                                          size_t n, size_t k, char *why,
                                          size_t why_size);
/* Quantizes w; one thread. */
ULP_MUST_CHECK ulp_status ulp_matrix_load(ulp_matrix *x, const float *w,
                                          ulp_error *e);
void ulp_matrix_free(ulp_matrix *x);
/* Whether its kernel adds integers, whose sums are scaled after it. */
bool ulp_matrix_is_integer(const ulp_matrix *x);

/* ---- its products (plan_product.c) -------------------------------------- */

/* Activations as a matrix takes them. */
typedef struct {
  const double *wide; /* of sums */
  double *own;        /* the same, where they went through a quantizer */
  ulp_coded c;        /* of a kernel that takes codes */
  float *scales;
  void *codes;        /* of one that takes values */
} ulp_operand;

/* x must outlive a; `token`: the number of the first, for stochastic
 * rounding.  To be freed in any case. */
ULP_MUST_CHECK ulp_status ulp_operand_make(ulp_operand *a, const ulp_matrix *w,
                                           const double *x, size_t m,
                                           uint64_t token, int threads,
                                           ulp_error *e);
/* Whether what was made for a is what b takes. */
bool ulp_operand_suits(const ulp_matrix *a, const ulp_matrix *b);
void ulp_operand_free(ulp_operand *a);
/* y[m, n] = x[m, k] W^T, rounded as the place says. */
ULP_MUST_CHECK ulp_status ulp_matrix_multiply_by(const ulp_matrix *w, double *y,
                                                 const ulp_operand *a, size_t m,
                                                 uint64_t token, int threads,
                                                 ulp_error *e);
/* The same of an x that nothing else multiplies. */
ULP_MUST_CHECK ulp_status ulp_matrix_multiply(const ulp_matrix *w, double *y,
                                              const double *x, size_t m,
                                              uint64_t token, int threads,
                                              ulp_error *e);

/* ---- block scales (plan_scaled.c) --------------------------------------- */

/* The GPU's instruction with scales of blocks for these two. */
ULP_MUST_CHECK ulp_status ulp_scaled_find(ulp_mma *out, const char *gpu,
                                          const ulp_quantizer *a,
                                          const ulp_quantizer *b, char *why,
                                          size_t why_size);

/* ---- the cache (llama_cache.c) ------------------------------------------ */

/* Keys, or values, of one layer, as attention multiplies them: keys [kv_head]
 * [token][dim]; values turned, [kv_head][dim][token].  Floats where the product
 * is of f32 operands (narrow), else doubles. */
typedef struct {
  const ulp_numbers *at;
  bool turned, narrow;
  int64_t heads, most, dim;
  int64_t stride;      /* from one row to the next */
  int64_t together;    /* tokens that share a scale */
  void *full, *held;   /* as they came; as stored, NULL where the same */
} ulp_cache;

/* product: of scores, or of mix. */
ULP_MUST_CHECK bool ulp_cache_make(ulp_cache *c, const ulp_numbers *at,
                                   bool keys, ulp_plan_product product,
                                   int64_t heads, int64_t most, int64_t dim);
void ulp_cache_free(ulp_cache *c);
/* Takes x, [n, heads, dim], as tokens from `first` on. */
ULP_MUST_CHECK ulp_status ulp_cache_add(ulp_cache *c, const double *x,
                                        int64_t first, int64_t n,
                                        ulp_error *e);
/* The first of a head's elements, of `full` or `held`. */
const void *ulp_cache_head(const ulp_cache *c, const void *of, int64_t head);
/* How many of `seen` tokens, from the first on, are as stored. */
int64_t ulp_cache_old(const ulp_cache *c, int64_t seen);

/* ---- attention (llama_attention.c) -------------------------------------- */

typedef struct {
  const ulp_numbers *scores, *softmax, *mix;
  const ulp_cache *keys, *values;
  int64_t heads, kv_heads, dim;
} ulp_attention;
/* out = softmax(q K^T / sqrt(d)) V of n queries, [n, heads, dim], of tokens
 * from `first` on, which see all before them and themselves. */
ULP_MUST_CHECK ulp_status ulp_attention_run(const ulp_attention *a, double *out,
                                            const double *q, int64_t first,
                                            int64_t n, int threads,
                                            ulp_error *e);

/* ---- between products (llama_steps.c) ----------------------------------- */

/* `number`: where the first one's random numbers begin.  Rows of x, [n,
 * hidden], through RMSNorm; the number of row i is number + 2 i. */
void ulp_llama_norm(const ulp_numbers *at, double *y, const double *x,
                    const double *gamma, int64_t hidden, int64_t n,
                    double epsilon, uint64_t number, int threads);
/* Heads of x, [n, heads, 2 pairs], by turns[n, pairs, 2]. */
void ulp_llama_turn(const ulp_rope *r, const ulp_numbers *at, double *x,
                    const double *turns, int64_t heads, int64_t n,
                    uint64_t number, int threads);
/* x += y. */
void ulp_llama_add(const ulp_numbers *at, double *x, const double *y,
                   int64_t count, uint64_t number);
/* gate = silu(gate) up, silu(x) = x / (1 + e^-x). */
void ulp_llama_activate(const ulp_numbers *at, double *gate, const double *up,
                        int64_t count, uint64_t number, int threads);

#endif
