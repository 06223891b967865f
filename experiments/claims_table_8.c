/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Claims of the guide's sections 8 and 9: formats, hardware, kernels.
 */
#include "claims_sweeps.h"

#define BEST(name) "[" FORMATS " | scale_rule=mse format=" name " | snr_db]"
#define BLOCKS "run snr --distributions 'gaussian student_t3' --quantizers "   \
  "'mxfp4@ocp nvfp4@te mxfp8@ocp'"
#define OF(distribution, name) "[" BLOCKS " | distribution=" distribution      \
  " format=" name " | snr_db]"
#define SCALES "run scale_rules --elements e2m1 --groups '16 32' "             \
  "--distributions 'gaussian student_t3' --rules 'floor even rceil amax'"
#define RULE(scale, rule, group) "[" SCALES " | distribution=gaussian group="  \
  group " scale_format=" scale " scale_rule=" rule " | snr_db]"
#define SUMS "run accumulation --operands e4m3 --data 'normal positive' "      \
  "--lengths '128 1024' --accumulators 'f32-rne hopper-wgmma "                 \
  "hopper-wgmma-promote-128 blackwell-tcgen05'"
#define ERROR(data, k, accumulator) "[" SUMS " | statistic=error data=" data   \
  " k=" k " accumulator=" accumulator " | relative_frobenius]"
#define WGMMA "mma h200 wgmma.m64n8k32.f32.e4m3.e4m3 "
#define LONG(every) "[run promotion_interval --operands e4m3 --data positive " \
  "--lengths 8192 --rows 4 | promoted_every=" every " | relative_frobenius]"

static const ulp_claim rows[] = {
    {"26", "8.1", "E4M3 absorbs outliers because it reaches 448 and INT8 only "
     "127", "3.5", "dB",
     {{"SNR of INT8 less that of MXINT8, whose greatest value is 2",
       BEST("int8") " - " BEST("mxint8"), "> 1"},
      {"greatest over least, E4M3 over INT8",
       "([format e4m3 max] / [format e4m3 min_positive]) / "
       "([format int8 max] / [format int8 min_positive])", "> 1"}}, "",
     "A scale takes any greatest value to any other: INT8 in units of 2^-6 "
     "loses nothing.  What counts is greatest over least, 2.3e5 against 127.",
     "arXiv:2303.17951"},
    {"68", "8.1", "From Hopper on FP8 and INT8 have the same throughput", "1",
     "1", {{"H100", "[gpu h100 fp8] / [gpu h100 int8]", "1 +- 1%"},
           {"B200", "[gpu b200 fp8] / [gpu b200 int8]", "1 +- 1%"}}, "",
     "Data sheets.", "NVIDIA H100 and HGX B200 data sheets"},
    {"int8-mature", "8.1", "INT8 tensor cores are on the A100 and after; FP8 "
     "ones on the H100 and after, and Ada", "", "TOPS",
     {{"INT8, A100", "[gpu a100 int8] / 1e12", "> 0"},
      {"FP8, A100", "[gpu a100 fp8] / 1e12", "0 +- 0"},
      {"FP8, H100", "[gpu h100 fp8] / 1e12", "> 0"},
      {"FP8, 4090 (Ada)", "[gpu 4090 fp8] / 1e12", "> 0"}}, "",
     "Data sheets.", "experiments/datasheet.c"},
    {"47", "8.2", "Transformer Engine's default is E4M3 forward and E5M2 "
     "backward", "", "", {{0}},
     "DelayedScaling and Float8CurrentScaling: HYBRID, which is that; "
     "MXFP8BlockScaling and Float8BlockScaling: E4M3 for all",
     "A property of somebody's source, read there: so of the older recipes "
     "only.",
     "TransformerEngine, transformer_engine/common/recipe/__init__.py"},
    {"46", "6.4", "Gradients need E5M2", "", "", {{0}},
     "DeepSeek-V3: E4M3 for every tensor, with scales of tiles and blocks; "
     "TE's MXFP8 recipe: E4M3 for all",
     "Needs the training runs.", "arXiv:2412.19437, 3.3.2"},
    {"14", "8.3", "MXFP4 is 4.25 bits an element, NVFP4 4.5", "4.25", "bit",
     {{"MXFP4", "[bits mxfp4@ocp 8192x8192]", "4.25 +- 0.001"},
      {"NVFP4", "[bits nvfp4@te 8192x8192]", "4.5 +- 0.001"}}, "",
     "Scales counted, and NVFP4's f32 a tensor.",
     "OCP MX v1.0; arXiv:2509.25149"},
    {"mxfp4-2x", "8.3", "MXFP4's peak is twice MXFP8's", "2", "1",
     {{"B200", "[gpu b200 fp4] / [gpu b200 fp8]", "2 +- 1%"}}, "",
     "Data sheet, dense.", "NVIDIA DGX B200 data sheet"},
    {"nvfp4-mxfp4", "8.4", "A scale of E4M3 for 16 is better than one of E8M0 "
     "for 32", "", "dB",
     {{"NVFP4 over MXFP4, Gaussian", OF("gaussian", "nvfp4@te") " - "
       OF("gaussian", "mxfp4@ocp"), "> 0"},
      {"Student's t3", OF("student_t3", "nvfp4@te") " - "
       OF("student_t3", "mxfp4@ocp"), "> 0"},
      {"of the format of the scale alone, 16 elements",
       RULE("e4m3", "amax", "16") " - " RULE("e8m0", "floor", "16"), "> 0"},
      {"of the block alone, E8M0", RULE("e8m0", "floor", "16") " - "
       RULE("e8m0", "floor", "32"), "> 0"}}, "",
     "For 0.25 bits more.", "arXiv:2509.25149; OCP MX v1.0"},
    {"51", "8.4", "A scale of E4M3 can be 1.25 x 2^n, one of E8M0 cannot", "",
     "1",
     {{"least E4M3 that is above 1.249", "[next e4m3 1.249]", "1.25 +- 0"},
      {"least E8M0 that is above 1.249", "[next e8m0 1.249]", "2 +- 0"}}, "",
     "From the formats.", "formats/table.c"},
    {"50", "8.7", "A scale in E4M3 gains about 1 bit of precision", "1", "bit",
     {{"SNR gained over E8M0 (floor), 16 elements, at 6.02 dB a bit",
       "(" RULE("e4m3", "amax", "16") " - " RULE("e8m0", "floor", "16")
       ") / (20 * log10(2))", "1 +- 30%"},
      {"over E8M0 (even)",
       "(" RULE("e4m3", "amax", "16") " - " RULE("e8m0", "even", "16")
       ") / (20 * log10(2))", "1 +- 30%"}}, "",
     "About a quarter of a bit of the elements' precision, whichever rule E8M0 "
     "is chosen by.", "OCP MX v1.0, 6.3; arXiv:2509.25149"},
    {"52", "8.4", "NVFP4 closes about all of the gap to FP8", "1", "1",
     {{"share of the SNR between MXFP4 and MXFP8 that NVFP4 has, Gaussian",
       "(" OF("gaussian", "nvfp4@te") " - " OF("gaussian", "mxfp4@ocp") ") / ("
       OF("gaussian", "mxfp8@ocp") " - " OF("gaussian", "mxfp4@ocp") ")",
       "1 +- 20%"},
      {"t3",
       "(" OF("student_t3", "nvfp4@te") " - " OF("student_t3", "mxfp4@ocp")
       ") / (" OF("student_t3", "mxfp8@ocp") " - "
       OF("student_t3", "mxfp4@ocp") ")", "1 +- 20%"}},
     "12B, 10 T tokens: MMLU-Pro 62.58 (NVFP4), 62.62 (FP8)",
     "In SNR it does not; that a model hardly shows the rest is another "
     "claim, and needs the model.", "arXiv:2509.25149"},
    {"39", "8.7", "Hopper's FP8 accumulator has 14 to 22 bits of significand",
     "14-22", "bit",
     {{"significand, the leading 1 counted", "[" WGMMA "fraction] + 1",
       "14 .. 22"},
      {"least precision of a term when it is added: bits kept below the "
       "greatest exponent", "[" WGMMA "align]", "14 .. 22"},
      {"bits of the whole number, sign and exponent counted",
       "[" WGMMA "width]", "22 +- 0"}}, "",
     "14 bits of significand, 13 below the greatest term's exponent, in "
     "a number of 22 bits: 22 is not a significand.",
     "emu/records.c, measured on an H200; arXiv:2412.19437, 3.3.2"},
    {"41", "8.7", "Products of K of 1024 and more accumulate measurable error",
     "1024", "1",
     {{"K = 1024, normal data: error over that of f32",
       ERROR("normal", "1024", "hopper-wgmma") " / "
       ERROR("normal", "1024", "f32-rne"), "> 100"},
      {"positive data: error", ERROR("positive", "1024", "hopper-wgmma"),
       "> 0.01"}}, "",
     "wgmma of an H200 bit for bit, fast accumulation.",
     "arXiv:2412.19437, 3.3.2"},
    {"38", "9.3", "DeepSeek-V3 promotes every N_c = 128 tiles", "128", "1",
     {{"wgmma instructions in 128 elements of K", "128 / [" WGMMA "k]",
       "128 +- 0"},
      {"error of promoting every 128 tiles (4096 elements) over that of every "
       "128 elements, K 8192",
       LONG("4096") " / " LONG("128"), "<= 2"}}, "",
     "N_c counts elements of K: 4 wgmma.  128 tiles would be 4096 elements, "
     "which hardly helps.",
     "arXiv:2412.19437, 3.3.2; DeepGEMM"},
    {"blackwell", "9.3", "Blackwell's tensor cores accumulate more exactly", "",
     "1",
     {{"K = 1024, normal data: error of wgmma over tcgen05's",
       ERROR("normal", "1024", "hopper-wgmma") " / "
       ERROR("normal", "1024", "blackwell-tcgen05"), "> 100"},
      {"positive data", ERROR("positive", "1024", "hopper-wgmma") " / "
       ERROR("positive", "1024", "blackwell-tcgen05"), "> 100"}}, "",
     "The emulator's records.", "emu/orders.c; arXiv:2511.10909"},
    {"fp8-fp16-rate", "9.1", "FP8 has twice FP16's rate on an H100; FP4 twice "
     "FP8's and four times FP16's on a B200", "2", "1",
     {{"FP8 over BF16, H100", "[gpu h100 fp8] / [gpu h100 bf16]", "2 +- 1%"},
      {"FP4 over FP8, B200", "[gpu b200 fp4] / [gpu b200 fp8]", "2 +- 1%"},
      {"FP4 over BF16, B200", "[gpu b200 fp4] / [gpu b200 bf16]", "4 +- 1%"}},
     "", "Data sheets, dense.", "experiments/datasheet.c"},
    {"77", "9.2", "Marlin reaches about 90 % of peak bandwidth on decode sizes",
     "0.9", "1", {{0}},
     "3.87 of an ideal 3.87 times FP16 up to batch 16-32, A10",
     "Needs an A10 and the kernel; the authors print speedups, not shares of "
     "bandwidth.", "arXiv:2408.11743; IST-DASLab/marlin, README"},
    {"73", "9.3", "CUTLASS shows it in "
     "KernelTmaWarpSpecializedCooperativeFP8BlockScaledAccum", "", "", {{0}},
     "the name is there, an alias of ...CooperativeFP8Blockwise",
     "Read in the source.",
     "cutlass, include/cutlass/gemm/dispatch_policy.hpp"},
};

const ulp_claim_part ulp_claims_formats = {rows,
                                           sizeof rows / sizeof rows[0]};
