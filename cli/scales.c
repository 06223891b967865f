/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * scales.c: which kind of scales an array holds, by its shape.
 */
#include "scales.h"

#include <stdlib.h>
#include <string.h>

static int64_t blocks_of(int64_t n)
{
  return n / ULP_SCALES_BLOCK + (n % ULP_SCALES_BLOCK != 0);
}

static ulp_status open_one(cli_scales *s, ulp_error *e)
{
  if (!s->path) return ULP_OK;
  ulp_status status = cli_array_open(&s->file, &s->tensor, s->path, e);
  if (status != ULP_OK) return status;
  return strcmp(s->tensor->dtype->npy, "f4")
             ? ulp_error_set(e, ULP_EFORMAT,
                             "%s: dtype '%s', expected '<f4' scales", s->path,
                             s->tensor->dtype->npy)
             : ULP_OK;
}

/* Whether the leading dimensions are A's batch, with `more` behind. */
static bool has_batch(const ulp_tensor *t, const ulp_tensor *a, int more)
{
  size_t batch = (size_t)(a->ndim - 2);
  return t->ndim == (int)batch + more &&
         !memcmp(t->shape, a->shape, batch * sizeof *t->shape);
}

static ulp_status classify(cli_scales *s, const cli_product *p, int64_t rows,
                           const char *name, ulp_error *e)
{
  const ulp_tensor *t = s->tensor, *a = p->a.tensor;
  int64_t kb = blocks_of(p->k);
  const int64_t *last = t->shape + t->ndim; /* read from -2 or -1 on */
  if (t->count == 1) {
    s->kind = ULP_SCALES_ONE;
    s->shared = true;
  } else if ((has_batch(t, a, 1) && last[-1] == rows) ||
             (has_batch(t, a, 2) && last[-2] == rows && last[-1] == 1)) {
    s->kind = ULP_SCALES_ROWS;
  } else if (has_batch(t, a, 2) && last[-2] == rows && last[-1] == kb) {
    s->kind = ULP_SCALES_1X128;
  } else if (has_batch(t, a, 2) && last[-2] == blocks_of(rows) &&
             last[-1] == kb) {
    s->kind = ULP_SCALES_128X128;
  } else {
    char text[200];
    cli_shape_text(text, sizeof text, t->ndim, t->shape);
    return ulp_error_set(
        e, ULP_EFORMAT,
        "%s: shape %s, expected one number, %s, %sx%lld or %lldx%lld of %s, "
        "behind the batch if there is one",
        s->path, text, name, name, (long long)kb,
        (long long)blocks_of(rows), (long long)kb,
        name[0] == 'M' ? "A" : "B");
  }
  s->count = s->kind == ULP_SCALES_ONE ? 1 : t->count / p->batches;
  return ULP_OK;
}

/* K up to 128: one block, so that a number or a row may be it. */
static void settle(cli_scales *s, const cli_scales *other)
{
  if (other->kind < ULP_SCALES_1X128) return;
  if (s->kind == ULP_SCALES_ROWS) s->kind = ULP_SCALES_1X128;
  if (s->kind == ULP_SCALES_ONE && s->tensor->ndim >= 2)
    s->kind = ULP_SCALES_128X128;
}

ulp_status cli_scales_open(cli_scales *a, cli_scales *b, const cli_product *p,
                           ulp_error *e)
{
  cli_scales *const all[] = {a, b};
  ulp_status status = ULP_OK;
  for (int i = 0; i < 2 && status == ULP_OK; i++) {
    cli_scales *s = all[i];
    status = open_one(s, e);
    if (status == ULP_OK && s->path)
      status = classify(s, p, i ? p->n : p->m, i ? "N" : "M", e);
  }
  if (status != ULP_OK) return status;
  if (p->k <= ULP_SCALES_BLOCK) {
    settle(a, b);
    settle(b, a);
  }
  for (int i = 0; i < 2; i++) {
    if (!all[i]->path) continue;
    all[i]->x = malloc(((size_t)all[i]->count + 1) * sizeof *all[i]->x);
    if (!all[i]->x)
      return ulp_error_set(e, ULP_ENOMEM, "%s", ulp_strerror(ULP_ENOMEM));
  }
  return ULP_OK;
}

ulp_status cli_scales_load(cli_scales *s, int64_t batch, ulp_error *e)
{
  (void)e;
  if (s->path)
    ulp_tensor_read_raw(s->tensor, s->x, s->shared ? 0 : batch * s->count,
                        s->count);
  return ULP_OK;
}

void cli_scales_close(cli_scales *s)
{
  ulp_file_close(s->file);
  free(s->x);
  s->file = NULL;
  s->x = NULL;
}

ulp_gemm_data cli_gemm_data(const cli_product *p, const cli_scales *a,
                            const cli_scales *b, void *d)
{
  return (ulp_gemm_data){.m = (size_t)p->m,
                         .n = (size_t)p->n,
                         .k = (size_t)p->k,
                         .a = p->a.codes,
                         .b = p->b.codes,
                         .c = p->c.codes,
                         .d = d,
                         .kind_a = a->kind,
                         .kind_b = b->kind,
                         .scale_a = a->x,
                         .scale_b = b->x};
}

const char *cli_type_of(const cli_matrix *x, const char *asked)
{
  static const char *const safe[] = {"f4", "f2", "i1"};
  static const char *const type[] = {"float32", "float16", "int8"};
  const ulp_dtype *d = x->tensor->dtype;
  if (asked) return asked;
  for (int i = 0; i < 3; i++)
    if (!strcmp(d->npy, safe[i])) return type[i];
  return *d->npy ? NULL : d->format; /* .safetensors name their formats */
}
