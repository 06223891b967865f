/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Fills templates of sentences with figures.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sentence.h"

typedef struct {
  char operation[12], column[48], label[48], filter[400], format[8];
} hole;

static void copy_trimmed(char *to, size_t room, const char *from, size_t n)
{
  while (n > 0 && *from == ' ') {
    from++;
    n--;
  }
  while (n > 0 && from[n - 1] == ' ')
    n--;
  snprintf(to, room, "%.*s", (int)n, from);
}

/* Takes "OPERATION COLUMN LABEL | FILTER | FORMAT}" apart; | with blanks
 * around it separates parts, without it alternatives of a filter. */
static const char *read_hole(hole *h, const char *at)
{
  const char *end = strchr(at, '}');
  char head[120] = "";
  *h = (hole){.format = "3"};
  if (!end)
    return NULL;
  const char *bar = strstr(at, " | ");
  bar = bar && bar < end ? bar : end;
  copy_trimmed(head, sizeof head, at, (size_t)(bar - at));
  sscanf(head, "%11s %47s %47s", h->operation, h->column, h->label);
  if (bar < end) {
    const char *second = strstr(bar + 3, " | ");
    second = second && second < end ? second : end;
    copy_trimmed(h->filter, sizeof h->filter, bar + 3,
                 (size_t)(second - bar - 3));
    if (second < end)
      copy_trimmed(h->format, sizeof h->format, second + 3,
                   (size_t)(end - second - 3));
  }
  return end + 1;
}

/* ---- figures ------------------------------------------------------------- */

static void print_number(ulp_text *to, double v, const char *format)
{
  int digits = atoi(*format == 'f' || *format == '%' ? format + 1 : format);
  char text[60];
  if (*format == '%')
    v *= 100;
  bool whole = (v == floor(v) && fabs(v) < 1e9) || /* 460, not 4.6e+02 */
               (fabs(v) >= pow(10, digits) && fabs(v) < 1e6);
  if (*format == 'f' || whole)
    snprintf(text, sizeof text, "%.*f", *format == 'f' ? digits : 0, fabs(v));
  else
    snprintf(text, sizeof text, "%.*g", digits > 0 ? digits : 3, fabs(v));
  ulp_text_printf(to, "%s%s%s", v < 0 ? "−" : "", text,
                  *format == '%' ? "\u00a0%" : ""); /* on one line */
}

/* The row with the least or greatest number; SIZE_MAX without one. */
static size_t extreme_row(const ulp_selection *s, const char *column, int sign)
{
  size_t best = SIZE_MAX;
  double most = -INFINITY;
  for (size_t i = 0; i < s->count; i++) {
    double v = sign * ulp_table_number(s->table, s->row[i], column);
    if (isfinite(v) && v > most) {
      most = v;
      best = s->row[i];
    }
  }
  return best;
}

static double total(const ulp_selection *s, const char *column, bool mean)
{
  double sum = 0;
  size_t n = 0;
  for (size_t i = 0; i < s->count; i++) {
    double v = ulp_table_number(s->table, s->row[i], column);
    if (isfinite(v)) {
      sum += v;
      n++;
    }
  }
  return n == 0 ? NAN : mean ? sum / (double)n : sum;
}

static double figure(const ulp_selection *s, const hole *h)
{
  bool least = strcmp(h->operation, "min") == 0;
  if (strcmp(h->operation, "rows") == 0)
    return (double)s->count;
  if (strcmp(h->operation, "value") == 0)
    return s->count ? ulp_table_number(s->table, s->row[0], h->column) : NAN;
  if (least || strcmp(h->operation, "max") == 0) {
    size_t row = extreme_row(s, h->column, least ? -1 : 1);
    return row == SIZE_MAX ? NAN : ulp_table_number(s->table, row, h->column);
  }
  return total(s, h->column, strcmp(h->operation, "mean") == 0);
}

static bool words(ulp_text *to, const ulp_selection *s, const hole *h)
{
  size_t row = s->count ? s->row[0] : SIZE_MAX;
  const char *column = h->column;
  if (strncmp(h->operation, "at-", 3) == 0) {
    row = extreme_row(s, h->column, strcmp(h->operation, "at-min") ? 1 : -1);
    column = h->label;
  }
  if (row == SIZE_MAX)
    return false;
  const char *text = ulp_table_text(s->table, row, column);
  if (ulp_column_find(s->table->experiment, column)->type == ULP_COL_STRING)
    ulp_html_text(to, ulp_short_name(text));
  else
    print_number(to, ulp_table_number(s->table, row, column), h->format);
  return *text != '\0';
}

static bool fill(ulp_text *to, const ulp_table *t, const hole *h)
{
  ulp_selection s;
  if (!ulp_select(&s, t, h->filter)) {
    to->failed = true;
    return false;
  }
  bool ok;
  if (strncmp(h->operation, "at-", 3) == 0 || strcmp(h->operation, "text") == 0) {
    ok = words(to, &s, h);
  } else {
    double v = figure(&s, h);
    ok = isfinite(v);
    if (ok)
      print_number(to, v, h->format);
  }
  ulp_selection_free(&s);
  return ok;
}

bool ulp_sentence(ulp_text *page, const ulp_table *t, const char *text)
{
  ulp_text out = {0};
  bool ok = true;
  while (ok && *text) {
    hole h;
    if (*text != '{') {
      ulp_html_text(&out, (char[]){*text, '\0'});
      text++;
      continue;
    }
    text = read_hole(&h, text + 1);
    ok = text && fill(&out, t, &h);
  }
  if (ok && out.text)
    ulp_text_add(page, out.text, out.size);
  page->failed |= out.failed;
  ulp_text_free(&out);
  return ok;
}

const char *ulp_sentence_fault(const ulp_experiment *x, const char *text)
{
  static const char *const known[] = {"rows", "value", "min", "max", "mean",
                                      "sum", "at-min", "at-max", "text", NULL};
  while ((text = strchr(text, '{')) != NULL) {
    hole h;
    size_t k = 0;
    text = read_hole(&h, text + 1);
    if (!text)
      return "expected }";
    while (known[k] && strcmp(known[k], h.operation) != 0)
      k++;
    if (!known[k])
      return "no such operation";
    if (k > 0 && !ulp_column_find(x, h.column))
      return "no such column";
    if (strncmp(h.operation, "at-", 3) == 0 && !ulp_column_find(x, h.label))
      return "no such column of labels";
    if (ulp_filter_fault(x, h.filter))
      return ulp_filter_fault(x, h.filter);
  }
  return NULL;
}
