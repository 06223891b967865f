/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Claims of the guide's section 5 (and 2.1, 7.6, 8.6, 9.4): inference.
 */
#include "claims.h"

/* One sweep for all: a 70B model. */
#define SWEEP(gpus)                                                           \
  "run roofline --gpus '" gpus "' --models llama-3-70b --contexts '2048 "      \
  "32768' --schemes 'bf16 w8a16 w4a16 w8a8-int8 w8a8-fp8 w4a4-nvfp4' "         \
  "--kv 'bf16 e4m3/g=token/scale=float32 int4/g=group:32/scale=float16' "      \
  "--batches '1 16 64 1024'"
#define AT(gpu, phase, context, scheme, kv, batch, what)                       \
  "[" SWEEP("a100 h100 b200") " | gpu=" gpu " phase=" phase " context="        \
  context " scheme=" scheme " kv=" kv " batch=" batch " | " what "]"
#define FP8_KV "e4m3/g=token/scale=float32"
#define INT4_KV "int4/g=group:32/scale=float16"
#define DECODE(gpu, scheme, batch, what)                                       \
  AT(gpu, "decode", "2048", scheme, "bf16", batch, what)
#define PREFILL(gpu, scheme, what)                                             \
  AT(gpu, "prefill", "2048", scheme, "bf16", "16", what)
#define BITS(spec) "[bits " spec " 8192x8192]"

static const ulp_claim rows[] = {
    {"weight-only", "2.1", "Weights of fewer bits alone buy storage and "
     "bandwidth, not compute", "1", "1",
     {{"W4A16, matrices of a prefill, H100: time of BF16 over its",
       PREFILL("h100", "w4a16", "linear_speedup"), "1 +- 0.1%"},
      {"W4A16, decoding, batch 1",
       DECODE("h100", "w4a16", "1", "linear_speedup"), "> 3.5"}}, "",
     "Roofline, dequantizing hidden.", "experiments/roofline_model.c"},
    {"native", "2.1", "Weights and activations in 8 bits buy compute if and "
     "only if the hardware multiplies the type", "", "1",
     {{"FP8 on H100, matrices of a prefill",
       PREFILL("h100", "w8a8-fp8", "linear_speedup"), "> 1.9"},
      {"FP8 on A100", PREFILL("a100", "w8a8-fp8", "linear_speedup"),
       "1 +- 0.1%"},
      {"INT8 on A100", PREFILL("a100", "w8a8-int8", "linear_speedup"),
       "> 1.9"}}, "", "Roofline.", "experiments/datasheet.c"},
    {"kv-prefill", "2.1", "A quantized KV cache hardly affects prefill", "1",
     "1", {{"speedup of a prefill of 2048 tokens, FP8 cache",
            AT("h100", "prefill", "2048", "bf16", FP8_KV, "16", "speedup"),
            "1 +- 1%"},
           {"of 32768 tokens",
            AT("h100", "prefill", "32768", "bf16", FP8_KV, "16", "speedup"),
            "1 +- 1%"}}, "", "Roofline.", "experiments/roofline_model.c"},
    {"low-batch-compute", "2.2", "At low batch faster multiplication is worth "
     "next to nothing", "1", "1",
     {{"time of W8A16 over W8A8-FP8's, batch 1",
       DECODE("h100", "w8a16", "1", "time_s") " / "
       DECODE("h100", "w8a8-fp8", "1", "time_s"), "1 +- 1%"}}, "",
     "Roofline: the same bytes, twice the rate.",
     "experiments/roofline_model.c"},
    {"61", "5.2", "4-bit weights move 4 times fewer bytes", "4", "1",
     {{"INT4, f16 scale for 128", "[format bfloat16 bits] / "
       BITS("int4/g=group:128/scale=float16"), "4 +- 4%"},
      {"NF4, double quantization", "[format bfloat16 bits] / "
       BITS("nf4-double@bitsandbytes"), "4 +- 4%"},
      {"MXFP4", "[format bfloat16 bits] / " BITS("mxfp4@ocp"), "4 +- 4%"},
      {"NVFP4", "[format bfloat16 bits] / " BITS("nvfp4@te"), "4 +- 4%"}}, "",
     "Scales counted.", "analysis/quantizer.h"},
    {"w4-linear", "5.2", "At batch 1 W4A16 is a nearly linear win", "4", "1",
     {{"speedup of decoding, 70B, H100",
       DECODE("h100", "w4a16", "1", "speedup"), "4 +- 15%"},
      {"of the matrices alone",
       DECODE("h100", "w4a16", "1", "linear_speedup"), "4 +- 15%"}},
     "Marlin: 3.87 of an ideal 3.87 up to batch 16-32, A10",
     "Roofline; lm_head stays in BF16.", "arXiv:2408.11743"},
    {"w4-flattens", "9.4", "The speedup of W4A16 flattens at high batch", "1",
     "1", {{"matrices, H100, batch 1024",
            DECODE("h100", "w4a16", "1024", "linear_speedup"), "<= 1.001"},
           {"batch 64", DECODE("h100", "w4a16", "64", "linear_speedup"),
            "> 3.8"}}, "",
     "Roofline: full at batch 64 (ridge 295 / 3.9 = 76), gone at 1024.",
     "experiments/roofline_model.c"},
    {"reuse", "9.4", "At batch 64 each weight that is read is used 64 times",
     "64", "1",
     {{"operations a byte at batch 64 over those at batch 1",
       DECODE("h100", "bf16", "64", "linear_intensity") " / "
       DECODE("h100", "bf16", "1", "linear_intensity"), "64 +- 0.1%"}}, "",
     "Roofline of the matrices.", "experiments/roofline_model.c"},
    {"60", "5.2", "4-bit weights in groups of 128 lose less than 1 % on "
     "standard benchmarks", "1", "%", {{0}},
     "perplexity of Llama-2-7B 5.47, RTN 5.73, AWQ 5.60; 70B 3.32, 3.46, 3.41 "
     "(WikiText-2)", "Needs the models.  In perplexity AWQ loses 2.4 % and "
     "2.7 %.", "arXiv:2306.00978, table 4"},
    {"fp8-2x", "5.3", "W8A8 in FP8 has about twice the throughput and half the "
     "memory of BF16", "2", "1",
     {{"prefill, matrices, H100",
       PREFILL("h100", "w8a8-fp8", "linear_speedup"), "2 +- 5%"},
      {"prefill of 2048 tokens, all of it",
       PREFILL("h100", "w8a8-fp8", "speedup"), "2 +- 5%"},
      {"prefill of 32768 tokens, all of it",
       AT("h100", "prefill", "32768", "w8a8-fp8", "bf16", "16", "speedup"),
       "2 +- 5%"},
      {"decoding, batch 1", DECODE("h100", "w8a8-fp8", "1", "speedup"),
       "2 +- 5%"},
      {"memory of the weights, BF16 over FP8",
       DECODE("h100", "bf16", "1", "weight_bytes") " / "
       DECODE("h100", "w8a8-fp8", "1", "weight_bytes"), "2 +- 5%"}}, "",
     "Roofline, so a ceiling; attention stays in BF16 and is most of a long "
     "prefill.", "experiments/datasheet.c"},
    {"nvfp4-2x", "5.3", "W4A4 in NVFP4 doubles FP8's throughput on B200", "2",
     "1",
     {{"ratio of peaks", "[gpu b200 fp4] / [gpu b200 fp8]", "2 +- 5%"},
      {"prefill of 2048 tokens, all of it",
       PREFILL("b200", "w4a4-nvfp4", "speedup") " / "
       PREFILL("b200", "w8a8-fp8", "speedup"), "2 +- 5%"},
      {"decoding, batch 1",
       DECODE("b200", "w4a4-nvfp4", "1", "speedup") " / "
       DECODE("b200", "w8a8-fp8", "1", "speedup"), "2 +- 5%"}}, "",
     "Roofline: of the matrices, yes; of a whole step less, as attention and "
     "lm_head are BF16, and bytes shrink by 8.0 / 4.5.",
     "experiments/datasheet.c"},
    {"kv-halves", "5.4", "An INT8 or FP8 cache halves the traffic of the cache",
     "2", "1",
     {{"BF16 over FP8, f32 scale a token and head",
       DECODE("h100", "bf16", "1", "kv_bits") " / "
       AT("h100", "decode", "2048", "bf16", FP8_KV, "1", "kv_bits"),
       "2 +- 5%"},
      {"speedup of decoding, 32768 tokens, batch 64",
       AT("h100", "decode", "32768", "bf16", FP8_KV, "64", "speedup"),
       "> 1.5"}}, "",
     "Roofline; the whole step gains less than the cache, as weights are read "
     "too.", "experiments/roofline_model.c"},
    {"kv-quarters", "5.4", "An INT4 cache with scales of groups quarters it",
     "4", "1",
     {{"BF16 over INT4, f16 scale for 32",
       DECODE("h100", "bf16", "1", "kv_bits") " / "
       AT("h100", "decode", "2048", "bf16", INT4_KV, "1", "kv_bits"),
       "4 +- 5%"}}, "", "Scales counted: 3.56.", "analysis/quantizer.h"},
    {"regimes", "5.5", "Prefill is bound by compute, decoding at batch 1 by "
     "bandwidth", "", "1",
     {{"prefill of 2048 tokens: time of operations over time of bytes",
       AT("h100", "prefill", "2048", "bf16", "bf16", "1", "time_compute_s")
       " / " AT("h100", "prefill", "2048", "bf16", "bf16", "1",
                "time_bandwidth_s"), "> 1"},
      {"decoding, batch 1: the same",
       DECODE("h100", "bf16", "1", "time_compute_s") " / "
       DECODE("h100", "bf16", "1", "time_bandwidth_s"), "< 1"}}, "",
     "Roofline, 70B, H100.", "experiments/roofline_model.c"},
    {"fp4-hopper", "8.6", "NVFP4 on Hopper runs, and more slowly than BF16",
     "", "1",
     {{"prefill, matrices, dequantizing 10 % of the multiplication",
       "[" SWEEP("h100") " --overhead 0.1 | phase=prefill context=2048 "
       "scheme=w4a4-nvfp4 kv=bf16 batch=16 | linear_speedup]", "< 1"},
      {"decoding, batch 1",
       "[" SWEEP("h100") " --overhead 0.1 | phase=decode context=2048 "
       "scheme=w4a4-nvfp4 kv=bf16 batch=1 | linear_speedup]", "< 1"}}, "",
     "Roofline.  It is a weight-only scheme there: slower where compute binds, "
     "faster where bandwidth does.", "experiments/datasheet.c"},
    {"nf4-compute", "7.6", "NF4 is a format for memory, not for compute", "1",
     "1", {{"prefill, matrices, H100: time of BF16 over its",
            "[run roofline --gpus h100 --models llama-3-70b --phases prefill "
            "--contexts 2048 --schemes nf4a16 --kv bf16 --batches 16 | | "
            "linear_speedup]", "1 +- 0.1%"}}, "",
     "No tensor core multiplies it; roofline.", "arXiv:2305.14314"},
};

const ulp_claim_part ulp_claims_inference = {rows,
                                             sizeof rows / sizeof rows[0]};
