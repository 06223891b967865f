/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * options.c: a command line against a table of options.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif
#include <stdio.h>
#include <string.h>

#include "cli.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unversioned"
#endif

static const cli_option common[] = {
    {"help", NULL, "print this help", NULL, NULL},
    {"version", NULL, "print the version", NULL, NULL},
    {"man", NULL, "print this help as a manual page", NULL, NULL},
};
enum { COMMON = sizeof common / sizeof *common };

static const char *option_name(const void *options, size_t i)
{
  if (i < COMMON) return common[i].name;
  const cli_option *own = options;
  for (size_t k = 0; own[k].name; k++)
    if (i == COMMON + k) return own[k].name;
  return NULL;
}

int cli_print_version(const char *command)
{
  ulp_error e;
  ulp_output *out;
  if (ulp_output_open(&out, NULL, &e) != ULP_OK) return cli_fail(command, &e);
  ulp_output_printf(out, "ulplab%s%s %s\n", *command ? " " : "", command,
                    PACKAGE_VERSION);
  return ulp_output_commit(out, &e) == ULP_OK ? CLI_DONE
                                              : cli_fail(command, &e);
}

/* Words of `text` in lines of at most 79 columns, indented. */
static void wrap(ulp_output *out, const char *text, int indent, int column)
{
  while (*text) {
    int n = (int)strcspn(text, " ");
    if (column + 1 + n > 79) {
      ulp_output_printf(out, "\n%*s", indent, "");
      column = indent;
    } else if (column > indent) {
      ulp_output_printf(out, " ");
      column++;
    }
    ulp_output_printf(out, "%.*s", n, text);
    column += n;
    text += n;
    text += strspn(text, " ");
  }
  ulp_output_printf(out, "\n");
}

static void option_help(ulp_output *out, const cli_option *o)
{
  char left[64];
  snprintf(left, sizeof left, "--%s%s%s", o->name, o->argument ? " " : "",
           o->argument ? o->argument : "");
  ulp_output_printf(out, "  %-20s ", left);
  int column = (int)strlen(left) > 20 ? 79 : 23;
  wrap(out, o->help, 23, column);
}

static int print_help(const cli_command *c)
{
  ulp_error e;
  ulp_output *out;
  if (ulp_output_open(&out, NULL, &e) != ULP_OK) return cli_fail(c->name, &e);
  char usage[64];
  int indent = snprintf(usage, sizeof usage, "Usage: ulplab %s ", c->name);
  ulp_output_printf(out, "%s", usage);
  wrap(out, c->synopsis, indent, indent);
  wrap(out, c->summary, 0, 0);
  ulp_output_printf(out, "\nOptions:\n");
  for (const cli_option *o = c->options; o->name; o++)
    option_help(out, o);
  for (size_t i = 0; i < COMMON; i++)
    option_help(out, &common[i]);
  return ulp_output_commit(out, &e) == ULP_OK ? CLI_DONE
                                              : cli_fail(c->name, &e);
}

static const cli_option *find(const cli_option *options, const char *name,
                              size_t length)
{
  for (size_t i = 0; i < COMMON; i++)
    if (!strncmp(common[i].name, name, length) && !common[i].name[length])
      return &common[i];
  for (const cli_option *o = options; o->name; o++)
    if (!strncmp(o->name, name, length) && !o->name[length]) return o;
  return NULL;
}

static int unknown_option(const cli_command *c, const char *word, size_t length)
{
  char name[64];
  snprintf(name, sizeof name, "%.*s", (int)length, word);
  const char *near = ulp_nearest(name, option_name, c->options);
  return near ? cli_failf(c->name,
                          "unknown option '--%s'; the nearest is "
                          "'--%s'",
                          name, near)
              : cli_failf(c->name,
                          "unknown option '--%s'; 'ulplab %s --help' "
                          "lists them",
                          name, c->name);
}

/* Takes the option at argv[*i]; -1 to go on. */
static int take(const cli_command *c, int argc, char **argv, int *i)
{
  const char *word = argv[*i] + 2;
  size_t length = strcspn(word, "=");
  const cli_option *o = find(c->options, word, length);
  if (!o) return unknown_option(c, word, length);
  const char *text = word[length] ? word + length + 1 : NULL;
  if (!o->argument && text)
    return cli_failf(c->name, "--%s takes no value", o->name);
  if (o == &common[0]) return print_help(c);
  if (o == &common[1]) return cli_print_version(c->name);
  if (o == &common[2]) return cli_print_man(c, common, COMMON);
  if (o->argument && !text) {
    if (*i + 1 >= argc)
      return cli_failf(c->name, "--%s: a value is expected: %s", o->name,
                       o->argument);
    text = argv[++*i];
  }
  ulp_error e;
  if (o->read(o->target, text, &e) != ULP_OK)
    return cli_failf(c->name, "--%s: %s", o->name, e.text);
  return -1;
}

int cli_parse(const cli_command *c, int argc, char **argv, int *operands)
{
  int n = 0, i = 1;
  for (; i < argc; i++) {
    if (!strcmp(argv[i], "--")) {
      i++;
      break;
    }
    if (!strcmp(argv[i], "-h")) return print_help(c);
    if (argv[i][0] == '-' && argv[i][1] == '-') {
      int status = take(c, argc, argv, &i);
      if (status >= 0) return status;
    } else if (argv[i][0] == '-' && argv[i][1]) {
      return cli_failf(c->name,
                       "unknown option '%s'; names of options begin with "
                       "'--'",
                       argv[i]);
    } else {
      argv[n++] = argv[i];
    }
  }
  while (i < argc)
    argv[n++] = argv[i++];
  if (n < c->min_operands || (c->max_operands >= 0 && n > c->max_operands))
    return cli_failf(c->name,
                     n < c->min_operands
                         ? "an argument is missing; usage: ulplab %s %s"
                         : "too many arguments; usage: ulplab %s %s",
                     c->name, c->synopsis);
  *operands = n;
  return -1;
}
