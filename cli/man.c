/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * man.c: manual pages, from the tables that --help prints.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif
#include <string.h>

#include "cli.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unversioned"
#endif

/* Text as roff (groff_man(7)): no escape, request or soft hyphen of its own. */
static void roff(ulp_output *out, const char *text)
{
  for (const char *c = text; *c; c++) {
    bool begins = c == text || c[-1] == '\n';
    if (begins && (*c == '.' || *c == '\'')) ulp_output_printf(out, "\\&");
    if (*c == '\\')
      ulp_output_printf(out, "\\e");
    else if (*c == '-')
      ulp_output_printf(out, "\\-");
    else
      ulp_output_write(out, c, 1);
  }
}

static void header(ulp_output *out, const char *page, const char *help)
{
  char upper[64];
  size_t n = 0;
  for (; page[n] && n + 1 < sizeof upper; n++)
    upper[n] = (char)(page[n] >= 'a' && page[n] <= 'z' ? page[n] - 32 : page[n]);
  upper[n] = '\0';
  ulp_output_printf(out, ".TH %s 1 \"\" \"ulplab %s\"\n.SH NAME\n", upper,
                    PACKAGE_VERSION);
  roff(out, page);
  ulp_output_printf(out, " \\- ");
  roff(out, help);
  ulp_output_printf(out, "\n");
}

static void item(ulp_output *out, const char *bold, const char *argument,
                 const char *help)
{
  ulp_output_printf(out, ".TP\n\\fB");
  roff(out, bold);
  ulp_output_printf(out, "\\fR%s", argument ? " \\fI" : "");
  if (argument) roff(out, argument);
  ulp_output_printf(out, "%s\n", argument ? "\\fR" : "");
  roff(out, help);
  ulp_output_printf(out, "\n");
}

static void option_item(ulp_output *out, const cli_option *o)
{
  char bold[64];
  snprintf(bold, sizeof bold, "--%s", o->name);
  item(out, bold, o->argument, o->help);
}

static void footer(ulp_output *out, const char *also)
{
  ulp_output_printf(out, ".SH EXIT STATUS\n");
  item(out, "0", NULL, "done");
  item(out, "1", NULL, "compared and different");
  item(out, "2", NULL,
       "usage or input error: one line on stderr says what was expected, and "
       "no output file is left behind");
  ulp_output_printf(out, ".SH SEE ALSO\n%s\n", also);
}

static int commit(ulp_output *out, const char *command)
{
  ulp_error e;
  return ulp_output_commit(out, &e) == ULP_OK ? CLI_DONE
                                              : cli_fail(command, &e);
}

int cli_print_man(const cli_command *c, const cli_option *common, size_t n)
{
  ulp_error e;
  ulp_output *out;
  char page[64];
  if (ulp_output_open(&out, NULL, &e) != ULP_OK) return cli_fail(c->name, &e);
  snprintf(page, sizeof page, "ulplab-%s", c->name);
  header(out, page, cli_subcommand_help(c->name));
  ulp_output_printf(out, ".SH SYNOPSIS\n\\fBulplab %s\\fR ", c->name);
  roff(out, c->synopsis);
  ulp_output_printf(out, "\n.SH DESCRIPTION\n");
  roff(out, c->summary);
  ulp_output_printf(out, "\n.SH OPTIONS\n");
  for (const cli_option *o = c->options; o->name; o++)
    option_item(out, o);
  for (size_t i = 0; i < n; i++)
    option_item(out, &common[i]);
  footer(out, ".BR ulplab (1)");
  return commit(out, c->name);
}

int cli_print_main_man(const char *(*name_of)(size_t i))
{
  ulp_error e;
  ulp_output *out;
  if (ulp_output_open(&out, NULL, &e) != ULP_OK) return cli_fail("", &e);
  header(out, "ulplab", "what a number becomes in a low-precision format");
  ulp_output_printf(out, ".SH SYNOPSIS\n\\fBulplab\\fR SUBCOMMAND [OPTION]...\n"
                         ".SH DESCRIPTION\n");
  roff(out, "What a number becomes in a low-precision format, inside a tensor "
            "core, through a quantizer, across the layers of a model.");
  ulp_output_printf(out, "\n.SH SUBCOMMANDS\n");
  for (size_t i = 0; name_of(i); i++)
    item(out, name_of(i), NULL, cli_subcommand_help(name_of(i)));
  ulp_output_printf(out, ".SH ENVIRONMENT\n");
  item(out, "ULPLAB_ISA", NULL,
       "portable, avx2 or avx512: the instructions that kernels use; the "
       "results are the same (default: the best that the machine has)");
  footer(out, "Each subcommand has a page of its own, as\n"
              ".BR ulplab\\-quantize (1)");
  return commit(out, "");
}
