/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * measure.h: what the files of `ulplab measure` share.
 */
#ifndef ULPLAB_MEASURE_H
#define ULPLAB_MEASURE_H

#include "cli.h"

enum { MEASURE_MAX_LIST = 64 };

typedef struct {
  size_t count;
  ulp_format item[MEASURE_MAX_LIST];
} measure_formats;

typedef struct {
  size_t count;
  ulp_scale_spec item[MEASURE_MAX_LIST];
} measure_rules;

typedef struct {
  measure_formats formats;
  measure_rules rules;
  ulp_rounding rounding;
  const char *out;
  bool json;
  int threads;
  size_t file_count;
  char **path;
} measure_request;

/* One format at one scale: a row of the answer. */
typedef struct {
  const ulp_format *format;
  const ulp_scale_spec *rule;
  double scale;
  ulp_error_sums sums;
  ulp_status status;
} measure_job;

typedef struct {
  const measure_request *rq;
  cli_table table;
  ulp_file **file;
  ulp_summary *summary;
  size_t jobs;
  measure_job *job;
  double *x;    /* a chunk */
  double *work; /* two chunks a thread */
  size_t tensors, done, skipped;
  bool progress;
} measure_work;

/* The columns of the answer; ends with NULL. */
extern const char *const measure_columns[];

/* Measures one tensor of floats in every format at every scale, and adds its
 * rows to w->table. */
ulp_status measure_tensor(measure_work *w, const char *path,
                          const ulp_tensor *t, ulp_error *e);

#endif
