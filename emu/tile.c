/* SPDX-License-Identifier: MIT
 *
 * Tiles of outputs, fast: operands are decoded once, in block order, to a
 * signed significand and the exponent they vote with, and a block is two
 * passes over them.  Rows that hold a NaN or an Inf, and the kinds without
 * blocks, go to the reference, ulp_mma_dot, whose bits these are.
 */
#include "blocks.h"

#include <stdlib.h>

/* A zero's vote: below every sum of two votes and every floor. */
enum { ZERO_VOTE = -40000 };

/* n operands of k elements each. */
typedef struct {
  uint64_t *code;       /* as stored, in k order */
  int32_t *significand; /* with its sign, in block order */
  int32_t *vote;
  bool *special;        /* per operand: has a NaN or an Inf */
} operands;

static void operands_free(operands *o)
{
  free(o->code);
  free(o->significand);
  free(o->vote);
  free(o->special);
}

static bool operands_new(operands *o, size_t n, size_t k)
{
  o->code = calloc(n * k + 1, sizeof *o->code);
  o->significand = calloc(n * k + 1, sizeof *o->significand);
  o->vote = calloc(n * k + 1, sizeof *o->vote);
  o->special = calloc(n + 1, sizeof *o->special);
  return o->code && o->significand && o->vote && o->special;
}

/* One element; the format `as` is what the multiplier sees. */
static void decode(operands *o, size_t at, bool *special, const ulp_format *as,
                   const ulp_format *stored, uint64_t code)
{
  ulp_exact x = ulp_unpack(as, ulp_convert_operand(as, stored, code));
  *special = *special || x.cls == ULP_CLASS_NAN || x.cls == ULP_CLASS_INF;
  o->significand[at] =
      x.negative ? -(int32_t)x.significand : (int32_t)x.significand;
  o->vote[at] = x.significand ? x.exponent + as->man_bits : ZERO_VOTE;
}

static void load(operands *o, const ulp_mma *m, const ulp_format *as,
                 const ulp_format *stored, const void *array, size_t n)
{
  size_t k = (size_t)m->k;
  bool blocks = m->record->kind == ULP_DOT_FDPA;
  for (size_t i = 0; i < n * k; i++)
    o->code[i] = ulp_load_code(stored, array, i);
  for (size_t row = 0; blocks && row < n; row++)
    for (size_t i = 0; i < k; i++)
      decode(o, row * k + i, &o->special[row], as, stored,
             o->code[row * k + (size_t)ulp_block_k(m->record, (int)i)]);
}

/* The sum of a block in units of 2^(top - F). */
static int64_t sum_block(const ulp_mma *m, const int32_t *sa,
                         const int32_t *va, const int32_t *sb,
                         const int32_t *vb, const ulp_exact *c,
                         const ulp_format *c_format, int32_t *unit)
{
  int n = m->record->block, align = m->record->align;
  int point = m->operand_a.man_bits + m->operand_b.man_bits;
  int left = align > point ? align - point : 0, right = left ? 0 : point - align;
  int32_t top = m->record->floor, c_vote = c->exponent + c_format->man_bits;
  int64_t sum = 0;
  for (int i = 0; i < n; i++)
    top = va[i] + vb[i] > top ? va[i] + vb[i] : top;
  if (c->significand && c_vote > top)
    top = c_vote;
  for (int i = 0; i < n; i++) {
    int64_t p = (int64_t)sa[i] * sb[i];
    int32_t shift = top - va[i] - vb[i] + right;
    uint64_t magnitude = (uint64_t)(p < 0 ? -p : p) << left;
    magnitude >>= shift > 63 ? 63 : shift;
    sum += p < 0 ? -(int64_t)magnitude : (int64_t)magnitude;
  }
  *unit = top - align;
  if (c->significand) {
    int64_t kept = (int64_t)ulp_cut(c->significand, *unit - c->exponent);
    sum += c->negative ? -kept : kept;
  }
  return sum;
}

static uint64_t dot_finite(const ulp_mma *m, const operands *a, size_t i,
                           const operands *b, size_t j, uint64_t c)
{
  const ulp_mma_record *r = m->record;
  size_t k = (size_t)m->k, block = (size_t)r->block;
  const ulp_format *from = r->c_last ? &m->acc : &m->c;
  uint64_t acc = r->c_last ? 0 : c;
  for (size_t at = 0; at < k; at += block) {
    ulp_exact x = ulp_unpack(from, acc);
    int32_t unit;
    int64_t sum;
    if (x.cls == ULP_CLASS_NAN)
      acc = ulp_acc_nan(&m->acc);
    else if (x.cls == ULP_CLASS_INF)
      acc = ulp_acc_inf(&m->acc, x.negative);
    else {
      sum = sum_block(m, a->significand + i * k + at, a->vote + i * k + at,
                      b->significand + j * k + at, b->vote + j * k + at, &x,
                      from, &unit);
      acc = ulp_acc_round(m, sum, unit);
    }
    from = &m->acc;
  }
  return ulp_acc_to_d(m, r->c_last ? ulp_add_f32(acc, c) : acc);
}

ulp_status ulp_mma_tile(const ulp_mma *m, void *d, const void *a,
                        const void *b, const void *c, size_t rows, size_t cols)
{
  operands x = {0}, y = {0};
  ulp_status status = ULP_ENOMEM;
  size_t k = (size_t)m->k;
  if (operands_new(&x, rows, k) && operands_new(&y, cols, k)) {
    load(&x, m, &m->operand_a, &m->a, a, rows);
    load(&y, m, &m->operand_b, &m->b, b, cols);
    for (size_t i = 0; i < rows; i++)
      for (size_t j = 0; j < cols; j++) {
        uint64_t addend = ulp_load_code(&m->c, c, i * cols + j), out;
        if (m->record->kind != ULP_DOT_FDPA || x.special[i] || y.special[j])
          out = ulp_mma_dot(m, x.code + i * k, y.code + j * k, addend, NULL);
        else
          out = dot_finite(m, &x, i, &y, j, addend);
        ulp_store_code(&m->d, d, i * cols + j, out);
      }
    status = ULP_OK;
  }
  operands_free(&x);
  operands_free(&y);
  return status;
}
