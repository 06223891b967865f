/* SPDX-License-Identifier: MIT
 *
 * Operands of instructions of groups, packed; and the kernel of plain C.
 */
#include "scaled_groups.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "isa.h"

/* Votes beyond it are strange; with it, products stay far inside f32. */
enum { NO_VOTE = 40 };

/* ---- tables ---------------------------------------------------------------- */

ulp_group_kernel ulp_group_kernel_now(void)
{
  switch (ulp_isa_now()) {
#ifdef ULP_HAVE_AVX512_KERNELS
  case ULP_ISA_AVX512: return (ulp_group_kernel){ulp_group_tile_avx512, 4};
#endif
#ifdef ULP_HAVE_AVX2_KERNELS
  case ULP_ISA_AVX2: return (ulp_group_kernel){ulp_group_tile_avx2, 2};
#endif
  default: return (ulp_group_kernel){ulp_group_tile_portable, 0};
  }
}

void ulp_group_tables_make(ulp_group_tables *t, const ulp_mma *m)
{
  const ulp_format *f = &m->scale;
  unsigned mask = (1U << (f->exp_bits + f->man_bits)) - 1;
  int align = m->record->align;
  t->low = ldexp(1, 23 - align);
  t->high = ldexp(1, align - 7);
  t->spread = (align - 8) / 2;
  for (unsigned c = 0; c < 256; c++) {
    int e = 0, least = 1 - f->bias;
    double x = ulp_decode(f, c & mask);
    (void)frexp(x, &e);
    t->value[c] = (int8_t)(2 * ulp_decode(&m->a, c & 15));
    t->factor[c] = x;
    t->vote[c] = (int16_t)(e - 1 < least ? least : e - 1);
    t->strange[c] = !isfinite(x) || (x != 0 && abs(t->vote[c]) > NO_VOTE);
  }
}

/* ---- packing --------------------------------------------------------------- */

/* Whether a group is: FP4 but for its sign. */
static bool is_zero(const uint8_t *codes)
{
  uint64_t eight[2];
  memcpy(eight, codes, sizeof eight);
  return ((eight[0] | eight[1]) & UINT64_C(0x0707070707070707)) == 0;
}

/* 2 to the greatest and to the least vote of what may be a term; a side whose
 * votes are too far apart has nothing inside the bounds. */
typedef struct {
  double most, least;
} votes;

static votes find_votes(const ulp_group_tables *t, const ulp_group_chunk *x)
{
  int least = NO_VOTE, most = -NO_VOTE;
  bool strange = false;
  for (size_t g = 0; g < ULP_GROUPS; g++) {
    uint8_t s = x->scale[g / x->per_scale];
    strange = strange || t->strange[s];
    if (is_zero(x->code + ULP_GROUP * g) || t->factor[s] == 0)
      continue;
    least = t->vote[s] < least ? t->vote[s] : least;
    most = t->vote[s] > most ? t->vote[s] : most;
  }
  if (strange || most - least > t->spread)
    return (votes){1, 0};
  return (votes){ldexp(1, most), ldexp(1, least)};
}

void ulp_group_pack_row(ulp_group_row *r, const ulp_group_tables *t,
                        const ulp_group_chunk *x)
{
  votes e = find_votes(t, x);
  r->low = e.most * t->low;
  r->high = e.least * t->high;
  for (size_t g = 0; g < ULP_GROUPS; g++)
    r->factor[g] = 0.25 * t->factor[x->scale[g / x->per_scale]];
  for (size_t k = 0; k < ULP_GROUP_K; k++)
    r->value[k] = (uint8_t)(t->value[x->code[k]] + 12);
}

void ulp_group_pack_column(ulp_group_columns *c, size_t lane,
                           const ulp_group_tables *t,
                           const ulp_group_kernel *v, const ulp_group_chunk *x)
{
  votes e = find_votes(t, x);
  size_t per = (size_t)v->per;
  c->low[lane] = e.most;
  c->high[lane] = e.least;
  for (size_t g = 0; g < ULP_GROUPS; g++) {
    int sum = 0;
    for (size_t k = ULP_GROUP * g; k < ULP_GROUP * (g + 1); k++) {
      int8_t value = t->value[x->code[k]];
      sum += value;
      if (per)
        c->value.byte[(k / per * ULP_GROUP_LANES + lane) * per + k % per] =
            value;
      else
        c->value.word[k * ULP_GROUP_LANES + lane] = value;
    }
    c->init[g][lane] = -12 * sum;
    c->factor[g][lane] = t->factor[x->scale[g / x->per_scale]];
  }
}

/* ---- plain C --------------------------------------------------------------- */

#if defined __GNUC__ && !defined __clang__
#define VECTORS __attribute__((optimize("O3")))
#else
#define VECTORS
#endif

enum { LANES = ULP_GROUP_LANES };

typedef int16_t v8s __attribute__((vector_size(16)));

/* Of 8 columns, below 2^15: 16 times 12 times 12. */
static v8s group_sum(const uint8_t *a, const int16_t *b)
{
  v8s sum = {0};
  for (int k = 0; k < ULP_GROUP; k++) {
    v8s eight;
    memcpy(&eight, b + k * LANES, sizeof eight);
    sum += eight * (int16_t)(a[k] - 12);
  }
  return sum;
}

VECTORS
static void add_term(const int16_t *restrict sum, double factor,
                     const double *restrict factors, double *restrict d)
{
  for (int l = 0; l < LANES; l++)
    d[l] += (double)sum[l] * (factor * factors[l]);
}

static unsigned outside(const ulp_group_row *a, const ulp_group_columns *b,
                        const double *c)
{
  unsigned mask = 0;
  for (int l = 0; l < LANES; l++) {
    double size = fabs(c[l]);
    bool inside = (size >= a->low * b->low[l] || size == 0) &&
                  size < a->high * b->high[l];
    mask |= (unsigned)!inside << l;
  }
  return mask;
}

/* To f32 toward zero, in its normal range. */
static void cut(double *x)
{
  for (int l = 0; l < LANES; l++) {
    uint64_t bits;
    memcpy(&bits, x + l, sizeof bits);
    bits &= ~((UINT64_C(1) << 29) - 1);
    memcpy(x + l, &bits, sizeof bits);
  }
}

void ulp_group_tile_portable(const ulp_group_row *a,
                             const ulp_group_columns *b, size_t chunks,
                             double c[ULP_GROUP_LANES], ulp_group_rest *rest,
                             void *data)
{
  for (size_t l = 0; l < chunks; l++, a++, b++) {
    double from[LANES];
    unsigned mask = outside(a, b, c);
    memcpy(from, c, sizeof from);
    for (int g = 0; g < ULP_GROUPS; g++) {
      int16_t sum[LANES];
      for (int half = 0; half < LANES; half += 8) {
        v8s eight = group_sum(a->value + g * ULP_GROUP,
                              b->value.word + g * ULP_GROUP * LANES + half);
        memcpy(sum + half, &eight, sizeof eight);
      }
      add_term(sum, a->factor[g], b->factor[g], c);
    }
    cut(c);
    if (mask)
      rest(data, l, mask, from, c);
  }
}
