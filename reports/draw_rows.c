/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Dots and bars: a row for each text, its name at the left.
 */
#include <math.h>
#include <stdlib.h>

#include "draw.h"

/* Rows that this panel has, from the top: place[category] is 1, 2, ... or 0. */
static size_t places(size_t *place, const ulp_picture *p, size_t panel)
{
  size_t n = 0;
  for (size_t c = 0; c < p->categories.count; c++)
    place[c] = 0;
  for (size_t i = 0; i < p->count; i++)
    if (p->point[i].panel == panel)
      place[p->point[i].category] = 1;
  for (size_t c = 0; c < p->categories.count; c++)
    if (place[c])
      place[c] = ++n;
  return n;
}

/* Beside each other within a row: the series of this panel. */
static double offset(const ulp_picture *p, size_t panel, size_t s)
{
  size_t before = 0, all = 0;
  for (size_t k = 0; k < p->series.count; k++) {
    bool here = ulp_in_panel(p, panel, k);
    before += here && k < s;
    all += here;
  }
  return all < 2 ? 0 : 0.7 * ((double)before / (double)(all - 1) - 0.5);
}

static void block(ulp_text *gp, const ulp_picture *p, size_t panel,
                  const size_t *place, const char *name, bool predictions)
{
  ulp_text_printf(gp, "$%s << EOD\n", name);
  for (size_t s = 0; s < p->series.count; s++) {
    if (!ulp_in_panel(p, panel, s))
      continue;
    double beside = offset(p, panel, s);
    ulp_text_printf(gp, "NaN NaN NaN NaN\n");
    for (size_t i = 0; i < p->count; i++) {
      const ulp_point *d = &p->point[i];
      double v = predictions ? d->predicted : d->y;
      if (d->panel == panel && d->series == s && isfinite(v))
        ulp_text_printf(gp, "%.6g %.4f %.6g %.6g\n", v,
                        -(double)place[d->category] - beside,
                        predictions ? v : d->low, predictions ? v : d->high);
    }
    ulp_text_printf(gp, "\n\n");
  }
  ulp_text_printf(gp, "EOD\n");
}

static void names(ulp_text *gp, const ulp_picture *p, const size_t *place)
{
  const char *comma = "";
  double widest = 20;
  ulp_text_printf(gp, "set ytics (");
  for (size_t c = 0; c < p->categories.count; c++) {
    if (!place[c])
      continue;
    ulp_text_printf(gp, "%s", comma);
    ulp_gp_text(gp, p->categories.name[c]);
    ulp_text_printf(gp, " %d", -(int)place[c]);
    comma = ", ";
    widest = fmax(widest, ulp_text_width(p->categories.name[c]));
  }
  ulp_text_printf(gp, ")\nleft = %.0f\n", fmin(widest + 14, 230));
}

static size_t series_here(const ulp_picture *p, size_t panel)
{
  size_t n = 0;
  for (size_t s = 0; s < p->series.count; s++)
    n += ulp_in_panel(p, panel, s);
  return n;
}

void ulp_draw_rows(ulp_text *gp, const ulp_picture *p, size_t panel)
{
  const ulp_figure_row *f = p->figure;
  ulp_text x = {0};
  ulp_labels more = {0};
  size_t *place = calloc(p->categories.count + 1, sizeof *place);
  if (!place) {
    gp->failed = true;
    return;
  }
  size_t rows = places(place, p, panel), series = series_here(p, panel);
  size_t room = series > 2 ? 7 * series + 4 : 18;
  ulp_axis_label(&x, p, f->y_label, f->y);
  ulp_gp_string(gp, "x_label", x.text);
  if (ulp_is_log(f, 'y'))
    ulp_text_printf(gp, "set logscale x\n");
  ulp_gp_range(gp, p, "x");
  ulp_text_printf(gp, "set yrange [%.1f:-0.4]\n", -(double)rows - 0.6);
  names(gp, p, place);
  if (f->predicted)
    ulp_label(&more, "predicted");
  ulp_text_printf(gp, "predicted = %d\nthick = %.3f\n", f->predicted != NULL,
                  series < 2 ? 0.35 : 0.3 / (double)(series - 1));
  ulp_gp_frame(gp, p, panel, &more, rows * room + 14);
  block(gp, p, panel, place, "values", false);
  if (f->predicted)
    block(gp, p, panel, place, "predictions", true);
  gp->failed |= x.failed;
  ulp_labels_free(&more);
  ulp_text_free(&x);
  free(place);
}
