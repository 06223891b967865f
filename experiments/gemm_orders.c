/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reads the file of orders (tests/vectors/h200/gemm.orders).
 */
#include "gemm_orders.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int number_or(const char *word, int other)
{
  return strcmp(word, "-") == 0 ? other : (int)strtol(word, NULL, 10);
}

static int reduce_of(const char *word)
{
  for (int i = 0; ulp_gemm_reduce_name((size_t)i); i++)
    if (strcmp(word, ulp_gemm_reduce_name((size_t)i)) == 0)
      return i;
  return -1;
}

static bool take_line(const char *line, gemm_expectation *e)
{
  char fast[8], promote[8], slices[8], reduce[24];
  memset(e, 0, sizeof *e);
  int n = sscanf(line, "%ld %39s %7s %7s %7s %23s", &e->number,
                 e->setting.name, fast, promote, slices, reduce);
  if (n != 6)
    return n == 2 && strcmp(e->setting.name, "open") == 0;
  e->setting.fast = strcmp(fast, "1") == 0;
  e->setting.promote = number_or(promote, -1);
  e->setting.slices = number_or(slices, 0);
  e->setting.reduce = reduce_of(reduce);
  return e->setting.reduce >= 0 || strcmp(reduce, "-") == 0;
}

static ulp_status read_lines(gemm_orders *out, FILE *f, const char *path,
                             ulp_error *e)
{
  char line[256];
  for (int number = 1; fgets(line, sizeof line, f); number++) {
    if (*line == '#' || *line == '\n')
      continue;
    gemm_expectation *grown =
        realloc(out->list, (out->count + 1) * sizeof *grown);
    if (!grown)
      return ulp_error_set(e, ULP_ENOMEM, "out of memory");
    out->list = grown;
    if (!take_line(line, &grown[out->count]))
      return ulp_error_set(e, ULP_EFORMAT, "%s:%d: expected 6 fields", path,
                           number);
    out->count++;
  }
  return ULP_OK;
}

ulp_status gemm_orders_read(gemm_orders *out, const char *path, ulp_error *e)
{
  FILE *f = fopen(path, "r");
  memset(out, 0, sizeof *out);
  if (!f)
    return ulp_error_set(e, ULP_EIO, "%s: cannot open: %s", path,
                         strerror(errno));
  ulp_status s = read_lines(out, f, path, e);
  fclose(f);
  if (s != ULP_OK)
    gemm_orders_free(out);
  return s;
}

void gemm_orders_free(gemm_orders *o)
{
  free(o->list);
  memset(o, 0, sizeof *o);
}

const gemm_setting *gemm_orders_find(const gemm_orders *o, long number)
{
  for (size_t i = 0; i < o->count; i++)
    if (o->list[i].number == number)
      return &o->list[i].setting;
  return NULL;
}
