/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pictures of layers, outliers, attention and heads.
 */
#include "figures.h"

#define SCHEMES                                                              \
  "scheme~fp8-tensor|fp8-token|mxfp8|int8-tensor|int8-channel|int4-token|"   \
  "int4-channel|nvfp4|kivi4|kivi2"

const ulp_figure_row ulp_figures_layers[] = {
    {.experiment = "layer_compounding", .name = "injected",
     .title = "Injected errors through layers", .kind = ULP_LINES,
     .x = "depth", .y = "relative_error", .interval = "relative_error_ci95",
     .series = "error", .panels = "stack site",
     .filter = "scheme=- residual=- layers=all outlier_gain=1",
     .axes = "x log2, y log", .x_label = "layers",
     .y_label = "relative error", .predicted = "predicted_relative_error",
     .caption = "An error of the same size in every layer: in random "
                "directions it grows like the root of the depth, along the "
                "signal like the depth. Dotted: theory."},
    {.experiment = "layer_compounding", .name = "stream",
     .title = "A rounded residual stream through layers", .kind = ULP_LINES,
     .x = "depth", .y = "relative_error", .interval = "relative_error_ci95",
     .series = "mode", .panels = "residual",
     .filter = "error=rounded layers=all outlier_gain=1",
     .axes = "x log2, y log", .x_label = "layers",
     .y_label = "relative error", .predicted = "predicted_relative_error",
     .caption = "Only the stream is rounded: to nearest and stochastically a "
                "random walk, toward zero a bias."},
    {.experiment = "layer_compounding", .name = "quantized",
     .title = "Quantized weights and activations through layers",
     .kind = ULP_LINES, .x = "depth", .y = "relative_error",
     .interval = "relative_error_ci95", .series = "scheme",
     .panels = "outlier_gain",
     .filter = "error=quantized layers=all mode=rne residual~float32",
     .axes = "x log2, y log", .x_label = "layers",
     .y_label = "relative error",
     .caption = "By scheme, to nearest; the right picture with outlier "
                "channels."},

    {.experiment = "residual", .name = "gain",
     .title = "Part of the updates that reaches the stream",
     .kind = ULP_LINES, .x = "update", .y = "gain",
     .interval = "gain_ci95", .series = "scheme", .panels = "format",
     .filter = "pattern~steady stream~1 depth=max",
     .axes = "x log2, y zero",
     .x_label = "size of an update / size of the stream",
     .y_label = "gain (1: all arrives)", .predicted = "predicted_gain",
     .caption = "Rounding to nearest loses what is below half an ulp; "
                "stochastic rounding and Kahan's sum bring it. Dotted: "
                "prediction."},

    {.experiment = "norms", .name = "steps",
     .title = "Error of RMSNorm with one step in a narrow format",
     .kind = ULP_HEAT, .x = "step", .y = "input", .z = "relative_error",
     .panels = "format",
     .filter = "norm~rms width~4096 epsilon~1e-6", .axes = "z log",
     .x_label = "step in the narrow format", .y_label = "input",
     .caption = "Relative error (rms): 1 is as wrong as the values are large. "
                "An empty cell: no error, or an exact result of 0."},

    {.experiment = "outlier_channels", .name = "remedies",
     .title = "SNR of a quantized layer by scheme and remedy",
     .kind = ULP_HEAT, .x = "scheme", .y = "remedy setting", .z = "snr_db",
     .panels = "channels",
     .filter = "channels~0:1:1|0.01:100:100 "
               "remedy~none|smoothquant|hadamard|llm.int8|gptq|hadamard+gptq",
     .x_label = "scheme", .y_label = "remedy",
     .caption = "Signal-to-noise ratio of the output in dB, without outlier "
                "channels (left) and with 1 % of the channels 100 times as "
                "large. AWQ, whose setting its search chooses, is in the "
                "table."},

    {.experiment = "activation_spikes", .name = "handling",
     .title = "What spikes cost the ordinary tokens", .kind = ULP_DOTS,
     .x = "handling", .y = "ordinary_snr_db",
     .interval = "ordinary_snr_db_ci95", .series = "gain",
     .panels = "format kind", .axes = "y zero",
     .y_label = "SNR of ordinary tokens (dB)",
     .predicted = "ordinary_predicted_snr_db",
     .caption = "By where the scale is from; rings are predictions. One static "
                "scale that covers the spikes leaves the ordinary tokens few "
                "codes."},

    {.experiment = "calibration_mismatch", .name = "loss",
     .title = "What calibration on other data loses", .kind = ULP_DOTS,
     .x = "method", .y = "mismatch_loss_db", .series = "shift",
     .panels = "quantized", .filter = "batches=max", .axes = "y zero",
     .y_label = "loss against calibration on what is served (dB)",
     .caption = "By method and by how what is served differs from what "
                "calibration saw; below 0 the other data happened to suit "
                "better."},
    {.experiment = "calibration_mismatch", .name = "batches",
     .title = "SNR against batches of calibration", .kind = ULP_LINES,
     .x = "batches", .y = "snr_db", .interval = "snr_db_ci95",
     .series = "method", .panels = "quantized",
     .filter = "shift~same batches!=0", .axes = "x log2",
     .x_label = "batches that calibration saw", .y_label = "SNR (dB)",
     .predicted = "predicted_snr_db",
     .caption = "Served the data that calibration saw: where lines are flat, "
                "more calibration does not help."},

    {.experiment = "context_length", .name = "score",
     .title = "Error of attention scores against context", .kind = ULP_LINES,
     .x = "context", .y = "score_error", .interval = "score_error_ci95",
     .series = "scheme", .panels = "keys",
     .filter = "pattern~flat " SCHEMES, .axes = "x log2, y log",
     .x_label = "context (tokens)",
     .y_label = "rms error of scores / their deviation",
     .caption = "By how the cache holds keys. Scales of tokens and groups do "
                "not see the context; a scale for the whole tensor or channel "
                "grows with it."},
    {.experiment = "context_length", .name = "output",
     .title = "Error of attention's output against context",
     .kind = ULP_LINES, .x = "context", .y = "output_error",
     .interval = "output_error_ci95", .series = "scheme", .panels = "pattern",
     .filter = "keys~plain " SCHEMES, .axes = "x log2, y log",
     .x_label = "context (tokens)", .y_label = "|o' - o| / |o|",
     .caption = "By pattern of the queries: unrelated to keys, held by four "
                "keys, or looking for one early key among distractors."},

    {.experiment = "softmax", .name = "output",
     .title = "Error of attention's output by how softmax is computed",
     .kind = ULP_DOTS, .x = "case", .y = "output_error",
     .interval = "output_error_ci95", .series = "rows",
     .filter = "context=max", .axes = "y log", .y_label = "|o' - o| / |o|",
     .caption = "All steps in a format, or exact weights (p) or exponentials "
                "(exp) quantized, at the longest context. A case without a "
                "point broke: its rows have no weights."},
    {.experiment = "softmax", .name = "sum",
     .title = "Error of the sum of the weights against context",
     .kind = ULP_LINES, .x = "context", .y = "row_sum_error",
     .interval = "row_sum_error_ci95", .series = "case",
     .filter = "rows~flat "
               "case~bf16|bf16-f32-sum|f16|e4m3|p-e4m3|p-e4m3-x448|exp-e4m3|"
               "p-int8",
     .axes = "x log2, x zero", .x_label = "context (scores of a row)",
     .y_label = "sum of the weights - 1",
     .caption = "A running sum in a narrow format stops, and weights add up to "
                "more than 1; weights below the least value vanish, and they "
                "add up to less."},

    {.experiment = "logits", .name = "flips",
     .title = "Tokens that a quantized head or narrow logits change",
     .kind = ULP_DOTS, .x = "weights storage", .y = "flipped",
     .interval = "flipped_low flipped_high", .panels = "part",
     .axes = "y zero", .y_label = "positions with another greatest logit",
     .predicted = "predicted_flipped",
     .caption = "With Wilson's 95 % intervals; rings are predictions. The "
                "second name is the format that logits are rounded to."},
    {0}};
