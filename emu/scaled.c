/* SPDX-License-Identifier: MIT
 *
 * A chain of the instructions that take scales of blocks (Blackwell's
 * tcgen05.mma.block_scale and mma.block_scale): the bits of
 * ulp_mma_dot_scaled, some of them faster.
 *
 * Scales that are powers of two: the accumulator is divided by their product,
 * the instruction without scales runs, and its result is multiplied back.  All
 * exponents move together, so the bits are the same but where the least
 * exponents of the instruction or of f32 play a part; results that may be
 * there are left to the reference, below.
 *
 * Groups: the exact sum of a group is a whole number of quarters, and its
 * product with two scales is exact in f64; in units of 2^(E-F) it is below
 * 2^49, so that the sum of all is exact, too.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gemm.h"
#include "tile.h"

/* ---- rows with zeros up to whole instructions --------------------------- */

typedef struct {
  size_t rows, chunks, k, scales; /* of an instruction */
  uint8_t *code, *scale;          /* [rows][chunks][k], [..][scales] */
  double *factor;                 /* the scales' values */
  int8_t *value;                  /* of groups: in halves */
  uint32_t *some;                 /* which of a scale's k are not 0 */
  bool *odd;                      /* [rows][chunks]: a scale far from 1, a NaN */
} side;

static void free_side(side *s)
{
  free(s->code);
  free(s->scale);
  free(s->factor);
  free(s->value);
  free(s->some);
  free(s->odd);
}

static bool fill_side(side *s, const ulp_mma *m, const ulp_format *f,
                      const void *codes, const void *scales, size_t rows,
                      size_t k)
{
  size_t each = (size_t)m->record->scale_block, chunk = (size_t)m->k;
  size_t blocks = (k + each - 1) / each;
  *s = (side){.rows = rows, .chunks = (k + chunk - 1) / chunk, .k = chunk,
              .scales = (size_t)m->scales};
  size_t units = rows * s->chunks, n = units * s->scales;
  s->code = calloc(units * chunk + 1, 1);
  s->scale = malloc(n + 1);
  s->factor = malloc((n + 1) * sizeof *s->factor);
  s->value = calloc(units * chunk + 1, 1);
  s->some = calloc(n + 1, sizeof *s->some);
  s->odd = calloc(units + 1, sizeof *s->odd);
  if (!s->code || !s->scale || !s->factor || !s->value || !s->some || !s->odd)
    return false;
  uint8_t one = (uint8_t)ulp_encode_f64(&m->scale, 1, &(ulp_rounding){0}, 0);
  for (size_t i = 0; i < n; i++) {
    size_t row = i / (s->chunks * s->scales);
    size_t block = i % (s->chunks * s->scales);
    s->scale[i] = block < blocks
                      ? ((const uint8_t *)scales)[row * blocks + block] : one;
    s->factor[i] = ulp_decode(&m->scale, s->scale[i]);
    double x = s->factor[i];
    s->odd[i / s->scales] |= !(x == 0 || (x >= 0x1p-60 && x <= 0x1p60));
  }
  for (size_t i = 0; i < rows; i++)
    for (size_t l = 0; l < k; l++) {
      size_t at = i * s->chunks * chunk + l;
      uint64_t code = ulp_load_code(f, codes, i * k + l);
      double x = ulp_decode(f, code);
      s->code[at] = (uint8_t)code;
      if (m->record->group)
        s->value[at] = (int8_t)(2 * x);
      s->odd[at / chunk] |= !isfinite(x);
      if (x != 0)
        s->some[at / each] |= UINT32_C(1) << (at % each % 32);
    }
  return true;
}

/* ---- one output --------------------------------------------------------- */

typedef struct {
  const ulp_mma *m;
  side a, b;
} work;

static double by_reference(const work *w, size_t i, size_t j, double c)
{
  static const ulp_rounding rne = {.overflow = ULP_OVERFLOW_INF};
  uint64_t a[ULP_MAX_K], b[ULP_MAX_K], sa[ULP_MAX_K], sb[ULP_MAX_K];
  size_t k = w->a.k, n = w->a.scales;
  for (size_t l = 0; l < k; l++) {
    a[l] = w->a.code[i * k + l];
    b[l] = w->b.code[j * k + l];
  }
  for (size_t l = 0; l < n; l++) {
    sa[l] = w->a.scale[i * n + l];
    sb[l] = w->b.scale[j * n + l];
  }
  uint64_t from = isnan(c) ? UINT64_C(0x7fffffff)
                           : ulp_encode_f64(&w->m->c, c, &rne, 0);
  return ulp_decode(&w->m->d,
                    ulp_mma_dot_scaled(w->m, a, b, from, sa, sb, NULL));
}

/* Far from the least and the greatest exponents of f32 and of the
 * instruction. */
static bool is_moderate(double x)
{
  return fabs(x) >= 0x1p-90 && fabs(x) <= 0x1p100;
}

/* To f32 toward zero, in its normal range. */
static double cut(double x)
{
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  bits &= ~((UINT64_C(1) << 29) - 1);
  memcpy(&x, &bits, sizeof x);
  return x;
}

/* ---- groups ------------------------------------------------------------- */

/* The exponent with which a scale votes. */
static int vote_of(const ulp_format *f, double x)
{
  int e;
  frexp(x, &e);
  return e - 1 < 1 - f->bias ? 1 - f->bias : e - 1;
}

static int32_t group_sum(const int8_t *a, const int8_t *b, size_t n)
{
  int32_t sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += a[i] * b[i];
  return sum;
}

/* Instruction (i, j): rows of chunks of the sides. */
static double run_groups(const work *w, size_t i, size_t j, double c)
{
  const ulp_mma_record *r = w->m->record;
  size_t group = (size_t)r->group, n = w->a.k / group;
  size_t per = (size_t)r->scale_block / group; /* groups of a scale */
  double term[ULP_MAX_K], sum = 0;
  int top = -10000, e;
  if (c != 0) {
    frexp(c, &e);
    top = e - 1;
  }
  for (size_t g = 0; g < n; g++) {
    size_t x = i * w->a.scales + g / per, y = j * w->b.scales + g / per;
    double scale = w->a.factor[x] * w->b.factor[y];
    uint32_t both = w->a.some[x] & w->b.some[y];
    if (per > 1)
      both = both >> (g % per * group) & ((UINT32_C(1) << group) - 1);
    term[g] = 0;
    if (!both || scale == 0)
      continue;
    int vote = vote_of(&w->m->scale, w->a.factor[x]) +
               vote_of(&w->m->scale, w->b.factor[y]);
    top = vote > top ? vote : top;
    term[g] = scale * 0.25 *
              group_sum(w->a.value + i * w->a.k + g * group,
                        w->b.value + j * w->b.k + g * group, group);
  }
  if (top == -10000)
    return 0;
  double up = ldexp(1, r->align - top);
  for (size_t g = 0; g < n; g++)
    sum += trunc(term[g] * up);
  sum += trunc(c * up);
  double out = cut(ldexp(sum, top - r->align));
  return top > -90 && top < 100 && is_moderate(out) ? out
                                                    : by_reference(w, i, j, c);
}

static bool fills(const work *w, size_t i, size_t j, double c)
{
  return isfinite(c) && (c == 0 || is_moderate(c)) && !w->a.odd[i] &&
         !w->b.odd[j];
}

static void groups(const work *w, float *d)
{
  size_t chunks = w->a.chunks;
  for (size_t i = 0; i < w->a.rows; i++)
    for (size_t j = 0; j < w->b.rows; j++) {
      double c = 0;
      for (size_t l = 0; l < chunks; l++) {
        size_t x = i * chunks + l, y = j * chunks + l;
        c = fills(w, x, y, c) ? run_groups(w, x, y, c)
                              : by_reference(w, x, y, c);
      }
      d[i * w->b.rows + j] = (float)c;
    }
}

/* ---- powers of two ------------------------------------------------------ */

static void chain_lanes(const work *w, const ulp_packed *a, const ulp_packed *b,
                        size_t i, size_t group, size_t l, double c[ULP_LANES])
{
  size_t x = i * w->a.chunks + l, lanes = w->b.rows - group * ULP_LANES;
  double acc[ULP_LANES] = {0}, scale[ULP_LANES];
  lanes = lanes < ULP_LANES ? lanes : ULP_LANES;
  for (size_t v = 0; v < lanes; v++) {
    size_t y = (group * ULP_LANES + v) * w->b.chunks + l;
    scale[v] = w->a.factor[x] * w->b.factor[y];
    acc[v] = fills(w, x, y, c[v]) ? c[v] / scale[v] : 0;
  }
  ulp_chain(a, i, b, group, l, l + 1, acc);
  for (size_t v = 0; v < lanes; v++) {
    size_t y = (group * ULP_LANES + v) * w->b.chunks + l;
    double before = c[v], out = acc[v] * scale[v];
    bool idle = before == 0 && (!w->a.some[x] || !w->b.some[y]);
    bool good = fills(w, x, y, before) &&
                (idle || (is_moderate(acc[v]) && is_moderate(out) &&
                          (before == 0 || is_moderate(before / scale[v]))));
    c[v] = good ? idle ? 0 : out : by_reference(w, x, y, before);
  }
}

static ulp_status chains(const work *w, const ulp_scaled_data *x, size_t first,
                         size_t count, float *d)
{
  ulp_packed a = {0}, b = {0};
  ulp_status s = ulp_pack_operand(&a, w->m, false, x->a, x->m, x->k);
  if (s == ULP_OK)
    s = ulp_pack_operand(&b, w->m, true,
                         (const char *)x->b + first * x->k *
                                                  w->m->b.storage_bytes,
                         count, x->k);
  for (size_t i = 0; s == ULP_OK && i < x->m; i++)
    for (size_t g = 0; g * ULP_LANES < count; g++) {
      double c[ULP_LANES] = {0};
      for (size_t l = 0; l < w->a.chunks; l++)
        chain_lanes(w, &a, &b, i, g, l, c);
      for (size_t v = 0; v < ULP_LANES && g * ULP_LANES + v < count; v++)
        d[i * count + g * ULP_LANES + v] = (float)c[v];
    }
  ulp_packed_free(&a);
  ulp_packed_free(&b);
  return s;
}

/* ---- all ---------------------------------------------------------------- */

ulp_status ulp_scaled_run(const ulp_scaled_data *x, size_t first, size_t count)
{
  const ulp_mma *m = x->mma;
  size_t each = (size_t)m->record->scale_block;
  size_t blocks = (x->k + each - 1) / each;
  work w = {.m = m};
  ulp_status s = ULP_OK;
  if (m->scales == 0 || m->acc.man_bits != 23 ||
      m->record->acc_mode != ULP_RTZ)
    return ULP_EINVAL;
  if (!fill_side(&w.a, m, &m->a, x->a, x->sa, x->m, x->k) ||
      !fill_side(&w.b, m, &m->b,
                 (const char *)x->b + first * x->k * m->b.storage_bytes,
                 (const uint8_t *)x->sb + first * blocks, count, x->k))
    s = ULP_ENOMEM;
  else if (m->record->group)
    groups(&w, x->d);
  else
    s = chains(&w, x, first, count, x->d);
  free_side(&w.a);
  free_side(&w.b);
  return s;
}
