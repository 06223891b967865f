/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ulplab/plan.h: in what numbers a model is computed, place by place and layer
 * by layer.
 */
#ifndef ULPLAB_PLAN_H
#define ULPLAB_PLAN_H

#include "model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ulp_plan ulp_plan;

/* A plan that the suite has ("f64", "f32", ...), or the one in a file.
 * ULP_ENAME with the nearest name, ULP_EFORMAT with file, line and what was
 * expected. */
ULP_MUST_CHECK ulp_status ulp_plan_find(ulp_plan **out, const char *text,
                                        ulp_error *e);
void ulp_plan_free(ulp_plan *p); /* NULL is allowed */
const char *ulp_plan_name(const ulp_plan *p);
/* The names of the suite's own; NULL past the end. */
const char *ulp_plan_row(size_t i);

#ifdef __cplusplus
}
#endif
#endif
