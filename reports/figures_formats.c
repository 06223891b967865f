/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pictures of formats, scales and rounding modes.
 */
#include "figures.h"

const ulp_figure_row ulp_figures_formats[] = {
    {.experiment = "snr", .name = "front", .kind = ULP_OWN_PICTURE,
     .title = "SNR against bits an element"},

    {.experiment = "scale_rules", .name = "rules",
     .title = "SNR by rule and format of the scale", .kind = ULP_DOTS,
     .x = "element", .y = "snr_db", .interval = "snr_db_ci95",
     .series = "scale_rule", .panels = "scale_format",
     .filter = "distribution~gaussian group~32", .y_label = "SNR (dB)",
     .caption = "Signal-to-noise ratio of blocks, with 95 % intervals, by how "
                "the scale of a block is chosen; further to the right is "
                "better. A picture for each format that scales are kept in."},

    {.experiment = "granularity", .name = "ordinary",
     .title = "SNR of ordinary elements by what shares a scale",
     .kind = ULP_DOTS, .x = "granularity", .y = "ordinary_snr_db?snr_db",
     .series = "format", .panels = "matrix", .axes = "y zero",
     .y_label = "SNR of ordinary elements (dB)",
     .caption = "Signal-to-noise ratio of the elements in no outlier channel "
                "and no spiked token (of all, for a tensor of your own): they "
                "are most of the matrix and little of its power, and one large "
                "scale rounds them away."},

    {.experiment = "clipping", .name = "reach",
     .title = "SNR against the reach of the scale", .kind = ULP_LINES,
     .x = "reach", .y = "snr_db", .interval = "snr_db_ci95",
     .series = "distribution", .panels = "format",
     .filter = "choice=sweep", .axes = "x log",
     .x_label = "greatest value of the format / greatest element",
     .y_label = "SNR (dB)",
     .caption = "To the left elements are clipped, to the right the small ones "
                "are flushed; the best scale lies between. At 1 the greatest "
                "element just fits (amax)."},

    {.experiment = "int_vs_float", .name = "exponent",
     .title = "SNR against bits of exponent", .kind = ULP_LINES,
     .x = "exponent_bits", .y = "snr_db", .interval = "snr_db_ci95",
     .series = "bits", .panels = "distribution",
     .filter = "granularity~tensor",
     .x_label = "bits of exponent (0: integer)", .y_label = "SNR (dB)",
     .caption = "Every split of as many bits into exponent and significand, "
                "each at its best scale. Where a line falls from 0 on, the "
                "integer wins."},

    {.experiment = "rounding_bias", .name = "modes",
     .title = "Mean error by place between two neighbours", .kind = ULP_LINES,
     .x = "fraction", .y = "mean_error", .interval = "mean_error_ci95",
     .series = "mode", .panels = "region",
     .filter = "region=normal|subnormal|sub_unit|overflow_saturate sign=+ "
               "format~float8_e4m3fn mode~rne|rna|rtz|ru|rd|odd|sr",
     .axes = "x zero, points",
     .x_label = "place between the neighbours (gaps)",
     .y_label = "mean error (gaps)", .predicted = "predicted_mean_error",
     .caption = "Mean of the rounded less the true value, of positive numbers. "
                "Stochastic rounding lies on 0, rounding to nearest is a "
                "sawtooth, directed modes keep one sign; below the least value "
                "and above the greatest other rules hold."},
    {.experiment = "rounding_bias", .name = "z",
     .title = "Deviations from the exact expectation", .kind = ULP_HISTOGRAM,
     .x = "z", .y = "z", .axes = "y log, normal",
     .x_label = "deviation (standard errors)", .y_label = "rows",
     .caption = "All rows that leave something to chance: if the roundings are "
                "right, the deviations are those of a normal law."},

    {.experiment = "rounding_noise", .name = "modes",
     .title = "Noise power over that of rounding to nearest", .kind = ULP_DOTS,
     .x = "mode", .y = "noise_over_rne", .interval = "noise_over_rne_ci95",
     .series = "format",
     .filter = "range=inside "
               "format~float8_e4m3fn|float4_e2m1fn|bfloat16|int8",
     .axes = "y zero", .y_label = "noise power / that of rne",
     .predicted = "predicted_noise_over_rne",
     .caption = "Rings are closed forms: 1 to nearest, 2 stochastic, 4 "
                "directed."},
    {.experiment = "rounding_noise", .name = "bits",
     .title = "SNR of integers at full scale", .kind = ULP_LINES,
     .x = "format_bits", .y = "snr_db", .series = "mode",
     .filter = "range=full_scale mode~rne|sr|rtz",
     .x_label = "bits", .y_label = "SNR (dB)",
     .predicted = "predicted_snr_db",
     .caption = "Rounding to nearest gains 6.02 dB a bit, in theory and here."},

    {.experiment = "sr_unbiasedness", .name = "bits",
     .title = "Bias of stochastic rounding with few random bits",
     .kind = ULP_DOTS, .x = "random_bits", .y = "mean_error",
     .interval = "mean_error_ci95", .series = "variant", .panels = "region",
     .filter = "format~float8_e4m3fn region=normal|subnormal|sub_unit "
               "fraction=min random_bits!=0",
     .axes = "y zero", .y_label = "mean error (gaps)",
     .predicted = "predicted_mean_error",
     .caption = "A number just above its lower neighbour, rounded with N "
                "random bits by the three variants of P3109; rings are exact. "
                "More bits leave less bias."},
    {.experiment = "sr_unbiasedness", .name = "z",
     .title = "Deviations from the exact expectation", .kind = ULP_HISTOGRAM,
     .x = "z", .y = "z", .axes = "normal",
     .x_label = "deviation (standard errors)", .y_label = "rows",
     .caption = "Of all rows: a normal law, if rounding is right. The deviation "
                "of a count is not continuous, which leaves gaps."},
    {0}};
