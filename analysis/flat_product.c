/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/flat_product.c: instructions and whole products for callers in
 * other languages.
 */
#include <stdlib.h>
#include <string.h>

#include "flat_internal.h"
#include "products.h"

/* ---- opening ------------------------------------------------------------ */

static int take(ulp_flat_product **out, const ulp_flat_product *p, char *why,
                size_t why_size)
{
  *out = malloc(sizeof **out);
  if (!*out) return ulp_flat_status(why, why_size, ULP_ENOMEM);
  **out = *p;
  return ULP_OK;
}

int ulp_flat_mma_open(ulp_flat_product **out, const char *gpu,
                      const char *instr, char *why, size_t why_size)
{
  ulp_flat_product p = {.is_mma = true};
  *out = NULL;
  ulp_status status = ulp_mma_find(gpu, instr, &p.mma, why, why_size);
  if (status != ULP_OK) return (int)status;
  return take(out, &p, why, why_size);
}

static ulp_status find_reduction(const char *name, ulp_gemm_reduce *out)
{
  for (size_t i = 0; ulp_gemm_reduce_name(i); i++)
    if (!strcmp(name, ulp_gemm_reduce_name(i))) {
      *out = (ulp_gemm_reduce)i;
      return ULP_OK;
    }
  return ULP_ENAME;
}

int ulp_flat_gemm_open(ulp_flat_product **out, const char *gpu,
                       const char *kernel, const char *type_a,
                       const char *type_b, const char *type_d, int fast,
                       int promote, int slices, const char *reduce, char *why,
                       size_t why_size)
{
  ulp_flat_product p = {.is_mma = false};
  ulp_gemm_reduce how = ULP_REDUCE_F32;
  *out = NULL;
  if (reduce && find_reduction(reduce, &how) != ULP_OK)
    return ulp_flat_say(why, why_size, ULP_ENAME,
                        "reduction '%.40s': expected f32, 16-bit-parts or "
                        "16-bit-sums",
                        reduce);
  const ulp_gemm_options options = {.type_a = type_a,
                                    .type_b = type_b,
                                    .out = type_d,
                                    .fast = fast != 0,
                                    .promote = promote < 0 ? -1 : promote,
                                    .slices = slices,
                                    .reduce = reduce ? &how : NULL};
  ulp_status status =
      ulp_gemm_find(gpu, kernel, &options, &p.gemm, why, why_size);
  return status == ULP_OK ? take(out, &p, why, why_size) : (int)status;
}

void ulp_flat_product_close(ulp_flat_product *p) { free(p); }

/* ---- what it is --------------------------------------------------------- */

static const ulp_format *format_of(const ulp_flat_product *p, int of)
{
  const ulp_mma *m = &p->mma;
  const ulp_gemm *g = &p->gemm;
  switch (of) {
  case 'a': return p->is_mma ? &m->a : &g->a;
  case 'b': return p->is_mma ? &m->b : &g->b;
  case 'c': return p->is_mma ? &m->c : &g->c;
  case 'd': return p->is_mma ? &m->d : &g->out;
  case 's': return p->is_mma && m->scales ? &m->scale : NULL;
  case 'f': return p->is_mma ? &m->acc : NULL;
  default: return NULL;
  }
}

const char *ulp_flat_product_format(const ulp_flat_product *p, int of)
{
  const ulp_format *f = format_of(p, of);
  return f ? f->name : NULL;
}

int64_t ulp_flat_product_size(const ulp_flat_product *p, int of)
{
  if (!p->is_mma) return 0;
  switch (of) {
  case 'm': return p->mma.m;
  case 'n': return p->mma.n;
  case 'k': return p->mma.k;
  case 's': return p->mma.scales;
  case 'b': return p->mma.record->block;
  case 'f': return p->mma.record->align;
  case 'x': return p->mma.record->sparse ? 2 : 1;
  default: return 0;
  }
}

static ulp_evidence evidence_of(const ulp_flat_product *p)
{
  return p->is_mma ? p->mma.record->evidence : ulp_gemm_evidence(&p->gemm);
}

const char *ulp_flat_product_evidence(const ulp_flat_product *p)
{
  return ulp_evidence_name(evidence_of(p));
}

/* Of the weaker of a kernel and its instruction. */
const char *ulp_flat_product_source(const ulp_flat_product *p)
{
  const ulp_gemm_order *o = p->gemm.order;
  if (p->is_mma) return p->mma.record->source;
  return evidence_of(p) == o->evidence ? o->source
                                       : p->gemm.mma.record->source;
}

/* ---- a kernel's order --------------------------------------------------- */

int ulp_flat_data(ulp_gemm_data *x, int kind_a, int kind_b, char *why,
                  size_t why_size)
{
  if (kind_a < 0 || kind_a > ULP_FLAT_SCALE_128X128 || kind_b < 0 ||
      kind_b > ULP_FLAT_SCALE_128X128)
    return ulp_flat_say(why, why_size, ULP_EINVAL,
                        "kinds of scales %d and %d, expected 0 to %d", kind_a,
                        kind_b, ULP_FLAT_SCALE_128X128);
  x->kind_a = (ulp_gemm_scales)kind_a;
  x->kind_b = (ulp_gemm_scales)kind_b;
  return ULP_OK;
}

int ulp_flat_gemm_run(const ulp_flat_product *p, size_t m, size_t n, size_t k,
                      void *d, const void *a, const void *b, const void *c,
                      int kind_a, const float *scale_a, int kind_b,
                      const float *scale_b, int threads, char *why,
                      size_t why_size)
{
  ulp_gemm_data x = {.m = m, .n = n, .k = k, .a = a, .b = b, .c = c, .d = d,
                     .scale_a = scale_a, .scale_b = scale_b};
  if (p->is_mma)
    return ulp_flat_say(why, why_size, ULP_EINVAL,
                        "an instruction, expected a kernel");
  int refused = ulp_flat_data(&x, kind_a, kind_b, why, why_size);
  if (refused) return refused;
  ulp_status status = ulp_gemm_check(&p->gemm, &x, why, why_size);
  if (status != ULP_OK) return (int)status;
  status = ulp_product_run(&p->gemm, &x, ulp_flat_threads(threads));
  return ulp_flat_status(why, why_size, status);
}
