/* SPDX-License-Identifier: MIT
 *
 * The reference: one output element, as plainly as it can be said, every
 * step visible to a trace.  tile.c does the same fast.
 */
#include "blocks.h"
#include "cdna.h"
#include "tile.h"

#include <math.h>
#include <string.h>

static bool is_zero(const ulp_exact *x)
{
  return x->cls != ULP_CLASS_INF && x->cls != ULP_CLASS_NAN &&
         x->significand == 0;
}

/* The exponent a value votes with: that of its leading bit, or of its
 * format's least normal number when it is subnormal. */
static int32_t vote_of(const ulp_format *f, const ulp_exact *x)
{
  return x->exponent + f->man_bits;
}

/* ---- NaN and Inf ---------------------------------------------------------- */

typedef struct {
  bool nan, plus, minus;
} specials;

static void note_infinity(specials *s, bool negative)
{
  if (negative)
    s->minus = true;
  else
    s->plus = true;
}

static void note_product(specials *s, const ulp_exact *a, const ulp_exact *b)
{
  bool infinite = a->cls == ULP_CLASS_INF || b->cls == ULP_CLASS_INF;
  if (a->cls == ULP_CLASS_NAN || b->cls == ULP_CLASS_NAN ||
      (infinite && (is_zero(a) || is_zero(b))))
    s->nan = true;
  else if (infinite)
    note_infinity(s, a->negative != b->negative);
}

static void note_addend(specials *s, const ulp_exact *c)
{
  if (c->cls == ULP_CLASS_NAN)
    s->nan = true;
  else if (c->cls == ULP_CLASS_INF)
    note_infinity(s, c->negative);
}

static bool special_result(const specials *s, const ulp_format *f,
                           uint64_t *out)
{
  if (s->nan || (s->plus && s->minus))
    *out = ulp_acc_nan(f);
  else if (s->plus || s->minus)
    *out = ulp_acc_inf(f, s->minus);
  else
    return false;
  return true;
}

/* ---- one block ------------------------------------------------------------- */

enum { MAX_TERMS = 257 };

typedef struct {
  ulp_trace_term term[MAX_TERMS];
  int count;
  specials special;
  const ulp_trace *trace; /* or NULL */
} block;

static void add_product(block *b, const ulp_mma *m, int k, uint64_t a_code,
                        uint64_t b_code)
{
  ulp_exact x = ulp_unpack(&m->operand_a, a_code);
  ulp_exact y = ulp_unpack(&m->operand_b, b_code);
  note_product(&b->special, &x, &y);
  b->term[b->count++] = (ulp_trace_term){
      .k = k,
      .negative = x.negative != y.negative,
      .significand = x.significand * y.significand,
      .exponent = x.exponent + y.exponent,
      .vote = vote_of(&m->operand_a, &x) + vote_of(&m->operand_b, &y),
      .votes = x.significand != 0 && y.significand != 0};
}

/* The exact sum of a group's products as one term, of exponent 0: its size
 * does not count.  It takes the place of the products. */
static void add_group(block *b, const ulp_mma *m, int k, const uint64_t *a,
                      const uint64_t *bb)
{
  ulp_trace_term sum = {.k = k,
                        .exponent = ulp_least_exponent(&m->operand_a) +
                                    ulp_least_exponent(&m->operand_b)};
  ulp_trace_term *product = &b->term[b->count];
  int64_t total = 0;
  int n = m->record->group;
  for (int i = 0; i < n; i++) {
    const ulp_trace_term *t = &product[i];
    add_product(b, m, k + i, a[k + i], bb[k + i]);
    int64_t units = (int64_t)(t->significand << (t->exponent - sum.exponent));
    total += t->negative ? -units : units;
    sum.votes = sum.votes || t->votes;
  }
  sum.negative = total < 0;
  sum.significand = (uint64_t)(total < 0 ? -total : total);
  if (b->trace && b->trace->group)
    b->trace->group(b->trace->data, product, n, &sum);
  b->count -= n - 1;
  *product = sum;
}

/* Multiplies the last term by two scales. */
static void scale_term(block *b, const ulp_mma *m, uint64_t sa, uint64_t sb)
{
  uint64_t mask = (UINT64_C(1) << (m->scale.exp_bits + m->scale.man_bits)) - 1;
  ulp_exact x = ulp_unpack(&m->scale, sa & mask);
  ulp_exact y = ulp_unpack(&m->scale, sb & mask);
  ulp_trace_term *t = &b->term[b->count - 1];
  note_product(&b->special, &x, &y);
  t->significand *= x.significand * y.significand;
  t->exponent += x.exponent + y.exponent;
  t->vote += vote_of(&m->scale, &x) + vote_of(&m->scale, &y);
  t->votes = t->votes && !is_zero(&x) && !is_zero(&y);
}

static void add_accumulator(block *b, const ulp_format *f, uint64_t code)
{
  ulp_exact c = ulp_unpack(f, code);
  note_addend(&b->special, &c);
  b->term[b->count++] = (ulp_trace_term){.k = -1,
                                         .negative = c.negative,
                                         .significand = c.significand,
                                         .exponent = c.exponent,
                                         .vote = vote_of(f, &c),
                                         .votes = c.significand != 0};
}

/* E: the greatest vote, at least `floor`; zeros do not vote. */
static int32_t greatest_vote(const block *b, int32_t floor)
{
  int32_t top = floor;
  for (int i = 0; i < b->count; i++)
    if (b->term[i].votes && b->term[i].vote > top)
      top = b->term[i].vote;
  return top;
}

static uint64_t finish_block(block *b, const ulp_mma *m)
{
  const ulp_trace *trace = b->trace;
  ulp_trace_block summary = {0};
  if (special_result(&b->special, &m->acc, &summary.result)) {
    summary.special = true;
  } else {
    summary.top = greatest_vote(b, m->record->floor);
    summary.unit = summary.top - m->record->align;
    for (int i = 0; i < b->count; i++) {
      ulp_trace_term *t = &b->term[i];
      t->kept = ulp_cut(t->significand, summary.unit - t->exponent);
      t->cut = ulp_cut(t->kept, t->exponent - summary.unit) != t->significand;
      summary.sum += t->negative ? -(int64_t)t->kept : (int64_t)t->kept;
      if (trace)
        trace->term(trace->data, t);
    }
    summary.result = ulp_acc_round(m, summary.sum, summary.unit);
  }
  if (trace)
    trace->block(trace->data, &summary);
  return summary.result;
}

/* ---- a chain of blocks --------------------------------------------------------- */

/* What the dot product is of; no scales: sa is NULL. */
typedef struct {
  const uint64_t *a, *b, *sa, *sb;
} vectors;

/* The terms of products i .. i + record->block - 1, in block order. */
static void add_terms(block *blk, const ulp_mma *m, const vectors *v, int i)
{
  const ulp_mma_record *r = m->record;
  int step = r->group ? r->group : 1;
  for (int end = i + r->block; i < end; i += step) {
    int k = ulp_block_k(r, i);
    if (r->group)
      add_group(blk, m, k, v->a, v->b);
    else
      add_product(blk, m, k, ulp_convert_operand(&m->operand_a, &m->a, v->a[k]),
                  ulp_convert_operand(&m->operand_b, &m->b, v->b[k]));
    if (v->sa)
      scale_term(blk, m, v->sa[k / r->scale_block], v->sb[k / r->scale_block]);
  }
}

static uint64_t dot_fdpa(const ulp_mma *m, const vectors *v, uint64_t c,
                         const ulp_trace *trace)
{
  const ulp_mma_record *r = m->record;
  const ulp_format *from = r->c_last ? &m->acc : &m->c;
  uint64_t acc = r->c_last ? 0 : c;
  for (int i = 0; i < m->k; i += r->block) {
    block blk; /* its terms are written before they are read */
    blk.count = 0;
    blk.special = (specials){false, false, false};
    blk.trace = trace;
    add_accumulator(&blk, from, acc);
    add_terms(&blk, m, v, i);
    acc = finish_block(&blk, m);
    from = &m->acc;
  }
  if (r->c_last)
    return ulp_result_code(&m->d,
                           ulp_add_rounded(&m->acc, ulp_decode(&m->acc, acc),
                                           ulp_decode(&m->c, c)));
  return ulp_acc_to_d(m, acc);
}

static int64_t integer(const ulp_format *f, uint64_t code)
{
  ulp_exact x = ulp_unpack(f, code);
  return x.negative ? -(int64_t)x.significand : (int64_t)x.significand;
}

static uint64_t dot_integer(const ulp_mma *m, const uint64_t *a,
                            const uint64_t *b, uint64_t c)
{
  int64_t sum = (int32_t)(uint32_t)c;
  for (int k = 0; k < m->k; k++) {
    int64_t x = integer(&m->a, a[k]), y = integer(&m->b, b[k]);
    sum += m->record->kind == ULP_DOT_XOR ? x != y : x * y;
  }
  if (m->satfinite && sum > INT32_MAX)
    sum = INT32_MAX;
  if (m->satfinite && sum < INT32_MIN)
    sum = INT32_MIN;
  return (uint32_t)sum;
}

/* f64 and f32 chains; libm's fma and fmaf round once. */
static double fma_step(const ulp_mma *m, double x, double y, double z)
{
  return m->acc.man_bits == 23 ? (double)fmaf((float)x, (float)y, (float)z)
                               : fma(x, y, z);
}

static uint64_t dot_fma(const ulp_mma *m, const uint64_t *a, const uint64_t *b,
                        uint64_t c)
{
  bool c_last = m->record->c_last;
  double addend = ulp_decode(&m->c, c), acc = c_last ? 0 : addend;
  for (int k = 0; k < m->k; k++)
    acc = fma_step(m, ulp_decode(&m->a, a[k]), ulp_decode(&m->b, b[k]), acc);
  if (c_last)
    acc = ulp_add_rounded(&m->acc, acc, addend);
  return ulp_result_code(&m->d, acc);
}

/* Volta's m8n8k4 to f16, as ptxas writes it for Hopper: pairs of products in
 * f32, C first. */
static uint64_t dot_fma_pairs(const ulp_mma *m, const uint64_t *a,
                              const uint64_t *b, uint64_t c)
{
  float acc = (float)ulp_decode(&m->c, c);
  for (int k = 0; k < m->k; k += 2) {
    float first = (float)ulp_decode(&m->a, a[k]) *
                  (float)ulp_decode(&m->b, b[k]);
    acc += fmaf((float)ulp_decode(&m->a, a[k + 1]),
                (float)ulp_decode(&m->b, b[k + 1]), first);
  }
  return ulp_result_code(&m->d, acc);
}

uint64_t ulp_mma_dot_scaled(const ulp_mma *m, const uint64_t *a,
                            const uint64_t *b, uint64_t c, const uint64_t *sa,
                            const uint64_t *sb, const ulp_trace *trace)
{
  switch (m->record->kind) {
  case ULP_DOT_INTEGER:
  case ULP_DOT_XOR: return dot_integer(m, a, b, c);
  case ULP_DOT_FMA: return dot_fma(m, a, b, c);
  case ULP_DOT_FMA_PAIRS: return dot_fma_pairs(m, a, b, c);
  case ULP_DOT_EXACT:
  case ULP_DOT_FLUSH:
  case ULP_DOT_FLOOR:
  case ULP_DOT_FLOOR_EVEN_ODD: return ulp_cdna_dot(m, a, b, c);
  case ULP_DOT_FDPA: break;
  }
  return dot_fdpa(m, &(vectors){a, b, sa, sb}, c, trace);
}

uint64_t ulp_mma_dot(const ulp_mma *m, const uint64_t *a, const uint64_t *b,
                     uint64_t c, const ulp_trace *trace)
{
  return ulp_mma_dot_scaled(m, a, b, c, NULL, NULL, trace);
}
