/* SPDX-License-Identifier: MIT
 *
 * Orders without tensor cores.  Those of fused multiply-adds work on blocks of
 * outputs, which lie side by side in vectors (fma_gemm.h).
 */
#include "gemm_run.h"

#include <stdlib.h>
#include <string.h>

#include "blocks.h"
#include "exact.h"
#include "fma_gemm.h"
#include "room.h"

/* ---- operands ------------------------------------------------------------------- */

/* Every code's value, where that is less work than every element; else NULL. */
static float *make_table(const ulp_format *f, size_t n)
{
  size_t codes = f->bits <= 16 ? (size_t)1 << f->bits : SIZE_MAX;
  float *table = codes <= n ? malloc(codes * sizeof *table) : NULL;
  for (size_t c = 0; table && c < codes; c++)
    table[c] = (float)ulp_decode(f, c);
  return table;
}

static void decode(float *out, const ulp_format *f, const float *table,
                   const void *array, size_t first, size_t n)
{
  if (f->storage_bytes == 4 && f->exp_bits == 8 && f->man_bits == 23) {
    memcpy(out, (const float *)array + first, n * sizeof *out);
    return;
  }
  for (size_t i = 0; i < n; i++) {
    uint64_t code = ulp_load_code(f, array, first + i);
    out[i] = table ? table[code] : (float)ulp_decode(f, code);
  }
}

/* Which k comes i-th in the order of the lanes: lane after lane, each with 4 in
 * every 128. */
enum { LANES = 32, TURN = 4 };

static size_t lane_length(size_t k, size_t lane)
{
  size_t all = LANES * TURN, left = k % all;
  size_t from = lane * TURN, last = left > from ? left - from : 0;
  return k / all * TURN + (last < TURN ? last : TURN);
}

static void sort_lanes(float *out, const float *x, size_t k)
{
  for (size_t lane = 0; lane < LANES; lane++) {
    size_t n = lane_length(k, lane);
    for (size_t i = 0; i < n; i++)
      *out++ = x[i / TURN * LANES * TURN + lane * TURN + i % TURN];
  }
}

/* ---- blocks of outputs --------------------------------------------------------- */

/* Rows of A that are decoded at once; outputs of a block, parts included. */
enum { ROWS = 64, BLOCK = 65536 };

typedef struct {
  const ulp_gemm *g;
  const ulp_gemm_data *x;
  bool lanes;
  float *table_a, *table_b;
  float *panels, *line; /* of B; one row, decoded */
  float *a;             /* [ROWS][k] */
  float *y, *part;      /* [rows][columns]; part: of each lane */
  size_t columns;       /* of a block */
} work;

/* n rows of an operand from `first` on, k sorted as the chains take it. */
static void load_rows(const work *w, float *out, const ulp_format *f,
                      const float *table, const void *array, size_t first,
                      size_t n)
{
  size_t k = w->x->k;
  for (size_t i = 0; i < n; i++) {
    float *to = w->lanes ? w->line : out + i * k;
    decode(to, f, table, array, (first + i) * k, k);
    if (w->lanes)
      sort_lanes(out + i * k, w->line, k);
  }
}

static bool load_panels(const work *w)
{
  size_t k = w->x->k, n = w->x->n;
  float *rows = malloc((ULP_FMA_COLUMNS * k + 1) * sizeof *rows);
  for (size_t j = 0; rows && j < n; j += ULP_FMA_COLUMNS) {
    size_t count = n - j < ULP_FMA_COLUMNS ? n - j : ULP_FMA_COLUMNS;
    load_rows(w, rows, &w->g->b, w->table_b, w->x->b, j, count);
    ulp_fma_pack(w->panels + j * k, rows, count, k);
  }
  free(rows);
  return rows != NULL;
}

/* y += elements from .. from+k-1 of K: rows of A by columns col .. */
static void multiply(const work *w, float *y, size_t rows, size_t col,
                     size_t columns, size_t from, size_t k)
{
  ulp_fma_job job = {.y = y, .x = w->a + from,
                     .panels = w->panels + col * w->x->k +
                               from * ULP_FMA_COLUMNS,
                     .y_stride = columns, .x_stride = w->x->k,
                     .panel_stride = w->x->k * ULP_FMA_COLUMNS,
                     .m = rows, .n = columns, .k = k};
  ulp_fma_run(&job);
}

static void clear(float *y, size_t n)
{
  for (size_t i = 0; i < n; i++)
    y[i] = 0;
}

static void round_all(const ulp_format *f, float *y, size_t n)
{
  for (size_t i = 0; i < n; i++)
    y[i] = ulp_rounded(f, y[i]);
}

/* Slices, added forward; y enters as C. */
static void add_slices(const work *w, size_t rows, size_t col, size_t columns)
{
  const ulp_gemm *g = w->g;
  size_t k = w->x->k, length = ulp_gemm_slice(g, k), n = rows * columns;
  bool narrow = length < k && g->reduce != ULP_REDUCE_F32;
  multiply(w, w->y, rows, col, columns, 0, k < length ? k : length);
  if (narrow)
    round_all(&g->out, w->y, n);
  for (size_t from = length; from < k; from += length) {
    clear(w->part, n);
    multiply(w, w->part, rows, col, columns, from,
             k - from < length ? k - from : length);
    if (narrow)
      round_all(&g->out, w->part, n);
    for (size_t i = 0; i < n; i++)
      w->y[i] += w->part[i];
    if (g->reduce == ULP_REDUCE_16_SUMS)
      round_all(&g->out, w->y, n);
  }
}

/* A vector by a matrix, a warp an output; y enters as C. */
static void add_lanes(const work *w, size_t rows, size_t col, size_t columns)
{
  size_t n = rows * columns, from = 0;
  clear(w->part, LANES * n);
  for (size_t lane = 0; lane < LANES; lane++) {
    size_t k = lane_length(w->x->k, lane);
    multiply(w, w->part + lane * n, rows, col, columns, from, k);
    from += k;
  }
  for (size_t half = LANES / 2; half > 0; half /= 2)
    for (size_t i = 0; i < half * n; i++)
      w->part[i] += w->part[i + half * n];
  for (size_t i = 0; i < n; i++)
    w->y[i] = w->part[i] + w->y[i];
}

static void store(const work *w, size_t row, size_t rows, size_t col,
                  size_t columns)
{
  const ulp_gemm_data *x = w->x;
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < columns; j++) {
      float y = w->y[i * columns + j];
      if (ulp_has_scales(x))
        y *= ulp_scale_a(x, row + i, 0) * ulp_scale_b(x, col + j, 0);
      ulp_store_code(&w->g->out, x->d, (row + i) * x->n + col + j,
                     ulp_float_code(&w->g->out, y));
    }
}

static void run_rows(const work *w, size_t row, size_t rows)
{
  const ulp_gemm_data *x = w->x;
  load_rows(w, w->a, &w->g->a, w->table_a, x->a, row, rows);
  for (size_t col = 0; col < x->n; col += w->columns) {
    size_t columns = x->n - col < w->columns ? x->n - col : w->columns;
    for (size_t i = 0; i < rows; i++)
      for (size_t j = 0; j < columns; j++)
        w->y[i * columns + j] = x->c ? ulp_load_c(x, row + i, col + j) : 0;
    if (w->lanes)
      add_lanes(w, rows, col, columns);
    else
      add_slices(w, rows, col, columns);
    store(w, row, rows, col, columns);
  }
}

static ulp_status run(const ulp_gemm *g, const ulp_gemm_data *x, bool lanes,
                      size_t first_row, size_t rows)
{
  size_t most = rows < ROWS ? rows : ROWS, parts = lanes ? LANES : 1;
  /* Whole panels; fewer where each lane has its part. */
  work w = {.g = g, .x = x, .lanes = lanes, .columns = BLOCK / ROWS / parts};
  size_t block = most * w.columns;
  w.table_a = make_table(&g->a, rows * x->k);
  w.table_b = make_table(&g->b, x->n * x->k);
  w.panels = ulp_room(ulp_fma_panels_size(x->n, x->k), sizeof *w.panels);
  w.line = malloc((x->k + 1) * sizeof *w.line);
  w.a = malloc((most * x->k + 1) * sizeof *w.a);
  w.y = malloc((block + 1) * sizeof *w.y);
  w.part = malloc((parts * block + 1) * sizeof *w.part);
  bool ready = w.panels && w.line && w.a && w.y && w.part && load_panels(&w);
  for (size_t i = 0; ready && i < rows; i += most)
    run_rows(&w, first_row + i, rows - i < most ? rows - i : most);
  free(w.table_a);
  free(w.table_b);
  free(w.panels);
  free(w.line);
  free(w.a);
  free(w.y);
  free(w.part);
  return ready ? ULP_OK : ULP_ENOMEM;
}

ulp_status ulp_gemm_fma(const ulp_gemm *g, const ulp_gemm_data *x,
                        size_t first_row, size_t rows)
{
  return run(g, x, false, first_row, rows);
}

ulp_status ulp_gemm_lanes(const ulp_gemm *g, const ulp_gemm_data *x,
                          size_t first_row, size_t rows)
{
  return run(g, x, true, first_row, rows);
}

/* ---- exact -------------------------------------------------------------------------- */

static uint64_t exact_code(const ulp_format *f, const ulp_sum *s)
{
  static const ulp_rounding rne = {.overflow = ULP_OVERFLOW_INF};
  ulp_exact value = ulp_sum_value(s);
  return value.cls == ULP_CLASS_NAN ? ulp_acc_nan(f)
                                    : ulp_round_pack(f, &value, &rne, 0);
}

static void sum_products(const ulp_gemm *g, const ulp_gemm_data *x, size_t i,
                         size_t j, ulp_sum *s)
{
  int factors = ulp_has_scales(x) ? 4 : 2;
  for (size_t k = 0; k < x->k; k++) {
    ulp_exact f[4];
    f[0] = ulp_unpack(&g->a, ulp_load_code(&g->a, x->a, i * x->k + k));
    f[1] = ulp_unpack(&g->b, ulp_load_code(&g->b, x->b, j * x->k + k));
    if (factors == 4) {
      f[2] = ulp_from_f32(ulp_scale_a(x, i, k));
      f[3] = ulp_from_f32(ulp_scale_b(x, j, k));
    }
    ulp_sum_add_product(s, f, factors);
  }
}

ulp_status ulp_gemm_exact(const ulp_gemm *g, const ulp_gemm_data *x,
                          size_t first_row, size_t rows)
{
  ulp_sum *s = malloc(sizeof *s);
  if (!s)
    return ULP_ENOMEM;
  for (size_t i = first_row; i < first_row + rows; i++)
    for (size_t j = 0; j < x->n; j++) {
      ulp_sum_clear(s);
      if (x->c) {
        ulp_exact c = ulp_from_f32(ulp_load_c(x, i, j));
        ulp_sum_add_product(s, &c, 1);
      }
      sum_products(g, x, i, j, s);
      ulp_store_code(&g->out, x->d, i * x->n + j, exact_code(&g->out, s));
    }
  free(s);
  return ULP_OK;
}
