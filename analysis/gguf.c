/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * GGUF, versions 2 and 3, little-endian: "GGUF", version, numbers of tensors
 * and of metadata, the metadata, a description of each tensor, and from the
 * next multiple of the alignment on the data.  ggml's docs/gguf.md; where it is
 * silent, what its src/gguf.cpp refuses is refused here, and so are tensors
 * that overlap.
 *
 * Metadata are stepped over, all but general.alignment.  Dimensions are listed
 * fastest first, the reverse of a shape.
 */
#include <stdlib.h>
#include <string.h>

#include "file.h"

enum {
  MAX_TENSORS = 1 << 20, /* a large model has some thousands */
  MAX_METADATA = 1 << 20,
  MAX_DIMENSIONS = 4,      /* GGML_MAX_DIMS */
  MAX_NAME = 65535,        /* bytes of a key, docs/gguf.md; of a name, here */
  MIN_INFO = 8 + 4 + 4 + 8 /* bytes of a description without its name */
};

bool ulp_gguf_magic(const uint8_t *bytes, size_t size)
{
  return size >= 4 && memcmp(bytes, "GGUF", 4) == 0;
}

/* What is left to read of the header, and where we are, for messages. */
typedef struct {
  ulp_file *file;
  ulp_error *error;
  const uint8_t *start, *at, *end;
  const char *part; /* "metadata", "tensor" */
  uint64_t index;   /* which of them */
  uint64_t alignment;
} reader;

static ulp_status fail(const reader *r, const char *what)
{
  return ulp_error_set(r->error, ULP_EFORMAT, "%s: %s %ju: %s", r->file->label,
                       r->part, (uintmax_t)r->index, what);
}

/* ---- numbers and strings ----------------------------------------------------
 */

/* A little-endian number of n bytes. */
static ulp_status take(reader *r, uint64_t *out, size_t n)
{
  *out = 0;
  if ((size_t)(r->end - r->at) < n)
    return fail(r, "truncated: expected it to end within the file");
  for (size_t i = n; i-- > 0;)
    *out = *out << 8 | r->at[i];
  r->at += n;
  return ULP_OK;
}

static ulp_status skip(reader *r, uint64_t n)
{
  if (n > (uint64_t)(r->end - r->at))
    return fail(r, "truncated: expected it to end within the file");
  r->at += n;
  return ULP_OK;
}

/* A length and so many bytes. */
static ulp_status take_string(reader *r, const uint8_t **text, uint64_t *length)
{
  ulp_status status = take(r, length, 8);
  if (status != ULP_OK) return status;
  *text = r->at;
  return skip(r, *length);
}

static ulp_status skip_string(reader *r)
{
  const uint8_t *text;
  uint64_t length;
  return take_string(r, &text, &length);
}

/* ---- metadata ---------------------------------------------------------------
 */

/* Types of values; docs/gguf.md, gguf_metadata_value_type. */
enum { VALUE_U32 = 4, VALUE_STRING = 8, VALUE_ARRAY = 9 };

/* Bytes of a value of fixed size, 0 for the others. */
static unsigned value_size(uint64_t type)
{
  static const uint8_t sizes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
  return type < sizeof sizes ? sizes[type] : 0;
}

/* Every string of an array takes eight bytes at least, so that this ends with
 * the file. */
static ulp_status skip_array(reader *r)
{
  uint64_t type, length;
  ulp_status status = take(r, &type, 4);
  if (status != ULP_OK) return status;
  status = take(r, &length, 8);
  if (status != ULP_OK) return status;
  unsigned size = value_size(type);
  if (size > 0 && length > (uint64_t)(r->end - r->at) / size)
    return fail(r, "array: expected it to end within the file");
  if (size > 0) return skip(r, length * size);
  if (type != VALUE_STRING)
    return fail(r, "array: expected elements of type 0 to 8 or 10 to 12");
  for (; length > 0 && status == ULP_OK; length--)
    status = skip_string(r);
  return status;
}

static ulp_status skip_value(reader *r, uint64_t type)
{
  unsigned size = value_size(type);
  if (size > 0) return skip(r, size);
  if (type == VALUE_STRING) return skip_string(r);
  if (type == VALUE_ARRAY) return skip_array(r);
  return fail(r, "type: expected 0 to 12");
}

static ulp_status read_alignment(reader *r, uint64_t type)
{
  ulp_status status;
  if (type != VALUE_U32)
    return fail(r, "general.alignment: expected type 4, a uint32");
  status = take(r, &r->alignment, 4);
  if (status != ULP_OK) return status;
  if (r->alignment == 0 || (r->alignment & (r->alignment - 1)) != 0)
    return fail(r, "general.alignment: expected a power of two");
  return ULP_OK;
}

static ulp_status read_metadata(reader *r, uint64_t count)
{
  static const char alignment[] = "general.alignment";
  r->part = "metadata";
  for (r->index = 0; r->index < count; r->index++) {
    const uint8_t *key;
    uint64_t length, type = 0;
    ulp_status status = take_string(r, &key, &length);
    if (status == ULP_OK) status = take(r, &type, 4);
    if (status != ULP_OK) return status;
    bool aligns = length == sizeof alignment - 1 &&
                  memcmp(key, alignment, sizeof alignment - 1) == 0;
    status = aligns ? read_alignment(r, type) : skip_value(r, type);
    if (status != ULP_OK) return status;
  }
  return ULP_OK;
}

/* ---- descriptions of tensors
 * ------------------------------------------------- */

static ulp_status read_name(reader *r, ulp_tensor *t)
{
  const uint8_t *text = NULL;
  uint64_t length = 0;
  ulp_status status = take_string(r, &text, &length);
  if (status != ULP_OK) return status;
  if (length == 0 || length > MAX_NAME || memchr(text, '\0', length) != NULL)
    return fail(r, "name: expected 1 to 65535 bytes, none of them 0");
  char *name = malloc(length + 1);
  if (name == NULL)
    return ulp_error_set(r->error, ULP_ENOMEM, "%s: out of memory",
                         r->file->label);
  memcpy(name, text, length);
  name[length] = '\0';
  t->name = name;
  return ULP_OK;
}

static ulp_status read_shape(reader *r, ulp_tensor *t)
{
  uint64_t ndim, n;
  ulp_status status = take(r, &ndim, 4);
  if (status != ULP_OK) return status;
  if (ndim > MAX_DIMENSIONS) return fail(r, "dimensions: expected at most 4");
  t->ndim = (int)ndim;
  for (int d = t->ndim - 1; d >= 0; d--) {
    status = take(r, &n, 8);
    if (status != ULP_OK) return status;
    if (n > INT64_MAX) return fail(r, "dimensions: expected 0 to 2^63-1");
    t->shape[d] = (int64_t)n;
  }
  return ULP_OK;
}

static ulp_status read_type(reader *r, ulp_tensor *t)
{
  uint64_t type;
  ulp_status status = take(r, &type, 4);
  if (status != ULP_OK) return status;
  t->dtype = ulp_dtype_gguf((uint32_t)type);
  if (t->dtype == NULL)
    return ulp_error_set(r->error, ULP_EFORMAT,
                         "%s: tensor '%.100s': type %ju (of ggml's enum "
                         "ggml_type) is not read; expected one such as 0 "
                         "(F32), 1 (F16), 8 (Q8_0), 12 (Q4_K) or 30 (BF16)",
                         r->file->label, t->name, (uintmax_t)type);
  int elements = ulp_dtype_block_elements(t->dtype);
  int64_t row = t->ndim > 0 ? t->shape[t->ndim - 1] : 1;
  if (row % elements != 0)
    return ulp_error_set(r->error, ULP_EFORMAT,
                         "%s: tensor '%.100s': rows of %jd elements; expected "
                         "a multiple of %d, the block of %s",
                         r->file->label, t->name, (intmax_t)row, elements,
                         t->dtype->gguf);
  if (ulp_tensor_count(t) != ULP_OK)
    return fail(r, "dimensions: expected less than 2^63 bits in all");
  return ULP_OK;
}

static ulp_status read_info(reader *r, ulp_tensor *t, uint64_t *offset)
{
  ulp_status status = read_name(r, t);
  if (status == ULP_OK) status = read_shape(r, t);
  if (status == ULP_OK) status = read_type(r, t);
  return status == ULP_OK ? take(r, offset, 8) : status;
}

static ulp_status place(const reader *r, ulp_tensor *t, uint64_t offset)
{
  uint64_t have = (uint64_t)(r->end - r->at);
  uint64_t need = (uint64_t)ulp_tensor_bits(t) / 8;
  if (offset % r->alignment != 0)
    return ulp_error_set(r->error, ULP_EFORMAT,
                         "%s: tensor '%.100s': offset %ju; expected a multiple "
                         "of %ju, the alignment",
                         r->file->label, t->name, (uintmax_t)offset,
                         (uintmax_t)r->alignment);
  if (offset > have || need > have - offset)
    return ulp_error_set(r->error, ULP_EFORMAT,
                         "%s: tensor '%.100s': %ju bytes at offset %ju; "
                         "expected them within the %ju bytes of data (is the "
                         "file truncated?)",
                         r->file->label, t->name, (uintmax_t)need,
                         (uintmax_t)offset, (uintmax_t)have);
  t->data = r->at + offset;
  return ULP_OK;
}

/* Steps to the next multiple of the alignment; a file without data may end
 * before it. */
static void skip_padding(reader *r)
{
  uint64_t used = (uint64_t)(r->at - r->start) & (r->alignment - 1);
  uint64_t padding = used == 0 ? 0 : r->alignment - used;
  uint64_t rest = (uint64_t)(r->end - r->at);
  r->at += padding < rest ? padding : rest;
}

static ulp_status read_tensors(reader *r, uint64_t count)
{
  ulp_file *f = r->file;
  ulp_status status = ULP_OK;
  uint64_t *offsets = calloc(count + 1, sizeof *offsets);
  /* One more than needed; calloc(0) may be NULL. */
  f->tensors = calloc(count + 1, sizeof *f->tensors);
  if (offsets == NULL || f->tensors == NULL)
    status = ulp_error_set(r->error, ULP_ENOMEM, "%s: out of memory", f->label);
  r->part = "tensor";
  for (r->index = 0; r->index < count && status == ULP_OK; r->index++)
    status = read_info(r, &f->tensors[f->count++], &offsets[r->index]);
  if (status == ULP_OK) skip_padding(r);
  for (size_t i = 0; i < f->count && status == ULP_OK; i++)
    status = place(r, &f->tensors[i], offsets[i]);
  free(offsets);
  return status;
}

/* ---- all of them
 * ------------------------------------------------------------- */

static ulp_status check_overlaps(const reader *r)
{
  const ulp_file *f = r->file;
  const uint8_t *end = r->at;
  for (size_t i = 0; i < f->count; i++) {
    const ulp_tensor *t = &f->tensors[i];
    if (t->count == 0) continue;
    if ((const uint8_t *)t->data < end)
      return ulp_error_set(r->error, ULP_EFORMAT,
                           "%s: tensor '%.100s': offset %jd; expected at least "
                           "%jd, where the one before ends",
                           f->label, t->name,
                           (intmax_t)((const uint8_t *)t->data - r->at),
                           (intmax_t)(end - r->at));
    end = (const uint8_t *)t->data + ulp_tensor_bits(t) / 8;
  }
  return ULP_OK;
}

static int by_name(const void *a, const void *b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static ulp_status check_names(const reader *r)
{
  const ulp_file *f = r->file;
  const char **names = calloc(f->count + 1, sizeof *names);
  ulp_status status = ULP_OK;
  if (names == NULL)
    return ulp_error_set(r->error, ULP_ENOMEM, "%s: out of memory", f->label);
  for (size_t i = 0; i < f->count; i++)
    names[i] = f->tensors[i].name;
  qsort(names, f->count, sizeof *names, by_name);
  for (size_t i = 1; i < f->count && status == ULP_OK; i++)
    if (strcmp(names[i - 1], names[i]) == 0)
      status = ulp_error_set(r->error, ULP_EFORMAT,
                             "%s: tensor '%.100s': twice in the file; expected "
                             "each name once",
                             f->label, names[i]);
  free(names);
  return status;
}

/* ---- the file
 * ------------------------------------------------------------------ */

static ulp_status check_version(const reader *r, uint64_t version)
{
  if (version == 2 || version == 3) return ULP_OK;
  return ulp_error_set(r->error, ULP_EFORMAT,
                       "%s: version %ju; expected 2 or 3%s", r->file->label,
                       (uintmax_t)version,
                       version != 0 && (version & 0xffff) == 0
                           ? ", little-endian (these bytes are the other way "
                             "round)"
                           : "");
}

/* Bounds a number of things by what the file has room for. */
static ulp_status check_count(const reader *r, uint64_t count, uint64_t most,
                              size_t least_size)
{
  if (count <= most && count <= (uint64_t)(r->end - r->at) / least_size)
    return ULP_OK;
  return ulp_error_set(r->error, ULP_EFORMAT,
                       "%s: header: %ju %s; expected at most %ju, and room for "
                       "them (is the file truncated?)",
                       r->file->label, (uintmax_t)count, r->part,
                       (uintmax_t)most);
}

static ulp_status read_header(reader *r, uint64_t *tensors, uint64_t *metadata)
{
  uint64_t magic, version = 0;
  ulp_status status;
  if (!ulp_gguf_magic(r->at, (size_t)(r->end - r->at)))
    return ulp_error_set(r->error, ULP_EFORMAT,
                         "%s: magic: expected the 4 bytes GGUF",
                         r->file->label);
  if (r->end - r->at < 24)
    return ulp_error_set(r->error, ULP_EFORMAT,
                         "%s: truncated: %td bytes; expected a 24-byte header",
                         r->file->label, r->end - r->at);
  status = take(r, &magic, 4);
  if (status == ULP_OK) status = take(r, &version, 4);
  if (status == ULP_OK) status = check_version(r, version);
  if (status == ULP_OK) status = take(r, tensors, 8);
  if (status == ULP_OK) status = take(r, metadata, 8);
  r->part = "tensors";
  if (status == ULP_OK)
    status = check_count(r, *tensors, MAX_TENSORS, MIN_INFO);
  r->part = "metadata";
  if (status == ULP_OK) status = check_count(r, *metadata, MAX_METADATA, 13);
  return status;
}

ulp_status ulp_gguf_parse(ulp_file *f, const uint8_t *bytes, size_t size,
                          ulp_error *e)
{
  reader r = {.file = f,
              .error = e,
              .start = bytes,
              .at = bytes,
              .end = bytes + size,
              .part = "header",
              .alignment = 32}; /* GGUF_DEFAULT_ALIGNMENT */
  uint64_t tensors = 0, metadata = 0;
  ulp_status status = read_header(&r, &tensors, &metadata);
  if (status == ULP_OK) status = read_metadata(&r, metadata);
  if (status == ULP_OK) status = read_tensors(&r, tensors);
  if (status != ULP_OK) return status;
  qsort(f->tensors, f->count, sizeof *f->tensors, ulp_tensor_by_place);
  status = check_overlaps(&r);
  return status == ULP_OK ? check_names(&r) : status;
}
