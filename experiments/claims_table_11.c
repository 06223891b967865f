/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Claims of the guide's sections 11 to 15: practice, and its summaries.
 */
#include "claims.h"

#define LOCAL "run roofline --gpus 4090 --models 'llama-2-7b llama-3-70b' "    \
  "--phases decode --contexts 2048 --kv bf16 --batches 1 --schemes "           \
  "'bf16 w4a16 nf4a16'"
#define LOCAL_AT(model, scheme, what)                                         \
  "[" LOCAL " | model=" model " scheme=" scheme " | " what "]"
#define SERVER "run roofline --gpus 'h100 b200' --models llama-3-70b "         \
  "--phases 'decode prefill' --contexts 2048 --kv bf16 --batches '1 64 512' "  \
  "--schemes 'bf16 w8a8-fp8 w4a4-nvfp4'"
#define SERVER_AT(gpu, phase, batch, scheme, what)                            \
  "[" SERVER " | gpu=" gpu " phase=" phase " batch=" batch " scheme=" scheme   \
  " | " what "]"
/* Inputs and outputs of a layer's seven matrices, which an adapter of rank
 * r has r numbers for, each. */
#define M "model llama-3-70b "
#define ADAPTER(rank)                                                         \
  rank " * [" M "layers] * (9 * [" M "hidden] + 2 * [" M "kv_width] + 3 * ["   \
  M "intermediate]) / [" M "parameters]"

static const ulp_claim rows[] = {
    {"63", "11.1", "A 70B model runs on a 24 GB 4090 at 4 bits", "24", "GB",
     {{"weights, INT4 with f16 scales for 128",
       LOCAL_AT("llama-3-70b", "w4a16", "weight_bytes") " / 1e9",
       "<= [gpu 4090 capacity] / 1e9"},
      {"weights, all but lm_head and embedding",
       "[" M "layers] * [" M "layer] * "
       "[bits int4/g=group:128/scale=float16 8192x8192] / 8e9",
       "<= [gpu 4090 capacity] / 1e9"}}, "",
     "39.5 GB; no 4-bit format of 70B parameters is below 35 GB.  It takes "
     "offloading, or 2 to 2.5 bits.", "experiments/datasheet.c"},
    {"7b-12gb", "11.1", "A 7B model runs on a 12 GB card at 4 bits", "12", "GB",
     {{"weights, INT4 with f16 scales for 128",
       LOCAL_AT("llama-2-7b", "w4a16", "weight_bytes") " / 1e9", "<= 12"}}, "",
     "Llama-2-7B, embedding and lm_head in BF16.", "arXiv:2307.09288"},
    {"fp8-serving", "11.2", "FP8 on Hopper gives 1.5 to 1.8 times BF16's "
     "throughput, which the hardware must at least allow", "1.5-1.8", "1",
     {{"ceiling of a prefill, 70B",
       SERVER_AT("h100", "prefill", "1", "w8a8-fp8", "speedup"), ">= 1.8"},
      {"of decoding, batch 1",
       SERVER_AT("h100", "decode", "1", "w8a8-fp8", "speedup"), ">= 1.8"},
      {"of decoding, batch 512, cache in BF16",
       SERVER_AT("h100", "decode", "512", "w8a8-fp8", "speedup"), ">= 1.8"}},
     "", "Roofline, so what it allows and not what a server reaches.  A large "
     "batch with a BF16 cache allows less, as the cache is most of the bytes.",
     "experiments/roofline_model.c"},
    {"64", "11.3", "QLoRA fine-tunes a 70B model on one 80 GB GPU", "80", "GB",
     {{"frozen weights in NF4, double quantization",
       LOCAL_AT("llama-3-70b", "nf4a16", "weight_bytes") " / 1e9",
       "<= [gpu h100 capacity] / 1e9"},
      {"with adapters of rank 64, gradients and FP32 Adam, 16 bytes each",
       LOCAL_AT("llama-3-70b", "nf4a16", "weight_bytes") " / 1e9 + 16e-9 * "
       "[" M "parameters] * " ADAPTER("64"), "<= [gpu h100 capacity] / 1e9"}},
     "", "Activations not counted: they are what is left of 80 GB.",
     "arXiv:2305.14314"},
    {"lora", "11.3", "Low-rank adapters add less than 1 % of parameters",
     "0.01", "1",
     {{"rank 16, every matrix of 70B", ADAPTER("16"), "< 0.01"},
      {"rank 64, every matrix", ADAPTER("64"), "< 0.01"}}, "",
     "r (inputs + outputs) numbers a matrix.  QLoRA's own rank, 64, on every "
     "matrix is a little more.", "arXiv:2106.09685; arXiv:2305.14314"},
    {"67", "11.6", "The 4090 has no FP8", "0", "TFLOPS",
     {{"FP8, sums in FP32", "[gpu 4090 fp8] / 1e12", "0 +- 0"}}, "",
     "Ada has FP8 tensor cores, as the guide's own table in 8.1 says.",
     "NVIDIA Ada GPU Architecture whitepaper, appendix A"},
    {"training-speed", "11.5", "FP8 training is 1.3 to 1.7 times as fast on "
     "Hopper", "1.3-1.7", "1", {{0}}, "",
     "Needs the training runs; the peaks' ratio, 2, is the ceiling.",
     "arXiv:2412.19437"},
    {"53", "12.2", "A B200 has about 20 PFLOPS of dense FP4", "20", "PFLOPS",
     {{"B200 of a DGX or HGX", "[gpu b200 fp4] / 1e15", "20 +- 5%"},
      {"B200 of a GB200", "[gpu gb200 fp4] / 1e15", "20 +- 5%"}}, "",
     "9 and 10 dense; 18 and 20 with sparsity.",
     "NVIDIA DGX B200 and GB200 NVL72 data sheets"},
    {"54", "12.2", "FP4's peak is twice FP8's, which is twice BF16's", "2", "1",
     {{"FP4 over FP8", "[gpu b200 fp4] / [gpu b200 fp8]", "2 +- 5%"},
      {"FP8 over BF16", "[gpu b200 fp8] / [gpu b200 bf16]", "2 +- 5%"}}, "",
     "Data sheets of the B200.", "NVIDIA DGX B200 data sheet"},
    {"nvfp4-2.3x", "12.3", "NVFP4 has about 2.3 times FP8's throughput", "2.3",
     "1",
     {{"ratio of the peaks, B200", "[gpu b200 fp4] / [gpu b200 fp8]",
       ">= 2.3"},
      {"ratio of the bytes of weights", "[bits e4m3/g=channel/scale=float32 "
       "8192x8192] / [bits nvfp4@te 8192x8192]", ">= 2.3"},
      {"a prefill of the two, roofline",
       SERVER_AT("b200", "prefill", "1", "w4a4-nvfp4", "speedup") " / "
       SERVER_AT("b200", "prefill", "1", "w8a8-fp8", "speedup"), ">= 2.3"},
      {"decoding, batch 64, roofline",
       SERVER_AT("b200", "decode", "64", "w4a4-nvfp4", "speedup") " / "
       SERVER_AT("b200", "decode", "64", "w8a8-fp8", "speedup"), ">= 2.3"}},
     "", "Above what either roof allows, on the same GPUs at the same batch; "
     "it takes a larger batch in the memory saved, or an FP8 far below its "
     "roof.",
     "experiments/datasheet.c"},
    {"nvfp4-accuracy", "12.3", "NVFP4 loses less than 1 % of accuracy on "
     "DeepSeek-R1-class models", "1", "%", {{0}},
     "DeepSeek-R1-0528, FP8 to NVFP4: 1 % or less on the benchmarks shown",
     "Needs the model.", "NVIDIA developer blog, Introducing NVFP4, 2025"},
    {"gpt-oss", "12.5", "gpt-oss ships in MXFP4", "4.25", "bit",
     {{"bits of a weight", "[bits mxfp4@gpt-oss 2880x2880]",
       "4.25 +- 0.001"}},
     "weights of the experts alone in MXFP4, the rest in BF16",
     "The layout is a row of the quantizers' table, compared with the released "
     "code.", "openai/gpt-oss"},
    {"int4-range", "15.2", "INT4 has the range +-7", "7", "1",
     {{"greatest INT4", "[format int4 max]", "7 +- 0"},
      {"least INT4, negated", "-[format int4 lowest]", "7 +- 0"}}, "",
     "Two's complement reaches -8; with symmetric codes 7, at a cost of 0.4 dB "
     "on a Gaussian.", "formats/table.c"},
    {"w8a16-2x", "15.3", "W8A16 halves storage and bandwidth", "2", "1",
     {{"BF16 over INT8 with f16 scales of channels",
       "[format bfloat16 bits] / [bits int8/g=channel/scale=float16 8192x8192]",
       "2 +- 1%"}}, "", "Scales counted.", "analysis/quantizer.h"},
    {"nvfp4-4x", "15.3", "W4A4 in NVFP4 takes a quarter of the storage", "4",
     "1",
     {{"BF16 over NVFP4", "[format bfloat16 bits] / [bits nvfp4@te 8192x8192]",
       "4 +- 5%"}}, "", "Scales counted: 3.56.", "arXiv:2509.25149"},
    {"72", "3.4", "A KV cache is almost always quantized token by token", "",
     "", {{0}}, "KIVI and KVQuant: K channel by channel, V token by token",
     "A statement about practice.", "arXiv:2402.02750; arXiv:2401.18079"},
    {"71", "15.5", "DeepSeek-V3 keeps its weights in low precision while it "
     "trains", "", "", {{0}}, "master weights in FP32, FP8 copies for products",
     "The report says otherwise, and so does the guide's own 6.3.",
     "arXiv:2412.19437, 3.3"},
};

const ulp_claim_part ulp_claims_practice = {rows,
                                            sizeof rows / sizeof rows[0]};
