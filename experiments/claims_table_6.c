/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Claims of the guide's section 6: training.
 */
#include "claims.h"

#define UPDATES "run accumulate --formats bf16 --modes 'rne sr' --updates "    \
  "'0x1p-6 0x1p-9 0x1p-10'"
#define GAIN(mode, update, count)                                             \
  "[" UPDATES " | mode=" mode " update=" update " updates=" count              \
  " | gain_over_exact]"
#define SR "run sr_unbiasedness --formats int8 --modes sr"
#define SIDES "run rounding_bias --formats int8 --modes 'rne sr' --regions "   \
  "'normal sub_unit distributions' --distributions uniform"
#define DECADES(name) "log10([format " name " max] / [format " name            \
  " min_positive])"
#define INTERVAL "run promotion_interval --operands e4m3 --data 'normal "      \
  "positive' --lengths 4096 --rows 8"
#define PROMOTED(data, every, what)                                           \
  "[" INTERVAL " | data=" data " promoted_every=" every " | " what "]"

static const ulp_claim rows[] = {
    {"48", "6.2", "Updates are often below the resolution of BF16, and without "
     "FP32 master weights training diverges within tens of steps", "", "1",
     {{"share that arrives of 64 updates of 2^-10 of the weight, RNE",
       GAIN("rne", "0x1p-10", "64"), "< 0.01"},
      {"the same, of 2^-9: half a step, a tie", GAIN("rne", "0x1p-9", "64"),
       "< 0.01"},
      {"the same, of 2^-6", GAIN("rne", "0x1p-6", "64"), "< 0.5"},
      {"the same, of 2^-10, stochastic", GAIN("sr", "0x1p-10", "4096"),
       "< 0.5"}}, "",
     "A weight of 1 that takes equal updates.  It stalls (it does not diverge) "
     "where the update is 2^-9 of the weight or less and rounding is to "
     "nearest; stochastic rounding keeps it on average.",
     "M. Croci et al., R. Soc. Open Sci. 9(3), 2022"},
    {"tile-scales", "6.3", "One scale a tensor was not enough for DeepSeek-V3; "
     "1 x 128 tiles of activations are better", "", "dB",
     {{"INT8, outlier channels: ordinary SNR of 1 x 128 over a tensor's",
       "[run granularity --formats 'int8 e4m3' --matrices outlier_channels "
       "--granularities 'tensor group:128' --shape 128x2048 | format=int8 "
       "granularity=group:128 | ordinary_snr_db]",
       "> [run granularity --formats 'int8 e4m3' --matrices outlier_channels "
       "--granularities 'tensor group:128' --shape 128x2048 | format=int8 "
       "granularity=tensor | ordinary_snr_db]"},
      {"E4M3, the same",
       "[run granularity --formats 'int8 e4m3' --matrices outlier_channels "
       "--granularities 'tensor group:128' --shape 128x2048 | "
       "format=float8_e4m3fn granularity=group:128 | ordinary_snr_db]",
       "> 1 + [run granularity --formats 'int8 e4m3' --matrices "
       "outlier_channels --granularities 'tensor group:128' --shape 128x2048 | "
       "format=float8_e4m3fn granularity=tensor | ordinary_snr_db]"}}, "",
     "1 % of the channels 20 to 100 times as large.  For INT8 it is much; "
     "E4M3 gains less than 1 dB, as its exponents cover such gains.",
     "arXiv:2412.19437, 3.3.2"},
    {"14-bits", "6.3", "Hopper's tensor cores accumulate FP8 products in about "
     "14 bits", "14", "bit",
     {{"significand of the accumulator of wgmma e4m3, the leading 1 counted",
       "[mma h200 wgmma.m64n8k32.f32.e4m3.e4m3 fraction] + 1", "14 +- 0"},
      {"outputs of the H200 that this model does not give",
       "[run gpu_validation --most 4 | "
       "subject=wgmma.mma_async.sync.aligned.m64n64k32.f32.e4m3.e4m3 | "
       "mismatches sum]", "0 +- 0"}}, "",
     "The emulator's record, and captures of an H200 computed again.",
     "arXiv:2412.19437, 3.3.2; tests/vectors/README.md"},
    {"36", "6.3", "Dispatching in FP8 halves the communication of experts",
     "0.5", "1",
     {{"saved with an f32 scale for 128 elements",
       "1 - [bits e4m3/g=group:128/scale=float32 1x7168] / "
       "[format bfloat16 bits]", "0.5 +- 2%"},
      {"saved without scales", "1 - [format e4m3 bits] / "
       "[format bfloat16 bits]", "0.5 +- 2%"}}, "",
     "Scales counted: 48.4 %.", "arXiv:2412.19437, 3.3.2 and 3.2.2"},
    {"37", "6.3", "The loss of FP8 training is within 0.25 % of BF16's", "0.25",
     "%", {{0}}, "below 0.25 %, models of 16B and 230B parameters on about 1 T "
     "tokens", "Needs the training runs.", "arXiv:2412.19437, 3.3 and B.1"},
    {"44", "6.4", "Gradients span 6 orders of magnitude or more; E5M2 covers "
     "that, INT8 does not without scales of blocks", "6", "decade",
     {{"E5M2: decades from the least to the greatest value", DECADES("e5m2"),
       "> 6"},
      {"INT8", DECADES("int8"), "< 6"}}, "",
     "From the formats' rows; 9.6 decades, of which 9.0 are normal numbers.",
     "OCP OFP8 v1.0"},
    {"45", "6.4", "A gradient of 1e-4 underflows", "1e-4", "1",
     {{"least value of E4M3", "[format e4m3 min_positive]", "> 2 * 1e-4"},
      {"least value of E5M2", "[format e5m2 min_positive]", "> 2 * 1e-4"},
      {"least value of FP16", "[format float16 min_positive]", "> 2 * 1e-4"}},
     "", "Without scales: a number below half the least value becomes 0.  In "
     "E4M3 it does, in E5M2 and FP16 not.", "OCP OFP8 v1.0"},
    {"42", "6.5", "Rounding to nearest takes 3.3 to 3 every time, so it is "
     "biased; it takes small positive numbers toward 0", "", "gap",
     {{"mean error at 0.25 of the way up, below the least value",
       "[" SIDES " | region=sub_unit mode=rne sign=+ fraction=0.25 | "
       "mean_error]", "-0.25 +- 0"},
      {"mean error on uniform numbers above 0",
       "[" SIDES " | region=uniform mode=rne sign=+ | mean_error]",
       "< -0.05"}}, "",
     "Biased at each number, not over numbers that fall anywhere between their "
     "neighbours.", "N. J. Higham, Accuracy and Stability, 2.2"},
    {"43", "6.5", "Stochastic rounding takes 3.3 up with probability 0.3: it "
     "is right on average", "0.3", "1",
     {{"share that goes up at 0.25 of the way",
       "[" SIDES " | region=normal mode=sr sign=+ fraction=0.25 | "
       "up_fraction]", "0.25 +- 0.03"},
      {"share at 0.375", "[" SIDES " | region=normal mode=sr sign=+ "
       "fraction=0.375 | up_fraction]", "0.375 +- 0.03"},
      {"greatest mean error of the numbers in range, gaps",
       "max([" SR " | region=normal | mean_error max], "
       "-[" SR " | region=normal | mean_error min])", "< 0.05"},
      {"share of them whose draws agree with the exact binomial law",
       "[" SR " | region=normal | consistent mean]", "> 0.9"}},
     "", "2048 draws of each number and more; a row agrees if its two-sided "
     "tail is not below 0.0027.  It fails above the greatest value, where it "
     "saturates.", "M. Croci et al., R. Soc. Open Sci. 9(3), 2022"},
    {"sr-needed", "6.5", "Biased rounding drifts over many steps where "
     "stochastic rounding does not", "", "1",
     {{"share of 4096 updates of 2^-10 that arrives, RNE",
       GAIN("rne", "0x1p-10", "4096"), "< 0.01"},
      {"stochastic", GAIN("sr", "0x1p-10", "4096"), "1 +- 5%"}}, "",
     "A BF16 weight of 1.", "S. Gupta et al., ICML 2015"},
    {"76", "6.5", "Stochastic rounding is in OCP's guidance for training in MX",
     "", "", {{0}}, "",
     "The text of the specification was not at hand to search; what is known "
     "of it here is that its conversion asks for rounding to nearest even.",
     "OCP MX v1.0, 6.3"},
    {"49", "6.6", "BF16 has FP32's exponents, to about 1e38", "1e38", "1",
     {{"greatest BF16", "[format bfloat16 max]", "1e38 .. 1e39"},
      {"exponent bits, less FP32's", "[format bfloat16 exp_bits] - "
       "[format float32 exp_bits]", "0 +- 0"}}, "", "From the formats' rows.",
     "formats/table.c"},
    {"fp16-narrow", "6.6", "FP16's range is narrow: gradients that BF16 keeps "
     "underflow", "", "decade",
     {{"decades of BF16 over FP16's", DECADES("bfloat16") " - "
       DECADES("float16"), "> 20"},
      {"least FP16", "[format float16 min_positive]", "> 1e-8"}}, "",
     "From the formats' rows.", "arXiv:1710.03740"},
    {"bf16-moments", "6.7", "DeepSeek-V3 kept Adam's moments in BF16 beside "
     "FP32 master weights", "", "", {{0}},
     "first and second moments in BF16, master weights and gradients in FP32",
     "The report says so; no figure of ours bears on it.",
     "arXiv:2412.19437, 3.3.3"},
    {"promotion", "6.3", "Taking partial sums out to FP32 at intervals "
     "recovers the accuracy", "", "1",
     {{"error of never over every 128, normal",
       PROMOTED("normal", "", "relative_frobenius") " / "
       PROMOTED("normal", "128", "relative_frobenius"), "> 5"},
      {"the same, positive data",
       PROMOTED("positive", "", "relative_frobenius") " / "
       PROMOTED("positive", "128", "relative_frobenius"), "> 5"}}, "",
     "K = 4096, wgmma of an H200 bit for bit.", "arXiv:2412.19437, 3.3.2"},
    {"40", "6.10", "The accumulator overflows where its precision is too low",
     "", "1",
     {{"sums that overflow, positive data, K 4096, 14 bits",
       PROMOTED("positive", "", "nonfinite"), "> 0"},
      {"greatest sum of 2^17 products of E4M3 over the accumulator's greatest "
       "value", "2^17 * [format e4m3 max]^2 / [format fp22 max]", "> 1"}}, "",
     "It never does: it has 8 exponent bits.  What it does is truncate, which "
     "biases sums toward 0.", "arXiv:2412.19437, 3.3.2"},
    {"12b", "6.9", "NVFP4 pretraining of a 12B model is as accurate as FP8's",
     "", "", {{0}}, "12B, 10 T tokens: MMLU-Pro 62.58 (NVFP4), 62.62 (FP8)",
     "Needs the training runs.", "arXiv:2509.25149, section 3"},
};

const ulp_claim_part ulp_claims_training = {rows,
                                            sizeof rows / sizeof rows[0]};
