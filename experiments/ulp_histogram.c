/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * experiments/ulp_histogram: by how many units in the last place the outputs
 * of a matrix product are wrong.
 *
 * A series is a set of inputs and an accumulator; a point is a bin of it.
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
    {"k", ULP_COL_INTEGER, "1", "products an output"},
    {"accumulator", ULP_COL_STRING, "",
     "how the products are added; of e4m3, hopper-wgmma is what cuBLASLt does "
     "with fast accumulation and hopper-wgmma-promote-128 without it; of bf16, "
     "hopper-wgmma is what it does"},
    {"evidence", ULP_COL_STRING, "",
     "how the arithmetic is known: definition (no hardware's), measured or "
     "published (emu/orders.c, emu/records.c)"},
    {"bin", ULP_COL_INTEGER, "1",
     "0: the exact sum rounded once; b: 2^(b-1) to 2^b - 1 steps from it, away "
     "from zero; -b: as many toward zero"},
    {"bin_low", ULP_COL_INTEGER, "ulp",
     "its least error, in steps from one f32 number to the next"},
    {"bin_high", ULP_COL_INTEGER, "ulp", "its greatest"},
    {"count", ULP_COL_INTEGER, "1", "outputs in it, all repetitions"},
    {"fraction", ULP_COL_NUMBER, "1", "count over outputs"},
    {"outputs", ULP_COL_INTEGER, "1", "elements of D, all repetitions"},
    {"nonfinite", ULP_COL_INTEGER, "1",
     "of these Inf or NaN, which are in no bin"},
    {0}};

static const ulp_parameter parameters[] = {
    SUM_PARAMETERS("e4m3 bf16"),
    {"accumulators",
     "f32-rne hopper-wgmma hopper-wgmma-promote-128 hopper-mma",
     "names of accumulators, separated by blanks: those of accumulation"},
    {0}};

typedef struct {
  size_t cell, method;
  const accumulator *accumulator;
} series;

typedef struct {
  sum_grid grid;
  series *series;
  size_t series_count;
} state;

/* ---- what is asked ------------------------------------------------------- */

static ulp_status add_method(state *st, const accumulator *a, size_t operand,
                             ulp_error *e)
{
  sum_grid *g = &st->grid;
  size_t each = g->families * g->lengths;
  sum_method *m = &g->methods[g->method_count];
  m->operand = g->cells[operand * each].operand;
  if (!accumulator_takes(a, m->operand->name))
    return ULP_OK;
  ulp_status s = accumulator_find(a, m->operand->name, &m->way, e);
  if (s != ULP_OK)
    return s;
  for (size_t c = operand * each; c < (operand + 1) * each; c++)
    st->series[st->series_count++] = (series){c, g->method_count, a};
  g->method_count++;
  return ULP_OK;
}

static ulp_status add_methods(state *st, const ulp_run *run, ulp_error *e)
{
  const char *list = ulp_run_parameter(run, "accumulators");
  sum_grid *g = &st->grid;
  size_t rows = accumulator_count() * g->operands;
  const accumulator *a;
  st->series = calloc(rows * g->families * g->lengths + 1, sizeof *st->series);
  ulp_status s = sum_grid_methods(g, rows, e);
  if (s == ULP_OK && !st->series)
    s = ulp_error_set(e, ULP_ENOMEM, "out of memory");
  if (s == ULP_OK)
    s = ulp_words_read(list, accumulator_check, NULL, e);
  for (size_t o = 0; o < g->operands; o++)
    for (size_t i = 0; s == ULP_OK && (a = accumulator_row(i)) != NULL; i++)
      if (ulp_words_have(list, a->name))
        s = add_method(st, a, o, e);
  return s;
}

static ulp_status prepare(ulp_run *run, ulp_error *e)
{
  static const sum_defaults defaults[] = {
      [ULP_QUICK] = {1 << 12, 1 << 12, 16, 4},
      [ULP_NORMAL] = {1 << 12, 1 << 12, 64, 4},
      [ULP_FULL] = {1 << 8, 1 << 14, 128, 4},
  };
  state *st = run->state = calloc(1, sizeof *st);
  if (!st)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  sum_grid *g = &st->grid;
  ulp_status s = sum_grid_cells(g, run, &defaults[run->effort], e);
  if (s == ULP_OK)
    s = add_methods(st, run, e);
  if (s == ULP_OK)
    s = sum_grid_open(g, e);
  if (s != ULP_OK)
    return s;
  run->points = (int64_t)(st->series_count * SUM_BINS);
  for (int64_t i = 0; i < run->points; i++)
    if (ulp_run_has(run, i)) {
      const series *of = &st->series[(size_t)i / SUM_BINS];
      sum_grid_need(g, of->cell, of->method);
    }
  return sum_grid_run(g, run, e);
}

static void release(ulp_run *run)
{
  state *st = run->state;
  if (!st)
    return;
  sum_grid_free(&st->grid);
  free(st->series);
  free(st);
  run->state = NULL;
}

/* ---- rows ---------------------------------------------------------------- */

static void print_bin(ulp_text *row, int bin)
{
  int size = abs(bin);
  int64_t near = size ? INT64_C(1) << (size - 1) : 0;
  int64_t far = (INT64_C(1) << size) - 1;
  ulp_csv_integer(row, bin);
  ulp_csv_integer(row, bin < 0 ? -far : near);
  ulp_csv_integer(row, bin < 0 ? -near : far);
}

static ulp_status point(const ulp_run *run, int64_t index, ulp_text *row,
                        ulp_error *e)
{
  const state *st = run->state;
  const series *of = &st->series[(size_t)index / SUM_BINS];
  size_t bin = (size_t)index % SUM_BINS;
  const sum_cell *c = &st->grid.cells[of->cell];
  const sum_method *m = &st->grid.methods[of->method];
  sum_report r = sum_grid_report(&st->grid, of->cell, of->method);
  (void)e;
  sum_print_cell(row, &st->grid, c);
  ulp_csv_integer(row, (int64_t)c->k);
  ulp_csv_string(row, of->accumulator->name);
  ulp_csv_string(row, *of->accumulator->gpu
                          ? ulp_evidence_name(ulp_gemm_evidence(&m->way.gemm))
                          : "definition");
  print_bin(row, (int)bin - SUM_MIDDLE);
  ulp_csv_integer(row, (int64_t)r.steps[bin]);
  ulp_csv_number(row, (double)r.steps[bin] / (double)r.outputs);
  ulp_csv_integer(row, (int64_t)r.outputs);
  ulp_csv_integer(row, (int64_t)r.nonfinite);
  return ULP_OK;
}

const ulp_experiment ulp_experiment_ulp_histogram = {
    .name = "ulp_histogram",
    .question = "By how many units in the last place are the outputs of a "
                "matrix product wrong, and in which direction?",
    .method =
        "Adds the products of accumulation's inputs as each accumulator does, "
        "bit for bit (emu/), and counts how many steps on the line of f32 "
        "numbers an output lies from the exact sum of the same codes rounded "
        "once, away from zero counted positive.  Bins double in width.  K is "
        "4096 (--full each power of 2 from 2^8 to 2^14); D is 64 by 64 "
        "(--quick 16 by 16, --full 128 by 128), in 4 repetitions.  An output "
        "near zero, whose ulps are small, is off by more of them than others.",
    .source = "D. Goldberg, What Every Computer Scientist Should Know About "
              "Floating-Point Arithmetic, ACM Computing Surveys 23(1), 1991, "
              "1.2 (ulps); DeepSeek-V3 Technical Report, arXiv:2412.19437, "
              "3.3.2",
    .columns = columns,
    .parameters = parameters,
    .default_seed = 1,
    .takes_tensor = true,
    .prepare = prepare,
    .point = point,
    .release = release,
};
