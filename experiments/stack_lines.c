/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The runs of a stack that experiments/layer_compounding compares.
 */
#include "stack_lines.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "words.h"

/* The guide, 10.3: the first 2 and last 2 layers, and, inner, all the others:
 * its remedy. */
enum { SOME = 2, SUBSETS = 5 };

static void add(ulp_stack_lines *l, ulp_stack_line line, ulp_line_names names,
                int subset)
{
  static const char *const subsets[SUBSETS] = {"all", "first", "middle",
                                               "last", "inner"};
  const int64_t ends[SUBSETS][2] = {{0, l->depth},
                                    {0, SOME},
                                    {(l->depth - SOME) / 2,
                                     (l->depth + SOME) / 2},
                                    {l->depth - SOME, l->depth},
                                    {SOME, l->depth - SOME}};
  names.layers = subsets[subset];
  line.first = ends[subset][0] > 0 ? ends[subset][0] : 0;
  line.last = ends[subset][1] > line.first ? ends[subset][1] : line.first;
  l->lines[l->lines_n] = line;
  l->names[l->lines_n++] = names;
}

/* ---- injected errors ---------------------------------------------------- */

static void add_injected(ulp_stack_lines *l)
{
  const struct {
    const char *name;
    double correlation;
  } kinds[] = {{"uncorrelated", 0}, {"partial", l->correlation},
               {"correlated", 1}};
  static const struct {
    ulp_stack_kind kind;
    ulp_site site;
  } places[] = {{ULP_STACK_MIRRORS, ULP_SITE_STREAM},
                {ULP_STACK_BLOCKS, ULP_SITE_STREAM},
                {ULP_STACK_BLOCKS, ULP_SITE_BRANCH}};
  for (int p = 0; p < 3; p++)
    for (int k = 0; k < 3; k++)
      for (int subset = 0; subset < SUBSETS; subset++) {
        ulp_stack_line line = {.kind = places[p].kind, .site = places[p].site,
                               .size = l->size,
                               .correlation = kinds[k].correlation,
                               .quantizers = -1};
        ulp_line_names names = {kinds[k].name, "", "", "", "", 1};
        if (subset == 0 || (k == 0 && p == 2))
          add(l, line, names, subset);
      }
}

/* ---- rounding ----------------------------------------------------------- */

static const ulp_step *step_at(const ulp_stack_lines *l, size_t residual,
                               size_t mode)
{
  return &l->steps[residual * l->modes_n + mode];
}

static const ulp_step *plain_step(const ulp_stack_lines *l)
{
  return &l->steps[l->residuals_n * l->modes_n];
}

static void add_rounded(ulp_stack_lines *l, int place, ulp_line_names names,
                        size_t mode)
{
  ulp_stack_line line = {.kind = ULP_STACK_BLOCKS, .quantizers = place};
  names.mode = l->modes[mode].word;
  for (size_t r = 0; r < l->residuals_n; r++) {
    line.stream = step_at(l, r, mode);
    names.residual = l->residuals[r].name;
    add(l, line, names, 0);
  }
}

/* One with an f32 stream, in some layers or with outlier channels. */
static void add_plain(ulp_stack_lines *l, int place, ulp_line_names names,
                      size_t mode, int subset)
{
  ulp_stack_line line = {.kind = ULP_STACK_BLOCKS, .quantizers = place,
                         .stream = plain_step(l)};
  names.mode = l->modes[mode].word;
  names.residual = "float32";
  add(l, line, names, subset);
}

static ulp_status add_quantizers(ulp_stack_lines *l, const char *scheme,
                                 size_t mode, double gain, ulp_error *e)
{
  ulp_stack_quantizers *q = &l->quantizers[l->quantizers_n];
  ulp_error why;
  char text[200];
  ulp_status s = ulp_quantizer_find(scheme, &q->weights, &why);
  if (s != ULP_OK)
    return ulp_error_set(e, s, "--schemes: %.500s", why.text);
  snprintf(text, sizeof text, "layer_compounding %s %s %a", scheme,
           l->modes[mode].word, gain);
  ulp_rounding how = l->modes[mode].rounding;
  q->activations = q->weights;
  ulp_rounding *r = &q->activations.rounding;
  r->mode = how.mode;
  r->sr_bits = how.sr_bits;
  r->sr_variant = how.sr_variant;
  r->seed = l->seed;
  r->stream = ulp_text_stream(text);
  q->gain = gain;
  l->quantizers_n++;
  return ULP_OK;
}

static ulp_status add_scheme(ulp_stack_lines *l, size_t scheme, size_t mode,
                             ulp_error *e)
{
  ulp_line_names names = {"quantized", l->schemes[scheme], "", "", "", 1};
  ulp_mode how = l->modes[mode].rounding.mode;
  if (how != ULP_RNE && how != ULP_SR)
    return ULP_OK;
  ulp_status s = add_quantizers(l, names.scheme, mode, 1, e);
  if (s != ULP_OK)
    return s;
  int place = (int)l->quantizers_n - 1;
  add_rounded(l, place, names, mode);
  for (int subset = 1; subset < SUBSETS; subset++)
    if (how == ULP_RNE)
      add_plain(l, place, names, mode, subset);
  names.gain = l->gain;
  if (l->gain == 1)
    return ULP_OK;
  s = add_quantizers(l, names.scheme, mode, l->gain, e);
  if (s == ULP_OK)
    add_plain(l, place + 1, names, mode, 0);
  return s;
}

static void make_steps(ulp_stack_lines *l, const ulp_format *f32)
{
  char text[100];
  for (size_t r = 0; r < l->residuals_n; r++)
    for (size_t m = 0; m < l->modes_n; m++) {
      ulp_rounding how = l->modes[m].rounding;
      snprintf(text, sizeof text, "layer_compounding stream %s %s",
               l->residuals[r].name, l->modes[m].word);
      how.overflow = ULP_OVERFLOW_IEEE;
      how.seed = l->seed;
      how.stream = ulp_text_stream(text);
      l->steps[r * l->modes_n + m] = ulp_step_of(&l->residuals[r], &how);
    }
  l->steps[l->residuals_n * l->modes_n] = ulp_step_of(f32, NULL);
}

/* ---- all ---------------------------------------------------------------- */

ulp_status ulp_stack_lines_make(ulp_stack_lines *l, ulp_error *e)
{
  size_t rounded = l->modes_n * (l->residuals_n + SUBSETS);
  size_t most = 9 * SUBSETS + rounded * (l->schemes_n + 1);
  ulp_format f32;
  char why[100];
  ulp_status s = ulp_format_find("float32", &f32, why, sizeof why);
  l->steps = calloc(l->residuals_n * l->modes_n + 1, sizeof *l->steps);
  l->quantizers = calloc(2 * l->schemes_n * l->modes_n + 1,
                         sizeof *l->quantizers);
  l->lines = calloc(most, sizeof *l->lines);
  l->names = calloc(most, sizeof *l->names);
  if (!l->steps || !l->quantizers || !l->lines || !l->names || s != ULP_OK)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  make_steps(l, &f32);
  add_injected(l);
  for (size_t m = 0; m < l->modes_n; m++)
    add_rounded(l, -1, (ulp_line_names){"rounded", "", "", "", "", 1}, m);
  for (size_t i = 0; s == ULP_OK && i < l->schemes_n; i++)
    for (size_t m = 0; s == ULP_OK && m < l->modes_n; m++)
      s = add_scheme(l, i, m, e);
  return s;
}

void ulp_stack_lines_free(ulp_stack_lines *l)
{
  free(l->steps);
  free(l->quantizers);
  free(l->lines);
  free(l->names);
}
