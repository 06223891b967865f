/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bench_model.c: tokens a second of a decoder: in f32 against a plain run of
 * its linear layers by OpenBLAS, and in bit-exact plans against f32.
 *
 * The plain run is the seven matrices of each layer and the head, in the order
 * in which the decoder takes them; attention, norms and activations are ours
 * alone, so that the ceiling is above what a whole model can do.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "llama.h"
#include "model_case.h"

enum { PREFILL = 512, QUICK_PREFILL = 32, CONTEXT = 128, DECODE = 64 };

typedef struct {
  const char *plan, *against; /* against NULL: OpenBLAS */
  bool decode;
} model_spec;

typedef struct {
  ulp_llama_state *state;
  ulp_plan *plan;
  int32_t *tokens;
  double *logits; /* of the last token */
  int64_t context; /* tokens before those that are timed */
  bool decode;
} model_run;

typedef struct {
  const ulp_llama *model;
  float *x, *y, *head;
  bool decode;
} plain_run;

/* ---- ours --------------------------------------------------------------- */

static ulp_status run_pass(void *data, size_t size, int threads)
{
  const model_run *r = data;
  int64_t n = (int64_t)size, step = r->decode ? 1 : n;
  ulp_error e;
  ulp_status s = ULP_OK;
  (void)threads; /* the state has them */
  ulp_llama_cut(r->state, r->context);
  for (int64_t i = 0; s == ULP_OK && i < n; i += step)
    s = ulp_llama_run(r->state, r->tokens + r->context + i, step, step - 1,
                      r->logits, NULL, NULL, &e);
  return s;
}

static ulp_status begin(model_run *r, const ulp_llama *m, const char *plan,
                        bool decode, size_t size, int threads, ulp_error *e)
{
  int64_t vocab = ulp_llama_settings(m)->vocab;
  int64_t context = decode ? CONTEXT : 0, all = context + (int64_t)size;
  uint64_t seed = 1;
  *r = (model_run){.context = context, .decode = decode};
  r->tokens = malloc((size_t)all * sizeof *r->tokens);
  /* ulp_llama_run's pointer is to the logits of the first token asked for */
  r->logits = malloc((size_t)vocab * sizeof *r->logits);
  if (!r->tokens || !r->logits) return cli_no_memory(e);
  for (int64_t i = 0; i < all; i++)
    r->tokens[i] = (int32_t)bench_chance(&seed, (size_t)vocab);
  ulp_status s = ulp_plan_find(&r->plan, plan, e);
  if (s == ULP_OK) s = ulp_llama_begin(&r->state, m, all, r->plan, threads, e);
  if (s == ULP_OK && context)
    s = ulp_llama_run(r->state, r->tokens, context, context, NULL, NULL, NULL,
                      e);
  return s;
}

static void end(model_run *r)
{
  ulp_llama_end(r->state);
  ulp_plan_free(r->plan);
  free(r->tokens);
  free(r->logits);
}

/* ---- the plain run ------------------------------------------------------ */

static void plain_tokens(const plain_run *p, size_t n, int threads)
{
  const ulp_llama_config *c = ulp_llama_settings(p->model);
  int64_t shape[2];
  for (int64_t l = 0; l < c->layers; l++)
    for (int i = 0; i < ULP_LLAMA_MATRICES; i++) {
      const float *w =
          ulp_llama_weights(p->model, l, (ulp_llama_matrix)i, shape);
      bench_sgemm(p->y, p->x, w, n, (size_t)shape[0], (size_t)shape[1],
                  threads);
    }
  bench_sgemm(p->y, p->x, p->head, 1, (size_t)c->vocab, (size_t)c->hidden,
              threads);
}

static ulp_status plain_pass(void *data, size_t size, int threads)
{
  const plain_run *p = data;
  size_t step = p->decode ? 1 : size;
  for (size_t i = 0; i < size; i += step)
    plain_tokens(p, step, threads);
  return ULP_OK;
}

static size_t widest(const ulp_llama *m)
{
  const ulp_llama_config *c = ulp_llama_settings(m);
  int64_t heads = c->heads * c->head_dim, most = c->intermediate;
  most = most > heads ? most : heads;
  most = most > c->hidden ? most : c->hidden;
  return (size_t)(most > c->vocab ? most : c->vocab);
}

static ulp_status plain_begin(plain_run *p, const bench *b, const ulp_llama *m,
                              bool decode, size_t size, ulp_error *e)
{
  const ulp_llama_config *c = ulp_llama_settings(m);
  size_t n = (decode ? 1 : size) * widest(m);
  *p = (plain_run){.model = m, .decode = decode};
  ulp_status s = bench_floats(b, &p->x, n, 1, e);
  if (s == ULP_OK) s = bench_floats(b, &p->y, n, 2, e);
  if (s == ULP_OK)
    s = bench_floats(b, &p->head, (size_t)(c->vocab * c->hidden), 3, e);
  return s;
}

static void plain_end(plain_run *p)
{
  free(p->x);
  free(p->y);
  free(p->head);
}

/* ---- the check: f64 and the plan by portable kernels, a few tokens ------ */

typedef struct {
  model_run run; /* first: a pass is given its address */
  const ulp_llama *model;
  const char *plan;
  int threads;
} model_work;

enum { CHECKED = 8 };

static ulp_status logits_of(const model_work *w, const char *plan, ulp_isa isa,
                            double **logits, ulp_error *e)
{
  model_run r;
  ulp_status s = ulp_isa_set(isa);
  *logits = NULL;
  if (s == ULP_OK)
    s = begin(&r, w->model, plan, false, CHECKED, w->threads, e);
  if (s == ULP_OK)
    s = ulp_llama_run(r.state, r.tokens, CHECKED, CHECKED - 1, r.logits, NULL,
                      NULL, e);
  if (s == ULP_OK) {
    *logits = r.logits;
    r.logits = NULL;
  }
  end(&r);
  return s;
}

/* Bits do not depend on the instructions; f32 is near f64. */
static ulp_status check(void *data, size_t size, ulp_error *e)
{
  const model_work *w = data;
  size_t vocab = (size_t)ulp_llama_settings(w->model)->vocab;
  double *best = NULL, *plain = NULL, *exact = NULL, most = 0, off = 0;
  (void)size;
  ulp_status s = logits_of(w, w->plan, bench_best_isa(), &best, e);
  if (s == ULP_OK)
    s = logits_of(w, w->plan, ULP_ISA_PORTABLE, &plain, e);
  if (s == ULP_OK && memcmp(best, plain, vocab * sizeof *best) != 0)
    s = ulp_error_set(e, ULP_ERANGE, "plan %s: other logits than by the "
                      "portable kernels", w->plan);
  if (s == ULP_OK && strcmp(w->plan, "f32") == 0)
    s = logits_of(w, "f64", ULP_ISA_PORTABLE, &exact, e);
  for (size_t i = 0; exact && i < vocab; i++) {
    most = fmax(most, fabs(exact[i]));
    off = fmax(off, fabs(exact[i] - best[i]));
  }
  if (s == ULP_OK && !(off <= 1e-4 * most))
    s = ulp_error_set(e, ULP_ERANGE, "plan f32: logits are off by %g of %g",
                      off, most);
  free(best);
  free(plain);
  free(exact);
  return s;
}

/* ---- cases -------------------------------------------------------------- */

static ulp_status against(bench *b, const bench_entry *x, const ulp_llama *m,
                          size_t size, ulp_error *e)
{
  const model_spec *spec = x->spec;
  model_work w = {.model = m, .plan = spec->plan, .threads = b->threads};
  model_run other = {0};
  plain_run plain = {0};
  ulp_isa best = bench_best_isa();
  ulp_status s = ulp_isa_set(best);
  if (s == ULP_OK)
    s = begin(&w.run, m, spec->plan, spec->decode, size, b->threads, e);
  if (s == ULP_OK && spec->against)
    s = begin(&other, m, spec->against, spec->decode, size, b->threads, e);
  else if (s == ULP_OK)
    s = plain_begin(&plain, b, m, spec->decode, size, e);
  if (s == ULP_OK) {
    const bench_case c = {
        .entry = x,
        .data = spec->decode ? "after 128 tokens" : "from the first token",
        .shape = "%zu",
        .size = size,
        .grain = b->quick ? 2 : 16,
        .units = 1,
        .bytes_held = (double)ulp_llama_parameters(m) * sizeof(float),
        .threads = b->threads,
        .ours = {NULL, run_pass, &w.run, best},
        .ceiling = spec->against
                       ? (bench_side){spec->against, run_pass, &other, best}
                       : (bench_side){bench_blas_name(), plain_pass, &plain,
                                      best},
        .check = check};
    s = bench_measure(b, &c, e);
  }
  end(&w.run);
  end(&other);
  plain_end(&plain);
  return s;
}

static ulp_status run(bench *b, const bench_entry *x, ulp_error *e)
{
  const model_spec *spec = x->spec;
  size_t size = b->quick      ? spec->decode ? 4 : QUICK_PREFILL
                : spec->decode ? DECODE
                               : PREFILL;
  char *folder = NULL;
  ulp_llama *m = NULL;
  ulp_status s = b->model ? ULP_OK : ulp_reference_model(&folder, e);
  if (s == ULP_OK) s = ulp_llama_open(&m, b->model ? b->model : folder, e);
  if (s == ULP_OK) s = against(b, x, m, size, e);
  ulp_llama_close(m);
  free(folder);
  return s;
}

#define MODEL(NAME, DECODE_ONE, PLAN, AGAINST, CEILING, WHAT)                  \
  {NAME, "model", "tokens/s", CEILING, WHAT, run,                              \
   &(const model_spec){PLAN, AGAINST, DECODE_ONE}}
#define PLAN(NAME, PLAN, WHAT)                                                 \
  MODEL(NAME, false, PLAN, "f32", "the same in plan f32", WHAT)

const bench_entry bench_models[] = {
    MODEL("prefill-f32", false, "f32", NULL, "sgemm of the linear layers",
          "plan f32, 512 tokens at once, logits of the last"),
    MODEL("decode-f32", true, "f32", NULL, "sgemv of the linear layers",
          "plan f32, 64 tokens one by one after 128"),
    PLAN("prefill-bf16", "bf16", "plan bf16: wgmma"),
    PLAN("prefill-fp8", "fp8-tensor", "plan fp8-tensor: promotion every 128"),
    PLAN("prefill-int8", "int8-w8a8", "plan int8-w8a8"),
    PLAN("prefill-nvfp4", "nvfp4", "plan nvfp4: chains with scales"),
    MODEL("decode-fp8", true, "fp8-tensor", "f32", "the same in plan f32",
          "plan fp8-tensor, 64 tokens one by one after 128"),
    {0}};
