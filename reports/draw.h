/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the kinds of pictures share: settings and data for gnuplot.
 */
#ifndef ULPLAB_REPORTS_DRAW_H
#define ULPLAB_REPORTS_DRAW_H

#include "picture.h"

/* Pixels of every picture: two stand side by side on a desk, one fills a
 * phone, and its letters can be read on both. */
enum { ULP_WIDTH = 480, ULP_PLOT_HEIGHT = 260, ULP_LINE_HEIGHT = 19 };

/* Text in gnuplot's single quotes. */
void ulp_gp_text(ulp_text *gp, const char *text);
/* "NAME = 'text'" or, without text, "NAME = ''". */
void ulp_gp_string(ulp_text *gp, const char *name, const char *text);
/* "x log" and so on, as gnuplot says it; z is gnuplot's cb. */
bool ulp_is_log(const ulp_figure_row *f, char axis);
/* The label of an axis: as the row has it, or the column and its unit. */
void ulp_axis_label(ulp_text *to, const ulp_picture *p, const char *given,
                    const char *column);
/* The range of y over all panels, so that panels can be compared:
 * "set AXISrange [low:high]". */
void ulp_gp_range(ulp_text *gp, const ulp_picture *p, const char *axis);

/* Ticks at powers of the base, as many as have room, with their exponents. */
void ulp_gp_log_tics(ulp_text *gp, const char *axis, int base, double low,
                     double high);

/* Ticks of bins: b is 2^(b-1) to 2^b - 1, -b as many below 0. */
void ulp_gp_step_tics(ulp_text *gp, double low, double high);

/* Pixels that a text takes at most. */
double ulp_text_width(const char *text);

/* The points of one panel that has series `s`. */
bool ulp_in_panel(const ulp_picture *p, size_t panel, size_t s);

/* The canvas with a plot of so many pixels, and below it the legend: the names
 * of this panel's series and `more` (may be NULL).  Sets height, legend (its
 * rows), n (series) and style[1..n], their linetypes. */
void ulp_gp_frame(ulp_text *gp, const ulp_picture *p, size_t panel,
                  const ulp_labels *more, size_t plot);

/* Each kind: data and settings of one panel. */
void ulp_draw_lines(ulp_text *gp, const ulp_picture *p, size_t panel);
void ulp_draw_rows(ulp_text *gp, const ulp_picture *p, size_t panel);
void ulp_draw_heat(ulp_text *gp, const ulp_picture *p, size_t panel);
void ulp_draw_histogram(ulp_text *gp, const ulp_picture *p, size_t panel);
void ulp_draw_scatter(ulp_text *gp, const ulp_picture *p, size_t panel);

/* scripts.c: the .gp files beside it. */
extern const char ulp_gp_common[], ulp_gp_lines[], ulp_gp_dots[], ulp_gp_bars[],
    ulp_gp_heat[], ulp_gp_histogram[], ulp_gp_scatter[], ulp_gp_snr[];

#endif
