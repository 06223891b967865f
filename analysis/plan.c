/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The plans by name.
 */
#include "plan.h"

#include <stdlib.h>
#include <string.h>

#include "llama_internal.h"

static const char *const names[] = {"f64", "f32"};

const char *ulp_plan_row(size_t i)
{
  return i < sizeof names / sizeof names[0] ? names[i] : NULL;
}

static const char *listed(const void *unused, size_t i)
{
  (void)unused;
  return ulp_plan_row(i);
}

ulp_status ulp_plan_find(ulp_plan **out, const char *text, ulp_error *e)
{
  for (size_t i = 0; ulp_plan_row(i); i++) {
    if (strcmp(text, ulp_plan_row(i)) != 0)
      continue;
    ulp_plan *p = calloc(1, sizeof *p);
    if (!p)
      return ulp_error_set(e, ULP_ENOMEM, "out of memory");
    p->name = ulp_plan_row(i);
    p->narrow = i == 1;
    *out = p;
    return ulp_step_make(&p->step, i == 1 ? "float32" : "float64", NULL, e);
  }
  const char *near = ulp_nearest(text, listed, NULL);
  return ulp_error_set(e, ULP_ENAME, "no plan '%.80s'%s%s%s", text,
                       near ? " (did you mean '" : "", near ? near : "",
                       near ? "'?)" : "");
}

void ulp_plan_free(ulp_plan *p) { free(p); }

const char *ulp_plan_name(const ulp_plan *p) { return p->name; }
