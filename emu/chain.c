/* SPDX-License-Identifier: MIT
 *
 * The fast path: a chain of instructions, ULP_LANES outputs side by side.
 * Its bits are those of ulp_mma_dot; tests/check_mma.c compares them.
 */
#include "blocks.h"
#include "tile.h"

#include <math.h>
#include <string.h>

typedef float v4f __attribute__((vector_size(16)));
typedef int32_t v4i __attribute__((vector_size(16)));
typedef int16_t v8s __attribute__((vector_size(16)));

/* What the accumulator's rounding needs, taken out of the records once. */
typedef struct {
  const ulp_mma *m;
  int block, align, span;
  int c_emin, acc_emin; /* least exponents that C and results vote with */
  int16_t floor;
  int drop;             /* significand bits of a double beyond acc's */
  double least, most;   /* acc's normal range */
} plan;

static plan make_plan(const ulp_mma *m)
{
  const ulp_mma_record *r = m->record;
  const ulp_format *c = r->c_last ? &m->acc : &m->c;
  int room = 29 - r->align; /* 2^room terms below 2^(align+2) fit int32 */
  return (plan){.m = m,
                .block = r->block,
                .align = r->align,
                .span = room > 8 ? 256 : 1 << (room > 0 ? room : 0),
                .c_emin = 1 - c->bias,
                .acc_emin = 1 - m->acc.bias,
                .floor = (int16_t)(r->floor < -7000 ? -7000 : r->floor),
                .drop = 52 - m->acc.man_bits,
                .least = ulp_min_normal(&m->acc),
                .most = ulp_max(&m->acc)};
}

static double power(int e)
{
  uint64_t bits = (uint64_t)(e + 1023) << 52;
  double x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static float scale_of(int e)
{
  uint32_t bits = e <= -2 ? 0 : (uint32_t)((e > 126 ? 126 : e) + 127) << 23;
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

/* The exponent that a finite accumulator votes with. */
static int vote_of(double c, int emin)
{
  uint64_t bits;
  memcpy(&bits, &c, sizeof bits);
  int e = (int)(bits >> 52 & 0x7ff) - 1023;
  return c == 0 ? -7000 : e < emin ? emin : e;
}

/* The sum, in units of 2^unit, as the accumulator holds it. */
static double settle(const plan *p, double sum, int unit)
{
  uint64_t bits, low = (UINT64_C(1) << p->drop) - 1;
  double x;
  ulp_mode mode = p->m->record->acc_mode;
  if (sum == 0)
    return 0;
  memcpy(&bits, &sum, sizeof bits);
  if (mode == ULP_RNE)
    bits += (low >> 1) + (bits >> p->drop & 1);
  bits &= ~low;
  memcpy(&x, &bits, sizeof x);
  x *= power(unit);
  if (fabs(x) >= p->least && fabs(x) <= p->most &&
      (mode == ULP_RTZ || mode == ULP_RNE))
    return x;
  return ulp_decode(&p->m->acc, ulp_acc_round(p->m, (int64_t)sum, unit));
}

/* The greatest vote of the products, by lane. */
static v8s greatest(const int16_t *va, const int16_t *vb, int n, int16_t floor)
{
  v8s top = (v8s){0} + floor;
  for (int k = 0; k < n; k++) {
    v8s t, larger;
    memcpy(&t, vb + k * ULP_LANES, sizeof t);
    t += va[k];
    larger = t > top;
    top = (t & larger) | (top & ~larger);
  }
  return top;
}

/* Adds n products in units of 2^(E-F), cut toward zero, by lane. */
static void add_products(const float *a, const float *b, int n,
                         const float scale[ULP_LANES], double sum[ULP_LANES])
{
  v4f s0, s1;
  v4i t0 = {0}, t1 = {0};
  int32_t total[ULP_LANES];
  memcpy(&s0, scale, sizeof s0);
  memcpy(&s1, scale + 4, sizeof s1);
  for (int k = 0; k < n; k++) {
    v4f b0, b1;
    memcpy(&b0, b + k * ULP_LANES, sizeof b0);
    memcpy(&b1, b + k * ULP_LANES + 4, sizeof b1);
    t0 += __builtin_convertvector(b0 * a[k] * s0, v4i);
    t1 += __builtin_convertvector(b1 * a[k] * s1, v4i);
  }
  memcpy(total, &t0, sizeof t0);
  memcpy(total + 4, &t1, sizeof t1);
  for (int l = 0; l < ULP_LANES; l++)
    sum[l] += total[l];
}

typedef struct {
  const float *a, *b;
  const int16_t *va, *vb, *base_b;
  int base_a;
} block;

static void run_block(const plan *p, const block *x, int emin,
                      double acc[ULP_LANES])
{
  int16_t top[ULP_LANES];
  float scale[ULP_LANES];
  double sum[ULP_LANES] = {0};
  v8s votes = greatest(x->va, x->vb, p->block, p->floor);
  memcpy(top, &votes, sizeof top);
  for (int l = 0; l < ULP_LANES; l++) {
    int c = vote_of(acc[l], emin);
    top[l] = c > top[l] ? (int16_t)c : top[l];
    scale[l] = scale_of(p->align - top[l] + x->base_a + x->base_b[l]);
  }
  for (int k = 0; k < p->block; k += p->span) {
    int n = p->block - k < p->span ? p->block - k : p->span;
    add_products(x->a + k, x->b + k * ULP_LANES, n, scale, sum);
  }
  for (int l = 0; l < ULP_LANES; l++) {
    int unit = top[l] - p->align;
    if (!isfinite(acc[l])) /* no finite product changes it */
      continue;
    if (acc[l] != 0)
      sum[l] += (double)(int64_t)(acc[l] * power(-unit));
    acc[l] = settle(p, sum[l], unit);
  }
}

static void run_chunk(const plan *p, const ulp_packed *a, size_t row,
                      const ulp_packed *b, size_t group, size_t chunk,
                      double acc[ULP_LANES])
{
  size_t k = (size_t)p->m->k, n = (size_t)p->block, blocks = k / n;
  size_t x = row * a->chunks + chunk, y = group * b->chunks + chunk;
  int emin = p->c_emin;
  for (size_t i = 0; i < blocks; i++) {
    block blk = {.a = a->value + x * k + i * n,
                 .va = a->vote + x * k + i * n,
                 .b = b->value + (y * k + i * n) * ULP_LANES,
                 .vb = b->vote + (y * k + i * n) * ULP_LANES,
                 .base_a = a->base[x * blocks + i],
                 .base_b = b->base + (y * blocks + i) * ULP_LANES};
    run_block(p, &blk, emin, acc);
    emin = p->acc_emin;
  }
}

/* ---- odd chunks ------------------------------------------------------------ */

static void load_chunk(const ulp_packed *p, size_t row, size_t chunk,
                       uint64_t code[ULP_MAX_K])
{
  size_t k = (size_t)p->m->k;
  for (size_t i = 0; i < k; i++) {
    size_t at = chunk * k + i;
    code[i] = at < p->k
                  ? ulp_load_code(p->stored, p->array, row * p->k + at)
                  : 0;
  }
}

static double by_reference(const ulp_packed *a, size_t row, const ulp_packed *b,
                           size_t column, size_t chunk, double c)
{
  static const ulp_rounding rne = {.overflow = ULP_OVERFLOW_INF};
  const ulp_mma *m = a->m;
  uint64_t x[ULP_MAX_K], y[ULP_MAX_K], d;
  if (isnan(c) || column >= b->rows)
    return c;
  load_chunk(a, row, chunk, x);
  load_chunk(b, column, chunk, y);
  d = ulp_mma_dot(m, x, y, ulp_encode_f64(&m->c, c, &rne, 0), NULL);
  return ulp_decode(&m->d, d);
}

static void replace_odd(const ulp_packed *a, size_t row, const ulp_packed *b,
                        size_t group, size_t chunk, const double c[ULP_LANES],
                        double acc[ULP_LANES])
{
  bool all = a->any_odd[row * a->chunks + chunk];
  const bool *odd = b->odd + (group * b->chunks + chunk) * ULP_LANES;
  for (size_t l = 0; l < ULP_LANES; l++)
    if (all || odd[l])
      acc[l] = by_reference(a, row, b, group * ULP_LANES + l, chunk, c[l]);
}

/* ---- the chain ------------------------------------------------------------------ */

void ulp_chain(const ulp_packed *a, size_t row, const ulp_packed *b,
               size_t group, size_t first, size_t last, double acc[ULP_LANES])
{
  plan p = make_plan(a->m);
  bool c_last = a->m->record->c_last, fast = ulp_packable(a->m);
  for (size_t chunk = first; chunk < last; chunk++) {
    double c[ULP_LANES];
    memcpy(c, acc, sizeof c);
    if (c_last)
      memset(acc, 0, sizeof c);
    if (fast)
      run_chunk(&p, a, row, b, group, chunk, acc);
    for (int l = 0; c_last && l < ULP_LANES; l++)
      acc[l] = ulp_add_rounded(&a->m->acc, acc[l], c[l]);
    if (a->any_odd[row * a->chunks + chunk] ||
        b->any_odd[group * b->chunks + chunk])
      replace_odd(a, row, b, group, chunk, c, acc);
  }
}

uint64_t ulp_result_code(const ulp_format *d, double value)
{
  static const ulp_rounding rne = {.overflow = ULP_OVERFLOW_INF};
  if (isnan(value))
    return ulp_acc_nan(d);
  if (d->exp_bits == 8 && d->man_bits == 23) {
    float x = (float)value;
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
  }
  return ulp_encode_f64(d, value, &rne, 0);
}
