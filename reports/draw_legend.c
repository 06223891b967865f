/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The frame of a picture: the canvas, and the legend in rows below the plot,
 * where it hides no data.
 */
#include <math.h>
#include <string.h>

#include "draw.h"

typedef struct {
  size_t columns, width; /* pixels of a column */
  size_t entries;        /* so far */
  size_t rows;
} legend;

static legend plan_legend(const ulp_picture *p, size_t panel,
                          const ulp_labels *more)
{
  legend l = {.entries = more->count};
  double widest = 20;
  for (size_t s = 0; s < p->series.count; s++) {
    if (!*p->series.name[s] || !ulp_in_panel(p, panel, s))
      continue;
    widest = fmax(widest, ulp_text_width(p->series.name[s]));
    l.entries++;
  }
  for (size_t i = 0; i < more->count; i++)
    widest = fmax(widest, ulp_text_width(more->name[i]));
  l.width = (size_t)widest + 44;
  l.columns = (ULP_WIDTH - 12) / l.width;
  l.columns = l.columns < 1 ? 1 : l.columns;
  l.columns = l.columns > l.entries && l.entries ? l.entries : l.columns;
  l.rows = (l.entries + l.columns - 1) / l.columns;
  l.entries = 0;
  return l;
}

/* A name, and its mark in front: a point, or a line. */
static void entry(ulp_text *gp, legend *l, const char *name, bool is_line,
                  const char *look)
{
  size_t column = l->entries % l->columns, row = l->entries / l->columns;
  double x = ((double)ULP_WIDTH - (double)(l->columns * l->width)) / 2 + 26 +
             (double)(column * l->width);
  size_t y = (l->rows - row) * ULP_LINE_HEIGHT - ULP_LINE_HEIGHT / 2;
  l->entries++;
  ulp_text_printf(gp, "set label ");
  ulp_gp_text(gp, name);
  ulp_text_printf(gp, " at screen %.4f, screen %zu.0/height left", x / ULP_WIDTH,
                  y);
  if (!is_line)
    ulp_text_printf(gp, " point %s offset 1.2,-0.3\n", look);
  else
    ulp_text_printf(gp, " offset 1.2,0\nset arrow from screen %.4f, screen "
                        "%zu.0/height to screen %.4f, screen %zu.0/height "
                        "nohead %s\n", (x - 18) / ULP_WIDTH, y,
                    (x + 5) / ULP_WIDTH, y, look);
}

/* Bounds are lines 21 and 22, predictions line 23 or rings, the front 24. */
static void more_entries(ulp_text *gp, legend *l, const ulp_picture *p,
                         const ulp_labels *more)
{
  char look[32];
  bool rows = p->figure->kind == ULP_DOTS || p->figure->kind == ULP_BARS;
  for (size_t i = 0; i < more->count; i++) {
    bool predicted = strcmp(more->name[i], "predicted") == 0;
    bool front = strcmp(more->name[i], "Pareto front") == 0;
    snprintf(look, sizeof look, "lt %zu", predicted ? 23 : front ? 24 : 21 + i);
    entry(gp, l, more->name[i], !(rows && predicted),
          rows && predicted ? "pt 6 ps 1.1 lc rgb '#5a5f66'" : look);
  }
}

void ulp_gp_frame(ulp_text *gp, const ulp_picture *p, size_t panel,
                  const ulp_labels *more, size_t plot)
{
  const ulp_labels none = {0};
  more = more ? more : &none;
  legend l = plan_legend(p, panel, more);
  size_t n = 0;
  char look[32];
  ulp_text_printf(gp, "height = %zu\nlegend = %zu\narray style[%d]\n",
                  plot + 90 + l.rows * ULP_LINE_HEIGHT, l.rows,
                  ULP_MOST_SERIES + 1);
  for (size_t s = 0; s < p->series.count; s++) {
    if (!ulp_in_panel(p, panel, s))
      continue;
    ulp_text_printf(gp, "style[%zu] = %zu\n", ++n, s + 1);
    snprintf(look, sizeof look, "lt %zu", s + 1);
    if (*p->series.name[s])
      entry(gp, &l, p->series.name[s], false, look);
  }
  more_entries(gp, &l, p, more);
  ulp_text_printf(gp, "n = %zu\n", n);
  if (ulp_axis(p->figure, "x zero"))
    ulp_text_printf(gp, "set xzeroaxis lc rgb '#5a5f66' lw 1\n");
}
