/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ulplab/llama.h: a decoder of the Llama family (RMSNorm, rotary positions,
 * grouped-query attention, SwiGLU), run a step at a time in numbers of the
 * caller's choice.
 *
 * What is computed is what Hugging Face's LlamaForCausalLM computes
 * (transformers, models/llama/modeling_llama.py) from the same folder.
 */
#ifndef ULPLAB_LLAMA_H
#define ULPLAB_LLAMA_H

#include "plan.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- config.json -------------------------------------------------------- */

typedef struct {
  int64_t hidden, layers, heads, kv_heads, head_dim, intermediate, vocab;
  int64_t positions;     /* max_position_embeddings */
  double epsilon, theta; /* rms_norm_eps, rope_theta */
  bool tied;             /* the head is the embedding */
  /* rope_type "linear": all wavelengths times factor; "llama3" (the Llama 3.1
   * models): long ones alone; 1: neither. */
  bool llama3;
  double factor, low_factor, high_factor;
  int64_t original_positions;
} ulp_llama_config;

/* ULP_EFORMAT with one line in *e, which names the key, for what is malformed,
 * missing, out of range or of another architecture. */
ULP_MUST_CHECK ulp_status ulp_llama_config_parse(ulp_llama_config *c,
                                                 const char *json, size_t size,
                                                 const char *path,
                                                 ulp_error *e);

/* ---- the model ---------------------------------------------------------- */

/* Its matrices, in the order of a layer's work. */
typedef enum {
  ULP_LLAMA_Q, ULP_LLAMA_K, ULP_LLAMA_V, ULP_LLAMA_O,
  ULP_LLAMA_GATE, ULP_LLAMA_UP, ULP_LLAMA_DOWN, ULP_LLAMA_MATRICES
} ulp_llama_matrix;

/* Opens a folder with config.json and model.safetensors, or the shards that
 * model.safetensors.index.json names.  Weights are kept as f32, to which BF16
 * and F16 convert exactly.  ULP_EIO, ULP_EFORMAT with one line in *e that names
 * the file and the tensor. */
ULP_MUST_CHECK ulp_status ulp_llama_open(ulp_llama **out, const char *folder,
                                         ulp_error *e);
void ulp_llama_close(ulp_llama *m); /* NULL is allowed */
const ulp_llama_config *ulp_llama_settings(const ulp_llama *m);
int64_t ulp_llama_parameters(const ulp_llama *m);

/* Rows and columns [out, in] of a layer's matrix, and its elements. */
const float *ulp_llama_weights(const ulp_llama *m, int64_t layer,
                               ulp_llama_matrix which, int64_t shape[2]);

/* ---- running ------------------------------------------------------------ */

/* The keys and values of the tokens so far. */
typedef struct ulp_llama_state ulp_llama_state;
/* Room for `most` tokens; m and plan must outlive it.  Weights are quantized
 * here.  ULP_ENOMEM, or ULP_EINVAL when `most` is not positive or the plan does
 * not suit the model (ulp_plan_check). */
ULP_MUST_CHECK ulp_status ulp_llama_begin(ulp_llama_state **out,
                                          const ulp_llama *m, int64_t most,
                                          const ulp_plan *plan, int threads,
                                          ulp_error *e);
void ulp_llama_end(ulp_llama_state *s); /* NULL is allowed */
int64_t ulp_llama_length(const ulp_llama_state *s);
/* Forgets the tokens from `length` on. */
void ulp_llama_cut(ulp_llama_state *s, int64_t length);

/* Called with the residual stream, [n, hidden], before layer 0, 1, ... and
 * once after the last, which goes on with what it leaves in x; may be NULL. */
typedef void ulp_llama_watch(void *data, int64_t layer, double *x, int64_t n);

/* Called with what each product multiplies, [n, its columns], before a
 * quantizer of inputs: layer by layer in the order of ulp_llama_matrix, and of
 * the head with the number of layers and ULP_LLAMA_MATRICES. */
typedef void ulp_llama_tap(void *data, int64_t layer, ulp_llama_matrix which,
                           const double *x, int64_t n);
void ulp_llama_listen(ulp_llama_state *s, ulp_llama_tap *tap, void *data);

/* Takes n more tokens and gives logits[n, vocab] of those from `first` of
 * these on ([n - first, vocab]; it may be NULL where first is n).  The same
 * values come whether tokens arrive together or one by one, but under plans
 * with a scale of the whole tensor of activations (plan.h).  ULP_EINVAL for a
 * token out of range or more than there is room for. */
ULP_MUST_CHECK ulp_status ulp_llama_run(ulp_llama_state *s,
                                        const int32_t *tokens, int64_t n,
                                        int64_t first, double *logits,
                                        ulp_llama_watch *watch, void *data,
                                        ulp_error *e);

#ifdef __cplusplus
}
#endif
#endif
