/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * quantizer.c: quantizers as command lines describe them, and the list that
 * `ulplab quantizers` prints.
 */
#include <stdio.h>
#include <string.h>

#include "quantize.h"

/* ---- from the options --------------------------------------------------- */

bool cli_quantizer_has_profile(const char *spec, const char *profile)
{
  size_t length = strcspn(spec, "@/");
  const ulp_quantizer_row *r;
  for (size_t i = 0; (r = ulp_quantizer_row_at(i)) != NULL; i++)
    if (!strncmp(r->name, spec, length) && !r->name[length] &&
        !strcmp(r->profile, profile))
      return true;
  return false;
}

static ulp_status set(ulp_quantizer *q, const char *key, const char *value,
                      const char *option, ulp_error *e)
{
  ulp_error inner;
  if (!value || ulp_quantizer_set(q, key, value, &inner) == ULP_OK)
    return ULP_OK;
  return ulp_error_set(e, inner.status, "--%s: %s", option, inner.text);
}

enum { TEXT_SIZE = 700 };

/* The text with its profile.  That names a row of the quantizer's name, or
 * else (*row is false) one of formats.h, for special values alone. */
static ulp_status name_of(char *text, const cli_quantizer_text *t, bool *row,
                          ulp_error *e)
{
  size_t length = strcspn(t->spec, "@/");
  const ulp_profile *special;
  *row = t->profile && t->spec[length] != '@' &&
         (cli_quantizer_has_profile(t->spec, t->profile) ||
          ulp_profile_find(t->profile, &special) != ULP_OK);
  int n = snprintf(text, TEXT_SIZE, "%.*s%s%s%s", (int)length, t->spec,
                   *row ? "@" : "", *row ? t->profile : "", t->spec + length);
  if (n >= 0 && n < TEXT_SIZE) return ULP_OK;
  return ulp_error_set(e, ULP_EINVAL, "--%s: '%.60s...' is too long",
                       t->option, t->spec);
}

/* No scales: the formula of one is empty. */
static bool is_none(const cli_quantizer_text *t)
{
  return t->whole_file && t->rule && !strcmp(t->rule, "none");
}

ulp_status cli_quantizer_describe(char *out, size_t size,
                                  const cli_quantizer_text *t, ulp_error *e)
{
  char text[TEXT_SIZE], axis[16];
  bool row, none = is_none(t);
  ulp_status status = name_of(text, t, &row, e);
  if (status != ULP_OK) return status;
  (void)snprintf(axis, sizeof axis, "%d", t->axis.value);
  const char *const settings[][2] = {
      {"/special=", row ? NULL : t->profile},
      {"/g=", t->granularity},
      {"/axis=", t->axis.given ? axis : NULL},
      {"/scale=", t->scale_format},
      {none ? "/raw=" : "/rule=", none ? "" : t->rule}};
  int n = snprintf(out, size, "%s", text);
  for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
    if (settings[i][1] && n >= 0 && (size_t)n < size)
      n += snprintf(out + n, size - (size_t)n, "%s%s", settings[i][0],
                    settings[i][1]);
  if (n >= 0 && (size_t)n < size) return ULP_OK;
  return ulp_error_set(e, ULP_EINVAL, "--%s: '%.60s...' is too long",
                       t->option, t->spec);
}

ulp_status cli_quantizer_find(ulp_quantizer *q, const cli_quantizer_text *t,
                              ulp_error *e)
{
  char text[TEXT_SIZE], axis[16];
  bool row;
  ulp_error inner;
  ulp_status status = name_of(text, t, &row, e);
  if (status != ULP_OK) return status;
  status = ulp_quantizer_find(text, q, &inner);
  if (status != ULP_OK)
    return ulp_error_set(e, status, "--%s: %s", t->option, inner.text);
  if (t->profile && !row) status = set(q, "special", t->profile, "profile", e);
  if (status == ULP_OK)
    status = set(q, "g", t->granularity, "granularity", e);
  (void)snprintf(axis, sizeof axis, "%d", t->axis.value);
  if (status == ULP_OK)
    status = set(q, "axis", t->axis.given ? axis : NULL, "axis", e);
  if (status == ULP_OK)
    status = set(q, "scale", t->scale_format, "scale-format", e);
  if (status != ULP_OK) return status;
  return is_none(t) ? set(q, "raw", "", "scale-rule", e)
                          : set(q, "rule", t->rule, "scale-rule", e);
}

ulp_status cli_nested_check(const ulp_quantizer *q, const char *nested,
                            const char *offset, ulp_error *e)
{
  if (nested && !q->nested[0])
    return ulp_error_set(e, ULP_EINVAL,
                         "--nested-scales: %s has none, expected a quantizer "
                         "with scales of scales, such as nf4-double",
                         q->name);
  if (offset && (!q->nested[0] || q->offset == ULP_OFFSET_NONE))
    return ulp_error_set(e, ULP_EINVAL,
                         "--scale-offset: %s has none, expected a quantizer "
                         "with one, such as nf4-double",
                         q->name);
  return ULP_OK;
}

ulp_status cli_blocks_check(const ulp_quantizer *q, const ulp_blocks *b,
                            const char *path, ulp_error *e)
{
  for (int d = 0; q->whole_blocks && d < 3; d++)
    if (b->block[d] && b->size[d] % b->block[d])
      return ulp_error_set(e, ULP_EINVAL,
                           "%s: %lld elements in a line of blocks, expected a "
                           "multiple of %lld: %s takes whole blocks only",
                           path, (long long)b->size[d], (long long)b->block[d],
                           q->name);
  return ULP_OK;
}

int64_t cli_largest_part(const ulp_blocks *b)
{
  ulp_blocks part;
  int64_t element, block, most = 0;
  for (int64_t i = 0; /* the last is no longer than the others */
       i < 2 && ulp_blocks_part(b, CLI_PART, i, &part, &element, &block); i++)
    most = part.elements > most ? part.elements : most;
  return most;
}

void cli_floats_read(const ulp_tensor *t, float *out, int64_t first, int64_t n)
{
  double wide[4096];
  for (int64_t i = 0; i < n; i += 4096) {
    int64_t some = n - i < 4096 ? n - i : 4096;
    ulp_tensor_read_f64(t, wide, first + i, some);
    for (int64_t k = 0; k < some; k++)
      out[i + k] = (float)wide[k];
  }
}

/* ---- the list ----------------------------------------------------------- */

static const char *const columns[] = {"name",    "profile",     "element",
                                      "blocks",  "scale",       "bits",
                                      "settings", "source",     NULL};

static void row(cli_table *t, const ulp_quantizer_row *r)
{
  char spec[160];
  ulp_quantizer q;
  ulp_blocks b;
  ulp_error e;
  static const int64_t shape[] = {4096, 4096};
  (void)snprintf(spec, sizeof spec, "%s@%s", r->name, r->profile);
  cli_cell_text(t, r->name);
  cli_cell_text(t, r->profile);
  cli_cell_text(t, r->element);
  cli_cell_text(t, r->granularity);
  cli_cell_text(t, r->scale);
  if (ulp_quantizer_find(spec, &q, &e) == ULP_OK &&
      ulp_blocks_make(&b, &q.granularity, q.axis, 2, shape, &e) == ULP_OK)
    cli_cell_number(t, ulp_quantizer_bits(&q, &b));
  else
    cli_cell_none(t);
  cli_cell_text(t, r->settings);
  cli_cell_text(t, r->source);
}

static void packed_row(cli_table *t, const ulp_packed_block *p)
{
  char blocks[40];
  (void)snprintf(blocks, sizeof blocks, "group:%d", p->elements);
  cli_cell_text(t, p->name);
  cli_cell_text(t, "ggml");
  cli_cell_text(t, "");
  cli_cell_text(t, blocks);
  cli_cell_text(t, "");
  cli_cell_number(t, ulp_packed_bits_per_element(p));
  cli_cell_text(t, "");
  cli_cell_text(t, p->source);
}

static void rows(cli_table *t, const void *data)
{
  (void)data;
  for (size_t i = 0; ulp_quantizer_row_at(i); i++)
    row(t, ulp_quantizer_row_at(i));
  for (size_t i = 0; ulp_packed_block_row(i); i++)
    packed_row(t, ulp_packed_block_row(i));
}

int cli_quantizers(int argc, char **argv)
{
  bool json = false;
  const cli_option options[] = {
      {"output", "SYNTAX", "csv (default) or json", cli_read_json, &json},
      {0}};
  const cli_command command = {
      .name = "quantizers",
      .synopsis = "[--output csv|json]",
      .summary =
          "Lists the quantizers of standards and implementations, one row "
          "each. NAME@PROFILE names one; /KEY=VALUE behind it changes a "
          "setting, and any element format of up to 16 bits may stand for "
          "NAME: int4/g=group:64/scale=f16/rule=mse. 'bits' is what an element "
          "of a 4096 x 4096 array costs, scales counted. The formats of ggml "
          "hold codes and scales together, in bytes.",
      .options = options};
  int operands;
  int status = cli_parse(&command, argc, argv, &operands);
  return status >= 0 ? status
                     : cli_print_table("quantizers", json, columns, rows, NULL);
}
