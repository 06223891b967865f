/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pictures of sums: accumulators, tensor cores, GPUs and rooflines.
 */
#include "figures.h"

#define ACCUMULATORS                                                         \
  "accumulator~f32-rne|f32-rz|fp22-rz|bf16-rne|f16-rne|hopper-wgmma|"        \
  "hopper-wgmma-promote-128|hopper-mma|ampere-mma|ada-mma|blackwell-tcgen05"

const ulp_figure_row ulp_figures_sums[] = {
    {.experiment = "accumulation", .name = "error",
     .title = "Error of a matrix product against K", .kind = ULP_LINES,
     .x = "k", .y = "relative_frobenius",
     .interval = "relative_frobenius_ci95", .series = "accumulator",
     .panels = "data",
     .filter = "statistic=error operands~e4m3 " ACCUMULATORS,
     .axes = "x log2, y log", .x_label = "K (products an output)",
     .y_label = "relative error (Frobenius norm)",
     .bounds = "worst_case_bound:worst_case_of_f32-rne "
               "probabilistic_bound:probabilistic_of_f32-rne",
     .bounds_filter = "statistic=error operands~e4m3 accumulator~f32-rne",
     .caption = "Against the exact product of the same codes. Grey lines: the "
                "worst-case bound and the probabilistic one, lambda sqrt(K) u, "
                "of an f32 accumulator that rounds to nearest. An accumulator "
                "without a line at a K is exact there."},
    {.experiment = "accumulation", .name = "bf16",
     .title = "The same of BF16 operands", .kind = ULP_LINES,
     .x = "k", .y = "relative_frobenius",
     .interval = "relative_frobenius_ci95", .series = "accumulator",
     .panels = "data",
     .filter = "statistic=error operands=bf16 data=normal|positive "
               ACCUMULATORS,
     .axes = "x log2, y log", .x_label = "K (products an output)",
     .y_label = "relative error (Frobenius norm)",
     .bounds = "worst_case_bound:worst_case_of_f32-rne "
               "probabilistic_bound:probabilistic_of_f32-rne",
     .bounds_filter = "statistic=error operands=bf16 accumulator~f32-rne",
     .caption = "As above, of operands in BF16."},
    {.experiment = "accumulation", .name = "growth",
     .title = "Fitted growth of the error with K", .kind = ULP_DOTS,
     .x = "accumulator", .y = "growth_exponent",
     .interval = "growth_exponent_ci95", .series = "data",
     .filter = "statistic=growth operands~e4m3 k=max " ACCUMULATORS,
     .axes = "y zero", .y_label = "exponent b of error = a K^b",
     .caption = "0.5 is a random walk, 1 a bias. With 95 % intervals of the "
                "fit."},

    {.experiment = "accumulator_width", .name = "width",
     .title = "Bits of fraction that an accumulator needs", .kind = ULP_LINES,
     .x = "k", .y = "fraction_bits", .series = "target",
     .panels = "block rounding", .filter = "operands~e4m3 data~normal",
     .axes = "x log2, y zero", .x_label = "K (products an output)",
     .y_label = "least bits of fraction",
     .predicted = "probabilistic_bits",
     .caption = "For each relative error asked for, by products added in one "
                "step and rounding; dotted: by the probabilistic bound."},

    {.experiment = "promotion_interval", .name = "interval",
     .title = "Error against the interval of promotion to f32",
     .kind = ULP_LINES, .x = "promoted_every?k", .y = "relative_frobenius",
     .interval = "relative_frobenius_ci95", .series = "data",
     .panels = "operands", .filter = "k=max", .axes = "x log2, y log",
     .x_label = "elements of K between promotions (right end: never)",
     .y_label = "relative error (Frobenius norm)",
     .caption = "Hopper's accumulator, taken out into f32 at intervals. "
                "DeepSeek-V3 promotes every 128."},

    {.experiment = "code_pairs", .name = "wgmma",
     .title = "Signed error of a product beside another one",
     .kind = ULP_HEAT, .x = "b", .y = "a", .z = "error_ulp",
     .panels = "companion",
     .filter = "instruction~wgmma.m64n8k32.f32.e4m3.e4m3",
     .axes = "z signed", .x_label = "b (E4M3)", .y_label = "a (E4M3)",
     .caption = "What Hopper's wgmma gives for the companion plus a b, less "
                "the exact sum, in units of its last place in f32: blue too "
                "small, red too great. Beside 1 small products (above, middle) "
                "are cut, and great ones (below, left and right) cut the "
                "companion; beside 65536 all but the greatest are cut. White "
                "is exact."},
    {.experiment = "code_pairs", .name = "others",
     .title = "The same of an instruction that keeps 25 bits",
     .kind = ULP_HEAT, .x = "b", .y = "a", .z = "error_ulp",
     .panels = "instruction",
     .filter = "companion=max instruction!=wgmma.m64n8k32.f32.e4m3.e4m3",
     .axes = "z signed", .x_label = "b (E4M3)", .y_label = "a (E4M3)",
     .caption = "Hopper's mma.sync of FP8 goes through f16, keeps 25 bits and "
                "cuts the sum to f32: errors below one ulp. Beside it the exact "
                "sum rounded once, half an ulp either way. The scale "
                "of colours is one of its own."},

    {.experiment = "ulp_histogram", .name = "ulps",
     .title = "Errors of a matrix product in units of the last place",
     .kind = ULP_HISTOGRAM, .x = "bin", .y = "fraction", .z = "fraction",
     .panels = "operands accumulator",
     .filter = "data~normal k~4096 count!=0", .axes = "x steps",
     .x_label = "error (ulp of f32; below 0: toward zero)",
     .y_label = "part of the outputs",
     .caption = "How many f32 numbers lie between an output and the exact sum "
                "rounded once; bins double in width. hopper-wgmma is cuBLASLt "
                "with fast accumulation (of bf16: as it is), promote-128 "
                "cuBLASLt without it."},

    {.experiment = "gpu_validation", .kind = ULP_NO_PICTURE,
     .caption = "whether bits are equal is a count, which the sentence above "
                "and the table below give."},

    {.experiment = "accumulate", .name = "gain",
     .title = "Part of many small updates that arrives", .kind = ULP_LINES,
     .x = "updates", .y = "gain_over_exact", .series = "mode",
     .panels = "update", .filter = "format~bfloat16 update!=harmonic",
     .axes = "x log2, y zero", .x_label = "updates",
     .y_label = "sum over the exact sum",
     .predicted = "predicted_gain_over_exact",
     .caption = "An update added to 1 again and again: 1 when all arrive, 0 "
                "when the sum stands still. Dotted: the exact expectation, "
                "which covers the lines where they agree."},

    {.experiment = "roofline", .name = "decode",
     .title = "Speed-up of decoding over BF16 against the batch",
     .kind = ULP_LINES, .x = "batch", .y = "speedup", .series = "scheme",
     .panels = "gpu",
     .filter = "phase~decode model~llama-3-8b context~2048 kv~bf16 scheme!=bf16",
     .axes = "x log2, y zero", .x_label = "batch (sequences)",
     .y_label = "speed-up",
     .caption = "By data sheets, without overheads: bits of weights buy "
                "bandwidth at small batches; only types that the GPU multiplies "
                "buy anything at large ones."},
    {.experiment = "roofline", .name = "prefill",
     .title = "Speed-up of prefill over BF16", .kind = ULP_BARS,
     .x = "scheme", .y = "speedup", .series = "gpu",
     .filter = "phase~prefill model~llama-3-8b context~2048 kv~bf16 batch=min "
               "scheme!=bf16",
     .axes = "y zero", .y_label = "speed-up",
     .caption = "A prefill is bound by compute: weights alone in fewer bits "
                "gain nothing."},
    {0}};
