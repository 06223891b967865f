/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * experiments.c: `ulplab list`, `run`, `merge` and `report`.
 */
#include "cli.h"
#include "experiment.h"
#include "report.h"
#include "shards.h"

static const char *const columns[] = {"name", "question", "source", NULL};

static ulp_status print_list(ulp_output *out, bool json, bool csv, ulp_error *e)
{
  const ulp_experiment *x;
  if (!json && !csv) {
    for (size_t i = 0; (x = ulp_experiment_row(i)); i++)
      ulp_output_printf(out, "%-16s %s\n", x->name, x->question);
    return ULP_OK;
  }
  cli_table table;
  cli_table_begin(&table, out, json, columns);
  for (size_t i = 0; (x = ulp_experiment_row(i)); i++) {
    cli_cell_text(&table, x->name);
    cli_cell_text(&table, x->question);
    cli_cell_text(&table, x->source);
  }
  return cli_table_end(&table, e);
}

typedef struct {
  bool given, json;
} list_syntax;

static ulp_status read_syntax(void *target, const char *text, ulp_error *e)
{
  list_syntax *s = target;
  ulp_status status = cli_read_json(&s->json, text, e);
  s->given = status == ULP_OK;
  return status;
}

int cli_list(int argc, char **argv)
{
  list_syntax syntax = {false, false};
  const cli_option options[] = {{"output", "SYNTAX",
                                 "csv or json (default: a line of text each)",
                                 read_syntax, &syntax},
                                {0}};
  const cli_command command = {
      .name = "list",
      .synopsis = "[--output csv|json]",
      .summary = "Prints the experiments and the question each answers.",
      .options = options};
  int operands;
  int status = cli_parse(&command, argc, argv, &operands);
  if (status >= 0) return status;
  ulp_error e;
  ulp_output *out;
  if (ulp_output_open(&out, NULL, &e) != ULP_OK) return cli_fail("list", &e);
  if (print_list(out, syntax.json, syntax.given && !syntax.json, &e) !=
      ULP_OK) {
    ulp_output_discard(out);
    return cli_fail("list", &e);
  }
  return ulp_output_commit(out, &e) == ULP_OK ? CLI_DONE : cli_fail("list", &e);
}

int cli_run(int argc, char **argv)
{
  const cli_option options[] = {{0}};
  const cli_command command = {
      .name = "run",
      .synopsis = "NAME [OPTION]...",
      .summary = "Runs the experiment NAME; 'ulplab run NAME --help' describes "
                 "its options and 'ulplab list' prints the names.",
      .options = options,
      .min_operands = 1,
      .max_operands = -1};
  /* What follows the name belongs to the experiment. */
  int operands;
  int status = cli_parse(&command, argc > 2 ? 2 : argc, argv, &operands);
  if (status >= 0) return status;
  /* The operand was moved to argv[0]. */
  argv[1] = argv[0];
  argv[0] = (char[]){"run"};
  return ulp_experiments_main(argc, argv);
}

int cli_merge(int argc, char **argv)
{
  const char *out = NULL;
  const cli_option options[] = {
      {"out", "DIR", "folder of the outputs, made if it is not there",
       cli_read_text, &out},
      {0}};
  const cli_command command = {
      .name = "merge",
      .synopsis = "--out DIR SHARD...",
      .summary = "Writes DIR/NAME.csv, with the files beside it, from all the "
                 "shards (--shard I/N) of a run: CSV files, or folders whose "
                 "manifest names them.  Several experiments may be given at "
                 "once.  The bytes are those of the run without shards. "
                 "Refused are shards of another version, seed, level, "
                 "parameter or input, shards that are missing or given twice, "
                 "and files that have changed since their manifest.",
      .options = options,
      .min_operands = 1,
      .max_operands = -1};
  int operands;
  int status = cli_parse(&command, argc, argv, &operands);
  if (status >= 0) return status;
  if (!out) return cli_failf("merge", "--out is missing: a folder is expected");
  ulp_error e;
  if (ulp_shards_merge(out, argv, (size_t)operands, &e) != ULP_OK)
    return cli_fail("merge", &e);
  return CLI_DONE;
}

int cli_report(int argc, char **argv)
{
  const char *methods = NULL;
  const cli_option options[] = {
      {"methods", "FILE.html",
       "write the page of methods alone, there; needs no DIR", cli_read_text,
       &methods},
      {0}};
  const cli_command command = {
      .name = "report",
      .synopsis = "DIR | --methods FILE.html",
      .summary = "Writes DIR/index.html, one page with pictures, from the "
                 "experiments' CSV files in the folder DIR, and beside it "
                 "DIR/methods.html, which has every model with its source and "
                 "how it is known.",
      .options = options,
      .max_operands = 1};
  int operands;
  int status = cli_parse(&command, argc, argv, &operands);
  if (status >= 0) return status;
  if ((operands == 1) == (methods != NULL))
    return cli_failf("report", "expected a folder, or --methods FILE.html");
  ulp_error e;
  if ((methods ? ulp_methods_write(methods, &e)
               : ulp_report_write(argv[0], &e)) != ULP_OK)
    return cli_fail("report", &e);
  return CLI_DONE;
}
