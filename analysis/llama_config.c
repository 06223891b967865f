/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * config.json of a Llama: what transformers' LlamaConfig writes, with the
 * defaults it has (configuration_llama.py); rope_scaling and rope_theta as
 * transformers 4 has them, or rope_parameters as 5 has.
 */
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "llama.h"

typedef struct {
  const char *path;
  ulp_error *e;
} reader;

static ulp_status refuse(const reader *r, const char *key, const char *expected)
{
  return ulp_error_set(r->e, ULP_EFORMAT, "%s: %s: expected %s", r->path, key,
                       expected);
}

/* Absent or null gives `standard`; 0: it must be there. */
static ulp_status whole(const reader *r, const json_t *o, const char *key,
                        int64_t standard, int64_t most, int64_t *out)
{
  const json_t *v = json_object_get(o, key);
  if ((!v || json_is_null(v)) && standard > 0) {
    *out = standard;
    return ULP_OK;
  }
  if (!json_is_integer(v) || json_integer_value(v) < 1 ||
      json_integer_value(v) > most)
    return ulp_error_set(r->e, ULP_EFORMAT, "%s: %s: expected a whole number "
                         "from 1 to %lld", r->path, key, (long long)most);
  *out = json_integer_value(v);
  return ULP_OK;
}

static ulp_status number(const reader *r, const json_t *o, const char *key,
                         double standard, double *out)
{
  const json_t *v = json_object_get(o, key);
  *out = !v || json_is_null(v) ? standard : json_number_value(v);
  if ((v && !json_is_null(v) && !json_is_number(v)) ||
      !(*out > 0 && isfinite(*out)))
    return refuse(r, key, "a number above 0");
  return ULP_OK;
}

static ulp_status flag(const reader *r, const json_t *o, const char *key,
                       bool *out)
{
  const json_t *v = json_object_get(o, key);
  *out = json_is_true(v);
  return !v || json_is_boolean(v) || json_is_null(v)
             ? ULP_OK : refuse(r, key, "true or false");
}

/* What this decoder does not compute is refused, never left out. */
static ulp_status check_kind(const reader *r, const json_t *o)
{
  const json_t *type = json_object_get(o, "model_type");
  const json_t *act = json_object_get(o, "hidden_act");
  bool attention_bias, mlp_bias;
  if (!json_is_string(type) || strcmp(json_string_value(type), "llama") != 0)
    return ulp_error_set(r->e, ULP_EFORMAT, "%s: model_type %.60s: expected "
                         "llama", r->path,
                         json_is_string(type) ? json_string_value(type)
                                              : "is missing");
  if (act && (!json_is_string(act) ||
              strcmp(json_string_value(act), "silu") != 0))
    return refuse(r, "hidden_act", "silu");
  ulp_status s = flag(r, o, "attention_bias", &attention_bias);
  if (s == ULP_OK)
    s = flag(r, o, "mlp_bias", &mlp_bias);
  if (s == ULP_OK && attention_bias)
    s = refuse(r, "attention_bias", "false: biases are not supported");
  if (s == ULP_OK && mlp_bias)
    s = refuse(r, "mlp_bias", "false: biases are not supported");
  return s;
}

static ulp_status read_sizes(const reader *r, const json_t *o,
                             ulp_llama_config *c)
{
  enum { MOST = 1 << 24 };
  ulp_status s = whole(r, o, "hidden_size", 0, MOST, &c->hidden);
  if (s == ULP_OK)
    s = whole(r, o, "num_hidden_layers", 0, 1 << 16, &c->layers);
  if (s == ULP_OK)
    s = whole(r, o, "num_attention_heads", 0, 1 << 16, &c->heads);
  if (s == ULP_OK)
    s = whole(r, o, "num_key_value_heads", c->heads, 1 << 16, &c->kv_heads);
  if (s == ULP_OK)
    s = whole(r, o, "head_dim", c->hidden / c->heads, 1 << 16, &c->head_dim);
  if (s == ULP_OK)
    s = whole(r, o, "intermediate_size", 0, MOST, &c->intermediate);
  if (s == ULP_OK)
    s = whole(r, o, "vocab_size", 0, MOST, &c->vocab);
  if (s == ULP_OK)
    s = whole(r, o, "max_position_embeddings", 2048, 1 << 30, &c->positions);
  if (s == ULP_OK && c->heads % c->kv_heads)
    s = refuse(r, "num_key_value_heads", "a divisor of num_attention_heads");
  if (s == ULP_OK && c->head_dim % 2)
    s = refuse(r, "head_dim", "an even number");
  return s;
}

static ulp_status read_llama3(const reader *r, const json_t *o,
                              ulp_llama_config *c)
{
  c->llama3 = true;
  ulp_status s = number(r, o, "low_freq_factor", 0, &c->low_factor);
  if (s == ULP_OK)
    s = number(r, o, "high_freq_factor", 0, &c->high_factor);
  if (s == ULP_OK)
    s = whole(r, o, "original_max_position_embeddings", 0, 1 << 30,
              &c->original_positions);
  if (s == ULP_OK && !(c->high_factor > c->low_factor))
    s = refuse(r, "high_freq_factor", "more than low_freq_factor");
  return s;
}

static ulp_status read_rope(const reader *r, const json_t *o,
                            ulp_llama_config *c)
{
  const json_t *rope = json_object_get(o, "rope_parameters");
  if (!json_is_object(rope))
    rope = json_object_get(o, "rope_scaling");
  if (rope && !json_is_object(rope) && !json_is_null(rope))
    return refuse(r, "rope_scaling", "an object or null");
  const json_t *type = json_object_get(rope, "rope_type");
  if (!type)
    type = json_object_get(rope, "type");
  const char *name = json_is_string(type) ? json_string_value(type) : "default";
  const json_t *at = json_object_get(rope, "rope_theta") ? rope : o;
  c->factor = 1;
  ulp_status s = number(r, at, "rope_theta", 10000, &c->theta);
  if (s != ULP_OK || strcmp(name, "default") == 0)
    return s;
  if (strcmp(name, "linear") != 0 && strcmp(name, "llama3") != 0)
    return ulp_error_set(r->e, ULP_EFORMAT, "%s: rope_type %.60s: expected "
                         "default, linear or llama3", r->path, name);
  s = number(r, rope, "factor", 0, &c->factor);
  return s == ULP_OK && strcmp(name, "llama3") == 0
             ? read_llama3(r, rope, c) : s;
}

static ulp_status read_all(const reader *r, const json_t *o,
                           ulp_llama_config *c)
{
  if (!json_is_object(o))
    return ulp_error_set(r->e, ULP_EFORMAT, "%s: expected an object", r->path);
  ulp_status s = check_kind(r, o);
  if (s == ULP_OK)
    s = read_sizes(r, o, c);
  if (s == ULP_OK)
    s = number(r, o, "rms_norm_eps", 1e-6, &c->epsilon);
  if (s == ULP_OK)
    s = flag(r, o, "tie_word_embeddings", &c->tied);
  return s == ULP_OK ? read_rope(r, o, c) : s;
}

ulp_status ulp_llama_config_parse(ulp_llama_config *c, const char *json,
                                  size_t size, const char *path, ulp_error *e)
{
  json_error_t why;
  const reader r = {path, e};
  json_t *o = json_loadb(json, size, JSON_REJECT_DUPLICATES, &why);
  *c = (ulp_llama_config){0};
  if (!o)
    return ulp_error_set(e, ULP_EFORMAT, "%s: line %d: %s", path, why.line,
                         why.text);
  ulp_status s = read_all(&r, o, c);
  json_decref(o);
  return s;
}
