/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * safetensors: header length (8 bytes, little-endian), a JSON object, the
 * data.  "Format" in the README of github.com/huggingface/safetensors; where
 * it is silent, what the reference's safetensors/src/tensor.rs accepts:
 * headers of up to 100 MB (here, of up to 8 million values too), unknown keys
 * of a tensor ignored, the data covered from first to last byte, without holes
 * or overlaps.
 */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "file.h"

enum { PREFIX_SIZE = 8, MAX_HEADER = 100000000, MAX_VALUES = 8000000 };
#define METADATA "__metadata__"

bool ulp_safetensors_magic(const uint8_t *bytes, size_t size)
{
  return size > PREFIX_SIZE && bytes[PREFIX_SIZE] == '{';
}

/* What the functions below share. */
typedef struct {
  ulp_file *file;
  ulp_error *error;
  const uint8_t *data; /* the bytes after the header */
  uint64_t size;
} context;

static ulp_status fail(const context *c, const char *tensor, const char *what)
{
  return ulp_error_set(c->error, ULP_EFORMAT, "%s: header, tensor '%.100s': %s",
                       c->file->label, tensor, what);
}

/* ---- one tensor --------------------------------------------------------- */

static ulp_status read_dtype(const context *c, ulp_tensor *t,
                             const json_t *entry)
{
  const json_t *dtype = json_object_get(entry, "dtype");

  if (!json_is_string(dtype))
    return fail(c, t->name, "dtype: expected a string, as \"BF16\"");
  t->dtype = ulp_dtype_safetensors(json_string_value(dtype));
  if (t->dtype == NULL)
    return ulp_error_set(c->error, ULP_EFORMAT,
                         "%s: header, tensor '%.100s': dtype '%.20s' is not "
                         "read; expected one such as F32, BF16, F8_E4M3, F4, "
                         "I8 or BOOL",
                         c->file->label, t->name, json_string_value(dtype));
  return ULP_OK;
}

static bool get_size(const json_t *v, int64_t *out)
{
  if (!json_is_integer(v) || json_integer_value(v) < 0) return false;
  *out = json_integer_value(v);
  return true;
}

static ulp_status read_shape(const context *c, ulp_tensor *t,
                             const json_t *entry)
{
  const json_t *shape = json_object_get(entry, "shape");

  if (!json_is_array(shape))
    return fail(c, t->name, "shape: expected an array of sizes");
  if (json_array_size(shape) > ULP_MAX_DIMS)
    return fail(c, t->name,
                "shape: more than 32 dimensions; expected at most "
                "32");
  t->ndim = (int)json_array_size(shape);
  for (int d = 0; d < t->ndim; d++)
    if (!get_size(json_array_get(shape, (size_t)d), &t->shape[d]))
      return fail(c, t->name, "shape: expected integers from 0 to 2^63-1");
  if (ulp_tensor_count(t) != ULP_OK)
    return fail(c, t->name, "shape: expected less than 2^63 bits in all");
  if (ulp_tensor_bits(t) % 8 != 0)
    return fail(c, t->name,
                "shape: not a whole number of bytes; expected "
                "elements times bits to be a multiple of 8");
  return ULP_OK;
}

static ulp_status read_offsets(const context *c, ulp_tensor *t,
                               const json_t *entry)
{
  const json_t *offsets = json_object_get(entry, "data_offsets");
  int64_t begin, end, need = ulp_tensor_bits(t) / 8;

  if (!json_is_array(offsets) || json_array_size(offsets) != 2 ||
      !get_size(json_array_get(offsets, 0), &begin) ||
      !get_size(json_array_get(offsets, 1), &end) || end < begin)
    return fail(c, t->name,
                "data_offsets: expected [BEGIN, END], integers "
                "with 0 <= BEGIN <= END");
  if ((uint64_t)end > c->size)
    return ulp_error_set(c->error, ULP_EFORMAT,
                         "%s: header, tensor '%.100s': data_offsets end at "
                         "%jd; expected at most %ju, the bytes after the "
                         "header (is the file truncated?)",
                         c->file->label, t->name, (intmax_t)end,
                         (uintmax_t)c->size);
  if (end - begin != need)
    return ulp_error_set(c->error, ULP_EFORMAT,
                         "%s: header, tensor '%.100s': data_offsets span %jd "
                         "bytes; expected %jd for %jd elements of %s",
                         c->file->label, t->name, (intmax_t)(end - begin),
                         (intmax_t)need, (intmax_t)t->count,
                         t->dtype->safetensors);
  t->data = c->data + begin;
  return ULP_OK;
}

static ulp_status read_tensor(const context *c, ulp_tensor *t, const char *name,
                              const json_t *entry)
{
  ulp_status status;

  t->name = strdup(name);
  if (t->name == NULL)
    return ulp_error_set(c->error, ULP_ENOMEM, "%s: out of memory",
                         c->file->label);
  if (!json_is_object(entry))
    return fail(c, name,
                "expected an object with dtype, shape and "
                "data_offsets");
  status = read_dtype(c, t, entry);
  if (status == ULP_OK) status = read_shape(c, t, entry);
  if (status == ULP_OK) status = read_offsets(c, t, entry);
  return status;
}

/* ---- all of them -------------------------------------------------------- */

static ulp_status keep_note(const context *c, const char *key,
                            const char *value)
{
  ulp_file *f = c->file;
  char **note = &f->notes[2 * f->note_count];

  note[0] = strdup(key);
  note[1] = strdup(value);
  f->note_count++;
  return note[0] != NULL && note[1] != NULL
             ? ULP_OK
             : ulp_error_set(c->error, ULP_ENOMEM, "%s: out of memory",
                             f->label);
}

static int by_key(const void *a, const void *b)
{
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static ulp_status read_metadata(const context *c, json_t *metadata)
{
  const char *key;
  json_t *value;
  ulp_status status = ULP_OK;

  if (!json_is_object(metadata))
    return ulp_error_set(c->error, ULP_EFORMAT,
                         "%s: header, " METADATA ": expected an object of "
                         "strings",
                         c->file->label);
  c->file->notes = calloc(2 * json_object_size(metadata) + 1, sizeof(char *));
  if (c->file->notes == NULL)
    return ulp_error_set(c->error, ULP_ENOMEM, "%s: out of memory",
                         c->file->label);
  json_object_foreach(metadata, key, value)
  {
    if (!json_is_string(value))
      return ulp_error_set(c->error, ULP_EFORMAT,
                           "%s: header, " METADATA ", '%.100s': expected a "
                           "string",
                           c->file->label, key);
    if (status == ULP_OK) status = keep_note(c, key, json_string_value(value));
  }
  if (status == ULP_OK)
    qsort(c->file->notes, c->file->note_count, 2 * sizeof(char *), by_key);
  return status;
}

static ulp_status read_tensors(const context *c, json_t *root)
{
  ulp_file *f = c->file;
  const char *key;
  json_t *value;

  /* One more than needed at most; calloc(0) may be NULL. */
  f->tensors = calloc(json_object_size(root) + 1, sizeof *f->tensors);
  if (f->tensors == NULL)
    return ulp_error_set(c->error, ULP_ENOMEM, "%s: out of memory", f->label);
  json_object_foreach(root, key, value)
  {
    ulp_status status =
        strcmp(key, METADATA) == 0
            ? read_metadata(c, value)
            : read_tensor(c, &f->tensors[f->count++], key, value);
    if (status != ULP_OK) return status;
  }
  return ULP_OK;
}

static ulp_status check_cover(const context *c)
{
  const ulp_file *f = c->file;
  uint64_t at = 0;

  for (size_t i = 0; i < f->count; i++) {
    const ulp_tensor *t = &f->tensors[i];
    uint64_t begin = (uint64_t)((const uint8_t *)t->data - c->data);
    if (begin != at)
      return ulp_error_set(c->error, ULP_EFORMAT,
                           "%s: header, tensor '%.100s': data_offsets begin "
                           "at %ju, %s; expected %ju, where the one before "
                           "ends",
                           f->label, t->name, (uintmax_t)begin,
                           begin < at ? "an overlap" : "after a hole",
                           (uintmax_t)at);
    at += (uint64_t)ulp_tensor_bits(t) / 8;
  }
  if (at != c->size)
    return ulp_error_set(c->error, ULP_EFORMAT,
                         "%s: data: %ju bytes after the header; expected %ju, "
                         "where the last tensor ends",
                         f->label, (uintmax_t)c->size, (uintmax_t)at);
  return ULP_OK;
}

/* ---- the file ----------------------------------------------------------- */

static ulp_status check_prefix(const ulp_file *f, const uint8_t *bytes,
                               size_t size, size_t *length, ulp_error *e)
{
  uint64_t n = 0;

  if (size < PREFIX_SIZE)
    return ulp_error_set(e, ULP_EFORMAT,
                         "%s: truncated: %zu bytes; expected an 8-byte header "
                         "length",
                         f->label, size);
  for (int i = PREFIX_SIZE - 1; i >= 0; i--)
    n = n << 8 | bytes[i];
  if (n > MAX_HEADER || n > size - PREFIX_SIZE)
    return ulp_error_set(
        e, ULP_EFORMAT, "%s: header length %ju; expected at most %zu, %s",
        f->label, (uintmax_t)n,
        n > MAX_HEADER ? (size_t)MAX_HEADER : size - PREFIX_SIZE,
        n > MAX_HEADER ? "the format's limit" : "the bytes that follow");
  if (n == 0 || bytes[PREFIX_SIZE] != '{')
    return ulp_error_set(
        e, ULP_EFORMAT, "%s: header: expected '{' as its first byte", f->label);
  *length = (size_t)n;
  return ULP_OK;
}

/* Whether a parser would make more values than any real header has (100,000
 * tensors make a million): 100 MB of "[],[]," would take gigabytes.  Counts
 * in names too, where it errs on the safe side. */
static bool too_many_values(const uint8_t *bytes, size_t length)
{
  size_t n = 0;

  for (size_t i = 0; i < length; i++)
    n += bytes[i] == ',' || bytes[i] == '[' || bytes[i] == '{';
  return n > MAX_VALUES;
}

static ulp_status load_json(const ulp_file *f, const uint8_t *bytes,
                            size_t length, json_t **root, ulp_error *e)
{
  json_error_t why;

  if (too_many_values(bytes, length))
    return ulp_error_set(e, ULP_EFORMAT,
                         "%s: header: too many values; expected at most %d",
                         f->label, MAX_VALUES);
  *root = json_loadb((const char *)bytes, length, JSON_REJECT_DUPLICATES, &why);
  if (*root != NULL) return ULP_OK;
  if (json_error_code(&why) == json_error_out_of_memory)
    return ulp_error_set(e, ULP_ENOMEM, "%s: out of memory", f->label);
  return ulp_error_set(e, ULP_EFORMAT,
                       "%s: header, byte %d: %s; expected a JSON object of "
                       "tensors",
                       f->label, why.position, why.text);
}

ulp_status ulp_safetensors_parse(ulp_file *f, const uint8_t *bytes, size_t size,
                                 ulp_error *e)
{
  size_t length = 0;
  json_t *root = NULL;
  ulp_status status = check_prefix(f, bytes, size, &length, e);

  if (status != ULP_OK) return status;
  status = load_json(f, bytes + PREFIX_SIZE, length, &root, e);
  if (status != ULP_OK) return status;
  context c = {f, e, bytes + PREFIX_SIZE + length, size - PREFIX_SIZE - length};
  status = read_tensors(&c, root);
  json_decref(root);
  if (status != ULP_OK) return status;
  qsort(f->tensors, f->count, sizeof *f->tensors, ulp_tensor_by_place);
  return check_cover(&c);
}
