/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Runs an experiment: options in, rows out in the order of the points, then
 * the files beside them.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "driver.h"
#include "isa.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

const char *ulp_effort_name(ulp_effort effort)
{
  static const char *const names[] = {"quick", "normal", "full"};
  return names[effort];
}

const char *ulp_run_parameter(const ulp_run *run, const char *name)
{
  const ulp_parameter *p = run->experiment->parameters;
  for (int i = 0; p[i].name; i++)
    if (strcmp(p[i].name, name) == 0)
      return run->parameters[i];
  return "";
}

bool ulp_run_has(const ulp_run *run, int64_t point)
{
  return point % run->shards == run->shard && !ulp_resume_row(run, point);
}

/* ---- rows -------------------------------------------------------------- */

typedef struct {
  const ulp_run *run;
  ulp_text *rows;
  int64_t count, done;
  bool terminal;
  int64_t failed_row; /* the first in order, so the message does not depend
                         on threads; count: none */
  ulp_error error;
} row_job;

static void note_row(row_job *job, int64_t row, const ulp_error *e)
{
#ifdef _OPENMP
#pragma omp critical(ulp_experiment_rows)
#endif
  {
    job->done++;
    if (e->status != ULP_OK && row < job->failed_row) {
      job->failed_row = row;
      job->error = *e;
    }
    if (job->terminal)
      fprintf(stderr, "\r%s: point %" PRId64 " of %" PRId64 "%s",
              job->run->experiment->name, job->done, job->count,
              job->done == job->count ? "\r\033[K" : "");
  }
}

static void compute_row(const ulp_run *run, int64_t point, ulp_text *t,
                        ulp_error *e)
{
  char name[24];
  ulp_csv_integer(t, point);
  ulp_status s = run->experiment->point(run, point, t, e);
  ulp_csv_end(t);
  if (s != ULP_OK || t->failed)
    return;
  snprintf(name, sizeof name, "%lld", (long long)point);
  ulp_journal_add(run->journal, ULP_FRAME_ROW, name, t->text, t->size);
}

static void make_row(row_job *job, int64_t row)
{
  const ulp_run *run = job->run;
  ulp_text *t = &job->rows[row];
  ulp_error e = {.status = ULP_OK};
  int64_t point = run->shard + row * run->shards;
  const ulp_frame *kept = ulp_resume_row(run, point);
  if (kept)
    ulp_text_add(t, kept->data, kept->size);
  else
    compute_row(run, point, t, &e);
  if (e.status == ULP_OK && t->failed)
    ulp_error_set(&e, ULP_ENOMEM, "out of memory");
  note_row(job, row, &e);
}

static ulp_status join_rows(const row_job *job, ulp_text *csv, ulp_error *e)
{
  ulp_csv_header(csv, job->run->experiment->columns);
  for (int64_t i = 0; i < job->count; i++)
    ulp_text_add(csv, job->rows[i].text, job->rows[i].size);
  return csv->failed ? ulp_error_set(e, ULP_ENOMEM, "out of memory") : ULP_OK;
}

static ulp_status make_rows(const ulp_run *run, ulp_text *csv, int64_t *rows,
                            ulp_error *e)
{
  int64_t n = run->points <= run->shard
                  ? 0
                  : (run->points - run->shard - 1) / run->shards + 1;
  row_job job = {.run = run, .count = n, .failed_row = n,
                 .terminal = isatty(STDERR_FILENO)};
  job.rows = calloc((size_t)n + 1, sizeof *job.rows);
  if (!job.rows)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
#ifdef _OPENMP
#pragma omp parallel for schedule(dynamic) num_threads(run->threads)
#endif
  for (int64_t i = 0; i < n; i++)
    make_row(&job, i);
  ulp_status s = ULP_OK;
  if (job.failed_row < n) {
    *e = job.error;
    s = e->status;
  } else {
    s = join_rows(&job, csv, e);
  }
  for (int64_t i = 0; i < n; i++)
    ulp_text_free(&job.rows[i]);
  free(job.rows);
  *rows = n;
  return s;
}

/* ---- a run ------------------------------------------------------------- */

static double seconds(clockid_t clock)
{
  struct timespec t = {0};
  clock_gettime(clock, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

ulp_status ulp_experiment_compute(ulp_run *run, ulp_text *csv, int64_t *rows,
                                  ulp_error *e)
{
  ulp_status s = run->experiment->prepare(run, e);
  if (s == ULP_OK)
    s = make_rows(run, csv, rows, e);
  run->experiment->release(run);
  return s;
}

static ulp_status compute_and_write(ulp_run *run, ulp_record *r, ulp_error *e)
{
  ulp_text csv = {0};
  time_t now = time(NULL);
  double wall = seconds(CLOCK_MONOTONIC);
  double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
  strftime(r->started, sizeof r->started, "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
  ulp_status s = ulp_experiment_compute(run, &csv, &r->rows, e);
  if (s == ULP_OK) {
    r->csv = csv.text;
    r->csv_size = csv.size;
    r->wall_s = seconds(CLOCK_MONOTONIC) - wall;
    r->cpu_s = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    s = ulp_folder_write(r, e);
  }
  ulp_text_free(&csv);
  return s;
}

/* The tensor, and what the run depends on. */
static ulp_status open_inputs(ulp_run *run, const ulp_options *o, ulp_error *e)
{
  ulp_status s = ulp_folder_check(run->out, e);
  if (s == ULP_OK && o->tensor)
    s = ulp_options_open_tensor(run, o->tensor, e);
  return s == ULP_OK && run->origin ? ulp_origin_make(run->origin, run, e) : s;
}

static ulp_status run_it(ulp_run *run, const ulp_options *o, int argc,
                         char **argv, ulp_error *e)
{
  ulp_origin origin = {0};
  ulp_record record = {.run = run, .argc = argc, .argv = argv};
  if (ulp_folder_is_plain(run->out))
    run->origin = &origin;
  ulp_status s = open_inputs(run, o, e);
  if (s == ULP_OK && o->resume && ulp_resume_done(run)) {
    fprintf(stderr, "%s: %s is there already\n", run->experiment->name,
            run->out);
  } else if (s == ULP_OK) {
    s = ulp_resume_begin(run, o->resume, e);
    record.kept = ulp_resume_kept(run);
    if (s == ULP_OK && run->file)
      s = ulp_run_input(run, ulp_file_path(run->file), e);
    if (s == ULP_OK)
      s = compute_and_write(run, &record, e);
    ulp_resume_end(run, s);
  }
  if (s == ULP_OK && run->notes.size && !run->notes.failed)
    fprintf(stderr, "%s: %s\n", run->experiment->name, run->notes.text);
  ulp_text_free(&run->notes);
  ulp_origin_free(&origin);
  ulp_file_close(run->file);
  return s;
}

static int fail(const char *program, const ulp_error *e)
{
  fprintf(stderr, "%s: %s\n", program, e->text);
  return 2;
}

int ulp_experiment_main(const ulp_experiment *x, int argc, char **argv)
{
  ulp_run run = {.experiment = x};
  ulp_options o;
  ulp_error e = {.status = ULP_OK};
  ulp_status s = ulp_isa_check(e.text, sizeof e.text);
  if (s == ULP_OK)
    s = ulp_options_parse(&run, &o, argc, argv, &e);
  if (s == ULP_OK && o.action == ULP_DO_RUN)
    s = run_it(&run, &o, argc, argv, &e);
  if (s != ULP_OK)
    return fail(x->name, &e);
  if (o.action == ULP_DO_DESCRIBE)
    ulp_experiment_describe(x, stdout);
  if (o.action == ULP_DO_HELP)
    ulp_options_help(x, stdout);
  if (o.action == ULP_DO_VERSION)
    printf("%s (ulplab) %s\n", x->name, PACKAGE_VERSION);
  if (fflush(stdout) != 0 || ferror(stdout)) {
    ulp_error_set(&e, ULP_EIO, "cannot write to stdout");
    return fail(x->name, &e);
  }
  return 0;
}

int ulp_experiments_main(int argc, char **argv)
{
  const ulp_experiment *x;
  ulp_error e = {.status = ULP_OK};
  if (argc >= 2 && (strcmp(argv[1], "--help") == 0)) {
    printf("Usage: ulplab run NAME [options]\n\n");
    ulp_experiments_list(stdout);
    printf("\n`ulplab run NAME --help` lists the options of NAME.\n");
    return 0;
  }
  if (argc < 2)
    ulp_error_set(&e, ULP_EINVAL, "expected the name of an experiment; "
                                  "`ulplab list` has them");
  if (argc < 2 || ulp_experiment_find(&x, argv[1], &e) != ULP_OK)
    return fail("run", &e);
  return ulp_experiment_main(x, argc - 1, argv + 1);
}

void ulp_experiments_list(FILE *to)
{
  const ulp_experiment *x;
  for (size_t i = 0; (x = ulp_experiment_row(i)) != NULL; i++)
    fprintf(to, "%-18s %s\n", x->name, x->question);
}

void ulp_experiment_describe(const ulp_experiment *x, FILE *to)
{
  fprintf(to, "%s\n\nQuestion: %s\nMethod: %s\nSource: %s\n"
              "Seed: %" PRIu64 "\n\nParameters:\n",
          x->name, x->question, x->method, x->source, x->default_seed);
  for (const ulp_parameter *p = x->parameters; p->name; p++)
    fprintf(to, "  --%s: %s%s%s\n", p->name, p->description,
            *p->default_value ? "; default " : "", p->default_value);
  fprintf(to, "\nColumns:\n");
  for (const ulp_column *c = x->columns; c->name; c++)
    fprintf(to, "  %s (%s%s%s): %s\n", c->name, ulp_col_type_name(c->type),
            *c->unit ? ", " : "", c->unit, c->description);
}
