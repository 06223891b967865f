/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where a CSV file came from: the command that makes it again, and the rest of
 * its entry of manifest.json.
 */
#include <inttypes.h>
#include <string.h>

#include "internal.h"

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

/* Writes the options after the program's name, with the output's folder taken
 * off: it need not be there where the command is run again, nor should what
 * lies in it be overwritten. */
static void options(ulp_text *t, const json_t *words)
{
  static const char out[] = "--out";
  const size_t n = sizeof out - 1;
  bool names_output = false;
  for (size_t i = 1; i < json_array_size(words); i++) {
    const char *word = json_string_value(json_array_get(words, i));
    if (!word)
      continue;
    ulp_text_add(t, " ", 1);
    if (names_output) {
      shell_word(t, ulp_path_base(word));
    } else if (strncmp(word, out, n) == 0 && word[n] == '=') {
      ulp_text_printf(t, "%s ", out);
      shell_word(t, ulp_path_base(word + n + 1));
    } else {
      shell_word(t, word);
    }
    names_output = !names_output && strcmp(word, out) == 0;
  }
}

/* Where the command has to be run, when its inputs are not named from /. */
static void where(ulp_text *t, const json_t *list)
{
  const char *comma = ", in the folder that has ";
  for (size_t i = 0; i < json_array_size(list); i++) {
    const char *path = json_string_value(
        json_object_get(json_array_get(list, i), "path"));
    if (!path || *path == '/')
      continue;
    ulp_text_printf(t, "%s", comma);
    ulp_html_text(t, path);
    comma = ", ";
  }
}

/* The program of one experiment and `ulplab run` are the same; which of them,
 * and where it lay, is not the next reader's business. */
static void command(ulp_text *t, const ulp_table *table, const json_t *entry)
{
  ulp_text_printf(t, "<p>The command that makes it again");
  where(t, json_object_get(entry, "inputs"));
  ulp_text_printf(t, ":</p>\n<pre class=\"command\"><code>ulplab run %s",
                  table->experiment->name);
  options(t, json_object_get(entry, "command"));
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
  command(t, table, entry);
  ulp_text_printf(t, "<details><summary>Provenance</summary>\n<dl>\n");
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    row(t, rows[i].label, json_object_get(entry, rows[i].key));
  libraries(t, json_object_get(entry, "libraries"));
  inputs(t, json_object_get(entry, "inputs"));
  ulp_text_printf(t, "<dt>SHA-256 of the CSV</dt><dd>%s</dd>\n</dl>\n"
                     "</details>\n",
                  table->sha256);
}
