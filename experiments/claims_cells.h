/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The cells of a run's CSV, found by the values of other columns.
 */
#ifndef ULPLAB_EXPERIMENTS_CLAIMS_CELLS_H
#define ULPLAB_EXPERIMENTS_CLAIMS_CELLS_H

#include "experiment.h"

/* Cuts text into words at blanks outside '...'; false if there are more than
 * `most`.  The words are in the text, which it changes. */
bool ulp_words_cut(char *text, char **word, int *count, int most);

typedef struct {
  char *csv;            /* its bytes, which the cells are cut from */
  char **cell;          /* [row][column], the first row the header */
  size_t columns, rows; /* without the header */
} ulp_cells;
/* Cuts t->csv into cells. */
ULP_MUST_CHECK ulp_status ulp_cells_read(ulp_cells *t, ulp_error *e);
void ulp_cells_free(ulp_cells *t);

/* where: COLUMN=VALUE ..., the same text or number; what: COLUMN [only|mean|
 * min|max|first|last|sum|count].  Changes both texts. */
ULP_MUST_CHECK ulp_status ulp_cells_find(double *out, const ulp_cells *t,
                                         char *where, char *what,
                                         ulp_error *e);

#endif
