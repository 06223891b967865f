/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/batch_rows.c: values of codes by a formula that has the code in
 * it, by table: many elements share a scale, or have equal ones.
 */
#include <stdlib.h>
#include <string.h>

#include "quantize_batch.h"

void ulp_value_rows_make(ulp_value_rows *r, const ulp_quantizer *q,
                         const ulp_formula *value, const double *v,
                         const double *code_value)
{
  r->q = q;
  r->value = value;
  r->v = v;
  r->code_value = code_value;
  r->codes = (size_t)1 << q->element.bits;
  r->kept = NULL;
  memset(r->known, 0, sizeof r->known);
  if (q->scale.bits <= 8 && !q->zero.count)
    r->kept = malloc(r->codes * 256 * sizeof *r->kept);
}

void ulp_value_rows_free(ulp_value_rows *r)
{
  free(r->kept);
  r->kept = NULL;
}

static void fill(const ulp_value_rows *r, float *row, double scale,
                 double zero)
{
  double v[ULP_VARIABLES], code[ULP_FORMULA_LANES], y[ULP_FORMULA_LANES];
  const double *lane[ULP_VARIABLES] = {[ULP_VAR_CODE] = code};
  memcpy(v, r->v, sizeof v);
  v[ULP_VAR_SCALE] = scale;
  for (size_t i = 0; i < r->codes; i += ULP_FORMULA_LANES) {
    for (size_t k = 0; k < ULP_FORMULA_LANES; k++)
      code[k] = r->code_value[(i + k) % r->codes] - zero;
    ulp_formula_eval_many(r->value, r->q->arithmetic, y, v, lane);
    for (size_t k = 0; k < ULP_FORMULA_LANES && i + k < r->codes; k++)
      row[i + k] = (float)y[k];
  }
}

const float *ulp_value_row(ulp_value_rows *r, uint64_t code, double scale,
                           double zero)
{
  float *row = r->kept ? r->kept + code * r->codes : r->other;
  if (r->kept && r->known[code]) return row;
  fill(r, row, scale, zero);
  r->known[code & 255] = true;
  return row;
}
