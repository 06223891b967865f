/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * product.c: the arrays of a matrix product.
 */
#include "product.h"

#include <stdlib.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif

enum { MATRICES = 7 };

static cli_matrix *matrix(cli_product *p, int i)
{
  cli_matrix *const all[MATRICES] = {&p->a, &p->b,    &p->c,      &p->d,
                                     &p->meta, &p->scale_a, &p->scale_b};
  return all[i];
}

int cli_default_threads(void)
{
#ifdef _OPENMP
  return omp_get_max_threads();
#else
  return 1;
#endif
}

ulp_status cli_need(const void *value, const char *option, ulp_error *e)
{
  return value ? ULP_OK
               : ulp_error_set(e, ULP_EINVAL, "%s is missing", option);
}

ulp_status cli_evidence(const char *command, const char *what,
                        ulp_evidence evidence, const char *source, bool strict,
                        ulp_error *e)
{
  const char *name = ulp_evidence_name(evidence);
  if (evidence == ULP_MEASURED) return ULP_OK;
  if (strict)
    return ulp_error_set(e, ULP_EINVAL,
                         "%s: its evidence is '%s' (%s), expected 'measured' "
                         "under --strict",
                         what, name, source);
  cli_warn(command, "%s: not measured, its evidence is '%s' (%s)", what, name,
           source);
  return ULP_OK;
}

ulp_status cli_find_instruction(cli_product *p, const char *gpu,
                                const char *instr, ulp_mma *out, ulp_error *e)
{
  char why[300];
  ulp_status status = cli_need(gpu, "--gpu GPU", e);
  if (status == ULP_OK) status = cli_need(instr, "--instr INSTR", e);
  if (status != ULP_OK) return status;
  status = ulp_mma_find(gpu, instr, out, why, sizeof why);
  if (status != ULP_OK) return ulp_error_set(e, status, "%s", why);
  p->sparse = out->record->sparse;
  p->scales = out->scales;
  p->a.format = out->a;
  p->b.format = out->b;
  p->c.format = out->c;
  p->scale_a.format = p->scale_b.format = out->scale;
  status = ulp_format_find("uint8", &p->meta.format, NULL, 0);
  if (status == ULP_OK) status = cli_sparse_need(p, instr, e);
  return status == ULP_OK ? cli_block_scales_need(p, instr, e) : status;
}

/* ---- opening ------------------------------------------------------------ */

static ulp_status open_matrix(cli_matrix *x, ulp_error *e)
{
  if (!x->path) return ULP_OK;
  ulp_status status = cli_array_open(&x->file, &x->tensor, x->path, e);
  if (status != ULP_OK) return status;
  int n = x->tensor->ndim;
  if (n < 2)
    return ulp_error_set(e, ULP_EFORMAT,
                         "%s: %d dimension%s, expected at least 2", x->path, n,
                         n == 1 ? "" : "s");
  const int64_t *last = x->tensor->shape + n - 2;
  x->rows = last[x->transposed];
  x->cols = last[!x->transposed];
  return ULP_OK;
}

/* Leading dimensions as A's. */
static ulp_status check_batch(const cli_matrix *a, const cli_matrix *x,
                              ulp_error *e)
{
  char mine[200], want[200];
  const ulp_tensor *s = a->tensor, *t = x->tensor;
  if (!x->path) return ULP_OK;
  if (s->ndim == t->ndim &&
      !memcmp(s->shape, t->shape, sizeof *s->shape * (size_t)(s->ndim - 2)))
    return ULP_OK;
  cli_shape_text(mine, sizeof mine, t->ndim - 2, t->shape);
  cli_shape_text(want, sizeof want, s->ndim - 2, s->shape);
  return ulp_error_set(e, ULP_EFORMAT,
                       "%s: batch (leading dimensions) %s, expected %s as in "
                       "%s",
                       x->path, t->ndim > 2 ? mine : "none",
                       s->ndim > 2 ? want : "none", a->path);
}

static ulp_status check_result(const cli_product *p, const cli_matrix *x,
                               ulp_error *e)
{
  if (!x->path || (x->rows == p->m && x->cols == p->n)) return ULP_OK;
  return ulp_error_set(e, ULP_EFORMAT,
                       "%s: %lldx%lld, expected MxN = %lldx%lld of A and B",
                       x->path, (long long)x->rows, (long long)x->cols,
                       (long long)p->m, (long long)p->n);
}

static ulp_status check_k(const cli_product *p, ulp_error *e)
{
  if (p->b.cols / (p->sparse ? 2 : 1) != p->k || (p->sparse && p->b.cols % 2))
    return ulp_error_set(e, ULP_EFORMAT,
                         "%s: K = %lld, expected %s%lld as in %s (B is "
                         "[..., %s])",
                         p->b.path, (long long)p->b.cols,
                         p->sparse ? "2 * " : "", (long long)p->k, p->a.path,
                         p->b.transposed ? "K, N" : "N, K");
  if (p->k == 0)
    return ulp_error_set(e, ULP_EFORMAT,
                         "%s: K = 0, expected at least one product", p->a.path);
  return ULP_OK;
}

static ulp_status read_layout(cli_product *p, ulp_error *e)
{
  if (!p->layout || !strcmp(p->layout, "nk")) return ULP_OK;
  p->b.transposed = true;
  if (!strcmp(p->layout, "kn")) return ULP_OK;
  return ulp_error_set(e, ULP_EINVAL, "--b-layout: '%.40s', expected nk or kn",
                       p->layout);
}

ulp_status cli_product_open(cli_product *p, ulp_error *e)
{
  ulp_status status = cli_need(p->a.path, "--a A.npy", e);
  if (status == ULP_OK) status = cli_need(p->b.path, "--b B.npy", e);
  if (status == ULP_OK) status = read_layout(p, e);
  for (int i = 0; i < MATRICES && status == ULP_OK; i++)
    status = open_matrix(matrix(p, i), e);
  if (status != ULP_OK) return status;
  p->m = p->a.rows;
  p->n = p->b.rows;
  p->k = p->a.cols;
  int64_t bytes;
  if (__builtin_mul_overflow(p->m, p->n, &bytes) ||
      __builtin_mul_overflow(bytes, 16, &bytes))
    return ulp_error_set(e, ULP_ERANGE,
                         "%s: M x N = %lldx%lld, expected a D that fits memory",
                         p->a.path, (long long)p->m, (long long)p->n);
  p->batches = 1;
  for (int i = 0; i < p->a.tensor->ndim - 2; i++)
    p->batches *= p->a.tensor->shape[i];
  for (int i = 1; i < MATRICES && status == ULP_OK; i++)
    status = check_batch(&p->a, matrix(p, i), e);
  if (status == ULP_OK) status = check_k(p, e);
  if (status == ULP_OK) status = check_result(p, &p->c, e);
  if (status == ULP_OK) status = check_result(p, &p->d, e);
  if (status == ULP_OK) status = cli_sparse_shape(p, e);
  return status == ULP_OK ? cli_block_scales_shape(p, e) : status;
}

/* ---- reading ------------------------------------------------------------ */

static size_t matrix_bytes(const cli_matrix *x)
{
  return (size_t)(x->rows * x->cols) * x->format.storage_bytes;
}

static ulp_status prepare_matrix(cli_matrix *x, ulp_error *e)
{
  if (!x->path) return ULP_OK;
  ulp_status status =
      cli_codes_check(&x->format, x->tensor, false, x->path, e);
  if (status != ULP_OK) return status;
  x->codes = malloc(matrix_bytes(x) + 8);
  return x->codes ? ULP_OK : cli_no_memory(e);
}

ulp_status cli_product_prepare(cli_product *p, ulp_error *e)
{
  ulp_status status = ULP_OK;
  for (int i = 0; i < MATRICES && status == ULP_OK; i++)
    status = prepare_matrix(matrix(p, i), e);
  return status;
}

/* The multiplier takes a tf32 from any f32 and does not look at the low bits,
 * so an array with such bits is no error here. */
static ulp_status read_codes(const cli_matrix *x, void *out, int64_t first,
                             int64_t n, ulp_error *e)
{
  if (strcmp(x->format.name, "tf32") != 0)
    return cli_codes_read(&x->format, x->tensor, false, x->path, out, first, n,
                          e);
  ulp_tensor_read_raw(x->tensor, out, first, n);
  return ULP_OK;
}

static ulp_status read_transposed(const cli_matrix *x, int64_t first,
                                  ulp_error *e)
{
  size_t size = x->format.storage_bytes, rows = (size_t)x->rows,
         cols = (size_t)x->cols;
  char *to = x->codes, *from = malloc(matrix_bytes(x) + 8);
  if (!from) return cli_no_memory(e);
  ulp_status status = read_codes(x, from, first, x->rows * x->cols, e);
  for (size_t r = 0; status == ULP_OK && r < rows; r++)
    for (size_t c = 0; c < cols; c++)
      memcpy(to + (r * cols + c) * size, from + (c * rows + r) * size, size);
  free(from);
  return status;
}

ulp_status cli_product_load(cli_product *p, int64_t i, ulp_error *e)
{
  ulp_status status = ULP_OK;
  for (int k = 0; k < MATRICES && status == ULP_OK; k++) {
    cli_matrix *x = matrix(p, k);
    int64_t n = x->rows * x->cols;
    if (!x->path || n == 0) continue;
    status = x->transposed ? read_transposed(x, i * n, e)
                           : read_codes(x, x->codes, i * n, n, e);
  }
  return status == ULP_OK ? cli_sparse_check(p, e) : status;
}

void cli_product_close(cli_product *p)
{
  for (int i = 0; i < MATRICES; i++) {
    cli_matrix *x = matrix(p, i);
    ulp_file_close(x->file);
    free(x->codes);
    x->file = NULL;
    x->codes = NULL;
  }
}

void cli_product_header(const cli_product *p, ulp_output *o,
                        const ulp_format *f)
{
  int64_t shape[ULP_MAX_DIMS];
  int n = p->a.tensor->ndim;
  memcpy(shape, p->a.tensor->shape, sizeof shape);
  shape[n - 2] = p->m;
  shape[n - 1] = p->n;
  ulp_npy_header(o, cli_codes_type(f, false), n, shape);
}
