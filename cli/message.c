/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * message.c: one line on stderr.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"

enum { LINE_SIZE = 1024 };

static void line(const char *command, const char *kind, const char *text)
{
  char buffer[LINE_SIZE];
  snprintf(buffer, sizeof buffer, "ulplab%s%s: %s%s", *command ? " " : "",
           command, kind, text);
  for (char *p = buffer; *p; p++)
    if ((unsigned char)*p < 0x20 || *p == 0x7f) *p = '?';
  fprintf(stderr, "%s\n", buffer);
}

int cli_fail(const char *command, const ulp_error *e)
{
  line(command, "", e->text);
  return CLI_ERROR;
}

int cli_failf(const char *command, const char *fmt, ...)
{
  char text[LINE_SIZE];
  va_list args;
  va_start(args, fmt);
  vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  line(command, "", text);
  return CLI_ERROR;
}

void cli_warn(const char *command, const char *fmt, ...)
{
  char text[LINE_SIZE];
  va_list args;
  va_start(args, fmt);
  vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  line(command, "warning: ", text);
}

static const char *listed_name(const void *list, size_t i)
{
  return (*(const char *(*const *)(size_t))list)(i);
}

ulp_status cli_unknown(ulp_error *e, const char *what, const char *text,
                       const char *(*name_of)(size_t i))
{
  char names[400] = "";
  size_t used = 0;
  for (size_t i = 0; name_of(i) && used < sizeof names; i++)
    used += (size_t)snprintf(names + used, sizeof names - used, "%s%s",
                             i ? ", " : "", name_of(i));
  const char *near = ulp_nearest(text, listed_name, &name_of);
  return ulp_error_set(e, ULP_ENAME, "unknown %s '%.60s', expected %s%s%s%s",
                       what, text, names, near ? "; the nearest is '" : "",
                       near ? near : "", near ? "'" : "");
}

ulp_status cli_no_memory(ulp_error *e)
{
  return ulp_error_set(e, ULP_ENOMEM, "%s", ulp_strerror(ULP_ENOMEM));
}
