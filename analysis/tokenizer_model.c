/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * tokenizer.json, "model": the vocabulary and the merges of a byte-level BPE
 * (tokenizers/src/models/bpe/serialization.rs and model.rs).
 */
#include <stdlib.h>
#include <string.h>

#include "tokenizer_internal.h"

/* ---- bytes as characters ------------------------------------------------ */

/* GPT-2 (openai/gpt-2, src/encoder.py, bytes_to_unicode) writes bytes that print
 * as themselves, and the others, in order, as the characters from U+0100 on. */
static int byte_of(unsigned code)
{
  enum { CONTROLS = 33, HIGH = 34 }; /* 0 to 32; 127 to 160; and 173 */
  if ((code >= 33 && code <= 126) || (code >= 161 && code <= 255))
    return code == 173 ? -1 : (int)code;
  if (code < 256 || code > 256 + CONTROLS + HIGH)
    return -1;
  code -= 256;
  if (code < CONTROLS)
    return (int)code;
  return code < CONTROLS + HIGH ? (int)(code - CONTROLS + 127) : 173;
}

char *ulp_token_bytes(const char *text, size_t n, size_t *size, bool *word)
{
  char *out = malloc(n + 1);
  *word = false;
  *size = 0;
  for (size_t i = 0; out && i < n; i += ulp_utf8_length(text[i])) {
    unsigned char c = (unsigned char)text[i];
    unsigned code = c < 0x80 ? c : 0x10000;
    if (c >= 0xc0 && c < 0xe0)
      code = (c & 31u) << 6 | ((unsigned char)text[i + 1] & 63u);
    int byte = byte_of(code);
    if (byte < 0) {
      memcpy(out, text, n);
      *size = n;
      return out;
    }
    out[(*size)++] = (char)byte;
  }
  *word = *size > 0;
  return out;
}

/* ---- vocabulary --------------------------------------------------------- */

static ulp_status read_vocabulary(const ulp_tokenizer_reader *r, json_t *vocab)
{
  ulp_tokenizer *t = r->t;
  const char *key;
  size_t n;
  json_t *v;
  json_object_keylen_foreach(vocab, key, n, v) {
    int32_t token = ulp_read_token(v);
    if (token < 0)
      return ulp_error_set(r->e, ULP_EFORMAT, "%s: model.vocab: %.60s: expected "
                           "a number from 0 to 16777215", t->path, key);
    ulp_token_text *entry = t->text + token;
    if (entry->at)
      return ulp_error_set(r->e, ULP_EFORMAT, "%s: model.vocab: %.60s: %ld is "
                           "another token's, too", t->path, key, (long)token);
    entry->at = ulp_token_bytes(key, n, &entry->n, &entry->word);
    if (!entry->at)
      return ulp_read_no_memory(r);
    if (entry->word && entry->n == 1)
      t->bpe.byte[(unsigned char)*entry->at] = token;
  }
  return ULP_OK;
}

/* ---- merges ------------------------------------------------------------- */

typedef struct {
  json_t *vocab;
  char *both; /* left and right */
  size_t room;
} merge_reader;

static ulp_status refuse_merge(const ulp_tokenizer_reader *r, size_t i,
                               const char *expected)
{
  return ulp_error_set(r->e, ULP_EFORMAT, "%s: model.merges[%zu]: expected %s",
                       r->t->path, i, expected);
}

static int32_t number(const merge_reader *m, const char *text, size_t n)
{
  return ulp_read_token(json_object_getn(m->vocab, text, n));
}

static ulp_status add_merge(const ulp_tokenizer_reader *r, merge_reader *m,
                            ulp_span a, ulp_span b, size_t i, int32_t rank)
{
  if (a.n + b.n > m->room || !m->both) {
    char *more = ulp_grow(m->both, &m->room, a.n + b.n + 1, 1);
    if (!more)
      return ulp_read_no_memory(r);
    m->both = more;
  }
  memcpy(m->both, a.at, a.n);
  memcpy(m->both + a.n, b.at, b.n);
  int32_t left = number(m, a.at, a.n), right = number(m, b.at, b.n);
  int32_t made = number(m, m->both, a.n + b.n);
  if (left < 0 || right < 0 || made < 0)
    return refuse_merge(r, i, "two tokens of model.vocab that make another");
  ulp_bpe_add_merge(&r->t->bpe, left, right, rank, made);
  return ULP_OK;
}

/* "a b", as files before 2024 have them, or ["a", "b"]. */
static ulp_status read_merge(const ulp_tokenizer_reader *r, merge_reader *m,
                             const json_t *v, size_t i, int32_t *rank)
{
  ulp_span a = {0}, b = {0};
  if (json_is_string(v)) {
    const char *text = json_string_value(v), *gap = strchr(text, ' ');
    if (strncmp(text, "#version", 8) == 0)
      return ULP_OK;
    if (gap && !strchr(gap + 1, ' ')) {
      a = (ulp_span){text, (size_t)(gap - text)};
      b = (ulp_span){gap + 1, json_string_length(v) - a.n - 1};
    }
  } else if (json_array_size(v) == 2) {
    const json_t *x = json_array_get(v, 0), *y = json_array_get(v, 1);
    a = (ulp_span){json_string_value(x), json_string_length(x)};
    b = (ulp_span){json_string_value(y), json_string_length(y)};
  }
  if (!a.at || !b.at)
    return refuse_merge(r, i, "\"a b\" or [\"a\", \"b\"]");
  return add_merge(r, m, a, b, i, (*rank)++);
}

static ulp_status read_merges(const ulp_tokenizer_reader *r, json_t *vocab,
                              const json_t *merges)
{
  merge_reader m = {.vocab = vocab};
  int32_t rank = 0;
  size_t i;
  json_t *v;
  ulp_status s = ULP_OK;
  if (!json_is_array(merges) || json_array_size(merges) > INT32_MAX)
    return ulp_refuse_key(r, "model.merges", "an array");
  if (!ulp_bpe_make_merges(&r->t->bpe, json_array_size(merges)))
    return ulp_read_no_memory(r);
  json_array_foreach(merges, i, v)
    if (s == ULP_OK)
      s = read_merge(r, &m, v, i, &rank);
  free(m.both);
  return s;
}

/* ---- the rest ----------------------------------------------------------- */

/* What would give other tokens, or random ones. */
static ulp_status check_kind(const ulp_tokenizer_reader *r, const json_t *o)
{
  const json_t *type = json_object_get(o, "type");
  const json_t *dropout = json_object_get(o, "dropout");
  static const char *const affix[] = {"continuing_subword_prefix",
                                      "end_of_word_suffix"};
  bool fallback;
  /* The first files, GPT-2's among them, have no type. */
  if (type ? !json_is_string(type) || strcmp(json_string_value(type), "BPE") != 0
           : !json_object_get(o, "merges"))
    return ulp_error_set(r->e, ULP_EFORMAT, "%s: model.type: %.40s: expected "
                         "BPE", r->t->path, json_is_string(type)
                         ? json_string_value(type) : "is missing");
  if (dropout && !json_is_null(dropout) &&
      !(json_is_number(dropout) && json_number_value(dropout) == 0))
    return ulp_refuse_key(r, "model.dropout", "null");
  for (int i = 0; i < 2; i++) {
    const json_t *v = json_object_get(o, affix[i]);
    if (v && !json_is_null(v) && json_string_length(v) + !json_is_string(v) > 0)
      return ulp_error_set(r->e, ULP_EFORMAT, "%s: model.%s: expected null or "
                           "\"\"", r->t->path, affix[i]);
  }
  ulp_status s = ulp_read_flag(r, o, "model", "byte_fallback", false, &fallback);
  if (s == ULP_OK && fallback)
    s = ulp_refuse_key(r, "model.byte_fallback", "false: SentencePiece's "
                       "vocabularies (Llama 2) are not supported");
  return s;
}

static ulp_status read_unknown(const ulp_tokenizer_reader *r, const json_t *o)
{
  const json_t *unknown = json_object_get(o, "unk_token");
  bool fuse;
  ulp_status s = ulp_read_flag(r, o, "model", "fuse_unk", false, &fuse);
  if (s != ULP_OK || !unknown || json_is_null(unknown))
    return s;
  if (!json_is_string(unknown))
    return ulp_refuse_key(r, "model.unk_token", "a token or null");
  r->t->bpe.unknown = ulp_read_token(
      json_object_get(json_object_get(o, "vocab"), json_string_value(unknown)));
  for (int i = 0; fuse && i < 0xf5; i++)
    if (r->t->bpe.byte[i] < 0 && i != 0xc0 && i != 0xc1)
      return ulp_refuse_key(r, "model.fuse_unk", "false where model.vocab lacks "
                            "a byte");
  return ULP_OK;
}

ulp_status ulp_read_model(const ulp_tokenizer_reader *r, const json_t *root)
{
  const json_t *o = json_object_get(root, "model");
  json_t *vocab = json_object_get(o, "vocab");
  ulp_bpe *b = &r->t->bpe;
  bool whole = false;
  b->unknown = -1;
  for (int i = 0; i < 256; i++)
    b->byte[i] = -1;
  ulp_status s = check_kind(r, o);
  if (s == ULP_OK)
    s = read_vocabulary(r, vocab);
  if (s == ULP_OK)
    s = read_merges(r, vocab, json_object_get(o, "merges"));
  if (s == ULP_OK)
    s = read_unknown(r, o);
  if (s == ULP_OK)
    s = ulp_read_flag(r, o, "model", "ignore_merges", false, &whole);
  if (s == ULP_OK && whole &&
      !ulp_bpe_make_words(b, r->t->text, r->t->vocabulary))
    s = ulp_read_no_memory(r);
  return s;
}
