/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * measure.h: what the files of `ulplab measure` share.
 */
#ifndef ULPLAB_MEASURE_H
#define ULPLAB_MEASURE_H

#include "cli.h"
#include "quantize.h"

enum { MEASURE_MAX_LIST = 64 };

/* A format, which has a scale a tensor by each of the rules, or a quantizer,
 * or blocks that hold their scales. */
typedef struct {
  char *text; /* as it was given */
  bool plain; /* the format alone */
  ulp_format format; /* of elements, not of packed ones */
  ulp_quantizer *q;
  const ulp_packed_block *packed;
} measure_item;

typedef struct {
  size_t count;
  measure_item item[MEASURE_MAX_LIST];
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
  bool json, strict;
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
  size_t formats, jobs; /* jobs: of plain formats, each by every rule */
  const measure_item *plain[MEASURE_MAX_LIST];
  measure_job *job;
  double *x;    /* a chunk */
  double *work; /* two chunks a thread */
  size_t tensors, done, skipped;
  bool progress;
} measure_work;

/* The columns of the answer; ends with NULL. */
extern const char *const measure_columns[];

/* Lists (measure_list.c): readers of options, and what frees one. */
ulp_status measure_read_formats(void *target, const char *text, ulp_error *e);
ulp_status measure_read_rules(void *target, const char *text, ulp_error *e);
void measure_formats_free(measure_formats *list);

/* Measures one tensor of floats in every format at every scale, and adds its
 * rows to w->table. */
ulp_status measure_tensor(measure_work *w, const char *path,
                          const ulp_tensor *t, ulp_error *e);

/* What rows have in common: the cells of a tensor, and of its errors, where
 * it is not known what clips with no figures of that. */
void measure_tensor_cells(cli_table *table, const char *path,
                          const ulp_tensor *t, const ulp_moments *m);
void measure_error_cells(cli_table *table, const ulp_error_sums *sums,
                         bool clips);

/* Whether every quantizer fits, and the row of one (measure_blocks.c). */
ulp_status measure_fits(const measure_request *rq, const char *path,
                        const ulp_tensor *t, ulp_error *e);
ulp_status measure_blocks(measure_work *w, const measure_item *item,
                          const char *path, const ulp_tensor *t,
                          const ulp_moments *m, ulp_error *e);

/* The same for packed blocks (measure_packed.c). */
ulp_status measure_packed_fits(const measure_item *item, const char *label,
                               const ulp_tensor *t, ulp_error *e);
ulp_status measure_packed(const measure_request *rq, const measure_item *item,
                          const ulp_tensor *t, ulp_error_sums *sums,
                          ulp_error *e);

#endif
