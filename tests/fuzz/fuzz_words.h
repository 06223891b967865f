/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An input as words, a line each, and then bytes: for targets whose arguments
 * are names and numbers.
 */
#ifndef ULPLAB_FUZZ_WORDS_H
#define ULPLAB_FUZZ_WORDS_H

#include <stdbool.h>
#include <string.h>

#include "formats.h"
#include "fuzz.h"

typedef struct {
  const uint8_t *data;
  size_t size, at;
} fuzz_bytes;

/* The next line without its end, in memory of its own size; or what is left. */
static inline char *fuzz_word(fuzz_bytes *f)
{
  const uint8_t *begin = f->data + f->at;
  const uint8_t *end = f->at < f->size
                           ? memchr(begin, '\n', f->size - f->at)
                           : NULL;
  size_t n = end ? (size_t)(end - begin) : f->size - f->at;
  char *word = malloc(n + 1);
  REQUIRE(word != NULL);
  if (n > 0)
    memcpy(word, begin, n);
  word[n] = '\0';
  f->at += n + (end != NULL);
  return word;
}

/* The next byte; past the end the bytes go on as a generator from them. */
static inline unsigned fuzz_byte(fuzz_bytes *f)
{
  size_t i = f->at++;
  uint64_t h;
  if (i < f->size)
    return f->data[i];
  h = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
  if (f->size > 0)
    h ^= f->data[f->size - 1 - i % f->size] * UINT64_C(0xbf58476d1ce4e5b9);
  return (unsigned)(h >> 56);
}

static inline unsigned fuzz_u16(fuzz_bytes *f)
{
  unsigned low = fuzz_byte(f);
  return low | fuzz_byte(f) << 8;
}

/* A code of the format. */
static inline uint64_t fuzz_code(fuzz_bytes *f, const ulp_format *format)
{
  uint64_t code = 0;
  for (unsigned i = 0; i < format->bits; i += 8)
    code |= (uint64_t)fuzz_byte(f) << i;
  return format->bits == 64
             ? code
             : code & ((UINT64_C(1) << format->bits) - 1);
}

/* n elements, each in the bytes that it is stored in. */
static inline void *fuzz_elements(fuzz_bytes *f, const ulp_format *format,
                                  size_t n)
{
  void *array = malloc(n * format->storage_bytes + (n == 0));
  REQUIRE(array != NULL);
  for (size_t i = 0; i < n; i++)
    ulp_store_code(format, array, i, fuzz_code(f, format));
  return array;
}

/* A refusal is one line that can be shown. */
static inline void fuzz_refused(ulp_status status, const char *why)
{
  REQUIRE(status == ULP_ENAME || status == ULP_EINVAL);
  REQUIRE(why[0] != '\0');
  for (; *why != '\0'; why++)
    REQUIRE((unsigned char)*why >= 0x20 && *why != 0x7f);
}

#endif
