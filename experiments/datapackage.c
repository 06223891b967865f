/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The entry of a CSV file in datapackage.json: a Frictionless Tabular Data
 * Resource whose schema is the experiment's column list.
 * (specs.frictionlessdata.io: Data Resource, Table Schema.)
 */
#include <ctype.h>
#include <string.h>

#include "driver.h"

static json_t *field(const ulp_column *c)
{
  ulp_text d = {0};
  ulp_text_printf(&d, "%s%s%s%s", c->description, *c->unit ? " (unit: " : "",
                  c->unit, *c->unit ? ")" : "");
  json_t *j = d.failed ? NULL
                       : json_pack("{s:s, s:s, s:s}", "name", c->name, "type",
                                   ulp_col_type_name(c->type), "description",
                                   d.text);
  if (j && *c->unit)
    json_object_set_new(j, "unit", json_string(c->unit));
  ulp_text_free(&d);
  return j;
}

static json_t *schema(const ulp_experiment *x)
{
  json_t *fields = json_array();
  for (const ulp_column *c = x->columns; c->name; c++)
    if (json_array_append_new(fields, field(c)) != 0) {
      json_decref(fields);
      return NULL;
    }
  return json_pack("{s:o, s:[s], s:[s]}", "fields", fields, "primaryKey",
                   x->columns[0].name, "missingValues", "");
}

const char *ulp_path_base(const char *path)
{
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

/* Resource names are lower-case letters, digits and . _ -. */
static void resource_name(char *out, size_t size, const char *base)
{
  size_t n = strlen(base);
  if (n > 4 && strcmp(base + n - 4, ".csv") == 0)
    n -= 4;
  if (n >= size)
    n = size - 1;
  for (size_t i = 0; i < n; i++) {
    unsigned char c = (unsigned char)base[i];
    bool plain = c < 0x80 && (isalnum(c) || c == '.' || c == '_' || c == '-');
    out[i] = (char)(plain ? tolower(c) : '-');
  }
  out[n] = '\0';
}

json_t *ulp_datapackage_resource(const ulp_record *r)
{
  char name[128], hash[ULP_SHA256_HEX];
  const char *base = ulp_path_base(r->run->out);
  resource_name(name, sizeof name, base);
  ulp_sha256_text(hash, r->csv, r->csv_size);
  json_t *path = ulp_json_text(base), *s = schema(r->run->experiment);
  if (!path || !s) {
    json_decref(path);
    json_decref(s);
    return NULL;
  }
  return json_pack(
      "{s:s, s:o, s:s, s:s, s:s, s:s, s:s, s:I, s:s+, s:o}", "name", name,
      "path", path, "profile", "tabular-data-resource", "title",
      r->run->experiment->question, "format", "csv", "mediatype", "text/csv",
      "encoding", "utf-8", "bytes", (json_int_t)r->csv_size, "hash", "sha256:",
      hash, "schema", s);
}
