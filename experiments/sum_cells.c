/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The cells of a grid, from the parameters of a run.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "sum_grid.h"
#include "words.h"

enum { MOST_K = 1 << 24, MOST_SIDE = 1 << 12, MOST_REPETITIONS = 1024 };

typedef struct {
  const ulp_recipe_type **operands;
  ulp_family *families;
  size_t *lengths;
  size_t operand_count, family_count, length_count;
} axes;

static ulp_status read_whole(const char *option, const char *word, size_t most,
                             size_t *out, ulp_error *e)
{
  char *end;
  errno = 0;
  unsigned long long v = strtoull(word, &end, 10);
  if (*word < '0' || *word > '9' || *end || errno || v < 1 || v > most)
    return ulp_error_set(e, ULP_EINVAL, "--%s %.80s: expected 1 to %zu",
                         option, word, most);
  *out = (size_t)v;
  return ULP_OK;
}

static ulp_status add_operand(void *data, size_t i, const char *word,
                              ulp_error *e)
{
  axes *a = data;
  const ulp_recipe_type *t = ulp_recipe_type_find(word);
  /* f32 needs more bits than the exact sums have; s8 sums are exact. */
  if (!t || t->exp_bits == 0 || t->man_bits > 10)
    return ulp_error_set(e, ULP_ENAME, "--operands: '%.80s': expected e4m3, "
                         "e5m2, f16 or bf16", word);
  a->operands[i] = t;
  a->operand_count = i + 1;
  return ULP_OK;
}

static ulp_status add_family(void *data, size_t i, const char *word,
                             ulp_error *e)
{
  axes *a = data;
  for (int f = 0; f <= ULP_FAMILY_CANCEL; f++)
    if (strcmp(word, ulp_family_names[f]) == 0) {
      a->families[i] = (ulp_family)f;
      a->family_count = i + 1;
      return ULP_OK;
    }
  return ulp_error_set(e, ULP_ENAME, "--data: '%.80s': expected normal, "
                       "positive, outlier, wide or cancel", word);
}

static ulp_status add_length(void *data, size_t i, const char *word,
                             ulp_error *e)
{
  axes *a = data;
  a->length_count = i + 1;
  return read_whole("lengths", word, MOST_K, &a->lengths[i], e);
}

static ulp_status read_axes(axes *a, const ulp_run *run, const sum_defaults *d,
                            ulp_error *e)
{
  const char *operands = ulp_run_parameter(run, "operands");
  const char *data = ulp_run_parameter(run, "data");
  if (!*data)
    data = run->file ? "normal" : "normal positive outlier wide";
  const char *lengths = ulp_run_parameter(run, "lengths");
  a->operands = calloc(ulp_words_count(operands) + 1, sizeof *a->operands);
  a->families = calloc(ulp_words_count(data) + 1, sizeof *a->families);
  a->lengths = calloc(ulp_words_count(lengths) + 64, sizeof *a->lengths);
  if (!a->operands || !a->families || !a->lengths)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_status s = ulp_words_read(operands, add_operand, a, e);
  if (s == ULP_OK)
    s = ulp_words_read(data, add_family, a, e);
  if (s == ULP_OK)
    s = ulp_words_read(lengths, add_length, a, e);
  if (s == ULP_OK && a->length_count == 0)
    for (size_t k = d->least; k <= d->most; k *= 2)
      a->lengths[a->length_count++] = k;
  if (s == ULP_OK && (a->operand_count == 0 || a->family_count == 0))
    s = ulp_error_set(e, ULP_EINVAL, "--%s: expected a name",
                      a->operand_count ? "data" : "operands");
  return s;
}

static ulp_status read_size(const ulp_run *run, const char *name,
                            size_t standard, size_t most, size_t *out,
                            ulp_error *e)
{
  const char *word = ulp_run_parameter(run, name);
  *out = standard;
  return *word ? read_whole(name, word, most, out, e) : ULP_OK;
}

static ulp_status read_sizes(sum_grid *g, const ulp_run *run,
                             const sum_defaults *d, ulp_error *e)
{
  ulp_status s = read_size(run, "rows", d->side, MOST_SIDE, &g->m, e);
  if (s == ULP_OK)
    s = read_size(run, "columns", g->m, MOST_SIDE, &g->n, e);
  if (s == ULP_OK)
    s = read_size(run, "repetitions", d->repetitions, MOST_REPETITIONS,
                  &g->repetitions, e);
  return s;
}

static ulp_status make_cells(sum_grid *g, const axes *a, ulp_error *e)
{
  size_t n = a->operand_count * a->family_count * a->length_count;
  g->cells = calloc(n + 1, sizeof *g->cells);
  if (!g->cells)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  g->operands = a->operand_count;
  g->families = a->family_count;
  g->lengths = a->length_count;
  for (size_t o = 0; o < a->operand_count; o++)
    for (size_t f = 0; f < a->family_count; f++)
      for (size_t l = 0; l < a->length_count; l++)
        g->cells[g->cell_count++] =
            (sum_cell){a->operands[o], a->families[f], a->lengths[l]};
  return ULP_OK;
}

/* Before K and the sizes: K without --lengths ends at the tensor's. */
static ulp_status open_weights(sum_grid *g, const ulp_run *run,
                               sum_defaults *d, ulp_error *e)
{
  if (!run->file)
    return ULP_OK;
  ulp_status s = sum_weights_open(&g->weights, run, e);
  if (d->most > g->weights.columns)
    d->most = g->weights.columns;
  if (d->least > d->most)
    d->least = d->most;
  return s;
}

static ulp_status check_weights(const sum_grid *g, const axes *a, ulp_error *e)
{
  const sum_weights *w = &g->weights;
  if (w->tensor && w->rows < g->n * g->repetitions)
    return ulp_error_set(e, ULP_EINVAL, "%.200s: %zu rows, expected --columns "
                         "times --repetitions, %zu, or more", w->name, w->rows,
                         g->n * g->repetitions);
  for (size_t i = 0; w->tensor && i < a->length_count; i++)
    if (a->lengths[i] > w->columns)
      return ulp_error_set(e, ULP_EINVAL, "--lengths %zu: %.200s has rows of "
                           "%zu", a->lengths[i], w->name, w->columns);
  return ULP_OK;
}

ulp_status sum_grid_cells(sum_grid *g, const ulp_run *run,
                          const sum_defaults *defaults, ulp_error *e)
{
  axes a = {0};
  sum_defaults d = *defaults;
  ulp_status s = open_weights(g, run, &d, e);
  if (s == ULP_OK)
    s = read_axes(&a, run, &d, e);
  if (s == ULP_OK)
    s = read_sizes(g, run, &d, e);
  if (s == ULP_OK)
    s = check_weights(g, &a, e);
  if (s == ULP_OK)
    s = make_cells(g, &a, e);
  free(a.operands);
  free(a.families);
  free(a.lengths);
  return s;
}

ulp_status sum_read_lambda(const ulp_run *run, double *out, ulp_error *e)
{
  const char *word = ulp_run_parameter(run, "lambda");
  char *end;
  *out = strtod(word, &end);
  if (end == word || *end || !(*out > 0 && *out < 1e6))
    return ulp_error_set(e, ULP_EINVAL, "--lambda %.80s: expected a number "
                         "above 0", word);
  return ULP_OK;
}
