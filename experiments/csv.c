/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Growing text and CSV fields (RFC 4180; numbers as Frictionless Table Schema
 * reads them).
 */
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "experiment.h"

static bool make_room(ulp_text *t, size_t n)
{
  if (t->failed)
    return false;
  if (n < t->room - t->size)
    return true;
  size_t room = (t->size + n + 64) * 2;
  char *text = room > n ? realloc(t->text, room) : NULL;
  if (!text) {
    t->failed = true;
    return false;
  }
  t->text = text;
  t->room = room;
  return true;
}

void ulp_text_add(ulp_text *t, const char *bytes, size_t n)
{
  if (!make_room(t, n))
    return;
  if (n)
    memcpy(t->text + t->size, bytes, n);
  t->size += n;
  t->text[t->size] = '\0';
}

void ulp_text_printf(ulp_text *t, const char *fmt, ...)
{
  va_list ap, again;
  va_start(ap, fmt);
  va_copy(again, ap);
  int n = vsnprintf(NULL, 0, fmt, ap);
  va_end(ap);
  if (n < 0)
    t->failed = true;
  else if (make_room(t, (size_t)n + 1)) {
    vsnprintf(t->text + t->size, (size_t)n + 1, fmt, again);
    t->size += (size_t)n;
  }
  va_end(again);
}

void ulp_text_free(ulp_text *t)
{
  free(t->text);
  *t = (ulp_text){0};
}

static void separate(ulp_text *t)
{
  if (t->size && t->text[t->size - 1] != '\n')
    ulp_text_add(t, ",", 1);
}

void ulp_csv_string(ulp_text *t, const char *s)
{
  separate(t);
  if (!strpbrk(s, ",\"\r\n")) {
    ulp_text_add(t, s, strlen(s));
    return;
  }
  ulp_text_add(t, "\"", 1);
  for (; *s; s++)
    ulp_text_add(t, *s == '"' ? "\"\"" : s, *s == '"' ? 2 : 1);
  ulp_text_add(t, "\"", 1);
}

void ulp_csv_integer(ulp_text *t, int64_t v)
{
  separate(t);
  ulp_text_printf(t, "%" PRId64, v);
}

/* "%.17g" with '.', in a program that has set a locale with another point. */
static void print_finite(ulp_text *t, double v)
{
  char digits[64];
  snprintf(digits, sizeof digits, "%.17g", v);
  const char *point = localeconv()->decimal_point;
  char *at = *point ? strstr(digits, point) : NULL;
  if (at && strcmp(point, ".") != 0) {
    ulp_text_add(t, digits, (size_t)(at - digits));
    ulp_text_add(t, ".", 1);
    at += strlen(point);
    ulp_text_add(t, at, strlen(at));
    return;
  }
  ulp_text_add(t, digits, strlen(digits));
}

void ulp_csv_number(ulp_text *t, double v)
{
  separate(t);
  if (isnan(v))
    ulp_text_add(t, "NaN", 3);
  else if (isinf(v))
    ulp_text_printf(t, "%s", v > 0 ? "INF" : "-INF");
  else
    print_finite(t, v);
}

void ulp_csv_empty(ulp_text *t) { separate(t); }

void ulp_csv_end(ulp_text *t) { ulp_text_add(t, "\n", 1); }

void ulp_csv_header(ulp_text *t, const ulp_column *columns)
{
  for (; columns->name; columns++)
    ulp_csv_string(t, columns->name);
  ulp_csv_end(t);
}

const char *ulp_col_type_name(ulp_col_type type)
{
  static const char *const names[] = {"integer", "number", "string"};
  return names[type];
}
