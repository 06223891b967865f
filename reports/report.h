/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ulplab/report.h: from a folder of CSV files to one page.
 */
#ifndef ULPLAB_REPORT_H
#define ULPLAB_REPORT_H

#include "experiment.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes DIR/index.html from the files DIR/NAME.csv of the experiments in the
 * table: one static page with its pictures inside, that fetches nothing; and
 * DIR/methods.html, to which it leads.
 * Beside it come DIR/NAME.gp and DIR/NAME.svg, the gnuplot script (with its
 * data) and the picture.  An experiment without a CSV file is named on the
 * page; so is a gnuplot that is missing or fails.  A malformed CSV file or
 * manifest, or a folder with no CSV of any experiment, is ULP_EFORMAT or
 * ULP_EIO with one line in *e, and no page is written. */
ULP_MUST_CHECK ulp_status ulp_report_write(const char *dir, ulp_error *e);

/* Writes the page of methods: every model of the program's tables with its
 * source and evidence.  It needs no results.  ULP_EIO, ULP_ENOMEM. */
ULP_MUST_CHECK ulp_status ulp_methods_write(const char *path, ulp_error *e);

#ifdef __cplusplus
}
#endif
#endif
