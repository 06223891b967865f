/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Claims of the guide's section 3: numerics.
 */
#include "claims_sweeps.h"

/* The row of the worked example: amax 0.8, 127 steps. */
#define STEP "0.8 / [format int8sym max]"
#define EXAMPLE "value int8sym/g=tensor "
#define NUMBERS " 0.6 -0.8 0.003"

#define BEST " | scale_rule=mse format="
#define NOISE "run rounding_noise --formats 'int4 int8' --modes 'rne sr'"
#define BIAS "run rounding_bias --formats int8 --modes 'rne rtz' --regions "   \
  "'normal distributions' --distributions uniform"
#define SPLITS "run int_vs_float --bits '4 8' --distributions "                \
  "'gaussian student_t3' --granularities 'tensor group:32'"
#define OVER(what) "[" SPLITS " | " what " | over_integer_db]"
/* Outliers of 100 times the rest in 1 % of the channels; 20 times, tokens. */
#define HUNDRED "run granularity --formats 'int8 e4m3 int4' --matrices "       \
  "'gaussian outlier_channels' --channels 0.01:100:100 --granularities "       \
  "'tensor channel group:32' --shape 128x2048"
#define ORDINARY(what) "[" HUNDRED " | " what " | ordinary_snr_db]"
#define TWENTY "run granularity --formats 'int4 e2m1' --matrices "             \
  "token_spikes --tokens 0.01:20:20 --granularities 'tensor group:32' "        \
  "--shape 256x2048"
#define SPIKED(what) "[" TWENTY " | " what " | ordinary_snr_db]"

static const ulp_claim rows[] = {
    {"5", "3.2", "The scale of a row in [-0.8, 0.6] with 127 steps", "0.0063",
     "1", {{"amax / 127", STEP, "0.0063 +- 0.00005"}}, "",
     "From the format's greatest value.", "the guide's example"},
    {"6", "3.2", "0.60 becomes code 95 and comes back as 0.5985", "0.5985", "1",
     {{"0.60 quantized and decoded", "[" EXAMPLE "1" NUMBERS "]",
       "0.5985 +- 0.0002"},
      {"its code", "round([" EXAMPLE "1" NUMBERS "] / (" STEP "))",
       "95 +- 0"}}, "",
     "The quantizer on the example's row; the guide rounds the scale first.",
     "analysis/quantizer.h"},
    {"7", "3.2", "-0.80 becomes code -127 and comes back as -0.8001", "-0.8001",
     "1", {{"-0.80 quantized and decoded", "[" EXAMPLE "2" NUMBERS "]",
            "-0.8001 +- 0.0002"},
           {"its code", "round([" EXAMPLE "2" NUMBERS "] / (" STEP "))",
            "-127 +- 0"}}, "",
     "The quantizer on the example's row; with the scale not rounded it is "
     "-0.8 itself.", "analysis/quantizer.h"},
    {"8", "3.2", "0.003 is lost at this scale: it becomes 0", "0", "1",
     {{"0.003 quantized and decoded", "[" EXAMPLE "3" NUMBERS "]", "0 +- 0"}},
     "", "Half a step is 0.00315.", "analysis/quantizer.h"},
    {"9", "3.2", "8.0 would be code 1270, is clamped to 127 and comes back as "
     "0.80", "0.80", "1",
     {{"decoded", "min(round(8.0 / (" STEP ")), [format int8sym max]) * "
       STEP, "0.8 +- 0.001"},
      {"its code before it is clamped", "round(8.0 / (" STEP "))",
       "1270 +- 0"}}, "", "By the affine formula of 3.1.",
     "the guide's example"},
    {"10", "3.1", "Symmetric codes go from -2^(b-1) to 2^(b-1) - 1, and the "
     "scale is amax / 127", "-128", "1",
     {{"least INT8", "[format int8 lowest]", "-128 +- 0"},
      {"least code that amax / 127 leaves in use",
       "round([" EXAMPLE "2" NUMBERS "] / (" STEP "))", "-128 +- 0"}}, "",
     "The range of 3.1 and the scale of 3.2 do not go together: with amax / "
     "127 the code -128 is never used.", "analysis/quantizer.h"},
    {"11", "3.1", "Within the range the rounding error is at most half a step",
     "0.5", "step",
     {{"greatest mean error, to nearest", "[" BIAS " | mode=rne region=normal "
       "| mean_error max]", "<= 0.5"},
      {"least mean error, to nearest", "[" BIAS " | mode=rne region=normal | "
       "mean_error min]", ">= -0.5"},
      {"least mean error, toward zero", "[" BIAS " | mode=rtz region=normal | "
       "mean_error min]", ">= -0.5"}}, "",
     "Numbers at a given fraction of a gap, in every gap of INT8.  True of "
     "rounding to nearest; other modes, stochastic rounding among them, err by "
     "up to a step.", "N. J. Higham, Accuracy and Stability, 2.2"},
    {"channel-free", "3.3", "One scale a channel is essentially free", "",
     "bit",
     {{"bits that f32 scales add to a weight of 4096 x 4096",
       "[bits int8/g=channel/scale=float32 4096x4096] - [format int8 bits]",
       "< 0.08"},
      {"multiplications for it over those of the product, 70B",
       "1 / [model llama-3-70b hidden]", "< 0.01"}}, "",
     "Storage and operations, each against 1 %.", "analysis/quantizer.h"},
    {"tensor-outlier", "3.3", "With one scale a tensor, outliers ruin the "
     "quality of the rest", "", "dB",
     {{"SNR of ordinary elements, INT8, one scale a tensor",
       ORDINARY("matrix=outlier_channels format=int8 granularity=tensor"),
       "< " ORDINARY("matrix=outlier_channels format=int8 granularity=channel")
       " - 20"},
      {"the same of E4M3",
       ORDINARY("matrix=outlier_channels format=float8_e4m3fn "
                "granularity=tensor"),
       "< " ORDINARY("matrix=outlier_channels format=float8_e4m3fn "
                     "granularity=channel") " - 20"}}, "",
     "1 % of the channels 100 times as large; ruined: 20 dB below one scale "
     "a channel.  True of integers; E4M3 has the exponents for it.",
     "arXiv:2208.07339; arXiv:2303.17951"},
    {"12", "3.3", "An 8-bit scale for 32 weights costs 1 more bit a weight",
     "1", "bit",
     {{"bits beyond INT4's", "[bits int4/g=group:32/scale=e8m0 4096x4096] - "
       "[format int4 bits]", "1 +- 5%"}}, "",
     "8 bits / 32; the guide's own 3.6 has 0.25.", "OCP MX v1.0"},
    {"27", "3.5", "INT4 is for weights only: no tensor core of A100 or "
     "H100 multiplies it", "0", "TOPS",
     {{"A100", "[gpu a100 int4] / 1e12", "0 +- 0"},
      {"H100", "[gpu h100 int4] / 1e12", "0 +- 0"}}, "",
     "Data sheets: the A100 has INT4, the H100 dropped it.",
     "NVIDIA A100 and H100 data sheets"},
    {"17", "3.6", "FP4 (E2M1) has 16 codes to encode a range in", "16", "1",
     {{"different values of E2M1", "[format e2m1 values]", "16 +- 0"},
      {"codes", "2^[format e2m1 bits]", "16 +- 0"}}, "",
     "+0 and -0 are one value.", "OCP MX v1.0, table 5"},
    {"25", "3.5", "E2M1's values are 0, 0.5, 1, 1.5, 2, 3, 4, 6 and their "
     "negatives", "6", "1",
     {{"greatest", "[format e2m1 max]", "6 +- 0"},
      {"least above 0", "[format e2m1 min_positive]", "0.5 +- 0"},
      {"least normal", "[format e2m1 min_normal]", "1 +- 0"},
      {"different values", "[format e2m1 values]", "15 +- 0"}}, "",
     "From the format's row; with one bit of significand these figures leave "
     "no other list.", "OCP MX v1.0, table 5"},
    {"22", "3.5", "For a given number of bits floats beat integers on Gaussian "
     "numbers", "", "dB",
     {{"E4M3 over INT8, one scale",
       OVER("distribution=gaussian granularity=tensor bits=8 exponent_bits=4"),
       "> 0"},
      {"E2M5 over INT8, one scale",
       OVER("distribution=gaussian granularity=tensor bits=8 exponent_bits=2"),
       "> 0"},
      {"E2M1 over INT4, one scale",
       OVER("distribution=gaussian granularity=tensor bits=4 exponent_bits=2"),
       "> 0"},
      {"E2M1 over INT4, groups of 32",
       OVER("distribution=gaussian granularity=group:32 bits=4 "
            "exponent_bits=2"), "> 0"}}, "",
     "Each at its best scale.  E4M3 loses about 9 dB to INT8, E2M1 is a little "
     "behind INT4; only a float of few exponent bits, which no GPU has, wins.",
     "arXiv:2303.17951; J. Max, 1960"},
    {"22-outliers", "3.5", "Floats are more robust to outliers and heavy tails",
     "", "dB",
     {{"E4M3 over INT8, Student's t3, one scale",
       OVER("distribution=student_t3 granularity=tensor bits=8 "
            "exponent_bits=4"), "> 0"},
      {"E2M1 over INT4, t3, one scale",
       OVER("distribution=student_t3 granularity=tensor bits=4 "
            "exponent_bits=2"), "> 0"},
      {"E2M1 over INT4, t3, groups of 32",
       OVER("distribution=student_t3 granularity=group:32 bits=4 "
            "exponent_bits=2"), "> 0"},
      {"E4M3 over INT8, t3, groups of 32",
       OVER("distribution=student_t3 granularity=group:32 bits=8 "
            "exponent_bits=4"), "> 0"}}, "",
     "Each at its best scale.  With a scale for 32 elements INT8 has the "
     "better of it again.", "arXiv:2303.17951; arXiv:2510.25602"},
    {"23", "3.5", "E4M3 reaches 448", "448", "1",
     {{"greatest value", "[format e4m3 max]", "448 +- 0"}}, "",
     "From the format's row.", "OCP OFP8 v1.0, table 1"},
    {"24", "3.5", "E5M2 reaches 57344", "57344", "1",
     {{"greatest value", "[format e5m2 max]", "57344 +- 0"}}, "",
     "From the format's row.", "OCP OFP8 v1.0, table 1"},
    {"log-spaced", "3.5", "The values of a float are log-spaced", "", "1",
     {{"E4M3: ratio of 1 and the next value, over that of 1.75 and the next",
       "[next e4m3 1] / ([next e4m3 1.75] / 1.75)", "1 +- 1%"},
      {"step above 2 over step above 1",
       "([next e4m3 2] - 2) / ([next e4m3 1] - 1)", "2 +- 0"}}, "",
     "Steps double from binade to binade, and are equal within one: log-spaced "
     "steps, evenly spaced between.", "formats/formats.h"},
    {"13", "3.6", "1 byte of scale for 32 elements is 0.25 bits a weight",
     "0.25", "bit",
     {{"bits beyond E2M1's", "[bits mxfp4@ocp 4096x4096] - "
       "[format e2m1 bits]", "0.25 +- 0"}}, "", "8 bits / 32.",
     "OCP MX v1.0"},
    {"15", "3.6", "One element 100 times the rest costs the rest 6.6 bits of "
     "precision", "6.6", "bit",
     {{"INT8: loss of SNR of ordinary elements, at 6.02 dB a bit",
       "(" ORDINARY("matrix=gaussian format=int8 granularity=tensor") " - "
       ORDINARY("matrix=outlier_channels format=int8 granularity=tensor")
       ") / (20 * log10(2))", "6.6 +- 10%"},
      {"E4M3, the same",
       "(" ORDINARY("matrix=gaussian format=float8_e4m3fn granularity=tensor")
       " - " ORDINARY("matrix=outlier_channels format=float8_e4m3fn "
                      "granularity=tensor") ") / (20 * log10(2))",
       "6.6 +- 10%"}}, "",
     "1 % of the channels 100 times as large.  Right for integers (as long as "
     "they have the bits to lose); a float loses next to nothing until its "
     "exponents end.", "arXiv:2208.07339"},
    {"16", "3.6", "Where blocks reach 0.5 and the tensor 10, FP4 with scales "
     "of blocks is 20 times as precise", "20", "1",
     {{"E2M1: error with one scale over error with one for 32, rms",
       "10^((" SPIKED("format=float4_e2m1fn granularity=group:32") " - "
       SPIKED("format=float4_e2m1fn granularity=tensor") ") / 20)",
       "20 +- 20%"},
      {"INT4, the same",
       "10^((" SPIKED("format=int4 granularity=group:32") " - "
       SPIKED("format=int4 granularity=tensor") ") / 20)", "20 +- 20%"},
      {"INT4's least value above 0, reaching 10 over reaching 0.5",
       "[value int4sym/g=tensor 2 10 1] / [value int4sym/g=tensor 2 0.5 0.05]",
       "20 +- 0.001"}}, "",
     "1 % of the tokens 20 times as large; ordinary elements.  The scale is "
     "20 times finer, the error not: an element that became 0 errs by itself "
     "and no more.", "experiments/granularity.c"},
    {"18", "3.7", "Each bit adds 6 dB", "6.02", "dB",
     {{"INT4 to INT8, uniform numbers at full scale",
       "([" NOISE " | format=int8 range=full_scale mode=rne | snr_db] - ["
       NOISE " | format=int4 range=full_scale mode=rne | snr_db]) / 4",
       "6.02 +- 2%"},
      {"INT4 to INT8, Gaussian at the best scale",
       "([" FORMATS BEST "int8 | snr_db] - [" FORMATS BEST
       "int4 | snr_db]) / 4",
       "6.02 +- 5%"}}, "",
     "Exact for uniform numbers; on a Gaussian the range grows with the bits, "
     "and a bit is worth 5.3 dB from 4 to 8.",
     "W. R. Bennett, 1948; J. Max, 1960"},
    {"19", "3.7", "INT8 on a Gaussian tensor has about 48 dB", "48", "dB",
     {{"at the best scale", "[" FORMATS BEST "int8 | snr_db]", "48 +- 2"}}, "",
     "One scale a tensor, the least squared error: 40.57 in theory.  48 is the "
     "figure of uniform numbers at full scale (6.02 b).",
     "W. R. Bennett, 1948; J. Max, 1960"},
    {"20", "3.7", "INT4 on a Gaussian tensor has about 24 dB", "24", "dB",
     {{"at the best scale", "[" FORMATS BEST "int4 | snr_db]", "24 +- 2"}}, "",
     "One scale a tensor, the least squared error: 19.26 in theory.",
     "W. R. Bennett, 1948; J. Max, 1960"},
    {"21", "3.7", "The noise of uniform random rounding is s^2 / 12",
     "0.0833", "step^2",
     {{"to nearest", "[" NOISE " | format=int8 range=inside mode=rne | "
       "noise_power]", "1 / 12 +- 4%"},
      {"stochastic", "[" NOISE " | format=int8 range=inside mode=sr | "
       "noise_power]", "1 / 12 +- 4%"}}, "",
     "Right for rounding to nearest; rounding that is random, stochastic "
     "rounding, makes s^2 / 6.", "W. R. Bennett, 1948; arXiv:2107.00542"},
};

const ulp_claim_part ulp_claims_numerics = {rows,
                                            sizeof rows / sizeof rows[0]};
