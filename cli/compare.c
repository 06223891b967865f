/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * compare.c: `ulplab compare`, two arrays bit by bit.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "ulps.h"

typedef enum { TEXT, CSV, JSON } syntax;

typedef struct {
  const char *path[2];
  ulp_format format;
  syntax output;
  ulp_file *file[2];
  const ulp_tensor *tensor[2];
} request;

/* ---- what was asked for ------------------------------------------------ */

static const char *syntax_name(size_t i)
{
  static const char *const names[] = {"text", "csv", "json"};
  return i < 3 ? names[i] : NULL;
}

static ulp_status read_syntax(void *target, const char *text, ulp_error *e)
{
  for (size_t i = 0; syntax_name(i); i++)
    if (!strcmp(text, syntax_name(i))) {
      *(syntax *)target = (syntax)i;
      return ULP_OK;
    }
  return cli_unknown(e, "output", text, syntax_name);
}

static int parse(request *rq, int argc, char **argv)
{
  const cli_option options[] = {
      {"type", "TYPE",
       "the format whose codes the arrays hold (default: that "
       "of their dtype, if it is a float)",
       cli_read_format, &rq->format},
      {"output", "SYNTAX", "text (default), csv or json", read_syntax,
       &rq->output},
      {0}};
  const cli_command command = {
      .name = "compare",
      .synopsis = "X.npy Y.npy --type TYPE [--output text|csv|json]",
      .summary = "Compares two arrays of codes: how many differ in their "
                 "bits (signed zeros and NaN payloads count), a histogram of "
                 "their distance in ulps (steps on the ordered line of codes) "
                 "and the worst cases. Exit status 0: the same bits; 1: "
                 "different; 2: an error.",
      .options = options,
      .min_operands = 2,
      .max_operands = 2};
  int operands;
  int status = cli_parse(&command, argc, argv, &operands);
  rq->path[0] = argv[0];
  rq->path[1] = argv[1];
  return status;
}

static ulp_status default_type(request *rq, ulp_error *e)
{
  const ulp_dtype *d = rq->tensor[0]->dtype;
  const char *type = d->npy;
  if (d->format && (*type == 'f' || !*type))
    return cli_read_format(&rq->format, d->format, e);
  return ulp_error_set(e, ULP_EINVAL,
                       "%s: dtype '%s' may hold several formats, expected "
                       "--type TYPE",
                       rq->path[0], type);
}

static ulp_status check(request *rq, ulp_error *e)
{
  const ulp_tensor *x = rq->tensor[0], *y = rq->tensor[1];
  ulp_status status = rq->format.bits ? ULP_OK : default_type(rq, e);
  for (int i = 0; i < 2 && status == ULP_OK; i++)
    status = cli_codes_check(&rq->format, rq->tensor[i], false, rq->path[i], e);
  if (status != ULP_OK) return status;
  if (x->ndim == y->ndim &&
      !memcmp(x->shape, y->shape, sizeof *x->shape * (size_t)x->ndim))
    return ULP_OK;
  char a[200], b[200];
  cli_shape_text(a, sizeof a, x->ndim, x->shape);
  cli_shape_text(b, sizeof b, y->ndim, y->shape);
  return ulp_error_set(e, ULP_EFORMAT, "%s: shape %s, expected %s as in %s",
                       rq->path[1], b, a, rq->path[0]);
}

/* ---- counting ---------------------------------------------------------- */

typedef struct {
  unsigned char x[CLI_CHUNK * 8], y[CLI_CHUNK * 8];
} chunk;

static ulp_status tally(const request *rq, ulps_tally *t, chunk *c,
                        ulp_error *e)
{
  const ulp_format *f = &rq->format;
  ulps_line line;
  if (ulps_line_init(&line, f) != ULP_OK)
    return ulp_error_set(e, ULP_ERANGE,
                         "%s: expected a codebook of up to 8 "
                         "bits",
                         f->name);
  int64_t count = rq->tensor[0]->count;
  for (int64_t i = 0; i < count; i += CLI_CHUNK) {
    int64_t n = count - i < CLI_CHUNK ? count - i : CLI_CHUNK;
    ulp_status status =
        cli_codes_read(f, rq->tensor[0], false, rq->path[0], c->x, i, n, e);
    if (status == ULP_OK)
      status =
          cli_codes_read(f, rq->tensor[1], false, rq->path[1], c->y, i, n, e);
    if (status != ULP_OK) return status;
    for (int64_t k = 0; k < n; k++)
      ulps_tally_add(t, &line, i + k, ulp_load_code(f, c->x, (size_t)k),
                     ulp_load_code(f, c->y, (size_t)k));
  }
  return ULP_OK;
}

/* ---- the answer -------------------------------------------------------- */

enum { LABEL = 64, TUPLE = 24 * ULP_MAX_DIMS };

/* "0", "3-4", "5-8". */
static const char *bucket_label(unsigned b, char out[LABEL])
{
  uint64_t low = b < 2 ? b : (UINT64_C(1) << (b - 2)) + 1;
  uint64_t high = b < 2 ? b : b > 64 ? UINT64_MAX : UINT64_C(1) << (b - 1);
  if (low == high)
    snprintf(out, LABEL, "%" PRIu64, low);
  else
    snprintf(out, LABEL, "%" PRIu64 "-%" PRIu64, low, high);
  return out;
}

/* "1 0 5", the last index fastest; "" for a scalar. */
static const char *index_text(const ulp_tensor *t, int64_t index,
                              char out[TUPLE])
{
  int64_t at[ULP_MAX_DIMS];
  for (int d = t->ndim - 1; d >= 0; d--) {
    at[d] = index % t->shape[d];
    index /= t->shape[d];
  }
  size_t used = 0;
  *out = '\0';
  for (int d = 0; d < t->ndim; d++)
    used += (size_t)snprintf(out + used, TUPLE - used, "%s%lld", d ? " " : "",
                             (long long)at[d]);
  return out;
}

static const char *distance_text(const ulps_case *c, char out[LABEL])
{
  if (c->one_nan)
    snprintf(out, LABEL, "nan");
  else
    snprintf(out, LABEL, "%" PRIu64, c->distance);
  return out;
}

typedef struct {
  const char *name, *text;
  int64_t count;
} figure;

enum { FIGURES = 7 };
static void figures(const ulps_tally *t, figure out[FIGURES])
{
  const figure list[FIGURES] = {
      {"elements", "elements", t->count},
      {"different", "differ in their bits", t->different},
      {"zero_sign", "of these +0 against -0", t->zero_sign},
      {"nan_bits", "of these NaN against NaN with other bits", t->nan_bits},
      {"x_nan", "of these NaN in the first only", t->x_nan},
      {"y_nan", "of these NaN in the second only", t->y_nan},
      {"both_nan", "NaN in both", t->both_nan}};
  memcpy(out, list, sizeof list);
}

static void print_text(ulp_output *out, const request *rq, const ulps_tally *t)
{
  const ulp_format *f = &rq->format;
  figure list[FIGURES];
  char a[CLI_NUMBER_SIZE], b[CLI_NUMBER_SIZE], c[CLI_NUMBER_SIZE],
      d[CLI_NUMBER_SIZE], label[LABEL], tuple[TUPLE];
  figures(t, list);
  ulp_output_printf(out, "%s, %s and %s\n", f->name, rq->path[0], rq->path[1]);
  for (int i = 0; i < FIGURES; i++)
    ulp_output_printf(out, "%12" PRId64 "  %s\n", list[i].count, list[i].text);
  ulp_output_printf(out, "\n       pairs  ulps apart (without NaN)\n");
  for (unsigned i = 0; i < ULPS_BUCKETS; i++)
    if (t->bucket[i])
      ulp_output_printf(out, "%12" PRId64 "  %s\n", t->bucket[i],
                        bucket_label(i, label));
  if (t->worst_count)
    ulp_output_printf(out, "\nworst: ulps [index] first second, codes\n");
  for (int i = 0; i < t->worst_count; i++) {
    const ulps_case *w = &t->worst[i];
    ulp_output_printf(out, "  %s [%s] %s %s, %s %s\n", distance_text(w, label),
                      index_text(rq->tensor[0], w->index, tuple),
                      cli_code_decimal(f, w->x, a),
                      cli_code_decimal(f, w->y, b), cli_code_name(f, w->x, c),
                      cli_code_name(f, w->y, d));
  }
}

static const char *const columns[] = {"record", "item",    "count",   "index",
                                      "ulps",   "x_value", "y_value", "x_code",
                                      "y_code", NULL};

static void count_row(cli_table *table, const char *record, const char *item,
                      int64_t count)
{
  cli_cell_text(table, record);
  cli_cell_text(table, item);
  cli_cell_int(table, count);
  for (int i = 0; i < 6; i++)
    cli_cell_none(table);
}

static void worst_row(cli_table *table, const request *rq, const ulps_case *w,
                      int place)
{
  const ulp_format *f = &rq->format;
  char text[TUPLE];
  snprintf(text, sizeof text, "%d", place);
  cli_cell_text(table, "worst");
  cli_cell_text(table, text);
  cli_cell_none(table);
  cli_cell_text(table, index_text(rq->tensor[0], w->index, text));
  cli_cell_text(table, distance_text(w, text));
  cli_cell_text(table, cli_code_decimal(f, w->x, text));
  cli_cell_text(table, cli_code_decimal(f, w->y, text));
  cli_cell_text(table, cli_code_name(f, w->x, text));
  cli_cell_text(table, cli_code_name(f, w->y, text));
}

static ulp_status print_table(ulp_output *out, const request *rq,
                              const ulps_tally *t, ulp_error *e)
{
  cli_table table;
  figure list[FIGURES];
  char label[LABEL];
  figures(t, list);
  cli_table_begin(&table, out, rq->output == JSON, columns);
  for (int i = 0; i < FIGURES; i++)
    count_row(&table, "summary", list[i].name, list[i].count);
  for (unsigned i = 0; i < ULPS_BUCKETS; i++)
    if (t->bucket[i])
      count_row(&table, "ulps", bucket_label(i, label), t->bucket[i]);
  for (int i = 0; i < t->worst_count; i++)
    worst_row(&table, rq, &t->worst[i], i + 1);
  return cli_table_end(&table, e);
}

static ulp_status print(const request *rq, const ulps_tally *t, ulp_error *e)
{
  ulp_output *out;
  ulp_status status = ulp_output_open(&out, NULL, e);
  if (status != ULP_OK) return status;
  if (rq->output == TEXT)
    print_text(out, rq, t);
  else
    status = print_table(out, rq, t, e);
  if (status == ULP_OK) return ulp_output_commit(out, e);
  ulp_output_discard(out);
  return status;
}

static ulp_status compare(request *rq, ulps_tally *t, ulp_error *e)
{
  ulp_status status = ULP_OK;
  for (int i = 0; i < 2 && status == ULP_OK; i++)
    status = cli_array_open(&rq->file[i], &rq->tensor[i], rq->path[i], e);
  if (status == ULP_OK) status = check(rq, e);
  if (status != ULP_OK) return status;
  chunk *c = malloc(sizeof *c);
  if (!c) return ulp_error_set(e, ULP_ENOMEM, "%s", ulp_strerror(ULP_ENOMEM));
  status = tally(rq, t, c, e);
  free(c);
  return status == ULP_OK ? print(rq, t, e) : status;
}

int cli_compare(int argc, char **argv)
{
  request rq = {0};
  int status = parse(&rq, argc, argv);
  if (status >= 0) return status;
  ulp_error e;
  ulps_tally t = {0};
  ulp_status done = compare(&rq, &t, &e);
  ulp_file_close(rq.file[0]);
  ulp_file_close(rq.file[1]);
  if (done != ULP_OK) return cli_fail("compare", &e);
  return t.different ? CLI_DIFFERENT : CLI_DONE;
}
