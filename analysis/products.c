/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/products.c: rows of D to threads.
 */
#include "products.h"

ulp_status ulp_product_run(const ulp_gemm *g, const ulp_gemm_data *x,
                           int threads)
{
  size_t rows = ulp_gemm_part(g, x->m, threads);
  int64_t parts = (int64_t)((x->m + rows - 1) / rows);
  ulp_status status = ULP_OK;
#pragma omp parallel for num_threads(threads) schedule(dynamic) if (parts > 1)
  for (int64_t part = 0; part < parts; part++) {
    size_t first = (size_t)part * rows, left = x->m - first;
    ulp_status s = ulp_gemm_run(g, x, first, left < rows ? left : rows);
    if (s != ULP_OK) {
#pragma omp critical
      status = s;
    }
  }
  return status;
}

/* The first in the order of D, whichever thread comes first. */
static void keep_first(ulp_candidate *c, const ulp_miss *m)
{
  if (c->misses && (c->miss[0].row < m->row ||
                    (c->miss[0].row == m->row && c->miss[0].col <= m->col)))
    return;
  c->miss[0] = *m;
  c->misses = 1;
}

ulp_status ulp_product_count(ulp_candidate *c, const ulp_gemm_data *x,
                             int threads)
{
  const ulp_candidate asked = *c; /* threads read it while c changes */
  size_t rows = ulp_gemm_part(&c->gemm, x->m, threads);
  int64_t parts = (int64_t)((x->m + rows - 1) / rows);
  ulp_status status = ULP_OK;
#pragma omp parallel for num_threads(threads) schedule(dynamic) if (parts > 1)
  for (int64_t part = 0; part < parts; part++) {
    size_t first = (size_t)part * rows, left = x->m - first, some = 0;
    ulp_miss miss;
    ulp_status s = ulp_identify_count(&asked, x, first,
                                      left < rows ? left : rows, &some, &miss);
#pragma omp critical
    {
      c->mismatches += some;
      if (some && !asked.misses) keep_first(c, &miss);
      if (s != ULP_OK) status = s;
    }
  }
  c->compared += x->m * x->n;
  return status;
}
