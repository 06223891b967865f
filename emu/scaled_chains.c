/* SPDX-License-Identifier: MIT
 *
 * Instructions whose k has one scale a side, a power of two.  C is divided by
 * their product, the instruction without scales runs (tile.h), and its result
 * is multiplied back: all exponents move together, so the bits are the same as
 * long as no least or greatest exponent, of the instruction or of f32, plays a
 * part.
 *
 * Scales are taken from 2^-30 to 2^30, and C, as it is and divided, from 2^-90
 * to 2^100, or 0.  Products of FP8 and less are at least 2^-32, what they are
 * cut to is 2^-60 and more, and what is not 0 after that is at least 2^-120 in
 * the end; sums stay below 2^102.  The rest is the reference's.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "scaled.h"
#include "tile.h"

enum { FAR = 30, LEAST = 127 - 90, MOST = 127 + 100 }; /* as f32 has them */
/* Rows and instructions of a block, whose operands stay in the caches. */
enum { ROWS = 64, BLOCK = 8, LANES = ULP_LANES };

#if defined __GNUC__ && !defined __clang__
#define VECTORS __attribute__((optimize("O3")))
#else
#define VECTORS
#endif

bool ulp_is_scaled_chain(const ulp_mma *m)
{
  return m->scales == 1 && m->record->scale_block == m->k &&
         m->scale.man_bits == 0 && !m->record->c_last && ulp_packable(m) &&
         m->a.bits <= 8 && m->b.bits <= 8;
}

/* ---- scales ------------------------------------------------------------- */

/* Of rows side by side, [group][chunk][lane]: 2^e and 2^-e; where a lane is
 * strange, 1. */
typedef struct {
  size_t lanes;
  float *scale, *inverse;
  uint64_t *strange; /* [group][chunk] */
} scales;

static void free_scales(scales *s)
{
  free(s->scale);
  free(s->inverse);
  free(s->strange);
}

static void set_scale(scales *s, size_t at, size_t lane, int e)
{
  bool strange = abs(e) > FAR; /* a NaN, 255, is too */
  if (strange)
    s->strange[at] |= UINT64_C(1) << lane;
  s->scale[at * s->lanes + lane] = strange ? 1.0F : ldexpf(1, e);
  s->inverse[at * s->lanes + lane] = strange ? 1.0F : ldexpf(1, -e);
}

static bool make_scales(scales *s, const ulp_scaled_product *x, bool is_b,
                        size_t chunks)
{
  size_t rows = is_b ? x->cols : x->rows, lanes = is_b ? LANES : ULP_ROWS;
  const uint8_t *code = is_b ? x->sb : x->sa;
  size_t groups = (rows + lanes - 1) / lanes;
  s->lanes = lanes;
  s->scale = malloc((groups * chunks * lanes + 1) * sizeof *s->scale);
  s->inverse = malloc((groups * chunks * lanes + 1) * sizeof *s->inverse);
  s->strange = calloc(groups * chunks + 1, sizeof *s->strange);
  if (!s->scale || !s->inverse || !s->strange)
    return false;
  for (size_t i = 0; i < groups * lanes; i++)
    for (size_t l = 0; l < chunks; l++)
      set_scale(s, i / lanes * chunks + l, i % lanes,
                i < rows ? (int)code[i * chunks + l] - x->m->scale.bias : 0);
  return true;
}

/* ---- an instruction ------------------------------------------------------ */

typedef struct {
  const ulp_scaled_product *x;
  size_t chunks;
  ulp_packed a, b;
  scales sa, sb;
} work;

typedef float tile[ULP_ROWS][LANES];

/* out = c / scale, 0 where that is left to the reference, and which these are;
 * whether there are any. */
VECTORS
static bool divide(float *restrict out, uint32_t *restrict left,
                   const float *restrict c, float row,
                   const float *restrict columns)
{
  uint32_t any = 0;
  for (int l = 0; l < LANES; l++) {
    float y = c[l] * (row * columns[l]);
    uint32_t from, to;
    memcpy(&from, &c[l], sizeof from);
    memcpy(&to, &y, sizeof to);
    uint32_t e = from << 1 >> 24, f = to << 1 >> 24;
    bool outside = (e - LEAST > MOST - LEAST) | (f - LEAST > MOST - LEAST);
    left[l] = (outside & (from << 1 != 0)) ? UINT32_MAX : 0;
    to &= ~left[l];
    memcpy(&out[l], &to, sizeof to);
    any |= left[l];
  }
  return any != 0;
}

VECTORS
static void multiply(float *restrict out, const float *restrict y, float row,
                     const float *restrict columns)
{
  for (int l = 0; l < LANES; l++)
    out[l] = y[l] * (row * columns[l]);
}

/* What divide left, and rows or columns of strange scales. */
static void repair(const work *w, size_t rows, size_t group, size_t chunk,
                   uint32_t left[ULP_ROWS][LANES], tile c, tile d)
{
  uint64_t row = w->sa.strange[rows * w->chunks + chunk];
  uint64_t column = w->sb.strange[group * w->chunks + chunk];
  for (size_t r = 0; r < ULP_ROWS; r++)
    for (size_t l = 0; l < LANES; l++) {
      size_t i = rows * ULP_ROWS + r, j = group * LANES + l;
      if (i < w->x->rows && j < w->x->cols &&
          (left[r][l] || ((row >> r | column >> l) & 1)))
        d[r][l] = (float)ulp_scaled_reference(w->x, i, j, chunk,
                                              (double)c[r][l]);
    }
}

static void run_instruction(const work *w, size_t rows, size_t group,
                            size_t chunk, tile c)
{
  size_t i = rows * w->chunks + chunk, j = group * w->chunks + chunk;
  const float *columns = w->sb.scale + j * LANES;
  const float *inverse = w->sb.inverse + j * LANES;
  uint32_t left[ULP_ROWS][LANES];
  tile y, d;
  bool any = w->sa.strange[i] || w->sb.strange[j];
  for (size_t r = 0; r < ULP_ROWS; r++)
    any |= divide(y[r], left[r], c[r], w->sa.inverse[i * ULP_ROWS + r],
                  inverse);
  ulp_chain_rows(&w->a, rows, &w->b, group, chunk, chunk + 1, y);
  for (size_t r = 0; r < ULP_ROWS; r++)
    multiply(d[r], y[r], w->sa.scale[i * ULP_ROWS + r], columns);
  if (any)
    repair(w, rows, group, chunk, left, c, d);
  memcpy(c, d, sizeof d);
}

/* ---- blocks -------------------------------------------------------------- */

/* Rows of a block, in groups of ULP_ROWS. */
typedef float block[ROWS / ULP_ROWS][ULP_ROWS][LANES];

/* Copies C to the block, or the block to D. */
static void exchange(const work *w, block c, size_t row, size_t group,
                     bool store)
{
  const ulp_scaled_product *x = w->x;
  for (size_t i = 0; i < ROWS && row + i < x->rows; i++)
    for (size_t l = 0; l < LANES && group * LANES + l < x->cols; l++) {
      float *here = &c[i / ULP_ROWS][i % ULP_ROWS][l];
      if (store)
        ulp_scaled_store(x, row + i, group * LANES + l, (double)*here);
      else
        *here = ulp_scaled_c(x, row + i, group * LANES + l);
    }
}

static void run_block(const work *w, size_t row, size_t group)
{
  block c;
  memset(c, 0, sizeof c);
  exchange(w, c, row, group, false);
  for (size_t l = 0; l < w->chunks; l += BLOCK)
    for (size_t g = 0; g < ROWS / ULP_ROWS; g++)
      for (size_t i = l; i < l + BLOCK && i < w->chunks; i++)
        if (row + g * ULP_ROWS < w->x->rows)
          run_instruction(w, row / ULP_ROWS + g, group, i, c[g]);
  exchange(w, c, row, group, true);
}

ulp_status ulp_scaled_chains_run(const ulp_scaled_product *x)
{
  size_t k = (size_t)x->m->k;
  work w = {.x = x, .chunks = (x->k + k - 1) / k};
  ulp_status s = ulp_pack_operand(&w.a, x->m, false, x->a, x->rows, x->k);
  if (s == ULP_OK)
    s = ulp_pack_operand(&w.b, x->m, true, x->b, x->cols, x->k);
  if (s == ULP_OK && (!make_scales(&w.sa, x, false, w.chunks) ||
                      !make_scales(&w.sb, x, true, w.chunks)))
    s = ULP_ENOMEM;
  for (size_t g = 0; s == ULP_OK && g * LANES < x->cols; g++)
    for (size_t i = 0; i < x->rows; i += ROWS)
      run_block(&w, i, g);
  ulp_packed_free(&w.a);
  ulp_packed_free(&w.b);
  free_scales(&w.sa);
  free_scales(&w.sb);
  return s;
}
