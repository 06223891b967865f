/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The weights of a Llama, by the names that transformers gives them.
 */
#include <stdlib.h>
#include <string.h>

#include "llama_internal.h"

static const char *const matrix_names[] = {
    [ULP_LLAMA_Q] = "self_attn.q_proj",   [ULP_LLAMA_K] = "self_attn.k_proj",
    [ULP_LLAMA_V] = "self_attn.v_proj",   [ULP_LLAMA_O] = "self_attn.o_proj",
    [ULP_LLAMA_GATE] = "mlp.gate_proj",   [ULP_LLAMA_UP] = "mlp.up_proj",
    [ULP_LLAMA_DOWN] = "mlp.down_proj",
};

void ulp_llama_shape(const ulp_llama_config *c, ulp_llama_matrix which,
                     int64_t shape[2])
{
  int64_t q = c->heads * c->head_dim, kv = c->kv_heads * c->head_dim;
  const int64_t shapes[ULP_LLAMA_MATRICES][2] = {
      [ULP_LLAMA_Q] = {q, c->hidden},
      [ULP_LLAMA_K] = {kv, c->hidden},
      [ULP_LLAMA_V] = {kv, c->hidden},
      [ULP_LLAMA_O] = {c->hidden, q},
      [ULP_LLAMA_GATE] = {c->intermediate, c->hidden},
      [ULP_LLAMA_UP] = {c->intermediate, c->hidden},
      [ULP_LLAMA_DOWN] = {c->hidden, c->intermediate},
  };
  memcpy(shape, shapes[which], sizeof shapes[which]);
}

/* ---- one tensor --------------------------------------------------------- */

static const char *shape_text(char *out, size_t size, int ndim,
                              const int64_t *shape)
{
  size_t at = (size_t)snprintf(out, size, "[");
  for (int d = 0; d < ndim && at < size; d++)
    at += (size_t)snprintf(out + at, size - at, "%s%lld", d ? ", " : "",
                           (long long)shape[d]);
  if (at < size)
    snprintf(out + at, size - at, "]");
  return out;
}

static ulp_status find(const ulp_tensor **out, const ulp_checkpoint *c,
                       const char *name, int ndim, const int64_t *shape,
                       ulp_error *e)
{
  const ulp_tensor *t = ulp_checkpoint_find(c, name);
  ulp_format f;
  if (!t)
    return ulp_error_set(e, ULP_EFORMAT, "%s: no tensor %s", c->folder, name);
  if (!t->dtype->format ||
      ulp_format_find(t->dtype->format, &f, NULL, 0) != ULP_OK ||
      f.kind != ULP_FLOAT || f.bits < 16)
    return ulp_error_set(e, ULP_EFORMAT, "%s: %s is of type %s: expected "
                         "floats of 16 bits or more", c->folder, name,
                         ulp_dtype_name(t->dtype));
  bool same = t->ndim == ndim;
  for (int d = 0; same && d < ndim; d++)
    same = t->shape[d] == shape[d];
  char is[64], should[64];
  if (!same)
    return ulp_error_set(e, ULP_EFORMAT, "%s: %s is %s: config.json says %s",
                         c->folder, name,
                         shape_text(is, sizeof is, t->ndim, t->shape),
                         shape_text(should, sizeof should, ndim, shape));
  *out = t;
  return ULP_OK;
}

/* Into f32 or, wide, f64; the caller's to free. */
static ulp_status load(void **out, bool wide, const ulp_checkpoint *c,
                       const char *name, int ndim, const int64_t *shape,
                       ulp_error *e)
{
  enum { SOME = 1 << 12 };
  double part[SOME];
  const ulp_tensor *t = NULL;
  ulp_status s = find(&t, c, name, ndim, shape, e);
  if (s != ULP_OK)
    return s;
  size_t bytes = wide ? sizeof(double) : sizeof(float);
  char *all = malloc((size_t)t->count * bytes + 1);
  if (!all)
    return ulp_error_set(e, ULP_ENOMEM, "%s: out of memory", name);
  for (int64_t i = 0; i < t->count; i += SOME) {
    int64_t n = t->count - i < SOME ? t->count - i : SOME;
    ulp_tensor_read_f64(t, part, i, n);
    for (int64_t k = 0; k < n; k++)
      if (wide)
        ((double *)(void *)all)[i + k] = part[k];
      else
        ((float *)(void *)all)[i + k] = (float)part[k];
  }
  *out = all;
  return ULP_OK;
}

static ulp_status load_matrix(float **out, const ulp_checkpoint *c,
                              const char *name, const int64_t shape[2],
                              ulp_error *e)
{
  void *p = NULL;
  ulp_status s = load(&p, false, c, name, 2, shape, e);
  *out = p;
  return s;
}

static ulp_status load_gamma(double **out, const ulp_checkpoint *c,
                             const char *name, int64_t n, ulp_error *e)
{
  void *p = NULL;
  ulp_status s = load(&p, true, c, name, 1, &n, e);
  *out = p;
  return s;
}

/* ---- all of them -------------------------------------------------------- */

static ulp_status load_layer(ulp_llama *m, const ulp_checkpoint *c, int64_t i,
                             ulp_error *e)
{
  ulp_llama_layer *l = &m->layer[i];
  char name[96];
  int64_t shape[2];
  ulp_status s = ULP_OK;
  for (int k = 0; s == ULP_OK && k < ULP_LLAMA_MATRICES; k++) {
    snprintf(name, sizeof name, "model.layers.%lld.%s.weight", (long long)i,
             matrix_names[k]);
    ulp_llama_shape(&m->config, (ulp_llama_matrix)k, shape);
    s = load_matrix(&l->element[k], c, name, shape, e);
  }
  snprintf(name, sizeof name, "model.layers.%lld.input_layernorm.weight",
           (long long)i);
  if (s == ULP_OK)
    s = load_gamma(&l->attention_norm, c, name, m->config.hidden, e);
  snprintf(name, sizeof name,
           "model.layers.%lld.post_attention_layernorm.weight", (long long)i);
  if (s == ULP_OK)
    s = load_gamma(&l->mlp_norm, c, name, m->config.hidden, e);
  return s;
}

static ulp_status load_all(ulp_llama *m, const ulp_checkpoint *c, ulp_error *e)
{
  const int64_t shape[] = {m->config.vocab, m->config.hidden};
  m->layer = calloc((size_t)m->config.layers, sizeof *m->layer);
  if (!m->layer || !ulp_rope_make(&m->rope, &m->config))
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_status s = load_matrix(&m->embedding, c, "model.embed_tokens.weight",
                             shape, e);
  const ulp_tensor *t = ulp_checkpoint_find(c, "model.embed_tokens.weight");
  m->stored_bits = t ? (int)t->dtype->bits : 0;
  m->head = m->embedding;
  if (s == ULP_OK && !m->config.tied)
    s = load_matrix(&m->head, c, "lm_head.weight", shape, e);
  if (s == ULP_OK)
    s = load_gamma(&m->norm, c, "model.norm.weight", m->config.hidden, e);
  for (int64_t i = 0; s == ULP_OK && i < m->config.layers; i++)
    s = load_layer(m, c, i, e);
  return s;
}

static ulp_status read_config(ulp_llama_config *c, const char *folder,
                              ulp_error *e)
{
  char *text, path[300];
  size_t size;
  ulp_status s = ulp_checkpoint_text(&text, &size, folder, "config.json", e);
  if (s != ULP_OK)
    return s;
  snprintf(path, sizeof path, "%.280s/config.json", folder);
  s = ulp_llama_config_parse(c, text, size, path, e);
  free(text);
  return s;
}

ulp_status ulp_llama_open(ulp_llama **out, const char *folder, ulp_error *e)
{
  ulp_checkpoint c;
  ulp_llama *m = calloc(1, sizeof *m);
  if (!m)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_status s = read_config(&m->config, folder, e);
  if (s == ULP_OK)
    s = ulp_checkpoint_open(&c, folder, e);
  if (s == ULP_OK) {
    s = load_all(m, &c, e);
    ulp_checkpoint_close(&c);
  }
  if (s == ULP_OK)
    *out = m;
  else
    ulp_llama_close(m);
  return s;
}

void ulp_llama_close(ulp_llama *m)
{
  if (!m)
    return;
  for (int64_t i = 0; m->layer && i < m->config.layers; i++) {
    for (int k = 0; k < ULP_LLAMA_MATRICES; k++)
      free(m->layer[i].element[k]);
    free(m->layer[i].attention_norm);
    free(m->layer[i].mlp_norm);
  }
  if (m->head != m->embedding)
    free(m->head);
  free(m->embedding);
  free(m->norm);
  free(m->layer);
  ulp_rope_free(&m->rope);
  free(m);
}

const ulp_llama_config *ulp_llama_settings(const ulp_llama *m)
{
  return &m->config;
}

const float *ulp_llama_weights(const ulp_llama *m, int64_t layer,
                               ulp_llama_matrix which, int64_t shape[2])
{
  ulp_llama_shape(&m->config, which, shape);
  return m->layer[layer].element[which];
}

int64_t ulp_llama_parameters(const ulp_llama *m)
{
  const ulp_llama_config *c = &m->config;
  int64_t shape[2], each = 2 * c->hidden;
  for (int k = 0; k < ULP_LLAMA_MATRICES; k++) {
    ulp_llama_shape(c, (ulp_llama_matrix)k, shape);
    each += shape[0] * shape[1];
  }
  return c->layers * each + c->hidden + c->vocab * c->hidden * (c->tied ? 1 : 2);
}
