/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * block_files.c: what goes with the codes of blocks, in files of its own:
 * scales, zero points, the global scale.
 */
#include <stdlib.h>
#include <string.h>

#include "quantize.h"

/* ---- reading ------------------------------------------------------------ */

static ulp_status check_shape(const ulp_blocks *b, const ulp_tensor *t,
                              const char *path, const char *of, ulp_error *e)
{
  char have[200], want[200];
  if (t->ndim == b->ndim &&
      !memcmp(t->shape, b->shape, sizeof *t->shape * (size_t)t->ndim))
    return ULP_OK;
  cli_shape_text(have, sizeof have, t->ndim, t->shape);
  cli_shape_text(want, sizeof want, b->ndim, b->shape);
  return ulp_error_set(e, ULP_EFORMAT,
                       "%s: shape %s, expected %s, one for "
                       "each block of %s",
                       path, have, want, of);
}

ulp_status cli_block_codes_read(unsigned char **out, const ulp_format *f,
                                const ulp_blocks *b, const char *path,
                                const char *of, ulp_error *e)
{
  ulp_file *file;
  const ulp_tensor *t;
  ulp_status status = cli_array_open(&file, &t, path, e);
  if (status != ULP_OK) return status;
  status = cli_codes_check(f, t, false, path, e);
  if (status == ULP_OK) status = check_shape(b, t, path, of, e);
  if (status == ULP_OK) {
    *out = malloc((size_t)b->blocks * f->storage_bytes + 8);
    status = *out ? cli_codes_read(f, t, false, path, *out, 0, t->count, e)
                  : cli_no_memory(e);
  }
  ulp_file_close(file);
  return status;
}

ulp_status cli_block_zeros_read(int32_t **out, const ulp_blocks *b,
                                const char *path, const char *of, ulp_error *e)
{
  ulp_file *file;
  const ulp_tensor *t;
  ulp_status status = cli_array_open(&file, &t, path, e);
  if (status != ULP_OK) return status;
  if (strcmp(t->dtype->npy, "i4"))
    status = ulp_error_set(e, ULP_EFORMAT, "%s: dtype '%s', expected '<i4'",
                           path, t->dtype->npy);
  if (status == ULP_OK) status = check_shape(b, t, path, of, e);
  if (status == ULP_OK) {
    *out = malloc((size_t)b->blocks * sizeof **out + 8);
    if (*out)
      ulp_tensor_read_raw(t, *out, 0, t->count);
    else
      status = cli_no_memory(e);
  }
  ulp_file_close(file);
  return status;
}

ulp_status cli_number_read(double *out, const char *option, const char *path,
                           ulp_error *e)
{
  ulp_file *file;
  const ulp_tensor *t;
  ulp_status status = cli_array_open(&file, &t, path, e);
  if (status != ULP_OK) return status;
  if (strcmp(t->dtype->npy, "f4") || t->count != 1)
    status = ulp_error_set(e, ULP_EFORMAT,
                           "%s: %lld elements of '%s', expected one of '<f4' "
                           "for --%s",
                           path, (long long)t->count, t->dtype->npy, option);
  else
    ulp_tensor_read_f64(t, out, 0, 1);
  ulp_file_close(file);
  return status;
}

/* ---- writing ------------------------------------------------------------ */

void cli_block_codes_write(ulp_output *o, const ulp_format *f,
                           const ulp_blocks *b, const void *stored)
{
  if (!o) return;
  ulp_npy_header(o, cli_codes_type(f, false), b->ndim, b->shape);
  ulp_output_write(o, stored, (size_t)b->blocks * f->storage_bytes);
}

void cli_block_zeros_write(ulp_output *o, const ulp_blocks *b,
                           const int32_t *zeros)
{
  if (!o) return;
  ulp_npy_header(o, "<i4", b->ndim, b->shape);
  ulp_output_write(o, zeros, (size_t)b->blocks * sizeof *zeros);
}

void cli_number_write(ulp_output *o, double x)
{
  float narrow = (float)x;
  if (!o) return;
  ulp_npy_header(o, "<f4", 0, NULL);
  ulp_output_write(o, &narrow, sizeof narrow);
}
