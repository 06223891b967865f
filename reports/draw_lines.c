/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Lines: y against x with intervals, predictions and bounds.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "draw.h"

enum { MOST_OF_A_LINE = 120 };

typedef enum { VALUES, INTERVALS, PREDICTIONS } what;

static void line(ulp_text *gp, const ulp_point *d, what part)
{
  if (part == VALUES)
    ulp_text_printf(gp, "%.6g %.6g\n", d->x, d->y);
  else if (part == PREDICTIONS && isfinite(d->predicted))
    ulp_text_printf(gp, "%.6g %.6g\n", d->x, d->predicted);
  else if (part == INTERVALS && d->low < d->high)
    ulp_text_printf(gp, "%.6g %.6g %.6g %.6g\n", d->x, d->y, d->low, d->high);
}

/* A block of each series that the panel has; an undefined point keeps one
 * that has no other. */
static void block(ulp_text *gp, const ulp_picture *p, size_t panel, what part)
{
  static const char *const names[] = {"values", "intervals", "predictions"};
  ulp_text_printf(gp, "$%s << EOD\n", names[part]);
  for (size_t s = 0; s < p->series.count; s++) {
    if (!ulp_in_panel(p, panel, s))
      continue;
    size_t n = 0, i = 0;
    for (size_t k = 0; k < p->count; k++)
      n += p->point[k].panel == panel && p->point[k].series == s;
    size_t step = n / MOST_OF_A_LINE + 1;
    ulp_text_printf(gp, "NaN NaN NaN NaN\n");
    for (size_t k = 0; k < p->count; k++)
      if (p->point[k].panel == panel && p->point[k].series == s &&
          i++ % step == 0)
        line(gp, &p->point[k], part);
    ulp_text_printf(gp, "\n\n");
  }
  ulp_text_printf(gp, "EOD\n");
}

/* ---- bounds -------------------------------------------------------------- */

typedef struct {
  double x, y;
} place;

static int by_x(const void *a, const void *b)
{
  const place *p = a, *q = b;
  return (p->x > q->x) - (p->x < q->x);
}

static bool belongs(const ulp_picture *p, size_t row, size_t panel)
{
  ulp_text label = {0};
  ulp_row_label(&label, p->rows.table, row, p->figure->panels);
  bool same = strcmp(label.text ? label.text : "", p->panels.name[panel]) == 0;
  ulp_text_free(&label);
  return same;
}

static void bound_line(ulp_text *gp, const ulp_picture *p, size_t panel,
                       const ulp_selection *s, const char *column)
{
  place *at = malloc((s->count + 1) * sizeof *at);
  size_t n = 0;
  gp->failed |= !at;
  for (size_t i = 0; at && i < s->count; i++) {
    place d = {ulp_table_number(s->table, s->row[i], p->figure->x),
               ulp_table_number(s->table, s->row[i], column)};
    if (isfinite(d.x) && isfinite(d.y) && belongs(p, s->row[i], panel))
      at[n++] = d;
  }
  if (at)
    qsort(at, n, sizeof *at, by_x);
  ulp_text_printf(gp, "NaN NaN\n");
  for (size_t i = 0; i < n; i++)
    if (i == 0 || at[i].x != at[i - 1].x)
      ulp_text_printf(gp, "%.6g %.6g\n", at[i].x, at[i].y);
  ulp_text_printf(gp, "\n\n");
  free(at);
}

/* $bounds and their names, which `more` also gets. */
static void bounds(ulp_text *gp, const ulp_picture *p, size_t panel,
                   ulp_labels *more)
{
  const ulp_figure_row *f = p->figure;
  ulp_selection s = {0};
  char *copy = strdup(f->bounds ? f->bounds : ""), *rest = copy, *word;
  size_t n = 0;
  if (!copy || (f->bounds &&
                !ulp_select(&s, p->rows.table, f->bounds_filter)))
    gp->failed = true;
  if (f->bounds && !gp->failed) {
    ulp_text_printf(gp, "$bounds << EOD\n");
    while ((word = ulp_next_word(&rest, ' ')) != NULL && n < 8) {
      char *name = strchr(word, ':');
      *name++ = '\0';
      for (char *c = name; *c; c++)
        *c = *c == '_' ? ' ' : *c;
      bound_line(gp, p, panel, &s, word);
      n += ulp_label(more, name) != SIZE_MAX;
    }
    ulp_text_printf(gp, "EOD\n");
  }
  ulp_text_printf(gp, "bounds = %zu\n", n);
  ulp_selection_free(&s);
  free(copy);
}

/* ---- axes ---------------------------------------------------------------- */

static void x_axis(ulp_text *gp, const ulp_picture *p)
{
  double low = p->x_low, high = p->x_high;
  bool binary = ulp_axis(p->figure, "x log2");
  if (ulp_is_log(p->figure, 'x')) {
    ulp_text_printf(gp, "set logscale x %d\n", binary ? 2 : 10);
    ulp_text_printf(gp, "set xrange [%.9g:%.9g]\n", low / 1.15, high * 1.15);
    ulp_gp_log_tics(gp, "x", binary ? 2 : 10, low / 1.15, high * 1.15);
    return;
  }
  double room = 0.03 * (high - low);
  ulp_text_printf(gp, "set xrange [%.9g:%.9g]\n", low - (room > 0 ? room : 1),
                  high + (room > 0 ? room : 1));
}

void ulp_draw_lines(ulp_text *gp, const ulp_picture *p, size_t panel)
{
  const ulp_figure_row *f = p->figure;
  ulp_text x = {0}, y = {0};
  ulp_labels more = {0};
  ulp_axis_label(&x, p, f->x_label, f->x);
  ulp_axis_label(&y, p, f->y_label, f->y);
  ulp_gp_string(gp, "x_label", x.text);
  ulp_gp_string(gp, "y_label", y.text);
  if (ulp_is_log(f, 'y'))
    ulp_text_printf(gp, "set logscale y\n");
  x_axis(gp, p);
  ulp_gp_range(gp, p, "y");
  bounds(gp, p, panel, &more);
  if (f->predicted)
    ulp_label(&more, "predicted");
  ulp_text_printf(gp, "predicted = %d\njoined = %d\n", f->predicted != NULL,
                  !ulp_axis(f, "points"));
  ulp_gp_frame(gp, p, panel, &more, ULP_PLOT_HEIGHT);
  block(gp, p, panel, VALUES);
  block(gp, p, panel, INTERVALS);
  if (f->predicted)
    block(gp, p, panel, PREDICTIONS);
  gp->failed |= x.failed || y.failed;
  ulp_labels_free(&more);
  ulp_text_free(&x);
  ulp_text_free(&y);
}
