/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Settings that the kinds of pictures share; captions and alternatives.
 */
#include <math.h>
#include <string.h>

#include "draw.h"

void ulp_gp_text(ulp_text *gp, const char *text)
{
  ulp_text_printf(gp, "'");
  for (; *text; text++)
    ulp_text_printf(gp, *text == '\'' ? "''" : "%c",
                    *text == '\n' || *text == '\r' ? ' ' : *text);
  ulp_text_printf(gp, "'");
}

void ulp_gp_string(ulp_text *gp, const char *name, const char *text)
{
  ulp_text_printf(gp, "%s = ", name);
  ulp_gp_text(gp, text ? text : "");
  ulp_text_printf(gp, "\n");
}

bool ulp_is_log(const ulp_figure_row *f, char axis)
{
  char name[] = {axis, ' ', 'l', 'o', 'g', '2', '\0'};
  bool log2 = ulp_axis(f, name);
  name[5] = '\0';
  return log2 || ulp_axis(f, name);
}

void ulp_axis_label(ulp_text *to, const ulp_picture *p, const char *given,
                    const char *column)
{
  if (given) {
    ulp_text_printf(to, "%s", given);
    return;
  }
  char name[64];
  snprintf(name, sizeof name, "%.*s", (int)strcspn(column, "?"), column);
  const ulp_column *c = ulp_column_find(p->rows.table->experiment, name);
  ulp_text_printf(to, "%s", name);
  if (c && *c->unit && strcmp(c->unit, "1") != 0)
    ulp_text_printf(to, " (%s)", c->unit);
}

/* ---- ranges -------------------------------------------------------------- */

static void log_range(double *low, double *high)
{
  *low = pow(10, floor(log10(*low) + 1e-9));
  *high = pow(10, ceil(log10(*high) - 1e-9));
  if (*low == *high)
    *high = 10 * *low;
}

static void linear_range(const ulp_figure_row *f, double *low, double *high)
{
  if (ulp_axis(f, "y zero")) {
    *low = fmin(*low, 0);
    *high = fmax(*high, 0);
  }
  double room = 0.04 * (*high - *low);
  if (room <= 0)
    room = fmax(fabs(*high) * 0.1, 1e-3);
  *low -= *low == 0 ? 0 : room;
  *high += *high == 0 ? 0 : room;
}

void ulp_gp_range(ulp_text *gp, const ulp_picture *p, const char *axis)
{
  double low = p->low, high = p->high;
  if (!(low <= high))
    return;
  if (ulp_is_log(p->figure, 'y'))
    log_range(&low, &high);
  else
    linear_range(p->figure, &low, &high);
  ulp_text_printf(gp, "set %srange [%.9g:%.9g]\nfloor_y = %.9g\n", axis, low,
                  high, low);
  if (low < 0 && high > 0)
    ulp_text_printf(gp, "set %szeroaxis lc rgb '#5a5f66' lw 1\n",
                    *axis == 'x' ? "y" : "x");
}

/* ---- series -------------------------------------------------------------- */

bool ulp_in_panel(const ulp_picture *p, size_t panel, size_t s)
{
  for (size_t i = 0; i < p->count; i++)
    if (p->point[i].panel == panel && p->point[i].series == s)
      return true;
  return false;
}

size_t ulp_gp_series(ulp_text *gp, const ulp_picture *p, size_t panel,
                     const ulp_labels *more)
{
  size_t n = 0, widest = 1, all = more ? more->count : 0;
  for (size_t s = 0; s < p->series.count; s++)
    n += ulp_in_panel(p, panel, s);
  ulp_text_printf(gp, "n = %zu\narray name[%zu]\narray style[%zu]\n", n, n + 1,
                  n + 1);
  for (size_t s = 0, i = 0; s < p->series.count; s++) {
    if (!ulp_in_panel(p, panel, s))
      continue;
    ulp_text_printf(gp, "style[%zu] = %zu\nname[%zu] = ", i + 1, s + 1, i + 1);
    ulp_gp_text(gp, p->series.name[s]);
    ulp_text_printf(gp, "\n");
    widest = strlen(p->series.name[s]) > widest ? strlen(p->series.name[s])
                                                : widest;
    i++;
  }
  for (size_t i = 0; i < all; i++)
    widest = strlen(more->name[i]) > widest ? strlen(more->name[i]) : widest;
  all += n == 1 && !*p->series.name[0] ? 0 : n;
  size_t columns = (ULP_WIDTH - 20) / (widest * 7 + 48);
  columns = columns < 1 ? 1 : columns > all && all > 0 ? all : columns;
  ulp_text_printf(gp, "columns = %zu\n", columns);
  return (all + columns - 1) / columns;
}

void ulp_gp_canvas(ulp_text *gp, const ulp_picture *p, size_t plot,
                   size_t legend)
{
  ulp_text_printf(gp, "height = %zu\nlegend = %zu\n",
                  plot + 75 + legend * ULP_LINE_HEIGHT, legend);
  if (ulp_axis(p->figure, "x zero"))
    ulp_text_printf(gp, "set xzeroaxis lc rgb '#5a5f66' lw 1\n");
}

/* ---- one panel ----------------------------------------------------------- */

void ulp_picture_data(ulp_text *gp, const ulp_picture *p, size_t panel,
                      const char *stem)
{
  ulp_text_printf(gp, "# ");
  ulp_text_printf(gp, "%s, %s: %s\n", p->figure->experiment, p->figure->name,
                  p->figure->title);
  ulp_text_add(gp, ulp_gp_common, strlen(ulp_gp_common));
  ulp_gp_string(gp, "panel", p->panels.name[panel]);
  switch (p->figure->kind) {
  case ULP_LINES: ulp_draw_lines(gp, p, panel); break;
  case ULP_DOTS:
  case ULP_BARS: ulp_draw_rows(gp, p, panel); break;
  case ULP_HEAT: ulp_draw_heat(gp, p, panel); break;
  case ULP_HISTOGRAM: ulp_draw_histogram(gp, p, panel); break;
  case ULP_SCATTER: ulp_draw_scatter(gp, p, panel); break;
  case ULP_NO_PICTURE:
  case ULP_OWN_PICTURE: break;
  }
  ulp_text_printf(gp, "set terminal svg size %d,height font 'sans,13' "
                      "noenhanced\nset output '%s.svg'\n", ULP_WIDTH, stem);
}

const char *ulp_picture_script(ulp_picture_kind kind)
{
  static const char *const scripts[] = {
      [ULP_LINES] = ulp_gp_lines,         [ULP_DOTS] = ulp_gp_dots,
      [ULP_BARS] = ulp_gp_bars,           [ULP_HEAT] = ulp_gp_heat,
      [ULP_HISTOGRAM] = ulp_gp_histogram, [ULP_SCATTER] = ulp_gp_scatter};
  return scripts[kind];
}

/* ---- in words ------------------------------------------------------------ */

void ulp_picture_caption(ulp_text *to, const ulp_picture *p)
{
  ulp_text_printf(to, "%s", p->figure->caption);
  if (p->rows.shown.size)
    ulp_text_printf(to, " Shown: %s.", p->rows.shown.text);
  if (p->undrawn)
    ulp_text_printf(to, " Not drawn: %zu of %zu values, which are infinite or, "
                        "on a logarithmic axis, not above 0.",
                    p->undrawn, p->undrawn + p->count + p->repeated);
  if (p->repeated)
    ulp_text_printf(to, " Of rows at the same place (%zu more) the first is "
                        "drawn.", p->repeated);
  if (p->series.count > ULP_MOST_SERIES && p->figure->kind != ULP_HEAT)
    ulp_text_printf(to, " The first %d of %zu series.", ULP_MOST_SERIES,
                    p->series.count);
  if (p->panels.count > ULP_MOST_PANELS)
    ulp_text_printf(to, " The first %d of %zu pictures.", ULP_MOST_PANELS,
                    p->panels.count);
}

static void list(ulp_text *to, const char *word, const ulp_labels *l)
{
  if (l->count == 0 || !*l->name[0])
    return;
  ulp_text_printf(to, " %s: ", word);
  for (size_t i = 0; i < l->count && i < ULP_MOST_SERIES; i++)
    ulp_text_printf(to, "%s%s", i ? ", " : "", l->name[i]);
  ulp_text_printf(to, "%s.", l->count > ULP_MOST_SERIES ? ", ..." : "");
}

void ulp_picture_alt(ulp_text *to, const ulp_picture *p, size_t panel)
{
  const ulp_figure_row *f = p->figure;
  ulp_text_printf(to, "%s", f->title);
  if (*p->panels.name[panel])
    ulp_text_printf(to, ", %s", p->panels.name[panel]);
  ulp_text_printf(to, ". ");
  if (f->kind == ULP_HEAT)
    ulp_axis_label(to, p, f->z, f->z);
  else if (f->kind == ULP_HISTOGRAM)
    ulp_text_printf(to, "Count");
  else
    ulp_axis_label(to, p, f->y_label, f->y);
  ulp_text_printf(to, f->kind == ULP_HEAT ? " by " : " against ");
  ulp_axis_label(to, p, f->x_label, f->x);
  if (p->low <= p->high && f->kind != ULP_HISTOGRAM)
    ulp_text_printf(to, ", from %.3g to %.3g", p->low, p->high);
  ulp_text_printf(to, ".");
  if (f->kind != ULP_HEAT)
    list(to, "Series", &p->series);
  list(to, "Rows", &p->categories);
  list(to, "Columns", &p->across);
}
