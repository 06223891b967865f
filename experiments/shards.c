/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Shards: their entry of a manifest, their rows, their folders.
 */
#include "shards.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static ulp_status no_memory(ulp_error *e)
{
  return ulp_error_set(e, ULP_ENOMEM, "out of memory");
}

/* ---- the entry --------------------------------------------------------- */

static ulp_status bad_field(const ulp_shard *s, const char *field,
                            const char *expected, ulp_error *e)
{
  return ulp_error_set(e, ULP_EFORMAT, "%.400s: its manifest's '%s': expected "
                       "%s", s->path, field, expected);
}

static ulp_status read_numbers(ulp_shard *s, ulp_error *e)
{
  enum { MOST_SHARDS = 1000000 }; /* as --shard */
  const json_t *pair = json_object_get(s->entry, "shard");
  json_int_t i = json_integer_value(json_array_get(pair, 0));
  json_int_t n = json_integer_value(json_array_get(pair, 1));
  if (json_array_size(pair) != 2 || i < 1 || i > n || n > MOST_SHARDS)
    return bad_field(s, "shard", "[I, N] with 1 <= I <= N <= 1000000", e);
  s->shard = i - 1;
  s->shards = n;
  const json_t *points = json_object_get(s->entry, "points");
  s->points = json_integer_value(points);
  if (!json_is_integer(points) || s->points < 0)
    return bad_field(s, "points", "how many the whole run has", e);
  s->rows = s->points <= s->shard ? 0
                                  : (s->points - s->shard - 1) / n + 1;
  return ULP_OK;
}

ulp_status ulp_shard_describe(ulp_shard *s, const char *path, json_t *entry,
                              ulp_error *e)
{
  static const char *const texts[] = {"version", "git", "program", "seed",
                                      "effort", "tensor"};
  ulp_error why;
  *s = (ulp_shard){.path = strdup(path), .entry = entry};
  if (!s->path)
    return no_memory(e);
  const char *name =
      json_string_value(json_object_get(entry, "experiment"));
  if (!name || ulp_experiment_find(&s->experiment, name, &why) != ULP_OK)
    return bad_field(s, "experiment", name ? "one that this version has"
                                           : "a name", e);
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
    if (!json_is_string(json_object_get(entry, texts[i])))
      return bad_field(s, texts[i], "a text: it is of an older version", e);
  if (!json_is_object(json_object_get(entry, "parameters")))
    return bad_field(s, "parameters", "an object", e);
  if (!json_is_array(json_object_get(entry, "inputs")))
    return bad_field(s, "inputs", "an array", e);
  return read_numbers(s, e);
}

/* ---- the rows ---------------------------------------------------------- */

/* Past the end of the record (RFC 4180): a newline between quotes is none. */
static size_t end_of_record(const char *csv, size_t size, size_t at)
{
  bool quoted = false;
  while (at < size && (quoted || csv[at] != '\n'))
    quoted ^= csv[at++] == '"';
  return at < size ? at + 1 : at;
}

static bool begins(const ulp_shard *s, size_t at, const char *text)
{
  size_t n = strlen(text);
  return s->size - at >= n && memcmp(s->csv + at, text, n) == 0;
}

static ulp_status bad_row(const ulp_shard *s, int64_t row, const char *expected,
                          ulp_error *e)
{
  return ulp_error_set(e, ULP_EFORMAT, "%.400s: row %" PRId64 ": expected %s",
                       s->path, row + 1, expected);
}

static ulp_status take_header(ulp_shard *s, size_t *at, ulp_error *e)
{
  ulp_text header = {0};
  ulp_csv_header(&header, s->experiment->columns);
  bool same = !header.failed && begins(s, 0, header.text);
  *at = header.size;
  ulp_text_free(&header);
  return same ? ULP_OK
              : ulp_error_set(e, ULP_EFORMAT, "%.400s: expected the columns "
                              "that this version's %s has", s->path,
                              s->experiment->name);
}

ulp_status ulp_shard_rows(ulp_shard *s, char *csv, size_t size, ulp_error *e)
{
  size_t at = 0;
  s->csv = csv;
  s->size = size;
  ulp_status status = take_header(s, &at, e);
  if (status != ULP_OK)
    return status;
  /* A row has two bytes at least. */
  if ((uint64_t)s->rows > size)
    return bad_row(s, (int64_t)size, "more rows", e);
  s->row = malloc(((size_t)s->rows + 1) * sizeof *s->row);
  if (!s->row)
    return no_memory(e);
  for (int64_t i = 0; i < s->rows; i++) {
    char point[48];
    snprintf(point, sizeof point, "%" PRId64 ",", s->shard + i * s->shards);
    if (!begins(s, at, point)) {
      snprintf(point, sizeof point, "point %" PRId64,
               s->shard + i * s->shards);
      return bad_row(s, i, point, e);
    }
    s->row[i] = at;
    at = end_of_record(csv, size, at);
  }
  s->row[s->rows] = at;
  if (csv[at - 1] != '\n')
    return bad_row(s, s->rows - 1, "a newline at its end", e);
  return at == size ? ULP_OK : bad_row(s, s->rows, "the end", e);
}

void ulp_shard_free(ulp_shard *s)
{
  free(s->path);
  json_decref(s->entry);
  free(s->csv);
  free(s->row);
}

/* ---- folders ----------------------------------------------------------- */

static ulp_status read_bytes(ulp_shard *s, ulp_error *e)
{
  char *csv, hash[ULP_SHA256_HEX];
  size_t size;
  const char *was = json_string_value(
      json_object_get(json_object_get(s->entry, "output"), "sha256"));
  ulp_status status = ulp_bytes_read(&csv, &size, s->path, SIZE_MAX, e);
  if (status != ULP_OK)
    return status;
  ulp_sha256_text(hash, csv, size);
  if (!was || strcmp(hash, was) != 0) {
    free(csv);
    return ulp_error_set(e, ULP_EFORMAT, "%.400s: expected the bytes of its "
                         "manifest: it has changed since", s->path);
  }
  return ulp_shard_rows(s, csv, size, e);
}

static ulp_status add(ulp_shards *all, const char *folder, const char *name,
                      json_t *entry, ulp_error *e)
{
  ulp_shard *more = realloc(all->list, (all->count + 1) * sizeof *more);
  ulp_text path = {0};
  if (!more)
    return no_memory(e);
  all->list = more;
  ulp_text_printf(&path, "%s/%s", folder, name);
  if (path.failed)
    return no_memory(e);
  ulp_shard *s = &all->list[all->count++];
  ulp_status status = ulp_shard_describe(s, path.text, json_incref(entry), e);
  ulp_text_free(&path);
  return status == ULP_OK ? read_bytes(s, e) : status;
}

/* The outputs of a manifest: the one named, or with NULL all. */
static ulp_status add_outputs(ulp_shards *all, const char *folder,
                              const char *only, json_t *outputs, ulp_error *e)
{
  const char *name;
  json_t *entry;
  ulp_status s = ULP_OK;
  size_t before = all->count;
  json_object_foreach(outputs, name, entry)
    if (s == ULP_OK && (!only || strcmp(only, name) == 0))
      s = add(all, folder, name, entry, e);
  if (s == ULP_OK && all->count == before)
    return ulp_error_set(e, ULP_EFORMAT, "%.400s/manifest.json: expected an "
                         "entry%s%.200s", folder, only ? " of " : "",
                         only ? only : "");
  return s;
}

ulp_status ulp_shards_read(ulp_shards *all, const char *path, ulp_error *e)
{
  struct stat st;
  json_t *manifest = NULL;
  ulp_text side = {0};
  if (stat(path, &st) != 0)
    return ulp_error_set(e, ULP_EIO, "%.400s: expected the CSV file of a "
                         "shard, or a folder of them", path);
  bool is_folder = S_ISDIR(st.st_mode);
  char *folder = is_folder ? strdup(path) : ulp_folder_of(path);
  if (folder)
    ulp_text_printf(&side, "%s/manifest.json", folder);
  ulp_status s = !folder || side.failed
                     ? no_memory(e)
                     : ulp_side_read(&manifest, side.text, e);
  if (s == ULP_OK)
    s = add_outputs(all, folder, is_folder ? NULL : ulp_path_base(path),
                    json_object_get(manifest, "outputs"), e);
  json_decref(manifest);
  ulp_text_free(&side);
  free(folder);
  return s;
}

void ulp_shards_free(ulp_shards *all)
{
  for (size_t i = 0; i < all->count; i++)
    ulp_shard_free(&all->list[i]);
  free(all->list);
}
