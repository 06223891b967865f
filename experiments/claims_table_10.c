/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Claims of the guide's section 10: what fails but long contexts,
 * and of the same in 2.2 and 4.8.
 */
#include "claims_sweeps.h"

#define SPIKES "run activation_spikes --gains 10 --kinds token --handlings "   \
  "'static static-plain dynamic-token'"
#define OF_SPIKES(format, handling, what)                                     \
  "[" SPIKES " | format=" format " handling=" handling " | " what "]"
#define STACK "run layer_compounding --schemes 'int8 int8/g=group:32' "        \
  "--modes 'rne sr' --residuals 'bf16 f16 float32' --depth 80"
#define OF_STACK(what, figure)                                                \
  "[" STACK " | depth=80 layers=all " what " | " figure "]"
#define QUANTIZED "stack=blocks error=quantized mode=rne residual=float32 "
#define SENSITIVE(layers)                                                     \
  "[" STACK " | depth=80 " QUANTIZED "scheme=int8 outlier_gain=1 layers="      \
  layers " | relative_error]"
#define KEPT(layers)                                                          \
  "[" STACK " | depth=80 " QUANTIZED "scheme=int8/g=group:32 outlier_gain=1 "  \
  "layers=" layers " | relative_error]"
#define STREAM "run residual --formats 'bf16 f16' --schemes 'rne sr' "         \
  "--patterns steady --updates '0x1p-6 0x1p-9 0x1p-10' --depths 80"
#define OF_STREAM(what, figure) "[" STREAM " | " what " | " figure "]"
#define NORMS "run norms --widths 4096 --epsilons 1e-5 --norms rms --formats " \
  "'bf16 f16' --inputs 'gaussian offset' --steps 'square sum all outside'"
#define OF_NORMS(what, figure) "[" NORMS " | " what " | " figure "]"
#define WEIGHTS "run softmax --contexts 1024 --rows 'flat wide peaked' "       \
  "--cases 'p-int8 p-e4m3-x448 bf16'"
#define OF_WEIGHTS(rows, name, what)                                          \
  "[" WEIGHTS " | rows=" rows " case=" name " | " what "]"
#define SHIFT "run calibration_mismatch --shifts 'same wider:4 moved' "        \
  "--methods 'minmax dynamic-token smoothquant awq' --formats int8 "           \
  "--batches 8"
#define OF_SHIFT(shift, method, quantized, what)                              \
  "[" SHIFT " | shift=" shift " method=" method " quantized=" quantized        \
  " | " what "]"

static const ulp_claim rows[] = {
    {"multiplicative", "2.2", "Errors of layers compound multiplicatively "
     "through the residual path", "", "1",
     {{"0.5 % along the signal, 80 layers: error",
       OF_STACK("stack=mirrors error=correlated", "relative_error"),
       "1.005^80 - 1 +- 1%"},
      {"0.5 % in any direction",
       OF_STACK("stack=mirrors error=uncorrelated", "relative_error"),
       "1.005^80 - 1 +- 10%"},
      {"0.5 % of each branch of residual blocks, along it",
       OF_STACK("stack=blocks error=correlated site=branch", "relative_error"),
       "1.005^80 - 1 +- 10%"}}, "",
     "Only an error along the signal does, and only where each layer's error "
     "is relative to the whole stream.", "J. H. Wilkinson, 1963"},
    {"70", "4.8", "A BF16 residual stream loses small outputs of layers over "
     "many layers", "", "1",
     {{"updates of 2^-10 of the stream that leave it as it was, 80 layers",
       OF_STREAM("format=bfloat16 scheme=rne stream=1 update=0.0009765625",
                 "lost_fraction"), "> 0.5"},
      {"updates of 2^-6",
       OF_STREAM("format=bfloat16 scheme=rne stream=1 update=0.015625",
                 "lost_fraction"), "> 0.5"}}, "",
     "Where every update is 2^-9 of the stream or less (half a step is 2^-9 to "
     "2^-8), which the guide's 10.4 "
     "calls usually fine.", "experiments/residual.c"},
    {"70-again", "10.4", "A BF16 residual stream is usually fine, an FP16 one "
     "can underflow in deep models", "", "1",
     {{"error of a stack of 80 layers, stream in BF16",
       OF_STACK("stack=blocks error=rounded mode=rne residual=bfloat16",
                "relative_error"), "< 0.02"},
      {"stream in FP16: error over BF16's",
       OF_STACK("stack=blocks error=rounded mode=rne residual=float16",
                "relative_error") " / "
       OF_STACK("stack=blocks error=rounded mode=rne residual=bfloat16",
                "relative_error"), "> 1"},
      {"updates that become 0 in FP16, stream of 2^-20",
       OF_STREAM("format=float16 scheme=rne stream=9.5367431640625e-07 "
                 "update=0.015625", "flushed_fraction"), "> 0.5"}}, "",
     "FP16's 11 bits are 8 times as exact as BF16's 8; it underflows only "
     "where the whole stream is tiny, what it does in practice is overflow.",
     "experiments/residual.c"},
    {"57-again", "10.1", "0.1-1 % of the hidden dimensions have 50 to 1000 "
     "times the median", "0.1-1 %", "1", {{0}},
     "LLM.int8(): about 0.1 % of the features, in every layer from 6.7B on",
     "Needs a model's activations; the guide's 4.3 says 1-2 % at about 100 "
     "times.", "arXiv:2208.07339, section 4"},
    {"collapse", "10.1", "One scale for a tensor of activations collapses the "
     "99 % of ordinary channels", "", "dB",
     {{"SNR of ordinary channels, INT8",
       OF_LAYER("w8a8-int8-tensor", "none", "ordinary_x_snr_db"), "< 10"},
      {"E4M3", OF_LAYER("w8a8-e4m3-tensor", "none", "ordinary_x_snr_db"),
       "< 10"}}, "",
     "1 % of the channels 100 times as large.  True of INT8, not of E4M3.",
     "arXiv:2208.07339"},
    {"spikes", "10.2", "Scales of tokens handle tokens 10 times as large, one "
     "static scale does not", "10", "dB",
     {{"INT8: spiked tokens, static scale of ordinary ones",
       OF_SPIKES("int8", "static-plain", "spiked_snr_db"), "< 10"},
      {"ordinary tokens lose by a static scale that covers both",
       OF_SPIKES("int8", "dynamic-token", "ordinary_snr_db") " - "
       OF_SPIKES("int8", "static", "ordinary_snr_db"), "> 6"},
      {"spiked tokens, scales of tokens",
       OF_SPIKES("int8", "dynamic-token", "spiked_snr_db"), "> 35"},
      {"E4M3: ordinary tokens lose by a static scale that covers both",
       OF_SPIKES("float8_e4m3fn", "dynamic-token", "ordinary_snr_db") " - "
       OF_SPIKES("float8_e4m3fn", "static", "ordinary_snr_db"), "> 6"}}, "",
     "Tokens of which all channels are 10 times as large.  For E4M3 a scale "
     "that covers both costs nothing.", "arXiv:2402.17762"},
    {"ends", "10.3", "The first and the last layers are more sensitive than "
     "the middle", "", "1",
     {{"error after 80 layers of errors in the first 2, INT8, over the middle "
       "2's", SENSITIVE("first") " / " SENSITIVE("middle"), "> 1"},
      {"the last 2's over the middle 2's",
       SENSITIVE("last") " / " SENSITIVE("middle"), "> 1"}}, "",
     "Random residual blocks: an early error is a larger part of a stream that "
     "still grows.  What makes last layers special in a trained model is not "
     "in it.", "experiments/layer_compounding.c"},
    {"ends-kept", "10.3", "Keeping the first 2 and last 2 layers in higher "
     "precision is a cheap safety", "", "1",
     {{"error after 80 layers with these exact over that with none, INT8 in "
       "groups of 32: half or less", KEPT("inner") " / " KEPT("all"),
       "<= 0.5"}}, "",
     "Random residual blocks: what the first layers add is more than their "
     "share, and still little of the whole, which the many between make.",
     "experiments/layer_compounding.c"},
    {"69", "10.5", "RMSNorm subtracts the mean and divides by the root of the "
     "variance", "0", "1",
     {{"mean of RMSNorm's output, input of mean 16",
       OF_NORMS("input=offset format=bfloat16 step=all", "exact_output_mean"),
       "0 +- 0.01"}}, "",
     "By the definition; it is LayerNorm that does.",
     "arXiv:1910.07467, equation 4"},
    {"norm-inside", "10.5", "Quantizing before the norm is fine, inside it is "
     "risky", "", "1",
     {{"error with BF16 before and after, f32 inside",
       OF_NORMS("input=gaussian format=bfloat16 step=outside",
                "relative_error"), "< 0.005"},
      {"with all of it in BF16, over that",
       OF_NORMS("input=gaussian format=bfloat16 step=all", "relative_error")
       " / " OF_NORMS("input=gaussian format=bfloat16 step=outside",
                      "relative_error"), "> 10"}}, "",
     "4096 channels: a running sum of squares in BF16 stops growing, and the "
     "guide's `norms in BF16' is then 40 % wrong.",
     "arXiv:1910.07467"},
    {"softmax-loss", "10.6", "Quantized attention weights lose the small ones "
     "and attend too much to the greatest", "", "1",
     {{"weights that become 0 in INT8, flat rows of 1024",
       OF_WEIGHTS("flat", "p-int8", "flushed_fraction"), "> 0.5"},
      {"too much of the greatest, flat",
       OF_WEIGHTS("flat", "p-int8", "over_attention"), "> 0.01"},
      {"too much of the greatest, peaked",
       OF_WEIGHTS("peaked", "p-int8", "over_attention"), "> 0.01"},
      {"E4M3 times 448: weights that become 0, flat",
       OF_WEIGHTS("flat", "p-e4m3-x448", "flushed_fraction"), "> 0.5"},
      {"error of the output, INT8, peaked",
       OF_WEIGHTS("peaked", "p-int8", "output_error"), "> 0.01"}}, "",
     "Most where attention is flat, least where it is concentrated, which is "
     "the case that the guide has in mind; E4M3 with a scale of 448 loses "
     "almost nothing.", "arXiv:2407.08608 (FlashAttention-3)"},
    {"55", "10.8", "0.5 % of error a layer over 80 layers is 49 % if the "
     "errors are uncorrelated", "49 %", "1",
     {{"layers that keep lengths",
       OF_STACK("stack=mirrors error=uncorrelated", "relative_error"),
       "0.49 +- 0.05"},
      {"residual blocks, 0.5 % of the stream",
       OF_STACK("stack=blocks error=uncorrelated site=stream",
                "relative_error"), "0.49 +- 0.05"},
      {"exponent of the depth, of which 1 gives 49 %",
       OF_STACK("stack=mirrors error=uncorrelated", "exponent"),
       "1 +- 20%"}}, "",
     "Uncorrelated errors add as squares: 0.5 % sqrt(80) = 4.5 %.  49 % is "
     "1.005^80 - 1, fully correlated.", "experiments/layer_compounding.c"},
    {"56", "10.8", "With the correlation that errors have it is worse than "
     "49 %", "49 %", "1",
     {{"a tenth of the error along the signal",
       OF_STACK("stack=mirrors error=partial", "relative_error"), "> 0.5"},
      {"all of it", OF_STACK("stack=mirrors error=correlated",
                             "relative_error"), "> 0.5"},
      {"INT8 weights and activations, whose error is 1.6 % a layer",
       OF_STACK(QUANTIZED "scheme=int8 outlier_gain=1", "relative_error"),
       "> 0.5"}}, "",
     "49 % is the most that 0.5 % a layer can do.",
     "experiments/layer_compounding.c"},
    {"sr-layers", "10.8", "Stochastic rounding matters for errors over layers",
     "", "1",
     {{"error over 80 layers, BF16 stream: to nearest over stochastic",
       OF_STACK("stack=blocks error=rounded mode=rne residual=bfloat16",
                "relative_error") " / "
       OF_STACK("stack=blocks error=rounded mode=sr residual=bfloat16",
                "relative_error"), "> 1"},
      {"INT8: the same",
       OF_STACK(QUANTIZED "scheme=int8 outlier_gain=1", "relative_error") " / "
       OF_STACK("stack=blocks error=quantized mode=sr residual=float32 "
                "scheme=int8 outlier_gain=1", "relative_error"), "> 1"}}, "",
     "In a stack rounding to nearest has no bias to avoid, and half the noise "
     "power.", "experiments/layer_compounding.c"},
    {"block-layers", "10.8", "Scales of blocks beat one scale a tensor over "
     "layers", "", "1",
     {{"INT8, outlier channels: error over 80 layers, tensor over groups of 32",
       OF_STACK(QUANTIZED "scheme=int8 outlier_gain=64", "relative_error")
       " / " OF_STACK(QUANTIZED "scheme=int8/g=group:32 outlier_gain=64",
                      "relative_error"), "> 1"},
      {"without outliers",
       OF_STACK(QUANTIZED "scheme=int8 outlier_gain=1", "relative_error")
       " / " OF_STACK(QUANTIZED "scheme=int8/g=group:32 outlier_gain=1",
                      "relative_error"), "> 1"}}, "",
     "Residual blocks.", "experiments/layer_compounding.c"},
    {"calibration-loss", "10.9", "A model calibrated on Wikipedia can lose "
     "5-10 % on code", "5-10", "%", {{0}}, "", "Needs the models.",
     "arXiv:2306.00978, section 5.3"},
    {"dynamic-shift", "10.9", "Scales made at run time remove the mismatch of "
     "calibration", "0", "dB",
     {{"INT8, activations 4 times as wide: loss with scales of tokens",
       OF_SHIFT("wider:4", "dynamic-token", "int8", "mismatch_loss_db"),
       "0 +- 0.5"},
      {"loss with a calibrated scale",
       OF_SHIFT("wider:4", "minmax", "int8", "mismatch_loss_db"), "> 6"}}, "",
     "Against the same method calibrated on what is served.",
     "experiments/calibration_mismatch.c"},
    {"awq-calibration", "10.9", "AWQ is a little less sensitive to calibration "
     "than SmoothQuant", "", "dB",
     {{"outliers in other channels: SmoothQuant's loss less AWQ's, W8A8",
       OF_SHIFT("moved", "smoothquant", "w8a8-int8-token", "mismatch_loss_db")
       " - " OF_SHIFT("moved", "awq", "w8a8-int8-token",
                      "mismatch_loss_db"), "> 0"}}, "",
     "Against the same method calibrated on what is served.",
     "arXiv:2306.00978, section 5.3"},
};

const ulp_claim_part ulp_claims_failures = {rows,
                                            sizeof rows / sizeof rows[0]};
