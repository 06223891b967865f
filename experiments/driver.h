/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the driver's files share and no experiment needs.
 */
#ifndef ULPLAB_EXPERIMENTS_DRIVER_H
#define ULPLAB_EXPERIMENTS_DRIVER_H

#include <jansson.h>

#include "experiment.h"

/* ---- options.c --------------------------------------------------------- */

typedef enum {
  ULP_DO_RUN, ULP_DO_DESCRIBE, ULP_DO_HELP, ULP_DO_VERSION
} ulp_action;

typedef struct {
  ulp_action action;
  const char *tensor; /* of --tensor, as written; NULL without */
} ulp_options;

/* Fills *run from the options; opens nothing. */
ULP_MUST_CHECK ulp_status ulp_options_parse(ulp_run *run, ulp_options *o,
                                            int argc, char **argv,
                                            ulp_error *e);
void ulp_options_help(const ulp_experiment *x, FILE *to);

/* Opens FILE[:NAME] into run->file and run->tensor.  The longest part before
 * a ':' (or the whole) that exists is the file, so a path may have colons. */
ULP_MUST_CHECK ulp_status ulp_options_open_tensor(ulp_run *run,
                                                  const char *text,
                                                  ulp_error *e);

/* ---- driver.c ---------------------------------------------------------- */

/* Prepares a run, adds the rows of its shard to *csv (the caller's to free,
 * also after a failure) under a header, and releases what was prepared. */
ULP_MUST_CHECK ulp_status ulp_experiment_compute(ulp_run *run, ulp_text *csv,
                                                 int64_t *rows, ulp_error *e);

/* ---- provenance -------------------------------------------------------- */

typedef struct {
  const ulp_run *run;
  int argc;
  char **argv;
  const char *csv; /* the output's bytes */
  size_t csv_size;
  int64_t rows;
  char started[32]; /* UTC, ISO 8601 */
  double wall_s, cpu_s;
} ulp_record;

enum { ULP_SHA256_HEX = 65 };
void ulp_sha256_text(char out[ULP_SHA256_HEX], const char *bytes, size_t n);
ULP_MUST_CHECK ulp_status ulp_sha256_file(char out[ULP_SHA256_HEX],
                                          int64_t *size, const char *path,
                                          ulp_error *e);

/* What follows the last slash. */
const char *ulp_path_base(const char *path);

/* A JSON string of s, whose bytes need not be UTF-8; a JSON number, or the
 * strings "NaN", "INF", "-INF", which JSON has no numbers for. */
json_t *ulp_json_text(const char *s);
json_t *ulp_json_number(double v);

/* The entry of a run in manifest.json (manifest.c) and in datapackage.json
 * (datapackage.c); NULL when out of memory or, with *e set, when an input
 * cannot be read. */
json_t *ulp_manifest_entry(const ulp_record *r, ulp_error *e);
json_t *ulp_datapackage_resource(const ulp_record *r);

/* ---- folder.c: the output and what lies beside it ---------------------- */

/* Refuses an output that could not be written at the end of the run. */
ULP_MUST_CHECK ulp_status ulp_folder_check(const char *out, ulp_error *e);
/* Writes the CSV, and merges its entries into manifest.json and
 * datapackage.json of the same folder; these two only when `out` is (or
 * becomes) a regular file. */
ULP_MUST_CHECK ulp_status ulp_folder_write(const ulp_record *r, ulp_error *e);

#endif
