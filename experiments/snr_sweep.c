/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Measures the points of experiments/snr, source by source: every format and
 * quantizer sees the same numbers.
 */
#include "snr.h"

#include <math.h>
#include <stdlib.h>

#include "words.h"

enum { CHUNK = 1 << 12 };

size_t ulp_snr_points_of_source(const ulp_snr_sweep *s)
{
  return s->format_count * s->rule_count + s->storage_count;
}

ulp_snr_place ulp_snr_place_of(const ulp_snr_sweep *s, int64_t point)
{
  size_t n = ulp_snr_points_of_source(s), plain = n - s->storage_count;
  size_t i = (size_t)point % n;
  ulp_snr_place at = {.source = &s->sources[(size_t)point / n]};
  if (i < plain) {
    at.format = &s->formats[i / s->rule_count];
    at.rule = &s->rules[i % s->rule_count];
  } else {
    at.storage = &s->storages[i - plain];
  }
  return at;
}

void ulp_snr_sweep_free(ulp_snr_sweep *s)
{
  ulp_sources_free(s->sources, s->source_count);
  free(s->formats);
  free(s->rules);
  free(s->storages);
  free(s->result);
}

/* ---- a point ------------------------------------------------------------ */

void ulp_source_summarize(ulp_summary *summary, const ulp_source *s)
{
  double x[CHUNK];
  ulp_summary_reset(summary);
  for (int64_t i = 0; i < s->count; i += CHUNK) {
    int64_t n = s->count - i < CHUNK ? s->count - i : CHUNK;
    ulp_source_read(s, x, i, n);
    ulp_summary_add(summary, x, (size_t)n);
  }
}

ulp_status ulp_measure_format(ulp_error_sums *sums, const ulp_source *source,
                              const ulp_format *f, double scale, ulp_error *e)
{
  const ulp_rounding r = {.mode = ULP_RNE, .overflow = ULP_OVERFLOW_SATURATE};
  double x[CHUNK], work[2 * CHUNK];
  for (int64_t i = 0; i < source->count; i += CHUNK) {
    int64_t n = source->count - i < CHUNK ? source->count - i : CHUNK;
    ulp_source_read(source, x, i, n);
    ulp_status s = ulp_measure_chunk(sums, f, scale, &r, x, (size_t)n,
                                     (uint64_t)i, work);
    if (s != ULP_OK)
      return ulp_error_set(e, s, "%.200s in %s at scale %g: %s", source->name,
                           f->name, scale, ulp_strerror(s));
  }
  return ULP_OK;
}

static ulp_status measure_point(ulp_snr_result *out, const ulp_snr_place *at,
                                const ulp_summary *summary, ulp_error *e)
{
  enum { SCALE_BITS = 32 };
  out->amax = ulp_summary_moments(summary).amax;
  if (at->storage)
    return ulp_storage_measure(&out->loss, at->storage, at->source, e);
  int scale_bits = at->rule->rule == ULP_SCALE_NONE ? 0 : SCALE_BITS;
  out->scale = ulp_scale_choose(at->format, at->rule, summary);
  out->loss.fits = true;
  out->loss.bits =
      at->format->bits + scale_bits / (double)at->source->count;
  return ulp_measure_format(&out->loss.sums, at->source, at->format,
                            out->scale, e);
}

/* ---- all of them -------------------------------------------------------- */

static ulp_status measure_source(ulp_snr_sweep *s, size_t source,
                                 ulp_summary *summary, const ulp_run *run,
                                 ulp_error *e)
{
  int64_t n = (int64_t)ulp_snr_points_of_source(s), failed = n;
  int64_t first = (int64_t)source * n;
  const size_t size = (size_t)n * sizeof *s->result;
  char unit[32];
  snprintf(unit, sizeof unit, "source %zu", source);
  if (ulp_run_recall(run, unit, &s->result[first], size))
    return ULP_OK;
  ulp_status status = ulp_source_fill(&s->sources[source], run, e);
  if (status != ULP_OK)
    return status;
  ulp_source_summarize(summary, &s->sources[source]);
#ifdef _OPENMP
#pragma omp parallel for schedule(dynamic) num_threads(run->threads)
#endif
  for (int64_t i = 0; i < n; i++) {
    ulp_error why;
    ulp_snr_place at = ulp_snr_place_of(s, first + i);
    ulp_status one =
        measure_point(&s->result[first + i], &at, summary, &why);
#ifdef _OPENMP
#pragma omp critical
#endif
    if (one != ULP_OK && i < failed) {
      failed = i;
      status = one;
      *e = why;
    }
  }
  ulp_source_drop(&s->sources[source]);
  if (status == ULP_OK)
    ulp_run_keep(run, unit, &s->result[first], size);
  return status;
}

/* Another point with no more bits and no less SNR, and better in one, puts a
 * point behind the front. */
static void find_front(ulp_snr_result *r, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    double snr = ulp_error_sums_report(&r[i].loss.sums).snr_db;
    r[i].pareto = r[i].loss.fits && !isnan(snr);
    for (size_t k = 0; k < n && r[i].pareto; k++) {
      double other = ulp_error_sums_report(&r[k].loss.sums).snr_db;
      if (r[k].loss.fits && r[k].loss.bits <= r[i].loss.bits && other >= snr)
        r[i].pareto = r[k].loss.bits == r[i].loss.bits && other == snr;
    }
  }
}

ulp_status ulp_snr_measure(ulp_snr_sweep *s, const ulp_run *run, ulp_error *e)
{
  size_t n = ulp_snr_points_of_source(s);
  ulp_summary *summary = ulp_summary_new();
  s->result = calloc(s->source_count * n + 1, sizeof *s->result);
  ulp_status status = ULP_OK;
  if (!summary || !s->result)
    status = ulp_error_set(e, ULP_ENOMEM, "out of memory");
  for (size_t i = 0; status == ULP_OK && i < s->source_count; i++) {
    status = measure_source(s, i, summary, run, e);
    if (status == ULP_OK)
      find_front(s->result + i * n, n);
  }
  ulp_summary_free(summary);
  return status;
}
