/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * KIVI: Z. Liu et al., arXiv:2402.02750.  Keys per channel in groups of
 * tokens, values per token in groups of channels, Q(x) = round((x - z) / s)
 * with z = min, s = (max - min) / (2^B - 1), and the newest tokens in full
 * precision; G = 32 and R = 128 in its experiments.
 */
#include "cache_scheme.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

typedef struct {
  const char *name, *keys, *values;
  int64_t window;
} scheme_row;

/* One array is one head, so token is per token and head, and channel one scale
 * a channel for all tokens of the context.  fp8-unscaled: vLLM's scale of
 * a cache without calibration is 1 (docs, "Quantized KV Cache"). */
static const scheme_row table[] = {
    {"k-noise-1%", "noise:0.01", "exact", 0},
    {"bf16", "bf16/raw=1", "bf16/raw=1", 0},
    {"fp8-unscaled", "e4m3/raw=1", "e4m3/raw=1", 0},
    {"fp8-tensor", "e4m3", "e4m3", 0},
    {"fp8-token", "e4m3/g=token", "e4m3/g=token", 0},
    {"mxfp8", "mxfp8@ocp", "mxfp8@ocp", 0},
    {"int8-tensor", "int8sym", "int8sym", 0},
    {"int8-token", "int8sym/g=token", "int8sym/g=token", 0},
    {"int8-channel", "int8sym/g=channel/axis=1", "int8sym/g=token", 0},
    {"int4-token", "int4sym/g=token", "int4sym/g=token", 0},
    {"int4-group:32", "int4sym/g=group:32", "int4sym/g=group:32", 0},
    {"int4-channel", "int4sym/g=channel/axis=1", "int4sym/g=token", 0},
    {"mxfp4", "mxfp4@ocp", "mxfp4@ocp", 0},
    {"nvfp4", "nvfp4@te", "nvfp4@te", 0},
    {"int2-token", "kivi-token:2:32", "kivi:2:32", 0},
    {"kivi4", "kivi:4:32", "kivi:4:32", 128},
    {"kivi2", "kivi:2:32", "kivi:2:32", 128},
};

const char *ulp_cache_name(size_t i)
{
  return i < sizeof table / sizeof table[0] ? table[i].name : NULL;
}

/* ---- words -------------------------------------------------------------- */

static ulp_status bad_side(const char *text, ulp_error *e)
{
  return ulp_error_set(e, ULP_EINVAL, "--schemes: '%.80s': expected noise:R "
                       "with R from 0 to 1, or kivi:BITS:N with 1 to 8 bits "
                       "and a group of 2 to 256", text);
}

static ulp_status read_kivi(ulp_cache_side *s, const char *text, ulp_error *e)
{
  char *end;
  long bits = strtol(strchr(text, ':') + 1, &end, 10);
  long group = *end == ':' ? strtol(end + 1, &end, 10) : 0;
  s->kind = ULP_CACHE_KIVI;
  if (*end || bits < 1 || bits > 8 || group < 2 || group > 256)
    return bad_side(text, e);
  s->bits = (int)bits;
  s->group = (int)group;
  return ULP_OK;
}

static ulp_status read_side(ulp_cache_side *s, const char *text, ulp_error *e)
{
  ulp_error why;
  char *end;
  *s = (ulp_cache_side){.kind = ULP_CACHE_EXACT};
  snprintf(s->text, sizeof s->text, "%s", text);
  if (strcmp(text, "exact") == 0)
    return ULP_OK;
  if (strncmp(text, "noise:", 6) == 0) {
    s->kind = ULP_CACHE_NOISE;
    s->noise = strtod(text + 6, &end);
    return *end || !(s->noise >= 0 && s->noise <= 1) ? bad_side(text, e)
                                                     : ULP_OK;
  }
  s->by_token = strncmp(text, "kivi-token:", 11) == 0;
  if (s->by_token || strncmp(text, "kivi:", 5) == 0)
    return read_kivi(s, text, e);
  s->kind = ULP_CACHE_QUANTIZER;
  ulp_status status = ulp_quantizer_find(text, &s->q, &why);
  return status == ULP_OK
             ? ULP_OK
             : ulp_error_set(e, status, "--schemes: %.500s", why.text);
}

/* Scales of one token alone, and none of the whole array. */
static bool of_one_token(const ulp_cache_side *s)
{
  const ulp_quantizer *q = &s->q;
  bool along = q->axis == ULP_AXIS_DEFAULT || q->axis == -1 || q->axis == 1;
  if (s->kind != ULP_CACHE_QUANTIZER)
    return true;
  return q->global.count == 0 && !q->nested[0] && along &&
         (q->granularity.kind == ULP_PER_TOKEN ||
          q->granularity.kind == ULP_PER_GROUP);
}

ulp_status ulp_cache_find(ulp_cache_scheme *out, const char *word,
                          ulp_error *e)
{
  char keys[160];
  const char *plus = strchr(word, '+');
  const char *values = plus ? plus + 1 : "";
  *out = (ulp_cache_scheme){.window = 0};
  snprintf(out->name, sizeof out->name, "%s", word);
  snprintf(keys, sizeof keys, "%.*s", plus ? (int)(plus - word) : 0, word);
  size_t i = 0;
  while (ulp_cache_name(i) && strcmp(table[i].name, word) != 0)
    i++;
  if (ulp_cache_name(i)) {
    snprintf(keys, sizeof keys, "%s", table[i].keys);
    values = table[i].values;
    out->window = table[i].window;
  } else if (!plus || strlen(word) >= sizeof out->name) {
    return ulp_error_set(e, ULP_ENAME, "--schemes: '%.80s': expected a name "
                         "such as int8-token, or KEYS+VALUES", word);
  }
  ulp_status s = read_side(&out->keys, keys, e);
  if (s == ULP_OK)
    s = read_side(&out->values, values, e);
  out->whole = out->window > 0 || !of_one_token(&out->keys) ||
               !of_one_token(&out->values);
  return s;
}

double ulp_cache_bits(const ulp_cache_side *side, int64_t tokens, int64_t dim)
{
  int64_t shape[2] = {tokens, dim};
  ulp_blocks b;
  ulp_error e;
  if (side->kind == ULP_CACHE_KIVI) /* scale and zero point of 16 bits */
    return side->bits + 32.0 / side->group;
  if (side->kind != ULP_CACHE_QUANTIZER ||
      ulp_blocks_make(&b, &side->q.granularity, side->q.axis, 2, shape, &e) !=
          ULP_OK)
    return NAN;
  return ulp_quantizer_bits(&side->q, &b);
}

/* ---- values ------------------------------------------------------------- */

static void add_noise(float *y, const float *x, int64_t tokens, int64_t dim,
                      double share, const float *pool, uint64_t seed,
                      uint64_t stream)
{
  int64_t even = dim + dim % 2; /* a token begins at an even element */
  for (int64_t t = 0; t < tokens; t++) {
    const float *k = x + t * dim;
    double square = 0;
    for (int64_t c = 0; c < dim; c++)
      square += (double)k[c] * (double)k[c];
    double by = share * sqrt(square / (double)dim);
    ulp_pool_fill(pool, y + t * dim, t * even, dim, seed, stream);
    for (int64_t c = 0; c < dim; c++)
      y[t * dim + c] = (float)((double)k[c] + by * (double)y[t * dim + c]);
  }
}

ulp_status ulp_cache_values(const ulp_cache_scheme *scheme, bool of_values,
                            float *y, const float *x, int64_t tokens,
                            int64_t dim, const float *pool, uint64_t seed,
                            uint64_t stream, ulp_error *e)
{
  const ulp_cache_side *s = of_values ? &scheme->values : &scheme->keys;
  int64_t old = tokens > scheme->window ? tokens - scheme->window : 0;
  const int64_t shape[2] = {old, dim};
  ulp_status status = ULP_OK;
  if (old == 0 || s->kind == ULP_CACHE_EXACT)
    old = 0;
  else if (s->kind == ULP_CACHE_NOISE)
    add_noise(y, x, old, dim, s->noise, pool, seed, stream);
  else if (s->kind == ULP_CACHE_KIVI)
    ulp_kivi_values(y, x, old, dim, s->bits, s->group,
                    !of_values && !s->by_token);
  else
    status = ulp_quantizer_values(&s->q, 2, shape, y, x, 0, e);
  memcpy(y + old * dim, x + old * dim,
         (size_t)((tokens - old) * dim) * sizeof *y);
  return status;
}
