/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Claims of the guide's section 6: training.
 */
#include "claims.h"

#define UPDATES "run accumulate --formats bf16 --modes 'rne sr' --updates "    \
  "0x1p-10"
#define GAIN(mode, update, count)                                             \
  "[" UPDATES " | mode=" mode " update=" update " updates=" count              \
  " | gain_over_exact]"
#define MASTER "run master_weights --formats bf16 --weights '1 1.9921875' "    \
  "--directions up --updates '0x1p-6 0x1p-10' --schemes 'rne sr master'"
#define KEPT(scheme, weight, relative, what)                                  \
  "[" MASTER " | scheme=" scheme " weight=" weight " relative_update="         \
  relative " | " what "]"
#define SR "run sr_unbiasedness --formats int8 --modes sr"
#define SIDES "run rounding_bias --formats int8 --modes 'rne sr' --regions "   \
  "'normal sub_unit distributions' --distributions uniform"
#define GRADIENTS "run gradients --formats 'e5m2 e4m3 f16 int8' --scalings "   \
  "'none tensor' --blocks int8/g=group:128 --modes 'rne sr' --centres -4 "     \
  "--widths 1 --layers 0"
#define OF_GRADIENTS(format, scaling, mode, what)                             \
  "[" GRADIENTS " | format=" format " scaling=" scaling " mode=" mode " | "    \
  what "]"
#define MOMENTS "run optimizer_states --schemes 'dynamic8 dynamic8-root int8 " \
  "bf16' --blocks '64 256 2048' --widths 1 --processes steady"
#define OF_MOMENTS(scheme, block, what)                                       \
  "[" MOMENTS " | scheme=" scheme " block=" block " | " what "]"
#define DELAYED "run delayed_scaling --drifts 'steady jump:16' --quantizers "  \
  "fp8-delayed@te --schemes 'delayed:1024 current' --blocks '' --steps 256"
#define OF_DELAYED(drift, scheme, what)                                       \
  "[" DELAYED " | drift=" drift " scheme=" scheme " | " what "]"
#define DECADES(name) "log10([format " name " max] / [format " name            \
  " min_positive])"
#define INTERVAL "run promotion_interval --operands e4m3 --data 'normal "      \
  "positive' --lengths 4096 --rows 8"
#define PROMOTED(data, every, what)                                           \
  "[" INTERVAL " | data=" data " promoted_every=" every " | " what "]"

static const ulp_claim rows[] = {
    {"second-moment", "4.5", "A second moment that becomes 0 breaks Adam's "
     "step, and scales of blocks are essential", "", "1",
     {{"v that 8 bits make 0, uniform, a scale for 2048",
       OF_MOMENTS("int8", "2048", "zeroed_v_fraction"), "> 0.5"},
      {"updates beyond what Adam can do",
       OF_MOMENTS("int8", "2048", "beyond_bound_fraction"), "> 0"},
      {"v that become 0, dynamic map, scales for 2048 over 64",
       OF_MOMENTS("dynamic8", "2048", "zeroed_v_fraction") " / "
       OF_MOMENTS("dynamic8", "64", "zeroed_v_fraction"), "> 1.5"},
      {"v that become 0, dynamic map, a scale for 64",
       OF_MOMENTS("dynamic8", "64", "zeroed_v_fraction"), "< 0.01"}}, "",
     "Gradients whose scales spread over 6 decades.  Blocks help and do not "
     "suffice; the root of v in 8 bits does.", "arXiv:2110.02861"},
    {"48", "6.2", "Without FP32 master weights training diverges within tens "
     "of steps", "", "1",
     {{"share that arrives of updates of 2^-10 of a BF16 weight, RNE",
       KEPT("rne", "1", "0x1p-10", "gain"), "< 0.01"},
      {"of updates of 2^-6", KEPT("rne", "1", "0x1p-6", "gain"), "< 0.5"},
      {"of updates of 2^-10, stochastic rounding",
       KEPT("sr", "1", "0x1p-10", "gain"), "< 0.5"}}, "",
     "A weight that takes equal updates.  It stalls, which is not to diverge, "
     "and only where the updates are small beside the weight and rounding is "
     "to nearest.",
     "M. Croci et al., R. Soc. Open Sci. 9(3), 2022"},
    {"48-threshold", "6.2", "Updates are often below the resolution of BF16; "
     "FP32 keeps them", "", "1",
     {{"least relative update that a BF16 weight notices, end of a binade",
       KEPT("rne", "1.9921875", "0x1p-10", "least_relative_update_kept"),
       "2^-9 +- 0.5%"},
      {"at its beginning",
       KEPT("rne", "1", "0x1p-10", "least_relative_update_kept"),
       "2^-8 +- 0.5%"},
      {"share that arrives of updates of 2^-10, RNE",
       KEPT("rne", "1", "0x1p-10", "gain"), "< 0.01"},
      {"with a master", KEPT("master", "1", "0x1p-10", "gain"), "1 +- 0.1%"},
      {"stochastic rounding, no master",
       KEPT("sr", "1", "0x1p-10", "gain"), "1 +- 10%"}}, "",
     "Half a step is 2^-9 to 2^-8 of the weight, by its place in the binade; "
     "what is less is lost to nearest.  Stochastic rounding keeps it on "
     "average without a master.",
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
      {"INT8", DECADES("int8"), "< 6"},
      {"gradients of 6.2 decades that become 0, INT8, a scale for the tensor",
       OF_GRADIENTS("int8", "tensor", "rne", "underflow_fraction"), "> 0.5"},
      {"INT8, a scale for 128",
       OF_GRADIENTS("int8/g=group:128", "blocks", "rne",
                    "underflow_fraction"), "< 0.1"},
      {"E5M2, a scale for the tensor",
       OF_GRADIENTS("float8_e5m2", "tensor", "rne", "underflow_fraction"),
       "< 0.01"}}, "",
     "E5M2's values span 9.6 decades.  Scales of blocks do not save INT8: a "
     "block of such gradients spans as many.",
     "OCP OFP8 v1.0"},
    {"gradient-zero", "4.4", "Small gradients become 0 in FP8, and stochastic "
     "rounding is the cure", "", "1",
     {{"E4M3 without a scale, median 1e-4: share that becomes 0",
       OF_GRADIENTS("float8_e4m3fn", "none", "rne", "underflow_fraction"),
       "> 0.5"},
      {"their sum, standard errors from unbiased, to nearest",
       "abs(" OF_GRADIENTS("float8_e4m3fn", "none", "rne", "sum_bias_z") ")",
       "> 4"},
      {"stochastic", "abs(" OF_GRADIENTS("float8_e4m3fn", "none", "sr",
                                         "sum_bias_z") ")", "< 4"},
      {"share that becomes 0, stochastic",
       OF_GRADIENTS("float8_e4m3fn", "none", "sr", "underflow_fraction"),
       "< 0.5"}}, "",
     "It cures the sum, not the single gradient: nearly as many become 0.  A "
     "scale cures both.", "arXiv:2209.05433"},
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
    {"amax-lag", "6.10", "Delayed scaling picks a wrong scale when the "
     "distribution shifts", "", "dB",
     {{"E4M3, a jump by 16: SNR lost to the scale of the step itself",
       OF_DELAYED("jump:16", "delayed", "lost_db"), "> 3"},
      {"greatest value over what the scale allows",
       OF_DELAYED("jump:16", "delayed", "greatest_excess"), "> 2"},
      {"lost by the scale of the step itself",
       OF_DELAYED("jump:16", "current", "lost_db"), "0 +- 0.01"}}, "",
     "Transformer Engine's recipe, a history of 1024 steps; the one step that "
     "jumps saturates.", "TransformerEngine, DelayedScaling"},
    {"12b", "6.9", "NVFP4 pretraining of a 12B model is as accurate as FP8's",
     "", "", {{0}}, "12B, 10 T tokens: MMLU-Pro 62.58 (NVFP4), 62.62 (FP8)",
     "Needs the training runs.", "arXiv:2509.25149, section 3"},
};

const ulp_claim_part ulp_claims_training = {rows,
                                            sizeof rows / sizeof rows[0]};
