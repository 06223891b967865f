/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the tokenizer's files share.  Not installed.
 *
 * The way of a text (tokenizer_steps.c): added tokens that are found as they
 * stand are taken out, what lies between is normalized, added tokens that are
 * found in normalized text are taken out, the rest is split into words, and
 * each word's bytes are merged.
 */
#ifndef ULPLAB_TOKENIZER_INTERNAL_H
#define ULPLAB_TOKENIZER_INTERNAL_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <jansson.h>
#include <pcre2.h>
#include <uninorm.h>

#include "tokenizer.h"

/* A stretch of text. */
typedef struct {
  const char *at;
  size_t n;
} ulp_span;

typedef struct {
  ulp_span *span;
  size_t count, room;
} ulp_spans;

typedef struct {
  int32_t *token;
  size_t count, room;
} ulp_tokens;

/* False when out of memory.  Empty spans are left out. */
bool ulp_spans_add(ulp_spans *s, const char *at, size_t n);
bool ulp_tokens_add(ulp_tokens *t, int32_t token);
/* Room for `count` of `size` bytes: what realloc gives, at least twice what
 * there was; NULL as realloc. */
void *ulp_grow(void *old, size_t *room, size_t count, size_t size);

/* Text in a normal form of Unicode; the caller's to free; NULL: memory. */
char *ulp_normalize(uninorm_t form, ulp_span text, size_t *n);

/* The length of the UTF-8 character that begins with this byte. */
size_t ulp_utf8_length(char first);

/* ---- bpe.c: a word's bytes, merged -------------------------------------- */

typedef struct {
  uint64_t pair; /* left << 32 | right */
  int32_t rank, made; /* made < 0: an empty slot */
} ulp_merge;

typedef struct {
  int32_t byte[256]; /* token of each; -1: none */
  int32_t unknown;   /* what stands for such a byte; -1: an error */
  ulp_merge *slot;   /* open addressing, mask + 1 of them */
  size_t mask, merges;
  /* ignore_merges: words that are tokens whatever the merges say. */
  bool whole_words;
  int32_t *word; /* slots; -1: empty */
  size_t word_mask;
} ulp_bpe;

typedef struct ulp_token_text ulp_token_text;

/* Room for n pairs. */
bool ulp_bpe_make_merges(ulp_bpe *b, size_t n);
/* A pair given again has its later rank, as in the library. */
void ulp_bpe_add_merge(ulp_bpe *b, int32_t left, int32_t right, int32_t rank,
                       int32_t made);
bool ulp_bpe_make_words(ulp_bpe *b, const ulp_token_text *text, int64_t n);
void ulp_bpe_free(ulp_bpe *b);

/* Memory that is used again from word to word. */
typedef struct ulp_bpe_work ulp_bpe_work;
ulp_bpe_work *ulp_bpe_work_new(void);
void ulp_bpe_work_free(ulp_bpe_work *w);
/* ULP_EFORMAT with the byte that has no token in *missing; ULP_ENOMEM. */
ulp_status ulp_bpe_word(const ulp_bpe *b, const ulp_token_text *text,
                        ulp_bpe_work *w, ulp_span word, ulp_tokens *out,
                        unsigned char *missing);

/* ---- pattern.c: regular expressions ------------------------------------- */

/* Compiles a pattern of Oniguruma, which the library uses, for PCRE2.  False
 * with a few words in `why`. */
bool ulp_pattern_compile(pcre2_code **out, const char *pattern, size_t n,
                         char *why, size_t size);
/* Characters as they stand. */
bool ulp_pattern_literal(pcre2_code **out, const char *text, size_t n,
                         char *why, size_t size);

/* ---- split.c: words ----------------------------------------------------- */

/* What becomes of a match: SplitDelimiterBehavior of the library. */
typedef enum {
  ULP_SPLIT_ISOLATED, ULP_SPLIT_REMOVED, ULP_SPLIT_CONTIGUOUS,
  ULP_SPLIT_PREVIOUS, ULP_SPLIT_NEXT
} ulp_split_behavior;

typedef struct {
  pcre2_code *code;
  ulp_split_behavior behavior;
  bool invert; /* what lies between matches is the match */
} ulp_split;

/* Adds the pieces of one span.  ULP_ENOMEM; ULP_EFORMAT when PCRE2 gives up. */
ulp_status ulp_split_span(const ulp_split *s, pcre2_match_data *match,
                          ulp_span span, ulp_spans *out);

/* ---- tokenizer_added.c: tokens found as they are ------------------------ */

typedef struct {
  char *text;
  size_t n;
  int32_t token;
  bool lstrip, rstrip; /* takes white space beside it along */
} ulp_added;

typedef struct {
  ulp_added *added; /* by first byte, the longest first */
  size_t count, room;
  size_t first[257]; /* those that begin with byte c: from first[c] */
} ulp_added_set;

bool ulp_added_add(ulp_added_set *s, const ulp_added *a); /* takes the text */
/* False when two have the same text: *twice. */
bool ulp_added_sort(ulp_added_set *s, const char **twice);
void ulp_added_free(ulp_added_set *s);
/* The next at or after *from: what precedes it, from *done on, in *before; its
 * token, or -1 where there is no more and *before is the rest. */
int32_t ulp_added_next(const ulp_added_set *s, ulp_span text, size_t *from,
                       size_t *done, ulp_span *before);

/* ---- the whole ---------------------------------------------------------- */

enum { ULP_NORMAL_FORMS = 8, ULP_TEMPLATE_MOST = 64 };

struct ulp_token_text {
  char *at; /* what it decodes to; NULL: there is no such token */
  size_t n;
  bool word;    /* a vocabulary's, made of bytes: merges give it */
  bool special; /* left out on request */
};

struct ulp_tokenizer {
  char *path;
  bool bytes;
  int64_t vocabulary;
  ulp_token_text *text;
  ulp_bpe bpe;
  ulp_added_set plain, normalized;
  uninorm_t form[ULP_NORMAL_FORMS]; /* one after the other */
  int forms;
  ulp_split *split;
  int splits;
  /* Splits from this one on see words that got a space before them, if they
   * had none: ByteLevel's add_prefix_space. */
  bool prefix_space;
  int prefix_from;
  int32_t before[ULP_TEMPLATE_MOST], after[ULP_TEMPLATE_MOST];
  int before_count, after_count;
};

/* ---- tokenizer_file.c, _model.c, _parts.c: reading ---------------------- */

typedef struct {
  ulp_tokenizer *t;
  ulp_error *e;
} ulp_tokenizer_reader;

/* ULP_EFORMAT, "FILE: KEY: expected EXPECTED". */
ulp_status ulp_refuse_key(const ulp_tokenizer_reader *r, const char *key,
                          const char *expected);
ulp_status ulp_read_no_memory(const ulp_tokenizer_reader *r);
/* A true or false at o[key]; absent or null: `standard`. */
ulp_status ulp_read_flag(const ulp_tokenizer_reader *r, const json_t *o,
                         const char *where, const char *key, bool standard,
                         bool *out);
/* A token's number, or -1. */
int32_t ulp_read_token(const json_t *v);

ulp_status ulp_read_model(const ulp_tokenizer_reader *r, const json_t *root);
ulp_status ulp_read_added(const ulp_tokenizer_reader *r, const json_t *root);
ulp_status ulp_read_normalizer(const ulp_tokenizer_reader *r,
                               const json_t *root);
ulp_status ulp_read_splits(const ulp_tokenizer_reader *r, const json_t *root);
ulp_status ulp_read_decoder(const ulp_tokenizer_reader *r, const json_t *root);
ulp_status ulp_read_template(const ulp_tokenizer_reader *r, const json_t *root);

/* What a token's text decodes to: the bytes that its characters stand for, or,
 * if one of them stands for none, itself.  Memory: NULL. */
char *ulp_token_bytes(const char *text, size_t n, size_t *size, bool *word);

/* Fills *t, which has its path; on failure the caller frees it. */
ulp_status ulp_tokenizer_read(ulp_tokenizer *t, const char *json, size_t size,
                              ulp_error *e);

/* ---- tokenizer_steps.c -------------------------------------------------- */

ulp_status ulp_tokenizer_steps(const ulp_tokenizer *t, ulp_span text,
                               ulp_tokens *out, ulp_error *e);

#endif
