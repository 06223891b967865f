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

/* Rows of a panel: its operands stay in the caches for moderate K. */
enum { PANEL = 64 };

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

/* ---- one group of outputs ---------------------------------------------------------- */

/* Row `row` of panel A by the lanes of a group of panel B. */
typedef struct {
  const ulp_panels *p;
  size_t i, j, row, group, lanes;
} place;

/* y + p, or what the kernel does under block scales. */
static float join(const place *at, size_t lane, size_t k, float y, float p,
                  bool first)
{
  const ulp_gemm *g = at->p->g;
  bool taken = first && g->order->first == ULP_FIRST_TAKEN;
  if (!ulp_has_block_scales(at->p->x))
    return taken ? p : y + p;
  float sa = ulp_scale_a(at->p->x, at->i, k);
  float sb = ulp_scale_b(at->p->x, at->j + lane, k);
  switch (g->order->blocks) {
  case ULP_BLOCKS_FMA: return taken ? p * (sa * sb) : fmaf(p, sa * sb, y);
  case ULP_BLOCKS_FMA_LEFT: return taken ? p * sa * sb : fmaf(p * sa, sb, y);
  case ULP_BLOCKS_MUL_ADD: return taken ? p * (sa * sb) : y + sa * sb * p;
  case ULP_BLOCKS_REFUSED: break;
  }
  return y;
}

/* The accumulators that a slice starts from. */
static void start(const place *at, size_t from, double acc[ULP_LANES])
{
  const ulp_gemm_data *x = at->p->x;
  for (size_t l = 0; l < ULP_LANES; l++)
    acc[l] = 0;
  if (from == 0 && x->c && at->p->g->order->c == ULP_C_START)
    for (size_t l = 0; l < at->lanes; l++)
      acc[l] = (double)ulp_load_c(x, at->i, at->j + l);
}

static void chain(const place *at, size_t from, size_t to,
                  double acc[ULP_LANES])
{
  size_t k = (size_t)at->p->g->mma.k;
  ulp_chain(&at->p->a, at->row, &at->p->b, at->group, from / k,
            to / k + (to % k != 0), acc);
}

/* Elements from .. to-1 of what is fed; without block scales that may be
 * longer than K. */
static void slice(const place *at, size_t from, size_t to, float y[ULP_LANES])
{
  size_t step = (size_t)at->p->g->promote;
  if (at->p->g->order->feed == ULP_FEED_SPLIT)
    step *= 3;
  if (ulp_has_block_scales(at->p->x) &&
      (step == 0 || step > ULP_SCALES_BLOCK))
    step = ULP_SCALES_BLOCK;
  if (step == 0)
    step = to - from;
  for (size_t k = from; k < to; k += step) {
    double acc[ULP_LANES];
    start(at, k, acc);
    chain(at, k, to - k < step ? to : k + step, acc);
    for (size_t l = 0; l < ULP_LANES; l++)
      y[l] = join(at, l < at->lanes ? l : 0, k, k == from ? 0 : y[l],
                  (float)acc[l], k == from);
  }
}

static void add_slice(const place *at, const float part[ULP_LANES],
                      float y[ULP_LANES])
{
  const ulp_gemm *g = at->p->g;
  for (size_t l = 0; l < at->lanes; l++) {
    float p = g->reduce == ULP_REDUCE_F32 ? part[l]
                                          : ulp_rounded(&g->out, part[l]);
    y[l] += p;
    if (g->reduce == ULP_REDUCE_16_SUMS)
      y[l] = ulp_rounded(&g->out, y[l]);
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
static void finish(const place *at, const float y[ULP_LANES])
{
  const ulp_gemm *g = at->p->g;
  const ulp_gemm_data *x = at->p->x;
  for (size_t l = 0; l < at->lanes; l++) {
    float d = y[l];
    if (ulp_has_scales(x) && !ulp_has_block_scales(x))
      d = scaled(g, x, d, at->i, at->j + l);
    if (x->c && g->order->c == ULP_C_EPILOGUE)
      d += ulp_load_c(x, at->i, at->j + l);
    ulp_store_code(&g->out, x->d, at->i * x->n + at->j + l,
                   ulp_float_code(&g->out, d));
  }
}

static void outputs(const place *at)
{
  const ulp_gemm *g = at->p->g;
  size_t k = at->p->x->k, length = ulp_gemm_slice(g, k);
  size_t from = 0, n = k < length ? k : length;
  float y[ULP_LANES], part[ULP_LANES];
  slice(at, 0, ulp_feed_length(g, n), y);
  if (length < k && g->reduce != ULP_REDUCE_F32)
    for (size_t l = 0; l < at->lanes; l++)
      y[l] = ulp_rounded(&g->out, y[l]);
  for (size_t done = n; done < k; done += n) {
    from += ulp_feed_length(g, n);
    n = k - done < length ? k - done : length;
    slice(at, from, from + ulp_feed_length(g, n), part);
    add_slice(at, part, y);
  }
  finish(at, y);
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
  for (size_t group = 0; group * ULP_LANES < p->cols; group++)
    for (size_t i = row; i < row + rows; i++) {
      size_t left = p->cols - group * ULP_LANES;
      place at = {.p = p,
                  .i = p->first_row + i,
                  .j = p->first_col + group * ULP_LANES,
                  .row = i,
                  .group = group,
                  .lanes = left < ULP_LANES ? left : ULP_LANES};
      outputs(&at);
    }
}

/* All wanted rows of A by the panel's columns. */
static ulp_status run_columns(ulp_panels *p, size_t first_row, size_t rows)
{
  ulp_status status = ulp_panels_load_b(p);
  for (size_t i = 0; status == ULP_OK && i < rows; i += PANEL) {
    p->first_row = first_row + i;
    p->rows = rows - i < PANEL ? rows - i : PANEL;
    status = ulp_panels_load_a(p);
    if (status == ULP_OK)
      ulp_panels_multiply(p, 0, p->rows);
    ulp_panels_free_a(p);
  }
  ulp_panels_free_b(p);
  return status;
}

static ulp_status run_chain(const ulp_gemm *g, const ulp_gemm_data *x,
                            size_t first_row, size_t rows)
{
  ulp_panels p = {.g = g, .x = x};
  ulp_status status = ULP_OK;
  for (; status == ULP_OK && p.first_col < x->n; p.first_col += PANEL) {
    size_t left = x->n - p.first_col;
    p.cols = left < PANEL ? left : PANEL;
    status = run_columns(&p, first_row, rows);
  }
  return status;
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
