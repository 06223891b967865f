/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Normal numbers picked from lists of normal numbers.
 */
#include "normal_draws.h"

#include <math.h>
#include <stdlib.h>

#include "mix.h"
#include "words.h"

/* ---- one of a list ------------------------------------------------------ */

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

/* ---- sums of two of a list ---------------------------------------------- */

/* To mean 0 and mean square 1/2.  The mean matters: the output of flat
 * attention over N keys is as small as 1 / sqrt(N), and a mean of 2^-8, which
 * 2^16 draws have, would be seen beyond 2^16 keys. */
static void standardize(float *pool, const double *x)
{
  double mean = 0, square = 0;
  for (int i = 0; i < ULP_POOL; i++)
    mean += x[i] / ULP_POOL;
  for (int i = 0; i < ULP_POOL; i++)
    square += (x[i] - mean) * (x[i] - mean) / ULP_POOL;
  for (int i = 0; i < ULP_POOL; i++)
    pool[i] = (float)((x[i] - mean) / sqrt(2 * square));
}

ulp_status ulp_normal_pool_make(float **pool, uint64_t seed)
{
  double *x = malloc(ULP_POOL * sizeof *x);
  *pool = malloc(ULP_POOL * sizeof **pool);
  ulp_status s = ULP_ENOMEM;
  if (x && *pool)
    s = ulp_sample("gaussian", x, ULP_POOL, false, seed,
                   (uint64_t)ulp_name_hash("pool") << 24);
  if (s == ULP_OK)
    standardize(*pool, x);
  free(x);
  return s;
}

void ulp_normal_pool_fill(const float *pool, float *out, int64_t first,
                          int64_t n, uint64_t seed, uint64_t stream)
{
  for (int64_t i = 0; i < n; i += 2) {
    uint64_t w = ulp_word(seed, stream, (uint64_t)(first + i) / 2);
    out[i] = pool[w & 0xffff] + pool[w >> 16 & 0xffff];
    if (i + 1 < n)
      out[i + 1] = pool[w >> 32 & 0xffff] + pool[w >> 48];
  }
}
