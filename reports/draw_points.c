/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Histograms, and points with names and the Pareto front.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "draw.h"

/* ---- histograms ---------------------------------------------------------- */

enum { BINS = 31, MOST_BINS = 100 };

/* Of whole numbers in a small range a bin each. */
static double bin_width(const ulp_picture *p)
{
  double range = p->x_high - p->x_low;
  if (p->figure->z)
    return 1;
  for (size_t i = 0; i < p->count; i++)
    if (p->point[i].x != floor(p->point[i].x))
      return range > 0 ? range / BINS : 1;
  return fmax(1, ceil(range / BINS));
}

static void bins(ulp_text *gp, const ulp_picture *p, size_t panel, double low,
                 double width)
{
  double count[MOST_BINS] = {0}, most = 0;
  size_t n = p->figure->z ? MOST_BINS : BINS + 2;
  for (size_t i = 0; i < p->count; i++) {
    size_t k = (size_t)((p->point[i].x - low) / width);
    if (p->point[i].panel == panel && k < n)
      count[k] += p->point[i].y;
  }
  ulp_text_printf(gp, "$bins << EOD\n");
  for (size_t k = 0; k < n; k++) {
    if (count[k] > 0 || !ulp_is_log(p->figure, 'y'))
      ulp_text_printf(gp, "%.6g %.9g\n", low + ((double)k + 0.5) * width,
                      count[k]);
    most = fmax(most, count[k]);
  }
  ulp_text_printf(gp, "EOD\nmost = %.9g\n", most);
}

void ulp_draw_histogram(ulp_text *gp, const ulp_picture *p, size_t panel)
{
  ulp_text x = {0};
  ulp_labels more = {0};
  double width = bin_width(p), low = p->x_low - width / 2;
  size_t n = 0;
  for (size_t i = 0; i < p->count; i++)
    n += p->point[i].panel == panel;
  ulp_axis_label(&x, p, p->figure->x_label, p->figure->x);
  ulp_gp_string(gp, "x_label", x.text);
  ulp_gp_string(gp, "y_label",
                p->figure->y_label ? p->figure->y_label : "rows");
  bins(gp, p, panel, low, width);
  ulp_text_printf(gp, "width = %.9g\nrows = %zu\nnormal = %d\nlog_y = %d\n"
                      "set xrange [%.9g:%.9g]\n", width, n,
                  ulp_axis(p->figure, "normal"), ulp_is_log(p->figure, 'y'),
                  low, p->x_high + width / 2);
  if (ulp_axis(p->figure, "x steps"))
    ulp_gp_step_tics(gp, p->x_low, p->x_high);
  if (ulp_axis(p->figure, "normal"))
    ulp_label(&more, "normal law of variance 1");
  ulp_gp_frame(gp, p, panel, &more, ULP_PLOT_HEIGHT - 40);
  ulp_labels_free(&more);
  gp->failed |= x.failed;
  ulp_text_free(&x);
}

/* ---- points -------------------------------------------------------------- */

static void points(ulp_text *gp, const ulp_picture *p, size_t panel)
{
  ulp_text_printf(gp, "$values << EOD\n");
  for (size_t s = 0; s < p->series.count; s++) {
    if (!ulp_in_panel(p, panel, s))
      continue;
    ulp_text_printf(gp, "NaN NaN NaN NaN\n");
    for (size_t i = 0; i < p->count; i++)
      if (p->point[i].panel == panel && p->point[i].series == s)
        ulp_text_printf(gp, "%.6g %.6g %.6g %.6g\n", p->point[i].x,
                        p->point[i].y, p->point[i].low, p->point[i].high);
    ulp_text_printf(gp, "\n\n");
  }
  ulp_text_printf(gp, "EOD\n");
}

static int by_x(const void *a, const void *b)
{
  const ulp_point *p = a, *q = b;
  return (p->x > q->x) - (p->x < q->x);
}

/* From the least x on, each point that is better than all before. */
static void front(ulp_text *gp, const ulp_picture *p, size_t panel)
{
  double sign = ulp_axis(p->figure, "front-high") ? 1 : -1, best = -INFINITY;
  ulp_point *sorted = malloc((p->count + 1) * sizeof *sorted);
  size_t n = 0;
  gp->failed |= !sorted;
  for (size_t i = 0; sorted && i < p->count; i++)
    if (p->point[i].panel == panel)
      sorted[n++] = p->point[i];
  if (sorted)
    qsort(sorted, n, sizeof *sorted, by_x);
  ulp_text_printf(gp, "$front << EOD\nNaN NaN\n");
  for (size_t i = 0; i < n; i++) {
    double top = sign * sorted[i].y;
    for (; i + 1 < n && sorted[i + 1].x == sorted[i].x; i++)
      top = fmax(top, sign * sorted[i + 1].y);
    if (top > best) {
      best = top;
      ulp_text_printf(gp, "%.6g %.6g\n", sorted[i].x, sign * best);
    }
  }
  if (n > 0)
    ulp_text_printf(gp, "%.6g %.6g\n", p->x_high, sign * best);
  ulp_text_printf(gp, "EOD\nfront = %d\n",
                  ulp_axis(p->figure, "front-high") ||
                      ulp_axis(p->figure, "front-low"));
  free(sorted);
}

/* ---- names beside points ------------------------------------------------- */

typedef struct {
  double x, y, width; /* pixels, of the left end and the middle */
} box;

static double pixel(double v, double low, double high, bool log, double pixels)
{
  if (log && v > 0 && low > 0) {
    v = log10(v);
    low = log10(low);
    high = log10(high);
  }
  return high > low ? (v - low) / (high - low) * pixels : pixels / 2;
}

static bool is_free(const box *taken, size_t n, box b)
{
  if (b.x < 0 || b.x + b.width > ULP_WIDTH - 90 || b.y < 0)
    return false;
  for (size_t i = 0; i < n; i++)
    if (fabs(taken[i].y - b.y) < 13 && b.x < taken[i].x + taken[i].width &&
        taken[i].x < b.x + b.width)
      return false;
  return true;
}

static box point_box(const ulp_picture *p, const ulp_point *d)
{
  return (box){pixel(d->x, p->x_low, p->x_high, ulp_is_log(p->figure, 'x'),
                     ULP_WIDTH - 110),
               pixel(d->y, p->low, p->high, ulp_is_log(p->figure, 'y'),
                     ULP_PLOT_HEIGHT),
               0};
}

/* To the right, the left, above or below, where nothing stands yet; else the
 * point has no name. */
static void place_name(ulp_text *gp, const ulp_picture *p, const ulp_point *d,
                       box *taken, size_t *n)
{
  ulp_text name = {0};
  ulp_row_label(&name, p->rows.table, d->order, p->figure->z);
  box at = point_box(p, d);
  double width = name.text ? 6.5 * (double)strlen(name.text) : 0;
  const struct {
    double x, y;
    int align; /* 0 left, 1 right, 2 centred */
  } offers[] = {{7, 0, 0}, {-7 - width, 0, 1}, {-width / 2, 13, 2},
                {-width / 2, -13, 2}};
  for (size_t k = 0; k < sizeof offers / sizeof offers[0]; k++) {
    box b = {at.x + offers[k].x, at.y + offers[k].y, width};
    if (!is_free(taken, *n, b))
      continue;
    taken[(*n)++] = b;
    ulp_text_printf(gp, "set label ");
    ulp_gp_text(gp, name.text ? name.text : "");
    ulp_text_printf(gp, " at %.6g,%.6g %s offset %s font 'sans,11'\n", d->x,
                    d->y, offers[k].align == 0   ? "left"
                          : offers[k].align == 1 ? "right"
                                                 : "center",
                    k == 0   ? "0.8,0"
                    : k == 1 ? "-0.8,0"
                    : k == 2 ? "0,0.7"
                             : "0,-0.7");
    break;
  }
  ulp_text_free(&name);
}

static void point_names(ulp_text *gp, const ulp_picture *p, size_t panel)
{
  box *taken = malloc((2 * p->count + 1) * sizeof *taken);
  size_t n = 0;
  gp->failed |= !taken;
  for (size_t i = 0; taken && i < p->count; i++)
    if (p->point[i].panel == panel) {
      taken[n] = point_box(p, &p->point[i]);
      taken[n].x -= 4;
      taken[n++].width = 8;
    }
  for (size_t i = 0; taken && i < p->count; i++)
    if (p->point[i].panel == panel)
      place_name(gp, p, &p->point[i], taken, &n);
  free(taken);
}

void ulp_draw_scatter(ulp_text *gp, const ulp_picture *p, size_t panel)
{
  const ulp_figure_row *f = p->figure;
  ulp_text x = {0}, y = {0};
  ulp_labels more = {0};
  ulp_axis_label(&x, p, f->x_label, f->x);
  ulp_axis_label(&y, p, f->y_label, f->y);
  ulp_gp_string(gp, "x_label", x.text);
  ulp_gp_string(gp, "y_label", y.text);
  for (const char *axis = "xy"; *axis; axis++)
    if (ulp_is_log(f, *axis))
      ulp_text_printf(gp, "set logscale %c\n", *axis);
  ulp_gp_range(gp, p, "y");
  points(gp, p, panel);
  front(gp, p, panel);
  if (f->z)
    point_names(gp, p, panel);
  if (ulp_axis(f, "front-high") || ulp_axis(f, "front-low"))
    ulp_label(&more, "Pareto front");
  ulp_gp_frame(gp, p, panel, &more, ULP_PLOT_HEIGHT);
  gp->failed |= x.failed || y.failed;
  ulp_labels_free(&more);
  ulp_text_free(&x);
  ulp_text_free(&y);
}
