/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From the rows of a CSV file to the points of a picture.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "picture.h"

/* Whether a list of words separated by commas has one. */
bool ulp_axis(const ulp_figure_row *f, const char *property)
{
  const char *at = f->axes ? f->axes : "";
  size_t n = strlen(property);
  while (*at) {
    size_t word = strcspn(at, ",");
    if (word == n && strncmp(at, property, n) == 0)
      return true;
    at += word;
    at += strspn(at, ", ");
  }
  return false;
}

static bool is_log(const ulp_figure_row *f, char axis)
{
  char log[] = {axis, ' ', 'l', 'o', 'g', '\0'};
  char log2[] = {axis, ' ', 'l', 'o', 'g', '2', '\0'};
  return ulp_axis(f, log) || ulp_axis(f, log2);
}

/* Of "A?B" A or, where A is empty, B. */
static const char *filled(char first[64], const ulp_table *t, size_t row,
                          const char *columns)
{
  const char *second = strchr(columns, '?');
  size_t n = second ? (size_t)(second - columns) : strlen(columns);
  snprintf(first, 64, "%.*s", (int)n, columns);
  return second && !*ulp_table_text(t, row, first) ? second + 1 : first;
}

static double number(const ulp_table *t, size_t row, const char *columns)
{
  char first[64];
  return ulp_table_number(t, row, filled(first, t, row, columns));
}

/* ---- one row ------------------------------------------------------------- */

static bool label(ulp_picture *p, ulp_labels *list, size_t row,
                  const char *columns, size_t *index)
{
  ulp_text text = {0};
  ulp_row_label(&text, p->rows.table, row, columns);
  *index = ulp_label(list, text.text ? text.text : "");
  bool failed = text.failed || *index == SIZE_MAX;
  ulp_text_free(&text);
  return !failed;
}

static void read_interval(ulp_point *d, const ulp_table *t, size_t row,
                          const char *columns)
{
  char low[64];
  const char *blank = columns ? strchr(columns, ' ') : NULL;
  d->low = d->high = d->y;
  if (!columns)
    return;
  if (!blank) {
    double half = ulp_table_number(t, row, columns);
    if (isfinite(half)) {
      d->low -= half;
      d->high += half;
    }
    return;
  }
  snprintf(low, sizeof low, "%.*s", (int)(blank - columns), columns);
  d->low = ulp_table_number(t, row, low);
  d->high = ulp_table_number(t, row, blank + 1);
  if (!isfinite(d->low) || !isfinite(d->high))
    d->low = d->high = d->y;
}

static bool can_be_drawn(const ulp_figure_row *f, const ulp_point *d)
{
  bool x_counts = f->kind != ULP_DOTS && f->kind != ULP_BARS &&
                  f->kind != ULP_HEAT;
  if (!isfinite(d->y) || (x_counts && !isfinite(d->x)))
    return false;
  return !(is_log(f, f->kind == ULP_HEAT ? 'z' : 'y') && d->y <= 0) &&
         !(x_counts && is_log(f, 'x') && d->x <= 0);
}

static bool has_value(const ulp_picture *p, size_t row)
{
  const ulp_figure_row *f = p->figure;
  const char *column = f->kind == ULP_HEAT        ? f->z
                       : f->kind == ULP_HISTOGRAM ? f->x
                                                  : f->y;
  char first[64];
  const ulp_table *t = p->rows.table;
  return *ulp_table_text(t, row, filled(first, t, row, column)) != '\0';
}

static bool read_point(ulp_picture *p, ulp_point *d, size_t row)
{
  const ulp_figure_row *f = p->figure;
  const ulp_table *t = p->rows.table;
  *d = (ulp_point){.order = row, .predicted = NAN};
  if (!label(p, &p->panels, row, f->panels, &d->panel) ||
      !label(p, &p->series, row, f->series, &d->series))
    return false;
  if (f->kind == ULP_HEAT) {
    d->y = number(t, row, f->z);
    if (!label(p, &p->across, row, f->x, &d->series) ||
        !label(p, &p->categories, row, f->y, &d->category))
      return false;
  } else if (f->kind == ULP_DOTS || f->kind == ULP_BARS) {
    d->y = number(t, row, f->y);
    if (!label(p, &p->categories, row, f->x, &d->category))
      return false;
  } else {
    d->x = number(t, row, f->x);
    d->y = f->kind != ULP_HISTOGRAM ? number(t, row, f->y)
           : f->z                   ? number(t, row, f->z)
                                    : 1;
  }
  read_interval(d, t, row, f->interval);
  if (f->predicted)
    d->predicted = ulp_table_number(t, row, f->predicted);
  return true;
}

/* ---- all rows ------------------------------------------------------------ */

static int by_place(const void *a, const void *b)
{
  const ulp_point *x = a, *y = b;
  if (x->panel != y->panel)
    return x->panel < y->panel ? -1 : 1;
  if (x->series != y->series)
    return x->series < y->series ? -1 : 1;
  if (x->category != y->category)
    return x->category < y->category ? -1 : 1;
  if (x->x != y->x)
    return x->x < y->x ? -1 : 1;
  return x->order < y->order ? -1 : 1;
}

static bool same_place(const ulp_point *a, const ulp_point *b)
{
  return a->panel == b->panel && a->series == b->series &&
         a->category == b->category && a->x == b->x;
}

/* The first row of a place stands for it: a picture of one value each. */
static void drop_repeated(ulp_picture *p)
{
  size_t n = 0;
  if (p->figure->kind == ULP_HISTOGRAM || p->figure->kind == ULP_SCATTER)
    return;
  for (size_t i = 0; i < p->count; i++) {
    if (n > 0 && same_place(&p->point[n - 1], &p->point[i]))
      p->repeated++;
    else
      p->point[n++] = p->point[i];
  }
  p->count = n;
}

static void find_ranges(ulp_picture *p)
{
  p->low = p->x_low = INFINITY;
  p->high = p->x_high = -INFINITY;
  bool log = is_log(p->figure, 'y');
  for (size_t i = 0; i < p->count; i++) {
    const ulp_point *d = &p->point[i];
    double least = log ? fmax(d->low, d->y / 2) : d->low;
    if (isfinite(d->predicted) && (!log || d->predicted > 0)) {
      p->low = fmin(p->low, d->predicted);
      p->high = fmax(p->high, d->predicted);
    }
    p->low = fmin(p->low, least);
    p->high = fmax(p->high, d->high);
    p->x_low = fmin(p->x_low, d->x);
    p->x_high = fmax(p->x_high, d->x);
  }
}

static bool take_rows(ulp_picture *p)
{
  p->point = malloc((p->rows.count + 1) * sizeof *p->point);
  if (!p->point)
    return false;
  for (size_t i = 0; i < p->rows.count; i++) {
    ulp_point d;
    if (!has_value(p, p->rows.row[i]))
      continue;
    if (!read_point(p, &d, p->rows.row[i]))
      return false;
    /* A heat map is as large on the page however many cells it has. */
    bool room = p->figure->kind == ULP_HEAT ||
                (d.series < ULP_MOST_SERIES && p->count < ULP_MOST_POINTS);
    if (!can_be_drawn(p->figure, &d))
      p->undrawn++;
    else if (room && d.panel < ULP_MOST_PANELS)
      p->point[p->count++] = d;
  }
  return true;
}

bool ulp_picture_make(ulp_picture *p, const ulp_figure_row *f,
                      const ulp_table *t)
{
  *p = (ulp_picture){.figure = f};
  if (!ulp_select(&p->rows, t, f->filter) || !take_rows(p)) {
    ulp_picture_free(p);
    return false;
  }
  qsort(p->point, p->count, sizeof *p->point, by_place);
  drop_repeated(p);
  find_ranges(p);
  return true;
}

void ulp_picture_free(ulp_picture *p)
{
  ulp_selection_free(&p->rows);
  ulp_labels_free(&p->panels);
  ulp_labels_free(&p->series);
  ulp_labels_free(&p->categories);
  ulp_labels_free(&p->across);
  free(p->point);
  *p = (ulp_picture){0};
}
