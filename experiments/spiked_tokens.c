/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tokens a few of which are much larger than the rest.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "layer.h"
#include "spikes.h"

static bool make_room(ulp_spiked *m)
{
  size_t n = (size_t)(m->tokens * m->channels);
  m->x = malloc(n * sizeof *m->x);
  m->seen = malloc(n * sizeof *m->seen);
  m->spiked = calloc((size_t)m->tokens, 1);
  m->seen_spiked = calloc((size_t)m->tokens, 1);
  return m->x && m->seen && m->spiked && m->seen_spiked;
}

/* A massive activation is no draw that may be small: M. Sun et al.,
 * arXiv:2402.17762, section 2, see nearly the same values whatever the input,
 * so there it is the gain itself. */
static int64_t spike(double *x, unsigned char *spiked, const ulp_spiked *m,
                     double share, int64_t massive)
{
  int64_t count = (int64_t)fmax(1, rint(share * (double)m->tokens));
  bool constant = strcmp(m->kind, "massive") == 0;
  int64_t wide = constant ? massive : m->channels;
  for (int64_t i = 0; i < count; i++) {
    int64_t t = i * m->tokens / count;
    spiked[t] = 1;
    for (int64_t k = 0; k < wide; k++) {
      double *at = &x[t * m->channels + k * m->channels / wide];
      *at = (double)(float)((constant ? k % 2 ? -1 : 1 : *at) * m->gain);
    }
  }
  return count;
}

ulp_status ulp_spiked_draw(ulp_spiked *m, double share,
                           int64_t massive_channels, uint64_t seed)
{
  const ulp_tokens t = {"gaussian", 0, NULL, seed, "tokens"};
  const ulp_tokens seen = {"gaussian", 0, NULL, seed, "seen"};
  if (!make_room(m))
    return ULP_ENOMEM;
  ulp_status s = ulp_tokens_draw(m->x, &t, 0, m->tokens, m->channels);
  if (s == ULP_OK)
    s = ulp_tokens_draw(m->seen, &seen, 0, m->tokens, m->channels);
  if (s != ULP_OK)
    return s;
  m->count = spike(m->x, m->spiked, m, share, massive_channels);
  spike(m->seen, m->seen_spiked, m, share, massive_channels);
  return ULP_OK;
}

double ulp_amax(const double *x, int64_t n)
{
  double amax = 0;
  for (int64_t i = 0; i < n; i++)
    amax = fmax(amax, fabs(x[i]));
  return amax;
}

static int by_size(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Of a tensor the share of tokens with the greatest amax count as spiked. */
static ulp_status mark(unsigned char *spiked, int64_t *count, const double *x,
                       const ulp_spiked *m, double share)
{
  double *amax = malloc((size_t)m->tokens * 2 * sizeof *amax);
  int64_t n = (int64_t)fmax(1, rint(share * (double)m->tokens));
  if (!amax)
    return ULP_ENOMEM;
  for (int64_t t = 0; t < m->tokens; t++)
    amax[t] = amax[m->tokens + t] =
        ulp_amax(x + t * m->channels, m->channels);
  qsort(amax, (size_t)m->tokens, sizeof *amax, by_size);
  *count = 0;
  for (int64_t t = 0; t < m->tokens; t++) {
    spiked[t] = amax[m->tokens + t] >= amax[m->tokens - n];
    *count += spiked[t];
  }
  free(amax);
  return ULP_OK;
}

ulp_status ulp_spiked_read(ulp_spiked *m, const ulp_source *source,
                           double share, ulp_error *e)
{
  int64_t n = m->tokens * m->channels, unused;
  if (!make_room(m))
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_source_read(source, m->seen, 0, n);
  ulp_source_read(source, m->x, n, n);
  for (int64_t i = 0; i < n; i++) {
    m->x[i] = (double)(float)m->x[i];
    m->seen[i] = (double)(float)m->seen[i];
  }
  if (!isfinite(ulp_sum(m->x, n) + ulp_sum(m->seen, n)))
    return ulp_error_set(e, ULP_EFORMAT, "%.200s: expected finite numbers",
                         source->name);
  ulp_status s = mark(m->spiked, &m->count, m->x, m, share);
  if (s == ULP_OK)
    s = mark(m->seen_spiked, &unused, m->seen, m, share);
  return s == ULP_OK ? s : ulp_error_set(e, s, "%s", ulp_strerror(s));
}

void ulp_spiked_free(ulp_spiked *m)
{
  free(m->x);
  free(m->seen);
  free(m->spiked);
  free(m->seen_spiked);
}
