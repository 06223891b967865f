/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The suite's own plans.  `ulplab plans NAME` prints one whole.
 */
#include <stdlib.h>
#include <string.h>

#include "plan.h"

/* What deployments of 16 bits keep: attention, norms and positions in f32,
 * what passes from one operation to the next in BF16 (FlashAttention-2,
 * arXiv:2307.08691; transformers, LlamaRMSNorm), logits in f32. */
#define BF16                                                                   \
  "all step=f32\n"                                                             \
  "scores,mix product=f32\n"                                                   \
  "embedding,norm,softmax,mix,rope,activation,residual out=bf16\n"             \
  "cache step=bf16\n"                                                          \
  "linear product=cublaslt-bf16 gpu=h100 out=bf16\n"                           \
  "head product=cublaslt-bf16 gpu=h100 out=f32\n"

static const ulp_plan_entry table[] = {
    {"f64", "everything in f64: the reference", "", "all step=f64\n"},
    {"f32", "everything in f32, products by fused multiply-adds from the first "
     "k to the last", "",
     "all step=f32\n"
     "linear,head,scores,mix product=f32\n"},
    {"bf16", "BF16 weights and activations; Hopper's BF16 tensor cores as "
     "cuBLASLt uses them; attention in f32", "", BF16},

    /* ---- weights alone: dequantized to BF16, as W8A16 and W4A16 kernels do
     * (Frantar et al., MARLIN, arXiv:2408.11743, section 3) ---- */
    {"w8a16", "INT8 weights, a scale a channel; activations BF16", "bf16",
     "linear weights=int8@compressed-tensors\n"},
    {"w4a16", "INT4 weights, a scale for 128 of a row, to nearest; activations "
     "BF16", "bf16", "linear weights=int4@compressed-tensors\n"},
    {"w4a16-tensor", "INT4 weights, one scale a matrix; activations BF16",
     "bf16", "linear weights=int4@compressed-tensors/g=tensor\n"},
    {"nvfp4-w4a16", "NVFP4 weights; activations BF16", "bf16",
     "linear weights=nvfp4@te\n"},

    /* ---- INT8: SmoothQuant's O1 to O3 without smoothing ---- */
    {"int8-w8a8", "INT8 weights a channel, INT8 activations a token, dynamic",
     "bf16",
     "linear weights=int8@compressed-tensors "
     "inputs=int8@compressed-tensors/g=token\n"
     "linear product=cublaslt-s8\n"},
    {"int8-w8a8-tensor", "INT8, one scale a matrix and one a tensor of "
     "activations, dynamic", "bf16",
     "linear weights=int8@compressed-tensors/g=tensor "
     "inputs=int8@compressed-tensors/g=tensor\n"
     "linear product=cublaslt-s8\n"},

    /* ---- FP8 on Hopper ---- */
    {"fp8-tensor", "E4M3, one scale a matrix and one a tensor of activations, "
     "dynamic; sums promoted every 128", "bf16",
     "linear weights=fp8-channel@compressed-tensors/g=tensor "
     "inputs=fp8-channel@compressed-tensors/g=tensor\n"
     "linear product=cublaslt-fp8\n"},
    {"fp8-tensor-nopromote", "fp8-tensor with fast accumulation: 14 bits over "
     "all of K", "fp8-tensor", "linear fast-accum=yes\n"},
    {"fp8-token", "E4M3, a scale a channel and a token, dynamic; sums promoted "
     "every 128", "bf16",
     "linear weights=fp8-channel@compressed-tensors "
     "inputs=fp8-channel@compressed-tensors/g=token\n"
     "linear product=cublaslt-fp8\n"},
    {"fp8-token-nopromote", "fp8-token with fast accumulation: 14 bits over all "
     "of K", "fp8-token", "linear fast-accum=yes\n"},
    {"fp8-deepseek", "E4M3, activations 1x128, weights 128x128; DeepGEMM's "
     "order, which promotes every 128 (DeepSeek-V3, arXiv:2412.19437, 3.3)",
     "bf16",
     "linear weights=fp8-block@deepgemm/g=tile:128x128 "
     "inputs=fp8-block@deepgemm\n"
     "linear product=deepgemm-1d2d\n"},
    /* Scales that change with k cannot be applied after an unbroken sum, so no
     * kernel has both; scales of rows can. */
    {"fp8-deepseek-nopromote", "fp8-deepseek's weights and activations under "
     "scales of rows, without promotion: no kernel applies scales of blocks to "
     "an unbroken sum", "bf16",
     "linear weights=fp8-block@deepgemm/g=token "
     "inputs=fp8-block@deepgemm/g=token\n"
     "linear product=cublaslt-fp8 fast-accum=yes\n"},

    /* ---- blocks with small scales: Blackwell ---- */
    {"mxfp8", "MXFP8 E4M3 weights and activations", "bf16",
     "linear weights=mxfp8@ocp inputs=mxfp8@ocp\n"
     "linear product=block-scale gpu=b200\n"},
    {"mxfp6", "MXFP6 E2M3 weights and activations", "bf16",
     "linear weights=mxfp6@ocp inputs=mxfp6@ocp\n"
     "linear product=block-scale gpu=b200\n"},
    {"mxfp4", "MXFP4 weights and activations", "bf16",
     "linear weights=mxfp4@ocp inputs=mxfp4@ocp\n"
     "linear product=block-scale gpu=b200\n"},
    {"nvfp4", "NVFP4 weights and activations", "bf16",
     "linear weights=nvfp4@te inputs=nvfp4@te\n"
     "linear product=block-scale gpu=b200\n"},
    {"nvfp4-4over6", "NVFP4, a block's greatest value 6 or 4, the better (Four "
     "Over Six, arXiv:2512.02010)", "bf16",
     "linear weights=nvfp4@fouroversix inputs=nvfp4@fouroversix\n"
     "linear product=block-scale gpu=b200\n"},

    /* ---- the cache alone ---- */
    {"kv-fp8", "keys and values in E4M3 without scales, vLLM's default", "bf16",
     "cache store=e4m3/raw=1/g=token\n"},
    {"kv-int8", "keys and values in INT8, a scale a token and head", "bf16",
     "cache store=int8sym/g=token\n"},
    {"kv-int4", "keys and values in INT4, a scale a token and head", "bf16",
     "cache store=int4sym/g=token\n"},
    {"kv-kivi4", "KIVI of 4 bits: keys a channel, values a token, groups of 32, "
     "the newest 128 tokens in BF16 (arXiv:2402.02750)", "bf16",
     "cache store=kivi:4:32 window=128\n"},
    {"kv-kivi2", "KIVI of 2 bits", "bf16",
     "cache store=kivi:2:32 window=128\n"},
};
enum { COUNT = sizeof table / sizeof table[0] };

const ulp_plan_entry *ulp_plan_row_at(size_t i)
{
  return i < COUNT ? &table[i] : NULL;
}

const char *ulp_plan_row(size_t i) { return i < COUNT ? table[i].name : NULL; }

/* The rules of a row and, before them, of its bases. */
static size_t write_rules(char *out, const ulp_plan_entry *x)
{
  size_t n = 0;
  for (size_t i = 0; *x->base && i < COUNT; i++)
    if (strcmp(table[i].name, x->base) == 0)
      n = write_rules(out, &table[i]);
  if (out)
    memcpy(out + n, x->rules, strlen(x->rules) + 1);
  return n + strlen(x->rules);
}

char *ulp_plan_row_text(size_t i)
{
  if (i >= COUNT)
    return NULL;
  const ulp_plan_entry *x = &table[i];
  size_t head = strlen(x->name) + strlen(x->description) + 5;
  char *out = malloc(head + write_rules(NULL, x) + 1);
  if (!out)
    return NULL;
  snprintf(out, head + 1, "# %s: %s\n", x->name, x->description);
  write_rules(out + strlen(out), x);
  return out;
}
