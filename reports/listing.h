/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A table of the program as a table of the page: a row each, filters by how it
 * is known.
 */
#ifndef ULPLAB_REPORTS_LISTING_H
#define ULPLAB_REPORTS_LISTING_H

#include "internal.h"

typedef struct ulp_listing ulp_listing;

/* A row while it is written. */
typedef struct {
  ulp_text *page;
  const ulp_listing *listing;
  size_t column;
} ulp_cells;

struct ulp_listing {
  const char *id; /* of the table on the page, and of its filters */
  const char *title;
  /* NULL ends them.  '#' in front: a column of numbers; '~': of prose; else
   * names. */
  const char *const *heads;
  bool (*there)(size_t i); /* whether the table has a row i */
  void (*row)(ulp_cells *c, size_t i); /* a ulp_cell for each head */
  /* By what rows are counted and filtered: evidence, mostly.  NULL: nothing. */
  void (*kind)(char *out, size_t size, size_t i);
};

/* The next cell; of no text a dash. */
void ulp_cell(ulp_cells *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

size_t ulp_listing_rows(const ulp_listing *l);
/* Adds "198 rows: 120 measured, 70 published, 8 open". */
void ulp_listing_count(ulp_text *page, const ulp_listing *l);
/* Adds the count, the filters and the table. */
void ulp_listing_add(ulp_text *page, const ulp_listing *l);

#endif
