/* SPDX-License-Identifier: MIT
 *
 * Orders that chain instructions: a tile of D, whose outputs are cut into
 * slices and pieces as the order says.
 */
#include "gemm_run.h"

#include <string.h>

/* Elements of K of B that stay in the caches while the rows of a tile pass. */
enum { TILE_K = 256 };

typedef float sums[ULP_TILE_ROWS][ULP_LANES];

/* Rows row .. row+rows-1 of panel A, row a multiple of ULP_ROWS, by a group of
 * panel B: D's (i, j) and on. */
typedef struct {
  const ulp_panels *p;
  size_t i, j, row, rows, group, lanes;
} place;

/* The factors of a row of products under block scales: of p, and of p * them.
 * Lanes beyond the last repeat it. */
static void block_scales(const place *at, size_t k, float sb[ULP_LANES])
{
  for (size_t l = 0; l < ULP_LANES; l++)
    sb[l] = l < at->lanes ? ulp_scale_b(at->p->x, at->j + l, k) : 1;
}

/* p by its scales joins y. */
static void join_scaled(const ulp_gemm *g, float y[ULP_LANES],
                        const float p[ULP_LANES], float sa,
                        const float sb[ULP_LANES], bool taken)
{
  bool left = g->order->blocks == ULP_BLOCKS_FMA_LEFT;
  float u[ULP_LANES], v[ULP_LANES];
  for (size_t l = 0; l < ULP_LANES; l++) {
    u[l] = left ? p[l] * sa : p[l];
    v[l] = left ? sb[l] : sa * sb[l];
  }
  if (taken)
    for (size_t l = 0; l < ULP_LANES; l++)
      y[l] = u[l] * v[l];
  else if (g->order->blocks == ULP_BLOCKS_MUL_ADD)
    for (size_t l = 0; l < ULP_LANES; l++)
      y[l] += u[l] * v[l];
  else
    ulp_kernels_now()->fma(y, u, v);
}

/* A piece joins y: y + p, or what the kernel does under block scales. */
static void join(const place *at, size_t k, sums y, sums piece, bool first)
{
  const ulp_gemm *g = at->p->g;
  bool taken = first && g->order->first == ULP_FIRST_TAKEN;
  bool scaled = ulp_has_block_scales(at->p->x);
  float sb[ULP_LANES];
  if (scaled)
    block_scales(at, k, sb);
  for (size_t r = 0; r < at->rows; r++) {
    if (first)
      memset(y[r], 0, sizeof y[r]);
    if (scaled)
      join_scaled(g, y[r], piece[r], ulp_scale_a(at->p->x, at->i + r, k), sb,
                  taken);
    else if (taken)
      memcpy(y[r], piece[r], sizeof y[r]);
    else
      for (size_t l = 0; l < ULP_LANES; l++)
        y[r][l] += piece[r][l];
  }
}

/* The accumulators that a slice starts from. */
static void start(const place *at, size_t from, sums acc)
{
  const ulp_gemm_data *x = at->p->x;
  memset(acc, 0, sizeof(sums));
  if (from == 0 && x->c && at->p->g->order->c == ULP_C_START)
    for (size_t r = 0; r < at->rows; r++)
      for (size_t l = 0; l < at->lanes; l++)
        acc[r][l] = ulp_load_c(x, at->i + r, at->j + l) + 0.0F;
}

static void chain(const place *at, size_t from, size_t to, sums acc)
{
  size_t k = (size_t)at->p->g->mma.k, step = TILE_K > k ? TILE_K / k : 1;
  size_t last = to / k + (to % k != 0);
  for (size_t first = from / k; first < last; first += step)
    for (size_t r = 0; r < at->rows; r += ULP_ROWS)
      ulp_chain_rows(&at->p->a, (at->row + r) / ULP_ROWS, &at->p->b, at->group,
                     first, last - first < step ? last : first + step,
                     acc + r);
}

/* Elements from .. to-1 of what is fed; without block scales that may be
 * longer than K. */
static void slice(const place *at, size_t from, size_t to, sums y)
{
  size_t step = (size_t)at->p->g->promote;
  sums acc;
  if (at->p->g->order->feed == ULP_FEED_SPLIT)
    step *= 3;
  if (ulp_has_block_scales(at->p->x) &&
      (step == 0 || step > ULP_SCALES_BLOCK))
    step = ULP_SCALES_BLOCK;
  if (step == 0)
    step = to - from;
  for (size_t k = from; k < to; k += step) {
    start(at, k, acc);
    chain(at, k, to - k < step ? to : k + step, acc);
    join(at, k, y, acc, k == from);
  }
}

static void add_slice(const place *at, sums part, sums y)
{
  const ulp_gemm *g = at->p->g;
  for (size_t r = 0; r < at->rows; r++)
    for (size_t l = 0; l < at->lanes; l++) {
      y[r][l] += g->reduce == ULP_REDUCE_F32 ? part[r][l]
                                             : ulp_rounded(&g->out, part[r][l]);
      if (g->reduce == ULP_REDUCE_16_SUMS)
        y[r][l] = ulp_rounded(&g->out, y[r][l]);
    }
}

static float scaled(const ulp_gemm *g, const ulp_gemm_data *x, float y,
                    size_t i, size_t j)
{
  float sa = ulp_scale_a(x, i, 0), sb = ulp_scale_b(x, j, 0);
  bool rows = x->kind_a == ULP_SCALES_ROWS || x->kind_b == ULP_SCALES_ROWS;
  return rows && g->order->rows == ULP_ROWS_B_A ? y * sb * sa : y * (sa * sb);
}

/* Scales, C, and the rounding to D. */
static void finish(const place *at, size_t r, const float y[ULP_LANES])
{
  const ulp_gemm *g = at->p->g;
  const ulp_gemm_data *x = at->p->x;
  size_t i = at->i + r;
  for (size_t l = 0; l < at->lanes; l++) {
    float d = y[l];
    if (ulp_has_scales(x) && !ulp_has_block_scales(x))
      d = scaled(g, x, d, i, at->j + l);
    if (x->c && g->order->c == ULP_C_EPILOGUE)
      d += ulp_load_c(x, i, at->j + l);
    ulp_store_code(&g->out, x->d, i * x->n + at->j + l,
                   ulp_float_code(&g->out, d));
  }
}

/* Of the tile's rows skip .. skip+count-1 go to D. */
static void outputs(const place *at, size_t skip, size_t count)
{
  const ulp_gemm *g = at->p->g;
  size_t k = at->p->x->k, length = ulp_gemm_slice(g, k);
  size_t from = 0, n = k < length ? k : length;
  sums y, part;
  slice(at, 0, ulp_feed_length(g, n), y);
  if (length < k && g->reduce != ULP_REDUCE_F32)
    for (size_t r = 0; r < at->rows; r++)
      for (size_t l = 0; l < at->lanes; l++)
        y[r][l] = ulp_rounded(&g->out, y[r][l]);
  for (size_t done = n; done < k; done += n) {
    from += ulp_feed_length(g, n);
    n = k - done < length ? k - done : length;
    slice(at, from, from + ulp_feed_length(g, n), part);
    add_slice(at, part, y);
  }
  for (size_t r = skip; r < skip + count; r++)
    finish(at, r, y[r]);
}

void ulp_panels_multiply(const ulp_panels *p, size_t row, size_t rows)
{
  size_t last = row + rows;
  for (size_t group = 0; group * ULP_LANES < p->cols; group++)
    for (size_t i = row / ULP_ROWS * ULP_ROWS; i < last; i += ULP_TILE_ROWS) {
      size_t left = p->cols - group * ULP_LANES;
      size_t end = last - i < ULP_TILE_ROWS ? last : i + ULP_TILE_ROWS;
      size_t skip = i < row ? row - i : 0;
      place at = {.p = p,
                  .i = p->first_row + i,
                  .j = p->first_col + group * ULP_LANES,
                  .row = i,
                  .rows = end - i,
                  .group = group,
                  .lanes = left < ULP_LANES ? left : ULP_LANES};
      outputs(&at, skip, end - i - skip);
    }
}
