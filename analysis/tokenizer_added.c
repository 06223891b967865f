/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Added tokens, which are found in a text before anything else is done to it:
 * of all that match the leftmost, and of these the longest
 * (tokenizers/src/tokenizer/added_vocabulary.rs).
 */
#include <stdlib.h>
#include <string.h>

#include "tokenizer_internal.h"

/* ---- the set ------------------------------------------------------------ */

bool ulp_added_add(ulp_added_set *s, const ulp_added *a)
{
  if (s->count == s->room) {
    ulp_added *more = ulp_grow(s->added, &s->room, s->count + 1, sizeof *more);
    if (!more)
      return false;
    s->added = more;
  }
  s->added[s->count++] = *a;
  return true;
}

static int compare(const void *p, const void *q)
{
  const ulp_added *a = p, *b = q;
  unsigned char x = (unsigned char)*a->text, y = (unsigned char)*b->text;
  if (x != y)
    return x < y ? -1 : 1;
  if (a->n != b->n)
    return a->n > b->n ? -1 : 1;
  return memcmp(a->text, b->text, a->n);
}

bool ulp_added_sort(ulp_added_set *s, const char **twice)
{
  if (s->count > 0)
    qsort(s->added, s->count, sizeof *s->added, compare);
  for (size_t i = 0; i + 1 < s->count; i++)
    if (compare(s->added + i, s->added + i + 1) == 0) {
      *twice = s->added[i].text;
      return false;
    }
  for (size_t c = 0, i = 0; c <= 256; c++) {
    while (i < s->count && (unsigned char)*s->added[i].text < c)
      i++;
    s->first[c] = i;
  }
  return true;
}

void ulp_added_free(ulp_added_set *s)
{
  for (size_t i = 0; i < s->count; i++)
    free(s->added[i].text);
  free(s->added);
}

/* ---- white space beside ------------------------------------------------- */

/* Bytes of the character that begins at p if it is White_Space (Unicode,
 * PropList.txt), else 0. */
static size_t space(const char *p, size_t n)
{
  const unsigned char *u = (const unsigned char *)p;
  if (n >= 1 && ((*u >= 9 && *u <= 13) || *u == ' '))
    return 1;
  if (n >= 2 && u[0] == 0xc2 && (u[1] == 0x85 || u[1] == 0xa0))
    return 2;
  if (n < 3 || u[0] < 0xe1 || u[0] > 0xe3)
    return 0;
  unsigned c = (u[0] & 15u) << 12 | (u[1] & 63u) << 6 | (u[2] & 63u);
  return c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 ||
                 c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000
             ? 3 : 0;
}

static size_t spaces_before(const char *text, size_t end)
{
  for (;;) {
    size_t begin = end;
    while (begin > 0 && ((unsigned char)text[--begin] & 0xc0) == 0x80)
      ;
    if (begin == end || space(text + begin, end - begin) != end - begin)
      return end;
    end = begin;
  }
}

static size_t spaces_after(ulp_span text, size_t at)
{
  size_t n;
  while ((n = space(text.at + at, text.n - at)) > 0)
    at += n;
  return at;
}

/* ---- finding ------------------------------------------------------------ */

static const ulp_added *longest(const ulp_added_set *s, const char *p, size_t n)
{
  unsigned char c = (unsigned char)*p;
  for (size_t i = s->first[c]; i < s->first[c + 1]; i++)
    if (s->added[i].n <= n && memcmp(s->added[i].text, p, s->added[i].n) == 0)
      return s->added + i;
  return NULL;
}

int32_t ulp_added_next(const ulp_added_set *s, ulp_span text, size_t *from,
                       size_t *done, ulp_span *before)
{
  const ulp_added *a = NULL;
  size_t begin = s->count > 0 ? *from : text.n;
  while (begin < text.n && !(a = longest(s, text.at + begin, text.n - begin)))
    begin++;
  size_t end = begin + (a ? a->n : 0);
  *from = end; /* what white space took along is searched all the same */
  if (a && a->lstrip)
    begin = spaces_before(text.at, begin);
  if (a && a->rstrip)
    end = spaces_after(text, end);
  *before = (ulp_span){text.at + *done, begin > *done ? begin - *done : 0};
  *done = end;
  return a ? a->token : -1;
}
