/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Patterns of tokenizer.json, written for Oniguruma, said to PCRE2.
 *
 * The two agree on most and differ where a wrong split would go unnoticed, so
 * that what is taken is what both read alike, or what can be said anew, and all
 * else is refused.  Differences, Oniguruma's doc/RE against pcre2pattern(3):
 *   \s       White_Space; PCRE2's has U+180E besides: \p{White_Space}
 *   \d       Nd; PCRE2's with UCP, too: \p{Nd}
 *   \v       VT; PCRE2's is any vertical space
 *   \p{Han}  the property Script; PCRE2's Script_Extensions: \p{sc:Han}
 *   [a[b]]   a class in a class, [a&&b] an intersection: refused
 *   a{2}+    a quantifier of a quantifier; PCRE2's is possessive: refused
 *   (?i)     to the end of the group, alternatives and all: refused;
 *            (?i:...) is the same in both
 *   ^ $ \b \w \h \R \X ...  mean other things, or need a table: refused
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tokenizer_internal.h"

typedef struct {
  const char *p, *begin, *end; /* read from */
  char *out;                   /* written to: there is room */
  char *why;
  size_t size;
} translation;

static bool refuse(const translation *t, const char *at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static bool refuse(const translation *t, const char *at, const char *fmt, ...)
{
  char what[120];
  va_list args;
  va_start(args, fmt);
  vsnprintf(what, sizeof what, fmt, args);
  va_end(args);
  snprintf(t->why, t->size, "byte %td: %s", at - t->begin, what);
  return false;
}

static void put(translation *t, const char *text)
{
  size_t n = strlen(text);
  memcpy(t->out, text, n);
  t->out += n;
}

static bool starts(const translation *t, const char *text)
{
  size_t n = strlen(text);
  return (size_t)(t->end - t->p) >= n && memcmp(t->p, text, n) == 0;
}

/* ---- characters --------------------------------------------------------- */

/* \p{L}, \p{Lu}, \P{N}, \p{^N}, \p{Han}: t->p is after the backslash. */
static bool property(translation *t)
{
  const char *begin = t->p++;
  char name[40], said[64];
  size_t n = 0;
  bool not = *begin == 'P';
  if (t->p == t->end || *t->p++ != '{')
    return refuse(t, begin - 1, "expected \\p{...}");
  if (t->p < t->end && *t->p == '^') {
    not = !not;
    t->p++;
  }
  while (t->p < t->end && *t->p != '}') {
    if (n == sizeof name - 1 || !(isalpha((unsigned char)*t->p) || *t->p == '_'))
      return refuse(t, begin - 1, "an unknown property");
    name[n++] = *t->p++;
  }
  name[n] = '\0';
  if (t->p == t->end || n == 0)
    return refuse(t, begin - 1, "expected \\p{...}");
  t->p++;
  snprintf(said, sizeof said, "\\%c{%s%s}", not ? 'P' : 'p', n > 2 ? "sc:" : "",
           name);
  put(t, said);
  return true;
}

/* \u3040 or \x{3040}. */
static bool code_point(translation *t)
{
  const char *begin = t->p++;
  bool braces = *begin == 'x';
  unsigned long code = 0;
  int digits = 0;
  char said[16];
  if (braces && (t->p == t->end || *t->p++ != '{'))
    return refuse(t, begin - 1, "expected \\x{...}");
  for (; t->p < t->end && isxdigit((unsigned char)*t->p); t->p++, digits++) {
    if (digits == (braces ? 6 : 4))
      break;
    int c = tolower((unsigned char)*t->p);
    code = code * 16 + (unsigned long)(c <= '9' ? c - '0' : c - 'a' + 10);
  }
  if (digits == 0 || (!braces && digits < 4) || code > 0x10ffff ||
      (braces && (t->p == t->end || *t->p++ != '}')))
    return refuse(t, begin - 1, "expected a code point");
  snprintf(said, sizeof said, "\\x{%lx}", code);
  put(t, said);
  return true;
}

static bool escape(translation *t)
{
  const char *begin = t->p++;
  if (t->p == t->end)
    return refuse(t, begin, "a backslash at the end");
  switch (*t->p) {
  case 'p': case 'P': return property(t);
  case 'u': case 'x': return code_point(t);
  case 's': put(t, "\\p{White_Space}"); break;
  case 'S': put(t, "\\P{White_Space}"); break;
  case 'd': put(t, "\\p{Nd}"); break;
  case 'D': put(t, "\\P{Nd}"); break;
  case 'v': put(t, "\\x{b}"); break;
  case 'n': put(t, "\\n"); break;
  case 'r': put(t, "\\r"); break;
  case 't': put(t, "\\t"); break;
  case 'f': put(t, "\\f"); break;
  default:
    if (!ispunct((unsigned char)*t->p))
      return refuse(t, begin, "\\%c is not supported",
                    isalnum((unsigned char)*t->p) ? *t->p : '?');
    *t->out++ = '\\';
    *t->out++ = *t->p;
  }
  t->p++;
  return true;
}

static bool class(translation *t)
{
  const char *begin = t->p;
  *t->out++ = *t->p++;
  if (t->p < t->end && *t->p == '^')
    *t->out++ = *t->p++;
  if (t->p < t->end && *t->p == ']')
    return refuse(t, begin, "a class that begins with ]");
  while (t->p < t->end && *t->p != ']') {
    if (*t->p == '[' || starts(t, "&&"))
      return refuse(t, begin, "a class in a class is not supported");
    if (*t->p != '\\')
      *t->out++ = *t->p++;
    else if (!escape(t))
      return false;
  }
  if (t->p == t->end)
    return refuse(t, begin, "a class without its ]");
  *t->out++ = *t->p++;
  return true;
}

/* ---- groups and quantifiers --------------------------------------------- */

static bool group(translation *t)
{
  static const char *const known[] = {"(?:", "(?i:", "(?=", "(?!", "(?<=",
                                      "(?<!", "(?>"};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (starts(t, known[i])) {
      put(t, known[i]);
      t->p += strlen(known[i]);
      return true;
    }
  if (starts(t, "(?") || starts(t, "(*"))
    return refuse(t, t->p, "a group of this kind is not supported");
  *t->out++ = *t->p++;
  return true;
}

static bool digits(translation *t)
{
  const char *begin = t->p;
  while (t->p < t->end && isdigit((unsigned char)*t->p))
    *t->out++ = *t->p++;
  return t->p > begin && t->p - begin < 5;
}

/* {2}, {2,}, {1,3}. */
static bool counted(translation *t)
{
  const char *begin = t->p;
  *t->out++ = *t->p++;
  bool good = digits(t);
  if (good && t->p < t->end && *t->p == ',') {
    *t->out++ = *t->p++;
    if (t->p < t->end && *t->p != '}')
      good = digits(t);
  }
  if (!good || t->p == t->end || *t->p != '}')
    return refuse(t, begin, "expected {n}, {n,} or {n,m}");
  *t->out++ = *t->p++;
  if (t->p < t->end && strchr("*+?{", *t->p))
    return refuse(t, begin, "a quantifier after a quantifier");
  return true;
}

static bool quantifier(translation *t)
{
  const char *begin = t->p;
  *t->out++ = *t->p++;
  if (t->p < t->end && (*t->p == '?' || *t->p == '+'))
    *t->out++ = *t->p++;
  if (t->p < t->end && strchr("*+?{", *t->p))
    return refuse(t, begin, "a quantifier after a quantifier");
  return true;
}

static bool item(translation *t)
{
  switch (*t->p) {
  case '\\': return escape(t);
  case '[': return class(t);
  case '(': return group(t);
  case '{': return counted(t);
  case '*': case '+': case '?': return quantifier(t);
  case '^': case '$':
    return refuse(t, t->p, "%c is not supported", *t->p);
  default: *t->out++ = *t->p++; return true;
  }
}

/* ---- compiling ---------------------------------------------------------- */

static bool compile(pcre2_code **out, const char *pattern, size_t n,
                    uint32_t options, char *why, size_t size)
{
  int number;
  PCRE2_SIZE at;
  PCRE2_UCHAR text[120];
  pcre2_compile_context *c = pcre2_compile_context_create(NULL);
  if (c)
    pcre2_set_newline(c, PCRE2_NEWLINE_LF); /* what a dot is not */
  *out = c ? pcre2_compile((PCRE2_SPTR)pattern, n,
                           options | PCRE2_UTF, &number, &at, c)
           : NULL;
  pcre2_compile_context_free(c);
  if (!*out && c) {
    pcre2_get_error_message(number, text, sizeof text);
    snprintf(why, size, "%s", (const char *)text);
  } else if (!*out) {
    snprintf(why, size, "out of memory");
  } else {
    pcre2_jit_compile(*out, PCRE2_JIT_COMPLETE); /* where there is one */
  }
  return *out != NULL;
}

bool ulp_pattern_compile(pcre2_code **out, const char *pattern, size_t n,
                         char *why, size_t size)
{
  /* \s, the shortest, becomes the longest in proportion: \p{White_Space}. */
  char *said = malloc(8 * n + 64);
  translation t = {pattern, pattern, pattern + n, said, why, size};
  bool good = said != NULL;
  snprintf(why, size, "out of memory");
  while (good && t.p < t.end)
    good = item(&t);
  good = good && compile(out, said, (size_t)(t.out - said), 0, why, size);
  free(said);
  return good;
}

bool ulp_pattern_literal(pcre2_code **out, const char *text, size_t n,
                         char *why, size_t size)
{
  return compile(out, text, n, PCRE2_LITERAL, why, size);
}
