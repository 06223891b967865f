/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The first screen: what ran where, what it found, what is missing.
 */
#include <string.h>

#include "sentence.h"

enum { MOST_FINDINGS = 8 };

static const json_t *entry_of(const ulp_report_folder *f, size_t i)
{
  char file[80];
  snprintf(file, sizeof file, "%s.csv", f->table[i].experiment->name);
  return json_object_get(f->outputs, file);
}

/* A field of the manifest's entries: its value where all that have it agree,
 * "several" where they do not, "" where none has it. */
static const char *common_field(const ulp_report_folder *f, const char *key)
{
  const char *found = "";
  for (size_t i = 0; i < f->count; i++) {
    const char *text = f->table[i].bytes
                           ? json_string_value(json_object_get(entry_of(f, i),
                                                               key))
                           : NULL;
    if (!text || !*text)
      continue;
    if (*found && strcmp(found, text) != 0)
      return "several";
    found = text;
  }
  return found;
}

static void card(ulp_text *page, const char *label, const char *value)
{
  if (!*value)
    return;
  ulp_text_printf(page, "<div class=\"card\"><span>%s</span><b>", label);
  ulp_html_text(page, value);
  ulp_text_printf(page, "</b></div>\n");
}

static void facts(ulp_text *page, const ulp_report_folder *f)
{
  char text[60];
  ulp_text_printf(page, "<div class=\"cards\">\n");
  snprintf(text, sizeof text, "%zu of %zu", f->present, f->count);
  card(page, "experiments", text);
  card(page, "size of the run", common_field(f, "effort"));
  card(page, "seed", common_field(f, "seed"));
  card(page, "machine", common_field(f, "cpu"));
  card(page, "ulplab", common_field(f, "version"));
  ulp_text_printf(page, "</div>\n");
}

static const ulp_table *table_of(const ulp_report_folder *f, const char *name)
{
  for (size_t i = 0; i < f->count; i++)
    if (f->table[i].bytes && strcmp(f->table[i].experiment->name, name) == 0)
      return &f->table[i];
  return NULL;
}

/* One finding, if the run has it: headlines first, then others while there
 * are few. */
static size_t findings(ulp_text *list, const ulp_report_folder *f, bool headline,
                       size_t n)
{
  const ulp_finding *row;
  for (size_t i = 0; n < MOST_FINDINGS && (row = ulp_finding_row(i)); i++) {
    const ulp_table *t = table_of(f, row->experiment);
    ulp_text one = {0};
    if (t && row->headline == headline && ulp_sentence(&one, t, row->text)) {
      ulp_text_printf(list, "<li>%s <a href=\"#%s\">%s</a></li>\n", one.text,
                      row->experiment, row->experiment);
      n++;
    }
    list->failed |= one.failed;
    ulp_text_free(&one);
  }
  return n;
}

static void contents(ulp_text *page, const ulp_report_folder *f)
{
  ulp_text_printf(page, "<nav aria-label=\"experiments\"><ul "
                        "class=\"contents\">\n");
  for (size_t i = 0; i < f->count; i++)
    if (f->table[i].bytes)
      ulp_text_printf(page, "<li><a href=\"#%s\">%s</a></li>\n",
                      f->table[i].experiment->name,
                      f->table[i].experiment->name);
  ulp_text_printf(page, "<li><a href=\"#hardware\">the table of "
                        "hardware</a></li>\n</ul></nav>\n");
}

static void missing(ulp_text *page, const ulp_report_folder *f)
{
  if (f->present == f->count)
    return;
  ulp_text_printf(page, "<p class=\"note\">Not in this folder:");
  for (size_t i = 0; i < f->count; i++)
    if (!f->table[i].bytes)
      ulp_text_printf(page, " %s.csv", f->table[i].experiment->name);
  ulp_text_printf(page, "</p>\n");
}

void ulp_front(ulp_text *page, const ulp_report_folder *f)
{
  ulp_text list = {0};
  ulp_text_printf(page, "<h1>What this run shows</h1>\n");
  facts(page, f);
  ulp_text_printf(page, "<p class=\"dim\">Every model behind it, with its "
                        "source and how it is known: <a href=\"methods.html\">"
                        "methods</a>.</p>\n");
  const ulp_table *claims = table_of(f, "claims");
  if (claims)
    ulp_view_claims.answer(page, claims);
  size_t n = findings(&list, f, true, 0);
  if (n < 5)
    findings(&list, f, false, n);
  if (list.size)
    ulp_text_printf(page, "<p class=\"lead\">Found:</p>\n"
                          "<ul class=\"findings\">\n%s</ul>\n", list.text);
  page->failed |= list.failed;
  ulp_text_free(&list);
  missing(page, f);
  contents(page, f);
}
