/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * plans.c: `ulplab plans`, the suite's own numerics plans.
 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "plan.h"

static void rows(cli_table *t, const void *unused)
{
  const ulp_plan_entry *x;
  (void)unused;
  for (size_t i = 0; (x = ulp_plan_row_at(i)) != NULL; i++) {
    char evidence[200] = "";
    ulp_plan *p;
    ulp_error e;
    if (ulp_plan_find(&p, x->name, &e) == ULP_OK) {
      ulp_plan_evidence(p, NULL, evidence, sizeof evidence);
      ulp_plan_free(p);
    }
    cli_cell_text(t, x->name);
    cli_cell_text(t, x->description);
    cli_cell_text(t, evidence);
  }
}

static int print_text(size_t i)
{
  ulp_error e;
  ulp_output *out;
  char *text = ulp_plan_row_text(i);
  ulp_status s = text ? ulp_output_open(&out, NULL, &e) : cli_no_memory(&e);
  if (s == ULP_OK) {
    ulp_output_write(out, text, strlen(text));
    s = ulp_output_commit(out, &e);
  }
  free(text);
  return s == ULP_OK ? CLI_DONE : cli_fail("plans", &e);
}

int cli_plans(int argc, char **argv)
{
  static const char *const columns[] = {"plan", "description", "evidence",
                                        NULL};
  bool json = false;
  const cli_option options[] = {
      {"output", "SYNTAX", "csv (default) or json", cli_read_json, &json}, {0}};
  const cli_command command = {
      .name = "plans",
      .synopsis = "[NAME] [--output csv|json]",
      .summary = "Prints the suite's numerics plans, one row each, and how the "
                 "bits of their matrix products are known; with NAME the text "
                 "of one, to edit and give to 'ulplab model --plan FILE'.",
      .options = options,
      .max_operands = 1};
  int operands;
  int status = cli_parse(&command, argc, argv, &operands);
  if (status >= 0)
    return status;
  if (operands == 0)
    return cli_print_table("plans", json, columns, rows, NULL);
  for (size_t i = 0; ulp_plan_row(i); i++)
    if (strcmp(ulp_plan_row(i), argv[0]) == 0)
      return print_text(i);
  ulp_error e;
  cli_unknown(&e, "plan", argv[0], ulp_plan_row);
  return cli_fail("plans", &e);
}
