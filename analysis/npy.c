/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * NumPy's .npy: "\x93NUMPY", version, header length (2 bytes in 1.0, 4 in 2.0
 * and 3.0, little-endian), a Python dict literal, the data.  NEP 1 and the
 * documentation of numpy.lib.format.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"

#define MAGIC "\x93NUMPY"
enum { MAGIC_SIZE = 6, PREFIX_SIZE = 10, ALIGN = 64 };

bool ulp_npy_magic(const uint8_t *bytes, size_t size)
{
  return size >= MAGIC_SIZE && memcmp(bytes, MAGIC, MAGIC_SIZE) == 0;
}

/* ---- the file ----------------------------------------------------------- */

/* Checks the prefix; [*header, *data) is the dict. */
static ulp_status parse_prefix(const ulp_file *f, const uint8_t *bytes,
                               size_t size, size_t *header, size_t *data,
                               ulp_error *e)
{
  size_t length;

  if (!ulp_npy_magic(bytes, size))
    return ulp_error_set(
        e, ULP_EFORMAT, "%s: magic: expected the 6 bytes \\x93NUMPY", f->label);
  if (size < PREFIX_SIZE + 2)
    return ulp_error_set(e, ULP_EFORMAT,
                         "%s: truncated: %zu bytes; expected a 12-byte prefix "
                         "and a header",
                         f->label, size);
  if (bytes[6] < 1 || bytes[6] > 3 || bytes[7] != 0)
    return ulp_error_set(e, ULP_EFORMAT,
                         "%s: version %u.%u; expected 1.0, 2.0 or 3.0",
                         f->label, bytes[6], bytes[7]);
  length = bytes[8] | (size_t)bytes[9] << 8;
  if (bytes[6] > 1) length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
  *header = bytes[6] > 1 ? 12 : 10;
  if (length > size - *header)
    return ulp_error_set(e, ULP_EFORMAT,
                         "%s: header length %zu; expected at most %zu, the "
                         "bytes that follow",
                         f->label, length, size - *header);
  *data = *header + length;
  return ULP_OK;
}

/* Writes "(3, 4)" to out, cut where it does not fit. */
static void print_shape(char *out, size_t size, const ulp_tensor *t)
{
  size_t n = (size_t)snprintf(out, size, "(");
  for (int d = 0; d < t->ndim && n < size; d++)
    n += (size_t)snprintf(out + n, size - n, d == 0 ? "%jd" : ", %jd",
                          (intmax_t)t->shape[d]);
  if (n < size) snprintf(out + n, size - n, t->ndim == 1 ? ",)" : ")");
}

/* NumPy ignores bytes after the data (np.save appends arrays to one stream);
 * here they mean that the shape is not what the writer had in mind. */
static ulp_status check_size(const ulp_file *f, ulp_tensor *t, size_t have,
                             ulp_error *e)
{
  char shape[120];
  uint64_t need;

  print_shape(shape, sizeof shape, t);
  if (ulp_tensor_count(t) != ULP_OK)
    return ulp_error_set(e, ULP_EFORMAT,
                         "%s: header, shape: %s of %s; expected less than "
                         "2^63 bits",
                         f->label, shape, t->dtype->npy);
  need = (uint64_t)ulp_tensor_bits(t) / 8;
  if (need == have) return ULP_OK;
  return ulp_error_set(e, ULP_EFORMAT,
                       "%s: data: %zu bytes, %s; expected %ju for shape %s "
                       "of %s",
                       f->label, have, have < need ? "truncated" : "too many",
                       (uintmax_t)need, shape, t->dtype->npy);
}

ulp_status ulp_npy_parse(ulp_file *f, const uint8_t *bytes, size_t size,
                         ulp_error *e)
{
  size_t header = 0, data = 0;
  ulp_status status = parse_prefix(f, bytes, size, &header, &data, e);
  ulp_tensor *t;

  if (status != ULP_OK) return status;
  f->tensors = t = calloc(1, sizeof *t);
  if (t == NULL || (t->name = strdup("")) == NULL)
    return ulp_error_set(e, ULP_ENOMEM, "%s: out of memory", f->label);
  f->count = 1;
  t->data = bytes + data;
  status = ulp_npy_header_parse(f, t, bytes + header, data - header, e);
  if (status != ULP_OK) return status;
  return check_size(f, t, size - data, e);
}

/* ---- writing ------------------------------------------------------------ */

void ulp_npy_header(ulp_output *o, const char *type, int ndim,
                    const int64_t *shape)
{
  /* 32 dimensions of 19 digits fit, with room to pad to 64 bytes. */
  char text[1024];
  ulp_tensor t = {.ndim = ndim};
  size_t n, padded;

  if (ndim > 0) memcpy(t.shape, shape, (size_t)ndim * sizeof *shape);
  n = (size_t)snprintf(text, sizeof text,
                       "%s%c%c%c%c{'descr': '%.8s', "
                       "'fortran_order': False, 'shape': ",
                       MAGIC, 1, 0, 0, 0, type);
  print_shape(text + n, sizeof text - n, &t);
  n += strlen(text + n);
  n += (size_t)snprintf(text + n, sizeof text - n, ", }");
  padded = (n + 1 + ALIGN - 1) / ALIGN * ALIGN;
  memset(text + n, ' ', padded - n - 1);
  text[padded - 1] = '\n';
  text[8] = (char)((padded - PREFIX_SIZE) & 0xff);
  text[9] = (char)((padded - PREFIX_SIZE) >> 8);
  ulp_output_write(o, text, padded);
}
