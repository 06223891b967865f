/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * experiments/accumulator_width: how many bits of fraction an accumulator
 * needs.
 *
 * A point is a type of operands, a family of inputs, a K, a block, a rounding
 * and a target, the target varying fastest.  All widths see the same inputs.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "accumulators.h"
#include "sum_grid.h"
#include "words.h"

enum { LEAST = 3, MOST = 23, WIDTHS = MOST - LEAST + 1 };

static const ulp_column columns[] = {
    {"point", ULP_COL_INTEGER, "1", "index of the point in the whole sweep"},
    SUM_CELL_COLUMNS,
    {"k", ULP_COL_INTEGER, "1", "products an output"},
    {"block", ULP_COL_INTEGER, "1", "products added in one step"},
    {"rounding", ULP_COL_STRING, "",
     "of each step's result: rne (nearest even) or rtz (toward zero)"},
    {"target", ULP_COL_NUMBER, "1", "relative Frobenius error asked for"},
    {"fraction_bits", ULP_COL_INTEGER, "bit",
     "the least width from which on every width reaches the target: m of "
     "e8mM, the leading 1 not counted; empty: 23 do not"},
    {"relative_frobenius", ULP_COL_NUMBER, "1", "the error at that width"},
    {"relative_frobenius_ci95", ULP_COL_NUMBER, "1",
     "half width of its 95 % confidence interval over the repetitions "
     "(Student's)"},
    {"relative_frobenius_narrower", ULP_COL_NUMBER, "1",
     "the error with one bit less"},
    {"worst_case_bits", ULP_COL_INTEGER, "bit",
     "the least width at which the worst-case bound reaches the target; "
     "empty: above 23"},
    {"probabilistic_bits", ULP_COL_INTEGER, "bit",
     "the same of the probabilistic bound, lambda 1"},
    {"outputs", ULP_COL_INTEGER, "1", "elements of D, all repetitions"},
    {0}};

static const ulp_parameter parameters[] = {
    SUM_PARAMETERS("e4m3 bf16"),
    {"blocks", "1 32", "products a step, 1 to 256, separated by blanks"},
    {"targets", "1e-1 1e-2 1e-3 1e-4",
     "relative Frobenius errors, separated by blanks"},
    {0}};

static const ulp_mode modes[] = {ULP_RNE, ULP_RTZ};
enum { MODES = 2 };

typedef struct {
  sum_grid grid; /* methods: [operand][block][mode][width] */
  ulp_mma_record *records; /* by method */
  char (*names)[8];        /* of the formats, by width */
  int *blocks;
  double *targets;
  size_t block_count, target_count;
} state;

/* ---- what is asked ----------------------------------------------------- */

static ulp_status add_block(void *data, size_t i, const char *word,
                            ulp_error *e)
{
  state *st = data;
  char *end;
  long v = strtol(word, &end, 10);
  if (*end || v < 1 || v > 256)
    return ulp_error_set(e, ULP_EINVAL, "--blocks %.80s: expected 1 to 256",
                         word);
  st->blocks[i] = (int)v;
  st->block_count = i + 1;
  return ULP_OK;
}

static ulp_status add_target(void *data, size_t i, const char *word,
                             ulp_error *e)
{
  state *st = data;
  char *end;
  double v = strtod(word, &end);
  if (*end || !(v > 0 && v < 1))
    return ulp_error_set(e, ULP_EINVAL, "--targets %.80s: expected a number "
                         "between 0 and 1", word);
  st->targets[i] = v;
  st->target_count = i + 1;
  return ULP_OK;
}

static ulp_status read_lists(state *st, const ulp_run *run, ulp_error *e)
{
  const char *blocks = ulp_run_parameter(run, "blocks");
  const char *targets = ulp_run_parameter(run, "targets");
  st->blocks = calloc(ulp_words_count(blocks) + 1, sizeof *st->blocks);
  st->targets = calloc(ulp_words_count(targets) + 1, sizeof *st->targets);
  if (!st->blocks || !st->targets)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_status s = ulp_words_read(blocks, add_block, st, e);
  if (s == ULP_OK)
    s = ulp_words_read(targets, add_target, st, e);
  if (s == ULP_OK && (st->block_count == 0 || st->target_count == 0))
    s = ulp_error_set(e, ULP_EINVAL, "--%s: expected a number",
                      st->block_count ? "targets" : "blocks");
  return s;
}

/* ---- widths ------------------------------------------------------------ */

/* A block's terms are cut to as many bits as the accumulator has, which is
 * what Hopper does (F = 13, e8m13); one product alone is not cut. */
static ulp_status add_method(state *st, size_t operand, size_t block,
                             size_t mode, size_t width, ulp_error *e)
{
  sum_grid *g = &st->grid;
  sum_method *m = &g->methods[g->method_count];
  ulp_mma_record *r = &st->records[g->method_count++];
  ulp_mma model;
  *r = (ulp_mma_record){.k = st->blocks[block], .block = st->blocks[block],
                        .align = LEAST + (int)width, .floor = ULP_NO_FLOOR,
                        .acc = st->names[width], .acc_mode = modes[mode]};
  m->operand = g->cells[operand * g->families * g->lengths].operand;
  ulp_status s = accumulator_model(r, m->operand->name, &model, &m->way, e);
  if (s == ULP_OK && r->block == 1) {
    m->way.kind = SUM_STEP;
    m->way.step = (step_sum){model.acc, r->acc_mode};
  }
  return s;
}

static ulp_status add_methods(state *st, ulp_error *e)
{
  sum_grid *g = &st->grid;
  size_t count = g->operands * st->block_count * MODES * WIDTHS;
  st->records = calloc(count + 1, sizeof *st->records);
  st->names = calloc(WIDTHS, sizeof *st->names);
  if (!st->records || !st->names)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  for (int w = 0; w < WIDTHS; w++)
    (void)snprintf(st->names[w], sizeof st->names[w], "e8m%d", LEAST + w);
  ulp_status s = sum_grid_methods(g, count, e);
  for (size_t o = 0; o < g->operands; o++)
    for (size_t b = 0; b < st->block_count; b++)
      for (size_t r = 0; r < MODES; r++)
        for (size_t w = 0; s == ULP_OK && w < WIDTHS; w++)
          s = add_method(st, o, b, r, w, e);
  return s;
}

/* ---- points ------------------------------------------------------------ */

typedef struct {
  size_t cell, block, mode, target, method; /* of the least width */
} place;

static place place_of(const state *st, int64_t point)
{
  size_t at[ULP_AXES];
  const sum_grid *g = &st->grid;
  const ulp_sweep sweep = {4, {g->cell_count, st->block_count, MODES,
                               st->target_count}};
  ulp_sweep_at(&sweep, point, at);
  size_t operand = at[0] / (g->families * g->lengths);
  return (place){at[0], at[1], at[2], at[3],
                 ((operand * st->block_count + at[1]) * MODES + at[2]) *
                     WIDTHS};
}

static ulp_status prepare(ulp_run *run, ulp_error *e)
{
  static const sum_defaults defaults[] = {
      [ULP_QUICK] = {1 << 8, 1 << 11, 8, 2},
      [ULP_NORMAL] = {1 << 5, 1 << 14, 8, 4},
      [ULP_FULL] = {1 << 5, 1 << 16, 8, 8},
  };
  state *st = calloc(1, sizeof *st);
  run->state = st;
  if (!st)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  sum_grid *g = &st->grid;
  ulp_status s = read_lists(st, run, e);
  if (s == ULP_OK)
    s = sum_grid_cells(g, run, &defaults[run->effort], e);
  if (s == ULP_OK)
    s = add_methods(st, e);
  if (s == ULP_OK)
    s = sum_grid_open(g, e);
  if (s != ULP_OK)
    return s;
  run->points = (int64_t)(g->cell_count * st->block_count * MODES *
                          st->target_count);
  for (int64_t p = 0; p < run->points; p++)
    for (size_t w = 0; ulp_run_has(run, p) && w < WIDTHS; w++)
      sum_grid_need(g, place_of(st, p).cell, place_of(st, p).method + w);
  return sum_grid_run(g, run, e);
}

static void release(ulp_run *run)
{
  state *st = run->state;
  if (!st)
    return;
  sum_grid_free(&st->grid);
  free(st->records);
  free(st->names);
  free(st->blocks);
  free(st->targets);
  free(st);
  run->state = NULL;
}

/* The least width from which on the error is within the target; WIDTHS: none.
 */
static size_t least_width(const double error[WIDTHS], double target)
{
  size_t w = WIDTHS;
  while (w > 0 && error[w - 1] <= target)
    w--;
  return w;
}

static void print_width(ulp_text *row, size_t w)
{
  if (w < WIDTHS)
    ulp_csv_integer(row, LEAST + (int64_t)w);
  else
    ulp_csv_empty(row);
}

static void print_widths(const state *st, const place *at, double target,
                         ulp_text *row)
{
  double error[WIDTHS], worst[WIDTHS], probable[WIDTHS];
  sum_report r[WIDTHS];
  for (size_t w = 0; w < WIDTHS; w++) {
    const sum_way *way = &st->grid.methods[at->method + w].way;
    sum_bounds b = sum_bounds_of(way, st->grid.cells[at->cell].k, 1);
    r[w] = sum_grid_report(&st->grid, at->cell, at->method + w);
    error[w] = r[w].frobenius;
    worst[w] = b.worst * r[w].condition;
    probable[w] = b.probable * r[w].condition;
  }
  size_t w = least_width(error, target);
  print_width(row, w);
  sum_print_number(row, w < WIDTHS ? error[w] : NAN);
  sum_print_number(row, w < WIDTHS ? r[w].frobenius_ci95 : NAN);
  sum_print_number(row, w > 0 ? error[w - 1] : NAN);
  print_width(row, least_width(worst, target));
  print_width(row, least_width(probable, target));
  ulp_csv_integer(row, (int64_t)r[0].outputs);
}

static ulp_status point(const ulp_run *run, int64_t index, ulp_text *row,
                        ulp_error *e)
{
  const state *st = run->state;
  place at = place_of(st, index);
  const sum_cell *c = &st->grid.cells[at.cell];
  (void)e;
  sum_print_cell(row, &st->grid, c);
  ulp_csv_integer(row, (int64_t)c->k);
  ulp_csv_integer(row, st->blocks[at.block]);
  ulp_csv_string(row, ulp_mode_name((size_t)modes[at.mode]));
  ulp_csv_number(row, st->targets[at.target]);
  print_widths(st, &at, st->targets[at.target], row);
  return ULP_OK;
}

const ulp_experiment ulp_experiment_accumulator_width = {
    .name = "accumulator_width",
    .question = "How many bits of fraction must an accumulator have for a "
                "given error, K and kind of data?",
    .method =
        "Adds the products in accumulators e8m3 to e8m23, one at a time (a "
        "fused multiply-add of that width) or in blocks whose terms are first "
        "cut to as many bits as the accumulator has, as on Hopper, rounds to "
        "nearest or toward zero, and compares with the exact product of the "
        "same codes.  K is each power of 2 from 2^5 to 2^14 (--quick 2^8 to "
        "2^11, --full to 2^16); D is 8 by 8, in 4 repetitions (--quick 2, "
        "--full 8); the inputs and the bounds are those of "
        "experiments/accumulation.",
    .source = "C. Sakr, N. Wang, C.-Y. Chen, J. Choi, A. Agrawal, N. "
              "Shanbhag, K. Gopalakrishnan, Accumulation Bit-Width Scaling "
              "for Ultra-Low Precision Training of Deep Networks, ICLR 2019; "
              "P. Blanchard, N. J. Higham, F. Lopez, T. Mary, S. Pranesh, "
              "SIAM J. Sci. Comput. 42(3), 2020",
    .columns = columns,
    .parameters = parameters,
    .default_seed = 1,
    .takes_tensor = true,
    .prepare = prepare,
    .point = point,
    .release = release,
};
