/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What becomes of small updates to a stream.
 *
 * Nothing here calls the code that rounds: it is the other side of the
 * comparison.
 */
#include "residual_theory.h"

#include <math.h>

ulp_grid ulp_grid_of(const ulp_format *f)
{
  return (ulp_grid){f->man_bits + 1, ulp_min_positive(f), ulp_max(f)};
}

double ulp_grid_spacing(const ulp_grid *g, double x)
{
  int e;
  frexp(x, &e); /* x in [2^(e-1), 2^e) */
  return fmax(ldexp(1, e - g->digits), g->least);
}

/* rint of an even quotient and a half ties to even. */
double ulp_grid_nearest(const ulp_grid *g, double x)
{
  double spacing = ulp_grid_spacing(g, x);
  return rint(x / spacing) * spacing;
}

/* Half a spacing beyond the greatest value, which is odd, is infinity. */
static bool too_large(const ulp_grid *g, double x)
{
  return x >= g->max + ulp_grid_spacing(g, g->max) / 2;
}

/* Steps of which all are alike, up to the binade's end: after one step a tie
 * has left x even, and the next goes where parity says, and leaves it even. */
static int64_t walk_binade(double *x, double step, int64_t n)
{
  int e;
  frexp(*x, &e);
  int64_t room = (int64_t)floor((ldexp(1, e) - *x) / step);
  int64_t k = room - 1 < n ? room - 1 : n;
  if (k <= 0)
    return 0;
  *x += (double)k * step;
  return k;
}

ulp_residual_fate ulp_residual_nearest(const ulp_grid *g, double x, double u,
                                       int64_t n)
{
  ulp_residual_fate f = {.overflow = false};
  double start = x, exact = (double)n * u, lost = 0;
  for (int64_t left = n; left > 0 && !f.overflow;) {
    double first = ulp_grid_nearest(g, x + u);
    double second = ulp_grid_nearest(g, first + u);
    double spacing = ulp_grid_spacing(g, x);
    if (first == x) { /* and so for ever */
      lost = (double)left;
      break;
    }
    bool alike = spacing == ulp_grid_spacing(g, second);
    x = first;
    left--;
    f.overflow = too_large(g, x);
    /* One step within the binade is made, which leaves x even if it ties. */
    if (alike && second > first)
      left -= walk_binade(&x, second - first, left);
  }
  f.gain = x - start;
  f.lost = n > 0 ? lost / (double)n : 0;
  f.square = (f.gain - exact) * (f.gain - exact);
  return f;
}

ulp_residual_fate ulp_residual_stochastic(const ulp_grid *g, double x,
                                          double u, int64_t n)
{
  ulp_residual_fate f = {.gain = (double)n * u};
  for (int64_t i = 0; i < n; i++) {
    double spacing = ulp_grid_spacing(g, x + u), r = u / spacing;
    /* x is on the grid, but where it enters a coarser one. */
    bool enters = spacing != ulp_grid_spacing(g, x);
    double place = enters ? (x + u) / spacing : r, part = place - floor(place);
    f.lost += r < 1 ? (1 - r) / (double)n : 0;
    f.square += part * (1 - part) * spacing * spacing;
    x += u;
  }
  f.overflow = too_large(g, x);
  return f;
}

ulp_residual_fate ulp_residual_random(const double *magnitude, int64_t count,
                                      double scale, double spacing,
                                      bool stochastic, int64_t n)
{
  ulp_residual_fate f = {.overflow = false};
  double sent = 0, both = 0, square = 0, lost = 0;
  for (int64_t i = 0; i < count; i++) {
    double r = magnitude[i] * scale / spacing, whole = rint(r);
    double part = r - floor(r);
    sent += r * r;
    both += stochastic ? r * r : r * whole;
    square += stochastic ? part * (1 - part) : (r - whole) * (r - whole);
    lost += stochastic ? fmax(0, 1 - r) : whole == 0;
  }
  f.gain = both / sent;
  f.lost = lost / (double)count;
  f.square = (double)n * square / (double)count * spacing * spacing;
  return f;
}
