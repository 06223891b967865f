/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Claims of the guide's sections 1 and 2: what fewer bits buy.
 */
#include "claims.h"

#define H100 "--gpus h100 --models llama-3-70b --kv bf16 --contexts 2048 "
#define DECODE "--phases decode "
#define SCHEME "--schemes 'bf16 w8a16 w4a16 w8a8-fp8' --batches '1 256'"
#define RUN_H100 "run roofline " H100 DECODE SCHEME
#define AT_256 " | scheme=w4a16 batch=256 | "

static const ulp_claim rows[] = {
    {"4", "1", "W4A16 decodes faster than BF16 at batch 1 and more slowly at "
     "batch 256", "", "1",
     {{"time of BF16 over W4A16's, batch 1, H100",
       "[" RUN_H100 " | scheme=w4a16 batch=1 | speedup]", "> 1"},
      {"batch 256, H100, dequantizing hidden",
       "[" RUN_H100 AT_256 "linear_speedup]", "< 1"},
      {"batch 256, H100, dequantizing 10 % of the multiplication",
       "[" RUN_H100 " --overhead 0.1" AT_256 "linear_speedup]", "< 1"},
      {"batch 256, H100, dequantizing 20 % of it",
       "[" RUN_H100 " --overhead 0.2" AT_256 "linear_speedup]", "< 1"},
      {"batch 256, A100, 10 %",
       "[run roofline --gpus a100 --models llama-3-70b --kv bf16 --contexts "
       "2048 " DECODE SCHEME " --overhead 0.1" AT_256 "linear_speedup]",
       "< 1"}},
     "", "Roofline of the layers' matrices.  Without the cost of dequantizing "
     "W4A16 is never slower; with it, it is from a batch of ridge / (1 + "
     "cost) on, which is above 256 on an H100 (ridge 295) while the cost is "
     "below 15 %, and below 256 on an A100 (ridge 153).",
     "experiments/datasheet.c; arXiv:2408.11743 (Marlin)"},
    {"1", "2.3", "An H100's dense BF16 peak", "1979", "TFLOPS",
     {{"data sheet, without sparsity", "[gpu h100 bf16] / 1e12",
       "1979 +- 2%"}},
     "", "1979 is the data sheet's figure with 2:4 sparsity.",
     "NVIDIA H100 data sheet (SXM)"},
    {"h100-bandwidth", "2.3", "An H100's memory bandwidth", "3.35", "TB/s",
     {{"data sheet", "[gpu h100 bandwidth] / 1e12", "3.35 +- 1%"}},
     "", "Data sheet, SXM5.", "NVIDIA H100 data sheet (SXM)"},
    {"2", "2.3", "The intensity at which an H100 turns from bandwidth to "
     "compute in BF16", "590", "FLOP/byte",
     {{"dense BF16 peak / bandwidth", "[gpu h100 bf16] / [gpu h100 bandwidth]",
       "590 +- 5%"}},
     "", "590 is the ridge of FP8, or of BF16 with sparsity.",
     "NVIDIA H100 data sheet (SXM)"},
    {"3", "2.3", "Operations for each byte of weights in a decoding step of "
     "a 70B model at batch 1", "2", "FLOP/byte",
     {{"weights in BF16", "[" RUN_H100 " | scheme=bf16 batch=1 | "
       "linear_intensity]", "2 +- 10%"},
      {"weights in INT8", "[" RUN_H100 " | scheme=w8a16 batch=1 | "
       "linear_intensity]", "2 +- 10%"},
      {"weights in INT4", "[" RUN_H100 " | scheme=w4a16 batch=1 | "
       "linear_intensity]", "2 +- 10%"}},
     "", "A weight is two operations: 2 FLOP a weight, and 2 a byte only "
     "where a weight is a byte.", "experiments/roofline_model.c"},
    {"decode-bound", "2.3", "Decoding at batch 1 is deeply bound by memory: "
     "moving the bytes takes far longer than the operations", "", "1",
     {{"time of bytes over time of operations, 70B, H100",
       "[" RUN_H100 " | scheme=bf16 batch=1 | time_bandwidth_s] / "
       "[" RUN_H100 " | scheme=bf16 batch=1 | time_compute_s]", "> 100"}},
     "", "Roofline.", "experiments/roofline_model.c"},
};

const ulp_claim_part ulp_claims_hardware = {rows,
                                            sizeof rows / sizeof rows[0]};
