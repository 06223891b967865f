/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * codes.c: `ulplab codes FORMAT`, every code and its value.
 */
#include "cli.h"

enum { MAX_BITS = 16 };

static const char *const columns[] = {"code", "class", "value", "hex", NULL};

static void code_row(cli_table *t, const ulp_format *f, uint64_t code)
{
  char text[CLI_NUMBER_SIZE];
  cli_cell_text(t, cli_code_name(f, code, text));
  cli_cell_text(t, ulp_class_name(ulp_unpack(f, code).cls));
  cli_cell_value(t, f, code);
}

static void code_rows(cli_table *t, const void *data)
{
  const ulp_format *f = data;
  for (uint64_t code = 0; code < ulp_code_count(f); code++)
    code_row(t, f, code);
}

int cli_codes(int argc, char **argv)
{
  bool json = false;
  const cli_option options[] = {
      {"output", "SYNTAX", "csv (default) or json", cli_read_json, &json}, {0}};
  const cli_command command = {
      .name = "codes",
      .synopsis = "FORMAT [--output csv|json]",
      .summary = "Prints every code of a format of up to 16 bits with its "
                 "class and its value, in decimal that reads back as the "
                 "value and in exact hex float.",
      .options = options,
      .min_operands = 1,
      .max_operands = 1};
  int operands;
  int status = cli_parse(&command, argc, argv, &operands);
  if (status >= 0) return status;
  ulp_error e;
  ulp_format f;
  if (cli_read_format(&f, argv[0], &e) != ULP_OK) return cli_fail("codes", &e);
  if (f.bits > MAX_BITS)
    return cli_failf("codes", "%s has %d bits, expected a format of up to %d",
                     f.name, f.bits, MAX_BITS);
  return cli_print_table("codes", json, columns, code_rows, &f);
}
