/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/flat_identify.c: which order made given bits, for callers in other
 * languages.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flat_internal.h"
#include "products.h"

struct ulp_flat_candidates {
  size_t k, count;
  size_t whole; /* the first of them were compared with all of D */
  ulp_candidate candidate[ULP_MAX_CANDIDATES];
};

static ulp_status count_all(ulp_candidate *c, const ulp_gemm_data *x,
                            int threads)
{
  c->compared = c->mismatches = c->misses = 0;
  return ulp_product_count(c, x, ulp_flat_threads(threads));
}

static ulp_status search(ulp_flat_candidates *list, const char *gpu,
                         const ulp_gemm_options *types, const ulp_gemm_data *x,
                         size_t most, int threads, char *why, size_t why_size)
{
  ulp_status status = ulp_identify(gpu, types, x, list->candidate,
                                   &list->count, why, why_size);
  if (status != ULP_OK) return status;
  list->k = x->k;
  list->whole = ulp_candidate_finalists(list->candidate, list->count, most);
  for (size_t i = 0; status == ULP_OK && i < list->whole; i++)
    status = count_all(&list->candidate[i], x, threads);
  if (status != ULP_OK)
    return (ulp_status)ulp_flat_status(why, why_size, status);
  ulp_candidate_rank(list->candidate, list->whole);
  if (list->count > most) list->count = most;
  return ULP_OK;
}

int ulp_flat_identify(ulp_flat_candidates **out, const char *gpu,
                      const char *type_a, const char *type_b,
                      const char *type_d, size_t m, size_t n, size_t k,
                      const void *a, const void *b, const void *c,
                      void *d, int kind_a, const float *scale_a,
                      int kind_b, const float *scale_b, size_t most,
                      int threads, char *why, size_t why_size)
{
  const ulp_gemm_options types = {
      .type_a = type_a, .type_b = type_b, .out = type_d, .promote = -1};
  ulp_gemm_data x = {.m = m, .n = n, .k = k, .a = a, .b = b, .c = c,
                     .d = d, .scale_a = scale_a, .scale_b = scale_b};
  *out = NULL;
  if (m == 0 || n == 0 || k == 0 || most == 0)
    return ulp_flat_say(why, why_size, ULP_EINVAL,
                        "M x N x K = %zux%zux%zu: expected outputs to explain",
                        m, n, k);
  int refused = ulp_flat_data(&x, kind_a, kind_b, why, why_size);
  if (refused) return refused;
  ulp_flat_candidates *list = calloc(1, sizeof *list);
  if (!list) return ulp_flat_status(why, why_size, ULP_ENOMEM);
  ulp_status status =
      search(list, gpu, &types, &x, most, threads, why, why_size);
  if (status == ULP_OK)
    *out = list;
  else
    free(list);
  return (int)status;
}

void ulp_flat_candidates_close(ulp_flat_candidates *list) { free(list); }

size_t ulp_flat_candidates_count(const ulp_flat_candidates *list)
{
  return list->count;
}

/* ---- one of them -------------------------------------------------------- */

int ulp_flat_candidate(const ulp_flat_candidates *list, size_t i,
                       int64_t field[ULP_FLAT_CAND_FIELDS], char *kernels,
                       size_t kernels_size, const char **reduction,
                       const char **evidence)
{
  if (i >= list->count) return ULP_EINVAL;
  const ulp_candidate *c = &list->candidate[i];
  const ulp_gemm *g = &c->gemm;
  size_t slice = ulp_gemm_slice(g, list->k);
  const ulp_miss *miss = c->misses ? &c->miss[0] : NULL;
  const int64_t fields[ULP_FLAT_CAND_FIELDS] = {
      [ULP_FLAT_CAND_PROMOTE] = g->promote,
      [ULP_FLAT_CAND_SLICES] = (int64_t)((list->k - 1) / slice + 1),
      [ULP_FLAT_CAND_SLICE] = (int64_t)(slice < list->k ? slice : list->k),
      [ULP_FLAT_CAND_FAST] = c->fast,
      [ULP_FLAT_CAND_WHOLE] = i < list->whole,
      [ULP_FLAT_CAND_COMPARED] = (int64_t)c->compared,
      [ULP_FLAT_CAND_MISMATCHES] = (int64_t)c->mismatches,
      [ULP_FLAT_CAND_ROW] = miss ? (int64_t)miss->row : -1,
      [ULP_FLAT_CAND_COL] = miss ? (int64_t)miss->col : -1,
      [ULP_FLAT_CAND_GIVEN] = miss ? (int64_t)miss->given : 0,
      [ULP_FLAT_CAND_COMPUTED] = miss ? (int64_t)miss->computed : 0};
  memcpy(field, fields, sizeof fields);
  ulp_candidate_kernels(c, kernels, kernels_size);
  *reduction = ulp_gemm_reduce_name(g->reduce);
  *evidence = ulp_evidence_name(ulp_gemm_evidence(g));
  return ULP_OK;
}
