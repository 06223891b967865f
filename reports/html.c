/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The frame of the page: escaping, numbers and provenance.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "internal.h"

void ulp_html_text(ulp_text *t, const char *s)
{
  static const struct {
    char c;
    const char *entity;
  } special[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"},
                 {'"', "&quot;"}, {'\'', "&#39;"}};
  for (; *s; s++) {
    const char *entity = NULL;
    for (size_t i = 0; i < sizeof special / sizeof special[0]; i++)
      if (*s == special[i].c)
        entity = special[i].entity;
    if (entity)
      ulp_text_add(t, entity, strlen(entity));
    else
      ulp_text_add(t, s, 1);
  }
}

void ulp_html_number(ulp_text *t, double v, int digits)
{
  if (isnan(v))
    ulp_text_printf(t, "–");
  else if (isinf(v))
    ulp_text_printf(t, "%s", v > 0 ? "exact" : "−∞");
  else
    ulp_text_printf(t, "%s%.*f", v < 0 ? "−" : "", digits, fabs(v));
}

void ulp_html_begin(ulp_text *t, const char *title)
{
  ulp_text_printf(t, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
                     "<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
                     "content=\"width=device-width,initial-scale=1\">\n"
                     "<meta name=\"color-scheme\" content=\"light dark\">\n"
                     "<title>");
  ulp_html_text(t, title);
  ulp_text_printf(t, "</title>\n<style>\n");
  ulp_html_style(t);
  ulp_text_printf(t, "</style>\n</head>\n<body>\n");
}

void ulp_html_end(ulp_text *t) { ulp_text_printf(t, "</body>\n</html>\n"); }

static void button(ulp_text *t, const char *group, const char *id,
                   const char *label, size_t rows, bool checked)
{
  ulp_text_printf(t, "<input type=\"radio\" name=\"%s\" id=\"%s-%s\"%s>"
                     "<label class=\"filter\" for=\"%s-%s\">%s (%zu)</label>\n",
                  group, group, id, checked ? " checked" : "", group, id, label,
                  rows);
}

void ulp_html_filters(ulp_text *t, const char *group, const ulp_filter *choices,
                      size_t n, size_t all)
{
  ulp_text_printf(t, "<style>\n");
  for (size_t k = 0; k < n; k++)
    ulp_text_printf(t, "#%s-%s:checked~.scroll tbody tr:not(.%s)"
                       "{display:none}\n", group, choices[k].id,
                    choices[k].id);
  ulp_text_printf(t, "</style>\n");
  button(t, group, "all", "all", all, true);
  for (size_t k = 0; k < n; k++)
    button(t, group, choices[k].id, choices[k].label, choices[k].rows, false);
}

/* ---- provenance -------------------------------------------------------- */

/* An argument as a shell reads it back. */
static void shell_word(ulp_text *page, const char *word)
{
  static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRST"
                              "UVWXYZ0123456789_-+=./:,@%";
  ulp_text quoted = {0};
  if (*word && strspn(word, plain) == strlen(word)) {
    ulp_html_text(page, word);
    return;
  }
  for (; *word; word++)
    ulp_text_printf(&quoted, *word == '\'' ? "'\\''" : "%c", *word);
  ulp_html_text(page, "'");
  ulp_html_text(page, quoted.text ? quoted.text : "");
  ulp_html_text(page, "'");
  page->failed |= quoted.failed;
  ulp_text_free(&quoted);
}

static void command(ulp_text *t, const json_t *words)
{
  ulp_text_printf(t, "<p>The command that makes it again:</p>\n<pre><code>");
  for (size_t i = 0; i < json_array_size(words); i++) {
    const char *word = json_string_value(json_array_get(words, i));
    if (i)
      ulp_text_add(t, " ", 1);
    if (word)
      shell_word(t, word);
  }
  ulp_text_printf(t, "</code></pre>\n");
}

static void value(ulp_text *t, const json_t *j)
{
  if (json_is_string(j))
    ulp_html_text(t, json_string_value(j));
  else if (json_is_integer(j))
    ulp_text_printf(t, "%" JSON_INTEGER_FORMAT, json_integer_value(j));
  else if (json_is_real(j))
    ulp_html_number(t, json_real_value(j), 2);
}

static void row(ulp_text *t, const char *label, const json_t *j)
{
  if (!j || (json_is_string(j) && !*json_string_value(j)))
    return;
  ulp_text_printf(t, "<dt>%s</dt><dd>", label);
  value(t, j);
  ulp_text_printf(t, "</dd>\n");
}

static void inputs(ulp_text *t, const json_t *list)
{
  for (size_t i = 0; i < json_array_size(list); i++) {
    const json_t *j = json_array_get(list, i);
    ulp_text_printf(t, "<dt>input</dt><dd>");
    value(t, json_object_get(j, "path"));
    ulp_text_printf(t, ", ");
    value(t, json_object_get(j, "bytes"));
    ulp_text_printf(t, " bytes, SHA-256 ");
    value(t, json_object_get(j, "sha256"));
    ulp_text_printf(t, "</dd>\n");
  }
}

static void libraries(ulp_text *t, json_t *list)
{
  const char *name;
  json_t *version;
  const char *comma = "";
  ulp_text_printf(t, "<dt>libraries</dt><dd>");
  json_object_foreach(list, name, version) {
    ulp_text_printf(t, "%s", comma);
    ulp_html_text(t, name);
    ulp_text_printf(t, " ");
    value(t, version);
    comma = ", ";
  }
  ulp_text_printf(t, "</dd>\n");
}

void ulp_html_provenance(ulp_text *t, const ulp_table *table,
                         const json_t *entry)
{
  static const struct {
    const char *key, *label;
  } rows[] = {{"version", "ulplab"}, {"git", "git"}, {"seed", "seed"},
              {"generator", "generator"}, {"started", "started"},
              {"wall_s", "wall time, s"}, {"threads", "threads"},
              {"cpu", "processor"}, {"system", "system"},
              {"compiler", "compiler"}};
  if (!entry) {
    ulp_text_printf(t, "<p class=\"note\">manifest.json does not describe "
                       "%s.csv: where it came from is not known.</p>\n",
                    table->experiment->name);
    return;
  }
  const char *sha = json_string_value(
      json_object_get(json_object_get(entry, "output"), "sha256"));
  if (!sha || strcmp(sha, table->sha256) != 0)
    ulp_text_printf(t, "<p class=\"note\">%s.csv has changed since its "
                       "manifest was written: what follows describes the file "
                       "as it was.</p>\n", table->experiment->name);
  command(t, json_object_get(entry, "command"));
  ulp_text_printf(t, "<details><summary>Provenance</summary>\n<dl>\n");
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    row(t, rows[i].label, json_object_get(entry, rows[i].key));
  libraries(t, json_object_get(entry, "libraries"));
  inputs(t, json_object_get(entry, "inputs"));
  ulp_text_printf(t, "<dt>SHA-256 of the CSV</dt><dd>%s</dd>\n</dl>\n"
                     "</details>\n",
                  table->sha256);
}
