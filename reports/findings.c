/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the experiments found, as sentences to be filled from their CSV.  They
 * say what was compared and leave to the figures which way it came out.
 */
#include <string.h>

#include "sentence.h"

static const ulp_finding table[] = {
    {"snr", true,
     "Of 8-bit formats with one scale a tensor, {at-max snr_db format | "
     "distribution~gaussian scale_rule~mse format_bits=8 granularity=tensor} "
     "keeps the most of {text distribution | distribution~gaussian} data, "
     "{max snr_db | distribution~gaussian scale_rule~mse format_bits=8 "
     "granularity=tensor | f1} dB; of 4-bit formats {at-max snr_db format | "
     "distribution~gaussian scale_rule~mse format_bits=4 granularity=tensor}, "
     "{max snr_db | distribution~gaussian scale_rule~mse format_bits=4 "
     "granularity=tensor | f1} dB."},
    {"accumulation", true,
     "Adding {value k | statistic=error operands~e4m3 data~positive k=max} "
     "products of positive {text operands | statistic=error operands~e4m3} "
     "numbers, Hopper's tensor core errs by {value relative_frobenius | "
     "statistic=error operands~e4m3 data=positive accumulator=hopper-wgmma "
     "k=max | %2}, promoted to f32 every 128 by {value relative_frobenius | "
     "statistic=error operands~e4m3 data=positive "
     "accumulator=hopper-wgmma-promote-128 k=max | %2}, Blackwell's by {value "
     "relative_frobenius | statistic=error operands~e4m3 data=positive "
     "accumulator=blackwell-tcgen05 k=max | %2}."},
    {"accumulation", false,
     "On normal data the error of Hopper's accumulator grows like K to the "
     "power {value growth_exponent | statistic=growth operands~e4m3 "
     "data=normal accumulator=hopper-wgmma growth_from_k=min | 2}, on positive "
     "data {value growth_exponent | statistic=growth operands~e4m3 "
     "data=positive accumulator=hopper-wgmma growth_from_k=min | 2}."},
    {"accumulator_width", false,
     "For an error of 0.001 at K = {value k | operands~e4m3 data~normal k=max} "
     "an accumulator that rounds each product to nearest needs {value "
     "fraction_bits | operands~e4m3 data~normal k=max block=1 rounding=rne "
     "target=0.001} bits of fraction, one that cuts blocks of 32 toward zero "
     "{value fraction_bits | operands~e4m3 data~normal k=max block=32 "
     "rounding=rtz target=0.001}."},
    {"promotion_interval", false,
     "At K = {value k | operands~e4m3 k=max} and positive data, promotion "
     "every 128 leaves an error of {value relative_frobenius | operands~e4m3 "
     "data=positive k=max promoted_every=128 | %2}, never {value "
     "relative_frobenius | operands~e4m3 data=positive k=max "
     "promoted_every=- | %2}."},
    {"code_pairs", false,
     "Of {rows | instruction~wgmma.m64n8k32.f32.e4m3.e4m3 companion=min} pairs "
     "of E4M3 numbers beside a product of {value companion | companion=min}, "
     "{text instruction | instruction~wgmma.m64n8k32.f32.e4m3.e4m3} gets {rows "
     "| instruction~wgmma.m64n8k32.f32.e4m3.e4m3 companion=min error_ulp=0} "
     "exactly; its errors reach from {min error_ulp | "
     "instruction~wgmma.m64n8k32.f32.e4m3.e4m3} to {max error_ulp | "
     "instruction~wgmma.m64n8k32.f32.e4m3.e4m3} ulps of f32."},
    {"ulp_histogram", false,
     "At K = {value k | k~4096 operands=e4m3 data=normal} and normal data, {value "
     "fraction | k~4096 operands=e4m3 data=normal accumulator=f32-rne bin=0 | "
     "%2} of the outputs of an f32 chain are the exact sum rounded once; of "
     "Hopper's FP8 with fast accumulation the most frequent error is {at-max "
     "fraction bin_low | k~4096 operands=e4m3 data=normal "
     "accumulator=hopper-wgmma | 3} to {at-max fraction bin_high | k~4096 "
     "operands=e4m3 data=normal accumulator=hopper-wgmma | 3} ulps."},
    {"gpu_validation", true,
     "Of {sum outputs_compared} outputs of {rows} captured instructions and "
     "kernels of {text gpu}, {sum mismatches} differ from the emulator's."},
    {"rounding_bias", false,
     "Of {rows} rows {rows | consistent=0} lie beyond three standard errors of "
     "the exact expectation, and {sum strays} results were neither "
     "neighbour."},
    {"rounding_noise", false,
     "Stochastic rounding makes {mean noise_over_rne | range=inside mode=sr | "
     "f2} times the noise power of rounding to nearest, rounding toward zero "
     "{mean noise_over_rne | range=inside mode=rtz | f2} times."},
    {"sr_unbiasedness", false,
     "Of {rows} rows {rows | consistent=0} are inconsistent with the exact "
     "binomial law; with {value random_bits | random_bits!=0 random_bits=max} "
     "random bits the greatest bias of a normal number is {max "
     "predicted_mean_error | region=normal random_bits!=0 random_bits=max | 2} "
     "gaps."},
    {"accumulate", false,
     "After {value updates | format~bfloat16 updates=max} updates of 2^-8 to 1 "
     "a {text format | format~bfloat16} sum that rounds to nearest has {value "
     "gain_over_exact | format~bfloat16 update=0x1p-8 mode=rne updates=max | "
     "%3} of their sum, a stochastic one {value gain_over_exact | "
     "format~bfloat16 update=0x1p-8 mode=sr updates=max | %3}."},
    {"scale_rules", false,
     "Power-of-two scales for groups of {value group | group~32} {text distribution | "
     "distribution~gaussian} numbers in {text element | element~float8_e4m3fn}: "
     "{value snr_db | element~float8_e4m3fn group~32 scale_format=e8m0 "
     "scale_rule=floor distribution~gaussian | f1} dB by floor, {value snr_db | "
     "element~float8_e4m3fn group~32 scale_format=e8m0 scale_rule=rceil "
     "distribution~gaussian | f1} dB by rceil."},
    {"granularity", false,
     "With outlier channels, ordinary numbers in INT8 keep {value "
     "ordinary_snr_db | matrix=outlier_channels format=int8 granularity=tensor "
     "| f1} dB under one scale, {value ordinary_snr_db | "
     "matrix=outlier_channels format=int8 granularity=channel | f1} dB under "
     "one a channel."},
    {"clipping", false,
     "The best rule for {text format | format~int4} and {text distribution | "
     "distribution~laplace} data is {at-max snr_db choice | format~int4 "
     "distribution~laplace choice!=sweep}, {max snr_db | format~int4 "
     "distribution~laplace choice!=sweep | f1} dB; amax has {value snr_db | "
     "format~int4 distribution~laplace choice=amax | f1} dB."},
    {"int_vs_float", true,
     "At 8 bits and one scale, the best split is {at-max snr_db format | "
     "bits=8 granularity~tensor distribution=uniform} for uniform, {at-max "
     "snr_db format | bits=8 granularity~tensor distribution=gaussian} for "
     "Gaussian and {at-max snr_db format | bits=8 granularity~tensor "
     "distribution=student_t3} for heavy-tailed data."},
    {"layer_compounding", true,
     "An error of {value stream_error | stack=mirrors error=uncorrelated "
     "depth=80 | %2} a layer becomes {value relative_error | stack=mirrors "
     "error=uncorrelated depth=80 | %2} after 80 layers in random directions, "
     "and {value relative_error | stack=mirrors error=correlated depth=80 | "
     "%2} along the signal."},
    {"residual", false,
     "Updates of 2^-10 of a {text format | format~bfloat16} stream reach it to "
     "{value gain | format~bfloat16 pattern=steady stream=1 scheme=rne "
     "update=0.0009765625 depth=max | %2} rounded to nearest, to {value gain | "
     "format~bfloat16 pattern=steady stream=1 scheme=sr update=0.0009765625 "
     "depth=max | %3} stochastically."},
    {"norms", false,
     "RMSNorm of {text format | format~float16} with the squares in it: "
     "{value relative_error | format~float16 norm=rms step=square input=large "
     "width~4096 epsilon~1e-6 | 2} on large inputs; with only inputs and "
     "outputs in it {value relative_error | format~float16 norm=rms "
     "step=outside input=large width~4096 epsilon~1e-6 | 2}."},
    {"outlier_channels", false,
     "With 1 % of the channels 100 times as large, W8A8 in INT8 with one scale "
     "a tensor keeps {value snr_db | channels=0.01:100:100 "
     "scheme=w8a8-int8-tensor remedy=none | f1} dB; the best remedy is "
     "{at-max snr_db remedy | channels=0.01:100:100 scheme=w8a8-int8-tensor}, "
     "{max snr_db | channels=0.01:100:100 scheme=w8a8-int8-tensor | f1} dB."},
    {"activation_spikes", false,
     "Under one dynamic INT8 scale, spikes {value gain | gain=max} times as "
     "large leave the ordinary tokens {value ordinary_snr_db | format=int8 "
     "kind=token gain=max handling=dynamic-tensor | f1} dB; with a scale a "
     "token {value ordinary_snr_db | format=int8 kind=token gain=max "
     "handling=dynamic-token | f1} dB."},
    {"calibration_mismatch", false,
     "Static INT8 scales calibrated on data that are then served 4 times as "
     "wide lose {value mismatch_loss_db | quantized=int8 method=minmax "
     "shift=wider:4 batches=max | f1} dB."},
    {"context_length", false,
     "From {value context | context=min} to {value context | context=max} "
     "tokens the score error of an INT4 cache goes from {value score_error | "
     "keys=plain pattern=flat scheme=int4-token context=min | %2} to {value "
     "score_error | keys=plain pattern=flat scheme=int4-token context=max | "
     "%2} with a scale a token, and from {value score_error | keys=plain "
     "pattern=flat scheme=int4-channel context=min | %2} to {value score_error "
     "| keys=plain pattern=flat scheme=int4-channel context=max | %2} with one "
     "a channel."},
    {"softmax", false,
     "At {value context | context=max} scores, softmax in BF16 throughout "
     "changes the output by {value output_error | rows=flat case=bf16 "
     "context=max | %2}, with its sum in f32 by {value output_error | rows=flat "
     "case=bf16-f32-sum context=max | %2}."},
    {"logits", false,
     "Another greatest logit in {value flipped | part=head "
     "weights=int4sym/g=group:32 | %2} of the positions with the head in INT4 "
     "by groups of 32, in {value flipped | part=head "
     "weights=int8sym/g=channel storage=float32 | %2} in INT8 by rows."},
    {"gradients", false,
     "Of gradients around 10^-6, {value underflow_fraction | profile=one "
     "centre=-6 width=1 format=float8_e5m2 scaling=none mode=rne | %2} become 0 "
     "in E5M2 as they are, {value underflow_fraction | profile=one centre=-6 "
     "width=1 format=float8_e5m2 scaling=tensor mode=rne | %2} under a scale "
     "of the tensor."},
    {"master_weights", true,
     "Updates of 2^-10 of a BF16 weight arrive to {value gain | "
     "format=bfloat16 weight=1 direction=up scheme=rne "
     "relative_update=0.0009765625 | %3} rounded to nearest, to {value gain | "
     "format=bfloat16 weight=1 direction=up scheme=sr "
     "relative_update=0.0009765625 | %3} stochastically, to {value gain | "
     "format=bfloat16 weight=1 direction=up scheme=master "
     "relative_update=0.0009765625 | %3} with a master copy."},
    {"optimizer_states", false,
     "8-bit Adam (dynamic maps, blocks of 256) takes {value smaller_than_f32 | "
     "scheme=dynamic8 block=256 | f2} times less memory than f32, and {value "
     "zeroed_v_fraction | scheme=dynamic8 block=256 width~1 process=steady | "
     "%2} of its second moments become 0."},
    {"delayed_scaling", false,
     "Of steady steps {value exceeded_fraction | quantizer~fp8-delayed@te "
     "drift=steady scheme=delayed algorithm=max margin=0 length=1 | %2} exceed "
     "the scale with a history of 1, {value exceeded_fraction | "
     "quantizer~fp8-delayed@te drift=steady scheme=delayed algorithm=max "
     "margin=0 length=1024 | %2} with 1024; of steps that grow by half each, "
     "{value exceeded_fraction | quantizer~fp8-delayed@te drift=grow:1.5 "
     "scheme=delayed algorithm=max margin=0 length=1024 | %2}."},
    {"roofline", false,
     "On an H100, W4A16 decodes {value speedup | gpu=h100 model~llama-3-8b "
     "phase=decode context~2048 kv=bf16 scheme=w4a16 batch=1 | f2} times as "
     "fast as BF16 at batch 1, {value speedup | gpu=h100 model~llama-3-8b "
     "phase=decode context~2048 kv=bf16 scheme=w4a16 batch=1024 | f2} times at "
     "1024."},
    {"claims", false,
     "Of {rows} claims {rows | verdict=holds} hold."},
    {"model_perplexity", true,
     "A language model's next-token distribution moves by {value kl | "
     "plan=int8-w8a8 | 2} bits (KL) in W8A8 INT8, {value kl | plan=fp8-token | "
     "2} in FP8 with a scale a token, {value kl | plan=nvfp4 | 2} in NVFP4."},
    {"model_layers", false,
     "After {value depth | depth=max} layers the residual stream keeps {value "
     "snr_db | plan=bf16 depth=max | f1} dB in BF16, {value snr_db | "
     "plan=fp8-token depth=max | f1} dB in FP8, {value snr_db | plan=nvfp4 "
     "depth=max | f1} dB in NVFP4."},
    {"model_context", false,
     "The fitted growth of KL with position is {value kl_exponent | "
     "plan=int4sym/g=token | 2} +- {value kl_exponent_ci95 | "
     "plan=int4sym/g=token | 1} for an INT4 cache: 0 would be none."},
    {"model_sensitivity", false,
     "Under {text rule}, the most sensitive layer is {at-max kl target | "
     "kind=layer}, the most sensitive matrix {at-max kl target | kind=place}."},
    {"model_outliers", false,
     "The greatest over the median magnitude is {max amax_over_median}, "
     "at layer {at-max amax_over_median layer}, {at-max amax_over_median "
     "place}."},
};

const ulp_finding *ulp_finding_row(size_t i)
{
  return i < sizeof table / sizeof table[0] ? &table[i] : NULL;
}

void ulp_verdict(ulp_text *page, const ulp_table *t)
{
  ulp_text all = {0};
  const ulp_finding *f;
  for (size_t i = 0; (f = ulp_finding_row(i)) != NULL; i++) {
    ulp_text one = {0};
    if (strcmp(f->experiment, t->experiment->name) == 0 &&
        ulp_sentence(&one, t, f->text))
      ulp_text_printf(&all, "<p>%s</p>\n", one.text);
    all.failed |= one.failed;
    ulp_text_free(&one);
  }
  if (all.size)
    ulp_text_printf(page, "<div class=\"verdict\"><p><b>Found.</b></p>\n%s"
                          "</div>\n", all.text);
  page->failed |= all.failed;
  ulp_text_free(&all);
}
