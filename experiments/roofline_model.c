/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Bytes, operations and time of a forward pass.
 *
 * A decoding step reads the weights once for the whole batch and each
 * sequence's cache once; a prefill does the same for all its tokens, and its
 * attention is causal.  A multiply-add is two operations.  lm_head and the
 * embedding are BF16, lm_head is needed for the last token alone, attention
 * is computed in BF16 whatever its cache.  Left out: activations (they stay in
 * caches or are small beside weights), softmax and norms, launches, links.
 */
#include "roofline.h"

#include <math.h>
#include <string.h>

/* ---- schemes ------------------------------------------------------------ */

/* GPTQ's and AWQ's scales are f16, one for 128 weights; W8A8 has an f32 scale
 * a row (vLLM). */
static const struct {
  const char *name, *weights;
  ulp_rate rate;
} schemes[] = {
    {"bf16", "bf16", ULP_RATE_BF16},
    {"w8a16", "int8/g=channel/scale=float16", ULP_RATE_BF16},
    {"w4a16", "int4/g=group:128/scale=float16", ULP_RATE_BF16},
    {"nf4a16", "nf4-double@bitsandbytes", ULP_RATE_BF16},
    {"nvfp4a16", "nvfp4@te", ULP_RATE_BF16},
    {"w8a8-int8", "int8/g=channel/scale=float32", ULP_RATE_INT8},
    {"w8a8-fp8", "e4m3/g=channel/scale=float32", ULP_RATE_FP8},
    {"w4a8-int8", "int4/g=group:128/scale=float16", ULP_RATE_INT8},
    {"w4a8-fp8", "int4/g=group:128/scale=float16", ULP_RATE_FP8},
    {"w4a4-int4", "int4/g=channel/scale=float32", ULP_RATE_INT4},
    {"w4a4-mxfp4", "mxfp4@ocp", ULP_RATE_FP4},
    {"w4a4-nvfp4", "nvfp4@te", ULP_RATE_FP4},
};
enum { SCHEMES = sizeof schemes / sizeof schemes[0] };

static const char *scheme_name(const void *list, size_t i)
{
  (void)list;
  return i < SCHEMES ? schemes[i].name : NULL;
}

/* The type that a format's codes can be multiplied in as they are. */
static ulp_rate type_of(const ulp_format *f)
{
  static const struct {
    const char *format;
    ulp_rate rate;
  } types[] = {
      {"bfloat16", ULP_RATE_BF16},       {"float16", ULP_RATE_BF16},
      {"float8_e4m3fn", ULP_RATE_FP8},   {"float8_e5m2", ULP_RATE_FP8},
      {"int8", ULP_RATE_INT8},           {"int8sym", ULP_RATE_INT8},
      {"float4_e2m1fn", ULP_RATE_FP4},   {"int4", ULP_RATE_INT4},
      {"int4sym", ULP_RATE_INT4},
  };
  for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
    if (strcmp(types[i].format, f->name) == 0)
      return types[i].rate;
  return ULP_RATES;
}

static ulp_status finish_scheme(ulp_scheme *out, ulp_error *e)
{
  ulp_format f;
  ulp_quantizer q;
  if (ulp_format_find(out->weights, &f, NULL, 0) == ULP_OK) {
    out->stored = type_of(&f);
    return ULP_OK;
  }
  ulp_status s = ulp_quantizer_find(out->weights, &q, e);
  if (s == ULP_OK)
    out->stored = type_of(&q.element);
  return s;
}

static ulp_status read_scheme(ulp_scheme *out, const char *text,
                              const char *plus, ulp_error *e)
{
  *out = (ulp_scheme){.stored = ULP_RATES, .rate = ULP_RATES};
  for (size_t i = 0; ulp_rate_name(i); i++)
    if (strcmp(plus + 1, ulp_rate_name(i)) == 0)
      out->rate = (ulp_rate)i;
  size_t n = (size_t)(plus - text);
  if (out->rate == ULP_RATES || n >= sizeof out->weights)
    return ulp_error_set(e, ULP_EINVAL, "scheme '%.90s': expected WEIGHTS+TYPE "
                         "with a type out of bf16, fp8, int8, fp4, int4",
                         text);
  memcpy(out->weights, text, n);
  (void)snprintf(out->name, sizeof out->name, "%s", text);
  return finish_scheme(out, e);
}

ulp_status ulp_scheme_find(ulp_scheme *out, const char *text, ulp_error *e)
{
  const char *plus = strrchr(text, '+');
  if (plus)
    return read_scheme(out, text, plus, e);
  for (size_t i = 0; i < SCHEMES; i++)
    if (strcmp(schemes[i].name, text) == 0) {
      *out = (ulp_scheme){.rate = schemes[i].rate};
      (void)snprintf(out->name, sizeof out->name, "%s", text);
      (void)snprintf(out->weights, sizeof out->weights, "%s",
                     schemes[i].weights);
      return finish_scheme(out, e);
    }
  const char *near = ulp_nearest(text, scheme_name, NULL);
  return ulp_error_set(e, ULP_ENAME, "no scheme '%.60s'%s%s%s", text,
                       near ? " (did you mean '" : ": expected w4a16, "
                              "w8a8-fp8, ... or WEIGHTS+TYPE",
                       near ? near : "", near ? "'?)" : "");
}

/* ---- bytes -------------------------------------------------------------- */

ulp_status ulp_storage_bits(double *bits, const char *text, int64_t rows,
                            int64_t columns, ulp_error *e)
{
  ulp_format f;
  ulp_quantizer q;
  ulp_blocks b;
  const int64_t shape[2] = {rows, columns};
  if (ulp_format_find(text, &f, NULL, 0) == ULP_OK) {
    *bits = f.bits;
    return ULP_OK;
  }
  ulp_status s = ulp_quantizer_find(text, &q, e);
  if (s == ULP_OK)
    s = ulp_blocks_make(&b, &q.granularity, q.axis, 2, shape, e);
  if (s == ULP_OK)
    *bits = ulp_quantizer_bits(&q, &b);
  return s;
}

ulp_status ulp_roofline_weights(double *bytes, const ulp_model_shape *m,
                                const char *weights, ulp_error *e)
{
  int64_t shape[ULP_LAYER_MATRICES][2];
  double bits = 0, sum = 0;
  ulp_status s = ULP_OK;
  ulp_model_matrices(m, shape);
  for (int i = 0; s == ULP_OK && i < ULP_LAYER_MATRICES; i++) {
    s = ulp_storage_bits(&bits, weights, shape[i][0], shape[i][1], e);
    sum += bits * (double)(shape[i][0] * shape[i][1]);
  }
  *bytes = (double)m->layers * sum / 8;
  return s;
}

ulp_status ulp_roofline_cache(double *bytes, const ulp_model_shape *m,
                              const char *cache, ulp_error *e)
{
  double bits = 0;
  ulp_status s = ulp_storage_bits(&bits, cache, 2 * m->layers * m->kv_heads,
                                  m->head_dim, e);
  *bytes = bits * ulp_model_cached(m) / 8;
  return s;
}

/* ---- time --------------------------------------------------------------- */

static double longer(const ulp_roofline_part *p)
{
  return p->compute_s > p->bandwidth_s ? p->compute_s : p->bandwidth_s;
}

static void add_part(ulp_roofline *r, ulp_roofline_part *p, double peak,
                     double bandwidth)
{
  p->compute_s = p->flops / peak;
  p->bandwidth_s = p->bytes / bandwidth;
  r->time_s += longer(p);
  if (p->bandwidth_s >= p->compute_s)
    r->bandwidth_bound_s += longer(p);
}

static double causal_pairs(const ulp_roofline_case *c)
{
  return c->prefill ? c->context * (c->context + 1) / 2 : c->context;
}

static void count_work(ulp_roofline *r, const ulp_roofline_case *c)
{
  const ulp_model_shape *m = c->model;
  double tokens = c->prefill ? c->batch * c->context : c->batch;
  double written = c->prefill ? c->context : 1;
  r->linear.flops = 2 * tokens * (double)m->layers * ulp_model_layer(m);
  r->linear.bytes = c->layer_bytes;
  /* two products of a head's length for each pair of tokens */
  r->attention.flops = 4 * c->batch * causal_pairs(c) * (double)m->layers *
                       (double)(m->heads * m->head_dim);
  r->attention.bytes = c->batch * (c->context + written) * c->cached_bytes;
  r->ends.flops = 2 * c->batch * ulp_model_embedding(m);
  r->ends.bytes =
      2 * ulp_model_embedding(m) + 2 * tokens * (double)m->hidden;
}

/* The bytes of BF16 over bandwidth, against operations of this scheme: from
 * there on it only computes, as BF16 still reads.  A scheme of a higher rate
 * is faster beyond. */
static double crossover(const ulp_roofline *r, const ulp_roofline_case *c)
{
  const double *peak = c->gpu->peak;
  double slower = r->dequantizes ? 1 + c->overhead : 1;
  if (c->scheme->stored == ULP_RATE_BF16 ||
      peak[r->runs_as] / slower > peak[ULP_RATE_BF16])
    return INFINITY;
  return peak[r->runs_as] / slower / c->gpu->bandwidth;
}

ulp_roofline ulp_roofline_of(const ulp_roofline_case *c)
{
  const double *peak = c->gpu->peak;
  const ulp_model_shape *m = c->model;
  ulp_roofline r = {.runs_as = c->scheme->rate};
  r.native = peak[r.runs_as] > 0;
  if (!r.native) /* dequantized to what every GPU here multiplies */
    r.runs_as = ULP_RATE_BF16;
  r.dequantizes = r.runs_as != c->scheme->stored;
  count_work(&r, c);
  add_part(&r, &r.linear,
           peak[r.runs_as] / (r.dequantizes ? 1 + c->overhead : 1),
           c->gpu->bandwidth);
  add_part(&r, &r.attention, peak[ULP_RATE_BF16], c->gpu->bandwidth);
  add_part(&r, &r.ends, peak[ULP_RATE_BF16], c->gpu->bandwidth);
  r.memory = c->layer_bytes + 4 * ulp_model_embedding(m) +
             2 * (double)((2 * m->layers + 1) * m->hidden) +
             c->batch * c->context * c->cached_bytes;
  r.crossover = crossover(&r, c);
  return r;
}
