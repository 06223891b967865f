/* SPDX-License-Identifier: MIT
 *
 * Whole products: panels of A and B are decoded once, and multiplied tile by
 * tile (gemm_tile.c).
 */
#include "gemm_run.h"

#include <stdlib.h>

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
  free(p->own_a);
  const void *array = ulp_feed_rows(p->g, false, p->x->a, p->first_row,
                                    p->rows, p->x->k, p->fed, &p->own_a);
  if (array && p->a.m) {
    ulp_pack_again(&p->a, array, p->rows);
    return ULP_OK;
  }
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

/* All wanted rows of A by the panel's columns. */
static ulp_status run_columns(ulp_panels *p, size_t first_row, size_t rows)
{
  ulp_status status = ulp_panels_load_b(p);
  for (size_t i = 0; status == ULP_OK && i < rows; i += ULP_TILE_ROWS) {
    p->first_row = first_row + i;
    p->rows = rows - i < ULP_TILE_ROWS ? rows - i : ULP_TILE_ROWS;
    status = ulp_panels_load_a(p);
    if (status == ULP_OK)
      ulp_panels_multiply(p, 0, p->rows);
  }
  ulp_panels_free_a(p);
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
  size_t share = g->order->kind == ULP_GEMM_EXACT ? 1 : (m + n - 1) / n;
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
