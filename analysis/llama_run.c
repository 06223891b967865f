/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The decoder: tokens to logits, with keys and values kept.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "llama_internal.h"

/* Tokens that go through the layers together. */
enum { CHUNK = 128 };

struct ulp_llama_state {
  const ulp_llama *m;
  const ulp_plan *plan;
  int threads;
  int64_t most, length;
  ulp_llama_tap *tap;
  void *tap_data;
  double *keys, *values; /* [layer][kv_head][most][head_dim] */
  /* of a chunk: */
  double *x, *normed, *q, *k, *v, *mixed, *gate, *up, *out;
};

/* ---- room --------------------------------------------------------------- */

static bool make_room(ulp_llama_state *s)
{
  const ulp_llama_config *c = &s->m->config;
  size_t n = CHUNK, cache = (size_t)(c->layers * c->kv_heads * s->most *
                                     c->head_dim);
  size_t q = n * (size_t)(c->heads * c->head_dim);
  size_t kv = n * (size_t)(c->kv_heads * c->head_dim);
  size_t hidden = n * (size_t)c->hidden, wide = n * (size_t)c->intermediate;
  double **const at[] = {&s->keys, &s->values, &s->x, &s->normed, &s->q, &s->k,
                         &s->v, &s->mixed, &s->gate, &s->up, &s->out};
  const size_t size[] = {cache, cache, hidden, hidden, q, kv, kv, q, wide, wide,
                         hidden};
  for (size_t i = 0; i < sizeof at / sizeof at[0]; i++)
    if (!(*at[i] = malloc((size[i] + 1) * sizeof(double))))
      return false;
  return true;
}

ulp_status ulp_llama_begin(ulp_llama_state **out, const ulp_llama *m,
                           int64_t most, const ulp_plan *plan, int threads,
                           ulp_error *e)
{
  if (most < 1 || most > (INT64_C(1) << 40) / m->config.head_dim)
    return ulp_error_set(e, ULP_EINVAL, "%lld tokens: expected 1 or more",
                         (long long)most);
  ulp_llama_state *s = calloc(1, sizeof *s);
  if (!s)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  s->m = m;
  s->plan = plan;
  s->threads = threads > 0 ? threads : 1;
  s->most = most;
  if (!make_room(s)) {
    ulp_llama_end(s);
    return ulp_error_set(e, ULP_ENOMEM, "out of memory for %lld tokens",
                         (long long)most);
  }
  *out = s;
  return ULP_OK;
}

void ulp_llama_end(ulp_llama_state *s)
{
  if (!s)
    return;
  double *const all[] = {s->keys, s->values, s->x, s->normed, s->q, s->k, s->v,
                         s->mixed, s->gate, s->up, s->out};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
    free(all[i]);
  free(s);
}

int64_t ulp_llama_length(const ulp_llama_state *s) { return s->length; }

void ulp_llama_cut(ulp_llama_state *s, int64_t length)
{
  s->length = length < s->length ? length : s->length;
}

void ulp_llama_listen(ulp_llama_state *s, ulp_llama_tap *tap, void *data)
{
  s->tap = tap;
  s->tap_data = data;
}

/* ---- pieces of a layer -------------------------------------------------- */

static double rounded(const ulp_llama_state *s, double x)
{
  return ulp_step_round(&s->plan->step, x, 0);
}

static void norm(const ulp_llama_state *s, double *y, const double *x,
                 const double *gamma, int64_t n)
{
  const ulp_step *f = &s->plan->step;
  const ulp_norm_steps steps = {.square = f, .sum = f, .root = f, .scale = f};
  int64_t hidden = s->m->config.hidden;
  for (int64_t i = 0; i < n; i++)
    ulp_rms_norm(y + i * hidden, x + i * hidden, gamma, hidden,
                 s->m->config.epsilon, &steps, 0);
}

static ulp_status multiply(const ulp_llama_state *s, double *y, const double *x,
                           int64_t layer, ulp_llama_matrix which, int64_t n)
{
  int64_t shape[2];
  const float *w = ulp_llama_weights(s->m, layer, which, shape);
  if (s->tap)
    s->tap(s->tap_data, layer, which, x, n);
  return ulp_linear(y, x, w, (size_t)n, (size_t)shape[0], (size_t)shape[1],
                    s->plan->narrow, s->threads);
}

static double *cached(const ulp_llama_state *s, double *cache, int64_t layer,
                      int64_t head)
{
  const ulp_llama_config *c = &s->m->config;
  return cache + (layer * c->kv_heads + head) * s->most * c->head_dim;
}

/* Turns queries and keys, and keeps keys and values. */
static void place(ulp_llama_state *s, int64_t layer, int64_t n)
{
  const ulp_llama_config *c = &s->m->config;
  int64_t d = c->head_dim;
  for (int64_t i = 0; i < n; i++) {
    int64_t position = s->length + i;
    for (int64_t h = 0; h < c->heads; h++)
      ulp_rope_turn(&s->m->rope, s->q + (i * c->heads + h) * d, position,
                    &s->plan->step);
    for (int64_t h = 0; h < c->kv_heads; h++) {
      const size_t bytes = (size_t)d * sizeof(double);
      double *key = s->k + (i * c->kv_heads + h) * d;
      ulp_rope_turn(&s->m->rope, key, position, &s->plan->step);
      memcpy(cached(s, s->keys, layer, h) + position * d, key, bytes);
      memcpy(cached(s, s->values, layer, h) + position * d,
             s->v + (i * c->kv_heads + h) * d, bytes);
    }
  }
}

/* out[d] = softmax(q K^T / sqrt(d)) V of one query that sees `seen` tokens;
 * p: room for as many. */
static void attend(const ulp_llama_state *s, double *out, const double *q,
                   const double *keys, const double *values, int64_t seen,
                   double *p)
{
  const ulp_step *f = &s->plan->step;
  const ulp_softmax softmax = {*f, *f, *f, *f, false, 0};
  int64_t d = s->m->config.head_dim;
  double scale = rounded(s, 1 / sqrt((double)d));
  for (int64_t t = 0; t < seen; t++) {
    double sum = 0;
    for (int64_t i = 0; i < d; i++)
      sum = rounded(s, sum + rounded(s, q[i] * keys[t * d + i]));
    p[t] = rounded(s, sum * scale);
  }
  ulp_softmax_row(&softmax, p, p, (size_t)seen, 0);
  memset(out, 0, (size_t)d * sizeof *out);
  for (int64_t t = 0; t < seen; t++)
    for (int64_t i = 0; i < d; i++)
      out[i] = rounded(s, out[i] + rounded(s, p[t] * values[t * d + i]));
}

static ulp_status attention(ulp_llama_state *s, int64_t layer, int64_t n)
{
  const ulp_llama_config *c = &s->m->config;
  int64_t d = c->head_dim, group = c->heads / c->kv_heads;
  bool failed = false, large = n * c->heads * s->length * d > 1 << 20;
#ifdef _OPENMP
#pragma omp parallel num_threads(large ? s->threads : 1)
#endif
  {
    double *p = malloc((size_t)(s->length + n) * sizeof *p);
    if (!p) {
#ifdef _OPENMP
#pragma omp atomic write
#endif
      failed = true;
    }
#ifdef _OPENMP
#pragma omp for schedule(dynamic)
#endif
    for (int64_t u = 0; u < n * c->heads; u++) {
      int64_t i = u / c->heads, h = u % c->heads;
      if (p)
        attend(s, s->mixed + u * d, s->q + u * d,
               cached(s, s->keys, layer, h / group),
               cached(s, s->values, layer, h / group), s->length + i + 1, p);
    }
    free(p);
  }
  return failed ? ULP_ENOMEM : ULP_OK;
}

static void add(const ulp_llama_state *s, int64_t n)
{
  for (int64_t i = 0; i < n * s->m->config.hidden; i++)
    s->x[i] = rounded(s, s->x[i] + s->out[i]);
}

/* silu(gate) up, silu(x) = x / (1 + e^-x). */
static void activate(const ulp_llama_state *s, int64_t n)
{
  for (int64_t i = 0; i < n * s->m->config.intermediate; i++) {
    double e = rounded(s, ulp_exp(-s->gate[i]));
    double y = rounded(s, s->gate[i] / rounded(s, 1 + e));
    s->gate[i] = rounded(s, y * s->up[i]);
  }
}

static ulp_status layer(ulp_llama_state *s, int64_t i, int64_t n)
{
  const ulp_llama_layer *l = &s->m->layer[i];
  norm(s, s->normed, s->x, l->attention_norm, n);
  ulp_status e = multiply(s, s->q, s->normed, i, ULP_LLAMA_Q, n);
  if (e == ULP_OK)
    e = multiply(s, s->k, s->normed, i, ULP_LLAMA_K, n);
  if (e == ULP_OK)
    e = multiply(s, s->v, s->normed, i, ULP_LLAMA_V, n);
  if (e != ULP_OK)
    return e;
  place(s, i, n);
  e = attention(s, i, n);
  if (e == ULP_OK)
    e = multiply(s, s->out, s->mixed, i, ULP_LLAMA_O, n);
  if (e != ULP_OK)
    return e;
  add(s, n);
  norm(s, s->normed, s->x, l->mlp_norm, n);
  e = multiply(s, s->gate, s->normed, i, ULP_LLAMA_GATE, n);
  if (e == ULP_OK)
    e = multiply(s, s->up, s->normed, i, ULP_LLAMA_UP, n);
  if (e != ULP_OK)
    return e;
  activate(s, n);
  e = multiply(s, s->out, s->gate, i, ULP_LLAMA_DOWN, n);
  if (e == ULP_OK)
    add(s, n);
  return e;
}

/* ---- all layers --------------------------------------------------------- */

static ulp_status chunk(ulp_llama_state *s, const int32_t *tokens, int64_t n,
                        int64_t first, double *logits, ulp_llama_watch *watch,
                        void *data)
{
  const ulp_llama_config *c = &s->m->config;
  for (int64_t i = 0; i < n * c->hidden; i++)
    s->x[i] = (double)s->m->embedding[tokens[i / c->hidden] * c->hidden +
                                      i % c->hidden];
  for (int64_t i = 0; i < c->layers; i++) {
    if (watch)
      watch(data, i, s->x, n);
    ulp_status e = layer(s, i, n);
    if (e != ULP_OK)
      return e;
  }
  if (watch)
    watch(data, c->layers, s->x, n);
  s->length += n;
  if (first >= n)
    return ULP_OK;
  norm(s, s->normed, s->x + first * c->hidden, s->m->norm, n - first);
  if (s->tap)
    s->tap(s->tap_data, c->layers, ULP_LLAMA_MATRICES, s->normed, n - first);
  return ulp_linear(logits, s->normed, s->m->head, (size_t)(n - first),
                    (size_t)c->vocab, (size_t)c->hidden, s->plan->narrow,
                    s->threads);
}

static ulp_status check(const ulp_llama_state *s, const int32_t *tokens,
                        int64_t n, ulp_error *e)
{
  if (n < 1 || n > s->most - s->length)
    return ulp_error_set(e, ULP_EINVAL, "%lld tokens after %lld: expected 1 to "
                         "%lld", (long long)n, (long long)s->length,
                         (long long)(s->most - s->length));
  for (int64_t i = 0; i < n; i++)
    if (tokens[i] < 0 || tokens[i] >= s->m->config.vocab)
      return ulp_error_set(e, ULP_EINVAL, "token %lld is %ld: expected 0 to "
                           "%lld", (long long)i, (long)tokens[i],
                           (long long)s->m->config.vocab - 1);
  return ULP_OK;
}

ulp_status ulp_llama_run(ulp_llama_state *s, const int32_t *tokens, int64_t n,
                         int64_t first, double *logits, ulp_llama_watch *watch,
                         void *data, ulp_error *e)
{
  ulp_status status = check(s, tokens, n, e);
  for (int64_t i = 0; status == ULP_OK && i < n; i += CHUNK) {
    int64_t some = n - i < CHUNK ? n - i : CHUNK;
    int64_t skip = first > i ? first - i : 0;
    status = chunk(s, tokens + i, some, skip, logits, watch, data);
    if (status != ULP_OK)
      return ulp_error_set(e, status, "out of memory");
    logits += skip < some ? (some - skip) * s->m->config.vocab : 0;
  }
  return status;
}
