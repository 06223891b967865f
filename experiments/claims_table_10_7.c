/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Claims of the guide's sections 4.6 and 10.7: caches and long contexts.
 */
#include "claims.h"

#define CACHE "run context_length --contexts '8192 131072' --schemes "         \
  "'k-noise-1% int8-token int4-token' --heads 1 --queries 8 --dim 64"
#define OF_CACHE(keys, pattern, scheme, context, what)                        \
  "[" CACHE " | keys=" keys " pattern=" pattern " scheme=" scheme " context="  \
  context " | " what "]"
/* A figure and what is expected of it: an exponent above 0 for sure. */
#define GROWS(pattern, scheme, what)                                          \
  OF_CACHE("plain", pattern, scheme, "131072", what),                          \
  "> " OF_CACHE("plain", pattern, scheme, "131072", what "_ci95")

static const ulp_claim rows[] = {
    {"58", "10.7", "A 1 % error of K is about 1 % of the scores at 8K, and "
     "more at 128K", "1 %", "1",
     {{"error of scores, over their deviation, at 8192",
       OF_CACHE("plain", "flat", "k-noise-1%", "8192", "score_error"),
       "0.01 +- 20%"},
      {"at 131072 over that at 8192",
       OF_CACHE("plain", "flat", "k-noise-1%", "131072", "score_error") " / "
       OF_CACHE("plain", "flat", "k-noise-1%", "8192", "score_error"),
       "> 1.1"},
      {"greatest error of a score, at 131072 over that at 8192",
       OF_CACHE("plain", "flat", "k-noise-1%", "131072", "score_max_error")
       " / " OF_CACHE("plain", "flat", "k-noise-1%", "8192",
                      "score_max_error"), "> 1.1"},
      {"output's error, flat attention: exponent of the context, over its 95 % "
       "interval", GROWS("flat", "k-noise-1%", "output_exponent")},
      {"passkey, the same",
       GROWS("passkey", "k-noise-1%", "output_exponent")}}, "",
     "A score's error does not know the context.  Its greatest of N grows like "
     "sqrt(2 log N); the output's error stays where attention is flat and "
     "grows where a single token must be found among more distractors.",
     "experiments/context_length.c"},
    {"kv-accumulates", "4.6", "Errors of a quantized cache accumulate over the "
     "length of the sequence", "", "1",
     {{"exponent of the output's error in the context, INT8, flat, over its "
       "95 % interval", GROWS("flat", "int8-token", "output_exponent")},
      {"of the scores' error, flat",
       GROWS("flat", "int8-token", "score_exponent")},
      {"of the output's error, peaked",
       GROWS("peaked", "int8-token", "output_exponent")},
      {"of the output's error, passkey",
       GROWS("passkey", "int8-token", "output_exponent")}}, "",
     "From 8K to 128K.  Scores do not depend on the length, a softmax averages "
     "over it; only where distractors multiply does the output get worse.",
     "experiments/context_length.c"},
    {"kv-int8", "4.6", "An INT8 cache with a scale a token and head is a "
     "drop-in without loss", "0", "1",
     {{"error of the output, passkey at 131072",
       OF_CACHE("plain", "passkey", "int8-token", "131072", "output_error"),
       "< 0.02"},
      {"passkeys lost", OF_CACHE("plain", "passkey", "int8-token", "131072",
                                 "moved"), "0 +- 0"},
      {"the same error, keys with outlier channels",
       OF_CACHE("outliers", "passkey", "int8-token", "131072",
                "output_error"), "< 0.02"}}, "",
     "One attention head; without loss: less than 2 % of the output.  With "
     "outlier channels in K, as trained models have them, it is several times "
     "as much.", "arXiv:2402.02750; arXiv:2401.18079"},
    {"kv-int4", "4.6", "An INT4 cache is viable with a mild loss", "", "1",
     {{"error of the output, passkey at 8192, plain keys",
       OF_CACHE("plain", "passkey", "int4-token", "8192", "output_error"),
       "< 0.25"},
      {"keys with outlier channels",
       OF_CACHE("outliers", "passkey", "int4-token", "8192", "output_error"),
       "< 0.25"}},
     "KIVI, 2 bits: LongChat-7B, LongBench 38.72 to 38.30",
     "One scale a token.  With outlier channels in K it fails, which is why "
     "KIVI and KVQuant quantize K channel by channel.", "arXiv:2402.02750"},
    {"scores-8k", "10.7", "Retrieval of a passkey degrades sooner than "
     "perplexity", "", "", {{0}}, "", "Needs the models.",
     "arXiv:2402.02750"},
};

const ulp_claim_part ulp_claims_contexts = {rows,
                                            sizeof rows / sizeof rows[0]};
