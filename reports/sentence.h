/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sentences whose figures come from the rows of a CSV file.
 */
#ifndef ULPLAB_REPORTS_SENTENCE_H
#define ULPLAB_REPORTS_SENTENCE_H

#include "select.h"

/* In a template, {OPERATION COLUMN [LABEL] | FILTER | FORMAT} becomes what the
 * rows that the filter (select.h) leaves say:
 *
 *   rows              how many they are
 *   value COLUMN      of the first of them
 *   min, max, mean, sum COLUMN
 *   at-min, at-max COLUMN LABEL: the LABEL of the row with the least or
 *                     greatest COLUMN
 *   text LABEL        of the first
 *
 * FORMAT is a number of significant digits (3 without it), f and a number of
 * decimals, or % and significant digits for hundredths.  A sentence of which
 * one figure is not there is no sentence: a run need not have every row. */
typedef struct {
  const char *experiment;
  bool headline; /* also on the first screen */
  const char *text;
} ulp_finding;

const ulp_finding *ulp_finding_row(size_t i); /* NULL past the end */

/* Adds the sentence, escaped, and returns true; or adds nothing. */
bool ulp_sentence(ulp_text *page, const ulp_table *t, const char *text);
/* NULL, or what is wrong with a template. */
const char *ulp_sentence_fault(const ulp_experiment *x, const char *text);

/* front.c: what a reader sees first. */
typedef struct {
  const char *dir;
  const ulp_table *table; /* `count`, those without bytes are not there */
  size_t count, present;
  const json_t *outputs; /* of the manifest; NULL */
} ulp_report_folder;
void ulp_front(ulp_text *page, const ulp_report_folder *f);
/* An experiment's sentences; nothing where there are none. */
void ulp_verdict(ulp_text *page, const ulp_table *t);

/* hardware.c: the table of instructions, by evidence. */
void ulp_hardware(ulp_text *page);

#endif
