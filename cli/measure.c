/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * measure.c: `ulplab measure`, what formats do to the tensors of files.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "measure.h"
#include "product.h"

/* ---- what was asked for ------------------------------------------------ */

#define DEFAULT_FORMATS "int8,e4m3,e5m2,e2m3,e3m2,int4,e2m1"
#define DEFAULT_RULES "amax,mse"

static int parse(measure_request *rq, int argc, char **argv)
{
  const cli_option options[] = {
      {"format", "F,F,...",
       "formats (default " DEFAULT_FORMATS "), and quantizers, which have "
       "scales of their own: mxfp8, nvfp4@te, int4/g=group:128, q4_k; 'ulplab "
       "quantizers' lists them",
       measure_read_formats, &rq->formats},
      {"scale-rule", "R,R,...",
       "how the scale of a tensor is chosen for a format (default "
       DEFAULT_RULES "); none, amax, mse, percentile:P, floor, ceil, rceil, "
       "even or fixed:S",
       measure_read_rules, &rq->rules},
      CLI_ROUNDING_OPTIONS(rq->rounding, "saturate"),
      {"out", "F.csv", "where the rows go (default: standard output)",
       cli_read_text, &rq->out},
      {"output", "SYNTAX", "csv (default) or json", cli_read_json, &rq->json},
      {"threads", "N", "threads; the answer does not depend on them",
       cli_read_threads, &rq->threads},
      {"strict", NULL, "refuse a quantizer that does not fit a tensor",
       cli_read_flag, &rq->strict},
      {0}};
  const cli_command command = {
      .name = "measure",
      .synopsis = "FILE... [OPTION]...",
      .summary = "Measures what formats do to every tensor of .npy and "
                 ".safetensors files: one row a tensor, format and scale rule, "
                 "with one scale a tensor, and one row a tensor and "
                 "quantizer. Where a quantizer does not fit a tensor (whole "
                 "blocks only, too few dimensions) its row has no figures, "
                 "and 'note' says why. Integer and boolean tensors of a "
                 ".safetensors file are skipped.",
      .options = options,
      .min_operands = 1,
      .max_operands = -1};
  int operands;
  int status = cli_parse(&command, argc, argv, &operands);
  if (status < 0) {
    rq->file_count = (size_t)operands;
    rq->path = argv;
  }
  return status;
}

static ulp_status check_format(const measure_request *rq, const ulp_format *f,
                               ulp_error *e)
{
  if (!ulp_fits_f64(f))
    return ulp_error_set(e, ULP_ERANGE,
                         "--format: the values of %s do not fit a float64",
                         f->name);
  for (size_t k = 0; k < rq->rules.count; k++)
    if (rq->rules.item[k].rule == ULP_SCALE_MSE && f->bits > 16)
      return ulp_error_set(e, ULP_EINVAL,
                           "--scale-rule mse: %s has %d bits, expected a "
                           "format of up to 16",
                           f->name, f->bits);
  return ULP_OK;
}

/* Options that a quantizer has settings for are not for it. */
static ulp_status check_quantizer(const measure_request *rq,
                                  const measure_item *item, ulp_error *e)
{
  const ulp_rounding *r = &rq->rounding;
  if (!r->mode && r->overflow == ULP_OVERFLOW_SATURATE && !r->profile &&
      !r->sr_bits && !r->seed)
    return ULP_OK;
  return ulp_error_set(e, ULP_EINVAL,
                       "--format %.60s: a quantizer rounds by its own "
                       "settings, expected /round=, /overflow=, /special=, "
                       "/sr-bits= or /seed= behind it instead of options",
                       item->text);
}

static ulp_status check_request(const measure_request *rq, ulp_error *e)
{
  ulp_status status = ULP_OK;
  for (size_t i = 0; status == ULP_OK && i < rq->formats.count; i++) {
    const measure_item *item = &rq->formats.item[i];
    status = item->plain ? check_format(rq, &item->format, e)
                         : check_quantizer(rq, item, e);
  }
  if (status == ULP_OK && ulp_rounding_check(&rq->rounding) != ULP_OK)
    return ulp_error_set(e, ULP_EINVAL, "the way of rounding: %s",
                         ulp_strerror(ULP_EINVAL));
  return status;
}

/* ---- all files --------------------------------------------------------- */

static bool is_float(const ulp_tensor *t)
{
  const ulp_dtype *d = t->dtype;
  return d->format && (*d->npy == 'f' || !*d->npy);
}

static void show_progress(const measure_work *w)
{
  if (w->progress)
    fprintf(stderr, "\rulplab measure: %zu of %zu tensors%s", w->done,
            w->tensors, w->done == w->tensors ? "\n" : "");
}

/* Opens them all first: a file that is malformed is told of before any row is
 * printed. */
static ulp_status open_files(measure_work *w, ulp_error *e)
{
  for (size_t i = 0; i < w->rq->file_count; i++) {
    ulp_status status = ulp_file_open(&w->file[i], w->rq->path[i], e);
    if (status != ULP_OK) return status;
    const ulp_tensor *t = ulp_file_tensor(w->file[i], 0);
    bool array = t && !*t->name && ulp_file_tensor_count(w->file[i]) == 1;
    if (array && !is_float(t))
      return ulp_error_set(e, ULP_EFORMAT,
                           "%s: dtype '%s', expected an array of floats",
                           w->rq->path[i], t->dtype->npy);
    w->tensors += ulp_file_tensor_count(w->file[i]);
  }
  return ULP_OK;
}

static ulp_status measure_files(measure_work *w, ulp_error *e)
{
  ulp_status status = ULP_OK;
  show_progress(w);
  for (size_t i = 0; i < w->rq->file_count; i++)
    for (size_t k = 0; k < ulp_file_tensor_count(w->file[i]); k++) {
      const ulp_tensor *t = ulp_file_tensor(w->file[i], k);
      if (is_float(t))
        status = measure_tensor(w, w->rq->path[i], t, e);
      else
        w->skipped++;
      if (status != ULP_OK) return status;
      w->done++;
      show_progress(w);
    }
  return status;
}

/* Before any row is printed, as with files that are malformed. */
static ulp_status check_fits(const measure_work *w, ulp_error *e)
{
  ulp_status status = ULP_OK;
  for (size_t i = 0; i < w->rq->file_count; i++)
    for (size_t k = 0; k < ulp_file_tensor_count(w->file[i]); k++) {
      const ulp_tensor *t = ulp_file_tensor(w->file[i], k);
      if (status == ULP_OK && is_float(t))
        status = measure_fits(w->rq, w->rq->path[i], t, e);
    }
  return status;
}

static ulp_status print_rows(measure_work *w, ulp_error *e)
{
  ulp_output *out;
  ulp_status status = w->rq->strict ? check_fits(w, e) : ULP_OK;
  if (status == ULP_OK) status = ulp_output_open(&out, w->rq->out, e);
  if (status != ULP_OK) return status;
  cli_table_begin(&w->table, out, w->rq->json, measure_columns);
  status = measure_files(w, e);
  if (status == ULP_OK) status = cli_table_end(&w->table, e);
  if (status == ULP_OK) return ulp_output_commit(out, e);
  ulp_output_discard(out);
  return status;
}

static bool on_terminal(void)
{
  const char *term = getenv("TERM");
  return isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
}

static ulp_status measure(measure_work *w, ulp_error *e)
{
  const measure_request *rq = w->rq;
  size_t threads = (size_t)rq->threads;
  for (size_t i = 0; i < rq->formats.count; i++)
    if (rq->formats.item[i].plain) w->plain[w->formats++] = &rq->formats.item[i];
  w->jobs = w->formats * rq->rules.count;
  w->progress = on_terminal();
  w->file = calloc(rq->file_count, sizeof *w->file);
  w->job = calloc(w->jobs + 1, sizeof *w->job);
  w->x = malloc(sizeof *w->x * CLI_CHUNK);
  w->work = malloc(sizeof *w->work * 2 * CLI_CHUNK * threads);
  w->summary = ulp_summary_new();
  if (!w->file || !w->job || !w->x || !w->work || !w->summary)
    return ulp_error_set(e, ULP_ENOMEM, "%s", ulp_strerror(ULP_ENOMEM));
  ulp_status status = open_files(w, e);
  return status == ULP_OK ? print_rows(w, e) : status;
}

static void release(measure_work *w)
{
  for (size_t i = 0; w->file && i < w->rq->file_count; i++)
    ulp_file_close(w->file[i]);
  free(w->file);
  free(w->job);
  free(w->x);
  free(w->work);
  ulp_summary_free(w->summary);
}

static int run(measure_request *rq)
{
  ulp_error e;
  measure_work w = {.rq = rq};
  ulp_status done = check_request(rq, &e);
  if (done == ULP_OK) {
    done = measure(&w, &e);
    release(&w);
  }
  if (done != ULP_OK) return cli_fail("measure", &e);
  if (w.skipped)
    fprintf(stderr, "ulplab measure: skipped %zu integer or boolean tensors\n",
            w.skipped);
  return CLI_DONE;
}

int cli_measure(int argc, char **argv)
{
  measure_request rq = {.rounding = {.overflow = ULP_OVERFLOW_SATURATE},
                        .threads = cli_default_threads()};
  ulp_error e;
  int status;
  if (measure_read_formats(&rq.formats, DEFAULT_FORMATS, &e) != ULP_OK ||
      measure_read_rules(&rq.rules, DEFAULT_RULES, &e) != ULP_OK) {
    status = cli_fail("measure", &e);
  } else {
    status = parse(&rq, argc, argv);
    if (status < 0) status = run(&rq);
  }
  measure_formats_free(&rq.formats);
  return status;
}
