/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * experiments/roofline: storage, bandwidth and compute of weights, activations
 * and KV caches in low precision.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "roofline.h"
#include "words.h"

static const ulp_column columns[] = {
    {"point", ULP_COL_INTEGER, "1", "index of the point in the whole sweep"},
    {"gpu", ULP_COL_STRING, "", "of the data sheets' table"},
    {"model", ULP_COL_STRING, "", "of the table of published configurations"},
    {"phase", ULP_COL_STRING, "", "decode: one token of each sequence; "
     "prefill: all tokens of each"},
    {"context", ULP_COL_INTEGER, "token",
     "tokens of a sequence; decode: attended to, the new one among them"},
    {"scheme", ULP_COL_STRING, "", "of weights and activations"},
    {"kv", ULP_COL_STRING, "", "format or quantizer of the KV cache, of rows "
     "of a head and token each"},
    {"batch", ULP_COL_INTEGER, "1", "sequences"},
    {"weight_bits", ULP_COL_NUMBER, "bit",
     "per weight of the layers, scales counted"},
    {"weight_bytes", ULP_COL_NUMBER, "byte",
     "all weights: layers in the scheme, embedding, lm_head, norms in BF16"},
    {"kv_bits", ULP_COL_NUMBER, "bit", "per number cached, scales counted"},
    {"kv_bytes", ULP_COL_NUMBER, "byte", "the cache of the whole batch"},
    {"fits", ULP_COL_INTEGER, "1", "1: weights and cache are no more than one "
     "GPU's memory; times are given in either case"},
    {"runs_as", ULP_COL_STRING, "",
     "type that the layers' matrices are multiplied in on this GPU"},
    {"native", ULP_COL_INTEGER, "1",
     "1: that is the type that the scheme asks for"},
    {"flops", ULP_COL_NUMBER, "1", "operations, a multiply-add counted as two"},
    {"bytes", ULP_COL_NUMBER, "byte", "moved from and to the GPU's memory"},
    {"intensity", ULP_COL_NUMBER, "1/byte", "flops / bytes"},
    {"linear_intensity", ULP_COL_NUMBER, "1/byte",
     "the same of the layers' matrices alone"},
    {"ridge", ULP_COL_NUMBER, "1/byte",
     "peak rate of runs_as / bandwidth: the intensity at which both bind"},
    {"time_bandwidth_s", ULP_COL_NUMBER, "s", "bytes / bandwidth"},
    {"time_compute_s", ULP_COL_NUMBER, "s",
     "operations / peak dense rate, of each part"},
    {"time_s", ULP_COL_NUMBER, "s", "sum over layers' matrices, attention, and "
     "embedding with lm_head of the longer of the two"},
    {"bound", ULP_COL_STRING, "",
     "bandwidth, or compute: what binds for most of time_s"},
    {"tokens_per_s", ULP_COL_NUMBER, "1/s", "tokens of all sequences / time_s"},
    {"speedup", ULP_COL_NUMBER, "1",
     "time_s with weights and cache in BF16 / time_s"},
    {"linear_speedup", ULP_COL_NUMBER, "1",
     "the same of the layers' matrices alone"},
    {"crossover_tokens", ULP_COL_NUMBER, "token",
     "tokens a step from which the layers' matrices gain nothing over BF16, or "
     "with an overhead lose; empty: they gain at any"},
    {0}};

static const ulp_parameter parameters[] = {
    {"gpus", "a100 h100 h200 b200 4090",
     "names of data sheets: a100 h100 h200 b200 gb200 4090"},
    {"models", "llama-3-8b llama-3-70b",
     "names of models: llama-2-7b llama-3-8b llama-3-70b"},
    {"phases", "decode prefill", "decode, prefill"},
    {"contexts", "2048 32768", "tokens of a sequence"},
    {"schemes",
     "bf16 w8a16 w4a16 w8a8-int8 w8a8-fp8 w4a8-fp8 w4a4-int4 w4a4-nvfp4",
     "names of schemes, or WEIGHTS+TYPE: a format or quantizer, and bf16, fp8, "
     "int8, fp4 or int4"},
    {"kv", "bf16 e4m3/g=token/scale=float32 int4/g=group:32/scale=float16",
     "formats or quantizers of the KV cache"},
    {"batches", "1 4 16 64 128 256 512 1024", "sequences"},
    {"overhead", "0", "time that dequantizing adds to the multiplication of "
     "weights that are kept in another type, as a share of it"},
    {0}};

typedef struct {
  size_t gpus, models, phases, contexts, schemes, kvs, batches;
  const ulp_datasheet **gpu;
  const ulp_model_shape **model;
  ulp_scheme *scheme;
  char **kv, **phase; /* words; the second: decode or prefill */
  double *context, *batch;
  double *layer_bytes, *cached_bytes; /* [model][scheme], [model][kv] */
  double overhead;
  ulp_sweep sweep;
} state;

/* ---- parameters --------------------------------------------------------- */

static ulp_status add_gpu(void *data, size_t i, const char *word, ulp_error *e)
{
  state *st = data;
  return ulp_datasheet_find(&st->gpu[i], word, e);
}

static ulp_status add_model(void *data, size_t i, const char *word,
                            ulp_error *e)
{
  state *st = data;
  return ulp_model_shape_find(&st->model[i], word, e);
}

static ulp_status add_scheme(void *data, size_t i, const char *word,
                             ulp_error *e)
{
  state *st = data;
  return ulp_scheme_find(&st->scheme[i], word, e);
}

static ulp_status keep(char **out, const char *word, ulp_error *e)
{
  *out = strdup(word);
  return *out ? ULP_OK : ulp_error_set(e, ULP_ENOMEM, "out of memory");
}

static ulp_status add_kv(void *data, size_t i, const char *word, ulp_error *e)
{
  state *st = data;
  return keep(&st->kv[i], word, e);
}

static ulp_status add_phase(void *data, size_t i, const char *word,
                            ulp_error *e)
{
  state *st = data;
  if (strcmp(word, "decode") != 0 && strcmp(word, "prefill") != 0)
    return ulp_error_set(e, ULP_EINVAL,
                         "--phases '%.40s': expected decode or prefill", word);
  return keep(&st->phase[i], word, e);
}

static ulp_status read_count(double *out, const char *name, const char *word,
                             ulp_error *e)
{
  size_t n = strspn(word, "0123456789");
  *out = n == strlen(word) && n < 10 ? strtod(word, NULL) : 0;
  return *out > 0 ? ULP_OK
                  : ulp_error_set(e, ULP_EINVAL, "--%s '%.40s': expected a "
                                  "whole number from 1 to 999999999", name,
                                  word);
}

static ulp_status add_context(void *data, size_t i, const char *word,
                              ulp_error *e)
{
  state *st = data;
  return read_count(&st->context[i], "contexts", word, e);
}

static ulp_status add_batch(void *data, size_t i, const char *word,
                            ulp_error *e)
{
  state *st = data;
  return read_count(&st->batch[i], "batches", word, e);
}

static ulp_status read_overhead(state *st, const ulp_run *run, ulp_error *e)
{
  const char *text = ulp_run_parameter(run, "overhead");
  char *end;
  st->overhead = strtod(text, &end);
  if (end != text && !*end && st->overhead >= 0 && st->overhead <= 100)
    return ULP_OK;
  return ulp_error_set(e, ULP_EINVAL,
                       "--overhead '%.40s': expected a number from 0 to 100",
                       text);
}

/* A list's words, counted into *count. */
static ulp_status read_list(const ulp_run *run, const char *name,
                            size_t *count, ulp_word_reader *read, state *st,
                            ulp_error *e)
{
  const char *list = ulp_run_parameter(run, name);
  if (ulp_words_count(list) == 0 || ulp_words_count(list) > 1000)
    return ulp_error_set(e, ULP_EINVAL, "--%s: expected 1 to 1000 words", name);
  *count = ulp_words_count(list);
  return ulp_words_read(list, read, st, e);
}

static void *room_for(const ulp_run *run, const char *name, size_t size)
{
  return calloc(ulp_words_count(ulp_run_parameter(run, name)) + 1, size);
}

static ulp_status read_lists(state *st, const ulp_run *run, ulp_error *e)
{
  st->gpu = room_for(run, "gpus", sizeof *st->gpu);
  st->model = room_for(run, "models", sizeof *st->model);
  st->phase = room_for(run, "phases", sizeof *st->phase);
  st->context = room_for(run, "contexts", sizeof *st->context);
  st->scheme = room_for(run, "schemes", sizeof *st->scheme);
  st->kv = room_for(run, "kv", sizeof *st->kv);
  st->batch = room_for(run, "batches", sizeof *st->batch);
  if (!st->gpu || !st->model || !st->phase || !st->context || !st->scheme ||
      !st->kv || !st->batch)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_status s = read_list(run, "gpus", &st->gpus, add_gpu, st, e);
  if (s == ULP_OK)
    s = read_list(run, "models", &st->models, add_model, st, e);
  if (s == ULP_OK)
    s = read_list(run, "phases", &st->phases, add_phase, st, e);
  if (s == ULP_OK)
    s = read_list(run, "contexts", &st->contexts, add_context, st, e);
  if (s == ULP_OK)
    s = read_list(run, "schemes", &st->schemes, add_scheme, st, e);
  if (s == ULP_OK)
    s = read_list(run, "kv", &st->kvs, add_kv, st, e);
  if (s == ULP_OK)
    s = read_list(run, "batches", &st->batches, add_batch, st, e);
  return s == ULP_OK ? read_overhead(st, run, e) : s;
}

static ulp_status count_bytes(state *st, ulp_error *e)
{
  ulp_status s = ULP_OK;
  st->layer_bytes = calloc(st->models * st->schemes, sizeof(double));
  st->cached_bytes = calloc(st->models * st->kvs, sizeof(double));
  if (!st->layer_bytes || !st->cached_bytes)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  for (size_t m = 0; m < st->models; m++) {
    for (size_t i = 0; s == ULP_OK && i < st->schemes; i++)
      s = ulp_roofline_weights(&st->layer_bytes[m * st->schemes + i],
                               st->model[m], st->scheme[i].weights, e);
    for (size_t i = 0; s == ULP_OK && i < st->kvs; i++)
      s = ulp_roofline_cache(&st->cached_bytes[m * st->kvs + i], st->model[m],
                             st->kv[i], e);
  }
  return s;
}

static ulp_status prepare(ulp_run *run, ulp_error *e)
{
  state *st = calloc(1, sizeof *st);
  run->state = st;
  if (!st)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_status s = read_lists(st, run, e);
  if (s == ULP_OK)
    s = count_bytes(st, e);
  st->sweep = (ulp_sweep){6, {st->gpus, st->models, st->phases * st->contexts,
                              st->schemes, st->kvs, st->batches}};
  run->points = s == ULP_OK ? ulp_sweep_points(&st->sweep) : 0;
  return s;
}

static void release(ulp_run *run)
{
  state *st = run->state;
  if (!st)
    return;
  for (size_t i = 0; st->phase && st->phase[i]; i++)
    free(st->phase[i]);
  for (size_t i = 0; st->kv && st->kv[i]; i++)
    free(st->kv[i]);
  free(st->gpu);
  free(st->model);
  free(st->phase);
  free(st->context);
  free(st->scheme);
  free(st->kv);
  free(st->batch);
  free(st->layer_bytes);
  free(st->cached_bytes);
  free(st);
  run->state = NULL;
}

/* ---- a point ------------------------------------------------------------ */

static ulp_status baseline(ulp_roofline *out, ulp_roofline_case c,
                           ulp_error *e)
{
  ulp_scheme bf16;
  ulp_status s = ulp_scheme_find(&bf16, "bf16", e);
  c.scheme = &bf16;
  if (s == ULP_OK)
    s = ulp_roofline_weights(&c.layer_bytes, c.model, "bf16", e);
  if (s == ULP_OK)
    s = ulp_roofline_cache(&c.cached_bytes, c.model, "bf16", e);
  if (s == ULP_OK)
    *out = ulp_roofline_of(&c);
  return s;
}

static double longer(const ulp_roofline_part *p)
{
  return fmax(p->compute_s, p->bandwidth_s);
}

static void print_time(ulp_text *row, const ulp_roofline_case *c,
                       const ulp_roofline *r, const ulp_roofline *b)
{
  double flops = r->linear.flops + r->attention.flops + r->ends.flops;
  double bytes = r->linear.bytes + r->attention.bytes + r->ends.bytes;
  double tokens = c->prefill ? c->batch * c->context : c->batch;
  ulp_csv_string(row, ulp_rate_name(r->runs_as));
  ulp_csv_integer(row, r->native);
  ulp_csv_number(row, flops);
  ulp_csv_number(row, bytes);
  ulp_csv_number(row, flops / bytes);
  ulp_csv_number(row, r->linear.flops / r->linear.bytes);
  ulp_csv_number(row, c->gpu->peak[r->runs_as] / c->gpu->bandwidth);
  ulp_csv_number(row, bytes / c->gpu->bandwidth);
  ulp_csv_number(row, r->linear.compute_s + r->attention.compute_s +
                          r->ends.compute_s);
  ulp_csv_number(row, r->time_s);
  ulp_csv_string(row, 2 * r->bandwidth_bound_s >= r->time_s ? "bandwidth"
                                                            : "compute");
  ulp_csv_number(row, tokens / r->time_s);
  ulp_csv_number(row, b->time_s / r->time_s);
  ulp_csv_number(row, longer(&b->linear) / longer(&r->linear));
  ulp_csv_number_if(row, r->crossover, isfinite(r->crossover));
}

static ulp_status point(const ulp_run *run, int64_t index, ulp_text *row,
                        ulp_error *e)
{
  const state *st = run->state;
  size_t at[ULP_AXES];
  ulp_sweep_at(&st->sweep, index, at);
  const char *phase = st->phase[at[2] / st->contexts];
  ulp_roofline_case c = {
      .gpu = st->gpu[at[0]], .model = st->model[at[1]],
      .scheme = &st->scheme[at[3]],
      .layer_bytes = st->layer_bytes[at[1] * st->schemes + at[3]],
      .cached_bytes = st->cached_bytes[at[1] * st->kvs + at[4]],
      .prefill = strcmp(phase, "prefill") == 0,
      .batch = st->batch[at[5]], .context = st->context[at[2] % st->contexts],
      .overhead = st->overhead};
  ulp_roofline r = ulp_roofline_of(&c), b;
  ulp_status s = baseline(&b, c, e);
  double layers = (double)c.model->layers * ulp_model_layer(c.model);
  double cache = c.batch * c.context * c.cached_bytes;
  ulp_csv_string(row, c.gpu->name);
  ulp_csv_string(row, c.model->name);
  ulp_csv_string(row, phase);
  ulp_csv_integer(row, (int64_t)c.context);
  ulp_csv_string(row, c.scheme->name);
  ulp_csv_string(row, st->kv[at[4]]);
  ulp_csv_integer(row, (int64_t)c.batch);
  ulp_csv_number(row, 8 * c.layer_bytes / layers);
  ulp_csv_number(row, r.memory - cache);
  ulp_csv_number(row, 8 * c.cached_bytes / ulp_model_cached(c.model));
  ulp_csv_number(row, cache);
  ulp_csv_integer(row, r.memory <= c.gpu->capacity);
  if (s == ULP_OK)
    print_time(row, &c, &r, &b);
  return s;
}

const ulp_experiment ulp_experiment_roofline = {
    .name = "roofline",
    .question = "What do fewer bits of weights, activations and KV cache buy: "
                "storage, bandwidth or compute, and at which batch?",
    .method =
        "Computes bytes, operations and time of a decoding step and of "
        "a prefill, from data sheets (peak dense rates, bandwidth, capacity of "
        "one GPU) and published configurations.  Scales are counted.  The "
        "layers' matrices, attention, and the embedding with lm_head follow "
        "one another, and each takes the longer of its bytes over bandwidth "
        "and its operations over the peak rate; lm_head and attention are "
        "BF16.  A type that the GPU does not multiply is dequantized to BF16 "
        "and runs at its rate; --overhead makes that cost time, which the pure "
        "roofline leaves out, as it leaves out activations, softmax, norms and "
        "whatever keeps a kernel from its roof.  Nothing is random; --quick "
        "and --full change nothing.",
    .source = "S. Williams, A. Waterman, D. Patterson, Commun. ACM 52(4), "
              "2009; the GPUs' data sheets and the models' config.json are "
              "named in experiments/datasheet.c; arXiv:2408.11743 (Marlin: "
              "W4A16 on a roofline)",
    .columns = columns,
    .parameters = parameters,
    .default_seed = 1,
    .prepare = prepare,
    .point = point,
    .release = release,
};
