/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tables of the program as tables of the page.
 */
#include "listing.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emu.h"

/* ---- kinds of rows ------------------------------------------------------ */

enum { MOST_KINDS = 40, KIND_SIZE = 48 };

typedef struct {
  size_t count, rows[MOST_KINDS];
  char name[MOST_KINDS][KIND_SIZE];
} kinds;

/* Evidence has an order of its own, and stands before what is none. */
static int rank(const char *name)
{
  int e = 0;
  while (e <= ULP_OPEN && strcmp(ulp_evidence_name((ulp_evidence)e), name) != 0)
    e++;
  return e;
}

static void add_kind(kinds *k, const char *name)
{
  size_t at = k->count++;
  for (; at > 0 && rank(k->name[at - 1]) > rank(name); at--) {
    memcpy(k->name[at], k->name[at - 1], KIND_SIZE);
    k->rows[at] = k->rows[at - 1];
  }
  memcpy(k->name[at], name, KIND_SIZE);
  k->rows[at] = 1;
}

/* In the order in which the table has them first; what is past the most is not
 * counted apart, and a row of it is seen under `all`. */
static void kinds_of(kinds *k, const ulp_listing *l)
{
  k->count = 0;
  for (size_t i = 0; l->kind && l->there(i); i++) {
    char name[KIND_SIZE] = "";
    size_t at = 0;
    l->kind(name, sizeof name, i);
    while (at < k->count && strcmp(k->name[at], name) != 0)
      at++;
    if (at < k->count)
      k->rows[at]++;
    else if (at < MOST_KINDS)
      add_kind(k, name);
  }
}

/* A kind as a class of the page: "IEEE 754" is IEEE-754. */
static void class_of(char out[KIND_SIZE], const char *name)
{
  size_t i = 0;
  for (; name[i] && i + 1 < KIND_SIZE; i++)
    out[i] = isalnum((unsigned char)name[i]) ? name[i] : '-';
  out[i] = '\0';
}

size_t ulp_listing_rows(const ulp_listing *l)
{
  size_t n = 0;
  while (l->there(n))
    n++;
  return n;
}

enum { FEW_KINDS = 8 };

void ulp_listing_count(ulp_text *page, const ulp_listing *l)
{
  kinds k;
  size_t n = ulp_listing_rows(l);
  kinds_of(&k, l);
  ulp_text_printf(page, "%zu row%s", n, n == 1 ? "" : "s");
  for (size_t i = 0; i < k.count && k.count <= FEW_KINDS; i++) {
    ulp_text_printf(page, "%s%zu ", i ? ", " : ": ", k.rows[i]);
    ulp_html_text(page, k.name[i]);
  }
}

/* ---- cells -------------------------------------------------------------- */

static const char *tag_of(const char *head)
{
  return *head == '#' ? "" : *head == '~' ? " class=\"name long\""
                                          : " class=\"name\"";
}

void ulp_cell(ulp_cells *c, const char *fmt, ...)
{
  va_list list;
  va_start(list, fmt);
  int n = vsnprintf(NULL, 0, fmt, list);
  va_end(list);
  char *text = malloc((size_t)(n < 0 ? 0 : n) + 1);
  const char *head = c->listing->heads[c->column];
  if (!text || n < 0 || !head) {
    c->page->failed = true;
    free(text);
    return;
  }
  va_start(list, fmt);
  (void)vsnprintf(text, (size_t)n + 1, fmt, list);
  va_end(list);
  if (c->column == 0)
    ulp_text_printf(c->page, "<th scope=\"row\">");
  else
    ulp_text_printf(c->page, "<td%s>", tag_of(head));
  if (*head == '#' && *text == '-') /* a true minus sign */
    ulp_text_printf(c->page, "−");
  ulp_html_text(c->page, !*text ? "–" : text + (*head == '#' && *text == '-'));
  ulp_text_printf(c->page, c->column == 0 ? "</th>" : "</td>");
  c->column++;
  free(text);
}

static void row(ulp_text *page, const ulp_listing *l, size_t i)
{
  ulp_cells c = {page, l, 0};
  char name[KIND_SIZE], class[KIND_SIZE];
  if (l->kind) {
    l->kind(name, sizeof name, i);
    class_of(class, name);
    ulp_text_printf(page, "<tr class=\"%s\">", class);
  } else {
    ulp_text_printf(page, "<tr>");
  }
  l->row(&c, i);
  ulp_text_printf(page, "</tr>\n");
}

/* ---- the table ---------------------------------------------------------- */

static void filters(ulp_text *page, const ulp_listing *l)
{
  kinds k;
  char class[MOST_KINDS][KIND_SIZE];
  ulp_filter choices[MOST_KINDS];
  kinds_of(&k, l);
  for (size_t i = 0; i < k.count; i++) {
    class_of(class[i], k.name[i]);
    choices[i] = (ulp_filter){class[i], k.name[i], k.rows[i]};
  }
  if (k.count > 1)
    ulp_html_filters(page, l->id, choices, k.count, ulp_listing_rows(l));
}

void ulp_listing_add(ulp_text *page, const ulp_listing *l)
{
  ulp_text_printf(page, "<div id=\"%s\">\n<h3>%s</h3>\n<p class=\"dim\">",
                  l->id, l->title);
  ulp_listing_count(page, l);
  ulp_text_printf(page, ".</p>\n");
  filters(page, l);
  ulp_text_printf(page, "<div class=\"scroll\"><table><thead><tr>");
  for (size_t i = 0; l->heads[i]; i++)
    ulp_text_printf(page, "<th scope=\"col\"%s>%s</th>",
                    *l->heads[i] == '#' ? "" : " class=\"name\"",
                    l->heads[i] + strspn(l->heads[i], "#~"));
  ulp_text_printf(page, "</tr></thead><tbody>\n");
  for (size_t i = 0; l->there(i); i++)
    row(page, l, i);
  ulp_text_printf(page, "</tbody></table></div>\n</div>\n");
}
