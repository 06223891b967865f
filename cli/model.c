/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * model.c: `ulplab model`, a Llama checkpoint run on tokens.
 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "llama.h"
#include "product.h"
#include "tokenizer.h"

typedef struct {
  const char *folder, *tokens_path, *text_path, *logits_path, *out_path;
  const char *plan_name;
  uint64_t generate, from;
  bool plain;
  int threads;
  ulp_llama *model;
  ulp_plan *plan;
  int32_t *tokens;
  int64_t count; /* of tokens given; there is room for `generate` more */
} request;

/* ---- what was asked for ------------------------------------------------- */

static int parse(request *rq, int argc, char **argv)
{
  const cli_option options[] = {
      {"tokens", "T.npy", "one dimension of token numbers", cli_read_text,
       &rq->tokens_path},
      {"text", "FILE", "its tokens by the folder's tokenizer.json, or, if there "
       "is none, its bytes", cli_read_text, &rq->text_path},
      {"plain", NULL, "without the tokens that tokenizer.json puts around a "
       "text, a begin say", cli_read_flag, &rq->plain},
      {"plan", "PLAN", "in what numbers: f64 (default), f32, another name or a "
       "file", cli_read_text, &rq->plan_name},
      {"logits", "L.npy", "the logits of the tokens given, [tokens, vocabulary]",
       cli_read_text, &rq->logits_path},
      {"from", "N", "only those of token N (from 0) and after", cli_read_u64,
       &rq->from},
      {"generate", "N", "N more tokens, each the likeliest; the least number of "
       "equals", cli_read_u64, &rq->generate},
      {"out", "C.npy", "these tokens", cli_read_text, &rq->out_path},
      {"threads", "N", "default: all", cli_read_threads, &rq->threads},
      {0}};
  const cli_command command = {
      .name = "model",
      .synopsis = "FOLDER [--tokens T.npy | --text FILE] [--logits L.npy] "
                  "[--generate N --out C.npy] [--plan PLAN]",
      .summary = "Runs a checkpoint of the Llama family, a folder with "
                 "config.json and model.safetensors (or its shards and their "
                 "index). Without tokens it says what the model is.",
      .options = options,
      .min_operands = 1,
      .max_operands = 1};
  int operands;
  int status = cli_parse(&command, argc, argv, &operands);
  rq->folder = argv[0];
  return status;
}

static ulp_status check(const request *rq, ulp_error *e)
{
  bool given = rq->tokens_path || rq->text_path;
  if (rq->tokens_path && rq->text_path)
    return ulp_error_set(e, ULP_EINVAL, "--tokens and --text: expected one");
  if (!given && (rq->logits_path || rq->out_path || rq->generate))
    return ulp_error_set(e, ULP_EINVAL, "expected --tokens or --text");
  if (given && !rq->logits_path && !rq->generate)
    return ulp_error_set(e, ULP_EINVAL, "expected --logits or --generate");
  if (!rq->generate != !rq->out_path)
    return ulp_error_set(e, ULP_EINVAL, "expected --generate with --out");
  if (rq->generate > 1 << 24)
    return ulp_error_set(e, ULP_EINVAL, "--generate %llu: expected 16777216 or "
                         "fewer", (unsigned long long)rq->generate);
  return ULP_OK;
}

/* ---- tokens ------------------------------------------------------------- */

/* Tokens of the text by the folder's tokenizer, and room for those to come. */
static ulp_status encode(request *rq, const ulp_tokenizer *t, const char *text,
                         size_t size, ulp_error *e)
{
  size_t n;
  ulp_status s = ulp_tokenizer_encode(t, text, size, !rq->plain, &rq->tokens,
                                      &n, e);
  if (s != ULP_OK)
    return s;
  rq->count = (int64_t)n;
  int32_t *more = realloc(rq->tokens, (n + rq->generate + 1) * sizeof *more);
  rq->tokens = more ? more : rq->tokens;
  return more ? ULP_OK : cli_no_memory(e);
}

static ulp_status read_text(request *rq, ulp_error *e)
{
  ulp_tokenizer *t;
  char *text;
  size_t size;
  ulp_status s = ulp_tokenizer_open(&t, rq->folder, e);
  if (s != ULP_OK)
    return s;
  int64_t vocab = ulp_llama_settings(rq->model)->vocab;
  if (ulp_tokenizer_is_bytes(t) && vocab < 256)
    s = ulp_error_set(e, ULP_EINVAL, "%s: has no tokenizer.json, and its "
                      "vocabulary of %lld is not of bytes: expected --tokens",
                      rq->folder, (long long)vocab);
  if (s == ULP_OK)
    s = ulp_bytes_read(&text, &size, rq->text_path, SIZE_MAX, e);
  if (s == ULP_OK) {
    s = encode(rq, t, text, size, e);
    free(text);
  }
  if (s == ULP_OK && rq->count == 0)
    s = ulp_error_set(e, ULP_EFORMAT, "%s: expected tokens", rq->text_path);
  ulp_tokenizer_close(t);
  return s;
}

/* ---- work --------------------------------------------------------------- */

static int32_t likeliest(const double *logits, int64_t n)
{
  int64_t best = 0;
  for (int64_t i = 1; i < n; i++)
    if (logits[i] > logits[best])
      best = i;
  return (int32_t)best;
}

static bool wide_logits(const request *rq)
{
  return strcmp(ulp_plan_name(rq->plan), "f64") == 0;
}

static void write_row(const request *rq, ulp_output *o, const double *logits)
{
  int64_t n = ulp_llama_settings(rq->model)->vocab;
  float some[256];
  for (int64_t i = 0; i < n; i += 256)
    cli_values_write(o, wide_logits(rq), logits + i, some,
                     (size_t)(n - i < 256 ? n - i : 256));
}

/* Tokens in parts, so that the logits of few are in memory. */
static ulp_status prefill(const request *rq, ulp_llama_state *s, ulp_output *o,
                          double *logits, int64_t part, ulp_error *e)
{
  int64_t vocab = ulp_llama_settings(rq->model)->vocab;
  for (int64_t i = 0; i < rq->count; i += part) {
    int64_t n = rq->count - i < part ? rq->count - i : part;
    int64_t first = o ? 0 : n - 1;
    ulp_status status = ulp_llama_run(s, rq->tokens + i, n, first,
                                      logits + first * vocab, NULL, NULL, e);
    if (status != ULP_OK)
      return status;
    for (int64_t k = 0; o && k < n; k++)
      if (i + k >= (int64_t)rq->from)
        write_row(rq, o, logits + k * vocab);
    if (i + n == rq->count && rq->generate)
      rq->tokens[rq->count] = likeliest(logits + (n - 1) * vocab, vocab);
  }
  return ULP_OK;
}

static ulp_status generate(const request *rq, ulp_llama_state *s,
                           double *logits, ulp_error *e)
{
  int64_t vocab = ulp_llama_settings(rq->model)->vocab;
  for (int64_t i = 1; i < (int64_t)rq->generate; i++) {
    int32_t *at = rq->tokens + rq->count + i;
    ulp_status status = ulp_llama_run(s, at - 1, 1, 0, logits, NULL, NULL, e);
    if (status != ULP_OK)
      return status;
    *at = likeliest(logits, vocab);
  }
  return ULP_OK;
}

static ulp_status work(const request *rq, ulp_output *logits_out,
                       ulp_output *out, ulp_error *e)
{
  enum { PART = 128 };
  int64_t vocab = ulp_llama_settings(rq->model)->vocab;
  int64_t shape[] = {rq->count - (int64_t)rq->from, vocab};
  int64_t more = (int64_t)rq->generate;
  ulp_llama_state *s = NULL;
  double *logits = malloc(PART * (size_t)vocab * sizeof *logits);
  ulp_status status =
      logits ? ulp_llama_begin(&s, rq->model, rq->count + more, rq->plan,
                               rq->threads, e)
             : cli_no_memory(e);
  if (status == ULP_OK && logits_out)
    ulp_npy_header(logits_out, wide_logits(rq) ? "<f8" : "<f4",
                   2, shape);
  if (status == ULP_OK)
    status = prefill(rq, s, logits_out, logits, PART, e);
  if (status == ULP_OK && more)
    status = generate(rq, s, logits, e);
  if (status == ULP_OK && more) {
    ulp_npy_header(out, "<i4", 1, &more);
    ulp_output_write(out, rq->tokens + rq->count, (size_t)more * 4);
  }
  ulp_llama_end(s);
  free(logits);
  return status;
}

static ulp_status run(request *rq, ulp_error *e)
{
  cli_outputs set = {0};
  ulp_output *logits = NULL, *out = NULL;
  ulp_status s = rq->tokens_path
                     ? cli_tokens_read(rq->tokens_path, rq->generate,
                                       &rq->tokens, &rq->count, e)
                     : read_text(rq, e);
  if (s == ULP_OK && rq->from >= (uint64_t)rq->count)
    s = ulp_error_set(e, ULP_EINVAL, "--from %llu: expected less than the %lld "
                      "tokens", (unsigned long long)rq->from,
                      (long long)rq->count);
  if (s == ULP_OK)
    s = cli_outputs_add(&set, &logits, rq->logits_path, e);
  if (s == ULP_OK)
    s = cli_outputs_add(&set, &out, rq->out_path, e);
  if (s == ULP_OK)
    s = work(rq, logits, out, e);
  if (s == ULP_OK)
    s = cli_outputs_commit(&set, e);
  else
    cli_outputs_discard(&set);
  return s;
}

/* ---- what the model is -------------------------------------------------- */

static void describe(cli_table *t, const void *data)
{
  const ulp_llama *m = data;
  const ulp_llama_config *c = ulp_llama_settings(m);
  cli_cell_int(t, ulp_llama_parameters(m));
  cli_cell_int(t, c->layers);
  cli_cell_int(t, c->hidden);
  cli_cell_int(t, c->heads);
  cli_cell_int(t, c->kv_heads);
  cli_cell_int(t, c->head_dim);
  cli_cell_int(t, c->intermediate);
  cli_cell_int(t, c->vocab);
  cli_cell_int(t, c->positions);
  cli_cell_bool(t, c->tied);
}

int cli_model(int argc, char **argv)
{
  static const char *const columns[] = {
      "parameters", "layers", "hidden", "heads", "kv_heads", "head_dim",
      "intermediate", "vocabulary", "positions", "tied_head", NULL};
  request rq = {.threads = cli_default_threads(), .plan_name = "f64"};
  int status = parse(&rq, argc, argv);
  if (status >= 0)
    return status;
  ulp_error e;
  ulp_status s = check(&rq, &e);
  if (s == ULP_OK)
    s = ulp_llama_open(&rq.model, rq.folder, &e);
  if (s == ULP_OK && !rq.tokens_path && !rq.text_path) {
    status = cli_print_table("model", false, columns, describe, rq.model);
    ulp_llama_close(rq.model);
    return status;
  }
  if (s == ULP_OK)
    s = ulp_plan_find(&rq.plan, rq.plan_name, &e);
  if (s == ULP_OK)
    s = run(&rq, &e);
  free(rq.tokens);
  ulp_plan_free(rq.plan);
  ulp_llama_close(rq.model);
  return s == ULP_OK ? CLI_DONE : cli_fail("model", &e);
}
