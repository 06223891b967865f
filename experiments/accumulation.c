/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * experiments/accumulation: how the error of a sum grows with its length.
 *
 * A series is a type of operands, a family of inputs and an accumulator; its
 * points are the values of K and, last, the growths fitted to them.  All
 * accumulators of a type see the same inputs.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "accumulators.h"
#include "sum_grid.h"
#include "words.h"

static const ulp_column columns[] = {
    {"point", ULP_COL_INTEGER, "1", "index of the point in the whole sweep"},
    SUM_CELL_COLUMNS,
    {"accumulator", ULP_COL_STRING, "", "how the products are added"},
    {"evidence", ULP_COL_STRING, "",
     "how the arithmetic is known: definition (no hardware's), measured or "
     "published (emu/orders.c, emu/records.c)"},
    {"statistic", ULP_COL_STRING, "",
     "error: of one K; growth: the exponent over several"},
    {"k", ULP_COL_INTEGER, "1",
     "products an output; growth: the greatest K of the fit"},
    SUM_ERROR_COLUMNS,
    {"digest", ULP_COL_STRING, "",
     "of the f32 codes of the first repetition's D, as in the captures under "
     "tests/vectors/h200"},
    {"growth_exponent", ULP_COL_NUMBER, "1",
     "b of relative_frobenius = a K^b, least squares of the logarithms over "
     "the K from 2^10 to 2^17, and in a row of its own those from there on, "
     "whose error is above 0 and below 1/4"},
    {"growth_exponent_ci95", ULP_COL_NUMBER, "1",
     "half width of its 95 % confidence interval (Student's, of the "
     "deviations from the line)"},
    {"growth_from_k", ULP_COL_INTEGER, "1", "the least K of the fit"},
    {"growth_points", ULP_COL_INTEGER, "1", "how many K it has"},
    {0}};

static const ulp_parameter parameters[] = {
    SUM_PARAMETERS("e4m3 bf16"),
    {"accumulators", "",
     "names of accumulators, separated by blanks; without it, all"},
    {"lambda", "1", "of the probabilistic bound"},
    {0}};

typedef struct {
  const accumulator *accumulator;
  size_t operand, family, method; /* operand: index */
} series;

typedef struct {
  sum_grid grid;
  const accumulator **names; /* by method */
  series *series;
  size_t series_count, growths; /* growths: of each series */
  double lambda;
} state;

/* Windows of K for the growth: fixed, so that --quick and --full say the same;
 * and what comes after, where rounding to nearest drifts too. */
enum { WINDOWS = 2 };
static const double window[WINDOWS][2] = {{0x1p10, 0x1p17}, {0x1p17, 1e18}};

static size_t points_each(const state *st)
{
  return st->grid.lengths + st->growths;
}

static void count_growths(state *st)
{
  st->growths = 1;
  for (size_t l = 0; l < st->grid.lengths; l++)
    if ((double)st->grid.cells[l].k > window[0][1])
      st->growths = WINDOWS;
}

static size_t cell_of(const state *st, const series *s, size_t length)
{
  const sum_grid *g = &st->grid;
  return (s->operand * g->families + s->family) * g->lengths + length;
}

/* ---- what is asked ----------------------------------------------------- */

static ulp_status add_method(state *st, const accumulator *a, size_t operand,
                             ulp_error *e)
{
  sum_grid *g = &st->grid;
  sum_method *m = &g->methods[g->method_count];
  m->operand = g->cells[operand * g->families * g->lengths].operand;
  if (!accumulator_takes(a, m->operand->name))
    return ULP_OK;
  ulp_status s = accumulator_find(a, m->operand->name, &m->way, e);
  if (s != ULP_OK)
    return s;
  for (size_t f = 0; f < g->families; f++)
    st->series[st->series_count++] =
        (series){a, operand, f, g->method_count};
  st->names[g->method_count++] = a;
  return ULP_OK;
}

static int by_family(const void *a, const void *b)
{
  const series *x = a, *y = b;
  if (x->operand != y->operand)
    return x->operand < y->operand ? -1 : 1;
  if (x->family != y->family)
    return x->family < y->family ? -1 : 1;
  return x->method < y->method ? -1 : 1;
}

static ulp_status add_methods(state *st, const ulp_run *run, ulp_error *e)
{
  const char *list = ulp_run_parameter(run, "accumulators");
  const accumulator *a;
  size_t rows = accumulator_count() * st->grid.operands;
  st->names = calloc(rows + 1, sizeof *st->names);
  st->series = calloc(rows * st->grid.families + 1, sizeof *st->series);
  ulp_status s = sum_grid_methods(&st->grid, rows, e);
  if (s == ULP_OK && (!st->names || !st->series))
    s = ulp_error_set(e, ULP_ENOMEM, "out of memory");
  if (s == ULP_OK)
    s = ulp_words_read(list, accumulator_check, NULL, e);
  for (size_t o = 0; o < st->grid.operands; o++)
    for (size_t i = 0; s == ULP_OK && (a = accumulator_row(i)) != NULL; i++)
      if (ulp_words_have(list, a->name))
        s = add_method(st, a, o, e);
  if (s == ULP_OK)
    qsort(st->series, st->series_count, sizeof *st->series, by_family);
  return s;
}

/* A growth needs the whole series. */
static void mark_needed(state *st, const ulp_run *run)
{
  sum_grid *g = &st->grid;
  int64_t each = (int64_t)points_each(st);
  for (size_t i = 0; i < st->series_count; i++) {
    int64_t first = (int64_t)i * each;
    bool growth = false;
    for (int64_t l = (int64_t)g->lengths; l < each; l++)
      growth = growth || ulp_run_has(run, first + l);
    for (size_t l = 0; l < g->lengths; l++)
      if (growth || ulp_run_has(run, first + (int64_t)l))
        sum_grid_need(g, cell_of(st, &st->series[i], l),
                      st->series[i].method);
  }
}

static ulp_status prepare(ulp_run *run, ulp_error *e)
{
  static const sum_defaults defaults[] = {
      [ULP_QUICK] = {32, 1 << 14, 8, 4},
      [ULP_NORMAL] = {32, 1 << 17, 8, 4},
      [ULP_FULL] = {32, 1 << 20, 8, 8},
  };
  state *st = calloc(1, sizeof *st);
  run->state = st;
  if (!st)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_status s = sum_read_lambda(run, &st->lambda, e);
  if (s == ULP_OK)
    s = sum_grid_cells(&st->grid, run, &defaults[run->effort], e);
  if (s == ULP_OK)
    s = add_methods(st, run, e);
  if (s == ULP_OK)
    s = sum_grid_open(&st->grid, e);
  if (s != ULP_OK)
    return s;
  count_growths(st);
  run->points = (int64_t)(st->series_count * points_each(st));
  mark_needed(st, run);
  return sum_grid_run(&st->grid, run, e);
}

static void release(ulp_run *run)
{
  state *st = run->state;
  if (!st)
    return;
  sum_grid_free(&st->grid);
  free(st->names);
  free(st->series);
  free(st);
  run->state = NULL;
}

/* ---- rows -------------------------------------------------------------- */

static void print_start(const state *st, const series *s, const char *statistic,
                        ulp_text *row)
{
  const sum_method *m = &st->grid.methods[s->method];
  sum_print_cell(row, &st->grid,
                 &st->grid.cells[cell_of(st, s, 0)]);
  ulp_csv_string(row, s->accumulator->name);
  ulp_csv_string(row, *s->accumulator->gpu
                          ? ulp_evidence_name(ulp_gemm_evidence(&m->way.gemm))
                          : "definition");
  ulp_csv_string(row, statistic);
}

static void skip(ulp_text *row, int fields)
{
  while (fields-- > 0)
    ulp_csv_empty(row);
}

static void print_error(const state *st, const series *s, size_t length,
                        ulp_text *row)
{
  size_t cell = cell_of(st, s, length), k = st->grid.cells[cell].k;
  const sum_method *m = &st->grid.methods[s->method];
  sum_report r = sum_grid_report(&st->grid, cell, s->method);
  print_start(st, s, "error", row);
  ulp_csv_integer(row, (int64_t)k);
  sum_print_errors(row, &r, sum_bounds_of(&m->way, k, st->lambda));
  sum_print_digest(row, &r);
  skip(row, 4);
}

static ulp_status print_growth(const state *st, const series *s,
                               const double within[2], ulp_text *row,
                               ulp_error *e)
{
  size_t n = st->grid.lengths;
  double *k = calloc(2 * n + 1, sizeof *k), *error = k + n;
  if (!k)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  for (size_t l = 0; l < n; l++) {
    size_t cell = cell_of(st, s, l);
    k[l] = (double)st->grid.cells[cell].k;
    error[l] = sum_grid_report(&st->grid, cell, s->method).frobenius;
  }
  sum_growth g = sum_growth_of(k, error, n, within[0], within[1]);
  free(k);
  print_start(st, s, "growth", row);
  sum_print_number(row, g.points ? g.to : NAN);
  skip(row, 11);
  sum_print_number(row, g.exponent);
  sum_print_number(row, g.ci95);
  sum_print_number(row, g.points ? g.from : NAN);
  ulp_csv_integer(row, (int64_t)g.points);
  return ULP_OK;
}

static ulp_status point(const ulp_run *run, int64_t index, ulp_text *row,
                        ulp_error *e)
{
  const state *st = run->state;
  size_t each = points_each(st), at = (size_t)index % each;
  const series *s = &st->series[(size_t)index / each];
  if (at >= st->grid.lengths)
    return print_growth(st, s, window[at - st->grid.lengths], row, e);
  print_error(st, s, at, row);
  return ULP_OK;
}

const ulp_experiment ulp_experiment_accumulation = {
    .name = "accumulation",
    .question = "How does the error of a matrix product grow with K, for "
                "each accumulator and kind of data?",
    .method =
        "Makes operands from integers (experiments/recipes.h: the inputs of "
        "the products captured on an H200 are those of their seed, shape and "
        "family), adds the products as each accumulator does, bit for bit "
        "(emu/), and compares with the exact product of the same codes, "
        "summed in integers.  K is each power of 2 from 32 to 2^17 (--quick "
        "2^14, --full 2^20); D is 8 by 8, in 4 repetitions (--full 8).  The "
        "products of fp8 have 8 bits, so that sums in f32 stay exact for long "
        "and their error grows faster at first than it goes on to.  On "
        "positive data beyond K of about 2^17 rounding to nearest loses more "
        "than it gains, as products become smaller than the sum's last place "
        "(stagnation): it leaves the probabilistic bound.  The "
        "worst-case bound is n d / (1 - n d), d = (L+1) 2^-F + r 2^-m for a "
        "block of L products cut to F bits and rounded to m (K u to nearest, "
        "2 K u cut toward zero), and the probabilistic one lambda sqrt(n) "
        "times the root of the squares of d's parts, both times condition.",
    .source =
        "N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2nd "
        "ed., 2002, 3.1; P. Blanchard, N. J. Higham, F. Lopez, T. Mary, S. "
        "Pranesh, Mixed Precision Block Fused Multiply-Add, SIAM J. Sci. "
        "Comput. 42(3), 2020; N. J. Higham, T. Mary, A New Approach to "
        "Probabilistic Rounding Error Analysis, SIAM J. Sci. Comput. 41(5), "
        "2019; M. P. Connolly, N. J. Higham, T. Mary, Stochastic Rounding and "
        "Its Probabilistic Backward Error Analysis, SIAM J. Sci. Comput. "
        "43(1), 2021 (stagnation); DeepSeek-V3 Technical Report, "
        "arXiv:2412.19437, 3.3.2",
    .columns = columns,
    .parameters = parameters,
    .default_seed = 1,
    .takes_tensor = true,
    .prepare = prepare,
    .point = point,
    .release = release,
};
