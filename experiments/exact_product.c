/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Exact sums of products in integers of 128 bits: operands become integers in
 * a unit that divides them all.  The recipes' widest numbers, bf16 over 40
 * binades, need 48 bits each, so that 2^30 products fit; what does not fit is
 * refused, never rounded.
 */
#include "exact_product.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gemm_case.h"

__extension__ typedef __int128 i128;
__extension__ typedef unsigned __int128 u128;

/* ---- operands ---------------------------------------------------------- */

static void *make_codes(const product_spec *s, const ulp_format *f, int stream,
                        size_t rows)
{
  void *out = malloc(rows * s->k * f->storage_bytes);
  for (size_t row = 0; out && row < rows; row++)
    for (size_t k = 0; k < s->k; k++)
      ulp_store_code(f, out, row * s->k + k,
                     ulp_recipe_code(s->type, s->family, s->seed, stream, row,
                                     s->k, k));
  return out;
}

/* Elements in units of 2^unit, of up to `bits` bits. */
typedef struct {
  int64_t *x;
  int unit, bits;
} integers;

static int bits_of(uint64_t x) { return x ? 64 - __builtin_clzll(x) : 0; }

static void find_unit(integers *out, const ulp_format *f, const void *array,
                      size_t n)
{
  int top = INT32_MIN, unit = INT32_MAX;
  for (size_t i = 0; i < n; i++) {
    ulp_exact x = ulp_unpack(f, ulp_load_code(f, array, i));
    if (x.significand == 0)
      continue;
    int last = x.exponent + __builtin_ctzll(x.significand);
    int end = x.exponent + bits_of(x.significand);
    unit = last < unit ? last : unit;
    top = end > top ? end : top;
  }
  out->unit = unit == INT32_MAX ? 0 : unit;
  out->bits = unit == INT32_MAX ? 0 : top - unit;
}

static ulp_status to_integers(integers *out, const ulp_format *f,
                              const void *array, size_t n, ulp_error *e)
{
  find_unit(out, f, array, n);
  if (out->bits > 62)
    return ulp_error_set(e, ULP_ERANGE, "operands spread over %d bits: "
                         "expected 62 or fewer", out->bits);
  out->x = malloc(n * sizeof *out->x);
  if (!out->x)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  for (size_t i = 0; i < n; i++) {
    ulp_exact x = ulp_unpack(f, ulp_load_code(f, array, i));
    int up = x.exponent - out->unit;
    int64_t v = x.significand == 0 ? 0
                : up >= 0 ? (int64_t)(x.significand << up)
                          : (int64_t)(x.significand >> -up);
    out->x[i] = x.negative ? -v : v;
  }
  return ULP_OK;
}

/* ---- sums -------------------------------------------------------------- */

static ulp_dd to_dd(i128 sum, int unit)
{
  double hi = (double)sum, lo = (double)(sum - (i128)hi);
  return (ulp_dd){ldexp(hi, unit), ldexp(lo, unit)};
}

static uint32_t to_f32(const ulp_format *f32, i128 sum, int unit)
{
  static const ulp_rounding rne = {.overflow = ULP_OVERFLOW_INF};
  u128 size = sum < 0 ? -(u128)sum : (u128)sum;
  int high = bits_of((uint64_t)(size >> 64));
  ulp_exact x = {.cls = size ? ULP_CLASS_NORMAL : ULP_CLASS_ZERO,
                 .negative = sum < 0,
                 .sticky = high && (size & (((u128)1 << high) - 1)) != 0,
                 .exponent = unit + high,
                 .significand = (uint64_t)(size >> high)};
  return (uint32_t)ulp_round_pack(f32, &x, &rne, 0);
}

static void sum_all(exact_product *p, const integers *a, const integers *b)
{
  size_t k = p->spec.k, n = p->spec.n;
  int unit = a->unit + b->unit;
  for (size_t i = 0; i < p->spec.m; i++)
    for (size_t j = 0; j < n; j++) {
      const int64_t *x = a->x + i * k, *y = b->x + j * k;
      i128 sum = 0, magnitude = 0;
      for (size_t l = 0; l < k; l++) {
        i128 product = (i128)x[l] * y[l];
        sum += product;
        magnitude += product < 0 ? -product : product;
      }
      p->exact[i * n + j] = to_dd(sum, unit);
      p->magnitude[i * n + j] = to_dd(magnitude, unit).hi;
      p->rounded[i * n + j] = to_f32(&p->f32, sum, unit);
    }
}

ulp_status exact_product_sum(exact_product *p, ulp_error *e)
{
  const product_spec *s = &p->spec;
  integers a = {0}, b = {0};
  ulp_status status = to_integers(&a, &p->format, p->a, s->m * s->k, e);
  if (status == ULP_OK)
    status = to_integers(&b, &p->format, p->b, s->n * s->k, e);
  if (status == ULP_OK && a.bits + b.bits + bits_of(s->k) > 126)
    status = ulp_error_set(e, ULP_ERANGE, "products spread over %d bits, %zu "
                           "of them: expected sums of 126 bits or fewer",
                           a.bits + b.bits, s->k);
  if (status == ULP_OK)
    sum_all(p, &a, &b);
  free(a.x);
  free(b.x);
  return status;
}

ulp_status exact_product_make(exact_product *out, const product_spec *spec,
                              ulp_error *e)
{
  size_t outputs = spec->m * spec->n;
  *out = (exact_product){.spec = *spec};
  ulp_status s = ulp_format_find(gemm_format_name(spec->type->name),
                                 &out->format, NULL, 0);
  if (s == ULP_OK)
    s = ulp_format_find("float32", &out->f32, NULL, 0);
  if (s != ULP_OK)
    return ulp_error_set(e, s, "no format %s", spec->type->name);
  out->a = make_codes(spec, &out->format, ULP_STREAM_A, spec->m);
  if (!spec->weights)
    out->b = make_codes(spec, &out->format, ULP_STREAM_B, spec->n);
  else if ((out->b = malloc(spec->n * spec->k * out->format.storage_bytes)))
    s = sum_weights_read(spec->weights, &out->format, out->b, spec->first_row,
                         spec->n, spec->k);
  out->exact = malloc(outputs * sizeof *out->exact);
  out->magnitude = malloc(outputs * sizeof *out->magnitude);
  out->rounded = malloc(outputs * sizeof *out->rounded);
  if (s != ULP_OK || !out->a || !out->b || !out->exact || !out->magnitude || !out->rounded)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  return exact_product_sum(out, e);
}

void exact_product_free(exact_product *p)
{
  free(p->a);
  free(p->b);
  free(p->exact);
  free(p->magnitude);
  free(p->rounded);
  memset(p, 0, sizeof *p);
}
