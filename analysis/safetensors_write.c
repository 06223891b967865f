/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Writing .safetensors, as safetensors/src/tensor.rs (0.8) does: tensors by
 * descending dtype, then by name, the header padded with blanks to a multiple
 * of 8 bytes.  Offsets are known before a byte of data is, so that tensors can
 * be written as they come; what lies elsewhere is sought.
 */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "file.h"

enum { PREFIX_SIZE = 8, MAX_HEADER = 100000000 };

/* The reference's enum Dtype, whose order is that of the tensors backwards. */
static const char *const order[] = {
    "BOOL",        "F4",          "F6_E2M3", "F6_E3M2", "U8",      "I8",
    "F8_E5M2",     "F8_E4M3",     "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ",
    "I16",         "U16",         "F16",     "BF16",    "I32",     "U32",
    "F32",         "F64",         "I64",     "U64",     NULL};

typedef struct {
  char *name;
  ulp_tensor shape; /* its dtype, ndim, shape and count */
  int rank;
  uint64_t size, at, written; /* in bytes; at: in the file */
} entry;

struct ulp_safetensors {
  const char *label;
  json_t *names, *notes; /* names: of what was announced */
  entry *entries;
  size_t count, room;
  ulp_output *out;
  uint64_t end, position; /* of the data and of the next byte, in the file */
};

static ulp_status no_memory(const ulp_safetensors *s, ulp_error *e)
{
  return ulp_error_set(e, ULP_ENOMEM, "%s: out of memory", s->label);
}

ulp_safetensors *ulp_safetensors_new(const char *label)
{
  ulp_safetensors *s = calloc(1, sizeof *s);

  if (s == NULL) return NULL;
  s->label = label;
  s->names = json_object();
  s->notes = json_object();
  if (s->names != NULL && s->notes != NULL) return s;
  ulp_safetensors_free(s);
  return NULL;
}

void ulp_safetensors_free(ulp_safetensors *s)
{
  if (s == NULL) return;
  for (size_t i = 0; i < s->count; i++)
    free(s->entries[i].name);
  free(s->entries);
  json_decref(s->names);
  json_decref(s->notes);
  free(s);
}

/* ---- what the file will hold -------------------------------------------- */

static int rank_of(const ulp_dtype *d)
{
  for (int i = 0; order[i] != NULL; i++)
    if (strcmp(order[i], d->safetensors) == 0) return i;
  return -1;
}

static ulp_status check(const ulp_safetensors *s, const entry *t,
                        const char *name, ulp_error *e)
{
  if (t->rank < 0)
    return ulp_error_set(e, ULP_EINVAL,
                         "%s: tensor '%.100s': '%s' is no dtype of "
                         ".safetensors",
                         s->label, name, ulp_dtype_name(t->shape.dtype));
  if (json_object_get(s->names, name) != NULL)
    return ulp_error_set(e, ULP_EINVAL,
                         "%s: two tensors '%.100s'; expected different names",
                         s->label, name);
  return ULP_OK;
}

static ulp_status measure(const ulp_safetensors *s, entry *t, const char *name,
                          ulp_error *e)
{
  if (ulp_tensor_count(&t->shape) != ULP_OK)
    return ulp_error_set(e, ULP_ERANGE,
                         "%s: tensor '%.100s': expected less than 2^63 bits",
                         s->label, name);
  if (ulp_tensor_bits(&t->shape) % 8 != 0)
    return ulp_error_set(e, ULP_EINVAL,
                         "%s: tensor '%.100s': expected a whole number of "
                         "bytes",
                         s->label, name);
  t->size = (uint64_t)ulp_tensor_bits(&t->shape) / 8;
  return ULP_OK;
}

static bool grow(ulp_safetensors *s)
{
  size_t room = s->room == 0 ? 64 : 2 * s->room;
  entry *more;

  if (s->count < s->room) return true;
  more = realloc(s->entries, room * sizeof *more);
  if (more == NULL) return false;
  s->entries = more;
  s->room = room;
  return true;
}

ulp_status ulp_safetensors_add(ulp_safetensors *s, const char *name,
                               const ulp_dtype *dtype, int ndim,
                               const int64_t *shape, size_t *number,
                               ulp_error *e)
{
  entry t = {.shape = {.dtype = dtype, .ndim = ndim}, .rank = rank_of(dtype)};
  ulp_status status = check(s, &t, name, e);

  if (status != ULP_OK) return status;
  if (ndim > 0) memcpy(t.shape.shape, shape, (size_t)ndim * sizeof *shape);
  status = measure(s, &t, name, e);
  if (status != ULP_OK) return status;
  t.name = strdup(name);
  if (t.name == NULL || !grow(s)) {
    free(t.name);
    return no_memory(s, e);
  }
  if (json_object_set_new(s->names, name, json_true()) != 0) {
    free(t.name);
    return ulp_error_set(e, ULP_EINVAL,
                         "%s: tensor '%.100s': expected a name in UTF-8",
                         s->label, name);
  }
  *number = s->count;
  s->entries[s->count++] = t;
  return ULP_OK;
}

ulp_status ulp_safetensors_note(ulp_safetensors *s, const char *key,
                                const char *value, ulp_error *e)
{
  return json_object_set_new(s->notes, key, json_string(value)) == 0
             ? ULP_OK
             : no_memory(s, e);
}

/* ---- the header --------------------------------------------------------- */

static int by_dtype(const void *va, const void *vb)
{
  const entry *a = *(const entry *const *)va, *b = *(const entry *const *)vb;

  if (a->rank != b->rank) return a->rank > b->rank ? -1 : 1;
  return strcmp(a->name, b->name);
}

/* Takes the references it packs; NULL when out of memory. */
static json_t *describe(const entry *t, uint64_t begin)
{
  json_t *shape = json_array();
  int failed = shape == NULL;

  for (int d = 0; d < t->shape.ndim && !failed; d++)
    failed = json_array_append_new(shape, json_integer(t->shape.shape[d]));
  if (failed) {
    json_decref(shape);
    return NULL;
  }
  return json_pack("{s:s, s:o, s:[I, I]}", "dtype", t->shape.dtype->safetensors,
                   "shape", shape, "data_offsets", (json_int_t)begin,
                   (json_int_t)(begin + t->size));
}

/* Places the entries, offsets from the end of the header, in `root`. */
static ulp_status place(ulp_safetensors *s, json_t *root, entry **sorted,
                        ulp_error *e)
{
  for (size_t i = 0; i < s->count; i++)
    sorted[i] = &s->entries[i];
  qsort(sorted, s->count, sizeof *sorted, by_dtype);
  for (size_t i = 0; i < s->count; i++) {
    entry *t = sorted[i];
    if (t->size > INT64_MAX / 2 - s->end)
      return ulp_error_set(e, ULP_ERANGE, "%s: more than 2^62 bytes",
                           s->label);
    if (json_object_set_new(root, t->name, describe(t, s->end)) != 0)
      return no_memory(s, e);
    t->at = s->end;
    s->end += t->size;
  }
  return ULP_OK;
}

static char *header_text(ulp_safetensors *s, ulp_status *status, ulp_error *e)
{
  json_t *root = json_object();
  entry **sorted = malloc((s->count + 1) * sizeof(entry *));
  char *text = NULL;

  *status = ULP_OK;
  if (root != NULL && json_object_size(s->notes) > 0 &&
      json_object_set(root, "__metadata__", s->notes) != 0)
    *status = ULP_ENOMEM;
  if (root == NULL || sorted == NULL || *status != ULP_OK)
    *status = no_memory(s, e);
  else
    *status = place(s, root, sorted, e);
  if (*status == ULP_OK) {
    text = json_dumps(root, JSON_COMPACT);
    if (text == NULL) *status = no_memory(s, e);
  }
  json_decref(root);
  free(sorted);
  return text;
}

ulp_status ulp_safetensors_begin(ulp_safetensors *s, ulp_output *o,
                                 ulp_error *e)
{
  ulp_status status;
  uint8_t prefix[PREFIX_SIZE];
  char *text = header_text(s, &status, e);

  if (status != ULP_OK) return status;
  size_t length = strlen(text), padded = (length + 7) / 8 * 8;
  if (padded > MAX_HEADER) {
    free(text);
    return ulp_error_set(e, ULP_ERANGE,
                         "%s: a header of %zu bytes; expected at most %d",
                         s->label, padded, MAX_HEADER);
  }
  for (int i = 0; i < PREFIX_SIZE; i++)
    prefix[i] = (uint8_t)((uint64_t)padded >> 8 * i);
  ulp_output_write(o, prefix, sizeof prefix);
  ulp_output_write(o, text, length);
  ulp_output_write(o, "       ", padded - length);
  free(text);
  s->out = o;
  s->position = PREFIX_SIZE + padded;
  for (size_t i = 0; i < s->count; i++)
    s->entries[i].at += s->position;
  s->end += s->position;
  return ULP_OK;
}

/* ---- the data ----------------------------------------------------------- */

void ulp_safetensors_write(ulp_safetensors *s, size_t number,
                           const void *bytes, size_t n)
{
  entry *t = &s->entries[number];
  uint64_t to = t->at + t->written;

  t->written += n;
  if (n == 0 || t->written > t->size) return; /* the end will tell */
  if (to != s->position) ulp_output_seek(s->out, to);
  ulp_output_write(s->out, bytes, n);
  s->position = to + n;
}

uint64_t ulp_safetensors_bytes(const ulp_safetensors *s, size_t number)
{
  return s->entries[number].size;
}

ulp_status ulp_safetensors_end(ulp_safetensors *s, ulp_error *e)
{
  for (size_t i = 0; i < s->count; i++) {
    const entry *t = &s->entries[i];
    if (t->written != t->size)
      return ulp_error_set(e, ULP_EINVAL,
                           "%s: tensor '%.100s': %ju bytes were written; "
                           "expected %ju",
                           s->label, t->name, (uintmax_t)t->written,
                           (uintmax_t)t->size);
  }
  return ULP_OK;
}
