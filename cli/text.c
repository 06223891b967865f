/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * text.c: files of tokens.
 */
#include <stdlib.h>

#include "cli.h"

static ulp_status copy_tokens(const ulp_tensor *t, const char *path,
                              int32_t *tokens, ulp_error *e)
{
  for (int64_t i = 0; i < t->count; i++) {
    double x;
    ulp_tensor_read_f64(t, &x, i, 1);
    if (!(x >= 0 && x <= INT32_MAX))
      return ulp_error_set(e, ULP_EFORMAT, "%s: element %lld is %g: expected a "
                           "token", path, (long long)i, x);
    tokens[i] = (int32_t)x;
  }
  return ULP_OK;
}

static ulp_status tokens_of(const ulp_tensor *t, const char *path, size_t more,
                            int32_t **tokens, int64_t *n, ulp_error *e)
{
  if (t->ndim != 1 || (*t->dtype->npy != 'i' && *t->dtype->npy != 'u'))
    return ulp_error_set(e, ULP_EFORMAT, "%s: expected one dimension of "
                         "integers", path);
  if (t->count < 1 || t->count > INT32_MAX)
    return ulp_error_set(e, ULP_EFORMAT, "%s: expected tokens", path);
  int32_t *out = malloc(((size_t)t->count + more) * sizeof *out);
  ulp_status s = out ? copy_tokens(t, path, out, e) : cli_no_memory(e);
  if (s != ULP_OK) {
    free(out);
    return s;
  }
  *tokens = out;
  *n = t->count;
  return ULP_OK;
}

ulp_status cli_tokens_read(const char *path, size_t more, int32_t **tokens,
                           int64_t *n, ulp_error *e)
{
  ulp_file *file;
  const ulp_tensor *t;
  ulp_status s = cli_array_open(&file, &t, path, e);
  if (s != ULP_OK)
    return s;
  s = tokens_of(t, path, more, tokens, n, e);
  ulp_file_close(file);
  return s;
}
