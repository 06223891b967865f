/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * gpus.c: `ulplab gpus`, one row an instruction.
 */
#include <string.h>

#include "cli.h"
#include "emu.h"

static const char *const columns[] = {
    "gpu",    "products", "instruction", "m",     "n",
    "k",      "d",        "a",           "b",     "c",
    "ptx_kind", "scale",  "scale_block", "group",
    "kind",   "block",    "align",       "floor", "order",
    "convert", "c_last",  "accumulator", "round", "evidence",
    "machine_instruction", "source",     NULL};

static const char *products_of(const char *arch)
{
  for (size_t i = 0; ulp_gpu_name(i); i++)
    if (!strcmp(ulp_gpu_name(i), arch)) return ulp_gpu_products(i);
  return "";
}

static void optional_int(cli_table *t, int n)
{
  if (n)
    cli_cell_int(t, n);
  else
    cli_cell_none(t);
}

static void scale_cells(cli_table *t, const ulp_mma_record *r)
{
  cli_cell_text(t, r->ptx_kind ? r->ptx_kind : "");
  cli_cell_text(t, r->scale ? r->scale : "");
  optional_int(t, r->scale_block);
  optional_int(t, r->group);
}

/* What only a truncated dot product has. */
static void fdpa_cells(cli_table *t, const ulp_mma_record *r)
{
  if (r->kind != ULP_DOT_FDPA) {
    optional_int(t, r->block);
    for (int i = 0; i < 7; i++)
      cli_cell_none(t);
    return;
  }
  cli_cell_int(t, r->block);
  cli_cell_int(t, r->align);
  if (r->floor == ULP_NO_FLOOR)
    cli_cell_none(t);
  else
    cli_cell_int(t, r->floor);
  cli_cell_text(t, ulp_block_order_name(r->order));
  cli_cell_text(t, r->convert ? r->convert : "");
  cli_cell_bool(t, r->c_last);
  cli_cell_text(t, r->acc);
  cli_cell_text(t, ulp_mode_name(r->acc_mode));
}

static void record_row(cli_table *t, const ulp_mma_record *r)
{
  cli_cell_text(t, r->arch);
  cli_cell_text(t, products_of(r->arch));
  cli_cell_text(t, r->instr);
  if (r->m)
    cli_cell_int(t, r->m);
  else
    cli_cell_text(t, "64|128");
  if (r->n)
    cli_cell_int(t, r->n);
  else
    cli_cell_text(t, "8..256");
  cli_cell_int(t, r->k);
  cli_cell_text(t, r->d);
  cli_cell_text(t, r->a);
  cli_cell_text(t, r->b);
  cli_cell_text(t, r->c);
  scale_cells(t, r);
  cli_cell_text(t, ulp_dot_kind_name(r->kind));
  fdpa_cells(t, r);
  cli_cell_text(t, ulp_evidence_name(r->evidence));
  cli_cell_text(t, r->machine ? r->machine : "");
  cli_cell_text(t, r->source);
}

static void record_rows(cli_table *t, const void *data)
{
  (void)data;
  for (size_t i = 0; i < ulp_mma_count(); i++)
    record_row(t, ulp_mma_row(i));
}

int cli_gpus(int argc, char **argv)
{
  bool json = false;
  const cli_option options[] = {
      {"output", "SYNTAX", "csv (default) or json", cli_read_json, &json}, {0}};
  const cli_command command = {
      .name = "gpus",
      .synopsis = "[--output csv|json]",
      .summary =
          "Prints the matrix instructions of each GPU, the parameters of "
          "their models (block: products summed together; align: bits kept "
          "below the greatest exponent; floor: the least exponent to align "
          "to) and how each is known: measured, published or open.",
      .options = options};
  int operands;
  int status = cli_parse(&command, argc, argv, &operands);
  if (status >= 0) return status;
  return cli_print_table("gpus", json, columns, record_rows, NULL);
}
