/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the decoder's files share.  Not installed.
 */
#ifndef ULPLAB_LLAMA_INTERNAL_H
#define ULPLAB_LLAMA_INTERNAL_H

#include "llama.h"

/* ---- checkpoint.c: the tensors of a folder ------------------------------ */

typedef struct {
  char *folder;
  ulp_file **files;
  char **names; /* of the files, without the folder */
  size_t count;
} ulp_checkpoint;

/* Opens model.safetensors, or the files of model.safetensors.index.json. */
ULP_MUST_CHECK ulp_status ulp_checkpoint_open(ulp_checkpoint *c,
                                              const char *folder,
                                              ulp_error *e);
void ulp_checkpoint_close(ulp_checkpoint *c);
/* A tensor of that name in any of them: NULL when there is none. */
const ulp_tensor *ulp_checkpoint_find(const ulp_checkpoint *c,
                                      const char *name);
/* The bytes of a text file of the folder, with a NUL after them; the caller's
 * to free. */
ULP_MUST_CHECK ulp_status ulp_checkpoint_text(char **out, size_t *size,
                                              const char *folder,
                                              const char *name, ulp_error *e);

/* ---- rope.c ------------------------------------------------------------- */

typedef struct {
  double *frequency;
  int64_t pairs;
} ulp_rope;
bool ulp_rope_make(ulp_rope *r, const ulp_llama_config *c); /* memory */
void ulp_rope_free(ulp_rope *r);
/* Sine and cosine of each pair at a position, [pairs, 2]. */
void ulp_rope_angles(const ulp_rope *r, double *turns, int64_t position);
/* Turns one head's x, [2 pairs], by these; sine, cosine, products and sums
 * rounded, with random numbers from `index` on, 8 a pair. */
void ulp_rope_turn(const ulp_rope *r, double *x, const double *turns,
                   const ulp_step *step, uint64_t index);
/* Sine and cosine by + - * alone, to 2^-52 for |angle| < 2^20. */
void ulp_turn(double angle, double *sine, double *cosine);

/* ---- llama_weights.c ---------------------------------------------------- */

typedef struct {
  float *element[ULP_LLAMA_MATRICES];
  double *attention_norm, *mlp_norm; /* gamma */
} ulp_llama_layer;

struct ulp_llama {
  ulp_llama_config config;
  float *embedding, *head; /* head: the embedding where they are tied */
  double *norm;
  int stored_bits; /* of an element of the embedding in its file */
  ulp_llama_layer *layer;
  ulp_rope rope;
};

/* [out, in] of a layer's matrix. */
void ulp_llama_shape(const ulp_llama_config *c, ulp_llama_matrix which,
                     int64_t shape[2]);

/* ---- linear.c ----------------------------------------------------------- */

/* w, [n, k], as ulp_linear takes it: panels [ceil(n / ULP_LANES)][k][ULP_LANES]
 * (lanes.h), zeros where n ends.  The caller's to free; NULL: no memory. */
float *ulp_linear_pack(const float *w, size_t n, size_t k);
/* y[m, n] = x[m, k] w[n, k]^T: sums from the first k to the last, in f64;
 * narrow: of f32's fused multiply-adds, of x rounded to f32. */
ULP_MUST_CHECK ulp_status ulp_linear(double *y, const double *x,
                                     const float *panels, size_t m, size_t n,
                                     size_t k, bool narrow, int threads);

#endif
