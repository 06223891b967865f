/* SPDX-License-Identifier: MIT
 *
 * From a code to its exact value, its class and the limits of its format.
 */
#include "internal.h"

#include <math.h>
#include <string.h>

static const uint64_t quiet_bit = UINT64_C(1) << 63;

const char *ulp_class_name(ulp_class c)
{
  static const char *const name[] = {
      [ULP_CLASS_ZERO] = "zero",     [ULP_CLASS_SUBNORMAL] = "subnormal",
      [ULP_CLASS_NORMAL] = "normal", [ULP_CLASS_INF] = "inf",
      [ULP_CLASS_NAN] = "nan",       [ULP_CLASS_UNUSED] = "unused",
  };
  size_t i = (size_t)c;
  return i < sizeof name / sizeof name[0] ? name[i] : "invalid";
}

static uint64_t exponent_ones(const ulp_format *f)
{
  return ulp_mask(f->exp_bits) << f->man_bits;
}

static bool is_nan_code(const ulp_format *f, uint64_t code, uint64_t magnitude)
{
  switch (f->nan) {
  case ULP_NAN_IEEE: return magnitude > exponent_ones(f);
  case ULP_NAN_TOP: return magnitude == ulp_mask(ulp_magnitude_bits(f));
  case ULP_NAN_NEGZERO: return code == ulp_sign_bit(f);
  case ULP_NAN_NONE: break;
  }
  return false;
}

static bool is_inf_code(const ulp_format *f, uint64_t magnitude)
{
  switch (f->inf) {
  case ULP_INF_IEEE: return magnitude == exponent_ones(f);
  case ULP_INF_TOP: return magnitude == f->max_code + 1;
  case ULP_INF_NONE: break;
  }
  return false;
}

static ulp_exact unpack_float(const ulp_format *f, uint64_t code)
{
  uint64_t sign = code & ulp_sign_bit(f);
  uint64_t magnitude = code & ulp_mask(ulp_magnitude_bits(f));
  uint64_t field = magnitude >> f->man_bits;
  uint64_t low = magnitude & ulp_mask(f->man_bits);
  ulp_exact x = {.cls = ULP_CLASS_NORMAL, .negative = sign != 0};

  if (is_nan_code(f, code, magnitude)) {
    x.cls = ULP_CLASS_NAN;
    x.significand =
        f->nan == ULP_NAN_IEEE ? low << (64 - f->man_bits) : quiet_bit;
    return x;
  }
  if (is_inf_code(f, magnitude)) {
    x.cls = ULP_CLASS_INF;
    return x;
  }
  x.exponent = ulp_least_exponent(f);
  if (f->zero == ULP_ZERO_NONE || field != 0) {
    x.exponent += (int32_t)field - (f->zero != ULP_ZERO_NONE);
    x.significand = low | UINT64_C(1) << f->man_bits;
  } else if (magnitude == 0) {
    x.cls = sign && f->zero == ULP_ZERO_UNSIGNED ? ULP_CLASS_UNUSED
                                                 : ULP_CLASS_ZERO;
  } else if (f->subnormals) {
    x.cls = ULP_CLASS_SUBNORMAL;
    x.significand = low;
  } else {
    x.cls = ULP_CLASS_UNUSED; /* reads as zero, as flushing hardware does */
  }
  if (magnitude > f->max_code)
    x.cls = ULP_CLASS_UNUSED;
  return x;
}

static ulp_exact unpack_integer(const ulp_format *f, uint64_t code)
{
  uint64_t sign = code & ulp_sign_bit(f);
  ulp_exact x = {.cls = ULP_CLASS_NORMAL,
                 .negative = sign != 0,
                 .exponent = -f->bias,
                 .significand = sign ? (0 - code) & ulp_mask(f->bits) : code};
  if (code == 0)
    x.cls = ULP_CLASS_ZERO;
  else if (f->symmetric && code == sign)
    x.cls = ULP_CLASS_UNUSED;
  return x;
}

ulp_exact ulp_unpack(const ulp_format *f, uint64_t code)
{
  code &= ulp_mask(f->bits);
  switch (f->kind) {
  case ULP_INTEGER: return unpack_integer(f, code);
  case ULP_CODEBOOK: return ulp_from_f32(f->codebook[code]);
  case ULP_FLOAT: break;
  }
  return unpack_float(f, code);
}

/* Both IEEE interchange formats, by their field widths. */
static ulp_exact from_ieee(uint64_t bits, int exp_bits, int man_bits)
{
  uint64_t low = bits & ulp_mask((unsigned)man_bits);
  int32_t field = (int32_t)(bits >> man_bits & ulp_mask((unsigned)exp_bits));
  int32_t bias = (1 << (exp_bits - 1)) - 1;
  ulp_exact x = {.cls = ULP_CLASS_NORMAL,
                 .negative = bits >> (exp_bits + man_bits) != 0};

  if (field == 2 * bias + 1) {
    x.cls = low ? ULP_CLASS_NAN : ULP_CLASS_INF;
    x.significand = low << (64 - man_bits);
    return x;
  }
  if (field == 0) {
    x.cls = low ? ULP_CLASS_SUBNORMAL : ULP_CLASS_ZERO;
    x.significand = low;
    field = 1;
  } else {
    x.significand = low | UINT64_C(1) << man_bits;
  }
  x.exponent = field - bias - man_bits;
  return x;
}

ulp_exact ulp_from_f64(double x)
{
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  return from_ieee(bits, 11, 52);
}

ulp_exact ulp_from_f32(float x)
{
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return from_ieee(bits, 8, 23);
}

static double nan_f64(bool negative, uint64_t payload)
{
  uint64_t low = payload >> 12;
  uint64_t bits = UINT64_C(0x7ff) << 52 | (low ? low : UINT64_C(1) << 51);
  double x;
  bits |= (uint64_t)negative << 63;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static double to_f64(const ulp_exact *x)
{
  double magnitude;
  if (x->cls == ULP_CLASS_NAN)
    return nan_f64(x->negative, x->significand);
  if (x->cls == ULP_CLASS_INF)
    magnitude = INFINITY;
  else /* one rounding: no row of the table has more than 53 bits */
    magnitude = ldexp((double)x->significand, x->exponent);
  return x->negative ? -magnitude : magnitude;
}

double ulp_decode(const ulp_format *f, uint64_t code)
{
  ulp_exact x = ulp_unpack(f, code);
  return to_f64(&x);
}

bool ulp_fits_f64(const ulp_format *f)
{
  ulp_exact top;
  if (f->kind != ULP_FLOAT)
    return true;
  top = ulp_unpack(f, f->max_code);
  return ulp_least_exponent(f) >= -1074 &&
         (top.significand == 0 ||
          top.exponent + ulp_top_bit(top.significand) <= 1023);
}

uint64_t ulp_code_count(const ulp_format *f) { return UINT64_C(1) << f->bits; }

double ulp_max(const ulp_format *f) { return ulp_decode(f, f->max_code); }

double ulp_lowest(const ulp_format *f)
{
  double least = 0;
  switch (f->kind) {
  case ULP_FLOAT: return f->is_signed ? -ulp_max(f) : ulp_decode(f, 0);
  case ULP_INTEGER:
    return f->is_signed ? ulp_decode(f, ulp_sign_bit(f) | f->symmetric) : 0;
  case ULP_CODEBOOK:
    for (uint64_t c = 0; c < ulp_code_count(f); c++)
      least = fmin(least, f->codebook[c]);
    break;
  }
  return least;
}

double ulp_min_positive(const ulp_format *f)
{
  double least = INFINITY;
  switch (f->kind) {
  case ULP_FLOAT:
    if (f->zero == ULP_ZERO_NONE)
      return ulp_decode(f, 0);
    return f->subnormals && f->man_bits > 0 ? ulp_decode(f, 1)
                                            : ulp_min_normal(f);
  case ULP_INTEGER: return ulp_decode(f, 1);
  case ULP_CODEBOOK:
    for (uint64_t c = 0; c < ulp_code_count(f); c++)
      if (f->codebook[c] > 0)
        least = fmin(least, f->codebook[c]);
    break;
  }
  return least;
}

double ulp_min_normal(const ulp_format *f)
{
  if (f->kind != ULP_FLOAT)
    return ulp_min_positive(f);
  return ldexp(1.0, ulp_least_exponent(f) + f->man_bits);
}

uint64_t ulp_load_code(const ulp_format *f, const void *array, size_t i)
{
  const unsigned char *p = (const unsigned char *)array + i * f->storage_bytes;
  uint8_t b1;
  uint16_t b2;
  uint32_t b4;
  uint64_t stored;
  switch (f->storage_bytes) {
  case 1:
    memcpy(&b1, p, 1);
    stored = b1;
    break;
  case 2:
    memcpy(&b2, p, 2);
    stored = b2;
    break;
  case 4:
    memcpy(&b4, p, 4);
    stored = b4;
    break;
  default: memcpy(&stored, p, 8); break;
  }
  return stored >> f->storage_shift & ulp_mask(f->bits);
}

void ulp_store_code(const ulp_format *f, void *array, size_t i, uint64_t code)
{
  unsigned char *p = (unsigned char *)array + i * f->storage_bytes;
  uint64_t stored = (code & ulp_mask(f->bits)) << f->storage_shift;
  uint8_t b1 = (uint8_t)stored;
  uint16_t b2 = (uint16_t)stored;
  uint32_t b4 = (uint32_t)stored;
  switch (f->storage_bytes) {
  case 1: memcpy(p, &b1, 1); break;
  case 2: memcpy(p, &b2, 2); break;
  case 4: memcpy(p, &b4, 4); break;
  default: memcpy(p, &stored, 8); break;
  }
}
