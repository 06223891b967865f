/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A checkpoint's folder, as save_pretrained leaves it: one file of tensors, or
 * an index that maps names to files (huggingface_hub, serialization).
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "llama_internal.h"

static char *join(const char *folder, const char *name)
{
  size_t n = strlen(folder) + strlen(name) + 2;
  char *path = malloc(n);
  if (path)
    snprintf(path, n, "%s/%s", folder, name);
  return path;
}

static bool exists(const char *folder, const char *name)
{
  struct stat st;
  char *path = join(folder, name);
  bool found = path && stat(path, &st) == 0;
  free(path);
  return found;
}

/* ---- text --------------------------------------------------------------- */

/* A file of more is no config, index or tokenizer. */
enum { MOST_TEXT = 1 << 28 };

ulp_status ulp_checkpoint_text(char **out, size_t *size, const char *folder,
                               const char *name, ulp_error *e)
{
  char *path = join(folder, name);
  if (!path)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_status s = ulp_bytes_read(out, size, path, MOST_TEXT, e);
  free(path);
  return s;
}

/* ---- tensors ------------------------------------------------------------ */

static ulp_status add_file(ulp_checkpoint *c, const char *name, ulp_error *e)
{
  for (size_t i = 0; i < c->count; i++)
    if (strcmp(c->names[i], name) == 0)
      return ULP_OK;
  ulp_file **files = realloc(c->files, (c->count + 1) * sizeof *files);
  c->files = files ? files : c->files;
  char **names = realloc(c->names, (c->count + 1) * sizeof *names);
  c->names = names ? names : c->names;
  char *path = join(c->folder, name), *copy = strdup(name);
  ulp_status s = files && names && path && copy
                     ? ulp_file_open(&c->files[c->count], path, e)
                     : ulp_error_set(e, ULP_ENOMEM, "out of memory");
  free(path);
  if (s != ULP_OK) {
    free(copy);
    return s;
  }
  c->names[c->count++] = copy;
  return ULP_OK;
}

/* A name that leaves the folder is no shard of it. */
static ulp_status open_indexed(ulp_checkpoint *c, json_t *map,
                               const char *path, ulp_error *e)
{
  const char *tensor;
  json_t *file;
  if (!json_is_object(map))
    return ulp_error_set(e, ULP_EFORMAT, "%s: weight_map: expected an object",
                         path);
  json_object_foreach(map, tensor, file) {
    const char *name = json_string_value(file);
    if (!name || !*name || strchr(name, '/'))
      return ulp_error_set(e, ULP_EFORMAT, "%s: weight_map: %.200s: expected "
                           "the name of a file beside it", path, tensor);
    ulp_status s = add_file(c, name, e);
    if (s != ULP_OK)
      return s;
    if (!ulp_checkpoint_find(c, tensor))
      return ulp_error_set(e, ULP_EFORMAT, "%s: weight_map: %s has no tensor "
                           "%.200s", path, name, tensor);
  }
  return ULP_OK;
}

static ulp_status open_index(ulp_checkpoint *c, ulp_error *e)
{
  static const char name[] = "model.safetensors.index.json";
  json_error_t why;
  char *text;
  size_t size;
  ulp_status s = ulp_checkpoint_text(&text, &size, c->folder, name, e);
  if (s != ULP_OK)
    return s;
  json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &why);
  free(text);
  if (!root)
    return ulp_error_set(e, ULP_EFORMAT, "%s/%s: line %d: %s", c->folder, name,
                         why.line, why.text);
  s = open_indexed(c, json_object_get(root, "weight_map"), name, e);
  json_decref(root);
  return s;
}

ulp_status ulp_checkpoint_open(ulp_checkpoint *c, const char *folder,
                               ulp_error *e)
{
  *c = (ulp_checkpoint){.folder = strdup(folder)};
  if (!c->folder)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_status s = exists(folder, "model.safetensors") ||
                         !exists(folder, "model.safetensors.index.json")
                     ? add_file(c, "model.safetensors", e)
                     : open_index(c, e);
  if (s != ULP_OK)
    ulp_checkpoint_close(c);
  return s;
}

void ulp_checkpoint_close(ulp_checkpoint *c)
{
  for (size_t i = 0; i < c->count; i++) {
    ulp_file_close(c->files[i]);
    free(c->names[i]);
  }
  free(c->files);
  free(c->names);
  free(c->folder);
  *c = (ulp_checkpoint){0};
}

const ulp_tensor *ulp_checkpoint_find(const ulp_checkpoint *c, const char *name)
{
  for (size_t i = 0; i < c->count; i++)
    for (size_t k = 0; k < ulp_file_tensor_count(c->files[i]); k++) {
      const ulp_tensor *t = ulp_file_tensor(c->files[i], k);
      if (strcmp(t->name, name) == 0)
        return t;
    }
  return NULL;
}
