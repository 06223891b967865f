/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A query u has the length sqrt(dim), so a random key's score is normal with
 * deviation 1, times the query's sharpness b.  A planted key is
 *   k = a u + sqrt(1 - a^2) g,  g normal and orthogonal to u,
 * whose score is a b sqrt(dim) exactly and whose length is that of the others.
 * Retrieval with distractors that resemble the needle: C.-P. Hsieh et al.,
 * RULER, arXiv:2404.06654, section 3.1 (multi-keys NIAH).
 */
#include "attention_data.h"

#include <math.h>
#include <stdlib.h>

#include "mix.h"
#include "words.h"

static const char *const names[] = {"flat", "peaked", "passkey"};
/* Sharpness, and likeness of what is planted.  At 2^20 tokens of 128 channels
 * four peaks of 17.2 hold 97 % of the mass: 4 e^17.2 against 2^20 e^(1.6^2/2).
 */
static const double sharpness[] = {1, 1.6, 1.5}, likeness[] = {0, 0.95, 0.9};

const char *ulp_pattern_name(size_t i)
{
  return i < ULP_PATTERNS ? names[i] : NULL;
}

double ulp_unrelated_deviation(void)
{
  return sharpness[ULP_PASSKEY];
}

double ulp_needle_score(int64_t dim)
{
  return likeness[ULP_PASSKEY] * sharpness[ULP_PASSKEY] * sqrt((double)dim);
}

uint64_t ulp_head_stream(const char *what, int64_t head)
{
  return (uint64_t)ulp_name_hash(what) << 24 | (uint64_t)head;
}

/* ---- normal numbers ----------------------------------------------------- */

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

ulp_status ulp_pool_make(float **pool, uint64_t seed)
{
  double *x = malloc(ULP_POOL * sizeof *x);
  *pool = malloc(ULP_POOL * sizeof **pool);
  ulp_status s = x && *pool ? ulp_sample("gaussian", x, ULP_POOL, false, seed,
                                         ulp_head_stream("pool", 0))
                            : ULP_ENOMEM;
  if (s == ULP_OK)
    standardize(*pool, x);
  free(x);
  return s;
}

void ulp_pool_fill(const float *pool, float *out, int64_t first, int64_t n,
                   uint64_t seed, uint64_t stream)
{
  for (int64_t i = 0; i < n; i += 2) {
    uint64_t w = ulp_word(seed, stream, (uint64_t)(first + i) / 2);
    out[i] = pool[w & 0xffff] + pool[w >> 16 & 0xffff];
    if (i + 1 < n)
      out[i + 1] = pool[w >> 32 & 0xffff] + pool[w >> 48];
  }
}

/* ---- planting ----------------------------------------------------------- */

static double dot(const double *u, const float *k, int64_t n)
{
  double sum = 0;
  for (int64_t c = 0; c < n; c++)
    sum += u[c] * (double)k[c];
  return sum;
}

static void plant(ulp_head *h, int64_t token, const double *u, double a)
{
  int64_t n = h->spec.dim;
  float *k = h->keys + token * n;
  double along = dot(u, k, n) / (double)n, b = sqrt(1 - a * a);
  for (int64_t c = 0; c < n; c++)
    k[c] = (float)(a * u[c] + b * ((double)k[c] - along * u[c]));
}

/* Token of a slot in a block: 97 is odd, so slots do not meet. */
static int64_t place(const ulp_head *h, int64_t number, int64_t block,
                     int64_t slot)
{
  uint64_t w = ulp_word(h->spec.seed, ulp_head_stream("slots", number),
                        (uint64_t)block);
  return block * ULP_BLOCK +
         (int64_t)((w >> 32) + 97 * (uint64_t)slot) % ULP_BLOCK;
}

static void plant_passkey(ulp_head *h, int64_t number, int64_t i,
                          const double *u)
{
  int64_t n = h->spec.queries, q = ULP_PASSKEY * n + i;
  double a = likeness[ULP_PASSKEY];
  double less = h->spec.margin / sharpness[ULP_PASSKEY] /
                sqrt((double)h->spec.dim);
  h->needle[q] = place(h, number, 0, n + i);
  plant(h, h->needle[q], u, a);
  for (int64_t b = 0; b < h->spec.tokens / ULP_BLOCK; b++)
    plant(h, place(h, number, b, i), u, a - less);
}

static void plant_all(ulp_head *h, int64_t number)
{
  int64_t n = h->spec.queries, d = h->spec.dim;
  for (int64_t i = 0; i < n; i++) {
    for (int64_t k = 0; k < ULP_PEAKS; k++)
      plant(h, place(h, number, 0, 2 * n + ULP_PEAKS * i + k),
            h->query + (ULP_PEAKED * n + i) * d, likeness[ULP_PEAKED]);
    plant_passkey(h, number, i, h->query + (ULP_PASSKEY * n + i) * d);
  }
}

/* ---- queries ------------------------------------------------------------ */

/* Scaled to the length sqrt(dim). */
static void direction(double *u, const float *x, int64_t n)
{
  double square = 0;
  for (int64_t c = 0; c < n; c++)
    square += (double)x[c] * (double)x[c];
  double scale = square > 0 ? sqrt((double)n / square) : 0;
  for (int64_t c = 0; c < n; c++)
    u[c] = (double)x[c] * scale;
}

/* Over all tokens, of the scores as they are. */
static double deviation(const ulp_head *h, const double *q)
{
  double sum = 0, squares = 0, n = (double)h->spec.tokens;
  for (int64_t t = 0; t < h->spec.tokens; t++) {
    double s = dot(q, h->keys + t * h->spec.dim, h->spec.dim);
    sum += s;
    squares += s * s;
  }
  return sqrt(fmax(squares / n - sum / n * (sum / n), 0));
}

static void aim_at_keys(ulp_head *h)
{
  int64_t n = h->spec.queries, d = h->spec.dim;
  for (int64_t i = 0; i < n; i++) {
    int64_t q = ULP_PEAKED * n + i, token = (97 * i + 31) % ULP_BLOCK;
    direction(h->query + q * d, h->keys + token * d, d);
  }
}

static void scale_queries(ulp_head *h, bool given)
{
  int64_t n = h->spec.queries, d = h->spec.dim;
  for (int64_t q = 0; q < ULP_PATTERNS * n; q++) {
    double *u = h->query + q * d, by = sharpness[q / n] / sqrt((double)d);
    if (given) {
      double s = deviation(h, u);
      by = s > 0 ? sharpness[q / n] / s : 1;
    }
    for (int64_t c = 0; c < d; c++)
      u[c] *= by;
  }
}

/* ---- a head ------------------------------------------------------------- */

static ulp_status draw(ulp_head *h, const float *pool, int64_t number,
                       bool given)
{
  int64_t d = h->spec.dim, rows = ULP_PATTERNS * h->spec.queries;
  int64_t count = h->spec.tokens * d;
  float *x = malloc((size_t)d * sizeof *x);
  if (!x)
    return ULP_ENOMEM;
  ulp_pool_fill(pool, h->values, 0, count, h->spec.seed,
                ulp_head_stream("values", number));
  if (!given)
    ulp_pool_fill(pool, h->keys, 0, count, h->spec.seed,
                  ulp_head_stream("keys", number));
  for (int64_t q = 0; q < rows; q++) {
    ulp_pool_fill(pool, x, 0, d, h->spec.seed,
                  ulp_head_stream("queries", number * 4096 + q));
    direction(h->query + q * d, x, d);
    h->needle[q] = -1;
  }
  free(x);
  if (given)
    aim_at_keys(h);
  else
    plant_all(h, number);
  scale_queries(h, given);
  return ULP_OK;
}

ulp_status ulp_head_make(ulp_head *h, const ulp_head_spec *spec,
                         const float *pool, float *keys, int64_t number)
{
  size_t count = (size_t)(spec->tokens * spec->dim);
  size_t rows = (size_t)(ULP_PATTERNS * spec->queries);
  *h = (ulp_head){.spec = *spec, .keys = keys};
  if (!keys)
    h->keys = malloc(count * sizeof *h->keys);
  h->values = malloc(count * sizeof *h->values);
  h->query = malloc(rows * (size_t)spec->dim * sizeof *h->query);
  h->needle = malloc(rows * sizeof *h->needle);
  if (!h->keys || !h->values || !h->query || !h->needle)
    return ULP_ENOMEM;
  return draw(h, pool, number, keys != NULL);
}

void ulp_head_free(ulp_head *h)
{
  free(h->keys);
  free(h->values);
  free(h->query);
  free(h->needle);
  *h = (ulp_head){.keys = NULL};
}
