/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * measure_tensor.c: one tensor in every format at every scale.
 */
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif

#include "measure.h"

/* ---- one tensor -------------------------------------------------------- */

static int64_t chunk_size(const ulp_tensor *t, int64_t first)
{
  return t->count - first < CLI_CHUNK ? t->count - first : CLI_CHUNK;
}

static double *thread_work(const measure_work *w)
{
#ifdef _OPENMP
  return w->work + 2 * (size_t)CLI_CHUNK * (size_t)omp_get_thread_num();
#else
  return w->work;
#endif
}

static void choose_scales(measure_work *w, const ulp_tensor *t)
{
  ulp_summary_reset(w->summary);
  for (int64_t i = 0; i < t->count; i += CLI_CHUNK) {
    ulp_tensor_read_f64(t, w->x, i, chunk_size(t, i));
    ulp_summary_add(w->summary, w->x, (size_t)chunk_size(t, i));
  }
  size_t formats = w->formats;
#pragma omp parallel for num_threads(w->rq->threads) schedule(dynamic)
  for (size_t k = 0; k < w->jobs; k++) {
    measure_job *j = &w->job[k];
    j->format = &w->plain[k % formats]->format;
    j->rule = &w->rq->rules.item[k / formats];
    memset(&j->sums, 0, sizeof j->sums);
    j->status = ULP_OK;
    j->scale = ulp_scale_choose(j->format, j->rule, w->summary);
  }
}

/* Every job sees the chunks in their order, so that its sums do not depend on
 * the threads. */
static ulp_status measure_jobs(measure_work *w, const ulp_tensor *t,
                               ulp_error *e)
{
  for (int64_t i = 0; i < t->count; i += CLI_CHUNK) {
    size_t n = (size_t)chunk_size(t, i);
    ulp_tensor_read_f64(t, w->x, i, (int64_t)n);
#pragma omp parallel for num_threads(w->rq->threads) schedule(dynamic)
    for (size_t k = 0; k < w->jobs; k++) {
      measure_job *j = &w->job[k];
      if (j->status == ULP_OK)
        j->status =
            ulp_measure_chunk(&j->sums, j->format, j->scale, &w->rq->rounding,
                              w->x, n, (uint64_t)i, thread_work(w));
    }
  }
  for (size_t k = 0; k < w->jobs; k++)
    if (w->job[k].status != ULP_OK)
      return ulp_error_set(e, w->job[k].status, "tensor '%s', %s: %s", t->name,
                           w->job[k].format->name,
                           ulp_strerror(w->job[k].status));
  return ULP_OK;
}

/* ---- rows -------------------------------------------------------------- */

const char *const measure_columns[] = {"file",
                                       "tensor",
                                       "dtype",
                                       "shape",
                                       "elements",
                                       "nan",
                                       "inf",
                                       "amax",
                                       "format",
                                       "bits",
                                       "scale_rule",
                                       "scale",
                                       "snr_db",
                                       "snr_db_ci95",
                                       "bias",
                                       "rmse",
                                       "max_error",
                                       "clipped_fraction",
                                       "flushed_fraction",
                                       "clipped_noise_share",
                                       "bits_per_element",
                                       "profile",
                                       "note",
                                       NULL};

void measure_tensor_cells(cli_table *table, const char *path,
                          const ulp_tensor *t, const ulp_moments *m)
{
  char shape[24 * ULP_MAX_DIMS];
  cli_shape_text(shape, sizeof shape, t->ndim, t->shape);
  cli_cell_text(table, path);
  cli_cell_text(table, t->name);
  cli_cell_text(table, ulp_dtype_name(t->dtype));
  cli_cell_text(table, shape);
  cli_cell_int(table, t->count);
  cli_cell_int(table, (int64_t)m->nan);
  cli_cell_int(table, (int64_t)m->inf);
  cli_cell_number(table, m->amax);
}

void measure_error_cells(cli_table *table, const ulp_error_sums *sums,
                         bool clips)
{
  ulp_error_report r = ulp_error_sums_report(sums);
  cli_cell_number(table, r.snr_db);
  cli_cell_number(table, r.snr_db_ci95);
  cli_cell_number(table, r.bias);
  cli_cell_number(table, r.rmse);
  cli_cell_number(table, r.max_error);
  if (clips)
    cli_cell_number(table, r.clipped);
  else
    cli_cell_none(table);
  cli_cell_number(table, r.flushed);
  if (clips)
    cli_cell_number(table, r.clipped_noise_share);
  else
    cli_cell_none(table);
}

/* With a scale of 32 bits for the tensor, unless there is none. */
static double bits_of(const measure_job *j, int64_t elements)
{
  bool scaled = j->rule->rule != ULP_SCALE_NONE && elements > 0;
  return j->format->bits + (scaled ? 32 / (double)elements : 0);
}

static void job_cells(const measure_work *w, cli_table *table,
                      const measure_job *j, int64_t elements)
{
  char rule[64];
  const ulp_profile *p = w->rq->rounding.profile;
  ulp_scale_format(j->rule, rule, sizeof rule);
  cli_cell_text(table, j->format->name);
  cli_cell_int(table, j->format->bits);
  cli_cell_text(table, rule);
  cli_cell_number(table, j->scale);
  measure_error_cells(table, &j->sums, true);
  cli_cell_number(table, bits_of(j, elements));
  cli_cell_text(table, p ? p->name : "ocp");
  cli_cell_none(table);
}

/* Rows stand in the order of the list, whatever that of the jobs. */
ulp_status measure_tensor(measure_work *w, const char *path,
                          const ulp_tensor *t, ulp_error *e)
{
  choose_scales(w, t);
  ulp_status status = measure_jobs(w, t, e);
  ulp_moments m = ulp_summary_moments(w->summary);
  for (size_t i = 0, f = 0; i < w->rq->formats.count; i++) {
    const measure_item *item = &w->rq->formats.item[i];
    if (status != ULP_OK) return status;
    if (!item->plain) {
      status = measure_blocks(w, item, path, t, &m, e);
      continue;
    }
    for (size_t k = f++; k < w->jobs; k += w->formats) {
      measure_tensor_cells(&w->table, path, t, &m);
      job_cells(w, &w->table, &w->job[k], t->count);
    }
  }
  return status;
}
