/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * show.c: `ulplab show`, the elements of an array.
 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static const char *const columns[] = {"index", "code", "value", "hex", NULL};

typedef struct {
  const char *path;
  ulp_format format;
  bool packed, json;
  uint64_t count;
} request;

/* The element's index, "2;5" for row 2, column 5. */
static void index_text(char *out, size_t size, const ulp_tensor *t,
                       int64_t element)
{
  int64_t at[ULP_MAX_DIMS];
  size_t used = 0;
  for (int d = t->ndim - 1; d >= 0; d--) {
    at[d] = element % t->shape[d];
    element /= t->shape[d];
  }
  *out = '\0';
  for (int d = 0; d < t->ndim && used < size; d++)
    used += (size_t)snprintf(out + used, size - used, "%s%lld", d ? ";" : "",
                             (long long)at[d]);
}

static void row(cli_table *t, const ulp_tensor *x, const ulp_format *f,
                int64_t element, uint64_t code)
{
  char text[CLI_NUMBER_SIZE], index[ULP_MAX_DIMS * 21];
  index_text(index, sizeof index, x, element);
  cli_cell_text(t, index);
  cli_cell_text(t, cli_code_name(f, code, text));
  cli_cell_value(t, f, code);
}

/* t NULL: only looks whether all elements are codes. */
static ulp_status rows(cli_table *t, const request *r, const ulp_tensor *x,
                       void *codes, ulp_error *e)
{
  const ulp_format *f = &r->format;
  int64_t held = r->packed ? cli_codes_held(f, x->count) : x->count;
  int64_t all = r->count < (uint64_t)held ? (int64_t)r->count : held;
  ulp_tensor shown = *x; /* as it would be unpacked */
  if (r->packed)
    shown.shape[x->ndim - 1] = cli_codes_held(f, x->shape[x->ndim - 1]);
  for (int64_t first = 0; first < all; first += CLI_CHUNK) {
    int64_t left = held - first, n = left < CLI_CHUNK ? left : CLI_CHUNK;
    ulp_status s = cli_codes_read(f, x, r->packed, r->path, codes, first, n, e);
    if (s != ULP_OK) return s;
    for (int64_t i = 0; t && i < n && first + i < all; i++)
      row(t, &shown, f, first + i, ulp_load_code(f, codes, (size_t)i));
  }
  return ULP_OK;
}

/* What the file says its elements are, where nobody says otherwise. */
static ulp_status find_format(request *r, const ulp_tensor *x, ulp_error *e)
{
  if (r->format.bits) return cli_codes_check(&r->format, x, r->packed, r->path,
                                             e);
  if (r->packed || !x->dtype->format)
    return ulp_error_set(e, ULP_EINVAL,
                         "%s: dtype '%s', expected --type FORMAT to say what "
                         "its codes are",
                         r->path, ulp_dtype_name(x->dtype));
  ulp_status s = cli_read_format(&r->format, x->dtype->format, e);
  return s == ULP_OK ? cli_codes_check(&r->format, x, false, r->path, e) : s;
}

static ulp_status show(request *r, const ulp_tensor *x, ulp_error *e)
{
  ulp_output *out;
  cli_table t;
  ulp_status s = find_format(r, x, e);
  if (s != ULP_OK) return s;
  void *codes = malloc((size_t)CLI_CHUNK * r->format.storage_bytes);
  if (!codes) return cli_no_memory(e);
  s = rows(NULL, r, x, codes, e);
  if (s == ULP_OK) s = ulp_output_open(&out, NULL, e);
  if (s == ULP_OK) {
    cli_table_begin(&t, out, r->json, columns);
    s = rows(&t, r, x, codes, e);
    ulp_status ended = cli_table_end(&t, e);
    if (s == ULP_OK) s = ended;
    if (s == ULP_OK)
      s = ulp_output_commit(out, e);
    else
      ulp_output_discard(out);
  }
  free(codes);
  return s;
}

int cli_show(int argc, char **argv)
{
  request r = {.count = UINT64_MAX};
  const cli_option options[] = {
      {"type", "FORMAT", "of its codes (default: what the file says they are)",
       cli_read_format, &r.format},
      {"packed", NULL, "the codes are packed without gaps", cli_read_flag,
       &r.packed},
      {"count", "N", "only the first N elements", cli_read_u64, &r.count},
      {"output", "SYNTAX", "csv (default) or json", cli_read_json, &r.json},
      {0}};
  const cli_command command = {
      .name = "show",
      .synopsis = "FILE[:NAME] [--type FORMAT] [--packed] [--count N]",
      .summary = "Prints the elements of an array: index, code, and value in "
                 "decimal that reads back as it and in exact hex float.",
      .options = options,
      .min_operands = 1,
      .max_operands = 1};
  int operands;
  int status = cli_parse(&command, argc, argv, &operands);
  if (status >= 0) return status;
  ulp_error e;
  ulp_file *file;
  const ulp_tensor *x;
  r.path = argv[0];
  if (cli_array_open(&file, &x, r.path, &e) != ULP_OK)
    return cli_fail("show", &e);
  ulp_status s = show(&r, x, &e);
  ulp_file_close(file);
  return s == ULP_OK ? CLI_DONE : cli_fail("show", &e);
}
