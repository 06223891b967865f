/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Settings that the kinds of pictures share; captions and alternatives.
 */
#include <math.h>
#include <stdlib.h>
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

/* Of the font of the ticks; names are in ASCII but for a few. */
double ulp_text_width(const char *text) { return 7.2 * (double)strlen(text); }

/* ---- ticks --------------------------------------------------------------- */

static void superscript(ulp_text *to, int n)
{
  static const char *const digits[] = {"⁰", "¹", "²", "³", "⁴",
                                       "⁵", "⁶", "⁷", "⁸", "⁹"};
  if (n < 0)
    ulp_text_printf(to, "⁻");
  if (abs(n) >= 10)
    superscript(to, abs(n) / 10);
  ulp_text_printf(to, "%s", digits[abs(n) % 10]);
}

/* 1024, 64Ki, 2⁻⁸; 0.01, 10⁻⁵. */
static void power(ulp_text *to, int base, int n)
{
  if (base == 2 && n >= 0 && n < 16)
    ulp_text_printf(to, "%d", 1 << n);
  else if (base == 2 && n >= 16 && n < 40)
    ulp_text_printf(to, "%d%s", 1 << n % 10,
                    n < 20 ? "Ki" : n < 30 ? "Mi" : "Gi");
  else if (base == 10 && n >= -2 && n <= 4)
    ulp_text_printf(to, "%g", pow(10, n));
  else {
    ulp_text_printf(to, "%d", base);
    superscript(to, n);
  }
}

void ulp_gp_log_tics(ulp_text *gp, const char *axis, int base, double low,
                     double high)
{
  int from = (int)ceil(log(low) / log(base) - 1e-6);
  int to = (int)floor(log(high) / log(base) + 1e-6);
  int step = (to - from) / 7 + 1;
  const char *comma = "";
  if (to <= from) /* less than two powers: gnuplot's own ticks */
    return;
  ulp_text_printf(gp, "set %stics (", axis);
  for (int n = from; n <= to; n += step) {
    ulp_text_printf(gp, "%s'", comma);
    power(gp, base, n);
    ulp_text_printf(gp, "' %.9g", pow(base, n));
    comma = ", ";
  }
  ulp_text_printf(gp, ")\n");
}

/* Each at the near end of its bin. */
void ulp_gp_step_tics(ulp_text *gp, double low, double high)
{
  enum { LAST = 30 };
  int every = high - low > 30 ? 10 : 5;
  ulp_text_printf(gp, "set xtics ('0' 0");
  for (int n = -LAST; n <= LAST; n += every) {
    int bin = n < 0 ? n - 1 : n + 1;
    if (n == 0 || bin < low || bin > high)
      continue;
    ulp_text_printf(gp, ", '%s", n < 0 ? "−" : "");
    power(gp, 2, abs(n));
    ulp_text_printf(gp, "' %d", bin);
  }
  ulp_text_printf(gp, ")\n");
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
  if (ulp_is_log(p->figure, 'y'))
    ulp_gp_log_tics(gp, axis, 10, low, high);
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

/* "data: normal", but "block 32 rtz". */
static void panel_title(ulp_text *gp, const ulp_picture *p, size_t panel)
{
  const char *columns = p->figure->panels, *name = p->panels.name[panel];
  ulp_text title = {0};
  if (columns && !strchr(columns, ' ') &&
      strncmp(name, columns, strlen(columns)) != 0)
    ulp_text_printf(&title, "%s: ", columns);
  ulp_text_printf(&title, "%s", name);
  ulp_gp_string(gp, "panel", title.text);
  gp->failed |= title.failed;
  ulp_text_free(&title);
}

/* ---- one panel ----------------------------------------------------------- */

void ulp_picture_data(ulp_text *gp, const ulp_picture *p, size_t panel,
                      const char *stem)
{
  ulp_text_printf(gp, "# ");
  ulp_text_printf(gp, "%s, %s: %s\n", p->figure->experiment, p->figure->name,
                  p->figure->title);
  ulp_text_add(gp, ulp_gp_common, strlen(ulp_gp_common));
  panel_title(gp, p, panel);
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
