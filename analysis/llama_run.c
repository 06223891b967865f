/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The decoder: tokens to logits, with keys and values kept, in the numbers of
 * a plan.
 */
#include <stdlib.h>
#include <string.h>

#include "llama_internal.h"
#include "plan_internal.h"

/* Tokens that go through the layers together. */
enum { CHUNK = 128 };

/* A layer as the plan has it; of no layer: what stands outside. */
typedef struct {
  ulp_numbers at[ULP_PLACES];
  ulp_matrix matrix[ULP_LLAMA_MATRICES]; /* outside: the head alone */
  ulp_cache keys, values;
} planned;

struct ulp_llama_state {
  const ulp_llama *m;
  int threads;
  int64_t most, length;
  planned *layer, outside;
  float *embedding; /* quantized; NULL: the model's */
  ulp_llama_tap *tap;
  void *tap_data;
  /* of a chunk: */
  double *x, *normed, *q, *k, *v, *mixed, *gate, *up, *out;
  double *turns; /* sine and cosine of each pair of a head, [n, pairs, 2] */
};

/* ---- room --------------------------------------------------------------- */

static bool make_room(ulp_llama_state *s)
{
  const ulp_llama_config *c = &s->m->config;
  size_t n = CHUNK;
  size_t q = n * (size_t)(c->heads * c->head_dim);
  size_t kv = n * (size_t)(c->kv_heads * c->head_dim);
  size_t hidden = n * (size_t)c->hidden, wide = n * (size_t)c->intermediate;
  double **const at[] = {&s->x, &s->normed, &s->q, &s->k, &s->v, &s->mixed,
                         &s->gate, &s->up, &s->out, &s->turns};
  const size_t size[] = {hidden, hidden, q, kv, kv, q, wide, wide, hidden,
                         n * (size_t)c->head_dim};
  for (size_t i = 0; i < sizeof at / sizeof at[0]; i++)
    if (!(*at[i] = malloc((size[i] + 1) * sizeof(double))))
      return false;
  for (int64_t i = 0; i < c->layers; i++) {
    planned *l = &s->layer[i];
    if (!ulp_cache_make(&l->keys, &l->at[ULP_AT_KEYS], true,
                        l->at[ULP_AT_SCORES].product, c->kv_heads, s->most,
                        c->head_dim) ||
        !ulp_cache_make(&l->values, &l->at[ULP_AT_VALUES], false,
                        l->at[ULP_AT_MIX].product, c->kv_heads, s->most,
                        c->head_dim))
      return false;
  }
  return true;
}

/* ---- weights ------------------------------------------------------------ */

static ulp_status read_places(planned *l, const ulp_plan *plan, int64_t layer,
                              ulp_error *e)
{
  ulp_status s = ULP_OK;
  for (int i = 0; s == ULP_OK && i < ULP_PLACES; i++)
    s = ulp_plan_numbers(&l->at[i], plan, layer, (ulp_place)i, e);
  return s;
}

/* Matrix i of all: of the layers, then the head. */
static ulp_status load_matrix(ulp_llama_state *s, int64_t i, ulp_error *e)
{
  const ulp_llama_config *c = &s->m->config;
  int64_t layer = i / ULP_LLAMA_MATRICES, k = i % ULP_LLAMA_MATRICES;
  int64_t shape[] = {c->vocab, c->hidden};
  const float *w = s->m->head;
  ulp_matrix *to = &s->outside.matrix[0];
  const ulp_numbers *at = &s->outside.at[ULP_AT_HEAD];
  if (layer < c->layers) {
    w = ulp_llama_weights(s->m, layer, (ulp_llama_matrix)k, shape);
    to = &s->layer[layer].matrix[k];
    at = &s->layer[layer].at[ULP_AT_Q + k];
  }
  char why[400];
  ulp_status status = ulp_matrix_find(to, at, (size_t)shape[0],
                                      (size_t)shape[1], why, sizeof why);
  return status == ULP_OK ? ulp_matrix_load(to, w, e)
                          : ulp_error_set(e, status, "%s", why);
}

static ulp_status load_matrices(ulp_llama_state *s, ulp_error *e)
{
  int64_t n = s->m->config.layers * ULP_LLAMA_MATRICES + 1;
  ulp_status status = ULP_OK;
#ifdef _OPENMP
#pragma omp parallel for num_threads(s->threads) schedule(dynamic)
#endif
  for (int64_t i = 0; i < n; i++) {
    ulp_error why;
    ulp_status one = load_matrix(s, i, &why);
    if (one != ULP_OK) {
#ifdef _OPENMP
#pragma omp critical
#endif
      {
        status = one;
        *e = why;
      }
    }
  }
  return status;
}

static ulp_status load_embedding(ulp_llama_state *s, ulp_error *e)
{
  const ulp_plan_setting *q = s->outside.at[ULP_AT_EMBEDDING].weights;
  const ulp_llama_config *c = &s->m->config;
  const int64_t shape[] = {c->vocab, c->hidden};
  if (!q)
    return ULP_OK;
  s->embedding = malloc((size_t)(c->vocab * c->hidden) * sizeof(float) + 8);
  return s->embedding ? ulp_quantizer_values(q->quantizer, 2, shape,
                                             s->embedding, s->m->embedding, 0,
                                             e)
                      : ulp_error_set(e, ULP_ENOMEM, "out of memory");
}

static ulp_status prepare(ulp_llama_state *s, const ulp_plan *plan,
                          ulp_error *e)
{
  int64_t layers = s->m->config.layers;
  ulp_status status = ulp_plan_check(plan, s->m, e);
  if (status != ULP_OK)
    return status;
  s->layer = calloc((size_t)layers, sizeof *s->layer);
  if (!s->layer)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  status = read_places(&s->outside, plan, -1, e);
  for (int64_t i = 0; status == ULP_OK && i < layers; i++)
    status = read_places(&s->layer[i], plan, i, e);
  if (status == ULP_OK && !make_room(s))
    status = ulp_error_set(e, ULP_ENOMEM, "out of memory for %lld tokens",
                           (long long)s->most);
  if (status == ULP_OK)
    status = load_embedding(s, e);
  return status == ULP_OK ? load_matrices(s, e) : status;
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
  s->threads = threads > 0 ? threads : 1;
  s->most = most;
  ulp_status status = prepare(s, plan, e);
  if (status == ULP_OK)
    *out = s;
  else
    ulp_llama_end(s);
  return status;
}

static void free_planned(planned *l)
{
  for (int k = 0; k < ULP_LLAMA_MATRICES; k++)
    ulp_matrix_free(&l->matrix[k]);
  ulp_cache_free(&l->keys);
  ulp_cache_free(&l->values);
}

void ulp_llama_end(ulp_llama_state *s)
{
  if (!s)
    return;
  double *const all[] = {s->x, s->normed, s->q, s->k, s->v, s->mixed, s->gate,
                         s->up, s->out, s->turns};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
    free(all[i]);
  for (int64_t i = 0; s->layer && i < s->m->config.layers; i++)
    free_planned(&s->layer[i]);
  free_planned(&s->outside);
  free(s->layer);
  free(s->embedding);
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

/* The number of the chunk's first token, and of its element i. */
static uint64_t token_of(const ulp_llama_state *s) { return (uint64_t)s->length; }

static uint64_t index_of(const ulp_llama_state *s, int64_t width)
{
  return token_of(s) * (uint64_t)width;
}

/* `which`: of the layer's two norms, or sums. */
static void norm(const ulp_llama_state *s, const ulp_numbers *at, double *y,
                 const double *x, const double *gamma, int64_t skipped,
                 int64_t n, int which)
{
  ulp_llama_norm(at, y, x, gamma, s->m->config.hidden, n, s->m->config.epsilon,
                 2 * (token_of(s) + (uint64_t)skipped) + (uint64_t)which,
                 s->threads);
}

static void add(const ulp_llama_state *s, const planned *l, int64_t n,
                int which)
{
  ulp_llama_add(&l->at[ULP_AT_RESIDUAL], s->x, s->out,
                n * s->m->config.hidden,
                2 * index_of(s, s->m->config.hidden) + (uint64_t)which);
}

static void turn(const ulp_llama_state *s, const ulp_numbers *at, double *x,
                 int64_t heads, int64_t n, uint64_t stream)
{
  ulp_llama_turn(&s->m->rope, at, x, s->turns, heads, n,
                 token_of(s) * (uint64_t)heads + stream, s->threads);
}

/* Products of x with `count` matrices from `which` on, into y[0], y[1], ...;
 * x is quantized once for all that take it alike. */
static ulp_status multiply(const ulp_llama_state *s, double *const *y,
                           const double *x, const planned *l,
                           ulp_llama_matrix which, int count, int64_t n,
                           ulp_error *e)
{
  const ulp_matrix *w = &l->matrix[which];
  ulp_operand a = {0};
  ulp_status status = ULP_OK;
  for (int i = 0; status == ULP_OK && i < count; i++) {
    if (s->tap)
      s->tap(s->tap_data, l - s->layer, which + (unsigned)i, x, n);
    if (i == 0 || !ulp_operand_suits(&w[i - 1], &w[i])) {
      ulp_operand_free(&a);
      status = ulp_operand_make(&a, &w[i], x, (size_t)n, token_of(s),
                                s->threads, e);
    }
    if (status == ULP_OK)
      status = ulp_matrix_multiply_by(&w[i], y[i], &a, (size_t)n, token_of(s),
                                      s->threads, e);
  }
  ulp_operand_free(&a);
  return status;
}

/* Turns queries and keys, and keeps keys and values. */
static ulp_status place(ulp_llama_state *s, planned *l, int64_t n,
                        ulp_error *e)
{
  const ulp_llama_config *c = &s->m->config;
  const ulp_numbers *at = &l->at[ULP_AT_ROPE];
  turn(s, at, s->q, c->heads, n, 0);
  turn(s, at, s->k, c->kv_heads, n, UINT64_C(1) << 48);
  ulp_status status = ulp_cache_add(&l->keys, s->k, s->length, n, e);
  return status == ULP_OK ? ulp_cache_add(&l->values, s->v, s->length, n, e)
                          : status;
}

static ulp_status attention(ulp_llama_state *s, const planned *l, int64_t n,
                            ulp_error *e)
{
  const ulp_llama_config *c = &s->m->config;
  const ulp_attention a = {
      .scores = &l->at[ULP_AT_SCORES], .softmax = &l->at[ULP_AT_SOFTMAX],
      .mix = &l->at[ULP_AT_MIX], .keys = &l->keys, .values = &l->values,
      .heads = c->heads, .kv_heads = c->kv_heads, .dim = c->head_dim};
  return ulp_attention_run(&a, s->mixed, s->q, s->length, n, s->threads, e);
}

static ulp_status attention_half(ulp_llama_state *s, int64_t i, int64_t n,
                                 ulp_error *e)
{
  planned *l = &s->layer[i];
  norm(s, &l->at[ULP_AT_NORM], s->normed, s->x, s->m->layer[i].attention_norm,
       0, n, 0);
  double *const qkv[] = {s->q, s->k, s->v};
  ulp_status status = multiply(s, qkv, s->normed, l, ULP_LLAMA_Q, 3, n, e);
  if (status == ULP_OK)
    status = place(s, l, n, e);
  if (status == ULP_OK)
    status = attention(s, l, n, e);
  if (status == ULP_OK)
    status = multiply(s, &s->out, s->mixed, l, ULP_LLAMA_O, 1, n, e);
  if (status == ULP_OK)
    add(s, l, n, 0);
  return status;
}

static ulp_status mlp_half(ulp_llama_state *s, int64_t i, int64_t n,
                           ulp_error *e)
{
  const planned *l = &s->layer[i];
  norm(s, &l->at[ULP_AT_NORM], s->normed, s->x, s->m->layer[i].mlp_norm, 0, n,
       1);
  double *const both[] = {s->gate, s->up};
  ulp_status status = multiply(s, both, s->normed, l, ULP_LLAMA_GATE, 2, n, e);
  if (status != ULP_OK)
    return status;
  ulp_llama_activate(&l->at[ULP_AT_ACTIVATION], s->gate, s->up,
                     n * s->m->config.intermediate,
                     index_of(s, s->m->config.intermediate), s->threads);
  status = multiply(s, &s->out, s->gate, l, ULP_LLAMA_DOWN, 1, n, e);
  if (status == ULP_OK)
    add(s, l, n, 1);
  return status;
}

/* ---- all layers --------------------------------------------------------- */

static void embed(ulp_llama_state *s, const int32_t *tokens, int64_t n)
{
  int64_t hidden = s->m->config.hidden;
  const ulp_numbers *at = &s->outside.at[ULP_AT_EMBEDDING];
  const float *table = s->embedding ? s->embedding : s->m->embedding;
  for (int64_t i = 0; i < n * hidden; i++) {
    uint64_t k = index_of(s, hidden) + (uint64_t)i;
    double y = (double)table[tokens[i / hidden] * hidden + i % hidden];
    s->x[i] = ulp_step_round(&at->out, ulp_step_round(&at->step, y, k), k);
  }
}

/* The logits of the chunk's tokens from `first` on. */
static ulp_status logits_of(ulp_llama_state *s, double *logits, int64_t first,
                            int64_t n, ulp_error *e)
{
  norm(s, &s->outside.at[ULP_AT_NORM], s->normed,
       s->x + first * s->m->config.hidden, s->m->norm, first, n - first, 0);
  if (s->tap)
    s->tap(s->tap_data, s->m->config.layers, ULP_LLAMA_MATRICES, s->normed,
           n - first);
  return ulp_matrix_multiply(&s->outside.matrix[0], logits, s->normed,
                             (size_t)(n - first),
                             token_of(s) + (uint64_t)first, s->threads, e);
}

static ulp_status chunk(ulp_llama_state *s, const int32_t *tokens, int64_t n,
                        int64_t first, double *logits, ulp_llama_watch *watch,
                        void *data, ulp_error *e)
{
  int64_t layers = s->m->config.layers;
  ulp_status status = ULP_OK;
  embed(s, tokens, n);
  for (int64_t i = 0; i < n; i++)
    ulp_rope_angles(&s->m->rope, s->turns + i * s->m->config.head_dim,
                    s->length + i);
  for (int64_t i = 0; status == ULP_OK && i < layers; i++) {
    if (watch)
      watch(data, i, s->x, n);
    status = attention_half(s, i, n, e);
    if (status == ULP_OK)
      status = mlp_half(s, i, n, e);
  }
  if (watch && status == ULP_OK)
    watch(data, layers, s->x, n);
  if (status == ULP_OK && first < n)
    status = logits_of(s, logits, first, n, e);
  s->length += status == ULP_OK ? n : 0;
  return status;
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
    status = chunk(s, tokens + i, some, skip, logits, watch, data, e);
    if (skip < some) /* else there may be no logits at all */
      logits += (some - skip) * s->m->config.vocab;
  }
  return status;
}
