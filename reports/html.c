/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The frame of the page: its style, escaping, numbers and provenance.
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

/* Colours: Okabe and Ito's, which colour-blind readers can tell apart, made
 * lighter on the dark ground.  The SVG's own colours are overridden so that
 * one picture serves light, dark and paper. */
static const char style[] =
    ":root{--bg:#fff;--fg:#1b1f24;--dim:#57606a;--line:#d0d7de;--card:#f6f8fa;"
    "--c1:#0072b2;--c2:#d55e00;--c3:#007a5a;--best:#e7f3ec}\n"
    "@media(prefers-color-scheme:dark){:root{--bg:#12161b;--fg:#e6e9ed;"
    "--dim:#9aa4af;--line:#353c45;--card:#1b2129;--c1:#56b4e9;--c2:#f0a04b;"
    "--c3:#4fc79a;--best:#16352a}}\n"
    "*{box-sizing:border-box}body{margin:0 auto;padding:1.2rem;"
    "max-width:62rem;background:var(--bg);color:var(--fg);"
    "font:16px/1.5 system-ui,sans-serif}\n"
    "h1{font-size:1.7rem;line-height:1.2;margin:.2rem 0 .6rem}"
    "h2{font-size:1.3rem;margin:2.4rem 0 .4rem;padding-top:.8rem;"
    "border-top:1px solid var(--line)}h3{font-size:1.05rem;margin:1.6rem 0 "
    ".4rem}\np{max-width:46rem;margin:.5rem 0}.lead{font-size:1.12rem}"
    ".dim,figcaption{color:var(--dim);font-size:.88rem}\n"
    ".cards{display:grid;grid-template-columns:repeat(auto-fill,"
    "minmax(9.5rem,1fr));gap:.6rem;margin:1rem 0}.card{background:var(--card);"
    "border:1px solid var(--line);border-radius:6px;padding:.55rem .75rem}"
    ".card b{display:block;font-size:1.35rem;line-height:1.3}"
    ".card span{display:block;color:var(--dim);font-size:.85rem;"
    "overflow-wrap:anywhere}\n"
    ".scroll{overflow-x:auto;margin:.5rem 0}table{border-collapse:collapse;"
    "font-size:.9rem;font-variant-numeric:tabular-nums}th,td{padding:.22rem "
    ".7rem;border-bottom:1px solid var(--line);text-align:right;"
    "white-space:nowrap}th:first-child,td:first-child,th.name,td.name"
    "{text-align:left}"
    "thead th{border-bottom:2px solid var(--dim);vertical-align:bottom}"
    ".best{background:var(--best);"
    "font-weight:600}.group td,.group th{border-top:2px solid var(--line)}\n"
    "figure{margin:1rem 0}figure svg{display:block;width:100%;height:auto;"
    "max-width:48rem}figure svg text{fill:var(--fg);stroke:none;"
    "font-family:inherit}\n"
    "figure svg [stroke='black'],figure svg [stroke='rgb(  0,   0,   0)']"
    "{stroke:var(--dim)}figure svg g[color='black']{color:var(--dim)}\n"
    "figure svg [stroke='rgb(  0, 114, 178)']{stroke:var(--c1)}"
    "figure svg [stroke='rgb(213,  94,   0)']{stroke:var(--c2)}"
    "figure svg [stroke='rgb(  0, 122,  90)']{stroke:var(--c3)}"
    "figure svg [stroke='rgb(128, 128, 128)']{stroke:var(--line)}"
    "figure svg [color='white']{color:var(--bg)}"
    "figure svg [color='rgb(  0, 114, 178)']{color:var(--c1)}"
    "figure svg [color='rgb(213,  94,   0)']{color:var(--c2)}"
    "figure svg [color='rgb(  0, 122,  90)']{color:var(--c3)}\n"
    "pre{background:var(--card);border:1px solid var(--line);border-radius:"
    "6px;padding:.6rem .8rem;white-space:pre-wrap;overflow-wrap:anywhere;"
    "font-size:.88rem}dl{display:grid;grid-template-columns:max-content 1fr;"
    "gap:.15rem .9rem;font-size:.9rem}dt{color:var(--dim)}dd{margin:0;"
    "overflow-wrap:anywhere}\n"
    ".note{border-left:4px solid var(--c2);padding-left:.8rem}\n"
    "@media print{:root{--bg:#fff;--fg:#000;--dim:#444;--line:#999;"
    "--card:#fff;--c1:#0072b2;--c2:#d55e00;--c3:#007a5a;--best:#eee}"
    "body{padding:0;font-size:11pt}figure,tr,.card{break-inside:avoid}"
    "h2,h3,h3+p{break-after:avoid}.scroll{overflow:visible}"
    "figure svg{max-width:30rem}"
    "table{font-size:8.5pt}th,td{padding:.1rem .35rem}"
    "td.name{white-space:normal;overflow-wrap:anywhere}}\n";

void ulp_html_begin(ulp_text *t, const char *title)
{
  ulp_text_printf(t, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
                     "<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
                     "content=\"width=device-width,initial-scale=1\">\n"
                     "<meta name=\"color-scheme\" content=\"light dark\">\n"
                     "<title>");
  ulp_html_text(t, title);
  ulp_text_printf(t, "</title>\n<style>\n%s</style>\n</head>\n<body>\n",
                  style);
}

void ulp_html_end(ulp_text *t) { ulp_text_printf(t, "</body>\n</html>\n"); }

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
  ulp_text_printf(t, "<p>The command that makes it again:</p>\n<pre>");
  for (size_t i = 0; i < json_array_size(words); i++) {
    const char *word = json_string_value(json_array_get(words, i));
    if (i)
      ulp_text_add(t, " ", 1);
    if (word)
      shell_word(t, word);
  }
  ulp_text_printf(t, "</pre>\n");
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
  ulp_text_printf(t, "<h3>Provenance</h3>\n");
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
  ulp_text_printf(t, "<dl>\n");
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    row(t, rows[i].label, json_object_get(entry, rows[i].key));
  libraries(t, json_object_get(entry, "libraries"));
  inputs(t, json_object_get(entry, "inputs"));
  ulp_text_printf(t, "<dt>SHA-256 of the CSV</dt><dd>%s</dd>\n</dl>\n",
                  table->sha256);
}
