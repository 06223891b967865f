/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How the ledger of claims is shown: the count of verdicts, what does not
 * hold, and every claim with its evidence, by verdict.
 */
#include <math.h>
#include <string.h>

#include "internal.h"

/* The verdicts of experiments/claims_verdict.c, and their classes. */
static const struct {
  const char *verdict, *id;
} kinds[] = {{"holds", "holds"},
             {"conditional", "conditional"},
             {"does not hold", "fails"},
             {"not testable here", "untested"}};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static const char *text(const ulp_table *t, size_t row, const char *column)
{
  return ulp_table_text(t, row, column);
}

static size_t kind_of(const ulp_table *t, size_t row)
{
  size_t k = 0;
  while (k + 1 < KINDS && strcmp(kinds[k].verdict, text(t, row, "verdict")))
    k++;
  return k;
}

static size_t count(const ulp_table *t, size_t kind)
{
  size_t n = 0;
  for (size_t row = 0; row < t->rows; row++)
    n += kind_of(t, row) == kind;
  return n;
}

/* Three digits and the unit, or a dash. */
static void figure(ulp_text *page, const ulp_table *t, size_t row)
{
  double v = ulp_table_number(t, row, "ours");
  const char *unit = text(t, row, "unit");
  if (isnan(v)) {
    ulp_text_printf(page, "–");
    return;
  }
  ulp_text_printf(page, "%s%.3g", v < 0 ? "−" : "", fabs(v));
  if (strcmp(unit, "1") != 0) {
    ulp_text_printf(page, " ");
    ulp_html_text(page, unit);
  }
}

/* ---- the first screen --------------------------------------------------- */

static void answer(ulp_text *page, const ulp_table *t)
{
  ulp_text_printf(page, "<p class=\"lead\">Of %zu claims of the guide, as far "
                        "as this machine can tell:</p>\n"
                        "<div class=\"cards\">\n", t->rows);
  for (size_t k = 0; k < KINDS; k++)
    ulp_text_printf(page, "<div class=\"card\"><b>%zu</b><span>%s</span>"
                          "</div>\n", count(t, k), kinds[k].verdict);
  ulp_text_printf(page, "</div>\n<p class=\"dim\">Each with its figure, its "
                        "evidence and the command that makes it: "
                        "<a href=\"#claims\">the ledger</a>.</p>\n");
}

/* ---- the ledger --------------------------------------------------------- */

static void filters(ulp_text *page, const ulp_table *t)
{
  ulp_filter choices[KINDS];
  for (size_t k = 0; k < KINDS; k++)
    choices[k] = (ulp_filter){kinds[k].id, kinds[k].verdict, count(t, k)};
  ulp_text_printf(page, "<style>#claims td{vertical-align:top}"
                        "#claims td.name{white-space:normal;min-width:12rem}"
                        "#claims td:nth-child(3){min-width:20rem}</style>\n");
  ulp_html_filters(page, "claims", choices, KINDS, t->rows);
}

static void item(ulp_text *page, const char *label, const char *value)
{
  if (!*value)
    return;
  ulp_text_printf(page, "<dt>%s</dt><dd>", label);
  ulp_html_text(page, value);
  ulp_text_printf(page, "</dd>");
}

static void cell(ulp_text *page, const char *value)
{
  ulp_text_printf(page, "<td>");
  ulp_html_text(page, *value ? value : "–");
  ulp_text_printf(page, "</td>");
}

static void row(ulp_text *page, const ulp_table *t, size_t i)
{
  ulp_text_printf(page, "<tr class=\"%s\"><td>", kinds[kind_of(t, i)].id);
  ulp_html_text(page, text(t, i, "id"));
  ulp_text_printf(page, "</td>");
  cell(page, text(t, i, "section"));
  ulp_text_printf(page, "<td class=\"name\">");
  ulp_html_text(page, text(t, i, "claim"));
  ulp_text_printf(page, "<details><summary>evidence</summary><dl>");
  item(page, "probes", text(t, i, "evidence"));
  item(page, "published", text(t, i, "published"));
  item(page, "method", text(t, i, "method"));
  item(page, "command", text(t, i, "command"));
  item(page, "source", text(t, i, "source"));
  ulp_text_printf(page, "</dl></details></td>");
  cell(page, text(t, i, "guide"));
  ulp_text_printf(page, "<td>");
  figure(page, t, i);
  ulp_text_printf(page, "</td>");
  cell(page, text(t, i, "verdict"));
  ulp_text_printf(page, "</tr>\n");
}

static void tables(ulp_text *page, const ulp_table *t)
{
  filters(page, t);
  ulp_text_printf(page, "<div class=\"scroll\"><table><thead><tr>"
                        "<th scope=\"col\">id</th><th scope=\"col\">section"
                        "</th><th scope=\"col\" class=\"name\">claim</th>"
                        "<th scope=\"col\">guide</th><th scope=\"col\">ours"
                        "</th><th scope=\"col\">verdict</th></tr></thead>"
                        "<tbody>\n");
  for (size_t i = 0; i < t->rows; i++)
    row(page, t, i);
  ulp_text_printf(page, "</tbody></table></div>\n");
}

const ulp_view ulp_view_claims = {
    .experiment = "claims",
    .answer = answer,
    .tables = tables,
};
