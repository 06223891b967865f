/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The gnuplot scripts beside this file, as strings (Makefile.am makes the
 * .inc files): each picture's .gp is its data and one of these.
 */
#include "draw.h"

const char ulp_gp_common[] =
#include "common.inc"
    ;
const char ulp_gp_lines[] =
#include "lines.inc"
    ;
const char ulp_gp_dots[] =
#include "dots.inc"
    ;
const char ulp_gp_bars[] =
#include "bars.inc"
    ;
const char ulp_gp_heat[] =
#include "heat.inc"
    ;
const char ulp_gp_histogram[] =
#include "histogram.inc"
    ;
const char ulp_gp_scatter[] =
#include "scatter.inc"
    ;
const char ulp_gp_snr[] =
#include "snr.inc"
    ;
