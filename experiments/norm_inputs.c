/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Rows to normalize, and what theory says of the steps in a narrow format.
 */
#include "norm_inputs.h"

#include <math.h>

#include "mix.h"

static const ulp_norm_input kinds[] = {
    {"gaussian", "normal, standard deviation 1", 1, 0, 0, false},
    {"large", "normal, standard deviation 300: squares beyond 65504", 300, 0,
     0, false},
    {"tiny", "normal, standard deviation 2^-13: squares about 2^-26", 0x1p-13,
     0, 0, false},
    {"spike", "normal, and one channel 1000 or -1000 (a massive activation)", 1,
     0, 1000, false},
    {"offset", "normal, plus 16: the mean is most of it", 1, 16, 0, false},
    {"signs", "1 or -1 by chance: every square is 1", 1, 0, 0, true},
    {"zero", "zeros: epsilon alone is left", 0, 0, 0, false},
};

const ulp_norm_input *ulp_norm_input_row(size_t i)
{
  return i < sizeof kinds / sizeof kinds[0] ? &kinds[i] : NULL;
}

enum { VALUES_STREAM = 1, SPIKE_STREAM = 2 };

void ulp_norm_input_fill(const ulp_norm_input *k, const ulp_normals *normals,
                         double *x, int64_t n, uint64_t seed, int64_t row)
{
  uint64_t chance = ulp_word(seed, SPIKE_STREAM, (uint64_t)row);
  int64_t spike = (int64_t)((chance >> 32) * (uint64_t)n >> 32);
  for (int64_t i = 0; i < n; i++) {
    uint64_t index = (uint64_t)row << 24 | (uint64_t)i;
    double v = ulp_normal_at(normals, seed, VALUES_STREAM, index);
    if (k->signs)
      v = v < 0 ? -1 : 1;
    if (k->spike != 0 && i == spike)
      v = v < 0 ? -k->spike : k->spike;
    x[i] = (double)(float)(v * k->scale + k->offset);
  }
}

/* ---- theory ------------------------------------------------------------- */

/* A number of the format has no error, one below half the least has itself. */
double ulp_norm_noise(const ulp_grid *g, const double *x, int64_t n)
{
  double sum = 0;
  for (int64_t i = 0; i < n; i++) {
    double spacing = ulp_grid_spacing(g, x[i]), places = fabs(x[i]) / spacing;
    if (fabs(x[i]) > g->max)
      return -1;
    if (places <= 0.5)
      sum += x[i] * x[i];
    else if (places != rint(places))
      sum += spacing * spacing / 12;
  }
  return sum / (double)n;
}

static bool too_large(const ulp_grid *g, double x)
{
  return x >= g->max + ulp_grid_spacing(g, g->max) / 2;
}

bool ulp_norm_squares_overflow(const ulp_grid *g, const double *x, int64_t n)
{
  for (int64_t i = 0; i < n; i++)
    if (too_large(g, x[i] * x[i]))
      return true;
  return false;
}

bool ulp_norm_sum_overflows(const ulp_grid *g, const double *x, int64_t n)
{
  double sum = 0;
  for (int64_t i = 0; i < n; i++)
    sum += x[i] * x[i];
  return too_large(g, sum / 2);
}

double ulp_norm_stalled_sum(const ulp_grid *g, int64_t n)
{
  return fmin((double)n, ldexp(1, g->digits));
}
