/* SPDX-License-Identifier: MIT
 *
 * Orders that chain instructions: panels of A and B are decoded once, and
 * each output is cut into slices and pieces as the order says.
 */
#include "gemm_run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "blocks.h"

/* ---- scales ------------------------------------------------------------------ */

static size_t k_blocks(size_t k)
{
  return k / ULP_SCALES_BLOCK + (k % ULP_SCALES_BLOCK != 0);
}

static float scale_at(ulp_gemm_scales kind, const float *s, size_t row,
                      size_t k, size_t all_k)
{
  switch (kind) {
  case ULP_SCALES_NONE: break;
  case ULP_SCALES_ONE: return s[0];
  case ULP_SCALES_ROWS: return s[row];
  case ULP_SCALES_1X128:
    return s[row * k_blocks(all_k) + k / ULP_SCALES_BLOCK];
  case ULP_SCALES_128X128:
    return s[row / ULP_SCALES_BLOCK * k_blocks(all_k) + k / ULP_SCALES_BLOCK];
  }
  return 1;
}

float ulp_scale_a(const ulp_gemm_data *x, size_t i, size_t k)
{
  return scale_at(x->kind_a, x->scale_a, i, k, x->k);
}

float ulp_scale_b(const ulp_gemm_data *x, size_t j, size_t k)
{
  return scale_at(x->kind_b, x->scale_b, j, k, x->k);
}

bool ulp_has_scales(const ulp_gemm_data *x)
{
  return x->kind_a != ULP_SCALES_NONE || x->kind_b != ULP_SCALES_NONE;
}

bool ulp_has_block_scales(const ulp_gemm_data *x)
{
  return x->kind_a >= ULP_SCALES_1X128;
}

/* ---- codes --------------------------------------------------------------------- */

uint64_t ulp_float_code(const ulp_format *f, float y)
{
  return ulp_result_code(f, (double)y);
}

float ulp_rounded(const ulp_format *f, float y)
{
  return (float)ulp_decode(f, ulp_float_code(f, y));
}

float ulp_load_c(const ulp_gemm_data *x, size_t i, size_t j)
{
  return ((const float *)x->c)[i * x->n + j];
}

/* ---- a tile of outputs ------------------------------------------------------ */

/* Rows of A that a group of B is multiplied by while it is in the caches, and
 * elements of K after which it is the next rows' turn. */
enum { TILE_ROWS = 128, TILE_K = 256, GROUPS = TILE_ROWS / ULP_ROWS };

typedef float sums[TILE_ROWS][ULP_LANES];

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

/* ---- panels ---------------------------------------------------------------------------- */

/* K in elements fed: whole slices, and what is left. */
static size_t fed_length(const ulp_gemm *g, size_t k)
{
  size_t length = ulp_gemm_slice(g, k), whole = k / length;
  return whole * ulp_feed_length(g, length) +
         ulp_feed_length(g, k % length);
}

ulp_status ulp_panels_load_a(ulp_panels *p)
{
  const void *array = ulp_feed_rows(p->g, false, p->x->a, p->first_row,
                                    p->rows, p->x->k, p->fed, &p->own_a);
  return array ? ulp_pack_operand(&p->a, &p->g->mma, false, array, p->rows,
                                  p->fed)
               : ULP_ENOMEM;
}

ulp_status ulp_panels_load_b(ulp_panels *p)
{
  p->fed = fed_length(p->g, p->x->k);
  const void *array = ulp_feed_rows(p->g, true, p->x->b, p->first_col,
                                    p->cols, p->x->k, p->fed, &p->own_b);
  return array ? ulp_pack_operand(&p->b, &p->g->mma, true, array, p->cols,
                                  p->fed)
               : ULP_ENOMEM;
}

void ulp_panels_free_a(ulp_panels *p)
{
  ulp_packed_free(&p->a);
  free(p->own_a);
  p->own_a = NULL;
}

void ulp_panels_free_b(ulp_panels *p)
{
  ulp_packed_free(&p->b);
  free(p->own_b);
  p->own_b = NULL;
}

void ulp_panels_multiply(const ulp_panels *p, size_t row, size_t rows)
{
  size_t last = row + rows;
  for (size_t group = 0; group * ULP_LANES < p->cols; group++)
    for (size_t i = row / ULP_ROWS * ULP_ROWS; i < last; i += TILE_ROWS) {
      size_t left = p->cols - group * ULP_LANES;
      size_t end = last - i < TILE_ROWS ? last : i + TILE_ROWS;
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

/* All wanted rows of A by the panel's columns. */
static ulp_status run_columns(ulp_panels *p, size_t first_row, size_t rows)
{
  ulp_status status = ulp_panels_load_b(p);
  for (size_t i = 0; status == ULP_OK && i < rows; i += TILE_ROWS) {
    p->first_row = first_row + i;
    p->rows = rows - i < TILE_ROWS ? rows - i : TILE_ROWS;
    status = ulp_panels_load_a(p);
    if (status == ULP_OK)
      ulp_panels_multiply(p, 0, p->rows);
    ulp_panels_free_a(p);
  }
  ulp_panels_free_b(p);
  return status;
}

/* Columns of a panel of B: what is decoded at once stays below some 64 MiB. */
static size_t panel_columns(size_t k)
{
  size_t lanes = (64 << 20) / 11 / (k + 1) / ULP_LANES * ULP_LANES;
  return lanes < ULP_LANES ? ULP_LANES : lanes;
}

static ulp_status run_chain(const ulp_gemm *g, const ulp_gemm_data *x,
                            size_t first_row, size_t rows)
{
  ulp_panels p = {.g = g, .x = x};
  ulp_status status = ULP_OK;
  size_t step = panel_columns(x->k);
  for (; status == ULP_OK && p.first_col < x->n; p.first_col += step) {
    size_t left = x->n - p.first_col;
    p.cols = left < step ? left : step;
    status = run_columns(&p, first_row, rows);
  }
  return status;
}

size_t ulp_gemm_part(const ulp_gemm *g, size_t m, int threads)
{
  size_t n = threads > 1 ? (size_t)threads : 1;
  bool chain = g->order->kind == ULP_GEMM_CHAIN && g->c.kind != ULP_INTEGER;
  size_t share = chain ? (m + n - 1) / n : 1;
  share = (share + ULP_ROWS - 1) / ULP_ROWS * ULP_ROWS;
  return share < 64 ? 64 : share;
}

ulp_status ulp_gemm_run(const ulp_gemm *g, const ulp_gemm_data *x,
                        size_t first_row, size_t rows)
{
  ulp_status status = ulp_gemm_check(g, x, NULL, 0);
  if (status != ULP_OK)
    return status;
  if (first_row > x->m || rows > x->m - first_row)
    return ULP_EINVAL;
  switch (g->order->kind) {
  case ULP_GEMM_FMA: return ulp_gemm_fma(g, x, first_row, rows);
  case ULP_GEMM_LANES: return ulp_gemm_lanes(g, x, first_row, rows);
  case ULP_GEMM_EXACT: return ulp_gemm_exact(g, x, first_row, rows);
  case ULP_GEMM_CHAIN: break;
  }
  return g->c.kind == ULP_INTEGER ? ulp_gemm_integer(g, x, first_row, rows)
                                  : run_chain(g, x, first_row, rows);
}
