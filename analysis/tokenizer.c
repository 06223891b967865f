/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A tokenizer: opening, encoding, decoding.
 */
#include "tokenizer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistr.h>

#include "llama_internal.h"
#include "tokenizer_internal.h"

/* ---- lists that grow ---------------------------------------------------- */

void *ulp_grow(void *old, size_t *room, size_t count, size_t size)
{
  size_t more = *room < 16 ? 16 : *room;
  while (more < count)
    more *= 2;
  if (more == *room)
    more *= 2;
  void *p = more <= SIZE_MAX / size ? realloc(old, more * size) : NULL;
  if (p)
    *room = more;
  return p;
}

bool ulp_spans_add(ulp_spans *s, const char *at, size_t n)
{
  if (n == 0)
    return true;
  if (s->count == s->room) {
    ulp_span *more = ulp_grow(s->span, &s->room, s->count + 1, sizeof *more);
    if (!more)
      return false;
    s->span = more;
  }
  s->span[s->count++] = (ulp_span){at, n};
  return true;
}

bool ulp_tokens_add(ulp_tokens *t, int32_t token)
{
  if (t->count == t->room) {
    int32_t *more = ulp_grow(t->token, &t->room, t->count + 1, sizeof *more);
    if (!more)
      return false;
    t->token = more;
  }
  t->token[t->count++] = token;
  return true;
}

size_t ulp_utf8_length(char first)
{
  unsigned char c = (unsigned char)first;
  return c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

/* ---- opening ------------------------------------------------------------ */

static ulp_status no_memory(const char *path, ulp_error *e)
{
  return ulp_error_set(e, ULP_ENOMEM, "%s: out of memory", path);
}

static ulp_tokenizer *make(const char *path)
{
  ulp_tokenizer *t = calloc(1, sizeof *t);
  if (t && !(t->path = strdup(path))) {
    free(t);
    t = NULL;
  }
  return t;
}

void ulp_tokenizer_close(ulp_tokenizer *t)
{
  if (!t)
    return;
  for (int64_t i = 0; t->text && i < t->vocabulary; i++)
    free(t->text[i].at);
  free(t->text);
  ulp_bpe_free(&t->bpe);
  ulp_added_free(&t->plain);
  ulp_added_free(&t->normalized);
  for (int i = 0; i < t->splits; i++)
    pcre2_code_free(t->split[i].code);
  free(t->split);
  free(t->path);
  free(t);
}

ulp_status ulp_tokenizer_parse(ulp_tokenizer **out, const void *json,
                               size_t size, const char *path, ulp_error *e)
{
  ulp_tokenizer *t = make(path);
  ulp_status s = t ? ulp_tokenizer_read(t, json, size, e) : no_memory(path, e);
  if (s == ULP_OK)
    *out = t;
  else
    ulp_tokenizer_close(t);
  return s;
}

/* FOLDER, FOLDER/FILE or FILE. */
static ulp_status read_file(ulp_tokenizer **out, const char *folder,
                            const char *name, const char *path, ulp_error *e)
{
  char *text;
  size_t size;
  ulp_status s = ulp_checkpoint_text(&text, &size, folder, name, e);
  if (s != ULP_OK)
    return s;
  s = ulp_tokenizer_parse(out, text, size, path, e);
  free(text);
  return s;
}

static ulp_status open_file(ulp_tokenizer **out, char *path, ulp_error *e)
{
  char *slash = strrchr(path, '/');
  if (!slash)
    return read_file(out, ".", path, path, e);
  *slash = '\0';
  char *folder = strdup(*path ? path : "/.");
  *slash = '/';
  ulp_status s = folder ? read_file(out, folder, slash + 1, path, e)
                        : no_memory(path, e);
  free(folder);
  return s;
}

static ulp_status open_folder(ulp_tokenizer **out, const char *folder,
                              ulp_error *e)
{
  static const char name[] = "tokenizer.json";
  struct stat st;
  char *path = malloc(strlen(folder) + sizeof name + 1);
  if (!path)
    return no_memory(folder, e);
  strcpy(stpcpy(stpcpy(path, folder), "/"), name);
  ulp_status s;
  if (stat(path, &st) == 0 || errno != ENOENT) {
    s = read_file(out, folder, name, path, e);
  } else if (!(*out = make(folder))) {
    s = no_memory(folder, e);
  } else {
    (*out)->bytes = true;
    (*out)->vocabulary = 256;
    s = ULP_OK;
  }
  free(path);
  return s;
}

ulp_status ulp_tokenizer_open(ulp_tokenizer **out, const char *path,
                              ulp_error *e)
{
  struct stat st;
  if (stat(path, &st) != 0)
    return ulp_error_set(e, ULP_EIO, "%s: %s", path, strerror(errno));
  if (S_ISDIR(st.st_mode))
    return open_folder(out, path, e);
  char *copy = strdup(path);
  ulp_status s = copy ? open_file(out, copy, e) : no_memory(path, e);
  free(copy);
  return s;
}

/* ---- what it is --------------------------------------------------------- */

int64_t ulp_tokenizer_vocabulary(const ulp_tokenizer *t)
{
  return t->vocabulary;
}

bool ulp_tokenizer_is_bytes(const ulp_tokenizer *t)
{
  return t->bytes;
}

int64_t ulp_tokenizer_merges(const ulp_tokenizer *t)
{
  return (int64_t)t->bpe.merges;
}

int64_t ulp_tokenizer_added(const ulp_tokenizer *t)
{
  return (int64_t)(t->plain.count + t->normalized.count);
}

/* ---- encoding ----------------------------------------------------------- */

static ulp_status add_all(const ulp_tokenizer *t, ulp_tokens *out,
                          const int32_t *token, int n, ulp_error *e)
{
  for (int i = 0; i < n; i++)
    if (!ulp_tokens_add(out, token[i]))
      return no_memory(t->path, e);
  return ULP_OK;
}

static ulp_status encode_bytes(const ulp_tokenizer *t, const uint8_t *text,
                               size_t n, ulp_tokens *out, ulp_error *e)
{
  for (size_t i = 0; i < n; i++)
    if (!ulp_tokens_add(out, text[i]))
      return no_memory(t->path, e);
  return ULP_OK;
}

static ulp_status encode(const ulp_tokenizer *t, const void *text, size_t n,
                         bool special, ulp_tokens *out, ulp_error *e)
{
  if (n > INT32_MAX / 4)
    return ulp_error_set(e, ULP_EINVAL, "a text of %zu bytes: expected fewer "
                         "than 2^29", n);
  if (t->bytes)
    return encode_bytes(t, text, n, out, e);
  const uint8_t *wrong = n > 0 ? u8_check(text, n) : NULL;
  if (wrong)
    return ulp_error_set(e, ULP_EFORMAT, "byte %td of the text (0x%02x): "
                         "expected UTF-8", wrong - (const uint8_t *)text,
                         *wrong);
  ulp_status s = ULP_OK;
  if (special)
    s = add_all(t, out, t->before, t->before_count, e);
  if (s == ULP_OK && n > 0)
    s = ulp_tokenizer_steps(t, (ulp_span){text, n}, out, e);
  if (s == ULP_OK && special)
    s = add_all(t, out, t->after, t->after_count, e);
  return s;
}

ulp_status ulp_tokenizer_encode(const ulp_tokenizer *t, const void *text,
                                size_t n, bool special, int32_t **tokens,
                                size_t *count, ulp_error *e)
{
  ulp_tokens out = {0};
  ulp_status s = encode(t, text, n, special, &out, e);
  if (s == ULP_OK && !out.token && !(out.token = malloc(sizeof *out.token)))
    s = no_memory(t->path, e);
  if (s != ULP_OK) {
    free(out.token);
    return s;
  }
  *tokens = out.token;
  *count = out.count;
  return ULP_OK;
}

/* ---- decoding ----------------------------------------------------------- */

static ulp_status check_tokens(const ulp_tokenizer *t, const int32_t *tokens,
                               size_t n, size_t *size, ulp_error *e)
{
  *size = 0;
  for (size_t i = 0; i < n; i++) {
    if (tokens[i] < 0 || tokens[i] >= t->vocabulary ||
        (!t->bytes && !t->text[tokens[i]].at))
      return ulp_error_set(e, ULP_EINVAL, "token %zu is %ld: %s has none of "
                           "that number", i, (long)tokens[i], t->path);
    *size += t->bytes ? 1 : t->text[tokens[i]].n;
  }
  return ULP_OK;
}

ulp_status ulp_tokenizer_decode(const ulp_tokenizer *t, const int32_t *tokens,
                                size_t n, bool special, char **text,
                                size_t *size, ulp_error *e)
{
  size_t most;
  ulp_status s = check_tokens(t, tokens, n, &most, e);
  if (s != ULP_OK)
    return s;
  char *out = malloc(most + 1), *p = out;
  if (!out)
    return no_memory(t->path, e);
  for (size_t i = 0; i < n; i++) {
    const ulp_token_text *w = t->bytes ? NULL : t->text + tokens[i];
    if (!w) {
      *p++ = (char)tokens[i];
    } else if (special || !w->special) {
      memcpy(p, w->at, w->n);
      p += w->n;
    }
  }
  *p = '\0';
  *text = out;
  *size = (size_t)(p - out);
  return ULP_OK;
}
