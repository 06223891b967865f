/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Heat maps: a value as a colour over two lists, and in figures where they
 * fit.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "draw.h"

enum { MOST_WITH_FIGURES = 12, MOST_NAMES = 30 };

/* "layer 3" is "3": the axis says of what. */
static const char *short_label(const char *name)
{
  const char *blank = strchr(name, ' ');
  char *end;
  if (!blank || strchr(blank + 1, ' '))
    return name;
  strtod(blank + 1, &end);
  return *end ? name : blank + 1;
}

/* Two digits, in as few letters as can be: 1e-5 for 1e-05. */
enum { FIGURE = 40 };
static void short_figure(char text[FIGURE], double v)
{
  double size = fabs(v);
  snprintf(text, FIGURE,
           size >= 100 && size < 1e4 ? "%.0f"
           : size < 0.01 && size > 0 ? "%.0e"
                                     : "%.2g", v);
  char *e = strchr(text, 'e');
  if (e && e[2] == '0')
    memmove(e + 2, e + 3, strlen(e + 3) + 1);
  if (e && e[1] == '+')
    memmove(e + 1, e + 2, strlen(e + 2) + 1);
}

static void tick(ulp_text *gp, const char *name, bool few)
{
  char text[FIGURE], *end;
  double v = strtod(name, &end);
  if (few && end != name && !*end) {
    short_figure(text, v);
    name = text;
  }
  ulp_gp_text(gp, name);
}

/* All names or, where there is no room for them, some, numbers short. */
static void names(ulp_text *gp, const ulp_labels *l, const char *axis,
                  bool down)
{
  bool few = l->count > MOST_NAMES;
  size_t step = few ? (l->count + 7) / 8 : 1;
  const char *comma = "";
  ulp_text_printf(gp, "set %stics (", axis);
  for (size_t i = 0; i < l->count; i += step) {
    ulp_text_printf(gp, "%s", comma);
    tick(gp, short_label(l->name[i]), few);
    ulp_text_printf(gp, " %d", down ? -(int)i : (int)i);
    comma = ", ";
  }
  ulp_text_printf(gp, ")\n");
}

static size_t longest(const ulp_labels *l)
{
  size_t most = 0;
  for (size_t i = 0; i < l->count; i++) {
    size_t n = strlen(short_label(l->name[i]));
    most = n > most ? n : most;
  }
  return most;
}

/* Where a value stands in the palette, 0 to 1. */
static double shade(const ulp_picture *p, double v)
{
  double low = p->low, high = p->high;
  if (ulp_axis(p->figure, "z signed")) {
    high = fmax(fabs(low), fabs(high));
    low = -high;
  }
  if (ulp_is_log(p->figure, 'z')) {
    low = log10(low);
    high = log10(high);
    v = log10(v);
  }
  return high > low ? (v - low) / (high - low) : 0.5;
}

static void figure(ulp_text *gp, double v)
{
  char text[FIGURE];
  short_figure(text, v);
  ulp_text_printf(gp, "\"%s\"", text);
}

static void cells(ulp_text *gp, const ulp_picture *p, const double *value)
{
  size_t nx = p->across.count, ny = p->categories.count;
  ulp_text_printf(gp, "$cells << EOD\n");
  for (size_t y = 0; y < ny; y++) {
    for (size_t x = 0; x < nx; x++)
      if (isfinite(value[y * nx + x]))
        ulp_text_printf(gp, "%zu %d %.4g\n", x, -(int)y, value[y * nx + x]);
      else
        ulp_text_printf(gp, "%zu %d NaN\n", x, -(int)y);
  }
  ulp_text_printf(gp, "EOD\n");
}

/* Figures on light and on dark cells, if there is room. */
static void figures(ulp_text *gp, const ulp_picture *p, const double *value,
                    bool room)
{
  size_t nx = p->across.count, ny = room ? p->categories.count : 0;
  bool signed_z = ulp_axis(p->figure, "z signed");
  for (int dark = 0; dark < 2; dark++) {
    ulp_text_printf(gp, "$%s << EOD\nNaN NaN \"\"\n", dark ? "dark" : "light");
    for (size_t i = 0; i < nx * ny; i++) {
      double at = shade(p, value[i]);
      bool is_dark = signed_z ? fabs(at - 0.5) > 0.28 : at > 0.5;
      if (!isfinite(value[i]) || is_dark != dark)
        continue;
      ulp_text_printf(gp, "%zu %d ", i % nx, -(int)(i / nx));
      figure(gp, value[i]);
      ulp_text_printf(gp, "\n");
    }
    ulp_text_printf(gp, "EOD\n");
  }
}

static void colours(ulp_text *gp, const ulp_picture *p)
{
  double low = p->low, high = p->high;
  bool both = ulp_axis(p->figure, "z signed");
  if (both) {
    high = fmax(fabs(low), fabs(high));
    low = -high;
  }
  if (!(low < high)) {
    low = fmin(low, 0);
    high = low + 1;
  }
  ulp_text_printf(gp, "signed = %d\n", both);
  if (ulp_is_log(p->figure, 'z'))
    ulp_text_printf(gp, "set logscale cb\n");
  ulp_text_printf(gp, "set cbrange [%.6g:%.6g]\n", low, high);
}

void ulp_draw_heat(ulp_text *gp, const ulp_picture *p, size_t panel)
{
  const ulp_figure_row *f = p->figure;
  size_t nx = p->across.count, ny = p->categories.count;
  double *value = malloc((nx * ny + 1) * sizeof *value);
  ulp_text x = {0}, y = {0}, z = {0};
  if (!value) {
    gp->failed = true;
    return;
  }
  for (size_t i = 0; i < nx * ny; i++)
    value[i] = NAN;
  for (size_t i = 0; i < p->count; i++)
    if (p->point[i].panel == panel)
      value[p->point[i].category * nx + p->point[i].series] = p->point[i].y;
  ulp_axis_label(&x, p, f->x_label, f->x);
  ulp_axis_label(&y, p, f->y_label, f->y);
  ulp_axis_label(&z, p, NULL, f->z);
  ulp_gp_string(gp, "x_label", x.text);
  ulp_gp_string(gp, "y_label", y.text);
  ulp_gp_string(gp, "z_label", z.text);
  bool small = nx <= MOST_WITH_FIGURES && ny <= MOST_NAMES;
  bool turned = longest(&p->across) * nx > 34;
  size_t turned_room = nx <= MOST_NAMES && turned ? longest(&p->across) * 5 + 10 : 0;
  ulp_text_printf(gp, "small = %d\nturned = %d\nroom = %zu\nwide = %zu\n"
                      "high = %zu\nleft = %zu\n", small, turned_room > 0,
                  turned_room, nx, ny, longest(&p->categories) * 7 + 16);
  names(gp, &p->across, "x", false);
  names(gp, &p->categories, "y", true);
  colours(gp, p);
  size_t plot = ny > MOST_NAMES ? 330 : ny * 22 + 10;
  ulp_gp_frame(gp, p, panel, NULL, plot + turned_room);
  cells(gp, p, value);
  figures(gp, p, value, small);
  gp->failed |= x.failed || y.failed || z.failed;
  free(value);
  ulp_text_free(&x);
  ulp_text_free(&y);
  ulp_text_free(&z);
}
