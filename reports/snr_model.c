/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Collects the rows of snr.csv by format.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "snr_view.h"

/* ---- names ------------------------------------------------------------- */

static size_t index_of(const snr_names *n, const char *name)
{
  size_t i = 0;
  while (i < n->count && strcmp(n->name[i], name) != 0)
    i++;
  return i;
}

/* The page compares rules, which quantizers have of their own; a table of
 * quantizers alone has that one rule. */
static bool is_shown(const ulp_table *t, size_t row)
{
  if (strcmp(ulp_table_text(t, row, "scale_rule"), "own") != 0)
    return true;
  for (size_t r = 0; r < t->rows; r++)
    if (strcmp(ulp_table_text(t, r, "scale_rule"), "own") != 0)
      return false;
  return true;
}

/* The distinct texts of a column in the order of their first rows. */
static bool list_names(snr_names *n, const ulp_table *t, const char *column)
{
  size_t room = 0;
  *n = (snr_names){NULL, 0};
  for (size_t r = 0; r < t->rows; r++) {
    const char *text = ulp_table_text(t, r, column);
    if (index_of(n, text) < n->count || !is_shown(t, r))
      continue;
    if (n->count == room) {
      const char **more = realloc(n->name, (room = room * 2 + 16) *
                                               sizeof *more);
      if (!more)
        return false;
      n->name = more;
    }
    n->name[n->count++] = text;
  }
  return true;
}

static const char *prefer(const snr_names *n, const char *name,
                          const char *otherwise)
{
  size_t i = index_of(n, name);
  return i < n->count ? n->name[i] : otherwise;
}

/* ---- quantiles --------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Of v[0..n-1], sorted; linear between ranks.  NaN when there are none. */
static double quantile(const double *v, size_t n, double q)
{
  if (n == 0)
    return NAN;
  double at = q * (double)(n - 1);
  size_t i = (size_t)at;
  double part = at - (double)i;
  return part > 0 && v[i] != v[i + 1] ? v[i] + part * (v[i + 1] - v[i]) : v[i];
}

/* The SNRs of a line under one rule, those that exist, sorted. */
static size_t sorted_values(double *out, const double *snr, size_t n)
{
  size_t count = 0;
  for (size_t i = 0; i < n; i++)
    if (!isnan(snr[i]))
      out[count++] = snr[i];
  qsort(out, count, sizeof *out, by_value);
  return count;
}

/* ---- lines ------------------------------------------------------------- */

/* The single subject's own columns. */
static void take_subject(snr_model *m, snr_line *l, size_t row)
{
  const ulp_table *t = m->table;
  l->ci95 = ulp_table_number(t, row, "snr_db_ci95");
  l->theory = ulp_table_number(t, row, "theory_snr_db");
  l->clipped = ulp_table_number(t, row, "clipped_fraction");
}

/* `all` holds the SNR of [format][rule][distribution]; NaN where no row is. */
static void scatter(snr_model *m, double *all)
{
  const ulp_table *t = m->table;
  size_t R = m->rules.count, D = m->distributions.count;
  for (size_t i = 0; i < m->formats.count * R * D; i++)
    all[i] = NAN;
  for (size_t row = 0; row < t->rows; row++) {
    if (!is_shown(t, row))
      continue;
    const char *source = ulp_table_text(t, row, "distribution");
    size_t f = index_of(&m->formats, ulp_table_text(t, row, "format"));
    size_t r = index_of(&m->rules, ulp_table_text(t, row, "scale_rule"));
    size_t d = index_of(&m->distributions, source);
    snr_line *l = &m->line[f];
    all[(f * R + r) * D + d] = ulp_table_number(t, row, "snr_db");
    l->bits = ulp_table_number(t, row, "format_bits");
    if (strcmp(m->rules.name[r], m->rule) != 0 ||
        (m->subject && strcmp(source, m->subject) != 0))
      continue;
    l->bits_per_element = ulp_table_number(t, row, "bits_per_element");
    if (m->subject)
      take_subject(m, l, row);
  }
}

static void fill_line(snr_model *m, snr_line *l, const double *snr,
                      double *work)
{
  size_t R = m->rules.count, D = m->distributions.count, n = 0;
  size_t from = m->subject ? index_of(&m->distributions, m->subject) : 0;
  for (size_t r = 0; r < R; r++) {
    n = sorted_values(work, snr + r * D + from, m->subject ? 1 : D);
    l->by_rule[r] = quantile(work, n, 0.5);
  }
  size_t rule = index_of(&m->rules, m->rule);
  memcpy(l->by_distribution, snr + rule * D, D * sizeof *snr);
  n = sorted_values(work, snr + rule * D + from, m->subject ? 1 : D);
  l->median = l->by_rule[rule];
  l->low = m->subject ? l->median - l->ci95 : quantile(work, n, 0.1);
  l->high = m->subject ? l->median + l->ci95 : quantile(work, n, 0.9);
  l->worst = n ? work[0] : NAN;
  l->worst_name = "";
  for (size_t d = 0; d < D; d++)
    if (l->by_distribution[d] == l->worst && !*l->worst_name)
      l->worst_name = m->distributions.name[d];
}

static int by_bits_then_snr(const void *a, const void *b)
{
  const snr_line *x = a, *y = b;
  if (x->bits != y->bits)
    return x->bits < y->bits ? 1 : -1;
  if (x->median != y->median && !(isnan(x->median) && isnan(y->median)))
    return isnan(x->median) || x->median < y->median ? 1 : -1;
  return (x->order > y->order) - (x->order < y->order);
}

static bool make_lines(snr_model *m)
{
  size_t F = m->formats.count, R = m->rules.count, D = m->distributions.count;
  m->line = calloc(F, sizeof *m->line);
  m->memory = calloc(F * R * D + F * (R + D) + D, sizeof *m->memory);
  if (!m->line || !m->memory)
    return false;
  double *all = m->memory, *by_rule = all + F * R * D;
  double *by_distribution = by_rule + F * R, *work = by_distribution + F * D;
  scatter(m, all);
  for (size_t f = 0; f < F; f++) {
    snr_line *l = &m->line[f];
    l->format = m->formats.name[f];
    l->order = f;
    l->by_rule = by_rule + f * R;
    l->by_distribution = by_distribution + f * D;
    fill_line(m, l, all + f * R * D, work);
  }
  m->count = F;
  qsort(m->line, m->count, sizeof *m->line, by_bits_then_snr);
  return true;
}

bool ulp_snr_model_make(snr_model *m, const ulp_table *t)
{
  *m = (snr_model){.table = t};
  if (!list_names(&m->formats, t, "format") ||
      !list_names(&m->rules, t, "scale_rule") ||
      !list_names(&m->distributions, t, "distribution")) {
    ulp_snr_model_free(m);
    return false;
  }
  m->subject = prefer(&m->distributions, "gaussian", NULL);
  if (m->distributions.count == 1)
    m->subject = m->distributions.name[0];
  m->rule = prefer(&m->rules, "mse", m->rules.name[0]);
  if (make_lines(m))
    return true;
  ulp_snr_model_free(m);
  return false;
}

void ulp_snr_model_free(snr_model *m)
{
  free(m->formats.name);
  free(m->rules.name);
  free(m->distributions.name);
  free(m->line);
  free(m->memory);
  *m = (snr_model){0};
}

const snr_line *ulp_snr_best(const snr_model *m, double bits)
{
  for (size_t i = 0; i < m->count; i++)
    if (m->line[i].bits == bits)
      return isnan(m->line[i].median) ? NULL : &m->line[i];
  return NULL;
}
