/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Claims of the guide's section 4: what is quantized in a model.
 */
#include "claims.h"

#define M70 "model llama-3-70b "
#define M8 "model llama-3-8b "
#define M7 "model llama-2-7b "
#define MLP_SHARE(m) "([" m "layer] - [" m "attention]) / [" m "layer]"
#define ENDS_SHARE(m) "2 * [" m "embedding] / [" m "parameters]"
#define CACHE "run roofline --gpus h100 --models llama-3-70b --schemes bf16 "  \
  "--phases decode --contexts 8192 --batches 32 --kv 'float16 "                \
  "int8/g=token/scale=float16 int8/g=token/scale=float32 "                     \
  "e4m3/g=token/scale=float32 int4/g=group:32/scale=float16'"
#define OF_CACHE(kv, what) "[" CACHE " | kv=" kv " | " what "]"
#define ADAM8 "bnb_dynamic8/g=block:256/scale=float32"

static const ulp_claim rows[] = {
    {"weights-share", "4.2", "Weights are more than 99 % of the parameters of "
     "a dense model", "0.99", "1",
     {{"matrices and embeddings, 70B", "([" M70 "layers] * [" M70 "layer] + 2 "
       "* [" M70 "embedding]) / [" M70 "parameters]", "> 0.99"},
      {"matrices of the layers, which are what is quantized, 70B",
       "[" M70 "layers] * [" M70 "layer] / [" M70 "parameters]", "> 0.99"},
      {"the same, 8B", "[" M8 "layers] * [" M8 "layer] / [" M8 "parameters]",
       "> 0.99"}}, "",
     "With embedding and lm_head, which usually stay in BF16, yes; without "
     "them 97 % of a 70B model and 87 % of an 8B one.",
     "arXiv:2407.21783, table 3"},
    {"57", "4.3", "1-2 % of the hidden dimensions have activations about 100 "
     "times the median", "1-2 %", "1", {{0}},
     "LLM.int8(): about 0.1 % of the features, in every layer from 6.7B on",
     "Needs a model's activations; the guide's 10.1 says 0.1-1 % at 50-1000 "
     "times, which does not agree with this.", "arXiv:2208.07339, section 4"},
    {"32", "4.5", "Adam's m and v in FP32 are 4 times the BF16 parameters",
     "4", "1",
     {{"bits of two moments over bits of a parameter",
       "2 * [format float32 bits] / [format bfloat16 bits]", "4 +- 0"}}, "",
     "8 bytes against 2.", "arXiv:1412.6980"},
    {"33", "4.5", "The optimizer states of a 70B model in FP32 are 840 GB",
     "840", "GB",
     {{"m and v", "2 * 4 * [" M70 "parameters] / 1e9", "840 +- 5%"},
      {"m, v and the FP32 master weights", "3 * 4 * [" M70 "parameters] / 1e9",
       "840 +- 5%"}}, "",
     "840 counts the master weights; the two states alone are 564 GB.",
     "arXiv:1412.6980; arXiv:2407.21783"},
    {"31", "4.6", "The FP16 cache of Llama-3-70B with 8K of context and batch "
     "32 is about 20 GB", "20", "GB",
     {{"K and V of 80 layers, 8 heads of 128",
       OF_CACHE("float16", "kv_bytes") " / 1e9", "20 +- 20%"}}, "",
     "2 x 80 x 8 x 128 numbers of 2 bytes a token; 20 GB is batch 8.",
     "config.json of Meta-Llama-3-70B"},
    {"62", "4.6", "An INT8 cache with a scale a token and head doubles the "
     "capacity", "2", "1",
     {{"FP16 over INT8 with f16 scales", OF_CACHE("float16", "kv_bits") " / "
       OF_CACHE("int8/g=token/scale=float16", "kv_bits"), "2 +- 2%"},
      {"with f32 scales", OF_CACHE("float16", "kv_bits") " / "
       OF_CACHE("int8/g=token/scale=float32", "kv_bits"), "2 +- 2%"}}, "",
     "Scales counted: 1.97 with f16 scales, 1.94 with f32.",
     "analysis/quantizer.h"},
    {"kv-fp8-size", "4.6", "An FP8 cache has the size of an INT8 one", "1", "1",
     {{"bits of E4M3 over INT8, f32 scales a token and head",
       OF_CACHE("e4m3/g=token/scale=float32", "kv_bits") " / "
       OF_CACHE("int8/g=token/scale=float32", "kv_bits"), "1 +- 0"}}, "",
     "The same scales, the same bits.", "analysis/quantizer.h"},
    {"66", "4.7", "Embedding and lm_head are small beside the blocks, one "
     "layer's worth each", "", "1",
     {{"share of a 70B model", ENDS_SHARE(M70), "< 0.05"},
      {"share of an 8B model", ENDS_SHARE(M8), "< 0.05"},
      {"embedding over a layer, 70B", "[" M70 "embedding] / [" M70 "layer]",
       "1 +- 25%"},
      {"embedding over a layer, 8B", "[" M8 "embedding] / [" M8 "layer]",
       "1 +- 25%"}}, "",
     "Vocabulary 128256.  Small at 70B (3 %); at 8B the two are 13 %.",
     "arXiv:2407.21783, table 3"},
    {"65", "4.9", "The MLP is 2/3 of parameters and operations", "0.667", "1",
     {{"of a layer of Llama-2-7B", MLP_SHARE(M7), "2/3 +- 3%"},
      {"of a layer of Llama-3-8B", MLP_SHARE(M8), "2/3 +- 3%"},
      {"of a layer of Llama-3-70B", MLP_SHARE(M70), "2/3 +- 3%"}}, "",
     "True with as many K and V heads as Q heads (Llama-2-7B); with grouped "
     "heads and wider MLPs it is 0.81 to 0.83.",
     "arXiv:2307.09288; arXiv:2407.21783"},
    {"34", "6.7", "8-bit Adam takes 4 times less memory for its states", "4",
     "1",
     {{"f32 over 8 bits with an f32 scale for 256",
       "[format float32 bits] / [bits " ADAM8 " 8192x8192]", "4 +- 3%"}}, "",
     "Scales counted: 3.94.", "arXiv:2110.02861; bitsandbytes"},
    {"35", "6.7", "m and v in BF16 are compressed by 2", "2", "1",
     {{"f32 over bf16", "[format float32 bits] / [format bfloat16 bits]",
       "2 +- 0"}}, "", "From the formats' rows.",
     "arXiv:2412.19437, section 3.3"},
};

const ulp_claim_part ulp_claims_models = {rows, sizeof rows / sizeof rows[0]};
