/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/quantize_element.c: one scale and one element, in a quantizer's own
 * arithmetic.
 */
#include <math.h>
#include <string.h>

#include "convert.h"
#include "quantize_element.h"

/* ---- what is known of a block ------------------------------------------- */

/* As CUDA's .ftz instructions take and give their f32.  A product that rounds
 * to 2^-126 with 24 bits is no subnormal (measured: mul.rn.ftz.f32 of an H100
 * gives 2^-126 for 2^-126 (1 - 2^-26), and 0 for 2^-126 (1 - 2^-24)). */
double ulp_element_flush(const ulp_quantizer *q, double x)
{
  return q->flush && fabs(x) < 0x1.ffffffp-127 ? copysign(0, x) : x;
}

static bool is_outlier(const ulp_quantizer *q, float x)
{
  return q->outlier > 0 && (double)fabsf(x) >= q->outlier;
}

static bool counts(const ulp_quantizer *q, float x)
{
  if (is_outlier(q, x)) return false;
  return q->over == ULP_OVER_FINITE    ? isfinite(x)
         : q->over == ULP_OVER_NUMBERS ? !isnan(x)
                                       : true;
}

/* The order of the bits of finite magnitudes is that of their values. */
static bool finite_amax(const ulp_quantizer *q, double *amax, const float *x,
                        size_t n)
{
  uint32_t bits;
  float most;
  if (q->outlier > 0 || n < 16) return false;
  ulp_block_amax(&bits, x, 1, n);
  memcpy(&most, &bits, sizeof most);
  if (!isfinite(most)) return false;
  if ((double)most > *amax) *amax = (double)most;
  return true;
}

double ulp_quantizer_amax(const ulp_quantizer *q, double amax, const float *x,
                          size_t n)
{
  if (finite_amax(q, &amax, x, n)) return ulp_element_flush(q, amax);
  for (size_t i = 0; i < n; i++)
    if (!(fabs((double)x[i]) <= amax) && !isnan(amax) && counts(q, x[i]))
      amax = fabs((double)x[i]);
  return ulp_element_flush(q, amax);
}

void ulp_quantizer_range(const ulp_quantizer *q, const float *x, size_t n,
                         double *lo, double *hi)
{
  for (size_t i = 0; i < n; i++) {
    if (!counts(q, x[i])) continue;
    if (!((double)x[i] >= *lo) && !isnan(*lo)) *lo = (double)x[i];
    if (!((double)x[i] <= *hi) && !isnan(*hi)) *hi = (double)x[i];
  }
}

bool ulp_quantizer_asks_range(const ulp_quantizer *q)
{
  const ulp_formula *const all[] = {&q->raw, &q->second, &q->error,
                                    &q->factor, &q->zero, &q->decode};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
    if (ulp_formula_has(all[i], ULP_VAR_LOW) ||
        ulp_formula_has(all[i], ULP_VAR_HIGH))
      return true;
  return q->search != 0;
}

void ulp_element_constants(const ulp_quantizer *q, double amax, double global,
                           double v[ULP_VARIABLES])
{
  int k;
  memset(v, 0, sizeof *v * ULP_VARIABLES);
  v[ULP_VAR_TENSOR] = amax;
  v[ULP_VAR_GLOBAL] = global;
  v[ULP_VAR_MAX] = ulp_max(&q->element);
  v[ULP_VAR_MIN] = ulp_lowest(&q->element);
  frexp(v[ULP_VAR_MAX], &k);
  v[ULP_VAR_TOP] = ldexp(1, k - 1);
  v[ULP_VAR_BITS] = ulp_fraction_bits(&q->element);
}

double ulp_quantizer_global(const ulp_quantizer *q, double amax)
{
  double v[ULP_VARIABLES];
  ulp_element_constants(q, amax, 1, v);
  return q->global.count ? ulp_formula_eval(&q->global, q->arithmetic, v) : 1;
}

/* ---- scales ------------------------------------------------------------- */

/* A scale's code, and its value in v.  A zero is none of E8M0's values, and
 * no overflow of it either. */
uint64_t ulp_element_scale(const ulp_quantizer *q, double raw,
                           double v[ULP_VARIABLES])
{
  if (raw == 0 && q->zero_scale > 0) raw = q->zero_scale;
  uint64_t code =
      q->arithmetic == ULP_IN_F64
          ? ulp_encode_f64(&q->scale, raw, &q->scale_rounding, 0)
          : ulp_encode_f32(&q->scale, (float)raw, &q->scale_rounding, 0);
  v[ULP_VAR_SCALE] = ulp_decode(&q->scale, code);
  if (v[ULP_VAR_SCALE] == 0 && q->zero_scale > 0) {
    code = ulp_encode_f64(&q->scale, q->zero_scale, &q->scale_rounding, 0);
    v[ULP_VAR_SCALE] = ulp_decode(&q->scale, code);
  }
  return code;
}

/* A whole number that an int32 holds, whatever the formula gives; a scale that
 * is NaN has the zero point 0. */
static double zero_point(const ulp_quantizer *q, const double v[ULP_VARIABLES])
{
  double zero =
      q->zero.count ? ulp_formula_eval(&q->zero, q->arithmetic, v) : 0;
  return isnan(zero) ? 0 : nearbyint(fmax(-0x1p31, fmin(zero, 0x1p31 - 1)));
}

ulp_setting ulp_element_setting(const ulp_quantizer *q,
                                const double v[ULP_VARIABLES])
{
  double factor = q->factor.count
                      ? ulp_formula_eval(&q->factor, q->arithmetic, v)
                      : v[ULP_VAR_SCALE];
  return (ulp_setting){.factor = ulp_element_flush(q, factor),
                       .zero = zero_point(q, v)};
}

double ulp_element_narrow(const ulp_quantizer *q, double x)
{
  return q->arithmetic == ULP_IN_F64
             ? x
             : ulp_round_in(q->arithmetic, ulp_element_flush(q, x));
}

ulp_decoding ulp_element_decoding(const ulp_quantizer *q,
                                  const double v[ULP_VARIABLES])
{
  if (!q->decode.count) return (ulp_decoding){NULL, v[ULP_VAR_SCALE]};
  if (ulp_formula_has(&q->decode, ULP_VAR_CODE))
    return (ulp_decoding){&q->decode, 0};
  return (ulp_decoding){NULL, ulp_formula_eval(&q->decode, q->arithmetic, v)};
}

double ulp_element_value(const ulp_quantizer *q, const ulp_decoding *d,
                         double code, double v[ULP_VARIABLES])
{
  if (!d->value) return ulp_element_narrow(q, code * d->scale);
  v[ULP_VAR_CODE] = code;
  return ulp_formula_eval(d->value, q->arithmetic, v);
}

/* The bits of the least f32 that is not below x >= 0. */
static int32_t bits_from(double x)
{
  float y = (float)x;
  int32_t bits;
  memcpy(&bits, &y, sizeof bits);
  return bits + ((double)y < x);
}

/* In bits: the greatest subnormal is 0x7fffff, infinity 0x7f800000. */
void ulp_elements_taken(const ulp_quantizer *q, float *x, size_t n)
{
  const int32_t least = q->flush ? 0x800000 : 0, infinite = 0x7f800000;
  const int32_t cut = q->outlier > 0 ? bits_from(q->outlier) : INT32_MAX;
#pragma omp simd
  for (size_t i = 0; i < n; i++) {
    int32_t u, size;
    memcpy(&u, &x[i], sizeof u);
    size = u & INT32_MAX;
    u = size < least ? u & INT32_MIN : u;
    u = ((size >= cut) & (size <= infinite)) != 0 ? 0 : u;
    memcpy(&x[i], &u, sizeof u);
  }
}

double ulp_element_scaled(const ulp_quantizer *q, const ulp_setting *t,
                          float x)
{
  double y = ulp_element_flush(q, is_outlier(q, x) ? 0 : (double)x);
  y = q->divide ? y / t->factor : y * t->factor;
  if (isnan(t->factor)) y = t->factor; /* of two NaNs this one, everywhere */
  y = ulp_element_narrow(q, y);
  if (q->bare_zero && (float)y == 0) y = 0; /* of an f32 quotient */
  if (q->zero.count)
    y = q->zero_after ? nearbyint(y) + t->zero
                      : ulp_element_narrow(q, y + t->zero);
  return y;
}

uint64_t ulp_element_round(const ulp_quantizer *q, double y, uint64_t index)
{
  if (q->ties != ULP_TIES_MODE) return ulp_encode_midpoints(q, (float)y);
  return q->arithmetic == ULP_IN_F64
             ? ulp_encode_f64(&q->element, y, &q->rounding, index)
             : ulp_encode_f32(&q->element, (float)y, &q->rounding, index);
}

uint64_t ulp_element_encode(const ulp_quantizer *q, const ulp_setting *t,
                            float x, uint64_t index)
{
  return ulp_element_round(q, ulp_element_scaled(q, t, x), index);
}
