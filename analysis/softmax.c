/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Online: M. Milakov, N. Gimelshein, arXiv:1805.02867, algorithm 3, a block at
 * a time as in FlashAttention (T. Dao et al., arXiv:2205.14135, algorithm 1).
 */
#include <math.h>

#include "model.h"

static double greatest(const double *x, size_t n)
{
  double m = -INFINITY;
  for (size_t i = 0; i < n; i++)
    m = isnan(x[i]) || x[i] > m ? x[i] : m;
  return m;
}

static double exponential(const ulp_softmax *s, double x, double max,
                          uint64_t index)
{
  double d = s->no_max ? x : ulp_step_round(&s->difference, x - max, index);
  return ulp_step_round(&s->exponential, ulp_exp(d), index);
}

static double add(const ulp_softmax *s, double sum, double x, uint64_t index)
{
  return ulp_step_round(&s->sum, sum + x, index);
}

/* The sum of the exponentials under the greatest of all, *max. */
static double online_sum(const ulp_softmax *s, double *max, const double *x,
                         size_t n, uint64_t index)
{
  double sum = 0;
  size_t block = (size_t)s->block;
  *max = -INFINITY;
  for (size_t first = 0; first < n; first += block) {
    size_t m = n - first < block ? n - first : block;
    double more = greatest(x + first, m), part = 0;
    more = isnan(*max) || *max > more ? *max : more;
    for (size_t i = 0; i < m; i++)
      part = add(s, part, exponential(s, x[first + i], more, index + first + i),
                 index + first + i);
    if (first > 0)
      sum = ulp_step_round(&s->sum, sum * exponential(s, *max, more,
                                                      index + first),
                           index + first);
    sum = add(s, sum, part, index + first);
    *max = more;
  }
  return sum;
}

void ulp_softmax_row(const ulp_softmax *s, double *p, const double *x,
                     size_t n, uint64_t index)
{
  double max, sum = 0;
  if (s->block > 0 && !s->no_max) {
    sum = online_sum(s, &max, x, n, index);
    for (size_t i = 0; i < n; i++)
      p[i] = exponential(s, x[i], max, index + i);
  } else {
    max = greatest(x, n);
    for (size_t i = 0; i < n; i++) {
      p[i] = exponential(s, x[i], max, index + i);
      sum = add(s, sum, p[i], index + i);
    }
  }
  for (size_t i = 0; i < n; i++)
    p[i] = ulp_step_round(&s->quotient, p[i] / sum, index + i);
}
