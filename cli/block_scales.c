/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * block_scales.c: the scales of an instruction that has them, one for each
 * block of K of a row of A or of B.
 *
 * PTX spreads them over threads, and has selectors that say over which; here
 * they are arrays beside A and B.
 */
#include "product.h"

ulp_status cli_block_scales_need(const cli_product *p, const char *instr,
                                 ulp_error *e)
{
  const char *given = p->scale_a.path   ? "--scale-a"
                      : p->scale_b.path ? "--scale-b"
                                        : NULL;
  if (p->scales == 0 && given)
    return ulp_error_set(e, ULP_EINVAL,
                         "%s: %.80s has no block scales, expected an "
                         "instruction with .block_scale",
                         given, instr);
  if (p->scales == 0 || (p->scale_a.path && p->scale_b.path)) return ULP_OK;
  return ulp_error_set(e, ULP_EINVAL,
                       "--instr: %.120s has block scales, expected --scale-%c "
                       "S%c.npy, %d codes of %s a row of %c",
                       instr, p->scale_a.path ? 'b' : 'a',
                       p->scale_a.path ? 'B' : 'A', p->scales,
                       p->scale_a.format.name, p->scale_a.path ? 'B' : 'A');
}

static ulp_status check_shape(const cli_product *p, const cli_matrix *x,
                              const cli_matrix *of, ulp_error *e)
{
  if (!x->path || (x->rows == of->rows && x->cols == p->scales)) return ULP_OK;
  return ulp_error_set(e, ULP_EFORMAT,
                       "%s: %lldx%lld, expected %lldx%d, %d scale%s for each "
                       "row of %s",
                       x->path, (long long)x->rows, (long long)x->cols,
                       (long long)of->rows, p->scales, p->scales,
                       p->scales == 1 ? "" : "s", of->path);
}

ulp_status cli_block_scales_shape(const cli_product *p, ulp_error *e)
{
  ulp_status status = check_shape(p, &p->scale_a, &p->a, e);
  return status == ULP_OK ? check_shape(p, &p->scale_b, &p->b, e) : status;
}

const void *cli_block_scales(const cli_matrix *x, size_t row)
{
  size_t bytes = (size_t)x->cols * x->format.storage_bytes;
  return x->path ? (const char *)x->codes + row * bytes : NULL;
}
