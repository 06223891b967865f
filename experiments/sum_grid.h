/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Products of one set of inputs by many accumulators: what the experiments
 * about accumulation share.  The exact product of an input is computed once
 * for all of them.
 */
#ifndef ULPLAB_EXPERIMENTS_SUM_GRID_H
#define ULPLAB_EXPERIMENTS_SUM_GRID_H

#include "sum_errors.h"

/* One set of inputs; a repetition draws it anew. */
typedef struct {
  const ulp_recipe_type *operand;
  ulp_family family;
  size_t k;
} sum_cell;

/* A way to add.  It is run on cells of its operand alone. */
typedef struct {
  const ulp_recipe_type *operand;
  sum_way way;
} sum_method;

typedef struct {
  size_t m, n, repetitions; /* of each cell: outputs, and how often */
  sum_cell *cells;    /* [operand][family][K] */
  size_t cell_count, operands, families, lengths;
  sum_method *methods;
  size_t method_count;
  sum_weights weights; /* of B under --tensor */
  bool *needed;       /* [cell][method] */
  sum_errors *errors; /* [cell][method][repetition] */
} sum_grid;

/* The parameters operands, data, lengths, rows, columns, repetitions of the
 * run make the cells: operand by operand, family by family, K by K.  `most`:
 * K without --lengths is each power of 2 from `least` to it.  Under --tensor
 * K is no more than the tensor's last dimension, and repetition i has its rows
 * from i n on. */
typedef struct {
  size_t least, most; /* K */
  size_t side;        /* rows and columns */
  size_t repetitions;
} sum_defaults;
ULP_MUST_CHECK ulp_status sum_grid_cells(sum_grid *g, const ulp_run *run,
                                         const sum_defaults *d, ulp_error *e);
/* The parameter lambda. */
ULP_MUST_CHECK ulp_status sum_read_lambda(const ulp_run *run, double *out,
                                          ulp_error *e);
/* Room for `count` methods; the caller fills and counts them. */
ULP_MUST_CHECK ulp_status sum_grid_methods(sum_grid *g, size_t count,
                                           ulp_error *e);
/* Room for `needed`, all false, and `errors`; then the caller says what. */
ULP_MUST_CHECK ulp_status sum_grid_open(sum_grid *g, ulp_error *e);
/* Computes what is needed, on run->threads threads. */
ULP_MUST_CHECK ulp_status sum_grid_run(sum_grid *g, const ulp_run *run,
                                       ulp_error *e);
void sum_grid_free(sum_grid *g);

void sum_grid_need(sum_grid *g, size_t cell, size_t method);
sum_report sum_grid_report(const sum_grid *g, size_t cell, size_t method);

/* Columns and parameters that the experiments have in common. */
#define SUM_PARAMETERS(OPERANDS)                                               \
  {"operands", OPERANDS, "types of A and B: e4m3, e5m2, bf16, f16"},           \
  {"data", "",                                                                 \
   "families of inputs: normal, positive, outlier, wide, cancel; without it, " \
   "the first four; under --tensor they are A's, without it normal"},          \
  {"lengths", "", "values of K; without it, as the method says"},              \
  {"rows", "", "of D; without it, as the method says"},                        \
  {"columns", "", "of D; without it, as many as rows"},                        \
  {"repetitions", "",                                                          \
   "independent products; without it, as the method says"}

#define SUM_CELL_COLUMNS                                                       \
  {"operands", ULP_COL_STRING, "", "type of the elements of A and B"},         \
  {"data", ULP_COL_STRING, "",                                                 \
   "family of inputs: normal, positive, outlier (a column of A in 32 is 64 "   \
   "times as large), wide (uniform exponents); under --tensor A's and, after " \
   "a blank, the tensor that B's rows are from"}

#define SUM_ERROR_COLUMNS                                                      \
  {"outputs", ULP_COL_INTEGER, "1", "elements of D, all repetitions"},         \
  {"nonfinite", ULP_COL_INTEGER, "1",                                          \
   "outputs that overflowed; the error is then INF"},                          \
  {"relative_frobenius", ULP_COL_NUMBER, "1",                                  \
   "|D - A B| / |A B|, Frobenius norms, against the exact product"},           \
  {"relative_frobenius_ci95", ULP_COL_NUMBER, "1",                             \
   "half width of its 95 % confidence interval over the repetitions "          \
   "(Student's)"},                                                             \
  {"bias", ULP_COL_NUMBER, "1",                                                \
   "sum of signed errors / sum of |A B|, an error away from zero counted "     \
   "positive"},                                                                \
  {"bias_ci95", ULP_COL_NUMBER, "1",                                           \
   "half width of the 95 % confidence interval of bias"},                      \
  {"max_error_ulp", ULP_COL_NUMBER, "ulp",                                     \
   "greatest |error|, in units of the exact result's last place in f32"},      \
  {"condition", ULP_COL_NUMBER, "1",                                           \
   "| |A| |B| | / |A B|: 1 where nothing cancels"},                            \
  {"worst_case_bound", ULP_COL_NUMBER, "1",                                    \
   "of relative_frobenius; INF where K u is 1 or more"},                       \
  {"probabilistic_bound", ULP_COL_NUMBER, "1",                                 \
   "lambda sqrt(K) u, of relative_frobenius if roundings were independent "    \
   "and of mean 0"}

void sum_print_cell(ulp_text *row, const sum_grid *g, const sum_cell *c);
void sum_print_errors(ulp_text *row, const sum_report *r, sum_bounds b);
void sum_print_digest(ulp_text *row, const sum_report *r);
void sum_print_number(ulp_text *row, double x); /* empty for NaN */

#endif
