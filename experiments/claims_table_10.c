/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Claims of the guide's section 10: what fails.
 */
#include "claims.h"

static const ulp_claim rows[] = {
    {"57-again", "10.1", "0.1-1 % of the hidden dimensions have 50 to 1000 "
     "times the median", "0.1-1 %", "1", {{0}},
     "LLM.int8(): about 0.1 % of the features, in every layer from 6.7B on",
     "Needs a model's activations; the guide's 4.3 says 1-2 % at about 100 "
     "times.", "arXiv:2208.07339, section 4"},
    {"69", "10.5", "RMSNorm subtracts the mean and divides by the root of the "
     "variance", "", "1",
     {{"RMSNorm of (1, 3), its first number",
       "1 / sqrt((1^2 + 3^2) / 2)",
       "(1 - 2) / sqrt(((1 - 2)^2 + (3 - 2)^2) / 2) +- 1%"}}, "",
     "By the definition; it is LayerNorm that does.",
     "arXiv:1910.07467, equation 4"},
    {"scores-8k", "10.7", "A model's retrieval degrades sooner than its "
     "perplexity", "", "", {{0}}, "KIVI, 2 bits: LongChat-7B, LongBench "
     "38.72 to 38.30", "Needs the models.", "arXiv:2402.02750"},
    {"calibration-loss", "10.9", "A model calibrated on Wikipedia can lose "
     "5-10 % on code", "5-10", "%", {{0}}, "", "Needs the models.",
     "arXiv:2306.00978, section 5.3"},
};

const ulp_claim_part ulp_claims_failures = {rows,
                                            sizeof rows / sizeof rows[0]};
