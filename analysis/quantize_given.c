/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/quantize_given.c: scales of blocks whose elements are not at hand,
 * and elements under scales that are given.
 */
#include <float.h>
#include <math.h>

#include "quantize_element.h"

/* Between the values of neighbouring codes, whether decode is a factor of a
 * code or a formula of it. */
static double step_of(const ulp_quantizer *q, double v[ULP_VARIABLES])
{
  ulp_decoding d = ulp_element_decoding(q, v);
  return ulp_element_value(q, &d, 1, v);
}

ulp_choice ulp_quantizer_choose(const ulp_quantizer *q, const ulp_known *known)
{
  double v[ULP_VARIABLES];
  ulp_choice c;
  ulp_element_constants(q, known->amax, known->global, v);
  v[ULP_VAR_BLOCK] = known->a;
  v[ULP_VAR_LOW] = known->lo;
  v[ULP_VAR_HIGH] = known->hi;
  v[ULP_VAR_MAX] *= known->reach;
  v[ULP_VAR_MIN] *= known->reach;
  v[ULP_VAR_TOP] *= known->reach;
  c.code = ulp_element_scale(q, ulp_formula_eval(&q->raw, q->arithmetic, v), v);
  c.zero = (int32_t)ulp_element_setting(q, v).zero;
  c.step = step_of(q, v);
  return c;
}

static bool needs_block(const ulp_formula *f)
{
  return ulp_formula_has(f, ULP_VAR_TENSOR) ||
         ulp_formula_has(f, ULP_VAR_BLOCK) || ulp_formula_has(f, ULP_VAR_LOW) ||
         ulp_formula_has(f, ULP_VAR_HIGH) || ulp_formula_has(f, ULP_VAR_COUNT);
}

/* How elements are encoded when the scale is given.  Of the block that it was
 * chosen for nothing else is known, so what codes are decoded with decides. */
ulp_setting ulp_element_given(const ulp_quantizer *q, double v[ULP_VARIABLES],
                              double zero)
{
  ulp_setting t = {.factor = v[ULP_VAR_SCALE], .zero = zero};
  if (q->factor.count && !needs_block(&q->factor)) {
    t.factor = ulp_formula_eval(&q->factor, q->arithmetic, v);
  } else if (q->factor.count) {
    double step = step_of(q, v);
    t.factor = q->divide ? step : ulp_element_narrow(q, 1 / step);
    if (isinf(t.factor) && step != 0) /* as rows bound theirs by HUGE */
      t.factor = copysign(FLT_MAX, t.factor);
  }
  t.factor = ulp_element_flush(q, t.factor);
  return t;
}
