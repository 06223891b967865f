/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Opening a file of tensors and finding one in it.
 *
 * A file is mapped, never read whole: opening a large one touches the pages
 * of its header.  Whoever shortens a file while it is open takes pages away
 * from under the map, and the next access is a bus error; a program that must
 * survive that copies the file first.
 */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LABEL_SIZE = 200 }; /* of a path in a message */

/* ---- what kind of file -------------------------------------------------- */

typedef ulp_status (*reader)(ulp_file *f, const uint8_t *bytes, size_t size,
                             ulp_error *e);

/* Files that people try, and what to do with them. */
static const struct {
  const char *magic;
  size_t size;
  const char *what;
} foreign[] = {
    {"PK\003\004", 4, "a zip archive (.npz or .pt)"},
    {"\200\002", 2, "a Python pickle"},
    {"\200\003", 2, "a Python pickle"},
    {"\200\004", 2, "a Python pickle"},
    {"\200\005", 2, "a Python pickle"},
    {"\211HDF", 4, "an HDF5 file"},
    {"\037\213", 2, "compressed by gzip"},
};

static const char *foreign_kind(const uint8_t *bytes, size_t size)
{
  for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++)
    if (size >= foreign[i].size &&
        memcmp(bytes, foreign[i].magic, foreign[i].size) == 0)
      return foreign[i].what;
  return "of no known kind";
}

static bool ends_with(const char *path, const char *suffix)
{
  size_t n = strlen(path), m = strlen(suffix);
  return n >= m && strcmp(path + n - m, suffix) == 0;
}

/* By the first bytes; a damaged file's suffix still chooses the reader that
 * can say what is wrong. */
static reader choose_reader(const char *path, const uint8_t *bytes, size_t size)
{
  if (ulp_npy_magic(bytes, size)) return ulp_npy_parse;
  if (ulp_gguf_magic(bytes, size)) return ulp_gguf_parse;
  if (ulp_safetensors_magic(bytes, size)) return ulp_safetensors_parse;
  if (ends_with(path, ".npy")) return ulp_npy_parse;
  if (ends_with(path, ".safetensors")) return ulp_safetensors_parse;
  if (ends_with(path, ".gguf")) return ulp_gguf_parse;
  return NULL;
}

/* ---- open and close ----------------------------------------------------- */

static ulp_file *file_new(const char *path)
{
  ulp_file *f = calloc(1, sizeof *f);
  size_t length = strlen(path);

  if (f == NULL) return NULL;
  f->path = strdup(path);
  if (f->path == NULL) {
    free(f);
    return NULL;
  }
  f->label = f->path;
  if (length > LABEL_SIZE) f->label += length - LABEL_SIZE;
  return f;
}

static ulp_status parse(ulp_file *f, const uint8_t *bytes, size_t size,
                        ulp_error *e)
{
  reader read = choose_reader(f->path, bytes, size);

  if (size == 0)
    return ulp_error_set(e, ULP_EFORMAT,
                         "%s: empty file; expected .npy, .safetensors or "
                         ".gguf",
                         f->label);
  if (read == NULL)
    return ulp_error_set(e, ULP_EFORMAT,
                         "%s: first bytes: %s; expected .npy, .safetensors "
                         "or .gguf",
                         f->label, foreign_kind(bytes, size));
  return read(f, bytes, size, e);
}

static ulp_status no_memory(const char *path, ulp_error *e)
{
  return ulp_error_set(e, ULP_ENOMEM, "%.*s: out of memory", LABEL_SIZE, path);
}

ulp_status ulp_file_parse(ulp_file **out, const void *bytes, size_t size,
                          const char *path, ulp_error *e)
{
  ulp_file *f = file_new(path);
  ulp_status status;

  if (f == NULL) return no_memory(path, e);
  status = parse(f, bytes, size, e);
  if (status == ULP_OK)
    *out = f;
  else
    ulp_file_close(f);
  return status;
}

/* Maps fd's file into f; an empty one maps to nothing. */
static ulp_status map_file(ulp_file *f, int fd, ulp_error *e)
{
  struct stat st;
  void *map;

  if (fstat(fd, &st) != 0)
    return ulp_error_set(e, ULP_EIO, "%s: cannot read: %s", f->label,
                         strerror(errno));
  if (!S_ISREG(st.st_mode))
    return ulp_error_set(
        e, ULP_EIO, "%s: %s; expected a regular file (it is mapped)", f->label,
        S_ISDIR(st.st_mode) ? "a directory" : "a pipe, socket or device");
  if (st.st_size == 0) return ULP_OK;
  if ((uintmax_t)st.st_size > SIZE_MAX) return no_memory(f->label, e);
  map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (map == MAP_FAILED)
    return ulp_error_set(e, ULP_EIO, "%s: cannot map %jd bytes: %s", f->label,
                         (intmax_t)st.st_size, strerror(errno));
  f->map = map;
  f->map_size = (size_t)st.st_size;
  return ULP_OK;
}

static ulp_status open_and_parse(ulp_file *f, ulp_error *e)
{
  /* O_NONBLOCK: a FIFO without a writer must be refused, not waited for. */
  int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  ulp_status status;

  if (fd < 0)
    return ulp_error_set(e, ULP_EIO, "%s: cannot open: %s", f->label,
                         strerror(errno));
  status = map_file(f, fd, e);
  close(fd);
  if (status != ULP_OK) return status;
  return parse(f, f->map != NULL ? f->map : (const void *)"", f->map_size, e);
}

ulp_status ulp_file_open(ulp_file **out, const char *path, ulp_error *e)
{
  ulp_file *f = file_new(path);
  ulp_status status;

  if (f == NULL) return no_memory(path, e);
  status = open_and_parse(f, e);
  if (status == ULP_OK)
    *out = f;
  else
    ulp_file_close(f);
  return status;
}

void ulp_file_close(ulp_file *f)
{
  if (f == NULL) return;
  for (size_t i = 0; f->tensors != NULL && i < f->count; i++)
    free((void *)(uintptr_t)f->tensors[i].name);
  free(f->tensors);
  for (size_t i = 0; f->notes != NULL && i < 2 * f->note_count; i++)
    free(f->notes[i]);
  free(f->notes);
  if (f->map != NULL) munmap(f->map, f->map_size);
  free(f->path);
  free(f);
}

static bool exists(const char *path)
{
  struct stat st;
  return stat(path, &st) == 0;
}

ulp_status ulp_file_open_named(ulp_file **out, const ulp_tensor **tensor,
                               const char *text, ulp_error *e)
{
  const char *name = NULL;
  char *path = strdup(text);
  ulp_file *f = NULL;
  ulp_status status;

  if (path == NULL) return no_memory(text, e);
  for (size_t n = strlen(path); !exists(path) && n > 1; n--) {
    if (text[n - 1] != ':') continue;
    path[n - 1] = '\0';
    name = text + n;
  }
  if (!exists(path)) { /* then the whole is the file that was meant */
    strcpy(path, text);
    name = NULL;
  }
  status = ulp_file_open(&f, path, e);
  free(path);
  if (status != ULP_OK) return status;
  *tensor = NULL;
  if (name != NULL) status = ulp_file_find(f, tensor, name, e);
  if (status == ULP_OK)
    *out = f;
  else
    ulp_file_close(f);
  return status;
}

/* ---- metadata ----------------------------------------------------------- */

static int by_key(const void *key, const void *note)
{
  return strcmp(key, *(char *const *)note);
}

const char *ulp_file_metadata(const ulp_file *f, const char *key)
{
  char **note = f->note_count == 0
                    ? NULL
                    : bsearch(key, f->notes, f->note_count,
                              2 * sizeof *f->notes, by_key);
  return note == NULL ? NULL : note[1];
}

const char *ulp_file_metadata_row(const ulp_file *f, size_t i,
                                  const char **key)
{
  if (i >= f->note_count) return NULL;
  *key = f->notes[2 * i];
  return f->notes[2 * i + 1];
}

/* ---- tensors ------------------------------------------------------------ */

int ulp_tensor_by_place(const void *va, const void *vb)
{
  const ulp_tensor *a = va, *b = vb;
  uintptr_t pa = (uintptr_t)a->data, pb = (uintptr_t)b->data;

  if (pa != pb) return pa < pb ? -1 : 1;
  if ((a->count == 0) != (b->count == 0)) return a->count == 0 ? -1 : 1;
  return strcmp(a->name, b->name);
}

const char *ulp_file_path(const ulp_file *f)
{
  return f->path;
}

size_t ulp_file_tensor_count(const ulp_file *f)
{
  return f->count;
}

const ulp_tensor *ulp_file_tensor(const ulp_file *f, size_t i)
{
  return i < f->count ? &f->tensors[i] : NULL;
}

static const char *tensor_name(const void *file, size_t i)
{
  const ulp_tensor *t = ulp_file_tensor(file, i);
  return t ? t->name : NULL;
}

ulp_status ulp_file_find(const ulp_file *f, const ulp_tensor **out,
                         const char *name, ulp_error *e)
{
  const char *nearest;

  for (size_t i = 0; i < f->count; i++) {
    if (strcmp(f->tensors[i].name, name) == 0) {
      *out = &f->tensors[i];
      return ULP_OK;
    }
  }
  if (f->count == 1 && f->tensors[0].name[0] == '\0')
    return ulp_error_set(e, ULP_ENAME,
                         "%s: tensor '%.100s': the file holds one array and "
                         "no names; expected the path alone",
                         f->label, name);
  nearest = ulp_nearest(name, tensor_name, f);
  if (nearest == NULL && f->count == 0)
    return ulp_error_set(e, ULP_ENAME,
                         "%s: tensor '%.100s': the file holds no tensors",
                         f->label, name);
  if (nearest == NULL)
    return ulp_error_set(e, ULP_ENAME,
                         "%s: tensor '%.100s': not in the file; expected one "
                         "of its %zu, such as '%.100s'",
                         f->label, name, f->count, f->tensors[0].name);
  return ulp_error_set(e, ULP_ENAME,
                       "%s: tensor '%.100s': not in the file; the nearest "
                       "name is '%.100s'",
                       f->label, name, nearest);
}
