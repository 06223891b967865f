/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Lists of quantizers, and the columns about what they lose.
 */
#include "cases.h"

#include <stdlib.h>

ulp_status ulp_cases_add(ulp_cases *c, ulp_case **out, const char *text,
                         ulp_error *e)
{
  if (c->case_count == c->room) {
    size_t room = 2 * c->room + 16;
    ulp_case *more = realloc(c->cases, room * sizeof *more);
    if (!more)
      return ulp_error_set(e, ULP_ENOMEM, "out of memory");
    c->cases = more;
    c->room = room;
  }
  ulp_case *one = &c->cases[c->case_count];
  *one = (ulp_case){.place = {0}};
  ulp_status s = ulp_storage_find(&one->storage, text, e);
  if (s != ULP_OK)
    return s;
  c->case_count++;
  if (out)
    *out = one;
  return ULP_OK;
}

static bool wants(const ulp_cases *c, const ulp_run *run, size_t source)
{
  int64_t first = (int64_t)(source * c->case_count);
  for (size_t i = 0; i < c->case_count; i++)
    if (ulp_run_has(run, first + (int64_t)i))
      return true;
  return false;
}

ulp_status ulp_cases_fill(ulp_cases *c, ulp_run *run, ulp_error *e)
{
  ulp_status s = ULP_OK;
  run->points = (int64_t)(c->source_count * c->case_count);
  for (size_t i = 0; s == ULP_OK && i < c->source_count; i++)
    if (wants(c, run, i))
      s = ulp_source_fill(&c->sources[i], run, e);
  return s;
}

ulp_status ulp_cases_prepare(ulp_cases *c, ulp_run *run,
                             const int64_t samples[3], ulp_error *e)
{
  ulp_status s = ulp_sources(&c->sources, &c->source_count, run, e);
  if (s != ULP_OK)
    return s;
  for (size_t i = 0; i < c->source_count && !run->file; i++) {
    c->sources[i].count = samples[run->effort];
    c->sources[i].shape[0] = samples[run->effort] / ULP_SOURCE_ROW;
  }
  return ulp_cases_fill(c, run, e);
}

void ulp_cases_free(ulp_cases *c)
{
  ulp_sources_free(c->sources, c->source_count);
  free(c->cases);
}

const ulp_source *ulp_cases_source(const ulp_cases *c, int64_t point)
{
  return &c->sources[(size_t)point / c->case_count];
}

const ulp_case *ulp_cases_case(const ulp_cases *c, int64_t point)
{
  return &c->cases[(size_t)point % c->case_count];
}

void ulp_csv_number_if(ulp_text *row, double v, bool known)
{
  if (known)
    ulp_csv_number(row, v);
  else
    ulp_csv_empty(row);
}

void ulp_loss_print(ulp_text *row, const ulp_loss *loss)
{
  ulp_error_report r = ulp_error_sums_report(&loss->sums);
  ulp_csv_number(row, loss->bits);
  ulp_csv_integer(row, (int64_t)loss->sums.count);
  ulp_csv_number_if(row, r.snr_db, loss->fits);
  ulp_csv_number_if(row, r.snr_db_ci95, loss->fits);
  ulp_csv_number_if(row, r.bias, loss->fits);
  ulp_csv_number_if(row, r.clipped, loss->fits);
  ulp_csv_number_if(row, r.flushed, loss->fits);
  ulp_csv_number_if(row, r.clipped_noise_share, loss->fits);
}
