/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * tokenizer.json, the whole: what the library's TokenizerImpl writes
 * (tokenizers/src/tokenizer/serialization.rs), and its added tokens.
 */
#include <stdlib.h>
#include <string.h>

#include "tokenizer_internal.h"

enum { MOST_TOKEN = (1 << 24) - 1 };

ulp_status ulp_refuse_key(const ulp_tokenizer_reader *r, const char *key,
                          const char *expected)
{
  return ulp_error_set(r->e, ULP_EFORMAT, "%s: %s: expected %s", r->t->path,
                       key, expected);
}

ulp_status ulp_read_no_memory(const ulp_tokenizer_reader *r)
{
  return ulp_error_set(r->e, ULP_ENOMEM, "%s: out of memory", r->t->path);
}

ulp_status ulp_read_flag(const ulp_tokenizer_reader *r, const json_t *o,
                         const char *where, const char *key, bool standard,
                         bool *out)
{
  const json_t *v = json_object_get(o, key);
  if (v && !json_is_boolean(v) && !json_is_null(v))
    return ulp_error_set(r->e, ULP_EFORMAT, "%s: %s.%s: expected true or false",
                         r->t->path, where, key);
  *out = json_is_boolean(v) ? json_is_true(v) : standard;
  return ULP_OK;
}

int32_t ulp_read_token(const json_t *v)
{
  json_int_t n = json_is_integer(v) ? json_integer_value(v) : -1;
  return n >= 0 && n <= MOST_TOKEN ? (int32_t)n : -1;
}

char *ulp_normalize(uninorm_t form, ulp_span text, size_t *n)
{
  return (char *)u8_normalize(form, (const uint8_t *)text.at, text.n, NULL, n);
}

/* ---- added tokens ------------------------------------------------------- */

/* One number, one text.  (The library numbers texts that the vocabulary lacks
 * from its size on and does not ask for the file's number; in files that it
 * wrote these are the same.) */
static ulp_status check_number(const ulp_tokenizer_reader *r, const char *where,
                               const json_t *vocab, const char *content,
                               int32_t token)
{
  const json_t *v = json_object_get(vocab, content);
  if (v && ulp_read_token(v) != token)
    return ulp_error_set(r->e, ULP_EFORMAT, "%s: %s.id: expected %ld, which "
                         "model.vocab has for its content", r->t->path, where,
                         (long)ulp_read_token(v));
  if (!v && r->t->text[token].at)
    return ulp_error_set(r->e, ULP_EFORMAT, "%s: %s.id: %ld is another token's",
                         r->t->path, where, (long)token);
  return ULP_OK;
}

/* The text that is looked for, as normalized text has it, and a NUL. */
static char *pattern_of(const ulp_tokenizer *t, ulp_span text, bool normalized,
                        size_t *n)
{
  char *owned = NULL;
  for (int i = 0; normalized && i < t->forms; i++) {
    char *next = ulp_normalize(t->form[i], text, n);
    free(owned);
    if (!next)
      return NULL;
    owned = next;
    text = (ulp_span){owned, *n};
  }
  char *out = malloc(text.n + 1);
  if (out) {
    memcpy(out, text.at, text.n);
    out[text.n] = '\0';
  }
  *n = text.n;
  free(owned);
  return out;
}

static ulp_status keep(const ulp_tokenizer_reader *r, const json_t *o,
                       ulp_added *a, bool normalized, bool special)
{
  const json_t *content = json_object_get(o, "content");
  const ulp_span text = {json_string_value(content),
                         json_string_length(content)};
  ulp_added_set *set = normalized ? &r->t->normalized : &r->t->plain;
  ulp_token_text *entry = r->t->text + a->token;
  a->text = pattern_of(r->t, text, normalized, &a->n);
  if (!a->text || !ulp_added_add(set, a)) {
    free(a->text);
    return ulp_read_no_memory(r);
  }
  /* The library's decoder sees the pattern, not the content. */
  bool word;
  free(entry->at);
  entry->at = ulp_token_bytes(a->text, a->n, &entry->n, &word);
  entry->special = special;
  return entry->at ? ULP_OK : ulp_read_no_memory(r);
}

static ulp_status read_added(const ulp_tokenizer_reader *r, const json_t *vocab,
                             const json_t *o, size_t i)
{
  char where[48];
  bool single, normalized, special;
  ulp_added a = {.token = ulp_read_token(json_object_get(o, "id"))};
  const char *content = json_string_value(json_object_get(o, "content"));
  snprintf(where, sizeof where, "added_tokens[%zu]", i);
  if (a.token < 0 || !content)
    return ulp_refuse_key(r, where, "an object with id and content");
  if (!*content) /* as the library does */
    return ULP_OK;
  ulp_status s = ulp_read_flag(r, o, where, "single_word", false, &single);
  if (s == ULP_OK)
    s = ulp_read_flag(r, o, where, "lstrip", false, &a.lstrip);
  if (s == ULP_OK)
    s = ulp_read_flag(r, o, where, "rstrip", false, &a.rstrip);
  if (s == ULP_OK)
    s = ulp_read_flag(r, o, where, "special", false, &special);
  if (s == ULP_OK)
    s = ulp_read_flag(r, o, where, "normalized", !special, &normalized);
  if (s == ULP_OK && single)
    return ulp_error_set(r->e, ULP_EFORMAT, "%s: %s.single_word: expected false",
                         r->t->path, where);
  if (s == ULP_OK)
    s = check_number(r, where, vocab, content, a.token);
  return s == ULP_OK ? keep(r, o, &a, normalized, special) : s;
}

ulp_status ulp_read_added(const ulp_tokenizer_reader *r, const json_t *root)
{
  const json_t *all = json_object_get(root, "added_tokens");
  const json_t *vocab = json_object_get(json_object_get(root, "model"),
                                        "vocab");
  const char *twice;
  size_t i;
  json_t *o;
  ulp_status s = ULP_OK;
  json_array_foreach(all, i, o) {
    s = read_added(r, vocab, o, i);
    if (s != ULP_OK)
      return s;
  }
  if (!ulp_added_sort(&r->t->plain, &twice) ||
      !ulp_added_sort(&r->t->normalized, &twice))
    s = ulp_error_set(r->e, ULP_EFORMAT, "%s: added_tokens: %.100s: given twice",
                      r->t->path, twice);
  return s;
}

/* ---- the file ----------------------------------------------------------- */

/* Room for every number of the vocabulary and of added tokens. */
static ulp_status make_room(const ulp_tokenizer_reader *r, const json_t *root)
{
  json_t *vocab = json_object_get(json_object_get(root, "model"), "vocab");
  const json_t *added = json_object_get(root, "added_tokens");
  const char *key;
  size_t i;
  json_t *v;
  int32_t most = -1, n;
  if (!json_is_object(vocab))
    return ulp_refuse_key(r, "model.vocab", "an object");
  if (added && !json_is_null(added) && !json_is_array(added))
    return ulp_refuse_key(r, "added_tokens", "an array");
  json_object_foreach(vocab, key, v)
    if ((n = ulp_read_token(v)) > most)
      most = n;
  json_array_foreach(added, i, v)
    if ((n = ulp_read_token(json_object_get(v, "id"))) > most)
      most = n;
  if (most < 0)
    return ulp_refuse_key(r, "model.vocab", "tokens");
  r->t->vocabulary = most + 1;
  r->t->text = calloc((size_t)most + 1, sizeof *r->t->text);
  return r->t->text ? ULP_OK : ulp_read_no_memory(r);
}

static ulp_status read_root(const ulp_tokenizer_reader *r, const json_t *root)
{
  const json_t *version = json_object_get(root, "version");
  if (!json_is_object(root))
    return ulp_error_set(r->e, ULP_EFORMAT, "%s: expected an object",
                         r->t->path);
  if (version && (!json_is_string(version) ||
                  strcmp(json_string_value(version), "1.0") != 0))
    return ulp_refuse_key(r, "version", "1.0");
  static ulp_status (*const part[])(const ulp_tokenizer_reader *,
                                    const json_t *) = {
      ulp_read_normalizer, ulp_read_splits, ulp_read_decoder, make_room,
      ulp_read_model, ulp_read_added, ulp_read_template};
  ulp_status s = ULP_OK;
  for (size_t i = 0; s == ULP_OK && i < sizeof part / sizeof *part; i++)
    s = part[i](r, root);
  return s;
}

ulp_status ulp_tokenizer_read(ulp_tokenizer *t, const char *json, size_t size,
                              ulp_error *e)
{
  const ulp_tokenizer_reader r = {t, e};
  json_error_t why;
  json_t *root = json_loadb(json, size, JSON_REJECT_DUPLICATES, &why);
  if (!root)
    return ulp_error_set(e, ULP_EFORMAT, "%s: line %d: %s", t->path, why.line,
                         why.text);
  ulp_status s = read_root(&r, root);
  json_decref(root);
  return s;
}
