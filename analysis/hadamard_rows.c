/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/hadamard_rows.c: the random-sign Hadamard rotation of all channels
 * (QuaRot, arXiv:2404.00456; hadamard.c has that of 16 neighbours).
 */
#include <math.h>
#include <stdlib.h>

#include "methods.h"

enum { STREAM = 0x68616461 }; /* "hada" */

static void butterflies(double *v, int64_t n)
{
  for (int64_t step = 1; step < n; step *= 2)
    for (int64_t first = 0; first < n; first += 2 * step)
      for (int64_t i = first; i < first + step; i++) {
        double a = v[i], b = v[i + step];
        v[i] = a + b;
        v[i + step] = a - b;
      }
}

ulp_status ulp_hadamard_rows(double *x, int64_t rows, int64_t channels,
                             uint64_t seed)
{
  if (channels < 1 || (channels & (channels - 1))) return ULP_EINVAL;
  double root = sqrt((double)channels);
  for (int64_t r = 0; r < rows; r++) {
    ulp_pcg32 g = ulp_pcg32_seed(seed, STREAM);
    double *v = x + r * channels;
    for (int64_t c = 0; c < channels; c++)
      v[c] = ulp_pcg32_next(&g) >> 31 ? -v[c] : v[c];
    butterflies(v, channels);
    for (int64_t c = 0; c < channels; c++)
      v[c] /= root;
  }
  return ULP_OK;
}
