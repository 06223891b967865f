/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The rows of a CSV file as they are, for an experiment without a view.
 */
#include <stdlib.h>

#include "internal.h"

/* A page of a whole sweep would be megabytes; the file has the rest. */
enum { MOST_ROWS = 60 };

static void head(ulp_text *page, const ulp_table *t)
{
  ulp_text_printf(page, "<thead><tr>");
  for (const ulp_column *c = t->experiment->columns; c->name; c++) {
    ulp_text_printf(page, "<th scope=\"col\"%s title=\"",
                    c->type == ULP_COL_STRING ? " class=\"name\"" : "");
    ulp_html_text(page, c->description);
    ulp_text_printf(page, "\">");
    ulp_html_text(page, c->name);
    if (*c->unit && !(c->unit[0] == '1' && !c->unit[1])) {
      ulp_text_printf(page, " (");
      ulp_html_text(page, c->unit);
      ulp_text_printf(page, ")");
    }
    ulp_text_printf(page, "</th>");
  }
  ulp_text_printf(page, "</tr></thead>\n");
}

/* Four digits of a number: the file has all 17. */
static void cell(ulp_text *page, const ulp_column *c, const char *text)
{
  bool text_column = c->type == ULP_COL_STRING;
  ulp_text_printf(page, text_column ? "<td class=\"name\">" : "<td>");
  if (c->type == ULP_COL_NUMBER && *text && *text != 'N' && *text != 'I' &&
      text[1] != 'I')
    ulp_text_printf(page, "%.4g", strtod(text, NULL));
  else
    ulp_html_text(page, text);
  ulp_text_printf(page, "</td>");
}

void ulp_html_rows(ulp_text *page, const ulp_table *t)
{
  const ulp_column *columns = t->experiment->columns;
  size_t shown = t->rows < MOST_ROWS ? t->rows : MOST_ROWS;
  ulp_text_printf(page, "<details><summary>%zu rows of %s.csv</summary>\n"
                        "<div class=\"scroll\"><table>\n",
                  t->rows, t->experiment->name);
  head(page, t);
  ulp_text_printf(page, "<tbody>\n");
  for (size_t row = 0; row < shown; row++) {
    ulp_text_printf(page, "<tr>");
    for (size_t k = 0; k < t->columns; k++)
      cell(page, &columns[k], t->cell[row * t->columns + k]);
    ulp_text_printf(page, "</tr>\n");
  }
  ulp_text_printf(page, "</tbody></table></div>\n");
  if (shown < t->rows)
    ulp_text_printf(page, "<p class=\"note\">The first %zu; <a href=\"%s.csv\">"
                          "%s.csv</a> has all %zu.</p>\n", shown,
                    t->experiment->name, t->experiment->name, t->rows);
  ulp_text_printf(page, "</details>\n");
}
