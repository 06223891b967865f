/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The instruction with scales of blocks for two quantizers.
 */
#include <string.h>

#include "plan_internal.h"

/* Its index in a list of PTX names, or -1. */
static int index_in(const char *list, const ulp_format *f)
{
  int index = 0;
  for (const char *p = list; *p; index++) {
    char word[32];
    ulp_format g;
    size_t n = strcspn(p, "|");
    snprintf(word, sizeof word, "%.*s", (int)n, p);
    if (ulp_format_find(word, &g, NULL, 0) == ULP_OK &&
        strcmp(g.name, f->name) == 0)
      return index;
    p += n + (p[n] != '\0');
  }
  return -1;
}

static bool is_last_axis(const ulp_quantizer *q)
{
  return q->granularity.kind == ULP_PER_GROUP &&
         (q->axis == ULP_AXIS_DEFAULT || q->axis == -1 || q->axis == 1);
}

/* "ue4m3" has the codes of e4m3 that are not negative. */
static bool has_scale(const ulp_mma_record *r, const ulp_quantizer *q)
{
  const char *name = strstr(q->scale.name, "e8m0") ? "ue8m0"
                     : strcmp(q->scale.name, "float8_e4m3fn") == 0 ? "ue4m3"
                                                                   : "-";
  return r->scale && strncmp(r->scale, name, 5) == 0 &&
         r->scale_block == q->granularity.cols && !q->zero.count &&
         !q->nested[0];
}

ulp_status ulp_scaled_find(ulp_mma *out, const char *gpu,
                           const ulp_quantizer *a, const ulp_quantizer *b,
                           char *why, size_t why_size)
{
  const char *arch = ulp_gpu_find(gpu);
  const ulp_mma_record *best = NULL, *r;
  int best_a = 0, best_b = 0;
  for (size_t i = 0; (r = ulp_mma_row(i)) != NULL; i++) {
    if (strcmp(r->arch, arch) != 0 || !strstr(r->instr, ".block_scale") ||
        r->sparse || !is_last_axis(a) || !is_last_axis(b) ||
        !has_scale(r, a) || !has_scale(r, b))
      continue;
    int ia = index_in(r->a, &a->element), ib = index_in(r->b, &b->element);
    if (ia < 0 || ib < 0 || (best && best->k >= r->k))
      continue;
    best = r;
    best_a = ia;
    best_b = ib;
  }
  if (best) {
    char name[200];
    ulp_mma_row_name(best, best_a, best_b, 0, name, sizeof name);
    return ulp_mma_find(arch, name, out, why, why_size);
  }
  snprintf(why, why_size, "block-scale: %s has no instruction for inputs of "
                          "%.60s and weights of %.60s", gpu, a->name, b->name);
  return ULP_EINVAL;
}
