/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ulplab/plan.h: in what numbers a model is computed, place by place and layer
 * by layer.
 *
 * A plan is text, one rule a line, '#' begins a comment; of two rules for one
 * place and key the later one holds:
 *
 *   PLACE... [layers=A-B] KEY=VALUE...
 *
 * Places, a comma or blanks between them; layers count from 0 and narrow the
 * rule to these (not of embedding and head, which no layer has):
 *   embedding          the rows of the table
 *   q k v o gate up down head     y = x W^T; `linear` is the first seven
 *   scores mix         q K^T / sqrt(d); P V
 *   softmax norm rope activation residual     (the last norm, too)
 *   keys values        as the cache holds them; `cache` is both
 *   all                every place
 * Keys:
 *   step=FORMAT        every result there (default float64); of a product the
 *                      sum, not its terms
 *   round=MODE seed=N sr-bits=N   how step and out round (default rne; sr)
 *   out=FORMAT         what is handed on (default: no further rounding).  Of a
 *                      kernel: the type of D, f32, bf16 or f16
 *   weights=QUANTIZER  of embedding, linear, head: [out, in]; none: as stored
 *   inputs=QUANTIZER   of linear and head: [tokens, in]; of mix: the weights of
 *                      the tokens, [1, tokens]; of scores: queries, [1, d]
 *   store=QUANTIZER    of keys and values, [tokens, d] of one head: scales of
 *                      one token (g=token, g=group:N) or of N tokens
 *                      (g=group:N/axis=0); kivi:BITS:N as KIVI has it
 *   window=N           the newest tokens, which stay as they are
 *   product=f64|f32    sums from the first k to the last; f32 of f32 operands,
 *                      by fused multiply-adds
 *   product=KERNEL     of linear and head: an order of emu/gemm.h, as the GPU
 *     gpu=GPU          computes it from the codes and the scales; or
 *     fast-accum=yes|no   `block-scale`: a chain of the GPU's instruction that
 *     promote=N           takes scales of blocks
 *     split-k=S
 *   QUANTIZER is a text of quantizer.h, or `none`.
 *
 * A kernel takes the codes where the quantizers' formats, and scales, are its
 * own; else the values that the codes stand for, in its type (weights of four
 * bits in a product of BF16).
 *
 * Attention reads the cache as it is stored, a token's own key and value too,
 * so that logits do not depend on how the tokens came; but for inputs= whose
 * scales several tokens share (g=tensor, tiles, nvfp4's second level): these
 * are of the tokens that go through the layers together, 128 of a longer text.
 */
#ifndef ULPLAB_PLAN_H
#define ULPLAB_PLAN_H

#include "model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ulp_plan ulp_plan;
typedef struct ulp_llama ulp_llama;

/* A plan that the suite has ("f64", "fp8-tensor", ...), or the one in a file.
 * ULP_ENAME with the nearest name, ULP_EFORMAT with file, line and what was
 * expected. */
ULP_MUST_CHECK ulp_status ulp_plan_find(ulp_plan **out, const char *text,
                                        ulp_error *e);
/* Of text in memory; `name` stands in messages and is the plan's. */
ULP_MUST_CHECK ulp_status ulp_plan_parse(ulp_plan **out, const char *name,
                                         const char *text, size_t size,
                                         ulp_error *e);
void ulp_plan_free(ulp_plan *p); /* NULL is allowed */
const char *ulp_plan_name(const ulp_plan *p);

/* The names of the suite's own; NULL past the end. */
const char *ulp_plan_row(size_t i);
typedef struct {
  const char *name, *description;
  const char *base; /* rules before these: another row's; "": none */
  const char *rules;
} ulp_plan_entry;
const ulp_plan_entry *ulp_plan_row_at(size_t i); /* NULL past the end */
/* Row i's whole text, which ulp_plan_parse reads; the caller's to free.  NULL:
 * no memory. */
char *ulp_plan_row_text(size_t i);

/* ULP_EINVAL with one line in *e, which says where the plan does, when it names
 * a layer that m has not, or the shapes of m do not suit it. */
ULP_MUST_CHECK ulp_status ulp_plan_check(const ulp_plan *p, const ulp_llama *m,
                                         ulp_error *e);
/* How the bits of the products y = x W^T are known, of the least known:
 * "measured: KERNEL of GPU", "published: ...", "modelled, not bit-exact: ..."
 * or "IEEE 754 arithmetic, no GPU's".  m NULL: of whatever model.  (Attention,
 * norms and activations are IEEE arithmetic in every plan.) */
void ulp_plan_evidence(const ulp_plan *p, const ulp_llama *m, char *out,
                       size_t size);

/* Bytes of the weights, scales counted; matrices without a quantizer, and the
 * norms', as the checkpoint stores them. */
int64_t ulp_plan_weight_bytes(const ulp_plan *p, const ulp_llama *m);
/* Bytes of keys and values, scales counted, for each token of a long context
 * (the window left out); without `store` as wide as their format. */
double ulp_plan_cache_bytes(const ulp_plan *p, const ulp_llama *m);

#ifdef __cplusplus
}
#endif
#endif
