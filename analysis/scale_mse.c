/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/scale_mse.c: the squared error that a format leaves at a scale,
 * from the histogram, and the scale at which it is least.
 *
 * Rounding to nearest with saturation sends each x to the nearest of the
 * format's values v, so the error is a sum over cells between midpoints of
 *   sum x^2 - 2 v sum x + v^2 n,
 * which prefix sums give without a look at the data.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "histogram.h"

/* ---- cells -------------------------------------------------------------- */

/* The cells that meet the values of one sign, by magnitude: value[0] is the
 * one nearest zero, bound[i] lies between value[i] and value[i + 1].  A value
 * of the other sign is negative here. */
typedef struct {
  size_t n;
  double *value, *bound;
} cell_list;

typedef struct {
  cell_list side[2];
  double *memory;
} cell_table;

static int by_value(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The distinct finite values of f in ascending order. */
static size_t list_values(const ulp_format *f, double *out)
{
  size_t n = 0, distinct = 0;
  for (uint64_t code = 0; code < ulp_code_count(f); code++) {
    ulp_class cls = ulp_unpack(f, code).cls;
    double v = ulp_decode(f, code);
    if (cls <= ULP_CLASS_NORMAL && isfinite(v)) out[n++] = v == 0 ? 0 : v;
  }
  qsort(out, n, sizeof *out, by_value);
  for (size_t i = 0; i < n; i++)
    if (distinct == 0 || out[i] != out[distinct - 1]) out[distinct++] = out[i];
  return distinct;
}

/* Keeps of n ascending values those from the cell of zero upward. */
static void make_cells(cell_list *c, size_t n, double *value, double *bound)
{
  for (size_t i = 0; i + 1 < n; i++)
    bound[i] = 0.5 * value[i] + 0.5 * value[i + 1];
  size_t first = 0;
  while (first + 1 < n && !(bound[first] > 0))
    first++;
  *c = (cell_list){n - first, value + first, bound + first};
}

static bool cells_new(cell_table *t, const ulp_format *f)
{
  size_t codes = (size_t)ulp_code_count(f);
  double *m = malloc(4 * codes * sizeof *m);
  if (!m) return false;
  double *up = m, *down = m + codes;
  size_t n = list_values(f, up);
  for (size_t i = 0; i < n; i++)
    down[i] = -up[n - 1 - i];
  make_cells(&t->side[0], n, up, m + 2 * codes);
  make_cells(&t->side[1], n, down, m + 3 * codes);
  t->memory = m;
  return n > 0;
}

/* ---- error at a scale --------------------------------------------------- */

/* The first cell that reaches above t. */
static size_t cell_above(const cell_list *c, double scale, double t)
{
  size_t low = 0, high = c->n - 1;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (c->bound[middle] * scale > t)
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

static double side_error(const cell_list *c, const ulp_side *side, double scale)
{
  if (side->first > side->last) return 0;
  ulp_bin total = ulp_side_total(side), below = {0, 0, 0};
  double least = side->first == 0 ? 0 : ulp_bin_edge(side->first);
  double error = 0;
  for (size_t i = cell_above(c, scale, least); i < c->n; i++) {
    ulp_bin next =
        i + 1 < c->n ? ulp_side_below(side, c->bound[i] * scale) : total;
    double v = c->value[i] * scale;
    error += (next.s2 - below.s2) - 2 * v * (next.s1 - below.s1) +
             v * v * (next.n - below.n);
    below = next;
    if (below.n >= total.n) break;
  }
  return error;
}

/* Sum of squared errors; the cancellation in the cells may leave a little
 * less than zero where the format is exact. */
static double squared_error(const cell_table *t, const ulp_summary *s,
                            double scale)
{
  double nearest_zero = t->side[0].value[0] * scale;
  double error = side_error(&t->side[0], &s->side[0], scale) +
                 side_error(&t->side[1], &s->side[1], scale) +
                 (double)s->zero * nearest_zero * nearest_zero;
  return error < 0 ? 0 : error;
}

double ulp_scale_mse(const ulp_format *f, double scale, const ulp_summary *s)
{
  cell_table t = {.memory = NULL};
  double result = NAN;
  uint64_t finite = s->count - s->nan - s->inf;
  if (f->bits <= 16 && finite > 0 && cells_new(&t, f)) {
    ulp_summary_complete(s);
    result = squared_error(&t, s, scale) / (double)finite;
  }
  free(t.memory);
  return result;
}

/* ---- the search --------------------------------------------------------- */

/* Grid points an octave and the greatest number of octaves: the range below
 * is at most 8 n wide, n the number of elements. */
enum { PER_OCTAVE = 64, GRID_MAX = 64 * PER_OCTAVE, BASINS = 8 };
#define GRID_RATIO 0x1.fa7c1819e90d8p-1 /* 2^(-1/64) */
#define GOLDEN 0x1.3c6ef372fe95p-1      /* (sqrt(5) - 1) / 2 */

typedef struct {
  const cell_table *cells;
  const ulp_summary *s;
  double tolerance; /* a smaller difference is the rounding of the sums */
  double scale, error;
} search;

static double error_at(const search *q, double scale)
{
  return squared_error(q->cells, q->s, scale);
}

/* Takes the f32 next to `scale` if it is better than the best so far. */
static void offer(search *q, double scale)
{
  double rounded = ulp_scale_to_f32(scale);
  double error = error_at(q, rounded);
  if (error < q->error - q->tolerance) {
    q->error = error;
    q->scale = rounded;
  }
}

/* Where the least error can lie.  For values fixed to cells, the best scale
 * makes the error E = |x|^2 - |y|^2 with <x, y> = |y|^2, y the decoded
 * values.  A format with values +-v does at least as well as y = +-mean|x|,
 * so |y|^2 >= n mean|x|^2, while <x, y> <= v scale n mean|x|: hence
 * v scale >= mean|x| at the best scale.  A factor 4 is left for formats whose
 * two sides differ.  Above 2 amax / v the values repeat with fewer bits. */
static void search_range(const cell_table *t, const ulp_summary *s, double *low,
                         double *high)
{
  *low = FLT_MAX;
  *high = 0;
  for (int k = 0; k < 2; k++) {
    const cell_list *c = &t->side[k];
    double top = c->value[c->n - 1], amax = k == 0 ? s->max : -s->min;
    ulp_bin total = ulp_side_total(&s->side[k]);
    if (!(top > 0) || !(amax > 0)) continue;
    *low = fmin(*low, total.s1 / total.n / top / 4);
    *high = fmax(*high, 2 * (amax / top));
  }
  *low = fmin(fmax(*low, FLT_MIN), FLT_MAX);
  *high = fmin(fmax(*high, 4 * *low), FLT_MAX);
}

/* Golden-section search (J. Kiefer, Proc. AMS 4, 1953): the bracket shrinks
 * to 2^-25 of its width, below the spacing of f32. */
static void refine(search *q, double low, double high)
{
  double a = high - GOLDEN * (high - low), b = low + GOLDEN * (high - low);
  double error_a = error_at(q, a), error_b = error_at(q, b);
  for (int i = 0; i < 36; i++) {
    if (error_a <= error_b) {
      high = b;
      b = a;
      error_b = error_a;
      a = high - GOLDEN * (high - low);
      error_a = error_at(q, a);
    } else {
      low = a;
      a = b;
      error_a = error_b;
      b = low + GOLDEN * (high - low);
      error_b = error_at(q, b);
    }
  }
  offer(q, 0.5 * (low + high));
}

typedef struct {
  double scale, error;
} grid_point;

/* Points in descending order of scale; returns their number. */
static size_t fill_grid(const search *q, grid_point *grid, double low,
                        double high)
{
  size_t n = 0;
  for (double x = high; n < GRID_MAX; x *= GRID_RATIO) {
    grid[n++] = (grid_point){x, error_at(q, x)};
    if (x <= low) break;
  }
  return n;
}

/* Refines around the lowest minima of the grid, lowest first. */
static void refine_basins(search *q, grid_point *grid, size_t n)
{
  size_t chosen[BASINS], count = 0;
  for (size_t i = 0; i < n; i++) {
    double e = grid[i].error;
    if ((i > 0 && grid[i - 1].error < e) ||
        (i + 1 < n && grid[i + 1].error < e))
      continue;
    size_t at = count < BASINS ? count++ : BASINS;
    while (at > 0 && grid[chosen[at - 1]].error > e) {
      if (at < BASINS) chosen[at] = chosen[at - 1];
      at--;
    }
    if (at < BASINS) chosen[at] = i;
  }
  for (size_t j = 0; j < count; j++) {
    size_t i = chosen[j];
    offer(q, grid[i].scale);
    refine(q, grid[i + 1 < n ? i + 1 : i].scale, grid[i > 0 ? i - 1 : 0].scale);
  }
}

double ulp_scale_search(const ulp_format *f, const ulp_summary *s, double amax)
{
  cell_table t = {.memory = NULL};
  grid_point *grid = malloc(GRID_MAX * sizeof *grid);
  double result = NAN;
  if (grid && cells_new(&t, f)) {
    double low, high;
    ulp_summary_complete(s);
    double squares =
        ulp_side_total(&s->side[0]).s2 + ulp_side_total(&s->side[1]).s2;
    search q = {.cells = &t, .s = s, .tolerance = squares * 0x1p-44};
    q.scale = ulp_scale_to_f32(amax / ulp_max(f));
    q.error = error_at(&q, q.scale);
    search_range(&t, s, &low, &high);
    size_t n = fill_grid(&q, grid, low, high);
    refine_basins(&q, grid, n);
    result = q.scale;
  }
  free(grid);
  free(t.memory);
  return result;
}
