/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Experiments as facts: each run is made once, in this process, and its cells
 * are found by the values of other columns.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "claims.h"
#include "driver.h"

enum { MOST_WORDS = 40, MOST_COLUMNS = 64, MOST_FACT = 800 };

typedef struct {
  char command[MOST_FACT]; /* NAME OPTIONS, as in the fact */
  ulp_error error;         /* why there is no table */
  char *csv;               /* its cells, each ended by '\0' */
  char **cell;             /* [row][column], the first row the header */
  size_t columns, rows;    /* without the header */
} table;

struct ulp_claim_runs {
  const ulp_run *parent;
  table *tables;
  size_t count, room;
};

ulp_claim_runs *ulp_claim_runs_new(const ulp_run *parent)
{
  ulp_claim_runs *r = calloc(1, sizeof *r);
  if (r)
    r->parent = parent;
  return r;
}

void ulp_claim_runs_free(ulp_claim_runs *r)
{
  if (!r)
    return;
  for (size_t i = 0; i < r->count; i++) {
    free(r->tables[i].csv);
    free(r->tables[i].cell);
  }
  free(r->tables);
  free(r);
}

/* ---- words, as a shell has them ----------------------------------------- */

/* Cuts text into words at blanks outside '...'; false if there are too many.
 * Changes the text. */
static bool cut(char *text, char **word, int *count, int most)
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

static bool read_table(table *t)
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

/* ---- runs --------------------------------------------------------------- */

static const char *effort_option(ulp_effort effort)
{
  static const char *const options[] = {" --quick", "", " --full"};
  return options[effort];
}

static ulp_status run_it(table *t, const ulp_run *parent, ulp_error *e)
{
  char copy[MOST_FACT], *word[MOST_WORDS];
  int count;
  ulp_options o;
  ulp_run run = {.effort = ULP_NORMAL};
  ulp_text csv = {0};
  int64_t rows;
  memcpy(copy, t->command, sizeof copy);
  if (!cut(copy, word, &count, MOST_WORDS) || count == 0)
    return ulp_error_set(e, ULP_EFORMAT, "'%.100s': expected fewer words",
                         t->command);
  ulp_status s = ulp_experiment_find(&run.experiment, word[0], e);
  if (s == ULP_OK)
    s = ulp_options_parse(&run, &o, count, word, e);
  if (s == ULP_OK && (o.action != ULP_DO_RUN || o.tensor || run.out ||
                      run.experiment == parent->experiment))
    s = ulp_error_set(e, ULP_EFORMAT, "'%.100s': expected another "
                      "experiment and its parameters",
                      t->command);
  if (s != ULP_OK)
    return s;
  run.effort = parent->effort;
  run.seed = parent->seed;
  run.threads = parent->threads;
  run.shard = 0;
  run.shards = 1;
  s = ulp_experiment_compute(&run, &csv, &rows, e);
  ulp_text_free(&run.notes);
  t->csv = csv.text;
  if (s == ULP_OK && !read_table(t))
    s = ulp_error_set(e, ULP_ENOMEM, "%.60s: its table cannot be read",
                      t->command);
  return s;
}

static table *find_table(ulp_claim_runs *r, const char *command)
{
  for (size_t i = 0; i < r->count; i++)
    if (strcmp(r->tables[i].command, command) == 0)
      return &r->tables[i];
  if (r->count == r->room) {
    size_t room = 2 * r->room + 32;
    table *more = realloc(r->tables, room * sizeof *more);
    if (!more)
      return NULL;
    r->tables = more;
    r->room = room;
  }
  table *t = &r->tables[r->count++];
  *t = (table){.error = {.status = ULP_OK}};
  (void)snprintf(t->command, sizeof t->command, "%s", command);
  ulp_error e = {.status = ULP_OK};
  if (run_it(t, r->parent, &e) != ULP_OK)
    t->error = e;
  return t;
}

/* ---- cells -------------------------------------------------------------- */

static int find_column(const table *t, const char *name, size_t n)
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
  int column[MOST_WORDS];
  const char *value[MOST_WORDS];
} conditions;

static ulp_status read_conditions(conditions *c, const table *t, char *text,
                                  ulp_error *e)
{
  char *word[MOST_WORDS];
  *c = (conditions){.count = 0};
  if (!cut(text, word, &c->count, MOST_WORDS))
    return ulp_error_set(e, ULP_EFORMAT, "%.60s: expected fewer conditions",
                         t->command);
  for (int i = 0; i < c->count; i++) {
    size_t n = strcspn(word[i], "=");
    c->column[i] = find_column(t, word[i], n);
    if (c->column[i] < 0 || !word[i][n])
      return ulp_error_set(e, ULP_EFORMAT, "%.60s: '%.60s': expected "
                           "COLUMN=VALUE", t->command, word[i]);
    c->value[i] = word[i] + n + 1;
  }
  return ULP_OK;
}

static bool meets(const table *t, size_t row, const conditions *c)
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
                         const table *t, ulp_error *e)
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
    return ulp_error_set(e, ULP_EFORMAT, "%.200s: %zu rows have these values: "
                         "expected %s", t->command, r->n,
                         only ? "one" : "some");
  for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
    if (strcmp(list[i].name, how) == 0) {
      *out = list[i].value;
      return ULP_OK;
    }
  return ulp_error_set(e, ULP_EFORMAT, "'%.40s': expected only, mean, min, "
                       "max, first, last, sum or count", how);
}

static ulp_status read_cells(double *out, const table *t, char *where,
                             char *what, ulp_error *e)
{
  conditions c;
  reduction r = {0};
  char *word[2];
  int words;
  ulp_status s = read_conditions(&c, t, where, e);
  if (s != ULP_OK)
    return s;
  if (!cut(what, word, &words, 2) || words == 0)
    return ulp_error_set(e, ULP_EFORMAT, "%.60s: expected a column",
                         t->command);
  int column = find_column(t, word[0], strlen(word[0]));
  if (column < 0)
    return ulp_error_set(e, ULP_EFORMAT, "%.60s: no column '%.60s'",
                         t->command, word[0]);
  for (size_t i = 0; i < t->rows; i++) {
    if (!meets(t, i, &c))
      continue;
    char *end, *cell = t->cell[(i + 1) * t->columns + (size_t)column];
    double x = strtod(cell, &end);
    if (end == cell || *end)
      return ulp_error_set(e, ULP_EFORMAT, "%.200s: %s '%.40s' is no number",
                           t->command, word[0], cell);
    reduce(&r, x);
  }
  return finish(out, &r, words == 2 ? word[1] : "only", t, e);
}

/* "run COMMAND | WHERE | WHAT" in its three parts; changes the text. */
static bool parts(char *text, char **command, char **where, char **what)
{
  char *bar = strchr(text, '|');
  char *second = bar ? strchr(bar + 1, '|') : NULL;
  if (!second)
    return false;
  *bar = *second = '\0';
  *command = text + strlen("run ");
  *command += strspn(*command, " ");
  *where = bar + 1;
  *what = second + 1;
  for (char *end = bar; end > *command && end[-1] == ' ';)
    *--end = '\0';
  return true;
}

ulp_status ulp_claim_fact(void *runs, double *out, const char *fact,
                          ulp_error *e)
{
  char copy[MOST_FACT], *command, *where, *what;
  if (strncmp(fact, "run ", 4) != 0)
    return ulp_claim_table_fact(out, fact, e);
  if (strlen(fact) >= sizeof copy)
    return ulp_error_set(e, ULP_EFORMAT, "[%.60s...: too long", fact);
  memcpy(copy, fact, strlen(fact) + 1);
  if (!parts(copy, &command, &where, &what))
    return ulp_error_set(e, ULP_EFORMAT, "[%.200s]: expected "
                         "run COMMAND | CONDITIONS | COLUMN", fact);
  const table *t = find_table(runs, command);
  if (!t)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  if (t->error.status != ULP_OK) {
    *e = t->error;
    return e->status;
  }
  return read_cells(out, t, where, what, e);
}

/* ---- commands ----------------------------------------------------------- */

static const char between[] = " && ";

static bool has_command(const char *list, const char *line)
{
  size_t n = strlen(line);
  for (; list && (list = strstr(list, line)) != NULL; list += n)
    if (!list[n] || strncmp(list + n, between, strlen(between)) == 0)
      return true;
  return false;
}

static void add_command(ulp_text *to, const ulp_claim_runs *r,
                        const char *command)
{
  char line[MOST_FACT + 80];
  const ulp_run *p = r->parent;
  int n = snprintf(line, sizeof line, "ulplab run %s%s", command,
                   effort_option(p->effort));
  if (p->seed != p->experiment->default_seed)
    (void)snprintf(line + n, sizeof line - (size_t)n, " --seed %" PRIu64,
                   p->seed);
  if (has_command(to->text, line))
    return;
  ulp_text_printf(to, "%s%s", to->size ? between : "", line);
}

void ulp_claim_commands(ulp_text *commands, const ulp_claim_runs *r,
                        const char *formula)
{
  char copy[MOST_FACT], *command, *where, *what;
  while ((formula = strstr(formula, "[run ")) != NULL) {
    size_t n = strcspn(++formula, "]");
    if (n >= sizeof copy)
      return;
    memcpy(copy, formula, n);
    copy[n] = '\0';
    if (parts(copy, &command, &where, &what))
      add_command(commands, r, command);
  }
}
