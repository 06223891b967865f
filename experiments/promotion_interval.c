/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * experiments/promotion_interval: what taking a narrow accumulator out into
 * f32 every N_c elements of K is worth.
 *
 * A point is a type of operands, a family of inputs, a K and an interval, the
 * interval varying fastest; all intervals see the same inputs.
 */
#include <stdlib.h>
#include <string.h>

#include "accumulators.h"
#include "sum_grid.h"

static const ulp_column columns[] = {
    {"point", ULP_COL_INTEGER, "1", "index of the point in the whole sweep"},
    SUM_CELL_COLUMNS,
    {"k", ULP_COL_INTEGER, "1", "products an output"},
    {"evidence", ULP_COL_STRING, "", "how the arithmetic is known"},
    {"promoted_every", ULP_COL_INTEGER, "1",
     "elements of K between promotions, N_c; empty: never"},
    {"promotions", ULP_COL_INTEGER, "1",
     "f32 additions an output: what the interval costs"},
    SUM_ERROR_COLUMNS,
    {"digest", ULP_COL_STRING, "",
     "of the f32 codes of the first repetition's D, as in the captures under "
     "tests/vectors/h200"},
    {0}};

static const ulp_parameter parameters[] = {
    SUM_PARAMETERS("e4m3 e5m2 bf16"),
    {"lambda", "1", "of the probabilistic bound"},
    {0}};

/* Every power of 2 from one wgmma on; that of the whole of K is "never". */
enum { LEAST = 32, INTERVALS = 20 };

typedef struct {
  size_t cell, method;
  size_t every; /* 0: never */
} interval;

typedef struct {
  sum_grid grid;
  interval *points;
  double lambda;
} state;

static ulp_status add_methods(sum_grid *g, ulp_error *e)
{
  ulp_status s = sum_grid_methods(g, g->operands * INTERVALS, e);
  for (size_t o = 0; s == ULP_OK && o < g->operands; o++)
    for (int i = 0; s == ULP_OK && i < INTERVALS; i++) {
      sum_method *m = &g->methods[g->method_count++];
      const accumulator a = {.name = "wgmma-chain", .gpu = "h200",
                             .order = "wgmma-chain",
                             .promote = i ? LEAST << (i - 1) : 0};
      m->operand = g->cells[o * g->families * g->lengths].operand;
      s = accumulator_find(&a, m->operand->name, &m->way, e);
    }
  return s;
}

/* The intervals below K, then never. */
static size_t add_points(state *st, size_t cell, size_t from)
{
  sum_grid *g = &st->grid;
  size_t first = cell / (g->families * g->lengths) * INTERVALS;
  for (size_t i = 1; i < INTERVALS; i++)
    if ((size_t)LEAST << (i - 1) < g->cells[cell].k)
      st->points[from++] =
          (interval){cell, first + i, (size_t)LEAST << (i - 1)};
  st->points[from++] = (interval){cell, first, 0};
  return from;
}

static ulp_status prepare(ulp_run *run, ulp_error *e)
{
  static const sum_defaults defaults[] = {
      [ULP_QUICK] = {1 << 12, 1 << 12, 16, 4},
      [ULP_NORMAL] = {1 << 12, 1 << 14, 32, 4},
      [ULP_FULL] = {1 << 10, 1 << 16, 32, 8},
  };
  state *st = calloc(1, sizeof *st);
  run->state = st;
  if (!st)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  sum_grid *g = &st->grid;
  ulp_status s = sum_read_lambda(run, &st->lambda, e);
  if (s == ULP_OK)
    s = sum_grid_cells(g, run, &defaults[run->effort], e);
  if (s == ULP_OK)
    s = add_methods(g, e);
  if (s == ULP_OK)
    s = sum_grid_open(g, e);
  st->points = calloc(g->cell_count * INTERVALS + 1, sizeof *st->points);
  if (s == ULP_OK && !st->points)
    s = ulp_error_set(e, ULP_ENOMEM, "out of memory");
  if (s != ULP_OK)
    return s;
  size_t n = 0;
  for (size_t c = 0; c < g->cell_count; c++)
    n = add_points(st, c, n);
  run->points = (int64_t)n;
  for (size_t i = 0; i < n; i++)
    if (ulp_run_has(run, (int64_t)i))
      sum_grid_need(g, st->points[i].cell, st->points[i].method);
  return sum_grid_run(g, run, e);
}

static void release(ulp_run *run)
{
  state *st = run->state;
  if (!st)
    return;
  sum_grid_free(&st->grid);
  free(st->points);
  free(st);
  run->state = NULL;
}

static ulp_status point(const ulp_run *run, int64_t index, ulp_text *row,
                        ulp_error *e)
{
  const state *st = run->state;
  const interval *p = &st->points[index];
  const sum_cell *c = &st->grid.cells[p->cell];
  const sum_method *m = &st->grid.methods[p->method];
  sum_report r = sum_grid_report(&st->grid, p->cell, p->method);
  (void)e;
  sum_print_cell(row, &st->grid, c);
  ulp_csv_integer(row, (int64_t)c->k);
  ulp_csv_string(row, ulp_evidence_name(ulp_gemm_evidence(&m->way.gemm)));
  if (p->every)
    ulp_csv_integer(row, (int64_t)p->every);
  else
    ulp_csv_empty(row);
  ulp_csv_integer(row, p->every ? (int64_t)((c->k - 1) / p->every) : 0);
  sum_print_errors(row, &r, sum_bounds_of(&m->way, c->k, st->lambda));
  sum_print_digest(row, &r);
  return ULP_OK;
}

const ulp_experiment ulp_experiment_promotion_interval = {
    .name = "promotion_interval",
    .question = "How often must Hopper's accumulator be promoted to f32, for "
                "each K and kind of data?",
    .method =
        "Chains wgmma as an H200 does, bit for bit (emu/), takes the "
        "accumulator out into f32 every N_c elements of K and starts it from "
        "0 again, for each power of 2 from 32 to below K and for never, and "
        "compares with the exact product of the same codes.  K is 2^12 to "
        "2^14 (--quick 2^12, --full 2^10 to 2^16); D is 32 by 32 (--quick 16 "
        "by 16), in 4 repetitions (--full 8); the inputs and the bounds are "
        "those of experiments/accumulation.",
    .source = "DeepSeek-V3 Technical Report, arXiv:2412.19437, 3.3.2 (N_c = "
              "128); CUTLASS, mma_promotion_interval; P. Blanchard, N. J. "
              "Higham, F. Lopez, T. Mary, S. Pranesh, SIAM J. Sci. Comput. "
              "42(3), 2020",
    .columns = columns,
    .parameters = parameters,
    .default_seed = 1,
    .takes_tensor = true,
    .prepare = prepare,
    .point = point,
    .release = release,
};
