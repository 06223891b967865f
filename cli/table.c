/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * table.c: rows of named cells, as CSV or JSON.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static void end_row(cli_table *t)
{
  t->cell = 0;
  t->rows++;
  if (!t->json) {
    ulp_output_printf(t->out, "\n");
    return;
  }
  char *text =
      t->object ? json_dumps(t->object, JSON_REAL_PRECISION(17)) : NULL;
  if (text)
    ulp_output_printf(t->out, "%s\n  %s", t->rows > 1 ? "," : "", text);
  else
    t->failed = true;
  free(text);
  json_decref(t->object);
  t->object = NULL;
}

/* Adds a JSON value, which it takes. */
static void json_cell(cli_table *t, json_t *value)
{
  if (t->cell == 0) t->object = json_object();
  if (json_object_set_new(t->object, t->columns[t->cell], value) != 0)
    t->failed = true;
}

static void next_cell(cli_table *t)
{
  t->cell++;
  if (!t->columns[t->cell]) end_row(t);
}

/* A CSV cell that needs no quotes. */
static void plain_cell(cli_table *t, const char *s)
{
  ulp_output_printf(t->out, "%s%s", t->cell ? "," : "", s);
}

void cli_table_begin(cli_table *t, ulp_output *out, bool json,
                     const char *const *columns)
{
  *t = (cli_table){.out = out, .columns = columns, .json = json};
  if (json) {
    ulp_output_printf(out, "[");
    return;
  }
  for (size_t i = 0; columns[i]; i++)
    ulp_output_printf(out, "%s%s", i ? "," : "", columns[i]);
  ulp_output_printf(out, "\n");
}

static void quoted_cell(cli_table *t, const char *s)
{
  ulp_output_printf(t->out, "%s\"", t->cell ? "," : "");
  for (; *s; s++)
    ulp_output_printf(t->out, *s == '"' ? "\"\"" : "%c", *s);
  ulp_output_printf(t->out, "\"");
}

/* jansson takes UTF-8 only; a file name need not be. */
static json_t *json_text(const char *s)
{
  json_t *value = json_string(s);
  if (value) return value;
  size_t n = strlen(s);
  char *copy = malloc(n + 1);
  if (!copy) return NULL;
  for (size_t i = 0; i <= n; i++)
    copy[i] = (unsigned char)s[i] < 0x80 ? s[i] : '?';
  value = json_string(copy);
  free(copy);
  return value;
}

void cli_cell_text(cli_table *t, const char *s)
{
  if (t->json)
    json_cell(t, json_text(s));
  else if (strpbrk(s, ",\"\r\n"))
    quoted_cell(t, s);
  else
    plain_cell(t, s);
  next_cell(t);
}

void cli_cell_number(cli_table *t, double x)
{
  char text[CLI_NUMBER_SIZE];
  /* Inf and NaN as Frictionless Table Schema spells them. */
  const char *s = isnan(x)   ? "NaN"
                  : isinf(x) ? (x > 0 ? "INF" : "-INF")
                             : cli_decimal(x, text);
  if (t->json)
    json_cell(t, isfinite(x) ? json_real(x) : json_string(s));
  else
    plain_cell(t, s);
  next_cell(t);
}

void cli_cell_int(cli_table *t, int64_t n)
{
  if (t->json)
    json_cell(t, json_integer(n));
  else
    ulp_output_printf(t->out, "%s%lld", t->cell ? "," : "", (long long)n);
  next_cell(t);
}

void cli_cell_bool(cli_table *t, bool b)
{
  if (t->json)
    json_cell(t, json_boolean(b));
  else
    plain_cell(t, b ? "true" : "false");
  next_cell(t);
}

void cli_cell_none(cli_table *t)
{
  if (t->json)
    json_cell(t, json_null());
  else
    plain_cell(t, "");
  next_cell(t);
}

void cli_cell_value(cli_table *t, const ulp_format *f, uint64_t code)
{
  char text[CLI_NUMBER_SIZE];
  ulp_class cls = ulp_unpack(f, code).cls;
  if (t->json && cls != ULP_CLASS_NAN && cls != ULP_CLASS_INF &&
      ulp_fits_f64(f))
    cli_cell_number(t, ulp_decode(f, code));
  else
    cli_cell_text(t, cli_code_decimal(f, code, text));
  cli_cell_text(t, cli_code_hex(f, code, text));
}

ulp_status cli_table_end(cli_table *t, ulp_error *e)
{
  if (t->json) ulp_output_printf(t->out, t->rows ? "\n]\n" : "]\n");
  json_decref(t->object);
  t->object = NULL;
  return t->failed
             ? ulp_error_set(e, ULP_ENOMEM, "%s", ulp_strerror(ULP_ENOMEM))
             : ULP_OK;
}

int cli_print_table(const char *subcommand, bool json,
                    const char *const *columns,
                    void (*fill)(cli_table *t, const void *data),
                    const void *data)
{
  ulp_error e;
  ulp_output *out;
  cli_table table;
  if (ulp_output_open(&out, NULL, &e) != ULP_OK)
    return cli_fail(subcommand, &e);
  cli_table_begin(&table, out, json, columns);
  fill(&table, data);
  if (cli_table_end(&table, &e) != ULP_OK) {
    ulp_output_discard(out);
    return cli_fail(subcommand, &e);
  }
  return ulp_output_commit(out, &e) == ULP_OK ? CLI_DONE
                                              : cli_fail(subcommand, &e);
}
