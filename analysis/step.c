/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Rounding a result to a format, by the bits of the f64 where they suffice.
 */
#include <float.h>

#include "lanes.h"

static const ulp_rounding nearest = {.mode = ULP_RNE,
                                     .overflow = ULP_OVERFLOW_IEEE};

/* Floats to nearest even or toward zero: in the normal range the significand
 * is cut at a bit, whatever the exponent. */
static bool has_shortcut(const ulp_step *s)
{
  const ulp_format *f = &s->format;
  return (s->rounding.mode == ULP_RNE || s->rounding.mode == ULP_RTZ) &&
         f->kind == ULP_FLOAT && f->is_signed && f->man_bits > 0 &&
         f->man_bits < 52 && ulp_fits_f64(f);
}

ulp_step ulp_step_of(const ulp_format *f, const ulp_rounding *r)
{
  ulp_step s = {.format = *f, .rounding = r ? *r : nearest, .low = UINT64_MAX};
  if (has_shortcut(&s)) {
    s.drop = 52 - f->man_bits;
    s.low = (UINT64_C(1) << s.drop) - 1;
    s.least = ulp_min_normal(f);
    s.most = ulp_max(f);
  }
  return s;
}

ulp_status ulp_step_make(ulp_step *s, const char *format,
                         const ulp_rounding *r, ulp_error *e)
{
  ulp_format f;
  char why[200];
  ulp_status status = ulp_format_find(format, &f, why, sizeof why);
  if (status != ULP_OK)
    return ulp_error_set(e, status, "%s", why);
  if (r && (status = ulp_rounding_check(r)) != ULP_OK)
    return ulp_error_set(e, status, "%.80s: a rounding out of range", format);
  *s = ulp_step_of(&f, r);
  return ULP_OK;
}

double ulp_step_by_code(const ulp_step *s, double x, uint64_t index)
{
  if (s->format.kind == ULP_FLOAT && s->format.man_bits == 52)
    return x;
  return ulp_decode(&s->format,
                    ulp_encode_f64(&s->format, x, &s->rounding, index));
}

bool ulp_step_is_f64(const ulp_step *s)
{
  return s->format.kind == ULP_FLOAT && s->format.man_bits == 52;
}

bool ulp_step_is_f32(const ulp_step *s)
{
  return s->rounding.mode == ULP_RNE && s->low == UINT64_C(0x1fffffff) &&
         s->least == (double)FLT_MIN && s->most == (double)FLT_MAX &&
         s->rounding.overflow == ULP_OVERFLOW_IEEE;
}

void ulp_step_round_array(const ulp_step *s, double *y, const double *x,
                          size_t n, uint64_t index)
{
  if (ulp_step_is_f64(s)) {
    if (y != x)
      memmove(y, x, n * sizeof *y);
  } else if (ulp_step_is_f32(s))
    ulp_lanes_now()->round_f32(y, x, n);
  else {
    for (size_t i = 0; i < n; i++)
      y[i] = ulp_step_round(s, x[i], index + i);
  }
}
