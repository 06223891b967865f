/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The page of methods: every model with its source and its evidence, from the
 * tables that the program runs by.
 */
#ifndef ULPLAB_REPORTS_METHODS_PAGE_H
#define ULPLAB_REPORTS_METHODS_PAGE_H

#include "listing.h"

/* A section: words, then the tables they are about. */
enum { ULP_LISTINGS = 5 };
typedef struct {
  const char *id, *title;
  void (*words)(ulp_text *page);
  const ulp_listing *listing[ULP_LISTINGS]; /* NULL ends them */
} ulp_methods_section;

const ulp_methods_section *ulp_methods_row(size_t i); /* NULL past the end */

extern const ulp_methods_section ulp_methods_formats, ulp_methods_products,
    ulp_methods_orders, ulp_methods_blocks, ulp_methods_plans,
    ulp_methods_runs, ulp_methods_checks, ulp_methods_open;

/* hardware.c: the instructions. */
extern const ulp_listing ulp_listing_hardware;
/* The whole page. */
void ulp_methods(ulp_text *page);

/* A test and what it compares with what. */
typedef struct {
  const char *what, *against;
  const char *test; /* paths in the source tree, separated by blanks */
} ulp_methods_check;
const ulp_methods_check *ulp_methods_check_row(size_t i);

#endif
