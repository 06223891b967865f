/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A text into pieces at the matches of a pattern: what the library's Split,
 * Digits and ByteLevel do (tokenizers/src/tokenizer/pattern.rs, normalizer.rs).
 */
#include "tokenizer_internal.h"

typedef struct {
  const ulp_split *split;
  const char *text;
  ulp_spans *out;
  /* The piece under way, [begin, end), and whether its end is a match. */
  size_t begin, end;
  bool any, hit;
} cutter;

static bool flush(cutter *c)
{
  bool good = !c->any ||
              ulp_spans_add(c->out, c->text + c->begin, c->end - c->begin);
  c->any = false;
  return good;
}

static bool joins(const cutter *c, bool hit)
{
  if (!c->any)
    return false;
  switch (c->split->behavior) {
  case ULP_SPLIT_CONTIGUOUS: return hit == c->hit;
  case ULP_SPLIT_PREVIOUS: return hit && !c->hit;
  case ULP_SPLIT_NEXT: return !hit && c->hit;
  default: return false;
  }
}

/* The next stretch, a match or what is between two. */
static bool cut(cutter *c, size_t begin, size_t end, bool match)
{
  bool hit = match != c->split->invert;
  bool join = joins(c, hit);
  if (!join && !flush(c))
    return false;
  if (!join)
    c->begin = begin;
  c->end = end;
  c->hit = hit;
  c->any = !(hit && c->split->behavior == ULP_SPLIT_REMOVED);
  return true;
}

/* The first match at or after `from`: 1, 0 for none, or an error of PCRE2. */
static int search(const ulp_split *s, pcre2_match_data *match, ulp_span span,
                  size_t from, size_t *begin, size_t *end)
{
  PCRE2_SPTR text = (PCRE2_SPTR)span.at;
  int n = pcre2_match(s->code, text, span.n, from, PCRE2_NO_UTF_CHECK, match,
                      NULL);
  /* The compiled code's stack is small; the interpreter's is the heap. */
  if (n == PCRE2_ERROR_JIT_STACKLIMIT)
    n = pcre2_match(s->code, text, span.n, from,
                    PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, match, NULL);
  if (n == PCRE2_ERROR_NOMATCH)
    return 0;
  if (n < 0)
    return n;
  const PCRE2_SIZE *where = pcre2_get_ovector_pointer(match);
  *begin = where[0];
  *end = where[1];
  return 1;
}

ulp_status ulp_split_span(const ulp_split *s, pcre2_match_data *match,
                          ulp_span span, ulp_spans *out)
{
  cutter c = {.split = s, .text = span.at, .out = out};
  size_t done = 0, from = 0, begin, end;
  bool good = true, after_match = false;
  int found = 1;
  while (good && from <= span.n &&
         (found = search(s, match, span, from, &begin, &end)) > 0) {
    /* An empty match right after a match is none (onig's find_iter). */
    if (begin == end && after_match && begin == done) {
      from += from < span.n ? ulp_utf8_length(span.at[from]) : 1;
      continue;
    }
    good = (begin == done || cut(&c, done, begin, false)) &&
           cut(&c, begin, end, true);
    done = from = end;
    after_match = true;
  }
  if (found < 0)
    return found == PCRE2_ERROR_NOMEMORY ? ULP_ENOMEM : ULP_EFORMAT;
  if (good && done < span.n)
    good = cut(&c, done, span.n, false);
  return good && flush(&c) ? ULP_OK : ULP_ENOMEM;
}
