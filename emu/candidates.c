/* SPDX-License-Identifier: MIT
 *
 * What is done with the candidates that a search found.
 */
#include "identify.h"

#include <stdio.h>

size_t ulp_candidate_finalists(const ulp_candidate *list, size_t count,
                               size_t most)
{
  enum { NEAREST = 5 };
  size_t n = 0;
  while (n < count && n < most && list[n].mismatches == 0)
    n++;
  if (n == 0)
    n = count < NEAREST ? count : NEAREST;
  return n < most ? n : most;
}

void ulp_candidate_rank(ulp_candidate *list, size_t count)
{
  for (size_t i = 1; i < count; i++) {
    ulp_candidate c = list[i];
    size_t k = i;
    for (; k > 0 && list[k - 1].mismatches > c.mismatches; k--)
      list[k] = list[k - 1];
    list[k] = c;
  }
}

void ulp_candidate_kernels(const ulp_candidate *c, char *out, size_t size)
{
  size_t used = 0;
  if (size)
    *out = '\0';
  for (size_t i = 0; ulp_gemm_order_row(i); i++)
    if (c->orders >> i & 1 && used < size)
      used += (size_t)snprintf(out + used, size - used, "%s%s",
                               used ? " " : "", ulp_gemm_order_row(i)->name);
}
