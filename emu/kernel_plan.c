/* SPDX-License-Identifier: MIT
 *
 * Which instructions kernels take, and what they need to know of one.
 */
#include "blocks.h"
#include "tile.h"

#include <fenv.h>
#include <math.h>

enum { FLOAT_BIAS = 127, NO_E = -300 /* below all votes of products */ };

static int exponent_of(double x)
{
  int e;
  (void)frexp(x, &e);
  return e - 1;
}

/* A float holds its values. */
static bool is_operand(const ulp_format *f)
{
  return f->kind == ULP_FLOAT && f->man_bits <= 11 && f->bias <= 127 &&
         exponent_of(ulp_max(f)) <= 127;
}

bool ulp_packable(const ulp_mma *m)
{
  const ulp_mma_record *r = m->record;
  return r->kind == ULP_DOT_FDPA && !r->group && m->k <= ULP_MAX_K &&
         r->align <= 40 && is_operand(&m->operand_a) &&
         is_operand(&m->operand_b) && m->acc.exp_bits <= 8 &&
         m->acc.man_bits <= 23;
}

static bool fits_bytes(const ulp_format *a, const ulp_format *b)
{
  int top_a = exponent_of(ulp_max(a)), top_b = exponent_of(ulp_max(b));
  int least = -a->bias - b->bias;
  return top_a < 64 && top_b < 64 && a->bias < 64 && b->bias < 64 &&
         (top_a > top_b ? top_a : top_b) < least + 64;
}

/* Whether a block's sum with C, and with how many terms are negative, is below
 * 2^22 units, an ulp of an operand is too little to change a product's floor,
 * and nothing leaves the range of floats. */
static bool fits_floats(const ulp_mma *m)
{
  const ulp_mma_record *r = m->record;
  const ulp_format *a = &m->operand_a, *b = &m->operand_b;
  return a->man_bits + b->man_bits <= 20 && a->bias + b->bias <= 64 &&
         exponent_of(ulp_max(a)) + exponent_of(ulp_max(b)) <= 60 &&
         r->align <= 20 && (r->block + 2) << (r->align + 2) <= 1 << 22 &&
         r->acc_mode == ULP_RTZ && m->acc.exp_bits == 8 &&
         (r->c_last || m->c.exp_bits == 8);
}

ulp_kernel_plan ulp_kernel_plan_of(const ulp_mma *m)
{
  const ulp_mma_record *r = m->record;
  const ulp_format *c = r->c_last ? &m->acc : &m->c;
  bool bytes = fits_bytes(&m->operand_a, &m->operand_b);
  bool wide = !bytes || !fits_floats(m);
  int lowest = wide ? NO_E : -100;
  int bias = bytes ? 64 : 512;
  bool vectors = r->acc_mode == ULP_RTZ || r->acc_mode == ULP_RNE;
  ulp_kernel_plan p = {
      .m = m,
      .wide = wide,
      .bytes = bytes,
      .vote_bias = bias,
      .block = r->block,
      .align = r->align,
      .least = 2 * bias - m->operand_a.bias - m->operand_b.bias,
      .floor = (r->floor < lowest ? lowest : r->floor) + FLOAT_BIAS,
      .c_emin = 1 - c->bias + FLOAT_BIAS,
      .acc_emin = 1 - m->acc.bias + FLOAT_BIAS,
      .keep = ~((UINT32_C(1) << (23 - m->acc.man_bits)) - 1),
      .drop = 52 - m->acc.man_bits,
      .nearest = r->acc_mode == ULP_RNE,
      .zero_is_zero = r->acc_mode == ULP_RTZ ||
                      (vectors && m->acc.exp_bits < 8)};
  p.from = vectors ? p.acc_emin << 23 : 1; /* 1 .. 1: no exponent's */
  p.to = vectors ? (exponent_of(ulp_max(&m->acc)) - 1 + FLOAT_BIAS) << 23 : 1;
  return p;
}

float ulp_kernel_settle(const ulp_kernel_plan *p, double value, int e)
{
  int unit = e - FLOAT_BIAS - p->align;
  if (!isfinite(value)) /* of an odd chunk, to be replaced */
    return (float)value;
  int64_t n = (int64_t)ldexp(value, -unit);
  /* Kernels that round down call it; what a compiler makes of uint64_t to
   * double (clang: two magic numbers, whose difference is -0 then) is right to
   * nearest only. */
  int mode = fegetround();
  (void)fesetround(FE_TONEAREST);
  float settled =
      (float)ulp_decode(&p->m->acc, ulp_acc_round(p->m, n, unit));
  (void)fesetround(mode);
  return settled;
}
