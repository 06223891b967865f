/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Does `identify` name the order of a captured case that it is not told?
 */
#include "gemm_blind.h"

#include <stdlib.h>
#include <string.h>

#include "identify.h"

/* Whether the candidate stands for the order named: itself, or one that
 * computes the same here. */
static bool stands_for(const ulp_candidate *c, const char *name)
{
  const ulp_gemm_order *o;
  for (size_t i = 0; i < 64 && (o = ulp_gemm_order_row(i)) != NULL; i++)
    if ((c->orders >> i & 1) && strcmp(o->name, name) == 0)
      return true;
  return false;
}

/* Over rows that make some `products`. */
static bool right_rows(const ulp_candidate *c, const ulp_gemm_data *x,
                       size_t products)
{
  size_t most = products / (x->n * x->k) + 1, wrong = 0;
  ulp_miss first;
  return ulp_identify_count(c, x, 0, x->m < most ? x->m : most, &wrong,
                            &first) == ULP_OK &&
         wrong == 0;
}

/* The sample was right; a few rows refute most of those that are wrong. */
static bool exact(const ulp_candidate *c, const ulp_gemm_data *x)
{
  return c->mismatches == 0 && right_rows(c, x, (size_t)1 << 23) &&
         right_rows(c, x, (size_t)1 << 26);
}

static void note(blind_result *r, const ulp_candidate *c, size_t k,
                 const char *name)
{
  const ulp_gemm *g = &c->gemm;
  size_t length = ulp_gemm_slice(g, k);
  bool right = stands_for(c, name);
  r->first = r->first || (r->exact == 0 && right);
  r->right = r->right || right;
  if (r->exact++ == 0)
    (void)snprintf(r->leader, sizeof r->leader,
                   "%s, promotion %d, %zu slices, %s", g->order->name,
                   g->promote, (k - 1) / length + 1,
                   ulp_gemm_reduce_name(g->reduce));
}

bool gemm_blind(const gemm_case *c, const gemm_inputs *in, const char *name,
                blind_result *r)
{
  static bool fits[ULP_MAX_CANDIDATES];
  ulp_candidate *list = malloc(ULP_MAX_CANDIDATES * sizeof *list);
  ulp_gemm_options options = {.type_a = gemm_format_name(c->type[0]),
                              .type_b = gemm_format_name(c->type[1]),
                              .out = strcmp(c->type[2], "s32") == 0
                                         ? NULL
                                         : c->type[2],
                              .promote = -1};
  char why[200];
  bool ok = list && ulp_identify("h200", &options, &in->x, list,
                                 &r->candidates, why, sizeof why) == ULP_OK;
#pragma omp parallel for schedule(dynamic)
  for (size_t i = 0; i < (ok ? r->candidates : 0); i++)
    fits[i] = exact(&list[i], &in->x);
  r->exact = 0;
  r->right = r->first = false;
  r->leader[0] = '\0';
  for (size_t i = 0; ok && i < r->candidates; i++)
    if (fits[i])
      note(r, &list[i], c->k, name);
  free(list);
  return ok;
}
