/* SPDX-License-Identifier: MIT
 *
 * A chain of the instructions that take scales of blocks (Blackwell's
 * tcgen05.mma.block_scale and mma.block_scale): the bits of
 * ulp_mma_dot_scaled, some of them faster.  Instructions of groups are
 * scaled_groups.h's.
 *
 * Scales that are powers of two: the accumulator is divided by their product,
 * the instruction without scales runs, and its result is multiplied back.  All
 * exponents move together, so the bits are the same but where the least
 * exponents of the instruction or of f32 play a part; results that may be
 * there are left to the reference, below.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gemm.h"
#include "scaled_groups.h"
#include "tile.h"

/* ---- rows with zeros up to whole instructions --------------------------- */

typedef struct {
  size_t rows, chunks, k, scales; /* of an instruction */
  uint8_t *code, *scale;          /* [rows][chunks][k], [..][scales] */
  double *factor;                 /* the scales' values */
  uint32_t *some;                 /* which of a scale's k are not 0 */
  bool *odd;                      /* [rows][chunks]: a scale far from 1, a NaN */
} side;

static void free_side(side *s)
{
  free(s->code);
  free(s->scale);
  free(s->factor);
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
  s->some = calloc(n + 1, sizeof *s->some);
  s->odd = calloc(units + 1, sizeof *s->odd);
  if (!s->code || !s->scale || !s->factor || !s->some || !s->odd)
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

static bool fills(const work *w, size_t i, size_t j, double c)
{
  return isfinite(c) && (c == 0 || is_moderate(c)) && !w->a.odd[i] &&
         !w->b.odd[j];
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

/* The columns asked for. */
typedef struct {
  const uint8_t *b, *sb;
} columns;

static ulp_status run_chains(const ulp_scaled_data *x, columns from,
                             size_t first, size_t count)
{
  const ulp_mma *m = x->mma;
  work w = {.m = m};
  ulp_status s = ULP_ENOMEM;
  if (fill_side(&w.a, m, &m->a, x->a, x->sa, x->m, x->k) &&
      fill_side(&w.b, m, &m->b, from.b, from.sb, count, x->k))
    s = chains(&w, x, first, count, x->d);
  free_side(&w.a);
  free_side(&w.b);
  return s;
}

ulp_status ulp_scaled_run(const ulp_scaled_data *x, size_t first, size_t count)
{
  const ulp_mma *m = x->mma;
  size_t each = (size_t)m->record->scale_block;
  if (m->scales == 0 || m->acc.man_bits != 23 ||
      m->record->acc_mode != ULP_RTZ)
    return ULP_EINVAL;
  columns from = {(const uint8_t *)x->b + first * x->k * m->b.storage_bytes,
                  (const uint8_t *)x->sb +
                      first * ((x->k + each - 1) / each)};
  if (!m->record->group)
    return run_chains(x, from, first, count);
  if (!ulp_is_grouped(m))
    return ULP_EINVAL;
  return ulp_groups_run(&(ulp_group_product){
      .m = m, .rows = x->m, .cols = count, .k = x->k, .a = x->a, .b = from.b,
      .sa = x->sa, .sb = from.sb, .d = x->d});
}
