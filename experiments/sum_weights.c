/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * B of a product from the rows of a tensor.
 */
#include <math.h>
#include <stdlib.h>

#include "exact_product.h"
#include "source.h"

enum { CHUNK = 1 << 12 };

static bool is_matrix(const ulp_tensor *t)
{
  ulp_format f;
  return t->ndim >= 2 && t->count > 0 && t->dtype->format &&
         ulp_format_find(t->dtype->format, &f, NULL, 0) == ULP_OK &&
         f.kind == ULP_FLOAT;
}

static ulp_status choose(const ulp_tensor **out, const ulp_run *run,
                         ulp_error *e)
{
  const char *path = ulp_file_path(run->file);
  size_t found = 0;
  *out = run->tensor;
  for (size_t i = 0; !run->tensor && i < ulp_file_tensor_count(run->file); i++)
    if (is_matrix(ulp_file_tensor(run->file, i)) && found++ == 0)
      *out = ulp_file_tensor(run->file, i);
  if (run->tensor ? is_matrix(run->tensor) : found == 1)
    return ULP_OK;
  if (run->tensor || found == 0)
    return ulp_error_set(e, ULP_EFORMAT, "%s%s%.200s: expected floats in two "
                         "dimensions or more", path, run->tensor ? ":" : "",
                         run->tensor ? run->tensor->name : "");
  return ulp_error_set(e, ULP_EINVAL, "--tensor %s: %zu matrices, expected one "
                       "of them, as %s:%.200s", path, found, path,
                       (*out)->name);
}

ulp_status sum_weights_open(sum_weights *w, const ulp_run *run, ulp_error *e)
{
  double x[CHUNK];
  ulp_status s = choose(&w->tensor, run, e);
  if (s != ULP_OK)
    return s;
  w->name = ulp_source_name(run->file, w->tensor);
  w->columns = (size_t)w->tensor->shape[w->tensor->ndim - 1];
  w->rows = (size_t)w->tensor->count / w->columns;
  for (int64_t i = 0; i < w->tensor->count; i += CHUNK) {
    int64_t n = w->tensor->count - i < CHUNK ? w->tensor->count - i : CHUNK;
    ulp_tensor_read_f64(w->tensor, x, i, n);
    for (int64_t k = 0; k < n; k++) {
      if (!isfinite(x[k]))
        return ulp_error_set(e, ULP_EFORMAT, "%.200s: element %lld is not "
                             "finite", w->name, (long long)(i + k));
      w->amax = fmax(w->amax, fabs(x[k]));
    }
  }
  return ULP_OK;
}

/* A type of 8 bits takes the scale amax / max, wider ones none; errors are
 * relative, so that it need not be undone. */
ulp_status sum_weights_read(const sum_weights *w, const ulp_format *f,
                            void *codes, size_t first, size_t rows, size_t k)
{
  const ulp_rounding r = {.mode = ULP_RNE, .overflow = ULP_OVERFLOW_SATURATE};
  double scale = f->bits <= 8 && w->amax > 0 ? (double)(float)(w->amax /
                                                               ulp_max(f)) : 1;
  double *x = malloc((k + 1) * sizeof *x);
  ulp_status s = x ? ULP_OK : ULP_ENOMEM;
  for (size_t i = 0; s == ULP_OK && i < rows; i++) {
    ulp_tensor_read_f64(w->tensor, x, (int64_t)((first + i) * w->columns),
                        (int64_t)k);
    s = ulp_encode_array(f, (char *)codes + i * k * f->storage_bytes, x, k,
                         scale > 0 ? scale : 1, &r, 0);
  }
  free(x);
  return s;
}
