/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Byte pair encoding of a word (Sennrich et al. 2016, "Neural Machine
 * Translation of Rare Words with Subword Units", section 3.2): of all adjacent
 * pairs, the one that was learnt first is merged, the leftmost of equals, until
 * none is left.
 *
 * Pairs wait in a heap, and tokens are a linked list, so that a word of n bytes
 * takes n log n steps; scanning the word for each merge takes n^2, and a file of
 * one letter is a word.
 */
#include <stdlib.h>
#include <string.h>

#include "tokenizer_internal.h"

/* ---- tables ------------------------------------------------------------- */

static size_t slots_for(size_t n)
{
  size_t slots = 16;
  while (slots < 2 * n)
    slots *= 2;
  return slots;
}

/* The finishing steps of MurmurHash3 (Appleby, public domain). */
static uint64_t mix(uint64_t x)
{
  x ^= x >> 33;
  x *= 0xff51afd7ed558ccdULL;
  x ^= x >> 33;
  x *= 0xc4ceb9fe1a85ec53ULL;
  return x ^ x >> 33;
}

static uint64_t pair_of(int32_t left, int32_t right)
{
  return (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
}

static ulp_merge *find(const ulp_bpe *b, uint64_t pair)
{
  size_t i = mix(pair) & b->mask;
  while (b->slot[i].made >= 0 && b->slot[i].pair != pair)
    i = (i + 1) & b->mask;
  return b->slot + i;
}

bool ulp_bpe_make_merges(ulp_bpe *b, size_t n)
{
  size_t slots = slots_for(n);
  b->slot = malloc(slots * sizeof *b->slot);
  for (size_t i = 0; b->slot && i < slots; i++)
    b->slot[i].made = -1;
  b->mask = slots - 1;
  return b->slot != NULL;
}

void ulp_bpe_add_merge(ulp_bpe *b, int32_t left, int32_t right, int32_t rank,
                       int32_t made)
{
  ulp_merge *m = find(b, pair_of(left, right));
  b->merges += m->made < 0;
  *m = (ulp_merge){pair_of(left, right), rank, made};
}

static size_t word_slot(const ulp_bpe *b, const ulp_token_text *text,
                        ulp_span word)
{
  uint64_t h = 0xcbf29ce484222325ULL; /* FNV-1a */
  for (size_t i = 0; i < word.n; i++)
    h = (h ^ (unsigned char)word.at[i]) * 0x100000001b3ULL;
  size_t i = mix(h) & b->word_mask;
  while (b->word[i] >= 0) {
    const ulp_token_text *t = text + b->word[i];
    if (t->n == word.n && memcmp(t->at, word.at, word.n) == 0)
      break;
    i = (i + 1) & b->word_mask;
  }
  return i;
}

bool ulp_bpe_make_words(ulp_bpe *b, const ulp_token_text *text, int64_t n)
{
  size_t slots = slots_for((size_t)n);
  b->word = malloc(slots * sizeof *b->word);
  if (!b->word)
    return false;
  for (size_t i = 0; i < slots; i++)
    b->word[i] = -1;
  b->word_mask = slots - 1;
  for (int64_t i = 0; i < n; i++)
    if (text[i].at && text[i].word) {
      ulp_span word = {text[i].at, text[i].n};
      b->word[word_slot(b, text, word)] = (int32_t)i;
    }
  b->whole_words = true;
  return true;
}

void ulp_bpe_free(ulp_bpe *b)
{
  free(b->slot);
  free(b->word);
}

/* ---- a word ------------------------------------------------------------- */

typedef struct {
  int32_t token; /* < 0: part of the one before it */
  int32_t before, after; /* -1: none */
} symbol;

typedef struct {
  int32_t rank, made, at;
} candidate;

struct ulp_bpe_work {
  symbol *symbol;
  size_t symbols;
  candidate *heap;
  size_t room, count;
};

ulp_bpe_work *ulp_bpe_work_new(void)
{
  return calloc(1, sizeof(ulp_bpe_work));
}

void ulp_bpe_work_free(ulp_bpe_work *w)
{
  if (!w)
    return;
  free(w->symbol);
  free(w->heap);
  free(w);
}

static bool precedes(const candidate *a, const candidate *b)
{
  return a->rank != b->rank ? a->rank < b->rank : a->at < b->at;
}

static void push(ulp_bpe_work *w, candidate c)
{
  size_t i = w->count++;
  for (; i > 0 && precedes(&c, &w->heap[(i - 1) / 2]); i = (i - 1) / 2)
    w->heap[i] = w->heap[(i - 1) / 2];
  w->heap[i] = c;
}

static candidate pop(ulp_bpe_work *w)
{
  candidate top = w->heap[0], c = w->heap[--w->count];
  size_t i = 0, next;
  while ((next = 2 * i + 1) < w->count) {
    if (next + 1 < w->count && precedes(&w->heap[next + 1], &w->heap[next]))
      next++;
    if (!precedes(&w->heap[next], &c))
      break;
    w->heap[i] = w->heap[next];
    i = next;
  }
  w->heap[i] = c;
  return top;
}

/* The pair that begins at `at`, if it is one. */
static void offer(const ulp_bpe *b, ulp_bpe_work *w, int32_t at)
{
  if (at < 0 || w->symbol[at].after < 0)
    return;
  const symbol *s = w->symbol + at;
  const ulp_merge *m = find(b, pair_of(s->token, w->symbol[s->after].token));
  if (m->made >= 0)
    push(w, (candidate){m->rank, m->made, at});
}

/* A candidate whose tokens were merged with others since is stale. */
static bool holds(const ulp_bpe *b, const ulp_bpe_work *w, const candidate *c)
{
  const symbol *s = w->symbol + c->at;
  if (s->token < 0 || s->after < 0)
    return false;
  return find(b, pair_of(s->token, w->symbol[s->after].token))->made == c->made;
}

static void merge(ulp_bpe_work *w, const candidate *c)
{
  symbol *s = w->symbol + c->at, *gone = w->symbol + s->after;
  s->token = c->made;
  s->after = gone->after;
  if (s->after >= 0)
    w->symbol[s->after].before = c->at;
  gone->token = -1;
}

/* At most n - 1 pairs at first, and two more for each of n - 1 merges. */
static bool make_room(ulp_bpe_work *w, size_t n)
{
  if (n > w->symbols) {
    symbol *s = ulp_grow(w->symbol, &w->symbols, n, sizeof *s);
    if (!s)
      return false;
    w->symbol = s;
  }
  if (3 * n > w->room) {
    candidate *h = ulp_grow(w->heap, &w->room, 3 * n, sizeof *h);
    if (!h)
      return false;
    w->heap = h;
  }
  return true;
}

static bool begin(const ulp_bpe *b, ulp_bpe_work *w, ulp_span word,
                  unsigned char *missing)
{
  int32_t n = (int32_t)word.n;
  for (int32_t i = 0; i < n; i++) {
    unsigned char c = (unsigned char)word.at[i];
    int32_t token = b->byte[c] >= 0 ? b->byte[c] : b->unknown;
    *missing = c;
    if (token < 0)
      return false;
    w->symbol[i] = (symbol){token, i - 1, i + 1 < n ? i + 1 : -1};
  }
  w->count = 0;
  for (int32_t i = 0; i < n; i++)
    offer(b, w, i);
  return true;
}

ulp_status ulp_bpe_word(const ulp_bpe *b, const ulp_token_text *text,
                        ulp_bpe_work *w, ulp_span word, ulp_tokens *out,
                        unsigned char *missing)
{
  if (b->whole_words) {
    int32_t token = b->word[word_slot(b, text, word)];
    if (token >= 0)
      return ulp_tokens_add(out, token) ? ULP_OK : ULP_ENOMEM;
  }
  if (!make_room(w, word.n))
    return ULP_ENOMEM;
  if (!begin(b, w, word, missing))
    return ULP_EFORMAT;
  while (w->count > 0) {
    candidate c = pop(w);
    if (!holds(b, w, &c))
      continue;
    merge(w, &c);
    offer(b, w, w->symbol[c.at].before);
    offer(b, w, c.at);
  }
  for (int32_t i = 0; i >= 0; i = w->symbol[i].after)
    if (!ulp_tokens_add(out, w->symbol[i].token))
      return ULP_ENOMEM;
  return ULP_OK;
}
