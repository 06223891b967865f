/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Normal numbers drawn from a list of normal numbers.
 *
 * ulp_sample's logarithms are MPFR's, a microsecond each: too slow for the
 * weights of a hundred layers.  Draws from a list of 2^15 cost a few
 * nanoseconds.
 */
#include "normals.h"

#include <math.h>
#include <stdlib.h>

#include "mix.h"
#include "words.h"

ulp_status ulp_normals_make(ulp_normals *d, uint64_t seed)
{
  double square = 0;
  d->magnitude = malloc(ULP_NORMALS * sizeof *d->magnitude);
  if (!d->magnitude)
    return ULP_ENOMEM;
  ulp_status s = ulp_sample("gaussian", d->magnitude, ULP_NORMALS, false, seed,
                            ulp_name_hash("normals"));
  for (int i = 0; s == ULP_OK && i < ULP_NORMALS; i++)
    square += d->magnitude[i] * d->magnitude[i] / ULP_NORMALS;
  for (int i = 0; s == ULP_OK && i < ULP_NORMALS; i++)
    d->magnitude[i] = fabs(d->magnitude[i]) / sqrt(square);
  return s;
}

void ulp_normals_free(ulp_normals *d)
{
  free(d->magnitude);
  d->magnitude = NULL;
}

/* 16 bits of chance: the place in the list, and the sign on top. */
static double draw(const ulp_normals *d, uint64_t bits)
{
  double m = d->magnitude[bits & (ULP_NORMALS - 1)];
  return bits >> ULP_NORMALS_BITS & 1 ? -m : m;
}

/* A word has four draws. */
double ulp_normal_at(const ulp_normals *d, uint64_t seed, uint64_t stream,
                     uint64_t index)
{
  return draw(d, ulp_word(seed, stream, index / 4) >> 16 * (index % 4));
}

void ulp_normals_fill(const ulp_normals *d, float *out, int64_t n,
                      double scale, uint64_t seed, uint64_t stream)
{
  uint64_t word = 0;
  for (int64_t i = 0; i < n; i++) {
    if (i % 4 == 0)
      word = ulp_word(seed, stream, (uint64_t)i / 4);
    out[i] = (float)(draw(d, word) * scale);
    word >>= 16;
  }
}
