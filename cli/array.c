/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * array.c: arrays of codes and values in files.
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "elements are written as they lie in memory: little-endian is expected"
#endif

ulp_status cli_array_open(ulp_file **file, const ulp_tensor **tensor,
                          const char *path, ulp_error *e)
{
  ulp_status status = ulp_file_open_named(file, tensor, path, e);
  if (status != ULP_OK || *tensor != NULL) return status;
  size_t n = ulp_file_tensor_count(*file);
  if (n != 1) {
    ulp_file_close(*file);
    *file = NULL;
    return ulp_error_set(e, ULP_EFORMAT,
                         "%s: holds %zu tensors, expected one array, or "
                         "FILE:NAME",
                         path, n);
  }
  *tensor = ulp_file_tensor(*file, 0);
  return ULP_OK;
}

void cli_shape_text(char *out, size_t size, int ndim, const int64_t *shape)
{
  snprintf(out, size, "%s", ndim ? "" : "scalar");
  size_t used = 0;
  for (int i = 0; i < ndim && used < size; i++)
    used += (size_t)snprintf(out + used, size - used, "%s%lld", i ? "x" : "",
                             (long long)shape[i]);
}

/* ---- codes ------------------------------------------------------------- */

static bool signed_bytes(const ulp_format *f)
{
  return f->kind == ULP_INTEGER && f->is_signed && f->storage_bytes == 1;
}

const char *cli_codes_type(const ulp_format *f, bool packed)
{
  if (packed) return "|u1";
  switch (f->storage_bytes) {
  case 1: return signed_bytes(f) ? "|i1" : "|u1";
  case 2: return "<u2";
  case 4: return f->kind == ULP_INTEGER ? "<i4" : "<f4";
  default: return "<f8";
  }
}

/* A file's own name for f (F8_E4M3 of a .safetensors, f2 for float16). */
static bool names_format(const ulp_dtype *d, const ulp_format *f)
{
  ulp_format own;
  return d->format && ulp_format_find(d->format, &own, NULL, 0) == ULP_OK &&
         !strcmp(own.name, f->name);
}

/* Without bytes * 8, which may be too large. */
int64_t cli_codes_held(const ulp_format *f, int64_t bytes)
{
  return bytes / f->bits * 8 + bytes % f->bits * 8 / f->bits;
}

static ulp_status check_packed(const ulp_format *f, const ulp_tensor *t,
                               const char *path, ulp_error *e)
{
  if (f->bits > 8)
    return ulp_error_set(e, ULP_EINVAL,
                         "--packed: %s has %d bits, expected a format of up "
                         "to 8",
                         f->name, f->bits);
  if (strcmp(t->dtype->npy, "u1"))
    return ulp_error_set(e, ULP_EFORMAT,
                         "%s: dtype '%s', expected '|u1' for packed codes",
                         path,
                         *t->dtype->npy ? t->dtype->npy
                                        : ulp_dtype_name(t->dtype));
  if (t->ndim == 0)
    return ulp_error_set(e, ULP_EFORMAT,
                         "%s: shape (), expected a last dimension of packed "
                         "bytes",
                         path);
  int64_t last = t->shape[t->ndim - 1], whole;
  if (last % f->bits * 8 % f->bits ||
      __builtin_mul_overflow(last / f->bits + 1, 8, &whole))
    return ulp_error_set(e, ULP_EFORMAT,
                         "%s: last dimension %lld, expected bytes that hold a "
                         "whole number of %d-bit codes",
                         path, (long long)last, f->bits);
  return ULP_OK;
}

ulp_status cli_codes_check(const ulp_format *f, const ulp_tensor *t,
                           bool packed, const char *path, ulp_error *e)
{
  if (packed) return check_packed(f, t, path, e);
  const char *type = cli_codes_type(f, false) + 1, *have = t->dtype->npy;
  if (!strcmp(have, type) || (signed_bytes(f) && !strcmp(have, "u1")) ||
      names_format(t->dtype, f))
    return ULP_OK;
  return ulp_error_set(
      e, ULP_EFORMAT, "%s: dtype '%s', expected '%s'%s for the codes of %s",
      path, *have ? have : ulp_dtype_name(t->dtype), cli_codes_type(f, false),
      signed_bytes(f)                        ? " or '|u1'"
      : names_format(ulp_dtype_npy("f2"), f) ? " or '<f2'"
                                             : "",
      f->name);
}

/* Whether element i holds a code and nothing beside it. */
static bool is_code(const ulp_format *f, bool sign_extended,
                    const unsigned char *stored, int64_t i)
{
  uint64_t code = ulp_load_code(f, stored, (size_t)i);
  unsigned char back[8];
  if (sign_extended && code >> (f->bits - 1)) code |= UINT64_MAX << f->bits;
  if (f->storage_bytes == 1)
    back[0] = (unsigned char)code;
  else
    ulp_store_code(f, back, 0, code);
  return !memcmp(back, stored + i * f->storage_bytes, f->storage_bytes);
}

static ulp_status read_packed(const ulp_format *f, const ulp_tensor *t,
                              void *stored, int64_t first, int64_t n,
                              ulp_error *e)
{
  uint8_t bytes[CLI_CHUNK];
  ulp_tensor_read_raw(t, bytes, first / 8 * f->bits, n * f->bits / 8);
  ulp_status status = ulp_unpack_bytes(f, stored, bytes, (size_t)n);
  return status == ULP_OK ? status
                          : ulp_error_set(e, status, "%s: packed codes: %s",
                                          f->name, ulp_strerror(status));
}

ulp_status cli_codes_read(const ulp_format *f, const ulp_tensor *t, bool packed,
                          const char *path, void *stored, int64_t first,
                          int64_t n, ulp_error *e)
{
  if (packed) return read_packed(f, t, stored, first, n, e);
  ulp_tensor_read_raw(t, stored, first, n);
  if (f->bits == 8 * f->storage_bytes) return ULP_OK;
  bool sign_extended = !strcmp(t->dtype->npy, "i1");
  for (int64_t i = 0; i < n; i++) {
    if (is_code(f, sign_extended, stored, i)) continue;
    uint64_t bits = 0;
    memcpy(&bits, (const char *)stored + i * f->storage_bytes,
           f->storage_bytes);
    return ulp_error_set(e, ULP_EFORMAT,
                         "%s: element %lld is 0x%0*llX, expected a code of %s "
                         "(%d bit%s%s)",
                         path, (long long)(first + i), 2 * f->storage_bytes,
                         (unsigned long long)bits, f->name, f->bits,
                         f->bits == 1 ? "" : "s",
                         f->storage_shift ? ", zeros below" : "");
  }
  return ULP_OK;
}

void cli_codes_decode(const ulp_format *f, double *out, const void *stored,
                      int64_t n, double scale)
{
  ulp_decode_array(f, out, stored, (size_t)n, scale);
  /* The multiplication made signalling NaNs quiet. */
  for (int64_t i = 0; i < n; i++)
    if (isnan(out[i]))
      out[i] = ulp_decode(f, ulp_load_code(f, stored, (size_t)i));
}

/* ---- values ------------------------------------------------------------ */

bool cli_fits_f32(const ulp_format *f, double scale)
{
  bool exact = f->kind != ULP_INTEGER || f->bits <= 25;
  return exact && f->bits < 64 && ulp_fits_f64(f) &&
         fmax(ulp_max(f), -ulp_lowest(f)) * scale <= FLT_MAX &&
         ulp_min_positive(f) * scale >= 0x1p-149;
}

/* The f32 nearest to x, or with the upper bits of a NaN's payload, which a
 * conversion by the machine would make quiet. */
static float narrow(double x)
{
  if (!isnan(x)) return (float)x;
  uint64_t wide;
  memcpy(&wide, &x, sizeof wide);
  uint32_t payload = (uint32_t)(wide >> 29) & 0x7fffff;
  uint32_t bits = (uint32_t)(wide >> 32 & 0x80000000u) | 0x7f800000u |
                  (payload ? payload : 0x400000u);
  float y;
  memcpy(&y, &bits, sizeof y);
  return y;
}

void cli_values_write(ulp_output *o, bool wide, const double *x, float *scratch,
                      size_t n)
{
  if (wide) {
    ulp_output_write(o, x, n * sizeof *x);
    return;
  }
  for (size_t i = 0; i < n; i++)
    scratch[i] = narrow(x[i]);
  ulp_output_write(o, scratch, n * sizeof *scratch);
}
