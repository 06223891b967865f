/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Plans by name or from a file, and what they come to for a model.
 */
#include "plan.h"

#include <stdlib.h>
#include <string.h>

#include "llama_internal.h"
#include "plan_internal.h"

/* ---- by name ------------------------------------------------------------ */

static const char *row_name(const void *unused, size_t i)
{
  (void)unused;
  return ulp_plan_row(i);
}

static ulp_status find_row(ulp_plan **out, size_t i, ulp_error *e)
{
  char *text = ulp_plan_row_text(i);
  if (!text)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_status s = ulp_plan_parse(out, ulp_plan_row(i), text, strlen(text), e);
  free(text);
  return s;
}

static ulp_status read_file(ulp_plan **out, const char *path, FILE *f,
                            ulp_error *e)
{
  enum { MOST = 1 << 20 };
  char *text = malloc(MOST + 1);
  size_t n = text ? fread(text, 1, MOST + 1, f) : 0;
  ulp_status s =
      !text ? ulp_error_set(e, ULP_ENOMEM, "out of memory")
      : ferror(f)
          ? ulp_error_set(e, ULP_EIO, "%.200s: cannot be read", path)
      : n > MOST
          ? ulp_error_set(e, ULP_EFORMAT, "%.200s: expected a plan, text of at "
                                          "most 1 MiB", path)
          : ulp_plan_parse(out, path, text, n, e);
  free(text);
  return s;
}

ulp_status ulp_plan_find(ulp_plan **out, const char *text, ulp_error *e)
{
  for (size_t i = 0; ulp_plan_row(i); i++)
    if (strcmp(text, ulp_plan_row(i)) == 0)
      return find_row(out, i, e);
  FILE *f = fopen(text, "rb");
  if (f) {
    ulp_status s = read_file(out, text, f, e);
    fclose(f);
    return s;
  }
  const char *near = ulp_nearest(text, row_name, NULL);
  return ulp_error_set(e, ULP_ENAME, "no plan and no file '%.80s'%s%s%s", text,
                       near ? " (did you mean '" : "", near ? near : "",
                       near ? "'?)" : "");
}

/* ---- its matrices ------------------------------------------------------- */

/* The layers of a model or, without one, those that the plan names. */
static int64_t layers_of(const ulp_plan *p, const ulp_llama *m)
{
  int64_t layers = 1;
  for (size_t i = 0; !m && i < p->count; i++)
    if (p->setting[i].last >= layers && p->setting[i].last < 1000)
      layers = p->setting[i].last + 1;
  return m ? m->config.layers : layers;
}

/* Matrices: those of the layers, then the head. */
static int64_t matrices(const ulp_plan *p, const ulp_llama *m)
{
  return layers_of(p, m) * ULP_LLAMA_MATRICES + 1;
}

typedef struct {
  int64_t layer, shape[2];
  ulp_place place;
} which;

/* Without a model matrices are of a size that suits any block. */
static which matrix_at(const ulp_plan *p, const ulp_llama *m, int64_t i)
{
  which w = {i / ULP_LLAMA_MATRICES, {4096, 4096},
             (ulp_place)(ULP_AT_Q + i % ULP_LLAMA_MATRICES)};
  if (w.layer >= layers_of(p, m)) {
    w.layer = -1;
    w.place = ULP_AT_HEAD;
  }
  if (m && w.layer < 0) {
    w.shape[0] = m->config.vocab;
    w.shape[1] = m->config.hidden;
  } else if (m) {
    ulp_llama_shape(&m->config, (ulp_llama_matrix)(w.place - ULP_AT_Q),
                    w.shape);
  }
  return w;
}

static ulp_status find_matrix(ulp_matrix *x, ulp_numbers *at,
                              const ulp_plan *p, const which *w, ulp_error *e)
{
  char why[400], message[500];
  ulp_status s = ulp_plan_numbers(at, p, w->layer, w->place, e);
  if (s != ULP_OK)
    return s;
  s = ulp_matrix_find(x, at, (size_t)w->shape[0], (size_t)w->shape[1], why,
                      sizeof why);
  if (s == ULP_OK)
    return s;
  const ulp_plan_setting *at_line = at->kernel    ? at->kernel
                                    : at->weights ? at->weights
                                                  : at->inputs;
  snprintf(message, sizeof message, "%s: %s", ulp_place_name(w->place), why);
  return ulp_plan_fault(e, p, at_line ? at_line->line : 0, ULP_EINVAL, message);
}

static ulp_status check_layers(const ulp_plan *p, const ulp_llama *m,
                               ulp_error *e)
{
  char message[120];
  for (size_t i = 0; i < p->count; i++)
    if (p->setting[i].last >= m->config.layers) {
      snprintf(message, sizeof message, "layer %lld: the model has %lld, 0 to "
               "%lld", (long long)p->setting[i].last,
               (long long)m->config.layers, (long long)m->config.layers - 1);
      return ulp_plan_fault(e, p, p->setting[i].line, ULP_EINVAL, message);
    }
  return ULP_OK;
}

/* A token of one head through the quantizer. */
static ulp_status check_store(const ulp_plan *p, const ulp_numbers *at,
                              int64_t dim, ulp_error *e)
{
  ulp_blocks b;
  ulp_error why;
  const int64_t shape[] = {1, dim};
  if (!at->store || !at->store->quantizer)
    return ULP_OK;
  const ulp_quantizer *q = at->store->quantizer;
  if (ulp_blocks_make(&b, &q->granularity, q->axis, 2, shape, &why) != ULP_OK)
    return ulp_plan_fault(e, p, at->store->line, ULP_EINVAL, why.text);
  if (q->whole_blocks && b.size[2] % b.block[2] != 0)
    return ulp_plan_fault(e, p, at->store->line, ULP_EINVAL,
                          "store= takes whole blocks only, which a head is "
                          "not of");
  return ULP_OK;
}

ulp_status ulp_plan_check(const ulp_plan *p, const ulp_llama *m, ulp_error *e)
{
  ulp_numbers at;
  ulp_matrix x;
  ulp_status s = check_layers(p, m, e);
  for (int64_t i = 0; s == ULP_OK && i < matrices(p, m); i++) {
    which w = matrix_at(p, m, i);
    s = find_matrix(&x, &at, p, &w, e);
  }
  for (int64_t i = 0; s == ULP_OK && i < m->config.layers; i++)
    for (int k = ULP_AT_SCORES; s == ULP_OK && k < ULP_PLACES; k++) {
      s = ulp_plan_numbers(&at, p, i, (ulp_place)k, e);
      if (s == ULP_OK)
        s = check_store(p, &at, m->config.head_dim, e);
    }
  if (s == ULP_OK)
    s = ulp_plan_numbers(&at, p, -1, ULP_AT_EMBEDDING, e);
  return s;
}

/* ---- how it is known ---------------------------------------------------- */

/* 0 to 3: of a matrix; the worst is the plan's. */
static int class_of(const ulp_matrix *x)
{
  bool kernel = x->at->product == ULP_SUM_KERNEL;
  if (!kernel || (!x->scaled && !*x->gemm.order->instr)) /* no tensor core */
    return x->at->weights || x->at->inputs ? 3 : 0;
  return (int)(x->scaled ? x->mma.record->evidence
                         : ulp_gemm_evidence(&x->gemm));
}

static const char *kernel_name(const ulp_matrix *x)
{
  return x->scaled ? x->mma.record->instr : x->gemm.order->name;
}

void ulp_plan_evidence(const ulp_plan *p, const ulp_llama *m, char *out,
                       size_t size)
{
  int worst = -1;
  ulp_error e;
  snprintf(out, size, "unsuitable");
  for (int64_t i = 0; i < matrices(p, m); i++) {
    ulp_numbers at;
    ulp_matrix x;
    which w = matrix_at(p, m, i);
    if (find_matrix(&x, &at, p, &w, &e) != ULP_OK || class_of(&x) <= worst)
      continue;
    worst = class_of(&x);
    if (worst == 3)
      snprintf(out, size, "modelled, not bit-exact: %s multiplies dequantized "
               "values in %s", ulp_place_name(w.place),
               at.product == ULP_SUM_F64 ? "f64" : "f32");
    else if (at.product != ULP_SUM_KERNEL || (!x.scaled &&
                                              !*x.gemm.order->instr))
      snprintf(out, size, "IEEE 754 arithmetic, no GPU's");
    else
      snprintf(out, size, "%s%s: %s of %s",
               worst == ULP_OPEN ? "modelled, not bit-exact: " : "",
               worst == ULP_OPEN ? "nobody has shown the order" :
               ulp_evidence_name((ulp_evidence)worst), kernel_name(&x), at.gpu);
  }
}

/* ---- bytes -------------------------------------------------------------- */

static double bits_of(const ulp_plan_setting *s, const int64_t shape[2])
{
  ulp_blocks b;
  ulp_error e;
  const ulp_quantizer *q = s->quantizer;
  if (s->kivi_bits) /* scale and zero point in 16 bits */
    return s->kivi_bits + 32.0 / s->kivi_group;
  return ulp_blocks_make(&b, &q->granularity, q->axis, 2, shape, &e) == ULP_OK
             ? ulp_quantizer_bits(q, &b) : NAN;
}

static double weight_bits(const ulp_plan *p, const ulp_llama *m, int64_t layer,
                          ulp_place place, const int64_t shape[2])
{
  const ulp_plan_setting *s = ulp_plan_at(p, layer, place, ULP_KEY_WEIGHTS);
  double each = s && s->quantizer ? bits_of(s, shape) : m->stored_bits;
  return each * (double)shape[0] * (double)shape[1];
}

int64_t ulp_plan_weight_bytes(const ulp_plan *p, const ulp_llama *m)
{
  const ulp_llama_config *c = &m->config;
  const int64_t table[] = {c->vocab, c->hidden};
  const ulp_plan_setting *a = ulp_plan_at(p, -1, ULP_AT_EMBEDDING,
                                          ULP_KEY_WEIGHTS);
  const ulp_plan_setting *b = ulp_plan_at(p, -1, ULP_AT_HEAD, ULP_KEY_WEIGHTS);
  const char *from = a ? a->text : "none", *to = b ? b->text : "none";
  double bits = m->stored_bits * (double)((2 * c->layers + 1) * c->hidden);
  for (int64_t i = 0; i < matrices(p, m); i++) {
    which w = matrix_at(p, m, i);
    if (w.layer >= 0)
      bits += weight_bits(p, m, w.layer, w.place, w.shape);
  }
  bits += weight_bits(p, m, -1, ULP_AT_EMBEDDING, table);
  if (!c->tied || strcmp(from, to) != 0)
    bits += weight_bits(p, m, -1, ULP_AT_HEAD, table);
  return (int64_t)ceil(bits / 8);
}

double ulp_plan_cache_bytes(const ulp_plan *p, const ulp_llama *m)
{
  const ulp_llama_config *c = &m->config;
  const int64_t shape[] = {1 << 20, c->head_dim};
  double bits = 0;
  for (int64_t i = 0; i < c->layers; i++)
    for (int k = ULP_AT_KEYS; k <= ULP_AT_VALUES; k++) {
      const ulp_plan_setting *s =
          ulp_plan_at(p, i, (ulp_place)k, ULP_KEY_STORE);
      const ulp_plan_setting *f = ulp_plan_at(p, i, (ulp_place)k, ULP_KEY_STEP);
      bool stored = s && (s->quantizer || s->kivi_bits);
      double each = stored ? bits_of(s, shape) : f ? f->format.bits : 64;
      bits += each * (double)(c->kv_heads * c->head_dim);
    }
  return bits / 8;
}
