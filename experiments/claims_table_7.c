/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Claims of the guide's section 7: methods of quantizing a trained model.
 */
#include "claims_sweeps.h"

#define FOUR "run snr --distributions gaussian --quantizers "                  \
  "'nf4@bitsandbytes int4/g=block:64 e2m1/g=block:64 "                         \
  "nf4-double@bitsandbytes'"
#define OF(name) "[" FOUR " | format=" name " | snr_db]"

static const ulp_claim rows[] = {
    {"59", "7.1", "Rounding to nearest in INT4 costs a 7B model 5-10 % or more",
     "5-10", "%", {{0}},
     "LLaMA-7B, WikiText-2 perplexity 5.68 to 6.29: 10.7 %",
     "Needs the model.", "arXiv:2210.17323, table 2"},
    {"rtn-int8", "7.1", "Rounding to nearest in INT8 costs about 1 %", "1", "%",
     {{0}}, "", "Needs the model.", "arXiv:2208.07339"},
    {"75", "7.3", "GPTQ's inverse Hessian is Cholesky(H)", "", "dB",
     {{"SNR of a layer's output, INT4, with the factor of H",
       OF_LAYER("w4a16-int4-g128", "gptq-cholesky", "snr_db"),
       "> " OF_LAYER("w4a16-int4-g128", "gptq", "snr_db") " - 1"},
      {"first entry of Cholesky([2 1; 1 2])", "sqrt(2)",
       "2 / (2 * 2 - 1 * 1) +- 1%"}}, "",
     "GPTQ takes the upper Cholesky factor of the inverse; with that of H "
     "itself the layer is worse than rounded to nearest.",
     "arXiv:2210.17323, section 3.3"},
    {"gptq-rtn", "7.3", "GPTQ is better than rounding to nearest at 4 bits", "",
     "dB",
     {{"GPTQ over rounding to nearest, output of a layer, INT4, groups of 128",
       OF_LAYER("w4a16-int4-g128", "gptq", "snr_db") " - "
       OF_LAYER("w4a16-int4-g128", "none", "snr_db"), "> 0"}},
     "LLaMA-7B, WikiText-2: 6.09 against 6.29", "One layer, correlated inputs.",
     "arXiv:2210.17323"},
    {"awq-gptq", "7.4", "AWQ is a little better than GPTQ where activations "
     "have outliers", "", "dB",
     {{"AWQ over GPTQ, output of a layer, INT4, groups of 128",
       OF_LAYER("w4a16-int4-g128", "awq", "snr_db") " - "
       OF_LAYER("w4a16-int4-g128", "gptq", "snr_db"), "> 0"}}, "",
     "One layer, 1 % of the channels 100 times as large.",
     "arXiv:2306.00978"},
    {"smoothquant", "7.5", "SmoothQuant makes W8A8 in INT8 work where outliers "
     "make it fail", "", "dB",
     {{"gain, one scale a tensor",
       OF_LAYER("w8a8-int8-tensor", "smoothquant", "snr_db") " - "
       OF_LAYER("w8a8-int8-tensor", "none", "snr_db"), "> 6"},
      {"gain, scales of tokens",
       OF_LAYER("w8a8-int8-token", "smoothquant", "snr_db") " - "
       OF_LAYER("w8a8-int8-token", "none", "snr_db"), "> 6"}},
     "Llama-2-7B W8A8, WikiText-2: 5.474 to 5.515",
     "Output of a layer, alpha 0.5.", "arXiv:2211.10438"},
    {"fp8-outliers", "7.5", "FP8 absorbs outliers without SmoothQuant", "",
     "dB",
     {{"E4M3 over INT8, one scale a tensor, no remedy: activations of ordinary "
       "channels",
       OF_LAYER("w8a8-e4m3-tensor", "none", "ordinary_x_snr_db") " - "
       OF_LAYER("w8a8-int8-tensor", "none", "ordinary_x_snr_db"), "> 20"},
      {"what SmoothQuant adds to E4M3's output",
       OF_LAYER("w8a8-e4m3-tensor", "smoothquant", "snr_db") " - "
       OF_LAYER("w8a8-e4m3-tensor", "none", "snr_db"), "< 1"}}, "",
     "1 % of the channels 100 times as large.", "arXiv:2303.17951"},
    {"rotation", "7.7", "Rotations help where activations have outliers", "",
     "dB",
     {{"Hadamard, W8A8, one scale a tensor",
       OF_LAYER("w8a8-int8-tensor", "hadamard", "snr_db") " - "
       OF_LAYER("w8a8-int8-tensor", "none", "snr_db"), "> 1"},
      {"W4A4 in INT4",
       OF_LAYER("w4a4-int4-token", "hadamard", "snr_db") " - "
       OF_LAYER("w4a4-int4-token", "none", "snr_db"), "> 1"},
      {"W8A8 in E4M3", OF_LAYER("w8a8-e4m3-tensor", "hadamard", "snr_db") " - "
       OF_LAYER("w8a8-e4m3-tensor", "none", "snr_db"), "> 1"}},
     "Llama-2-7B W4A4: RTN 2e3, QuaRot 6.1 of 5.5",
     "SNR of a layer's whole output, most of which is the outlier channels'.  "
     "Integers gain; a float, which had no trouble with them, does not.",
     "arXiv:2404.00456"},
    {"74", "7.4", "AWQ protects the 1 % of salient channels", "1", "%", {{0}},
     "keeping 1 % of the channels in FP16 shows their weight (table 1); the "
     "method scales every channel by a power of its mean activation",
     "Needs the models.", "arXiv:2306.00978, sections 3.1 and 3.2"},
    {"28", "7.6", "NF4's codes are -1.0 -0.69 -0.53 -0.39 -0.28 -0.18 -0.09 0 "
     "0.08 0.18 0.28 0.39 0.53 0.72 1.0", "15", "1",
     {{"different values of NF4", "[format nf4 values]", "15 +- 0"},
      {"the code nearest to 0.18", "[value nf4/g=tensor 2 1 0.18]",
       "0.18 +- 0.005"},
      {"nearest to 0.28", "[value nf4/g=tensor 2 1 0.28]", "0.28 +- 0.005"},
      {"nearest to 0.39", "[value nf4/g=tensor 2 1 0.39]", "0.39 +- 0.005"},
      {"nearest to 0.53", "[value nf4/g=tensor 2 1 0.53]", "0.53 +- 0.005"}},
     "", "There are 16, and the positive side is not the negative one "
     "mirrored.", "bitsandbytes, csrc/kernels.cu; arXiv:2305.14314, appendix"},
    {"29", "7.6", "NF4 is better than INT4 and E2M1 on Gaussian weights", "",
     "dB",
     {{"NF4, blocks of 64, over INT4", OF("nf4@bitsandbytes") " - "
       OF("int4/g=block:64"), "> 0"},
      {"over E2M1", OF("nf4@bitsandbytes") " - " OF("e2m1/g=block:64"),
       "> 0"}}, "", "f32 scales amax / max.", "arXiv:2305.14314"},
    {"nf4-optimal", "7.6", "NF4 is near the optimum for Gaussian weights", "",
     "dB",
     {{"best 16-level quantizer (Max: 20.22 dB) less NF4, one scale, its best",
       "20.22 - [" FORMATS " | scale_rule=mse format=nf4 | snr_db]", "< 0.5"},
      {"as it is used: the same, blocks of 64 with their bits, at 6.02 dB a "
       "bit", "20.22 + 20 * log10(2) * 0.5 - " OF("nf4@bitsandbytes"),
       "< 0.5"},
      {"what any code of 4 bits could have (rate distortion, 24.08 dB) less "
       "NF4", "20 * log10(2) * 4 - [" FORMATS " | scale_rule=mse format=nf4 | "
       "snr_db]", "< 0.5"}}, "",
     "Near the best scalar quantizer of one fixed scale (it equalises how "
     "often codes are used, which is not the least error); not near what "
     "information theory allows.", "J. Max, IRE Trans. IT-6, 1960"},
    {"30", "7.6", "Double quantization saves about 0.5 bits a parameter", "0.5",
     "bit",
     {{"bits saved", "[bits nf4@bitsandbytes 8192x8192] - "
       "[bits nf4-double@bitsandbytes 8192x8192]", "0.5 +- 10%"},
      {"bits of the scales before", "[bits nf4@bitsandbytes 8192x8192] - "
       "[format nf4 bits]", "0.5 +- 10%"}}, "",
     "The scales cost 0.5 bits and then 0.127: it saves 0.373.",
     "arXiv:2305.14314, section 3"},
};

const ulp_claim_part ulp_claims_methods = {rows,
                                           sizeof rows / sizeof rows[0]};
