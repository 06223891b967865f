/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The way of a text through a tokenizer, step by step.
 */
#include <stdlib.h>
#include <string.h>

#include "tokenizer_internal.h"

typedef struct {
  const ulp_tokenizer *t;
  ulp_tokens *out;
  ulp_error *e;
  pcre2_match_data *match;
  ulp_bpe_work *work;
  ulp_spans now, next; /* before and after a split */
  ulp_spans words;     /* of a piece that got a space */
  char *spaced;
  size_t spaced_room;
} way;

static ulp_status no_memory(const way *w)
{
  return ulp_error_set(w->e, ULP_ENOMEM, "%s: out of memory", w->t->path);
}

/* ---- words -------------------------------------------------------------- */

static ulp_status merge_words(way *w, const ulp_spans *words)
{
  const ulp_tokenizer *t = w->t;
  ulp_status s = ULP_OK;
  unsigned char missing = 0;
  for (size_t i = 0; s == ULP_OK && i < words->count; i++)
    s = ulp_bpe_word(&t->bpe, t->text, w->work, words->span[i], w->out,
                     &missing);
  if (s == ULP_EFORMAT)
    return ulp_error_set(w->e, s, "%s: model.vocab: has no token for byte "
                         "0x%02x, which the text has", t->path, missing);
  return s == ULP_OK ? s : no_memory(w);
}

static ulp_status split_all(way *w, const ulp_split *split,
                            const ulp_spans *from, ulp_spans *to)
{
  ulp_status s = ULP_OK;
  to->count = 0;
  for (size_t i = 0; s == ULP_OK && i < from->count; i++)
    s = ulp_split_span(split, w->match, from->span[i], to);
  if (s == ULP_EFORMAT)
    return ulp_error_set(w->e, s, "%s: pre_tokenizer: its pattern needs too "
                         "many steps for the text", w->t->path);
  return s == ULP_OK ? s : no_memory(w);
}

/* ---- a space before, where there is none -------------------------------- */

static ulp_status space_and_merge(way *w, ulp_span piece)
{
  const ulp_tokenizer *t = w->t;
  if (*piece.at != ' ') {
    if (piece.n + 1 > w->spaced_room) {
      char *more = ulp_grow(w->spaced, &w->spaced_room, piece.n + 1, 1);
      if (!more)
        return no_memory(w);
      w->spaced = more;
    }
    *w->spaced = ' ';
    memcpy(w->spaced + 1, piece.at, piece.n);
    piece = (ulp_span){w->spaced, piece.n + 1};
  }
  const ulp_spans one = {.span = &piece, .count = 1};
  if (t->prefix_from == t->splits)
    return merge_words(w, &one);
  /* ByteLevel's own pattern, and no split is after it. */
  ulp_status s = split_all(w, t->split + t->prefix_from, &one, &w->words);
  return s == ULP_OK ? merge_words(w, &w->words) : s;
}

/* Normalized text without added tokens. */
static ulp_status plain_text(way *w, ulp_span text)
{
  const ulp_tokenizer *t = w->t;
  int splits = t->prefix_space ? t->prefix_from : t->splits;
  w->now.count = 0;
  if (!ulp_spans_add(&w->now, text.at, text.n))
    return no_memory(w);
  for (int i = 0; i < splits; i++) {
    ulp_status s = split_all(w, t->split + i, &w->now, &w->next);
    if (s != ULP_OK)
      return s;
    ulp_spans swap = w->now;
    w->now = w->next;
    w->next = swap;
  }
  if (!t->prefix_space)
    return merge_words(w, &w->now);
  ulp_status s = ULP_OK;
  for (size_t i = 0; s == ULP_OK && i < w->now.count; i++)
    s = space_and_merge(w, w->now.span[i]);
  return s;
}

/* ---- added tokens and normalizing --------------------------------------- */

typedef ulp_status step(way *w, ulp_span text);

/* Takes out the tokens of a set, and hands what is between to `rest`. */
static ulp_status take_out(way *w, const ulp_added_set *set, ulp_span text,
                           step *rest)
{
  size_t from = 0, done = 0;
  int32_t token;
  ulp_status s = ULP_OK;
  do {
    ulp_span before;
    token = ulp_added_next(set, text, &from, &done, &before);
    if (before.n > 0)
      s = rest(w, before);
    if (s == ULP_OK && token >= 0 && !ulp_tokens_add(w->out, token))
      s = no_memory(w);
  } while (s == ULP_OK && token >= 0);
  return s;
}

static ulp_status normal_text(way *w, ulp_span text)
{
  return take_out(w, &w->t->normalized, text, plain_text);
}

static ulp_status raw_text(way *w, ulp_span text)
{
  const ulp_tokenizer *t = w->t;
  char *owned = NULL;
  for (int i = 0; i < t->forms && text.n > 0; i++) {
    size_t n;
    char *next = ulp_normalize(t->form[i], text, &n);
    free(owned);
    if (!next)
      return no_memory(w);
    owned = next;
    text = (ulp_span){owned, n};
  }
  ulp_status s = normal_text(w, text);
  free(owned);
  return s;
}

ulp_status ulp_tokenizer_steps(const ulp_tokenizer *t, ulp_span text,
                               ulp_tokens *out, ulp_error *e)
{
  way w = {.t = t, .out = out, .e = e,
           .match = pcre2_match_data_create(1, NULL),
           .work = ulp_bpe_work_new()};
  ulp_status s = w.match && w.work ? take_out(&w, &t->plain, text, raw_text)
                                   : no_memory(&w);
  pcre2_match_data_free(w.match);
  ulp_bpe_work_free(w.work);
  free(w.now.span);
  free(w.next.span);
  free(w.words.span);
  free(w.spaced);
  return s;
}
