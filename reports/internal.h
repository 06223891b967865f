/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the files of reports/ share.
 */
#ifndef ULPLAB_REPORTS_INTERNAL_H
#define ULPLAB_REPORTS_INTERNAL_H

#include <jansson.h>

#include "driver.h"
#include "report.h"

/* ---- table.c: a CSV file, checked against its experiment's columns ----- */

typedef struct {
  const ulp_experiment *experiment;
  char *path;
  char *bytes;  /* the file */
  size_t size;
  char sha256[ULP_SHA256_HEX];
  char **cell;  /* rows * columns strings */
  size_t rows, columns;
} ulp_table;

/* Reads DIR/NAME.csv.  A file that is not there leaves t->bytes NULL and is
 * ULP_OK.  The table is the caller's to free in every case. */
ULP_MUST_CHECK ulp_status ulp_table_read(ulp_table *t, const char *dir,
                                         const ulp_experiment *x,
                                         ulp_error *e);
void ulp_table_free(ulp_table *t);
/* A cell by the name of its column. */
const char *ulp_table_text(const ulp_table *t, size_t row, const char *column);
/* NaN when the cell is empty. */
double ulp_table_number(const ulp_table *t, size_t row, const char *column);

/* The bytes of a file, with a NUL after them; NULL when it is missing (then
 * *e is ULP_OK) or cannot be read. */
char *ulp_slurp(const char *path, size_t *size, ulp_error *e);

/* ---- html.c ------------------------------------------------------------ */

/* Adds s with & < > " ' escaped. */
void ulp_html_text(ulp_text *t, const char *s);
/* Adds v with `digits` after the point, a true minus sign, and the words
 * "exact" for INF and a dash for NaN. */
void ulp_html_number(ulp_text *t, double v, int digits);
/* style.c: the page's style sheet. */
void ulp_html_style(ulp_text *t);
void ulp_html_begin(ulp_text *t, const char *title);
void ulp_html_end(ulp_text *t);
/* The experiment's entry of manifest.json: the command that makes the CSV
 * again, and where it came from.  entry may be NULL. */
void ulp_html_provenance(ulp_text *t, const ulp_table *table,
                         const json_t *entry);

/* Radio buttons in front of a .scroll table, which the style obeys: no script.
 * A row of a choice has the class `id`; GROUP-ID is the button's. */
typedef struct {
  const char *id, *label;
  size_t rows;
} ulp_filter;
void ulp_html_filters(ulp_text *t, const char *group, const ulp_filter *choices,
                      size_t n, size_t all);

/* ---- rows.c ------------------------------------------------------------ */

/* The rows themselves, folded away. */
void ulp_html_rows(ulp_text *page, const ulp_table *t);

/* ---- figure.c ---------------------------------------------------------- */

/* Writes DIR/NAME.gp (the data, then the script), has gnuplot make DIR/NAME.svg
 * of it, and adds the picture to *page: or a sentence that says why there is
 * none.  `alt` is for those who do not see it.  Fails only when the script
 * cannot be written. */
ULP_MUST_CHECK ulp_status ulp_figure(ulp_text *page, const char *dir,
                                     const char *name, const ulp_text *data,
                                     const char *script, const char *alt,
                                     ulp_error *e);

/* ---- svg.c --------------------------------------------------------------- */

/* Adds what gnuplot wrote, from "<svg" on, with `alt` as its title and without
 * what a page has once already. */
void ulp_svg_add(ulp_text *page, const char *svg, const char *alt);

/* ---- views: how one experiment is shown -------------------------------- */

typedef struct {
  const char *experiment;
  void (*answer)(ulp_text *page, const ulp_table *t);  /* the first screen */
  void (*data)(ulp_text *gp, const ulp_table *t);      /* for the script; NULL:
                                                          no picture */
  void (*tables)(ulp_text *page, const ulp_table *t);
  const char *script;  /* gnuplot */
  const char *caption;
} ulp_view;

extern const ulp_view ulp_view_snr, ulp_view_claims;

#endif
