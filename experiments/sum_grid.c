/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Runs a grid of inputs and accumulators.
 */
#include "sum_grid.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "words.h"

/* The first repetition has the run's own seed, so that the inputs of a
 * captured product can be asked for; the others have one of their own, for
 * each K too, lest points share their elements. */
static uint64_t seed_of(const ulp_run *run, const sum_cell *c, size_t i)
{
  uint64_t key = ulp_name_hash(c->operand->name);
  if (i == 0)
    return run->seed;
  key = key << 32 | ulp_name_hash(ulp_family_names[c->family]);
  return ulp_mix64(ulp_mix64(ulp_mix64(run->seed ^ key) + c->k) + i);
}

static ulp_status multiply(const sum_method *method, const exact_product *p,
                           uint32_t *d, sum_errors *out)
{
  ulp_gemm_data x = {.m = p->spec.m, .n = p->spec.n, .k = p->spec.k,
                     .a = p->a, .b = p->b, .d = d};
  const sum_way *w = &method->way;
  ulp_status s = ULP_OK;
  if (w->kind == SUM_ORDER)
    s = ulp_gemm_run(&w->gemm, &x, 0, x.m);
  if (w->kind == SUM_STEP && !step_sum_run(&w->step, p, d))
    s = ULP_ENOMEM;
  if (s == ULP_OK)
    sum_errors_take(out, p, w->kind == SUM_EXACT ? p->rounded : d);
  return s;
}

static bool cell_is_needed(const sum_grid *g, size_t cell)
{
  for (size_t m = 0; m < g->method_count; m++)
    if (g->needed[cell * g->method_count + m])
      return true;
  return false;
}

/* Repetition `i` of a cell, by every method that is needed. */
static ulp_status run_unit(sum_grid *g, const ulp_run *run, size_t cell,
                           size_t i, ulp_error *e)
{
  const sum_cell *c = &g->cells[cell];
  product_spec spec = {c->operand, c->family, g->m, g->n, c->k,
                       seed_of(run, c, i),
                       g->weights.tensor ? &g->weights : NULL, i * g->n};
  exact_product p;
  uint32_t *d = malloc(g->m * g->n * sizeof *d);
  ulp_status s = exact_product_make(&p, &spec, e);
  if (s == ULP_OK && !d)
    s = ulp_error_set(e, ULP_ENOMEM, "out of memory");
  for (size_t m = 0; s == ULP_OK && m < g->method_count; m++) {
    size_t at = cell * g->method_count + m;
    if (!g->needed[at])
      continue;
    s = multiply(&g->methods[m], &p, d, &g->errors[at * g->repetitions + i]);
    if (s != ULP_OK)
      ulp_error_set(e, s, "K = %zu: %s", c->k, ulp_strerror(s));
  }
  exact_product_free(&p);
  free(d);
  return s;
}

/* The longest first, so that no thread is left with it at the end. */
static int by_length(const void *a, const void *b)
{
  const size_t *x = a, *y = b; /* K, cell */
  return x[0] != y[0] ? (x[0] < y[0] ? 1 : -1) : x[1] < y[1] ? -1 : 1;
}

static size_t *order_of_cells(const sum_grid *g)
{
  size_t *order = calloc(2 * g->cell_count + 1, sizeof *order);
  for (size_t i = 0; order && i < g->cell_count; i++) {
    order[2 * i] = g->cells[i].k;
    order[2 * i + 1] = i;
  }
  if (order)
    qsort(order, g->cell_count, 2 * sizeof *order, by_length);
  return order;
}

ulp_status sum_grid_run(sum_grid *g, const ulp_run *run, ulp_error *e)
{
  size_t *order = order_of_cells(g), units = g->cell_count * g->repetitions;
  ulp_error first = {.status = ULP_OK};
  size_t failed = units;
  if (!order)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
#ifdef _OPENMP
#pragma omp parallel for schedule(dynamic) num_threads(run->threads)
#endif
  for (size_t u = 0; u < units; u++) {
    ulp_error why = {.status = ULP_OK};
    size_t cell = order[2 * (u / g->repetitions) + 1];
    if (!cell_is_needed(g, cell) ||
        run_unit(g, run, cell, u % g->repetitions, &why) == ULP_OK)
      continue;
#ifdef _OPENMP
#pragma omp critical(ulp_sum_grid)
#endif
    if (u < failed) {
      failed = u;
      first = why;
    }
  }
  free(order);
  if (failed < units)
    *e = first;
  return failed < units ? first.status : ULP_OK;
}

/* ---- room -------------------------------------------------------------- */

ulp_status sum_grid_methods(sum_grid *g, size_t count, ulp_error *e)
{
  g->methods = calloc(count + 1, sizeof *g->methods);
  g->method_count = 0;
  return g->methods ? ULP_OK
                    : ulp_error_set(e, ULP_ENOMEM, "out of memory");
}

ulp_status sum_grid_open(sum_grid *g, ulp_error *e)
{
  size_t n = g->cell_count * g->method_count;
  g->needed = calloc(n + 1, sizeof *g->needed);
  g->errors = calloc(n * g->repetitions + 1, sizeof *g->errors);
  return g->needed && g->errors
             ? ULP_OK
             : ulp_error_set(e, ULP_ENOMEM, "out of memory");
}

void sum_grid_free(sum_grid *g)
{
  free(g->cells);
  free(g->methods);
  free(g->needed);
  free(g->errors);
  memset(g, 0, sizeof *g);
}

void sum_grid_need(sum_grid *g, size_t cell, size_t method)
{
  g->needed[cell * g->method_count + method] = true;
}

sum_report sum_grid_report(const sum_grid *g, size_t cell, size_t method)
{
  size_t at = cell * g->method_count + method;
  return sum_report_of(g->errors + at * g->repetitions, g->repetitions);
}

/* ---- rows -------------------------------------------------------------- */

void sum_print_cell(ulp_text *row, const sum_grid *g, const sum_cell *c)
{
  char data[256];
  (void)snprintf(data, sizeof data, "%s%s%.200s", ulp_family_names[c->family],
                 g->weights.tensor ? " " : "",
                 g->weights.tensor ? g->weights.name : "");
  ulp_csv_string(row, c->operand->name);
  ulp_csv_string(row, data);
}

void sum_print_number(ulp_text *row, double x)
{
  if (isnan(x))
    ulp_csv_empty(row);
  else
    ulp_csv_number(row, x);
}

void sum_print_digest(ulp_text *row, const sum_report *r)
{
  char text[20];
  (void)snprintf(text, sizeof text, "%016llx", (unsigned long long)r->digest);
  ulp_csv_string(row, text);
}

void sum_print_errors(ulp_text *row, const sum_report *r, sum_bounds b)
{
  ulp_csv_integer(row, (int64_t)r->outputs);
  ulp_csv_integer(row, (int64_t)r->nonfinite);
  ulp_csv_number(row, r->frobenius);
  sum_print_number(row, r->frobenius_ci95);
  sum_print_number(row, r->bias);
  sum_print_number(row, r->bias_ci95);
  ulp_csv_number(row, r->max_ulp);
  ulp_csv_number(row, r->condition);
  ulp_csv_number(row, b.worst * r->condition);
  ulp_csv_number(row, b.probable * r->condition);
}
