/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One layer of a stack.
 */
#include "stack_layer.h"

#include <math.h>
#include <stdlib.h>

#include "words.h"

enum { EXPANSION = 2, OUTLIER_EVERY = 64 };

bool ulp_layer_room_make(ulp_layer_room *r, const ulp_stack *s)
{
  size_t h = (size_t)s->width, t = (size_t)s->tokens, wide = EXPANSION * h;
  size_t most = (t > h ? t : h) * wide;
  *r = (ulp_layer_room){
      .drawn = malloc(2 * h * wide * sizeof *r->drawn),
      .w1 = malloc(h * wide * sizeof *r->w1),
      .w2 = malloc(h * wide * sizeof *r->w2),
      .input = malloc(t * h * sizeof *r->input),
      .between = malloc(t * wide * sizeof *r->between),
      .output = malloc(t * h * sizeof *r->output),
      .f32 = malloc(most * sizeof *r->f32)};
  return r->drawn && r->w1 && r->w2 && r->input && r->between && r->output &&
         r->f32;
}

void ulp_layer_room_free(ulp_layer_room *r)
{
  free(r->drawn);
  free(r->w1);
  free(r->w2);
  free(r->input);
  free(r->between);
  free(r->output);
  free(r->f32);
}

/* ---- weights ------------------------------------------------------------ */

static uint64_t stream_of(const char *name, int64_t layer)
{
  return (uint64_t)ulp_name_hash(name) << 24 | (uint64_t)layer;
}

/* Of a normal input of power 1, W1's output has power 2, its positive part 1,
 * and W2's output 1 (K. He et al., arXiv:1502.01852, section 2.2). */
void ulp_layer_weights(float *drawn, const ulp_stack *s, int64_t layer)
{
  int64_t n = EXPANSION * s->width * s->width;
  double h = (double)s->width;
  ulp_normals_fill(s->normals, drawn, n, sqrt(2 / h), s->seed,
                   stream_of("stack w1", layer));
  ulp_normals_fill(s->normals, drawn + n, n, sqrt(1 / (EXPANSION * h)),
                   s->seed, stream_of("stack w2", layer));
}

/* The gain of a channel of the normalized input. */
static double gain_of(const ulp_stack_quantizers *q, int64_t channel)
{
  return q && channel % OUTLIER_EVERY == 0 ? q->gain : 1;
}

/* x [rows, cols] through q. */
static ulp_status quantize(double *out, float *x, int64_t rows, int64_t cols,
                           const ulp_quantizer *q, uint64_t index,
                           ulp_error *e)
{
  const int64_t shape[2] = {rows, cols};
  ulp_status s = ulp_quantizer_values(q, 2, shape, x, x, index, e);
  for (int64_t i = 0; s == ULP_OK && i < rows * cols; i++)
    out[i] = (double)x[i];
  return s;
}

/* Four arrays of a layer are quantized; each has numbers of its own. */
static uint64_t index_of(int64_t layer, int array)
{
  return ((uint64_t)layer * 4 + (uint64_t)array) << 32;
}

ulp_status ulp_layer_load(ulp_layer_room *r, const ulp_stack *s,
                          const float *drawn, const ulp_stack_quantizers *q,
                          int64_t layer, ulp_error *e)
{
  int64_t h = s->width, wide = EXPANSION * h, n = h * wide;
  const float *second = drawn + n;
  if (!q) {
    for (int64_t i = 0; i < n; i++) {
      r->w1[i] = (double)drawn[i];
      r->w2[i] = (double)second[i];
    }
    return ULP_OK;
  }
  for (int64_t i = 0; i < n; i++)
    r->f32[i] = (float)((double)drawn[i] / gain_of(q, i % h));
  ulp_status status = quantize(r->w1, r->f32, wide, h, &q->weights,
                               index_of(layer, 0), e);
  for (int64_t i = 0; i < n; i++)
    r->f32[i] = second[i];
  return status == ULP_OK
             ? quantize(r->w2, r->f32, h, wide, &q->weights,
                        index_of(layer, 1), e)
             : status;
}

/* ---- tokens ------------------------------------------------------------- */

static ulp_status activations(double *x, float *f32, int64_t rows,
                              int64_t cols, const ulp_stack_quantizers *q,
                              uint64_t index, ulp_error *e)
{
  for (int64_t i = 0; i < rows * cols; i++)
    f32[i] = (float)x[i];
  return quantize(x, f32, rows, cols, &q->activations, index, e);
}

ulp_status ulp_layer_branch(ulp_layer_room *r, const ulp_stack *s,
                            const double *x, const ulp_stack_quantizers *q,
                            int64_t layer, ulp_error *e)
{
  const ulp_norm_steps exact = {.input = NULL};
  int64_t t = s->tokens, h = s->width, wide = EXPANSION * h;
  size_t tokens = (size_t)t;
  ulp_status status = ULP_OK;
  for (int64_t i = 0; i < t; i++)
    ulp_rms_norm(r->input + i * h, x + i * h, NULL, h, 0, &exact, 0);
  for (int64_t i = 0; i < t * h && q; i++)
    r->input[i] *= gain_of(q, i % h);
  if (q)
    status = activations(r->input, r->f32, t, h, q, index_of(layer, 2), e);
  if (status != ULP_OK)
    return status;
  ulp_product(r->between, r->input, r->w1, tokens, (size_t)wide, (size_t)h);
  for (int64_t i = 0; i < t * wide; i++)
    r->between[i] = fmax(0, r->between[i]);
  if (q)
    status = activations(r->between, r->f32, t, wide, q, index_of(layer, 3),
                         e);
  if (status == ULP_OK)
    ulp_product(r->output, r->between, r->w2, tokens, (size_t)h,
                (size_t)wide);
  return status;
}

void ulp_layer_mirror(double *x, const ulp_stack *s, int64_t layer)
{
  int64_t h = s->width;
  uint64_t stream = stream_of("stack mirror", layer);
  for (int64_t t = 0; t < s->tokens; t++) {
    double vv = 0, vx = 0, *row = x + t * h;
    for (int64_t i = 0; i < h; i++) {
      double v = ulp_normal_at(s->normals, s->seed, stream, (uint64_t)i);
      vv += v * v;
      vx += v * row[i];
    }
    for (int64_t i = 0; i < h; i++)
      row[i] -= 2 * vx / vv *
                ulp_normal_at(s->normals, s->seed, stream, (uint64_t)i);
  }
}
