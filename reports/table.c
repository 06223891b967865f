/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reads a CSV file (RFC 4180) that must have exactly the columns of its
 * experiment, each cell of its column's type.
 */
#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

char *ulp_slurp(const char *path, size_t *size, ulp_error *e)
{
  e->status = ULP_OK;
  FILE *f = fopen(path, "rb");
  if (!f && errno == ENOENT)
    return NULL;
  char *bytes = NULL;
  size_t n = 0, room = 0, got = 1;
  while (f && got > 0) {
    if (room - n < 2) {
      char *more = realloc(bytes, room = room * 2 + 65536);
      if (!more) {
        ulp_error_set(e, ULP_ENOMEM, "%s: out of memory", path);
        break;
      }
      bytes = more;
    }
    n += got = fread(bytes + n, 1, room - n - 1, f);
  }
  if (!f || ferror(f))
    ulp_error_set(e, ULP_EIO, "%s: cannot read: %s", path, strerror(errno));
  if (f)
    fclose(f);
  if (e->status != ULP_OK) {
    free(bytes);
    return NULL;
  }
  bytes[n] = '\0';
  *size = n;
  return bytes;
}

/* ---- splitting --------------------------------------------------------- */

typedef struct {
  char *at;       /* the next byte */
  char *text;     /* the field just read */
  bool ends_row;
  const char *fault; /* what is wrong with it, or NULL */
} scanner;

/* Reads one field, in place: quotes are taken off. */
static void next_field(scanner *s)
{
  char *to = s->at;
  s->text = to;
  s->fault = NULL;
  if (*s->at == '"') {
    for (s->at++; *s->at && (*s->at != '"' || s->at[1] == '"'); s->at++) {
      s->at += *s->at == '"';
      *to++ = *s->at;
    }
    if (*s->at == '"')
      s->at++;
    else
      s->fault = "expected a closing quote";
  } else {
    while (*s->at && !strchr(",\"\r\n", *s->at))
      *to++ = *s->at++;
  }
  if (*s->at == '\r' && s->at[1] == '\n')
    s->at++;
  char end = *s->at;
  if (!s->fault && end && end != ',' && end != '\n')
    s->fault = "expected a comma or the end of the line after the field";
  s->ends_row = end != ',';
  s->at += end != '\0';
  *to = '\0';
}

/* ---- cells ------------------------------------------------------------- */

/* strtod with '.' whatever the locale. */
static double read_number(const char *text, char **end)
{
  char local[80];
  const char *point = localeconv()->decimal_point, *dot = strchr(text, '.');
  if (!dot || strcmp(point, ".") == 0)
    return strtod(text, end);
  size_t before = (size_t)(dot - text);
  if (snprintf(local, sizeof local, "%.*s%s%s", (int)before, text, point,
               dot + 1) >= (int)sizeof local) {
    *end = (char *)(uintptr_t)text;
    return NAN;
  }
  char *stop;
  double v = strtod(local, &stop);
  *end = (char *)(uintptr_t)(*stop ? text : text + strlen(text));
  return v;
}

static bool is_number(const char *text)
{
  char *end;
  if (strcmp(text, "NaN") == 0 || strcmp(text, "INF") == 0 ||
      strcmp(text, "-INF") == 0)
    return true;
  if (strspn(text, "0123456789+-.eE") != strlen(text))
    return false;
  return isfinite(read_number(text, &end)) && !*end;
}

static bool is_integer(const char *text)
{
  char *end;
  errno = 0;
  strtoll(text, &end, 10);
  return strspn(text, "-0123456789") == strlen(text) && !*end && errno == 0;
}

static const char *cell_fault(const ulp_column *c, const char *text)
{
  if (!*text)
    return NULL; /* missing value */
  if (c->type == ULP_COL_INTEGER && !is_integer(text))
    return "expected an integer";
  if (c->type == ULP_COL_NUMBER && !is_number(text))
    return "expected a number";
  return NULL;
}

/* ---- rows -------------------------------------------------------------- */

static ulp_status row_error(const ulp_table *t, size_t line, size_t column,
                            const char *fault, const char *found, ulp_error *e)
{
  const char *name = column < t->columns
                         ? t->experiment->columns[column].name
                         : "after the last";
  return ulp_error_set(e, ULP_EFORMAT,
                       "%.300s: row %zu, column '%s': %s, found '%.60s'",
                       t->path, line, name, fault, found);
}

static bool add_row(ulp_table *t, size_t *room)
{
  if ((t->rows + 1) * t->columns <= *room)
    return true;
  size_t n = *room * 2 + 64 * t->columns;
  char **cell = realloc(t->cell, n * sizeof *cell);
  if (!cell)
    return false;
  t->cell = cell;
  *room = n;
  return true;
}

/* Row 1 is the header, whose cells are the names of the columns. */
static ulp_status read_row(ulp_table *t, scanner *s, size_t line, ulp_error *e)
{
  const ulp_column *c = t->experiment->columns;
  for (size_t k = 0; k < t->columns; k++) {
    char want[100];
    next_field(s);
    const char *fault = s->fault;
    if (!fault && line == 1 && strcmp(s->text, c[k].name) != 0) {
      snprintf(want, sizeof want, "expected the header '%s'", c[k].name);
      fault = want;
    }
    if (!fault && line > 1)
      fault = cell_fault(&c[k], s->text);
    if (!fault && s->ends_row != (k + 1 == t->columns))
      fault = s->ends_row ? "expected more fields in this row"
                          : "expected the end of the row";
    if (fault)
      return row_error(t, line, k, fault, s->text, e);
    t->cell[t->rows * t->columns + k] = s->text;
  }
  t->rows += line > 1;
  return ULP_OK;
}

static ulp_status parse(ulp_table *t, ulp_error *e)
{
  scanner s = {.at = t->bytes};
  size_t room = 0, line = 1;
  if (strlen(t->bytes) != t->size)
    return ulp_error_set(e, ULP_EFORMAT, "%.300s: expected text, found a NUL "
                         "byte at offset %zu", t->path, strlen(t->bytes));
  for (; line == 1 || *s.at; line++) {
    if (!add_row(t, &room))
      return ulp_error_set(e, ULP_ENOMEM, "%.300s: out of memory", t->path);
    ulp_status status = read_row(t, &s, line, e);
    if (status != ULP_OK)
      return status;
  }
  if (t->rows == 0)
    return ulp_error_set(e, ULP_EFORMAT, "%.300s: expected at least one row "
                         "after the header", t->path);
  return ULP_OK;
}

ulp_status ulp_table_read(ulp_table *t, const char *dir,
                          const ulp_experiment *x, ulp_error *e)
{
  *t = (ulp_table){.experiment = x};
  size_t n = strlen(dir) + strlen(x->name) + 6;
  t->path = malloc(n);
  if (!t->path)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  snprintf(t->path, n, "%s/%s.csv", dir, x->name);
  while (x->columns[t->columns].name)
    t->columns++;
  t->bytes = ulp_slurp(t->path, &t->size, e);
  if (!t->bytes)
    return e->status;
  ulp_sha256_text(t->sha256, t->bytes, t->size); /* parsing cuts the bytes */
  return parse(t, e);
}

void ulp_table_free(ulp_table *t)
{
  free(t->path);
  free(t->bytes);
  free(t->cell);
  *t = (ulp_table){0};
}

const char *ulp_table_text(const ulp_table *t, size_t row, const char *column)
{
  const ulp_column *c = t->experiment->columns;
  for (size_t k = 0; k < t->columns; k++)
    if (strcmp(c[k].name, column) == 0)
      return t->cell[row * t->columns + k];
  return "";
}

double ulp_table_number(const ulp_table *t, size_t row, const char *column)
{
  char *end;
  const char *text = ulp_table_text(t, row, column);
  if (strcmp(text, "INF") == 0 || strcmp(text, "-INF") == 0)
    return *text == '-' ? -INFINITY : INFINITY;
  return *text && strcmp(text, "NaN") != 0 ? read_number(text, &end) : NAN;
}
