/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which rows of a CSV file a picture or a sentence is about.
 */
#ifndef ULPLAB_REPORTS_SELECT_H
#define ULPLAB_REPORTS_SELECT_H

#include "internal.h"

/* A filter is conditions separated by blanks, each of which narrows the rows
 * that those before it left:
 *
 *   COLUMN=VALUE[|VALUE]...   these; VALUE is text, a number, or - for empty
 *   COLUMN!=VALUE[|VALUE]...  all but these
 *   COLUMN~VALUE              these or, if there are none, those with the
 *                             value of the first row: a run need not have
 *                             what the suite's has
 *   COLUMN~VALUE|VALUE...     these or, if there are none, all
 *   COLUMN=min, COLUMN=max    those with the least or the greatest number
 */
typedef struct {
  const ulp_table *table;
  size_t *row; /* ascending */
  size_t count;
  ulp_text shown; /* what ~, min and max chose: "k 16384, data normal" */
} ulp_selection;

/* False when out of memory; the selection is the caller's to free. */
bool ulp_select(ulp_selection *s, const ulp_table *t, const char *filter);
void ulp_selection_free(ulp_selection *s);

/* NULL, or what is wrong with a filter for this experiment. */
const char *ulp_filter_fault(const ulp_experiment *x, const char *filter);

/* The column of that name; NULL when there is none. */
const ulp_column *ulp_column_find(const ulp_experiment *x, const char *name);

/* The next word of *text, cut off in place at a blank or `stop`; NULL at the
 * end. */
char *ulp_next_word(char **text, char stop);

/* ---- labels -------------------------------------------------------------- */

/* Distinct texts in the order of their first appearance. */
typedef struct {
  char **name;
  size_t count, room;
} ulp_labels;

/* The index of a label, new or old; SIZE_MAX when out of memory. */
size_t ulp_label(ulp_labels *l, const char *name);
void ulp_labels_free(ulp_labels *l);

/* Adds a row's values of `columns`, separated by blanks, for people: formats
 * without their family, numbers short and with the name of their column. */
void ulp_row_label(ulp_text *to, const ulp_table *t, size_t row,
                   const char *columns);
/* The name of a format without its family: e4m3fn of float8_e4m3fn. */
const char *ulp_short_name(const char *format);

#endif
