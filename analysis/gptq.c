/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/gptq.c: E. Frantar et al., GPTQ, arXiv:2210.17323.
 *
 * Algorithm 1 updates lazily, in blocks of 128 channels; the sums here are
 * the same, channel by channel.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "methods.h"
#include "model.h"

typedef struct {
  const ulp_quantizer *q;
  ulp_quantizer given;    /* q with scales that are given */
  ulp_blocks group, line; /* of the channels that share scales; of one */
  int64_t outputs, channels, width; /* width: of a group */
  double amax, global;
  float *narrow;
  unsigned char *code, *scales;
  int32_t *zeros;
} state;

static ulp_status make_blocks(state *g, ulp_error *e)
{
  const int64_t line[] = {g->outputs, 1};
  const ulp_granularity *of = &g->q->granularity;
  bool grouped = of->kind == ULP_PER_GROUP, rows = of->kind == ULP_PER_TOKEN;
  g->width = grouped && of->cols < g->channels ? of->cols : g->channels;
  const int64_t group[] = {g->outputs, g->width};
  if (!(grouped || rows || of->kind == ULP_PER_TENSOR) || g->q->nested[0] ||
      g->channels % g->width)
    return ulp_error_set(e, ULP_EINVAL, "GPTQ: %s in %lld channels: expected "
                         "scales of rows, of whole groups of a row or of the "
                         "matrix", g->q->name, (long long)g->channels);
  ulp_status s = ulp_blocks_make(&g->group, of, g->q->axis, 2, group, e);
  return s == ULP_OK ? ulp_blocks_make(&g->line, of, g->q->axis, 2, line, e)
                     : s;
}

static bool make_room(state *g)
{
  size_t n = (size_t)(g->outputs * g->width);
  g->narrow = malloc(n * sizeof *g->narrow);
  g->code = malloc(n * g->q->element.storage_bytes);
  g->scales = malloc((size_t)g->outputs * g->q->scale.storage_bytes);
  g->zeros = calloc((size_t)g->outputs, sizeof *g->zeros);
  return g->narrow && g->code && g->scales && g->zeros;
}

static void free_room(state *g)
{
  free(g->narrow);
  free(g->code);
  free(g->scales);
  free(g->zeros);
}

static ulp_quantized arrays(const state *g)
{
  return (ulp_quantized){g->code, g->scales,
                         g->q->zero.count || g->q->fixed ? g->zeros : NULL};
}

/* The scales that q chooses for channels `first` on as they are now. */
static ulp_status choose_scales(state *g, const double *w, int64_t first)
{
  const ulp_quantized out = arrays(g);
  for (int64_t r = 0; r < g->outputs; r++)
    for (int64_t c = 0; c < g->width; c++)
      g->narrow[r * g->width + c] = (float)w[r * g->channels + first + c];
  return ulp_quantize_blocks(g->q, &g->group, &out, g->narrow, g->amax,
                             g->global, 0, g->group.blocks, 0);
}

static ulp_status quantize_channel(state *g, double *w, double *lost,
                                   int64_t c)
{
  const ulp_quantized out = {g->code, g->scales, g->zeros};
  for (int64_t r = 0; r < g->outputs; r++)
    g->narrow[r] = (float)w[r * g->channels + c];
  ulp_status s = ulp_quantize_blocks(&g->given, &g->line, &out, g->narrow,
                                     g->amax, g->global, 0, g->line.blocks,
                                     (uint64_t)(c * g->outputs));
  if (s != ULP_OK) return s;
  ulp_dequantize_blocks(&g->given, &g->line, g->narrow, &out, g->global, 0,
                        g->line.blocks);
  for (int64_t r = 0; r < g->outputs; r++) {
    double *at = w + r * g->channels + c;
    lost[r] = *at - (double)g->narrow[r];
    *at = (double)g->narrow[r];
  }
  return ULP_OK;
}

static void spread(const state *g, double *w, const double *lost,
                   const double *u, int64_t c)
{
  const double *row = u + c * g->channels;
  for (int64_t r = 0; r < g->outputs; r++) {
    double error = lost[r] / row[c], *to = w + r * g->channels;
    for (int64_t i = c + 1; i < g->channels; i++)
      to[i] -= error * row[i];
  }
}

static void find_global(state *g, const double *w)
{
  for (int64_t i = 0; i < g->outputs * g->channels; i++) {
    float x = (float)w[i];
    g->amax = ulp_quantizer_amax(g->q, g->amax, &x, 1);
  }
  g->global = ulp_quantizer_global(g->q, g->amax);
}

static ulp_status run(state *g, double *w, const double *u)
{
  double *lost = malloc((size_t)g->outputs * sizeof *lost);
  ulp_status s = lost && make_room(g) ? ULP_OK : ULP_ENOMEM;
  if (s == ULP_OK) find_global(g, w);
  for (int64_t c = 0; s == ULP_OK && c < g->channels; c++) {
    if (c % g->width == 0) s = choose_scales(g, w, c);
    if (s == ULP_OK) s = quantize_channel(g, w, lost, c);
    if (s == ULP_OK) spread(g, w, lost, u, c);
  }
  free(lost);
  free_room(g);
  return s;
}

ulp_status ulp_gptq_values(double *y, const double *w, int64_t outputs,
                           int64_t channels, const double *u,
                           const ulp_quantizer *q, ulp_error *e)
{
  state g = {.q = q, .given = *q, .outputs = outputs, .channels = channels};
  g.given.fixed = true;
  ulp_status s = make_blocks(&g, e);
  if (s != ULP_OK) return s;
  if (y != w) memcpy(y, w, (size_t)(outputs * channels) * sizeof *y);
  s = run(&g, y, u);
  return s == ULP_OK ? s
                     : ulp_error_set(e, s, "GPTQ: %s: %s", q->name,
                                     ulp_strerror(s));
}
