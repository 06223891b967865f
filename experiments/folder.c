/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The CSV file and the two files that describe all CSV files of its folder:
 *
 *   manifest.json     {"ulplab_manifest": 1, "outputs": {"snr.csv": {...}}}
 *   datapackage.json  {"name", "title", "resources": [{"path": "snr.csv"}]}
 *
 * A run replaces the entry of its own CSV and keeps the others, under a lock
 * on the folder, so that the shards of a job array may share one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "driver.h"

static const char *const side_name[] = {"manifest.json", "datapackage.json"};

typedef struct {
  char *dir;
  int lock;
  char *path[2];
  json_t *json[2];
  ulp_output *file[3]; /* the CSV, then the two */
} folder;

static char *join(const char *dir, const char *name)
{
  size_t n = strlen(dir) + strlen(name) + 2;
  char *path = malloc(n);
  if (path)
    snprintf(path, n, "%s/%s", dir, name);
  return path;
}

char *ulp_folder_of(const char *path)
{
  const char *slash = strrchr(path, '/');
  if (!slash)
    return strdup(".");
  return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

bool ulp_folder_is_plain(const char *out)
{
  struct stat st;
  return out && (stat(out, &st) != 0 || S_ISREG(st.st_mode));
}

static json_t *fresh(int which)
{
  if (which == 0)
    return json_pack("{s:i, s:{}}", "ulplab_manifest", 1, "outputs");
  return json_pack("{s:s, s:s, s:[]}", "name", "ulplab-results", "title",
                   "Results of ulplab experiments", "resources");
}

static bool shape_is_right(int which, const json_t *j)
{
  if (which == 0)
    return json_is_object(json_object_get(j, "outputs")) &&
           json_integer_value(json_object_get(j, "ulplab_manifest")) == 1;
  return json_is_array(json_object_get(j, "resources"));
}

ulp_status ulp_side_read(json_t **out, const char *path, ulp_error *e)
{
  int which = strcmp(ulp_path_base(path), side_name[0]) != 0;
  json_error_t why = {.text = ""};
  *out = access(path, F_OK) != 0
             ? fresh(which)
             : json_load_file(path, JSON_REJECT_DUPLICATES, &why);
  if (*out && shape_is_right(which, *out))
    return ULP_OK;
  for (char *c = why.text; *c; c++) /* one line */
    *c = (char)((unsigned char)*c < ' ' ? '?' : *c);
  json_decref(*out);
  *out = NULL;
  return ulp_error_set(e, ULP_EFORMAT, "%s: expected a file that ulplab "
                       "wrote%s%s", path, *why.text ? ": " : "", why.text);
}

static ulp_status load(folder *f, int which, ulp_error *e)
{
  ulp_error why;
  f->path[which] = join(f->dir, side_name[which]);
  if (!f->path[which])
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_status s = ulp_side_read(&f->json[which], f->path[which], &why);
  return s == ULP_OK ? s
                     : ulp_error_set(e, s, "%s; choose another folder for "
                                     "--out", why.text);
}

static ulp_status open_folder(folder *f, const char *out, ulp_error *e)
{
  *f = (folder){.lock = -1};
  f->dir = ulp_folder_of(out);
  if (!f->dir)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  f->lock = open(f->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (f->lock < 0)
    return ulp_error_set(e, ULP_EIO, "%s: expected a folder: %s", f->dir,
                         strerror(errno));
  /* Some network file systems have no locks; the rename is still atomic. */
  while (flock(f->lock, LOCK_EX) != 0 && errno == EINTR)
    continue;
  ulp_status s = load(f, 0, e);
  return s == ULP_OK ? load(f, 1, e) : s;
}

static void close_folder(folder *f)
{
  for (int i = 0; i < 3; i++)
    ulp_output_discard(f->file[i]);
  for (int i = 0; i < 2; i++) {
    json_decref(f->json[i]);
    free(f->path[i]);
  }
  if (f->lock >= 0)
    close(f->lock);
  free(f->dir);
}

/* Replaces the resource with the same path, or adds one; keeps them sorted
 * so that the order of the runs does not show. */
static int set_resource(json_t *resources, json_t *resource)
{
  const char *path = json_string_value(json_object_get(resource, "path"));
  for (size_t i = 0; i < json_array_size(resources); i++) {
    const char *other = json_string_value(
        json_object_get(json_array_get(resources, i), "path"));
    int order = other ? strcmp(path, other) : 1;
    if (order == 0)
      return json_array_set_new(resources, i, resource);
    if (order < 0)
      return json_array_insert_new(resources, i, resource);
  }
  return json_array_append_new(resources, resource);
}

static ulp_status merge(folder *f, const ulp_record *r, ulp_error *e)
{
  json_t *entry = r->entry ? json_incref(r->entry) : ulp_manifest_entry(r);
  json_t *resource = entry ? ulp_datapackage_resource(r) : NULL;
  if (!resource) {
    json_decref(entry);
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  }
  const char *name = json_string_value(json_object_get(resource, "path"));
  int bad = json_object_set_new(json_object_get(f->json[0], "outputs"), name,
                                entry);
  bad |= set_resource(json_object_get(f->json[1], "resources"), resource);
  return bad ? ulp_error_set(e, ULP_ENOMEM, "out of memory") : ULP_OK;
}

static ulp_status fill(folder *f, int which, const char *path,
                       const char *bytes, size_t n, ulp_error *e)
{
  ulp_status s = ulp_output_open(&f->file[which], path, e);
  if (s != ULP_OK)
    return s;
  ulp_output_write(f->file[which], bytes, n);
  return ulp_output_flush(f->file[which], e);
}

static ulp_status fill_side(folder *f, int which, ulp_error *e)
{
  size_t flags = JSON_INDENT(2) | JSON_SORT_KEYS;
  char *text = json_dumps(f->json[which], flags);
  if (!text)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_status s = fill(f, which + 1, f->path[which], text, strlen(text), e);
  free(text);
  return s;
}

/* All three are on the disk before the first gets its name. */
static ulp_status write_all(folder *f, const ulp_record *r, ulp_error *e)
{
  ulp_status s = fill(f, 0, r->run->out, r->csv, r->csv_size, e);
  for (int i = 0; i < 2 && s == ULP_OK; i++)
    s = fill_side(f, i, e);
  for (int i = 0; i < 3 && s == ULP_OK; i++) {
    ulp_output *o = f->file[i];
    f->file[i] = NULL; /* commit frees it, also when it fails */
    s = ulp_output_commit(o, e);
  }
  return s;
}

static ulp_status write_stream(const ulp_record *r, ulp_error *e)
{
  ulp_output *o = NULL;
  ulp_status s = ulp_output_open(&o, r->run->out, e);
  if (s != ULP_OK)
    return s;
  ulp_output_write(o, r->csv, r->csv_size);
  return ulp_output_commit(o, e);
}

ulp_status ulp_folder_check(const char *out, ulp_error *e)
{
  if (!ulp_folder_is_plain(out))
    return ULP_OK;
  for (int i = 0; i < 2; i++)
    if (strcmp(ulp_path_base(out), side_name[i]) == 0)
      return ulp_error_set(e, ULP_EINVAL, "--out %s: expected another name; "
                           "%s describes the outputs", out, side_name[i]);
  folder f;
  ulp_output *o = NULL;
  ulp_status s = open_folder(&f, out, e);
  close_folder(&f);
  if (s == ULP_OK)
    s = ulp_output_open(&o, out, e);
  if (s == ULP_OK)
    ulp_output_discard(o);
  return s;
}

ulp_status ulp_folder_write(const ulp_record *r, ulp_error *e)
{
  if (!ulp_folder_is_plain(r->run->out))
    return write_stream(r, e);
  folder f;
  ulp_status s = open_folder(&f, r->run->out, e);
  if (s == ULP_OK)
    s = merge(&f, r, e);
  if (s == ULP_OK)
    s = write_all(&f, r, e);
  close_folder(&f);
  return s;
}
