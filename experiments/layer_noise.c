/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The error that theory expects of a layer in integers.
 *
 * Nothing here calls the code that rounds: a scale is amax / max of its block,
 * a step as wide, and the error of normal numbers in such steps is known.
 */
#include <math.h>
#include <stdlib.h>

#include "layer.h"
#include "remedies.h"

typedef struct {
  const double *x;
  int64_t rows, channels;
  const unsigned char *apart;
} matrix;

/* The element that sets a block's scale: it is the greatest code exactly, so
 * it alone has no error. */
typedef struct {
  double amax;
  int64_t at;
} greatest;

static greatest greatest_of(const matrix *m, int64_t row, int64_t first,
                            int64_t n)
{
  greatest g = {0, -1};
  for (int64_t c = first; c < first + n; c++) {
    int64_t i = row * m->channels + c;
    if ((!m->apart || !m->apart[c]) && fabs(m->x[i]) > g.amax)
      g = (greatest){fabs(m->x[i]), i};
  }
  return g;
}

/* The noise of f16, over the power: (2^-10)^2 / 12 times the mean of 1 / m^2,
 * which is 3 / (8 ln 2) for significands m log-uniform on [1, 2). */
static const double f16_noise = 0x1p-20 / 12 * 0.375 / 0.6931471805599453;

/* noise[c] and power[c]: sums over the rows. */
static void expect(double *noise, double *power, const matrix *m,
                   const ulp_quantizer *q)
{
  const ulp_granularity *g = &q->granularity;
  int64_t width = g->kind == ULP_PER_GROUP && g->cols < m->channels
                      ? g->cols : m->channels;
  double max = ulp_max(&q->element);
  greatest whole = {0, -1};
  for (int64_t c = 0; c < m->channels; c++)
    noise[c] = power[c] = 0;
  for (int64_t r = 0; r < m->rows; r++) {
    greatest top = greatest_of(m, r, 0, m->channels);
    whole = top.amax > whole.amax ? top : whole;
    for (int64_t c = 0; c < m->channels; c++)
      power[c] += m->x[r * m->channels + c] * m->x[r * m->channels + c];
  }
  for (int64_t r = 0; r < m->rows; r++)
    for (int64_t first = 0; first < m->channels; first += width) {
      int64_t n = m->channels - first < width ? m->channels - first : width;
      greatest top = g->kind == ULP_PER_TENSOR ? whole
                                               : greatest_of(m, r, first, n);
      for (int64_t c = first; top.amax > 0 && c < first + n; c++)
        if ((!m->apart || !m->apart[c]) && top.at != r * m->channels + c)
          noise[c] += ulp_step_noise(sqrt(power[c] / (double)m->rows),
                                     top.amax / max);
    }
  for (int64_t c = 0; m->apart && c < m->channels; c++)
    noise[c] += m->apart[c] ? f16_noise * power[c] : 0;
}

static bool is_known(const ulp_quantizer *q)
{
  ulp_granularity_kind g = q->granularity.kind;
  return q->element.kind == ULP_INTEGER && q->scale.bits == 32 &&
         (g == ULP_PER_TENSOR || g == ULP_PER_TOKEN || g == ULP_PER_GROUP);
}

double ulp_layer_noise(const ulp_layer_result *r, const ulp_layer_scheme *s,
                       int64_t tokens, int64_t outputs, int64_t channels,
                       double compensated)
{
  const matrix x = {r->x, tokens, channels, r->apart};
  const matrix w = {r->w, outputs, channels, r->apart};
  if (!is_known(&r->ws) || (*s->x && !is_known(&r->xs)))
    return NAN;
  double *room = calloc((size_t)channels * 4, sizeof *room), sum = NAN;
  double *xn = room, *xp = room + channels;
  double *wn = room + 2 * channels, *wp = room + 3 * channels;
  if (room) {
    expect(xn, xp, &x, *s->x ? &r->xs : &r->ws);
    expect(wn, wp, &w, &r->ws);
    sum = 0;
    for (int64_t c = 0; c < channels; c++) {
      double lost = *s->x ? xn[c] : 0;
      sum += lost * wp[c] + (xp[c] + lost) * compensated * wn[c];
    }
  }
  free(room);
  return sum;
}
