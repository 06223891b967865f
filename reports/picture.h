/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pictures as rows of a table: which columns of which rows, drawn how.
 */
#ifndef ULPLAB_REPORTS_PICTURE_H
#define ULPLAB_REPORTS_PICTURE_H

#include "select.h"

typedef enum {
  ULP_NO_PICTURE, /* `caption` says why */
  ULP_OWN_PICTURE, /* by the experiment's view */
  ULP_LINES,      /* y against x, a line for each series */
  ULP_DOTS,       /* y against the texts of x, which stand at the left */
  ULP_BARS,       /* the same, as bars from 0 */
  ULP_HEAT,       /* z as a colour, over the texts of x and y */
  ULP_HISTOGRAM,  /* how often x has which value; with z, x are whole numbers
                     of bins, and z what is in one */
  ULP_SCATTER     /* y against x, points with names, the Pareto front */
} ulp_picture_kind;

typedef struct {
  const char *experiment;
  const char *name;   /* of the files: EXPERIMENT-NAME.gp, .svg */
  const char *title;
  ulp_picture_kind kind;
  const char *x, *y, *z; /* columns; A?B: B where A is empty */
  const char *interval;  /* column with a half width, or two with the ends */
  const char *series;    /* columns whose values make a series */
  const char *panels;    /* columns whose values make a picture each */
  const char *filter;    /* select.h */
  const char *axes;      /* of x log2, x log, y log, z log, z signed, x zero,
                            y zero (a line at 0), points (not joined), normal (the
                            law beside a histogram), x steps (bins of 1, 2-3,
                            4-7, ... either side of 0), front-low, front-high
                            (which end of y is good) */
  const char *x_label, *y_label; /* with units; NULL: the column's name */
  const char *predicted; /* column of y: thin lines, or rings */
  const char *bounds;    /* columns of y, COLUMN:NAME separated by blanks, of
                            the rows that bounds_filter leaves */
  const char *bounds_filter;
  const char *caption;
} ulp_figure_row;

const ulp_figure_row *ulp_figure_find(size_t i); /* NULL past the end */
/* NULL, or what is wrong with the row. */
const char *ulp_figure_fault(const ulp_figure_row *f);

/* ---- what is drawn ------------------------------------------------------- */

enum { ULP_MOST_SERIES = 16, ULP_MOST_PANELS = 8, ULP_MOST_POINTS = 20000 };

typedef struct {
  size_t panel, series, category; /* category: of x (DOTS), else the row's */
  size_t order;                   /* of its row */
  double x, y, low, high, predicted;
} ulp_point;

typedef struct {
  const ulp_figure_row *figure;
  ulp_selection rows;
  ulp_labels panels, series, categories, across; /* across: HEAT's x */
  ulp_point *point; /* by panel, series, x */
  size_t count;
  size_t undrawn;   /* infinite, or not above 0 on a logarithmic axis */
  size_t repeated;  /* of which another row has the same place */
  double low, high, x_low, x_high;
} ulp_picture;

/* False when out of memory. */
bool ulp_picture_make(ulp_picture *p, const ulp_figure_row *f,
                      const ulp_table *t);
void ulp_picture_free(ulp_picture *p);

bool ulp_axis(const ulp_figure_row *f, const char *property);

/* The data and settings of one panel, for the kind's script, which writes
 * STEM.svg. */
void ulp_picture_data(ulp_text *gp, const ulp_picture *p, size_t panel,
                      const char *stem);
const char *ulp_picture_script(ulp_picture_kind kind);
/* The caption, with what was chosen and what is not drawn. */
void ulp_picture_caption(ulp_text *to, const ulp_picture *p);
/* For those who do not see it: title, panel, axes, series and ranges. */
void ulp_picture_alt(ulp_text *to, const ulp_picture *p, size_t panel);

/* Adds the experiment's pictures to the page, and a sentence for each that
 * could not be made; v may be NULL. */
ULP_MUST_CHECK ulp_status ulp_pictures(ulp_text *page, const char *dir,
                                       const ulp_table *t, const ulp_view *v,
                                       ulp_error *e);

#endif
