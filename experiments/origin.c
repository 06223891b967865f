/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the bytes of a run depend on: a key of its options and of the program,
 * and the digests of the files that it read.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "driver.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

/* `git describe` of the tree it was built from; empty outside git. */
static const char git_describe[] =
#include "git_describe.inc"
    ;

/* ---- the key ----------------------------------------------------------- */

static json_t *parameters(const ulp_run *run)
{
  json_t *j = json_object();
  for (int i = 0; run->experiment->parameters[i].name; i++)
    json_object_set_new(j, run->experiment->parameters[i].name,
                        ulp_json_text(run->parameters[i]));
  return j;
}

/* Seeds beyond 2^63 do not fit JSON's integers as readers have them: text. */
static json_t *seed(uint64_t value)
{
  char text[24];
  snprintf(text, sizeof text, "%llu", (unsigned long long)value);
  return json_string(text);
}

static json_t *tensor(const ulp_run *run)
{
  ulp_text t = {0};
  if (run->file)
    ulp_text_printf(&t, "%s%s%s", ulp_file_path(run->file),
                    run->tensor ? ":" : "",
                    run->tensor ? run->tensor->name : "");
  json_t *j = ulp_json_text(t.text ? t.text : "");
  ulp_text_free(&t);
  return j;
}

/* The program itself, which tells builds of one version apart; empty where the
 * system does not say which file it is. */
static json_t *program(void)
{
  char hash[ULP_SHA256_HEX];
  int64_t size;
  ulp_error e;
  bool known = ulp_sha256_file(hash, &size, "/proc/self/exe", &e) == ULP_OK;
  return json_string(known ? hash : "");
}

static json_t *make_key(const ulp_run *run)
{
  return json_pack("{s:s, s:o, s:s, s:o, s:o, s:[I, I], s:s, s:s, s:o}",
                   "experiment", run->experiment->name, "seed",
                   seed(run->seed), "effort", ulp_effort_name(run->effort),
                   "parameters", parameters(run), "tensor", tensor(run),
                   "shard", (json_int_t)run->shard + 1,
                   (json_int_t)run->shards, "version", PACKAGE_VERSION, "git",
                   git_describe, "program", program());
}

const char *ulp_origin_differs(const json_t *key, const json_t *other)
{
  static const char *const fields[] = {
      "experiment", "version", "git", "program", "seed", "effort",
      "parameters", "tensor", "shard"};
  for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
    const json_t *a = json_object_get(key, fields[i]);
    if (!a || !json_equal(a, json_object_get(other, fields[i])))
      return fields[i];
  }
  return NULL;
}

/* ---- inputs ------------------------------------------------------------ */

/* What `sha256sum *` prints in the folder, of its regular files. */
static ulp_status list_folder(ulp_text *t, int64_t *size, const char *path,
                              struct dirent **entry, int n, ulp_error *e)
{
  ulp_status s = ULP_OK;
  for (int i = 0; i < n && s == ULP_OK; i++) {
    char hash[ULP_SHA256_HEX];
    int64_t bytes;
    struct stat st;
    ulp_text file = {0};
    const char *name = entry[i]->d_name;
    ulp_text_printf(&file, "%s/%s", path, name);
    if (file.failed)
      s = ulp_error_set(e, ULP_ENOMEM, "out of memory");
    else if (name[0] != '.' && stat(file.text, &st) == 0 &&
             S_ISREG(st.st_mode)) {
      s = ulp_sha256_file(hash, &bytes, file.text, e);
      *size += bytes;
      ulp_text_printf(t, "%s  %s\n", s == ULP_OK ? hash : "", name);
    }
    ulp_text_free(&file);
  }
  return t->failed ? ulp_error_set(e, ULP_ENOMEM, "out of memory") : s;
}

/* Byte by byte, whatever the locale says. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
  return strcmp((*a)->d_name, (*b)->d_name);
}

static ulp_status digest_folder(char hash[ULP_SHA256_HEX], int64_t *size,
                                const char *path, ulp_error *e)
{
  struct dirent **entry = NULL;
  ulp_text t = {0};
  int n = scandir(path, &entry, NULL, by_name);
  if (n < 0)
    return ulp_error_set(e, ULP_EIO, "%s: cannot read: %s", path,
                         strerror(errno));
  *size = 0;
  ulp_status s = list_folder(&t, size, path, entry, n, e);
  if (s == ULP_OK)
    ulp_sha256_text(hash, t.text ? t.text : "", t.size);
  for (int i = 0; i < n; i++)
    free(entry[i]);
  free(entry);
  ulp_text_free(&t);
  return s;
}

static ulp_status make_input(json_t **out, const char *path, ulp_error *e)
{
  char hash[ULP_SHA256_HEX];
  int64_t size;
  struct stat st;
  bool folder = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
  ulp_status s = folder ? digest_folder(hash, &size, path, e)
                        : ulp_sha256_file(hash, &size, path, e);
  if (s != ULP_OK)
    return s;
  *out = json_pack("{s:o, s:I, s:s}", "path", ulp_json_text(path), "bytes",
                   (json_int_t)size, "sha256", hash);
  return *out ? ULP_OK : ulp_error_set(e, ULP_ENOMEM, "out of memory");
}

static const char *path_of(const json_t *input)
{
  const char *path = json_string_value(json_object_get(input, "path"));
  return path ? path : "";
}

static bool has_input(const json_t *inputs, const char *path)
{
  for (size_t i = 0; i < json_array_size(inputs); i++)
    if (strcmp(path_of(json_array_get(inputs, i)), path) == 0)
      return true;
  return false;
}

ulp_status ulp_run_input(const ulp_run *run, const char *path, ulp_error *e)
{
  json_t *input = NULL;
  if (!run->origin || has_input(run->origin->inputs, path))
    return ULP_OK;
  ulp_status s = make_input(&input, path, e);
  if (s != ULP_OK)
    return s;
  char *text = json_dumps(input, JSON_COMPACT | JSON_SORT_KEYS);
  if (json_array_append_new(run->origin->inputs, input) != 0 || !text)
    s = ulp_error_set(e, ULP_ENOMEM, "out of memory");
  else
    ulp_journal_add(run->origin->journal, ULP_FRAME_INPUT, path, text,
                    strlen(text));
  free(text);
  return s;
}

bool ulp_inputs_hold(const json_t *inputs, ulp_error *e)
{
  for (size_t i = 0; i < json_array_size(inputs); i++) {
    const json_t *was = json_array_get(inputs, i);
    json_t *is = NULL;
    if (make_input(&is, path_of(was), e) != ULP_OK)
      return false;
    bool same = json_equal(is, was);
    json_decref(is);
    if (!same) {
      ulp_error_set(e, ULP_EFORMAT, "%s has changed", path_of(was));
      return false;
    }
  }
  return json_is_array(inputs);
}

/* ---- both -------------------------------------------------------------- */

ulp_status ulp_origin_make(ulp_origin *o, const ulp_run *run, ulp_error *e)
{
  o->key = make_key(run);
  o->inputs = json_array();
  return o->key && o->inputs ? ULP_OK
                             : ulp_error_set(e, ULP_ENOMEM, "out of memory");
}

void ulp_origin_free(ulp_origin *o)
{
  json_decref(o->key);
  json_decref(o->inputs);
}
