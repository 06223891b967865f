/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How the errors of a stack grew, and how they should have.
 */
#include "stack_fit.h"

#include <math.h>

#include "stack_theory.h"

bool ulp_stack_has_error(const ulp_stack_line *l, int64_t layer)
{
  return layer >= l->first && layer < l->last;
}

static void predict_layer(ulp_powers *p, const ulp_stack *s, size_t line,
                          int64_t layer)
{
  const ulp_stack_line *l = &s->lines[line];
  bool active = ulp_stack_has_error(l, layer);
  double along = active ? l->size * l->correlation : 0;
  double across = active ? l->size * sqrt(1 - l->correlation * l->correlation)
                         : 0;
  bool branch = l->site == ULP_SITE_BRANCH;
  double f_along = branch ? along : 0, f_across = branch ? across : 0;
  if (l->quantizers >= 0 && active) {
    ulp_local_error b = s->branch[l->quantizers * s->depth + layer];
    f_along = b.parallel;
    f_across = sqrt(fmax(0, b.square - b.parallel * b.parallel));
  }
  if (l->kind == ULP_STACK_BLOCKS)
    ulp_powers_block(p, 1, f_along, f_across);
  if (!branch)
    ulp_powers_inject(p, along, across);
  if (l->stream) {
    ulp_local_error r = s->stream[(int64_t)line * s->depth + layer];
    ulp_powers_inject(p, r.parallel,
                      sqrt(fmax(0, r.square - r.parallel * r.parallel)));
  }
}

void ulp_stack_predict(double *out, const ulp_stack *s, size_t line)
{
  ulp_powers p = {1, 0, 0};
  size_t k = 0;
  for (int64_t layer = 0; layer < s->depth; layer++) {
    predict_layer(&p, s, line, layer);
    if (k < s->stations_n && s->stations[k] == (double)(layer + 1))
      out[k++] = ulp_powers_relative(&p);
  }
}

const ulp_token_error *ulp_stack_errors(const ulp_stack *s, size_t line,
                                        size_t station)
{
  return &s->errors[(line * s->stations_n + station) * (size_t)s->tokens];
}

/* The fit of one token; false where an error is 0 or not finite. */
static bool fit_token(double *relative, double *absolute, const ulp_stack *s,
                      size_t line, int64_t token)
{
  double r[ULP_STACK_STATIONS], a[ULP_STACK_STATIONS];
  int n = 0;
  for (size_t k = ULP_STACK_FIT_FROM; k < s->stations_n; k++) {
    ulp_token_error t = ulp_stack_errors(s, line, k)[token];
    if (!(t.error > 0) || !isfinite(t.error))
      return false;
    a[n] = sqrt(t.error);
    r[n++] = sqrt(t.error / t.signal);
  }
  *relative = ulp_growth_exponent(s->stations + ULP_STACK_FIT_FROM, r, n);
  *absolute = ulp_growth_exponent(s->stations + ULP_STACK_FIT_FROM, a, n);
  return true;
}

ulp_stack_fit ulp_stack_fit_line(const ulp_stack *s, size_t line)
{
  double sum = 0, squares = 0, absolute = 0, r, a, n = (double)s->tokens;
  ulp_stack_fit f = {.known = s->lines[line].last - s->lines[line].first == s->depth};
  for (int64_t t = 0; t < s->tokens && f.known; t++) {
    f.known = fit_token(&r, &a, s, line, t);
    sum += r;
    squares += r * r;
    absolute += a;
  }
  if (!f.known)
    return f;
  double mean = sum / n, variance = fmax(0, squares / n - mean * mean);
  f.exponent = mean;
  f.exponent_ci95 = 1.959963984540054 * sqrt(variance / (n - 1));
  f.absolute = absolute / n;
  return f;
}
