/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pictures of training: gradients, weights, optimizers, delayed scales.
 */
#include "figures.h"

const ulp_figure_row ulp_figures_training[] = {
    {.experiment = "gradients", .name = "underflow",
     .title = "Gradients that become 0 by their size", .kind = ULP_LINES,
     .x = "centre", .y = "underflow_fraction",
     .interval = "underflow_fraction_ci95", .series = "scaling",
     .panels = "format",
     .filter = "profile~one width~1 mode~rne "
               "format~float8_e5m2|float8_e4m3fn|float16|int8|mxfp8@te|nvfp4@te",
     .axes = "y zero", .x_label = "mean of log10 |x| (decades)",
     .y_label = "part that becomes 0",
     .predicted = "predicted_underflow_fraction",
     .caption = "To nearest, by what the gradients are multiplied by before "
                "they are rounded; dotted: closed form."},
    {.experiment = "gradients", .name = "layers",
     .title = "Gradients that become 0 by distance from the loss",
     .kind = ULP_LINES, .x = "layer", .y = "underflow_fraction",
     .interval = "underflow_fraction_ci95", .series = "scaling",
     .panels = "format",
     .filter = "profile=layers mode~rne format~float8_e4m3fn|float16",
     .axes = "y zero", .x_label = "layer, from the loss on",
     .y_label = "part that becomes 0",
     .predicted = "predicted_underflow_fraction",
     .caption = "Layers far from the loss have smaller gradients, and one scale "
                "serves all of them."},

    {.experiment = "master_weights", .name = "gain",
     .title = "Part of small updates that a weight keeps", .kind = ULP_LINES,
     .x = "relative_update", .y = "gain", .interval = "gain_ci95",
     .series = "scheme", .panels = "format direction", .filter = "weight~1",
     .axes = "x log2, y zero", .x_label = "update / weight",
     .y_label = "gain (1: all arrives)", .predicted = "predicted_gain",
     .caption = "Rounding to nearest loses updates below half the gap; "
                "stochastic rounding keeps them on average, a master in f32 "
                "exactly."},

    {.experiment = "optimizer_states", .name = "zeroed",
     .title = "Second moments kept as 0", .kind = ULP_DOTS, .x = "scheme",
     .y = "zeroed_v_fraction", .series = "block",
     .filter = "process~steady width~1", .axes = "y zero",
     .y_label = "part of v that became 0",
     .caption = "By scheme and elements that share a scale (block 0: none). "
                "An update over the root of a v of 0 is far too large."},
    {.experiment = "optimizer_states", .name = "front",
     .title = "Error of updates against bytes", .kind = ULP_SCATTER,
     .x = "bytes_per_parameter", .y = "median_update_error", .z = "scheme",
     .series = "block",
     .filter = "process~steady width~1 scheme!=f32",
     .axes = "y log, front-low", .x_label = "bytes a parameter, m and v",
     .y_label = "median error of an update",
     .caption = "Down and to the left is better. Points without a name are in "
                "the table; f32, 8 bytes, is left out."},

    {.experiment = "delayed_scaling", .name = "exceeded",
     .title = "Steps that exceed the scale of earlier ones",
     .kind = ULP_LINES, .x = "length", .y = "exceeded_fraction",
     .interval = "exceeded_fraction_ci95", .series = "drift",
     .filter = "quantizer~fp8-delayed@te scheme=delayed algorithm=max "
               "margin=0",
     .axes = "x log2, y zero", .x_label = "steps of amax history",
     .y_label = "part of the steps",
     .predicted = "predicted_exceeded_fraction",
     .caption = "A longer history helps against noise (steady) and spikes, not "
                "against growth."},
    {.experiment = "delayed_scaling", .name = "lost",
     .title = "What delayed scales lose against current ones",
     .kind = ULP_DOTS, .x = "drift", .y = "lost_db", .series = "length",
     .panels = "quantizer",
     .filter = "scheme=delayed algorithm=max margin=0 length~1|16|1024",
     .axes = "y zero", .y_label = "loss of SNR (dB)",
     .caption = "Over all steps, against the scale of the step itself."},
    {0}};
