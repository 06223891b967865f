/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The header of a .npy file: a Python dict literal.
 *
 * Read by a parser of what NumPy writes, nothing more: the three keys of
 * numpy.lib.format, once each, strings without escapes, True and False, tuples
 * of integers.
 */
#include <string.h>

#include "file.h"

/* ---- the dict literal --------------------------------------------------- */

typedef struct {
  const ulp_file *file;
  ulp_error *error;
  ulp_tensor *tensor;
  const char *at, *end;
  const char *start;
} parser;

static ulp_status fail(const parser *p, const char *field, const char *what)
{
  return ulp_error_set(p->error, ULP_EFORMAT, "%s: header, %s: %s (byte %td)",
                       p->file->label, field, what, p->at - p->start);
}

static void skip_blanks(parser *p)
{
  while (p->at < p->end &&
         (*p->at == ' ' || *p->at == '\t' || *p->at == '\n' || *p->at == '\r'))
    p->at++;
}

/* Consumes c, blanks before it allowed. */
static bool take(parser *p, char c)
{
  skip_blanks(p);
  if (p->at == p->end || *p->at != c) return false;
  p->at++;
  return true;
}

static bool take_word(parser *p, const char *word)
{
  size_t n = strlen(word);
  skip_blanks(p);
  if ((size_t)(p->end - p->at) < n || memcmp(p->at, word, n) != 0) return false;
  p->at += n;
  return true;
}

/* A quoted string of less than size printable characters, no escapes. */
static bool take_string(parser *p, char *out, size_t size)
{
  const char *s;
  size_t n = 0;
  char quote;

  skip_blanks(p);
  if (p->at == p->end || (*p->at != '\'' && *p->at != '"')) return false;
  quote = *p->at;
  for (s = p->at + 1; s < p->end && *s != quote; s++) {
    if (*s < ' ' || *s > '~' || *s == '\\' || n + 1 >= size) return false;
    out[n++] = *s;
  }
  if (s == p->end) return false;
  out[n] = '\0';
  p->at = s + 1;
  return true;
}

/* ---- descr -------------------------------------------------------------- */

/* Kinds of NumPy types that hold no numbers of ours, by their letter. */
static const struct {
  char kind;
  const char *why;
} refused[] = {
    {'O', "Python objects (a pickle)"},
    {'V', "raw bytes; save bf16 and fp8 as codes, x.view('u2') or "
          "x.view('u1')"},
    {'c', "complex numbers; save the real and imaginary parts"},
    {'U', "text"},
    {'S', "text"},
    {'a', "text"},
    {'M', "dates"},
    {'m', "time differences"},
};

static ulp_status refuse_type(const parser *p, const char *descr)
{
  const char *why = "not a type of this reader";
  char kind = descr[0] != '\0' ? descr[1] : '\0';

  for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
    if (refused[i].kind == kind) why = refused[i].why;
  return ulp_error_set(p->error, ULP_EFORMAT,
                       "%s: header, descr: '%s' is %s; expected a byte order "
                       "and b1, i1 to i8, u1 to u8, f2, f4 or f8, as in '<f4'",
                       p->file->label, descr, why);
}

static ulp_status parse_descr(parser *p)
{
  char descr[32];
  const ulp_dtype *d;

  skip_blanks(p);
  if (p->at < p->end && *p->at == '[')
    return fail(p, "descr",
                "a structured type; expected one plain type, "
                "as '<f4'");
  if (!take_string(p, descr, sizeof descr))
    return fail(p, "descr", "expected a short quoted type, as '<f4'");
  d = descr[0] != '\0' && strchr("<>|", descr[0]) != NULL
          ? ulp_dtype_npy(descr + 1)
          : NULL;
  if (d == NULL) return refuse_type(p, descr);
  if (descr[0] == '|' && d->bits > 8)
    return fail(p, "descr",
                "no byte order; expected '<' or '>' before the "
                "type");
  p->tensor->dtype = d;
  p->tensor->big_endian = descr[0] == '>';
  return ULP_OK;
}

/* ---- fortran_order and shape -------------------------------------------- */

static ulp_status parse_order(parser *p)
{
  if (take_word(p, "True"))
    p->tensor->fortran = true;
  else if (!take_word(p, "False"))
    return fail(p, "fortran_order", "expected True or False");
  return ULP_OK;
}

/* A dimension; Python 2 wrote a long one as 10L. */
static bool take_dimension(parser *p, int64_t *out)
{
  int64_t v = 0;
  const char *start;

  skip_blanks(p);
  start = p->at;
  for (; p->at < p->end && *p->at >= '0' && *p->at <= '9'; p->at++) {
    int digit = *p->at - '0';
    if (v > (INT64_MAX - digit) / 10) return false;
    v = v * 10 + digit;
  }
  if (p->at == start) return false;
  if (p->at < p->end && *p->at == 'L') p->at++;
  *out = v;
  return true;
}

static ulp_status parse_shape(parser *p)
{
  static const char what[] = "expected a tuple of integers from 0 to 2^63-1, "
                             "as (3, 4) or (3,)";
  ulp_tensor *t = p->tensor;
  bool comma = true;

  if (!take(p, '(')) return fail(p, "shape", what);
  while (!take(p, ')')) {
    if (t->ndim == ULP_MAX_DIMS)
      return fail(p, "shape", "more than 32 dimensions; expected at most 32");
    if (!comma || !take_dimension(p, &t->shape[t->ndim]))
      return fail(p, "shape", what);
    t->ndim++;
    comma = take(p, ',');
  }
  /* (3) is an integer in Python, and (,) is nothing. */
  if (t->ndim == 1 && !comma) return fail(p, "shape", what);
  return ULP_OK;
}

static const struct {
  const char *key;
  ulp_status (*parse)(parser *p);
} fields[] = {
    {"descr", parse_descr},
    {"fortran_order", parse_order},
    {"shape", parse_shape},
};
enum { FIELDS = sizeof fields / sizeof fields[0] };

static ulp_status parse_field(parser *p, bool seen[FIELDS])
{
  char key[32];

  if (!take_string(p, key, sizeof key))
    return fail(p, "keys", "expected 'descr', 'fortran_order' or 'shape'");
  for (size_t i = 0; i < FIELDS; i++) {
    if (strcmp(key, fields[i].key) != 0) continue;
    if (seen[i]) return fail(p, key, "given twice; expected once");
    seen[i] = true;
    if (!take(p, ':')) return fail(p, key, "expected ':' after the key");
    return fields[i].parse(p);
  }
  return ulp_error_set(p->error, ULP_EFORMAT,
                       "%s: header, key '%s': expected 'descr', "
                       "'fortran_order' and 'shape' only",
                       p->file->label, key);
}

static ulp_status parse_dict(parser *p)
{
  bool seen[FIELDS] = {false};
  bool comma = true;

  if (!take(p, '{')) return fail(p, "dict", "expected '{'");
  while (!take(p, '}')) {
    ulp_status status;
    if (!comma) return fail(p, "dict", "expected ',' or '}'");
    status = parse_field(p, seen);
    if (status != ULP_OK) return status;
    comma = take(p, ',');
  }
  skip_blanks(p);
  if (p->at != p->end)
    return fail(p, "dict", "expected blanks alone after '}'");
  for (size_t i = 0; i < FIELDS; i++)
    if (!seen[i])
      return fail(p, fields[i].key,
                  "missing; expected descr, fortran_order "
                  "and shape");
  return ULP_OK;
}

ulp_status ulp_npy_header_parse(const ulp_file *f, ulp_tensor *t,
                                const uint8_t *header, size_t length,
                                ulp_error *e)
{
  const char *text = (const char *)header;
  parser p = {.file = f,
              .error = e,
              .tensor = t,
              .start = text,
              .at = text,
              .end = text + length};
  return parse_dict(&p);
}
