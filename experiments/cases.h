/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Experiments that put every source through a list of quantizers: a point is
 * a source and a case, the case varying fastest.
 */
#ifndef ULPLAB_EXPERIMENTS_CASES_H
#define ULPLAB_EXPERIMENTS_CASES_H

#include "storage.h"

/* A quantizer, and where it stands in the experiment's own lists. */
enum { ULP_CASE_PLACES = 4 };
typedef struct {
  ulp_storage storage;
  size_t place[ULP_CASE_PLACES];
} ulp_case;

typedef struct {
  ulp_source *sources;
  size_t source_count;
  ulp_case *cases;
  size_t case_count, room;
} ulp_cases;

/* Adds the quantizer of a text; *out (may be NULL) is valid until the next. */
ULP_MUST_CHECK ulp_status ulp_cases_add(ulp_cases *c, ulp_case **out,
                                        const char *text, ulp_error *e);
/* Reads the sources that the options ask for, of distributions
 * samples[effort] numbers, and draws those that this shard has points of; sets
 * run->points. */
ULP_MUST_CHECK ulp_status ulp_cases_prepare(ulp_cases *c, ulp_run *run,
                                            const int64_t samples[3],
                                            ulp_error *e);
/* Draws them, where the sources are there. */
ULP_MUST_CHECK ulp_status ulp_cases_fill(ulp_cases *c, ulp_run *run,
                                         ulp_error *e);
void ulp_cases_free(ulp_cases *c);
const ulp_source *ulp_cases_source(const ulp_cases *c, int64_t point);
const ulp_case *ulp_cases_case(const ulp_cases *c, int64_t point);

/* The columns that ulp_loss_print fills. */
#define ULP_LOSS_COLUMNS                                                      \
  {"bits_per_element", ULP_COL_NUMBER, "bit",                                 \
   "size of a code and its share of the scales and global scale"},            \
  {"samples", ULP_COL_INTEGER, "1", "finite elements measured"},              \
  {"snr_db", ULP_COL_NUMBER, "dB",                                            \
   "10 log10(sum x^2 / sum (y - x)^2), y the decoded value; INF when every "  \
   "y equals its x; empty where the quantizer does not take the shape"},      \
  {"snr_db_ci95", ULP_COL_NUMBER, "dB",                                       \
   "half width of the 95 % confidence interval of snr_db, delta method, for " \
   "independent elements"},                                                   \
  {"bias", ULP_COL_NUMBER, "1", "mean of y - x"},                             \
  {"clipped_fraction", ULP_COL_NUMBER, "1",                                   \
   "elements that saturation, not rounding, brought into the range"},         \
  {"flushed_fraction", ULP_COL_NUMBER, "1",                                   \
   "elements that are not 0 and became 0"},                                   \
  {"clipped_noise_share", ULP_COL_NUMBER, "1",                                \
   "part of the squared error that is due to clipped elements"}
void ulp_loss_print(ulp_text *row, const ulp_loss *loss);
/* A field that is empty where it is not known. */
void ulp_csv_number_if(ulp_text *row, double v, bool known);

#endif
