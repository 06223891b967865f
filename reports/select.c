/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Filters of rows, and labels made of their cells.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "select.h"

char *ulp_next_word(char **text, char stop)
{
  char *from = *text + strspn(*text, " "), *to = from;
  if (!*from)
    return NULL;
  while (*to && *to != ' ' && *to != stop)
    to++;
  *text = *to ? to + 1 : to;
  *to = '\0';
  return from;
}

const ulp_column *ulp_column_find(const ulp_experiment *x, const char *name)
{
  for (const ulp_column *c = x->columns; c->name; c++)
    if (strcmp(c->name, name) == 0)
      return c;
  return NULL;
}

/* ---- conditions ---------------------------------------------------------- */

typedef struct {
  const char *column;
  char relation; /* = ! ~ */
  char *values;  /* separated by | */
} condition;

/* Takes a word apart, in place; false if it is none. */
static bool read_condition(condition *c, char *word)
{
  char *at = strpbrk(word, "=!~");
  if (!at || at == word || (*at == '!' && at[1] != '='))
    return false;
  c->column = word;
  c->relation = *at;
  c->values = at + (*at == '!' ? 2 : 1);
  *at = '\0';
  return *c->values != '\0';
}

/* Numbers are alike by value, whatever their digits. */
static bool alike(const char *cell, const char *value)
{
  char *cell_end, *value_end;
  if (strcmp(value, "-") == 0)
    return !*cell;
  if (strcmp(cell, value) == 0)
    return true;
  double a = strtod(cell, &cell_end), b = strtod(value, &value_end);
  return *cell && !*cell_end && !*value_end && a == b;
}

static bool one_of(const char *cell, const char *values)
{
  char value[100];
  while (*values) {
    size_t n = strcspn(values, "|");
    snprintf(value, sizeof value, "%.*s", (int)n, values);
    if (alike(cell, value))
      return true;
    values += n + (values[n] == '|');
  }
  return false;
}

static const char *cell_of(const ulp_selection *s, size_t i, const char *column)
{
  return ulp_table_text(s->table, s->row[i], column);
}

/* Keeps the rows that are (or, for `not`, are not) one of the values; leaves
 * all when none would stay and `some` asks for some. */
static size_t keep(ulp_selection *s, const char *column, const char *values,
                   bool not, bool some)
{
  size_t n = 0;
  for (size_t i = 0; i < s->count; i++)
    n += one_of(cell_of(s, i, column), values) != not;
  if (n == 0 && some)
    return 0;
  n = 0;
  for (size_t i = 0; i < s->count; i++)
    if (one_of(cell_of(s, i, column), values) != not)
      s->row[n++] = s->row[i];
  s->count = n;
  return n;
}

/* The text of the least or greatest number of a column; NULL: no number. */
static const char *extreme(const ulp_selection *s, const char *column, int sign)
{
  const char *best = NULL;
  double most = -INFINITY;
  for (size_t i = 0; i < s->count; i++) {
    double v = sign * ulp_table_number(s->table, s->row[i], column);
    if (v > most) {
      most = v;
      best = cell_of(s, i, column);
    }
  }
  return best;
}

static void tell(ulp_selection *s, const char *column)
{
  if (s->count == 0)
    return;
  if (s->shown.size)
    ulp_text_printf(&s->shown, ", ");
  const char *cell = cell_of(s, 0, column);
  ulp_text label = {0};
  ulp_row_label(&label, s->table, s->row[0], column);
  if (ulp_column_find(s->table->experiment, column)->type == ULP_COL_STRING)
    ulp_text_printf(&s->shown, "%s ", column);
  ulp_text_printf(&s->shown, "%s", label.text && *cell ? label.text : "none");
  ulp_text_free(&label);
}

static void narrow(ulp_selection *s, const condition *c)
{
  bool least = strcmp(c->values, "min") == 0;
  bool several = strchr(c->values, '|') != NULL;
  if (c->relation == '!') {
    keep(s, c->column, c->values, true, false);
  } else if (c->relation == '=' && (least || strcmp(c->values, "max") == 0)) {
    const char *value = extreme(s, c->column, least ? -1 : 1);
    keep(s, c->column, value ? value : "-", false, false);
    tell(s, c->column);
  } else if (c->relation == '=') {
    keep(s, c->column, c->values, false, false);
  } else if (s->count > 0) {
    if (keep(s, c->column, c->values, false, true) == 0 && !several) {
      const char *first = cell_of(s, 0, c->column);
      keep(s, c->column, *first ? first : "-", false, true);
    }
    if (!several)
      tell(s, c->column);
  }
}

bool ulp_select(ulp_selection *s, const ulp_table *t, const char *filter)
{
  *s = (ulp_selection){.table = t, .count = t->rows};
  char *copy = strdup(filter ? filter : ""), *rest = copy, *word;
  s->row = malloc((t->rows + 1) * sizeof *s->row);
  if (!copy || !s->row) {
    free(copy);
    return false;
  }
  for (size_t i = 0; i < t->rows; i++)
    s->row[i] = i;
  while ((word = ulp_next_word(&rest, ' ')) != NULL) {
    condition c;
    if (read_condition(&c, word))
      narrow(s, &c);
  }
  free(copy);
  return !s->shown.failed;
}

void ulp_selection_free(ulp_selection *s)
{
  free(s->row);
  ulp_text_free(&s->shown);
  *s = (ulp_selection){0};
}

const char *ulp_filter_fault(const ulp_experiment *x, const char *filter)
{
  const char *fault = NULL;
  char *copy = strdup(filter ? filter : ""), *rest = copy, *word;
  while (copy && !fault && (word = ulp_next_word(&rest, ' ')) != NULL) {
    condition c;
    if (!read_condition(&c, word))
      fault = "expected COLUMN=VALUE, COLUMN!=VALUE or COLUMN~VALUE";
    else if (!ulp_column_find(x, c.column))
      fault = "names a column that the experiment does not have";
  }
  free(copy);
  return fault;
}

/* ---- labels -------------------------------------------------------------- */

size_t ulp_label(ulp_labels *l, const char *name)
{
  size_t i = 0;
  while (i < l->count && strcmp(l->name[i], name) != 0)
    i++;
  if (i < l->count)
    return i;
  if (l->count == l->room) {
    char **more = realloc(l->name, (l->room * 2 + 16) * sizeof *more);
    if (!more)
      return SIZE_MAX;
    l->name = more;
    l->room = l->room * 2 + 16;
  }
  char *copy = strdup(name);
  if (!copy)
    return SIZE_MAX;
  l->name[l->count] = copy;
  return l->count++;
}

void ulp_labels_free(ulp_labels *l)
{
  for (size_t i = 0; i < l->count; i++)
    free(l->name[i]);
  free(l->name);
  *l = (ulp_labels){0};
}

const char *ulp_short_name(const char *format)
{
  const char *rest = strchr(format, '_');
  return rest && strncmp(format, "float", 5) == 0 ? rest + 1 : format;
}

static void label_cell(ulp_text *to, const ulp_table *t, size_t row,
                       const ulp_column *c)
{
  const char *cell = ulp_table_text(t, row, c->name);
  if (!*cell)
    return;
  if (to->size)
    ulp_text_printf(to, " ");
  if (c->type == ULP_COL_STRING)
    ulp_text_printf(to, "%s", ulp_short_name(cell));
  else if (c->type == ULP_COL_INTEGER)
    ulp_text_printf(to, "%s %s", c->name, cell);
  else
    ulp_text_printf(to, "%s %.6g", c->name,
                    ulp_table_number(t, row, c->name));
}

void ulp_row_label(ulp_text *to, const ulp_table *t, size_t row,
                   const char *columns)
{
  char *copy = strdup(columns ? columns : ""), *rest = copy, *word;
  to->failed |= !copy;
  while (copy && (word = ulp_next_word(&rest, ' ')) != NULL) {
    const ulp_column *c = ulp_column_find(t->experiment, word);
    if (c)
      label_cell(to, t, row, c);
  }
  free(copy);
}
