/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The rows of experiments/layer_compounding.
 */
#include "stack_rows.h"

#include <math.h>

#include "cases.h"
#include "stack_theory.h"

/* Rms and mean part along of the errors of single layers. */
static void print_local(ulp_text *row, const ulp_local_error *all,
                        const ulp_stack_line *l, int64_t depth)
{
  double square = 0, parallel = 0, n = 0;
  for (int64_t i = 0; i < depth && all; i++) {
    if (!ulp_stack_has_error(l, i))
      continue;
    square += all[i].square;
    parallel += all[i].parallel;
    n++;
  }
  ulp_csv_number_if(row, sqrt(square / n), n > 0);
  ulp_csv_number_if(row, parallel / n, n > 0);
}

static void print_layers(ulp_text *row, const ulp_stack *s, size_t line,
                         int64_t depth)
{
  const ulp_stack_line *l = &s->lines[line];
  const ulp_stack_line all = {.first = 0, .last = s->depth};
  ulp_local_error injected[ULP_STACK_DEPTH];
  for (int64_t i = 0; i < depth; i++)
    injected[i] = (ulp_local_error){l->size * l->size,
                                    l->size * l->correlation};
  bool branch = l->size != 0 && l->site == ULP_SITE_BRANCH;
  bool stream = l->size != 0 && l->site == ULP_SITE_STREAM;
  print_local(row, l->quantizers >= 0
                       ? s->branch + l->quantizers * s->depth
                       : branch ? injected : NULL, l, depth);
  if (l->stream)
    print_local(row, s->stream + (int64_t)line * s->depth, &all, depth);
  else
    print_local(row, stream ? injected : NULL, l, depth);
}

static void print_error(ulp_text *row, const ulp_stack *s, size_t line,
                        size_t station, double predicted)
{
  const ulp_token_error *t = ulp_stack_errors(s, line, station);
  const ulp_stack_line *l = &s->lines[line];
  double n = (double)s->tokens, e2 = 0, e4 = 0, signal = 0, cross = 0;
  for (int64_t i = 0; i < s->tokens; i++) {
    double e = t[i].error / t[i].signal;
    e2 += e / n;
    e4 += e * e / n;
    signal += t[i].signal;
    cross += t[i].cross;
  }
  double error = sqrt(e2), spread = sqrt(fmax(0, e4 - e2 * e2) / (n - 1));
  ulp_csv_number(row, error);
  ulp_csv_number(row, error > 0 ? 1.959963984540054 * spread / (2 * error)
                                : 0);
  ulp_csv_number(row, predicted);
  ulp_csv_number(row, cross / signal);
  ulp_csv_number_if(row, 0.49,
                    l->kind == ULP_STACK_MIRRORS && l->size == 0.005 &&
                        l->correlation == 0 && s->stations[station] == 80);
  ulp_csv_number(row, sqrt(signal / (n * (double)s->width)));
}

static void print_names(ulp_text *row, const ulp_stack_line *l,
                        const ulp_line_names *names)
{
  bool branch = l->site == ULP_SITE_BRANCH &&
                (l->size != 0 || l->quantizers >= 0);
  ulp_csv_string(row, l->kind == ULP_STACK_MIRRORS ? "mirrors" : "blocks");
  ulp_csv_string(row, names->error);
  ulp_csv_string(row, branch ? "branch" : "stream");
  ulp_csv_string(row, names->scheme);
  ulp_csv_string(row, names->mode);
  ulp_csv_string(row, names->residual);
  ulp_csv_string(row, names->layers);
  ulp_csv_number(row, names->gain);
}

void ulp_stack_print(ulp_text *row, const ulp_stack *s, size_t line,
                     const ulp_line_names *names, size_t station,
                     const double *predicted, const ulp_stack_fit *f)
{
  int64_t depth = (int64_t)s->stations[station];
  int fitted = (int)s->stations_n - ULP_STACK_FIT_FROM;
  print_names(row, &s->lines[line], names);
  ulp_csv_integer(row, depth);
  ulp_csv_integer(row, s->tokens);
  print_layers(row, s, line, depth);
  print_error(row, s, line, station, predicted[station]);
  ulp_csv_number_if(row, f->exponent, f->known);
  ulp_csv_number_if(row, f->exponent_ci95, f->known);
  ulp_csv_number_if(row,
                    ulp_growth_exponent(s->stations + ULP_STACK_FIT_FROM,
                                        predicted + ULP_STACK_FIT_FROM,
                                        fitted), f->known);
  ulp_csv_number_if(row, f->absolute, f->known);
}
