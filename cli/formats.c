/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * formats.c: `ulplab formats`, one row a format.
 */
#include "cli.h"

static const char *const columns[] = {
    "name",         "aliases",       "kind",
    "bits",         "exponent_bits", "significand_bits",
    "bias",         "signed",        "nan",
    "inf",          "zero",          "subnormals",
    "max",          "lowest",        "min_normal",
    "min_positive", "source",        NULL};

/* A property of floats only. */
static void float_int(cli_table *t, const ulp_format *f, int64_t n)
{
  if (f->kind == ULP_FLOAT)
    cli_cell_int(t, n);
  else
    cli_cell_none(t);
}

static void format_row(cli_table *t, const ulp_format *f)
{
  cli_cell_text(t, f->name);
  cli_cell_text(t, f->aliases);
  cli_cell_text(t, ulp_kind_name(f->kind));
  cli_cell_int(t, f->bits);
  float_int(t, f, f->exp_bits);
  float_int(t, f, f->man_bits);
  if (f->kind == ULP_CODEBOOK)
    cli_cell_none(t);
  else
    cli_cell_int(t, f->bias);
  cli_cell_bool(t, f->is_signed);
  cli_cell_text(t, ulp_nan_code_name(f->nan));
  cli_cell_text(t, ulp_inf_code_name(f->inf));
  cli_cell_text(t, ulp_zero_code_name(f->zero));
  cli_cell_bool(t, f->kind == ULP_FLOAT && f->subnormals);
  cli_cell_number(t, ulp_max(f));
  cli_cell_number(t, ulp_lowest(f));
  if (f->kind == ULP_FLOAT)
    cli_cell_number(t, ulp_min_normal(f));
  else
    cli_cell_none(t);
  cli_cell_number(t, ulp_min_positive(f));
  cli_cell_text(t, f->source);
}

static void format_rows(cli_table *t, const void *data)
{
  (void)data;
  for (size_t i = 0; i < ulp_format_count(); i++)
    format_row(t, ulp_format_row(i));
}

int cli_formats(int argc, char **argv)
{
  bool json = false;
  const cli_option options[] = {
      {"output", "SYNTAX", "csv (default) or json", cli_read_json, &json}, {0}};
  const cli_command command = {
      .name = "formats",
      .synopsis = "[--output csv|json]",
      .summary = "Prints the table of number formats, one row a format. Where "
                 "a format is asked for, its name or an alias will do; so "
                 "will binaryKpP[s|u][e|f] (IEEE P3109) and eEmM... (invent "
                 "one: E exponent and M significand bits).",
      .options = options};
  int operands;
  int status = cli_parse(&command, argc, argv, &operands);
  if (status >= 0) return status;
  return cli_print_table("formats", json, columns, format_rows, NULL);
}
