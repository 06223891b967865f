/* SPDX-License-Identifier: MIT
 *
 * From a name to a format: rows and aliases, P3109's family, and floats that
 * a researcher invents.  formats.h has the grammar.
 */
#include "internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- small pieces ---------------------------------------------------------
 */

typedef struct {
  char *text;
  size_t size;
} reason;

static ulp_status refuse(const reason *why, ulp_status status, const char *fmt,
                         ...) __attribute__((format(printf, 3, 4)));

static ulp_status refuse(const reason *why, ulp_status status, const char *fmt,
                         ...)
{
  va_list args;
  if (!why->text || why->size == 0)
    return status;
  va_start(args, fmt);
  (void)vsnprintf(why->text, why->size, fmt, args);
  va_end(args);
  for (char *c = why->text; *c; c++) /* the name may hold anything */
    if ((unsigned char)*c < 0x20 || *c == 0x7f)
      *c = '?';
  return status;
}

/* Whether `word` (of n bytes) is one of the blank-separated words of list. */
static bool in_list(const char *list, const char *word, size_t n)
{
  while (*list) {
    size_t len = strcspn(list, " ");
    if (len == n && strncasecmp(list, word, n) == 0)
      return true;
    list += len;
    list += strspn(list, " ");
  }
  return false;
}

/* Reads a decimal number of at most 5 digits; -1 when there is none. */
static long read_number(const char **s)
{
  const char *p = *s;
  long n = 0;
  while (*p >= '0' && *p <= '9' && p - *s < 5)
    n = 10 * n + (*p++ - '0');
  if (p == *s)
    return -1;
  *s = p;
  return n;
}

static bool accept(const char **s, const char *word)
{
  size_t n = strlen(word);
  if (strncasecmp(*s, word, n) != 0)
    return false;
  *s += n;
  return true;
}

/* ---- what follows from the flags --------------------------------------------
 */

/* Fills width, storage and greatest code, or says why there is no such
 * format. */
static ulp_status complete(ulp_format *f, const reason *why)
{
  unsigned bits = (unsigned)f->is_signed + f->exp_bits + f->man_bits;
  uint64_t ones, top;
  if (bits < 2 || bits > 16)
    return refuse(why, ULP_EINVAL, "format '%s': %u bits, expected 2 to 16",
                  f->name, bits);
  if (f->nan == ULP_NAN_IEEE && f->man_bits == 0)
    return refuse(why, ULP_EINVAL,
                  "format '%s': an IEEE NaN needs m >= 1, expected suffix f or "
                  "flag nan=top or nan=negzero",
                  f->name);
  if (f->nan == ULP_NAN_NEGZERO && !f->is_signed)
    return refuse(why, ULP_EINVAL,
                  "format '%s': nan=negzero needs a sign, expected nan=top",
                  f->name);
  if (f->nan == ULP_NAN_NEGZERO)
    f->zero = ULP_ZERO_UNSIGNED;
  if (f->nan == ULP_NAN_IEEE && f->inf == ULP_INF_TOP)
    f->inf = ULP_INF_IEEE;
  if (f->nan != ULP_NAN_IEEE && f->inf == ULP_INF_IEEE)
    f->inf = ULP_INF_TOP;

  f->bits = (uint8_t)bits;
  f->storage_bytes = bits <= 8 ? 1 : 2;
  ones = ulp_mask(ulp_magnitude_bits(f));
  top = ones;
  if (f->nan == ULP_NAN_IEEE)
    top = (ulp_mask(f->exp_bits) << f->man_bits) - 1;
  else
    top -= (uint64_t)(f->nan == ULP_NAN_TOP) + (uint64_t)(f->inf == ULP_INF_TOP);
  /* Without subnormals the least value is that of code 1 << man_bits. */
  if (top == 0 || top > ones ||
      (!f->subnormals && top < UINT64_C(1) << f->man_bits))
    return refuse(why, ULP_EINVAL,
                  "format '%s': no finite value above zero is left, expected "
                  "more bits or fewer specials",
                  f->name);
  f->max_code = top;
  return ULP_OK;
}

/* ---- P3109 -------------------------------------------------------------- */

/* binaryKpP[s|u][e|f], or p3109_kKpP...: draft of 2026-06, section 4.
 * Signed: K - P exponent bits, bias 2^(K-P-1); unsigned: one more, 2^(K-P).
 * False when the name is none of these. */
static bool parse_p3109(const char *name, ulp_format *f, const reason *why,
                        ulp_status *status)
{
  const char *s = name;
  long k, p;
  bool is_signed, extended;
  if (!accept(&s, "binary") && !accept(&s, "p3109_k"))
    return false;
  k = read_number(&s);
  if (k < 0 || !accept(&s, "p"))
    return false;
  p = read_number(&s);
  is_signed = !accept(&s, "u");
  if (is_signed)
    (void)accept(&s, "s");
  extended = !accept(&s, "f");
  if (extended)
    (void)accept(&s, "e");
  if (p < 0 || *s)
    return false;
  if (k < 3 || k > 16 || p < 1 || p > k - is_signed) {
    *status = refuse(why, ULP_EINVAL,
                     "format '%s': expected binaryKpP with K 3 to 16 and P 1 "
                     "to K-1 (unsigned: K)",
                     name);
    return true;
  }
  memset(f, 0, sizeof *f);
  (void)snprintf(f->name, sizeof f->name, "binary%ldp%ld%c%c", k, p,
                 is_signed ? 's' : 'u', extended ? 'e' : 'f');
  f->aliases = "";
  f->source = "IEEE P3109 draft, Interim Report of 2026-06, section 4";
  f->kind = ULP_FLOAT;
  f->exp_bits = (uint8_t)(k - p + !is_signed);
  f->man_bits = (uint8_t)(p - 1);
  f->is_signed = is_signed;
  f->subnormals = true;
  f->nan = is_signed ? ULP_NAN_NEGZERO : ULP_NAN_TOP;
  f->inf = extended ? ULP_INF_TOP : ULP_INF_NONE;
  f->zero = ULP_ZERO_UNSIGNED;
  f->bias = is_signed ? 1 << (k - p - 1) : 1 << (k - p);
  *status = complete(f, why);
  return true;
}

/* ---- invented floats ---------------------------------------------------- */

typedef struct {
  const char *word; /* as written in a name */
  ulp_nan_code nan;
  ulp_inf_code inf;
  ulp_zero_code zero;
} special_codes;

/* Longest first, because a prefix would match. */
static const special_codes suffixes[] = {
    {"fnuz", ULP_NAN_NEGZERO, ULP_INF_NONE, ULP_ZERO_UNSIGNED},
    {"fn", ULP_NAN_TOP, ULP_INF_NONE, ULP_ZERO_SIGNED},
    {"f", ULP_NAN_NONE, ULP_INF_NONE, ULP_ZERO_SIGNED},
    {"", ULP_NAN_IEEE, ULP_INF_IEEE, ULP_ZERO_SIGNED},
};

static void use_specials(ulp_format *f, const special_codes *s)
{
  f->nan = s->nan;
  f->inf = s->inf;
  f->zero = f->is_signed ? s->zero : ULP_ZERO_UNSIGNED;
}

static bool read_bias(const char **s, ulp_format *f)
{
  bool negative = accept(s, "-");
  long n = read_number(s);
  if (n < 0 || n > 16384)
    return false;
  f->bias = (int32_t)(negative ? -n : n);
  return true;
}

/* One flag; false when it is not known. */
static bool read_flag(const char **s, ulp_format *f)
{
  if (accept(s, "nonegzero"))
    f->zero = ULP_ZERO_UNSIGNED;
  else if (accept(s, "negzero"))
    f->zero = f->is_signed ? ULP_ZERO_SIGNED : ULP_ZERO_UNSIGNED;
  else if (accept(s, "noinf"))
    f->inf = ULP_INF_NONE;
  else if (accept(s, "inf"))
    f->inf = ULP_INF_TOP; /* complete() moves it beside an IEEE NaN */
  else if (accept(s, "nosub"))
    f->subnormals = false;
  else if (accept(s, "sub"))
    f->subnormals = true;
  else if (accept(s, "ieee"))
    use_specials(f, &suffixes[3]);
  else if (accept(s, "nan=ieee"))
    f->nan = ULP_NAN_IEEE;
  else if (accept(s, "nan=top"))
    f->nan = ULP_NAN_TOP;
  else if (accept(s, "nan=negzero"))
    f->nan = ULP_NAN_NEGZERO;
  else if (accept(s, "nan=none"))
    f->nan = ULP_NAN_NONE;
  else if (accept(s, "bias="))
    return read_bias(s, f);
  else
    return false;
  return true;
}

static ulp_status read_flags(const char *s, ulp_format *f, const reason *why)
{
  static const char *const expected =
      "inf, noinf, nan=ieee|top|negzero|none, negzero, nonegzero, sub, nosub, "
      "ieee or bias=N";
  while (*s) {
    const char *flag = s;
    if (!read_flag(&s, f) || (*s && *s != ','))
      return refuse(why, ULP_EINVAL, "format '%s': flag '%.*s', expected %s",
                    f->name, (int)strcspn(flag, ","), flag, expected);
    s += *s == ',';
  }
  return ULP_OK;
}

/* [u]eEmM[bBIAS][SUFFIX][:FLAGS]; false when the name is none of these. */
static bool parse_invented(const char *name, ulp_format *f, const reason *why,
                           ulp_status *status)
{
  const char *s = name;
  long e, m;
  size_t i;
  bool is_signed = !accept(&s, "u");
  if (!accept(&s, "e") || (e = read_number(&s)) < 0 || !accept(&s, "m") ||
      (m = read_number(&s)) < 0)
    return false;
  memset(f, 0, sizeof *f);
  if (strlen(name) >= sizeof f->name) {
    *status = refuse(why, ULP_EINVAL,
                     "format '%.40s...': expected a name of fewer than %d "
                     "characters",
                     name, ULP_NAME_SIZE);
    return true;
  }
  memcpy(f->name, name, strlen(name) + 1);
  f->aliases = "";
  f->source = "invented";
  f->kind = ULP_FLOAT;
  f->is_signed = is_signed;
  f->subnormals = true;
  if (e < 1 || e > 15 || m > 14) {
    *status = refuse(why, ULP_EINVAL,
                     "format '%s': expected eEmM with E 1 to 15, M 0 to 14 "
                     "and at most 16 bits",
                     name);
    return true;
  }
  f->exp_bits = (uint8_t)e;
  f->man_bits = (uint8_t)m;
  f->bias = (1 << (e - 1)) - 1;
  if (accept(&s, "b") && !read_bias(&s, f))
    return false;
  for (i = 0; !accept(&s, suffixes[i].word); i++)
    continue;
  use_specials(f, &suffixes[i]);
  if (*s && *s != ':')
    return false;
  *status = read_flags(*s ? s + 1 : s, f, why);
  if (*status == ULP_OK)
    *status = complete(f, why);
  return true;
}

/* ---- the look-up -------------------------------------------------------- */

static const char *row_name(const void *list, size_t i)
{
  (void)list;
  const ulp_format *f = ulp_format_row(i);
  return f ? f->name : NULL;
}

/* The row whose name, or failing that alias, is nearest. */
static const char *nearest_format(const char *name)
{
  const char *best = ulp_nearest(name, row_name, NULL);
  size_t least = best ? ulp_word_distance(name, best) : (strlen(name) + 1) / 2;
  for (size_t i = 0; i < ulp_format_count(); i++) {
    const ulp_format *f = ulp_format_row(i);
    const char *s = f->aliases;
    while (*s) {
      char alias[64];
      size_t n = strcspn(s, " "), d;
      (void)snprintf(alias, sizeof alias, "%.*s", (int)n, s);
      d = ulp_word_distance(name, alias);
      if (d < least) {
        least = d;
        best = f->name;
      }
      s += n + strspn(s + n, " ");
    }
  }
  return best;
}

ulp_status ulp_format_find(const char *name, ulp_format *out, char *why_text,
                           size_t why_size)
{
  reason why = {why_text, why_size};
  ulp_format f;
  ulp_status status = ULP_ENAME;
  const char *near;
  for (size_t i = 0; i < ulp_format_count(); i++) {
    const ulp_format *row = ulp_format_row(i);
    if (strcasecmp(name, row->name) == 0 ||
        in_list(row->aliases, name, strlen(name))) {
      *out = *row;
      return ULP_OK;
    }
  }
  if (parse_p3109(name, &f, &why, &status) ||
      parse_invented(name, &f, &why, &status)) {
    if (status == ULP_OK)
      *out = f;
    return status;
  }
  near = nearest_format(name);
  return refuse(&why, ULP_ENAME,
                "unknown format '%.60s'%s%s%s; see 'ulplab formats', or invent "
                "one: eEmM, as in e5m3",
                name, near ? ", did you mean '" : "", near ? near : "",
                near ? "'?" : "");
}
