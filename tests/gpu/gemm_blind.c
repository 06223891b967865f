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

/* Over rows that make some 2^26 products; the sample was right. */
static bool exact(const ulp_candidate *c, const ulp_gemm_data *x)
{
  size_t most = ((size_t)1 << 26) / (x->n * x->k) + 1, wrong = 0;
  size_t rows = x->m < most ? x->m : most;
  ulp_miss first;
  return c->mismatches == 0 &&
         ulp_identify_count(c, x, 0, rows, &wrong, &first) == ULP_OK &&
         wrong == 0;
}

bool gemm_blind(const gemm_case *c, const gemm_inputs *in, const char *name,
                blind_result *r)
{
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
  r->exact = 0;
  r->right = r->first = false;
  for (size_t i = 0; ok && i < r->candidates; i++)
    if (exact(&list[i], &in->x)) {
      bool right = stands_for(&list[i], name);
      r->first = r->first || (r->exact == 0 && right);
      r->right = r->right || right;
      r->exact++;
    }
  free(list);
  return ok;
}
