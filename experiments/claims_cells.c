/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The cells of a run's CSV, found by the values of other columns.
 */
#include "claims_cells.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_CONDITIONS = 16, MOST_COLUMNS = 64 };

/* ---- words, as a shell has them ----------------------------------------- */

bool ulp_words_cut(char *text, char **word, int *count, int most)
{
  char *to = text;
  *count = 0;
  while (*(text += strspn(text, " "))) {
    if (*count == most)
      return false;
    word[(*count)++] = to;
    for (bool quoted = false; *text && (quoted || *text != ' '); text++) {
      if (*text == '\'')
        quoted = !quoted;
      else
        *to++ = *text;
    }
    bool last = !*text;
    *to++ = '\0';
    if (last)
      break;
    text++;
  }
  return true;
}

/* ---- CSV ---------------------------------------------------------------- */

/* One field in place (RFC 4180); returns what follows it. */
static char *read_field(char *text, char **field, bool *last)
{
  char *to = text;
  *field = text;
  bool quoted = false;
  for (; *text && (quoted || (*text != ',' && *text != '\n')); text++) {
    if (*text == '"' && quoted && text[1] == '"')
      *to++ = *text++;
    else if (*text == '"')
      quoted = !quoted;
    else
      *to++ = *text;
  }
  *last = *text != ',';
  char *next = *text ? text + 1 : text;
  *to = '\0';
  return next;
}

static bool read_table(ulp_cells *t)
{
  size_t lines = 0, n = 0;
  for (const char *s = t->csv; (s = strchr(s, '\n')) != NULL; s++)
    lines++;
  t->cell = calloc(lines * MOST_COLUMNS + 1, sizeof *t->cell);
  if (!t->cell)
    return false;
  for (char *s = t->csv; *s && n < lines * MOST_COLUMNS;) {
    bool last;
    s = read_field(s, &t->cell[n++], &last);
    if (last && t->columns == 0)
      t->columns = n;
  }
  t->rows = t->columns ? n / t->columns - 1 : 0;
  return t->columns > 0 && n == t->columns * (t->rows + 1);
}

ulp_status ulp_cells_read(ulp_cells *t, ulp_error *e)
{
  return read_table(t) ? ULP_OK
                       : ulp_error_set(e, ULP_ENOMEM,
                                       "its table cannot be read");
}

void ulp_cells_free(ulp_cells *t)
{
  free(t->csv);
  free(t->cell);
  *t = (ulp_cells){0};
}

/* ---- cells -------------------------------------------------------------- */

static int find_column(const ulp_cells *t, const char *name, size_t n)
{
  for (size_t i = 0; i < t->columns; i++)
    if (strlen(t->cell[i]) == n && strncmp(t->cell[i], name, n) == 0)
      return (int)i;
  return -1;
}

/* The same text, or the same number. */
static bool same(const char *a, const char *b)
{
  char *end_a, *end_b;
  if (strcmp(a, b) == 0)
    return true;
  double x = strtod(a, &end_a), y = strtod(b, &end_b);
  return end_a != a && end_b != b && !*end_a && !*end_b && x >= y && x <= y;
}

typedef struct {
  int count;
  int column[MOST_CONDITIONS];
  const char *value[MOST_CONDITIONS];
} conditions;

static ulp_status read_conditions(conditions *c, const ulp_cells *t, char *text,
                                  ulp_error *e)
{
  char *word[MOST_CONDITIONS];
  *c = (conditions){.count = 0};
  if (!ulp_words_cut(text, word, &c->count, MOST_CONDITIONS))
    return ulp_error_set(e, ULP_EFORMAT, "expected fewer conditions");
  for (int i = 0; i < c->count; i++) {
    size_t n = strcspn(word[i], "=");
    c->column[i] = find_column(t, word[i], n);
    if (c->column[i] < 0 || !word[i][n])
      return ulp_error_set(e, ULP_EFORMAT, "'%.60s': expected COLUMN=VALUE",
                           word[i]);
    c->value[i] = word[i] + n + 1;
  }
  return ULP_OK;
}

static bool meets(const ulp_cells *t, size_t row, const conditions *c)
{
  for (int i = 0; i < c->count; i++)
    if (!same(t->cell[(row + 1) * t->columns + (size_t)c->column[i]],
              c->value[i]))
      return false;
  return true;
}

typedef struct {
  size_t n;
  double sum, least, greatest, first, last;
} reduction;

static void reduce(reduction *r, double x)
{
  r->sum += x;
  r->least = r->n ? fmin(r->least, x) : x;
  r->greatest = r->n ? fmax(r->greatest, x) : x;
  r->first = r->n ? r->first : x;
  r->last = x;
  r->n++;
}

static ulp_status finish(double *out, const reduction *r, const char *how,
                         ulp_error *e)
{
  const struct {
    const char *name;
    double value;
  } list[] = {{"only", r->first},   {"mean", r->sum / (double)r->n},
              {"min", r->least},    {"max", r->greatest},
              {"first", r->first},  {"last", r->last},
              {"sum", r->sum},      {"count", (double)r->n}};
  bool only = strcmp(how, "only") == 0, count = strcmp(how, "count") == 0;
  if (only ? r->n != 1 : r->n == 0 && !count)
    return ulp_error_set(e, ULP_EFORMAT, "%zu rows have these values: "
                         "expected %s", r->n, only ? "one" : "some");
  for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
    if (strcmp(list[i].name, how) == 0) {
      *out = list[i].value;
      return ULP_OK;
    }
  return ulp_error_set(e, ULP_EFORMAT, "'%.40s': expected only, mean, min, "
                       "max, first, last, sum or count", how);
}

ulp_status ulp_cells_find(double *out, const ulp_cells *t, char *where,
                          char *what, ulp_error *e)
{
  conditions c;
  reduction r = {0};
  char *word[2];
  int words;
  ulp_status s = read_conditions(&c, t, where, e);
  if (s != ULP_OK)
    return s;
  if (!ulp_words_cut(what, word, &words, 2) || words == 0)
    return ulp_error_set(e, ULP_EFORMAT, "expected a column");
  int column = find_column(t, word[0], strlen(word[0]));
  if (column < 0)
    return ulp_error_set(e, ULP_EFORMAT, "no column '%.60s'", word[0]);
  for (size_t i = 0; i < t->rows; i++) {
    if (!meets(t, i, &c))
      continue;
    char *end, *cell = t->cell[(i + 1) * t->columns + (size_t)column];
    double x = strtod(cell, &end);
    if (end == cell || *end)
      return ulp_error_set(e, ULP_EFORMAT, "%.60s '%.40s' is no number",
                           word[0], cell);
    reduce(&r, x);
  }
  return finish(out, &r, words == 2 ? word[1] : "only", e);
}
