/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the driver's files share and no experiment needs.
 */
#ifndef ULPLAB_EXPERIMENTS_DRIVER_H
#define ULPLAB_EXPERIMENTS_DRIVER_H

#include <jansson.h>

#include "experiment.h"
#include "journal.h"

/* ---- options.c --------------------------------------------------------- */

typedef enum {
  ULP_DO_RUN, ULP_DO_DESCRIBE, ULP_DO_HELP, ULP_DO_VERSION
} ulp_action;

typedef struct {
  ulp_action action;
  const char *tensor; /* of --tensor, as written; NULL without */
  bool resume;
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
  json_t *entry; /* of manifest.json, where it is known; else NULL */
  const char *csv; /* the output's bytes */
  size_t csv_size;
  int64_t rows;
  int64_t kept; /* of them, from a run that was ended */
  char started[32]; /* UTC, ISO 8601 */
  double wall_s, cpu_s;
} ulp_record;

enum { ULP_SHA256_HEX = 65 };
void ulp_sha256_parts(char out[ULP_SHA256_HEX], const void *const *part,
                      const size_t *size, size_t parts);
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

/* ---- origin.c: what a run's bytes depend on ---------------------------- */

struct ulp_origin {
  json_t *key;    /* experiment, options, version and program */
  json_t *inputs; /* [{"path", "bytes", "sha256"}, ...] */
  ulp_journal *journal; /* where inputs are noted; NULL: nowhere */
};

/* Of a run whose options are known and whose tensor is open. */
ULP_MUST_CHECK ulp_status ulp_origin_make(ulp_origin *o, const ulp_run *run,
                                          ulp_error *e);
void ulp_origin_free(ulp_origin *o);
/* The first field of a key that differs from another's, or NULL. */
const char *ulp_origin_differs(const json_t *key, const json_t *other);
/* Whether each of a list of inputs is as it was; else *e names the first that
 * is not. */
bool ulp_inputs_hold(const json_t *inputs, ulp_error *e);

/* ---- resume.c: runs that were ended, or are done ----------------------- */

/* Whether the output is there, and this run would make it again. */
bool ulp_resume_done(const ulp_run *run);
/* Opens run->journal beside a regular output; keeps what is in it, if asked to
 * and if it is of this run. */
ULP_MUST_CHECK ulp_status ulp_resume_begin(ulp_run *run, bool keep,
                                           ulp_error *e);
/* How many rows of a run that was ended are there. */
int64_t ulp_resume_kept(const ulp_run *run);
/* The row as it was computed, or NULL. */
const ulp_frame *ulp_resume_row(const ulp_run *run, int64_t point);
/* Closes the journal; what was kept in it for a run that failed stays. */
void ulp_resume_end(ulp_run *run, ulp_status s);

/* The entry of a run in manifest.json (manifest.c) and in datapackage.json
 * (datapackage.c); NULL when out of memory. */
json_t *ulp_manifest_entry(const ulp_record *r);
json_t *ulp_datapackage_resource(const ulp_record *r);

/* ---- folder.c: the output and what lies beside it ---------------------- */

/* Whether side files belong beside it: not for pipes, devices and stdout. */
bool ulp_folder_is_plain(const char *out);
/* The folder of a path, the caller's to free; NULL when out of memory. */
char *ulp_folder_of(const char *path);
/* Reads manifest.json or datapackage.json, or makes an empty one where there is
 * none. */
ULP_MUST_CHECK ulp_status ulp_side_read(json_t **out, const char *path,
                                        ulp_error *e);
/* Refuses an output that could not be written at the end of the run. */
ULP_MUST_CHECK ulp_status ulp_folder_check(const char *out, ulp_error *e);
/* Writes the CSV, and merges its entries into manifest.json and
 * datapackage.json of the same folder; these two only when `out` is (or
 * becomes) a regular file. */
ULP_MUST_CHECK ulp_status ulp_folder_write(const ulp_record *r, ulp_error *e);

#endif
