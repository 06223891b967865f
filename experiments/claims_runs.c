/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Experiments as facts: each run is made once, in this process.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "claims.h"
#include "claims_cells.h"
#include "driver.h"

enum { MOST_WORDS = 40, MOST_FACT = 800 };

typedef struct {
  char command[MOST_FACT]; /* NAME OPTIONS, as in the fact */
  ulp_error error;         /* why there are no cells */
  ulp_cells cells;
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
  for (size_t i = 0; i < r->count; i++)
    ulp_cells_free(&r->tables[i].cells);
  free(r->tables);
  free(r);
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
  if (!ulp_words_cut(copy, word, &count, MOST_WORDS) || count == 0)
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
  run.origin = parent->origin;
  run.journal = NULL;
  s = ulp_experiment_compute(&run, &csv, &rows, e);
  ulp_text_free(&run.notes);
  t->cells.csv = csv.text;
  return s == ULP_OK ? ulp_cells_read(&t->cells, e) : s;
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

/* ---- facts -------------------------------------------------------------- */

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
  ulp_error why = {.status = ULP_OK};
  ulp_status s = ulp_cells_find(out, &t->cells, where, what, &why);
  return s == ULP_OK ? s
                     : ulp_error_set(e, s, "%.300s: %.400s", t->command,
                                     why.text);
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
