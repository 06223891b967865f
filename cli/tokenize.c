/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * tokenize.c: `ulplab tokenize`, a text to tokens and back.
 */
#include <stdlib.h>

#include "cli.h"
#include "tokenizer.h"

typedef struct {
  const char *path, *text, *decode, *out;
  bool plain;
} request;

static int parse(request *rq, int argc, char **argv)
{
  const cli_option options[] = {
      {"text", "FILE", "a text, in UTF-8", cli_read_text, &rq->text},
      {"decode", "T.npy", "one dimension of tokens, instead of a text",
       cli_read_text, &rq->decode},
      {"out", "FILE", "the tokens, a .npy of i4; with --decode the text",
       cli_read_text, &rq->out},
      {"plain", NULL, "without the tokens that tokenizer.json puts around a "
       "text; with --decode without special tokens", cli_read_flag, &rq->plain},
      {0}};
  const cli_command command = {
      .name = "tokenize",
      .synopsis = "FOLDER [--text FILE | --decode T.npy] [--out FILE]",
      .summary = "The tokens of a text by the tokenizer.json of a folder (or "
                 "the file itself): a byte-level BPE, as GPT-2, Llama 3, Qwen2 "
                 "and SmolLM have it. In a folder without one a token is a "
                 "byte. Without text or tokens it says what the tokenizer is.",
      .options = options,
      .min_operands = 1,
      .max_operands = 1};
  int operands;
  int status = cli_parse(&command, argc, argv, &operands);
  rq->path = argv[0];
  return status;
}

static ulp_status check(const request *rq, ulp_error *e)
{
  bool work = rq->text || rq->decode;
  if (rq->text && rq->decode)
    return ulp_error_set(e, ULP_EINVAL, "--text and --decode: expected one");
  if (work != (rq->out != NULL))
    return ulp_error_set(e, ULP_EINVAL, "expected --text or --decode with "
                         "--out");
  if (!work && rq->plain)
    return ulp_error_set(e, ULP_EINVAL, "--plain: expected --text or --decode");
  return ULP_OK;
}

static ulp_status write_out(const char *path, const void *bytes, size_t n,
                            const int64_t *tokens, ulp_error *e)
{
  ulp_output *o;
  ulp_status s = ulp_output_open(&o, path, e);
  if (s != ULP_OK)
    return s;
  if (tokens)
    ulp_npy_header(o, "<i4", 1, tokens);
  ulp_output_write(o, bytes, n);
  return ulp_output_commit(o, e);
}

static ulp_status encode(const request *rq, const ulp_tokenizer *t,
                         ulp_error *e)
{
  char *text;
  int32_t *tokens;
  size_t size, n;
  ulp_status s = ulp_bytes_read(&text, &size, rq->text, SIZE_MAX, e);
  if (s != ULP_OK)
    return s;
  s = ulp_tokenizer_encode(t, text, size, !rq->plain, &tokens, &n, e);
  free(text);
  if (s != ULP_OK)
    return s;
  const int64_t shape = (int64_t)n;
  s = write_out(rq->out, tokens, n * sizeof *tokens, &shape, e);
  free(tokens);
  return s;
}

static ulp_status decode(const request *rq, const ulp_tokenizer *t,
                         ulp_error *e)
{
  char *text;
  int32_t *tokens;
  size_t size;
  int64_t n;
  ulp_status s = cli_tokens_read(rq->decode, 0, &tokens, &n, e);
  if (s != ULP_OK)
    return s;
  s = ulp_tokenizer_decode(t, tokens, (size_t)n, !rq->plain, &text, &size, e);
  free(tokens);
  if (s != ULP_OK)
    return s;
  s = write_out(rq->out, text, size, NULL, e);
  free(text);
  return s;
}

static void describe(cli_table *table, const void *data)
{
  const ulp_tokenizer *t = data;
  cli_cell_text(table, ulp_tokenizer_is_bytes(t) ? "bytes" : "bpe");
  cli_cell_int(table, ulp_tokenizer_vocabulary(t));
  cli_cell_int(table, ulp_tokenizer_merges(t));
  cli_cell_int(table, ulp_tokenizer_added(t));
}

int cli_tokenize(int argc, char **argv)
{
  static const char *const columns[] = {"kind", "vocabulary", "merges",
                                        "added_tokens", NULL};
  request rq = {0};
  ulp_tokenizer *t;
  ulp_error e;
  int status = parse(&rq, argc, argv);
  if (status >= 0)
    return status;
  ulp_status s = check(&rq, &e);
  if (s == ULP_OK)
    s = ulp_tokenizer_open(&t, rq.path, &e);
  if (s != ULP_OK)
    return cli_fail("tokenize", &e);
  if (rq.text)
    s = encode(&rq, t, &e);
  else if (rq.decode)
    s = decode(&rq, t, &e);
  else
    status = cli_print_table("tokenize", false, columns, describe, t);
  ulp_tokenizer_close(t);
  if (s != ULP_OK)
    return cli_fail("tokenize", &e);
  return status < 0 ? CLI_DONE : status;
}
