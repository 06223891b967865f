/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ulplab/tokenizer.h: text to a model's tokens and back.
 *
 * Of a folder with tokenizer.json, the byte-level BPE of GPT-2, Llama 3, Qwen2,
 * SmolLM, DeepSeek and their kin, as Hugging Face's library `tokenizers`
 * computes it; of a folder without one, a token is a byte.
 *
 * What is refused, with one line that names the file and the key, since it
 * would give other tokens if left out: models but BPE, SentencePiece's
 * vocabularies (byte_fallback, Metaspace), dropout, prefixes and suffixes of
 * subwords, normalizers but NFC, NFD, NFKC and NFKD, pre-tokenizers but Split,
 * Digits and a last ByteLevel, single_word tokens, post-processors but
 * ByteLevel and TemplateProcessing, patterns that say more than pattern.c
 * takes.  Truncation and padding are left out: a text is encoded whole.
 *
 * Which characters are letters or numbers, and what is normal, are Unicode's as
 * PCRE2 and libunistring have it (14.0 in Debian 12); the library's parts have
 * several versions, so that tokens of characters newer than 10.0 in normalized
 * text, and newer than 14.0 in any, may differ.
 */
#ifndef ULPLAB_TOKENIZER_H
#define ULPLAB_TOKENIZER_H

#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Never changes once it is open: any number of threads may use one. */
typedef struct ulp_tokenizer ulp_tokenizer;

/* Opens a folder, or a tokenizer.json by its path.  ULP_EIO, ULP_EFORMAT,
 * ULP_ENOMEM with one line in *e. */
ULP_MUST_CHECK ulp_status ulp_tokenizer_open(ulp_tokenizer **out,
                                             const char *path, ulp_error *e);
/* The same from the bytes of a tokenizer.json; path is for messages. */
ULP_MUST_CHECK ulp_status ulp_tokenizer_parse(ulp_tokenizer **out,
                                              const void *json, size_t size,
                                              const char *path, ulp_error *e);
void ulp_tokenizer_close(ulp_tokenizer *t); /* NULL is allowed */

/* One more than the greatest token. */
int64_t ulp_tokenizer_vocabulary(const ulp_tokenizer *t);
/* Whether a token is a byte, for want of a tokenizer.json. */
bool ulp_tokenizer_is_bytes(const ulp_tokenizer *t);
/* Pairs that are merged, and tokens that are found in the text as they are. */
int64_t ulp_tokenizer_merges(const ulp_tokenizer *t);
int64_t ulp_tokenizer_added(const ulp_tokenizer *t);

/* The tokens of n bytes of text; *tokens is the caller's to free.  `special`
 * adds those that the file's post_processor puts around a text (a begin, an
 * end); special tokens that are spelled out in the text are tokens in any case,
 * as in the library.
 *
 * Text is UTF-8.  What is not is ULP_EFORMAT, and the line names its first byte
 * (the library takes no bytes; a replacement would change what is measured);
 * where a token is a byte, any bytes are text.  ULP_EFORMAT, too, for a
 * character of which the vocabulary lacks a byte. */
ULP_MUST_CHECK ulp_status ulp_tokenizer_encode(const ulp_tokenizer *t,
                                               const void *text, size_t n,
                                               bool special, int32_t **tokens,
                                               size_t *count, ulp_error *e);

/* The bytes of n tokens, *text with a NUL after them: the caller's to free.
 * They need not be UTF-8, since a token may end within a character.  `special`:
 * also special tokens, spelled out; else nothing is put in their place.
 * ULP_EINVAL for a number that is no token. */
ULP_MUST_CHECK ulp_status ulp_tokenizer_decode(const ulp_tokenizer *t,
                                               const int32_t *tokens, size_t n,
                                               bool special, char **text,
                                               size_t *size, ulp_error *e);

#ifdef __cplusplus
}
#endif
#endif
